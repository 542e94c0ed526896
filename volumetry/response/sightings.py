"""What each scan of a series shows of the target lesions and of all others."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from remnant.core.lesions import Lesion
from remnant.core.response import ResponseNote
from remnant.core.volumetry_report import VolumetryReport
from volumetry.growth.change import distinct_seeds
from volumetry.growth.lesion_changes import MeasuredScan, drawn_diameters_mm
from volumetry.response.liver_response import Sighting
from volumetry.response.targets import target_lesions
from volumetry.response.tracks import TrackEvent, Tracks

LOST_NOTES: Mapping[TrackEvent, ResponseNote] = {
    TrackEvent.OUTSIDE: ResponseNote.TARGET_OUTSIDE,
    TrackEvent.REJECTED: ResponseNote.TARGET_REJECTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedScan:
    """A scan of a series.

    Parameters
    ----------
    measured
        Its report and grid.
    day
        When, from any first day on; ``None`` where it is not known.
    notes
        What is known of its comparison with earlier scans.
    """

    measured: MeasuredScan
    day: float | None
    notes: frozenset[ResponseNote] = field(default=frozenset())

    @property
    def lesions(self) -> Mapping[int, Lesion]:
        """Lesions that count, by id."""
        return {lesion.id: lesion for lesion in self.measured.report.counted_lesions}


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetParts:
    """The target lesions of a series.

    Parameters
    ----------
    baseline_ids
        At the baseline, the first choice first.
    parts
        Ids of what they have become, scan by scan; those of the baseline itself first.
    """

    baseline_ids: tuple[int, ...]
    parts: tuple[tuple[int, ...], ...]


def shows_whole_liver(report: VolumetryReport) -> bool:
    """Tell whether a scan and its file hold the whole liver, as far as is known."""
    return report.tlv_ml.bound is None and not report.tlv_ml.indicative


def target_parts(scans: Sequence[FollowedScan], tracks: Tracks) -> TargetParts:
    """Choose the target lesions of the first scan and find them in all others."""
    first = scans[0].measured
    chosen = target_lesions(first.report.lesions, first.slice_spacing_mm)
    return TargetParts(
        baseline_ids=chosen,
        parts=tuple(tracks.descendants(scan, chosen) for scan in range(len(scans))),
    )


def sightings(
    scans: Sequence[FollowedScan], tracks: Tracks, targets: TargetParts
) -> tuple[Sighting, ...]:
    """Return what every scan shows, the baseline first.

    Parameters
    ----------
    scans
        In order, the baseline first.
    tracks
        Their lesions, see `volumetry.response.tracks.follow`.
    targets
        See `target_parts`.
    """
    seeds = distinct_seeds(scan.measured.report for scan in scans)
    draws = scans[0].measured.report.error_model.draws
    return tuple(
        Sighting(
            day=scan.day,
            diameters_mm=tuple(scan.lesions[number].longest_axial_mm for number in parts),
            drawn_mm=drawn_diameters_mm(scan.measured, parts, seed=seed, draws=draws),
            others_left=_others_left(place, scans[0].lesions, tracks, targets),
            new_lesions=len(tracks.new_at(place)),
            new_confirmed=_confirmed(scan, tracks.new_at(place)),
            notes=scan.notes | _notes(place, scan, tracks, targets),
        )
        for place, (scan, parts, seed) in enumerate(zip(scans, targets.parts, seeds, strict=True))
    )


def _others_left(place: int, first: Iterable[int], tracks: Tracks, targets: TargetParts) -> int:
    at_scan = (origins for node, origins in tracks.origins.items() if node[0] == place)
    there = frozenset().union(*at_scan)
    others = set(first) - set(targets.baseline_ids)
    return sum(
        number in there or _lost(tracks, number, place) is TrackEvent.OUTSIDE for number in others
    )


def _lost(tracks: Tracks, baseline_id: int, place: int) -> TrackEvent:
    """Return why a lesion of the baseline that has no part in a scan has none."""
    return tracks.lost.get((tracks.track[0, baseline_id], place), TrackEvent.GONE)


def _confirmed(scan: FollowedScan, numbers: Iterable[int]) -> int:
    return sum(not scan.lesions[number].confirmation.is_open for number in numbers)


def _notes(
    place: int, scan: FollowedScan, tracks: Tracks, targets: TargetParts
) -> frozenset[ResponseNote]:
    lesions, parts = scan.lesions.values(), targets.parts[place]
    found = {
        ResponseNote.LIVER_NOT_WHOLE: not shows_whole_liver(scan.measured.report),
        ResponseNote.ABSENCE_UNCONFIRMED: not lesions
        and any(scan_of == 0 for scan_of, _ in tracks.origins)
        and not _reviewed(scan),
        ResponseNote.UNCONFIRMED: any(lesion.confirmation.is_open for lesion in lesions),
        ResponseNote.TARGET_CUT: any(_is_cut(scan.lesions[number]) for number in parts),
        ResponseNote.TARGET_MIXED: any(_mixed(place, part, tracks, targets) for part in parts),
        ResponseNote.TARGETS_MERGED: place > 0
        and any(_targets_of(place, part, tracks, targets) > 1 for part in parts),
    }
    by_target = (_notes_of_target(number, place, scan, tracks) for number in targets.baseline_ids)
    return frozenset(note for note, holds in found.items() if holds).union(*by_target)


def _is_cut(lesion: Lesion) -> bool:
    return lesion.volume_ml.bound is not None


def _targets_of(place: int, part: int, tracks: Tracks, targets: TargetParts) -> int:
    return len(tracks.origins[place, part].intersection(targets.baseline_ids))


def _mixed(place: int, part: int, tracks: Tracks, targets: TargetParts) -> bool:
    others = tracks.origins[place, part].difference(targets.baseline_ids)
    regrouped = tracks.events.get((place, part)) is TrackEvent.REGROUPED
    return bool(others) or regrouped or (place, part) in tracks.new


def _notes_of_target(
    number: int, place: int, scan: FollowedScan, tracks: Tracks
) -> frozenset[ResponseNote]:
    own = tracks.descendants(place, (number,))
    if len(own) > 1:
        return frozenset((ResponseNote.TARGET_SPLIT,))
    if own:
        return frozenset()
    lost = LOST_NOTES.get(_lost(tracks, number, place))
    if lost is not None:
        return frozenset((lost,))
    return frozenset() if _reviewed(scan) else frozenset((ResponseNote.ABSENCE_UNCONFIRMED,))


def _reviewed(scan: FollowedScan) -> bool:
    """Tell whether a reader has gone through a scan's lesions: there are some, and none is open."""
    lesions = scan.measured.report.lesions
    return bool(lesions) and not any(lesion.confirmation.is_open for lesion in lesions)
