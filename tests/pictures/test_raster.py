"""The foremost triangle of every pixel is the one that a look at each triangle finds."""

import numpy as np
import pytest

from remnant.pictures import raster
from remnant.pictures.raster import NOTHING, rasterised, squared

ROWS, COLUMNS = 37, 53
TRIANGLES = 40


def weights(triangle, x, y):
    """Barycentric weights by solving for them: another way than the raster's."""
    matrix = np.vstack((triangle[:, :2].T, np.ones(3)))
    return np.linalg.solve(matrix, np.stack((x, y, np.ones_like(x))))


def by_looking_at_each(corners, shades):
    """Paint one triangle after the other, from far to near, testing every pixel."""
    face, shade = np.full((ROWS, COLUMNS), NOTHING), np.zeros((ROWS, COLUMNS))
    y, x = (axis.ravel() + 0.5 for axis in np.indices((ROWS, COLUMNS)))
    for number in np.argsort(corners[:, :, 2].mean(axis=1)):
        parts = weights(corners[number], x, y)
        inside = (parts >= 0.0).all(axis=0)
        face.ravel()[inside] = number
        shade.ravel()[inside] = shades[number] @ parts[:, inside]
    return face, shade


@pytest.fixture(scope="module", name="corners")
def corners_fixture():
    rng = np.random.default_rng(20261129)
    middles = rng.uniform((-5.0, -5.0, 0.0), (COLUMNS + 5.0, ROWS + 5.0, 90.0), (TRIANGLES, 3))
    return middles[:, None] + rng.normal(scale=9.0, size=(TRIANGLES, 3, 3))


def test_raster__finds_what_a_look_at_every_triangle_finds(corners):
    shades = np.random.default_rng(3).uniform(0.0, 1.0, (TRIANGLES, 3))
    found = rasterised(corners, shades, (ROWS, COLUMNS))
    face, shade = by_looking_at_each(corners, shades)
    same = found.face == face
    assert np.unique(face).size > TRIANGLES / 2
    assert same.mean() > 0.998, "only pixels on an edge may differ"
    assert np.allclose(shade[same], found.shade[same], atol=1e-5)


def test_raster__runs_of_little_memory_give_the_same(corners, monkeypatch):
    shades = np.ones((TRIANGLES, 3))
    whole = rasterised(corners, shades, (ROWS, COLUMNS))
    monkeypatch.setattr(raster, "MOST_PIXELS", 60)
    assert np.array_equal(whole.face, rasterised(corners, shades, (ROWS, COLUMNS)).face)


def test_raster__neighbours_leave_no_gap_and_edge_on_triangles_nothing():
    square = np.array(((2.3, 3.1, 0.0), (40.7, 5.2, 0.0), (38.1, 30.9, 0.0), (4.4, 33.3, 0.0)))
    line = np.array(((1.0, 1.0, 9.0), (20.0, 1.0, 9.0), (50.0, 1.0, 9.0)))
    corners = np.stack((square[[0, 1, 2]], square[[0, 2, 3]], line))
    found = rasterised(corners, np.ones((3, 3)), (ROWS, COLUMNS))
    assert {NOTHING, 0, 1} == set(np.unique(found.face).tolist())
    for row in found.face != NOTHING:
        held = np.flatnonzero(row)
        assert not len(held) or len(held) == held[-1] - held[0] + 1
    assert np.allclose(1.0, found.shade[found.face != NOTHING])


def test_raster__of_nothing_is_empty():
    found = rasterised(np.empty((0, 3, 3)), np.empty((0, 3)), (4, 5))
    assert (found.face == NOTHING).all()
    assert (4, 5) == found.shade.shape


def test_values__lie_between_those_of_the_corners(corners):
    found = rasterised(corners, np.ones((TRIANGLES, 3)), (ROWS, COLUMNS))
    places = np.flatnonzero(found.face != NOTHING)
    values = found.values(places, corners)
    row, column = np.divmod(places, COLUMNS)
    assert np.allclose(column + 0.5, values[:, 0])
    assert np.allclose(row + 0.5, values[:, 1])


def test_squared__takes_every_pixel_once():
    fine = np.arange(24).reshape(4, 6)
    parts = list(squared(fine, 2))
    assert [(2, 3)] * 4 == [part.shape for part in parts]
    assert [0, 1, 6, 7] == [int(part[0, 0]) for part in parts]
    assert np.array_equal(np.sort(fine.ravel()), np.sort(np.concatenate(parts).ravel()))
