"""Surfaces of masks: closed, turned outward, and no further from the voxels than derived."""

from itertools import product

import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st

from remnant.core.geometry import Geometry
from remnant.core.map_description import NamedLabel, Origin
from remnant.pipeline import surfaces as module
from remnant.pipeline.surfaces import signed_volume_mm3, surface_of
from remnant.testing.strategies import SEEDS, geometries

LABEL = NamedLabel(code=1, name="x", colour="#ffffff", origin=Origin.GIVEN)


def bounds_mm3(mask, geometry):
    """Volumes between which any surface lies that parts the same voxel centres.

    It runs only through cells of eight neighbouring centres that are not all on one side: the cells
    wholly inside are enclosed, those wholly outside are not.
    """
    padded = np.pad(mask, 1).astype(int)
    a, b, c = (n - 1 for n in padded.shape)
    corners = sum(padded[i : i + a, j : j + b, k : k + c] for i, j, k in product((0, 1), repeat=3))
    voxel_mm3 = 1000.0 * geometry.voxel_volume_ml
    assert 8 * mask.sum() == corners.sum()
    return voxel_mm3 * (corners == 8).sum(), voxel_mm3 * (corners > 0).sum()


@given(geometry=geometries(largest=9), seed=SEEDS, share=st.floats(0.05, 0.95))
def test_surface__encloses_what_the_voxels_allow_on_any_grid(geometry, seed, share):
    mask = np.random.default_rng(seed).random(geometry.shape) < share
    mask[tuple(n // 2 for n in mask.shape)] = True
    surface = surface_of(mask, geometry, LABEL)
    low, high = bounds_mm3(mask, geometry)
    volume = signed_volume_mm3(surface.vertices_ras_mm, surface.faces)

    assert low - 1e-6 <= volume <= high + 1e-6
    index = geometry.index_from_ras(surface.vertices_ras_mm)
    # no point lies further than one voxel from a voxel that is inside
    inside = np.argwhere(mask)
    nearest = np.abs(index[:, None] - inside[None]).max(axis=2).min(axis=1)
    assert nearest.max() < 1.0
    edges = np.sort(np.concatenate([surface.faces[:, [a, b]] for a, b in ((0, 1), (1, 2), (2, 0))]))
    _, counts = np.unique(edges, axis=0, return_counts=True)
    assert not (counts % 2).any()


def ball(spacing, radius_mm=12.0):
    n = [int(2 * (radius_mm + 4) / s) for s in spacing]
    matrix = np.diag((*spacing, 1.0))
    matrix[:3, 3] = [-(k - 1) / 2 * s for k, s in zip(n, spacing, strict=True)]
    geometry = Geometry(tuple(n), matrix)
    points = geometry.ras_from_index(np.stack(np.indices(n), axis=-1))
    return np.linalg.norm(points, axis=-1) <= radius_mm, geometry


@pytest.mark.parametrize("spacing", [(0.7, 0.8, 1.0), (0.7, 0.8, 2.5)])
def test_ball__is_closed_and_smoother_than_its_voxels(spacing, monkeypatch):
    monkeypatch.setattr(module, "LARGE_VOXELS", 10**9)
    mask, geometry = ball(spacing)
    surface = surface_of(mask, geometry, LABEL)
    mesh = trimesh.Trimesh(surface.vertices_ras_mm, surface.faces, process=False)
    truth = mask.sum() * 1000.0 * geometry.voxel_volume_ml

    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    low, high = bounds_mm3(mask, geometry)
    assert low < mesh.volume < high
    assert truth == pytest.approx(mesh.volume, rel=0.03)
    faces_of_voxels = sum(
        np.abs(np.diff(np.pad(mask, 1).astype(int), axis=axis)).sum()
        * 1000.0 * geometry.voxel_volume_ml / geometry.spacing_mm[axis]
        for axis in range(3)
    )  # fmt: skip
    # a ball's voxel faces are 1.5 times its surface
    exact = 4.0 * np.pi * 12.0**2
    assert 1.45 * exact < faces_of_voxels
    assert exact < 1.1 * mesh.area < 1.21 * exact


def test_large__is_coarsened_within_its_own_shares(monkeypatch):
    mask, geometry = ball((0.7, 0.8, 1.0))
    fine = surface_of(mask, geometry, LABEL)
    monkeypatch.setattr(module, "LARGE_VOXELS", 10)
    coarse = surface_of(mask, geometry, LABEL)
    volumes = [signed_volume_mm3(s.vertices_ras_mm, s.faces) for s in (fine, coarse)]

    assert len(coarse.faces) < 0.5 * len(fine.faces)
    assert volumes[0] == pytest.approx(volumes[1], rel=0.05)


def test_small__single_voxel_and_what_coarsening_would_lose(monkeypatch):
    monkeypatch.setattr(module, "LARGE_VOXELS", 0)
    geometry = Geometry((9, 8, 7), np.diag((0.5, 0.5, 0.5, 1.0)))
    mask = np.zeros(geometry.shape, bool)
    mask[4, 4, 3] = True
    surface = surface_of(mask, geometry, LABEL)

    assert 0 < signed_volume_mm3(surface.vertices_ras_mm, surface.faces) < 8 * 0.125
    np.testing.assert_allclose((2.0, 2.0, 1.5), surface.vertices_ras_mm.mean(axis=0), atol=1e-6)
