import dataclasses

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.core.errors import GeometryMismatchError, InputError
from remnant.core.geometry import SAME_GRID_TOLERANCE_MM, Geometry
from remnant.testing.strategies import directions, geometries, rotations, small_shapes, spacings

SHAPE = (7, 8, 9)


def geometry(*, shape=SHAPE, spacing_mm=(1.0, 2.0, 3.0), origin_mm=(0.0, 0.0, 0.0), frame=None):
    affine_ras = np.diag((*spacing_mm, 1.0))
    affine_ras[:3, 3] = origin_mm
    return Geometry(shape, affine_ras, frame_of_reference_uid=frame)


def twin(grid):
    """A second object with its own array that describes the same grid."""
    affine_ras = np.array(grid.affine_ras)
    return Geometry(grid.shape, affine_ras, frame_of_reference_uid=grid.frame_of_reference_uid)


@given(grid=geometries(), seed=st.integers(0, 1000))
def test_index_and_ras__round_trip(grid, seed):
    index = np.random.default_rng(seed).uniform(-20, 20, size=(4, 5, 3))

    assert grid.ras_from_index(index).shape == index.shape
    np.testing.assert_allclose(grid.index_from_ras(grid.ras_from_index(index)), index, atol=1e-8)


@given(grid=geometries())
def test_ras_from_index__equals_nibabel(grid):
    index = np.argwhere(np.ones(grid.shape, dtype=bool))

    expected = nib.affines.apply_affine(grid.affine_ras, index)

    np.testing.assert_allclose(grid.ras_from_index(index), expected, atol=1e-9)


@given(spacing_mm=spacings(), axes=directions(sheared=False), shape=small_shapes())
def test_voxel_volume__is_product_of_spacings_unless_sheared(spacing_mm, axes, shape):
    affine_ras = np.eye(4)
    affine_ras[:3, :3] = axes @ np.diag(spacing_mm)
    grid = Geometry(shape, affine_ras)

    assert pytest.approx(np.prod(spacing_mm) / 1000.0) == grid.voxel_volume_ml
    assert pytest.approx(spacing_mm) == grid.spacing_mm
    assert not grid.is_sheared


@given(grid=geometries(sheared=True))
def test_voxel_volume__of_a_sheared_grid_is_the_box_product(grid):
    i, j, k = grid.affine_ras[:3, :3].T

    assert pytest.approx(abs(np.dot(np.cross(i, j), k)) / 1000.0) == grid.voxel_volume_ml
    assert grid.voxel_volume_ml <= np.prod(grid.spacing_mm) / 1000.0 * (1 + 1e-12)


def test_voxel_volume__mirrored_grid_is_positive():
    assert pytest.approx(0.006) == geometry(spacing_mm=(-1.0, 2.0, 3.0)).voxel_volume_ml


def test_is_sheared__tilted_gantry():
    affine_ras = np.eye(4)
    affine_ras[1, 2] = np.tan(np.deg2rad(5.0))

    assert Geometry(SHAPE, affine_ras).is_sheared


@pytest.mark.parametrize(("degrees", "expected"), [(0.05, False), (0.2, True), (-0.2, True)])
def test_is_sheared__tolerance_is_a_tenth_of_a_degree(degrees, expected):
    affine_ras = np.eye(4)
    affine_ras[1, 2] = np.tan(np.deg2rad(degrees))

    assert expected is Geometry(SHAPE, affine_ras).is_sheared


@given(axes=directions(), spacing_mm=spacings())
def test_axcodes__equal_nibabel_where_the_axes_are_clear(axes, spacing_mm):
    affine_ras = np.eye(4)
    affine_ras[:3, :3] = axes @ np.diag(spacing_mm)
    grid = Geometry(SHAPE, affine_ras)
    clear = (np.abs(axes) > 0.8).sum() == 3
    if not clear:  # near a diagonal "closest axis" is a convention: any is right, none repeats
        assert {0, 1, 2} == set(grid.world_axes)
        return

    assert nib.aff2axcodes(affine_ras) == grid.axcodes
    assert list(nib.orientations.io_orientation(affine_ras)[:, 0]) == list(grid.world_axes)


@given(turn=rotations())
def test_axcodes__equal_nibabel_on_every_rotation_up_to_40_degrees(turn):
    angle = np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1))
    small = np.real(_power(turn, 0.0 if angle == 0 else min(1.0, np.deg2rad(40) / angle)))
    affine_ras = np.eye(4)
    affine_ras[:3, :3] = small @ np.diag((-0.7, 0.8, 5.0))

    assert nib.aff2axcodes(affine_ras) == Geometry(SHAPE, affine_ras).axcodes


def _power(rotation, exponent):
    values, vectors = np.linalg.eig(rotation)
    return (
        vectors
        @ np.diag(np.exp(exponent * np.log(values.astype(complex))))
        @ np.linalg.inv(vectors)
    )


@pytest.mark.parametrize("code", ["RAS", "LPS", "LAS", "PSR", "SLP", "IAR", "ARS"])
def test_axcodes__of_every_axis_order(code):
    orientation = nib.orientations.axcodes2ornt(tuple(code))
    affine_ras = nib.orientations.inv_ornt_aff(orientation, SHAPE)

    grid = Geometry(SHAPE, np.linalg.inv(affine_ras))

    assert nib.aff2axcodes(grid.affine_ras) == grid.axcodes
    assert grid.axial_axis == next(a for a, c in enumerate(grid.axcodes) if c in "SI")


def test_axial_axis__sagittal_acquisition():
    affine_ras = np.eye(4)[[2, 0, 1, 3]]  # i runs along A, j along S, k along R

    assert Geometry(SHAPE, affine_ras).axcodes == ("A", "S", "R")
    assert Geometry(SHAPE, affine_ras).axial_axis == 1


@given(grid=geometries())
def test_directions__are_unit_columns(grid):
    np.testing.assert_allclose(np.linalg.norm(grid.directions, axis=0), 1.0)
    rebuilt = grid.directions @ np.diag(grid.spacing_mm)
    np.testing.assert_allclose(rebuilt, grid.affine_ras[:3, :3], atol=1e-12)


@given(grid=geometries())
def test_same_grid__two_objects(grid):
    other = twin(grid)

    assert grid is not other
    assert grid.same_grid(other)
    grid.require_same_grid(other, what="the mask", reference="the image")


@given(grid=geometries(), axis=st.integers(0, 2))
def test_same_grid__shifted_by_a_voxel_is_another(grid, axis):
    start = tuple(int(a == axis) for a in range(3))

    assert not grid.same_grid(grid.cropped(start, grid.shape))


@given(grid=geometries(), axis=st.integers(0, 2))
def test_same_grid__mirrored_in_place_is_another(grid, axis):
    affine_ras = np.array(grid.affine_ras)
    affine_ras[:3, 3] += affine_ras[:3, axis] * (grid.shape[axis] - 1)
    affine_ras[:3, axis] *= -1
    frame = grid.frame_of_reference_uid

    assert not grid.same_grid(Geometry(grid.shape, affine_ras, frame_of_reference_uid=frame))


def test_same_grid__shape_differs():
    assert not geometry().same_grid(geometry(shape=(7, 9, 8)))


@pytest.mark.parametrize(("shift_mm", "expected"), [(0.99, True), (1.01, False)])
def test_same_grid__tolerance_at_its_limit(shift_mm, expected):
    shifted = geometry(origin_mm=(shift_mm * SAME_GRID_TOLERANCE_MM, 0.0, 0.0))

    assert expected is geometry().same_grid(shifted)
    assert geometry().same_grid(shifted, tolerance_mm=0.1)


def test_same_grid__spacing_drift_is_seen_at_the_far_corner():
    drifted = geometry(spacing_mm=(1.0, 2.0, 3.0 + 0.011 / 8))

    assert not geometry().same_grid(drifted)


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [("1.2", "1.2", True), ("1.2", "1.3", False), (None, "1.3", True), ("1.2", None, True),
     (None, None, True)],
)  # fmt: skip
def test_same_grid__frames_of_reference(mine, theirs, expected):
    assert expected is geometry(frame=mine).same_grid(geometry(frame=theirs))


def test_require_same_grid__names_both_and_says_what_to_do():
    with pytest.raises(GeometryMismatchError, match=r"the mask lies on another grid .* the image"):
        geometry().require_same_grid(
            geometry(origin_mm=(5.0, 0.0, 0.0)), what="the mask", reference="the image"
        )


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (geometry(shape=(7, 9, 8)), "size 7 x 9 x 8 against 7 x 8 x 9 voxels"),
        (
            geometry(spacing_mm=(1.0, 2.0, 3.0000001)),
            "spacing 1 x 2 x 3.0000001 against 1 x 2 x 3 mm",
        ),
        (geometry(origin_mm=(0.0, 0.0, 0.5)), "origin 0 x 0 x 0.5 against 0 x 0 x 0 mm (RAS)"),
        (geometry(frame="1.3"), "another DICOM frame of reference"),
    ],
)
def test_differences__name_what_differs_and_nothing_else(other, words):
    assert geometry(frame="1.2").differences(other) == words


def test_differences__of_turned_axes():
    turned = np.array(geometry().affine_ras)
    turned[:3, 0] = (np.cos(0.1), np.sin(0.1), 0.0)
    assert "turned by up to 5.73 degrees" in geometry().differences(Geometry(SHAPE, turned))


@given(
    grid=geometries(),
    start=st.tuples(*[st.integers(-4, 6)] * 3),
    shape=small_shapes(),
    seed=st.integers(0, 1000),
)
def test_cropped__voxels_stay_where_they_are(grid, start, shape, seed):
    block = grid.cropped(start, shape)
    index = np.random.default_rng(seed).integers(-5, 12, size=(6, 3))

    assert shape == block.shape
    assert grid.frame_of_reference_uid == block.frame_of_reference_uid
    np.testing.assert_allclose(
        block.ras_from_index(index), grid.ras_from_index(index + np.array(start)), atol=1e-8
    )
    back = block.cropped(tuple(-s for s in start), grid.shape)
    assert grid.same_grid(back)


@given(grid=geometries())
def test_corners__are_the_extreme_voxels(grid):
    index = np.argwhere(np.ones(grid.shape, dtype=bool))
    points = grid.ras_from_index(index)
    corners = grid.corners_ras()

    assert corners.shape == (8, 3)
    np.testing.assert_allclose(points.min(axis=0), corners.min(axis=0), atol=1e-9)
    np.testing.assert_allclose(points.max(axis=0), corners.max(axis=0), atol=1e-9)


def test_describe__one_line_with_the_facts():
    text = geometry(spacing_mm=(-0.75, 0.8, 2.5), origin_mm=(10.04, -3.0, 100.0)).describe()

    assert text == "7x8x9 voxels of 0.75x0.8x2.5 mm, LAS, origin 10.0, -3.0, 100.0"


@pytest.mark.parametrize("shape", [(7, 8), (7, 8, 0), (7, 8, 9, 1), (-7, 8, 9)])
def test_geometry__refuses_bad_shapes(shape):
    with pytest.raises(InputError, match="three positive sizes"):
        Geometry(shape, np.eye(4))


@pytest.mark.parametrize(
    ("affine_ras", "message"),
    [
        (np.eye(3), "finite 4x4"),
        (np.diag((1.0, np.nan, 1.0, 1.0)), "finite 4x4"),
        (np.diag((1.0, np.inf, 1.0, 1.0)), "finite 4x4"),
        (np.diag((1.0, 0.0, 1.0, 1.0)), "singular"),
        (np.diag((1.0, 1.0, 1.0, 2.0)), "last row"),
        (np.eye(4) + np.eye(4)[::-1] * [1, 0, 0, 0], "last row"),
    ],
)
def test_geometry__refuses_bad_affines(affine_ras, message):
    with pytest.raises(InputError, match=message):
        Geometry(SHAPE, affine_ras)


def test_geometry__copies_its_affine_and_is_frozen():
    affine_ras = np.eye(4)
    grid = Geometry(SHAPE, affine_ras)
    affine_ras[0, 3] = 50.0

    assert grid.affine_ras[0, 3] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        grid.affine_ras[0, 3] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        grid.shape = (1, 2, 3)


def test_geometry__takes_numpy_integers_and_keeps_plain_ones():
    grid = Geometry(tuple(np.array(SHAPE)), np.eye(4))

    assert [int, int, int] == [type(n) for n in grid.shape]


def test_geometry__fractional_sizes_are_refused():
    with pytest.raises(InputError, match="three positive sizes"):
        Geometry((7.9, 8, 9), np.eye(4))
