"""Ablation zones: the least bodies of a form that hold a lesion and the liver around it.

Whatever the form, a zone holds every voxel of its lesion and all functional liver within the
ablation margin of it. Where one zone would be wider than an ablation can be, overlapping balls of
the largest diameter cover the lesion and its margin. The fewest are not searched for: their number
is an upper bound of what is needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod, sqrt
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from remnant.core.boxes import Box, joint_box
from remnant.core.geometry import DIMENSIONS, Shape3
from remnant.core.plan_choice import AblationShape, PlanChoice
from volumetry.virtual_resection.zones import LesionCrop, Mask, Points, places_mm, rim

ROUNDING = 1.0 + 1e-5
"""Bodies are this much larger than computed, so that the voxels that define them lie inside."""
CENTRING_STEPS = 60
CELLS_PER_RADIUS = 8
MOST_CELLS = 100_000
"""Wider bodies are covered by a lattice of balls."""
HALF_CELL_DIAGONAL = sqrt(DIMENSIONS) / 2.0


@dataclass(frozen=True, slots=True, eq=False)
class AblationZone:
    """Voxels of one lesion's ablation, tumour and background included.

    Parameters
    ----------
    box
        Where they lie in the liver's box.
    mask
        The voxels, shape of ``box``.
    count
        How many overlapping zones it takes, at least 1.
    """

    box: Box
    mask: Mask
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class LeastBall:
    """Nearly the smallest ball that holds a lesion, whatever margin is added to it."""

    centre_mm: NDArray[np.float64]
    radius_mm: float

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return self.centre_mm.nbytes


@dataclass(frozen=True, slots=True, eq=False)
class _Body:
    """Ellipsoid: the places that ``to_unit`` takes into the unit ball around ``centre_mm``."""

    centre_mm: NDArray[np.float64]
    to_unit: NDArray[np.float64]

    @property
    def diameter_mm(self) -> float:
        return float(2.0 * np.linalg.norm(np.linalg.inv(self.to_unit), ord=2))


def ablation_zone(
    crop: LesionCrop,
    *,
    functional: Mask,
    edges_mm: NDArray[np.float64],
    shape: Shape3,
    choice: PlanChoice,
    ball: LeastBall | None = None,
) -> AblationZone:
    """Make the ablation zone of one lesion.

    Parameters
    ----------
    crop
        The lesion, measured as far as the ablation margin.
    functional
        Liver without tumour, shape of the crop.
    edges_mm
        Steps along the array axes as columns, in RAS mm.
    shape
        Of the liver's box, which the zone is cut to.
    choice
        Form, margin and largest diameter of one zone.
    ball
        The lesion's `least_ball`, where it is known already.

    Returns
    -------
    AblationZone
        ``SPHERE``: the ball around the centre of the lesion's bounding ball whose radius is the
        distance to the farthest voxel plus the margin. ``ELLIPSOID``: along the lesion's principal
        axes, in proportion to its extents plus the margin. ``CONFORMAL``: the lesion and what lies
        within the margin; its count is that of the balls which cover it.
    """
    held = _Held(crop, functional, edges_mm, choice.ablation_margin_mm)
    body = _grown(ball or least_ball(crop, edges_mm), choice.ablation_margin_mm)
    if choice.ablation_shape is AblationShape.ELLIPSOID:
        rim_mm = crop.rim_mm(edges_mm)
        body = _bounding_ellipsoid(rim_mm, held.rim_mm(), choice.ablation_margin_mm, edges_mm)
    bodies: Sequence[_Body] = (body,)
    if body.diameter_mm > choice.largest_zone_mm * ROUNDING:
        radius_mm = choice.largest_zone_mm / 2.0
        bodies = [_ball(centre, radius_mm) for centre in cover(held.places_mm(), radius_mm)]
    if choice.ablation_shape is AblationShape.CONFORMAL:
        return AblationZone(crop.box, held.mask(), len(bodies))
    box, mask = _union(bodies, edges_mm, shape)
    return AblationZone(box, mask, len(bodies))


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """What a zone has to hold: a lesion and the functional liver within a margin of it."""

    crop: LesionCrop
    functional: Mask
    edges_mm: NDArray[np.float64]
    margin_mm: float

    def mask(self) -> Mask:
        found: Mask = self.crop.lesion | (self.crop.within(self.margin_mm) & self.functional)
        return found

    def rim_mm(self) -> Points:
        return places_mm(rim(self.mask()), self.crop.box, self.edges_mm)

    def places_mm(self) -> Points:
        return places_mm(self.mask(), self.crop.box, self.edges_mm)


def cover(places: Points, radius_mm: float) -> Points:
    """Choose centres of balls so that each place lies in at least one ball.

    Parameters
    ----------
    places
        At least one, in mm.
    radius_mm
        Of every ball, above 0.

    Returns
    -------
    ndarray
        Shape ``(k, 3)``. From outside inwards: the next ball is the one that holds the most places
        not yet covered, of those balls that hold the outermost such place. Or balls of a
        body-centred cubic lattice, where these are fewer or the body is very wide.
    """
    lattice = _lattice_cover(places, radius_mm)
    cells = _Cells.of(places, radius_mm / CELLS_PER_RADIUS)
    if prod(cells.size) > MOST_CELLS:
        return lattice
    greedy = _greedy_cover(places, cells, radius_mm)
    return min(greedy, lattice, key=len)


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Cubes that hold places: their edge, how many there are, and the centre of each in mm."""

    step_mm: float
    low_mm: NDArray[np.float64]
    size: tuple[int, ...]

    @classmethod
    def of(cls, places: Points, step_mm: float) -> Self:
        low, high = places.min(axis=0), places.max(axis=0)
        return cls(step_mm, low, tuple(((high - low) // step_mm + 1).astype(int).tolist()))

    def centres_mm(self) -> NDArray[np.float64]:
        return self.low_mm + (np.moveaxis(np.indices(self.size), 0, -1) + 0.5) * self.step_mm

    def of_places(self, places: Points) -> NDArray[np.intp]:
        steps = ((places - self.low_mm) // self.step_mm).astype(np.intp)
        numbers: NDArray[np.intp] = np.ravel_multi_index(tuple(steps.T), self.size)
        return numbers


def _greedy_cover(places: Points, cells: _Cells, radius_mm: float) -> Points:
    kernel, centres = _Kernel.of(CELLS_PER_RADIUS, cells.size), cells.centres_mm()
    # places are known to their cell: this near to a centre they lie in its ball for certain
    surely_mm = radius_mm - HALF_CELL_DIAGONAL * cells.step_mm
    middle = places.mean(axis=0)
    chosen, left, cell = [], places, cells.of_places(places)
    while len(left):
        counts = np.bincount(cell, minlength=prod(cells.size)).reshape(cells.size)
        # the places that a ball around every cell would hold, by one convolution for all of them
        held = np.rint(kernel.convolved(counts.astype(np.float64)))
        outermost = left[np.argmax(_squared_lengths(left - middle))]
        holds_it = ((centres - outermost) ** 2).sum(axis=-1) <= surely_mm**2
        best = np.unravel_index(int(np.argmax(np.where(holds_it, held, 0.0))), cells.size)
        chosen.append(centres[best])
        outside = _squared_lengths(left - centres[best]) > radius_mm**2
        left, cell = left[outside], cell[outside]
    return np.array(chosen)


@dataclass(frozen=True, slots=True, eq=False)
class _Kernel:
    """Cells that a ball holds, ready to be laid around every cell of a grid at once.

    `scipy.signal.fftconvolve` does the same, and takes longer to import than a case to plan.
    """

    size: tuple[int, ...]
    padded: tuple[int, ...]
    reach: int
    spectrum: NDArray[np.complex128]

    @classmethod
    def of(cls, reach: int, size: tuple[int, ...]) -> Self:
        padded = tuple(fft.next_fast_len(n + 2 * reach, real=True) for n in size)
        return cls(size, padded, reach, fft.rfftn(_ball_of_cells(reach), padded))

    def convolved(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        found = fft.irfftn(fft.rfftn(counts, self.padded) * self.spectrum, self.padded)
        near: NDArray[np.float64] = found[
            tuple(slice(self.reach, self.reach + n) for n in self.size)
        ]
        return near


def _ball_of_cells(cells: int) -> NDArray[np.float64]:
    """Cells whose every place lies in a ball of ``cells`` cells' radius around a cell's centre."""
    steps = np.arange(-cells, cells + 1)
    lengths = np.sqrt(sum(s**2 for s in np.meshgrid(steps, steps, steps, sparse=True)))
    inside: NDArray[np.float64] = (lengths + HALF_CELL_DIAGONAL <= cells).astype(np.float64)
    return inside


def _lattice_cover(places: Points, radius_mm: float) -> Points:
    """Balls of a body-centred cubic lattice that hold a place; together they fill space."""
    # no point of space lies farther than √5 / 4 edges from such a lattice
    edge_mm = 4.0 * radius_mm / sqrt(5.0)
    low = places.min(axis=0)
    cubes = np.rint((places - low) / edge_mm)
    centred = np.floor((places - low) / edge_mm) + 0.5
    off_cube, off_centred = ((places - low) / edge_mm - c for c in (cubes, centred))
    nearer = _squared_lengths(off_cube) <= _squared_lengths(off_centred)
    used = np.unique(np.where(nearer[:, None], cubes, centred), axis=0)
    centres: Points = low + used * edge_mm
    return centres


def _squared_lengths(vectors: Points) -> NDArray[np.float64]:
    squared: NDArray[np.float64] = np.einsum("ij,ij->i", vectors, vectors)
    return squared


def _ball(centre_mm: NDArray[np.float64], radius_mm: float) -> _Body:
    return _Body(centre_mm, np.eye(DIMENSIONS) / radius_mm)


def least_ball(crop: LesionCrop, edges_mm: NDArray[np.float64]) -> LeastBall:
    """Return the ball that holds a lesion, around nearly the centre of the smallest such.

    Steps towards the farthest place (Badoiu and Clarkson 2003); the best centre on the way counts.
    """
    rim_mm = crop.rim_mm(edges_mm)
    centre = rim_mm.mean(axis=0)
    best, least = centre, np.inf
    for step in range(1, CENTRING_STEPS + 1):
        squared = _squared_lengths(rim_mm - centre)
        farthest = int(np.argmax(squared))
        if squared[farthest] < least:
            best, least = centre, squared[farthest]
        centre = centre + (rim_mm[farthest] - centre) / (step + 1)
    return LeastBall(best, sqrt(least))


def _grown(ball: LeastBall, margin_mm: float) -> _Body:
    return _ball(ball.centre_mm, max((ball.radius_mm + margin_mm) * ROUNDING, 1e-3))


def _bounding_ellipsoid(
    rim_mm: Points, held_mm: Points, margin_mm: float, edges_mm: NDArray[np.float64]
) -> _Body:
    """Ellipsoid along the principal axes of one set of places that just holds another.

    Its axes are in proportion to the extents of the first set plus the margin.
    """
    _, axes = np.linalg.eigh(np.cov(rim_mm.T, bias=True).reshape(DIMENSIONS, DIMENSIONS))
    along = rim_mm @ axes
    low, high = along.min(axis=0), along.max(axis=0)
    # places in one plane have no extent across it: half a voxel keeps the body a body
    least_mm = float(np.linalg.norm(edges_mm, axis=0).min()) / 2.0
    semi_mm = np.maximum((high - low) / 2.0 + margin_mm, least_mm)
    centre = axes @ ((low + high) / 2.0)
    to_unit = (axes / semi_mm).T
    farthest = np.linalg.norm((held_mm - centre) @ to_unit.T, axis=1).max()
    return _Body(centre, to_unit / max(float(farthest) * ROUNDING, ROUNDING - 1.0))


def _union(
    bodies: Sequence[_Body], edges_mm: NDArray[np.float64], shape: Shape3
) -> tuple[Box, Mask]:
    boxes = [_box_of(body, edges_mm, shape) for body in bodies]
    i, j, k = joint_box(boxes)
    mask = np.zeros((i.stop - i.start, j.stop - j.start, k.stop - k.start), np.bool_)
    for body, box in zip(bodies, boxes, strict=True):
        part = tuple(
            slice(side.start - whole.start, side.stop - whole.start)
            for side, whole in zip(box, (i, j, k), strict=True)
        )
        mask[part] |= _voxels(body, box, edges_mm)
    return (i, j, k), mask


def _box_of(body: _Body, edges_mm: NDArray[np.float64], shape: Shape3) -> Box:
    """Smallest box around a body that lies in the liver's box; empty where they do not meet."""
    to_index = np.linalg.inv(edges_mm)
    centre = to_index @ body.centre_mm
    half = np.linalg.norm(to_index @ np.linalg.inv(body.to_unit), axis=1)
    first = np.clip(np.ceil(centre - half), 0, shape).astype(int)
    last = np.clip(np.floor(centre + half) + 1, first, shape).astype(int)
    i, j, k = (slice(int(a), int(b)) for a, b in zip(first, last, strict=True))
    return (i, j, k)


def _voxels(body: _Body, box: Box, edges_mm: NDArray[np.float64]) -> Mask:
    """Tell which voxels of a box have their centre in a body."""
    steps = body.to_unit @ edges_mm
    start = body.to_unit @ body.centre_mm
    squared: NDArray[np.float64] | float = 0.0
    for row in range(DIMENSIONS):
        # an axis that a row does not depend on keeps one place: most bodies then cost one pass
        i, j, k = (
            np.arange(side.start, side.stop) * step if step else np.zeros(1)
            for side, step in zip(box, steps[row], strict=True)
        )
        squared = squared + (i[:, None, None] + j[:, None] + (k - start[row])) ** 2
    inside: Mask = np.asarray(squared <= 1.0)
    return inside
