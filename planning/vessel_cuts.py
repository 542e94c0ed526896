"""Which computed vessels a removal of segments would cut, and what stays without them.

A kept segment loses what of its vessels leads through the inside of removed segments on its way to
the root. What runs near a border is not counted: veins and pedicles that mark borders run along
them, and are named apart. What runs in the caudate lobe is not cut with it: no vessels of its
neighbours run through it, they run along it at the hilum and the vena cava (ADR 25). Computed
vessels inform and decide nothing (ADR 45).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import fsum
from typing import Final

from planning.hepatectomies.stranded import CAUDATE, VESSELS_ID, Segments
from planning.inputs import REMNANT_VESSELS
from remnant.core.criteria import CriteriaResult
from remnant.core.debulking import DebulkingPlan
from remnant.core.findings import MEASUREMENT_DECIMALS, Finding, Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.reasons import Cause, Reason, joined, reason
from remnant.core.vessel_cuts import DividedVessel, Flow, Shares, VesselCuts
from remnant.core.vessels import (
    LEAST_SEEN_ML,
    THROUGH_MM,
    ComputedVessels,
    NamedVessel,
    VesselName,
    VesselTree,
)
from remnant.core.volumetry_report import VolumetryReport

LEAST_SERVED: Final = 0.1
"""A stem serves a segment when at least this share of what is seen there hangs on it: borders are
not exact, and a stem that goes with its segments keeps a little beyond them."""
LOST_SHARE: Final = 0.5
"""A segment counts as cut off when at least this share of what is seen of it is."""


def vessel_cuts(removed: Segments, kept: Segments, report: VolumetryReport) -> VesselCuts | None:
    """Say what removing segments would cut, as far as a case's computed vessels show.

    Parameters
    ----------
    removed, kept
        See `cuts_of`.
    report
        Holds the vessels.

    Returns
    -------
    VesselCuts or None
        ``None`` where no vessels or no segments are known, see `why_no_cuts`.
    """
    if report.vessels is None or report.segments is None:
        return None
    return cuts_of(removed, kept, report.vessels)


def cuts_of(removed: Segments, kept: Segments, vessels: ComputedVessels) -> VesselCuts:
    """Say what removing segments would cut, as far as computed vessels show.

    Parameters
    ----------
    removed
        Segments taken out as a whole. Wedges and ablations are not looked at.
    kept
        Those that stay and hold functional liver.
    vessels
        What is known of the vessels of these segments.
    """
    carriers = removed - {CAUDATE}
    serving = [one for one in vessels.named if _serves(one, kept - {CAUDATE})]
    divided = tuple(_divided(carriers, serving))
    inflow, outflow = (
        {segment: _lost(segment, tree, carriers, vessels) for segment in sorted(kept)}
        for tree in (VesselTree.PORTAL, VesselTree.HEPATIC)
    )
    return VesselCuts(
        divided=divided,
        along=tuple(_along(carriers, serving, frozenset(one.name for one in divided))),
        inflow_lost_shares=inflow,
        outflow_lost_shares=outflow,
        inflow=_flow(inflow),
        outflow=_flow(outflow),
    )


def _serves(vessel: NamedVessel, kept: Segments) -> bool:
    # the caudate lobe has branches of its own from trunk and vena cava
    return any(vessel.share_by_segment.get(one, 0.0) >= LEAST_SERVED for one in kept)


def _divided(removed: Segments, serving: Iterable[NamedVessel]) -> Iterator[DividedVessel]:
    """Yield the stems that are cut, of those that serve what stays."""
    for vessel in serving:
        removed_mm = _length_mm(vessel.deep_mm_by_segment, removed)
        if removed_mm >= THROUGH_MM:
            yield DividedVessel(name=vessel.name, tree=vessel.tree, removed_mm=removed_mm)


def _along(
    removed: Segments, serving: Iterable[NamedVessel], divided: frozenset[VesselName]
) -> Iterator[VesselName]:
    """Yield the other stems that run in what is removed, near one of its borders."""
    for vessel in serving:
        near = _length_mm(vessel.stem_mm_by_segment, removed) >= THROUGH_MM
        if near and vessel.name not in divided:
            yield vessel.name


def _length_mm(lengths: Mapping[CouinaudSegment, float], removed: Segments) -> float:
    return fsum(lengths.get(segment, 0.0) for segment in removed)


def _lost(
    segment: CouinaudSegment, tree: VesselTree, removed: Segments, vessels: ComputedVessels
) -> float | None:
    if vessels.seen_ml_by_segment.get(tree, {}).get(segment, 0.0) < LEAST_SEEN_ML:
        return None
    return fsum(
        way.share
        for way in vessels.ways
        if way.tree is tree and way.segment is segment and not removed.isdisjoint(way.through)
    )


def _flow(shares: Shares) -> Flow:
    known = [share for share in shares.values() if share is not None]
    if not known:
        return Flow.NOT_SEEN
    return Flow.LOST if _cut_off(shares) else Flow.INTACT_AS_FAR_AS_SEEN


def _cut_off(shares: Shares) -> Mapping[CouinaudSegment, float]:
    return {
        segment: share
        for segment, share in shares.items()
        if share is not None and round(share, MEASUREMENT_DECIMALS) >= LOST_SHARE
    }


def why_no_cuts(report: VolumetryReport) -> tuple[Reason, ...]:
    """Return why nothing is known of what operations would cut; empty where it is."""
    if report.segments is None:
        return report.segments_reasons or (Reason(Cause.SEGMENTS_UNKNOWN),)
    return (Reason(Cause.NO_COMPUTED_VESSELS),) if report.vessels is None else ()


def computed_reasons(
    removed: Segments, cuts: VesselCuts | None, *, stated: bool | None
) -> tuple[Reason, ...]:
    """Return what is to be added to a finding on the vessels of what would stay.

    Parameters
    ----------
    removed, cuts
        What is taken, and what that would cut.
    stated
        Whether a person found inflow and outflow intact; ``None`` where nobody said it.

    Returns
    -------
    tuple
        Where nobody said it, what the computed vessels show; where a person found them intact,
        what shows them lost; else nothing.
    """
    if cuts is None or not removed or stated is False:
        return ()
    cause = Cause.COMPUTED_AGAINST_STATED if stated else Cause.COMPUTED_FLOW
    flows = (
        ("inflow", cuts.inflow, cuts.inflow_lost_shares),
        ("outflow", cuts.outflow, cuts.outflow_lost_shares),
    )
    return tuple(
        _flow_reason(cause, name, flow, shares)
        for name, flow, shares in flows
        if not stated or flow is Flow.LOST
    )


def _flow_reason(cause: Cause, name: str, flow: Flow, shares: Shares) -> Reason:
    lost = _cut_off(shares)
    return reason(cause, name, flow.value, *(s.name for s in lost), *lost.values())


def with_computed(findings: Iterable[Finding], computed: tuple[Reason, ...]) -> tuple[Finding, ...]:
    """Add what computed vessels show to the findings that ask for the vessels of what stays."""
    return tuple(
        replace(finding, reasons=joined(finding.reasons, computed))
        if REMNANT_VESSELS.name in finding.inputs or finding.id == VESSELS_ID
        else finding
        for finding in findings
    )


def of_plan(plans: Sequence[DebulkingPlan], *, told: bool | None) -> tuple[Reason, ...]:
    """Return what computed vessels show of the plan that a case's lists speak of.

    That is the one of which a person found the vessels intact, else the first in rank.

    Parameters
    ----------
    plans
        In order of rank.
    told
        What a person said of the remnant's inflow and outflow, whatever the plan.
    """
    if not plans:
        return ()
    intact = (p for p in plans if p.vessels_intact and p.feasible is Verdict.MET)
    plan = plans[0] if told is not None else next(intact, plans[0])
    stated = (plan.vessels_intact or None) if told is None else told
    removed = frozenset(plan.recipe.segments)
    found = computed_reasons(removed, plan.vessel_cuts, stated=stated)
    return (reason(Cause.COMPUTED_OF_PLAN, plan.id, because=found),) if found else ()


def with_computed_condition(listed: CriteriaResult, computed: tuple[Reason, ...]) -> CriteriaResult:
    """Add the same to a list's condition on the vessels of what stays; no verdict changes."""
    return replace(listed, findings=with_computed(listed.findings, computed))
