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
    INWARD_MM,
    LIGHT,
    Camera,
    draw_surfaces,
    lesion_meshes,
    liver_mesh,
    seen_from,
    solid_of,
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
    mesh = liver_mesh(ball(affine_ras))
    distance = np.linalg.norm(mesh.vertices - CENTRE, axis=1)
    # the 3.5 mm cells of the coarse grid and their smoothing move the surface by less than one
    assert np.abs(distance - RADIUS_MM).max() < 3.5
    out = mesh.vertices - CENTRE
    assert ((out * mesh.normals).sum(axis=1) / distance).min() > 0.7
    assert np.allclose(1.0, np.linalg.norm(mesh.normals, axis=1))
    a, b, c = np.moveaxis(out[mesh.faces], 1, 0)
    volume = np.einsum("ij,ij->", a, np.cross(b, c)) / 6.0
    assert volume == pytest.approx(4.0 / 3.0 * np.pi * RADIUS_MM**3, rel=0.05), "faces turn outward"


def test_colours__are_those_of_the_segment_below(made):
    phantom = made.phantom
    liver = liver_mesh(phantom.structures)
    colours = {int(segment): colour for segment, colour in SEGMENT_COLOURS.items()}
    layer = seen_from(CAMERAS[0], liver, ()).liver
    found = layer.colours_below(phantom.couinaud, colours)
    known = {rgb(colour) for colour in (*colours.values(), BARE_LIVER_COLOUR)}
    seen = {tuple(np.round(colour, 5)) for colour in np.unique(found, axis=0).astype(float)}
    assert len(seen) > 4
    assert seen <= {tuple(np.round(colour, 5)) for colour in known}
    # the outermost point of the patient's right belongs to a lateral right segment
    far_right = found[layer.below_ras_mm[:, 0].argmax()]
    right = [rgb(SEGMENT_COLOURS[s]) for s in (CouinaudSegment.VI, CouinaudSegment.VII)]
    assert any(np.allclose(colour, far_right, atol=1e-6) for colour in right)


def test_layer__of_a_ball_covers_its_disc_and_is_brightest_towards_the_light():
    mesh = liver_mesh(ball(np.diag((2.0, 2.0, 2.5, 1.0))))
    sight = seen_from(CAMERAS[0], mesh, ())
    mm_per_dot = (sight.frame.high[0] - sight.frame.low[0]) / sight.frame.pixels[1]
    area = sight.liver.cover.sum() * mm_per_dot**2
    assert area == pytest.approx(np.pi * RADIUS_MM**2, rel=0.03)
    depth = (sight.liver.below_ras_mm - CENTRE) @ CAMERAS[0].axes_ras()[2]
    assert (depth > -INWARD_MM).all(), "only the near side is seen"
    light = CAMERAS[0].axes_ras().T @ (np.array(LIGHT) / np.linalg.norm(LIGHT))
    out = sight.liver.below_ras_mm[sight.liver.shade.mean(axis=0).argmax()] - CENTRE
    assert out @ light > 0.95 * np.linalg.norm(out)
    assert 0 == len(sight.lesions.pixels)


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
    pictures = list(draw_surfaces(scene, solid_of(scene)))
    assert [camera.title for camera in CAMERAS] == [picture.title for picture in pictures]
    assert all("0 lesion(s)" in picture.alt for picture in pictures)
