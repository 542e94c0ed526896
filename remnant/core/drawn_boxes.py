"""Boxes that a reader draws around a structure, for a network to outline what lies in them."""

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

from remnant.core.errors import InputError
from remnant.core.geometry import Vector3


class BoxUnits(StrEnum):
    """What the corners of a box are given in.

    ``MM`` are RAS millimetres. ``VOXELS`` are indices along the axes of the scan's own array, from
    0 on, of the outermost voxels that belong to the box.
    """

    MM = "mm"
    VOXELS = "voxels"


class BoxedStructure(StrEnum):
    """What a box is drawn around."""

    LIVER = "liver"
    LESION = "lesion"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderBox:
    """A box around a structure: a rectangle on the axial slice where that is largest, or in 3-D.

    Parameters
    ----------
    low, high
        Opposite corners, each coordinate of ``low`` at most that of ``high``. Of a rectangle on
        one slice they share the coordinate along the body.
    units
        What they are given in.
    slice_at
        Coordinate along the body of the slice where the structure is largest; ``None`` for the
        middle of the box. It lies within the box.

    Raises
    ------
    InputError
        A number is not finite, corners are exchanged, or the box has no area.
    """

    low: Vector3
    high: Vector3
    units: BoxUnits = BoxUnits.MM
    slice_at: float | None = None

    def __post_init__(self) -> None:
        known = (*self.low, *self.high, *(() if self.slice_at is None else (self.slice_at,)))
        if not all(isfinite(number) for number in known):
            raise InputError(f"a box needs six finite numbers, got {self}")
        if any(low > high for low, high in zip(self.low, self.high, strict=True)):
            raise InputError(
                f"the corners of a box go from low to high, got {self}; give the smaller number of "
                f"each coordinate first: x0,y0,z0,x1,y1,z1"
            )
        # where voxels are counted one voxel has an area
        flat = any(self.low[axis] == self.high[axis] for axis in range(2))
        if flat and self.units is BoxUnits.MM:
            raise InputError(
                f"a box needs a width along x and y, got {self}; give a rectangle on one slice, or "
                f"a box in 3-D"
            )

    def __str__(self) -> str:
        corners = ",".join(f"{number:g}" for number in (*self.low, *self.high))
        return f"{corners} ({'RAS mm' if self.units is BoxUnits.MM else 'voxels'})"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnBox:
    """A box that a structure of a case was outlined from, and by whom it was drawn.

    Parameters
    ----------
    structure, lesion
        What was outlined; the lesion's number, ``None`` for the liver.
    box
        The box as it was given.
    replaced
        Numbers of the lesions that the case had in its place.
    by, date
        Who drew it, ``None`` where nobody was named, and when, as ``2026-11-29`` (UTC).
    """

    structure: BoxedStructure
    lesion: int | None
    box: ReaderBox
    replaced: tuple[int, ...] = ()
    by: str | None = None
    date: str

    @property
    def subject(self) -> str:
        """What was outlined: ``liver``, or ``lesion 3``."""
        return self.structure if self.lesion is None else f"{self.structure} {self.lesion}"
