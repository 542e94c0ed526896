"""Squares with pictures and figures: nothing lies over anything, and long words are cut."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from remnant.pictures.drawing import as_picture
from remnant.pictures.key_image import (
    AMBER,
    CARE_LINES,
    EDGE,
    FOOT,
    HEAD,
    LINE,
    SIZE,
    STRONG,
    Stamp,
    Table,
    _write,
    framed,
    tables,
)

STAMP = Stamp("A title", "case-1", "Research use only.")
GREEN = (0, 255, 0)


def picture(width, height):
    return as_picture(Image.new("RGB", (width, height), GREEN), title="t", alt="a")


@pytest.mark.parametrize("size", [(900, 300), (300, 900), (20, 20)])
def test_framed__the_picture_keeps_its_form_and_clears_the_words(size):
    pixels = framed(picture(*size), STAMP, [("a name", "1 mL")] * 5)
    green = (pixels == GREEN).all(axis=2)
    rows, columns = np.flatnonzero(green.any(axis=1)), np.flatnonzero(green.any(axis=0))
    high, wide = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    assert wide / high == pytest.approx(size[0] / size[1], rel=0.02)
    assert rows[0] >= HEAD
    assert rows[-1] < SIZE - FOOT - 3 * LINE
    assert pixels.shape == (SIZE, SIZE, 3)


@pytest.mark.parametrize(("care", "lines"), [((), 0), (("one",), 1), (("a word " * 8,) * 3, 2)])
def test_framed__what_asks_for_care_stands_above_the_picture(care, lines):
    pixels = framed(picture(900, 300), replace(STAMP, care=care), [("a name", "1 mL")])
    inked = [(pixels[at - 8 : at + 8] == AMBER).all(axis=2).any() for at in CARE_LINES]
    assert inked == [number < lines for number in range(2)]
    assert not (pixels[HEAD:] == AMBER).all(axis=2).any()


def test_framed__a_key_shows_each_colour():
    pixels = framed(picture(50, 50), STAMP, [("a", "1")], [("red", "#ff0000"), ("blue", "#0000ff")])
    for colour in ((255, 0, 0), (0, 0, 255)):
        assert (pixels == colour).all(axis=2).sum() > 300


def test_write__a_long_line_is_made_small_and_then_cut_to_its_room():
    pen = ImageDraw.Draw(Image.new("RGB", (SIZE, SIZE)))
    assert _write(pen, "word " * 100, (EDGE, 50), 200, STRONG) <= 201
    assert _write(pen, "", (EDGE, 50), 200, STRONG) <= 1
    assert _write(pen, "W", (EDGE, 50), 1, STRONG) <= 1


def test_tables__are_below_each_other_and_within_the_sheet():
    shown = [
        Table("One", ("", "x"), (("a", "1"),) * 5, (0.5, 0.5), numeric=frozenset((1,))),
        Table("Two", (), (), (0.5, 0.5), note="nothing"),
    ]
    pixels = tables(STAMP, shown)
    assert pixels.dtype == np.uint8
    end = HEAD + sum(one.height for one in shown)
    assert not pixels[end + 8 : SIZE - FOOT].any()
    assert pixels[HEAD:end].any()


def test_tables__the_longest_case_fits():
    rows = (("1",) * 5,) * 12
    most = [
        Table("a", ("", "", "x"), (("a",) * 3,) * 5, (0.4, 0.3, 0.3)),
        Table("b", ("",) * 3, (("a",) * 3,) * 5, (0.4, 0.3, 0.3)),
        Table("c", ("x",) * 5, rows, (0.2,) * 5, note="and 3 smaller lesions"),
    ]
    assert HEAD + sum(one.height for one in most) <= SIZE - FOOT
