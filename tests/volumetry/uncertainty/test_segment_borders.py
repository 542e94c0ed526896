"""Borders between segments against blocks of known area and faces counted one by one."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, COUINAUD_SCHEME, CouinaudSegment
from remnant.core.volumes import LabelMap
from volumetry.liver_maps import liver_maps
from volumetry.surfaces import NO_FACES, face_vectors_mm2, grid_mm4, mask_surface
from volumetry.uncertainty.segment_borders import measure_boundaries

SPACING_MM = (0.5, 2.0, 3.0)
ALL_CUT = ((True, True), (True, True), (True, True))


def maps_of(segments, *, liver=None, spacing_mm=SPACING_MM):
    geometry = Geometry(segments.shape, np.diag([*spacing_mm, 1.0]))
    codes = (segments > 0 if liver is None else liver).astype(np.uint8)
    return liver_maps(
        LabelMap(codes, geometry, BINARY_SCHEME),
        None,
        LabelMap(segments.astype(np.uint8), geometry, COUINAUD_SCHEME),
    )


def boundaries_of(segments, *, tumour=None, liver=None, cut=NO_FACES, spacing_mm=SPACING_MM):
    maps = maps_of(segments, liver=liver, spacing_mm=spacing_mm)
    inside = np.zeros(maps.liver.shape, np.bool_) if tumour is None else tumour[maps.box]
    return measure_boundaries(maps, inside, cut=cut)


def by_pair(boundaries):
    return {(b.first, b.second): b.area_mm2 for b in boundaries.borders}


@pytest.mark.parametrize(("axis", "face_mm2"), [(0, 6.0), (1, 1.5), (2, 1.0)])
def test_border__plane_across_an_axis(axis, face_mm2):
    segments = np.full((6, 6, 6), 4)
    segments[tuple(slice(3, None) if a == axis else slice(None) for a in range(3))] = 8
    assert {(4, 8): pytest.approx(36 * face_mm2)} == by_pair(boundaries_of(segments)[0])


def test_border__staircase_counts_as_its_plane():
    i, j, _ = np.indices((20, 20, 4))
    segments = np.where(i > j, 5, 6)
    boundaries, _ = boundaries_of(segments, spacing_mm=(1.0, 1.0, 1.0))
    # 19 steps of one voxel both ways: the plane through them is 19 sqrt(2) long
    assert by_pair(boundaries)[5, 6] == pytest.approx(4 * 19 * np.sqrt(2))


def test_border__tumour_on_it_is_counted_apart():
    segments = np.full((6, 6, 6), 2)
    segments[3:] = 3
    tumour = np.zeros(segments.shape, np.bool_)
    tumour[2:4, :2] = True  # on both sides of the border
    tumour[2, 5] = True  # on one side only: the border there runs beside it
    boundaries, _ = boundaries_of(segments, tumour=tumour)
    (border,) = boundaries.borders
    assert border.area_mm2 == pytest.approx(36 * 6.0)
    assert border.first_tumour_mm2 == pytest.approx(18 * 6.0)
    assert border.second_tumour_mm2 == pytest.approx(12 * 6.0)


@given(segments=arrays(np.int8, (4, 3, 5), elements=st.integers(0, 8)).filter(lambda a: a.any()))
def test_borders__equal_faces_counted_one_by_one(segments):
    boundaries, surfaces = boundaries_of(segments)
    vectors = face_vectors_mm2(Geometry((2, 2, 2), np.diag([*SPACING_MM, 1.0])))
    net = {}
    for axis in range(3):
        pairs = zip(
            np.moveaxis(segments, axis, 0)[:-1].ravel(),
            np.moveaxis(segments, axis, 0)[1:].ravel(),
            strict=True,
        )
        for low, high in pairs:
            if low and high and low != high:
                key = (min(low, high), max(low, high))
                net[key] = net.get(key, 0) + (1 if low < high else -1) * vectors[:, axis]
    areas = {key: np.linalg.norm(vector) for key, vector in net.items()}
    assert {k: pytest.approx(v) for k, v in areas.items() if v > 1e-9} == by_pair(boundaries)
    whole_mm2 = sum(surface.whole_mm2 for surface in surfaces.values())
    assert boundaries.liver_surface_mm2 == pytest.approx(whole_mm2)


def test_surfaces__shared_out_by_outward_faces():
    segments = np.full((4, 4, 8), 2)
    segments[:, :, 4:] = 3
    boundaries, surfaces = boundaries_of(segments, spacing_mm=(1.0, 1.0, 1.0))
    halves = [surfaces[s].whole_mm2 for s in (CouinaudSegment.II, CouinaudSegment.III)]
    assert halves == pytest.approx([boundaries.liver_surface_mm2 / 2] * 2)
    maps = maps_of(segments, spacing_mm=(1.0, 1.0, 1.0))
    assert boundaries.liver_surface_mm2 == mask_surface(maps.liver, maps.geometry).area_mm2
    assert boundaries.grid_mm4 == grid_mm4(maps.geometry)


def test_surfaces__tumour_at_the_capsule_is_counted_apart():
    segments = np.full((4, 4, 4), 5)
    tumour = np.zeros(segments.shape, np.bool_)
    tumour[0] = True  # one face of six, and the rims of four
    boundaries, surfaces = boundaries_of(segments, tumour=tumour, spacing_mm=(1.0, 1.0, 1.0))
    share = (16 + 4 * 4) / (6 * 16)
    assert boundaries.tumour_at_surface_mm2 == pytest.approx(share * boundaries.liver_surface_mm2)
    assert surfaces[CouinaudSegment.V].tumour_mm2 == boundaries.tumour_at_surface_mm2


def test_surfaces__none_where_the_scan_ends():
    segments = np.full((4, 5, 6), 7)
    boundaries, surfaces = boundaries_of(segments, cut=ALL_CUT)
    assert boundaries.liver_surface_mm2 == 0.0
    assert {surface.whole_mm2 for surface in surfaces.values()} == {0.0}


def test_surfaces__liver_without_a_segment_takes_its_share():
    segments = np.zeros((4, 4, 8), int)
    segments[:, :, 4:] = 3
    boundaries, surfaces = boundaries_of(segments, liver=np.ones(segments.shape))
    assert surfaces[CouinaudSegment.III].whole_mm2 == pytest.approx(
        boundaries.liver_surface_mm2 / 2
    )
    assert boundaries.borders == ()


def test_boundaries__without_segments_there_are_no_borders():
    geometry = Geometry((5, 5, 5), np.eye(4))
    liver = LabelMap(np.ones((5, 5, 5), np.uint8), geometry, BINARY_SCHEME)
    maps = liver_maps(liver, None, None)
    boundaries, surfaces = measure_boundaries(maps, np.zeros(maps.liver.shape, bool), cut=NO_FACES)
    assert boundaries.borders == ()
    assert {surface.whole_mm2 for surface in surfaces.values()} == {0.0}
    assert boundaries.liver_surface_mm2 > 0.0


# Shares of the liver's surface on sheared grids and at the ends of the scan, face by face


SHEARED = np.array([[0.5, 0.3, 0.0, 1.0], [0.0, 2.0, 0.4, 2.0], [0.1, 0.0, 3.0, 3.0],
                    [0.0, 0.0, 0.0, 1.0]])  # fmt: skip
SHAPE = (4, 5, 6)
SEGMENTS = np.random.default_rng(6).integers(0, 9, SHAPE).astype(np.uint8)
SEGMENTS[[0, -1, 1], [0, -1, 2], [0, -1, 5]] = 3  # the liver reaches every face of its box


def measured(segments, *, cut=NO_FACES, affine_ras=SHEARED, tumour=None):
    grid = Geometry(segments.shape, affine_ras)
    maps = liver_maps(
        LabelMap((segments > 0).astype(np.uint8), grid, BINARY_SCHEME),
        None,
        LabelMap(segments, grid, COUINAUD_SCHEME),
    )
    inside = np.zeros(maps.liver.shape, np.bool_) if tumour is None else tumour
    return measure_boundaries(maps, inside, cut=cut)


def face_areas_mm2():
    a, b, c = SHEARED[:3, :3].T
    return [np.linalg.norm(np.cross(*pair)) for pair in ((b, c), (c, a), (a, b))]


def outward_by_hand(cut):
    """Area of the faces of each segment's voxels that have no liver on the other side."""
    found = dict.fromkeys(CouinaudSegment, 0.0)
    for place in np.argwhere(SEGMENTS > 0):
        for axis, (end, step) in product(range(3), enumerate((-1, 1))):
            beside = place.copy()
            beside[axis] += step
            beyond = not 0 <= beside[axis] < SHAPE[axis]
            if not cut[axis][end] if beyond else SEGMENTS[tuple(beside)] == 0:
                found[SEGMENTS[tuple(place)]] += face_areas_mm2()[axis]
    return found


@pytest.mark.parametrize("axis_and_end", [None, *product(range(3), (0, 1))])
def test_surfaces__are_shared_out_by_faces_counted_one_by_one(axis_and_end):
    cut = [[False, False] for _ in range(3)]
    if axis_and_end is not None:
        cut[axis_and_end[0]][axis_and_end[1]] = True
    boundaries, surfaces = measured(SEGMENTS, cut=tuple(map(tuple, cut)))
    outward = outward_by_hand(cut)
    scale = boundaries.liver_surface_mm2 / sum(outward.values())
    found = {s: surface.whole_mm2 for s, surface in surfaces.items()}
    assert found == pytest.approx({s: area * scale for s, area in outward.items()})


def test_surfaces__tumour_at_the_surface_belongs_to_its_segment():
    tumour = SEGMENTS == 3
    with_tumour, without = measured(SEGMENTS, tumour=tumour)[1], measured(SEGMENTS)[1]
    for segment, surface in with_tumour.items():
        assert surface.whole_mm2 == pytest.approx(without[segment].whole_mm2)
        expected = surface.whole_mm2 if segment == CouinaudSegment.III else 0.0
        assert surface.tumour_mm2 == pytest.approx(expected)


def test_borders__smaller_than_a_square_millimetre():
    segments = np.array([2, 3], dtype=np.uint8).reshape(2, 1, 1)
    tiny = np.diag([0.5, 0.4, 0.3, 1.0])
    (border,) = measured(segments, affine_ras=tiny)[0].borders
    assert border.area_mm2 == pytest.approx(0.12)
    assert (border.first_tumour_mm2, border.second_tumour_mm2) == (0.0, 0.0)
    everywhere = np.ones(segments.shape, np.bool_)
    (inside,) = measured(segments, affine_ras=tiny, tumour=everywhere)[0].borders
    assert (inside.first_tumour_mm2, inside.second_tumour_mm2) == pytest.approx((0.12, 0.12))
