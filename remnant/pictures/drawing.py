"""Strokes and letters that every picture of the report is made of.

A picture is sketched first, as a list of what lies where, and then inked: fills on the grey image,
lines over them, words on top. Lines are drawn on a raster three times as fine, which is then
averaged, so that their edges are smooth.
"""

import base64
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import numpy as np
from contourpy import LineType, contour_generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from remnant.pictures.fonts import font_file
from remnant.pictures.palette import rgb
from remnant.pictures.planes import Plane, View
from remnant.wording.language import say

DOTS_PER_INCH: Final = 160
INCHES_PER_MM: Final = 0.0165
POINTS_PER_INCH: Final = 72.0
SCALE_MM: Final = 50.0
HALF: Final = 0.5
FINER: Final = 3
HALO_POINTS: Final = 1.1
LETTER_WIDTH: Final = 0.75
COMPRESSION: Final = 4
FONT: Final = "DejaVuSans-Bold.ttf"
DASHES: Final[Mapping[str, tuple[float, float]]] = {"dashed": (3.7, 1.6), "dotted": (1.0, 1.65)}
"""Length of a dash and of the gap after it, in widths of the line."""
HATCH_POINTS: Final = 6.4
HATCH_WIDTH: Final = 0.15
DOT_RADIUS: Final = 0.16


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of the report: PNG as data URI, its size in pixels, and texts for people.

    ``surround`` is the colour that goes on around it where there is more room than it fills.
    """

    title: str
    uri: str
    width: int
    height: int
    alt: str
    surround: str = "#000000"

    @property
    def ratio(self) -> str:
        """Width over height, as a style sheet reads it."""
        return f"{self.width / self.height:.3f}"


@dataclass(frozen=True, slots=True, eq=False)
class Fill:
    """What lies where a linear share passes one half, in a colour; hatched alone where it says how.

    ``share`` holds the plane's pixels from ``corner`` (row, column) on.
    """

    share: NDArray[np.float32]
    corner: tuple[int, int]
    colour: str
    alpha: float = 1.0
    hatch: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A line through points ``(n, 2)``, columns and rows of the plane; ``width`` in points."""

    points: NDArray[np.float64]
    colour: str
    width: float
    style: str = "solid"


@dataclass(frozen=True, slots=True)
class Words:
    """Words on a dark halo: their middle, or their left end, and the size of the type in points."""

    x: float
    y: float
    text: str
    colour: str
    size: float
    from_left: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """What a picture of a plane shows, in the order of drawing within each kind.

    ``grey`` in [0, 1] is what all lies on; places count the plane's pixels, row 0 at the top.
    """

    plane: Plane
    grey: NDArray[np.float32]
    fills: list[Fill] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)

    def outline(
        self,
        share: NDArray[np.float32],
        colour: str,
        *,
        width: float,
        style: str = "solid",
        corner: tuple[int, int] = (0, 0),
    ) -> None:
        """Draw where a linear share in [0, 1] passes one half."""
        for points in contours(share, HALF, corner):
            self.lines.append(Line(points, colour, width, style))

    def lay(self, other: "Sketch") -> None:
        """Draw what another sketch of the same plane shows over this one."""
        self.fills.extend(other.fills)
        self.lines.extend(other.lines)
        self.words.extend(other.words)

    def written(self) -> NDArray[np.bool_]:
        """Return the pixels of the plane that words take, shape ``(rows, columns)``."""
        taken = np.zeros((self.plane.rows, self.plane.columns), np.bool_)
        pixels = 1.0 / (POINTS_PER_INCH * INCHES_PER_MM * self.plane.pixel_mm)
        for words in self.words:
            tall = words.size * pixels
            wide = LETTER_WIDTH * tall * len(words.text)
            left = words.x - (0.0 if words.from_left else wide / 2.0)
            top = words.y - tall / 2.0
            box = (slice(max(0, round(top)), round(top + tall)),
                   slice(max(0, round(left)), round(left + wide)))  # fmt: skip
            taken[box] = True
        return taken

    def write(self, x: float, y: float, text: str, *, colour: str, size: float) -> None:
        """Write around a place."""
        self.words.append(Words(x, y, text, colour, size))


def contours(
    height: NDArray[np.float32], level: float, corner: tuple[int, int] = (0, 0)
) -> Iterator[NDArray[np.float64]]:
    """Give the lines along which a linear raster, masked or not, passes a level."""
    if min(height.shape) > 1 and height.max() > level > height.min():
        found = contour_generator(z=height, line_type=LineType.Separate).lines(level)
        for points in found:
            yield np.asarray(points) + corner[::-1]


def inked(sketch: Sketch, *, dots_per_inch: int = DOTS_PER_INCH) -> Image.Image:
    """Draw a sketch as an RGB image."""
    plane = sketch.plane
    scale = plane.pixel_mm * INCHES_PER_MM * dots_per_inch
    size = (round(plane.columns * scale), round(plane.rows * scale))
    grey = Image.fromarray(sketch.grey * np.float32(255.0)).resize(size, Image.Resampling.BILINEAR)
    image = grey.convert("L").convert("RGB")
    for fill in sketch.fills:
        _lay(image, fill, scale, dots_per_inch)
    image = _lined(image, sketch.lines, scale, dots_per_inch)
    for words in sketch.words:
        where = ((words.x + HALF) * scale, (words.y + HALF) * scale)
        write_on(image, words, where, dots_per_inch=dots_per_inch)
    return image


def as_picture(image: Image.Image, *, title: str, alt: str) -> Picture:
    """Return an RGB image as PNG data URI, with its texts."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=COMPRESSION)
    content = base64.b64encode(buffer.getvalue()).decode("ascii")
    uri = f"data:image/png;base64,{content}"
    return Picture(title, uri, *image.size, alt, surround=_darkest_corner(image))


def _darkest_corner(image: Image.Image) -> str:
    corners = np.asarray(image)[[0, 0, -1, -1], [0, -1, 0, -1]]
    red, green, blue = corners[corners.sum(axis=1).argmin()]
    return f"#{red:02x}{green:02x}{blue:02x}"


def _lay(image: Image.Image, fill: Fill, scale: float, dots_per_inch: int) -> None:
    """Blend a fill with the image; its edge is sharp, as a line runs along it."""
    (row, column), (rows, columns) = fill.corner, fill.share.shape
    left, top = round(column * scale), round(row * scale)
    right, bottom = round((column + columns) * scale), round((row + rows) * scale)
    right, bottom = min(right, image.width), min(bottom, image.height)
    share = Image.fromarray(fill.share).resize(
        (right - left, bottom - top), Image.Resampling.BILINEAR
    )
    cover = np.asarray(share) > HALF
    alpha = fill.alpha * _hatched(fill.hatch, (left, top), cover.shape, dots_per_inch)
    mask = np.multiply(cover, 255.0 * alpha).astype(np.uint8)
    image.paste(_bytes(fill.colour), (left, top), Image.fromarray(mask))


def _hatched(
    hatch: str, start: tuple[int, int], shape: tuple[int, ...], dots_per_inch: int
) -> NDArray[np.float64] | float:
    """Return how much of each dot the lines or dots of a hatch cover; 1 without a hatch.

    It counts from the picture's corner, so that neighbouring fills run on.
    """
    if not hatch:
        return 1.0
    period = HATCH_POINTS * dots_per_inch / POINTS_PER_INCH
    x = (start[0] + np.arange(shape[1])) / period
    y = ((start[1] + np.arange(shape[0])) / period)[:, None]
    if "." in hatch:
        shifted = x + HALF * (np.floor(y) % 2)
        near = np.hypot(_to_middle(shifted), _to_middle(y))
        return np.clip((DOT_RADIUS - near) * period + HALF, 0.0, 1.0)
    rising = np.abs(_to_middle(x + y))
    near = np.minimum(rising, np.abs(_to_middle(x - y))) if "x" in hatch else rising
    return np.clip((HATCH_WIDTH / 2.0 - near) * period + HALF, 0.0, 1.0)


def _to_middle(place: NDArray[np.float64]) -> NDArray[np.float64]:
    return place - np.floor(place) - HALF


def _lined(image: Image.Image, lines: list[Line], scale: float, dots_per_inch: int) -> Image.Image:
    """Draw lines with smooth edges."""
    fine = image.resize((image.width * FINER, image.height * FINER), Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(fine)
    for line in lines:
        width = line.width * dots_per_inch * FINER / POINTS_PER_INCH
        points = (line.points + HALF) * (scale * FINER)
        for part in dashed(points, [width * n for n in DASHES.get(line.style, ())]):
            pen.line(part.ravel().tolist(), fill=_bytes(line.colour), width=round(width))
    return fine.reduce(FINER)


def dashed(points: NDArray[np.float64], pattern: list[float]) -> Iterator[NDArray[np.float64]]:
    """Cut a line into its dashes; without a pattern it stays whole."""
    if not pattern:
        yield points
        return
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    along = np.concatenate(([0.0], np.cumsum(steps)))
    dash, gap = pattern
    for start in np.arange(0.0, along[-1], dash + gap):
        ends = np.array((start, min(start + dash, along[-1])))
        between = points[np.searchsorted(along, start, "right") : np.searchsorted(along, ends[1])]
        first, last = np.stack([np.interp(ends, along, points[:, axis]) for axis in (0, 1)], axis=1)
        yield np.vstack((first, between, last))


def write_on(
    image: Image.Image, words: Words, where: tuple[float, float], *, dots_per_inch: int
) -> None:
    """Write on a dark halo, so that it reads on dark and on light; ``where`` is in dots."""
    dots = dots_per_inch / POINTS_PER_INCH
    font = _font(words.size * dots)
    left, top, right, bottom = font.getbbox(words.text, anchor="ls")
    x = where[0] - (left if words.from_left else (left + right) / 2.0)
    y = where[1] - (top + bottom) / 2.0
    ImageDraw.Draw(image).text(
        (x, y), words.text, fill=words.colour, font=font, anchor="ls",
        stroke_width=HALO_POINTS * dots, stroke_fill="black",
    )  # fmt: skip


@cache
def _font(size: float) -> ImageFont.FreeTypeFont:
    """Load the bold type that comes with matplotlib, without loading matplotlib."""
    return ImageFont.truetype(str(font_file(FONT)), size)


def _bytes(colour: str) -> tuple[int, int, int]:
    red, green, blue = (round(255.0 * part) for part in rgb(colour))
    return (red, green, blue)


def deepest(mask: NDArray[np.bool_]) -> tuple[int, int]:
    """Return row and column of the pixel that lies furthest inside a mask."""
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    return int(row), int(column)


def draw_letters(sketch: Sketch, view: View) -> None:
    """Name the anatomical side at each edge."""
    columns, rows = sketch.plane.columns, sketch.plane.rows
    places = {
        "left": (9.0, rows / 2),
        "right": (columns - 10.0, rows / 2),
        "top": (columns / 2, 10.0),
        "bottom": (columns / 2, rows - 11.0),
    }
    for side, name in view.letters.items():
        sketch.write(*places[side], name, colour="white", size=11.0)


def draw_scale(sketch: Sketch) -> None:
    """Draw a bar of five centimetres at the lower right."""
    plane = sketch.plane
    length = SCALE_MM / plane.pixel_mm
    y, end = plane.rows - 12.0, plane.columns - 12.0
    for width, colour in ((4.0, "#000000"), (2.0, "#ffffff")):
        sketch.lines.append(Line(np.array(((end - length, y), (end, y))), colour, width))
    label = say("{scale_mm:g} cm", scale_mm=SCALE_MM / 10.0)
    sketch.write(end - length / 2, y - 9.0, label, colour="white", size=8.0)
