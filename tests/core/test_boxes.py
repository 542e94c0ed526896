"""Boxes around what a mask holds, in every order of the axes in memory."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from remnant.core.boxes import NOWHERE, bounding_box, box_geometry, filled_box, joint_box, widened
from remnant.core.errors import EmptyStructureError
from remnant.core.geometry import Geometry


@given(
    codes=arrays.arrays(np.uint8, (4, 5, 6), elements=st.integers(0, 2), fill=st.just(0)),
    axes=st.permutations(range(3)),
    kind=st.sampled_from([np.uint8, np.bool_, np.int32]),
)
def test_filled_box__is_the_smallest_that_holds_all(codes, axes, kind):
    codes = codes.transpose(axes).astype(kind)
    places = np.argwhere(codes)

    box = filled_box(codes)

    if not len(places):
        assert box is None
        return
    low, high = places.min(axis=0).tolist(), places.max(axis=0).tolist()
    assert tuple(slice(a, b + 1) for a, b in zip(low, high, strict=True)) == box


def test_bounding_box__margin_is_cut_at_the_edges():
    mask = np.zeros((7, 8, 9), dtype=bool)
    mask[1:3, 4, 8] = True

    box = bounding_box(mask, what="it", margin=(2, 1, 3))

    assert (slice(0, 5), slice(3, 6), slice(5, 9)) == box
    geometry = Geometry((7, 8, 9), np.diag([1.0, 2.0, 3.0, 1.0]))
    assert box_geometry(geometry, box).shape == (5, 3, 4)
    assert box_geometry(geometry, box).affine_ras[:3, 3].tolist() == [0.0, 6.0, 15.0]


def test_bounding_box__empty_mask_is_refused_by_its_name():
    with pytest.raises(EmptyStructureError, match="the liver has no voxels"):
        bounding_box(np.zeros((2, 3, 4), np.uint8), what="the liver")


def test_filled_box__of_an_array_without_voxels_is_none():
    assert filled_box(np.zeros((0, 4, 5), np.uint8)) is None


def test_joint_box__holds_all_and_no_more():
    one, other = np.zeros((7, 8, 9), bool), np.zeros((7, 8, 9), bool)
    one[2, 3, 4] = other[5, 1, 4] = True

    joint = joint_box((filled_box(one), None, filled_box(other)))

    assert (slice(2, 6), slice(1, 4), slice(4, 5)) == joint
    assert NOWHERE == joint_box((None,))
    assert 0 == one[NOWHERE].size


def test_widened__by_different_steps_within_the_array():
    box = widened((slice(2, 3), slice(0, 4), slice(5, 7)), (1, 2, 9), (7, 8, 9))

    assert (slice(1, 4), slice(0, 6), slice(0, 9)) == box
