"""Names of branches that run where they run in most livers, on any grid; and no names else."""

import numpy as np
import pytest

from remnant.core.geometry import Geometry
from remnant.core.labels import COUINAUD_SCHEME, STRUCTURE_SCHEME, Structure
from remnant.core.labels import CouinaudSegment as S
from remnant.core.vessels import VesselName as V
from remnant.core.vessels import VesselRoots
from remnant.core.volumes import LabelMap
from remnant.testing.phantom_shapes import Ellipsoid, digitise
from remnant.testing.vessels import Tube, VesselTree
from segmentation.vessels.computed import computed_vessels
from segmentation.vessels.names import LEAST_CONFIDENCE, stem_lines
from segmentation.vessels.rooted import rooted_trees, roots_in

LIVER = Ellipsoid((0.0, 0.0, 0.0), (90.0, 78.0, 62.0))
CAVA_MM, HILUM_MM = (0.0, -45.0, 15.0), (0.0, -10.0, -25.0)
CAVA_RADIUS_MM, RADIUS_MM, LENGTH_MM = 8.0, 4.0, 60.0
HEPATIC = {
    V.RIGHT_HEPATIC_VEIN: (0.94, 0.28, -0.19),
    V.MIDDLE_HEPATIC_VEIN: (0.49, 0.87, -0.01),
    V.LEFT_HEPATIC_VEIN: (-0.4, 0.9, -0.14),
}
PORTAL = {
    V.LEFT_PORTAL_VEIN: (-0.37, 0.81, 0.46),
    V.RIGHT_ANTERIOR_PORTAL_VEIN: (1.0, 0.0, 0.1),
    V.RIGHT_POSTERIOR_PORTAL_VEIN: (0.66, -0.75, 0.02),
}
ROOTS = VesselRoots(
    portal_mm=(HILUM_MM,),
    hepatic_mm=((0.0, -34.0, 15.0),),
    cava_mm=tuple((0.0, -45.0, float(z), CAVA_RADIUS_MM) for z in range(-15, 46, 3)),
)
TURN = np.radians(20.0)
UPRIGHT = np.diag((2.0, 2.0, 2.5))
AXES = {
    "upright": UPRIGHT,
    "mirrored": UPRIGHT @ np.diag((-1.0, -1.0, 1.0)),
    "oblique": np.array(
        [[np.cos(TURN), -np.sin(TURN), 0], [np.sin(TURN), np.cos(TURN), 0], [0, 0, 1]]
    )
    @ UPRIGHT,
    "sagittal": UPRIGHT[:, [1, 2, 0]],
}


def tree(directions, start_mm, from_mm=0.0):
    start = np.array(start_mm)
    return VesselTree(
        tuple(
            Tube(
                (
                    tuple(start + from_mm * np.array(one)),
                    tuple(start + LENGTH_MM * np.array(one) / np.linalg.norm(one)),
                ),
                RADIUS_MM,
            )
            for one in directions
        )
    )


def vessel_map(hepatic, portal, *, axes="upright"):
    linear = AXES[axes]
    shape = (100, 100, 100)
    matrix = np.eye(4)
    matrix[:3, :3] = linear
    matrix[:3, 3] = -linear @ (np.array(shape) - 1) / 2
    grid = Geometry(shape, matrix)
    codes = np.where(digitise(LIVER, grid), Structure.PARENCHYMA, 0).astype(np.uint8)
    inside = codes > 0
    veins = tree(hepatic, CAVA_MM, CAVA_RADIUS_MM)
    codes[digitise(veins, grid) & inside] = Structure.HEPATIC_VEINS
    if portal:
        codes[digitise(tree(portal, HILUM_MM), grid) & inside] = Structure.PORTAL_VEIN
    return LabelMap(codes, grid, STRUCTURE_SCHEME)


@pytest.fixture(name="usual", scope="module")
def usual_fixture():
    return vessel_map(HEPATIC.values(), PORTAL.values())


@pytest.mark.parametrize("axes", AXES)
def test_usual_branches__have_their_names_on_any_grid(axes):
    labels = vessel_map(HEPATIC.values(), PORTAL.values(), axes=axes)
    lines = stem_lines(rooted_trees(labels, ROOTS))
    assert set(lines) == {*HEPATIC, *PORTAL}
    for name, direction in (HEPATIC | PORTAL).items():
        root = np.array(CAVA_MM if name in HEPATIC else HILUM_MM)
        away = np.linalg.norm(lines[name] - root, axis=1)
        assert away[0] < away[-1]
        unit = np.array(direction) / np.linalg.norm(direction)
        assert (lines[name][-1] - root) @ unit >= LENGTH_MM - 8.0


def test_measures__are_those_of_the_tubes(usual):
    named = {one.name: one for one in computed_vessels(rooted_trees(usual, ROOTS), None).named}
    for name, direction in (HEPATIC | PORTAL).items():
        vessel, unit = named[name], np.array(direction) / np.linalg.norm(direction)
        assert vessel.diameter_mm == pytest.approx(2 * RADIUS_MM, abs=1.5)
        joined_mm = CAVA_RADIUS_MM + 4 * RADIUS_MM
        assert LENGTH_MM - joined_mm <= vessel.length_mm <= LENGTH_MM + RADIUS_MM
        assert np.degrees(np.arccos(np.array(vessel.direction_ras) @ unit)) <= 8.0
        assert LEAST_CONFIDENCE <= vessel.confidence <= 1.0
        assert vessel.stem_mm_by_segment == {}


def test_given_map__roots_are_seen_in_it(usual):
    roots = roots_in(usual)
    assert np.linalg.norm(np.array(roots.portal_mm[0]) - HILUM_MM) <= 6.0
    lines = stem_lines(rooted_trees(usual, roots))
    assert set(PORTAL) <= set(lines)


def test_one_tree_alone__has_no_roots():
    assert roots_in(vessel_map(HEPATIC.values(), ())) is None


def test_between_two_names__none():
    between = np.array(HEPATIC[V.MIDDLE_HEPATIC_VEIN]) + np.array((-0.25, 0.96, -0.14))
    labels = vessel_map([between], PORTAL.values())
    assert not set(HEPATIC) & set(stem_lines(rooted_trees(labels, ROOTS)))


def test_where_no_vein_runs__none():
    labels = vessel_map([(-0.95, -0.1, -0.3)], PORTAL.values())
    assert not set(HEPATIC) & set(stem_lines(rooted_trees(labels, ROOTS)))


def test_other_segments__take_a_name_away(usual):
    rooted = rooted_trees(usual, ROOTS)
    left = LabelMap(
        np.where(usual.codes > 0, S.II, 0).astype(np.uint8), usual.geometry, COUINAUD_SCHEME
    )
    named = {one.name for one in computed_vessels(rooted, left).named}
    assert named == {V.LEFT_HEPATIC_VEIN, V.LEFT_PORTAL_VEIN}


def test_shares__are_those_of_the_branches(usual):
    rooted = rooted_trees(usual, ROOTS)
    grid = usual.geometry
    right = grid.ras_from_index(np.moveaxis(np.indices(grid.shape), 0, -1))[..., 0] > 20.0
    codes = np.where(usual.codes > 0, np.where(right, S.VIII, S.IV), 0).astype(np.uint8)
    vessels = computed_vessels(rooted, LabelMap(codes, grid, COUINAUD_SCHEME))
    (middle,) = (one for one in vessels.named if one.name is V.MIDDLE_HEPATIC_VEIN)
    assert sum(middle.stem_mm_by_segment.values()) == pytest.approx(middle.length_mm)
    assert set(middle.stem_mm_by_segment) == {S.IV, S.VIII}
    assert 0.2 < middle.share_by_segment[S.VIII] < 0.8
