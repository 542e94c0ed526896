"""Where the two trees begin: at the vena cava behind the liver and the portal vein in its hilum.

The vena cava is looked for beside the spine as a wide round of tissue that is as bright as liver
or brighter, the portal vein as the brightest wide vessel that enters the liver away from it. The
liver's own outline is taken to leave both out, as outlines of the whole organ do.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from segmentation.vessels.scene import GRID_MM, Field, Mask, Scene, depth_mm, distance_mm
from segmentation.vessels.tubes import Tubes

CAVA_RIGHT_MM: Final = (-2.0, 50.0)
CAVA_FRONT_MM: Final = (-12.0, 60.0)
"""Where its middle may lie, from the foremost point of the spine's middle..."""
SPINE_HALF_MM, SPINE_CLEAR_MM = 24.0, 8.0
"""... but not in the spine..."""
CAVA_TO_LIVER_MM: Final = 5.0
"""... and its wall no farther from the liver than this: the aorta is."""
CAVA_RADIUS_MM: Final = (5.0, 16.0)
CAVA_UPPER_SHARE: Final = 0.7
"""Of the liver's height; what lies below is kidney, duodenum and vessels of mixed brightness."""
DARKER_HU, BRIGHTER_HU = 15.0, 110.0
STEP_VOXELS: Final = 2
FEWEST_SLICES: Final = 10
CAVA_EVEN_HU: Final = 35.0
WALL_MM: Final = 3.0
MOUTH_MM: Final = 9.0
"""From the vena cava's wall to where hepatic veins are surely those."""
MOUTH_SHARE: Final = 0.6
"""Of the liver's height; the hepatic veins of the caudate lobe and of variants come in lower."""
CLEAR_OF_CAVA_MM: Final = 5.0
TRUNK_RADIUS_MM: Final = 3.0
TRUNK_HEIGHTS: Final = (0.15, 0.75)
TRUNK_CONTACT_MM: Final = 8.0
"""From the core of a trunk to the vessels that it goes on in."""
LEAST_OF_WIDEST: Final = 0.6
TRUNK_RIGHT_MM: Final = (-40.0, 50.0)
TRUNK_FRONT_MM: Final = (-12.0, 90.0)
"""Where a trunk may lie, from the foremost point of the spine's middle: kidneys lie behind."""
TRUNK_TO_LIVER_MM: Final = 15.0
LEVEL_QUANTILE: Final = 0.8
HALF: Final = 0.5
Range = tuple[float, float]
BRIGHTEST_TIMES: Final = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Roots:
    """Vessel voxels that surely belong to one tree; either may be empty.

    Parameters
    ----------
    portal, hepatic
        Within the vessels found.
    great
        The great vessels outside the liver, with their walls.
    cava_mm
        Middle of the vena cava in RAS mm and its radius, shape ``(n, 4)``, upwards; of no row where
        it is not seen.
    """

    portal: Mask
    hepatic: Mask
    great: Mask
    cava_mm: NDArray[np.float64]


def find_roots(
    scene: Scene, tubes: Tubes, vessels: Mask, spine_mm: NDArray[np.float64] | None
) -> Roots:
    """Find where the trees begin.

    Parameters
    ----------
    scene, tubes, vessels
        The scan, what looks like a tube in it, and the vessels found.
    spine_mm
        See `segmentation.seen.phase.spine_fronts`; without it no vena cava is looked for.
    """
    cava = np.empty((0, 4)) if spine_mm is None else _cava(scene, tubes, spine_mm)
    to_cava = _distance_to(cava, scene)
    radius = depth_mm(vessels)
    low, high = _heights(scene.liver)
    upper = np.zeros(vessels.shape, dtype=bool)
    upper[:, :, low + int(MOUTH_SHARE * (high - low)) :] = True
    hepatic = vessels & (to_cava <= MOUTH_MM) & upper
    trunk = (
        np.zeros_like(upper) if spine_mm is None else _outer_trunk(scene, tubes, vessels, spine_mm)
    )
    portal = _portal(scene, vessels, trunk, (to_cava, radius))
    great = (to_cava <= WALL_MM) | (distance_mm(trunk) <= TRUNK_RADIUS_MM + WALL_MM)
    return Roots(portal & ~hepatic, hepatic, great, cava)


def _heights(liver: Mask) -> tuple[int, int]:
    levels = np.flatnonzero(liver.any(axis=(0, 1)))
    return int(levels[0]), int(levels[-1])


def _cava(scene: Scene, tubes: Tubes, spine_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the vena cava's middle and radius in the upper part of the liver's height."""
    low, high = _heights(scene.liver)
    first = low + int((1 - CAVA_UPPER_SHARE) * (high - low))
    hu = ndimage.gaussian_filter(scene.hu, 1.0)
    rise = hu - np.float32(tubes.parenchyma_hu)
    tissue = ~scene.liver & (rise > -DARKER_HU) & (rise < BRIGHTER_HU)
    allowed = _beside_spine(scene, spine_mm, CAVA_RIGHT_MM, CAVA_FRONT_MM)
    allowed &= ~_beside_spine(
        scene, spine_mm, (-SPINE_HALF_MM, SPINE_HALF_MM), (-np.inf, SPINE_CLEAR_MM)
    )
    least, widest = CAVA_RADIUS_MM
    scores = []
    for k in range(first, high + 1):
        inscribed = depth_mm(tissue[:, :, k])
        away = distance_mm(scene.liver[:, :, k])
        near = away - inscribed <= CAVA_TO_LIVER_MM
        scores.append(np.where(allowed[:, :, k] & near, np.minimum(inscribed, widest), 0.0))
    course = _best_course(np.array(scores))
    radii = np.array([score[tuple(place)] for score, place in zip(scores, course, strict=True)])
    index = np.column_stack((course, np.arange(first, high + 1)))
    sure = (radii >= least) & _even(hu[tuple(index.T)], radii >= least)
    if sure.sum() < FEWEST_SLICES:
        return np.empty((0, 4))
    return np.column_stack((scene.grid.ras_from_index(index), radii))[sure]


def _even(levels_hu: Field, wide: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return where a course is as bright as in most of its wide places: it has not strayed."""
    if not wide.any():
        return wide
    even: NDArray[np.bool_] = np.abs(levels_hu - np.median(levels_hu[wide])) <= CAVA_EVEN_HU
    return even


def _window(scene: Scene, front_mm: NDArray[np.float64], right_mm: Range, ahead_mm: Range) -> Mask:
    """Return which places of a slice lie so far to the right and to the front of a point."""
    x, y = (
        scene.grid.affine_ras[axis, 3]
        + GRID_MM * np.arange(scene.grid.shape[axis])
        - front_mm[axis]
        for axis in range(2)
    )
    across = (x >= right_mm[0]) & (x <= right_mm[1])
    along = (y >= ahead_mm[0]) & (y <= ahead_mm[1])
    window: Mask = across[:, None] & along[None, :]
    return window


def _beside_spine(scene: Scene, spine_mm: NDArray[np.float64], right: Range, ahead: Range) -> Mask:
    """Return the windows beside the spine in all slices, each from the spine's nearest point."""
    heights = scene.grid.affine_ras[2, 3] + GRID_MM * np.arange(scene.grid.shape[2])
    fronts = [spine_mm[np.abs(spine_mm[:, 2] - z).argmin()] for z in heights]
    return np.stack([_window(scene, front, right, ahead) for front in fronts], axis=2)


def _best_course(scores: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the places, one a slice and near each other, whose scores sum to the most."""
    size = 2 * STEP_VOXELS + 1
    sums = [scores[0]]
    for score in scores[1:]:
        sums.append(score + ndimage.maximum_filter(sums[-1], size=size, mode="constant"))
    place = np.unravel_index(int(sums[-1].argmax()), scores.shape[1:])
    course = [(int(place[0]), int(place[1]))]
    for total in reversed(sums[:-1]):
        lows = [max(0, int(p) - STEP_VOXELS) for p in course[-1]]
        near = total[lows[0] : lows[0] + size, lows[1] : lows[1] + size]
        step = np.unravel_index(int(near.argmax()), near.shape)
        course.append((lows[0] + int(step[0]), lows[1] + int(step[1])))
    return np.array(course[::-1])


def _distance_to(cava: NDArray[np.float64], scene: Scene) -> Field:
    """Return the distance of every voxel to the vena cava's wall, infinite without one."""
    if not len(cava):
        return np.full(scene.grid.shape, np.inf, dtype=np.float32)
    lumen = np.zeros(scene.grid.shape, dtype=bool)
    i, j = np.ogrid[: scene.grid.shape[0], : scene.grid.shape[1]]
    index = scene.grid.index_from_ras(cava[:, :3])
    for (x, y, z), radius in zip(index, cava[:, 3], strict=True):
        lumen[:, :, round(z)] |= np.hypot(i - x, j - y) * GRID_MM <= radius
    return distance_mm(lumen)


def _portal(scene: Scene, vessels: Mask, trunk: Mask, known: tuple[Field, Field]) -> Mask:
    """Return the vessels' widest voxels near a trunk outside the liver.

    Where none is seen outside, the liver's outline may hold the trunk: then it is the widest place.
    """
    to_cava, radius = known
    low, high = _heights(scene.liver)
    bottom, top = (low + int(share * (high - low)) for share in TRUNK_HEIGHTS)
    within = vessels & (to_cava > CLEAR_OF_CAVA_MM)
    within[:, :, :bottom] = within[:, :, top + 1 :] = False
    away = distance_mm(trunk & (to_cava > CLEAR_OF_CAVA_MM))
    near = within & (away <= TRUNK_CONTACT_MM)
    if not near.any():
        near = _round_widest(within & (radius >= TRUNK_RADIUS_MM), radius)
    widest = float(radius[near].max(initial=0.0))
    return near & (radius >= LEAST_OF_WIDEST * widest)


def _round_widest(mask: Mask, radius: Field) -> Mask:
    """Return what of a mask lies around its widest place."""
    if not mask.any():
        return mask
    widest = np.zeros_like(mask)
    widest[np.unravel_index(int(np.where(mask, radius, 0.0).argmax()), mask.shape)] = True
    return mask & (distance_mm(widest) <= TRUNK_CONTACT_MM)


def _outer_trunk(scene: Scene, tubes: Tubes, vessels: Mask, spine_mm: NDArray[np.float64]) -> Mask:
    """Return the cores of what, beside the liver, is as bright and as wide as a portal trunk."""
    if not vessels.any():
        return vessels
    level = float(np.quantile(tubes.contrast_hu[vessels], LEVEL_QUANTILE))
    rise = ndimage.gaussian_filter(scene.hu, 1.0 / GRID_MM) - np.float32(tubes.parenchyma_hu)
    bright = ~scene.liver & (rise >= HALF * level) & (rise <= BRIGHTEST_TIMES * level)
    wide = depth_mm(bright) >= TRUNK_RADIUS_MM
    near = distance_mm(scene.liver) <= TRUNK_TO_LIVER_MM
    trunk: Mask = wide & near & _beside_spine(scene, spine_mm, TRUNK_RIGHT_MM, TRUNK_FRONT_MM)
    return trunk
