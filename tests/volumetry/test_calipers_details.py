"""Diameters of sets so small that no distance is near a millimetre."""

import numpy as np
import pytest

from remnant.core.geometry import Geometry
from volumetry.calipers import axial_diameters, feret_mm

TINY = Geometry((4, 5, 6), np.diag([0.02, 0.03, 0.06, 1.0]))


def test_diameters__of_one_tiny_voxel():
    mask = np.zeros(TINY.shape, np.bool_)
    mask[1, 2, 3] = True
    found = axial_diameters(mask, TINY)
    assert feret_mm(mask, TINY) == pytest.approx(0.07)
    assert found.longest_mm == pytest.approx(np.hypot(0.02, 0.03))
    assert found.perpendicular_mm == pytest.approx(0.02 / 0.03 * np.hypot(0.02, 0.03))


def test_diameters__of_a_tiny_rod():
    mask = np.zeros(TINY.shape, np.bool_)
    mask[1, :, 3] = True
    assert feret_mm(mask, TINY) == pytest.approx(np.linalg.norm((0.02, 0.15, 0.06)))
    assert axial_diameters(mask, TINY).longest_mm == pytest.approx(np.hypot(0.02, 0.15))
