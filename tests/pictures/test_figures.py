"""Pictures show the patient's right on the left, whatever grid the source came on."""

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from remnant.core.geometry import Geometry
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation, Lesion
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason
from remnant.core.volumes import ImageVolume, LabelMap
from remnant.pictures import figures
from remnant.pictures.drawing import inked
from remnant.pictures.figures import draw_plane, draw_planes, largest_lesion, make_scene
from remnant.pictures.palette import LESION_COLOUR, LIVER_COLOUR, REJECTED_COLOUR, rgb
from remnant.pictures.planes import View, plane_through, sample_image, sample_labels
from remnant.pictures.preview import make_preview
from remnant.testing.phantoms import body_grid, liver_phantom

RIGHT_LESION_MM = 1.0
OBLIQUE = np.array(
    [[0.9, -0.3, 0.1, 5.0], [0.35, 0.88, -0.2, -3.0], [-0.05, 0.25, 0.95, 2.0], [0, 0, 0, 1.0]]
)


def flipped(codes, geometry, axes):
    """The same voxels at the same places, stored along other directions."""
    step = np.eye(4)
    for axis in axes:
        step[axis, axis] = -1.0
        step[axis, 3] = geometry.shape[axis] - 1
    return np.flip(codes, axes).copy(), Geometry(geometry.shape, geometry.affine_ras @ step)


def turned(codes, geometry, order):
    step = np.eye(4)[:, [*order, 3]]
    shape = tuple(geometry.shape[axis] for axis in order)
    return codes.transpose(order).copy(), Geometry(shape, geometry.affine_ras @ step)


STORED = {
    "RAS": lambda codes, grid: (codes, grid),
    "LAS": lambda codes, grid: flipped(codes, grid, (0,)),
    "LPI": lambda codes, grid: flipped(codes, grid, (0, 1, 2)),
    "SRA": lambda codes, grid: turned(codes, grid, (2, 0, 1)),
}


def oblique_grid(spacing_mm=3.5):
    upright = body_grid(spacing_mm=(spacing_mm,) * 3)
    turn = np.linalg.qr(OBLIQUE[:3, :3])[0]
    turn = turn * np.sign(np.diag(turn))
    corners = upright.corners_ras()
    centre = corners.mean(axis=0)
    affine_ras = np.eye(4)
    affine_ras[:3, :3] = turn * spacing_mm
    shape = tuple(int(n * 1.35) for n in upright.shape)
    affine_ras[:3, 3] = centre - affine_ras[:3, :3] @ (np.array(shape) - 1) / 2
    return Geometry(shape, affine_ras)


@pytest.fixture(scope="module", params=[*STORED, "oblique"])
def scene(request):
    """One lesion in segment VI or VII: in the patient's right lobe, towards the back."""
    grid = oblique_grid() if request.param == "oblique" else body_grid(spacing_mm=(3.5,) * 3)
    right_back = (CouinaudSegment.VI, CouinaudSegment.VII)
    phantom = liver_phantom(grid, metastases=1, seed=5, within=right_back)
    preview = make_preview(phantom.image, phantom.structures)
    store = STORED.get(request.param, STORED["RAS"])

    def kept(labels):
        return LabelMap(*store(labels.codes, labels.geometry), labels.scheme)

    return make_scene(
        (one_lesion(phantom),),
        structures=kept(phantom.structures),
        lesion_codes=kept(phantom.lesions),
        couinaud=kept(phantom.couinaud),
        preview=ImageVolume(*store(preview.voxels, preview.geometry), preview.modality),
    )


def one_lesion(phantom):
    centre = phantom.geometry.ras_from_index(np.argwhere(phantom.lesions.codes == 1)).mean(axis=0)
    return Lesion(
        id=1,
        volume_ml=Quantity(1.0),
        longest_axial_mm=RIGHT_LESION_MM,
        perpendicular_axial_mm=RIGHT_LESION_MM,
        slice_corrected_3d_mm=RIGHT_LESION_MM,
        feret_3d_mm=RIGHT_LESION_MM,
        surface_mm2=RIGHT_LESION_MM**2,
        free_surface_mm2=RIGHT_LESION_MM**2,
        centroid_ras_mm=tuple(float(x) for x in centre),
        segment_fractions=None,
        surface_distance_mm=Quantity(0.0),
        portal_vein_distance_mm=Quantity.absent(Reason(Cause.NO_PORTAL_VEIN)),
        hepatic_veins_distance_mm=Quantity.absent(Reason(Cause.NO_PORTAL_VEIN)),
        confirmation=Confirmation.CONFIRMED,
    )


def pixels(picture):
    content = base64.b64decode(picture.uri.removeprefix("data:image/png;base64,"))
    image = Image.open(io.BytesIO(content))
    assert (picture.width, picture.height) == image.size
    return np.asarray(image.convert("RGB"), dtype=float) / 255.0


def where(array, colour, tolerance=0.12):
    return np.argwhere(np.abs(array - rgb(colour)).max(axis=2) < tolerance)


@pytest.mark.parametrize(
    ("view", "lesion_is_left", "lesion_is_low"),
    [(View.AXIAL, True, True), (View.CORONAL, True, None), (View.SAGITTAL, False, None)],
)
def test_picture__right_posterior_lesion_lies_where_radiologists_expect_it(
    scene, view, lesion_is_left, lesion_is_low
):
    drawn = pixels(draw_plane(scene, view))
    lesion, liver = where(drawn, LESION_COLOUR), where(drawn, LIVER_COLOUR)
    assert len(lesion) > 40
    middle = liver.mean(axis=0)
    row, column = lesion.mean(axis=0)
    assert lesion_is_left == (column < middle[1])
    if lesion_is_low is not None:
        assert lesion_is_low == (row > middle[0])


def test_picture__every_way_of_storing_shows_the_same_voxels():
    grid = body_grid(spacing_mm=(3.0, 4.0, 5.0))
    phantom = liver_phantom(grid, metastases=3, seed=2)
    plane = plane_through(
        (0.0, 0.0, 0.0),
        view=View.CORONAL,
        low_ras_mm=grid.corners_ras().min(axis=0),
        high_ras_mm=grid.corners_ras().max(axis=0),
        pixel_mm=3.3,
    )
    codes = phantom.couinaud.codes
    expected = sample_labels(codes, grid, plane)
    grey = sample_image(phantom.image, plane)
    for store in STORED.values():
        found = sample_labels(*store(codes, grid), plane)
        for code in range(1, 9):
            assert np.allclose(expected.share(code), found.share(code), atol=1e-4)
        image = ImageVolume(*store(phantom.image.voxels, grid), phantom.image.modality)
        assert np.allclose(grey, sample_image(image, plane), atol=0.5)


@pytest.mark.parametrize(
    ("view", "letters"), [(View.AXIAL, "RLAP"), (View.CORONAL, "RLHF"), (View.SAGITTAL, "APHF")]
)
def test_view__letters_stand_at_the_edges_that_they_name(view, letters):
    assert dict(zip(("left", "right", "top", "bottom"), letters, strict=True)) == view.letters


def test_plane__pixels_run_from_right_to_left_and_front_to_back():
    low, high = np.array((-10.0, -20.0, -30.0)), np.array((10.0, 20.0, 30.0))
    plane = plane_through(
        (1.0, 2.0, 3.0), view=View.AXIAL, low_ras_mm=low, high_ras_mm=high, pixel_mm=1.0
    )
    points = plane.points_ras()
    assert (41, 21, 3) == points.shape
    assert (10.0, 20.0, 3.0) == tuple(points[0, 0])
    assert (-10.0, -20.0, 3.0) == tuple(points[-1, -1])


def test_sample__linear_between_centres_and_nothing_outside():
    codes = np.zeros((3, 1, 1), np.uint8)
    codes[1] = 7
    geometry = Geometry((3, 1, 1), np.diag((2.0, 1.0, 1.0, 1.0)))
    ends = np.array((-3.0, 0.0, 0.0)), np.array((7.0, 0.0, 0.0))
    plane = plane_through(
        (0, 0, 0), view=View.CORONAL, low_ras_mm=ends[0], high_ras_mm=ends[1], pixel_mm=0.5
    )
    share = sample_labels(codes, geometry, plane).share(7)[0]
    x = plane.points_ras()[0, :, 0]
    assert np.allclose(np.clip(1.0 - np.abs(x - 2.0) / 2.0, 0.0, 1.0), share, atol=1e-6)


def test_scale_bar__is_five_centimetres_long(scene):
    picture = draw_plane(scene, View.CORONAL)
    drawn = pixels(picture)
    plane = scene.plane(View.CORONAL)
    bottom = drawn[int(drawn.shape[0] * (1 - 18.0 / plane.rows)) :]
    white = (bottom > 0.97).all(axis=2)
    longest = max(len(run) for row in white for run in "".join("x "[not p] for p in row).split())
    mm_per_dot = plane.columns * plane.pixel_mm / drawn.shape[1]
    assert longest * mm_per_dot == pytest.approx(50.0, abs=2.0)


def test_outlines__rejected_lesions_are_grey(scene):
    rejected = replace(scene.lesions[1], confirmation=Confirmation.REJECTED)
    picture = draw_plane(replace(scene, lesions={1: rejected}), View.AXIAL)
    drawn = pixels(picture)
    assert 0 == len(where(drawn, LESION_COLOUR))
    assert len(where(drawn, REJECTED_COLOUR, 0.05)) > 10
    assert "Lesions in this plane: 1" in picture.alt


def test_scene__centre_is_the_largest_counted_lesion_or_the_liver(made):
    lesions = made.case.volumetry.lesions
    assert 1 == largest_lesion(lesions).id
    only_rejected = tuple(replace(x, confirmation=Confirmation.REJECTED) for x in lesions)
    phantom = made.phantom
    maps = {
        "structures": phantom.structures,
        "lesion_codes": phantom.lesions,
        "couinaud": None,
        "preview": None,
    }
    assert lesions[0].centroid_ras_mm == make_scene(lesions, **maps).centre_ras_mm
    bare = make_scene(only_rejected, **maps)
    assert bare.centred_on is None
    liver = phantom.geometry.ras_from_index(np.argwhere(phantom.structures.codes > 0))
    assert np.allclose(liver.mean(axis=0), bare.centre_ras_mm, atol=1e-6)


def test_pictures__without_an_image_masks_are_filled(made):
    phantom = made.phantom
    scene = make_scene(
        made.case.volumetry.lesions,
        structures=phantom.structures,
        lesion_codes=phantom.lesions,
        couinaud=None,
        preview=None,
    )
    drawn = [pixels(picture) for picture in draw_planes(scene)]
    assert 3 == len(drawn)
    orange = drawn[0][..., 0] - drawn[0][..., 2]
    assert (orange > 0.3).sum() > 300
    assert drawn[0].max(axis=2).mean() > 0.2


def test_numerals__keep_clear_of_the_lesions_numbers(made, monkeypatch):
    phantom, sketches = made.phantom, []

    def keep(sketch, **how):
        sketches.append(sketch)
        return inked(sketch, **how)

    monkeypatch.setattr(figures, "inked", keep)
    scene = make_scene(
        made.case.volumetry.lesions,
        structures=phantom.structures,
        lesion_codes=phantom.lesions,
        couinaud=phantom.couinaud,
        preview=None,
    )
    assert 3 == len(list(draw_planes(scene)))
    for sketch in sketches:
        numbers = replace(sketch, words=[words for words in sketch.words if words.text.isdigit()])
        names = set(CouinaudSegment.__members__)
        numerals = [words for words in sketch.words if words.text in names]
        assert numbers.words
        assert numerals
        taken = numbers.written()
        assert not any(taken[round(words.y), round(words.x)] for words in numerals)
