"""Words beside plans: limits in force, what to tell, notes, figures with their units, absences."""

import re
from dataclasses import fields, replace

import pytest

from examples.findings import example_finding
from examples.plans import (
    example_list,
    example_plan,
    example_planning,
    example_result,
)
from planning.inputs import INPUTS
from planning.rules.growth import GROWTH_PRESETS, GROWTH_REMARKS
from planning.rules.transplant import TRANSPLANT_REMARKS
from remnant.core.clinical import ClinicalFacts, Grade, PrimaryStatus
from remnant.core.debulking import PlanOrigin
from remnant.core.findings import Basis, Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation
from remnant.core.patient import LiverBackground, Patient
from remnant.core.plan_choice import DEFAULT_CHOICE, AblationShape, PlanChoice
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason
from remnant.view import absences, limits_in_force, open_questions, rule_facts, staged_view
from remnant.view.case_view import view_case
from remnant.view.plan_selection import listing_places
from remnant.view.subject import Subject
from remnant.wording.numbers import sentence
from remnant.wording.reasons import why, words
from remnant.wording.report_remedies import BODY_SIZE

STRICT = PlanChoice(
    targets=(0.7,),
    keep=frozenset((CouinaudSegment.IV, CouinaudSegment.I)),
    most_ablations=0,
    most_wedges=8,
    named_only=True,
    resection_margin_mm=3.0,
    wedge_limit_mm=None,
    wedge_depth_mm=None,
    contiguous_segments=3,
    rule_set="primary_papers",
)


def planned(case, **changes):
    made = example_planning(**changes)
    names = (f.name for f in fields(made) if f.name not in ("frilling", "resections", "findings"))
    return replace(case, planning=replace(case.planning, **{n: getattr(made, n) for n in names}))


def finding(identifier, *, threshold=None, **changes):
    facts = {"source": None, "status": None} | changes
    return example_finding(identifier, limit=threshold, **facts)


def test_limits__of_the_defaults_and_of_locks():
    words = limits_in_force.limits_in_force(DEFAULT_CHOICE)
    assert "targets 70, 80, 90, 100 %" == words[0]
    assert "margins 5/5 mm (excised/ablated)" in words
    assert "lesions up to 30 mm ablated" in words
    assert "sphere zones up to 50 mm" in words
    assert "chosen minimum: GEP-NET liver metastases review" == words[-1]
    strict = limits_in_force.limits_in_force(STRICT)
    assert ("targets 70 %", "keep I, IV", "no ablation", "at most 8 wedges") == strict[:4]
    assert "named operations only" in strict
    assert "margins 3/5 mm (excised/ablated)" in strict
    assert "lesions of any size across and at any depth below the surface excised alone" in strict
    assert not any("ablated" in part and "lesions" in part for part in strict)


def test_limits__the_short_line_leaves_out_sizes_of_the_defaults():
    short = "; ".join(limits_in_force.limits_in_force(DEFAULT_CHOICE, short=True))
    assert short.startswith("targets 70, 80, 90, 100 %; margins")
    assert "zones" not in short
    assert "adjoin" not in short
    one = PlanChoice(ablation_shape=AblationShape.CONFORMAL, most_ablations=1, most_wedges=0)
    line = "; ".join(limits_in_force.limits_in_force(one, short=True))
    assert "at most 1 ablation zone; no wedge;" in line
    assert "conformal zones" in line
    assert "excised alone" not in line
    strict = limits_in_force.limits_in_force(STRICT, short=True)
    assert any("at least 3 kept" in words for words in strict)


def test_limits__of_a_case_that_was_not_planned_are_not_named():
    assert () == limits_in_force.limits_in_force(None)


def test_questions__facts_with_their_option_or_key_what_is_computed_is_left_out(made):
    missing = ("grade", "grade_is_g1_or_g2", "ascites", "burden_fraction", "clearance_feasible")
    lists = (example_list(missing=missing), example_list("transplant.unos", missing=missing[:1]))
    case = planned(made.case, resectability=(), staging=(), transplant=lists)
    found = {one.words: one for one in open_questions.open_questions(case)}
    assert ("--grade", 2) == (found["grade"].how, found["grade"].lists)
    assert "ascites (ascites)" == found["ascites"].text
    assert INPUTS["burden_fraction"].question not in found
    assert INPUTS["clearance_feasible"].question not in found
    assert () == open_questions.open_questions(replace(case, planning=None))


def test_questions__what_decides_the_plans_comes_first(made):
    unknown = replace(finding("flr.cloyd2020"), verdict=Verdict.UNKNOWN, missing=("background",))
    plan = example_plan(findings=(unknown,))
    nobody = Patient(background=LiverBackground.UNKNOWN)
    case = replace(planned(made.case, plans=(plan,)), patient=nobody)
    size, background = list(open_questions.deciding(case))
    assert "remnant run CASE --height-cm … --weight-kg …" in size.text
    assert "kind of liver (--background)" == background.text
    assert (size, background) == open_questions.open_questions(case)[:2]
    normal = Patient(height_cm=170.0, weight_kg=70.0, background=LiverBackground.NORMAL)
    assert [] == list(open_questions.deciding(replace(case, patient=normal)))


def test_notes__remarks_growth_and_cautions_are_no_verdicts():
    for remark in (*TRANSPLANT_REMARKS, *GROWTH_REMARKS):
        assert rule_facts.is_note(finding(remark.id)), remark.id
    assert rule_facts.is_note(finding("growth.curve"))
    assert rule_facts.is_note(finding("plan.unconfirmed_lesions"))
    assert not rule_facts.is_note(finding("growth.pve_pmc8306993", threshold=510.0))
    assert not rule_facts.is_note(finding("transplant.milan.histology"))
    assert not rule_facts.is_note(finding("plan.limits"))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"id": "transplant.milan.age", "value": 60.0, "threshold": 55.0}, "60 years"),
        ({"id": "growth.pve_pmc8306993", "value": 578.2, "threshold": 682.0}, "578.2 mL"),
        ({"id": "x", "value": 0.124, "basis": Basis.TOTAL_LIVER_VOLUME}, "12.4 %"),
        ({"id": "x", "value": 0.8, "basis": Basis.BODY_WEIGHT}, "0.80 %"),
        ({"id": "x", "value": 480.0, "basis": Basis.BODY_SURFACE_AREA}, "480 mL/m²"),
        ({"id": "x", "value": 3.0}, "3"),
        ({"id": "x"}, ""),
        ({"id": "growth.curve"}, ""),
        ({"id": "resectability.cloyd2020.grade"}, "G2"),
        ({"id": "resectability.cloyd2020.fit"}, "yes"),
        ({"id": "resectability.cloyd2020.primary"}, "resected"),
        ({"id": "resectability.cloyd2020.bile"}, ""),
    ],
)
def test_here__figures_with_units_and_facts_in_words(made, changes, text):
    facts = ClinicalFacts(
        grade=Grade.G2, fit_for_major_hepatectomy=True, primary_status=PrimaryStatus.RESECTED
    )
    case = replace(made.case, clinical=facts)
    judged = finding(**{"identifier" if k == "id" else k: v for k, v in changes.items()})
    assert text == rule_facts.here(judged, case)


def test_here__a_list_without_any_has_no_column(made):
    assert () == rule_facts.amounts_here((finding("x"), finding("y")), made.case)
    assert ("", "3") == rule_facts.amounts_here((finding("x"), finding("y", value=3.0)), made.case)


def test_absences__no_lesion_is_one_line(made):
    volumes = made.case.volumetry
    assert absences.nothing_to_list(made.case) is None
    none = replace(made.case, volumetry=replace(volumes, lesions=()))
    assert "No lesion was found." == absences.no_lesion(none)
    assert absences.nothing_to_list(none).startswith("No lesion was found. There is nothing")
    out = tuple(replace(x, confirmation=Confirmation.REJECTED) for x in volumes.lesions)
    rejected = replace(made.case, volumetry=replace(volumes, lesions=out))
    assert "Every lesion was rejected." == absences.no_lesion(rejected)
    unknown = replace(volumes, lesions=(), tumour_ml=Quantity.absent(Reason(Cause.LESIONS_UNKNOWN)))
    without_map = replace(made.case, volumetry=unknown)
    assert f"{sentence(words(Reason(Cause.LESIONS_UNKNOWN)))}." == absences.no_lesion(without_map)


def test_absences__long_reasons_stand_in_short_in_findings_and_footnotes(made_without_segments):
    case = made_without_segments.case
    subject = Subject.of(case)
    (long,) = case.volumetry.segments_reasons
    absent = Quantity.absent(long)
    assert "the Couinaud segments are unknown" == why(subject.brief(absent))
    notes = subject.notes()
    assert "a" == notes.letter(absent.reasons)
    assert (("a", "The Couinaud segments are unknown"),) == notes.listed()
    behind = Quantity.absent(Reason(Cause.FIRST_SCAN, because=(long,)))
    assert "first scan: the Couinaud segments are unknown" == why(subject.brief(behind))
    other = Quantity.absent(Reason(Cause.NO_LESION))
    assert other == subject.brief(other)


def test_absences__what_a_missing_body_size_needs_is_said_once(made):
    missing = Reason(Cause.BODY_FACTS_MISSING, names=("mosteller1987", "height_cm", "weight_kg"))
    standardised = replace(made.case.volumetry.standardised, stlv_ml=Quantity.absent(missing))
    (target, *_) = example_planning().targets
    open_ = replace(
        target, verdict=Verdict.UNKNOWN, answered_by=None, least_flr_ml=Quantity.absent(missing)
    )
    case = planned(made.case, targets=(open_, open_))
    volumes = replace(case.volumetry, standardised=standardised)
    view = view_case(replace(case, volumetry=volumes, patient=Patient()))
    first, again = view.planned.plans.targets
    assert "(height and weight not given)" in first.answer
    assert (BODY_SIZE.text, "") == (first.remedy, again.remedy)


def near(plan, number, share, acts):
    result = replace(example_result(), debulked_fraction=Quantity(share), interventions=acts)
    return replace(plan, id=f"plan_{number}", targets=(), on_front=True, result=result)


def test_listed__answers_and_own_recipes_then_what_differs():
    answer = replace(near(example_plan(), 1, 0.90, 3), targets=(0.9,))
    close, other = near(answer, 2, 0.895, 2), near(answer, 3, 0.895, 5)
    beaten = replace(near(answer, 4, 0.5, 9), on_front=False)
    own = replace(near(answer, 5, 0.901, 3), origin=PlanOrigin.USER)
    every = (close, answer, other, beaten, own)
    assert {"plan_1": 0, "plan_5": 0, "plan_3": 3} == listing_places(every)
    assert {"plan_2": 0} == listing_places((close, beaten))
    unknown = replace(
        close.result, debulked_fraction=Quantity.absent(Reason(Cause.NO_LESION_TO_DEBULK))
    )
    assert {"plan_1": 0, "plan_2": 2} == listing_places((answer, replace(close, result=unknown)))


def staged(preset, **changes):
    (stage,) = example_planning().staged
    return replace(stage, preset=preset.id, strategy=preset.strategy.value, **changes)


def test_staged__one_row_for_each_plan_and_a_column_for_each_preset(made):
    pve, alpps = GROWTH_PRESETS[0], GROWTH_PRESETS[-1]
    judged = finding(f"growth.{pve.id}", threshold=600.0, source=pve.source)
    short = staged(pve, findings=(replace(judged, verdict=Verdict.NOT_MET),))
    bare = replace(
        short,
        strategy="pvl",
        preset="none",
        flr_after_ml=Quantity.absent(Reason(Cause.NO_GROWTH_SOURCE)),
    )
    other = staged(alpps, plan="plan_2")
    case = planned(made.case, staged=(short, bare, staged(alpps), other))
    table = view_case(case).planned.stages
    assert ["portal vein embolisation", "ALPPS"] == [column.title for column in table.columns]
    assert table.columns[0].source is not None
    assert "median +33.9 % of 118 patients" == table.columns[0].measured
    assert ["plan_1", "plan_2"] == [row.plan for row in table.rows]
    assert [True, False] == [forecast is None for forecast in table.rows[1].forecasts]
    assert (f"Portal vein ligation: {words(Reason(Cause.NO_GROWTH_SOURCE))}.",) == table.without
    assert staged_view.NEVER == table.rows[0].forecasts[0].time
    assert staged_view.never_reached(short)
    assert not staged_view.never_reached(other)
    assert "own preset" == staged_view.preset_words("own_preset")
    assert not any(re.search(r"_", column.measured) for column in table.columns)


def test_growth__in_the_page_names_no_preset_by_its_machine_name():
    for preset in GROWTH_PRESETS:
        assert preset.id not in staged_view.preset_words(preset.id)
    assert set(staged_view.PRESETS) == {preset.id for preset in GROWTH_PRESETS}
