"""Secondary captures: what they show, and that other programs take them."""

from dataclasses import replace

import numpy as np
import pytest

from examples.dicom_checkers import output_of, program, saved, validator_errors
from remnant.core.errors import InputError
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason
from remnant.io.dicom_results.captures import capture
from remnant.pipeline.dicom_results.captures import (
    _figures,
    _in_brief,
    _lesions,
    captures,
    liver_lines,
    plan_lines,
)
from remnant.view.parts import Figure
from remnant.view.subject import Subject


@pytest.fixture(scope="module", name="made")
def made_fixture(example_source):
    return captures(example_source)


def test_captures__are_two_planes_two_of_the_plan_and_a_table(made):
    assert [number for _, number, _ in made] == [1, 2, 3, 4, 5]
    titles = [one.ImageComments for _, _, one in made]
    assert titles[0].startswith("Axial")
    assert titles[1].startswith("Coronal")
    assert titles[2].startswith("Axial. Plan: ")
    assert titles[4] == "Volumes"
    assert all((one.Rows, one.Columns) == (1024, 1024) for _, _, one in made)


def test_captures__without_a_plan_show_no_plan_and_the_same_planes(example_source, made, tmp_path):
    source = replace(example_source, plan=None, plan_map=None)
    assert plan_lines(source, Subject.of(source.report)) == ()
    again = captures(source)
    assert len(again) == 3
    first, second = (
        saved(some[0][2], tmp_path / f"{name}.dcm").read_bytes()
        for name, some in (("first", made), ("second", again))
    )
    assert first == second


def test_captures__figures_are_those_of_the_report(example_source):
    shown = dict(liver_lines(Subject.of(example_source.report)))
    total = example_source.report.volumetry.tlv_ml
    assert shown["Total liver volume"].written == f"{total.value:.0f} mL"


def test_captures__what_is_not_known_is_said_and_never_none(example_source):
    volumetry = replace(
        example_source.report.volumetry,
        tumour_ml=Quantity.absent(Reason(Cause.LESIONS_UNKNOWN)),
        lesions=(),
    )
    subject = Subject.of(replace(example_source.report, volumetry=volumetry))
    assert _lesions(subject).note.startswith("Lesions are not known")
    shown = dict(liver_lines(subject))
    assert _in_brief(shown["Tumour volume"]) == "not known"
    assert _figures("t", tuple(shown.items())).rows[1] == ("Tumour volume", "–", "not known")


def test_captures__an_interval_of_a_part_stands_in_no_brackets():
    plain = Figure("10", "mL", interval="9–11")
    assert _in_brief(plain) == "10 mL (9–11)"
    assert _in_brief(replace(plain, partial=True)) == "10 mL"


def test_captures__say_that_they_identify_nobody(example_source, made):
    for _, _, one in made:
        assert one.BurnedInAnnotation == "NO"
        assert one.ConversionType == "WSD"
        assert one.PatientID == example_source.record.dataset.PatientID
    assert len({one.SOPInstanceUID for _, _, one in made}) == len(made)
    assert len({one.SeriesInstanceUID for _, _, one in made}) == 1


def test_captures__pass_dciodvfy(made, tmp_path):
    for _, number, one in made:
        assert validator_errors(saved(one, tmp_path / f"{number}.dcm")) == []


def test_captures__pixels_come_back_by_dcmtk(made, tmp_path):
    path = saved(made[0][2], tmp_path / "one.dcm")
    output_of(program("dcm2pnm"), "+op", path, tmp_path / "one.ppm")
    content = (tmp_path / "one.ppm").read_bytes()
    assert content.endswith(made[0][2].pixel_array.tobytes())


def test_capture__anything_but_rgb_of_8_bits_is_refused(example_source):
    for pixels in (np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.uint16)):
        with pytest.raises(InputError, match="RGB"):
            capture(
                pixels, number=1, title="t", record=example_source.record,
                results=example_source.results,
            )  # fmt: skip
