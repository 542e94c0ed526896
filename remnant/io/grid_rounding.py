"""Two statements of one grid that differ by rounding alone.

The limits are derived in docs/adr/0030-rounded-grids-are-one-grid.md.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import LARGEST_STEP_FRACTION, Shape3
from remnant.core.reasons import Cause, reason

LARGEST_ROUNDING_VOXELS: Final = 0.25
"""Half of the half voxel from which on a voxel's neighbour is as near; see
docs/adr/0030-rounded-grids-are-one-grid.md."""

SILENT_ROUNDING_MM: Final = 0.01


@dataclass(frozen=True, slots=True)
class Rounding:
    """By how much two statements of the same grid differ.

    Parameters
    ----------
    offset_mm, offset_voxels
        Largest distance of one voxel's two places over the whole grid, in mm and as the largest
        part of a voxel along one of the axes.
    step_fraction
        Largest difference of the step from one voxel to the next, as a part of that step: of its
        length and of its direction.
    """

    offset_mm: float
    offset_voxels: float
    step_fraction: float

    @property
    def is_tolerable(self) -> bool:
        """Whether rounding can explain it, and no voxel can be taken for another; not for NaN."""
        return bool(
            self.offset_voxels <= LARGEST_ROUNDING_VOXELS
            and self.step_fraction <= LARGEST_STEP_FRACTION
        )

    @property
    def is_notable(self) -> bool:
        """Whether it is more than the noise of stored numbers."""
        return not self.offset_mm <= SILENT_ROUNDING_MM


def rounding_of_sizes(
    stated_mm: NDArray[np.float64], other_mm: NDArray[np.float64], shape: Shape3
) -> Rounding:
    """Compare two statements of the voxel sizes of one grid, over the extent of the grid."""
    change = np.abs(stated_mm - other_mm)
    with np.errstate(divide="ignore", invalid="ignore"):
        fractions = change / np.minimum(np.abs(stated_mm), np.abs(other_mm))
    shifts = change * np.array(shape)
    return Rounding(
        offset_mm=float(np.linalg.norm(shifts)),
        offset_voxels=float((fractions * np.array(shape)).max()),
        step_fraction=float(fractions.max()),
    )


def rounding_findings(role: str, found: Rounding) -> tuple[Finding, ...]:
    """Return what is to be stored of a map whose grid is another's but for rounding."""
    if not found.is_notable:
        return ()
    reasons = (
        reason(Cause.OF_FILE, role),
        reason(Cause.GRID_OFFSET, found.offset_mm, found.offset_voxels),
    )
    name = f"{role}_grid_rounding"
    return (quality_finding(name, passed=None, value=found.offset_mm, reasons=reasons),)
