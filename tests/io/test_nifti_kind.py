"""Voxels of one byte are no CT and no MR."""

import gzip

import nibabel
import numpy as np
import pytest

from remnant.io.nifti_kind import stores_bytes


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
@pytest.mark.parametrize(
    ("dtype", "expected"),
    [(np.uint8, True), (np.int8, True), (np.int16, False), (np.uint16, False), (np.float32, False)],
)
def test_bytes__are_known_by_the_header(kind, ending, dtype, expected, tmp_path):
    path = tmp_path / f"a{ending}"
    nibabel.save(kind(np.zeros((2, 3, 4), dtype), np.eye(4)), path)

    assert expected is stores_bytes(path)


def test_bytes__of_a_file_of_the_other_byte_order(tmp_path):
    header = nibabel.Nifti1Header(endianness=">")
    header.set_data_dtype(np.uint8)
    nibabel.save(nibabel.Nifti1Image(np.zeros((2, 2, 2), np.uint8), np.eye(4), header),
                 tmp_path / "a.nii")  # fmt: skip

    assert stores_bytes(tmp_path / "a.nii")


@pytest.mark.parametrize(
    "content", [b"", b"\x5c\x01", gzip.compress(b"no", mtime=0)[:9], b"x" * 999]
)
def test_what_is_no_nifti_file__stores_no_bytes(content, tmp_path):
    (tmp_path / "a.nii").write_bytes(content)

    assert not stores_bytes(tmp_path / "a.nii")
    assert not stores_bytes(tmp_path / "none.nii")
