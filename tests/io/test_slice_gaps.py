"""Structures that are in every second slice only, and those that merely have parts."""

import numpy as np
import pytest

from remnant.core.errors import UnsupportedSeriesError
from remnant.core.geometry import Geometry
from remnant.io.slice_gaps import (
    regular_step,
    require_all_slices_of,
    require_every_slice,
    skipped_slices,
)


@pytest.mark.parametrize(
    ("slices", "step"),
    [
        ((), None),
        ((3,), None),
        ((3, 5), None),  # two of one slice each
        ((3, 5, 7), 2),
        ((7, 3, 5, 5), 2),
        ((3, 6, 9), None),
        ((3, 6, 9, 12), 3),
        ((3, 4, 5, 6), None),
        ((3, 4, 6, 8), None),
        ((2, 4, 6, 8, 10, 12, 14, 15, 17, 19, 21), 2),  # one pair by the way
        ((2, 4, 6, 7, 8, 10, 11, 12), None),
        ((0, 7, 14, 21, 28), None),  # too far apart to be of one structure
    ],
)
def test_regular_step(slices, step):
    assert step == regular_step(slices)


def test_require_every_slice__says_what_to_do():
    require_every_slice({1, 2, 3}, what="it")
    with pytest.raises(UnsupportedSeriesError, match=r"it is in every second slice only.*fill in"):
        require_every_slice({1, 3, 5}, what="it")


@pytest.mark.parametrize(("slices", "count"), [((), 0), ((4,), 0), ((4, 5), 0), ((4, 7, 9), 3)])
def test_skipped_slices(slices, count):
    assert count == skipped_slices(slices)


def grid(*spacing_mm, shape=(6, 7, 8)):
    return Geometry(shape, np.diag((*spacing_mm, 1.0)))


@pytest.mark.parametrize(
    ("spacing_mm", "word"),
    [
        ((1.0, 1.0, 6.0), "second"),
        ((1.0, 1.0, 9.0), "third"),
        ((2.0, 1.0, 3.0), "second"),  # whichever axis the slices lie along
        ((1.0, 1.0, 3.0), None),
        ((2.0, 2.0, 3.0), None),  # coarser pixels: to be resampled
        ((1.0, 1.0, 5.0), None),
        ((1.0, 1.1, 6.0), None),
    ],
)
def test_require_all_slices_of(spacing_mm, word):
    reference = grid(1.0, 1.0, 3.0)
    if word is None:
        require_all_slices_of(grid(*spacing_mm), reference, what="the map", on="the image")
        return
    with pytest.raises(UnsupportedSeriesError, match=f"every {word} slice of the image only"):
        require_all_slices_of(grid(*spacing_mm), reference, what="the map", on="the image")
