"""Label maps as DICOM segmentations of the images that they were made from, by highdicom.

Nothing is resampled: plane ``k`` of the maps is the image, or the frame, of plane ``k`` of the
record, and each frame of the segmentation names it. What highdicom mints or takes from the clock is
replaced, so that the same case gives the same bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import highdicom
import numpy as np
from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.color import CIELabColor
from highdicom.seg import Segmentation, SegmentDescription
from highdicom.sr import CodedConcept
from numpy.typing import NDArray
from pydicom import Dataset

from remnant.core.errors import UnsupportedSeriesError
from remnant.core.map_description import NamedLabel, Origin
from remnant.io.dicom_results.codes import (
    ALGORITHM_TYPES,
    FAMILIES,
    CodedTerm,
    label_codes,
)
from remnant.io.dicom_results.encoded_groups import encode_groups
from remnant.io.dicom_results.heads import (
    DEVICE_SERIAL_NUMBER,
    MANUFACTURER,
    MODEL_NAME,
    SERIES_NUMBERS,
    ResultKind,
    ResultSet,
    minted_uid,
)
from remnant.io.dicom_results.measurement_codes import SCHEME, SCHEME_NAME
from remnant.io.dicom_results.references import ALWAYS_THERE, content_time, state_subject
from remnant.io.dicom_results.run_lengths import compress_runs
from remnant.io.dicom_results.source_record import SourcePlane, SourceRecord, name_frame
from remnant.io.faults import is_foreign, quiet

DRAWN_ELSEWHERE: Final = "MANUAL"
"""Type of what was given: the only one that names no algorithm, since none is known."""
LIGHT: Final = (
    "StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID", "FrameOfReferenceUID", "Rows",
    "Columns", "ImageOrientationPatient", "PixelSpacing", "SliceThickness",
)  # fmt: skip
LONGEST_NAME: Final = 64
LARGEST_BYTE: Final = np.iinfo(np.uint8).max


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    """Name and identifier by which a segment is known again in other objects and studies."""

    id: str
    uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """What an object says of one of its segments.

    Parameters
    ----------
    label
        Code, colour and origin; the code only names what has no code in SNOMED CT.
    map
        Name of the map that the label is of.
    name
        As viewers show it, at most 64 letters.
    remark
        What else there is to say of it; empty for nothing.
    tracking
        ``None`` for what is not followed.
    """

    label: NamedLabel
    map: str
    name: str
    remark: str = ""
    tracking: Tracking | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """A label map of segments that do not overlap each other.

    Parameters
    ----------
    codes
        uint8 or uint16 of shape (columns, rows, planes) on the grid of the record.
    numbers
        Segment number of each code; other codes are no segment.
    """

    codes: NDArray[Any]
    numbers: Mapping[int, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Content:
    """What one segmentation holds.

    Parameters
    ----------
    kind
        Which of the objects of a case it is.
    title
        Of its series, at most 64 letters.
    short_title
        At most 16 capitals, digits and ``_``.
    segments
        In the order of their numbers, from 1.
    layers
        Where they are. Segments of different layers may overlap; in a LABELMAP, which cannot hold
        that, the last layer that has a segment at a voxel gives it.
    parameters
        What the algorithms were given, for their identification.
    """

    kind: ResultKind
    title: str
    short_title: str
    segments: tuple[Segment, ...]
    layers: tuple[Layer, ...]
    parameters: Mapping[str, str]


def segmentation(
    record: SourceRecord, results: ResultSet, content: Content, *, labelmap: bool = False
) -> Dataset | None:
    """Return a DICOM segmentation, ready to be saved.

    Parameters
    ----------
    record
        The images.
    results
        Identifiers and time.
    content
        Segments and where they are.
    labelmap
        Whether it is a LABELMAP, compressed with RLE; else BINARY, without compression.

    Returns
    -------
    pydicom.Dataset or None
        With ``save_as``. ``None`` where no segment has a voxel. Where the images name no frame of
        reference, one is made of their series' identifier: they share one by definition.

    Raises
    ------
    UnsupportedSeriesError
        The header of the images cannot be carried over.
    """
    planes = _filled_planes(content.layers)
    if planes is None:
        return None
    there = record.planes[planes]
    single = labelmap or len(content.layers) == 1
    pixels = _label_map(content, planes) if single else _stacked(content, planes)
    try:
        with quiet():
            made = Segmentation(
                source_images=_sources(record, there),
                pixel_array=pixels,
                segment_descriptions=_descriptions(content, results),
                segmentation_type="LABELMAP" if labelmap else "BINARY",
                **_head(results, content, content_time(results, record)),
            )
            _refer_to_all(made, record)
            _name_frames(made, there)
            if labelmap:
                compress_runs(made)
            _settle(made, record, minted_uid(results.object_uid(content.kind), "dimensions"))
            encode_groups(made)
    except Exception as fault:
        if not is_foreign(fault):
            raise
        raise UnsupportedSeriesError(
            "the header of the source images cannot be carried over to a DICOM segmentation "
            f"({type(fault).__name__}); give the images as they came from the scanner"
        ) from fault
    return made


def _filled_planes(layers: Sequence[Layer]) -> slice | None:
    """Return the range of the planes with anything in it, ``None`` where there is none."""
    filled = np.zeros(layers[0].codes.shape[2], dtype=bool)
    for layer in layers:
        wanted = _table(layer, bool)
        whole = wanted[1:].all()
        for k in np.flatnonzero(~filled):
            plane = layer.codes[:, :, k]
            filled[k] = plane.any() if whole else wanted[plane].any()
    found = np.flatnonzero(filled)
    return slice(int(found[0]), int(found[-1]) + 1) if found.size else None


def _table(layer: Layer, dtype: type) -> NDArray[Any]:
    """Return the segment number of each code; 0 of those that are no segment."""
    table: NDArray[Any] = np.zeros(int(layer.codes.max()) + 1, dtype=dtype)
    for code, number in layer.numbers.items():
        if code < len(table):
            table[code] = number
    return table


def _label_map(content: Content, planes: slice) -> NDArray[Any]:
    """Return segment numbers as highdicom takes them, of shape (planes, rows, columns)."""
    dtype = np.uint8 if len(content.segments) <= LARGEST_BYTE else np.uint16
    first, *others = content.layers
    numbers = _numbers(first, planes, dtype)
    for layer in others:
        over = _numbers(layer, planes, dtype)
        numbers = np.where(over > 0, over, numbers)
    return numbers


def _numbers(layer: Layer, planes: slice, dtype: type) -> NDArray[Any]:
    codes = layer.codes[:, :, planes].T
    table = _table(layer, dtype)
    if np.array_equal(table, np.arange(len(table))):
        return np.ascontiguousarray(codes, dtype=dtype)
    return np.ascontiguousarray(table[codes])


def _stacked(content: Content, planes: slice) -> NDArray[np.uint8]:
    """Return one mask for each segment, the segments along the last axis as highdicom has them.

    In memory the segments come first: a frame is then one piece.
    """
    columns, rows, _ = content.layers[0].codes.shape
    size = (len(content.segments), planes.stop - planes.start, rows, columns)
    masks = np.zeros(size, dtype=np.uint8)
    for layer in content.layers:
        numbers = _numbers(layer, planes, np.uint16)
        for number in sorted(set(layer.numbers.values())):
            np.equal(numbers, number, out=masks[number - 1].view(bool))
    return np.moveaxis(masks, 0, -1)


def _header(record: SourceRecord) -> Dataset:
    """Return the header of the first image without the values that highdicom may refuse."""
    header = record.dataset
    for name in ALWAYS_THERE:
        setattr(header, name, "")
    name_frame(header)
    return header


def _sources(record: SourceRecord, planes: Sequence[SourcePlane]) -> list[Dataset]:
    """Return headers of the images of planes; of frames one of an image that has just these.

    Only the first has patient and study, which is all that highdicom looks at: 300 whole headers
    would take longer than all the rest.
    """
    header = _header(record)
    _describe(header, record)
    _place(header, planes[0])
    if planes[0].frame is not None:
        return [_with_frames(header, planes)]
    return [header, *(_light(header, plane) for plane in planes[1:])]


def _describe(header: Dataset, record: SourceRecord) -> None:
    header.SOPClassUID = record.sop_class_uid
    header.Rows, header.Columns = record.rows, record.columns
    header.ImageOrientationPatient = record.image_orientation
    header.PixelSpacing = list(record.pixel_spacing_mm)
    # voxels are as thick as their planes are apart, whatever a header says
    depth_mm = _plane_distance_mm(record) or float(header.get("SliceThickness") or 1.0)
    header.SliceThickness = header.SpacingBetweenSlices = depth_mm


def _plane_distance_mm(record: SourceRecord) -> float | None:
    """Return how far neighbouring planes are apart along their normal; ``None`` of one plane."""
    if len(record.planes) == 1:
        return None
    along, down = np.reshape(record.image_orientation, (2, 3))
    first, last = (record.planes[k].image_position for k in (0, -1))
    return abs(float(np.dot(np.subtract(last, first), np.cross(along, down)))) / (
        len(record.planes) - 1
    )


def _place(header: Dataset, plane: SourcePlane) -> None:
    header.SOPInstanceUID = plane.sop_instance_uid
    header.ImagePositionPatient = plane.image_position


def _light(header: Dataset, plane: SourcePlane) -> Dataset:
    image = Dataset()
    for name in LIGHT:
        image.add(header[name])
    _place(image, plane)
    return image


def _with_frames(header: Dataset, planes: Sequence[SourcePlane]) -> Dataset:
    """Return the header of an image whose frames are the planes, in their order."""
    measures, turned, shared = Dataset(), Dataset(), Dataset()
    for name in ("PixelSpacing", "SliceThickness", "SpacingBetweenSlices"):
        measures.add(header[name])
    turned.add(header["ImageOrientationPatient"])
    shared.PixelMeasuresSequence = [measures]
    shared.PlaneOrientationSequence = [turned]
    header.SharedFunctionalGroupsSequence = [shared]
    header.PerFrameFunctionalGroupsSequence = [_own_group(plane) for plane in planes]
    header.NumberOfFrames = len(planes)
    return header


def _own_group(plane: SourcePlane) -> Dataset:
    own, position = Dataset(), Dataset()
    position.ImagePositionPatient = plane.image_position
    own.PlanePositionSequence = [position]
    return own


def _head(results: ResultSet, content: Content, made: datetime) -> dict[str, Any]:
    return {
        "series_instance_uid": results.series_uid(content.kind),
        "series_number": SERIES_NUMBERS[content.kind],
        "series_description": content.title,
        "sop_instance_uid": results.object_uid(content.kind),
        "instance_number": 1,
        "manufacturer": MANUFACTURER,
        "manufacturer_model_name": MODEL_NAME,
        "software_versions": results.software,
        "device_serial_number": DEVICE_SERIAL_NUMBER,
        "content_label": content.short_title,
        "content_description": content.title,
        "coding_schemes": [CodingSchemeIdentificationItem(SCHEME, name=SCHEME_NAME)],
        "content_date": made.date(),
        "content_time": made.time(),
        "series_date": made.date(),
        "series_time": made.time(),
    }


def _descriptions(content: Content, results: ResultSet) -> list[SegmentDescription]:
    numbered = enumerate(content.segments, start=1)
    return [_description(number, one, content, results) for number, one in numbered]


def _description(
    number: int, segment: Segment, content: Content, results: ResultSet
) -> SegmentDescription:
    codes = label_codes(segment.label, segment.map)
    tracking = segment.tracking
    described = SegmentDescription(
        segment_number=number,
        segment_label=segment.name[:LONGEST_NAME],
        segmented_property_category=_code(codes.category),
        segmented_property_type=_code(codes.kind),
        algorithm_type=ALGORITHM_TYPES.get(segment.label.origin, DRAWN_ELSEWHERE),
        algorithm_identification=_algorithm(segment.label.origin, content, results),
        tracking_id=None if tracking is None else tracking.id,
        tracking_uid=None if tracking is None else tracking.uid,
        anatomic_regions=None if codes.region is None else [_code(codes.region)],
        display_color=CIELabColor.from_rgb(*segment.label.rgb),
    )
    if segment.remark:
        described.SegmentDescription = segment.remark
    return described


def _code(term: CodedTerm) -> CodedConcept:
    return CodedConcept(term.value, term.scheme, term.meaning)


def _algorithm(
    origin: Origin, content: Content, results: ResultSet
) -> highdicom.AlgorithmIdentificationSequence | None:
    if origin not in FAMILIES:
        return None
    return highdicom.AlgorithmIdentificationSequence(
        name=MODEL_NAME,
        family=_code(FAMILIES[origin]),
        version=results.software,
        parameters=dict(content.parameters) if origin is Origin.AUTOMATIC else None,
    )


def _refer_to_all(made: Dataset, record: SourceRecord) -> None:
    """Name all images of the series, also those without any frame here."""
    images = []
    for uid in dict.fromkeys(plane.sop_instance_uid for plane in record.planes):
        image = Dataset()
        image.ReferencedSOPClassUID = record.sop_class_uid
        image.ReferencedSOPInstanceUID = uid
        images.append(image)
    made.SourceImageSequence = images
    made.ReferencedSeriesSequence[0].ReferencedInstanceSequence = images


def _name_frames(made: Dataset, planes: Sequence[SourcePlane]) -> None:
    """Put the numbers that frames of the images have in place of those of the planes."""
    if planes[0].frame is None:
        return
    named: set[int] = set()
    for group in made.PerFrameFunctionalGroupsSequence:
        image = group.DerivationImageSequence[0].SourceImageSequence[0]
        # frames of several segments share what they say of their plane
        if id(image) not in named:
            named.add(id(image))
            plane = planes[int(image.ReferencedFrameNumber) - 1]
            image.ReferencedFrameNumber = plane.frame
            image.ReferencedSOPInstanceUID = plane.sop_instance_uid


def _settle(made: Dataset, record: SourceRecord, dimensions_uid: str) -> None:
    """State whose it is as the images do, and replace what is random or of the clock."""
    state_subject(made, record)
    made.ContentCreatorName = None  # has to be there, be it empty
    made.InstanceCreationDate, made.InstanceCreationTime = made.ContentDate, made.ContentTime
    for item in made.ContributingEquipmentSequence:
        if "ContributionDateTime" in item:
            item.ContributionDateTime = f"{made.ContentDate}{made.ContentTime}"
    for item in (*made.DimensionOrganizationSequence, *made.DimensionIndexSequence):
        item.DimensionOrganizationUID = dimensions_uid
