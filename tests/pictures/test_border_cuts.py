"""Borders between segments: where they are drawn, how, and in which planes."""

from dataclasses import replace

import numpy as np
import pytest

from remnant.core.geometry import Geometry
from remnant.core.labels import COUINAUD_SCHEME, CouinaudSegment
from remnant.core.volumes import LabelMap
from remnant.pictures.border_cuts import border_cuts, draw_segments
from remnant.pictures.drawing import Sketch
from remnant.pictures.figures import draw_borders, draw_plane
from remnant.pictures.planes import View, plane_through, sample_labels

I, II, III, IV, V, VI, VII, VIII = CouinaudSegment  # noqa: E741
SPACING_MM = (3.0, 2.0, 2.5)
EDGE_MM = (36.0, 30.0, 35.0)


def blocks(order=("x", "y", "z")) -> LabelMap:
    """Right liver of V to VIII and left of II and III, parted at x, y and z of 0 mm.

    Voxel centres lie half a spacing off 0, so that the borders pass exactly through 0.
    """
    shape = (24, 30, 28)
    origin = -(np.array(shape) - 1) / 2 * SPACING_MM
    affine_ras = np.diag((*SPACING_MM, 1.0))
    affine_ras[:3, 3] = origin
    x, y, z = (origin[a] + SPACING_MM[a] * np.arange(shape[a]) for a in range(3))
    right, front, upper = x[:, None, None] > 0, y[None, :, None] > 0, z[None, None, :] > 0
    right_code = np.where(front, np.where(upper, VIII, V), np.where(upper, VII, VI))
    codes = np.where(right, right_code, np.where(upper, II, III)).astype(np.uint8)
    geometry = Geometry(shape, affine_ras)
    index = ["xyz".index(axis) for axis in order]
    step = np.eye(4)[:, [*index, 3]]
    stored = Geometry(tuple(shape[a] for a in index), geometry.affine_ras @ step)
    return LabelMap(codes.transpose(index).copy(), stored, COUINAUD_SCHEME)


def drawn(couinaud, view, *, at=(0.4, 0.3, 0.2), style="solid", free=None):
    low, high = np.array((-45.0, -38.0, -43.0)), np.array((45.0, 38.0, 43.0))
    plane = plane_through(at, view=view, low_ras_mm=low, high_ras_mm=high, pixel_mm=0.8)
    sample = sample_labels(couinaud.codes, couinaud.geometry, plane)
    everywhere = np.ones((plane.rows, plane.columns), dtype=bool)
    sketch = Sketch(plane, np.zeros((plane.rows, plane.columns), np.float32))
    shown = draw_segments(sketch, sample, free=everywhere if free is None else free, style=style)
    return plane, sketch, shown


def white_lines(sketch):
    return [line for line in sketch.lines if line.colour == "#ffffff"]


def of(codes, couinaud):
    return LabelMap(codes.astype(np.uint8), couinaud.geometry, COUINAUD_SCHEME)


def vertices_ras(plane, sketch):
    points = np.concatenate([line.points for line in white_lines(sketch)])
    right, down = plane.view.rightward * plane.pixel_mm, plane.view.downward * plane.pixel_mm
    return np.array(plane.corner_ras_mm) + points[:, :1] * right + points[:, 1:] * down


@pytest.mark.parametrize("order", ["xyz", "zyx", "yzx"])
@pytest.mark.parametrize(
    ("view", "axes_of_borders"),
    [(View.AXIAL, (0, 1)), (View.CORONAL, (0, 2)), (View.SAGITTAL, (1, 2))],
)
def test_borders__lie_where_the_segments_meet_and_nowhere_else(order, view, axes_of_borders):
    plane, sketch, _ = drawn(blocks(order), view)
    points = np.abs(vertices_ras(plane, sketch)[:, axes_of_borders])
    assert len(points) > 50
    assert points.min(axis=1).max() < 1.0
    for place, axis in enumerate(axes_of_borders):
        along = points[points[:, 1 - place] < 0.5, place]
        assert along.max() == pytest.approx(EDGE_MM[axis], abs=1.0)


def test_borders__end_where_their_segments_do():
    plane, sketch, _ = drawn(blocks(), View.AXIAL)
    points = vertices_ras(plane, sketch)
    assert points[np.abs(points[:, 0]) > 2.0, 0].min() > 0.0


def test_borders__none_where_one_segment_fills_the_plane_or_none_does():
    whole = blocks()
    one = of(np.full_like(whole.codes, V), whole)
    _, sketch, shown = drawn(one, View.AXIAL)
    assert [V] == shown
    assert [] == white_lines(sketch)
    empty = replace(one, codes=np.zeros_like(one.codes))
    _, sketch, shown = drawn(empty, View.AXIAL)
    assert [] == shown
    assert [] == sketch.words


@pytest.mark.parametrize("style", ["solid", "dashed"])
def test_borders__of_an_estimate_are_dashed_on_a_dark_line(style):
    _, sketch, _ = drawn(blocks(), View.AXIAL, style=style)
    lines = white_lines(sketch)
    assert lines
    assert {style} == {line.style for line in lines}
    dark = [line for line in sketch.lines if line.colour == "#000000"]
    assert len(lines) == len(dark)
    assert min(line.width for line in dark) > max(line.width for line in lines)
    assert {"solid"} == {line.style for line in dark}
    below = [sketch.lines.index(line) for line in dark]
    assert max(below) < min(sketch.lines.index(line) for line in lines)


def numerals(sketch):
    return {words.text: (words.x, words.y) for words in sketch.words}


def test_numerals__stand_inside_their_segments():
    couinaud = blocks()
    plane, sketch, shown = drawn(couinaud, View.AXIAL)
    nearest = sample_labels(couinaud.codes, couinaud.geometry, plane).nearest
    assert [II, VII, VIII] == shown
    written = numerals(sketch)
    assert {"II", "VII", "VIII"} == set(written)
    for name, (column, row) in written.items():
        assert CouinaudSegment[name] == nearest[round(row), round(column)]


def test_numerals__every_large_part_has_one_small_ones_have_none():
    couinaud = blocks()
    codes = couinaud.codes.copy()
    codes[:, 10:14] = 0
    codes[:3, 28:, :] = VI
    _, sketch, _ = drawn(of(codes, couinaud), View.AXIAL)
    names = [words.text for words in sketch.words]
    assert 2 == names.count("II")
    assert 1 == names.count("VI")


def test_numerals__avoid_lesions_and_stay_where_a_lesion_fills_the_segment():
    couinaud = blocks()
    plane, sketch, _ = drawn(couinaud, View.AXIAL)
    column, row = numerals(sketch)["VIII"]
    rows, columns = np.indices((plane.rows, plane.columns))
    free = np.hypot(rows - row, columns - column) > 9.0
    moved_column, moved_row = numerals(drawn(couinaud, View.AXIAL, free=free)[1])["VIII"]
    assert free[round(moved_row), round(moved_column)]
    nowhere = np.zeros_like(free)
    assert (column, row) == numerals(drawn(couinaud, View.AXIAL, free=nowhere)[1])["VIII"]


def test_cuts__axial_above_and_below_and_coronal():
    upper, lower, coronal = border_cuts(blocks())
    assert (View.AXIAL, View.AXIAL, View.CORONAL) == (upper.view, lower.view, coronal.view)
    assert "VII and VIII" in upper.title
    assert "V and VI" in lower.title
    assert (17.5, -17.5) == pytest.approx((upper.centre_ras_mm[2], lower.centre_ras_mm[2]))


def test_cuts__coronal_lies_where_most_segments_are():
    """Segment I and IV exist only from y = -28 to -20 mm: there six become eight."""
    couinaud = blocks()
    codes = couinaud.codes.copy()
    y = couinaud.geometry.ras_from_index(np.stack([np.arange(30)] * 3, axis=-1))[:, 1]
    thin = (y > -28.0) & (y < -20.0)
    codes[:4, thin] = IV
    codes[4:8, thin] = I
    *_, coronal = border_cuts(of(codes, couinaud))
    assert -28.0 < coronal.centre_ras_mm[1] < -20.0


def test_cuts__without_a_right_liver_follow_the_left_one_and_an_empty_map_has_none():
    couinaud = blocks()
    left = np.where(np.isin(couinaud.codes, (II, III)), couinaud.codes, 0).astype(np.uint8)
    titles = [cut.title for cut in border_cuts(of(left, couinaud))]
    assert ["Axial at the height of II", "Axial at the height of III"] == titles[:2]
    none = np.zeros_like(left)
    assert [] == list(border_cuts(of(none, couinaud)))


def test_pictures__of_borders_are_named_and_told_in_words(scene):
    pictures = list(draw_borders(scene))
    assert 3 == len(pictures)
    assert "Segments in this plane: I, II, IV, VII, VIII." in pictures[0].alt
    assert "Segments in this plane: I, III, IV, V, VI." in pictures[1].alt
    assert [] == list(draw_borders(replace(scene, couinaud=None)))


def test_pictures__of_an_estimate_differ_and_say_so(scene):
    confirmed = draw_plane(scene, View.AXIAL)
    estimated = draw_plane(replace(scene, segments_need_review=True), View.AXIAL)
    assert confirmed.uri != estimated.uri
    assert confirmed.uri == draw_plane(replace(scene, segments_need_review=False), View.AXIAL).uri
