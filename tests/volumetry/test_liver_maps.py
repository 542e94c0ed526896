"""The liver's box, its slabs, and the faces at which the scan cuts it."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, INSTANCE_SCHEME
from remnant.core.volumes import LabelMap
from volumetry.liver_maps import blocks, cut_faces, liver_maps, tally

SHAPE = (7, 8, 9)
GRID = Geometry(SHAPE, np.diag([1.0, 2.0, 3.0, 1.0]))
UNCUT = ((False, False),) * 3


def maps_of(*, low=(2, 2, 2), high=(5, 5, 5), order="C"):
    codes = np.zeros(SHAPE, np.uint8, order=order)
    codes[tuple(map(slice, low, high))] = 1
    return liver_maps(LabelMap(codes, GRID, BINARY_SCHEME), None, None)


@pytest.mark.parametrize("order", ["C", "F"])
def test_box__is_tight_along_every_axis(order):
    found = maps_of(low=(1, 3, 2), high=(4, 8, 6), order=order)
    assert (slice(1, 4), slice(3, 8), slice(2, 6)) == found.box
    assert found.liver.all()


def test_faces__none_where_the_liver_lies_inside():
    maps = maps_of()
    assert cut_faces(maps, tally(maps)) == UNCUT


@pytest.mark.parametrize(("axis", "end"), [*product(range(3), (0, 1))])
def test_faces__the_one_that_cuts_the_liver(axis, end):
    low, high = [2, 2, 2], [5, 5, 5]
    (low, high)[end][axis] = (0, SHAPE[axis])[end]
    maps = maps_of(low=low, high=high)
    expected = [list(side) for side in UNCUT]
    expected[axis][end] = True
    assert tuple(map(tuple, expected)) == cut_faces(maps, tally(maps))
    assert cut_faces(maps, tally(maps, whole_liver=True)) == UNCUT


def test_faces__count_each_face_of_a_corner():
    maps = maps_of(low=(0, 0, 0), high=(1, 1, 1))
    counted = tally(maps)
    assert (counted.everywhere.sum(), counted.on_edge.sum()) == (1, 3)


@given(
    shape=st.tuples(*[st.integers(1, 9)] * 3),
    order=st.sampled_from("CF"),
    layer=st.integers(1, 200),
)
def test_blocks__cover_every_voxel_once_and_are_small(shape, order, layer):
    array = np.zeros(shape, np.int8, order=order)
    slow = int(np.argmax(np.abs(array.strides)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("volumetry.liver_maps.BLOCK_VOXELS", layer)
        parts = blocks(array)
    one_layer = array.size // shape[slow]
    for part in parts:
        array[part] += 1
        assert 0 < array[part].size <= max(layer, one_layer)
    assert (array == 1).all()


@pytest.mark.parametrize(("layer", "cut"), [(0, True), (1, False), (4, False), (5, True)])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_edge__only_the_outermost_layer_counts(axis, layer, cut):
    """A lesion one layer inside a liver that the scan cuts is not cut itself."""
    grid = Geometry((6, 6, 6), np.eye(4))
    lesions = np.zeros(grid.shape, np.uint16)
    place = [3, 3, 3]
    place[axis] = layer
    lesions[tuple(place)] = 1
    liver = np.ones(grid.shape, np.uint8)
    maps = liver_maps(
        LabelMap(liver, grid, BINARY_SCHEME), LabelMap(lesions, grid, INSTANCE_SCHEME), None
    )
    counted = tally(maps)
    assert counted.on_edge[0].any()
    assert counted.on_edge[1].any() == cut
