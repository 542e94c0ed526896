"""Parts of a liver's mask that are probably another organ.

A liver network that went astray paints kidney, bowel or spleen. Such a part is told from the liver
by two signs together: an outline that is followed from the liver's widest slice up and down, each
slice's box around the outline before, does not reach it; and it looks unlike the liver. One sign
alone is not enough: thin lobes are not always followed, and large tumours look unlike.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import cc3d
import numpy as np
from edt import edt
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Geometry
from remnant.core.reasons import Cause, Reason, reason
from segmentation.liver.slices import LiverLook
from segmentation.liver.tissue import LiverTissue

Mask = NDArray[np.bool_]

LEAST_STRANGER_ML: Final = 20.0
LEAST_CORE_ML: Final = 5.0
RIM_MM: Final = 6.0
"""What lies nearer to the border of a part is not looked at: fat beside a liver shows in it."""
NEIGHBOURS_IN_SLICE: Final = np.ones((3, 3, 1), dtype=bool)
SIDES: Final = (("left", "right"), ("back", "front"), ("below", "above"))


@dataclass(frozen=True, slots=True, eq=False)
class Stranger:
    """A part that is probably another organ: how large, how unlike, and on which side."""

    volume_ml: float
    difference_sd: float
    side: str

    @property
    def reason(self) -> Reason:
        """What a finding records of it."""
        return reason(Cause.UNLIKE_LIVER, self.side, self.volume_ml, self.difference_sd)


def strangers_finding(
    look: LiverLook, liver: Mask, looked: Sequence[int], voxels: NDArray[Any]
) -> Finding:
    """Look for parts of a liver's mask that are probably another organ.

    Parameters
    ----------
    look
        Outlines on slices.
    liver
        The liver network's mask on the look's grid.
    looked
        Slices that are looked at, from foot to head; those between are taken to be like them.
    voxels
        The image on the same grid.

    Returns
    -------
    Finding
        ``liver_without_other_organs``, value: mL of all such parts.
    """
    first = liver[:, :, list(looked)]
    reached = np.stack(followed(look, liver, looked), axis=-1)
    grid = _stacked_grid(look.grid, looked)
    found = tuple(_strangers(first, reached, voxels[:, :, list(looked)], grid))
    return quality_finding(
        "liver_without_other_organs",
        passed=not found,
        value=sum(one.volume_ml for one in found),
        reasons=tuple(one.reason for one in found),
    )


def followed(look: LiverLook, liver: Mask, looked: Sequence[int]) -> list[Mask]:
    """Return outlines that are followed from the liver's widest slice to both its ends."""
    areas = [int(np.count_nonzero(liver[:, :, k])) for k in looked]
    middle = int(np.argmax(areas))
    start = _largest(liver[:, :, looked[middle]])
    upwards = list(_onwards(look, start, looked[middle:]))
    downwards = list(_onwards(look, start, looked[middle::-1]))
    return [*reversed(downwards[1:]), *upwards]


def _onwards(look: LiverLook, start: Mask, slices: Sequence[int]) -> Iterator[Mask]:
    before = start
    for k in slices:
        section = np.zeros_like(start)
        for one in look.outlined(k, before):
            section |= one.outline
        yield section
        before = section


def _strangers(
    first: Mask, reached: Mask, voxels: NDArray[Any], grid: Geometry
) -> Iterator[Stranger]:
    own = first & reached
    if not own.any():
        return
    tissue, voxel_ml = LiverTissue.of(voxels[own]), grid.voxel_volume_ml
    astray = ndimage.binary_opening(first & ~reached, NEIGHBOURS_IN_SLICE)
    inner = _without_rim(astray, grid)
    parts = cc3d.connected_components(astray, connectivity=26)
    for label, size in enumerate(np.bincount(parts.ravel())):
        if label == 0 or size * voxel_ml < LEAST_STRANGER_ML:
            continue
        part = parts == label
        core = voxels[part & inner]
        if core.size * voxel_ml >= LEAST_CORE_ML and not tissue.is_like(core):
            apart = tissue.difference_sd(core)
            yield Stranger(float(size) * voxel_ml, apart, _side(part, own))


def _stacked_grid(grid: Geometry, looked: Sequence[int]) -> Geometry:
    """Return the grid of the slices that are looked at, each as thick as its share."""
    matrix = np.array(grid.affine_ras)
    matrix[:3, 2] *= (looked[-1] - looked[0] + 1) / len(looked)
    return Geometry((*grid.shape[:2], len(looked)), matrix)


def _without_rim(parts: Mask, grid: Geometry) -> Mask:
    """Return what of parts lies away from their borders on every slice."""
    inner = np.zeros_like(parts)
    for k in np.flatnonzero(parts.any(axis=(0, 1))):
        section = np.ascontiguousarray(parts[:, :, k])
        inner[:, :, k] = edt(section, anisotropy=grid.spacing_mm[:2]) > RIM_MM
    return inner


def _side(part: Mask, own: Mask) -> str:
    """Return the side of a liver on which a part lies farthest out, in the liver's own widths."""
    there, here = (np.argwhere(mask) for mask in (part, own))
    away = (there.mean(axis=0) - here.mean(axis=0)) / np.maximum(here.std(axis=0), 1e-6)
    axis = int(np.argmax(np.abs(away)))
    return SIDES[axis][int(away[axis] > 0)]


def _largest(section: Mask) -> Mask:
    """Return the largest part of a cross-section."""
    labels, _ = ndimage.label(section, np.ones((3, 3)))
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    largest: Mask = labels == int(sizes.argmax())
    return largest
