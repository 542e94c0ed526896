"""A liver on the coarse grid: the same whatever grid it came on."""

import numpy as np
import pytest

from remnant.core.errors import EmptyStructureError
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME
from remnant.core.volumes import ImageVolume, LabelMap, Modality
from segmentation.quality_control.coarse import MARGIN_VOXELS, coarse_liver
from segmentation.resample import resample

RADIUS_MM = 42.0


def ball(geometry, centre=(0.0, 0.0, 0.0), radius_mm=RADIUS_MM):
    index = np.moveaxis(np.indices(geometry.shape), 0, -1)
    away = np.linalg.norm(geometry.ras_from_index(index) - centre, axis=-1)
    return LabelMap((away <= radius_mm).astype(np.uint8), geometry, BINARY_SCHEME)


def centred(shape, matrix):
    affine = np.eye(4)
    affine[:3, :3] = matrix
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return Geometry(shape, affine)


FINE = centred((101, 99, 97), np.diag((1.2, 1.2, 1.2)))
TURNED = np.array([[0.0, -1.2, 0.0], [0.0, 0.0, 1.2], [-1.2, 0.0, 0.0]])
OBLIQUE = np.array([[1.1, -0.4, 0.0], [0.4, 1.1, 0.1], [0.0, -0.1, 1.2]])


@pytest.mark.parametrize("matrix", [TURNED, OBLIQUE], ids=["turned", "oblique"])
def test_coarse_liver__any_grid_gives_the_same_ball(matrix):
    there = coarse_liver(ball(FINE))
    other = coarse_liver(ball(centred((103, 101, 105), matrix)))
    exact = 4 / 3 * np.pi * RADIUS_MM**3 / 1000
    assert there.volume_ml == pytest.approx(exact, rel=0.02)
    assert other.volume_ml == pytest.approx(exact, rel=0.02)
    assert np.ptp(np.argwhere(there.mask), axis=0) == pytest.approx(
        np.ptp(np.argwhere(other.mask), axis=0), abs=2
    )


def test_coarse_liver__image_is_where_the_liver_is():
    liver = ball(FINE, centre=(9.0, -6.0, 3.0))
    hu = (100.0 * resample(liver.mask(), FINE, FINE, outside=0.0)).astype(np.int16)
    coarse = coarse_liver(liver, ImageVolume(hu, FINE, Modality.CT))
    assert coarse.hu is not None
    assert np.corrcoef(coarse.hu.ravel(), coarse.mask.ravel())[0, 1] > 0.95
    assert coarse.cut_fraction == 0.0


def test_coarse_liver__what_the_scan_does_not_show_is_not_seen():
    box = ball(FINE).codes[:, :, 48:]
    half = LabelMap(box, FINE.cropped((0, 0, 48), box.shape), BINARY_SCHEME)
    coarse = coarse_liver(half)
    assert not coarse.seen[:, :, : MARGIN_VOXELS - 1].any()
    assert 0.2 < coarse.cut_fraction < 0.5


def test_coarse_liver__lesions_lie_in_it():
    lesion = ball(FINE, centre=(12.0, 0.0, 0.0), radius_mm=9.0)
    coarse = coarse_liver(ball(FINE), lesions=lesion)
    assert 0 < np.count_nonzero(coarse.lesions) < np.count_nonzero(coarse.mask)
    assert not (coarse.lesions & ~coarse.mask).any()


def test_coarse_liver__empty_map():
    empty = LabelMap(np.zeros((7, 8, 9), np.uint8), Geometry((7, 8, 9), np.eye(4)), BINARY_SCHEME)
    with pytest.raises(EmptyStructureError, match="no voxels"):
        coarse_liver(empty)
