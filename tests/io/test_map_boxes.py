"""A box of a stored map holds what the whole map holds there."""

import gzip

import nibabel
import numpy as np
import pytest

from remnant.core.errors import (
    EmptyStructureError,
    GeometryMismatchError,
    UnknownLabelError,
    UnreadableFileError,
)
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, COUINAUD_SCHEME, INSTANCE_SCHEME
from remnant.core.volumes import LabelMap
from remnant.io import nifti_file
from remnant.io.map_boxes import read_box, read_filled_box
from remnant.io.nifti import read_own_labels, write_labels

BOX = (slice(2, 9), slice(3, 7), slice(4, 15))
AFFINE_RAS = np.array(
    [[0, 1.7, 0.6, 5.0], [-2.0, 0, 0, -3.0], [0, -0.5, 2.4, 11.0], [0, 0, 0, 1.0]]
)


@pytest.fixture(name="labels")
def labels_fixture():
    codes = np.zeros((11, 12, 17), np.uint8)
    codes[BOX] = np.random.default_rng(6).integers(0, 9, (7, 4, 11))
    codes[2, 3, 4] = codes[8, 6, 14] = 5
    return LabelMap(codes, Geometry(codes.shape, AFFINE_RAS), COUINAUD_SCHEME)


@pytest.fixture(name="path", params=["map.nii", "map.nii.gz"])
def path_fixture(labels, tmp_path, request):
    path = tmp_path / request.param
    write_labels(labels, path)
    return path


def require_same(labels, read):
    assert np.array_equal(labels.codes[BOX], read.codes)
    assert labels.codes.dtype == read.codes.dtype
    grid = labels.geometry.cropped((2, 3, 4), (7, 4, 11))
    assert grid.same_grid(read.geometry)


@pytest.mark.parametrize("bytes_at_once", [100, 500, 1 << 20])
def test_filled_box__is_read_plane_by_plane(labels, path, monkeypatch, bytes_at_once):
    monkeypatch.setattr(nifti_file, "CHUNK_BYTES", bytes_at_once)
    read, box = read_filled_box(path, COUINAUD_SCHEME, what="the map")
    assert BOX == box
    require_same(labels, read)
    require_same(labels, read_box(path, COUINAUD_SCHEME, BOX))


def test_box__may_be_empty_and_lie_anywhere(labels, path):
    whole = read_own_labels(path, COUINAUD_SCHEME)
    for box in (
        (slice(0, 11), slice(0, 12), slice(0, 17)),
        (slice(0, 2), slice(1, 5), slice(15, 17)),
    ):
        assert np.array_equal(whole.codes[box], read_box(path, COUINAUD_SCHEME, box).codes)


def test_codes__saved_anew_as_floats_are_read_too(labels, tmp_path):
    path = tmp_path / "map.nii.gz"
    nibabel.save(nibabel.Nifti1Image(labels.codes.astype(np.float32), AFFINE_RAS), path)
    read, box = read_filled_box(path, COUINAUD_SCHEME, what="the map")
    assert BOX == box
    require_same(labels, read)
    require_same(labels, read_box(path, COUINAUD_SCHEME, BOX))


def test_codes__above_255_stay_what_they_are(labels, tmp_path):
    codes = labels.codes.astype(np.uint16) * 200
    write_labels(LabelMap(codes, labels.geometry, INSTANCE_SCHEME), tmp_path / "map.nii.gz")
    read, _ = read_filled_box(tmp_path / "map.nii.gz", INSTANCE_SCHEME, what="the map")
    assert np.array_equal(codes[BOX], read.codes)


def test_errors__are_named(labels, path):
    with pytest.raises(UnknownLabelError):
        read_filled_box(path, BINARY_SCHEME, what="the map")
    with pytest.raises(GeometryMismatchError, match="does not reach"):
        read_box(path, COUINAUD_SCHEME, (slice(0, 12), slice(0, 12), slice(0, 17)))
    write_labels(LabelMap(np.zeros_like(labels.codes), labels.geometry, COUINAUD_SCHEME), path)
    with pytest.raises(EmptyStructureError, match="the map"):
        read_filled_box(path, COUINAUD_SCHEME, what="the map")


def test_damage__is_noticed_wherever_it_is(labels, tmp_path):
    write_labels(labels, tmp_path / "map.nii")
    content = (tmp_path / "map.nii").read_bytes()
    packed = gzip.compress(content, mtime=0)
    flipped = bytearray(packed)
    flipped[-6] ^= 1  # the checksum at the very end
    for name, broken in {
        "short.nii": content[:-9],
        "long.nii": content + b"x" * (1 << 21),
        "short.nii.gz": gzip.compress(content[:-9], mtime=0),
        "cut.nii.gz": packed[:-40],
        "checksum.nii.gz": bytes(flipped),
    }.items():
        (tmp_path / name).write_bytes(broken)
        for read in (
            lambda path: read_filled_box(path, COUINAUD_SCHEME, what="the map"),
            lambda path: read_box(path, COUINAUD_SCHEME, BOX),
        ):
            with pytest.raises(UnreadableFileError):
                read(tmp_path / name)
