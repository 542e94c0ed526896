"""How much of the tumour a resection would remove, against the shares that sources ask for."""

from collections.abc import Iterable, Iterator, Sequence

from planning.rules.remnant import DEBULKING_RULES, PROJECT_SOURCE, DebulkingRule
from remnant.core.findings import (
    MEASUREMENT_DECIMALS,
    Finding,
    SourceStatus,
    Verdict,
    judged,
)
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Lesion
from remnant.core.quantity import CERTAINTY, Quantity
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.recipe import CORE_SHARE_MINIMUM

MAPPED_SHARE_MINIMUM = 0.99
"""Below this share inside the segment map, the rest of a lesion may lie on the other side."""


def debulking_findings(
    debulked_fraction: Quantity, *, certainty: float = CERTAINTY
) -> tuple[Finding, ...]:
    """Hold the removed share of the tumour volume against every debulking rule.

    Parameters
    ----------
    debulked_fraction
        Lesion volume removed / total lesion volume, in [0, 1]; absent without lesions or without
        segments, which makes every verdict ``UNKNOWN``.
    certainty
        See `Threshold.judge`.

    Returns
    -------
    tuple
        One finding ``debulking.<percent>.<source>`` per rule.
    """
    return tuple(
        debulking_finding(rule, debulked_fraction, certainty=certainty) for rule in DEBULKING_RULES
    )


def debulking_finding(
    rule: DebulkingRule, debulked_fraction: Quantity, *, certainty: float = CERTAINTY
) -> Finding:
    """Hold the removed share of the tumour volume against one rule."""
    threshold, quantity = rule.threshold, debulked_fraction
    return Finding(
        id=rule.id,
        verdict=threshold.judge(quantity, certainty=certainty),
        quantity=judged(quantity),
        threshold=threshold,
        source=threshold.source,
        status=threshold.status,
        probability=threshold.probability(quantity),
    )


def cut_lesions(
    lesions: Iterable[Lesion], *, removed: frozenset[CouinaudSegment]
) -> tuple[int, ...]:
    """List the ids of counted lesions that lie partly in removed and partly in kept segments.

    Lesions without segment shares are left out.
    """
    return tuple(
        lesion.id for lesion in lesions if lesion.counts and _is_cut(lesion, removed=removed)
    )


def _is_cut(lesion: Lesion, *, removed: frozenset[CouinaudSegment]) -> bool:
    shares = lesion.segment_fractions or {}
    inside = sum(share for segment, share in shares.items() if segment in removed)
    outside = sum(share for segment, share in shares.items() if segment not in removed)
    return min(inside, outside) >= CORE_SHARE_MINIMUM


def cut_lesions_finding(
    lesions: Iterable[Lesion], *, removed: frozenset[CouinaudSegment]
) -> Finding | None:
    """Say which lesions the transection would cut.

    Returns
    -------
    Finding or None
        ``MET`` where none is cut, ``NOT_MET`` where some are (``value`` is their number),
        ``UNKNOWN`` where none is known to be but the place of a whole lesion is not known: without
        segments, where part of it lies outside the segment map, or where the scan cuts it.
        ``None`` without any lesion that counts.
    """
    counted = tuple(lesion for lesion in lesions if lesion.counts)
    if not counted:
        return None
    cut = cut_lesions(counted, removed=removed)
    doubts = tuple(_doubts([lesion for lesion in counted if lesion.id not in cut]))
    if cut:
        across = (_of_lesions(Cause.LESIONS_ACROSS, cut), reason(Cause.PART_COUNTED))
        return _cut_finding(Verdict.NOT_MET, (*across, *doubts), len(cut))
    if doubts:
        return _cut_finding(Verdict.UNKNOWN, doubts, None)
    return _cut_finding(Verdict.MET, (), 0)


def _doubts(lesions: Sequence[Lesion]) -> Iterator[Reason]:
    """Say of which lesions not every part could be placed."""
    if any(lesion.segment_fractions is None for lesion in lesions):
        yield reason(Cause.LESIONS_WITHOUT_SEGMENTS)
        return
    outside = [lesion.id for lesion in lesions if _mapped(lesion) < MAPPED_SHARE_MINIMUM]
    beyond = [lesion.id for lesion in lesions if lesion.volume_ml.bound is not None]
    if outside:
        yield _of_lesions(Cause.LESIONS_OUTSIDE_MAP, outside)
    if beyond:
        yield _of_lesions(Cause.LESIONS_CUT_BY_SCAN, beyond)


def _mapped(lesion: Lesion) -> float:
    return round(sum((lesion.segment_fractions or {}).values()), MEASUREMENT_DECIMALS)


def _of_lesions(cause: Cause, identifiers: Iterable[int]) -> Reason:
    return reason(cause, *(str(identifier) for identifier in identifiers))


def _cut_finding(verdict: Verdict, reasons: tuple[Reason, ...], number: int | None) -> Finding:
    return Finding(
        id="debulking.cut_lesions",
        verdict=verdict,
        quantity=None if number is None else Quantity(float(number)),
        reasons=reasons,
        source=PROJECT_SOURCE,
        status=SourceStatus.PROJECT,
    )
