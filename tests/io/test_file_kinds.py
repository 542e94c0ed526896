"""Files are what their content says, whatever their name."""

import gzip
import zipfile

import nibabel
import numpy as np
import pytest

from remnant.core.errors import UnreadableFileError
from remnant.core.labels import INSTANCE_SCHEME
from remnant.io.file_kinds import FileKind, kind_of
from remnant.io.nifti import read_labels
from remnant.io.role_maps import read_role
from remnant.io.roles import Part
from remnant.io.source import load_study

CODES = np.zeros((7, 8, 9), np.uint8)
CODES[2:5, 1:4, 3:8], CODES[2:5, 6:, 3:8] = 1, 2


@pytest.mark.parametrize("name", ["packed.nii", "plain.nii.gz", "no_ending", "wrong.nrrd"])
def test_nifti__whatever_its_name(nifti, tmp_path, name):
    stored = nifti(CODES, name="x.nii").read_bytes()
    path = tmp_path / name
    path.write_bytes(gzip.compress(stored, mtime=0) if name.startswith("packed") else stored)
    assert kind_of(path) is FileKind.NIFTI
    np.testing.assert_array_equal(CODES, read_labels(path, INSTANCE_SCHEME).codes)
    np.testing.assert_array_equal(CODES, read_role(path, Part.LESIONS).labels.codes)


def test_nifti__cut_short_within_its_header_is_what_its_name_says(nifti, tmp_path):
    whole = nifti(CODES, name="x.nii").read_bytes()
    (tmp_path / "t.nii").write_bytes(whole[:300])
    assert kind_of(tmp_path / "t.nii") is FileKind.NIFTI
    with pytest.raises(UnreadableFileError, match="header is missing or damaged"):
        read_labels(tmp_path / "t.nii", INSTANCE_SCHEME)


@pytest.mark.parametrize("kind", [nibabel.AnalyzeImage, nibabel.Nifti1Pair, nibabel.Nifti2Pair])
def test_pairs__either_half_is_refused_by_name(tmp_path, kind):
    nibabel.save(kind(CODES.astype(np.int16), np.diag((2.0, 2.5, 3.0, 1.0))), tmp_path / "p.img")
    for half in ("p.img", "p.hdr"):
        for read in (load_study, lambda path: read_role(path, Part.LIVER)):
            with pytest.raises(UnreadableFileError, match=r"pair.*convert the DICOM series"):
                read(tmp_path / half)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"Rar!\x1a\x07\x01\x00", "RAR archive: unpack"),
        (b"7z\xbc\xaf\x27\x1c....", "7-Zip archive"),
        (b"\x89PNG\r\n\x1a\n....", "PNG picture"),
        (b"%PDF-1.7", "PDF document"),
        (b"\x89HDF\r\n\x1a\n....", "HDF5"),
        (b"\x93NUMPY\x01\x00", "numpy array"),
        (b"hello, nobody knows me", "of no kind that is read: NIfTI"),
        (gzip.compress(b"hello, packed " * 50, mtime=0), "of no kind that is read"),
        (gzip.compress(b"\x89PNG\r\n\x1a\n....", mtime=0), "PNG picture"),
    ],
)
def test_other_files__are_refused_by_what_they_are(tmp_path, content, words):
    path = tmp_path / "x.bin"
    path.write_bytes(content)
    for read in (load_study, lambda file: read_role(file, Part.LIVER)):
        with pytest.raises(UnreadableFileError, match=words) as caught:
            read(path)
        assert "nobody" not in str(caught.value)


def test_zip__is_known(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.nii", "w") as archive:
        archive.writestr("x", "y")
    assert kind_of(tmp_path / "a.nii") is FileKind.ZIP
    with pytest.raises(UnreadableFileError, match="zip archive"):
        read_labels(tmp_path / "a.nii", INSTANCE_SCHEME)
