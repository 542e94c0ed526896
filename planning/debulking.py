"""How much of the tumour a resection would remove, against the shares that sources ask for."""

from collections.abc import Iterable

from planning import wording
from planning.flr import settled
from planning.rules import DEBULKING_RULES, PROJECT_SOURCE, DebulkingRule
from remnant.core.findings import Finding, SourceStatus, Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Lesion
from remnant.core.quantity import Quantity

CUT_SHARE_MINIMUM = 0.01
"""A lesion is cut when at least this share of it lies on either side (this project's rule)."""


def debulking_findings(debulked_fraction: Quantity) -> tuple[Finding, ...]:
    """Hold the removed share of the tumour volume against every debulking rule.

    Parameters
    ----------
    debulked_fraction
        Lesion volume removed / total lesion volume, in [0, 1]; absent without lesions or without
        segments, which makes every verdict ``UNKNOWN``.

    Returns
    -------
    tuple
        One finding ``debulking.<percent>.<source>`` per rule.
    """
    return tuple(debulking_finding(rule, debulked_fraction) for rule in DEBULKING_RULES)


def debulking_finding(rule: DebulkingRule, debulked_fraction: Quantity) -> Finding:
    """Hold the removed share of the tumour volume against one rule."""
    threshold, quantity = rule.threshold, settled(debulked_fraction)
    return Finding(
        id=rule.id,
        verdict=threshold.judge(quantity),
        text=(
            f"{rule.title}: {wording.limit(threshold)} of the tumour load. {rule.remark} "
            f"{_removed(quantity, beside=threshold.value)}"
        ),
        value=quantity.value,
        threshold=threshold.value,
        basis=threshold.basis,
        inclusive=threshold.inclusive,
        source=threshold.source,
        status=threshold.status,
    )


def _removed(quantity: Quantity, *, beside: float) -> str:
    if quantity.value is None:
        return f"It cannot be judged: {quantity.reason}."
    return (
        f"Estimated to be removed: {wording.measured(quantity, beside=beside)}, by volume; studies "
        f"often count lesions or estimate by eye."
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
    return min(inside, outside) >= CUT_SHARE_MINIMUM


def cut_lesions_finding(
    lesions: Iterable[Lesion], *, removed: frozenset[CouinaudSegment]
) -> Finding | None:
    """Say which lesions the transection would cut.

    Returns
    -------
    Finding or None
        ``MET`` where none is cut, ``NOT_MET`` where some are (``value`` is their number),
        ``UNKNOWN`` where the segments of the lesions are not known. ``None`` without any lesion
        that counts.
    """
    counted = tuple(lesion for lesion in lesions if lesion.counts)
    if not counted:
        return None
    if any(lesion.segment_fractions is None for lesion in counted):
        return _cut_finding(Verdict.UNKNOWN, "The segments of the lesions are not known.", None)
    cut = cut_lesions(counted, removed=removed)
    if not cut:
        return _cut_finding(Verdict.MET, "No lesion lies across the transection.", 0)
    ids = wording.listed(str(identifier) for identifier in cut)
    text = (
        f"Across the transection: lesion {ids}. Only the part in the removed segments is counted "
        f"as removed; the rest would stay unless the line of transection moves."
    )
    return _cut_finding(Verdict.NOT_MET, text, len(cut))


def _cut_finding(verdict: Verdict, text: str, number: int | None) -> Finding:
    return Finding(
        id="debulking.cut_lesions",
        verdict=verdict,
        text=text,
        value=None if number is None else float(number),
        source=PROJECT_SOURCE,
        status=SourceStatus.PROJECT,
    )
