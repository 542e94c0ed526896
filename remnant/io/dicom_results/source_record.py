"""The images that a case was made from, as results in DICOM have to name them.

Whose they are stands here and in no other record of a case. Nothing but the writers of DICOM
objects reads it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from pydicom import DataElement, Dataset
from pydicom.datadict import dictionary_VR, tag_for_keyword

from remnant.core.errors import UnsupportedSeriesError
from remnant.core.geometry import Vector3
from remnant.io.dicom_object import read_object
from remnant.io.dicom_results.heads import minted_uid
from remnant.io.dicom_slices import Slice
from remnant.io.faults import is_foreign, quiet, reading
from remnant.io.frames import lps_from_ras
from remnant.io.series import Series

PATIENT: Final = (
    "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex",
    "OtherPatientIDsSequence", "EthnicGroup", "PatientComments",
    "PatientIdentityRemoved", "DeidentificationMethod", "DeidentificationMethodCodeSequence",
    "QualityControlSubject",
)  # fmt: skip
STUDY: Final = (
    "StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "AccessionNumber",
    "IssuerOfAccessionNumberSequence", "ReferringPhysicianName", "StudyDescription",
    "ProcedureCodeSequence", "PatientAge", "PatientSize", "PatientWeight", "AdmissionID",
    "TimezoneOffsetFromUTC", "ClinicalTrialSponsorName", "ClinicalTrialProtocolID",
    "ClinicalTrialProtocolName", "ClinicalTrialSiteID", "ClinicalTrialSiteName",
    "ClinicalTrialSubjectID", "ClinicalTrialSubjectReadingID", "ClinicalTrialTimePointID",
    "ClinicalTrialTimePointDescription", "RequestAttributesSequence",
    "ReferencedRequestSequence",
)  # fmt: skip
SERIES: Final = (
    "Modality", "SeriesInstanceUID", "SeriesNumber", "SeriesDate", "SeriesTime",
    "SeriesDescription", "ProtocolName", "BodyPartExamined", "Laterality", "PatientPosition",
    "AcquisitionDate", "AcquisitionTime", "AcquisitionDateTime", "AcquisitionNumber",
    "ContentDate", "ContentTime", "ContrastBolusAgent",
    "FrameOfReferenceUID", "PositionReferenceIndicator", "Manufacturer", "ManufacturerModelName",
    "InstitutionName", "StationName", "SliceThickness", "SpacingBetweenSlices",
)  # fmt: skip
KEPT: Final = (*PATIENT, *STUDY, *SERIES)
CHARSET_TAG: Final = tag_for_keyword("SpecificCharacterSet")
KEPT_TAGS: Final = frozenset((*map(tag_for_keyword, KEPT), CHARSET_TAG))
UTF_8: Final = "ISO_IR 192"
DEFERRED_BYTES: Final = 4096
"""Longer values, pixels among them, are left in the file."""
VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePlane:
    """One plane of the case's grid, and the image or the frame of one that it is.

    Parameters
    ----------
    sop_instance_uid
        Of the image.
    frame
        Number of the frame, from 1; ``None`` where the image has no frames.
    position_lps_mm
        Centre of its first pixel, in DICOM's own frame.
    """

    sop_instance_uid: str = field(repr=False)
    frame: int | None
    position_lps_mm: Vector3

    @property
    def image_position(self) -> list[float]:
        """DICOM's ImagePositionPatient."""
        return list(self.position_lps_mm)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """The images of one series, as a result in DICOM names them.

    The planes are in the order of the case's maps: plane ``k`` is voxel index ``k`` of their third
    axis, whose first two are columns and rows. Planes of a tilted gantry have positions of their
    own.

    Parameters
    ----------
    version
        Of this record.
    image_sha256
        Digest of the series, as the case keeps it among its inputs.
    header
        Patient, study, series and equipment as the first image has them, in DICOM's JSON model.
        It holds identifiers.
    sop_class_uid
        Of the images.
    columns, rows
        Size of a plane in pixels.
    row_direction_lps, column_direction_lps
        Unit vectors along a row and down a column, in DICOM's own frame.
    pixel_spacing_mm
        Distance of rows, then of columns, as DICOM has them.
    planes
        In order.
    """

    version: int
    image_sha256: str
    header: Mapping[str, Any] = field(repr=False)
    sop_class_uid: str
    columns: int
    rows: int
    row_direction_lps: Vector3
    column_direction_lps: Vector3
    pixel_spacing_mm: tuple[float, float]
    planes: tuple[SourcePlane, ...] = field(repr=False)

    @property
    def image_orientation(self) -> list[float]:
        """DICOM's ImageOrientationPatient: along a row, then down a column."""
        return [*self.row_direction_lps, *self.column_direction_lps]

    @property
    def dataset(self) -> Dataset:
        """What the first image's header says of patient, study and series; a new one each time."""
        with quiet():
            header = Dataset.from_json(dict(self.header))
        # its texts were decoded when the image was read
        header.SpecificCharacterSet = UTF_8
        return header


def record_of(series: Series, image_sha256: str) -> SourceRecord | None:
    """Return what results have to know of a series that was read.

    Parameters
    ----------
    series
        The series with its stack.
    image_sha256
        Its digest.

    Returns
    -------
    SourceRecord or None
        ``None`` where nothing could refer to the images, see `obstacle_of`.

    Raises
    ------
    UnreadableFileError
        The first image is damaged.
    UnsupportedSeriesError
        The series has no stack.
    """
    if series.stack is None:
        raise UnsupportedSeriesError(f"series {series.number}: {series.fault}")
    if obstacle_of(series) is not None:
        return None
    planes = series.stack.slices
    with quiet(), reading(planes[0].path, what="a DICOM image", quote=False):
        first = read_object(planes[0].path, defer_size=DEFERRED_BYTES)
        header = _kept_header(first)
    spread = _has_frames(first) and len({plane.path for plane in planes}) > 1
    if spread or not header.get("SeriesInstanceUID"):
        return None
    spacing_i, spacing_j = planes[0].pixel_spacing_mm
    return SourceRecord(
        version=VERSION,
        image_sha256=image_sha256,
        header=header.to_json_dict(),
        sop_class_uid=planes[0].sop_class_uid,
        columns=planes[0].size[0],
        rows=planes[0].size[1],
        row_direction_lps=_lps(planes[0].i_direction),
        column_direction_lps=_lps(planes[0].j_direction),
        pixel_spacing_mm=(spacing_j, spacing_i),
        planes=tuple(_plane(plane, several=_has_frames(first)) for plane in planes),
    )


def obstacle_of(series: Series) -> str | None:
    """Return why no result can refer to the images of a series; ``None`` where one can."""
    planes = () if series.stack is None else series.stack.slices
    files = {plane.path for plane in planes}
    named = {(plane.sop_uid, plane.frame) for plane in planes}
    obstacles = {
        "carry no identifiers of their own, or not that of a study": not all(
            plane.sop_uid and plane.study_uid and plane.sop_class_uid for plane in planes
        ),
        "are of several patients, studies or kinds": not _is_one(planes),
        "share identifiers": len(named) < len(planes),
        "are spread over several objects of several frames": 1 < len(files) < len(planes),
    }
    return next((why for why, holds in obstacles.items() if holds), None)


def _is_one(planes: Sequence[Slice]) -> bool:
    of = {(plane.patient_id, plane.study_uid, plane.sop_class_uid) for plane in planes}
    frames = {plane.frame_of_reference_uid for plane in planes}
    return len(of) == len(frames) == 1


def _has_frames(image: Dataset) -> bool:
    return bool(image.get("PerFrameFunctionalGroupsSequence"))


def is_kept(element: DataElement) -> bool:
    """Tell whether an element is one of those that a record has, with a value of its kind."""
    return element.tag in KEPT_TAGS and dictionary_VR(element.tag) == element.VR


def _kept_header(image: Dataset) -> Dataset:
    """Return what is kept of an image's header; what is broken in it, no result can repeat."""
    header = Dataset()
    for name in KEPT:
        try:
            if name in image:
                element = image[name]
                alone = Dataset()
                alone.add(element)
                # what cannot be written into the file is found here
                again = Dataset.from_json(alone.to_json_dict())
                header.update(again if is_kept(element) else {})
        except Exception as fault:
            if not is_foreign(fault):
                raise
    return header


def _plane(plane: Slice, *, several: bool) -> SourcePlane:
    return SourcePlane(
        sop_instance_uid=plane.sop_uid,
        frame=plane.frame + 1 if several else None,
        position_lps_mm=_lps(plane.position_ras_mm),
    )


def _lps(vector_ras: Vector3) -> Vector3:
    # + 0.0: no minus zero in a file
    x, y, z = (float(part) for part in lps_from_ras(vector_ras) + 0.0)
    return (x, y, z)


def source_images(record: SourceRecord) -> list[Dataset]:
    """Return headers of the images of a record, without pixels, as highdicom takes them.

    Returns
    -------
    list of pydicom.Dataset
        One for each image in the order of the planes; of an image with frames one alone, whose
        frames are those of the record, in the order of their numbers.
    """
    if record.planes[0].frame is not None:
        return [_image_with_frames(record)]
    common = _head(record)
    common.ImageOrientationPatient = record.image_orientation
    common.PixelSpacing = list(record.pixel_spacing_mm)
    return [_image(common, plane, number=n) for n, plane in enumerate(record.planes, start=1)]


def _image(common: Dataset, plane: SourcePlane, *, number: int) -> Dataset:
    image = Dataset()
    image.update(common)
    image.SOPInstanceUID = plane.sop_instance_uid
    image.InstanceNumber = number
    image.ImagePositionPatient = plane.image_position
    return image


def name_frame(header: Dataset) -> None:
    """Name the frame of reference of images that name none: results lie in it, and have to."""
    if not header.get("FrameOfReferenceUID"):
        header.FrameOfReferenceUID = minted_uid("frame of reference", header.SeriesInstanceUID)


def _head(record: SourceRecord) -> Dataset:
    image = record.dataset
    image.SOPClassUID = record.sop_class_uid
    name_frame(image)
    image.Rows, image.Columns = record.rows, record.columns
    image.SamplesPerPixel = 1
    image.PhotometricInterpretation = "MONOCHROME2"
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 16, 15, 0
    return image


def _image_with_frames(record: SourceRecord) -> Dataset:
    image = _head(record)
    image.SOPInstanceUID = record.planes[0].sop_instance_uid
    image.InstanceNumber = 1
    by_frame = {plane.frame: plane for plane in record.planes}
    # frames that are no plane of the grid (copies) stand where their neighbour does
    last = max(frame for frame in by_frame if frame is not None)
    image.NumberOfFrames = last
    shared, measures, turned = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing = list(record.pixel_spacing_mm)
    measures.SliceThickness = float(image.get("SliceThickness") or _step_mm(record))
    turned.ImageOrientationPatient = record.image_orientation
    shared.PixelMeasuresSequence = [measures]
    shared.PlaneOrientationSequence = [turned]
    image.SharedFunctionalGroupsSequence = [shared]
    image.PerFrameFunctionalGroupsSequence = [
        _own_group(by_frame.get(number, record.planes[0])) for number in range(1, last + 1)
    ]
    return image


def _own_group(plane: SourcePlane) -> Dataset:
    own, place = Dataset(), Dataset()
    place.ImagePositionPatient = plane.image_position
    own.PlanePositionSequence = [place]
    return own


def _step_mm(record: SourceRecord) -> float:
    first, last = record.planes[0].position_lps_mm, record.planes[-1].position_lps_mm
    return float(np.linalg.norm(np.subtract(last, first))) / max(1, len(record.planes) - 1)
