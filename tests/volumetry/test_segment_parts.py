"""Volumes of IVa and IVb: exact on voxels, bounded on a phantom."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.core.errors import GeometryMismatchError, InputError
from remnant.core.geometry import Geometry
from remnant.core.labels import (
    BINARY_SCHEME,
    SEGMENT_IV_SCHEME,
    STRUCTURE_SCHEME,
    CouinaudSegment,
    SegmentIvPart,
    Structure,
)
from remnant.core.volumes import LabelMap
from remnant.core.volumetry_report import PartVolumes
from remnant.testing.cells import CutEllipsoid
from remnant.testing.phantom_shapes import discretisation_bound_ml
from remnant.testing.phantoms import body_grid, liver_phantom
from remnant.testing.strategies import geometries
from volumetry.segment_parts import measure_segment_iv

GRID = Geometry((7, 8, 9), np.diag([2.0, 2.5, 4.0, 1.0]))
VOXEL_ML = 0.02


def structures_of(codes, grid=GRID):
    return LabelMap(codes.astype(np.uint8), grid, STRUCTURE_SCHEME)


def parts_of(codes, grid=GRID):
    return LabelMap(codes.astype(np.uint8), grid, SEGMENT_IV_SCHEME)


def test_parts__count_liver_voxels_and_leave_lesions_out_of_the_functional():
    structures, parts = np.zeros(GRID.shape), np.zeros(GRID.shape)
    structures[1:6, 1:7, 1:8] = Structure.PARENCHYMA
    structures[2, 2, 2:5] = Structure.LESION
    structures[3, 3, 3] = Structure.PORTAL_VEIN
    parts[2:4, :, 5:] = SegmentIvPart.IVa
    parts[2:4, :, :5] = SegmentIvPart.IVb

    found = measure_segment_iv(structures_of(structures), parts_of(parts))

    above, below = 2 * 6 * 3 * VOXEL_ML, 2 * 6 * 4 * VOXEL_ML
    assert above == pytest.approx(found[SegmentIvPart.IVa].total_ml)
    assert above == pytest.approx(found[SegmentIvPart.IVa].functional_ml)
    assert below == pytest.approx(found[SegmentIvPart.IVb].total_ml)
    assert below - 3 * VOXEL_ML == pytest.approx(found[SegmentIvPart.IVb].functional_ml)


def test_parts__of_no_voxel_are_zero():
    nothing = PartVolumes(total_ml=0.0, functional_ml=0.0)
    expected = dict.fromkeys(SegmentIvPart, nothing)
    liver, none = np.ones(GRID.shape), np.zeros(GRID.shape)

    assert expected == measure_segment_iv(structures_of(liver), parts_of(none))
    assert expected == measure_segment_iv(structures_of(none), parts_of(liver))


@given(grid=geometries(largest=9), seed=st.integers(0, 2**32 - 1))
def test_parts__equal_a_voxel_by_voxel_count_on_any_grid(grid, seed):
    random = np.random.default_rng(seed)
    structures = random.integers(0, 5, grid.shape) * (random.random(grid.shape) < 0.6)
    parts = random.integers(0, 3, grid.shape)

    found = measure_segment_iv(structures_of(structures, grid), parts_of(parts, grid))

    voxel_ml = abs(np.linalg.det(grid.affine_ras[:3, :3])) / 1000.0
    for part in SegmentIvPart:
        inside = [
            (s, p) for s, p in zip(structures.flat, parts.flat, strict=True) if s and p == part
        ]
        healthy = [s for s, _ in inside if s != Structure.LESION]
        assert len(inside) * voxel_ml == pytest.approx(found[part].total_ml)
        assert len(healthy) * voxel_ml == pytest.approx(found[part].functional_ml)


def test_parts__of_the_phantom_are_its_cells_cut_at_a_level():
    phantom = liver_phantom(body_grid(spacing_mm=(2.9, 3.1, 4.0)), metastases=0)
    level = phantom.landmarks.portal_bifurcation[2]
    heights = np.indices(phantom.geometry.shape)
    height = phantom.geometry.ras_from_index(np.moveaxis(heights, 0, -1))[..., 2]
    inside = phantom.couinaud.codes == CouinaudSegment.IV
    codes = np.where(inside, np.where(height > level, SegmentIvPart.IVa, SegmentIvPart.IVb), 0)

    found = measure_segment_iv(phantom.structures, parts_of(codes, phantom.geometry))

    cell = phantom.liver.segments[CouinaudSegment.IV]
    for part, levels in (
        (SegmentIvPart.IVa, (level, np.inf)), (SegmentIvPart.IVb, (-np.inf, level)),
    ):  # fmt: skip
        exact = CutEllipsoid(cell.whole, cell.planes, levels)
        bound_ml = discretisation_bound_ml(exact, phantom.geometry)
        assert bound_ml < exact.volume_ml
        assert abs(found[part].total_ml - exact.volume_ml) <= bound_ml


def test_parts__maps_that_do_not_belong_together_are_refused():
    codes = np.ones(GRID.shape)
    moved = Geometry(GRID.shape, GRID.affine_ras + np.eye(4, k=3))
    with pytest.raises(GeometryMismatchError, match="IVa/IVb"):
        measure_segment_iv(structures_of(codes), parts_of(codes, moved))
    plain = LabelMap(codes.astype(np.uint8), GRID, BINARY_SCHEME)
    with pytest.raises(InputError, match="'structures'"):
        measure_segment_iv(plain, parts_of(codes))
    with pytest.raises(InputError, match="'couinaud_iv'"):
        measure_segment_iv(structures_of(codes), plain)
