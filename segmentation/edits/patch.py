"""The maps of a case while they are edited, and what an edit changed in them, voxel by voxel.

An edit sees a copy of the maps within a box and gives another; what differs is kept as flat
indices (of C order) with the codes before and after. So an edit is taken back exactly, and no
voxel that it did not change is ever written.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from remnant.core.boxes import (
    Box,
    bounding_box,
    box_geometry,
    box_start,
    filled_box,
    joint_box,
    margin_voxels,
    widened,
)
from remnant.core.geometry import Geometry
from remnant.core.labels import SEGMENT_CODES

Mask = NDArray[np.bool_]
Codes = NDArray[Any]
NEIGHBOURS_26: Final = np.ones((3, 3, 3), dtype=bool)
NEAR_MM: Final = (8.0, 32.0)
"""The nearest segment is looked for so far away first, and then anywhere."""


class MapName(StrEnum):
    """A map that edits can change."""

    STRUCTURES = "structures"
    LESIONS = "lesions"
    EXOPHYTIC = "exophytic"
    COUINAUD = "couinaud"
    PARTS = "couinaud_iv"


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """Voxels of one map that an edit changed.

    Parameters
    ----------
    index
        Flat indices into the whole map, in C order, rising.
    before, after
        Their codes; they differ at every voxel.
    """

    index: NDArray[np.int64]
    before: Codes
    after: Codes

    @property
    def reversed(self) -> Self:
        """The change that takes this one back."""
        return replace(self, before=self.after, after=self.before)


Changes = Mapping[MapName, Change]


@dataclass(frozen=True, eq=False)
class Patch:
    """The maps of a case within a box, each an array of the box's shape.

    Parameters
    ----------
    grid, box
        The voxels of the box, and where it lies in the whole maps.
    maps
        Codes by map; the segments are left out where they are unknown.
    rejected
        Numbers of the lesions that do not count.
    """

    grid: Geometry
    box: Box
    maps: Mapping[MapName, Codes]
    rejected: frozenset[int] = frozenset()

    def held(self, box: Box, mask: Mask) -> Mask:
        """Return a mask of another box as one of this patch; what lies beside it is left out."""
        found = np.zeros(self.structures.shape, dtype=bool)
        here, there = [], []
        for own, other in zip(self.box, box, strict=True):
            low, high = max(own.start, other.start), min(own.stop, other.stop)
            here.append(slice(low - own.start, max(low, high) - own.start))
            there.append(slice(low - other.start, max(low, high) - other.start))
        found[tuple(here)] = mask[tuple(there)]
        return found

    @property
    def structures(self) -> Codes:
        """Codes of ``STRUCTURE_SCHEME``."""
        return self.maps[MapName.STRUCTURES]

    @property
    def lesions(self) -> Codes:
        """Lesion numbers, those of rejected ones included."""
        return self.maps[MapName.LESIONS]

    @cached_property
    def exophytic(self) -> Mask:
        """Where the liver reaches only because a lesion lies there, whether that counts or not."""
        return np.asarray(self.maps[MapName.EXOPHYTIC] > 0)

    @cached_property
    def bare(self) -> Mask:
        """The liver without what it holds only because a lesion lies there."""
        return np.asarray((self.structures > 0) & ~self.exophytic)

    @cached_property
    def discounted(self) -> Mask:
        """Voxels of lesions that were rejected."""
        return np.isin(self.lesions, sorted(self.rejected)) & (self.lesions > 0)


@dataclass(slots=True, eq=False)
class Tally:
    """Voxels of a lesion: how many, the sum of their indices, and a box that holds them all."""

    voxels: int
    index_sum: NDArray[np.float64]
    box: Box


@dataclass(slots=True, eq=False)
class Sheet:
    """Whole maps that edits are applied to, with the counts that quick figures need.

    Parameters
    ----------
    geometry
        Grid of all maps.
    maps
        Codes by map, arrays of this sheet's own.
    """

    geometry: Geometry
    maps: dict[MapName, Codes]
    tallies: dict[int, Tally] = field(init=False)
    segment_voxels: NDArray[np.int64] = field(init=False)
    liver_voxels: int = field(init=False)

    def __post_init__(self) -> None:
        self.tallies = dict(_tallies(self.maps[MapName.LESIONS]))
        liver = self.maps[MapName.STRUCTURES] > 0
        self.liver_voxels = int(np.count_nonzero(liver))
        self.segment_voxels = np.zeros(SEGMENT_CODES, dtype=np.int64)
        couinaud = self.maps.get(MapName.COUINAUD)
        if couinaud is not None and (box := filled_box(couinaud)) is not None:
            held = couinaud[box][liver[box]]
            self.segment_voxels += np.bincount(held, minlength=SEGMENT_CODES)

    def patch(self, box: Box, rejected: frozenset[int] = frozenset()) -> Patch:
        """Return a copy of the maps within a box."""
        maps = {name: codes[box].copy() for name, codes in self.maps.items()}
        return Patch(box_geometry(self.geometry, box), box, maps, rejected)

    def around(self, box: Box, *numbers: int) -> Box:
        """Return a box that holds another, some lesions, and all lesions that touch those."""
        box = joint_box((box, *(self.tallies[n].box for n in numbers if n in self.tallies)))
        while True:
            box = widened(box, (2, 2, 2), self.geometry.shape)
            there = codes_in(self.maps[MapName.LESIONS][box])
            wider = joint_box((box, *(self.tallies[n].box for n in there)))
            if wider == box:
                return box
            box = wider

    def changes(self, edited: Patch) -> Changes:
        """Return what an edited patch changes in the maps; nothing is changed yet."""
        found = {}
        for name, codes in edited.maps.items():
            there = self.maps[name][edited.box]
            differs = np.argwhere(codes != there)
            if len(differs):
                at = tuple(differs.T)
                whole = (differs + box_start(edited.box)).T
                index = np.ravel_multi_index(tuple(whole), self.geometry.shape)
                found[name] = Change(
                    index.astype(np.int64), there[at], codes[at].astype(there.dtype)
                )
        return found

    def apply(self, changes: Changes) -> None:
        """Change the maps; taking back is applying the reversed changes."""
        self._count_liver(changes, sign=-1)
        for name, change in changes.items():
            self.maps[name][self._at(change.index)] = change.after
        self._count_liver(changes, sign=1)
        if MapName.LESIONS in changes:
            self._count_lesions(changes[MapName.LESIONS])

    def nearest_code(self, name: MapName, index: NDArray[np.int64]) -> Codes:
        """Return the code of the coded voxel of a map that is nearest (mm) to each voxel.

        ``index`` has shape ``(n, 3)``; 0 where the map has no code at all.
        """
        codes = self.maps[name]
        around = [
            slice(int(a), int(b) + 1) for a, b in zip(index.min(0), index.max(0), strict=True)
        ]
        tight = (around[0], around[1], around[2])
        for reach_mm in NEAR_MM:
            margin = margin_voxels(self.geometry, reach_mm)
            found = self._nearest(codes, widened(tight, margin, codes.shape), index, reach_mm)
            if found is not None:
                return found
        whole = filled_box(codes)
        found = None if whole is None else self._nearest(codes, whole, index, np.inf)
        return np.zeros(len(index), codes.dtype) if found is None else found

    def _nearest(
        self, codes: Codes, box: Box, index: NDArray[np.int64], reach_mm: float
    ) -> Codes | None:
        """Return the nearest codes within a box, ``None`` where one may lie outside of it."""
        known = codes[box] > 0
        # the nearest coded voxel of one without code lies at the rim of the coded ones
        inner = ndimage.binary_erosion(known, NEIGHBOURS_26, border_value=1)
        rim = np.argwhere(known & ~inner) + box_start(box)
        if not len(rim):
            return None
        tree = cKDTree(self.geometry.ras_from_index(rim))
        away_mm, which = tree.query(self.geometry.ras_from_index(index))
        if float(away_mm.max()) > reach_mm:
            return None
        found: Codes = codes[tuple(rim[which].T)]
        return found

    def _at(self, index: NDArray[np.int64]) -> tuple[NDArray[np.intp], ...]:
        return np.unravel_index(index, self.geometry.shape)

    def _count_liver(self, changes: Changes, *, sign: int) -> None:
        """Add, or take away, the voxels that a change touches, as the maps are now."""
        touched = [
            change.index
            for name, change in changes.items()
            if name in {MapName.STRUCTURES, MapName.COUINAUD}
        ]
        if not touched:
            return
        at = self._at(union(touched))
        liver = self.maps[MapName.STRUCTURES][at] > 0
        self.liver_voxels += sign * int(np.count_nonzero(liver))
        couinaud = self.maps.get(MapName.COUINAUD)
        if couinaud is not None:
            counts = np.bincount(couinaud[at][liver], minlength=SEGMENT_CODES)
            self.segment_voxels += sign * counts

    def _count_lesions(self, change: Change) -> None:
        places = np.stack(self._at(change.index), axis=1)
        for codes, sign in ((change.before, -1), (change.after, 1)):
            for number in codes_in(codes):
                self._count_lesion(number, places[codes == number], sign)
        gone = [number for number, tally in self.tallies.items() if not tally.voxels]
        for number in gone:
            del self.tallies[number]

    def _count_lesion(self, number: int, places: NDArray[np.intp], sign: int) -> None:
        low, high = places.min(axis=0), places.max(axis=0)
        box = tuple(slice(int(a), int(b) + 1) for a, b in zip(low, high, strict=True))
        held = (box[0], box[1], box[2])
        tally = self.tallies.setdefault(number, Tally(0, np.zeros(3), held))
        tally.voxels += sign * len(places)
        tally.index_sum += sign * places.sum(axis=0)
        if sign > 0:
            tally.box = joint_box((tally.box, held))


def changed_voxels(changes: Iterable[Changes]) -> int:
    """Return how many voxels changes touch in any map, each counted once."""
    return len(union([change.index for each in changes for change in each.values()]))


def union(indices: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return the indices that are in any of some arrays, rising; each of these rises."""
    if len(indices) < 2:  # noqa: PLR2004  (of one array there is nothing to join)
        return indices[0] if indices else np.zeros(0, np.int64)
    # a stable sort merges runs that rise already, which is much faster than `np.unique`
    every = np.sort(np.concatenate(indices), kind="stable")
    return every[np.concatenate(([True], every[1:] != every[:-1]))] if every.size else every


def codes_in(codes: Codes) -> list[int]:
    """Return the codes above 0 that an array holds, rising."""
    counts = np.bincount(codes.ravel(), minlength=1)
    counts[0] = 0
    return [int(code) for code in np.flatnonzero(counts)]


def changed_box(changes: Changes, shape: tuple[int, int, int]) -> Box | None:
    """Return the box of what changed in any map; ``None`` where nothing did."""
    if not changes:
        return None
    every = np.concatenate([change.index for change in changes.values()])
    sides = [slice(int(side.min()), int(side.max()) + 1) for side in np.unravel_index(every, shape)]
    return (sides[0], sides[1], sides[2])


def taken_back(changes: Changes) -> Changes:
    """Return the changes that take others back."""
    return {name: change.reversed for name, change in changes.items()}


def _tallies(lesions: Codes) -> Iterator[tuple[int, Tally]]:
    if filled_box(lesions) is None:
        return
    inner = bounding_box(lesions, what="the lesion map")
    start = np.array(box_start(inner))
    for number, found in enumerate(ndimage.find_objects(lesions[inner].astype(np.int32)), 1):
        if found is None:
            continue
        places = np.argwhere(lesions[inner][found] == number)
        places += start + [side.start for side in found]
        i, j, k = (
            slice(side.start + int(first), side.stop + int(first))
            for side, first in zip(found, start, strict=True)
        )
        yield number, Tally(len(places), places.sum(axis=0).astype(np.float64), (i, j, k))
