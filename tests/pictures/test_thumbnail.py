"""The small picture of a case: where it cuts, what it outlines, how large it is."""

import io

import numpy as np
import pytest
from PIL import Image

from remnant.core.errors import EmptyStructureError
from remnant.core.geometry import Geometry
from remnant.core.labels import STRUCTURE_SCHEME, Structure
from remnant.core.volumes import LabelMap
from remnant.pictures.palette import BORDER_COLOUR, LESION_COLOUR, LIVER_COLOUR, rgb
from remnant.pictures.preview import make_preview
from remnant.pictures.thumbnail import LARGEST_BYTES, WIDEST, draw_thumbnail, tumour_height_mm
from remnant.testing.phantoms import body_grid, liver_phantom


@pytest.fixture(scope="module", name="phantom")
def phantom_fixture():
    return liver_phantom(body_grid(spacing_mm=(3.0, 3.0, 4.0)), metastases=5, seed=1)


def near(picture, colour, *, within=30):
    """How many pixels have about this colour."""
    wanted = 255.0 * np.array(rgb(colour))
    return int((np.abs(picture - wanted).max(axis=-1) < within).sum())


def seen(content):
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), np.float64)


def test_thumbnail__outlines_liver_lesions_and_segments(phantom):
    content = draw_thumbnail(
        structures=phantom.structures,
        couinaud=phantom.couinaud,
        preview=make_preview(phantom.image, phantom.structures),
    )
    picture = seen(content)

    assert len(content) <= LARGEST_BYTES
    assert picture.shape[1] <= WIDEST[0]
    assert picture.shape[0] <= WIDEST[1]
    assert near(picture, LIVER_COLOUR) > 100
    assert near(picture, LESION_COLOUR) > 20
    bare = seen(
        draw_thumbnail(
            structures=phantom.structures,
            couinaud=None,
            preview=make_preview(phantom.image, phantom.structures),
        )
    )
    assert near(picture, BORDER_COLOUR) > near(bare, BORDER_COLOUR) + 20


def test_thumbnail__of_masks_alone_is_grey_with_outlines(phantom):
    picture = seen(draw_thumbnail(structures=phantom.structures, couinaud=None, preview=None))

    assert near(picture, LIVER_COLOUR) > 100
    assert near(picture, LESION_COLOUR) > 20


def test_thumbnail__of_noise_stays_small(phantom):
    preview = make_preview(phantom.image, phantom.structures)
    noise = np.random.default_rng(1).integers(0, 256, preview.voxels.shape, dtype=np.uint8)
    noisy = type(preview)(noise, preview.geometry, preview.modality)

    content = draw_thumbnail(
        structures=phantom.structures, couinaud=phantom.couinaud, preview=noisy
    )
    assert len(content) <= LARGEST_BYTES
    assert near(seen(content), LIVER_COLOUR) > 50


def test_thumbnail__without_a_liver_is_an_error(phantom):
    none = LabelMap(
        np.zeros_like(phantom.structures.codes), phantom.geometry, phantom.structures.scheme
    )
    with pytest.raises(EmptyStructureError):
        draw_thumbnail(structures=none, couinaud=None, preview=None)


@pytest.mark.parametrize("mirrored", [False, True])
def test_height__is_where_most_tumour_lies(mirrored):
    codes = np.full((20, 20, 30), Structure.PARENCHYMA, np.uint8)
    codes[2:4, 2:4, 3] = Structure.LESION
    codes[5:15, 5:15, 20:22] = Structure.LESION
    codes[5:16, 5:16, 22] = Structure.LESION
    matrix = np.diag((2.0, 2.0, -5.0 if mirrored else 5.0, 1.0))
    labels = LabelMap(codes, Geometry(codes.shape, matrix), STRUCTURE_SCHEME)

    assert tumour_height_mm(labels) == pytest.approx(-110.0 if mirrored else 110.0)


def test_height__without_tumour_is_absent():
    codes = np.full((4, 4, 4), Structure.PARENCHYMA, np.uint8)
    labels = LabelMap(codes, Geometry(codes.shape, np.eye(4)), STRUCTURE_SCHEME)

    assert tumour_height_mm(labels) is None
