"""The images that a case was made from, as results in DICOM have to name them.

Whose they are stands here and in no other record of a case. Nothing but the writers of DICOM
objects reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from pydicom import Dataset

from remnant.core.errors import UnsupportedSeriesError
from remnant.core.geometry import Vector3
from remnant.io.dicom_object import read_object
from remnant.io.dicom_slices import Slice, sop_class
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
UTF_8: Final = "ISO_IR 192"
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
        ``None`` where the images carry no identifiers of their own, or no study's: nothing could
        refer to them.

    Raises
    ------
    UnreadableFileError
        The first image is damaged.
    UnsupportedSeriesError
        The series has no stack.
    """
    if series.stack is None:
        raise UnsupportedSeriesError(f"series {series.number}: {series.fault}")
    planes = series.stack.slices
    first = read_object(planes[0].path, defer_size=1 << 12)
    header = Dataset()
    for name in KEPT:
        if name in first:
            header.add(first[name])
    named = all(plane.sop_uid for plane in planes)
    if not (named and header.get("StudyInstanceUID") and header.get("SeriesInstanceUID")):
        return None
    several = bool(first.get("NumberOfFrames"))
    spacing_i, spacing_j = planes[0].pixel_spacing_mm
    return SourceRecord(
        version=VERSION,
        image_sha256=image_sha256,
        header=header.to_json_dict(),
        sop_class_uid=str(sop_class(first)),
        columns=planes[0].size[0],
        rows=planes[0].size[1],
        row_direction_lps=_lps(planes[0].i_direction),
        column_direction_lps=_lps(planes[0].j_direction),
        pixel_spacing_mm=(spacing_j, spacing_i),
        planes=tuple(_plane(plane, several=several) for plane in planes),
    )


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
    return [_image(record, plane, number=n) for n, plane in enumerate(record.planes, start=1)]


def _image(record: SourceRecord, plane: SourcePlane, *, number: int) -> Dataset:
    image = _head(record, plane)
    image.InstanceNumber = number
    image.ImagePositionPatient = list(plane.position_lps_mm)
    image.ImageOrientationPatient = [*record.row_direction_lps, *record.column_direction_lps]
    image.PixelSpacing = list(record.pixel_spacing_mm)
    return image


def _head(record: SourceRecord, plane: SourcePlane) -> Dataset:
    image = record.dataset
    image.SOPClassUID = record.sop_class_uid
    image.SOPInstanceUID = plane.sop_instance_uid
    image.Rows, image.Columns = record.rows, record.columns
    image.SamplesPerPixel = 1
    image.PhotometricInterpretation = "MONOCHROME2"
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 16, 15, 0
    return image


def _image_with_frames(record: SourceRecord) -> Dataset:
    image = _head(record, record.planes[0])
    image.InstanceNumber = 1
    by_frame = {plane.frame: plane for plane in record.planes}
    # frames that are no plane of the grid (copies) stand where their neighbour does
    last = max(frame for frame in by_frame if frame is not None)
    image.NumberOfFrames = last
    shared, measures, turned = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing = list(record.pixel_spacing_mm)
    measures.SliceThickness = float(image.get("SliceThickness") or _step_mm(record))
    turned.ImageOrientationPatient = [*record.row_direction_lps, *record.column_direction_lps]
    shared.PixelMeasuresSequence = [measures]
    shared.PlaneOrientationSequence = [turned]
    image.SharedFunctionalGroupsSequence = [shared]
    image.PerFrameFunctionalGroupsSequence = [
        _own_group(by_frame.get(number, record.planes[0])) for number in range(1, last + 1)
    ]
    return image


def _own_group(plane: SourcePlane) -> Dataset:
    own, place = Dataset(), Dataset()
    place.ImagePositionPatient = list(plane.position_lps_mm)
    own.PlanePositionSequence = [place]
    return own


def _step_mm(record: SourceRecord) -> float:
    first, last = record.planes[0].position_lps_mm, record.planes[-1].position_lps_mm
    return float(np.linalg.norm(np.subtract(last, first))) / max(1, len(record.planes) - 1)


def identifiers_of(record: SourceRecord) -> frozenset[str]:
    """Return the texts of a record that name a person or an examination, for tests of leaks."""
    header = record.dataset
    names = (*PATIENT[:4], *STUDY[:7])
    texts = {str(header.get(name) or "") for name in names}
    return frozenset((texts | {plane.sop_instance_uid for plane in record.planes}) - {""})
