"""Rows of a followed patient, see `remnant.cohort.followup_tables`."""

from collections.abc import Iterator, Mapping

from remnant.cohort.followup_course import Course, Since, TimePointResult
from remnant.cohort.followup_tables import PACE, SINCE
from remnant.cohort.rows import quantity_cells, spread_cells
from remnant.cohort.tables import ABSENT_BECAUSE
from remnant.core.lesions import Lesion
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, reason
from remnant.core.response import LiverResponse
from remnant.core.units import percent_from_fraction
from volumetry.growth.change import multiplied

Row = Mapping[str, object]
NO_RESECTION = Quantity.absent(reason(Cause.NO_RESECTION_NAMED))
STANDARDS_DIFFER = "standards_differ"
"""Why there is no kinetic growth rate: the standardised volumes of two cases differ."""


def time_point_rows(course: Course) -> Iterator[Row]:
    """Give one row for each case of a patient."""
    return (_time_point(course, point) for point in course.time_points)


def lesion_track_rows(course: Course) -> Iterator[Row]:
    """Give one row for each lesion of each followed case, and for each track that has none."""
    for point in course.time_points:
        if point.place is not None and point.report is not None:
            yield from _lesions(course, point)
            yield from _lost(course, point)


def _time_point(course: Course, point: TimePointResult) -> Row:
    sinces = dict(zip(SINCE, (point.since_baseline, point.since_previous), strict=True))
    previous = point.since_previous
    return {
        "subject": course.subject,
        "case": point.placed.visit.case,
        "order": point.placed.order,
        "day": point.placed.day,
        "baseline": point.is_baseline,
        "previous_case": None if previous is None else previous.case,
        **_volumes(point),
        **_response(point.response, followed=point.place is not None),
        "target_lesions": _targets(course, point),
        **{name: cell for since in sinces for name, cell in _changes(since, sinces[since]).items()},
        **({} if previous is None else _pace(previous)),
    }


def _volumes(point: TimePointResult) -> Row:
    if point.report is None:
        return {}
    names = ("tlv_ml", "functional_tlv_ml", "tumour_ml", "burden_fraction")
    found = (quantity_cells(name, getattr(point.report.volumetry, name)) for name in names)
    return {name: cell for cells in found for name, cell in cells.items()}


def _response(response: LiverResponse, *, followed: bool) -> Row:
    figures = {
        "recist_from_baseline": response.from_baseline_fraction,
        "recist_from_nadir": response.from_nadir_fraction,
        "recist_from_nadir_mm": response.from_nadir_mm,
    }
    spreads = (spread_cells(name, one) for name, one in figures.items() if one is not None)
    target = response.target_response
    return {
        "response": None if response.response is None else response.response.value,
        "provisional": response.provisional,
        "uncertain": response.uncertain,
        "notes": [note.value for note in response.notes],
        "target_response": None if target is None else target.value,
        "target_response_probability": response.probability,
        **_sum(response.sum_mm),
        "recist_baseline_mm": response.baseline_mm,
        "recist_nadir_mm": response.nadir_mm,
        "new_lesions": response.new_lesions if followed else None,
        "new_lesions_confirmed": response.new_confirmed if followed else None,
        **{name: cell for cells in spreads for name, cell in cells.items()},
    }


def _sum(sum_mm: Quantity | None) -> Row:
    if sum_mm is None:
        return {}
    bound = None if sum_mm.bound is None else sum_mm.bound.value
    return {"recist_sum_mm": sum_mm.value, "recist_sum_mm_bound": bound}


def _targets(course: Course, point: TimePointResult) -> list[str] | None:
    if point.place is None or course.targets is None:
        return None
    return [str(number) for number in course.targets.parts[point.place]]


def _changes(end: str, since: Since | None) -> Row:
    """Return the cells of what changed since an earlier case; none without one."""
    if since is None:
        return {}
    burden, tumour = since.changes.burden_fraction, since.changes.tumour_ml
    growth = since.comparison.growth
    figures = {
        "burden_points": multiplied(burden.difference, percent_from_fraction(1.0)),
        "burden_relative": burden.fraction,
        "tumour_ml": tumour.difference,
        "tumour_relative": tumour.fraction,
        "functional_tlv_ml": since.changes.functional_tlv_ml.difference,
        "kgr_sflr_points_per_week": NO_RESECTION
        if growth is None
        else growth.kgr_sflr_points_per_week,
    }
    found = (quantity_cells(f"{name}_since_{end}", one) for name, one in figures.items())
    cells = {name: cell for some in found for name, cell in some.items()}
    if since.standards_differ:
        cells[f"kgr_sflr_points_per_week_since_{end}{ABSENT_BECAUSE}"] = [STANDARDS_DIFFER]
    return cells


def _pace(since: Since) -> Row:
    found = (quantity_cells(name, getattr(since.pace, name)) for name, _, _ in PACE)
    return {name: cell for cells in found for name, cell in cells.items()}


def _lesions(course: Course, point: TimePointResult) -> Iterator[Row]:
    tracks, place = course.tracks, point.place
    if tracks is None or place is None or point.report is None or course.targets is None:
        return
    parts = course.targets.parts[place]
    for lesion in point.report.volumetry.counted_lesions:
        yield {
            **_where(course, point, tracks.track[place, lesion.id]),
            "event": tracks.events[place, lesion.id].value,
            "target": lesion.id in parts,
            **_figures(lesion),
        }


def _figures(lesion: Lesion) -> Row:
    return {
        "lesion": lesion.id,
        "longest_axial_mm": lesion.longest_axial_mm,
        **spread_cells("volume_ml", lesion.volume_ml),
        "confirmation": lesion.confirmation.value,
    }


def _lost(course: Course, point: TimePointResult) -> Iterator[Row]:
    tracks, targets = course.tracks, course.targets
    if tracks is None or targets is None:
        return
    aimed = {tracks.track[0, number] for number in targets.baseline_ids}
    for (track, place), event in sorted(tracks.lost.items()):
        if place == point.place:
            yield {
                **_where(course, point, track),
                "event": event.value,
                "target": track in aimed,
            }


def _where(course: Course, point: TimePointResult, track: int) -> Row:
    return {
        "subject": course.subject,
        "track": track,
        "case": point.placed.visit.case,
        "order": point.placed.order,
    }
