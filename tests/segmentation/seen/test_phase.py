"""What phase a CT looks like: painted phases of the phantom, and of the published sample scan."""

import nibabel
import numpy as np
import pytest
from scipy import ndimage

from remnant.core.errors import GeometryMismatchError
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME
from remnant.core.volumes import ImageVolume, LabelMap, Modality, Phase
from remnant.testing.phantoms import liver_phantom
from segmentation.seen.phase import VENOUS, contrast_levels, seen_phases

AORTA_HU, LIVER_HU = 165.0, 105.0
"""Of the phantom, see `remnant.testing.body`."""
LIVER, ORGANS = 5, {"aorta": 52, "portal": 64, "cava": 63, "spleen": 1, "kidneys": (2, 3)}
"""Codes of the sample's published label map."""
ADDED_HU = {
    "unenhanced": {},
    "arterial": {"aorta": 270, "portal": 50, "cava": 10, "spleen": 85, "kidneys": 110, "liver": 12},
    "late arterial": {
        "aorta": 220, "portal": 100, "cava": 30, "spleen": 90, "kidneys": 130, "liver": 25,
    },
    "portal": {
        "aorta": 110, "portal": 135, "cava": 90, "spleen": 80, "kidneys": 150, "liver": 62,
    },
    "delayed": {"aorta": 60, "portal": 62, "cava": 60, "spleen": 50, "kidneys": 90, "liver": 45},
}  # fmt: skip
"""What contrast adds, about as published curves of an abdominal CT have it."""
EXPECTED = {
    "unenhanced": (Phase.UNENHANCED,),
    "arterial": (Phase.ARTERIAL,),
    "late arterial": (Phase.ARTERIAL,),
    "portal": VENOUS,
    "delayed": VENOUS,
}


@pytest.fixture(name="phantom", scope="module")
def phantom_fixture():
    return liver_phantom(metastases=2, noise_hu=0.0)


def painted(phantom, *, aorta_hu, liver_hu, noise_hu, turned=None):
    """The phantom with other levels; every other organ keeps its own."""
    voxels = phantom.image.voxels.astype(float)
    liver = phantom.structures.mask()
    voxels[~liver & (voxels == AORTA_HU)] = aorta_hu
    voxels[liver & (voxels == LIVER_HU)] = liver_hu
    voxels += np.random.default_rng(0).normal(scale=noise_hu, size=voxels.shape)
    grid = phantom.geometry if turned is None else turned(phantom.geometry)
    codes = liver.astype(np.uint8)
    if turned is not None:
        voxels, codes = voxels[::-1, ::-1], codes[::-1, ::-1]
    image = ImageVolume(np.rint(voxels).astype(np.int16), grid, Modality.CT)
    return image, LabelMap(codes, grid, BINARY_SCHEME)


def mirrored(grid):
    """The grid of the same voxels with its first two axes the other way round."""
    matrix = np.array(grid.affine_ras)
    matrix[:3, 3] = grid.ras_from_index((grid.shape[0] - 1, grid.shape[1] - 1, 0))
    matrix[:3, :2] *= -1
    return Geometry(grid.shape, matrix)


@pytest.mark.parametrize("turned", [None, mirrored])
@pytest.mark.parametrize("noise_hu", [0.0, 30.0])
@pytest.mark.parametrize(
    ("aorta_hu", "liver_hu", "expected"),
    [
        (42.0, 55.0, (Phase.UNENHANCED,)),
        (300.0, 65.0, (Phase.ARTERIAL,)),
        (150.0, 105.0, VENOUS),
        (110.0, 90.0, VENOUS),
    ],
)
def test_phantom__levels_and_phases(phantom, aorta_hu, liver_hu, expected, noise_hu, turned):
    image, liver = painted(
        phantom, aorta_hu=aorta_hu, liver_hu=liver_hu, noise_hu=noise_hu, turned=turned
    )
    levels = contrast_levels(image, liver)
    assert levels.liver_hu == pytest.approx(liver_hu, abs=3.0)
    assert seen_phases(image, liver) == expected


def test_nothing_is_seen__of_mr_nor_without_a_spine(phantom):
    image, liver = painted(phantom, aorta_hu=300.0, liver_hu=65.0, noise_hu=0.0)
    mr = ImageVolume(image.voxels, image.geometry, Modality.MR)
    assert seen_phases(mr, liver) == ()
    soft = ImageVolume(np.minimum(image.voxels, 60), image.geometry, Modality.CT)
    assert seen_phases(soft, liver) == ()
    empty = LabelMap(np.zeros_like(liver.codes), liver.geometry, BINARY_SCHEME)
    assert seen_phases(image, empty) == ()


def test_other_grids_are_refused(phantom):
    image, liver = painted(phantom, aorta_hu=300.0, liver_hu=65.0, noise_hu=0.0)
    other = LabelMap(liver.codes, mirrored(liver.geometry), BINARY_SCHEME)
    with pytest.raises(GeometryMismatchError):
        seen_phases(image, other)


@pytest.fixture(name="sample", scope="module")
def sample_fixture(published):
    folder = published.ct.parent
    scan = nibabel.load(published.ct)
    organs = nibabel.load(folder / "example_seg_fast_force_split.nii.gz")
    return np.asarray(scan.dataobj), np.asanyarray(organs.dataobj), scan.affine


@pytest.mark.parametrize("noise_hu", [0.0, 20.0, 40.0])
@pytest.mark.parametrize("bolus", [0.7, 1.0, 1.3])
@pytest.mark.parametrize("phase", ADDED_HU)
def test_sample__painted_phases(sample, phase, bolus, noise_hu):
    """A weak, a usual and a strong bolus, in scans from good to very noisy."""
    hu, organs, affine_ras = sample
    voxels = hu.astype(float)
    for organ, added in ADDED_HU[phase].items():
        place = np.isin(organs, LIVER if organ == "liver" else ORGANS[organ]).astype(float)
        voxels += bolus * added * ndimage.gaussian_filter(place, 0.5)
    voxels += np.random.default_rng(1).normal(scale=noise_hu, size=voxels.shape)
    grid = Geometry(hu.shape, affine_ras)
    liver = LabelMap((organs == LIVER).astype(np.uint8), grid, BINARY_SCHEME)
    image = ImageVolume(np.rint(voxels).astype(np.int16), grid, Modality.CT)
    assert seen_phases(image, liver) in (EXPECTED[phase], ())
    if phase in {"unenhanced", "arterial"}:
        assert seen_phases(image, liver) == EXPECTED[phase]
