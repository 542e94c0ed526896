"""Triangles seen from one side, pixel by pixel: which one lies in front, and how bright it is.

Looked up once for a side, the same picture can be coloured many times.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

NOTHING: Final = -1
OUTSIDE: Final = -1e-4
"""Least weight of a corner that still counts as inside: no gap opens between neighbours."""
MOST_PIXELS: Final = 1_000_000
HALF: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """What is seen of triangles, shape ``(rows, columns)``.

    Parameters
    ----------
    face
        Number of the foremost triangle of each pixel, -1 where there is none.
    shade
        Its brightness there, from those of its corners.
    planes
        Of ``m`` triangles the weights of the second and the third corner at a place, as factors of
        its column, its row and 1: shape ``(m, 2, 3)``.
    """

    face: NDArray[np.int32]
    shade: NDArray[np.float32]
    planes: NDArray[np.float64]

    def values(self, places: NDArray[np.intp], corners: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what the triangles hold at pixels, between what they hold at their corners.

        Parameters
        ----------
        places
            Positions of pixels with a triangle in the flattened raster, shape ``(n,)``.
        corners
            Of each of ``m`` triangles and each of its corners some numbers, shape ``(m, 3, c)``.

        Returns
        -------
        ndarray
            Shape ``(n, c)``.
        """
        face = self.face.ravel()[places]
        row, column = np.divmod(places, self.face.shape[1])
        across, down, level = (part[face] for part in _along(self.planes, corners))
        found: NDArray[np.float64] = (
            across * (column + HALF)[:, None] + down * (row + HALF)[:, None] + level
        )
        return found


def squared(fine: NDArray[Any], finer: int) -> Iterator[NDArray[Any]]:
    """Give every ``finer``-th pixel of every ``finer``-th row, from each first one on."""
    for down in range(finer):
        for right in range(finer):
            yield fine[down::finer, right::finer]


@dataclass(frozen=True, slots=True, eq=False)
class _Spans:
    """Pixels of triangles that lie side by side in one row, in the order of drawing."""

    face: NDArray[np.intp]
    row: NDArray[np.intp]
    first: NDArray[np.intp]
    length: NDArray[np.intp]

    def __getitem__(self, part: slice | NDArray[np.bool_]) -> "_Spans":
        return _Spans(self.face[part], self.row[part], self.first[part], self.length[part])


def rasterised(
    corners: NDArray[np.float64], shades: NDArray[np.float64], size: tuple[int, int]
) -> Raster:
    """Look up the foremost triangle of every pixel.

    Parameters
    ----------
    corners
        Of ``m`` triangles the column, the row and the nearness to the reader of each corner, shape
        ``(m, 3, 3)``; the centre of the first pixel lies at 0.5, 0.5.
    shades
        Brightness of each corner, shape ``(m, 3)``.
    size
        Rows and columns of the raster.

    Returns
    -------
    Raster
        Triangles are laid one over the other from far to near by the mean of their corners, which
        is exact where none passes through another.
    """
    planes = _planes(corners)
    spans = _spans(corners, planes, np.argsort(corners[:, :, 2].mean(axis=1)), size)
    foremost = np.full(size[0] * size[1], NOTHING, np.int32)
    for start, part in _parts(spans):
        before = np.cumsum(part.length) - part.length
        begin = part.row * size[1] + part.first - before
        places = np.repeat(begin, part.length) + np.arange(part.length.sum())
        # of several spans on one pixel the last assigned, and so the nearest, stays
        foremost[places] = np.repeat(np.arange(start, start + len(part.length)), part.length)
    face, shade = np.full(foremost.shape, NOTHING, np.int32), np.zeros(foremost.shape, np.float32)
    there = np.flatnonzero(foremost != NOTHING)
    span = foremost[there]
    face[there] = spans.face[span]
    across, down, level = (part[spans.face, 0] for part in _along(planes, shades[:, :, None]))
    at_edge = down * (spans.row + HALF) + level - across * (spans.row * size[1] - HALF)
    shade[there] = across[span] * there + at_edge[span]
    return Raster(face.reshape(size), shade.reshape(size), planes)


def _along(
    planes: NDArray[np.float64], corners: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return how values change across a triangle and down it, and what they are at 0, 0.

    Of ``(m, 3, c)`` values at corners each is ``(m, c)``.
    """
    a, b, c = np.moveaxis(corners, 1, 0)
    of_b, of_c = (planes[:, n, :, None] for n in range(2))
    across, down, level = np.moveaxis(of_b * (b - a)[:, None] + of_c * (c - a)[:, None], 1, 0)
    return across, down, level + a


def _planes(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights of corners over the picture; of a triangle seen edge on they are NaN."""
    (ax, ay), (bx, by), (cx, cy) = np.moveaxis(corners[:, :, :2], (1, 2), (0, 1))
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    area[area == 0.0] = np.nan
    of_b = np.stack((cy - ay, ax - cx, cx * ay - ax * cy))
    of_c = np.stack((ay - by, bx - ax, ax * by - bx * ay))
    return np.moveaxis(np.stack((of_b, of_c)) / area, 2, 0)


def _spans(
    corners: NDArray[np.float64],
    planes: NDArray[np.float64],
    order: NDArray[np.intp],
    size: tuple[int, int],
) -> _Spans:
    """Cut triangles into spans: in each row the pixels at whose centres no weight is below 0."""
    rows, columns = size
    low = np.clip(np.ceil(corners[order, :, 1].min(axis=1) - HALF), 0, rows).astype(np.intp)
    high = np.clip(np.floor(corners[order, :, 1].max(axis=1) - HALF) + 1, low, rows)
    count = high.astype(np.intp) - low
    face = np.repeat(order, count)
    row = np.repeat(low - (np.cumsum(count) - count), count) + np.arange(count.sum())
    left, right = _ends(planes[face], row + HALF)
    first = np.ceil(np.clip(left - HALF, 0, columns)).astype(np.intp)
    last = np.floor(np.clip(right - HALF, -1, columns - 1)).astype(np.intp)
    spans = _Spans(face, row, first, last - first + 1)
    return spans[spans.length > 0]


def _ends(
    planes: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return from where to where along a row all three weights are not below 0."""
    left, right = np.full(len(y), -np.inf), np.full(len(y), np.inf)
    of_b, of_c = planes[:, 0], planes[:, 1]
    for across, down, level in (of_b.T, of_c.T, ((0.0, 0.0, 1.0) - of_b - of_c).T):
        with np.errstate(divide="ignore", invalid="ignore"):
            end = (OUTSIDE - down * y - level) / across
        left = np.where(across > 0.0, np.fmax(left, end), left)
        right = np.where(across < 0.0, np.fmin(right, end), right)
        inside = (across != 0.0) | (down * y + level >= OUTSIDE)
        right = np.where(inside & np.isfinite(across), right, -np.inf)
    return left, right


def _parts(spans: _Spans) -> Iterator[tuple[int, _Spans]]:
    """Give runs of spans, each with the number of its first one, that fit into little memory."""
    ends = np.cumsum(spans.length)
    cuts = np.searchsorted(ends, np.arange(0, ends[-1] if len(ends) else 0, MOST_PIXELS))
    for start, stop in pairwise([*cuts.tolist(), len(ends)]):
        yield start, spans[start:stop]
