"""The discretisation interval holds the true volume, on every grid."""

from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from remnant.testing.grids import grid_around
from remnant.testing.shapes import digitise
from remnant.testing.strategies import balls, directions, ellipsoids, spacings
from volumetry.uncertainty import discretisation_interval_ml

LARGEST_SPACING_MM = 5.0
PARTS = st.tuples(*[st.floats(0.0, 1.0)] * 3)


def contents_by_hand(mask):
    """Inner and outer content, cell by cell."""
    padded = np.pad(mask, 1)
    cells = list(product(*(range(n - 1) for n in padded.shape)))
    held = [padded[i : i + 2, j : j + 2, k : k + 2] for i, j, k in cells]
    return sum(h.all() for h in held), sum(h.any() for h in held)


@given(
    shape=st.one_of(
        balls(low_mm=LARGEST_SPACING_MM, high_mm=14.0),
        ellipsoids(low_mm=LARGEST_SPACING_MM, high_mm=14.0),
    ),
    axes=st.booleans().flatmap(lambda sheared: directions(sheared=sheared)),
    spacing_mm=spacings(0.6, LARGEST_SPACING_MM),
    offset=PARTS,
)
def test_interval__holds_true_volume_of_resolved_shapes(shape, axes, spacing_mm, offset):
    grid = grid_around(
        shape.box_mm, spacing_mm=spacing_mm, directions=axes, offset_voxels=offset, margin_mm=1.0
    )
    mask = digitise(shape, grid)
    interval = discretisation_interval_ml(mask, grid.voxel_volume_ml)
    assert shape.volume_ml in interval
    assert mask.sum() * grid.voxel_volume_ml in interval


@given(mask=arrays(np.bool_, (3, 4, 5)))
def test_interval__equals_cells_counted_one_by_one(mask):
    interval = discretisation_interval_ml(mask, 0.25)
    low, high = contents_by_hand(mask)
    assert (0.25 * low, 0.25 * high) == (interval.low, interval.high)


def test_interval__block_of_voxels():
    interval = discretisation_interval_ml(np.ones((7, 8, 9), np.bool_), 2.0)
    assert (interval.low, interval.high) == (2.0 * 6 * 7 * 8, 2.0 * 8 * 9 * 10)


def test_interval__does_not_depend_on_room_around():
    mask = np.random.default_rng(1).random((5, 6, 7)) > 0.4
    assert discretisation_interval_ml(mask, 1.0) == discretisation_interval_ml(
        np.pad(mask, ((1, 2), (3, 0), (0, 4))), 1.0
    )


def test_interval__narrows_relative_to_volume_with_finer_voxels():
    widths = []
    for spacing in (4.0, 2.0, 1.0):
        ticks = np.arange(-20.0, 20.5, spacing)
        x, y, z = np.meshgrid(ticks, ticks, ticks, indexing="ij", sparse=True)
        interval = discretisation_interval_ml(x**2 + y**2 + z**2 <= 18.0**2, spacing**3 / 1e3)
        widths.append(interval.high - interval.low)
    assert widths[0] > 1.7 * widths[1] > 1.7 * 1.7 * widths[2]
