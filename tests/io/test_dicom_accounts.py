"""Every instance of a series is accounted for in the stored findings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.core.findings import Verdict
from remnant.core.reasons import Cause
from remnant.io.dicom_accounts import account
from remnant.io.dicom_series import catalogue
from remnant.io.source import load_study

COUNT = 16
LAST = range(COUNT - 4, COUNT)


def write(folder, made, edit):
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(len(made.pixels)):
        plane = made.plane(k)
        if edit(plane, k) is not False:
            plane.save_as(folder / f"im{k:03d}.dcm", enforce_file_format=True)
    return folder


def without(name):
    return lambda plane, k: delattr(plane, name) if k in LAST else None


def changed(**values):
    def edit(plane, k):
        for name, value in values.items():
            if k in LAST:
                setattr(plane, name, value)

    return edit


def stored(folder):
    return {finding.id: finding for finding in load_study(folder).quality}


def reasons(finding, cause):
    return [one for one in finding.reasons if one.cause is cause]


@pytest.fixture(name="tall")
def tall_fixture(phantom, make_pixels):
    return lambda **facts: phantom(pixels=make_pixels(COUNT), **facts)


@pytest.mark.parametrize("name", ["PixelData", "ImagePositionPatient", "ImageOrientationPatient"])
def test_ends__that_cannot_be_used_are_counted_and_named(tall, tmp_path, name):
    finding = stored(write(tmp_path, tall(), without(name)))["dicom_left_out"]
    assert (finding.verdict, finding.value) == (Verdict.NOT_MET, 4.0)
    assert reasons(finding, Cause.OF_ALL)[0].amounts == (float(COUNT),)
    (left_out,) = reasons(finding, Cause.LEFT_OUT)
    assert left_out.amounts == (4.0, 4.0, 0.0)


def test_ends__without_position_and_number_are_at_an_unknown_place(tall, tmp_path):
    def edit(plane, k):
        if k in LAST:
            del plane.ImagePositionPatient
            del plane.InstanceNumber

    finding = stored(write(tmp_path, tall(), edit))["dicom_left_out"]
    (left_out,) = reasons(finding, Cause.LEFT_OUT)
    assert (finding.verdict, left_out.amounts) == (Verdict.NOT_MET, (4.0, 0.0, 4.0))


@pytest.mark.parametrize(
    "values",
    [
        {"PixelSpacing": [0.91, 0.71]},
        {"FrameOfReferenceUID": "1.2.10"},
        {"ConvolutionKernel": "B70f"},
    ],
    ids=str,
)
def test_ends__of_another_kind_are_in_another_stack(tall, tmp_path, values):
    made = tall(extra={"ConvolutionKernel": "B30f"})
    found = stored(write(tmp_path, made, changed(**values)))
    assert found["dicom_left_out"].verdict is Verdict.MET
    finding = found["dicom_other_stacks"]
    assert (finding.verdict, finding.value) == (Verdict.NOT_MET, 4.0)
    (other,) = reasons(finding, Cause.IN_OTHER_STACK)
    assert other.amounts[1:] == (4.0, 4.0)
    assert other.names[0]


@pytest.mark.parametrize(("height", "beyond"), [(46.0, 0.0), (40.0 + 3 * COUNT, 1.0)])
def test_instance_without_pixels(tall, tmp_path, height, beyond):
    write(tmp_path, tall(), lambda plane, k: None)
    empty = tall().plane(2, SOPInstanceUID="1.2.99", ImagePositionPatient=[-20, -30, height])
    del empty.PixelData
    empty.save_as(tmp_path / "empty.dcm")
    finding = stored(tmp_path)["dicom_left_out"]
    (left_out,) = reasons(finding, Cause.LEFT_OUT)
    assert left_out.amounts == (1.0, beyond, 0.0)
    assert finding.verdict is Verdict.NOT_MET


def test_ends__that_are_no_dicom_any_more_are_named(tall, tmp_path):
    write(tmp_path, tall(), lambda plane, k: None)
    for k in LAST:
        (tmp_path / f"im{k:03d}.dcm").write_bytes(b"\1" * 400)
    (tmp_path / "notes.txt").write_text("nothing")
    finding = stored(tmp_path)["dicom_unread_files"]
    assert (finding.verdict, finding.value) == (Verdict.NOT_MET, 4.0)


def test_copies_and_localisers__lack_nothing(tall, tmp_path):
    write(tmp_path, tall(), lambda plane, k: None)
    tall().plane(3).save_as(tmp_path / "copy")
    scout = tall().plane(3, SOPInstanceUID="1.2.98", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    scout.save_as(tmp_path / "scout")
    found = stored(tmp_path)
    assert (found["dicom_copies"].verdict, found["dicom_copies"].value) == (Verdict.MET, 1.0)
    assert found["dicom_left_out"].verdict is Verdict.MET
    assert "dicom_other_stacks" not in found


def test_positions__rounded_give_the_largest_deviation(tall, tmp_path):
    jitter = np.array([0, 0.08, -0.06, 0.02] * 4)
    jitter[-1] = 0

    def edit(plane, k):
        plane.ImagePositionPatient = [-20, -30, 40 + 3 * k + jitter[k]]

    finding = stored(write(tmp_path, tall(), edit))["dicom_slice_positions"]
    assert (finding.verdict, finding.value) == (Verdict.MET, pytest.approx(0.08))
    assert "dicom_slice_positions" not in stored(write(tmp_path / "b", tall(), lambda p, k: None))


@given(kinds=st.lists(st.sampled_from("upsco"), min_size=COUNT, max_size=COUNT))
def test_account__every_instance_is_in_one_place(make_phantom, tmp_path_factory, kinds):
    """Used, without pixels, without place, copied or of another kind: the counts add up."""
    folder = tmp_path_factory.mktemp("series")
    made = make_phantom(pixels=np.arange(COUNT * 72, dtype=np.uint16).reshape(COUNT, 8, 9))
    for k, kind in enumerate(kinds):
        plane = made.plane(k)
        if kind == "p":
            del plane.PixelData
        if kind == "s":
            del plane.ImagePositionPatient
        if kind == "o":
            plane.PixelSpacing = [0.5, 0.5]
        if kind == "c":
            plane.save_as(folder / f"again{k}")
        plane.save_as(folder / f"im{k}", enforce_file_format=True)
    listed = catalogue(folder)
    for series in (one for one in listed.series if one.stack is not None):
        found = account(listed, series)
        elsewhere = sum(group.count for group in (*found.other_stacks, *found.left_out))
        assert found.found == COUNT + kinds.count("c")
        assert found.unused == elsewhere
