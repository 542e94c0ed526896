"""What one folder, file or series may ask for."""

import pytest

from remnant.core.errors import UnreadableFileError, UnsupportedSeriesError
from remnant.core.findings import Verdict
from remnant.io.dicom_series import catalogue, choose
from remnant.io.series_quality import series_findings


def test_limits__large_file_is_passed_over_and_counted(phantom, tmp_path, monkeypatch):
    folder = phantom().write(tmp_path)
    (folder / "im007").write_bytes((folder / "im007").read_bytes() + b"\0" * 5000)
    monkeypatch.setattr("remnant.io.dicom_folder.LARGEST_FILE_BYTES", 4000)
    listed = catalogue(folder)
    assert listed.skipped == {"too large": 1}
    unread = {f.id: f for f in series_findings(listed, listed.series[0])}["dicom_unread_files"]
    assert (unread.verdict, unread.value) == (Verdict.NOT_MET, 1.0)


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
    with pytest.raises(UnreadableFileError, match="no files"):
        choose(catalogue(tmp_path / "given"), wanted=None, name="x")


def test_limits__voxel_size_of_a_series(phantom, tmp_path):
    folder = phantom(spacing=(0.001, 0.001)).write(tmp_path)
    with pytest.raises(UnsupportedSeriesError, match="check the unit"):
        choose(catalogue(folder), wanted=None, name="x")
