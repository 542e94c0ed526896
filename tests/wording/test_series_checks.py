"""What became of the instances of a series, in words."""

import pytest

from remnant.core.findings import quality_finding
from remnant.core.reasons import Cause, reason
from remnant.wording.findings import text_of
from remnant.wording.reasons import words


def written(identifier, *reasons, passed=False, value=None):
    return text_of(quality_finding(identifier, passed=passed, value=value, reasons=reasons))


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ((14, 14, 0), "image without pixels: 14, 14 of them beyond the ends of the volume"),
        ((3, 0, 2), "image without pixels: 3, 2 of them at an unknown place"),
        ((1, 0, 0), "image without pixels: 1"),
    ],
)
def test_left_out__says_how_many_and_where(counts, text):
    assert words(reason(Cause.LEFT_OUT, *counts, "image without pixels")) == text


def test_left_out__none():
    whole = reason(Cause.OF_ALL, 112)
    text = written("dicom_left_out", whole, passed=True, value=0)
    assert text == "All 112 instances of the series are in the volume, copies apart."


@pytest.mark.parametrize(
    ("counts", "end"),
    [
        ((2, 2, 0), "the volume may lack its ends, and with them a part of the liver."),
        ((2, 0, 1), "the volume may lack its ends, and with them a part of the liver."),
        ((2, 0, 0), "they lie within the volume, which has slices there."),
    ],
)
def test_left_out__some(counts, end):
    about = (reason(Cause.OF_ALL, 114), reason(Cause.LEFT_OUT, *counts, "image without pixels"))
    text = written("dicom_left_out", *about, value=2)
    assert text.startswith("2 of 114 instances of the series are not in the volume: image")
    assert text.endswith(end)


@pytest.mark.parametrize("beyond", [0, 8])
def test_other_stacks(beyond):
    stacks = (
        reason(Cause.IN_OTHER_STACK, 2, 62, beyond, "kernel B70f"),
        reason(Cause.IN_OTHER_STACK, 3, 4, 0, ""),
    )
    text = written("dicom_other_stacks", *stacks, passed=not beyond, value=66)
    assert "62 in stack 2 (kernel B70f)" in text
    assert "4 in stack 3" in text
    assert ("8 of them beyond the ends of the volume" in text) == bool(beyond)
    assert ("may lack its ends" in text) == bool(beyond)


def test_unread_files():
    damaged = reason(Cause.LEFT_OUT, 2, 0, 2, "damaged DICOM")
    text = written("dicom_unread_files", damaged, value=2)
    assert text.startswith("2 files of the folder could not be read (damaged DICOM: 2)")
    assert "No file" in written("dicom_unread_files", passed=True, value=0)


def test_copies():
    assert "3 instances are exact copies" in written("dicom_copies", passed=True, value=3)
    assert "twice" in written("dicom_copies", passed=True, value=0)


@pytest.mark.parametrize(("passed", "words_"), [(True, "are rounded"), (False, "check that")])
def test_slice_positions(passed, words_):
    text = written("dicom_slice_positions", passed=passed, value=0.084)
    assert "up to 0.08 mm off an even grid" in text
    assert words_ in text
