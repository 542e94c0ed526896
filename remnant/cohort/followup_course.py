"""One patient's cases, followed: what changed, which lesions are the same, how they responded."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from remnant.cohort.followup_order import PlacedVisit
from remnant.cohort.followup_pairs import pair_folder, stored_comparison
from remnant.cohort.layout import case_folder
from remnant.cohort.outcomes import CaseStatus
from remnant.core.case import CaseReport
from remnant.core.comparison import ComparisonReport, LesionMatch
from remnant.core.errors import InputError
from remnant.core.findings import Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.response import LiverResponse, ResponseNote
from remnant.core.study import Study
from remnant.pipeline.comparison import CompareRequest, compare_cases, write_comparison
from remnant.pipeline.folder import read_measured
from volumetry.growth.change import paired_spreads
from volumetry.growth.lesion_changes import MeasuredScan
from volumetry.growth.remnant_growth import DAYS_PER_WEEK, common_standard
from volumetry.growth.volume_changes import TumourPace, VolumeChanges, drawn_changes, tumour_pace
from volumetry.response.liver_response import liver_responses, not_evaluable
from volumetry.response.sightings import (
    FollowedScan,
    TargetParts,
    shows_whole_liver,
    sightings,
    target_parts,
)
from volumetry.response.tracks import Series, Tracks, follow

DOUBTS: Mapping[str, ResponseNote] = {
    "liver_alignment": ResponseNote.LIVERS_MISALIGNED,
    "same_modality_and_phase": ResponseNote.OTHER_SCAN,
}
"""Checks of a comparison that, failed, make a response uncertain."""
HEAD_AND_FOOT = frozenset("SI")


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """What changed since an earlier case.

    Parameters
    ----------
    case
        The earlier one.
    days
        Between the two; ``None`` where they are not known or the same day.
    changes, pace
        Of the volumes.
    comparison
        The stored comparison, with lesions and growth of the remnant.
    standards_differ
        Whether growth was asked for and the two standardised liver volumes differ, so that there
        is none.
    """

    case: str
    days: float | None
    changes: VolumeChanges
    pace: TumourPace
    comparison: ComparisonReport
    standards_differ: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePointResult:
    """A case among those of its patient.

    Parameters
    ----------
    placed
        The case and when it was.
    report
        What was measured; ``None`` where nothing was.
    response
        Of the liver alone.
    is_baseline
        Whether the others are held against it.
    place
        Among the followed cases, 0 for the baseline; ``None`` for one that is not followed.
    since_baseline, since_previous
        Changes; the previous one is the followed case before. ``None`` without one.
    """

    placed: PlacedVisit
    report: CaseReport | None
    response: LiverResponse
    is_baseline: bool = False
    place: int | None = None
    since_baseline: Since | None = None
    since_previous: Since | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One patient's cases, followed.

    Parameters
    ----------
    subject
        Pseudonym of the patient.
    time_points
        In order, unplaced cases last.
    tracks, targets
        Lesions of the followed cases, by their place; ``None`` where no case can be followed.
    compared, reused
        Comparisons that were made, and that were there.
    faults
        Pairs of cases that could not be compared, with the reason in one line; one case twice
        where its report could not be read.
    """

    subject: str
    time_points: tuple[TimePointResult, ...]
    tracks: Tracks | None = None
    targets: TargetParts | None = None
    compared: int = 0
    reused: int = 0
    faults: tuple[tuple[str, str, str], ...] = ()


@dataclass(slots=True)
class _Pairs:
    """Reads and compares cases of one patient, and keeps account of it."""

    cohort: Path
    subject: str
    removed: frozenset[CouinaudSegment] | None
    made: int = 0
    reused: int = 0
    faults: list[tuple[str, str, str]] = field(default_factory=list)

    def report(self, placed: PlacedVisit) -> CaseReport | None:
        """Return what was measured of a case; nothing of an unusable one is taken."""
        case = placed.visit.case
        if placed.visit.status is not CaseStatus.DONE:
            return None
        try:
            return read_measured(case_folder(self.cohort, case))
        except InputError as fault:
            self.faults.append((case, case, str(fault)))
            return None

    def since(self, before: "_Measured", after: "_Measured") -> Since | None:
        """Return what changed; ``None`` where the two cannot be compared.

        Raises
        ------
        InputError
            The comparison cannot be written.
        """
        days = _days_between(before, after)
        differ = self.removed is not None and _standards_differ(before.report, after.report)
        first, second = before.placed.visit.case, after.placed.visit.case
        try:
            request = CompareRequest(
                before=case_folder(self.cohort, first),
                after=case_folder(self.cohort, second),
                weeks=None if days is None else days / DAYS_PER_WEEK,
                removed=None if differ else self.removed,
            )
            report, fresh = self._compared(request, folder := self._folder(first, second))
        except InputError as fault:
            self.faults.append((first, second, str(fault)))
            return None
        if fresh:
            write_comparison(report, folder)
        self.made += fresh
        self.reused += not fresh
        reports = before.report.volumetry, after.report.volumetry
        drawn = paired_spreads(*reports)
        changes = drawn_changes(*reports, drawn)
        return Since(
            case=first,
            days=days,
            changes=changes,
            pace=tumour_pace(changes, drawn, days),
            comparison=report,
            standards_differ=differ,
        )

    def _folder(self, first: str, second: str) -> Path:
        return pair_folder(self.cohort, self.subject, first, second)

    def _compared(self, request: CompareRequest, folder: Path) -> tuple[ComparisonReport, bool]:
        """Return the comparison, and whether it was made just now."""
        stored = stored_comparison(request, folder)
        return (compare_cases(request), True) if stored is None else (stored, False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    placed: PlacedVisit
    report: CaseReport


@dataclass(frozen=True, slots=True, kw_only=True)
class _Followed:
    """A case of the series; the baseline has no changes."""

    measured: _Measured
    previous: Since | None = None
    baseline: Since | None = None


def follow_subject(
    cohort: Path,
    subject: str,
    placed: Sequence[PlacedVisit],
    *,
    removed: frozenset[CouinaudSegment] | None = None,
) -> Course:
    """Follow one patient.

    The baseline is the first case that shows the whole liver and its lesions, or, where none does,
    the first with lesions; then no response is evaluable. Every later case with known lesions is
    compared with the one before it and with the baseline.

    Parameters
    ----------
    cohort
        Folder of the cohort.
    subject
        Pseudonym of the patient.
    placed
        The patient's cases in order, see `remnant.cohort.followup_order.in_order`.
    removed
        Segments of the resection whose remnant is followed; ``None`` for none.
    """
    pairs = _Pairs(cohort, subject, removed)
    reports = {one.visit.case: pairs.report(one) for one in placed}
    measured = [
        _Measured(placed=one, report=report)
        for one in placed
        if (report := reports[one.visit.case]) is not None and one.order is not None
    ]
    series = _series(measured, pairs)
    found = _followed_results(series)
    results = [
        found.results.get(one.visit.case)
        or _not_followed(one, reports[one.visit.case], measured, series)
        for one in placed
    ]
    return Course(
        subject=subject,
        time_points=tuple(results),
        tracks=found.tracks,
        targets=found.targets,
        compared=pairs.made,
        reused=pairs.reused,
        faults=tuple(pairs.faults),
    )


def _lesions_known(measured: _Measured) -> bool:
    return measured.report.volumetry.tumour_ml.value is not None


def _series(measured: Sequence[_Measured], pairs: _Pairs) -> list[_Followed]:
    """Return the followed cases, the baseline first; empty where lesions are known in none."""
    known = [one for one in measured if _lesions_known(one)]
    whole = (one for one in known if shows_whole_liver(one.report.volumetry))
    baseline = next(whole, known[0] if known else None)
    if baseline is None:
        return []
    series = [_Followed(measured=baseline)]
    for one in known[known.index(baseline) + 1 :]:
        from_baseline = pairs.since(baseline, one)
        nearest = series[-1].measured
        from_previous = from_baseline if nearest is baseline else pairs.since(nearest, one)
        if from_baseline is not None and from_previous is not None:
            series.append(_Followed(measured=one, previous=from_previous, baseline=from_baseline))
    return series


@dataclass(frozen=True, slots=True, kw_only=True)
class _Results:
    results: Mapping[str, TimePointResult]
    tracks: Tracks | None = None
    targets: TargetParts | None = None


def _followed_results(series: Sequence[_Followed]) -> _Results:
    if not series:
        return _Results(results={})
    no_baseline = not shows_whole_liver(series[0].measured.report.volumetry)
    scans = [_scan(one, no_baseline=no_baseline) for one in series]
    tracks = follow(
        Series(
            lesions=tuple(tuple(scan.lesions) for scan in scans),
            neighbours=tuple(_matches(one.previous) for one in series[1:]),
            with_baseline=tuple(_matches(one.baseline) for one in series[2:]),
        )
    )
    targets = target_parts(scans, tracks)
    responses = liver_responses(sightings(scans, tracks, targets))
    results = {
        one.measured.placed.visit.case: TimePointResult(
            placed=one.measured.placed,
            report=one.measured.report,
            response=response,
            is_baseline=place == 0,
            place=place,
            since_baseline=one.baseline,
            since_previous=one.previous,
        )
        for place, (one, response) in enumerate(zip(series, responses, strict=True))
    }
    return _Results(results=results, tracks=tracks, targets=targets)


def _matches(since: Since | None) -> tuple[LesionMatch, ...]:
    return () if since is None else since.comparison.matches or ()


def _scan(followed: _Followed, *, no_baseline: bool) -> FollowedScan:
    report, placed = followed.measured.report, followed.measured.placed
    doubts = {
        note
        for since in (followed.previous, followed.baseline)
        for note in ([] if since is None else _doubts(since.comparison))
    }
    own = {ResponseNote.NO_BASELINE: no_baseline, ResponseNote.ORDERED_BY_NAME: placed.by_name}
    return FollowedScan(
        measured=measured_scan(report),
        day=placed.day,
        notes=frozenset(doubts | {note for note, holds in own.items() if holds}),
    )


def _doubts(comparison: ComparisonReport) -> Iterable[ResponseNote]:
    return [
        DOUBTS[finding.id]
        for finding in comparison.quality
        if finding.id in DOUBTS and finding.verdict is Verdict.NOT_MET
    ]


def measured_scan(report: CaseReport) -> MeasuredScan:
    """Return a case's report with the spacings of its axial slices."""
    along = axial_axis(report.study)
    across = [mm for axis, mm in enumerate(report.study.spacing_mm) if axis != along]
    return MeasuredScan(
        report=report.volumetry,
        axial_spacing_mm=max(across),
        slice_spacing_mm=report.study.spacing_mm[along],
    )


def axial_axis(study: Study) -> int:
    """Return the axis of a study's grid that runs from head to foot."""
    return next(axis for axis, way in enumerate(study.orientation) if way in HEAD_AND_FOOT)


def _not_followed(
    placed: PlacedVisit,
    report: CaseReport | None,
    measured: Sequence[_Measured],
    series: Sequence[_Followed],
) -> TimePointResult:
    note = _why_not(placed, report, measured, series)
    return TimePointResult(placed=placed, report=report, response=not_evaluable(note))


def _why_not(
    placed: PlacedVisit,
    report: CaseReport | None,
    measured: Sequence[_Measured],
    series: Sequence[_Followed],
) -> ResponseNote:
    if report is None:
        return ResponseNote.NOT_MEASURED
    if placed.order is None:
        return ResponseNote.NO_TIME_POINT
    own = next(one for one in measured if one.placed == placed)
    if not _lesions_known(own):
        return ResponseNote.LESIONS_UNKNOWN
    before = measured.index(own) < measured.index(series[0].measured)
    return ResponseNote.BEFORE_BASELINE if before else ResponseNote.NOT_COMPARED


def _days_between(before: _Measured, after: _Measured) -> float | None:
    first, second = before.placed.day, after.placed.day
    if first is None or second is None or second <= first:
        return None
    return second - first


def _standards_differ(before: CaseReport, after: CaseReport) -> bool:
    try:
        common_standard(before.volumetry.standardised, after.volumetry.standardised)
    except InputError:
        return True
    return False
