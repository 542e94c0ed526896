"""Segments in the report's pictures: borders as lines, numerals, and planes that show them well."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.geometry import Vector3, vector3
from remnant.core.labels import CouinaudSegment
from remnant.core.volumes import LabelMap
from remnant.pictures.drawing import HALF, Fill, Line, Sketch, contours, deepest
from remnant.pictures.palette import BORDER_COLOUR, SEGMENT_COLOURS
from remnant.pictures.planes import LabelSample, View
from remnant.pictures.points import places_ras
from remnant.wording.language import say

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
UNDER_COLOUR: Final = "#000000"


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
            names = say(" and ").join(segment.name for segment in shown)
            yield Cut(
                View.AXIAL, vector3(centre), say("Axial at the height of {names}", names=names)
            )
    middle = points.mean(axis=0)
    middle[FRONT_AXIS] = richest_mm(points[:, FRONT_AXIS], segments)
    yield Cut(View.CORONAL, vector3(middle), say("Coronal where many segments are seen"))


def thinned(
    labels: LabelMap, wanted: tuple[int, ...] = ()
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Return places in RAS mm and codes of voxels, at most one in every 2 mm.

    Of ``wanted`` codes alone, or of all above 0 where none is given.
    """
    steps = [max(1, int(THIN_MM / spacing)) for spacing in labels.geometry.spacing_mm]
    codes = labels.codes[tuple(slice(None, None, step) for step in steps)]
    index = np.argwhere(np.isin(codes, wanted) if wanted else codes > 0)
    return places_ras(labels.geometry, index * steps), codes[tuple(index.T)]


def richest_mm(places_mm: NDArray[np.float64], segments: NDArray[Any]) -> float:
    """Return the middle of the slab whose segments' roots of volume have the largest sum.

    The root makes a segment more count for more than the same volume added to one that is seen.
    """
    slabs = np.floor((places_mm - places_mm.min()) / SLAB_MM).astype(np.intp)
    codes = int(segments.max()) + 1
    voxels = np.bincount(slabs * codes + segments, minlength=(int(slabs.max()) + 1) * codes)
    voxels = voxels.reshape(-1, codes)
    best = int(np.sqrt(voxels).sum(axis=1).argmax())
    return float(places_mm.min() + (best + HALF) * SLAB_MM)


def draw_segments(
    sketch: Sketch, sample: LabelSample, *, free: NDArray[np.bool_], style: str
) -> list[CouinaudSegment]:
    """Tint the segments, draw the lines between them and number every part that is large enough.

    Numerals stand where no lesion lies (``free``) if there is such a place. Returns what is cut.
    """
    codes = sample.present()
    shares = {code: sample.share(code) for code in codes}
    for code, share in shares.items():
        colour = SEGMENT_COLOURS[CouinaudSegment(code)]
        sketch.fills.append(Fill(share, sample.corner, colour, SEGMENT_ALPHA))
    smooth = [ndimage.gaussian_filter(shares[code], SMOOTHING_PIXELS) for code in codes]
    _draw_borders(sketch, smooth, sample.share(), style=style)
    for code in codes:
        for part, (top, left) in _parts(sample.nearest == code):
            here = free[top : top + part.shape[0], left : left + part.shape[1]]
            row, column = deepest(part & here if (part & here).any() else part)
            _number(sketch, left + column, top + row, CouinaudSegment(code))
    return [CouinaudSegment(code) for code in codes]


def _draw_borders(
    sketch: Sketch, shares: list[NDArray[np.float32]], mapped: NDArray[np.float32], *, style: str
) -> None:
    """Draw each border once: where a segment and one of the later ones have equal shares.

    The shares are smoothed by about a millimetre: the steps of the voxels are not the border.
    """
    borders = list(_borders(shares, mapped))
    sketch.lines.extend(Line(points, UNDER_COLOUR, 2.4) for points in borders)
    sketch.lines.extend(Line(points, BORDER_COLOUR, 1.2, style) for points in borders)


def _borders(
    shares: list[NDArray[np.float32]], mapped: NDArray[np.float32]
) -> Iterator[NDArray[np.float64]]:
    for number, share in enumerate(shares[:-1]):
        later = np.max(shares[number + 1 :], axis=0)
        earlier = np.max(shares[:number], axis=0, initial=OUTSIDE)
        hidden = (mapped < HALF) | (earlier > np.maximum(share, later))
        if not hidden.all():
            yield from contours(np.ma.masked_array(share - later, mask=hidden), 0.0)


def _parts(mask: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.bool_], tuple[int, int]]]:
    """Give the connected parts that are large enough for a numeral, at least the largest.

    Each is cut to its own pixels, with the row and column where it begins.
    """
    labels, _ = ndimage.label(mask)
    sizes = np.bincount(labels.ravel())[1:]
    for number, (size, box) in enumerate(
        zip(sizes, ndimage.find_objects(labels), strict=True), start=1
    ):
        if size >= min(FEWEST_PIXELS, sizes.max()):
            yield labels[box] == number, (box[0].start, box[1].start)


def _number(sketch: Sketch, column: int, row: int, segment: CouinaudSegment) -> None:
    colour = SEGMENT_COLOURS[segment]
    sketch.write(column, row, segment.name, colour=colour, size=NUMERAL_SIZE)
