"""What is to be known of the demo's liver, in words."""

from remnant.core.findings import quality_finding
from remnant.core.reasons import Cause, reason
from remnant.wording.findings import text_of


def written(identifier, *reasons, value=None):
    return text_of(quality_finding(identifier, passed=None, value=value, reasons=reasons))


def test_origin__names_source_and_licence_and_what_was_given():
    text = written("sample_origin")
    assert "case 117 of the Liver Tumor Segmentation Benchmark (LiTS)" in text
    assert "liver-ct-segmentation-package 1.6.0 (MIT licence)" in text
    assert "The liver is the benchmark's annotation, given; the lesions were found by" in text


def test_tumour__annotated_beside_measured():
    text = written("sample_tumour", reason(Cause.SAMPLE_TUMOUR, 388.1, 0.2114, 458.2, 0.249, 0.816))
    assert "annotated: 388 mL, 21.1 % of the liver." in text
    assert "found 458 mL, 24.9 %, with a Dice of 0.82." in text


def test_spacing__is_an_estimate_that_all_sizes_rest_on():
    text = written("sample_spacing", reason(Cause.SAMPLE_SPACING, 1.374, 1.358, 1.599))
    assert "1.37 × 1.36 × 1.60 mm is an estimate" in text
    assert "Every mm and mL rests on it" in text


def test_box__says_what_it_cuts_off():
    assert "About 2 % of the liver" in written("sample_box", value=0.02)


def test_person__is_assumed():
    about = reason(Cause.SAMPLE_PERSON, 60.0, 170.0, 70.0, "male", "normal")
    text = written("sample_person", about)
    assert "Assumed for the demo: male, 60 years, 170 cm, 70 kg, liver background normal." in text
