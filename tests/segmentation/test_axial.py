"""Axial views: the same voxels at the same places, in RAS+ order."""

from itertools import permutations, product

import numpy as np
import pytest

from remnant.core.geometry import Geometry
from segmentation.axial import AxialView

ORIENTATIONS = list(product(permutations(range(3)), product((1, -1), repeat=3)))


def turned(order, signs, tilt=0.0):
    matrix = np.zeros((4, 4))
    for axis, (world, sign) in enumerate(zip(order, signs, strict=True)):
        matrix[world, axis] = sign * (1.0 + world)
    c, s = np.cos(tilt), np.sin(tilt)
    matrix[:3, :3] = np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) @ matrix[:3, :3]
    matrix[:3, 3], matrix[3, 3] = (10.0, -20.0, 30.0), 1.0
    return Geometry((3, 4, 5), matrix)


@pytest.mark.parametrize(("order", "signs"), ORIENTATIONS)
def test_every_voxel_keeps_its_place_and_value(order, signs):
    source = turned(order, signs, tilt=0.2)
    view = AxialView(source)
    values = np.arange(60).reshape(source.shape)

    seen = view.seen(values)
    assert seen.shape == view.grid.shape
    places = source.ras_from_index(np.moveaxis(np.indices(source.shape), 0, -1).reshape(-1, 3))
    there = np.rint(view.grid.index_from_ras(places)).astype(int)
    assert np.array_equal(seen[tuple(there.T)], values.ravel())
    assert np.abs(view.grid.index_from_ras(places) - there).max() < 1e-9
    assert np.array_equal(view.back(seen), values)


@pytest.mark.parametrize(("order", "signs"), ORIENTATIONS)
def test_axes_run_right_front_and_up(order, signs):
    view = AxialView(turned(order, signs))
    assert view.grid.axcodes == ("R", "A", "S")
    assert view.seen(np.zeros(view.source.shape)).base is not None
