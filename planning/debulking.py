"""How much of the tumour a resection would remove, against the shares that sources ask for."""

from collections.abc import Iterable, Sequence

from planning import wording
from planning.flr import MEASUREMENT_DECIMALS, settled
from planning.rules.remnant import DEBULKING_RULES, PROJECT_SOURCE, DebulkingRule
from remnant.core.findings import Finding, SourceStatus, Verdict, judged
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Lesion
from remnant.core.quantity import Quantity
from volumetry.virtual_resection_voxels import CORE_SHARE_MINIMUM

MAPPED_SHARE_MINIMUM = 0.99
"""Below this share inside the segment map, the rest of a lesion may lie on the other side."""


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
        prose=(
            f"{rule.title}: {wording.limit(threshold)} of the tumour load. {rule.remark} "
            f"{_removed(quantity, beside=threshold.value)}"
        ),
        quantity=judged(quantity),
        threshold=threshold,
        source=threshold.source,
        status=threshold.status,
        probability=threshold.probability(quantity),
    )


def _removed(quantity: Quantity, *, beside: float) -> str:
    if quantity.value is None:
        return f"It cannot be judged: {quantity.reason}."
    return (
        f"Estimated to be removed: {wording.measured(quantity, beside=beside)}, by volume; studies "
        f"often count lesions or estimate by eye.{wording.because(quantity)}"
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
    doubts = _doubts([lesion for lesion in counted if lesion.id not in cut])
    if cut:
        text = (
            f"Across the transection: lesion {_ids(cut)}. Only the part in the removed segments is "
            f"counted as removed; the rest would stay unless the line of transection moves. "
        )
        return _cut_finding(Verdict.NOT_MET, (text + doubts).strip(), len(cut))
    if doubts:
        return _cut_finding(Verdict.UNKNOWN, doubts, None)
    return _cut_finding(Verdict.MET, "No lesion lies across the transection.", 0)


def _doubts(lesions: Sequence[Lesion]) -> str:
    """Say of which lesions not every part could be placed; empty where there is none."""
    if any(lesion.segment_fractions is None for lesion in lesions):
        return "The segments of the lesions are not known."
    outside = [lesion.id for lesion in lesions if _mapped(lesion) < MAPPED_SHARE_MINIMUM]
    beyond = [lesion.id for lesion in lesions if lesion.volume_ml.bound is not None]
    reasons = (
        f"part of lesion {_ids(outside)} lies outside the segment map" if outside else "",
        f"the scan cuts lesion {_ids(beyond)}" if beyond else "",
    )
    said = "; ".join(reason for reason in reasons if reason)
    return f"Not decided whether they lie across the transection: {said}." if said else ""


def _mapped(lesion: Lesion) -> float:
    return round(sum((lesion.segment_fractions or {}).values()), MEASUREMENT_DECIMALS)


def _ids(identifiers: Iterable[int]) -> str:
    return wording.listed(str(identifier) for identifier in identifiers)


def _cut_finding(verdict: Verdict, text: str, number: int | None) -> Finding:
    return Finding(
        id="debulking.cut_lesions",
        verdict=verdict,
        prose=text,
        quantity=None if number is None else Quantity(float(number)),
        source=PROJECT_SOURCE,
        status=SourceStatus.PROJECT,
    )
