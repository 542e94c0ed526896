"""Segments in the report's pictures: borders as lines, numerals, and planes that show them well."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.geometry import Vector3, vector3
from remnant.core.labels import CouinaudSegment
from remnant.core.volumes import LabelMap
from remnant.pictures.drawing import HALF, deepest, write
from remnant.pictures.palette import BORDER_COLOUR, SEGMENT_COLOURS
from remnant.pictures.planes import LabelSample, View

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SEGMENT_ALPHA: Final = 0.15
NUMERAL_SIZE: Final = 10.0
FEWEST_PIXELS: Final = 250
SLAB_MM: Final = 2.5
THIN_MM: Final = 2.0
FRONT_AXIS: Final = 1
UPPER: Final = ((CouinaudSegment.VII, CouinaudSegment.VIII), (CouinaudSegment.II,))
LOWER: Final = ((CouinaudSegment.V, CouinaudSegment.VI), (CouinaudSegment.III,))
OUTSIDE: Final = -1.0
SMOOTHING_PIXELS: Final = 1.5
UNDER_ALPHA: Final = 0.75


@dataclass(frozen=True, slots=True)
class Cut:
    """A plane of the body through a point, and what it is called."""

    view: View
    centre_ras_mm: Vector3
    title: str


def border_cuts(couinaud: LabelMap) -> Iterator[Cut]:
    """Choose planes that show the borders: axial above and below the portal level, and coronal.

    The axial ones lie at the mean height of the upper and of the lower right segments (of II and
    III where these are missing); the coronal one where many segments are seen well. A map without
    any segment gives none.
    """
    points, segments = thinned(couinaud)
    if not len(points):
        return
    for pairs in (UPPER, LOWER):
        known = [[s for s in pair if (segments == s).any()] for pair in pairs]
        shown = next((pair for pair in known if pair), None)
        if shown is not None:
            centre = points[np.isin(segments, shown)].mean(axis=0)
            names = " and ".join(segment.name for segment in shown)
            yield Cut(View.AXIAL, vector3(centre), f"Axial at the height of {names}")
    middle = points.mean(axis=0)
    middle[FRONT_AXIS] = richest_mm(points[:, FRONT_AXIS], segments)
    yield Cut(View.CORONAL, vector3(middle), "Coronal where many segments are seen")


def thinned(couinaud: LabelMap) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Return places in RAS mm and codes of segment voxels, at most one in every 2 mm."""
    steps = [max(1, int(THIN_MM / spacing)) for spacing in couinaud.geometry.spacing_mm]
    codes = couinaud.codes[tuple(slice(None, None, step) for step in steps)]
    index = np.argwhere(codes > 0)
    return couinaud.geometry.ras_from_index(index * steps), codes[tuple(index.T)]


def richest_mm(places_mm: NDArray[np.float64], segments: NDArray[Any]) -> float:
    """Return the middle of the slab whose segments' roots of volume have the largest sum.

    The root makes a segment more count for more than the same volume added to one that is seen.
    """
    slabs = np.floor((places_mm - places_mm.min()) / SLAB_MM).astype(np.intp)
    voxels = np.zeros((int(slabs.max()) + 1, int(segments.max()) + 1))
    np.add.at(voxels, (slabs, segments.astype(np.intp)), 1.0)
    best = int(np.sqrt(voxels).sum(axis=1).argmax())
    return float(places_mm.min() + (best + HALF) * SLAB_MM)


def draw_segments(
    axes: "Axes", sample: LabelSample, *, free: NDArray[np.bool_], style: str
) -> list[CouinaudSegment]:
    """Tint the segments, draw the lines between them and number every part that is large enough.

    Numerals stand where no lesion lies (``free``) if there is such a place. Returns what is cut.
    """
    codes = sample.present()
    shares = {code: sample.share(code) for code in codes}
    for code, share in shares.items():
        colour = SEGMENT_COLOURS[CouinaudSegment(code)]
        axes.contourf(share, levels=(HALF, 2.0), colors=[colour], alpha=SEGMENT_ALPHA)
    smooth = [ndimage.gaussian_filter(shares[code], SMOOTHING_PIXELS) for code in codes]
    _draw_borders(axes, smooth, sample.share(), style=style)
    nearest = sample.nearest()
    for code in codes:
        for part in _parts(nearest == code):
            row, column = deepest(part & free if (part & free).any() else part)
            _number(axes, column, row, CouinaudSegment(code))
    return [CouinaudSegment(code) for code in codes]


def _draw_borders(
    axes: "Axes", shares: list[NDArray[np.float32]], mapped: NDArray[np.float32], *, style: str
) -> None:
    """Draw each border once: where a segment and one of the later ones have equal shares.

    The shares are smoothed by about a millimetre: the steps of the voxels are not the border.
    """
    for number, share in enumerate(shares[:-1]):
        later = np.max(shares[number + 1 :], axis=0)
        earlier = np.max(shares[:number], axis=0, initial=OUTSIDE)
        hidden = (mapped < HALF) | (earlier > np.maximum(share, later))
        height = np.ma.masked_array(share - later, mask=hidden)
        if height.count() and height.max() > 0.0 > height.min():
            axes.contour(height, levels=(0.0,), colors=["black"], linewidths=2.4, alpha=UNDER_ALPHA)
            axes.contour(
                height, levels=(0.0,), colors=[BORDER_COLOUR], linewidths=1.2, linestyles=style
            )


def _parts(mask: NDArray[np.bool_]) -> Iterator[NDArray[np.bool_]]:
    """Give the connected parts that are large enough for a numeral, at least the largest."""
    labels, _ = ndimage.label(mask)
    sizes = np.bincount(labels.ravel())[1:]
    for number, size in enumerate(sizes, start=1):
        if size >= min(FEWEST_PIXELS, sizes.max()):
            yield labels == number


def _number(axes: "Axes", column: int, row: int, segment: CouinaudSegment) -> None:
    colour = SEGMENT_COLOURS[segment]
    write(axes, column, row, segment.name, colour=colour, size=NUMERAL_SIZE)
