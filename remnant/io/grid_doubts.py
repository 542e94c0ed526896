"""Grids that a file states and that nobody may have meant."""

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import GeometryMismatchError, UnsupportedSeriesError
from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Geometry
from remnant.core.reasons import Cause, Reason, reason
from remnant.io.limits import LARGEST_SPACING_MM, SMALLEST_SPACING_MM

IMAGE_ROLE: Final = "image"
"""Role of a scan in findings about its file."""


def size_text(sizes_mm: NDArray[np.float64] | tuple[float, float, float]) -> str:
    """Return voxel sizes for messages, e.g. ``0.703125 x 0.703125 x 2.5``."""
    return " x ".join(f"{size:.7g}" for size in sizes_mm)


def is_what_nobody_said(geometry: Geometry) -> bool:
    """Tell whether a grid is what programs write where nobody told them one.

    Voxels of exactly 1 mm along the axes of the world, the first at its very origin: numpy's and
    nibabel's identity matrix, and ITK's default, which is the same in LPS.
    """
    matrix = np.abs(geometry.affine_ras[:3])
    unit = np.isin(matrix[:, :3], (0.0, 1.0)).all() and (matrix[:, :3].sum(axis=0) == 1.0).all()
    return bool(unit and not matrix[:, 3].any())


def require_said(geometry: Geometry, path: Path, *, option: str) -> None:
    """Raise where a grid is what programs write where nobody told them one.

    Raises
    ------
    GeometryMismatchError
        It is; ``option`` is what the user gives where it is true all the same.
    """
    if is_what_nobody_said(geometry):
        raise GeometryMismatchError(
            f"{path} states voxels of 1 x 1 x 1 mm along the world's axes with the first at its "
            f"origin, which programs write where nobody told them the grid: the spacing is lost, "
            f"or never was there; write the grid of the scan into the file, or, if this is its "
            f"grid, add {option}"
        )


def require_believable_spacing(geometry: Geometry, *, name: str) -> None:
    """Raise unless voxels are 0.05 to 25 mm along each axis: else the unit is wrong.

    Raises
    ------
    UnsupportedSeriesError
        A voxel is smaller or larger.
    """
    low, high = min(geometry.spacing_mm), max(geometry.spacing_mm)
    if low >= SMALLEST_SPACING_MM and high <= LARGEST_SPACING_MM:
        return
    spacing = " x ".join(f"{s:.4g}" for s in geometry.spacing_mm)
    raise UnsupportedSeriesError(
        f"{name} has voxels of {spacing} mm; allowed are {SMALLEST_SPACING_MM} to "
        f"{LARGEST_SPACING_MM:g} mm: check the unit in its header"
    )


def header_findings(role: str, oddities: tuple[Reason, ...]) -> tuple[Finding, ...]:
    """Return what is to be stored of a file's header; nothing where nothing was odd.

    Parameters
    ----------
    role
        ``image``, or the role of a label map.
    oddities
        What was noticed.
    """
    if not oddities:
        return ()
    reasons = (reason(Cause.OF_FILE, role), *oddities)
    return (quality_finding(f"{role}_header", passed=None, reasons=reasons),)
