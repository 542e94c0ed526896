"""The grid of a structure set: that of the series it names, or one made of its contours."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread

from remnant.core.errors import InputError, UnsupportedSeriesError
from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Geometry
from remnant.core.reasons import Cause, reason
from remnant.io.contour_planes import ON_SLICE_MM
from remnant.io.dicom_header import is_dicom_file
from remnant.io.dicom_series import catalogue
from remnant.io.dicom_stack import SPACING_TOLERANCE_MM
from remnant.io.faults import is_foreign, quiet
from remnant.io.frames import lps_from_ras
from remnant.io.grid_doubts import require_believable_spacing
from remnant.io.image_reference import NO_REFERENCE, ImageReference
from remnant.io.limits import LARGEST_VOXEL_COUNT
from remnant.io.series import Series
from remnant.io.study_files import files_below

PIXEL_MM: Final = 0.5
"""Voxel size within the planes of a grid made of contours: finer than most scans, this project's
choice."""
MARGIN_VOXELS: Final = 2
PARALLEL: Final = 1e-3
MOST_BESIDE: Final = 5000
"""Files of a folder up to which the series is looked for among them."""
MOST_FOLDERS: Final = 200
SAMPLED_FILES: Final = 20
"""Files of a folder that are asked whether they are of the series."""
IDENTIFIERS: Final = ("SeriesInstanceUID", "SOPInstanceUID")


def grid_of_series(path: Path, refers_to: ImageReference) -> Geometry | None:
    """Return the grid of the series that a structure set names, if it lies beside it.

    Looked for in the folder of the file, at any depth, and in those folders beside that one of
    which some file names the series or an image of it; links are not followed.

    Returns
    -------
    Geometry or None
        ``None`` where no usable series of these identifiers was found.
    """
    if not refers_to.names_images:
        return None
    own = path.resolve().parent
    beside = (folder for folder in _folders_beside(own) if _names_any(folder, refers_to))
    for folder in (own, *beside):
        series = _named_in(folder, refers_to)
        if series is not None and series.stack is not None:
            return series.stack.geometry
    return None


def _folders_beside(own: Path) -> list[Path]:
    """Return the folders beside one, none where those are too many to be the series of a study."""
    try:
        places = [place for place in own.parent.iterdir() if place.is_dir()]
    except OSError:
        return []
    beside = sorted(place for place in places if place != own and not place.is_symlink())
    return beside if len(beside) <= MOST_FOLDERS else []


def _names_any(folder: Path, refers_to: ImageReference) -> bool:
    """Tell whether some of a folder's own files are images that are referred to."""
    try:
        files = sorted(file for file in folder.iterdir() if file.is_file())
    except OSError:
        return False
    some = files[:: max(1, len(files) // SAMPLED_FILES)]
    return any(_reference_of(file).shares_images(refers_to) for file in some)


def _reference_of(file: Path) -> ImageReference:
    try:
        with quiet():
            if not is_dicom_file(file):
                return NO_REFERENCE
            header = dcmread(file, stop_before_pixels=True, specific_tags=list(IDENTIFIERS))
        found = {name: str(header.get(name) or "") for name in IDENTIFIERS}
    except Exception as fault:
        if not is_foreign(fault):
            raise
        return NO_REFERENCE
    series, image = (frozenset((found[name],)) - {""} for name in IDENTIFIERS)
    return ImageReference(series_uids=series, sop_uids=image)


def _named_in(folder: Path, refers_to: ImageReference) -> Series | None:
    try:
        if len(files_below(folder)) > MOST_BESIDE:
            return None
        found = catalogue(folder).series
    except (InputError, OSError):
        return None
    counted = [(_shared_images(series, refers_to), series) for series in found]
    best = max(counted, key=lambda pair: pair[0], default=(0, None))
    return best[1] if best[0] else None


def _shared_images(series: Series, refers_to: ImageReference) -> int:
    """Count the images of a series that are named; all, where only the series is."""
    if series.stack is None:
        return 0
    if refers_to.sop_uids:
        return sum(plane.sop_uid in refers_to.sop_uids for plane in series.slices)
    return len(series.slices) if series.uid in refers_to.series_uids else 0


def grid_of_contours(
    contours: Sequence[NDArray[np.float64]], path: Path
) -> tuple[Geometry, tuple[Finding, ...]]:
    """Make a grid of the planes on which contours lie.

    Slices are the contour planes, evenly apart by the median gap, or else by the smallest; within
    a slice voxels measure `PIXEL_MM`. The grid ends where the contours do.

    Parameters
    ----------
    contours
        Corners in RAS mm, each of shape ``(n, 3)``.
    path
        The file, for messages.

    Raises
    ------
    UnsupportedSeriesError
        There are no closed contours, they are not parallel, lie on one plane, or unevenly apart; or
        the grid would be too large.
    """
    if not contours:
        raise UnsupportedSeriesError(f"{path} holds no closed contour: there is nothing to measure")
    axes = _axes(contours, path)
    places = [points @ axes for points in contours]
    spacing = _even_gap(np.array([p[:, 2].mean() for p in places]), path)
    corners = np.concatenate(places)
    low, high = corners.min(axis=0), corners.max(axis=0)
    steps = np.array((PIXEL_MM, PIXEL_MM, spacing))
    margin = np.array((MARGIN_VOXELS, MARGIN_VOXELS, 0))
    shape = np.rint((high - low) / steps).astype(int) + 1 + 2 * margin
    if np.prod(shape, dtype=object) > LARGEST_VOXEL_COUNT:
        raise UnsupportedSeriesError(f"{path} spans too large a volume; give its scan")
    affine_ras = np.eye(4)
    affine_ras[:3, :3] = axes * steps
    affine_ras[:3, 3] = axes @ (low - margin * steps)
    geometry = Geometry((int(shape[0]), int(shape[1]), int(shape[2])), affine_ras)
    require_believable_spacing(geometry, name=str(path))
    about = reason(Cause.CONTOUR_GRID, PIXEL_MM, spacing)
    return geometry, (quality_finding("rtstruct_own_grid", passed=False, reasons=(about,)),)


def _axes(contours: Sequence[NDArray[np.float64]], path: Path) -> NDArray[np.float64]:
    """Return unit vectors of the grid as columns: two within the planes, and their normal."""
    largest = max(contours, key=lambda points: float(np.linalg.norm(_area_vector(points))))
    normal = _area_vector(largest)
    length = float(np.linalg.norm(normal))
    if not length > 0:
        raise UnsupportedSeriesError(f"{path} holds contours without area; give its scan")
    # up in the patient, or along the first axis that the planes are not parallel to
    normal = normal / length * (np.sign(normal[np.abs(normal).argmax()]) or 1)
    for points in contours:
        if np.ptp(points @ normal) > SPACING_TOLERANCE_MM:
            raise UnsupportedSeriesError(
                f"{path} holds contours in planes that are not parallel; give its scan"
            )
    first = lps_from_ras((1.0, 0.0, 0.0)) if abs(normal[0]) < 1 - PARALLEL else np.eye(3)[1]
    i_axis = first - normal * (first @ normal)
    i_axis /= np.linalg.norm(i_axis)
    return np.column_stack((i_axis, np.cross(normal, i_axis), normal))


def _area_vector(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the normal of a polygon, as long as twice its area."""
    around = points - points[0]
    total: NDArray[np.float64] = np.cross(around[:-1], around[1:]).sum(axis=0)
    return total


def _even_gap(heights: NDArray[np.float64], path: Path) -> float:
    ordered = np.sort(heights)
    planes = np.split(ordered, np.flatnonzero(np.diff(ordered) > ON_SLICE_MM) + 1)
    gaps = np.diff([float(plane.mean()) for plane in planes])
    if not gaps.size:
        raise UnsupportedSeriesError(
            f"{path} has contours on one plane only, which has no thickness: give the scan that "
            f"they were drawn on"
        )
    # one structure may skip slices that another has
    for gap in (float(np.median(gaps)), float(gaps.min())):
        steps = np.rint(gaps / gap)
        if steps.min() >= 1 and np.abs(gaps - steps * gap).max() <= SPACING_TOLERANCE_MM:
            return float(gaps.sum() / steps.sum())
    raise UnsupportedSeriesError(
        f"{path} has contour planes {gaps.min():.2f} to {gaps.max():.2f} mm apart, which are no "
        f"multiples of one distance: give the scan that they were drawn on"
    )
