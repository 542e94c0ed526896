"""Lesions of a real liver in the fast precision of some processors, against the usual one."""

import numpy as np
import pytest
import torch

from models.networks import loading
from models.registry import pull
from remnant.core.boxes import box_geometry
from remnant.core.labels import BINARY_SCHEME
from remnant.core.volumes import ImageVolume, LabelMap, Modality
from remnant.io.nifti import read_image, read_labels
from remnant.io.reading import ReadingChoice
from remnant.pipeline.samples import fetch_liver
from segmentation.engines.kul import find_lesions

pytestmark = pytest.mark.network
NEAR_VOXELS = 30


def dice(one, other):
    return 2 * np.count_nonzero(one & other) / (np.count_nonzero(one) + np.count_nonzero(other))


def around(tumour, volume):
    """Return the part of a volume around the tumour, which two tiles of the network hold."""
    middle = np.argwhere(tumour).mean(axis=0).astype(int)
    box = tuple(slice(max(n - NEAR_VOXELS, 0), n + NEAR_VOXELS) for n in middle)
    part = box_geometry(volume.geometry, box)
    if isinstance(volume, LabelMap):
        return LabelMap(volume.codes[box].copy(), part, volume.scheme)
    return ImageVolume(volume.voxels[box].copy(), part, volume.modality)


def test_lesions__in_bfloat16_are_about_those_in_float32(monkeypatch):
    pull("kul-lesion")
    sample = fetch_liver()
    image = read_image(sample.ct, choice=ReadingChoice(modality=Modality.CT))
    liver, drawn = (read_labels(one, BINARY_SCHEME) for one in (sample.liver, sample.tumour))
    image, liver, drawn = (around(drawn.mask(), volume) for volume in (image, liver, drawn))
    found = []
    for precision in (torch.float32, torch.bfloat16):
        monkeypatch.setattr(loading, "fast_precision", lambda device, as_set=precision: as_set)
        found.append(find_lesions(image, liver.mask(), device="cpu"))
    # On the whole scan they agree by 0.9987, and their Dice to the truth differs by 0.0005.
    assert dice(*found) >= 0.996
    exact, rounded = (dice(mask, drawn.mask()) for mask in found)
    assert abs(exact - rounded) <= 0.002
