"""Which computed vessels a removal of segments would cut, and what stays without them.

What is known of a kept segment comes from two sides: from the ways of its vessels, where these lead
through removed segments, and from named stems that are cut between it and the root. The two overlap
by an unknown amount, so that the larger one stands, as "at least". What runs in the caudate lobe is
not cut with it: no vessels of its neighbours run through it, they run along it at the hilum and the
vena cava (ADR 25). Computed vessels inform and decide nothing (ADR 45).
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
from remnant.core.vessels import ComputedVessels, NamedVessel, VesselName, VesselTree
from remnant.core.volumetry_report import VolumetryReport

CUT_STEM_MM: Final = 10.0
"""A stem counts as cut from this length in removed segments on, as the ways of vessels do: a stem
along a border runs on both sides of it for less, by the border's wobble alone."""
LEAST_SEEN_ML: Final = 0.3
"""Less vessel than this in a segment says nothing of it, as for the ways of vessels."""
LOST_SHARE: Final = 0.5
"""A segment counts as cut off when at least this share of what is seen of it is."""
BRANCHES: Final[Mapping[VesselName, tuple[VesselName, ...]]] = {
    VesselName.PORTAL_TRUNK: (VesselName.RIGHT_PORTAL_VEIN, VesselName.LEFT_PORTAL_VEIN),
    VesselName.RIGHT_PORTAL_VEIN: (
        VesselName.RIGHT_ANTERIOR_PORTAL_VEIN,
        VesselName.RIGHT_POSTERIOR_PORTAL_VEIN,
    ),
}
"""Named branches that lie beyond another one: their shares are part of its own."""
TRUNKS: Final = (
    VesselName.RIGHT_HEPATIC_VEIN,
    VesselName.MIDDLE_HEPATIC_VEIN,
    VesselName.LEFT_HEPATIC_VEIN,
    VesselName.PORTAL_TRUNK,
)


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
    divided = tuple(_divided(carriers, kept, vessels.named))
    stems = {one.name for one in divided}
    cut = {vessel.name: vessel for vessel in vessels.named if vessel.name in stems}
    inflow, outflow = (
        {segment: _lost(segment, tree, carriers, cut, vessels) for segment in sorted(kept)}
        for tree in (VesselTree.PORTAL, VesselTree.HEPATIC)
    )
    return VesselCuts(
        divided=divided,
        inflow_lost_shares=inflow,
        outflow_lost_shares=outflow,
        inflow=_flow(inflow),
        outflow=_flow(outflow),
    )


def _divided(
    removed: Segments, kept: Segments, named: Iterable[NamedVessel]
) -> Iterator[DividedVessel]:
    """Yield the stems that are cut; one that serves nothing that stays goes with its segments."""
    for vessel in named:
        removed_mm = fsum(vessel.stem_mm_by_segment.get(segment, 0.0) for segment in removed)
        served = {s: vessel.share_by_segment.get(s, 0.0) for s in sorted(kept)}
        shares = {segment: share for segment, share in served.items() if share > 0.0}
        if removed_mm >= CUT_STEM_MM and shares:
            yield DividedVessel(
                name=vessel.name, tree=vessel.tree, removed_mm=removed_mm, shares=shares
            )


def _lost(
    segment: CouinaudSegment,
    tree: VesselTree,
    removed: Segments,
    cut: Mapping[VesselName, NamedVessel],
    vessels: ComputedVessels,
) -> float | None:
    if vessels.seen_ml_by_segment.get(tree, {}).get(segment, 0.0) < LEAST_SEEN_ML:
        return None
    ways = (
        way.share
        for way in vessels.ways
        if way.tree is tree and way.segment is segment and way.through in removed
    )
    beyond = {
        name: vessel.share_by_segment.get(segment, 0.0)
        for name, vessel in cut.items()
        if vessel.tree is tree and _lies_beyond(segment, vessel)
    }
    return min(1.0, max((*ways, fsum(_through(trunk, beyond) for trunk in TRUNKS))))


def _lies_beyond(segment: CouinaudSegment, cut: NamedVessel) -> bool:
    """Tell whether a segment surely lies beyond the cut of a stem that serves it.

    Where the stem itself runs in the segment, it may do so before it reaches what is removed: then
    only the ways of the segment's vessels tell.
    """
    return cut.stem_mm_by_segment.get(segment, 0.0) < CUT_STEM_MM


def _through(name: VesselName, shares: Mapping[VesselName, float]) -> float:
    """Return the share through a stem or what branches off it; branches are part of their stem."""
    beyond = fsum(_through(branch, shares) for branch in BRANCHES.get(name, ()))
    return max(shares.get(name, 0.0), beyond)


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
