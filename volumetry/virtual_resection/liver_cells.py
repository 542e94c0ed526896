"""Cells that a liver is cut into part by part, as margins and zones are asked for.

The same refinement as that of `volumetry.virtual_resection.atoms`, kept open: a further part splits
the cells that it meets, and what was cut before stays. Cells of parts that nobody asks for any more
are finer than they need to be, and count the same.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.boxes import Box
from remnant.core.geometry import Shape3
from remnant.core.labels import SEGMENT_CODES
from volumetry.virtual_resection.zones import Mask, flat_places

BITS: Final = 8
FIRST_CELLS: Final = 1024

Key = tuple[object, ...]
"""What a part is known by."""
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Functional liver of one margin or zone.

    Parameters
    ----------
    box
        Where it lies in the liver's box.
    mask
        Its voxels, shape of ``box``.
    voxels
        How many there are.
    """

    box: Box
    mask: Mask
    voxels: int

    @classmethod
    def of(cls, box: Box, mask: Mask) -> "Part":
        """Count the voxels of a mask."""
        return cls(box, mask, int(np.count_nonzero(mask)))

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return self.mask.nbytes

    def places(self, shape: Shape3) -> Counts:
        """Return the positions of its voxels in the flattened box of the liver, ascending."""
        return flat_places(self.mask, self.box, shape)


@dataclass(slots=True, eq=False)
class LiverCells:
    """Functional liver in cells: what the same segment and the same parts hold.

    Parameters
    ----------
    segment
        Couinaud code of each voxel of the liver's box; 0 outside functional liver too.
    voxels
        Functional voxels by code, shape ``(9,)``.
    """

    segment: NDArray[np.uint8]
    voxels: Counts
    parts: dict[Key, int] = field(init=False, default_factory=dict)
    """Parts by which the cells were cut, and their voxels."""
    _cell_of: NDArray[np.int32] = field(init=False)
    _count: int = field(init=False, default=SEGMENT_CODES)
    _sizes: Counts = field(init=False)
    _codes: NDArray[np.uint8] = field(init=False)
    _members: NDArray[np.uint8] = field(init=False)
    """A bit for each part, in the order of ``parts``."""

    def __post_init__(self) -> None:
        self._cell_of = self.segment.astype(np.int32)
        self._sizes = np.zeros(FIRST_CELLS, np.int64)
        self._sizes[:SEGMENT_CODES] = self.voxels
        self._codes = np.zeros(FIRST_CELLS, np.uint8)
        self._codes[:SEGMENT_CODES] = range(SEGMENT_CODES)
        self._members = np.zeros((FIRST_CELLS, BITS), np.uint8)

    def __len__(self) -> int:
        return self._count

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        arrays = (self._cell_of, self._sizes, self._codes, self._members)
        return sum(array.nbytes for array in arrays)

    @property
    def sizes(self) -> Counts:
        """Functional voxels of each cell; 0 only for segments without any."""
        return self._sizes[: self._count]

    @property
    def codes(self) -> NDArray[np.uint8]:
        """Couinaud code of each cell."""
        return self._codes[: self._count]

    def cut(self, key: Key, find: Callable[[], Part]) -> None:
        """Split the cells along a part; one that was cut already is not asked for again."""
        if key in self.parts:
            return
        part = find()
        met = self._cell_of[part.box][part.mask]
        counts = np.bincount(met, minlength=self._count)
        numbers = np.flatnonzero(counts)
        whole = counts[numbers] == self._sizes[numbers]
        split, before = numbers[~whole], self._count
        self._make_room(len(split))
        new = np.arange(before, self._count)
        self._sizes[new] = counts[split]
        self._sizes[split] -= counts[split]
        self._codes[new] = self._codes[split]
        self._members[new] = self._members[split]
        byte, bit = divmod(len(self.parts), BITS)
        self._members[np.concatenate((numbers[whole], new)), byte] |= np.uint8(1 << bit)
        self.parts[key] = part.voxels
        renamed = np.arange(before, dtype=np.int32)
        renamed[split] = new
        self._cell_of[part.box][part.mask] = renamed.take(met)

    def inside(self, keys: list[Key]) -> Mask:
        """Tell which cells lie in which of some parts; shape ``(cells, keys)``."""
        number = {key: place for place, key in enumerate(self.parts)}
        columns = np.array([number[key] for key in keys], np.intp)
        held = self._members[: self._count, columns // BITS] >> (columns % BITS).astype(np.uint8)
        inside: Mask = (held & 1).astype(np.bool_)
        return inside

    def _make_room(self, more: int) -> None:
        """Add cells, and a place for one more part."""
        self._count += more
        cells, places = self._members.shape
        if self._count > cells:
            added = max(self._count, 2 * cells) - cells
            self._sizes = np.concatenate((self._sizes, np.zeros(added, np.int64)))
            self._codes = np.concatenate((self._codes, np.zeros(added, np.uint8)))
            self._members = np.concatenate((self._members, np.zeros((added, places), np.uint8)))
        if len(self.parts) >= BITS * places:
            doubled = (self._members, np.zeros_like(self._members))
            self._members = np.concatenate(doubled, axis=1)
