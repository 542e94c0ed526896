"""Where the frames of a DICOM segmentation lie, and the grid that they make."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from remnant.core.errors import InputError, UnreadableFileError, UnsupportedSeriesError
from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Geometry, Vector3
from remnant.core.reasons import Cause, reason
from remnant.io.dicom_slices import plane_directions, plane_position, plane_spacing_mm
from remnant.io.dicom_source import Source
from remnant.io.dicom_stack import (
    DIRECTION_TOLERANCE,
    SAME_PIXEL_SPACING,
    SAME_PLACE_MM,
    SPACING_TOLERANCE_FRACTION,
    SPACING_TOLERANCE_MM,
)
from remnant.io.grid_doubts import require_believable_spacing
from remnant.io.limits import LARGEST_PLANE_SIDE, LARGEST_SEG_FRAMES, LARGEST_VOXEL_COUNT
from remnant.io.slice_gaps import ORDINALS

BITS_PER_BYTE = 8
EVEN_GAPS = 3
COMMON_GAP_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class SegmentFrame:
    """One frame: its index in the pixel data, its plane, and its segment (``None``: many)."""

    index: int
    k: int
    segment: int | None


@dataclass(frozen=True, slots=True, eq=False)
class SegmentPlanes:
    """Grid of a segmentation, its frames on it, and what was noticed."""

    geometry: Geometry
    frames: tuple[SegmentFrame, ...]
    quality: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one frame lies."""

    position_ras_mm: Vector3
    directions: tuple[Vector3, Vector3]
    spacing_mm: tuple[float, float]


def planes_of(dataset: Dataset, path: Path, *, by_segment: bool) -> SegmentPlanes:
    """Lay the frames of a segmentation on one grid, by their positions alone.

    The spacing is the gap between planes where at least four lie evenly, unless that is twice or
    more times the one stated: then planes are missing, or the header is wrong. Else it is the one
    stated where all gaps are multiples of it, else the smallest gap where it is the commonest too.
    The planes left out between the first and the last count as empty.

    Parameters
    ----------
    dataset
        The object; its pixels are not touched.
    path
        Its file, for messages.
    by_segment
        Whether each frame belongs to one segment, as it does except in label maps.

    Raises
    ------
    UnreadableFileError
        Frames are missing, or not described.
    UnsupportedSeriesError
        Frames are turned against each other, unevenly spaced or shifted sideways, the distance of
        planes is unknown, or the grid is absurdly large.
    """
    items = _frame_items(dataset, path)
    shared = (dataset.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]
    sources = [Source(dataset, shared, own) for own in items]
    places = [_place(source, path) for source in sources]
    _require_parallel(places, path)
    geometry, k_indices = _grid(dataset, sources[0], places, path)
    segments = [_segment(source, path) if by_segment else None for source in sources]
    frames = tuple(
        SegmentFrame(index, int(k), segment)
        for index, (k, segment) in enumerate(zip(k_indices, segments, strict=True))
    )
    return SegmentPlanes(geometry, frames, _gap_findings(geometry, k_indices))


def _frame_items(dataset: Dataset, path: Path) -> Sequence[Dataset]:
    items: Sequence[Dataset] = dataset.get("PerFrameFunctionalGroupsSequence") or ()
    count = int(dataset.get("NumberOfFrames") or 0)
    if not items or count != len(items) or count > LARGEST_SEG_FRAMES:
        raise UnreadableFileError(
            f"{path} claims {count} frames and describes {len(items)}; both must be the same, from "
            f"1 to {LARGEST_SEG_FRAMES}"
        )
    if "PixelData" not in dataset:
        raise UnreadableFileError(f"{path} has no pixel data: export it again")
    columns, rows = _size(dataset, path)
    bits = columns * rows * count * int(dataset.get("BitsAllocated") or 0)
    compressed = dataset.file_meta.TransferSyntaxUID.is_encapsulated
    if not bits or (not compressed and _held_bytes(dataset, path) * BITS_PER_BYTE < bits):
        raise UnreadableFileError(
            f"{path} is truncated: it promises {count} frames of {columns} x {rows} pixels"
        )
    return items


def _held_bytes(dataset: Dataset, path: Path) -> int:
    """Return at least as many bytes as there are pixels, without loading any."""
    value = getattr(dataset.get_item("PixelData"), "value", None)
    return path.stat().st_size if value is None else len(value)


def _size(dataset: Dataset, path: Path) -> tuple[int, int]:
    columns, rows = (int(dataset.get(name) or 0) for name in ("Columns", "Rows"))
    if not 0 < min(columns, rows) <= max(columns, rows) <= LARGEST_PLANE_SIDE:
        raise UnreadableFileError(f"{path} claims {columns} x {rows} pixels")
    if int(dataset.get("SamplesPerPixel") or 1) != 1:
        raise UnreadableFileError(f"{path} holds colours: it is no segmentation")
    return columns, rows


def _place(source: Source, path: Path) -> _Place:
    position = plane_position(source, path)
    return _Place(position, plane_directions(source, path), plane_spacing_mm(source, path))


def _segment(source: Source, path: Path) -> int:
    number = source.get("SegmentIdentificationSequence", "ReferencedSegmentNumber")
    if number is None:
        raise UnreadableFileError(f"{path} does not say which segment a frame belongs to")
    return int(number)


def _require_parallel(places: Sequence[_Place], path: Path) -> None:
    directions = np.array([place.directions for place in places])
    spacings = np.array([place.spacing_mm for place in places])
    turned = np.abs(directions - directions[0]).max() > DIRECTION_TOLERANCE
    if turned or np.abs(spacings - spacings[0]).max() > SAME_PIXEL_SPACING:
        raise UnsupportedSeriesError(
            f"{path} holds planes of several orientations or pixel sizes; one stack is needed"
        )


def _grid(
    dataset: Dataset, source: Source, places: Sequence[_Place], path: Path
) -> tuple[Geometry, NDArray[np.int64]]:
    positions = np.array([place.position_ras_mm for place in places])
    i_direction, j_direction = np.array(places[0].directions)
    normal = np.cross(i_direction, j_direction)
    heights = positions @ normal
    low, high = int(heights.argmin()), int(heights.argmax())
    spacing = _slice_spacing(source, np.unique(heights), path)
    count = round(float(heights[high] - heights[low]) / spacing)
    columns, rows = _size(dataset, path)
    if columns * rows * (count + 1) > LARGEST_VOXEL_COUNT:
        raise UnsupportedSeriesError(f"{path} spans {count + 1} planes: too large a volume")
    step = (positions[high] - positions[low]) / count if count else normal * spacing
    affine_ras = np.eye(4)
    affine_ras[:3, :2] = np.column_stack((i_direction, j_direction)) * places[0].spacing_mm
    affine_ras[:3, 2], affine_ras[:3, 3] = step, positions[low]
    k_indices = np.rint((heights - heights[low]) / spacing).astype(np.int64)
    expected = positions[low] + k_indices[:, None] * step
    if np.linalg.norm(positions - expected, axis=1).max() > _tolerance_mm(spacing):
        raise UnsupportedSeriesError(f"{path} holds planes that are uneven or shifted sideways")
    return _geometry((columns, rows, count + 1), affine_ras, dataset, path), k_indices


def _geometry(
    shape: tuple[int, int, int], affine_ras: NDArray[np.float64], dataset: Dataset, path: Path
) -> Geometry:
    frame = str(dataset.get("FrameOfReferenceUID") or "").strip() or None
    try:
        geometry = Geometry(shape, affine_ras, frame_of_reference_uid=frame)
    except InputError as fault:
        raise UnsupportedSeriesError(f"{path}: {fault}") from fault
    require_believable_spacing(geometry, name=str(path))
    return geometry


def _slice_spacing(source: Source, heights: NDArray[np.float64], path: Path) -> float:
    """Return the distance of planes that lie at rising ``heights``."""
    stated = _positive(source.get("PixelMeasuresSequence", "SpacingBetweenSlices"))
    gaps = np.diff(heights)
    gaps = gaps[gaps > SAME_PLACE_MM]
    if not gaps.size:
        # a single plane: its thickness is the only other word on its depth
        spacing = stated or _positive(source.get("PixelMeasuresSequence", "SliceThickness"))
        if spacing is None:
            raise UnsupportedSeriesError(f"{path} has one plane and does not say how thick it is")
        return spacing
    reach = float(heights[-1] - heights[0])
    _require_no_thinner_slices(stated, gaps, path)
    for spacing in _candidates(stated, gaps):
        if _fits(gaps, spacing):
            return reach / round(reach / spacing)
    raise UnsupportedSeriesError(
        f"{path} has planes {gaps.min():.2f} to {gaps.max():.2f} mm apart, which are no multiples "
        f"of one distance; export the segmentation on the scan's own slices"
    )


def _require_no_thinner_slices(stated: float | None, gaps: NDArray[np.float64], path: Path) -> None:
    """Raise where evenly spaced planes are every second (third, …) one of those stated."""
    smallest = float(gaps.min())
    if stated is None or gaps.size < EVEN_GAPS or np.ptp(gaps) > _tolerance_mm(smallest):
        return
    step = round(smallest / stated)
    if step in ORDINALS and abs(smallest - step * stated) <= _tolerance_mm(smallest):
        raise UnsupportedSeriesError(
            f"{path} says that its slices are {stated:.2f} mm apart, and its planes lie "
            f"{smallest:.2f} mm apart: it holds every {ORDINALS[step]} slice only, or one of the "
            f"two is wrong; fill in between in the program that drew it, or export it on the "
            f"slices that it was drawn on"
        )


def _candidates(stated: float | None, gaps: NDArray[np.float64]) -> list[float]:
    smallest = float(gaps.min())
    as_small = np.abs(gaps - smallest) <= _tolerance_mm(smallest)
    # positions are to be trusted more than headers where they alone make an even stack
    if as_small.all() and gaps.size >= EVEN_GAPS:
        return [smallest]
    likely = [smallest] if as_small.mean() >= COMMON_GAP_SHARE else []
    return likely if stated is None else [stated, *likely]


def _fits(gaps: NDArray[np.float64], spacing: float) -> bool:
    steps = np.rint(gaps / spacing)
    off_mm = np.abs(gaps - steps * spacing).max()
    return bool(steps.min() >= 1 and off_mm <= _tolerance_mm(spacing))


def _tolerance_mm(spacing: float) -> float:
    return max(SAME_PLACE_MM, min(SPACING_TOLERANCE_MM, SPACING_TOLERANCE_FRACTION * spacing))


def _positive(value: object) -> float | None:
    number = float(str(value)) if value is not None else 0.0
    return number if np.isfinite(number) and number > 0 else None


def _gap_findings(geometry: Geometry, k_indices: NDArray[np.int64]) -> tuple[Finding, ...]:
    planes = geometry.shape[2]
    missing = planes - np.unique(k_indices).size
    if not missing:
        return ()
    whole = (reason(Cause.OF_ALL, planes),)
    return (quality_finding("dicom_seg_gaps", passed=None, value=float(missing), reasons=whole),)
