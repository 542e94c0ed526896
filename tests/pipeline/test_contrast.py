"""The look of a scan beside what was said of its contrast phase."""

import pytest

from remnant.core.findings import Verdict
from remnant.core.study import Study
from remnant.core.volumes import Phase
from remnant.io.phase_evidence import PhaseEvidence, phase_findings
from remnant.io.source import LoadedStudy
from remnant.pipeline.contrast import with_seen_phase
from remnant.pipeline.segment import case_from_image
from remnant.testing.fake_segmenter import FakeSegmenter
from remnant.testing.phantoms import liver_phantom
from remnant.wording.findings import text_of


@pytest.fixture(name="phantom", scope="module")
def phantom_fixture():
    """The phantom's aorta of 165 HU beside a liver of 105 is of no arterial or plain scan."""
    return liver_phantom(metastases=1, noise_hu=5.0)


@pytest.fixture(name="seen")
def seen_fixture(phantom):
    """Return the case's checks and its study's phase."""

    def checks(**sources):
        evidence = PhaseEvidence(**sources)
        grid = phantom.geometry
        study = Study(
            pseudonym="case-1", source="dicom", modality=phantom.image.modality,
            phase=evidence.phase, shape=grid.shape, spacing_mm=grid.spacing_mm, orientation="RAS",
        )  # fmt: skip
        loaded = LoadedStudy(
            image=phantom.image, study=study, input_sha256="0",
            quality=phase_findings(evidence), phase=evidence,
        )  # fmt: skip
        case = case_from_image(loaded, segmenter=FakeSegmenter.knowing(phantom))
        case = with_seen_phase(case, loaded)
        return {finding.id: finding for finding in case.quality}, case.study.phase

    return checks


def test_silent_header__the_look_is_offered_and_names_no_phase(seen):
    checks, phase = seen()
    assert checks["contrast_phase"].verdict is Verdict.UNKNOWN
    assert "looks portal or delayed by its aorta and liver, which is uncertain" in text_of(
        checks["contrast_phase"]
    )
    assert phase is Phase.UNKNOWN
    assert "phase_contradicted" not in checks


def test_header_that_agrees__is_left_alone(seen):
    checks, phase = seen(described=Phase.PORTAL)
    assert text_of(checks["contrast_phase"]) == "Contrast phase by the series description: portal."
    assert phase is Phase.PORTAL
    assert "phase_contradicted" not in checks


@pytest.mark.parametrize("said", [Phase.UNENHANCED, Phase.ARTERIAL])
def test_header_that_disagrees__holds_and_the_contradiction_is_told(seen, said):
    checks, phase = seen(described=said)
    assert phase is said
    assert checks["phase_contradicted"].verdict is Verdict.NOT_MET
    assert "the image looks portal or delayed" in text_of(checks["phase_contradicted"])
