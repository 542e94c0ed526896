"""Portal and hepatic trees grown into a liver whose Couinaud segments are known.

The hepatic veins run from a vena cava in the groove behind the caudate lobe along the borders of
the segments, the portal branches from the hilum to the middle of each segment; both sprout side
branches at random places. They are anatomy enough to find and to part, and no more than that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.graph import MCP_Geometric

from remnant.core.geometry import Geometry
from remnant.core.labels import CouinaudSegment as S
from remnant.core.labels import Structure
from remnant.core.vessels import VesselName as V

CAVA_RADIUS_MM, TRUNK_RADIUS_MM = 11.0, 6.5
TWIG_RADIUS_MM: Final = 1.0
GROWTH: Final = 0.42
"""Power of the number of tips beyond a place that its radius grows with; Murray has a third."""
LARGEST_RADIUS_MM: Final[Mapping[Structure, float]] = {
    Structure.PORTAL_VEIN: 5.5,
    Structure.HEPATIC_VEINS: 4.8,
}
CAVA_SMOOTH: Final = 9.0
GENERATIONS: Final = (10, 18, 26)
"""Side branches that each round of growth adds to each tree."""
CLEAR_MM: Final = 5.0
NOISE: Final = 0.35
LEAST_COST: Final = 0.05
"""Of a step: none is free, nor forbidden."""
OUTSIDE_COST: Final = 20.0
CROSSING_COST: Final = 40.0
CLEAR_OF_VEINS_MM: Final = 7.0
LOWEST_END_MM: Final = 30.0
"""How far below the liver's middle a hepatic vein may end."""
Places = NDArray[np.float64]
Voxel = tuple[int, ...]
Grown = dict[Voxel, "Voxel | None"]
HEPATIC_NAMES: Final = (V.RIGHT_HEPATIC_VEIN, V.MIDDLE_HEPATIC_VEIN, V.LEFT_HEPATIC_VEIN)
PORTAL_NAMES: Final = (
    V.LEFT_PORTAL_VEIN,
    V.RIGHT_ANTERIOR_PORTAL_VEIN,
    *(V.LEFT_PORTAL_VEIN,) * 3,
    *(V.RIGHT_ANTERIOR_PORTAL_VEIN,) * 2,
    *(V.RIGHT_POSTERIOR_PORTAL_VEIN,) * 2,
)
"""Of the stems, in the order that they are planned in."""
SHARED: Final[Mapping[frozenset[V], V]] = {
    frozenset((V.RIGHT_ANTERIOR_PORTAL_VEIN, V.RIGHT_POSTERIOR_PORTAL_VEIN)): V.RIGHT_PORTAL_VEIN,
    frozenset(PORTAL_NAMES): V.PORTAL_TRUNK,
}
"""Names of what several named branches share."""


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """Points along one vessel with the radius at each, in RAS mm."""

    points_mm: Places
    radii_mm: Places


@dataclass(frozen=True, slots=True, eq=False)
class GrownVessels:
    """Vessels of one liver: courses inside by tree, and the two great vessels outside.

    Parameters
    ----------
    trees
        Courses of the portal vein's and of the hepatic veins' branches.
    cava, trunk
        The vena cava, and the portal vein before the liver.
    branches, stems
        The named branches: all of each, its points in no order, and its longest way outward.
    """

    trees: Mapping[Structure, tuple[Course, ...]]
    cava: Course
    trunk: Course
    branches: Mapping[V, Course]
    stems: Mapping[V, Course]


def grow_vessels(codes: NDArray[Any], grid: Geometry, *, seed: int) -> GrownVessels:
    """Grow both trees into a liver.

    Parameters
    ----------
    codes
        Couinaud segments on an upright grid of equal steps, 0 outside the liver; with a margin of
        at least 30 mm.
    grid
        Their grid.
    seed
        Of the side branches and of the courses' irregularity.
    """
    liver = _Liver(codes, float(grid.spacing_mm[0]), np.random.default_rng(seed))
    cava = liver.cava()
    hepatic_stems = liver.hepatic_stems(cava)
    hepatic = liver.grown(hepatic_stems, clear_of=np.zeros(codes.shape, bool))
    veins = np.zeros(codes.shape, dtype=bool)
    veins[tuple(np.array(list(hepatic)).T)] = True
    hilum = liver.nearest_to((S.I,), (S.IV,), (S.V,), (S.VIII,))
    portal_stems = liver.portal_stems(hilum, veins)
    portal = liver.grown(portal_stems, clear_of=veins)
    up = np.argsort(cava[:, 2])
    named = (
        _Named(hepatic, hepatic_stems, HEPATIC_NAMES, Structure.HEPATIC_VEINS),
        _Named(portal, portal_stems, PORTAL_NAMES, Structure.PORTAL_VEIN),
    )
    return GrownVessels(
        trees={
            Structure.PORTAL_VEIN: _courses(portal, grid, Structure.PORTAL_VEIN),
            Structure.HEPATIC_VEINS: _courses(hepatic, grid, Structure.HEPATIC_VEINS),
        },
        cava=_even_course(cava[up], grid, CAVA_RADIUS_MM),
        trunk=_even_course(liver.trunk(hilum), grid, TRUNK_RADIUS_MM),
        branches=named[0].branches(grid) | named[1].branches(grid),
        stems=named[0].stems(grid) | named[1].stems(grid),
    )


class _Liver:
    """A liver's segments with the distances that courses are planned by."""

    def __init__(self, codes: NDArray[Any], step_mm: float, rng: np.random.Generator) -> None:
        self.codes, self.step_mm, self.rng = codes, step_mm, rng
        self.inside = codes > 0
        self.depth_mm = ndimage.distance_transform_edt(self.inside) * step_mm
        self.away_mm = ndimage.distance_transform_edt(~self.inside) * step_mm
        rough = ndimage.gaussian_filter(rng.normal(size=codes.shape), 2.0)
        self.rough = np.maximum(1.0 + NOISE * rough / rough.std(), LEAST_COST)

    def distance_mm(self, segments: Sequence[S]) -> Places:
        """Distance of every voxel to a group of segments."""
        found: Places = ndimage.distance_transform_edt(~np.isin(self.codes, segments))
        return found * self.step_mm

    def nearest_to(self, *groups: Sequence[S]) -> Voxel:
        """Return the liver's voxel that is nearest to several groups of segments."""
        total = sum(self.distance_mm(group) for group in groups)
        found = np.where(self.inside, total, np.inf).argmin()
        return tuple(int(x) for x in np.unravel_index(found, self.codes.shape))

    def middle_of(self, segment: S) -> Voxel:
        """Return a segment's innermost voxel, nearest to its middle."""
        own = np.argwhere(self.codes == segment)
        nearest = own[np.linalg.norm(own - own.mean(axis=0), axis=1).argmin()]
        return tuple(int(x) for x in nearest)

    def cava(self) -> NDArray[np.intp]:
        """Return the vena cava's middle in the groove between caudate and right lobe, upwards."""
        filled = np.argwhere(self.inside)
        low, high = filled[:, 2].min(), filled[:, 2].max()
        left, right = self.distance_mm((S.I, S.II, S.IV)), self.distance_mm((S.VII, S.VIII, S.VI))
        caudate = np.argwhere(self.codes == S.I).mean(axis=0)
        cost = left + right
        cost[self.away_mm < CAVA_RADIUS_MM - 1.0] = np.inf
        cost[:, int(caudate[1]) + 1 :] = np.inf
        top = int(low + 0.86 * (high - low))
        levels = np.arange(int(caudate[2]) - int(30 / self.step_mm), top + 1)
        levels = levels[levels >= 0]
        flat = [np.unravel_index(cost[:, :, k].argmin(), cost.shape[:2]) for k in levels]
        smooth = ndimage.gaussian_filter1d(
            np.array(flat, float), CAVA_SMOOTH, axis=0, mode="nearest"
        )
        return np.column_stack((np.rint(smooth).astype(int), levels))

    def hepatic_stems(self, cava: NDArray[np.intp]) -> list[NDArray[np.intp]]:
        """Return the courses of the three hepatic veins, each from the vena cava outwards."""
        upper = cava[len(cava) * 2 // 3 :]
        mouth = tuple(int(x) for x in upper[self.away_mm[tuple(upper.T)].argmin()])
        sides = (
            ((S.VIII, S.V), (S.VII, S.VI), 0.8),
            ((S.IV,), (S.V, S.VIII), 0.75),
            ((S.II,), (S.III, S.IV), 0.7),
        )
        return [self._along(mouth, one, other, share) for one, other, share in sides]

    def _along(
        self, mouth: Voxel, one: Sequence[S], other: Sequence[S], share: float
    ) -> NDArray[np.intp]:
        border = self.distance_mm(one) + self.distance_mm(other)
        low = int(np.argwhere(self.inside)[:, 2].mean()) - round(LOWEST_END_MM / self.step_mm)
        on = np.argwhere(self.inside & (border <= 2 * self.step_mm) & (self.depth_mm > CLEAR_MM))
        on = on[on[:, 2] >= low]
        far = np.linalg.norm(on - np.array(mouth), axis=1)
        end = tuple(on[np.abs(far - share * far.max()).argmin()])
        cost = self.rough * (1.0 + border / 15.0) + OUTSIDE_COST * (self.away_mm > 0)
        return _way(cost, [mouth], end)

    def portal_stems(self, hilum: Voxel, veins: NDArray[np.bool_]) -> list[NDArray[np.intp]]:
        """Return the courses of the portal branches to all segments, each from the hilum."""
        fissure = self.nearest_to((S.II,), (S.III,), (S.IV,))
        front = self.nearest_to((S.V,), (S.VIII,))
        cost = self._portal_cost(veins)
        stems = [_way(cost, [hilum], fissure), _way(cost, [hilum], front)]
        ways = ((fissure, (S.II, S.III, S.IV)), (front, (S.V, S.VIII)), (hilum, (S.VI, S.VII)))
        for start, segments in ways:
            stems += [_way(cost, [start], self.middle_of(s)) for s in segments]
        return stems

    def _portal_cost(self, veins: NDArray[np.bool_]) -> Places:
        near = ndimage.distance_transform_edt(~veins) * self.step_mm
        shallow = np.clip(6.0 - self.depth_mm, 0.0, None)
        crossing = CROSSING_COST * np.clip(1 - near / CLEAR_OF_VEINS_MM, 0.0, None)
        outside = OUTSIDE_COST * (self.away_mm > 0)
        cost: Places = self.rough * (1.0 + 0.3 * shallow) + crossing + outside
        return cost

    def grown(
        self, stems: list[NDArray[np.intp]], *, clear_of: NDArray[np.bool_]
    ) -> dict[Voxel, Voxel | None]:
        """Return every voxel of a tree with the one before it; ``None`` before the root."""
        tree: dict[Voxel, Voxel | None] = {}
        for stem in stems:
            _join(tree, stem)
        cost = np.where(self.inside, self._portal_cost(clear_of), np.inf)
        for count in GENERATIONS:
            away = ndimage.distance_transform_edt(~clear_of) * self.step_mm
            room = self.inside & (self.depth_mm > CLEAR_MM) & (away > CLEAR_OF_VEINS_MM)
            places = np.argwhere(room)
            ends = places[self.rng.choice(len(places), count, replace=False)]
            ways = MCP_Geometric(cost)
            reached, _ = ways.find_costs(list(tree))
            for end in ends:
                if np.isfinite(reached[tuple(end)]):
                    _join(tree, np.array(ways.traceback(tuple(end))))
        return tree

    def trunk(self, hilum: Voxel) -> NDArray[np.intp]:
        """Return the portal vein before the liver: out of the hilum, then down to the left."""
        down = np.array((-0.45, -0.15, -0.88)) / self.step_mm
        start = np.array(hilum, float)
        steps = np.arange(0.0, 60.0, self.step_mm / 2)[:, None]
        line = np.rint(start + steps * down).astype(int)
        within = ((line >= 0) & (line < np.array(self.codes.shape))).all(axis=1)
        return line[within]


def _way(cost: Places, starts: list[Voxel], end: Voxel) -> NDArray[np.intp]:
    ways = MCP_Geometric(cost)
    ways.find_costs(starts, [end])
    return np.array(ways.traceback(end))


def _join(tree: dict[Voxel, Voxel | None], course: NDArray[np.intp]) -> None:
    before: Voxel | None = None
    for place in course:
        voxel = tuple(int(x) for x in place)
        tree.setdefault(voxel, before)
        before = voxel


def _names(tree: Grown, stems: Sequence[NDArray[np.intp]], names: Sequence[V]) -> dict[Voxel, V]:
    """Return the named branch of every voxel that has one, side branches included."""
    through: dict[Voxel, frozenset[V]] = {}
    for stem, name in zip(stems, names, strict=True):
        for voxel in _way_in(tree, tuple(int(x) for x in stem[-1])):
            through[voxel] = through.get(voxel, frozenset()) | {name}
    found: dict[Voxel, V] = {}
    for voxel, before in tree.items():
        shared = through.get(voxel)
        if shared is not None:
            known = SHARED.get(shared) if len(shared) > 1 else min(shared)
        else:
            known = None if before is None else found.get(before)
        if known is not None:
            found[voxel] = known
    return found


def _way_in(tree: Grown, voxel: Voxel | None) -> list[Voxel]:
    line = []
    while voxel is not None:
        line.append(voxel)
        voxel = tree[voxel]
    return line


class _Named:
    """The named branches of a grown tree."""

    def __init__(
        self,
        tree: Grown,
        stems: Sequence[NDArray[np.intp]],
        names: Sequence[V],
        structure: Structure,
    ) -> None:
        self.names = _names(tree, stems, names)
        self.radii = _radii(tree, structure)
        self.lines = [_way_in(tree, tuple(int(x) for x in stem[-1]))[::-1] for stem in stems]

    def branches(self, grid: Geometry) -> dict[V, Course]:
        """Return all of each branch."""
        own: dict[V, list[Voxel]] = {}
        for voxel, name in self.names.items():
            own.setdefault(name, []).append(voxel)
        return {
            name: Course(grid.ras_from_index(np.array(voxels)), self._radii_of(voxels))
            for name, voxels in own.items()
        }

    def stems(self, grid: Geometry) -> dict[V, Course]:
        """Return the longest way in each branch that leads to a planned end."""
        longest: dict[V, list[Voxel]] = {}
        for line in self.lines:
            for name in set(self.names.values()):
                own = [voxel for voxel in line if self.names.get(voxel) is name]
                if len(own) > max(1, len(longest.get(name, ()))):
                    longest[name] = own
        return {
            name: _smooth_course(np.array(line), self._radii_of(line), grid)
            for name, line in longest.items()
        }

    def _radii_of(self, voxels: Sequence[Voxel]) -> Places:
        return np.array([self.radii[voxel] for voxel in voxels])


def _children(tree: Grown) -> dict[Voxel, list[Voxel]]:
    children: dict[Voxel, list[Voxel]] = {}
    for voxel, before in tree.items():
        if before is not None:
            children.setdefault(before, []).append(voxel)
    return children


def _tips_beyond(tree: Grown) -> dict[Voxel, int]:
    children, tips = _children(tree), dict.fromkeys(tree, 0)
    for voxel in tree:
        if voxel not in children:
            for step in _way_in(tree, voxel):
                tips[step] += 1
    return tips


def _radii(tree: Grown, structure: Structure) -> dict[Voxel, float]:
    """Return radii by Murray's law (Murray 1926)."""
    most = LARGEST_RADIUS_MM[structure]
    return {
        voxel: min(most, TWIG_RADIUS_MM * tips**GROWTH)
        for voxel, tips in _tips_beyond(tree).items()
    }


def _courses(tree: Grown, grid: Geometry, structure: Structure) -> tuple[Course, ...]:
    """Return a tree's courses from tips to root."""
    children, tips = _children(tree), _tips_beyond(tree)
    radii, courses = _radii(tree, structure), []
    for tip in (voxel for voxel in tree if voxel not in children):
        line: list[Voxel] = []
        step: Voxel | None = tip
        shared = False
        while step is not None and not shared:
            line.append(step)
            shared = tips[step] > tips[line[0]] and len(line) > 1 and children[step][0] != line[-2]
            step = tree[step]
        courses.append(_smooth_course(np.array(line), np.array([radii[v] for v in line]), grid))
    return tuple(courses)


def _smooth_course(line: NDArray[np.intp], radii: Places, grid: Geometry) -> Course:
    smooth = ndimage.gaussian_filter1d(line.astype(float), 1.2, axis=0, mode="nearest")
    smooth[0], smooth[-1] = line[0], line[-1]
    spaced = np.linspace(0, len(line) - 1, 4 * len(line) - 3)
    own = np.arange(len(line))
    points = np.column_stack([np.interp(spaced, own, smooth[:, axis]) for axis in range(3)])
    return Course(grid.ras_from_index(points), np.interp(spaced, own, radii))


def _even_course(line: NDArray[np.intp], grid: Geometry, radius_mm: float) -> Course:
    return _smooth_course(line, np.full(len(line), radius_mm), grid)


def share_inside(courses: Sequence[Course], grid: Geometry) -> NDArray[np.float32]:
    """Return how much of each voxel lies in the vessels, about, for partial volumes."""
    edge_mm = float(np.cbrt(np.prod(grid.spacing_mm)))
    share = np.zeros(grid.shape, dtype=np.float32)
    inverse, reach = np.linalg.inv(grid.affine_ras[:3, :3]), np.array(grid.shape)
    for course in courses:
        for point, radius in zip(course.points_mm, course.radii_mm, strict=True):
            middle = grid.index_from_ras(point)
            half = np.ceil(np.abs(inverse).sum(axis=1) * (radius + edge_mm)).astype(int)
            low = np.clip(np.rint(middle).astype(int) - half, 0, reach)
            high = np.clip(np.rint(middle).astype(int) + half + 1, 0, reach)
            box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
            axes = np.ogrid[box]
            away = grid.affine_ras[:3, :3] @ np.eye(3)
            offsets = sum(
                (np.asarray(axis, float) - m)[..., None] * away[:, n]
                for n, (axis, m) in enumerate(zip(axes, middle, strict=True))
            )
            near = 0.5 + (radius - np.sqrt((offsets**2).sum(axis=-1))) / edge_mm
            np.maximum(share[box], np.clip(near, 0, 1).astype(np.float32), out=share[box])
    return share
