"""The response of a liver at every scan of a series, see `volumetry.response.recist`.

Errors of the diameters are those of the scans' own error models, independent from scan to scan
(`volumetry.growth.lesion_changes`): they tell how probable the class is that the measured
diameters give. Absence has no such error: a lesion that was not found is gone, and provisionally so
until a reader has gone through the scan.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from remnant.core.findings import MEASUREMENT_DECIMALS
from remnant.core.quantity import CERTAINTY, Bound, Quantity
from remnant.core.reasons import Cause, reason
from remnant.core.response import LiverResponse, Response, ResponseNote
from volumetry.response.recist import (
    CLASSES,
    CONFIRMED_DAYS,
    TOO_SMALL_MM,
    class_of_sum,
    classes_of_sums,
)
from volumetry.uncertainty.intervals import ratio, sample_interval
from volumetry.uncertainty.joint_draws import Sample

NOT_ALL_SEEN = frozenset((ResponseNote.TARGET_OUTSIDE, ResponseNote.TARGET_REJECTED))
HANDED_ON = frozenset(
    (ResponseNote.TARGET_CUT, ResponseNote.TARGET_MIXED, ResponseNote.UNCONFIRMED)
)
"""Notes of the baseline and of the nadir that hold for what is compared with them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sighting:
    """What a scan shows of all that the response rests on.

    Parameters
    ----------
    day
        When, from any first day on; ``None`` where it is not known.
    diameters_mm
        Longest axial diameter of each part of the target lesions that is in the scan; empty where
        all have gone, and at a baseline without targets.
    drawn_mm
        Draws of their sum, shape ``(draws,)``, one number of draws for all scans.
    others_left
        Lesions of the baseline that are no targets and not known to be gone.
    new_lesions, new_confirmed
        Lesions that the baseline did not have, and those of them that a reader confirmed.
    notes
        What the scan and the lesions say; the class adds its own.
    """

    day: float | None
    diameters_mm: tuple[float, ...]
    drawn_mm: Sample
    others_left: int
    new_lesions: int = 0
    new_confirmed: int = 0
    notes: frozenset[ResponseNote] = field(default=frozenset())

    @property
    def sum_mm(self) -> float:
        """Sum of the diameters."""
        return round(sum(self.diameters_mm), MEASUREMENT_DECIMALS)

    @property
    def least_mm(self) -> float:
        """The sum with the length that stands for small lesions in the place of theirs."""
        return sum(max(length, TOO_SMALL_MM.value) for length in self.diameters_mm)

    @property
    def all_seen(self) -> bool:
        """Whether every target lesion is in the scan or known to be gone."""
        return self.notes.isdisjoint(NOT_ALL_SEEN)


NOTHING = LiverResponse(
    response=None,
    target_response=None,
    sum_mm=None,
    baseline_mm=None,
    nadir_mm=None,
    from_baseline_fraction=None,
    from_nadir_fraction=None,
    from_nadir_mm=None,
    probability=None,
    new_lesions=0,
    new_confirmed=0,
    notes=(),
)


def liver_responses(sightings: Sequence[Sighting]) -> tuple[LiverResponse, ...]:
    """Return the response at each scan of a series.

    Parameters
    ----------
    sightings
        In the order of the scans, the baseline first.

    Returns
    -------
    tuple of LiverResponse
        One for each. The baseline has no response.
    """
    if not sightings:
        return ()
    found = [_baseline(sightings[0])]
    for number, now in enumerate(sightings[1:], start=1):
        found.append(_response(now, sightings[:number], found))
    return tuple(found)


def not_evaluable(*notes: ResponseNote) -> LiverResponse:
    """Return the response of a scan of which nothing can be said, with the reasons."""
    return replace(NOTHING, response=Response.NOT_EVALUABLE, notes=_ordered(set(notes)))


def _baseline(first: Sighting) -> LiverResponse:
    return replace(NOTHING, sum_mm=_sum(first, first), notes=_ordered(first.notes | _start(first)))


def _start(first: Sighting) -> frozenset[ResponseNote]:
    """Return what the lesions of the baseline leave to follow."""
    if first.diameters_mm:
        return frozenset()
    few = ResponseNote.NO_TARGET if first.others_left else ResponseNote.NO_LESION_AT_BASELINE
    return frozenset((few,))


def _response(
    now: Sighting, before: Sequence[Sighting], found: Sequence[LiverResponse]
) -> LiverResponse:
    first = before[0]
    judged = _judged(now, before, found)
    notes = judged.notes | _notes_of_new(now) | _start(first) | first.notes & HANDED_ON
    response = _of_liver(judged.response, now, first)
    if response is Response.PARTIAL and judged.response is Response.COMPLETE:
        notes |= {ResponseNote.NON_TARGETS_LEFT}
    seen_enough = ResponseNote.LIVER_NOT_WHOLE not in notes or response is Response.PROGRESSIVE
    if ResponseNote.NO_BASELINE in notes or not seen_enough:
        response = Response.NOT_EVALUABLE
    return replace(
        judged.figures,
        response=response,
        target_response=judged.response,
        new_lesions=now.new_lesions,
        new_confirmed=now.new_confirmed,
        notes=_ordered(notes),
    )


def _of_liver(target: Response | None, now: Sighting, first: Sighting) -> Response:
    """Return the class of the liver: the guideline's table of time points, for one organ."""
    if now.new_lesions:
        return Response.PROGRESSIVE
    if target is None:
        if not first.others_left:
            return Response.NOT_EVALUABLE
        return Response.NEITHER if now.others_left else Response.COMPLETE
    left = target is Response.COMPLETE and now.others_left
    return Response.PARTIAL if left else target


def _notes_of_new(now: Sighting) -> frozenset[ResponseNote]:
    open_ones = now.new_lesions and not now.new_confirmed
    return frozenset((ResponseNote.NEW_UNCONFIRMED,) if open_ones else ())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """The class of the target lesions, the figures that it rests on, and what is to be noted."""

    response: Response | None
    figures: LiverResponse
    notes: frozenset[ResponseNote]


def _judged(now: Sighting, before: Sequence[Sighting], found: Sequence[LiverResponse]) -> _Judged:
    first = before[0]
    nadir = min((one for one in before if one.all_seen), key=lambda one: one.sum_mm, default=first)
    figures = _figures(now, first, nadir)
    if not first.diameters_mm:
        return _Judged(response=None, figures=figures, notes=now.notes)
    notes = now.notes | nadir.notes & HANDED_ON
    if not now.diameters_mm:
        gone = Response.COMPLETE if now.all_seen else Response.NOT_EVALUABLE
        return _Judged(response=gone, figures=figures, notes=notes)
    response = class_of_sum(now.sum_mm, first.sum_mm, nadir.sum_mm)
    if not now.all_seen and response is not Response.PROGRESSIVE:
        return _Judged(response=Response.NOT_EVALUABLE, figures=figures, notes=notes)
    goes_on = response is Response.STABLE and _partial_confirmed(before, found)
    notes |= _notes_of_class(now, first, nadir, response)
    if nadir.sum_mm == 0.0:
        return _Judged(response=response, figures=figures, notes=notes)
    chance = _probability(now, before, response, goes_on=goes_on)
    if goes_on:
        response, notes = Response.PARTIAL, notes | {ResponseNote.PARTIAL_GOES_ON}
    if chance < CERTAINTY:
        notes |= {ResponseNote.WITHIN_ERROR}
    return _Judged(response=response, figures=replace(figures, probability=chance), notes=notes)


def _notes_of_class(
    now: Sighting, first: Sighting, nadir: Sighting, response: Response
) -> frozenset[ResponseNote]:
    again = {ResponseNote.REAPPEARED} if nadir.sum_mm == 0.0 else set()
    other = class_of_sum(now.least_mm, first.sum_mm, nadir.sum_mm)
    other_nadir = class_of_sum(now.sum_mm, first.sum_mm, nadir.least_mm)
    small = {ResponseNote.TARGET_SMALL} if {other, other_nadir} != {response} else set()
    return frozenset(again | small)


def _partial_confirmed(before: Sequence[Sighting], found: Sequence[LiverResponse]) -> bool:
    """Tell whether the last scans were partial responses, the first and last far enough apart.

    Scans without a class break no such run.
    """
    days: list[float] = []
    for one, was in zip(reversed(before), reversed(found), strict=True):
        if was.target_response in {None, Response.NOT_EVALUABLE}:
            continue
        if was.target_response is not Response.PARTIAL:
            break
        days += [] if one.day is None else [one.day]
    return bool(days) and CONFIRMED_DAYS.holds(days[0] - days[-1])


def _probability(
    now: Sighting, before: Sequence[Sighting], response: Response, *, goes_on: bool
) -> float:
    """Return the share of the draws in which the class is the same."""
    seen = [one.drawn_mm for one in before if one.all_seen]
    nadirs = np.min([before[0].drawn_mm, *seen], axis=0)
    classes = classes_of_sums(now.drawn_mm, before[0].drawn_mm, nadirs)
    if goes_on:
        return float(np.mean(classes != CLASSES.index(Response.PROGRESSIVE)))
    return float(np.mean(classes == CLASSES.index(response)))


def _figures(now: Sighting, first: Sighting, nadir: Sighting) -> LiverResponse:
    sum_mm = _sum(now, first)
    if sum_mm is None:
        return NOTHING
    return replace(
        NOTHING,
        sum_mm=sum_mm,
        baseline_mm=first.sum_mm,
        nadir_mm=nadir.sum_mm,
        from_baseline_fraction=_share(sum_mm, now, first),
        from_nadir_fraction=_share(sum_mm, now, nadir),
        from_nadir_mm=_more(sum_mm, now, nadir),
    )


def _sum(now: Sighting, first: Sighting) -> Quantity | None:
    if not first.diameters_mm:
        return None
    cut = not now.all_seen or ResponseNote.TARGET_CUT in now.notes
    return Quantity(
        now.sum_mm,
        bound=Bound.LOWER if cut else None,
        reasons=(reason(Cause.DIAMETER_CUT),) if cut else (),
    )


def _share(sum_mm: Quantity, now: Sighting, base: Sighting) -> Quantity:
    if base.sum_mm == 0.0:
        return Quantity.absent(reason(Cause.ZERO_BEFORE))
    drawn = ratio(now.drawn_mm - base.drawn_mm, base.drawn_mm)
    value = (now.sum_mm - base.sum_mm) / base.sum_mm
    return replace(sum_mm, value=value, interval=sample_interval(drawn, {}))


def _more(sum_mm: Quantity, now: Sighting, base: Sighting) -> Quantity:
    interval = sample_interval(now.drawn_mm - base.drawn_mm, {})
    return replace(sum_mm, value=now.sum_mm - base.sum_mm, interval=interval)


def _ordered(notes: frozenset[ResponseNote] | set[ResponseNote]) -> tuple[ResponseNote, ...]:
    return tuple(note for note in ResponseNote if note in notes)
