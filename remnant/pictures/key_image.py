"""Pictures and tables for a PACS that shows images alone: squares with everything written in."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from remnant.pictures.drawing import INCHES_PER_MM, Picture
from remnant.pictures.fonts import font_file
from remnant.pictures.palette import rgb
from remnant.pictures.planes import Plane

SIZE: Final = 1024
EDGE: Final = 24
HEAD: Final = 76
TITLE_LINE: Final = 22
CARE_LINES: Final = (47, 65)
CARE_GAP: Final = "  ·  "
FOOT: Final = 44
LINE: Final = 31
SWATCH: Final = 20
GAP: Final = 12
REGULAR: Final = "DejaVuSans.ttf"
BOLD: Final = "DejaVuSans-Bold.ttf"
TITLE_SIZE: Final = 24.0
TEXT_SIZE: Final = 20.0
FOOT_SIZE: Final = 16.0
SMALLEST_SIZE: Final = 13.0
RGB = tuple[int, int, int]
WHITE: Final[RGB] = (255, 255, 255)
GREY: Final[RGB] = (176, 184, 190)
AMBER: Final[RGB] = (255, 196, 92)
RULE: Final[RGB] = (72, 80, 86)
GROUND: Final[RGB] = (0, 0, 0)
DATA: Final = "base64,"
KEY_COLUMNS: Final = 3
CUT: Final = "…"


@dataclass(frozen=True, slots=True)
class Type:
    """Size of the letters in pixels, their colour, and whether they are bold."""

    size: float = TEXT_SIZE
    colour: RGB = WHITE
    bold: bool = False


PLAIN: Final = Type()
QUIET: Final = Type(colour=GREY)
STRONG: Final = Type(bold=True)
TITLE: Final = Type(TITLE_SIZE, bold=True)
SMALL: Final = Type(FOOT_SIZE, GREY)
CARE: Final = Type(FOOT_SIZE, AMBER)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What stands on every image: title, whose it is, the line at its foot, what asks for care."""

    title: str
    subject: str
    foot: str
    care: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under a title; ``numeric`` are the columns that stand to the right."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    numeric: frozenset[int] = frozenset()
    note: str = ""

    @property
    def height(self) -> int:
        """How high it is drawn, in pixels."""
        headed = any(self.headings)
        return LINE * (len(self.rows) + 1 + headed + bool(self.note)) + GAP


def framed(
    picture: Picture,
    stamp: Stamp,
    lines: Sequence[tuple[str, str]],
    key: Sequence[tuple[str, str]] = (),
) -> NDArray[np.uint8]:
    """Return a picture with figures below it.

    Parameters
    ----------
    picture
        Of any size.
    stamp
        What stands around it.
    lines
        Names and figures, in two columns.
    key
        Words and colours of what is drawn.

    Returns
    -------
    ndarray
        RGB, shape ``(1024, 1024, 3)``.
    """
    sheet = _sheet(stamp)
    pen = ImageDraw.Draw(sheet)
    rows, key_rows = (len(lines) + 1) // 2, -(-len(key) // KEY_COLUMNS)
    low = SIZE - FOOT - GAP - LINE * (rows + key_rows)
    _paste(sheet, picture, top=HEAD, low=low - GAP)
    _draw_key(pen, key, low)
    column = (SIZE - 2 * EDGE - 2 * GAP) // 2
    for number, (name, figure) in enumerate(lines):
        left = EDGE + (column + 2 * GAP) * (number // rows)
        y = low + LINE * (key_rows + number % rows) + LINE // 2
        taken = _write(pen, figure, (left + column, y), column // 2 + EDGE, STRONG, right=True)
        _write(pen, name, (left, y), column - taken - GAP, QUIET)
    return np.asarray(sheet)


def tables(stamp: Stamp, shown: Sequence[Table]) -> NDArray[np.uint8]:
    """Return tables below each other as an RGB image of shape ``(1024, 1024, 3)``."""
    sheet = _sheet(stamp)
    pen = ImageDraw.Draw(sheet)
    top = HEAD
    for table in shown:
        _draw_table(pen, table, top)
        top += table.height
    return np.asarray(sheet)


def dots_for(plane: Plane, *, width: int, height: int) -> int:
    """Return the dots per inch with which a plane's picture fits into so many pixels."""
    inches = plane.pixel_mm * INCHES_PER_MM
    return int(min(width / (plane.columns * inches), height / (plane.rows * inches)))


def _sheet(stamp: Stamp) -> Image.Image:
    sheet = Image.new("RGB", (SIZE, SIZE), GROUND)
    pen = ImageDraw.Draw(sheet)
    middle = TITLE_LINE
    taken = _write(pen, stamp.subject, (SIZE - EDGE, middle), SIZE // 2, QUIET, right=True)
    _write(pen, stamp.title, (EDGE, middle), SIZE - 2 * EDGE - taken - GAP, TITLE)
    for line, at in zip(_packed(stamp.care), CARE_LINES, strict=False):
        _write(pen, line, (EDGE, at), SIZE - 2 * EDGE, CARE)
    y = SIZE - FOOT
    pen.line((EDGE, y, SIZE - EDGE, y), fill=RULE)
    _write(pen, stamp.foot, (EDGE, y + FOOT // 2), SIZE - 2 * EDGE, SMALL)
    return sheet


def _packed(words: Sequence[str]) -> tuple[str, ...]:
    """Share words out over two lines; where one line holds them all, the second is empty."""
    first = list(words)
    font = _font(REGULAR, FOOT_SIZE)
    while len(first) > 1 and font.getlength(CARE_GAP.join(first)) > SIZE - 2 * EDGE:
        first.pop()
    return CARE_GAP.join(first), CARE_GAP.join(words[len(first) :])


def _paste(sheet: Image.Image, picture: Picture, *, top: int, low: int) -> None:
    """Lay a picture into the middle of the room, as large as that allows."""
    content = base64.b64decode(picture.uri.partition(DATA)[2])
    image = Image.open(io.BytesIO(content)).convert("RGB")
    scale = min((low - top) / image.height, (SIZE - 2 * EDGE) / image.width)
    size = (round(image.width * scale), round(image.height * scale))
    resized = image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)
    sheet.paste(resized, ((SIZE - size[0]) // 2, top + (low - top - size[1]) // 2))


def _draw_key(pen: ImageDraw.ImageDraw, key: Sequence[tuple[str, str]], top: int) -> None:
    room, half = (SIZE - 2 * EDGE) // KEY_COLUMNS, SWATCH // 2
    for number, (words, colour) in enumerate(key):
        row, column = divmod(number, KEY_COLUMNS)
        left, y = EDGE + room * column, top + LINE * row + LINE // 2
        red, green, blue = (round(255 * part) for part in rgb(colour))
        pen.rectangle((left, y - half, left + SWATCH, y + half), fill=(red, green, blue))
        _write(pen, words, (left + SWATCH + GAP // 2, y), room - SWATCH - GAP, SMALL)


def _draw_table(pen: ImageDraw.ImageDraw, table: Table, top: int) -> None:
    room = SIZE - 2 * EDGE
    y = top + LINE // 2
    _write(pen, table.title, (EDGE, y), room, STRONG)
    headed = ((table.headings, QUIET),) if any(table.headings) else ()
    for cells, type_ in (*headed, *((row, PLAIN) for row in table.rows)):
        y += LINE
        _draw_row(pen, cells, table, y, type_)
        pen.line((EDGE, y + LINE // 2, SIZE - EDGE, y + LINE // 2), fill=RULE)
    if table.note:
        _write(pen, table.note, (EDGE, y + LINE), room, SMALL)


def _draw_row(
    pen: ImageDraw.ImageDraw, cells: Sequence[str], table: Table, y: int, type_: Type
) -> None:
    left = float(EDGE)
    for number, (text, share) in enumerate(zip(cells, table.widths, strict=True)):
        width = share * (SIZE - 2 * EDGE)
        right = number in table.numeric
        x = left + width - GAP if right else left
        _write(pen, text, (round(x), y), round(width) - GAP, type_, right=right)
        left += width


def _write(
    pen: ImageDraw.ImageDraw,
    text: str,
    where: tuple[int, int],
    room: int,
    type_: Type,
    *,
    right: bool = False,
) -> int:
    """Write a line within so many pixels and return how many it takes.

    It is smaller where it is long, and cut where it is too long.
    """
    file, size = BOLD if type_.bold else REGULAR, type_.size
    while size > SMALLEST_SIZE and _font(file, size).getlength(text) > room:
        size -= 1.0
    font, shown = _font(file, size), text
    while shown and font.getlength(shown) > room:
        shown = f"{shown.removesuffix(CUT)[:-1]}{CUT}" if shown != CUT else ""
    pen.text(where, shown, fill=type_.colour, font=font, anchor="rm" if right else "lm")
    return int(font.getlength(shown)) + 1


@cache
def _font(file: str, size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(font_file(file)), size)
