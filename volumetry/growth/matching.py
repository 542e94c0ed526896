"""Which lesions of two scans are the same, once the scans are aligned.

1. **Overlap.** Two lesions are linked when they share at least ``MINIMUM_OVERLAP_FRACTION`` of the
   smaller one. Lesions that are linked, directly or through others, form one group: one before and
   one after are *matched*, several before and one after *merged*, one and several *split*, several
   and several *regrouped*.
2. **Place.** Lesions without a link are paired by the distance of their centroids: of all pairings
   the one with the least sum of distances, where a lesion without a partner costs half of
   ``limit_mm``. No pair is farther apart than ``limit_mm``.
3. What is left is *gone* (before) or *new* (after), or *outside* where the other scan does not
   reach (`beyond_the_scan`).

Rejected lesions are matched too, so that none that a reader rejected is called gone or new, but
they never change what becomes of two lesions that count: links between those come first. One whose
only counterpart was rejected, by overlap or by place, is *rejected* in that scan. Rejected lesions
whose counterpart was rejected too, or that have none, are left out.

The rules treat both scans alike: exchanging them turns new into gone and merged into split and
changes nothing else, ties included. The order and the numbers of the lesions do not matter.

Both limits are this project's choice: no study of lesion matching was read for them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from remnant.core.comparison import MatchEvidence, MatchKind
from remnant.core.errors import InputError
from remnant.core.geometry import Geometry

MINIMUM_OVERLAP_FRACTION = 0.1
"""Of the smaller lesion: less is taken for two neighbours and an imperfect alignment."""
CENTROID_LIMIT_MM = 15.0
HALF = 0.5

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LesionSet:
    """Lesions of one scan.

    Parameters
    ----------
    ids
        All different.
    volumes_ml
        Shape ``(n,)``, each above 0, as measured on the scan's own grid.
    centroids_mm
        Shape ``(n, 3)`` in RAS mm of the frame that both scans share.
    rejected
        Those of the ids that a reader rejected.

    Raises
    ------
    InputError
        The sizes disagree, an id stands twice, or a volume is not above 0.
    """

    ids: tuple[int, ...]
    volumes_ml: Floats
    centroids_mm: Floats
    rejected: frozenset[int] = field(default=frozenset())

    @property
    def counts(self) -> NDArray[np.bool_]:
        """Which lesions were not rejected, shape ``(n,)``."""
        return np.array([number not in self.rejected for number in self.ids], dtype=np.bool_)

    def __post_init__(self) -> None:
        count = len(self.ids)
        if self.volumes_ml.shape != (count,) or self.centroids_mm.shape != (count, 3):
            raise InputError(
                f"{count} lesions with volumes of shape {self.volumes_ml.shape} and centroids of "
                f"shape {self.centroids_mm.shape}; each lesion needs one of both"
            )
        if len(set(self.ids)) != count:
            raise InputError("a lesion id stands twice in one scan; ids must differ")
        if not (self.volumes_ml > 0).all():
            raise InputError("a lesion without volume cannot be matched; leave it out")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """Lesions that belong together; see `remnant.core.comparison.LesionMatch`."""

    kind: MatchKind
    before_ids: tuple[int, ...]
    after_ids: tuple[int, ...]
    evidence: MatchEvidence | None
    overlap_ml: float
    centroid_distance_mm: float | None


def match_lesions(
    before: LesionSet,
    after: LesionSet,
    overlaps_ml: Floats,
    *,
    limit_mm: float = CENTROID_LIMIT_MM,
    minimum_overlap_fraction: float = MINIMUM_OVERLAP_FRACTION,
) -> tuple[Pairing, ...]:
    """Find the counterparts of lesions.

    Parameters
    ----------
    before, after
        Lesions of the two scans in one frame.
    overlaps_ml
        Shared volume of each lesion before (rows) and after (columns).
    limit_mm
        Largest distance of centroids of lesions that do not overlap.
    minimum_overlap_fraction
        Share of the smaller lesion, above 0 to 1, from which lesions are linked.

    Returns
    -------
    tuple of Pairing
        Every lesion that counts stands in exactly one, with others that count or with rejected
        ones alone. By falling volume, the larger side counting.

    Raises
    ------
    InputError
        The overlaps have another shape, one is negative or not finite, or a limit is out of range.
    """
    _require_overlaps(overlaps_ml, before, after)
    if not (np.isfinite(limit_mm) and limit_mm >= 0) or not 0 < minimum_overlap_fraction <= 1:
        raise InputError(
            f"limits of {limit_mm:g} mm and {minimum_overlap_fraction:g}; allowed are a distance "
            f"of 0 or more and a fraction above 0 to 1"
        )
    smaller_ml = np.minimum.outer(before.volumes_ml, after.volumes_ml)
    linked = overlaps_ml >= minimum_overlap_fraction * smaller_ml
    groups = _overlapping_groups(linked, before.counts, after.counts)
    free = np.flatnonzero(~linked.any(axis=1)), np.flatnonzero(~linked.any(axis=0))
    groups += _nearest_groups(before, after, free, limit_mm)
    groups = [group for group in groups if _any_counts(group, before, after)]
    pairings = [_pairing(group, before, after, overlaps_ml, linked) for group in groups]
    return tuple(_in_order(pairings, before, after))


def beyond_the_scan(
    pairings: Iterable[Pairing],
    before: LesionSet,
    after: LesionSet,
    *,
    before_grid: Geometry,
    after_grid: Geometry,
) -> tuple[Pairing, ...]:
    """Turn gone and new lesions that the other scan cannot show into ``OUTSIDE``.

    Parameters
    ----------
    pairings
        What `match_lesions` returned for ``before`` and ``after``.
    before, after
        Lesions of both scans in one frame.
    before_grid, after_grid
        The scans in that frame: a lesion whose centroid lies beyond the other one is outside.
    """
    hidden_before = _beyond(before, after_grid)
    hidden_after = _beyond(after, before_grid)
    return tuple(
        replace(pairing, kind=MatchKind.OUTSIDE)
        if (pairing.kind is MatchKind.GONE and hidden_before.issuperset(pairing.before_ids))
        or (pairing.kind is MatchKind.NEW and hidden_after.issuperset(pairing.after_ids))
        else pairing
        for pairing in pairings
    )


def _beyond(lesions: LesionSet, grid: Geometry) -> set[int]:
    index = grid.index_from_ras(lesions.centroids_mm)
    beyond = np.abs(index + HALF - np.array(grid.shape) / 2) > np.array(grid.shape) / 2
    return {lesions.ids[row] for row in np.flatnonzero(beyond.any(axis=1))}


def _require_overlaps(overlaps_ml: Floats, before: LesionSet, after: LesionSet) -> None:
    wanted = (len(before.ids), len(after.ids))
    if overlaps_ml.shape != wanted:
        raise InputError(f"overlaps of shape {overlaps_ml.shape}; {wanted} is needed")
    if not (np.isfinite(overlaps_ml) & (overlaps_ml >= 0)).all():
        raise InputError("an overlap is negative or not a finite number")


Group = tuple[tuple[int, ...], tuple[int, ...]]


def _overlapping_groups(
    linked: NDArray[np.bool_], first: NDArray[np.bool_], second: NDArray[np.bool_]
) -> list[Group]:
    """Group those that count with each other, and the rest of them with what was rejected."""
    counted = linked & np.logical_and.outer(first, second)
    left = first & ~counted.any(axis=1), second & ~counted.any(axis=0)
    rejected_after = linked & np.logical_and.outer(left[0], ~second)
    rejected_before = linked & np.logical_and.outer(~first, left[1])
    return [
        group
        for links in (counted, rejected_after, rejected_before)
        for group in _linked_groups(links)
    ]


def _any_counts(group: Group, before: LesionSet, after: LesionSet) -> bool:
    rows, columns = group
    return bool(before.counts[list(rows)].any() or after.counts[list(columns)].any())


def _linked_groups(linked: NDArray[np.bool_]) -> list[Group]:
    """Return the connected parts of the graph of links, as row and column indices."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows, columns = np.nonzero(linked)
    count, size = linked.shape[0], sum(linked.shape)
    if not rows.size:
        return []
    graph = coo_array((np.ones(rows.size), (rows, count + columns)), shape=(size, size))
    _, part = connected_components(graph, directed=False)
    return [
        (_indices(part[:count] == number), _indices(part[count:] == number))
        for number in np.unique(part[rows])
    ]


def _nearest_groups(
    before: LesionSet,
    after: LesionSet,
    free: tuple[NDArray[np.intp], NDArray[np.intp]],
    limit_mm: float,
) -> list[Group]:
    """Pair the lesions without a link by place; those without a partner stay alone."""
    rows, columns = (
        _by_place(where, side) for where, side in zip(free, (before, after), strict=True)
    )
    first, second = before.centroids_mm[rows], after.centroids_mm[columns]
    if _comes_first(first, second):
        pairs = _assigned(first, second, limit_mm)
    else:
        pairs = [(i, j) for j, i in _assigned(second, first, limit_mm)]
    joined: list[Group] = [((int(rows[i]),), (int(columns[j]),)) for i, j in pairs]
    with_partner = {i for i, _ in pairs}, {j for _, j in pairs}
    gone = [((int(row),), ()) for i, row in enumerate(rows) if i not in with_partner[0]]
    new = [((), (int(column),)) for j, column in enumerate(columns) if j not in with_partner[1]]
    return [*joined, *gone, *new]


def _by_place(where: NDArray[np.intp], lesions: LesionSet) -> NDArray[np.intp]:
    """Sort indices by centroid and volume, so that the lesions' own order decides no tie."""
    points = lesions.centroids_mm[where]
    order = np.lexsort((lesions.volumes_ml[where], points[:, 2], points[:, 1], points[:, 0]))
    sorted_indices: NDArray[np.intp] = where[order]
    return sorted_indices


def _comes_first(first: Floats, second: Floats) -> bool:
    """Choose by content which side is the rows, so that exchanging the sides decides no tie."""
    return (len(first), first.tolist()) <= (len(second), second.tolist())


def _assigned(first: Floats, second: Floats, limit_mm: float) -> list[tuple[int, int]]:
    from scipy.optimize import linear_sum_assignment

    apart_mm = np.linalg.norm(first[:, np.newaxis] - second[np.newaxis], axis=2)
    rows, columns = linear_sum_assignment(np.minimum(apart_mm, limit_mm))
    return [
        (int(i), int(j)) for i, j in zip(rows, columns, strict=True) if apart_mm[i, j] <= limit_mm
    ]


def _pairing(
    group: Group,
    before: LesionSet,
    after: LesionSet,
    overlaps_ml: Floats,
    linked: NDArray[np.bool_],
) -> Pairing:
    rows, columns = group
    both = bool(rows and columns)
    by_overlap = both and bool(linked[np.ix_(rows, columns)].any())
    evidence = MatchEvidence.OVERLAP if by_overlap else MatchEvidence.CENTROID
    return Pairing(
        kind=_rejected(group, before, after) or _kind(len(rows), len(columns)),
        before_ids=tuple(sorted(before.ids[i] for i in rows)),
        after_ids=tuple(sorted(after.ids[j] for j in columns)),
        evidence=evidence if both else None,
        overlap_ml=float(overlaps_ml[np.ix_(rows, columns)].sum()) if both else 0.0,
        centroid_distance_mm=_distance_mm(group, before, after) if both else None,
    )


def _rejected(group: Group, before: LesionSet, after: LesionSet) -> MatchKind | None:
    rows, columns = group
    if not before.counts[list(rows)].all():
        return MatchKind.REJECTED_BEFORE
    return None if after.counts[list(columns)].all() else MatchKind.REJECTED_AFTER


def _kind(before: int, after: int) -> MatchKind:
    if before == 0 or after == 0:
        return MatchKind.NEW if before == 0 else MatchKind.GONE
    if before == 1:
        return MatchKind.MATCHED if after == 1 else MatchKind.SPLIT
    return MatchKind.MERGED if after == 1 else MatchKind.REGROUPED


def _distance_mm(group: Group, before: LesionSet, after: LesionSet) -> float:
    centres = [
        np.average(side.centroids_mm[list(where)], axis=0, weights=side.volumes_ml[list(where)])
        for where, side in zip(group, (before, after), strict=True)
    ]
    return float(np.linalg.norm(centres[0] - centres[1]))


def _in_order(pairings: list[Pairing], before: LesionSet, after: LesionSet) -> list[Pairing]:
    first = dict(zip(before.ids, before.volumes_ml.tolist(), strict=True))
    second = dict(zip(after.ids, after.volumes_ml.tolist(), strict=True))

    def key(pairing: Pairing) -> tuple[float, tuple[int, ...], tuple[int, ...]]:
        volumes_ml = (
            sum(first[i] for i in pairing.before_ids),
            sum(second[j] for j in pairing.after_ids),
        )
        return -max(volumes_ml), pairing.before_ids, pairing.after_ids

    return sorted(pairings, key=key)


def _indices(mask: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(index) for index in np.flatnonzero(mask))
