"""What contrast phase a CT looks like: the aorta beside the liver, in Hounsfield units.

The aorta is looked for where it lies, left and in front of the spine at the height of the liver, as
the brightest tissue that is wider than a calcification; it needs no network beside the liver's
outline. Limits are this project's, set so that painted phases of one scan are told apart under
noise (`tests/segmentation/test_seen_phase.py`): this is a hint, to be said as one, and never a
ground for a number. Weak boluses, shunts and hearts that pump little look like another phase.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.boxes import bounding_box, box_geometry
from remnant.core.geometry import Geometry, Shape3
from remnant.core.volumes import ImageVolume, LabelMap, Modality, Phase
from segmentation.resample import resample

GRID_MM: Final = 3.0
BODY_HU, BONE_HU = -300.0, 160.0
MIDDLE_MM: Final = 45.0
"""Half the width beside the body's middle in which the spine lies."""
AORTA_LEFT_MM, AORTA_RIGHT_MM = 40.0, 8.0
AORTA_FRONT_MM, AORTA_BACK_MM = 38.0, 15.0
SPINE_HALF_MM, SPINE_CLEAR_MM = 27.0, 9.0
CORE_MM: Final = 6.0
FEWEST_SLICES: Final = 8
SPINE_DEPTH_MM: Final = 110.0
"""From the spinous process to the front of a vertebral body, at most."""
NEIGHBOURS_MM: Final = 25.0
AIR_HU: Final = -1000.0
UNENHANCED_BELOW_HU: Final = 75.0
ENHANCED_FROM_HU: Final = 85.0
ARTERIAL_FROM_HU: Final = 190.0
ARTERIAL_LEAD_HU: Final = 110.0
VENOUS: Final = (Phase.PORTAL, Phase.DELAYED)
Field = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ContrastLevels:
    """Median Hounsfield units of the aorta and of the liver."""

    aorta_hu: float
    liver_hu: float


def seen_phases(image: ImageVolume, liver: LabelMap) -> tuple[Phase, ...]:
    """Return the phases that a CT may be by its look; empty where it shows none plainly.

    Parameters
    ----------
    image
        CT in HU, on any grid; of another modality nothing can be said.
    liver
        Map whose non-zero codes are the liver, on the same grid.

    Raises
    ------
    GeometryMismatchError
        They lie on different grids.
    """
    image.geometry.require_same_grid(liver.geometry, what="the liver map", reference="the image")
    levels = contrast_levels(image, liver)
    return () if levels is None else phases_of_levels(levels)


def phases_of_levels(levels: ContrastLevels) -> tuple[Phase, ...]:
    """Return the phases by the levels of aorta and liver; portal and delayed are not told apart.

    >>> [[phase.value for phase in phases_of_levels(ContrastLevels(aorta, liver))]
    ...  for aorta, liver in ((45, 55), (310, 70), (150, 105), (80, 60))]
    [['unenhanced'], ['arterial'], ['portal', 'delayed'], []]
    """
    if levels.aorta_hu < UNENHANCED_BELOW_HU:
        return (Phase.UNENHANCED,)
    if levels.aorta_hu < ENHANCED_FROM_HU:
        return ()
    bright = levels.aorta_hu >= ARTERIAL_FROM_HU
    if not bright:
        return VENOUS
    return (Phase.ARTERIAL,) if levels.aorta_hu - levels.liver_hu >= ARTERIAL_LEAD_HU else VENOUS


def contrast_levels(image: ImageVolume, liver: LabelMap) -> ContrastLevels | None:
    """Measure aorta and liver; ``None`` where it is no CT or no spine is found beside the liver."""
    if image.modality is not Modality.CT or not liver.mask().any():
        return None
    grid = liver_band(image.geometry, liver)
    voxels = resample(image.voxels, image.geometry, grid, outside=AIR_HU)
    spine = _spine(voxels)
    levels = (_aorta_in_slice(voxels, k, spine[k]) for k in range(2, len(spine) - 2))
    found = [level for level in levels if level is not None]
    if len(found) < FEWEST_SLICES:
        return None
    inside = image.voxels[liver.mask()]
    return ContrastLevels(float(np.median(found)), float(np.median(inside)))


def spine_fronts(image: ImageVolume, liver: LabelMap) -> NDArray[np.float64] | None:
    """Return the foremost point of the spine's middle at each height of the liver.

    Returns
    -------
    ndarray or None
        RAS mm, shape ``(n, 3)``, upwards, 3 mm apart; ``None`` where no spine is seen on a CT.
    """
    if image.modality is not Modality.CT or not liver.mask().any():
        return None
    grid = liver_band(image.geometry, liver)
    spine = _spine(resample(image.voxels, image.geometry, grid, outside=AIR_HU))
    places = [(one.middle, one.front, k) for k, one in enumerate(spine)]
    return grid.ras_from_index(places) if places else None


def liver_band(geometry: Geometry, liver: LabelMap) -> Geometry:
    """Return an upright grid over the scan's whole width at the height of the liver."""
    near = box_geometry(geometry, bounding_box(liver.codes, what="the liver")).corners_ras()
    low, high = geometry.corners_ras().min(axis=0), geometry.corners_ras().max(axis=0)
    low[2], high[2] = near[:, 2].min(), near[:, 2].max()
    sizes = np.maximum(np.ceil((high - low) / GRID_MM).astype(int) + 1, 1)
    shape: Shape3 = (int(sizes[0]), int(sizes[1]), int(sizes[2]))
    matrix = np.diag((GRID_MM, GRID_MM, GRID_MM, 1.0))
    matrix[:3, 3] = low
    return Geometry(shape, matrix)


@dataclass(frozen=True, slots=True)
class _Spine:
    """Index of a vertebra's middle across, and of its front, on the upright grid."""

    middle: int
    front: int


def _aorta_in_slice(voxels: Field, k: int, spine: _Spine) -> float | None:
    """Return the level of the brightest core left and in front of the spine in a slice."""
    left, right = _steps(AORTA_LEFT_MM), _steps(AORTA_RIGHT_MM)
    back, front = _steps(AORTA_BACK_MM), _steps(AORTA_FRONT_MM)
    i = slice(max(0, spine.middle - left), spine.middle + right + 1)
    j = slice(max(0, spine.front - back), spine.front + front + 1)
    around = voxels[i, j, k - 2 : k + 3]
    if min(around.shape[:2]) < 2 * _steps(CORE_MM) + 1:
        return None
    cores = ndimage.median_filter(around, footprint=_core(), mode="nearest")[:, :, 2]
    across = np.arange(cores.shape[0])[:, None] + i.start - spine.middle
    ahead = np.arange(cores.shape[1])[None, :] + j.start - spine.front
    # a vertebra's spongy bone is as bright as an aorta
    free = (across <= -_steps(SPINE_HALF_MM)) | (ahead >= _steps(SPINE_CLEAR_MM))
    return float(cores[free].max()) if free.any() else None


def _spine(voxels: Field) -> tuple[_Spine, ...]:
    """Find the spine in every axial slice of a band; empty where there is none.

    Its middle across is that of the bone behind the body's middle, its front the foremost bone
    there, each the median of neighbouring slices: vertebrae, discs and ribs alternate.
    """
    body = np.argwhere((voxels > BODY_HU).any(axis=2))
    bone = ndimage.uniform_filter1d(voxels, 3, axis=2) > BONE_HU
    if not len(body) or not bone.any():
        return ()
    middle, depth = int(np.median(body[:, 0])), int(np.median(body[:, 1]))
    near = _steps(MIDDLE_MM)
    low = max(0, middle - near)
    bone = bone[low : middle + near + 1]
    slices = [bone[:, :depth, k] for k in range(bone.shape[2])]
    middles = _over_slices([_middle(plane) + low for plane in slices])
    if not np.isfinite(middles).all():
        return ()
    fronts = _over_slices([_front(bone[:, :, k], int(m) - low) for k, m in enumerate(middles)])
    if not np.isfinite(fronts).all():
        return ()
    return tuple(_Spine(int(m), int(f)) for m, f in zip(middles, fronts, strict=True))


def _front(bone: Mask, middle: int) -> float:
    """Return the foremost bone in the spine's middle, a little to the right, off the aorta."""
    column = bone[middle : middle + _steps(AORTA_RIGHT_MM) + 1]
    behind = np.nonzero(column.any(axis=0))[0]
    if not len(behind):
        return float("nan")
    # the breastbone lies far in front
    reach = behind[behind <= behind[0] + _steps(SPINE_DEPTH_MM)]
    return float(reach.max())


def _middle(bone: Mask) -> float:
    """Return the middle across of the hind half of a slice's bone, off a bright aorta."""
    places = np.argwhere(bone)
    if not len(places):
        return float("nan")
    hind = places[places[:, 1] <= np.median(places[:, 1])]
    return float(np.median(hind[:, 0]))


def _over_slices(values: list[float]) -> NDArray[np.float64]:
    """Return the medians of neighbouring slices; those without a value are left out."""
    every = np.array(values)
    reach = _steps(NEIGHBOURS_MM)
    near = [every[max(0, k - reach) : k + reach + 1] for k in range(len(every))]
    known = [part[np.isfinite(part)] for part in near]
    return np.array([np.median(part) if len(part) else np.nan for part in known])


def _steps(distance_mm: float) -> int:
    return round(distance_mm / GRID_MM)


def _core() -> Mask:
    reach = _steps(CORE_MM)
    offsets = np.indices((2 * reach + 1,) * 3) - reach
    core: Mask = np.linalg.norm(offsets, axis=0) * GRID_MM <= CORE_MM
    return core
