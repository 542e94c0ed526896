"""What results refer to: the patient and study of the images, the images, segments of lesions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

from pydicom import Dataset
from pydicom.uid import SegmentationStorage

from remnant.io.dicom_results.heads import ResultKind, ResultSet, minted_uid
from remnant.io.dicom_results.source_record import (
    PATIENT,
    STUDY,
    SourceRecord,
    source_images,
)

DicomObject = Dataset
"""What callers outside this package know of an object: that it can be written."""
LABELMAP_STORAGE: Final = "1.2.840.10008.5.1.4.1.1.66.7"
"""Label Map Segmentation Storage, which pydicom does not name."""
ALWAYS_THERE: Final = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID",
    "StudyDate", "StudyTime", "ReferringPhysicianName",
)  # fmt: skip
"""Attributes that every object has, empty where the images do not say them."""
OF_SERIES: Final = frozenset(("RequestAttributesSequence", "ReferencedRequestSequence"))
"""Kept beside the study's, and no part of its module."""
SIGN_END: Final = 1
HOURS_END: Final = 3
OFFSET_LENGTH: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentReference:
    """One segment of a segmentation object.

    Parameters
    ----------
    sop_class_uid, sop_instance_uid, series_uid
        Of the object.
    segment_number
        From 1.
    """

    sop_class_uid: str
    sop_instance_uid: str
    series_uid: str
    segment_number: int


def lesion_references(
    results: ResultSet, lesion_ids: Iterable[int], *, labelmap: bool
) -> Mapping[int, SegmentReference]:
    """Return where each lesion lies in the segmentation of lesions.

    Parameters
    ----------
    results
        The set that the object belongs to; the object itself is not needed.
    lesion_ids
        Of the lesions that count; they are numbered from 1 in ascending order.
    labelmap
        Whether the object is a label map and not binary.
    """
    return {
        lesion: SegmentReference(
            sop_class_uid=LABELMAP_STORAGE if labelmap else str(SegmentationStorage),
            sop_instance_uid=results.object_uid(ResultKind.SEG_LESIONS),
            series_uid=results.series_uid(ResultKind.SEG_LESIONS),
            segment_number=number,
        )
        for number, lesion in enumerate(sorted(lesion_ids), start=1)
    }


def tracking_id(lesion: int) -> str:
    """Return the name under which viewers list a lesion."""
    return f"Lesion {lesion}"


def tracking_uid(record: SourceRecord, origin: str, lesion: int) -> str:
    """Return the identifier of a lesion: the same in every set of results of one lesion map.

    Parameters
    ----------
    record
        The images.
    origin
        What decided the lesion map when it was made: another map may give the number to another
        lesion, corrections keep it.
    lesion
        Its number.
    """
    return minted_uid(str(record.dataset.SeriesInstanceUID), origin, "lesion", f"{lesion}")


def evidence(record: SourceRecord) -> list[Dataset]:
    """Return headers of the images with every attribute that highdicom reads, empty ones too.

    Values that it refuses are left empty; `state_subject` puts the images' own in their place.
    """
    images = source_images(record)
    for image in images:
        for name in ALWAYS_THERE:
            if name not in image or name in {"PatientSex", "PatientBirthDate"}:
                setattr(image, name, "")
    return images


def state_subject(dataset: Dataset, record: SourceRecord) -> None:
    """Put the patient and the study of the images into an object, as the images have them."""
    header = record.dataset
    for name in (*PATIENT, *STUDY):
        if name in header and name not in OF_SERIES:
            dataset.add(header[name])
    for name in ALWAYS_THERE:
        if name not in dataset:
            setattr(dataset, name, None)


def content_time(results: ResultSet, record: SourceRecord) -> datetime:
    """Return when the results were made, in the time zone that the object's times are in.

    Without one that the images name, it is the zone of the results themselves.
    """
    offset = str(record.dataset.get("TimezoneOffsetFromUTC") or "")
    digits = offset.lstrip("+-")
    if results.made.tzinfo is None or len(offset) != OFFSET_LENGTH or not digits.isdigit():
        return results.made
    size = timedelta(hours=int(offset[SIGN_END:HOURS_END]), minutes=int(offset[HOURS_END:]))
    return results.made.astimezone(timezone(-size if offset[0] == "-" else size))


def state_creation(dataset: Dataset, made: datetime) -> None:
    """Say when an object was made, in the place of the clock's time: the same case, same bytes."""
    dataset.InstanceCreationDate = made.strftime("%Y%m%d")
    dataset.InstanceCreationTime = made.strftime("%H%M%S")
    for equipment in dataset.get("ContributingEquipmentSequence") or ():
        # highdicom's own entry
        equipment.ContributionDateTime = f"{made:%Y%m%d%H%M%S%z}"
