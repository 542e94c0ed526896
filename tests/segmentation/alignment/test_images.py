"""Two phases of one person laid on each other: a known motion is found, a wrong one is refused."""

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.transform import Rotation

from remnant.core.errors import EmptyStructureError
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME
from remnant.core.phase_choice import AlignmentKind
from remnant.core.volumes import ImageVolume, LabelMap, Modality, Phase
from remnant.testing.phantoms import liver_phantom
from segmentation.alignment.images import (
    LEAST_OVERLAP_FRACTION,
    Bend,
    Motion,
    Side,
    align_images,
    moved_mask,
    upright_grid,
)

SHIFT_MM = (8.0, -5.0, 6.0)


@pytest.fixture(name="portal", scope="module")
def portal_fixture():
    phantom = liver_phantom(metastases=3, noise_hu=8.0)
    return Side(image=phantom.image, liver=phantom.liver_mask)


def turned(degrees=4.0, shift_mm=SHIFT_MM):
    """A motion about the phantom's centre, from fixed to moving."""
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", (degrees, -degrees / 2, degrees), True).as_matrix()
    matrix[:3, 3] = shift_mm
    return matrix


def moved(side, matrix, bend=None):
    """The same body moved, in another contrast: the grid is moved back and voxels taken there."""
    grid = side.image.geometry
    index = np.moveaxis(np.indices(grid.shape), 0, -1).reshape(-1, 3)
    back = np.linalg.inv(matrix)
    points = grid.ras_from_index(index) @ back[:3, :3].T + back[:3, 3]
    if bend is not None:
        points = points - bend(points)
    where = grid.index_from_ras(points).T
    values = ndimage.map_coordinates(side.image.voxels.astype(float), where, order=1, cval=-1000)
    liver = ndimage.map_coordinates(side.liver.codes.astype(float), where, order=1) >= 0.5
    # arterial: the liver hardly brighter than without contrast, vessels and kidneys far more
    values = np.where((values > 80) & (values < 140), values - 45, values).reshape(grid.shape)
    return Side(
        image=ImageVolume(values.astype(np.int16), grid, Modality.CT, phase=Phase.ARTERIAL),
        liver=LabelMap(liver.reshape(grid.shape).astype(np.uint8), grid, BINARY_SCHEME),
    )


def errors_mm(side, motion, truth):
    inside = side.image.geometry.ras_from_index(np.argwhere(side.liver.mask())[::50])
    return np.linalg.norm(motion(inside) - truth(inside), axis=1)


def test_align__rigid_motion_is_found(portal):
    matrix = turned()
    found = align_images(portal, moved(portal, matrix))
    # voxels of 2.9 x 3.1 x 4 mm: half of the smallest one
    assert errors_mm(portal, found.motion, Motion(matrix)).max() < 1.5
    assert found.overlap_before < LEAST_OVERLAP_FRACTION
    assert found.is_good
    assert found.motion.bend is None


def test_align__is_the_same_every_time(portal):
    other = moved(portal, turned())
    first, second = (align_images(portal, other).motion.matrix for _ in range(2))
    np.testing.assert_allclose(first, second, rtol=0, atol=1e-9)


def textured():
    """A ball of a liver in a body of smooth texture, which shows where every part has gone."""
    grid = Geometry((48, 48, 44), np.diag((3.0, 3.0, 3.0, 1.0)))
    texture = ndimage.gaussian_filter(np.random.default_rng(1).normal(size=grid.shape), 2.0)
    voxels = (60 + 40 * texture / texture.std()).astype(np.int16)
    far = np.linalg.norm(np.moveaxis(np.indices(grid.shape), 0, -1) - (24, 24, 22), axis=-1)
    liver = LabelMap((far <= 13).astype(np.uint8), grid, BINARY_SCHEME)
    return Side(image=ImageVolume(voxels, grid, Modality.CT), liver=liver)


def test_align__deformation_is_found():
    fixed = textured()
    top = fixed.image.geometry.ras_from_index((24, 24, 32))

    def bulge(points):
        near = np.exp(-np.square((points - top) / 30.0).sum(axis=-1, keepdims=True))
        return near * np.array((0.0, 0.0, 10.0))

    def truth(points):
        """Invert p - bulge(p) step by step: the bulge is steeper than 1 nowhere."""
        found = points
        for _ in range(30):
            found = points + bulge(found)
        return Motion(turned(2.0))(found)

    other = moved(fixed, turned(2.0), bulge)
    rigid = align_images(fixed, other)
    bent = align_images(fixed, other, kind=AlignmentKind.DEFORMABLE)
    assert bent.motion.bend is not None
    assert bent.overlap > rigid.overlap
    before, after = (errors_mm(fixed, found.motion, truth) for found in (rigid, bent))
    assert after.mean() < 0.6 * before.mean()


def test_align__another_liver_is_not_good(portal):
    other = liver_phantom(scale=0.8, metastases=0, noise_hu=8.0)
    found = align_images(portal, Side(image=other.image, liver=other.liver_mask))
    assert not found.is_good
    assert found.overlap < LEAST_OVERLAP_FRACTION


def test_align__empty_liver(portal):
    empty = LabelMap(np.zeros(portal.liver.codes.shape, np.uint8), portal.liver.geometry,
                     BINARY_SCHEME)  # fmt: skip
    with pytest.raises(EmptyStructureError):
        align_images(portal, Side(image=portal.image, liver=empty))


def test_moved_mask__whole_steps_on_any_grids_are_exact():
    grid = Geometry((12, 13, 14), np.diag((2.0, 3.0, 4.0, 1.0)))
    mask = np.random.default_rng(0).random(grid.shape) > 0.5
    shift = np.eye(4)
    shift[:3, 3] = (4.0, -3.0, 8.0)
    found = moved_mask(mask, grid, grid, Motion(shift))
    expected = np.zeros_like(mask)
    expected[:-2, 1:, :-2] = mask[2:, :-1, 2:]
    np.testing.assert_array_equal(found, expected)


def test_moved_mask__a_bend_moves_as_its_field_says():
    grid = Geometry((20, 20, 20), np.eye(4))
    mask = np.zeros(grid.shape, bool)
    mask[5:10, 5:10, 5:10] = True
    field = np.zeros((*grid.shape, 3), np.float32)
    field[..., 0] = -3.0
    found = moved_mask(mask, grid, grid, Motion(np.eye(4), Bend(grid, field)))
    np.testing.assert_array_equal(found, np.roll(mask, 3, axis=0))


def test_moved_mask__what_does_not_come_there_is_empty():
    grid = Geometry((5, 5, 5), np.eye(4))
    far = np.eye(4)
    far[0, 3] = 100.0
    assert not moved_mask(np.ones(grid.shape, bool), grid, grid, Motion(far)).any()
    assert not moved_mask(np.zeros(grid.shape, bool), grid, grid, Motion(np.eye(4))).any()


def test_upright_grid__holds_the_liver_with_its_margin(portal):
    grid = upright_grid(portal.liver, spacing_mm=3.0, margin_mm=15.0)
    corners = portal.image.geometry.ras_from_index(np.argwhere(portal.liver.mask()))
    index = grid.index_from_ras(corners)
    assert index.min() >= 5.0 - 1e-9
    assert (np.array(grid.shape) - 1 - index.max(axis=0)).min() >= 5.0 - 1e-9
