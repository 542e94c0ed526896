"""Triangles seen from one side, pixel by pixel: which one lies in front, and how bright it is.

Looked up once for a camera, the same picture can be coloured many times.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

MOST_PIXELS: Final = 400_000
NOTHING: Final = -1
INSIDE: Final = np.float32(-1e-4)
"""Part of a triangle by which a pixel may lie outside it: no gap opens between neighbours."""


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """What is seen of triangles, shape ``(rows, columns)``.

    ``face`` is the number of the foremost triangle, -1 where there is none; ``shade`` its
    brightness there, from those of its corners.
    """

    face: NDArray[np.int32]
    shade: NDArray[np.float32]

    def painted(
        self, colours: NDArray[np.float32], finer: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return colours and coverage in [0, 1], averaged over squares of ``finer`` pixels.

        ``colours`` ``(m, 3)`` are those of the triangles; coverage has a third axis of one.
        """
        there = self.face != NOTHING
        seen = np.zeros((*self.face.shape, 3), np.float32)
        seen[there] = colours[self.face[there]] * self.shade[there][:, None]
        cover = _averaged(there[..., None], finer)
        return _averaged(seen, finer) / np.maximum(cover, np.float32(1e-6)), cover


def _averaged(pixels: NDArray[np.float32] | NDArray[np.bool_], finer: int) -> NDArray[np.float32]:
    rows, columns, channels = pixels.shape
    squares = pixels.reshape(rows // finer, finer, columns // finer, finer, channels)
    averaged: NDArray[np.float32] = squares.mean(axis=(1, 3), dtype=np.float32)
    return averaged


def rasterised(
    corners: NDArray[np.float32], shades: NDArray[np.float32], size: tuple[int, int]
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
    face = np.full(size, NOTHING, np.int32)
    shade = np.zeros(size, np.float32)
    order = np.argsort(corners[:, :, 2].mean(axis=1))
    first, extent = _boxes(corners[order], size)
    for part in _parts(extent.prod(axis=1)):
        chosen = order[part]
        owner, places, weights = _pixels(corners[chosen], first[part], extent[part])
        # of several triangles on one pixel the last assigned, and so the nearest, stays
        face[places] = chosen[owner]
        shade[places] = np.einsum("nc,nc->n", weights, shades[chosen][owner])
    return Raster(face, shade)


def _boxes(
    corners: NDArray[np.float32], size: tuple[int, int]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the first pixel, column and row, and the extent of the box of every triangle."""
    most = np.array(size[::-1])
    low = np.clip(np.ceil(corners[:, :, :2].min(axis=1) - 0.5), 0, most)
    high = np.clip(np.floor(corners[:, :, :2].max(axis=1) - 0.5) + 1, low, most)
    return low.astype(np.int32), (high - low).astype(np.int32)


def _parts(pixels: NDArray[np.int32]) -> Iterator[slice]:
    """Cut the triangles into runs of so many pixels that they stay near the processor."""
    total = np.cumsum(pixels, dtype=np.int64)
    start = 0
    while start < len(total):
        done = total[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(total, done + MOST_PIXELS, "right")))
        yield slice(start, stop)
        start = stop


def _pixels(
    corners: NDArray[np.float32], first: NDArray[np.int32], extent: NDArray[np.int32]
) -> tuple[NDArray[np.intp], tuple[NDArray[np.int32], NDArray[np.int32]], NDArray[np.float32]]:
    """Return all pixels inside of each triangle in turn: its number, row and column, weights.

    The weights ``(n, 3)`` are those of the corners at the pixel's centre.
    """
    pixels = extent.prod(axis=1)
    owner = np.repeat(np.arange(len(pixels)), pixels)
    within = np.arange(len(owner), dtype=np.int32) - np.repeat(
        np.cumsum(pixels, dtype=np.int32) - pixels, pixels
    )
    down, across = np.divmod(within, extent[owner, 0])
    column, row = first[owner, 0] + across, first[owner, 1] + down
    weights = _weights(corners, owner, column, row)
    inside = (weights >= INSIDE).all(axis=1)
    return owner[inside], (row[inside], column[inside]), weights[inside]


def _weights(
    corners: NDArray[np.float32],
    owner: NDArray[np.intp],
    column: NDArray[np.int32],
    row: NDArray[np.int32],
) -> NDArray[np.float32]:
    """Return how much each corner counts at a pixel's centre: a plane over the picture for each."""
    a, b, c = (corners[:, n, :2] for n in range(3))
    (ux, uy), (vx, vy) = (b - a).T, (c - a).T
    area = ux * vy - uy * vx
    area = np.where(np.abs(area) > 1e-6, area, np.inf).astype(np.float32)
    x = column + np.float32(0.5) - a[owner, 0]
    y = row + np.float32(0.5) - a[owner, 1]
    of_b = x * (vy / area)[owner] - y * (vx / area)[owner]
    of_c = y * (ux / area)[owner] - x * (uy / area)[owner]
    return np.stack((np.float32(1.0) - of_b - of_c, of_b, of_c), axis=1)
