"""A zip file is read as the folder that it holds, or refused before it can do harm."""

import stat
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from remnant.core.errors import InputError, UnreadableFileError
from remnant.io.archive import unpacked
from remnant.io.inspect import inspect_path
from remnant.io.source import load_study


@pytest.fixture(name="zipped")
def zipped_fixture(phantom, make_pixels, tmp_path):
    """Zip a CT that proves itself, below two folders; return the folder and the zip file."""
    folder = phantom(pixels=make_pixels(12, 30, 30)).write(tmp_path / "study")
    with zipfile.ZipFile(tmp_path / "study.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, f"disc/a/{path.name}")
        archive.writestr("disc/notes.txt", "hello")
    return folder, tmp_path / "study.zip"


@pytest.fixture(name="places")
def places_fixture(monkeypatch, tmp_path):
    """Folder in which temporary folders are made."""
    (tmp_path / "private").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "private"))
    return tmp_path / "private"


def test_zip__equals_the_folder_and_leaves_nothing(zipped, places):
    folder, packed = zipped
    from_folder, from_zip = load_study(folder), load_study(packed)
    np.testing.assert_array_equal(from_folder.image.voxels, from_zip.image.voxels)
    np.testing.assert_array_equal(
        from_folder.image.geometry.affine_ras, from_zip.image.geometry.affine_ras
    )
    assert from_folder.input_sha256 == from_zip.input_sha256
    assert list(places.iterdir()) == []


def test_zip__inspected(zipped):
    found = inspect_path(zipped[1])
    assert (found.kind, found.automatic, found.skipped) == ("dicom", 1, {"not DICOM": 1})


def test_zip__is_private_while_it_is_read(zipped):
    with unpacked(zipped[1]) as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()


def test_zip__errors_name_the_zip_file_and_leave_nothing(tmp_path, places):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.txt", "hello")
        archive.writestr("b.txt", "hello")
    with pytest.raises(UnreadableFileError, match=r"x\.zip holds no CT or MR series") as caught:
        load_study(tmp_path / "x.zip")
    assert str(places) not in str(caught.value)
    assert list(places.iterdir()) == []


def test_zip__of_one_file_is_that_file(nifti, make_pixels, tmp_path):
    path = nifti(make_pixels(30, 30, 30).astype(np.int16) - 1024)
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.write(path, "a/b/scan.nii.gz")
    expected, found = load_study(path), load_study(tmp_path / "x.zip")
    np.testing.assert_array_equal(expected.image.voxels, found.image.voxels)


def entry(name, *, mode=0o644):
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


@pytest.mark.parametrize(
    ("name", "mode", "words"),
    [
        ("../x", 0o644, "leads out of it"),
        ("a/../../x", 0o644, "leads out of it"),
        ("/etc/x", 0o644, "leads out of it"),
        ("C:/x", 0o644, "leads out of it"),
        ("a\\..\\x", 0o644, "leads out of it"),
        ("link", stat.S_IFLNK | 0o777, "a link"),
        ("a/" * 40 + "x", 0o644, "32 folders"),
        ("more.ZIP", 0o644, "a zip file"),
    ],
)
def test_refused__names_and_kinds(tmp_path, places, name, mode, words):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(entry(name, mode=mode), "y")
        # the writer mends what it can, the reader must not rely on it
        archive.infolist()[0].filename = name
    with pytest.raises(InputError, match=words):
        load_study(tmp_path / "x.zip")
    assert list(places.iterdir()) == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["private", "x.zip"]


def test_refused__zip_file_by_another_name(tmp_path, zipped):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.write(zipped[1], "innocent")
    with pytest.raises(InputError, match="holds a zip file"):
        load_study(tmp_path / "x.zip")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_refused__two_files_of_one_name(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a", "1")
        archive.writestr("a", "2")
    with pytest.raises(InputError, match="one name"):
        load_study(tmp_path / "x.zip")


def test_refused__bomb(tmp_path, places):
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(1 << 22))
    with pytest.raises(InputError, match="200 times its size"):
        load_study(tmp_path / "x.zip")


@pytest.mark.parametrize(
    ("limit", "value", "words"),
    [
        ("LARGEST_FILE_COUNT", 5, "more than 5 files"),
        ("LARGEST_ARCHIVE_BYTES", 999, "more than 999 bytes"),
    ],
)
def test_refused__beyond_a_limit(zipped, monkeypatch, limit, value, words):
    monkeypatch.setattr(f"remnant.io.archive.{limit}", value)
    with pytest.raises(InputError, match=words):
        load_study(zipped[1])


def test_refused__encrypted(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a", "1")
    content = bytearray((tmp_path / "x.zip").read_bytes())
    place = content.index(b"PK\x01\x02")
    struct.pack_into("<H", content, place + 8, 1)
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(InputError, match="encrypted"):
        load_study(tmp_path / "x.zip")


@pytest.mark.parametrize("share", [0.001, 0.3, 0.9, 0.999])
def test_refused__truncated(zipped, tmp_path, share):
    content = zipped[1].read_bytes()
    (tmp_path / "cut.zip").write_bytes(content[: max(4, int(len(content) * share))])
    with pytest.raises(UnreadableFileError, match="cannot be unpacked"):
        load_study(tmp_path / "cut.zip")


def test_refused__damaged_content(zipped, tmp_path):
    content = bytearray(zipped[1].read_bytes())
    content[400:500] = bytes(100)
    (tmp_path / "bad.zip").write_bytes(content)
    with pytest.raises(UnreadableFileError, match="cannot be unpacked"):
        load_study(tmp_path / "bad.zip")


def test_unpacked__leaves_other_paths_alone(tmp_path):
    for path in (tmp_path, tmp_path / "none", Path(__file__)):
        with unpacked(path) as place:
            assert place == path
