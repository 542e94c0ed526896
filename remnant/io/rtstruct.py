"""DICOM structure sets (RTSTRUCT): outlines on planes, filled on a grid.

All ``CLOSED_PLANAR`` contours of a structure on one plane are filled together by the even-odd rule.
DICOM (PS3.3, C.8.8.6) knows two ways to leave a hole: an inner outline that a channel of no width
joins with the outer one ("keyhole"), and contours of type ``CLOSEDPLANAR_XOR``; the even-odd rule
reads both. What a plain closed contour within another means it leaves open; planning programs mean
a hole, and so does this reader, which counts them in a finding.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from remnant.core.errors import (
    GeometryMismatchError,
    InputError,
    UnreadableFileError,
    UnsupportedSeriesError,
)
from remnant.core.findings import Finding
from remnant.core.geometry import Geometry
from remnant.io.contour_planes import Drawn, contour_findings, drawn_on, planes_along_last
from remnant.io.dicom_object import read_object
from remnant.io.dicom_seg import STRUCTURE_SET_CLASS
from remnant.io.dicom_slices import sop_class
from remnant.io.faults import quiet, reading, require_file
from remnant.io.frames import ras_from_lps
from remnant.io.image_reference import ImageReference
from remnant.io.named_segments import NamedSegments, Piece
from remnant.io.roles import Part
from remnant.io.rtstruct_grid import grid_of_contours, grid_of_series
from remnant.io.segment_terms import Code, SegmentLabel, meaning_of

WHAT = "a DICOM structure set"
CLOSED: Final = frozenset(("CLOSED_PLANAR", "CLOSEDPLANAR_XOR", "CLOSED_PLANAR_XOR"))
CONTOUR_DATA: Final = 0x30060050
LARGEST_BYTES: Final = 1024**3
MOST_STRUCTURES: Final = 2000
MOST_CONTOURS: Final = 200_000
MOST_NUMBERS: Final = 60_000_000
FEWEST_CORNERS: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class _Structure:
    """A named structure: its label, its frame of reference, and its contours, not yet parsed."""

    label: SegmentLabel
    frame_of_reference_uid: str
    contours: Sequence[Dataset]


@dataclass(frozen=True, slots=True, eq=False)
class _Outlines:
    """Corners of closed contours in RAS mm, each ``(n, 3)``, and how many others were ignored."""

    closed: tuple[NDArray[np.float64], ...] = ()
    ignored: int = 0


@dataclass(slots=True, eq=False)
class _Set:
    """A structure set; its outlines are parsed when asked for, and kept."""

    path: Path
    structures: Mapping[int, _Structure]
    parsed: dict[int, _Outlines] = field(default_factory=dict)

    def outlines(self, number: int) -> _Outlines:
        if number not in self.parsed:
            with quiet(), reading(self.path, what=WHAT, quote=False):
                self.parsed[number] = _outlines(self.structures[number].contours, self.path)
        return self.parsed[number]


def read_structure_set(path: Path, *, reference: Geometry | None = None) -> NamedSegments:
    """Read a structure set; its structures are filled when asked for.

    Parameters
    ----------
    path
        The file.
    reference
        Grid to fill on: that of the scan. ``None`` takes the series that the file names, if it lies
        beside it, or else makes a grid of the contour planes (`remnant.io.rtstruct_grid`).

    Returns
    -------
    NamedSegments
        Contours lie on the slices of the grid. A voxel belongs to a structure whose outlines hold
        its centre.

    Raises
    ------
    UnreadableFileError
        Missing, damaged, or a DICOM object of another kind.
    UnsupportedSeriesError
        Larger than allowed; contours in several frames of reference; or, without a scan, contour
        planes that make no grid.

    Notes
    -----
    Asking for structures raises `UnsupportedSeriesError` where contours lie on no slices of the
    grid, and `GeometryMismatchError` where they lie outside it.
    """
    require_file(path)
    with quiet(), reading(path, what=WHAT, quote=False):
        dataset = _opened(path)
        found = _Set(path, _structures(dataset, path))
        refers_to = _refers_to(dataset)
        frame = _frame(found, dataset)
    if reference is not None:
        _require_frame(reference, frame, path)
    grid = reference or grid_of_series(path, refers_to)
    quality: tuple[Finding, ...] = ()
    own = grid is None
    if grid is None:
        grid, quality = grid_of_contours(_of_liver(found), path)
        grid = replace(grid, frame_of_reference_uid=frame)
    drawn = _Fillings(found, grid)
    return NamedSegments(
        geometry=grid,
        labels=tuple(structure.label for structure in found.structures.values()),
        pieces=drawn.pieces,
        quality=quality,
        leaves_out_empty=own,
        refers_to=refers_to,
        remarks=drawn.remarks,
    )


@dataclass(slots=True, eq=False)
class _Fillings:
    """Structures on a grid, each placed once."""

    found: _Set
    grid: Geometry
    placed: dict[int, Drawn] = field(default_factory=dict)

    def pieces(self, wanted: Collection[int]) -> Iterator[Piece]:
        for number in sorted(wanted):
            for k, plane in planes_along_last(self._drawn(number), self.grid):
                yield number, k, plane

    def remarks(self, wanted: Collection[int], part: Part) -> tuple[Finding, ...]:
        ignored = sum(self.found.outlines(number).ignored for number in wanted)
        drawn = [self._drawn(number) for number in sorted(wanted)]
        return contour_findings(drawn, self.grid, ignored=ignored, part=part)

    def _drawn(self, number: int) -> Drawn:
        if number not in self.placed:
            name = self.found.structures[number].label.describe()
            what = f"{self.found.path}: the structure {name}"
            closed = self.found.outlines(number).closed
            self.placed[number] = drawn_on(self.grid, closed, what=what)
        return self.placed[number]


def _opened(path: Path) -> Dataset:
    dataset = read_object(path, most_bytes=LARGEST_BYTES, most_inflated=LARGEST_BYTES)
    if sop_class(dataset) != STRUCTURE_SET_CLASS:
        raise UnreadableFileError(f"{path} is a DICOM object, but no structure set (RTSTRUCT)")
    return dataset


def _structures(dataset: Dataset, path: Path) -> Mapping[int, _Structure]:
    named = dataset.get("StructureSetROISequence") or ()
    if not 0 < len(named) <= MOST_STRUCTURES:
        raise UnreadableFileError(
            f"{path} names {len(named)} structures; allowed are 1 to {MOST_STRUCTURES}"
        )
    contours = _by_number(dataset, "ROIContourSequence")
    observed = _by_number(dataset, "RTROIObservationsSequence")
    total = sum(len(item.get("ContourSequence") or ()) for item in contours.values())
    if total > MOST_CONTOURS:
        raise UnsupportedSeriesError(f"{path} holds {total} contours; at most {MOST_CONTOURS}")
    structures = {
        int(item.ROINumber): _Structure(
            label=_label(item, observed.get(int(item.ROINumber), Dataset())),
            frame_of_reference_uid=str(item.get("ReferencedFrameOfReferenceUID") or "").strip(),
            contours=contours.get(int(item.ROINumber), Dataset()).get("ContourSequence") or (),
        )
        for item in named
    }
    if len(structures) < len(named):
        raise UnreadableFileError(f"{path} gives two of its structures one number")
    return structures


def _by_number(dataset: Dataset, name: str) -> Mapping[int, Dataset]:
    return {int(item.ReferencedROINumber): item for item in dataset.get(name) or ()}


def _label(item: Dataset, observed: Dataset) -> SegmentLabel:
    names = (item.get("ROIName"), observed.get("ROIObservationLabel"))
    codes = observed.get("RTROIIdentificationCodeSequence") or ()
    return SegmentLabel(
        number=int(item.ROINumber),
        names=tuple(text for name in names if (text := str(name or "").strip()))[:1],
        kinds=tuple(_code(code) for code in codes),
    )


def _code(item: Dataset) -> Code:
    scheme, value = item.get("CodingSchemeDesignator"), item.get("CodeValue")
    return str(scheme or "").strip(), str(value or "").strip()


def _outlines(contours: Sequence[Dataset], path: Path) -> _Outlines:
    closed, ignored, numbers = [], 0, 0
    for contour in contours:
        is_closed = contour.get("ContourGeometricType") in CLOSED
        points = _points(contour, path) if is_closed else None
        if points is None or len(points) < FEWEST_CORNERS:
            ignored += 1
            continue
        numbers += points.size
        if numbers > MOST_NUMBERS:
            raise UnsupportedSeriesError(f"{path} holds a structure of too many points")
        closed.append(points)
    return _Outlines(tuple(closed), ignored)


def _points(contour: Dataset, path: Path) -> NDArray[np.float64]:
    """Return the corners of a contour in RAS mm."""
    raw = contour.get_item(CONTOUR_DATA)
    value = None if raw is None else raw.value
    # pydicom makes an object of every number, which takes most of the time of such files
    texts = value.split(b"\\") if isinstance(value, bytes) else value
    numbers = np.array([] if texts is None else texts, dtype=np.float64)
    if numbers.size % 3 or not np.isfinite(numbers).all():
        raise UnreadableFileError(
            f"{path} holds a contour whose points are not three numbers each; export it again"
        )
    return ras_from_lps(numbers.reshape(-1, 3))


def _frame(found: _Set, dataset: Dataset) -> str | None:
    """Return the frame of reference of all structures that have contours."""
    used = Counter(s.frame_of_reference_uid for s in found.structures.values() if s.contours)
    named = {frame for frame in used if frame}
    if len(named) > 1:
        raise UnsupportedSeriesError(
            f"{found.path} holds structures in {len(named)} frames of reference; export those of "
            f"one scan"
        )
    whole = str(dataset.get("FrameOfReferenceUID") or "").strip()
    return next(iter(named), whole) or None


def _require_frame(reference: Geometry, frame: str | None, path: Path) -> None:
    if len({reference.frame_of_reference_uid, frame} - {None}) > 1:
        raise GeometryMismatchError(
            f"{path} lies in another DICOM frame of reference than the scan: it belongs to another "
            f"examination or series; give the structure set of this one"
        )


def _refers_to(dataset: Dataset) -> ImageReference:
    series, images = set(), set()
    for frame in dataset.get("ReferencedFrameOfReferenceSequence") or ():
        for study in frame.get("RTReferencedStudySequence") or ():
            for item in study.get("RTReferencedSeriesSequence") or ():
                series.add(str(item.get("SeriesInstanceUID") or ""))
                for image in item.get("ContourImageSequence") or ():
                    images.add(str(image.get("ReferencedSOPInstanceUID") or ""))
    return ImageReference(
        study_uid=str(dataset.get("StudyInstanceUID") or "").strip(),
        series_uids=frozenset(series - {""}),
        sop_uids=frozenset(images - {""}),
    )


def _of_liver(found: _Set) -> list[NDArray[np.float64]]:
    """Return the closed contours of what is of the liver, or of everything where nothing is."""
    wanted = [n for n, structure in found.structures.items() if _is_known(structure.label)]
    known = [points for n in wanted for points in found.outlines(n).closed]
    return known or [points for n in found.structures for points in found.outlines(n).closed]


def _is_known(label: SegmentLabel) -> bool:
    try:
        return meaning_of(label) is not None
    except InputError:
        return True
