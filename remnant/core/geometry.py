"""Where voxels are: a grid without pixels, in RAS+ millimetres."""

from dataclasses import dataclass, field
from itertools import permutations, product
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from remnant.core.errors import GeometryMismatchError, InputError
from remnant.core.units import ml_from_mm3

Shape3 = tuple[int, int, int]
Vector3 = tuple[float, float, float]

DIMENSIONS = 3
LETTERS = (("L", "R"), ("P", "A"), ("I", "S"))
SAME_GRID_TOLERANCE_MM = 0.01
LARGEST_STEP_FRACTION = 0.005
"""Of the step to the next voxel: no rounding to two decimals of a size from 1 mm on, or of a unit
vector, is larger."""
SMALLEST_VOXEL_MM3 = 1e-6
SMALLEST_ANGLE_DEGREES = 1e-3
FEWEST_DIGITS, MOST_DIGITS = 6, 10


def vector3(values: ArrayLike) -> Vector3:
    """Return three numbers of any kind as plain numbers."""
    x, y, z = (float(value) for value in np.asarray(values))
    return (x, y, z)


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """Grid of an image or label map: shape, affine and frame of reference.

    Parameters
    ----------
    shape
        Voxels along array axes ``(i, j, k)``, each at least 1.
    affine_ras
        4×4 matrix from voxel index to the voxel's centre in RAS+ mm. May be oblique, mirrored,
        anisotropic or sheared; must be regular and finite.
    frame_of_reference_uid
        DICOM frame of reference, ``None`` where the file format has none.

    Raises
    ------
    InputError
        The shape is not three positive integers or the affine is not a regular 4×4 matrix.
    """

    shape: Shape3
    affine_ras: NDArray[np.float64]
    frame_of_reference_uid: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        shape = tuple(int(n) for n in self.shape)
        if len(shape) != DIMENSIONS or min(shape) < 1 or shape != tuple(self.shape):
            raise InputError(f"a grid needs three positive sizes, got {self.shape}")
        matrix = np.array(self.affine_ras, dtype=np.float64, copy=True)
        if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
            raise InputError("a grid needs a finite 4x4 affine")
        if abs(np.linalg.det(matrix[:3, :3])) < SMALLEST_VOXEL_MM3:
            raise InputError("the affine is singular: its voxels have no volume")
        if not np.array_equal(matrix[3], (0.0, 0.0, 0.0, 1.0)):
            raise InputError("the affine's last row must be 0 0 0 1")
        matrix.setflags(write=False)
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "affine_ras", matrix)

    @property
    def voxel_volume_ml(self) -> float:
        """Volume of one voxel in mL: ``|det(affine)|``, right on oblique and sheared grids too."""
        return ml_from_mm3(abs(float(np.linalg.det(self.affine_ras[:3, :3]))))

    @property
    def spacing_mm(self) -> Vector3:
        """Distance between neighbouring voxel centres along each array axis, in mm."""
        i, j, k = np.linalg.norm(self.affine_ras[:3, :3], axis=0)
        return (float(i), float(j), float(k))

    @property
    def directions(self) -> NDArray[np.float64]:
        """Unit vectors of the array axes as columns, in RAS."""
        matrix: NDArray[np.float64] = self.affine_ras[:3, :3] / np.array(self.spacing_mm)
        return matrix

    @property
    def world_axes(self) -> tuple[int, int, int]:
        """World axis (0 = R, 1 = A, 2 = S) that each array axis runs along most closely."""
        closeness = np.abs(self.directions)
        best = max(permutations(range(3)), key=lambda p: sum(closeness[p[a], a] for a in range(3)))
        return (best[0], best[1], best[2])

    @property
    def axcodes(self) -> tuple[str, str, str]:
        """Anatomical letter that each array axis points to, e.g. ``("R", "A", "S")``."""
        i, j, k = (
            LETTERS[world][int(self.directions[world, axis] > 0)]
            for axis, world in enumerate(self.world_axes)
        )
        return (i, j, k)

    @property
    def axial_axis(self) -> int:
        """Array axis that runs most closely head to foot: axial slices are perpendicular to it."""
        return self.world_axes.index(2)

    @property
    def is_sheared(self) -> bool:
        """Whether the array axes are not perpendicular (beyond 0.1 degrees)."""
        gram = self.directions.T @ self.directions
        return bool(np.abs(gram - np.eye(3)).max() > np.sin(np.deg2rad(0.1)))

    def ras_from_index(self, index: ArrayLike) -> NDArray[np.float64]:
        """Map (fractional) voxel indices of shape ``(..., 3)`` to RAS mm of the same shape."""
        points: NDArray[np.float64] = (
            np.asarray(index, dtype=np.float64) @ self.affine_ras[:3, :3].T + self.affine_ras[:3, 3]
        )
        return points

    def index_from_ras(self, points_mm: ArrayLike) -> NDArray[np.float64]:
        """Map RAS mm of shape ``(..., 3)`` to fractional voxel indices of the same shape."""
        shifted = np.asarray(points_mm, dtype=np.float64) - self.affine_ras[:3, 3]
        index: NDArray[np.float64] = shifted @ np.linalg.inv(self.affine_ras[:3, :3]).T
        return index

    def corners_ras(self) -> NDArray[np.float64]:
        """Return the centres of the eight corner voxels in RAS mm, shape ``(8, 3)``."""
        return self.ras_from_index(list(product(*((0, n - 1) for n in self.shape))))

    def cropped(self, start: Shape3, shape: Shape3) -> Self:
        """Return the grid of a sub-block: same voxels, origin moved to index ``start``.

        ``start`` may be negative and the block may reach outside: padding is a crop too.
        """
        moved = np.array(self.affine_ras)
        moved[:3, 3] = self.ras_from_index(start)
        return type(self)(shape, moved, frame_of_reference_uid=self.frame_of_reference_uid)

    def same_grid(self, other: "Geometry", tolerance_mm: float = SAME_GRID_TOLERANCE_MM) -> bool:
        """Tell whether two grids hold the same voxels at the same places.

        Corner voxels may differ by ``tolerance_mm``, and the step to the next voxel by
        `LARGEST_STEP_FRACTION` of it: a short grid could hide another voxel size. Frames of
        reference conflict only when both are known; NIfTI has none.
        """
        if self.shape != other.shape:
            return False
        frames = {self.frame_of_reference_uid, other.frame_of_reference_uid} - {None}
        if len(frames) > 1:
            return False
        shift = np.linalg.norm(self.corners_ras() - other.corners_ras(), axis=1)
        steps = self.affine_ras[:3, :3], other.affine_ras[:3, :3]
        change = np.linalg.norm(steps[0] - steps[1], axis=0) / np.linalg.norm(steps[0], axis=0)
        return bool(shift.max() <= tolerance_mm and change.max() <= LARGEST_STEP_FRACTION)

    def require_same_grid(self, other: "Geometry", *, what: str, reference: str) -> None:
        """Raise unless ``other`` (named ``what``) lies on this grid (named ``reference``).

        Raises
        ------
        GeometryMismatchError
            Shape, position or frame of reference differ.
        """
        if not self.same_grid(other):
            raise GeometryMismatchError(
                f"{what} lies on another grid than {reference}: {self.differences(other)}"
                f"{self._apart(other)}; resample it to that grid first"
            )

    def differences(self, other: "Geometry") -> str:
        """Name what of two grids differs, ``other`` first, with the digits that tell them apart.

        For messages.
        """
        mine, theirs = self.directions, other.directions
        angles = np.rad2deg(np.arccos(np.clip((mine * theirs).sum(axis=0), -1.0, 1.0)))
        figures = (
            ("size", other.shape, self.shape, " voxels"),
            ("spacing", other.spacing_mm, self.spacing_mm, " mm"),
            ("origin", other.affine_ras[:3, 3], self.affine_ras[:3, 3], " mm (RAS)"),
        )
        named = [text for each in figures if (text := _told_apart(*each))]
        if angles.max() > SMALLEST_ANGLE_DEGREES:
            named.append(f"axes turned by up to {angles.max():.3g} degrees")
        frames = {self.frame_of_reference_uid, other.frame_of_reference_uid} - {None}
        if len(frames) > 1:
            named.append("another DICOM frame of reference")
        return "; ".join(named) or "in no figure that could be shown"

    def _apart(self, other: "Geometry") -> str:
        if self.shape != other.shape:
            return ""
        shift = np.linalg.norm(self.corners_ras() - other.corners_ras(), axis=1)
        return f"; voxels lie up to {shift.max():.4g} mm apart"

    def describe(self) -> str:
        """Shape, spacing, orientation and origin in one line, for messages."""
        size = "x".join(str(n) for n in self.shape)
        spacing = "x".join(f"{s:.3g}" for s in self.spacing_mm)
        origin = ", ".join(f"{x:.1f}" for x in self.affine_ras[:3, 3])
        return f"{size} voxels of {spacing} mm, {''.join(self.axcodes)}, origin {origin}"


def _told_apart(name: str, first: ArrayLike, second: ArrayLike, unit: str) -> str:
    """Return two triples of numbers with the fewest digits that differ; empty where none does."""
    for digits in range(FEWEST_DIGITS, MOST_DIGITS + 1):
        texts = [" x ".join(f"{x:.{digits}g}" for x in np.asarray(t)) for t in (first, second)]
        if texts[0] != texts[1]:
            return f"{name} {texts[0]} against {texts[1]}{unit}"
    return ""
