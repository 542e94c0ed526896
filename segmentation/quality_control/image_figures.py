"""Figures of a liver in its CT: whether it looks like one tissue that ends where the mask does."""

from collections.abc import Mapping

import cc3d
import edt
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.geometry import Geometry
from segmentation.quality_control.coarse import STEP_MM, CoarseLiver, Floats, Mask
from segmentation.quality_control.shape_figures import surface_of

Vector = NDArray[np.float64]

CORE_MM = 7.0
LEAST_CORE_VOXELS = 50
MAD_TO_SD = 1.4826
LIKE_SDS, LEAST_LIKE_HU = 2.5, 18.0
REACH_MM, PROFILE_STEP_MM = 15.0, 1.5
RUN = 2
FAR_MM = 6.0
SHELL_MM = 12.0
WIDE_MM = 6.0
AIR_HU, LUNG_HU, BONE_HU, BODY_HU = -200.0, -600.0, 200.0, -200.0
NEAR_TIP_MM = 24.0
CROPPED = 0.5
"""Share of body in a lateral end of a scan that was cropped to less than the body."""


def image_figures(coarse: CoarseLiver) -> Mapping[str, float]:
    """Return figures of a liver in its CT by name; nothing where there is no image.

    HU are of the lightly smoothed image, distances in mm, shares in [0, 1].
    """
    if coarse.hu is None:
        return {}
    tissue = _Tissue.of(coarse, coarse.hu)
    return {
        **tissue.figures(),
        **_border(coarse, coarse.hu, tissue),
        **_beyond(coarse, tissue),
        **_within(coarse, tissue),
        **_position(coarse),
    }


class _Tissue:
    """The liver's own intensity: its middle, its spread, and what is like it."""

    def __init__(self, hu: Floats, mask: Mask, core: Mask) -> None:
        inside = hu[core]
        self.middle = float(np.median(inside))
        self.sd = MAD_TO_SD * float(np.median(np.abs(inside - self.middle)))
        self.within_hu = max(LEAST_LIKE_HU, LIKE_SDS * self.sd)
        self.like: Mask = np.abs(hu - self.middle) <= self.within_hu
        self.regions = _regional(hu, core, self.middle)
        self.air = float(np.count_nonzero(hu[mask] < AIR_HU) / np.count_nonzero(mask))

    @classmethod
    def of(cls, coarse: CoarseLiver, hu: Floats) -> "_Tissue":
        depth = edt.edt(np.asfortranarray(coarse.mask), anisotropy=(STEP_MM,) * 3, parallel=1)
        core = (depth > CORE_MM) & ~coarse.lesions
        if np.count_nonzero(core) < LEAST_CORE_VOXELS:
            core = coarse.mask
        return cls(hu, coarse.mask, core)

    def figures(self) -> dict[str, float]:
        return {
            "liver_hu": self.middle,
            "liver_sd_hu": self.sd,
            "regions_hu": self.regions,
            "air": self.air,
        }


def _regional(hu: Floats, core: Mask, middle: float) -> float:
    """Return how far the median of an eighth of the liver lies from the whole's at most."""
    places, values = np.argwhere(core), hu[core]
    upper = places >= np.median(places, axis=0)
    number = upper @ np.array([1, 2, 4])
    parts = [values[number == n] for n in range(8)]
    return max(abs(float(np.median(part)) - middle) for part in parts if part.size)


def _border(coarse: CoarseLiver, hu: Floats, tissue: _Tissue) -> dict[str, float]:
    """Say where along the outward normals the liver's own intensity ends."""
    places, normals = surface_of(coarse.mask)
    offsets = np.arange(-REACH_MM, REACH_MM + PROFILE_STEP_MM / 2, PROFILE_STEP_MM)
    edge_mm, known = _edges(coarse, hu, tissue, places, normals, offsets)
    missed, leaked = known & (edge_mm >= FAR_MM), known & (edge_mm <= -FAR_MM)
    sharp = known & (np.abs(edge_mm) < REACH_MM)
    seen = max(int(np.count_nonzero(known)), 1)
    middle = edge_mm[sharp] if sharp.any() else np.zeros(1)
    return {
        "edge_mm": float(np.median(middle)),
        "edge_spread_mm": float(np.subtract(*np.percentile(middle, (75, 25)))),
        "edge_off": float(np.count_nonzero(known & (np.abs(edge_mm) >= FAR_MM)) / seen),
        "missed_patch": _largest_patch(coarse.mask.shape, places[missed]) / seen,
        "leaked_patch": _largest_patch(coarse.mask.shape, places[leaked]) / seen,
        "sharp_border": float(np.count_nonzero(sharp) / seen),
    }


def _edges(
    coarse: CoarseLiver,
    hu: Floats,
    tissue: _Tissue,
    places: NDArray[np.intp],
    normals: Vector,
    offsets: Vector,
) -> tuple[Vector, Mask]:
    """Return the end of the liver's intensity on each normal in mm, and where it can be known.

    The profile starts inside and ends where two samples in a row are unlike; an end at or beyond
    the profile's is its end.
    """
    start = places + 0.5 * normals
    along = start[:, None, :] + (offsets / STEP_MM)[None, :, None] * normals[:, None, :]
    profile = ndimage.map_coordinates(hu, along.reshape(-1, 3).T, order=1, mode="nearest")
    alike = np.abs(profile.reshape(along.shape[:2]) - tissue.middle) <= tissue.within_hu
    unlike = ~alike
    ends = unlike[:, :-1] & unlike[:, 1:]
    # what is unlike deep inside (a vessel, a lesion) ends nothing unless it goes on
    first = np.where(alike.any(axis=1), alike.argmax(axis=1), alike.shape[1])
    ends &= np.arange(ends.shape[1]) >= first[:, None]
    at = np.where(ends.any(axis=1), ends.argmax(axis=1), offsets.size - 1)
    edge_mm = np.where(first < alike.shape[1], offsets[at], -REACH_MM)
    tip = np.rint(start + (FAR_MM / STEP_MM) * normals).astype(np.intp)
    inside_array = ((tip >= 0) & (tip < coarse.mask.shape)).all(axis=1)
    tip = np.clip(tip, 0, np.array(coarse.mask.shape) - 1)
    known = inside_array & coarse.seen[tuple(tip.T)] & ~coarse.lesions[tuple(places.T)]
    return edge_mm, known


def _largest_patch(shape: tuple[int, ...], places: NDArray[np.intp]) -> int:
    """Return how many of some surface voxels hang together."""
    if not len(places):
        return 0
    marked = np.zeros(shape, bool)
    marked[tuple(places.T)] = True
    parts = cc3d.connected_components(marked, connectivity=26)
    return int(np.bincount(parts[parts > 0]).max())


def _opened(mask: Mask, mm: float) -> Mask:
    spacing = (STEP_MM,) * 3
    depth = edt.edt(np.asfortranarray(mask), anisotropy=spacing, parallel=1)
    core = depth > mm
    if not core.any():
        return np.zeros_like(mask)
    found: Mask = edt.edt(np.asfortranarray(~core), anisotropy=spacing, parallel=1) <= mm
    return found & mask


def _beyond(coarse: CoarseLiver, tissue: _Tissue) -> dict[str, float]:
    """Measure tissue like the liver's that the mask leaves out, in wide contact with it."""
    beyond = tissue.like & ~coarse.mask & coarse.seen
    wide = _opened(beyond | coarse.mask, WIDE_MM) & ~coarse.mask
    away = edt.edt(np.asfortranarray(~coarse.mask), anisotropy=(STEP_MM,) * 3, parallel=1)
    voxels = int(np.count_nonzero(coarse.mask))
    near = wide & (away <= SHELL_MM)
    parts = cc3d.connected_components(_opened(near, STEP_MM), connectivity=6)
    largest = int(np.bincount(parts[parts > 0]).max()) if parts.any() else 0
    return {"like_beyond_largest": largest / voxels}


def _within(coarse: CoarseLiver, tissue: _Tissue) -> dict[str, float]:
    """Measure what of the mask is unlike the liver's tissue and no known lesion."""
    voxels = int(np.count_nonzero(coarse.mask))
    odd = coarse.mask & ~coarse.lesions & ~tissue.like
    lump = _opened(odd, STEP_MM)
    parts = cc3d.connected_components(lump, connectivity=6)
    largest = int(np.bincount(parts[parts > 0]).max()) if parts.any() else 0
    return {
        "unlike_within": float(np.count_nonzero(odd) / voxels),
        "unlike_largest": largest / voxels,
    }


def _position(coarse: CoarseLiver) -> dict[str, float]:
    """Say where in the body the liver lies; nothing where the scan shows no body around it."""
    if coarse.body is None:
        return {}
    hu, grid = coarse.body
    liver_mm = coarse.grid.ras_from_index(np.argwhere(coarse.mask)[::7])
    levels = grid.index_from_ras(liver_mm)[:, 2]
    low, high = (int(np.clip(round(n), 0, grid.shape[2] - 1)) for n in (levels.min(), levels.max()))
    body = hu[:, :, low : high + 1] > BODY_HU
    if not body.any() or max(body[0].mean(), body[-1].mean()) > CROPPED:
        return {}
    places = np.argwhere(body)
    middle_mm = grid.ras_from_index(
        (np.percentile(places, 1, 0) + np.percentile(places, 99, 0)) / 2
    )
    centre = liver_mm.mean(axis=0)
    width_mm = float(np.ptp(np.percentile(places[:, 0], (1, 99)))) * grid.spacing_mm[0]
    return {
        "right_of_middle_mm": float(centre[0] - middle_mm[0]),
        "body_width_mm": width_mm,
        **_lung_below(coarse),
        **_spine(hu, grid, (low, high), middle_mm),
    }


def _lung_below(coarse: CoarseLiver) -> dict[str, float]:
    """Return the share of lung in the 24 mm below the liver's tip: none unless it stands on end."""
    if coarse.hu is None:
        return {}
    tip = int(np.flatnonzero(coarse.mask.any(axis=(0, 1)))[0])
    level = slice(max(0, tip - int(NEAR_TIP_MM / STEP_MM)), tip)
    seen = coarse.seen[:, :, level] & coarse.mask.any(axis=2, keepdims=True)
    if not seen.any():
        return {}
    lung = seen & (coarse.hu[:, :, level] < LUNG_HU)
    return {"lung_below": float(np.count_nonzero(lung) / np.count_nonzero(seen))}


def _spine(
    hu: Floats, grid: Geometry, levels: tuple[int, int], middle_mm: Vector
) -> dict[str, float]:
    """Return how far behind the body's middle its bone lies."""
    bone = np.argwhere(hu[:, :, levels[0] : levels[1] + 1] > BONE_HU)
    if len(bone) < LEAST_CORE_VOXELS:
        return {}
    return {"spine_behind_mm": float(middle_mm[1] - grid.ras_from_index(bone.mean(axis=0))[1])}
