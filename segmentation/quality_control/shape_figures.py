"""Figures of a liver's shape: they need no image."""

from collections.abc import Mapping

import cc3d
import edt
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from segmentation.quality_control.coarse import STEP_MM, CoarseLiver, Mask, filled

Vector = NDArray[np.float64]

AXES = "ras"
LARGEST_CUT_FRACTION = 0.005
END_VOXELS = 3
OPENING_MM, CLOSING_MM = 9.0, 9.0
FLAT_COSINE = 0.97
DIRECTIONS = 200
GOLDEN_ANGLE = np.pi * (3.0 - np.sqrt(5.0))
NORMAL_SMOOTHING_VOXELS = 1.0
EDGE_TOLERANCE_VOXELS = 2


def shape_figures(coarse: CoarseLiver) -> Mapping[str, float]:
    """Return figures of a liver's outline by name.

    Shares are of the liver's volume or surface, in [0, 1]. What only a whole liver has is left out
    where the scan cuts it.
    """
    mask = _largest(coarse.mask)
    box = filled(mask)
    inner = np.pad(mask[box], 4)
    solid = ndimage.binary_fill_holes(inner)
    whole = coarse.cut_fraction <= LARGEST_CUT_FRACTION
    return {
        **(_size(solid) if whole else {}),
        **(_ends(solid) if whole else {}),
        **_steps(mask[box]),
        **_pieces(coarse.mask, mask, solid, inner),
        **_flat_faces(coarse, mask),
        **_thin_and_deep(solid),
    }


def _largest(mask: Mask) -> Mask:
    found: Mask = cc3d.largest_k(mask, k=1, connectivity=26) > 0
    return found


def _size(solid: Mask) -> dict[str, float]:
    places = np.argwhere(solid) * STEP_MM
    extent = np.ptp(places, axis=0) + STEP_MM
    balance = (places.mean(axis=0) - places.min(axis=0) + STEP_MM / 2) / extent
    axes = np.sqrt(np.maximum(np.linalg.eigvalsh(np.cov(places.T)), 0.0))
    volume_mm3 = len(places) * STEP_MM**3
    depth = edt.edt(np.asfortranarray(solid), anisotropy=(STEP_MM,) * 3, parallel=1)
    scale = np.cbrt(volume_mm3)
    return {
        "log_volume": float(np.log(volume_mm3 / 1000)),
        **{f"extent_{a}": float(np.log(x / 100)) for a, x in zip(AXES, extent, strict=True)},
        **{f"balance_{a}": float(x) for a, x in zip(AXES, balance, strict=True)},
        "middle_to_long": float(axes[1] / axes[2]),
        "short_to_long": float(axes[0] / axes[2]),
        "mean_depth": float(depth[solid].mean() / scale),
    }


def _ends(solid: Mask) -> dict[str, float]:
    """Return how much of its largest section a liver has at its ends, along each axis."""
    figures: dict[str, float] = {}
    for axis, name in ((0, "r"), (2, "s")):
        areas = solid.sum(axis=tuple({0, 1, 2} - {axis})).astype(np.float64)
        areas = areas[np.flatnonzero(areas)]
        figures[f"flat_low_{name}"] = float(areas[:END_VOXELS].mean() / areas.max())
        figures[f"flat_high_{name}"] = float(areas[-END_VOXELS:].mean() / areas.max())
    return figures


def _steps(inner: Mask) -> dict[str, float]:
    """Return how much two neighbouring axial sections differ at most, by the largest section."""
    areas = inner.sum(axis=(0, 1))
    changed = np.count_nonzero(inner[:, :, 1:] ^ inner[:, :, :-1], axis=(0, 1))
    return {"largest_step": float(changed.max(initial=0) / areas.max())}


def _pieces(whole: Mask, mask: Mask, solid: Mask, inner: Mask) -> dict[str, float]:
    voxels = int(np.count_nonzero(whole))
    return {
        "loose": 1.0 - int(np.count_nonzero(mask)) / voxels,
        "cavities": int(np.count_nonzero(solid & ~inner)) / voxels,
    }


def surface_of(mask: Mask) -> tuple[NDArray[np.intp], Vector]:
    """Return the indices of a mask's outermost voxels and their outward unit normals."""
    places = np.argwhere(mask & ~ndimage.binary_erosion(mask))
    soft = ndimage.gaussian_filter(mask.astype(np.float32), NORMAL_SMOOTHING_VOXELS)
    slopes = [ndimage.sobel(soft, axis) for axis in range(3)]
    normals = -np.stack([slope[tuple(places.T)] for slope in slopes], axis=1).astype(np.float64)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    return places, normals


def _flat_faces(coarse: CoarseLiver, mask: Mask) -> dict[str, float]:
    """Return the largest share of the surface that lies in one plane, off the ends of the scan."""
    places, normals = surface_of(mask)
    free = _off_scan_ends(coarse, places)
    directions = _directions()
    facing = (normals @ directions.T > FLAT_COSINE) & free[:, None]
    heights = places @ directions.T
    shares = [_fullest_plane(heights[facing[:, n], n]) for n in range(len(directions))]
    total = len(places)
    return {
        "flat_face": max(shares) / total,
        "surface": float(total / np.count_nonzero(mask) ** (2 / 3)),
    }


def _off_scan_ends(coarse: CoarseLiver, places: NDArray[np.intp]) -> Mask:
    near_end = ndimage.binary_dilation(~coarse.seen, iterations=EDGE_TOLERANCE_VOXELS)
    free: Mask = ~near_end[tuple(places.T)]
    return free


def _fullest_plane(heights: Vector) -> int:
    """Return how many heights lie within one voxel of each other, at most."""
    if not heights.size:
        return 0
    ordered = np.sort(heights)
    return int((np.searchsorted(ordered, ordered + 1.0) - np.arange(ordered.size)).max())


def _directions() -> Vector:
    """Return directions spread evenly over the sphere."""
    n = np.arange(DIRECTIONS)
    z = 1.0 - 2.0 * (n + 0.5) / DIRECTIONS
    radius = np.sqrt(1.0 - z * z)
    return np.stack([radius * np.cos(GOLDEN_ANGLE * n), radius * np.sin(GOLDEN_ANGLE * n), z], 1)


def _thin_and_deep(solid: Mask) -> dict[str, float]:
    """Return what a rolling ball cuts off and fills in, as shares of the liver."""
    spacing = (STEP_MM,) * 3
    padded = np.asfortranarray(np.pad(solid, 3))
    depth = edt.edt(padded, anisotropy=spacing, parallel=1)
    core = np.asfortranarray(depth <= OPENING_MM)
    opened = edt.edt(core, anisotropy=spacing, parallel=1) < OPENING_MM
    beyond = edt.edt(~padded, anisotropy=spacing, parallel=1)
    far = np.asfortranarray(beyond <= CLOSING_MM)
    closed = edt.edt(far, anisotropy=spacing, parallel=1) >= CLOSING_MM
    voxels = np.count_nonzero(padded)
    return {
        "thin": float(np.count_nonzero(padded & ~opened) / voxels),
        "notches": float(np.count_nonzero(closed & ~padded) / voxels),
    }
