"""A planning report with every kind of content, made by hand without planning anything."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from examples.findings import example_finding
from planning import inputs
from planning.criteria.catalogue import COMBINED_RULE, CRITERIA, LISTS
from planning.criteria.conditions import Criterion, judge
from planning.inputs import Facts, Input
from planning.rules.pathways import PATHWAY_TABLES
from remnant.core.criteria import CriteriaResult, LesionAblation, Pathway, TreatmentOption
from remnant.core.debulking import (
    DebulkingPlan,
    Fate,
    PlanOrigin,
    Relaxation,
    RelaxationKind,
    TargetOutcome,
    VirtualResection,
)
from remnant.core.distribution import Frilling, FrillingType, Netlm, NetlmType, Stability
from remnant.core.findings import Basis, Finding, SourceStatus, Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.plan import Remnant
from remnant.core.planning_report import PlanningReport
from remnant.core.quantity import Interval, Quantity
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.recipe import Recipe
from remnant.core.staged_plan import GrowthRange, StagedPlan, Strategy

FATES: Mapping[int, Fate] = {1: Fate.WITH_SEGMENTS, 3: Fate.WEDGE, 4: Fate.ABLATED}
ERROR_SHARE = 0.06


def about(value: float) -> Quantity:
    """Return a quantity with an interval of some percent around it."""
    return Quantity(value, interval=Interval((1 - ERROR_SHARE) * value, (1 + ERROR_SHARE) * value))


def example_result(
    flr_ml: float = 900.0,
    debulked: float = 0.93,
    fates: Mapping[int, Fate] = FATES,
    **changes: Any,
) -> VirtualResection:
    """Return what a recipe takes and leaves; ``changes`` replace any of its figures."""
    zones = sum(fate is Fate.ABLATED for fate in fates.values())
    wedges = sum(fate is Fate.WEDGE for fate in fates.values())
    facts: dict[str, Any] = {
        "fates": fates,
        "remnant": Remnant(
            flr_ml=about(flr_ml),
            flr_measured_fraction=about(flr_ml / 1650.0),
            sflr=about(flr_ml / 1700.0),
            flr_body_weight_percent=about(flr_ml / 800.0),
            flr_ml_per_m2=about(flr_ml / 1.95),
        ),
        "debulked_fraction": Quantity(
            debulked, interval=Interval(debulked - 0.05, min(debulked + 0.03, 1.0))
        ),
        "removed_ml": about(1650.0 - flr_ml),
        "ablated_ml": about(14.0),
        "margin_ml": 21.5,
        "residual_tumour_ml": about(30.0 * (1.0 - debulked)),
        "ablation_zones": zones,
        "interventions": 1 + wedges + zones,
    }
    return VirtualResection(**(facts | changes))


def example_plan(number: int = 1, **changes: Any) -> DebulkingPlan:
    """Return one plan of the optimiser; ``changes`` replace any of its fields."""
    facts: dict[str, Any] = {
        "id": f"plan_{number}",
        "origin": PlanOrigin.OPTIMISER,
        "targets": (0.9,),
        "recipe": Recipe(
            segments=(CouinaudSegment.VI, CouinaudSegment.VII), wedges=(3,), ablations=(4,)
        ),
        "result": example_result(),
        "named": True,
        "new_world": "H67",
        "rule_set": "gepnetlm_review",
        "feasible": Verdict.MET,
        "proven": True,
        "gap_ml": 0.0,
        "on_front": True,
        "flips": ("flr.machairas2021_30",),
        "findings": example_plan_findings(),
    }
    return DebulkingPlan(**(facts | changes))


def example_plan_findings() -> tuple[Finding, ...]:
    """Return verdicts on a plan: two minima, a share of the tumour, a rule without a number."""
    return (
        example_finding(
            identifier="flr.cloyd2020",
            verdict=Verdict.MET,
            value=0.53,
            limit=0.2,
            basis=Basis.STANDARDISED_TLV,
            inclusive=True,
            source="cloyd2020",
            status=SourceStatus.VERIFIED,
            probability=0.999,
        ),
        example_finding(
            identifier="flr.machairas2021_30",
            verdict=Verdict.NOT_MET,
            value=0.29,
            quantities=(Quantity(0.53), Quantity(0.29)),
            limit=0.3,
            basis=Basis.UNSPECIFIED,
            inclusive=True,
            source="machairas2021",
            status=SourceStatus.VERIFIED,
            probability=0.41,
        ),
        example_finding(
            identifier="debulking.90.cloyd2020",
            verdict=Verdict.MET,
            value=0.93,
            limit=0.9,
            basis=Basis.TUMOUR_VOLUME,
            inclusive=False,
            source="cloyd2020",
            status=SourceStatus.VERIFIED,
            probability=0.83,
        ),
        judge(COMBINED_RULE, Facts({})),
    )


def example_plans() -> tuple[DebulkingPlan, ...]:
    """Return plans of every kind: named, without a name, unproven, cutting, the user's own."""
    return (
        example_plan(1),
        example_plan(
            2,
            targets=(0.7,),
            recipe=Recipe(segments=(CouinaudSegment.III,), wedges=(3,)),
            result=example_result(1310.0, 0.72, {1: Fate.WITH_SEGMENTS, 3: Fate.WEDGE}),
            named=False,
            new_world="H3",
            proven=False,
            gap_ml=12.5,
            flips=(),
        ),
        example_plan(
            3,
            origin=PlanOrigin.USER,
            targets=(),
            recipe=Recipe(segments=(CouinaudSegment.II, CouinaudSegment.III)),
            result=example_result(1400.0, 0.40, {1: Fate.STAYS, 3: Fate.CUT, 4: Fate.STAYS}),
            new_world="H23",
            feasible=Verdict.UNKNOWN,
            proven=None,
            gap_ml=None,
            on_front=False,
            flips=(),
        ),
    )


def example_outcome(
    target: float = 1.0,
    verdict: Verdict = Verdict.MET,
    **changes: Any,
) -> TargetOutcome:
    """Return a target of which everything is proven; ``changes`` replace any of its fields."""
    facts: dict[str, Any] = {
        "target": target,
        "verdict": verdict,
        "plans": (),
        "most_debulked_fraction": 1.0,
        "most_proven": True,
        "largest_flr_ml": 500.0,
        "largest_proven": True,
        "rule_set": "gepnetlm_review",
        "least_flr_ml": Quantity(400.0),
        "proven": True,
    }
    return TargetOutcome(**(facts | changes))


def example_targets() -> tuple[TargetOutcome, ...]:
    """Return a target within reach, one undecided, and one that is infeasible."""
    return (
        TargetOutcome(
            target=0.7,
            verdict=Verdict.MET,
            plans=("plan_2", "plan_1"),
            answered_by="plan_2",
            most_debulked_fraction=1.0,
            most_proven=True,
            largest_flr_ml=1310.0,
            largest_plan="plan_2",
            largest_proven=True,
            rule_set="gepnetlm_review",
            least_flr_ml=Quantity(510.0),
            proven=True,
        ),
        TargetOutcome(
            target=0.9,
            verdict=Verdict.UNKNOWN,
            plans=("plan_1",),
            most_debulked_fraction=1.0,
            most_proven=False,
            largest_flr_ml=900.0,
            largest_plan="plan_1",
            largest_proven=False,
            rule_set="gepnetlm_review",
            least_flr_ml=Quantity.absent(
                reason(Cause.STANDARDISED_UNKNOWN, because=(Reason(Cause.NO_BODY_WEIGHT),))
            ),
            proven=False,
        ),
        TargetOutcome(
            target=1.0,
            verdict=Verdict.NOT_MET,
            plans=(),
            most_debulked_fraction=0.9996,
            most_proven=True,
            largest_flr_ml=None,
            largest_proven=True,
            rule_set="gepnetlm_review",
            least_flr_ml=Quantity(510.0),
            proven=True,
            relaxations=(
                Relaxation(
                    kind=RelaxationKind.MORE_ABLATIONS, amount=1.0, flr_ml=804.0, interventions=4
                ),
                Relaxation(
                    kind=RelaxationKind.ANY_WEDGE,
                    amount=None,
                    flr_ml=790.0,
                    interventions=3,
                    beyond_limits=(5,),
                ),
                Relaxation(
                    kind=RelaxationKind.LARGER_REMNANT, amount=42.0, flr_ml=468.0, points=5.2
                ),
            ),
        ),
    )


def example_staged() -> tuple[StagedPlan, ...]:
    """Return one plan in two stages, with growth in between."""
    return (
        StagedPlan(
            plan="plan_1",
            strategy=Strategy.PVE,
            first_stage=Recipe(wedges=(3,)),
            second_stage=Recipe(segments=(CouinaudSegment.VI, CouinaudSegment.VII)),
            preset="pve_pmc8306993",
            least_flr_ml=Quantity(650.0),
            flr_before_ml=about(480.0),
            flr_after_ml=about(620.0),
            sflr_after=about(0.36),
            weeks_to_threshold=Quantity.absent(reason(Cause.GROWTH_ENDS_BELOW, 620.0, 650.0)),
            probability=0.62,
            waiting_weeks=4.1,
            tumour_growth_fraction=0.11,
            untreated=0,
            flr_after_range=GrowthRange(
                low_ml=605.0,
                high_ml=739.0,
                low_preset="rpve_pmc5901738",
                high_preset="rpve4_pmc5901738",
            ),
            findings=(
                Finding(
                    id="growth.pve_pmc8306993",
                    verdict=Verdict.UNKNOWN,
                    source="pmc8306993",
                    status=SourceStatus.UNVERIFIED,
                ),
            ),
        ),
    )


KNOWN: Mapping[Input, Quantity] = {inputs.BURDEN: Quantity(0.124), inputs.AGE: Quantity(60.0)}
"""What the example lists are judged by: one value that meets most limits, one that does not."""


def example_list(identifier: str = "transplant.milan", **changes: Any) -> CriteriaResult:
    """Return three conditions of a real list: one met, one not met, one undecided.

    Their statuses differ, whatever the list.
    """
    listed = LISTS[identifier]
    criteria = sorted(
        (one for one in listed.conditions if isinstance(one, Criterion)),
        key=lambda one: [*KNOWN, one.input].index(one.input),
    )
    met, failed, still_open = criteria[:3]
    conditions = (
        _decided(met, Verdict.MET, SourceStatus.VERIFIED),
        _decided(failed, Verdict.NOT_MET, SourceStatus.UNVERIFIED),
        replace(judge(still_open, Facts({})), status=SourceStatus.PROJECT),
    )
    facts: dict[str, Any] = {
        "id": identifier,
        "title": listed.title,
        "source": listed.source,
        "verdict": Verdict.NOT_MET,
        "findings": conditions,
        "missing": conditions[-1].missing,
    }
    return CriteriaResult(**(facts | changes))


def _decided(condition: Criterion, verdict: Verdict, status: SourceStatus) -> Finding:
    """Return a verdict on a condition, with the value behind it where that is one of `KNOWN`."""
    finding = judge(condition, Facts(KNOWN))
    return replace(finding, verdict=verdict, status=status, missing=(), reasons=())


def example_ablation(lesions: tuple[int, ...] = (1, 3, 4, 5)) -> tuple[LesionAblation, ...]:
    """Return what two sources say on ablating some lesions; the largest is beyond the limits."""
    size = judge(
        CRITERIA["ablation.size.cloyd2020"], Facts({inputs.LESION_DIAMETER: Quantity(12.0)})
    )
    unknown = judge(CRITERIA["ablation.central_biliary.gepnetlm_review"], Facts({}))
    duct = replace(unknown, status=SourceStatus.UNVERIFIED)
    return tuple(
        LesionAblation(
            lesion=lesion,
            allowed=number > 0,
            reasons=() if number else (reason(Cause.ABOVE_ABLATION_LIMIT, 41.0, 30.0),),
            findings=(size, duct) if number else (replace(size, verdict=Verdict.NOT_MET),),
        )
        for number, lesion in enumerate(lesions)
    )


OPTION_VERDICTS = (Verdict.MET, Verdict.NOT_MET, Verdict.UNKNOWN)


def example_pathway() -> Pathway:
    """Return one branch of a pathway with an option of every verdict."""
    table = PATHWAY_TABLES[0]
    row = next(row for row in table.rows if len(row.first) >= len(OPTION_VERDICTS))
    return Pathway(
        id=f"{table.id}.{row.id}",
        title=table.title,
        branch=row.branch,
        verdict=Verdict.UNKNOWN,
        source=table.source,
        missing=("grade",),
        options=tuple(
            TreatmentOption(
                id=rule.id,
                name=rule.name,
                verdict=verdict,
                source=rule.source,
                failed=("pathway.bilioenteric_anastomosis",) if verdict is Verdict.NOT_MET else (),
                missing=("sstr_positive",) if verdict is Verdict.UNKNOWN else (),
            )
            for rule, verdict in zip(row.first[1:], OPTION_VERDICTS, strict=False)
        ),
    )


def example_planning(**changes: Any) -> PlanningReport:
    """Return a planning report with every kind of content; ``changes`` replace any field."""
    facts: dict[str, Any] = {
        "frilling": Frilling(type=FrillingType.II, reasons=(reason(Cause.BULK_WITH_DEPOSITS, 5),)),
        "resections": (),
        "plans": example_plans(),
        "targets": example_targets(),
        "staged": example_staged(),
        "netlm": Netlm(
            type=NetlmType.TWO, reasons=(reason(Cause.SPARING_PLAN, 5, 0.93, 2, "plan_1"),)
        ),
        "stability": Stability(
            perturbations=200,
            same_share=0.87,
            type_shares={FrillingType.II: 0.87, FrillingType.III: 0.13},
            by_cause={"segmentation": 1.0, "lobe_border": 0.88},
            reasons=(reason(Cause.LOBES_APART),),
        ),
        "resectability": (
            example_list(
                "resectability.enets2016",
                title="ENETS 2016",
                verdict=Verdict.UNKNOWN,
                missing=("ki67_percent", "extrahepatic_disease"),
            ),
        ),
        "ablation": example_ablation(),
        "staging": (example_list("staging.pve", title="Embolisation", missing=()),),
        "transplant": (example_list(),),
        "pathways": (example_pathway(),),
    }
    return PlanningReport(**(facts | changes))
