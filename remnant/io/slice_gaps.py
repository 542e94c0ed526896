"""Slices in which a structure is missing although it goes on: the mark of other slices.

A structure in every second slice of a grid was drawn on thicker slices, or only on some, and its
volume would be measured as a part of what it is.
"""

from collections.abc import Collection
from typing import Final

import numpy as np

from remnant.core.errors import UnsupportedSeriesError
from remnant.core.geometry import SAME_GRID_TOLERANCE_MM, Geometry

FEWEST_SLICES: Final = 3
"""Filled slices from which every second one is no chance."""
SURE_SLICES: Final = 4
"""The same for every third slice and beyond."""
LARGEST_STEP: Final = 6
MOST_OF_GAPS: Final = 0.8
"""Share of the steps between filled slices that are alike, from which they count as a rule."""
ORDINALS: Final = {2: "second", 3: "third", 4: "fourth", 5: "fifth", 6: "sixth"}


def regular_step(slices: Collection[int]) -> int | None:
    """Return n where a structure is in every n-th slice only, else ``None``.

    Parameters
    ----------
    slices
        Slices that hold a voxel of it.
    """
    steps = np.diff(np.unique(list(slices)))
    if steps.size < FEWEST_SLICES - 1:
        return None
    usual = int(np.bincount(np.minimum(steps, LARGEST_STEP + 1)).argmax())
    alike = float((steps == usual).mean())
    fewest = FEWEST_SLICES if usual == min(ORDINALS) else SURE_SLICES
    sure = alike == 1 or (alike >= MOST_OF_GAPS and steps.size >= 2 * SURE_SLICES)
    return usual if usual in ORDINALS and steps.size + 1 >= fewest and sure else None


def require_every_slice(slices: Collection[int], *, what: str) -> None:
    """Raise where a structure, named ``what``, is in every second (third, …) slice only.

    Raises
    ------
    UnsupportedSeriesError
        It is.
    """
    step = regular_step(slices)
    if step is not None:
        raise UnsupportedSeriesError(
            f"{what} is in every {ORDINALS[step]} slice only, with nothing between: it was drawn "
            f"on some slices, or on thicker ones than these; fill in between in the program that "
            f"drew it, or export it on the slices that it was drawn on"
        )


def skipped_slices(slices: Collection[int]) -> int:
    """Count the slices without a voxel between the first and the last that hold one."""
    filled = set(slices)
    return max(filled) - min(filled) + 1 - len(filled) if filled else 0


def require_all_slices_of(grid: Geometry, reference: Geometry, *, what: str, on: str) -> None:
    """Raise where a map's planes are every second (third, …) slice of the grid that is wanted.

    Raises
    ------
    UnsupportedSeriesError
        They are.
    """
    steps = np.linalg.inv(reference.affine_ras[:3, :3]) @ grid.affine_ras[:3, :3]
    sizes = np.abs(steps).max(axis=0)
    large = sizes > min(ORDINALS) - 0.5
    whole = np.rint(steps)
    off_mm = np.abs(steps - whole).max() * max(reference.spacing_mm) * max(grid.shape)
    step = int(np.rint(sizes.max()))
    if large.sum() == 1 and step in ORDINALS and off_mm <= SAME_GRID_TOLERANCE_MM:
        raise UnsupportedSeriesError(
            f"{what} holds every {ORDINALS[step]} slice of {on} only: it was drawn on some slices, "
            f"or on a reconstruction with thicker ones; fill in between in the program that drew "
            f"it and export it on all slices, or give the series that it was drawn on"
        )
