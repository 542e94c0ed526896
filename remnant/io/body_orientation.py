"""Whether a body lies in a CT as its header says: by spine, lungs and liver in the image alone.

The limits are rules of this project. The table is no evidence: a prone patient lies the other way.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Vector3
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.volumes import ImageVolume, Modality
from remnant.io.intensities import is_air
from remnant.io.intensity_scale import edge_value

THINNED_MM = 6.0
ROUNDING = 0.01
AIR_HU = -1000.0
BODY_HU = -300.0
LUNG_HU = (-950.0, -500.0)
BONE_HU = 180.0
TISSUE_HU = (20.0, 250.0)
TABLE_MM = 6.0
LEAST_BODY_CM2 = 100.0
MOST_CUT_FRACTION = 0.35
MOST_BORDER_FRACTION = 0.25
MOST_FLAT_FRACTION = 0.65
MIDLINE_FRACTION = 0.12
CENTRE_FRACTION = 0.1
LEAST_SPINE_CM2 = 3.0
MOST_OTHER_CM2 = 1.5
SPINE_RATIO = 3.0
LEAST_SPINE_MM = 40.0
LEAST_VOTE_FRACTION = 0.75
LEAST_LUNG_ML = 40.0
LEAST_LUNG_CM2 = 30.0
LEAST_SIDE_FRACTION = 0.15
UPPER_PART = 0.6
LOWER_PART = 0.35
LEAST_TRUNK_MM = 50.0
LEAST_TRUNK_FRACTION = 0.6
LEAST_LIVER_RADIUS_MM = 30.0
LIVER_RATIO = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class Thinned:
    """A coarse copy of a CT with axes to the right, the front and the head of the header.

    ``hu`` has padding as air; ``body`` is the largest connected body without holes.
    """

    hu: NDArray[np.float32]
    spacing_mm: Vector3
    body: NDArray[np.bool_]

    @property
    def pixel_cm2(self) -> float:
        """Area of a voxel in an axial plane."""
        return self.spacing_mm[0] * self.spacing_mm[1] / 100.0


def body_findings(image: ImageVolume) -> tuple[Finding, ...]:
    """Check whether the body lies in a CT as its header says.

    The spine, bone near the midline in most axial planes, must lie behind the body's middle, and
    the lungs above what has no lung. ``UNKNOWN`` where the spine cannot be found, as in a crop, and
    where the thickest soft tissue lies on the left: the liver of a mirrored image or of situs
    inversus, but what is left after a right hepatectomy too. No finding for MR.
    """
    if image.modality is not Modality.CT:
        return ()
    reasons = body_evidence(image)
    wrong = tuple(one for one in reasons if one.cause in WRONG)
    if wrong:
        return (quality_finding("body_orientation", passed=False, reasons=wrong),)
    causes = {one.cause for one in reasons}
    known = Cause.SPINE_BEHIND in causes and Cause.LIVER_ON_LEFT not in causes
    return (quality_finding("body_orientation", passed=known or None, reasons=reasons),)


WRONG = frozenset((Cause.SPINE_IN_FRONT, Cause.LUNGS_BELOW))


def body_evidence(image: ImageVolume) -> tuple[Reason, ...]:
    """Return what a CT shows of front and back, head and feet, left and right, where it does."""
    thinned = _thinned(image)
    if not thinned.body.any():
        return ()
    spine = _front_or_back(thinned)
    # what is left of the middle can be said where the middle is known
    side = None if spine is None else _left_or_right(thinned)
    found = (spine, _head_or_feet(thinned), side)
    return tuple(reason(cause) for cause in found if cause is not None)


def _thinned(image: ImageVolume) -> Thinned:
    geometry = image.geometry
    order = tuple(geometry.world_axes.index(world) for world in range(3))
    signs = (geometry.directions[world, axis] for world, axis in enumerate(order))
    flips = tuple(slice(None, None, 1 if sign > 0 else -1) for sign in signs)
    upright = image.voxels.transpose(order)[flips]
    spacings = [geometry.spacing_mm[axis] for axis in order]
    steps = [max(1, int(THINNED_MM / spacing + ROUNDING)) for spacing in spacings]
    hu = _plane_means(upright, (steps[0], steps[1], steps[2]), edge_value(image.voxels))
    x, y, z = (spacing * step for spacing, step in zip(spacings, steps, strict=True))
    return Thinned(hu, (x, y, z), _body(hu, (x, y, z)))


def _plane_means(
    upright: NDArray[np.generic], steps: tuple[int, int, int], padding: float | None
) -> NDArray[np.float32]:
    """Average blocks of every n-th plane, so that noise does not pass for bone."""
    planes = upright[:, :, steps[2] // 2 :: steps[2]]
    i, j = planes.shape[0] // steps[0], planes.shape[1] // steps[1]
    planes = planes[: i * steps[0], : j * steps[1]]
    if padding is not None and not is_air(padding):
        planes = np.where(planes == padding, AIR_HU, planes)
    blocks = planes.reshape(i, steps[0], j, steps[1], planes.shape[2])
    means: NDArray[np.float32] = blocks.mean(axis=(1, 3), dtype=np.float32)
    return means


def _body(hu: NDArray[np.float32], spacing_mm: Vector3) -> NDArray[np.bool_]:
    """Return the largest part denser than air, freed of the table and filled plane by plane."""
    radius = max(1, round(TABLE_MM / max(spacing_mm[:2])))
    disc = ndimage.iterate_structure(ndimage.generate_binary_structure(2, 1), radius)
    dense = ndimage.binary_opening(hu > BODY_HU, disc[:, :, np.newaxis])
    parts, count = ndimage.label(dense)
    if count == 0:
        return np.zeros(hu.shape, dtype=np.bool_)
    largest = 1 + int(np.bincount(parts.ravel())[1:].argmax())
    cross = ndimage.generate_binary_structure(2, 1)[:, :, np.newaxis]
    filled: NDArray[np.bool_] = ndimage.binary_fill_holes(parts == largest, cross)
    return filled


def _front_or_back(thinned: Thinned) -> Cause | None:
    """Tell on which side of the body's middle the spine is, by the vote of the axial planes."""
    votes = np.array([_vote(thinned, k) for k in range(thinned.hu.shape[2])])
    behind, front = int((votes < 0).sum()), int((votes > 0).sum())
    if max(behind, front) * thinned.spacing_mm[2] < LEAST_SPINE_MM:
        return None
    if max(behind, front) < LEAST_VOTE_FRACTION * (behind + front):
        return None
    return Cause.SPINE_BEHIND if behind > front else Cause.SPINE_IN_FRONT


def _vote(thinned: Thinned, k: int) -> int:
    """Return -1 where bone near the midline lies behind alone, 1 where in front, 0 where unclear.

    Pubis, sternum, contrast medium in the bowel lie in front too: in front counts only where
    nothing lies behind.
    """
    body = thinned.body[:, :, k]
    if body.sum() * thinned.pixel_cm2 < LEAST_BODY_CM2 or _is_cut(body):
        return 0
    x, y = np.nonzero(body)
    bone_x, bone_y = np.nonzero(body & (thinned.hu[:, :, k] > BONE_HU))
    midline = np.abs(bone_x - x.mean()) < MIDLINE_FRACTION * (np.ptp(x) + 1)
    place = (bone_y[midline] - y.mean()) / (np.ptp(y) + 1)
    behind = float((place < -CENTRE_FRACTION).sum()) * thinned.pixel_cm2
    front = float((place > CENTRE_FRACTION).sum()) * thinned.pixel_cm2
    if behind >= max(LEAST_SPINE_CM2, SPINE_RATIO * front):
        return -1
    return int(front >= max(LEAST_SPINE_CM2, SPINE_RATIO * behind) and behind <= MOST_OTHER_CM2)


def _is_cut(body: NDArray[np.bool_]) -> bool:
    """Tell whether a plane shows so little of the body that its middle is not the body's."""
    border = np.concatenate((body[0], body[-1], body[:, 0], body[:, -1]))
    if border.mean() > MOST_CUT_FRACTION:
        return True
    rows = body.sum(axis=0)
    breadth = np.ptp(np.nonzero(body.any(axis=1))[0]) + 1
    ends = rows[rows > 0][[0, -1]]
    # cropped in front or behind, air put around it perhaps
    return bool(
        max(rows[0], rows[-1]) > MOST_BORDER_FRACTION * breadth
        or ends.max() > MOST_FLAT_FRACTION * breadth
    )


def _head_or_feet(thinned: Thinned) -> Cause | None:
    """Tell at which end of the trunk the lungs are."""
    sides = _lung_areas_cm2(thinned)
    areas = sides.sum(axis=0)
    volume_ml = areas.sum() * thinned.spacing_mm[2] / 10.0
    if volume_ml < LEAST_LUNG_ML or areas.max() < LEAST_LUNG_CM2:
        return None
    # what gut holds may have a lung's numbers, but not on both sides alike
    if sides.sum(axis=1).min() < LEAST_SIDE_FRACTION * areas.sum():
        return None
    centre = (areas * (np.arange(areas.size) + 0.5)).sum() / areas.sum() / areas.size
    if centre > UPPER_PART and _has_trunk(thinned, areas):
        return Cause.LUNGS_ABOVE
    below = centre < LOWER_PART and _has_trunk(thinned, areas[::-1], reverse=True)
    return Cause.LUNGS_BELOW if below else None


def _lung_areas_cm2(thinned: Thinned) -> NDArray[np.float64]:
    """Return the area of lung left and right of the body's middle, shape ``(2, planes)``."""
    lung = thinned.body & (thinned.hu > LUNG_HU[0]) & (thinned.hu < LUNG_HU[1])
    # the rim of a gas bubble has a lung's numbers too, but no breadth
    cross = ndimage.generate_binary_structure(2, 1)[:, :, np.newaxis]
    opened = ndimage.binary_opening(lung, cross)
    middle = _middle(thinned)
    sides = [opened[part].sum(axis=(0, 1)) for part in (slice(0, middle), slice(middle, None))]
    areas: NDArray[np.float64] = np.array(sides) * thinned.pixel_cm2
    return areas


def _middle(thinned: Thinned) -> int:
    return round(float(np.nonzero(thinned.body)[0].mean()))


def _has_trunk(thinned: Thinned, areas: NDArray[np.float64], *, reverse: bool = False) -> bool:
    """Tell whether a trunk without lung follows, and not a neck or legs: the abdomen."""
    sizes = thinned.body.sum(axis=(0, 1))[:: -1 if reverse else 1]
    empty = areas < LEAST_LUNG_CM2 / 10
    first = int(empty.argmin()) if not empty.all() else 0
    broad = sizes[:first] >= LEAST_TRUNK_FRACTION * sizes.max()
    return bool(broad.sum() * thinned.spacing_mm[2] >= LEAST_TRUNK_MM)


def _left_or_right(thinned: Thinned) -> Cause | None:
    """Tell on which side the thickest soft tissue is, where it is so on one side alone."""
    depth = _tissue_depth_mm(thinned)
    middle = _middle(thinned)
    left, right = float(depth[:middle].max(initial=0)), float(depth[middle:].max(initial=0))
    if max(left, right) < LEAST_LIVER_RADIUS_MM:
        return None
    if right >= LIVER_RATIO * left:
        return Cause.LIVER_ON_RIGHT
    return Cause.LIVER_ON_LEFT if left >= LIVER_RATIO * right else None


def _tissue_depth_mm(thinned: Thinned) -> NDArray[np.float64]:
    tissue = thinned.body & (thinned.hu > TISSUE_HU[0]) & (thinned.hu < TISSUE_HU[1])
    depth: NDArray[np.float64] = ndimage.distance_transform_edt(tissue, thinned.spacing_mm)
    return depth
