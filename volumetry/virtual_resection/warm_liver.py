"""A liver of which recipe after recipe is asked: only what the next one takes is cut into atoms.

`volumetry.virtual_resection.atoms.build_atoms` cuts the liver along the margins and zones of all
lesions, which the optimiser needs. One recipe needs those of the lesions that it treats, and where
they lie in segments that are removed not even these. What was found around a lesion is kept for the
next recipe: distances serve every margin, zones the form and size that they were made for.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from remnant.core.boxes import Box
from remnant.core.labels import SEGMENT_CODES, CouinaudSegment
from remnant.core.plan_choice import AblationShape, PlanChoice
from remnant.core.recipe import Recipe
from volumetry.liver_maps import LiverMaps
from volumetry.virtual_resection.ablation_zones import LeastBall
from volumetry.virtual_resection.atoms import (
    Around,
    Atoms,
    around_lesion,
    core_segments,
    from_surfaces,
    tissue,
)
from volumetry.virtual_resection.zones import SAME_SQUARED, Mask, flat_places, lesion_boxes

REACHES_MM: Final = (12.0, 21.0)
"""As far as the first of them that is enough distances are measured at once, so that a margin
changes without measuring anew: most are smaller than the first, nearly all than the last."""
MOST_CELLS: Final = 60_000
"""With more of them a recipe is cut alone sooner than judged on the cells of all lesions."""
MOST_KEPT_BYTES: Final = 320 * 1024 * 1024
SHARE_REACHED_OUT: Final = 0.75
"""Of the memory; the rest stays for zones of other margins, so that they drive nothing out."""

Few = NDArray[np.int32]
"""Positions in the flattened box of the liver; a box has fewer voxels than int32 counts."""
Codes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class RecipeAtoms:
    """Atoms that hold what one recipe takes.

    Parameters
    ----------
    atoms
        Margins and zones of other lesions may be left out, and what lies in the removed segments
        need not be cut.
    margin_ml, zone_ml
        Functional liver in the whole margin and zone of each treated lesion; shape ``(m,)``.
    """

    atoms: Atoms
    margin_ml: NDArray[np.float64]
    zone_ml: NDArray[np.float64]

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        sparse = (self.atoms.resection, self.atoms.ablation)
        arrays = (
            self.atoms.segment, self.atoms.voxels, self.margin_ml, self.zone_ml,
            *(array for part in sparse for array in (part.data, part.indices, part.indptr)),
        )  # fmt: skip
        return sum(array.nbytes for array in arrays)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Functional voxels of one margin or zone, by the Couinaud code of their segment."""

    by_segment: tuple[tuple[int, Few], ...]

    def __len__(self) -> int:
        return sum(len(places) for _, places in self.by_segment)

    @property
    def places(self) -> Few:
        """All its voxels, in no order."""
        return np.concatenate([np.empty(0, np.int32), *(places for _, places in self.by_segment)])

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return sum(places.nbytes for _, places in self.by_segment)

    def outside(self, removed: frozenset[CouinaudSegment]) -> "Part":
        """Return what does not lie in removed segments."""
        return Part(tuple(one for one in self.by_segment if one[0] not in removed))


@dataclass(frozen=True, slots=True, eq=False)
class _Nearest:
    """Voxels of one segment around a lesion, the nearest first.

    ``ends`` tells how many lie at most as far as each of the distances that occur.
    """

    segment: int
    places: Few
    squared_mm2: NDArray[np.float32]
    ends: Few

    @property
    def nbytes(self) -> int:
        return self.places.nbytes + self.squared_mm2.nbytes + self.ends.nbytes

    def within(self, most_mm2: float) -> Few:
        met = int(np.searchsorted(self.squared_mm2, most_mm2, side="right"))
        return self.places[: self.ends[met - 1] if met else 0]


@dataclass(frozen=True, slots=True, eq=False)
class _Distances:
    """Functional voxels around a lesion as far as ``reach_mm``."""

    reach_mm: float
    by_segment: tuple[_Nearest, ...]

    @property
    def nbytes(self) -> int:
        return sum(one.nbytes for one in self.by_segment)

    def within(self, distance_mm: float) -> Part:
        most = distance_mm**2 * SAME_SQUARED
        found = ((one.segment, one.within(most)) for one in self.by_segment)
        return Part(tuple((segment, places) for segment, places in found if len(places)))


@dataclass(frozen=True, slots=True, eq=False)
class _Zone:
    """Functional voxels that an ablation destroys, and in how many zones."""

    part: Part
    count: int

    @property
    def nbytes(self) -> int:
        return self.part.nbytes


@dataclass(slots=True)
class _Cells:
    """Cells while they are refined: size, segment, and a bit for each part that holds one."""

    sizes: list[int]
    segment_of: list[int]
    members: list[int]

    def split(self, number: int, size: int, bit: int) -> None:
        """Take a new cell out of one: the part of it that a further part holds."""
        self.sizes[number] -= size
        self.sizes.append(size)
        self.segment_of.append(self.segment_of[number])
        self.members.append(self.members[number] | bit)


@dataclass(slots=True, eq=False)
class WarmLiver:
    """One liver with what was found around its lesions; one thread at a time works on it.

    Parameters
    ----------
    maps
        The liver's maps.
    lesion_ids
        Lesions that count, ascending.
    """

    maps: LiverMaps
    lesion_ids: tuple[int, ...]
    functional: Mask = field(init=False)
    boxes: dict[int, Box] = field(init=False)
    whole: Atoms = field(init=False)
    _segment: Codes = field(init=False)
    _cells: NDArray[np.int32] = field(init=False)
    _kept: OrderedDict[Any, Any] = field(init=False, default_factory=OrderedDict)
    _kept_bytes: int = field(init=False, default=0)
    _lock: Any = field(init=False, default_factory=RLock)

    def __post_init__(self) -> None:
        maps, ids = self.maps, self.lesion_ids
        self.functional, lesion_voxels = tissue(maps, ids)
        self.boxes = lesion_boxes(maps.lesions, ids)
        codes = np.zeros(self.functional.shape, np.uint8)
        if maps.segments is not None:
            np.copyto(codes, maps.segments, where=self.functional, casting="unsafe")
        self._segment = codes.ravel()
        self._cells = self._cells_of_segments()
        sizes = np.bincount(self._segment, minlength=SEGMENT_CODES)
        sizes[0] -= self._segment.size - int(np.count_nonzero(self.functional))
        codes_of = list(range(SEGMENT_CODES))
        cells = _Cells(sizes.tolist(), codes_of, [0] * SEGMENT_CODES)
        self.whole = self._atoms(cells, [], 0, lesion_voxels, {})

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        arrays = (self.functional, self._segment, self._cells)
        return sum(array.nbytes for array in arrays) + self._kept_bytes

    def warm(self, choice: PlanChoice, *, still_wanted: Callable[[], bool] = lambda: True) -> None:
        """Find all margins and zones of a choice, so that its first recipes do not wait.

        Parameters
        ----------
        choice
            Margins, and the form of the ablation zones.
        still_wanted
            Asked before each lesion; nothing more is found once it says no.
        """
        for lesion in self.boxes:
            if not still_wanted():
                return
            self.zone(lesion, choice)
            self.margin(lesion, choice)
        key = self._cut_key(choice)
        if key not in self._kept:
            found = self._whole_cut(choice, still_wanted)
            if found is not None:
                with self._lock:
                    self._keep(key, lambda: found)

    def reach_out(self, *, still_wanted: Callable[[], bool] = lambda: True) -> None:
        """Measure distances as far as nearly every margin reaches, while memory allows it.

        ``still_wanted`` is asked before each lesion, as by `warm`.
        """
        for lesion in self.boxes:
            if not still_wanted():
                return
            with self._lock:
                if self._kept_bytes > SHARE_REACHED_OUT * MOST_KEPT_BYTES:
                    return
                self._distances(lesion, REACHES_MM[-1])

    def atoms_of(self, recipe: Recipe, choice: PlanChoice) -> RecipeAtoms:
        """Cut the liver into what a recipe takes.

        Parameters
        ----------
        recipe
            Lesions that do not count are passed over: what is made of the atoms refuses them.
        choice
            Margins, and the form of the ablation zones.
        """
        key = self._cut_key(choice)
        with self._lock:
            known: RecipeAtoms | None = self._kept.get(key)
            if known is not None:
                self._kept.move_to_end(key)
                return known
        removed = frozenset(recipe.segments)
        resected = {*self._inside(removed), *recipe.wedges} & set(self.boxes)
        ablated = set(recipe.ablations) & set(self.boxes)
        margin_mm = from_surfaces(choice, self.maps.geometry).resection_margin_mm
        with self._lock:
            margins = {one: self._margin(one, margin_mm) for one in sorted(resected)}
            zones = {one: self.zone(one, choice) for one in sorted(ablated)}
            atoms = self._cut(margins, zones, removed)
        return self._with_volumes(atoms, margins, zones)

    def margin(self, lesion: int, choice: PlanChoice) -> Part:
        """Return the functional voxels of a lesion's resection margin, in no order."""
        margin_mm = from_surfaces(choice, self.maps.geometry).resection_margin_mm
        with self._lock:
            return self._margin(lesion, margin_mm)

    def zone(self, lesion: int, choice: PlanChoice) -> _Zone:
        """Return the functional voxels of a lesion's ablation zone, and in how many zones."""
        key = ("zone", lesion, zone_form(choice))
        with self._lock:
            zone: _Zone = self._keep(key, lambda: self._zone(lesion, choice))
            return zone

    def _margin(self, lesion: int, margin_mm: float) -> Part:
        return self._distances(lesion, margin_mm).within(margin_mm)

    def _inside(self, removed: frozenset[CouinaudSegment]) -> Iterator[int]:
        """Yield the lesions that lie wholly in removed segments."""
        kept = np.ones(SEGMENT_CODES, np.bool_)
        kept[[int(segment) for segment in removed]] = False
        core = core_segments(self.whole)
        for lesion, inside in zip(self.lesion_ids, ~(core @ kept), strict=True):
            if inside:
                yield lesion

    def _distances(self, lesion: int, least_mm: float) -> _Distances:
        key = ("distances", lesion)
        known: _Distances | None = self._kept.get(key)
        if known is not None and known.reach_mm < least_mm:
            self._drop(key)
        found: _Distances = self._keep(key, lambda: self._measured(lesion, least_mm))
        return found

    def _measured(self, lesion: int, least_mm: float) -> _Distances:
        reach_mm = next((reach for reach in REACHES_MM if reach >= least_mm), least_mm)
        asked = replace(PlanChoice(), resection_margin_mm=reach_mm, ablation_margin_mm=0.0)
        around = around_lesion(self.maps, self.functional, lesion, self.boxes[lesion], asked)
        crop = around.crop
        near = crop.within(reach_mm) & self.functional[crop.box]
        i, j, k = self.functional.shape
        places = flat_places(near, crop.box, (i, j, k)).astype(np.int32)
        squared = crop.squared_mm2[near].astype(np.float32, copy=False)
        segment = self._segment[places]
        return _Distances(
            reach_mm,
            tuple(
                _nearest(code, places[here], squared[here])
                for code in np.flatnonzero(np.bincount(segment)).tolist()
                for here in (segment == code,)
            ),
        )

    def _ball(self, lesion: int, around: Around) -> LeastBall:
        ball: LeastBall = self._keep(("ball", lesion), around.ball)
        return ball

    def _zone(self, lesion: int, choice: PlanChoice) -> _Zone:
        widened = replace(from_surfaces(choice, self.maps.geometry), resection_margin_mm=0.0)
        around = around_lesion(self.maps, self.functional, lesion, self.boxes[lesion], widened)
        places, count = around.ablated(self._ball(lesion, around))
        return _Zone(self._part(places.astype(np.int32)), count)

    def _part(self, places: Few) -> Part:
        segment = self._segment[places]
        codes = np.flatnonzero(np.bincount(segment)).tolist()
        return Part(tuple((code, places[segment == code]) for code in codes))

    def _cut(
        self,
        margins: dict[int, Part],
        zones: dict[int, _Zone],
        removed: frozenset[CouinaudSegment],
    ) -> Atoms:
        """Refine the segments by parts, in place, and put all back as it was."""
        whole = (*margins.values(), *(zone.part for zone in zones.values()))
        parts = [part.outside(removed) for part in whole]
        cells = self._uncut()
        try:
            for number, part in enumerate(parts):
                _refine(self._cells, part, cells, 1 << number)
        finally:
            for segment, places in (one for part in parts for one in part.by_segment):
                self._cells[places] = segment
        return self._of_parts(cells, margins, zones)

    def _whole_cut(
        self, choice: PlanChoice, still_wanted: Callable[[], bool]
    ) -> RecipeAtoms | None:
        """Cut along all margins and zones of a choice, as the planner does, in a copy.

        ``None`` where nobody wants it any more, or its atoms would be too many to be quick.
        """
        margins = {one: self.margin(one, choice) for one in self.boxes}
        zones = {one: self.zone(one, choice) for one in self.boxes}
        cell_of, cells = self._cells_of_segments(), self._uncut()
        parts = (*margins.values(), *(zone.part for zone in zones.values()))
        for number, part in enumerate(parts):
            if not still_wanted() or len(cells.sizes) > MOST_CELLS:
                return None
            _refine(cell_of, part, cells, 1 << number)
        return self._with_volumes(self._of_parts(cells, margins, zones), margins, zones)

    def _cut_key(self, choice: PlanChoice) -> object:
        return "atoms", choice.resection_margin_mm, zone_form(choice)

    def _cells_of_segments(self) -> NDArray[np.int32]:
        return self._segment.astype(np.int32)

    def _uncut(self) -> _Cells:
        sizes = np.bincount(self.whole.segment, self.whole.voxels, SEGMENT_CODES)
        codes_of = list(range(SEGMENT_CODES))
        return _Cells(sizes.astype(int).tolist(), codes_of, [0] * SEGMENT_CODES)

    def _of_parts(self, cells: _Cells, margins: dict[int, Part], zones: dict[int, _Zone]) -> Atoms:
        counts = {one: zone.count for one, zone in zones.items()}
        rows = [self.lesion_ids.index(one) for one in (*margins, *zones)]
        return self._atoms(cells, rows, len(margins), self.whole.lesion_voxels, counts)

    def _with_volumes(
        self, atoms: Atoms, margins: dict[int, Part], zones: dict[int, _Zone]
    ) -> RecipeAtoms:
        return RecipeAtoms(
            atoms,
            margin_ml=self._volumes(margins),
            zone_ml=self._volumes({one: zone.part for one, zone in zones.items()}),
        )

    def _atoms(
        self,
        cells: _Cells,
        rows: Sequence[int],
        margins: int,
        lesion_voxels: NDArray[np.int64],
        counts: dict[int, int],
    ) -> Atoms:
        """Make atoms of cells; ``rows`` are the lesions of the parts, the margins first."""
        held = [number for number, size in enumerate(cells.sizes) if size]
        members = [cells.members[number] for number in held]
        shape = (len(held), len(self.lesion_ids))
        every = [counts.get(one, 1) for one in self.lesion_ids]
        return Atoms(
            lesion_ids=self.lesion_ids,
            voxel_ml=self.maps.geometry.voxel_volume_ml,
            segment=np.array([cells.segment_of[number] for number in held], np.int64),
            voxels=np.array([cells.sizes[number] for number in held], np.int64),
            resection=_incidence(members, rows[:margins], 0, shape),
            ablation=_incidence(members, rows[margins:], margins, shape),
            lesion_voxels=lesion_voxels,
            ablation_zones=np.array(every, np.int64),
        )

    def _volumes(self, parts: dict[int, Part]) -> NDArray[np.float64]:
        voxel_ml = self.maps.geometry.voxel_volume_ml
        found = [voxel_ml * len(parts.get(one, ())) for one in self.lesion_ids]
        return np.array(found, np.float64)

    def _keep(self, key: object, make: Callable[[], Any]) -> Any:  # noqa: ANN401  (what is made)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        found = make()
        self._kept[key] = found
        self._kept_bytes += found.nbytes
        while self._kept_bytes > MOST_KEPT_BYTES and len(self._kept) > 1:
            self._drop(next(iter(self._kept)))
        return found

    def _drop(self, key: object) -> None:
        self._kept_bytes -= self._kept.pop(key).nbytes


def zone_form(choice: PlanChoice) -> tuple[AblationShape, float, float]:
    """Return all of a choice that decides what an ablation zone takes."""
    return choice.ablation_shape, choice.ablation_margin_mm, choice.largest_zone_mm


def _nearest(segment: int, places: Few, squared_mm2: NDArray[np.float32]) -> _Nearest:
    """Sort one segment's voxels by their distance."""
    order = np.argsort(squared_mm2)
    nearest = squared_mm2[order]
    ends = np.flatnonzero(np.diff(nearest, append=np.float32(np.inf)) != 0.0) + 1
    return _Nearest(segment, places[order], nearest[ends - 1], ends.astype(np.int32))


def _incidence(
    members: Sequence[int], rows: Sequence[int], first: int, shape: tuple[int, int]
) -> csr_array:
    """Tell which atoms lie in which lesion's part; the bits of these parts begin at ``first``."""
    here = {1 << number: row for number, row in enumerate(rows, start=first)}
    held = sum(here)
    pairs = [(atom, here[bit]) for atom, bits in enumerate(members) for bit in _ones(bits & held)]
    atoms, columns = zip(*pairs, strict=True) if pairs else ((), ())
    places = (np.array(atoms, np.int64), np.array(columns, np.int64))
    return csr_array((np.ones(len(pairs), np.bool_), places), shape=shape)


def _ones(bits: int) -> Iterator[int]:
    """Yield the bits of a number that are set."""
    while bits:
        lowest = bits & -bits
        yield lowest
        bits ^= lowest


def _refine(cell_of: NDArray[np.int32], part: Part, cells: _Cells, bit: int) -> None:
    """Split cells, in place, along one part."""
    for _, places in part.by_segment:
        met = cell_of[places]
        counts = np.bincount(met, minlength=len(cells.sizes))
        numbers = np.flatnonzero(counts)
        renamed = np.zeros(len(cells.sizes), np.int32)
        renamed[numbers] = len(cells.sizes) + np.arange(len(numbers))
        cell_of[places] = renamed[met]
        for number in numbers.tolist():
            cells.split(number, int(counts[number]), bit)
