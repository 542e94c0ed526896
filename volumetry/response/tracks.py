"""Lesions followed over several scans, from what every two scans have in common.

Neighbouring scans are linked by their matches, and every scan beside by its matches with the
baseline: a lesion that was missed, or beyond the scan, in between is found again so. A lesion goes
back to the baseline where a chain of links leads there. All lesions that links connect are one
*track*: one that splits, and those that merge, with all their parts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from remnant.core.comparison import LesionMatch, MatchKind
from remnant.core.errors import InputError

Node = tuple[int, int]
"""Place of a scan in the series, and id of a lesion there."""

LINKS = frozenset((MatchKind.MATCHED, MatchKind.SPLIT, MatchKind.MERGED, MatchKind.REGROUPED))


class TrackEvent(StrEnum):
    """What became of a lesion at a scan, or of a track that has none there.

    ``FIRST`` is at the baseline. ``REAPPEARED`` had no counterpart in the scan before and one at
    the baseline. ``COUNTED_AGAIN`` was rejected by a reader in the scan before. The last four
    have no lesion: ``ABSENT`` goes on being gone.
    """

    FIRST = "first"
    MATCHED = "matched"
    SPLIT = "split"
    MERGED = "merged"
    REGROUPED = "regrouped"
    NEW = "new"
    REAPPEARED = "reappeared"
    COUNTED_AGAIN = "counted_again"
    GONE = "gone"
    OUTSIDE = "outside"
    REJECTED = "rejected"
    ABSENT = "absent"


MATCH_EVENTS: Mapping[MatchKind, TrackEvent] = {
    MatchKind.MATCHED: TrackEvent.MATCHED,
    MatchKind.SPLIT: TrackEvent.SPLIT,
    MatchKind.MERGED: TrackEvent.MERGED,
    MatchKind.REGROUPED: TrackEvent.REGROUPED,
    MatchKind.NEW: TrackEvent.NEW,
    MatchKind.OUTSIDE: TrackEvent.NEW,
    MatchKind.REJECTED_BEFORE: TrackEvent.COUNTED_AGAIN,
}
"""Events of a lesion by its match with an earlier scan. One beyond the earlier scan is new: its
place was not seen at the baseline (``eisenhauer2009``)."""
LOST_EVENTS: Mapping[MatchKind, TrackEvent] = {
    MatchKind.OUTSIDE: TrackEvent.OUTSIDE,
    MatchKind.REJECTED_AFTER: TrackEvent.REJECTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Scans of one liver in order, with what every two of them have in common.

    Parameters
    ----------
    lesions
        Ids of the lesions that count, scan by scan; the first scan is the baseline.
    neighbours
        Matches of each scan with the one before it: one entry fewer than scans.
    with_baseline
        Matches of the baseline with each scan from the third on: two entries fewer than scans.

    Raises
    ------
    InputError
        There is no scan, or the numbers of entries do not fit.
    """

    lesions: tuple[tuple[int, ...], ...]
    neighbours: tuple[tuple[LesionMatch, ...], ...]
    with_baseline: tuple[tuple[LesionMatch, ...], ...]

    def __post_init__(self) -> None:
        scans = len(self.lesions)
        if not scans:
            raise InputError("a series without a scan; at least the baseline is needed")
        if (len(self.neighbours), len(self.with_baseline)) != (scans - 1, max(0, scans - 2)):
            raise InputError(
                f"{scans} scans with {len(self.neighbours)} matches of neighbours and "
                f"{len(self.with_baseline)} with the baseline; needed are {scans - 1} and "
                f"{max(0, scans - 2)}"
            )

    def from_baseline(self, scan: int) -> tuple[LesionMatch, ...]:
        """Return the matches of the baseline with a later scan."""
        return self.neighbours[0] if scan == 1 else self.with_baseline[scan - 2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracks:
    """Where every lesion of a series comes from.

    Parameters
    ----------
    origins
        The lesions of the baseline that each lesion of each scan goes back to; empty for one that
        goes back to none. At the baseline every lesion goes back to itself.
    events
        What became of each lesion at its scan.
    new
        Lesions that began after the baseline, and those that they have become or merged into.
    track
        Number of each lesion's track, 1 for the first; by scan of first appearance, then id.
    lost
        By track and scan, what became of tracks that have no lesion there, from the scan after
        their first appearance on.
    """

    origins: Mapping[Node, frozenset[int]]
    events: Mapping[Node, TrackEvent]
    new: frozenset[Node]
    track: Mapping[Node, int]
    lost: Mapping[tuple[int, int], TrackEvent]

    def descendants(self, scan: int, baseline_ids: Iterable[int]) -> tuple[int, ...]:
        """Return the lesions of a scan that go back to some of the baseline, by id."""
        wanted = frozenset(baseline_ids)
        return tuple(
            sorted(
                number
                for (place, number), origins in self.origins.items()
                if place == scan and origins & wanted
            )
        )

    def new_at(self, scan: int) -> tuple[int, ...]:
        """Return the lesions of a scan that began, or hold one that began, after the baseline.

        Those that a reader had rejected before are not among them: they were there.
        """
        return tuple(sorted(number for place, number in self.new if place == scan))


def follow(series: Series) -> Tracks:
    """Follow every lesion through a series.

    The result does not depend on the order of the matches.
    """
    origins: dict[Node, frozenset[int]] = {
        (0, number): frozenset((number,)) for number in series.lesions[0]
    }
    events = dict.fromkeys(origins, TrackEvent.FIRST)
    edges: list[tuple[Node, Node]] = []
    for scan in range(1, len(series.lesions)):
        linked = _links(series.neighbours[scan - 1], scan - 1, scan)
        bridges = _bridges(series, scan, linked, origins)
        edges += [*linked, *bridges]
        origins |= _origins_at(series.lesions[scan], scan, [*linked, *bridges], origins)
        events |= _events_at(series, scan) | _found_again(linked, bridges)
    track = _numbered(origins, edges)
    return Tracks(
        origins=origins,
        events=events,
        new=_new(events, edges),
        track=track,
        lost=_lost(series, track),
    )


def _links(matches: Iterable[LesionMatch], before: int, after: int) -> list[tuple[Node, Node]]:
    return [
        ((before, first), (after, second))
        for match in matches
        if match.kind in LINKS
        for first in match.before_ids
        for second in match.after_ids
    ]


def _bridges(
    series: Series,
    scan: int,
    linked: Sequence[tuple[Node, Node]],
    origins: Mapping[Node, frozenset[int]],
) -> list[tuple[Node, Node]]:
    """Return links from the baseline for what the scan between them did not show."""
    if scan == 1:
        return []
    from_before = {after for _, after in linked}
    reached = frozenset().union(*(origins[before] for before, _ in linked))
    return [
        (first, second)
        for first, second in _links(series.from_baseline(scan), 0, scan)
        if second not in from_before or first[1] not in reached
    ]


def _found_again(
    linked: Iterable[tuple[Node, Node]], bridges: Iterable[tuple[Node, Node]]
) -> dict[Node, TrackEvent]:
    from_before = {after for _, after in linked}
    return {after: TrackEvent.REAPPEARED for _, after in bridges if after not in from_before}


def _new(events: Mapping[Node, TrackEvent], edges: Iterable[tuple[Node, Node]]) -> frozenset[Node]:
    """Return the new lesions with all that come from them; edges go from scan to later scan."""
    new = {node for node, event in events.items() if event is TrackEvent.NEW}
    for before, after in sorted(edges, key=lambda edge: edge[1]):
        if before in new:
            new.add(after)
    return frozenset(new)


def _origins_at(
    lesions: Iterable[int],
    scan: int,
    edges: Sequence[tuple[Node, Node]],
    origins: Mapping[Node, frozenset[int]],
) -> dict[Node, frozenset[int]]:
    return {
        (scan, number): frozenset().union(
            *(origins[before] for before, after in edges if after == (scan, number))
        )
        for number in lesions
    }


def _numbered(nodes: Iterable[Node], edges: Iterable[tuple[Node, Node]]) -> dict[Node, int]:
    """Give each connected part a number, by its first lesion."""
    part = {node: node for node in nodes}

    def root(node: Node) -> Node:
        while part[node] != node:
            part[node] = part[part[node]]
            node = part[node]
        return node

    for before, after in edges:
        first, second = sorted((root(before), root(after)))
        part[second] = first
    roots = sorted({root(node) for node in part})
    numbers = {node: number for number, node in enumerate(roots, start=1)}
    return {node: numbers[root(node)] for node in sorted(part)}


def _events_at(series: Series, scan: int) -> dict[Node, TrackEvent]:
    """Return what the matches with the scan before say of each lesion of a scan."""
    return {
        (scan, number): MATCH_EVENTS[match.kind]
        for match in series.neighbours[scan - 1]
        if match.kind in MATCH_EVENTS
        for number in match.after_ids
    }


def _first_of(tracks: Mapping[Node, int]) -> dict[int, Node]:
    first: dict[int, Node] = {}
    for node, track in sorted(tracks.items()):
        first.setdefault(track, node)
    return first


def _lost(series: Series, tracks: Mapping[Node, int]) -> dict[tuple[int, int], TrackEvent]:
    there = {(track, node[0]) for node, track in tracks.items()}
    lost: dict[tuple[int, int], TrackEvent] = {}
    for track, (begun, _) in _first_of(tracks).items():
        members = [node for node, number in tracks.items() if number == track]
        for scan in range(begun + 1, len(series.lesions)):
            if (track, scan) in there:
                continue
            was_there = (track, scan - 1) in there
            kinds = _kinds_of(series, scan, members)
            events = {LOST_EVENTS[kind] for kind in kinds if kind in LOST_EVENTS}
            gone = TrackEvent.GONE if was_there else TrackEvent.ABSENT
            lost[track, scan] = min(events, default=gone, key=list(LOST_EVENTS.values()).index)
    return lost


def _kinds_of(series: Series, scan: int, members: Sequence[Node]) -> set[MatchKind]:
    """Return how the lesions of a track match with a scan, from the scan before or the baseline."""
    before = {number for place, number in members if place == scan - 1}
    first = {number for place, number in members if place == 0}
    matches = (
        (series.neighbours[scan - 1], before),
        *(((series.from_baseline(scan), first),) if not before else ()),
    )
    return {
        match.kind
        for some, wanted in matches
        for match in some
        if not wanted.isdisjoint(match.before_ids)
    }
