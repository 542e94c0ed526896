"""Weights of directions and the constant of the grid, against published and drawn ones."""

from itertools import product

import numpy as np
import pytest

from remnant.core.geometry import Geometry
from volumetry.surfaces import _direction_shares, grid_mm4

STEPS = np.array([step for step in product((-1, 0, 1), repeat=3) if step > (0, 0, 0)])
PUBLISHED = {1: 0.045778, 2: 0.036981, 3: 0.035196}
"""Weights of the 26 directions of a cubic grid by how many axes they run along (Ohser and Mücklich,
Statistical analysis of microstructures, 2000)."""


def directions(edges_mm):
    steps_mm = STEPS @ np.diag(edges_mm)
    return steps_mm / np.linalg.norm(steps_mm, axis=1)[:, None]


def test_directions__of_cubes_have_the_published_weights():
    shares = _direction_shares(directions((1.0, 1.0, 1.0)))
    expected = [2 * PUBLISHED[np.count_nonzero(step)] for step in STEPS]
    assert sum(expected) == pytest.approx(1.0, abs=1e-5)
    assert expected == pytest.approx(shares, abs=4e-4)


@pytest.mark.parametrize("edges_mm", [(0.7, 0.7, 2.5), (1.5, 0.9, 5.0)])
def test_directions__weights_are_shares_of_the_sphere(edges_mm):
    found = directions(edges_mm)
    points = np.random.default_rng(4).standard_normal((400_000, 3))
    nearest = np.abs(points @ found.T).argmax(axis=1)  # lengths do not matter for the nearest
    drawn = np.bincount(nearest, minlength=len(found)) / len(points)
    assert drawn == pytest.approx(_direction_shares(found), abs=0.0025)  # four sd and the lattice


def test_grid__constant_of_cubes_to_four_digits():
    """The sum of 1 / k⁴ over the whole numbers in space is 16.5323."""
    grid = Geometry((2, 3, 4), np.diag([2.0, 2.0, 2.0, 1.0]))
    assert grid_mm4(grid) == pytest.approx(16.5323 / (8 * np.pi**3) * 2**4, rel=1e-4)
