"""DICOM segmentations: BINARY, FRACTIONAL and LABELMAP, frames in any order, empty ones left out.

Read with pydicom's own decoder, plane by plane, and not with highdicom's volumes: those compare a
frame of reference with itself (0.28.2), keep one array for each segment, and refuse objects whose
planes are readable though another part of them is not as the standard asks.
"""

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from remnant.core.codes import present_codes
from remnant.core.errors import (
    InputError,
    UnknownLabelError,
    UnreadableFileError,
    UnsupportedSeriesError,
)
from remnant.core.findings import Finding, quality_finding
from remnant.core.reasons import Cause, reason
from remnant.io.dicom_decoders import decoded_frames, require_decoder
from remnant.io.dicom_folder import SEGMENTATION_CLASSES
from remnant.io.dicom_header import dicom_class, is_dicom_file
from remnant.io.dicom_object import read_object
from remnant.io.dicom_seg_planes import SegmentFrame, SegmentPlanes, planes_of
from remnant.io.dicom_slices import sop_class
from remnant.io.faults import is_foreign, quiet, reading, require_file
from remnant.io.image_reference import ImageReference
from remnant.io.named_segments import NamedSegments, Piece
from remnant.io.segment_terms import Code, SegmentLabel
from remnant.io.study_files import files_below

WHAT = "a DICOM segmentation"
BINARY, FRACTIONAL, LABELMAP = "BINARY", "FRACTIONAL", "LABELMAP"
LABELMAP_CLASS = "1.2.840.10008.5.1.4.1.1.66.7"
STRUCTURE_SET_CLASS = "1.2.840.10008.5.1.4.1.1.481.3"
MASK_CLASSES = SEGMENTATION_CLASSES | {STRUCTURE_SET_CLASS}
DEFER_BYTES = 1 << 16
HALF = 0.5
ROUNDING = 1e-9
FRACTIONS = ("occupancy", "probability")
MOST_SEGMENTS = 2000
PLACES = (
    "SegmentedPropertyTypeModifierCodeSequence",
    "AnatomicRegionSequence",
    "AnatomicRegionModifierSequence",
)


@dataclass(frozen=True, slots=True, eq=False)
class _Object:
    """One segmentation whose header was found usable; its pixels are still in the file."""

    path: Path
    dataset: Dataset
    kind: str
    planes: SegmentPlanes
    threshold: float


def find_dicom_masks(path: Path) -> Path | None:
    """Return the one segmentation or structure set that a file is or a folder holds, or ``None``.

    Of a file only that it is DICOM is looked at.

    Raises
    ------
    InputError
        A folder holds several, or too many files.
    """
    if path.is_file():
        return path if is_dicom_file(path) else None
    found = dicom_mask_files(path)
    if len(found) > 1:
        raise UnsupportedSeriesError(
            f"{path} holds {len(found)} DICOM segmentations or structure sets; give the file of one"
        )
    return found[0] if found else None


def dicom_mask_files(path: Path) -> tuple[Path, ...]:
    """Return the segmentations and structure sets below a folder, or a file that is one."""
    return tuple(file for file in files_below(path) if _class_of(file) in MASK_CLASSES)


def read_dicom_segmentation(path: Path, *, threshold: float | None = None) -> NamedSegments:
    """Read the header of a DICOM segmentation; its voxels follow on demand.

    Planes that the object leaves out between its first and its last are empty, as the standard
    says; how many those are is a finding.

    Parameters
    ----------
    path
        The file.
    threshold
        From which share of the largest fraction on a voxel of a FRACTIONAL object counts; ``None``
        for one half. Other kinds have no fractions.

    Raises
    ------
    UnreadableFileError
        Missing, damaged, or a DICOM object of another kind.
    UnsupportedSeriesError
        Its planes make no grid, or its pixels have no decoder here.
    InputError
        The threshold is no share.
    """
    require_file(path)
    with quiet(), reading(path, what=WHAT, quote=False):
        stored = _opened(path, HALF if threshold is None else threshold)
        labels = _labels(stored)
        refers_to = _refers_to(stored.dataset)
        # elements are converted when they are looked up, and damaged ones fail only then
        quality = (*stored.planes.quality, *_fraction_findings(stored))
    _require_described(stored, frozenset(label.number for label in labels))

    def pieces(wanted: Collection[int]) -> Iterator[Piece]:
        yield from _pieces(stored, frozenset(wanted), frozenset(label.number for label in labels))

    return NamedSegments(
        geometry=stored.planes.geometry,
        labels=labels,
        pieces=pieces,
        quality=quality,
        leaves_out_empty=True,
        refers_to=refers_to,
    )


def is_structure_set(path: Path) -> bool:
    """Tell whether a DICOM file is a structure set, by its meta header."""
    return _class_of(path) == STRUCTURE_SET_CLASS


def _class_of(path: Path) -> str:
    try:
        with quiet():
            return dicom_class(path) if is_dicom_file(path) else ""
    except Exception as fault:
        if not is_foreign(fault):
            raise
        return ""


def _opened(path: Path, threshold: float) -> _Object:
    dataset = read_object(path, defer_size=DEFER_BYTES)
    if sop_class(dataset) not in SEGMENTATION_CLASSES:
        raise UnreadableFileError(
            f"{path} is a DICOM object, but no segmentation; give a SEG object, or the label map "
            f"as NIfTI"
        )
    kind = (
        LABELMAP if sop_class(dataset) == LABELMAP_CLASS else str(dataset.get("SegmentationType"))
    )
    if kind not in {BINARY, FRACTIONAL, LABELMAP}:
        raise UnsupportedSeriesError(
            f"{path} is neither a BINARY nor a FRACTIONAL nor a LABELMAP segmentation"
        )
    if kind == FRACTIONAL and not 0 < threshold <= 1:
        raise InputError(
            f"--threshold {threshold:g}: {path} holds fractions, which count from a share of their "
            f"largest value on, above 0 and at most 1"
        )
    require_decoder(str(dataset.file_meta.get("TransferSyntaxUID", "")))
    planes = planes_of(dataset, path, by_segment=kind != LABELMAP)
    return _Object(path, dataset, kind, planes, threshold)


def _labels(stored: _Object) -> tuple[SegmentLabel, ...]:
    items = stored.dataset.get("SegmentSequence") or ()
    if not 0 < len(items) <= MOST_SEGMENTS:
        raise UnreadableFileError(
            f"{stored.path} describes {len(items)} segments; allowed are 1 to {MOST_SEGMENTS}"
        )
    labels = tuple(_label(item) for item in items)
    if len({label.number for label in labels}) < len(labels):
        raise UnreadableFileError(f"{stored.path} gives two of its segments one number")
    return labels


def _require_described(stored: _Object, known: frozenset[int]) -> None:
    used = {frame.segment for frame in stored.planes.frames} - {None}
    unknown = sorted(number for number in used - known if number is not None)
    if unknown:
        raise UnknownLabelError(
            f"{stored.path} has frames of segment(s) {unknown[:8]}, which it does not describe"
        )


def _label(item: Dataset) -> SegmentLabel:
    kind = item.get("SegmentedPropertyTypeCodeSequence") or ()
    nested = [
        place for parent in (*kind, item) for name in PLACES for place in parent.get(name) or ()
    ]
    deeper = [place for parent in nested for name in PLACES for place in parent.get(name) or ()]
    category = item.get("SegmentedPropertyCategoryCodeSequence") or ()
    names = [item.get("SegmentLabel"), *(code.get("CodeMeaning") for code in kind)]
    return SegmentLabel(
        number=int(item.SegmentNumber),
        names=tuple(text for name in names if (text := str(name or "").strip())),
        kinds=tuple(_code(code) for code in kind),
        places=tuple(_code(code) for code in (*nested, *deeper)),
        category=_code(category[0]) if category else None,
    )


def _code(item: Dataset) -> Code:
    values = (item.get(name) for name in ("CodeValue", "LongCodeValue", "URNCodeValue"))
    value = next((str(value).strip() for value in values if value), "")
    return str(item.get("CodingSchemeDesignator") or "").strip(), value


def _refers_to(dataset: Dataset) -> ImageReference:
    """Return the images that an object says it was drawn on; frame by frame only where it must."""
    elsewhere = dataset.get("StudiesContainingOtherReferencedInstancesSequence") or ()
    places = (dataset, *elsewhere)
    series = [item for place in places for item in place.get("ReferencedSeriesSequence") or ()]
    images = [image for item in series for image in item.get("ReferencedInstanceSequence") or ()]
    images += dataset.get("SourceImageSequence") or ()
    if not images:
        images = list(_sources_of_frames(dataset))
    own = str(dataset.get("StudyInstanceUID") or "").strip()
    return ImageReference(
        study_uid=own,
        series_uids=_texts(series, "SeriesInstanceUID"),
        sop_uids=_texts(images, "ReferencedSOPInstanceUID"),
    )


def _sources_of_frames(dataset: Dataset) -> Iterator[Dataset]:
    shared = dataset.get("SharedFunctionalGroupsSequence") or ()
    own = dataset.get("PerFrameFunctionalGroupsSequence") or ()
    for group in (*shared, *own):
        for derived in group.get("DerivationImageSequence") or ():
            yield from derived.get("SourceImageSequence") or ()


def _texts(items: Collection[Dataset], name: str) -> frozenset[str]:
    return frozenset(text for item in items if (text := str(item.get(name) or "").strip()))


def _fraction_findings(stored: _Object) -> tuple[Finding, ...]:
    if stored.kind != FRACTIONAL:
        return ()
    said = str(stored.dataset.get("SegmentationFractionalType") or "").lower()
    how = reason(Cause.FRACTIONS_FROM, stored.threshold, said if said in FRACTIONS else "fraction")
    return (quality_finding("dicom_seg_fractions", passed=None, reasons=(how,)),)


def _pieces(stored: _Object, wanted: frozenset[int], known: frozenset[int]) -> Iterator[Piece]:
    for frame, plane in _decoded(stored, wanted):
        with quiet(), reading(stored.path, what=WHAT, quote=False):
            if frame.segment is not None:
                found = [(frame.segment, frame.k, plane >= _least(stored))]
            else:
                numbers = _numbers(plane, stored, known) & wanted
                found = [(number, frame.k, plane == number) for number in numbers]
        yield from found


def _decoded(
    stored: _Object, wanted: frozenset[int]
) -> Iterator[tuple[SegmentFrame, NDArray[Any]]]:
    frames = [f for f in stored.planes.frames if f.segment is None or f.segment in wanted]
    if not frames:
        return
    with quiet(), reading(stored.path, what=WHAT, quote=False):
        pixels = decoded_frames(stored.dataset, [frame.index for frame in frames])
    for frame in frames:
        with quiet(), reading(stored.path, what=WHAT, quote=False):
            plane = _plane(next(pixels, None), stored)
        yield frame, plane


def _plane(values: NDArray[Any] | None, stored: _Object) -> NDArray[Any]:
    columns, rows, _ = stored.planes.geometry.shape
    if values is None or values.shape != (rows, columns) or values.dtype.kind != "u":
        raise UnreadableFileError(f"{stored.path} holds pixels of another kind than it says")
    return values.T


def _least(stored: _Object) -> int:
    if stored.kind == BINARY:
        return 1
    largest = int(stored.dataset.get("MaximumFractionalValue") or 0)
    if not 0 < largest <= np.iinfo(np.uint8).max:
        raise UnreadableFileError(f"{stored.path} holds fractions without their largest value")
    return max(1, math.ceil(stored.threshold * largest - ROUNDING))


def _numbers(plane: NDArray[Any], stored: _Object, known: frozenset[int]) -> frozenset[int]:
    padding = stored.dataset.get("PixelPaddingValue")
    background = {0} if padding is None else {0, int(padding)}
    present = present_codes(plane)
    unknown = sorted(present - known - background)
    if unknown:
        raise UnknownLabelError(
            f"{stored.path} holds the value(s) {unknown[:8]}, which none of its segments has"
        )
    return present
