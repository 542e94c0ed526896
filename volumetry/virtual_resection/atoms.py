"""The liver as atoms: cells of functional liver that the same margins and zones cover.

Margins of neighbouring lesions overlap, so that what a plan costs is a union and not a sum. Cut
into the cells of the Venn diagram of segments, resection margins and ablation zones, every union is
a plain sum again, exact to the voxel.

The cells are made by refinement: the liver starts as one cell for each segment, and every margin
and zone splits each cell that it meets in two. No two cells of the result have the same membership,
and none has two, by construction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from remnant.core.boxes import Box
from remnant.core.debulking import Fate
from remnant.core.errors import InputError
from remnant.core.geometry import Geometry, Shape3
from remnant.core.labels import SEGMENT_CODES
from remnant.core.plan_choice import LARGEST_MARGIN_MM, AblationShape, PlanChoice
from remnant.core.recipe import CORE_SHARE_MINIMUM
from volumetry.liver_maps import LiverMaps
from volumetry.virtual_resection.ablation_zones import (
    AblationZone,
    LeastBall,
    ablation_zone,
    least_ball,
)
from volumetry.virtual_resection.zones import (
    LesionCrop,
    Mask,
    flat_places,
    lesion_boxes,
    lesion_crop,
)

Places = NDArray[np.int64]
"""Positions in the flattened liver box (C order)."""

NOT_FUNCTIONAL = -1
DIAGONALS = 8.0
"""Of a voxel's diagonal one part in so many lies between surface and outermost centres."""


@dataclass(frozen=True, slots=True, eq=False)
class Atoms:
    """Functional liver in cells, and the tumour by lesion and segment.

    Parameters
    ----------
    lesion_ids
        The ``m`` lesions that count, ascending; columns of the tables below.
    voxel_ml
        Volume of one voxel.
    segment
        Couinaud code of each of the ``n`` atoms, shape ``(n,)``; 0 for liver without a segment.
    voxels
        Size of each atom, shape ``(n,)``. Their sum is the functional liver.
    resection, ablation
        Whether an atom lies in the resection margin, or the ablation zone, of a lesion: boolean,
        shape ``(n, m)``.
    lesion_voxels
        Tumour voxels by lesion and segment code, shape ``(m, 9)``.
    ablation_zones
        How many overlapping zones each lesion's ablation takes, at least 1; shape ``(m,)``.
    """

    lesion_ids: tuple[int, ...]
    voxel_ml: float
    segment: NDArray[np.int64]
    voxels: NDArray[np.int64]
    resection: csr_array
    ablation: csr_array
    lesion_voxels: NDArray[np.int64]
    ablation_zones: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class LiverZones:
    """Atoms of one liver, and where every margin and zone lies in it.

    Parameters
    ----------
    atoms
        Cells and tumour.
    resection, ablation
        For each lesion of ``atoms.lesion_ids`` the functional voxels of its resection margin and
        of its ablation zone: positions in the flattened liver box (``LiverMaps.liver``, C order),
        ascending.
    """

    atoms: Atoms
    resection: tuple[Places, ...]
    ablation: tuple[Places, ...]


@dataclass(frozen=True, slots=True, eq=False)
class TreatedZones:
    """The same by lesion, of those lesions alone whose margin, or zone, a plan takes."""

    resection: dict[int, Places]
    ablation: dict[int, Places]


def build_atoms(maps: LiverMaps, *, lesion_ids: tuple[int, ...], choice: PlanChoice) -> LiverZones:
    """Cut the functional liver into atoms.

    Parameters
    ----------
    maps
        The liver's maps.
    lesion_ids
        Lesions that count, ascending; all others are functional liver. One without a voxel has
        neither margin nor zone.
    choice
        Margins, and the form of the ablation zones.

    Returns
    -------
    LiverZones
        Without a Couinaud map all atoms have segment 0.

    Raises
    ------
    InputError
        The ids are not positive, unique and ascending.
    """
    if list(lesion_ids) != sorted(set(lesion_ids)) or min(lesion_ids, default=1) < 1:
        raise InputError(f"lesion ids are {lesion_ids}; allowed are positive ids, ascending")
    choice = from_surfaces(choice, maps.geometry)
    functional, lesion_voxels = tissue(maps, lesion_ids)
    margins, zones, counts = _covered(maps, functional, lesion_ids, choice)
    cells = _whole_segments(maps, functional)
    segment_of = _refine(cells, [*margins, *zones])
    number, sizes = _numbered(cells, len(segment_of))
    held = sizes > 0
    atoms = Atoms(
        lesion_ids=lesion_ids,
        voxel_ml=maps.geometry.voxel_volume_ml,
        segment=segment_of[held],
        voxels=sizes[held],
        resection=_incidence(margins, cells, number),
        ablation=_incidence(zones, cells, number),
        lesion_voxels=lesion_voxels,
        ablation_zones=counts,
    )
    return LiverZones(atoms, tuple(margins), tuple(zones))


def treated_zones(
    maps: LiverMaps, fates: Sequence[Mapping[int, Fate]], *, choice: PlanChoice
) -> TreatedZones:
    """Return the margins and zones that some plans take, and no others; no atoms are made.

    Parameters
    ----------
    maps
        The liver's maps.
    fates
        What each plan does with every lesion that counts, by its id.
    choice
        Margins, and the form of the ablation zones.
    """
    lesion_ids = tuple(sorted(set().union(*fates)))
    choice = from_surfaces(choice, maps.geometry)
    functional = maps.liver & ~_is_tumour(maps, lesion_ids)
    found = TreatedZones({}, {})
    for code, box in lesion_boxes(maps.lesions, lesion_ids).items():
        wanted = {fate.get(code) for fate in fates}
        if not wanted & {Fate.WITH_SEGMENTS, Fate.WEDGE, Fate.ABLATED}:
            continue
        around = around_lesion(maps, functional, code, box, choice)
        if wanted & {Fate.WITH_SEGMENTS, Fate.WEDGE}:
            found.resection[code] = around.margin()
        if Fate.ABLATED in wanted:
            found.ablation[code] = around.ablated()[0]
    return found


def margin_allowance_mm(geometry: Geometry) -> float:
    """Return how far a lesion's surface lies outside its outermost voxel centres, on average.

    An eighth of the voxel's diagonal. Margins are asked for from the surface and measured from
    centre to centre: without it those of balls of 4 to 15 mm come out 4 to 27 % too small, with it
    mostly within 5 % (voxels of 0.8 x 0.8 x 1 to 5 mm); on a coarse even grid, where a margin is
    two or three voxels wide, still up to 13 % too small.
    """
    return float(np.linalg.norm(geometry.affine_ras[:3, :3])) / DIAGONALS


def from_surfaces(choice: PlanChoice, geometry: Geometry) -> PlanChoice:
    """Measure margins from surfaces, see `margin_allowance_mm`; no margin stays none."""
    allowance_mm = margin_allowance_mm(geometry)

    def widened(margin_mm: float) -> float:
        return min(margin_mm + allowance_mm, LARGEST_MARGIN_MM) if margin_mm > 0.0 else 0.0

    return replace(
        choice,
        resection_margin_mm=widened(choice.resection_margin_mm),
        ablation_margin_mm=widened(choice.ablation_margin_mm),
    )


def tissue(maps: LiverMaps, lesion_ids: tuple[int, ...]) -> tuple[Mask, NDArray[np.int64]]:
    """Return where the liver is functional, and tumour voxels by lesion and segment."""
    row_of = np.zeros(max(int(maps.lesions.max()), *lesion_ids, 0) + 1, np.int64)
    row_of[list(lesion_ids)] = np.arange(1, len(lesion_ids) + 1)
    tumour = _is_tumour(maps, lesion_ids)
    rows = row_of[maps.lesions[tumour]] - 1
    pairs = rows * SEGMENT_CODES
    if maps.segments is not None:
        pairs = pairs + maps.segments[tumour]
    counts = np.bincount(pairs, minlength=len(lesion_ids) * SEGMENT_CODES)
    return maps.liver & ~tumour, counts.reshape(len(lesion_ids), SEGMENT_CODES)


def _is_tumour(maps: LiverMaps, lesion_ids: tuple[int, ...]) -> Mask:
    """Where lesions that count are."""
    counts = np.zeros(max(int(maps.lesions.max()), *lesion_ids, 0) + 1, np.bool_)
    counts[list(lesion_ids)] = True
    tumour: Mask = counts[maps.lesions]
    return tumour


def _covered(
    maps: LiverMaps, functional: Mask, lesion_ids: tuple[int, ...], choice: PlanChoice
) -> tuple[list[Places], list[Places], NDArray[np.int64]]:
    """Functional voxels of every margin and zone, and how many zones there are."""
    nowhere = np.empty(0, np.int64)
    margins, zones = [nowhere] * len(lesion_ids), [nowhere] * len(lesion_ids)
    counts = np.ones(len(lesion_ids), np.int64)
    boxes = lesion_boxes(maps.lesions, lesion_ids)
    for row, code in enumerate(lesion_ids):
        if code in boxes:
            around = around_lesion(maps, functional, code, boxes[code], choice)
            margins[row] = margin = around.margin()
            ablated, counts[row] = around.ablated()
            # a conformal zone is often just the margin: one array then stands for both in memory
            same = choice.ablation_shape is AblationShape.CONFORMAL
            zones[row] = margin if same and np.array_equal(margin, ablated) else ablated
    return margins, zones, counts


@dataclass(frozen=True, slots=True, eq=False)
class Around:
    """One lesion, and the functional liver near it."""

    crop: LesionCrop
    functional: Mask
    edges_mm: NDArray[np.float64]
    choice: PlanChoice

    def margin(self) -> Places:
        """Return the functional voxels of the resection margin."""
        near = self.crop.within(self.choice.resection_margin_mm) & self.functional[self.crop.box]
        return flat_places(near, self.crop.box, self._shape)

    def ball(self) -> LeastBall:
        """Return the least ball that holds the lesion, which no margin changes."""
        return least_ball(self.crop, self.edges_mm)

    def ablated(self) -> tuple[Places, int]:
        """Return the functional voxels that an ablation destroys, and in how many zones."""
        zone = self.zone()
        mask = zone.mask & self.functional[zone.box]
        return flat_places(mask, zone.box, self._shape), zone.count

    def zone(self, ball: LeastBall | None = None) -> AblationZone:
        """Return the ablation zone, tumour and background included."""
        return ablation_zone(
            self.crop, functional=self.functional[self.crop.box], edges_mm=self.edges_mm,
            shape=self._shape, choice=self.choice, ball=ball,
        )  # fmt: skip

    @property
    def _shape(self) -> Shape3:
        i, j, k = self.functional.shape
        return (i, j, k)


def around_lesion(
    maps: LiverMaps, functional: Mask, code: int, box: Box, choice: PlanChoice
) -> Around:
    """Cut a lesion out with the liver around it; margins are those of `from_surfaces`."""
    edges_mm = maps.geometry.affine_ras[:3, :3]
    reach_mm = max(choice.resection_margin_mm, choice.ablation_margin_mm)
    crop = lesion_crop(
        maps.lesions, code, box, functional=functional, edges_mm=edges_mm, reach_mm=reach_mm
    )
    return Around(crop, functional, edges_mm, choice)


def _whole_segments(maps: LiverMaps, functional: Mask) -> NDArray[np.int32]:
    """Segment of every functional voxel of the flattened box."""
    cells = np.full(functional.shape, NOT_FUNCTIONAL, np.int32)
    np.copyto(cells, 0 if maps.segments is None else maps.segments, where=functional)
    return cells.ravel()


def _refine(cells: NDArray[np.int32], parts: Sequence[Places]) -> NDArray[np.int64]:
    """Split cells, in place, along every part; return the segment of each cell, some now empty."""
    segment_of = list(range(SEGMENT_CODES))
    for part in parts:
        met = cells[part]
        numbers = np.flatnonzero(np.bincount(met, minlength=len(segment_of)))
        # the met part of a cell gets a new number, the rest keeps the old: no voxel is read twice
        renamed = np.zeros(len(segment_of), np.int32)
        renamed[numbers] = len(segment_of) + np.arange(len(numbers))
        cells[part] = renamed[met]
        segment_of.extend([segment_of[number] for number in numbers])
    return np.array(segment_of, np.int64)


def _numbered(cells: NDArray[np.int32], count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give cells that hold a voxel their place among such cells, and every cell its size."""
    sizes = np.bincount(cells[cells >= 0], minlength=count)
    return np.cumsum(sizes > 0) - 1, sizes


def _incidence(
    parts: Sequence[Places], cells: NDArray[np.int32], number: NDArray[np.int64]
) -> csr_array:
    """Tell which atoms lie in which part; an atom lies in it wholly or not at all."""
    inside = [number[np.flatnonzero(np.bincount(cells[part]))] for part in parts]
    columns = np.repeat(np.arange(len(parts)), [len(atoms) for atoms in inside])
    rows = np.concatenate([np.empty(0, np.int64), *inside])
    shape = (int(number[-1]) + 1, len(parts))
    return csr_array((np.ones(len(rows), np.bool_), (rows, columns)), shape=shape)


def core_segments(atoms: Atoms) -> Mask:
    """Tell in which segments each lesion lies with at least 1 % of its voxels; shape ``(m, 9)``."""
    least = np.maximum(CORE_SHARE_MINIMUM * atoms.lesion_voxels.sum(axis=1, keepdims=True), 1)
    core: Mask = np.greater_equal(atoms.lesion_voxels, least)
    return core
