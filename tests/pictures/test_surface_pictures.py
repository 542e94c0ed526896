"""Surfaces lie where the voxels are and face outward on any grid."""

import numpy as np
import pytest

from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, CouinaudSegment
from remnant.core.volumes import LabelMap
from remnant.pictures.figures import make_scene
from remnant.pictures.palette import BARE_LIVER_COLOUR, SEGMENT_COLOURS, rgb
from remnant.pictures.planes import letter
from remnant.pictures.surface_pictures import (
    CAMERAS,
    Camera,
    draw_surfaces,
    lesion_meshes,
    liver_mesh,
)

RADIUS_MM = 30.0
CENTRE = np.array((4.0, -7.0, 11.0))


def ball(affine_ras, shape=(50, 44, 38)):
    matrix = np.array(affine_ras, dtype=float)
    matrix[:3, 3] = CENTRE - matrix[:3, :3] @ (np.array(shape) - 1) / 2
    grid = Geometry(shape, matrix)
    index = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
    inside = np.linalg.norm(grid.ras_from_index(index) - CENTRE, axis=-1) <= RADIUS_MM
    return LabelMap(inside.astype(np.uint8), grid, BINARY_SCHEME)


@pytest.mark.parametrize(
    "affine_ras",
    [
        np.diag((2.0, 2.0, 2.5, 1.0)),
        np.diag((-2.0, 2.0, 2.5, 1.0)),
        np.array([[0, 1.7, 0.6, 0], [-2, 0, 0, 0], [0, -0.5, 2.4, 0], [0, 0, 0, 1.0]]),
    ],
)
def test_mesh__of_a_ball_is_a_ball_facing_outward(affine_ras):
    mesh = liver_mesh(ball(affine_ras), None)
    distance = np.linalg.norm(mesh.vertices - CENTRE, axis=1)
    # the 3.5 mm cells of the coarse grid and their smoothing move the surface by less than one
    assert np.abs(distance - RADIUS_MM).max() < 3.5
    centres = mesh.vertices[mesh.faces].mean(axis=1) - CENTRE
    outward = (centres * mesh.normals).sum(axis=1) / np.linalg.norm(centres, axis=1)
    assert outward.min() > 0.7
    assert np.allclose(1.0, np.linalg.norm(mesh.normals, axis=1))
    assert {rgb(BARE_LIVER_COLOUR)} == {tuple(colour) for colour in mesh.colours}


def test_mesh__takes_the_colour_of_the_segment_below(made):
    phantom = made.phantom
    mesh = liver_mesh(phantom.structures, phantom.couinaud)
    known = {rgb(colour) for colour in SEGMENT_COLOURS.values()}
    found = {tuple(np.round(colour, 6)) for colour in np.unique(mesh.colours, axis=0)}
    assert found <= {tuple(np.round(c, 6)) for c in known | {rgb(BARE_LIVER_COLOUR)}}
    # the highest point of the patient's right belongs to an upper right segment
    far_right = mesh.faces[(mesh.vertices[mesh.faces].mean(axis=1)[:, 0]).argmax()]
    face = np.flatnonzero((mesh.faces == far_right).all(axis=1))[0]
    right = {rgb(SEGMENT_COLOURS[s]) for s in (CouinaudSegment.VI, CouinaudSegment.VII)}
    assert tuple(mesh.colours[face]) in right


@pytest.mark.parametrize("camera", [*CAMERAS, Camera("", turn=-35.0, lift=80.0)])
def test_camera__axes_are_a_rotation(camera):
    axes = camera.axes_ras()
    assert np.allclose(np.eye(3), axes @ axes.T)
    assert np.linalg.det(axes) == pytest.approx(1.0)


def test_camera__front_view_shows_right_on_the_left():
    right, up, towards = CAMERAS[0].axes_ras()
    assert ("L", "H", "A") == (letter(right), letter(up), letter(towards))
    right, _, towards = CAMERAS[1].axes_ras()
    assert "R" == letter(right)
    assert towards[1] < 0 > towards[2]


def test_lesion_meshes__lie_on_their_lesions_even_the_smallest(made):
    phantom = made.phantom
    codes = phantom.lesions.codes.copy()
    codes[0, 0, 0] = 0
    speck = tuple(np.argwhere(phantom.structures.codes == 1)[200])
    codes[speck] = 9
    scene = make_scene(
        made.case.volumetry.lesions,
        structures=phantom.structures,
        lesion_codes=LabelMap(codes, phantom.geometry, phantom.lesions.scheme),
        couinaud=None,
        preview=None,
    )
    meshes = {int(mesh.name): mesh for mesh in lesion_meshes(scene)}
    assert {int(code) for code in np.unique(codes) if code} == set(meshes)
    for code, mesh in meshes.items():
        voxels = phantom.geometry.ras_from_index(np.argwhere(codes == code))
        reach = np.array(phantom.geometry.spacing_mm) * 2.0
        assert (mesh.vertices.min(axis=0) > voxels.min(axis=0) - reach).all()
        assert (mesh.vertices.max(axis=0) < voxels.max(axis=0) + reach).all()


def test_surfaces__are_drawn_from_two_sides_without_lesions_too(made):
    phantom = made.phantom
    none = LabelMap(np.zeros_like(phantom.lesions.codes), phantom.geometry, phantom.lesions.scheme)
    scene = make_scene(
        (), structures=phantom.structures, lesion_codes=none, couinaud=None, preview=None
    )
    pictures = list(draw_surfaces(scene))
    assert [camera.title for camera in CAMERAS] == [picture.title for picture in pictures]
    assert all("0 lesion(s)" in picture.alt for picture in pictures)
