"""Where a distance is exact although the scan cuts the liver, and which corners a cut face has."""

from itertools import product

import numpy as np
import pytest

from remnant.core.geometry import Geometry
from remnant.core.labels import INSTANCE_SCHEME, STRUCTURE_SCHEME
from remnant.core.quantity import Bound
from remnant.core.volumes import LabelMap
from volumetry.distances import _cut_corners, lesion_distances
from volumetry.liver_maps import cut_faces, liver_maps, tally
from volumetry.surfaces import NO_FACES

GRID = Geometry((20, 21, 22), np.diag([1.0, 2.0, 3.0, 1.0]))


def distance_of(layer):
    """Liver from layer 0, where the scan cuts it, to 17; one voxel of lesion in a layer of it."""
    liver, lesions = np.zeros(GRID.shape, np.uint8), np.zeros(GRID.shape, np.uint16)
    liver[:18, 1:-1, 1:-1] = 1
    lesions[layer, 10, 10] = 1
    maps = liver_maps(
        LabelMap(liver, GRID, STRUCTURE_SCHEME), LabelMap(lesions, GRID, INSTANCE_SCHEME), None
    )
    box = tuple(slice(int(side[0]), int(side[0]) + 1) for side in np.nonzero(maps.lesions))
    found = lesion_distances(maps, {1: box}, cut=cut_faces(maps, tally(maps)))[1]
    return found.surface_mm


@pytest.mark.parametrize(
    ("layer", "expected_mm", "bound"),
    [
        (16, 1.0, None),
        (12, 5.0, None),
        (9, 8.0, None),
        (8, 9.0, Bound.UPPER),
        (1, 16.0, Bound.UPPER),
    ],
)
def test_distances__exact_where_the_surface_is_nearer_than_the_cut(layer, expected_mm, bound):
    found = distance_of(layer)
    assert (expected_mm, bound) == (pytest.approx(found.value), found.bound)


@pytest.mark.parametrize("seed", range(6))
def test_cut_corners__are_those_of_every_voxel_on_the_cut_faces(seed):
    rng = np.random.default_rng(seed)
    liver = rng.random((4, 5, 6)) < 0.3
    cut = tuple(tuple(bool(side) for side in pair) for pair in rng.integers(0, 2, (3, 2)))
    expected = set()
    for place in np.argwhere(liver):
        for axis, end in product(range(3), (0, 1)):
            if cut[axis][end] and place[axis] == end * (liver.shape[axis] - 1):
                for step in product((0, 1), repeat=3):
                    if step[axis] == end:
                        expected.add(tuple((place + step).tolist()))
    assert expected == set(map(tuple, _cut_corners(liver, cut).tolist()))


def test_cut_corners__none_without_a_cut():
    assert len(_cut_corners(np.ones((2, 3, 4), np.bool_), NO_FACES)) == 0
