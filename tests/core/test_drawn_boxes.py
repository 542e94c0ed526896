"""What is a box, and what is not."""

from math import inf, nan

import pytest

from remnant.core.drawn_boxes import BoxedStructure, BoxUnits, DrawnBox, ReaderBox
from remnant.core.errors import InputError

LOW, HIGH = (1.0, 2.0, 3.0), (4.0, 6.0, 3.0)


def test_reader_box__a_rectangle_and_a_box():
    assert "1,2,3,4,6,3 (RAS mm)" == str(ReaderBox(low=LOW, high=HIGH))
    voxel = ReaderBox(low=LOW, high=LOW, units=BoxUnits.VOXELS)
    assert "1,2,3,1,2,3 (voxels)" == str(voxel)


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        ((1.0, nan, 3.0), HIGH, "finite"),
        (LOW, (4.0, inf, 3.0), "finite"),
        (HIGH, LOW, "from low to high"),
        (LOW, (1.0, 6.0, 9.0), "a width along x and y"),
        (LOW, (4.0, 2.0, 9.0), "a width along x and y"),
    ],
)
def test_reader_box__what_is_none(low, high, words):
    with pytest.raises(InputError, match=words):
        ReaderBox(low=low, high=high)


def test_reader_box__a_slice_that_is_no_number():
    with pytest.raises(InputError, match="finite"):
        ReaderBox(low=LOW, high=HIGH, slice_at=nan)


def test_drawn_box__names_what_was_outlined():
    box = ReaderBox(low=LOW, high=HIGH)
    liver = DrawnBox(structure=BoxedStructure.LIVER, lesion=None, box=box, date="2026-11-29")
    lesion = DrawnBox(structure=BoxedStructure.LESION, lesion=3, box=box, date="2026-11-29")

    assert ("liver", "lesion 3") == (liver.subject, lesion.subject)
