"""What objects refer to: subject, time, images and segments."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

from remnant.io.dicom_results.heads import ResultKind, ResultSet
from remnant.io.dicom_results.references import (
    content_time,
    evidence,
    lesion_references,
    state_subject,
    tracking_id,
    tracking_uid,
)
from remnant.io.dicom_results.source_record import SourcePlane, SourceRecord

MADE = datetime(2026, 1, 2, 23, 4, 5, tzinfo=UTC)
RESULTS = ResultSet(digest="ab" * 32, made=MADE, software="1.0")


def record(**header):
    told = Dataset()
    told.StudyInstanceUID, told.SeriesInstanceUID = "1.2.3", "1.2.3.4"
    for name, value in header.items():
        setattr(told, name, value)
    return SourceRecord(
        version=1,
        image_sha256="cd" * 32,
        header=told.to_json_dict(),
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        columns=4,
        rows=3,
        row_direction_lps=(1.0, 0.0, 0.0),
        column_direction_lps=(0.0, 1.0, 0.0),
        pixel_spacing_mm=(1.0, 1.0),
        planes=tuple(
            SourcePlane(sop_instance_uid=f"1.2.3.4.{k}", frame=None,
                        position_lps_mm=(0.0, 0.0, float(k)))
            for k in range(3)
        ),
    )  # fmt: skip


@given(st.sets(st.integers(1, 500), max_size=12))
def test_segments__are_numbered_from_one_in_the_order_of_the_lesions(lesions):
    found = lesion_references(RESULTS, lesions, labelmap=False)
    assert sorted(found) == sorted(lesions)
    numbers = [found[lesion].segment_number for lesion in sorted(lesions)]
    assert numbers == list(range(1, len(lesions) + 1))


def test_segments__lie_in_the_object_of_the_same_set():
    (found,) = lesion_references(RESULTS, (7,), labelmap=False).values()
    assert found.sop_instance_uid == RESULTS.object_uid(ResultKind.SEG_LESIONS)
    assert found.series_uid == RESULTS.series_uid(ResultKind.SEG_LESIONS)


def test_tracking__is_of_the_series_the_map_and_the_lesion():
    assert tracking_id(3) == "Lesion 3"
    uids = {tracking_uid(record(), "a", lesion) for lesion in range(1, 20)}
    assert len(uids) == 19
    other = record(SeriesInstanceUID="1.2.3.5")
    assert tracking_uid(other, "a", 1) not in uids
    assert tracking_uid(record(), "b", 1) not in uids


def test_subject__what_the_images_do_not_say_is_there_and_empty():
    dataset = Dataset()
    state_subject(dataset, record(PatientID="MRN-1"))
    assert dataset.PatientID == "MRN-1"
    for name in ("PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyTime"):
        assert not dataset[name].value


@pytest.mark.parametrize("sex", ["U", "MALE", ""])
def test_subject__odd_values_are_kept_as_they_are(sex):
    dataset = Dataset()
    state_subject(dataset, record(PatientSex=sex))
    assert (dataset.PatientSex or "") == sex
    assert all(image.PatientSex == "" for image in evidence(record(PatientSex=sex)))


@pytest.mark.parametrize(
    ("offset", "local"),
    [("", "23:04"), ("+0100", "00:04"), ("-0330", "19:34"), ("odd", "23:04")],
)
def test_time__is_in_the_zone_that_the_images_name(offset, local):
    told = record() if not offset else record(TimezoneOffsetFromUTC=offset)
    at = content_time(RESULTS, told)
    assert at == MADE
    assert f"{at:%H:%M}" == local
