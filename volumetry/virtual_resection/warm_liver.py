"""A liver of which recipe after recipe is asked: only what they take is cut into cells.

`volumetry.virtual_resection.atoms.build_atoms` cuts the liver along the margins and zones of all
lesions, which the optimiser needs. A recipe needs those of the lesions that it treats. What was
found around a lesion is kept for the next recipe: distances serve every margin, zones the form and
size that they were made for, and cells everything that was cut into them.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from threading import RLock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from remnant.core.boxes import Box, widened
from remnant.core.geometry import Shape3
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
from volumetry.virtual_resection.liver_cells import Counts, Key, LiverCells, Part
from volumetry.virtual_resection.zones import SAME_SQUARED, Mask, index_reach, lesion_boxes

REACHES_MM: Final = (12.0, 21.0)
"""As far as the first of them that is enough distances are measured at once, so that a margin
changes without measuring anew: most are smaller than the first, nearly all than the last."""
MOST_CELLS: Final = 20_000
"""With more of them, and twice as many as a recipe needed, cells are cut anew: those of parts that
nobody asks for any more cost time."""
MOST_KEPT_BYTES: Final = 512 * 1024 * 1024
SHARE_REACHED_OUT: Final = 0.9
"""Of the memory; the rest stays for zones, so that distances drive none out."""


@dataclass(frozen=True, slots=True, eq=False)
class RecipeAtoms:
    """Atoms that hold what one recipe takes.

    Parameters
    ----------
    atoms
        Margins and zones of lesions that are not treated are left out.
    margin_ml, zone_ml
        Functional liver in the whole margin and zone of each treated lesion, 0 of all others;
        shape ``(m,)``.
    """

    atoms: Atoms
    margin_ml: NDArray[np.float64]
    zone_ml: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Distances:
    """How far functional liver around a lesion lies from it, as far as was asked for.

    ``squared_mm2`` has the shape of ``box`` and is infinite outside functional liver.
    """

    own_box: Box
    box: Box
    squared_mm2: NDArray[np.float32]

    @property
    def nbytes(self) -> int:
        return self.squared_mm2.nbytes

    def within(self, margin_mm: float, edges_mm: NDArray[np.float64], shape: Shape3) -> Part:
        """Return what lies within a margin, which the reach holds."""
        box = widened(self.own_box, index_reach(edges_mm, margin_mm), shape)
        i, j, k = (
            slice(inner.start - outer.start, inner.stop - outer.start)
            for inner, outer in zip(box, self.box, strict=True)
        )
        return Part.of(box, self.squared_mm2[i, j, k] <= margin_mm**2 * SAME_SQUARED)


@dataclass(frozen=True, slots=True, eq=False)
class _Zone:
    """Functional voxels that an ablation destroys, and in how many zones."""

    part: Part
    count: int

    @property
    def nbytes(self) -> int:
        return self.part.nbytes


@dataclass(slots=True, eq=False)
class WarmLiver:
    """One liver with what was found around its lesions; any thread may ask it.

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
    _segment: NDArray[np.uint8] = field(init=False)
    _voxels: Counts = field(init=False)
    _cells: LiverCells | None = field(init=False, default=None)
    _needed: int = field(init=False, default=0)
    """Cells that the recipe took for which they were cut anew."""
    _kept: OrderedDict[Key, Any] = field(init=False, default_factory=OrderedDict)
    _kept_bytes: int = field(init=False, default=0)
    _keeping: Any = field(init=False, default_factory=RLock)
    _cutting: Any = field(init=False, default_factory=RLock)

    def __post_init__(self) -> None:
        maps, ids = self.maps, self.lesion_ids
        self.functional, lesion_voxels = tissue(maps, ids)
        self.boxes = lesion_boxes(maps.lesions, ids)
        self._segment = np.zeros(self.functional.shape, np.uint8)
        if maps.segments is not None:
            np.copyto(self._segment, maps.segments, where=self.functional, casting="unsafe")
        self._voxels = np.bincount(self._segment.ravel(), minlength=SEGMENT_CODES)
        self._voxels[0] -= self._segment.size - int(np.count_nonzero(self.functional))
        held = np.flatnonzero(self._voxels)
        nothing = csr_array((len(held), len(ids)), dtype=np.bool_)
        self.whole = Atoms(
            lesion_ids=ids, voxel_ml=maps.geometry.voxel_volume_ml, segment=held,
            voxels=self._voxels[held], resection=nothing, ablation=nothing,
            lesion_voxels=lesion_voxels, ablation_zones=np.ones(len(ids), np.int64),
        )  # fmt: skip

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        cells = 0 if self._cells is None else self._cells.nbytes
        return self.functional.nbytes + self._segment.nbytes + cells + self._kept_bytes

    def warm(self, choice: PlanChoice, *, still_wanted: Callable[[], bool] = lambda: True) -> None:
        """Find the distances and zones of a choice, so that its first recipes do not wait.

        Parameters
        ----------
        choice
            Margins, and the form of the ablation zones.
        still_wanted
            Asked before each lesion; nothing more is found once it says no.
        """
        margin_mm = self._margin_mm(choice)
        for lesion in self.boxes:
            if not still_wanted():
                return
            self._zone(lesion, choice)
            self._distances(lesion, margin_mm)

    def reach_out(self, *, still_wanted: Callable[[], bool] = lambda: True) -> None:
        """Measure distances as far as nearly every margin reaches, while memory allows it.

        ``still_wanted`` is asked before each lesion, as by `warm`.
        """
        for lesion in self.boxes:
            if not still_wanted() or self._kept_bytes > SHARE_REACHED_OUT * MOST_KEPT_BYTES:
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
        inside = self._inside(frozenset(recipe.segments))
        resected = sorted({*inside, *recipe.wedges} & set(self.boxes))
        ablated = sorted(set(recipe.ablations) & set(self.boxes))
        margin_mm, form = self._margin_mm(choice), zone_form(choice)
        margins: dict[Key, int] = {("margin", one, margin_mm): one for one in resected}
        zones: dict[Key, int] = {("zone", one, *form): one for one in ablated}
        counts = {one: self._zone(one, choice).count for one in ablated}
        with self._cutting:
            cells = self._cells_for({*margins, *zones})
            try:
                for key, one in margins.items():
                    cells.cut(key, partial(self._margin, one, margin_mm))
                for key, one in zones.items():
                    cells.cut(key, partial(self.zone, one, choice))
            except BaseException:
                self._cells = None  # cells that are half cut would count wrong ever after
                raise
            self._needed = self._needed or len(cells)
            return self._recipe_atoms(cells, margins, zones, counts)

    def margin(self, lesion: int, choice: PlanChoice) -> Part:
        """Return the functional voxels of a lesion's resection margin."""
        return self._margin(lesion, self._margin_mm(choice))

    def zone(self, lesion: int, choice: PlanChoice) -> Part:
        """Return the functional voxels of a lesion's ablation zone."""
        return self._zone(lesion, choice).part

    @property
    def _edges_mm(self) -> NDArray[np.float64]:
        return self.maps.geometry.affine_ras[:3, :3]

    def _margin_mm(self, choice: PlanChoice) -> float:
        return from_surfaces(choice, self.maps.geometry).resection_margin_mm

    def _margin(self, lesion: int, margin_mm: float) -> Part:
        i, j, k = self.functional.shape
        return self._distances(lesion, margin_mm).within(margin_mm, self._edges_mm, (i, j, k))

    def _inside(self, removed: frozenset[CouinaudSegment]) -> Iterator[int]:
        """Yield the lesions that lie wholly in removed segments."""
        kept = np.ones(SEGMENT_CODES, np.bool_)
        kept[[int(segment) for segment in removed]] = False
        core = core_segments(self.whole)
        for lesion, inside in zip(self.lesion_ids, ~(core @ kept), strict=True):
            if inside:
                yield lesion

    def _distances(self, lesion: int, least_mm: float) -> _Distances:
        reaches = [reach for reach in REACHES_MM if reach >= least_mm] or [least_mm]
        keys: list[Key] = [("distances", lesion, reach) for reach in reaches]
        known = next((key for key in keys if key in self._kept), keys[0])
        found: _Distances = self._keep(known, lambda: self._measured(lesion, reaches[0]))
        if known == ("distances", lesion, REACHES_MM[-1]):
            self._drop(*(("distances", lesion, reach) for reach in REACHES_MM[:-1]))
        return found

    def _measured(self, lesion: int, reach_mm: float) -> _Distances:
        asked = replace(PlanChoice(), resection_margin_mm=reach_mm, ablation_margin_mm=0.0)
        own = self.boxes[lesion]
        crop = around_lesion(self.maps, self.functional, lesion, own, asked).crop
        squared = crop.squared_mm2.astype(np.float32, order="C")
        squared[crop.lesion | ~self.functional[crop.box]] = np.inf
        return _Distances(own, crop.box, squared)

    def _ball(self, lesion: int, around: Around) -> LeastBall:
        ball: LeastBall = self._keep(("ball", lesion), around.ball)
        return ball

    def _zone(self, lesion: int, choice: PlanChoice) -> _Zone:
        key = ("zone", lesion, *zone_form(choice))
        zone: _Zone = self._keep(key, lambda: self._zone_around(lesion, choice))
        return zone

    def _zone_around(self, lesion: int, choice: PlanChoice) -> _Zone:
        widened_choice = replace(from_surfaces(choice, self.maps.geometry), resection_margin_mm=0.0)
        around = around_lesion(
            self.maps, self.functional, lesion, self.boxes[lesion], widened_choice
        )
        zone = around.zone(self._ball(lesion, around))
        return _Zone(Part.of(zone.box, zone.mask & self.functional[zone.box]), zone.count)

    def _cells_for(self, keys: set[Key]) -> LiverCells:
        """Return the cells that were cut so far, or new ones where most of them are for nothing."""
        cells = self._cells
        many = cells is not None and len(cells) > max(MOST_CELLS, 2 * self._needed)
        if cells is None or (many and not keys.issuperset(cells.parts)):
            self._cells, self._needed = None, 0  # before the next: both would be much memory
            self._cells = cells = LiverCells(self._segment, self._voxels)
        return cells

    def _recipe_atoms(
        self,
        cells: LiverCells,
        margins: dict[Key, int],
        zones: dict[Key, int],
        counts: dict[int, int],
    ) -> RecipeAtoms:
        """Make atoms of the cells that parts hold, and of what is left of each segment."""
        inside = cells.inside([*margins, *zones])
        held = inside.any(axis=1)
        left = np.bincount(cells.codes[~held], cells.sizes[~held], minlength=SEGMENT_CODES)
        codes = np.flatnonzero(left)
        columns = (self._columns(keys) for keys in (margins, zones))
        parts = np.split(inside[held], [len(margins)], axis=1)
        resection, ablation = (
            _incidence(part, column, (len(part) + len(codes), len(self.lesion_ids)))
            for part, column in zip(parts, columns, strict=True)
        )
        atoms = replace(
            self.whole,
            segment=np.concatenate((cells.codes[held].astype(np.int64), codes)),
            voxels=np.concatenate((cells.sizes[held], left[codes].astype(np.int64))),
            resection=resection,
            ablation=ablation,
            ablation_zones=np.array([counts.get(one, 1) for one in self.lesion_ids], np.int64),
        )
        return RecipeAtoms(
            atoms,
            margin_ml=self._volumes_ml(cells, margins),
            zone_ml=self._volumes_ml(cells, zones),
        )

    def _columns(self, parts: dict[Key, int]) -> list[int]:
        return [self.lesion_ids.index(lesion) for lesion in parts.values()]

    def _volumes_ml(self, cells: LiverCells, parts: dict[Key, int]) -> NDArray[np.float64]:
        found = np.zeros(len(self.lesion_ids))
        found[self._columns(parts)] = [cells.parts[key] for key in parts]
        return found * self.maps.geometry.voxel_volume_ml

    def _keep(self, key: Key, make: Callable[[], Any]) -> Any:  # noqa: ANN401  (what is made)
        with self._keeping:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        # made without the lock: who asks for something else need not wait for it
        found = make()
        with self._keeping:
            if key not in self._kept:
                self._kept[key] = found
                self._kept_bytes += found.nbytes
            while self._kept_bytes > MOST_KEPT_BYTES and len(self._kept) > 1:
                self._drop(next(iter(self._kept)))
        return found

    def _drop(self, *keys: Key) -> None:
        with self._keeping:
            for key in keys:
                if key in self._kept:
                    self._kept_bytes -= self._kept.pop(key).nbytes


def zone_form(choice: PlanChoice) -> tuple[AblationShape, float, float]:
    """Return all of a choice that decides what an ablation zone takes."""
    return choice.ablation_shape, choice.ablation_margin_mm, choice.largest_zone_mm


def _incidence(inside: Mask, columns: Sequence[int], shape: tuple[int, int]) -> csr_array:
    """Tell which atoms lie in which lesion's part; ``inside`` has a column for each part."""
    atoms, parts = np.nonzero(inside)
    places = (atoms, np.array(columns, np.int64)[parts])
    return csr_array((np.ones(len(atoms), np.bool_), places), shape=shape)
