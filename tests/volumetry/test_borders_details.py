"""Shares of the liver's surface on sheared grids and at the ends of the scan, face by face."""

from itertools import product

import numpy as np
import pytest

from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, COUINAUD_SCHEME, CouinaudSegment
from remnant.core.volumes import LabelMap
from volumetry.borders import measure_boundaries
from volumetry.liver_maps import liver_maps
from volumetry.surfaces import NO_FACES

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
