"""Names for the large branches of computed trees, by where they run from their roots.

A hepatic vein is named by the direction of its stem from the vena cava's mouth, a portal branch by
the direction of what it serves from the hilum, both in the patient's own axes and weighed against
how much these directions differ between livers. Segments are not asked, so that a stem may move
their borders; where they are known they can only lower a name's confidence.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import product
from math import exp, log
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from remnant.core.labels import CouinaudSegment as S
from remnant.core.vessels import VesselName
from segmentation.vessels.centrelines import NONE, CentreLines, centre_lines
from segmentation.vessels.found import FoundVessels
from segmentation.vessels.rooted import RootedTrees, rooted_trees, roots_of
from segmentation.vessels.scene import GRID_MM
from segmentation.vessels.trees import CONTACT_DOUBT, TOUCHING_MM, Tree

V = VesselName
TREE_OF: Final[Mapping[VesselName, Tree]] = {
    V.RIGHT_HEPATIC_VEIN: Tree.HEPATIC,
    V.MIDDLE_HEPATIC_VEIN: Tree.HEPATIC,
    V.LEFT_HEPATIC_VEIN: Tree.HEPATIC,
    V.PORTAL_TRUNK: Tree.PORTAL,
    V.RIGHT_PORTAL_VEIN: Tree.PORTAL,
    V.RIGHT_ANTERIOR_PORTAL_VEIN: Tree.PORTAL,
    V.RIGHT_POSTERIOR_PORTAL_VEIN: Tree.PORTAL,
    V.LEFT_PORTAL_VEIN: Tree.PORTAL,
}
PARTS_OF_RIGHT: Final = (V.RIGHT_ANTERIOR_PORTAL_VEIN, V.RIGHT_POSTERIOR_PORTAL_VEIN)
LEAST_CONFIDENCE: Final = 0.7
"""Below it a branch has no name."""
DIRECTIONS: Final[Mapping[VesselName, tuple[tuple[float, float, float], float]]] = {
    V.RIGHT_HEPATIC_VEIN: ((0.94, 0.28, -0.19), 20.0),
    V.MIDDLE_HEPATIC_VEIN: ((0.49, 0.87, -0.01), 20.0),
    V.LEFT_HEPATIC_VEIN: ((-0.25, 0.96, -0.14), 16.0),
    V.LEFT_PORTAL_VEIN: ((-0.37, 0.81, 0.46), 8.0),
    V.RIGHT_PORTAL_VEIN: ((0.88, -0.47, 0.06), 16.0),
    V.RIGHT_ANTERIOR_PORTAL_VEIN: ((1.0, -0.01, 0.1), 16.0),
    V.RIGHT_POSTERIOR_PORTAL_VEIN: ((0.66, -0.75, 0.02), 16.0),
}
"""Mean direction from the root (right, front, up), and how closely livers keep to it.

The second is the concentration of a von Mises-Fisher distribution. Measured over 103 livers with
known segments, see ``docs/explanation/vessels.md``, and halved: a vein does not run in the middle
of its plane.
"""
SERVES: Final[Mapping[VesselName, frozenset[S]]] = {
    V.RIGHT_HEPATIC_VEIN: frozenset((S.V, S.VI, S.VII, S.VIII)),
    V.MIDDLE_HEPATIC_VEIN: frozenset((S.IV, S.V, S.VIII)),
    V.LEFT_HEPATIC_VEIN: frozenset((S.II, S.III, S.IV)),
    V.PORTAL_TRUNK: frozenset(S),
    V.RIGHT_PORTAL_VEIN: frozenset((S.V, S.VI, S.VII, S.VIII)),
    V.RIGHT_ANTERIOR_PORTAL_VEIN: frozenset((S.V, S.VIII)),
    V.RIGHT_POSTERIOR_PORTAL_VEIN: frozenset((S.VI, S.VII)),
    V.LEFT_PORTAL_VEIN: frozenset((S.II, S.III, S.IV)),
}
"""Where a branch may run, the caudate lobe apart, which has vessels of all."""
STEM_FROM_MM: Final = (12.0, 75.0)
"""From the root: what of a hepatic vein's stem tells its direction."""
JOINT_WITHIN_MM: Final[Mapping[Tree, float]] = {Tree.HEPATIC: 50.0, Tree.PORTAL: 60.0}
"""How far along the way from the root a named branch may begin."""
JOINT_MM: Final[Mapping[Tree, float]] = {Tree.HEPATIC: 20.0, Tree.PORTAL: 40.0}
"""By so much farther along a branch is the less likely a named one by e..."""
CHANCE: Final = 3.0
"""... and by this, for most branches have no name."""
END_SHARE: Final = 0.06
"""Where no branch serves so much of what the whole stem serves, the stem has ended in twigs."""
LEAST_STEM_MM: Final = 20.0
LEAST_SERVED_ML: Final = 0.4
LEAST_PART_MM: Final = 8.0
"""The shortest right portal vein before it parts, and the shortest trunk."""
MOST_CANDIDATES: Final = 14


@dataclass(frozen=True, slots=True, eq=False)
class Stem:
    """A named branch of a tree's centre lines.

    Parameters
    ----------
    name
        What it is taken for.
    points
        Numbers of its stem's points from the root outward.
    confidence
        From 0 to 1: that the tree is the right one where it runs, times that the direction fits
        this name and no other, times the share of the stem that is seen.
    """

    name: VesselName
    points: tuple[int, ...]
    confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    """A branch that could have a name: where it begins, all of it, its stem and direction."""

    start: int
    from_root_mm: float
    inside: NDArray[np.bool_]
    stem: tuple[int, ...]
    direction: NDArray[np.float64]
    served_ml: float


Choice = Mapping[VesselName, int]


def named_stems(found: FoundVessels) -> Mapping[VesselName, NDArray[np.float64]]:
    """Return the centre lines of the branches that can be named, without asking any segments.

    Parameters
    ----------
    found
        The vessels of a liver.

    Returns
    -------
    Mapping
        Points in RAS mm from the root outward, shape ``(n, 3)``, by the branches' names.
    """
    return stem_lines(rooted_trees(found.structures, roots_of(found)))


def stem_lines(rooted: RootedTrees) -> Mapping[VesselName, NDArray[np.float64]]:
    """Do the same as `named_stems` for trees whose roots are known."""
    stems = {}
    for tree in (Tree.HEPATIC, Tree.PORTAL):
        lines = centre_lines(rooted, tree)
        for stem in stems_of(rooted, tree, lines):
            stems[stem.name] = lines.places_mm[list(stem.points)]
    return stems


def stems_of(rooted: RootedTrees, tree: Tree, lines: CentreLines) -> tuple[Stem, ...]:
    """Return the branches of a tree that can be named, in the order of `VesselName`.

    Parameters
    ----------
    rooted, tree, lines
        The trees of a liver, one of them, and its centre lines.
    """
    if not len(lines.before):
        return ()
    names = [name for name, of in TREE_OF.items() if of is tree and name in DIRECTIONS]
    candidates = _candidates(rooted, tree, lines)
    stems = [] if not candidates else list(_best(names, candidates, lines, rooted))
    if tree is Tree.PORTAL:
        stems = [*_joint_stems(stems, lines), *stems]
    order = list(VesselName)
    sure = (stem for stem in stems if stem.confidence >= LEAST_CONFIDENCE)
    return tuple(sorted(sure, key=lambda stem: order.index(stem.name)))


def _candidates(rooted: RootedTrees, tree: Tree, lines: CentreLines) -> list[_Candidate]:
    """Return the branches that begin at the root or at a joint near it, the largest first."""
    children = np.bincount(lines.before[lines.before != NONE], minlength=len(lines.before))
    at_joint = (lines.before == NONE) | (children[lines.before] > 1)
    along = _along(lines)
    near = at_joint & (along <= JOINT_WITHIN_MM[tree]) & (lines.served_ml >= LEAST_SERVED_ML)
    made = (
        _candidate(int(start), float(along[start]), rooted, tree, lines)
        for start in np.flatnonzero(near)
    )
    long = [one for one in made if one is not None]
    return sorted(long, key=lambda one: -one.served_ml)[:MOST_CANDIDATES]


def _candidate(
    start: int, from_root_mm: float, rooted: RootedTrees, tree: Tree, lines: CentreLines
) -> _Candidate | None:
    stem = _stem_from(start, lines)
    if _length_mm(stem, lines) < LEAST_STEM_MM:
        return None
    inside = lines.within(start)
    if tree is Tree.HEPATIC:
        offsets = _offsets(lines.places_mm[list(stem)], _mouth(rooted, lines))
    else:
        offsets = _served_offsets(inside, rooted, lines)
    mean = offsets.mean(axis=0)
    direction = mean / np.linalg.norm(mean)
    return _Candidate(start, from_root_mm, inside, stem, direction, float(lines.served_ml[start]))


def _stem_from(start: int, lines: CentreLines) -> tuple[int, ...]:
    """Return a branch's stem: at each joint it goes on in what serves the most."""
    end_ml = END_SHARE * lines.served_ml[start]
    stem = [start]
    while True:
        after = np.flatnonzero(lines.before == stem[-1])
        if not len(after) or lines.served_ml[after].max() < end_ml:
            return tuple(stem)
        stem.append(int(after[lines.served_ml[after].argmax()]))


def _along(lines: CentreLines) -> NDArray[np.float64]:
    """Return the length from the root to every point."""
    along = np.where(lines.before == NONE, 0.0, _steps_mm(lines))
    for point in np.flatnonzero(lines.before != NONE):
        along[point] += along[lines.before[point]]
    return along


def _steps_mm(lines: CentreLines) -> NDArray[np.float64]:
    steps: NDArray[np.float64] = np.linalg.norm(
        lines.places_mm - lines.places_mm[lines.before], axis=1
    )
    return np.where(lines.before == NONE, 0.0, steps)


def _length_mm(stem: tuple[int, ...], lines: CentreLines) -> float:
    return float(_steps_mm(lines)[list(stem[1:])].sum())


def _mouth(rooted: RootedTrees, lines: CentreLines) -> NDArray[np.float64]:
    """Return the vena cava's middle at the height where most of the hepatic veins enter."""
    roots = np.flatnonzero(lines.before == NONE)
    place = np.average(lines.places_mm[roots], axis=0, weights=lines.served_ml[roots])
    cava = np.array(rooted.roots.cava_mm)
    if not len(cava):
        return np.asarray(place, dtype=np.float64)
    nearest: NDArray[np.float64] = cava[np.abs(cava[:, 2] - place[2]).argmin(), :3]
    return nearest


def _offsets(points_mm: NDArray[np.float64], root_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    offsets = points_mm - root_mm
    away = np.linalg.norm(offsets, axis=1)
    telling = (away >= STEM_FROM_MM[0]) & (away <= STEM_FROM_MM[1])
    chosen: NDArray[np.float64] = offsets[telling] if telling.any() else offsets
    return chosen


def _served_offsets(
    inside: NDArray[np.bool_], rooted: RootedTrees, lines: CentreLines
) -> NDArray[np.float64]:
    """Return where the vessels of a portal branch lie, from the hilum."""
    own = (lines.owner != NONE) & inside[lines.owner]
    places = rooted.grid.ras_from_index(lines.ways.voxels[own])
    roots = np.flatnonzero(lines.before == NONE)
    hilum = np.average(lines.places_mm[roots], axis=0, weights=lines.served_ml[roots])
    offsets: NDArray[np.float64] = places - hilum
    return offsets


def _best(
    names: list[VesselName], candidates: list[_Candidate], lines: CentreLines, rooted: RootedTrees
) -> Iterator[Stem]:
    """Yield the most likely naming, each name with how far it leads before the others."""
    choices = list(_choices(names, candidates))
    weights = np.array([_likelihood(choice, candidates) for choice in choices])
    weights /= weights.sum()
    best = choices[int(weights.argmax())]
    for name, number in best.items():
        chosen = candidates[number]
        agreeing = [
            name in choice and _on_one_line(candidates[choice[name]], chosen) for choice in choices
        ]
        sure = float(weights[agreeing].sum()) * _tree_confidence(chosen.stem, lines, rooted)
        yield Stem(name, chosen.stem, sure * _seen(chosen.stem, lines))


def _choices(names: list[VesselName], candidates: list[_Candidate]) -> Iterator[Choice]:
    """Yield all namings in which no branch is part of another, and which do not name twice."""
    apart = _apart(candidates)
    numbers = (None, *range(len(candidates)))
    for chosen in product(numbers, repeat=len(names)):
        given = {n: c for n, c in zip(names, chosen, strict=True) if c is not None}
        if V.RIGHT_PORTAL_VEIN in given and not given.keys().isdisjoint(PARTS_OF_RIGHT):
            continue
        used = list(given.values())
        if all(apart[a, b] for n, a in enumerate(used) for b in used[n + 1 :]):
            yield given


def _apart(candidates: list[_Candidate]) -> NDArray[np.bool_]:
    return np.array(
        [[not (a.inside[b.start] or b.inside[a.start]) for b in candidates] for a in candidates]
    )


def _on_one_line(one: _Candidate, other: _Candidate) -> bool:
    return bool(one.inside[other.start] or other.inside[one.start])


def _likelihood(choice: Choice, candidates: list[_Candidate]) -> float:
    return exp(sum(_gain(name, candidates[number]) for name, number in choice.items()))


def _gain(name: VesselName, candidate: _Candidate) -> float:
    """Return by how much a name explains a branch better than chance does, as a logarithm.

    A branch is a named one the more likely the larger it is and the nearer to the root it begins.
    """
    mean, concentration = DIRECTIONS[name]
    cosine = float(candidate.direction @ np.array(mean))
    fits = log(2.0 * concentration) + concentration * (cosine - 1.0)
    far = candidate.from_root_mm / JOINT_MM[TREE_OF[name]]
    return fits + log(candidate.served_ml / LEAST_SERVED_ML / CHANCE) - far


def _tree_confidence(stem: tuple[int, ...], lines: CentreLines, rooted: RootedTrees) -> float:
    """Return how sure the parting is along a stem: less where the other tree is near its wall."""
    points = list(stem)
    voxels = lines.ways.voxels[lines.voxel[points]]
    sure = rooted.sure[tuple(voxels.T)].astype(np.float64)
    own = rooted.trees[tuple(voxels[0])]
    others = np.argwhere((rooted.trees > 0) & (rooted.trees != own))
    if len(others):
        away_mm, _ = cKDTree(others * GRID_MM).query(voxels * GRID_MM)
        near = away_mm <= lines.radii_mm[points] + TOUCHING_MM
        sure *= np.where(near, 1.0 - CONTACT_DOUBT, 1.0)
    return float(sure.mean())


def _seen(stem: tuple[int, ...], lines: CentreLines) -> float:
    steps = _steps_mm(lines)[list(stem)]
    gaps = lines.across_gap[list(stem)]
    return 1.0 - float(steps[gaps].sum()) / max(float(steps.sum()), 1e-6)


def _joint_stems(stems: list[Stem], lines: CentreLines) -> Iterator[Stem]:
    """Yield the right portal vein before it parts, and the trunk before left and right part."""
    by_name = {stem.name: stem for stem in stems}
    left, whole = by_name.get(V.LEFT_PORTAL_VEIN), by_name.get(V.RIGHT_PORTAL_VEIN)
    parts = [by_name[name] for name in PARTS_OF_RIGHT if name in by_name]
    ways = [
        lines.line_to(stem.points[0])[:-1] for stem in (parts or ([] if whole is None else [whole]))
    ]
    if left is None or not ways:
        return
    right_way = reduce(_common, ways)
    trunk = _common(right_way, lines.line_to(left.points[0])[:-1])
    if len(parts) == len(PARTS_OF_RIGHT):
        yield from _long_enough(V.RIGHT_PORTAL_VEIN, right_way[len(trunk) :], parts, lines)
    yield from _long_enough(V.PORTAL_TRUNK, trunk, [left, *parts], lines)


def _common(one: list[int], other: list[int]) -> list[int]:
    return [a for a, b in zip(one, other, strict=False) if a == b]


def _long_enough(
    name: VesselName, points: list[int], beyond: list[Stem], lines: CentreLines
) -> Iterator[Stem]:
    """Yield a stem that leads to others, as sure as the least sure of these."""
    if points and _length_mm(tuple(points), lines) >= LEAST_PART_MM:
        yield Stem(name, tuple(points), min(stem.confidence for stem in beyond))
