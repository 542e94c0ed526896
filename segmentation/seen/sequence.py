"""What kind of image an MR looks like: liver against muscle, fat, fluid and spleen.

Muscle is looked for beside the spine, fluid in the spinal canal, fat under the skin, each by its
place at the height of the liver; a spleen only where a map of it is given, since it tells the
hepatobiliary phase from the portal one but lies where bowel may lie too, and so far from the liver
that a bias field between them misleads. The rules follow from the
tissues' relaxation and hold for the phantoms of `remnant.testing.mr`; bias fields, thin patients
and iron look otherwise. This is a hint, to be said as one, and no ground for a number.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cc3d
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.mr import MrKind, MrSequence
from remnant.core.volumes import ImageVolume, LabelMap, Modality, Phase
from segmentation.resample import resample
from segmentation.seen.mr_intensities import body_threshold
from segmentation.seen.phase import GRID_MM, liver_band

MUSCLE_BESIDE_MM: Final = (15.0, 45.0)
MUSCLE_DEPTH_MM: Final = (15.0, 48.0)
CANAL_BESIDE_MM: Final = 12.0
CANAL_DEPTH_MM: Final = (30.0, 90.0)
CANAL_CORE_MM: Final = 6.0
FAT_DEPTH_MM: Final = (4.0, 9.0)
FEWEST_SLICES: Final = 5
FEWEST_VOXELS: Final = 10
BRIGHT, SOMEWHAT_BRIGHT, DARK, VERY_DARK = 2.0, 1.2, 0.6, 0.4
"""Shares of the liver's grey value."""
ABOVE_FAT: Final = 1.5
HEPATOBILIARY_SPLEEN, PORTAL_SPLEEN = 0.65, 0.9
Field = NDArray[np.float32]
Mask = NDArray[np.bool_]
Places = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class MrLevels:
    """Grey values as shares of the liver's; ``None`` for what was not found."""

    muscle: float | None = None
    fat: float | None = None
    fluid: float | None = None
    spleen: float | None = None


def seen_sequences(
    image: ImageVolume, liver: LabelMap, spleen: LabelMap | None = None
) -> tuple[MrSequence, ...]:
    """Return what an MR may be by its look; empty where it shows nothing plainly.

    Parameters
    ----------
    image
        MR; of CT nothing can be said.
    liver, spleen
        Maps whose non-zero codes are the organ, on the same grid.

    Raises
    ------
    GeometryMismatchError
        They lie on different grids.
    """
    image.geometry.require_same_grid(liver.geometry, what="the liver map", reference="the image")
    if image.modality is not Modality.MR or not liver.mask().any():
        return ()
    return sequences_of_levels(mr_levels(image, liver, spleen))


def sequences_of_levels(levels: MrLevels) -> tuple[MrSequence, ...]:
    """Return the kinds that grey values fit; empty where they fit none, or too little is known.

    Fluid counts as very bright only above fat, which lies in the spinal canal too. Images weighted
    by diffusion have a bright spleen and dark muscle, as T2 has, but no very bright fluid; in a map
    of diffusion coefficients muscle is above the liver.

    >>> [one.name for one in sequences_of_levels(MrLevels(muscle=0.25, fat=1.9, fluid=5.0))]
    ['T2']
    >>> [one.name for one in sequences_of_levels(MrLevels(muscle=0.7, fat=0.4, fluid=0.4))]
    ['T1']
    >>> sequences_of_levels(MrLevels())
    ()
    """
    fluid, muscle = levels.fluid, levels.muscle
    if fluid is None or muscle is None:
        return ()
    if muscle >= 1.0:
        return (MrSequence(kind=MrKind.ADC),) if fluid >= BRIGHT else ()
    spleen = 1.0 if levels.spleen is None else levels.spleen
    if fluid >= BRIGHT:
        above_fat = levels.fat is not None and fluid >= ABOVE_FAT * levels.fat
        is_t2 = above_fat and muscle < DARK and spleen >= 1.0
        return (MrSequence(kind=MrKind.T2),) if is_t2 else ()
    if muscle >= VERY_DARK:
        return _of_t1(levels) if spleen < BRIGHT else ()
    diffusion = (MrSequence(kind=MrKind.DWI),)
    if levels.spleen is None:
        return (*_of_t1(levels), *diffusion)
    return diffusion if spleen >= SOMEWHAT_BRIGHT else _of_t1(levels)


def _of_t1(levels: MrLevels) -> tuple[MrSequence, ...]:
    """Return T1, with the contrast phases that the spleen leaves."""
    if levels.spleen is None:
        return (MrSequence(kind=MrKind.T1),)
    if levels.spleen < HEPATOBILIARY_SPLEEN:
        phases: tuple[Phase, ...] = (Phase.HEPATOBILIARY,)
    elif levels.spleen < PORTAL_SPLEEN:
        phases = (Phase.UNENHANCED, Phase.DELAYED)
    else:
        phases = (Phase.PORTAL, Phase.ARTERIAL)
    return tuple(MrSequence(kind=MrKind.T1, phase=phase) for phase in phases)


def mr_levels(image: ImageVolume, liver: LabelMap, spleen: LabelMap | None = None) -> MrLevels:
    """Measure what lies around a liver, at its height."""
    grid = liver_band(image.geometry, liver)
    voxels = resample(image.voxels, image.geometry, grid, outside=0.0)
    body = _body(voxels)
    own = float(np.median(image.voxels[liver.mask()]))
    if own <= 0.0:
        return MrLevels()
    inside = None if spleen is None else image.voxels[spleen.mask()]
    return MrLevels(
        muscle=_share(_over_slices(_muscle, voxels, body), own),
        fat=_share(_over_slices(_fat, voxels, body), own),
        fluid=_share(_over_slices(_canal, voxels, body), own),
        spleen=None if inside is None or not inside.size else float(np.median(inside)) / own,
    )


def _share(value: float | None, of: float) -> float | None:
    return None if value is None else value / of


def _body(voxels: Field) -> Mask:
    """Return the patient's body, filled in each axial slice."""
    solid = voxels > body_threshold(voxels)
    largest = cc3d.largest_k(solid, k=1, connectivity=6) > 0
    slices = [ndimage.binary_fill_holes(largest[:, :, k]) for k in range(largest.shape[2])]
    return np.stack(slices, axis=-1)


def _over_slices(
    measure: Callable[[Field, Mask, Places], Field], voxels: Field, body: Mask
) -> float | None:
    """Return the median over slices of what is measured in each; ``None`` where in too few."""
    found = []
    for k in range(voxels.shape[2]):
        inside = body[:, :, k]
        if not inside.any():
            continue
        values = measure(voxels[:, :, k], inside, _depth_mm(inside))
        if values.size >= FEWEST_VOXELS:
            found.append(float(np.median(values)))
    return float(np.median(found)) if len(found) >= FEWEST_SLICES else None


def _depth_mm(inside: Mask) -> Places:
    """Return for every pixel its distance to the left or right of the middle, and from the back."""
    across = np.flatnonzero(inside.any(axis=1))
    middle = (across[0] + across[-1]) / 2.0
    near = slice(max(0, round(middle) - 2), round(middle) + 3)
    back = np.flatnonzero(inside[near].any(axis=0))
    first = back[0] if back.size else 0
    i, j = np.indices(inside.shape)
    return np.stack((np.abs(i - middle), j - first)) * GRID_MM


def _within(values: Places, limits_mm: tuple[float, float]) -> Mask:
    low, high = limits_mm
    found: Mask = (values >= low) & (values <= high)
    return found


def _muscle(plane: Field, inside: Mask, places: Places) -> Field:
    beside, depth = places
    there = _within(beside, MUSCLE_BESIDE_MM) & _within(depth, MUSCLE_DEPTH_MM)
    return plane[inside & there]


def _fat(plane: Field, inside: Mask, places: Places) -> Field:
    del places
    deep = ndimage.distance_transform_edt(inside, sampling=GRID_MM)
    return plane[_within(deep, FAT_DEPTH_MM)]


def _canal(plane: Field, inside: Mask, places: Places) -> Field:
    """Return the brightest core in the spinal canal, as often as a measurement needs."""
    beside, depth = places
    there = inside & (beside <= CANAL_BESIDE_MM) & _within(depth, CANAL_DEPTH_MM)
    if not there.any():
        return plane[:0, 0]
    size = round(CANAL_CORE_MM / GRID_MM) + 1
    return np.full(FEWEST_VOXELS, ndimage.median_filter(plane, size)[there].max(), plane.dtype)
