"""Where in a scan the liver network should look.

The network was trained on fields from the lung base to the hip; given a whole torso it paints
kidney and colon. The field is found in two steps: a window from anatomy (body and lungs), in which
a small field of the network gives a first liver, and then the window around that liver.

All indices are voxels of the coarse image: 3 mm, axes RAS+.
"""

from dataclasses import dataclass

import cc3d
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.boxes import Box, bounding_box
from remnant.core.geometry import DIMENSIONS, Shape3
from remnant.core.volumes import Modality
from segmentation.resample import Floats
from segmentation.seen.mr_intensities import body_threshold

Mask = NDArray[np.bool_]

BODY_HU = -150.0
LUNG_HU = -600.0
COUCH_VOXELS = 2
LARGEST_WINDOW: Shape3 = (163, 136, 136)
ABOVE_DOME = 23
BELOW_TIP = 15
LUNG_SHARE = 0.5
SMALLEST_LUNG_VOXELS = 10_000
STRIDE = 68
CONTINUED_VOXELS = 10
"""How far the body is continued where the scan cuts it: 30 mm."""
SEEN_SHARE = 0.5
"""Of a plane that counts as one of the scan."""


@dataclass(frozen=True, slots=True)
class FirstWindows:
    """Where to look for a first liver.

    ``placed_by_lungs`` is the window below the lungs' base, ``None`` where no lung shows it or the
    body is no taller than a window; the windows of ``cover`` hold the whole height of the body.
    """

    placed_by_lungs: Box | None
    cover: tuple[Box, ...]


def body_box(coarse: Floats, modality: Modality) -> Box:
    """Return the box of the patient's body, couch and air left out.

    The body is the largest component above -150 HU (MR: above 5 % of the intensity range) after an
    opening that cuts a couch off; where nothing is left, the whole image.
    """
    solid = coarse > _body_threshold(coarse, modality)
    core = ndimage.binary_erosion(solid, iterations=COUCH_VOXELS)
    if not core.any():
        core = solid if solid.any() else np.ones_like(solid)
    body = cc3d.largest_k(core, k=1, connectivity=6) > 0
    margin = (COUCH_VOXELS, COUCH_VOXELS, COUCH_VOXELS)
    return bounding_box(body, what="the body", margin=margin)


def first_windows(coarse: Floats, body: Box, modality: Modality) -> FirstWindows:
    """Return the windows in which to look for a first liver.

    Where the body is no taller than a window, one window is the cover.
    """
    bottom, top = body[2].start, body[2].stop
    tall = LARGEST_WINDOW[2]
    i, j = _across(body, coarse.shape)
    ends = dict.fromkeys((*range(top, bottom + tall, -STRIDE), min(top, bottom + tall)))
    cover = tuple((i, j, slice(max(bottom, end - tall), end)) for end in ends)
    dome = _dome(coarse, body) if modality is Modality.CT else None
    if dome is None or top - bottom <= tall:
        return FirstWindows(placed_by_lungs=None, cover=cover)
    end = min(max(dome + ABOVE_DOME, bottom + tall), top)
    return FirstWindows(placed_by_lungs=(i, j, slice(end - tall, end)), cover=cover)


def window_around(liver: Mask, body: Box) -> Box:
    """Return the network's window for a liver: from 45 mm below its tip to 70 mm above its dome."""
    found = bounding_box(liver, what="the first liver")
    low = max(body[2].start, found[2].start - BELOW_TIP)
    high = min(body[2].stop, found[2].stop + ABOVE_DOME, low + LARGEST_WINDOW[2])
    i, j = (
        _shifted(side, seen, largest)
        for side, seen, largest in zip(body[:2], found[:2], LARGEST_WINDOW[:2], strict=True)
    )
    return (i, j, slice(low, high))


def continued(coarse: Floats, body: Box) -> tuple[Floats, Box, Box]:
    """Go on with a scan's outermost planes for 30 mm where it cuts the body.

    The network takes what lies beyond a scan for soft tissue. Where a scan cuts the liver or what
    lies beside it, that looks like more of it, and the network finds less liver and other organs
    instead.

    Parameters
    ----------
    coarse
        The scan.
    body
        Box of the body in it.

    Returns
    -------
    coarse
        The scan with planes added where the body reaches its edge.
    body
        Box of the body, those planes included.
    scan
        Where the scan lies in it.
    """
    longer, further, scan = coarse, list(body), [slice(0, size) for size in coarse.shape]
    for axis, side in enumerate(body):
        seen = np.flatnonzero(_seen_share(coarse, axis) >= SEEN_SHARE)
        if not seen.size:
            continue
        first, last, end = int(seen[0]), int(seen[-1]), coarse.shape[axis] - 1
        low = CONTINUED_VOXELS if side.start <= first else 0
        high = CONTINUED_VOXELS if side.stop > last else 0
        # Planes at the scan's very edge hold nothing where they lie half outside of it.
        before, after = (first if low else 0), (end - last if high else 0)
        inner = longer[_along(axis, slice(before, coarse.shape[axis] - after))]
        widths = [(0, 0)] * coarse.ndim
        widths[axis] = (before + low, after + high)
        longer = np.pad(inner, widths, mode="edge")
        start, stop = (0 if low else side.start), side.stop + low
        further[axis] = slice(start, longer.shape[axis] if high else stop)
        scan[axis] = slice(low, low + coarse.shape[axis])
    return longer, (further[0], further[1], further[2]), (scan[0], scan[1], scan[2])


def _seen_share(coarse: Floats, axis: int) -> NDArray[np.float64]:
    """Return the share of each plane that lies in the scan."""
    others = tuple(other for other in range(coarse.ndim) if other != axis)
    share: NDArray[np.float64] = np.isfinite(coarse).mean(axis=others)
    return share


def _along(axis: int, part: slice) -> Box:
    """Return the box of all that lies in a stretch of an axis."""
    i, j, k = (part if other == axis else slice(None) for other in range(DIMENSIONS))
    return (i, j, k)


def _body_threshold(coarse: Floats, modality: Modality) -> float:
    if modality is Modality.CT:
        return BODY_HU
    return body_threshold(coarse[np.isfinite(coarse)])


def _dome(coarse: Floats, body: Box) -> int | None:
    """Return the slice of the right lung's base, ``None`` where there is no lung.

    Air of the lung is enclosed by the body in every axial slice; the base is the lowest slice with
    half of the right lung's largest cross-section.
    """
    i, j, k = body
    right = slice((i.start + i.stop) // 2, i.stop)
    air = (coarse[right, j, k] < LUNG_HU) & np.isfinite(coarse[right, j, k])
    parts = cc3d.connected_components(air, connectivity=6)
    counts = np.bincount(parts.ravel())
    outer = np.unique(
        np.concatenate((parts[-1].ravel(), parts[:, 0].ravel(), parts[:, -1].ravel()))
    )
    counts[outer], counts[0] = 0, 0
    if counts.max(initial=0) < SMALLEST_LUNG_VOXELS:
        return None
    area = np.count_nonzero(parts == counts.argmax(), axis=(0, 1))
    base = int(np.flatnonzero(area >= LUNG_SHARE * area.max())[0])
    return int(k.start) + base


def _across(body: Box, shape: tuple[int, ...]) -> tuple[slice, slice]:
    i, j = (
        _shifted(side, slice(0, size), largest)
        for side, size, largest in zip(body[:2], shape[:2], LARGEST_WINDOW[:2], strict=True)
    )
    return i, j


def _shifted(side: slice, seen: slice, largest: int) -> slice:
    """Cut a side of the body to a window, about the body's centre but holding what was seen."""
    if side.stop - side.start <= largest:
        return side
    start = (side.start + side.stop - largest) // 2
    if seen.stop - seen.start <= largest:
        start = min(max(start, seen.stop - largest), seen.start)
    start = min(max(start, side.start), side.stop - largest)
    return slice(start, start + largest)
