"""Strokes, fills and words lie where they were sketched, as wide and as bright as was said."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from remnant.pictures.drawing import (
    DASHES,
    DOTS_PER_INCH,
    INCHES_PER_MM,
    POINTS_PER_INCH,
    Fill,
    Line,
    Sketch,
    Words,
    as_picture,
    contours,
    dashed,
    inked,
)
from remnant.pictures.palette import rgb
from remnant.pictures.planes import View, plane_through

PIXEL_MM = 0.8
DOTS = PIXEL_MM * INCHES_PER_MM * DOTS_PER_INCH
"""Dots of the picture in a pixel of the plane."""


@pytest.fixture(name="sketch")
def sketch_fixture():
    low, high = np.array((0.0, 0.0, -1.0)), np.array((79.2, 47.2, 1.0))
    plane = plane_through(
        (0, 0, 0), view=View.AXIAL, low_ras_mm=low, high_ras_mm=high, pixel_mm=PIXEL_MM
    )
    assert (60, 100) == (plane.rows, plane.columns)
    return Sketch(plane, np.zeros((60, 100), np.float32))


def shown(sketch):
    return np.asarray(inked(sketch), dtype=float) / 255.0


def test_grey__runs_linearly_between_the_pixels(sketch):
    sketch.grey[:] = np.linspace(0.0, 1.0, 100, dtype=np.float32)
    drawn = shown(sketch)
    assert (round(60 * DOTS), round(100 * DOTS), 3) == drawn.shape
    inner = drawn[30, 8:-8]
    expected = ((np.arange(drawn.shape[1]) + 0.5) / DOTS - 0.5) / 99.0
    assert np.allclose(expected[8:-8, None], inner, atol=0.01)


def test_line__is_as_wide_as_it_says_and_lies_where_it_says(sketch):
    width = 4.5
    sketch.lines.append(Line(np.array(((10.0, 20.0), (90.0, 20.0))), "#ffffff", width))
    column = shown(sketch)[:, 100, 0]
    dots = np.arange(len(column)) + 0.5
    assert column.sum() == pytest.approx(width * DOTS_PER_INCH / POINTS_PER_INCH, abs=0.4)
    assert (column * dots).sum() / column.sum() == pytest.approx(20.5 * DOTS, abs=0.4)


def test_line__has_smooth_edges(sketch):
    sketch.lines.append(Line(np.array(((10.0, 10.0), (90.0, 45.0))), "#ffffff", 1.5))
    levels = np.unique(shown(sketch)[..., 0].round(3))
    assert len(levels) >= 8


@pytest.mark.parametrize("style", ["dashed", "dotted"])
def test_dashes__and_gaps_have_the_lengths_of_their_pattern(style):
    corner = np.array(((0.0, 0.0), (30.0, 0.0), (30.0, 40.0)))
    pattern = [2.0 * n for n in DASHES[style]]
    parts = list(dashed(corner, pattern))
    lengths = [np.linalg.norm(np.diff(part, axis=0), axis=1).sum() for part in parts]
    assert np.allclose(pattern[0], lengths[:-1])
    assert len(parts) == int(np.ceil(70.0 / sum(pattern)))
    bent = [part for part in parts if len(part) > 2]
    assert len(bent) <= 1
    for part in parts:
        on_first, on_second = np.isclose(part[:, 1], 0.0), np.isclose(part[:, 0], 30.0)
        assert (on_first | on_second).all()
    assert [corner] == list(dashed(corner, []))


def test_fill__tints_its_half_alone_and_hatches_a_part_of_it(sketch):
    share = np.zeros((20, 30), np.float32)
    share[5:15, 8:22] = 1.0
    red = "#ff0000"
    sketch.fills.append(Fill(share, (10, 40), red, 0.4))
    tinted = shown(sketch)
    held = tinted[..., 0] > 0.0
    assert np.allclose((0.4, 0.0, 0.0), tinted[held], atol=0.01)
    assert held.sum() == pytest.approx(10 * 14 * DOTS**2, rel=0.1)
    rows, columns = np.nonzero(held)
    middle = ((rows.mean() + 0.5) / DOTS, (columns.mean() + 0.5) / DOTS)
    assert middle == pytest.approx((20.0, 55.0), abs=0.6)

    for hatch in ("///", "xxx", "..."):
        sketch.fills[:] = [Fill(share, (10, 40), red, hatch=hatch)]
        covered = shown(sketch)[..., 0][held].mean()
        assert 0.05 < covered < 0.4
        assert 0.0 == shown(sketch)[..., 0][~held].max()


def test_hatches__differ_from_each_other(sketch):
    share = np.ones((50, 90), np.float32)
    drawn = []
    for hatch in ("///", "xxx", "..."):
        sketch.fills[:] = [Fill(share, (5, 5), "#ffffff", hatch=hatch)]
        drawn.append(shown(sketch)[..., 0])
    crossing = drawn[1] - drawn[0]
    assert crossing.min() > -0.02, "crosses hold the strokes"
    assert crossing.mean() > 0.5 * drawn[0].mean()
    assert np.abs(drawn[2] - drawn[0]).max() > 0.9


def test_words__are_white_on_a_dark_halo_around_their_place(sketch):
    sketch.grey[:] = 0.5
    sketch.write(50.0, 30.0, "II", colour="white", size=10.0)
    drawn = shown(sketch)[..., 0]
    rows, columns = np.nonzero(drawn > 0.9)
    middle = (
        (columns.min() + columns.max() + 1) / 2 / DOTS,
        (rows.min() + rows.max() + 1) / 2 / DOTS,
    )
    assert middle == pytest.approx((50.5, 30.5), abs=0.6)
    assert (drawn < 0.1).sum() > len(rows) / 2


def test_written__holds_the_words_and_little_else(sketch):
    sketch.write(50.0, 30.0, "VIII", colour="white", size=10.0)
    sketch.words.append(Words(0.0, 2.0, "review", "white", 7.0, from_left=True))
    seen = np.kron(sketch.written(), np.ones((3, 3), bool))
    drawn = np.asarray(inked(sketch).convert("L").resize(seen.shape[::-1])) > 200
    assert drawn.any()
    assert (drawn & ~seen).sum() < 0.02 * drawn.sum()
    assert seen.mean() < 0.15


def test_lay__puts_one_sketch_over_another(sketch):
    other = Sketch(sketch.plane, sketch.grey)
    square = np.ones((40, 40), np.float32)
    sketch.fills.append(Fill(square, (10, 10), "#ff0000"))
    other.fills.append(Fill(square, (10, 30), "#0000ff"))
    sketch.lay(other)
    drawn = shown(sketch)
    row = round(30 * DOTS)
    assert np.allclose((1.0, 0.0, 0.0), drawn[row, round(20 * DOTS)])
    assert np.allclose((0.0, 0.0, 1.0), drawn[row, round(40 * DOTS)])


def test_contour__of_a_ramp_lies_where_it_passes_the_level():
    ramp = np.tile(np.linspace(0.0, 1.0, 11, dtype=np.float32), (6, 1))
    (points,) = contours(ramp, 0.33, corner=(100, 200))
    assert np.allclose(203.3, points[:, 0], atol=1e-3)
    assert (100.0, 105.0) == (points[:, 1].min(), points[:, 1].max())
    assert [] == list(contours(ramp, 1.5))
    assert [] == list(contours(ramp[:1], 0.33))


def test_picture__is_a_png_of_three_colours():
    image = Image.new("RGB", (7, 5), "#336699")
    picture = as_picture(image, title="T", alt="a")
    content = base64.b64decode(picture.uri.removeprefix("data:image/png;base64,"))
    read = Image.open(io.BytesIO(content))
    assert ("RGB", (7, 5)) == (read.mode, read.size) == ("RGB", (picture.width, picture.height))
    assert np.allclose(rgb("#336699"), np.asarray(read)[0, 0] / 255.0, atol=0.003)
    assert "1.400" == picture.ratio
