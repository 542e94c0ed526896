"""The strategies must reach what they promise, or the properties built on them prove little."""

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings

from remnant.core.labels import COUINAUD_SCHEME, INSTANCE_SCHEME
from remnant.core.quantity import Bound
from remnant.testing.strategies import (
    directions,
    geometries,
    label_maps,
    patients,
    quantities,
    rotations,
    small_shapes,
)

SEARCH = settings(max_examples=400, phases=[Phase.generate], database=None, deadline=None)


def reach(strategy, wanted):
    """Find one example without shrinking it; raises when there is none."""
    return find(strategy, wanted, settings=SEARCH)


@pytest.mark.parametrize(
    "wanted",
    [
        lambda g: np.linalg.det(g.affine_ras[:3, :3]) < 0,
        lambda g: np.linalg.det(g.affine_ras[:3, :3]) > 0,
        lambda g: g.is_sheared,
        lambda g: not g.is_sheared and np.abs(g.directions).max() < 0.95,
        lambda g: max(g.spacing_mm) > 3 * min(g.spacing_mm),
        lambda g: g.axial_axis == 0,
        lambda g: g.axcodes[0] == "L",
        lambda g: g.frame_of_reference_uid is None,
    ],
    ids=["mirrored", "right-handed", "sheared", "oblique", "anisotropic", "axes swapped",
         "leftwards", "no frame"],
)  # fmt: skip
def test_geometries__reach(wanted):
    assert wanted(reach(geometries(), wanted))


@given(grid=geometries(sheared=False))
def test_geometries__without_shear_have_none(grid):
    assert not grid.is_sheared


@given(axes=directions(sheared=True))
def test_directions__are_regular_unit_columns(axes):
    np.testing.assert_allclose(np.linalg.norm(axes, axis=0), 1.0)
    assert abs(np.linalg.det(axes)) > 0.3


@given(turn=rotations())
def test_rotations__are_proper(turn):
    np.testing.assert_allclose(turn.T @ turn, np.eye(3), atol=1e-9)
    assert np.linalg.det(turn) == pytest.approx(1.0)


@given(shape=small_shapes())
def test_small_shapes__have_three_different_sizes(shape):
    assert len(set(shape)) == 3


def test_patients__reach_the_absent_and_the_complete():
    reach(patients(), lambda p: p.height_cm is None and p.age_years is not None)
    reach(patients(), lambda p: None not in (p.height_cm, p.weight_kg, p.sex, p.age_years))


def test_quantities__reach_absences_bounds_and_intervals():
    reach(quantities(), lambda q: q.value is None)
    reach(quantities(), lambda q: q.bound is Bound.UPPER)
    reach(quantities(), lambda q: q.interval is not None)


def test_label_maps__reach_empty_and_full_maps():
    reach(label_maps(), lambda m: not m.mask().any())
    reach(label_maps(scheme=COUINAUD_SCHEME), lambda m: len(np.unique(m.codes)) == 9)
    assert reach(label_maps(scheme=INSTANCE_SCHEME), lambda m: True).codes.dtype == np.uint16
