"""Closed polygons on a grid of pixels, by the even-odd rule at pixel centres."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
DECIMALS: Final = 6
"""Places to which pixel coordinates are rounded, so that rounding moves no edge off a centre."""
MOST_CROSSINGS: Final = 4_000_000
MOST_COMPARED: Final = 64
"""Polygons of one plane up to which each is compared with each."""


@dataclass(frozen=True, slots=True)
class Overlaps:
    """How the polygons of one plane lie to each other.

    ``nested`` counts polygons within another, ``crossing_pixels`` pixels in two polygons that fill
    the same pixels, or neither of which holds the other.
    """

    nested: int = 0
    crossing_pixels: int = 0


def filled(polygons: Sequence[Points], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Fill polygons: a pixel belongs where a ray from its centre meets their edges an odd time.

    So a polygon within another is a hole, one within that an island, and a keyhole contour (an
    outer and an inner outline joined by a channel of no width) leaves its hole open. A centre on an
    edge belongs to one side of it only, so that polygons that share an edge share no pixel.

    Parameters
    ----------
    polygons
        Corners in pixel indices (centres are whole numbers), each of shape ``(n, 2)``; closed by
        themselves. What reaches outside the grid is cut off.
    shape
        Pixels along both axes.

    Returns
    -------
    numpy.ndarray
        Of shape ``shape``.
    """
    flips = np.zeros((shape[0] + 1, shape[1]), np.uint8)
    for polygon in polygons:
        for first, row in _crossings(np.round(polygon, DECIMALS), shape):
            np.add.at(flips, (first, row), 1)
    inside: NDArray[np.bool_] = np.cumsum(flips, axis=0, dtype=np.uint8)[:-1] % 2 == 1
    return inside


def _crossings(
    polygon: Points, shape: tuple[int, int]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield the first pixel beyond each meeting of an edge with a row of centres, and the row."""
    ends = np.stack((polygon, np.roll(polygon, -1, axis=0)), axis=1)
    block = max(1, MOST_CROSSINGS // max(1, shape[1]))
    for start in range(0, len(ends), block):
        edges = ends[start : start + block]
        low, high = edges[:, :, 1].min(axis=1), edges[:, :, 1].max(axis=1)
        # an edge meets the rows from its lower end on, and not that of its upper end
        begin = np.clip(np.ceil(low), 0, shape[1]).astype(np.intp)
        count = np.clip(np.ceil(high), 0, shape[1]).astype(np.intp) - begin
        of_edge = np.repeat(np.arange(len(edges)), count)
        row = np.arange(of_edge.size) - np.repeat(np.cumsum(count) - count, count) + begin[of_edge]
        yield _first_beyond(edges[of_edge], row, shape[0]), row


def _first_beyond(edges: Points, row: NDArray[np.intp], size: int) -> NDArray[np.intp]:
    # taken from the same end whatever the direction, so that shared edges cut alike
    turned = edges[:, 0, 1] > edges[:, 1, 1]
    a = np.where(turned[:, None], edges[:, 1], edges[:, 0])
    b = np.where(turned[:, None], edges[:, 0], edges[:, 1])
    at = a[:, 0] + (row - a[:, 1]) * (b[:, 0] - a[:, 0]) / (b[:, 1] - a[:, 1])
    beyond: NDArray[np.intp] = np.clip(np.ceil(np.round(at, DECIMALS)), 0, size).astype(np.intp)
    return beyond


def overlaps(polygons: Sequence[Points], shape: tuple[int, int]) -> Overlaps:
    """Tell how polygons of one plane lie to each other, by the pixels that each fills."""
    if not 1 < len(polygons) <= MOST_COMPARED:
        return Overlaps()
    masks = [filled([polygon], shape) for polygon in polygons]
    if not (np.sum(masks, axis=0, dtype=np.uint8) > 1).any():
        return Overlaps()
    nested, crossing = set(), np.zeros(shape, bool)
    for n, one in enumerate(masks):
        for m, other in enumerate(masks[:n]):
            shared = one & other
            if not shared.any():
                continue
            inner, outer = _is_whole(shared, one), _is_whole(shared, other)
            # two that fill the same pixels leave none: a thin ring, or one outline drawn twice
            if inner == outer:
                crossing |= shared
            else:
                nested.add(n if inner else m)
    return Overlaps(len(nested), int(np.count_nonzero(crossing)))


def _is_whole(shared: NDArray[np.bool_], whole: NDArray[np.bool_]) -> bool:
    return bool(np.array_equal(shared, whole))


def without_copies(polygons: Sequence[Points]) -> list[Points]:
    """Return polygons without those that repeat another one, from whatever corner they start."""
    kept: dict[Any, Points] = {}
    for polygon in polygons:
        corners = np.round(polygon, DECIMALS)
        kept.setdefault(np.sort(corners, axis=0).tobytes(), polygon)
    return list(kept.values())
