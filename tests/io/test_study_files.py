"""Which files of a folder, of links in it and of a DICOMDIR are read."""

import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.fileset import FileSet

from remnant.core.errors import UnreadableFileError
from remnant.io.dicom_folder import scan
from remnant.io.dicom_series import catalogue
from remnant.io.faults import quiet
from remnant.io.left_out import LINK_OUTSIDE, LINK_REPEATED, MISSING_REFERENCE
from remnant.io.source import load_study
from remnant.io.study_files import study_files

STUDY = {
    "StudyDate": "20240101",
    "StudyTime": "120000",
    "StudyID": "1",
    "AccessionNumber": "1",
    "SeriesNumber": 1,
}


@pytest.fixture(name="disc")
def disc_fixture(phantom, make_pixels, tmp_path):
    """Write two series with a DICOMDIR, as pydicom makes one."""
    files = FileSet()
    for series in ("1.2.3.1", "1.2.3.2"):
        made = phantom(series=series, extra=STUDY, pixels=make_pixels(12, 30, 30))
        for k in range(12):
            files.add(made.plane(k, InstanceNumber=k + 1))
    files.write(tmp_path / "disc")
    # pydicom leaves its folder to be cleaned up when the object goes, with a warning
    files._stage["t"].cleanup()
    return tmp_path / "disc"


def listed(path):
    return {(plane.series_uid, plane.path.name) for plane in scan(path).slices}


def reasons(path):
    return {(file.path.name, file.reason) for file in study_files(path).left_out}


def images_of(disc):
    return sorted(path for path in disc.rglob("*") if path.is_file() and path.name != "DICOMDIR")


def test_dicomdir__given_or_found_reads_the_same(disc):
    assert len(listed(disc)) == 24
    assert listed(disc) == listed(disc / "DICOMDIR")
    assert scan(disc).skipped == {"DICOMDIR": 1}
    assert scan(disc / "DICOMDIR").skipped == {}


def test_dicomdir__can_be_the_study(disc):
    for path in (disc, disc / "DICOMDIR"):
        with pytest.raises(ValueError, match="2 series that could be"):
            load_study(path)
    assert [series.against for series in catalogue(disc / "DICOMDIR").series] == [None, None]


@pytest.mark.parametrize("given", ["", "DICOMDIR"])
def test_dicomdir__missing_files_are_named_with_their_series(disc, given):
    lost = images_of(disc)[:3]
    uids = {(str(dcmread(p).SeriesInstanceUID), str(dcmread(p).SOPInstanceUID)) for p in lost}
    for path in lost:
        path.unlink()
    missing = [f for f in scan(disc / given).left_out if f.reason == MISSING_REFERENCE]
    assert {file.path for file in missing} == set(lost)
    assert {(file.series_uid, file.sop_uid) for file in missing} == uids
    assert all(file.is_lost for file in missing)


def test_dicomdir__names_in_small_letters_or_with_versions(disc):
    for place in sorted(disc.rglob("*"), reverse=True):
        if place.name != "DICOMDIR":
            version = ";1" if place.is_file() else ""
            place.rename(place.with_name(place.name.lower() + version))
    assert len(listed(disc / "DICOMDIR")) == 24
    assert study_files(disc).left_out == ()


@pytest.mark.parametrize(
    "parts", [["..", "outside"], ["/", "outside"], ["A/B"], [".."], ["LINK"]], ids=str
)
def test_dicomdir__does_not_lead_out_of_its_folder(disc, tmp_path, phantom, parts):
    phantom().plane(0).save_as(tmp_path / "outside")
    (disc / "LINK").symlink_to(tmp_path / "outside")
    directory = dcmread(disc / "DICOMDIR")
    images = [r for r in directory.DirectoryRecordSequence if r.get("ReferencedFileID")]
    with quiet():
        images[0].ReferencedFileID = parts
        directory.save_as(disc / "DICOMDIR")
    assert len(listed(disc / "DICOMDIR")) == 23
    assert {reason for _, reason in reasons(disc / "DICOMDIR")} == {LINK_OUTSIDE}


def test_dicomdir__whose_records_go_round(disc):
    directory = dcmread(disc / "DICOMDIR")
    for record in directory.DirectoryRecordSequence:
        record.OffsetOfTheNextDirectoryRecord = directory.DirectoryRecordSequence[2].seq_item_tell
    directory.save_as(disc / "DICOMDIR")
    assert len(listed(disc / "DICOMDIR")) == 24


def test_dicomdir__damaged(disc):
    content = (disc / "DICOMDIR").read_bytes()
    (disc / "DICOMDIR").write_bytes(content[:900])
    assert len(listed(disc)) == 24
    for length in range(1, len(content), 251):
        (disc / "DICOMDIR").write_bytes(content[:length])
        with suppress(UnreadableFileError):
            assert len(listed(disc / "DICOMDIR")) <= 24


def test_links__out_of_the_folder_are_named_and_not_followed(phantom, tmp_path):
    real = phantom().write(tmp_path / "real")
    given = tmp_path / "given"
    given.mkdir()
    (given / "series").symlink_to(real)
    (given / "image").symlink_to(real / "im000")
    (given / "up").symlink_to("..")
    assert scan(given).slices == ()
    assert reasons(given) == {(name, LINK_OUTSIDE) for name in ("series", "image", "up")}


def test_links__within_the_folder_give_each_file_once(phantom, tmp_path):
    given = tmp_path / "given"
    real = phantom().write(given / "real")
    (given / "again").symlink_to(real)
    (given / "loop").symlink_to(given)
    (given / "image").symlink_to(real / "im000")
    (given / "self").symlink_to(given / "self")
    (given / "nowhere").symlink_to(given / "none")
    assert len(scan(given).slices) == 12
    names = ("again", "loop", "image", "self", "nowhere")
    assert reasons(given) == {(name, LINK_REPEATED) for name in names}
    assert len(catalogue(given).series[0].stack.slices) == 12


def test_links__the_path_given_may_be_one(phantom, make_pixels, tmp_path):
    real = phantom(pixels=make_pixels(12, 30, 30)).write(tmp_path / "real")
    (tmp_path / "link").symlink_to(real)
    linked, given = load_study(tmp_path / "link"), load_study(real)
    np.testing.assert_array_equal(given.image.voxels, linked.image.voxels)
    (tmp_path / "link.dcm").symlink_to(real / "im000")
    assert len(scan(tmp_path / "link.dcm").slices) == 1


def test_folders__of_any_depth(phantom, tmp_path):
    deep = tmp_path
    for _ in range(150):
        deep /= "abcdef"
    phantom().write(deep)
    assert len(scan(tmp_path).slices) == 12


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser opens every folder")
def test_folders__that_cannot_be_opened_are_named(phantom, tmp_path):
    phantom().write(tmp_path / "a").chmod(0)
    assert reasons(tmp_path) == {("a", "cannot be opened")}


def test_folders__that_fail_when_listed_are_named(phantom, tmp_path, monkeypatch):
    phantom().write(tmp_path / "a")
    phantom(series="1.2.3.2").write(tmp_path / "b")
    listing = os.scandir

    def failing(place):
        if Path(place).name == "b":
            raise PermissionError(13, "no")
        return listing(place)

    monkeypatch.setattr("os.scandir", failing)
    assert reasons(tmp_path) == {("b", "cannot be opened")}
    assert len(scan(tmp_path).slices) == 12
