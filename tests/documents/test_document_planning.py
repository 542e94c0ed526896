"""The planner's part of report.json: every field comes back as it was written."""

import json
from dataclasses import fields, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remnant.core.clinical import (
    RANGES,
    ClinicalFacts,
    Differentiation,
    ExtrahepaticDisease,
    Grade,
    PrimarySite,
    PrimaryStatus,
)
from remnant.core.criteria import CriteriaResult, LesionAblation, Pathway, TreatmentOption
from remnant.core.debulking import (
    DebulkingPlan,
    Fate,
    PlanOrigin,
    Recipe,
    Relaxation,
    StagedPlan,
    TargetOutcome,
    VirtualResection,
)
from remnant.core.errors import InputError
from remnant.core.findings import Finding, Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.plan import Frilling, FrillingType, Netlm, NetlmType, Remnant, Stability
from remnant.core.planning_report import PlanningReport
from remnant.core.quantity import Bound, Interval, Quantity, UncertaintyPart
from remnant.documents.report_document import from_document, to_document

WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=9)
SHARES = st.floats(0.0, 1.0)
AMOUNTS = st.floats(0.0, 1e6)
IDS = st.integers(1, 65535)
VERDICTS = st.sampled_from(Verdict)


def optional(strategy):
    return st.none() | strategy


def several(strategy):
    return st.lists(strategy, max_size=2).map(tuple)


@st.composite
def quantities(draw, values=AMOUNTS):
    value = draw(optional(values))
    if value is None:
        return Quantity.absent(draw(WORDS) + "why")
    sds = {UncertaintyPart.SEGMENTATION: draw(AMOUNTS)}
    known = Interval(value - 1.0, value + draw(AMOUNTS), median=value, sds=sds)
    return Quantity(
        value,
        interval=draw(optional(st.just(known))),
        bound=draw(optional(st.sampled_from(Bound))),
        reasons=draw(optional(WORDS)),
    )


findings = several(st.builds(Finding, id=WORDS, verdict=VERDICTS, text=WORDS))
recipes = st.builds(
    Recipe,
    segments=st.sets(st.sampled_from(CouinaudSegment)).map(lambda found: tuple(sorted(found))),
    wedges=st.sets(IDS, max_size=3).map(lambda found: tuple(sorted(found))),
    ablations=st.sets(IDS, max_size=3).map(lambda found: tuple(sorted(found))),
)
remnants = st.builds(
    Remnant,
    flr_ml=quantities(),
    flr_measured_fraction=quantities(),
    sflr=quantities(),
    flr_body_weight_percent=quantities(),
    flr_ml_per_m2=quantities(),
)
results = st.builds(
    VirtualResection,
    fates=st.dictionaries(IDS, st.sampled_from(Fate), max_size=4),
    remnant=remnants,
    debulked_fraction=quantities(SHARES),
    removed_ml=quantities(),
    ablated_ml=quantities(),
    margin_ml=AMOUNTS,
    residual_tumour_ml=quantities(),
    ablation_zones=st.integers(0, 99),
    interventions=st.integers(0, 99),
)
plans = st.builds(
    DebulkingPlan,
    id=WORDS,
    title=WORDS,
    headline=WORDS,
    origin=st.sampled_from(PlanOrigin),
    targets=several(SHARES),
    recipe=recipes,
    result=results,
    named=st.booleans(),
    new_world=WORDS,
    feasible=VERDICTS,
    proven=optional(st.booleans()),
    gap_ml=optional(AMOUNTS),
    on_front=st.booleans(),
    flips=several(WORDS),
    findings=findings,
)
targets = st.builds(
    TargetOutcome,
    target=SHARES,
    verdict=VERDICTS,
    plans=several(WORDS),
    text=WORDS,
    most_debulked_fraction=SHARES,
    largest_flr_ml=optional(AMOUNTS),
    least_flr_ml=optional(AMOUNTS),
    proven=st.booleans(),
    relaxations=several(
        st.builds(
            Relaxation,
            kind=WORDS,
            text=WORDS,
            amount=optional(st.floats(-1e3, 1e3)),
            flr_ml=optional(AMOUNTS),
        )
    ),
)
staged_plans = st.builds(
    StagedPlan,
    plan=WORDS,
    strategy=st.sampled_from(["pve", "pvl", "alpps"]),
    first_stage=recipes,
    second_stage=recipes,
    preset=WORDS,
    flr_before_ml=quantities(),
    flr_after_ml=quantities(),
    sflr_after=quantities(),
    weeks_to_threshold=quantities(),
    probability=optional(SHARES),
    tumour_growth_fraction=optional(st.floats(-1.0, 10.0)),
    text=WORDS,
    findings=findings,
)
stabilities = st.builds(
    Stability,
    perturbations=st.integers(0, 10_000),
    same_share=SHARES,
    type_shares=st.dictionaries(st.sampled_from(FrillingType), SHARES),
    by_cause=st.dictionaries(st.sampled_from(["segmentation", "lobe_border"]), SHARES),
    reason=WORDS,
)
criteria = several(
    st.builds(
        CriteriaResult,
        id=WORDS,
        title=WORDS,
        source=WORDS,
        verdict=VERDICTS,
        findings=findings,
        missing=several(WORDS),
        text=WORDS,
    )
)
pathways = st.builds(
    Pathway,
    id=WORDS,
    title=WORDS,
    branch=WORDS,
    verdict=VERDICTS,
    text=WORDS,
    source=WORDS,
    options=several(
        st.builds(TreatmentOption, name=WORDS, verdict=VERDICTS, text=WORDS, source=WORDS)
    ),
)
planning_reports = st.builds(
    PlanningReport,
    frilling=st.builds(Frilling, type=optional(st.sampled_from(FrillingType)), reason=WORDS),
    resections=st.just(()),
    findings=findings,
    plans=several(plans),
    plans_reason=optional(WORDS),
    targets=several(targets),
    staged=several(staged_plans),
    netlm=optional(
        st.builds(Netlm, type=optional(st.sampled_from(NetlmType)), reason=WORDS),
    ),
    stability=optional(stabilities),
    resectability=criteria,
    ablation=several(
        st.builds(
            LesionAblation, lesion=IDS, allowed=st.booleans(), reason=WORDS, findings=findings
        )
    ),
    staging=criteria,
    transplant=criteria,
    pathways=several(pathways),
)

WORD_FACTS = {
    "differentiation": Differentiation,
    "grade": Grade,
    "primary_site": PrimarySite,
    "primary_status": PrimaryStatus,
    "extrahepatic_disease": ExtrahepaticDisease,
}


def _fact(name):
    if name in WORD_FACTS:
        return st.sampled_from(WORD_FACTS[name])
    if name == "ecog":
        return st.integers(0, 4)
    return st.floats(*RANGES[name]) if name in RANGES else st.booleans()


clinical_facts = st.builds(
    ClinicalFacts, **{field.name: optional(_fact(field.name)) for field in fields(ClinicalFacts)}
)


@given(planning=planning_reports, clinical=clinical_facts)
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_document__every_field_of_the_planner_comes_back(made, planning, clinical):
    case = replace(made.case, planning=planning, clinical=clinical)
    document = json.loads(json.dumps(to_document(case), allow_nan=False))
    assert case == from_document(document)


QUANTITY = Quantity(300.0, interval=Interval(280.0, 320.0))
PLAN = DebulkingPlan(
    id="plan_1",
    title="Left lateral sectionectomy, 1 wedge",
    headline="Reaches 90 %.",
    origin=PlanOrigin.OPTIMISER,
    targets=(0.7, 0.9),
    recipe=Recipe(segments=(CouinaudSegment.II, CouinaudSegment.III), wedges=(4,)),
    result=VirtualResection(
        fates={4: Fate.WEDGE, 11: Fate.WITH_SEGMENTS, 2: Fate.STAYS},
        remnant=Remnant(
            flr_ml=QUANTITY,
            flr_measured_fraction=Quantity(0.4),
            sflr=Quantity.absent("no body size"),
            flr_body_weight_percent=Quantity.absent("no body size"),
            flr_ml_per_m2=Quantity.absent("no body size"),
        ),
        debulked_fraction=Quantity(0.93),
        removed_ml=Quantity(200.0),
        ablated_ml=Quantity(0.0),
        margin_ml=7.5,
        residual_tumour_ml=Quantity(3.0),
        ablation_zones=0,
        interventions=2,
    ),
    named=True,
    new_world="H23",
    feasible=Verdict.MET,
    proven=True,
    gap_ml=0.0,
    on_front=True,
    flips=("flr.kishi",),
)


def test_document__plan_has_its_recipe_and_its_figures_on_one_level(made):
    planning = replace(made.case.planning, plans=(PLAN,), plans_reason=None)
    plan = to_document(replace(made.case, planning=planning))["planning"]["plans"][0]
    assert {"segments": ["II", "III"], "wedges": [4], "ablations": []} == plan["recipe"]
    assert {"2": "stays", "4": "wedge", "11": "with_segments"} == plan["fates"]
    assert (300.0, [280.0, 320.0]) == (plan["flr_ml"], plan["flr_ml_interval"])
    assert (None, "no body size") == (plan["sflr"], plan["sflr_reason"])
    assert [0.7, 0.9] == plan["targets"]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("flr_ml", None),
        ("debulked_fraction", 1.5),
        ("fates", {"0": "wedge"}),
        ("fates", {"1": "burnt"}),
        ("feasible", "yes"),
        ("interventions", 1.5),
        ("margin_ml", -1.0),
        ("recipe", {"segments": ["IX"], "wedges": [], "ablations": []}),
        ("recipe", {"segments": [], "wedges": [1, 1], "ablations": []}),
        ("surgeon", "A. Name"),
    ],
)
def test_read__plan_that_breaks_the_contract_is_refused(made, place, value):
    planning = replace(made.case.planning, plans=(PLAN,), plans_reason=None)
    document = to_document(replace(made.case, planning=planning))
    document["planning"]["plans"][0][place] = value
    with pytest.raises(InputError, match="not a valid report: at planning/plans/0"):
        from_document(document)


@pytest.mark.parametrize(
    ("fact", "value"), [("ki67_percent", 101), ("ecog", 1.5), ("functional", "yes"), ("ki67", 3)]
)
def test_read__clinical_fact_that_breaks_the_contract_is_refused(made, fact, value):
    document = to_document(made.case)
    document["clinical"][fact] = value
    with pytest.raises(InputError, match="not a valid report: at clinical"):
        from_document(document)
