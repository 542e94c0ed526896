"""The preview: small, windowed, and in its place."""

import numpy as np
import pytest

from remnant.core.errors import EmptyStructureError, GeometryMismatchError
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME
from remnant.core.volumes import ImageVolume, LabelMap, Modality, Phase
from remnant.pictures.preview import MARGIN_MM, SPACING_MM, make_preview
from remnant.testing.phantoms import body_grid, liver_phantom

SHAPE = (40, 30, 20)


def image_and_liver(voxels, *, modality=Modality.CT, affine_ras=None):
    geometry = Geometry(SHAPE, np.eye(4) if affine_ras is None else affine_ras)
    mask = np.zeros(SHAPE, np.uint8)
    mask[18:22, 14:17, 9:12] = 1
    image = ImageVolume(voxels, geometry, modality, phase=Phase.PORTAL)
    return image, LabelMap(mask, geometry, BINARY_SCHEME)


def test_preview__is_small_and_holds_the_liver_with_its_margin():
    phantom = liver_phantom(body_grid(spacing_mm=(2.2, 1.1, 3.0)), metastases=1)
    preview = make_preview(phantom.image, phantom.structures)
    assert np.uint8 == preview.voxels.dtype
    assert preview.voxels.nbytes < 8e6
    assert Modality.CT == preview.modality
    assert all(
        new <= max(old, SPACING_MM) + 1e-9
        for new, old in zip(preview.geometry.spacing_mm, (2.2, 1.1, 3.0), strict=True)
    )
    liver = phantom.geometry.ras_from_index(np.argwhere(phantom.structures.codes > 0))
    corners = preview.geometry.corners_ras()
    body = phantom.geometry.corners_ras()
    low = np.maximum(liver.min(axis=0) - MARGIN_MM, body.min(axis=0)) + 3.0
    high = np.minimum(liver.max(axis=0) + MARGIN_MM, body.max(axis=0)) - 3.0
    assert (corners.min(axis=0) <= low).all()
    assert (corners.max(axis=0) >= high).all()


@pytest.mark.parametrize(
    ("hu", "grey"), [(-1000, 0), (-125, 0), (50, 128), (225, 255), (3000, 255)]
)
def test_preview__ct_is_windowed_to_soft_tissue(hu, grey):
    image, liver = image_and_liver(np.full(SHAPE, hu, np.int16))
    assert {grey} == set(np.unique(make_preview(image, liver).voxels).tolist())


def test_preview__mr_is_windowed_by_percentiles_and_bears_a_constant_image():
    ramp = np.linspace(0.0, 4000.0, np.prod(SHAPE), dtype=np.float32).reshape(SHAPE)
    image, liver = image_and_liver(ramp, modality=Modality.MR)
    grey = make_preview(image, liver).voxels
    assert (0, 255) == (grey.min(), grey.max())
    image, liver = image_and_liver(np.zeros(SHAPE, np.float32), modality=Modality.MR)
    assert 0 == make_preview(image, liver).voxels.max()


def test_preview__keeps_places_on_a_mirrored_grid():
    voxels = np.full(SHAPE, -1000, np.int16)
    voxels[4:8, 22:26, 3:7] = 400
    affine_ras = np.array([[-1.0, 0, 0, 50], [0, 0.5, 0, 3], [0, 0, 2.0, -9], [0, 0, 0, 1]])
    image, liver = image_and_liver(voxels, affine_ras=affine_ras)
    preview = make_preview(image, liver)
    expected = image.geometry.ras_from_index((5.5, 23.5, 4.5))
    bright = np.argwhere(preview.voxels > 0)
    weights = preview.voxels[tuple(bright.T)].astype(float)
    found = np.average(preview.geometry.ras_from_index(bright), axis=0, weights=weights)
    assert np.allclose(expected, found, atol=0.75)  # half a coarse voxel


def test_preview__refuses_other_grids_and_empty_masks():
    image, liver = image_and_liver(np.zeros(SHAPE, np.int16))
    moved = np.eye(4)
    moved[0, 3] = 1.0
    shifted = LabelMap(liver.codes, Geometry(SHAPE, moved), BINARY_SCHEME)
    with pytest.raises(GeometryMismatchError):
        make_preview(image, shifted)
    empty = LabelMap(np.zeros(SHAPE, np.uint8), liver.geometry, BINARY_SCHEME)
    with pytest.raises(EmptyStructureError):
        make_preview(image, empty)
