"""Every file of a folder gives planes or stands among those left out, with its series."""

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.uid import RLELossless

from remnant.io.dicom_folder import scan
from remnant.io.left_out import (
    LOST,
    NO_GEOMETRY,
    NO_PIXELS,
    NOT_A_FILE,
    NOT_AN_IMAGE,
    NOT_DICOM,
    ODD_PIXELS,
    UNREADABLE,
)

NOISE = st.binary(min_size=0, max_size=300)
DAMAGES = st.one_of(
    st.tuples(st.just("cut"), st.integers(0, 1200)),
    st.tuples(st.just("replace"), st.integers(0, 1200), NOISE),
    st.tuples(st.just("insert"), st.integers(0, 1200), NOISE),
    st.tuples(st.just("noise"), NOISE),
    st.tuples(st.just("remove"), st.sampled_from(
        ["PixelData", "Rows", "Modality", "SOPClassUID", "PixelSpacing", "BitsAllocated",
         "SeriesInstanceUID", "ImagePositionPatient"])),
)  # fmt: skip


def damaged(content, damage):
    kind, *details = damage
    if kind == "noise":
        return details[0]
    if kind == "cut":
        return content[: details[0]]
    place, noise = details
    rest = place + len(noise) if kind == "replace" else place
    return content[:place] + noise + content[rest:]


def write(plane, path, damage):
    if damage[0] == "remove":
        delattr(plane, damage[1])
    plane.save_as(path, enforce_file_format=True)
    if damage[0] != "remove":
        path.write_bytes(damaged(path.read_bytes(), damage))


def require_all_accounted(folder):
    scanned = scan(folder)
    planes = {plane.path for plane in scanned.slices}
    left_out = [file.path for file in scanned.left_out]
    files = {folder / place / name for place, _, names in os.walk(folder) for name in names}
    assert len(left_out) == len(set(left_out))
    assert planes.isdisjoint(left_out)
    assert planes | set(left_out) == files
    return scanned


@given(damages=st.lists(DAMAGES, min_size=1, max_size=5))
def test_accounting__whatever_the_damage(make_phantom, tmp_path_factory, damages):
    folder = tmp_path_factory.mktemp("d")
    made = make_phantom()
    for k in range(6):
        made.plane(k).save_as(folder / f"whole{k}", enforce_file_format=True)
    for k, damage in enumerate(damages, start=6):
        write(made.plane(k), folder / f"damaged{k}", damage)
    scanned = require_all_accounted(folder)
    assert len({plane.path for plane in scanned.slices}) >= 6
    assert sum(scanned.skipped.values()) == len(scanned.left_out)


def one(folder):
    (left_out,) = require_all_accounted(folder).left_out
    return left_out.path.name, left_out.reason, left_out.series_uid


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("PixelData", NO_PIXELS),
        ("ImagePositionPatient", NO_GEOMETRY),
        ("ImageOrientationPatient", NO_GEOMETRY),
        ("PixelSpacing", NO_GEOMETRY),
        ("Rows", UNREADABLE),
        ("Modality", UNREADABLE),
        ("BitsAllocated", ODD_PIXELS),
    ],
)
def test_left_out__a_fact_is_missing(phantom, tmp_path, missing, reason):
    phantom().write(tmp_path)
    plane = phantom().plane(3)
    delattr(plane, missing)
    plane.save_as(tmp_path / "im021", enforce_file_format=True)
    assert one(tmp_path) == ("im021", reason, "1.2.3.1")
    assert reason in LOST


@pytest.mark.parametrize(
    "changes",
    [
        {"BitsAllocated": 12},
        {"BitsStored": 17},
        {"HighBit": 16},
        {"HighBit": 3},
        {"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0},
    ],
    ids=str,
)
def test_left_out__odd_pixels(phantom, tmp_path, changes):
    phantom().write(tmp_path)
    phantom().plane(3, **changes).save_as(tmp_path / "im021", enforce_file_format=True)
    assert one(tmp_path) == ("im021", ODD_PIXELS, "1.2.3.1")


def test_left_out__frames_without_positions_of_their_own(phantom, tmp_path):
    phantom().write(tmp_path)
    plane = phantom().plane(3)
    plane.NumberOfFrames, plane.PixelData = 2, plane.PixelData * 2
    plane.save_as(tmp_path / "im021", enforce_file_format=True)
    assert one(tmp_path) == ("im021", NO_GEOMETRY, "1.2.3.1")


def test_left_out__series_with_emptied_identifiers(phantom, tmp_path):
    made = phantom(extra={"SeriesInstanceUID": "", "SeriesDescription": "x"})
    made.write(tmp_path)
    plane = made.plane(3)
    del plane.PixelData
    plane.save_as(tmp_path / "im021", enforce_file_format=True)
    scanned = require_all_accounted(tmp_path)
    assert {plane.series_uid for plane in scanned.slices} == {scanned.left_out[0].series_uid}


@pytest.mark.parametrize("lost", [1, 8, 30])
def test_left_out__cut_compressed_pixels(phantom, tmp_path, lost):
    for k in range(12):
        plane = phantom().plane(k)
        plane.compress(RLELossless, generate_instance_uid=False)
        plane.save_as(tmp_path / f"{k:02d}", enforce_file_format=True)
    content = (tmp_path / "11").read_bytes()
    (tmp_path / "11").write_bytes(content[:-lost])
    assert one(tmp_path) == ("11", UNREADABLE, "1.2.3.1")


def test_left_out__what_is_no_image_names_no_loss(phantom, tmp_path):
    phantom().write(tmp_path)
    (tmp_path / "notes.txt").write_text("hello")
    os.mkfifo(tmp_path / "pipe")
    report = phantom().plane(0, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11", Modality="SR")
    del report.PixelData
    report.save_as(tmp_path / "report")
    left_out = require_all_accounted(tmp_path).left_out
    assert {file.path.name: file.reason for file in left_out} == {
        "notes.txt": NOT_DICOM,
        "pipe": NOT_A_FILE,
        "report": NOT_AN_IMAGE,
    }
    assert not any(file.is_lost for file in left_out)
    assert "1.2.3" not in repr(left_out)


def test_accounting__pydicoms_own_files(pydicom_files):
    scanned = require_all_accounted(pydicom_files)
    assert len(scanned.slices) > 20
    assert scanned.skipped[NOT_AN_IMAGE] > 20


def test_accounting__multi_frame_object(enhanced, make_pixels, tmp_path):
    enhanced(make_pixels(5)).save_as(tmp_path / "frames")
    fewer = enhanced(make_pixels(5))
    fewer.PerFrameFunctionalGroupsSequence = fewer.PerFrameFunctionalGroupsSequence[:4]
    fewer.save_as(tmp_path / "positions of four frames")
    scanned = require_all_accounted(tmp_path)
    assert [plane.frame for plane in scanned.slices] == [0, 1, 2, 3, 4]
    assert scanned.skipped == {NO_GEOMETRY: 1}
    assert isinstance(enhanced(np.zeros((2, 8, 9), np.uint16)), Dataset)
