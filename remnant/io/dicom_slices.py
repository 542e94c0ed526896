"""What one DICOM image, or one frame of a multi-frame object, says about itself."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from pydicom import Dataset
from pydicom.uid import UID, generate_uid

from remnant.core.errors import UnsupportedSeriesError
from remnant.core.geometry import Vector3
from remnant.core.volumes import Modality
from remnant.io.dicom_facts import FACT_TAGS, PLACES, facts_of
from remnant.io.dicom_source import Source
from remnant.io.frames import ras_from_lps
from remnant.io.limits import LARGEST_PLANE_SIDE
from remnant.io.printing import printable
from remnant.io.stored_pixels import StoredPixels

DIRECTION_TOLERANCE = 1e-3
COSINES = 6
HEADER_TAGS: Final[tuple[str | int, ...]] = (
    *FACT_TAGS,
    "SOPClassUID",
    "SOPInstanceUID",
    "PatientID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SeriesNumber",
    "SeriesTime",
    "SeriesDescription",
    "ProtocolName",
    "BodyPartExamined",
    "ContrastBolusAgent",
    "ContrastBolusAgentSequence",
    "ContrastBolusStartTime",
    "AcquisitionDateTime",
    "ContentTime",
    "ConvolutionKernel",
    "SliceThickness",
    "Modality",
    "FrameOfReferenceUID",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "PixelSpacing",
    "Rows",
    "Columns",
    "NumberOfFrames",
    "SamplesPerPixel",
    "BitsStored",
    "PixelRepresentation",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "RescaleSlope",
    "RescaleIntercept",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesTags:
    """What a header says of how and of what an image was made; ``""`` where it does not.

    Parameters
    ----------
    body_part
        BodyPartExamined.
    protocol
        ProtocolName.
    kernel
        ConvolutionKernel.
    thickness_mm
        SliceThickness, not the distance of slices; ``None`` where absent or no positive number.
    contrast_agent, contrast_start
        What was given, and the time of day when, as DICOM writes it (HHMMSS.FFFFFF).
    acquired, acquired_at, content_time
        Time of day of the acquisition, date and time of it, and time of day of the image.
    """

    body_part: str = ""
    protocol: str = ""
    kernel: str = ""
    thickness_mm: float | None = None
    contrast_agent: str = ""
    contrast_start: str = ""
    acquired: str = ""
    acquired_at: str = ""
    content_time: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One image plane: where it lies and how its numbers become values; no pixels.

    Parameters
    ----------
    path, frame
        File, and frame in it (0 where the file has one).
    modality
        CT or MR.
    series_uid, study_uid, sop_uid, patient_id
        Identifiers; ``""`` where emptied. Never shown.
    description
        Series description, control characters removed.
    series_number
        0 where absent.
    image_type
        Values of ImageType or FrameType.
    size
        Columns and rows: voxels along i and j.
    position_ras_mm
        Centre of the first pixel.
    i_direction, j_direction
        Unit vectors (RAS) along a row and down a column.
    pixel_spacing_mm
        Distance of neighbouring columns (i) and rows (j).
    slope, intercept
        Rescaling to values.
    rescale_stated
        Whether the header says the intercept; 1 and 0 stand for what it does not say.
    stored_range
        Lowest and highest stored number the header allows.
    padding
        Stored numbers that mean "no data", lowest and highest; ``None`` without padding.
    transfer_syntax
        How the pixels are stored.
    frame_of_reference_uid
        ``None`` where absent.
    facts
        Values of `remnant.io.dicom_facts.FACTS`, ``""`` where absent.
    tags
        How and of what the image was made.
    sop_class_uid
        Class of the object; ``""`` where nothing says it.
    pixels
        Where its pixels lie; ``None`` only until the file was searched for them.
    """

    path: Path
    frame: int
    modality: Modality
    series_uid: str = field(repr=False)
    study_uid: str = field(repr=False)
    sop_uid: str = field(repr=False)
    patient_id: str = field(repr=False)
    description: str
    series_number: int
    image_type: tuple[str, ...]
    size: tuple[int, int]
    position_ras_mm: Vector3
    i_direction: Vector3
    j_direction: Vector3
    pixel_spacing_mm: tuple[float, float]
    slope: float
    intercept: float
    rescale_stated: bool
    stored_range: tuple[int, int]
    padding: tuple[int, int] | None
    transfer_syntax: str
    frame_of_reference_uid: str | None
    facts: tuple[str, ...] = field(repr=False)
    tags: SeriesTags = SeriesTags()
    sop_class_uid: str = ""
    pixels: StoredPixels | None = field(default=None, repr=False)

    @property
    def key(self) -> tuple[Path, int]:
        """What no other plane has: its file and frame."""
        return (self.path, self.frame)

    def fact(self, name: str) -> str:
        """Return one of `facts` by its name, ``""`` where absent."""
        return self.facts[PLACES[name]]


def slices_of(dataset: Dataset, path: Path) -> tuple[Slice, ...]:
    """Describe every plane of one CT or MR object.

    Raises
    ------
    UnsupportedSeriesError
        Position, orientation or pixel spacing are absent or make no sense.
    """
    frames = dataset.get("PerFrameFunctionalGroupsSequence")
    if not frames:
        return (_slice(Source(dataset, None, None), path, frame=0),)
    shared = dataset.get("SharedFunctionalGroupsSequence") or [Dataset()]
    return tuple(
        _slice(Source(dataset, shared[0], own), path, frame=number)
        for number, own in enumerate(frames)
    )


def _slice(source: Source, path: Path, *, frame: int) -> Slice:
    dataset = source.dataset
    i_direction, j_direction = plane_directions(source, path)
    modality = Modality(str(dataset.get("Modality")).lower())
    return Slice(
        path=path,
        frame=frame,
        modality=modality,
        series_uid=series_uid_of(dataset),
        study_uid=_text(dataset, "StudyInstanceUID"),
        sop_uid=sop_uid_of(dataset),
        patient_id=_text(dataset, "PatientID"),
        description=printable(dataset.get("SeriesDescription")),
        series_number=int(dataset.get("SeriesNumber") or 0),
        image_type=_image_type(source),
        size=_size(dataset, path),
        position_ras_mm=plane_position(source, path),
        i_direction=i_direction,
        j_direction=j_direction,
        pixel_spacing_mm=plane_spacing_mm(source, path),
        slope=_rescale(source, "RescaleSlope", 1.0, path),
        intercept=_rescale(source, "RescaleIntercept", 0.0, path),
        rescale_stated=_says(source, "RescaleIntercept"),
        stored_range=_stored_range(dataset),
        padding=_padding(dataset),
        transfer_syntax=str(dataset.file_meta.get("TransferSyntaxUID", "")),
        frame_of_reference_uid=_text(dataset, "FrameOfReferenceUID") or None,
        facts=facts_of(source),
        tags=_series_tags(source),
        sop_class_uid=str(sop_class(dataset)),
    )


def _series_tags(source: Source) -> SeriesTags:
    dataset = source.dataset
    return SeriesTags(
        body_part=printable(dataset.get("BodyPartExamined")),
        protocol=printable(dataset.get("ProtocolName")),
        kernel=_joined(source.get("CTReconstructionSequence", "ConvolutionKernel")),
        thickness_mm=_thickness_mm(source),
        contrast_agent=_contrast_agent(dataset),
        contrast_start=_text(dataset, "ContrastBolusStartTime"),
        acquired=_text(dataset, "AcquisitionTime"),
        acquired_at=str(
            source.get("FrameContentSequence", "FrameAcquisitionDateTime")
            or dataset.get("AcquisitionDateTime")
            or ""
        ).strip(),
        content_time=_text(dataset, "ContentTime"),
    )


def _joined(value: object) -> str:
    parts = (value,) if isinstance(value, str) or value is None else value
    return " ".join(printable(part) for part in parts) if isinstance(parts, Iterable) else ""


def _thickness_mm(source: Source) -> float | None:
    try:
        # what does not decide where a plane lies must not make it unreadable
        value = source.get("PixelMeasuresSequence", "SliceThickness")
        number = float("nan") if value is None else float(value)
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) and number > 0 else None


def _contrast_agent(dataset: Dataset) -> str:
    if given := printable(dataset.get("ContrastBolusAgent")):
        return given
    coded = dataset.get("ContrastBolusAgentSequence")
    return printable(coded[0].get("CodeMeaning")) if coded else ""


def _size(dataset: Dataset, path: Path) -> tuple[int, int]:
    size = (int(dataset.Columns), int(dataset.Rows))
    if max(size) > LARGEST_PLANE_SIDE:
        raise UnsupportedSeriesError(f"{path.name} claims {size[0]} x {size[1]} pixels")
    return size


def _text(dataset: Dataset, name: str) -> str:
    return str(dataset.get(name) or "").strip()


def series_uid_of(dataset: Dataset) -> str:
    """Return the UID of the series; where it was emptied one minted from what its images share."""
    given = _text(dataset, "SeriesInstanceUID")
    if given:
        return given
    names = ("StudyInstanceUID", "SeriesNumber", "SeriesTime", "SeriesDescription", "Modality",
             "FrameOfReferenceUID")  # fmt: skip
    return str(generate_uid(entropy_srcs=[f"{name}={_text(dataset, name)}" for name in names]))


def sop_uid_of(dataset: Dataset) -> str:
    """Return the UID of an object, from the meta header where it was emptied; ``""`` for none."""
    return _text(dataset, "SOPInstanceUID") or _text(
        dataset.file_meta, "MediaStorageSOPInstanceUID"
    )


def sop_class(dataset: Dataset) -> UID:
    """Return the class of an object, from the file's meta header where it was emptied."""
    meta = _text(dataset.file_meta, "MediaStorageSOPClassUID")
    return UID(_text(dataset, "SOPClassUID") or meta)


def _image_type(source: Source) -> tuple[str, ...]:
    for group in ("CTImageFrameTypeSequence", "MRImageFrameTypeSequence"):
        value = source.get(group, "FrameType")
        if value:
            return tuple(str(part) for part in value)
    value = source.dataset.get("ImageType") or ()
    return (value,) if isinstance(value, str) else tuple(str(part) for part in value)


def _numbers(value: object, count: int) -> tuple[float, ...] | None:
    if not isinstance(value, (list, tuple)) and not hasattr(value, "__iter__"):
        return None
    numbers = tuple(float(part) for part in value)
    return numbers if len(numbers) == count and bool(np.isfinite(numbers).all()) else None


def plane_position(source: Source, path: Path) -> Vector3:
    """Return the centre of the first pixel in RAS mm.

    Raises
    ------
    UnsupportedSeriesError
        It is absent, or not three finite numbers.
    """
    numbers = _numbers(source.get("PlanePositionSequence", "ImagePositionPatient"), 3)
    if numbers is None:
        raise UnsupportedSeriesError(f"{path.name} has no usable ImagePositionPatient")
    x, y, z = (float(part) for part in ras_from_lps(numbers))
    return (x, y, z)


def plane_directions(source: Source, path: Path) -> tuple[Vector3, Vector3]:
    """Return unit vectors (RAS) along a row and down a column.

    Raises
    ------
    UnsupportedSeriesError
        They are absent, or not perpendicular unit vectors.
    """
    numbers = _numbers(source.get("PlaneOrientationSequence", "ImageOrientationPatient"), COSINES)
    if numbers is None:
        raise UnsupportedSeriesError(f"{path.name} has no usable ImageOrientationPatient")
    pair = ras_from_lps(np.reshape(numbers, (2, 3)))
    if np.abs(pair @ pair.T - np.eye(2)).max() > DIRECTION_TOLERANCE:
        raise UnsupportedSeriesError(
            f"{path.name}: the axes in ImageOrientationPatient are not perpendicular unit vectors"
        )
    i, j = (tuple(float(part) for part in axis) for axis in pair)
    return (i[0], i[1], i[2]), (j[0], j[1], j[2])


def plane_spacing_mm(source: Source, path: Path) -> tuple[float, float]:
    """Return the distance of neighbouring columns (i) and rows (j).

    Raises
    ------
    UnsupportedSeriesError
        It is absent or not positive.
    """
    numbers = _numbers(source.get("PixelMeasuresSequence", "PixelSpacing"), 2)
    if numbers is None or min(numbers) <= 0:
        raise UnsupportedSeriesError(f"{path.name} has no usable PixelSpacing")
    # DICOM gives the distance of rows first, which is the spacing along j
    return (numbers[1], numbers[0])


def _rescale(source: Source, name: str, default: float, path: Path) -> float:
    value = source.get("PixelValueTransformationSequence", name)
    number = default if value is None else float(value)
    if not np.isfinite(number) or (name == "RescaleSlope" and number == 0):
        raise UnsupportedSeriesError(f"{path.name} has {name} {number:g}")
    return number


def _says(source: Source, name: str) -> bool:
    return source.get("PixelValueTransformationSequence", name) is not None


def _stored_range(dataset: Dataset) -> tuple[int, int]:
    bits = int(dataset.get("BitsStored") or 16)
    signed = bool(dataset.get("PixelRepresentation") or 0)
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)


def _padding(dataset: Dataset) -> tuple[int, int] | None:
    value = dataset.get("PixelPaddingValue")
    if value is None:
        return None
    limit = dataset.get("PixelPaddingRangeLimit")
    ends = sorted((int(value), int(value if limit is None else limit)))
    return (ends[0], ends[1])
