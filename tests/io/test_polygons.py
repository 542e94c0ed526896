"""Filling polygons: exact squares, circles within a bound, another program's rule, holes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.measure import points_in_poly

from remnant.io import polygons
from remnant.io.polygons import Overlaps, filled, overlaps, without_copies

SHAPE = (24, 19)


def square(low, high):
    (a, b), (c, d) = low, high
    return np.array([(a, b), (c, b), (c, d), (a, d)], float)


@pytest.mark.parametrize(
    ("low", "high", "pixels"),
    [
        ((2, 3), (7, 9), 30),  # corners on centres: each edge on one side only
        ((1.5, 2.5), (6.5, 8.5), 30),  # on pixel borders
        ((1.9, 2.9), (2.1, 3.1), 1),
        ((2.1, 3.1), (2.9, 3.9), 0),
        ((-9, -9), (99, 99), SHAPE[0] * SHAPE[1]),  # cut off at the grid
        ((-9, -9), (3, 2), 6),
        ((30, 30), (40, 40), 0),
    ],
)
def test_filled__squares_are_exact(low, high, pixels):
    for turn in (slice(None), slice(None, None, -1)):
        assert pixels == filled([square(low, high)[turn]], SHAPE).sum()


@given(
    radius=st.floats(1.0, 40.0),
    centre=st.tuples(st.floats(45, 55), st.floats(45, 55)),
    corners=st.integers(24, 200),
)
def test_filled__circles_within_the_pixels_that_their_edge_meets(radius, centre, corners):
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    polygon = np.array(centre) + radius * np.column_stack((np.cos(angles), np.sin(angles)))
    area = corners / 2 * radius**2 * np.sin(2 * np.pi / corners)
    edge = 2 * corners * radius * np.sin(np.pi / corners)
    # a pixel that is wholly in or out of the polygon is exact; others lie within half their
    # diagonal of its edge, which is an area of at most edge * sqrt(2) + pi / 2
    assert abs(filled([polygon], (100, 100)).sum() - area) <= edge * np.sqrt(2) + np.pi / 2


corner = st.tuples(st.floats(-3, 27), st.floats(-3, 22))


@given(drawn=st.lists(st.lists(corner, min_size=3, max_size=9), min_size=1, max_size=4))
def test_filled__as_another_program_fills(drawn):
    # no edge through a centre: there the programs may differ by which side an edge has
    shapes = [np.floor(np.array(points)) + np.array((0.3137, 0.4171)) for points in drawn]
    centres = np.argwhere(np.ones(SHAPE))
    expected = np.zeros(len(centres), bool)
    for polygon in shapes:
        expected ^= points_in_poly(centres, polygon)
    np.testing.assert_array_equal(expected.reshape(SHAPE), filled(shapes, SHAPE))


@given(points=st.lists(corner, min_size=4, max_size=9), cut=st.integers(2, 7))
def test_filled__polygons_that_share_an_edge_share_no_pixel(points, cut):
    """Cut by a chord, a polygon's two parts make it up, wherever the corners lie."""
    polygon = np.round(np.array(points) * 2) / 2
    cut = min(cut, len(polygon) - 2)
    parts = (polygon[: cut + 1], np.vstack((polygon[:1], polygon[cut:])))
    first, second = (filled([part], SHAPE) for part in parts)
    np.testing.assert_array_equal(filled([polygon], SHAPE), first ^ second)


def test_filled__a_keyhole_leaves_its_hole():
    outer, inner = square((2, 2), (14, 14)), square((5, 5), (9, 9))
    keyhole = np.vstack((outer, outer[:1], inner[::-1], inner[-1:], outer[:1]))
    np.testing.assert_array_equal(filled([outer, inner], SHAPE), filled([keyhole], SHAPE))
    assert 144 - 16 == filled([keyhole], SHAPE).sum()


def test_filled__in_blocks_of_edges(monkeypatch):
    angles = np.linspace(0, 2 * np.pi, 50, endpoint=False)
    polygon = 9 + 8 * np.column_stack((np.cos(angles), np.sin(angles)))
    whole = filled([polygon], SHAPE)
    monkeypatch.setattr(polygons, "MOST_CROSSINGS", 3 * SHAPE[1])
    np.testing.assert_array_equal(whole, filled([polygon], SHAPE))


@pytest.mark.parametrize(
    ("drawn", "expected"),
    [
        ([square((2, 2), (9, 9))], Overlaps()),
        ([square((2, 2), (9, 9)), square((10, 2), (12, 9))], Overlaps()),
        ([square((2, 2), (9, 9)), square((9, 2), (12, 9))], Overlaps()),  # side by side
        ([square((2, 2), (9, 9)), square((4, 4), (6, 6))], Overlaps(nested=1)),
        ([square((4, 4), (6, 6)), square((2, 2), (9, 9)), square((7, 7), (8, 8))], Overlaps(2)),
        ([square((2, 2), (9, 9)), square((7, 8), (12, 12))], Overlaps(crossing_pixels=2)),
        ([square((2, 2), (9, 9)), square((2, 2), (8.9, 8.9))], Overlaps(crossing_pixels=49)),
    ],
)
def test_overlaps(drawn, expected):
    assert expected == overlaps(drawn, SHAPE)


def test_without_copies__from_whatever_corner_and_in_whatever_direction():
    one = square((2, 2), (9, 7))
    other = square((2, 2), (9, 8))
    kept = without_copies([one, np.roll(one, 2, axis=0), other, one[::-1]])
    assert [one.tolist(), other.tolist()] == [polygon.tolist() for polygon in kept]
