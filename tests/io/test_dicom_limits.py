"""What one folder, file or series may ask for."""

import tracemalloc

import pytest

from remnant.core.errors import UnreadableFileError, UnsupportedSeriesError
from remnant.core.findings import Verdict
from remnant.io.dicom_folder import scan
from remnant.io.dicom_series import catalogue, choose
from remnant.io.left_out import TOO_LARGE
from remnant.io.series_quality import series_findings


def test_limits__large_file_is_passed_over_and_counted(phantom, tmp_path, monkeypatch):
    folder = phantom().write(tmp_path)
    (folder / "im007").write_bytes((folder / "im007").read_bytes() + b"\0" * 5000)
    monkeypatch.setattr("remnant.io.dicom_folder.LARGEST_FILE_BYTES", 4000)
    listed = catalogue(folder)
    assert listed.skipped == {"too large": 1}
    unread = {f.id: f for f in series_findings(listed, listed.series[0])}["dicom_left_out"]
    assert unread.verdict is Verdict.NOT_MET
    # the slice is missing within: no stack can be made of the rest
    assert [(1.0, TOO_LARGE)] == [(one.amounts[0], one.names[0]) for one in unread.reasons[1:]]


def test_limits__voxels_of_a_series(phantom, tmp_path, monkeypatch):
    monkeypatch.setattr("remnant.io.dicom_stack.LARGEST_VOXEL_COUNT", 800)
    with pytest.raises(UnsupportedSeriesError, match="more than 800"):
        choose(catalogue(phantom().write(tmp_path)), wanted=None, name="x")


def test_limits__orientations_of_a_series(phantom, tmp_path, monkeypatch):
    monkeypatch.setattr("remnant.io.dicom_split.LARGEST_PART_COUNT", 2)
    made = phantom()
    for k, spacing in enumerate((0.5, 0.6, 0.7)):
        made.plane(k, PixelSpacing=[spacing, spacing]).save_as(tmp_path / str(k))
    with pytest.raises(UnsupportedSeriesError, match="more than 2 orientations"):
        catalogue(tmp_path)


def test_limits__links_to_folders_are_not_followed(phantom, tmp_path):
    phantom().write(tmp_path / "elsewhere")
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "given" / "loop").symlink_to(tmp_path / "given")
    with pytest.raises(UnreadableFileError, match="1 link out of the folder given"):
        choose(catalogue(tmp_path / "given"), wanted=None, name="x")


@pytest.mark.parametrize("changes", [{"Rows": 60000}, {"NumberOfFrames": 200_000}], ids=str)
def test_limits__claims_of_one_file(phantom, tmp_path, changes):
    phantom(extra=changes).write(tmp_path)
    assert catalogue(tmp_path).skipped == {"too large": 12}


def test_limits__header_of_one_file(phantom, tmp_path, monkeypatch):
    monkeypatch.setattr("remnant.io.dicom_header.LARGEST_DICOM_HEADER_BYTES", 1 << 21)
    phantom().plane(0, TextComments="x" * 100).save_as(tmp_path / "short")
    plane = phantom().plane(1)
    plane.add_new(0x00291010, "OB", b"\0" * (3 << 20))
    plane.save_as(tmp_path / "long")
    scanned = scan(tmp_path)
    assert [plane.path.name for plane in scanned.slices] == ["short"]
    assert [(file.path.name, file.reason, file.series_uid) for file in scanned.left_out] == [
        ("long", TOO_LARGE, "1.2.3.1")
    ]


def test_limits__length_of_one_element_is_not_believed(phantom, tmp_path):
    plane = phantom().plane(0)
    plane.add_new(0x00291010, "OB", b"abcdefgh")
    plane.save_as(tmp_path / "lie")
    content = (tmp_path / "lie").read_bytes()
    lie = content.replace(b"\x08\0\0\0abcdefgh", b"\xf0\xff\xff\xffabcdefgh")
    (tmp_path / "lie").write_bytes(lie)
    tracemalloc.start()
    assert catalogue(tmp_path).skipped == {"image without pixels": 1}
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert lie != content
    assert peak < 20 << 20


@pytest.mark.parametrize("depth", [20, 500, 20_000])
def test_limits__sequences_in_sequences(phantom, tmp_path, depth):
    phantom().plane(0).save_as(tmp_path / "deep", enforce_file_format=True)
    content = (tmp_path / "deep").read_bytes()
    start = content.index(b"\x20\0\x32\0DS")
    opening = b"\x08\0\x40\x11SQ\0\0" + b"\xff" * 4 + b"\xfe\xff\0\xe0" + b"\xff" * 4
    (tmp_path / "deep").write_bytes(content[:start] + opening * depth)
    assert scan(tmp_path).skipped == {"damaged DICOM": 1}
    assert scan(tmp_path).left_out[0].series_uid == "1.2.3.1"


def test_limits__voxel_size_of_a_series(phantom, tmp_path):
    folder = phantom(spacing=(0.001, 0.001)).write(tmp_path)
    with pytest.raises(UnsupportedSeriesError, match="check the unit"):
        choose(catalogue(folder), wanted=None, name="x")
