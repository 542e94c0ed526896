"""Kept segments that an operation leaves without a neighbour, a pedicle or a vein: no remnant."""

from collections.abc import Mapping

from planning.remnant.contiguity import NEIGHBOURS
from planning.rules.anatomy import HEPATIC_VEINS, PEDICLE_BESIDE
from planning.rules.remnant import PROJECT_SOURCE
from remnant.core.findings import Finding, SourceStatus, Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.plan_choice import PlanChoice
from remnant.core.reasons import Cause, Reason, reason

CAUDATE = CouinaudSegment.I
VESSELS_ID = "vascular_feasibility"
Segments = frozenset[CouinaudSegment]
ALL_SEGMENTS: Segments = frozenset(CouinaudSegment)


def stranded_segments(removed: Segments, *, held: Segments = ALL_SEGMENTS) -> Segments:
    """Return the kept segments that are no remnant.

    Parameters
    ----------
    removed
        Segments taken out.
    held
        Segments that hold functional liver before; those that an earlier operation took are not
        among them.

    Returns
    -------
    frozenset
        Kept segments that border on no kept segment other than I, and those whose pedicle or every
        vein is cut (`planning.rules.anatomy`).

    Examples
    --------
    >>> S = CouinaudSegment
    >>> [s.name for s in stranded_segments(frozenset((S.IV, S.VI, S.VIII)))]
    ['V', 'VII']
    >>> stranded_segments(frozenset((S.V, S.VI, S.VII, S.VIII)))
    frozenset()
    """
    return frozenset().union(*_causes(removed, held).values())


def why_stranded(removed: Segments, *, held: Segments = ALL_SEGMENTS) -> tuple[Reason, ...]:
    """Return what `stranded_segments` lose; the reasons have the names of the segments."""
    return tuple(
        reason(cause, *(segment.name for segment in sorted(segments)))
        for cause, segments in _causes(removed, held).items()
        if segments
    )


def vessels_finding(
    removed: Segments, *, choice: PlanChoice, held: Segments = ALL_SEGMENTS
) -> Finding | None:
    """Say that nobody assessed the vessels of what an operation leaves, or that a person did.

    Returns
    -------
    Finding or None
        ``UNKNOWN`` with what kept segments lose, ``MET`` where a person found all intact, ``None``
        for a named operation.
    """
    lost = why_stranded(removed, held=held)
    if not lost:
        return None
    stated = removed in choice.vessels_intact
    return Finding(
        id=VESSELS_ID,
        verdict=Verdict.MET if stated else Verdict.UNKNOWN,
        reasons=(reason(Cause.STATED_INTACT), *lost) if stated else lost,
        source=PROJECT_SOURCE,
        status=SourceStatus.PROJECT,
    )


def _causes(removed: Segments, held: Segments) -> Mapping[Cause, Segments]:
    """Return what the operation itself takes; what lacked it before lives without."""
    before, after = _lacking(held | removed), _lacking(held - removed)
    return {cause: segments - before[cause] for cause, segments in after.items()}


def _lacking(kept: Segments) -> Mapping[Cause, Segments]:
    return {
        Cause.NO_KEPT_NEIGHBOUR: frozenset(s for s in kept if not _has_neighbour(s, kept)),
        Cause.VEINS_CUT: frozenset(s for s in kept if not _is_drained(s, kept)),
        Cause.PEDICLE_CUT: frozenset(s for s in kept if not _is_fed(s, kept)),
    }


def _has_neighbour(segment: CouinaudSegment, kept: Segments) -> bool:
    """Tell whether a segment borders on a kept one; the caudate lobe carries no other segment.

    It has its own pedicles and veins, and none of its neighbours' run through it.
    """
    carriers = kept if segment is CAUDATE else kept - {CAUDATE}
    return any(frozenset((segment, other)) in NEIGHBOURS for other in carriers)


def _is_drained(segment: CouinaudSegment, kept: Segments) -> bool:
    """Tell whether a vein that drains a segment keeps liver on a side of its last stretch."""
    veins = [vein for vein in HEPATIC_VEINS if segment in vein.drains]
    return not veins or any(vein.beside & kept for vein in veins)


def _is_fed(segment: CouinaudSegment, kept: Segments) -> bool:
    beside = PEDICLE_BESIDE.get(segment)
    return beside is None or bool(beside & kept)
