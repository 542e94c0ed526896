"""Where the voxels of a NIfTI file are: what its header states, held against itself.

A header has three statements: the sform (a matrix), the qform (a quaternion that turns the voxel
sizes of ``pixdim``) and ``pixdim`` itself. Programs read different ones of them, so a file whose
statements contradict each other has another volume in each; it is refused until the user says
which one holds. Source: nifti1.h, "3D image (volume) orientation and location in space".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import GeometryMismatchError, InputError, UnsupportedSeriesError
from remnant.core.geometry import Geometry, Shape3
from remnant.core.reasons import Cause, Reason, reason
from remnant.io.grid_doubts import (
    is_what_nobody_said,
    require_believable_spacing,
    require_said,
    size_text,
)
from remnant.io.grid_rounding import rounding_of_sizes
from remnant.io.reading import GeometrySource

FORM_TOLERANCE_MM: Final = 0.1
MM_PER_UNIT: Final = {"unknown": 1.0, "mm": 1.0, "meter": 1000.0, "micron": 0.001}
UNIT_NAMES: Final = {"meter": "metres", "micron": "micrometres"}
USUAL_SPACING_MM: Final = (0.2, 10.0)
"""Voxel sizes of nearly every scan: numbers in this range were meant as mm, whatever the unit."""

SAME_RATIO: Final = 1.005


@dataclass(frozen=True, slots=True, eq=False)
class NiftiGrid:
    """The grid of a NIfTI file.

    Parameters
    ----------
    geometry
        In mm.
    source
        The statement that it was taken from.
    oddities
        What was odd about the header, and how it was read.
    """

    geometry: Geometry
    source: GeometrySource
    oddities: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Stated:
    """The statements of one header in the file's own unit, and the mm of that unit.

    ``matrices`` are those that the header has: sform and qform where their code is set, and pixdim
    with the directions and the origin of the first of these. ``sizes`` are as stored, signs too.
    """

    path: Path
    shape: Shape3
    matrices: Mapping[GeometrySource, NDArray[np.float64]]
    sizes: NDArray[np.float64]
    handedness: float
    mm: float

    @property
    def first(self) -> GeometrySource:
        return next(iter(self.matrices))

    def sizes_of(self, source: GeometrySource) -> NDArray[np.float64]:
        """Return the voxel sizes by a statement, in mm."""
        sizes: NDArray[np.float64] = np.linalg.norm(self.matrices[source][:3, :3], axis=0)
        return sizes * self.mm


def nifti_grid(
    header: Any,  # noqa: ANN401  (nibabel has no types)
    shape: Shape3,
    path: Path,
    *,
    wanted: GeometrySource | None = None,
) -> NiftiGrid:
    """Return the grid that a header states.

    The sform where its code is set, else the qform where its code is set. Units of metres and
    micrometres are converted; an unknown unit is millimetres.

    Parameters
    ----------
    header
        As nibabel parsed it, unchecked.
    shape
        Sizes of the three axes.
    path
        The file, for messages.
    wanted
        The statement that holds, by the user, where the header contradicts itself.

    Raises
    ------
    UnsupportedSeriesError
        No code is set, the unit cannot be meant, or voxels are absurdly small or large.
    GeometryMismatchError
        The statements contradict each other, or state what programs write where nobody told them a
        grid, and ``wanted`` does not say what holds.
    """
    stated = _stated(header, shape, path)
    doubt = _doubt(stated)
    source = stated.first
    if doubt is not None or wanted in stated.matrices:
        source = _chosen(stated, doubt, wanted)
    geometry = _geometry(stated, source)
    require_believable_spacing(geometry, name=str(path))
    if wanted is None:
        require_said(geometry, path, option=f"--geometry-from {source}")
    return NiftiGrid(
        geometry=geometry,
        source=source,
        oddities=(*_oddities(stated, source), *_choices(geometry, source, doubt)),
    )


def forms_shift(first: NDArray[np.float64], second: NDArray[np.float64], shape: Shape3) -> float:
    """Return the largest distance between the corners of one grid under two 4×4 matrices."""
    last = np.array(shape, dtype=np.float64) - 1
    corners = np.array(list(np.ndindex(2, 2, 2)), dtype=np.float64) * last
    difference = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    shifts = corners @ difference[:3, :3].T + difference[:3, 3]
    return float(np.linalg.norm(shifts, axis=1).max())


def _stated(header: Any, shape: Shape3, path: Path) -> _Stated:  # noqa: ANN401
    sizes = np.array(header["pixdim"][1:4], dtype=np.float64)
    matrices = {}
    if int(header["sform_code"]):
        matrices[GeometrySource.SFORM] = np.array(header.get_sform(), dtype=np.float64)
    if not _unsaid(sizes).any():
        # the quaternion turns these sizes: without them there is no qform
        if int(header["qform_code"]):
            matrices[GeometrySource.QFORM] = _qform(header)
        for first in list(matrices.values())[:1]:
            matrices[GeometrySource.PIXDIM] = _resized(first, np.abs(sizes))
    _require_a_matrix(matrices, header, path)
    return _Stated(
        path=path,
        shape=shape,
        matrices=matrices,
        sizes=sizes,
        handedness=float(header["pixdim"][0]),
        mm=_mm_per_unit(header, sizes_of=next(iter(matrices.values())), path=path),
    )


def _unsaid(sizes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which sizes of pixdim say nothing: 0, or no number."""
    unsaid: NDArray[np.bool_] = ~np.isfinite(sizes) | (sizes == 0)
    return unsaid


def _require_a_matrix(matrices: Mapping[GeometrySource, Any], header: Any, path: Path) -> None:  # noqa: ANN401
    if matrices:
        return
    if int(header["qform_code"]):
        sizes = size_text(np.array(header["pixdim"][1:4], dtype=np.float64))
        raise UnsupportedSeriesError(
            f"{path} states no voxel sizes (pixdim is {sizes}) and no sform that could hold them; "
            f"convert the DICOM series again"
        )
    raise UnsupportedSeriesError(
        f"{path} has neither qform nor sform, so left and right are unknown; convert the DICOM "
        f"series again, or set the code if the orientation is certain"
    )


def _qform(header: Any) -> NDArray[np.float64]:  # noqa: ANN401
    """Return the qform's matrix, pixdim's signs left out: nibabel refuses them."""
    usable = header.copy()
    usable["pixdim"][1:4] = np.abs(header["pixdim"][1:4])
    usable["pixdim"][0] = -1.0 if header["pixdim"][0] < 0 else 1.0
    return np.array(usable.get_qform(), dtype=np.float64)


def _resized(matrix: NDArray[np.float64], sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a matrix with other voxel sizes, the directions and the origin kept."""
    resized = np.array(matrix, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        resized[:3, :3] *= sizes / np.linalg.norm(resized[:3, :3], axis=0)
    return resized


def _mm_per_unit(header: Any, *, sizes_of: NDArray[np.float64], path: Path) -> float:  # noqa: ANN401
    try:
        unit, _ = header.get_xyzt_units()
    except KeyError as fault:
        code = int(header["xyzt_units"])
        raise UnsupportedSeriesError(f"{path} uses an undefined unit (code {code})") from fault
    sizes = np.linalg.norm(sizes_of[:3, :3], axis=0)
    low, high = USUAL_SPACING_MM
    if unit in UNIT_NAMES and ((low <= sizes) & (sizes <= high)).all():
        raise UnsupportedSeriesError(
            f"{path} says that its unit is {UNIT_NAMES[unit]}, but its voxels of "
            f"{size_text(sizes)} can only be millimetres (else they were of "
            f"{size_text(sizes * MM_PER_UNIT[unit])} mm); set xyzt_units in its header to mm, or "
            f"convert the series again"
        )
    return MM_PER_UNIT[unit]


def _geometry(stated: _Stated, source: GeometrySource) -> Geometry:
    affine_ras = np.array(stated.matrices[source])
    affine_ras[:3] *= stated.mm
    try:
        return Geometry(stated.shape, affine_ras)
    except InputError as fault:
        raise UnsupportedSeriesError(f"{stated.path}: {fault}; its header is damaged") from fault


def _doubt(stated: _Stated) -> str | None:
    """Return in words what in a header speaks against its first statement."""
    if stated.first is GeometrySource.QFORM:
        return _doubt_of_qform(stated)
    sform = stated.matrices[GeometrySource.SFORM]
    if GeometrySource.QFORM in stated.matrices:
        qform = stated.matrices[GeometrySource.QFORM]
        shift_mm = forms_shift(sform, qform, stated.shape) * stated.mm
        if not shift_mm <= FORM_TOLERANCE_MM:
            return f"sform and qform disagree by {shift_mm:.1f} mm at a corner"
    lengths, sizes = stated.sizes_of(GeometrySource.SFORM), _said_sizes(stated)
    if not rounding_of_sizes(lengths, sizes, stated.shape).is_tolerable:
        return (
            f"the sform says voxels of {size_text(lengths)} mm and pixdim "
            f"{size_text(np.abs(stated.sizes) * stated.mm)} mm"
        )
    return None


def _said_sizes(stated: _Stated) -> NDArray[np.float64]:
    """Return the sizes of pixdim in mm, the sform's where pixdim says none (0, or no number)."""
    said = np.abs(stated.sizes) * stated.mm
    return np.where(_unsaid(stated.sizes), stated.sizes_of(GeometrySource.SFORM), said)


def _doubt_of_qform(stated: _Stated) -> str | None:
    if (stated.sizes < 0).any():
        return (
            f"pixdim is negative ({size_text(stated.sizes)}), which programs read in different ways"
        )
    if stated.handedness not in {-1.0, 0.0, 1.0}:
        return f"pixdim[0] is {stated.handedness:g} where 1 or -1 says which hand the axes form"
    return None


def _chosen(stated: _Stated, doubt: str | None, wanted: GeometrySource | None) -> GeometrySource:
    """Return the statement that the user says holds; refuse where that is needed and unsaid."""
    if wanted is not None and wanted in stated.matrices:
        return wanted
    lacking = "" if wanted is None else f" (it states no {wanted})"
    raise GeometryMismatchError(
        f"{stated.path}: its header contradicts itself: {doubt}{_consequence(stated)}; say which "
        f"holds{lacking}: {_options(stated)}"
    )


def _consequence(stated: _Stated) -> str:
    volumes = [abs(float(np.linalg.det(m[:3, :3]))) for m in stated.matrices.values()]
    if not min(volumes) > 0 or max(volumes) <= SAME_RATIO * min(volumes):
        return ""
    return f", by which every volume would be {max(volumes) / min(volumes):.4g} times as large"


def _options(stated: _Stated) -> str:
    named = [
        f"--geometry-from {source} (voxels of {size_text(stated.sizes_of(source))} mm)"
        for source in stated.matrices
    ]
    return " or ".join(named)


def _oddities(stated: _Stated, source: GeometrySource) -> tuple[Reason, ...]:
    found = []
    if stated.mm != 1.0:
        unit = next(name for name, mm in MM_PER_UNIT.items() if mm == stated.mm)
        found.append(reason(Cause.UNIT_CONVERTED, UNIT_NAMES[unit]))
    if (stated.sizes < 0).any():
        found.append(reason(Cause.PIXDIM_NEGATIVE))
    if GeometrySource.PIXDIM not in stated.matrices:
        found.append(reason(Cause.PIXDIM_UNSAID))
    if stated.first is GeometrySource.QFORM and stated.handedness not in {-1.0, 1.0}:
        found.append(reason(Cause.HANDEDNESS_UNSAID))
    if source is GeometrySource.SFORM:
        lengths = stated.sizes_of(source)
        rounding = rounding_of_sizes(lengths, _said_sizes(stated), stated.shape)
        if rounding.is_tolerable and rounding.is_notable:
            offsets = (rounding.offset_mm, rounding.offset_voxels)
            found.append(reason(Cause.PIXDIM_ROUNDED, *offsets))
    return tuple(found)


def _choices(geometry: Geometry, source: GeometrySource, doubt: str | None) -> tuple[Reason, ...]:
    if doubt is None and not is_what_nobody_said(geometry):
        return ()
    return (reason(Cause.GEOMETRY_CHOSEN, source.value, *geometry.spacing_mm),)
