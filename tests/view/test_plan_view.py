"""What is picked and said of plans: words, marks, pictures' choice, and the front's geometry."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.plans import (
    example_ablation,
    example_plan,
    example_planning,
    example_plans,
    example_result,
)
from examples.reports import example_lesion
from planning import inputs
from planning.criteria.judged_lists import judge_list
from planning.facts.gathering import Case
from planning.inputs import Facts
from planning.planner import plan
from planning.rules.contraindications import CONTRAINDICATION_LIST
from remnant.core.clinical import (
    ClinicalFacts,
    ExtrahepaticDisease,
    Grade,
    Presentation,
    PrimarySite,
)
from remnant.core.criteria import Pathway, TreatmentOption
from remnant.core.debulking import Fate
from remnant.core.findings import Comparison, Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason
from remnant.core.recipe import Recipe
from remnant.pictures.plan_front import BOTTOM, LEFT, RIGHT, TOP, Axis, front
from remnant.view import plan_view, recipe_view, staged_view
from remnant.view.ablation_view import view_ablation
from remnant.view.case_view import view_case
from remnant.view.certainty import PlanOutcome, debulking_minima, judged
from remnant.view.criteria_view import view_sources
from remnant.view.subject import Subject
from remnant.wording.numbers import sentence
from remnant.wording.plans import (
    relaxation_words,
    target_answer,
    target_heading,
    target_line,
)
from remnant.wording.reasons import words
from remnant.wording.told_facts import told
from remnant.wording.words import REJECTED_WORDS

NEW = (
    *("plans", "targets", "staged", "netlm", "stability", "contraindications"),
    *("resectability", "ablation", "staging", "transplant", "pathways"),
)


def subject_of(case, **changes):
    """The subject of a case with the example's parts."""
    example = example_planning(**changes)
    parts = {name: getattr(example, name) for name in NEW}
    return Subject.of(replace(case, planning=replace(case.planning, **parts)))


LESIONS = (
    example_lesion(1, 4.0, confirmation=Confirmation.CONFIRMED),
    example_lesion(2, 3.0, confirmation=Confirmation.REJECTED),
    example_lesion(3, 2.0),
    example_lesion(4, 1.5),
    example_lesion(5, 1.0),
)


def test_pictured__first_then_the_best_at_each_target_once():
    planning = example_planning()
    assert ["plan_1", "plan_2"] == [plan.id for plan in plan_view.pictured(planning)]
    many = tuple(example_plan(n) for n in range(1, 9))
    targets = tuple(
        replace(planning.targets[0], plans=(f"plan_{n}", "plan_8"), answered_by=None)
        for n in (5, 6, 7, 99)
    )
    chosen = plan_view.pictured(replace(planning, plans=many, targets=targets))
    assert ["plan_1", "plan_5", "plan_6"] == [plan.id for plan in chosen]
    earned = (*targets[:2], replace(targets[2], answered_by="plan_8"))
    chosen = plan_view.pictured(replace(planning, plans=many, targets=earned))
    assert ["plan_1", "plan_8", "plan_5"] == [plan.id for plan in chosen]
    assert () == plan_view.pictured(replace(planning, plans=(), targets=()))
    unknown = replace(planning, plans=many[:1], targets=targets[3:])
    assert ["plan_1"] == [plan.id for plan in plan_view.pictured(unknown)]


@pytest.mark.parametrize(
    ("numbers", "text"),
    [((), ""), ((4,), "4"), ((2, 1), "1, 2"), ((9, 8, 7, 3, 1), "1, 3, 7–9")],
)
def test_runs__three_and_more_are_drawn_together(numbers, text):
    assert text == recipe_view.runs(numbers)


@given(st.sets(st.integers(1, 60)))
def test_runs__lose_no_number(numbers):
    found = set()
    for part in filter(None, recipe_view.runs(numbers).split(", ")):
        low, _, high = part.partition("–")
        found |= set(range(int(low), int(high or low) + 1))
    assert numbers == found


def test_recipe__each_kind_in_words():
    recipe = Recipe(segments=(CouinaudSegment.VI,), wedges=(3, 4, 5), ablations=(7,))
    assert (
        "segment VI removed",
        "excised with a margin: lesions 3–5",
        "ablated: lesion 7 in 4 zones",
    ) == recipe_view.recipe_words(recipe, zones=4)
    assert ("ablated: lesions 1, 2",) == recipe_view.recipe_words(Recipe(ablations=(1, 2)), zones=2)
    assert ("nothing",) == recipe_view.recipe_words(Recipe())


def test_targets__share_and_bounds():
    first, second, third = example_planning().targets
    assert ["at least 70 %", "at least 90 %", "all"] == [
        plan_view.share(t.target) for t in (first, second, third)
    ]
    # what the answer or the table of plans says is not said again
    assert "asked for by the chosen rule: 510 mL" == plan_view.bounds(first)
    assert "whatever remains: up to more than 99.9 %" == plan_view.bounds(third)
    assert "" == plan_view.bounds(second)


def test_fates__a_rejected_lesion_is_never_treated_whatever_the_plan_says():
    plan = example_plan(result=example_result(fates=dict.fromkeys(range(1, 5), Fate.ABLATED)))
    found = {fate.lesion: fate for fate in plan_view.fates(plan, LESIONS)}
    assert REJECTED_WORDS == found[2].words
    assert not found[2].treated
    assert found[1].treated
    assert "would stay" == found[5].words
    groups = {group.words: group for group in plan_view.fate_groups(plan, LESIONS)}
    assert "1, 3, 4" == groups["Would be ablated"].lesions
    assert "7.50" == groups["Would be ablated"].volume
    assert "2" == groups[sentence(REJECTED_WORDS)].lesions
    assert list(groups) == ["Would be ablated", "Would stay", sentence(REJECTED_WORDS)]


def test_flags__say_what_has_to_be_known():
    first, second, third = example_plans()
    assert ("1 verdict may flip", "treats 2 unconfirmed lesions") == plan_view.flags(first, LESIONS)
    assert {
        "vessels not assessed: decides nothing",
        "not proven: at most 12.5 mL more",
    } <= set(plan_view.flags(second, LESIONS))
    # what is cut is not treated
    assert ("your own recipe", "cuts lesion 3") == plan_view.flags(third, LESIONS)
    quiet = replace(first, flips=())
    assert () == plan_view.flags(quiet, LESIONS[:1])


def test_proof__gap_in_ml():
    assert ["proven", "not proven: at most 12.5 mL more", "–"] == [
        plan_view.proof(plan) for plan in example_plans()
    ]
    assert "not proven" == plan_view.proof(example_plan(proven=False, gap_ml=None))


def test_ablation__each_condition_once_without_what_is_of_one_lesion(made):
    table = view_ablation(subject_of(made.case))
    ((letter, decided),), (undecided,) = table.columns, table.open
    assert ("A", "Cloyd 2020: best for tumours below 3.5 cm.") == (letter, decided.text)
    assert "less than 1 cm from central bile ducts" in undecided.text
    assert not undecided.text.endswith(".")
    assert [4, 3] == [len(table.rows), table.allowed]


def test_ablation_reasons__what_every_lesion_within_shares_is_said_once(made):
    beyond, *within = example_ablation()
    near, unsure, shallow = (
        Reason(Cause.HEAT_SINK), Reason(Cause.NOT_CONFIRMED), Reason(Cause.SUPERFICIAL, (3.0,)),
    )  # fmt: skip
    given = [(near, unsure), (unsure,), (unsure, shallow)]
    known = tuple(replace(each, reasons=r) for each, r in zip(within, given, strict=True))
    beyond = replace(beyond, reasons=(unsure,), allowed=False)
    table = view_ablation(subject_of(made.case, ablation=(beyond, *known)))
    heat, confirmed, surface = (sentence(words(one)) for one in (near, unsure, shallow))
    assert (confirmed,) == table.cautions
    assert [confirmed, heat, "–", surface] == [row.why for row in table.rows]
    assert () == view_ablation(subject_of(made.case, ablation=known[:1])).cautions


def test_outcome__is_judged_like_a_resection():
    outcome = PlanOutcome.of(example_plan())
    assert "52.9 %" == judged(outcome)["flr.cloyd2020"].number
    (share,) = debulking_minima(outcome)
    assert ("93.0 %", 0.83) == (share.number, share.finding.probability)


def test_front__more_to_the_right_and_more_liver_higher():
    figure = front(example_planning())
    user, second, first = figure.marks
    assert ["user", "front", "front"] == [mark.shape for mark in figure.marks]
    assert user.x < second.x < first.x
    assert user.y < second.y < first.y
    assert [1, 2, 3] == [mark.number for mark in figure.marks]
    assert (Verdict.UNKNOWN, Verdict.MET) == (user.accepted, first.accepted)
    low, high = first.span
    assert low > first.y > high
    assert ["70 %", "90 %", "100 %"] == [target.label for target in figure.targets]
    assert second.x > figure.targets[0].place
    assert figure.minimum.place > first.y
    assert "510 mL" in figure.minimum.label


def test_front__everything_lies_within_the_frame():
    figure = front(example_planning())
    places = [*(m.x for m in figure.marks), *(r.place for r in (*figure.shares, *figure.targets))]
    levels = [*(m.y for m in figure.marks), *(r.place for r in figure.volumes)]
    levels += [end for mark in figure.marks for end in mark.span]
    assert all(LEFT <= place <= RIGHT for place in places)
    assert all(TOP <= level <= BOTTOM for level in levels)
    assert 3 <= len(figure.shares) <= 8
    assert 3 <= len(figure.volumes) <= 8


def test_front__needs_two_plans_with_figures():
    planning = example_planning()
    result = example_result()
    absent = replace(result.remnant, flr_ml=Quantity.absent(Reason(Cause.SEGMENTS_UNKNOWN)))
    without = example_plan(3, result=replace(result, remnant=absent))
    assert front(replace(planning, plans=(example_plan(), without))) is None
    assert front(replace(planning, plans=(), targets=())) is None


def test_front__without_intervals_minimum_and_spread():
    exact = replace(example_result().remnant, flr_ml=Quantity(900.0))
    result = example_result(remnant=exact, debulked_fraction=Quantity(1.0))
    same = tuple(example_plan(n, result=result, on_front=n == 1) for n in (1, 2))
    figure = front(example_planning(plans=same, targets=()))
    assert figure.minimum is None
    assert [None, None] == [mark.span for mark in figure.marks]
    assert ["inside", "front"] == [mark.shape for mark in figure.marks]
    assert (LEFT + RIGHT) / 2 == pytest.approx(figure.marks[0].x, abs=0.1)


@given(
    st.lists(st.floats(0.0, 3000.0), min_size=1, max_size=6),
    st.floats(0.0, 100.0),
)
def test_axis__holds_its_values_and_its_ticks_are_round(values, extra):
    axis = Axis.over((*values, extra), 0.0, 100.0)
    assert all(0.0 <= axis.at(value) <= 100.0 for value in (*values, extra))
    ticks = list(axis.ticks())
    assert len(ticks) <= 8
    assert all(axis.low <= tick <= axis.high for tick in ticks)


def test_answer__leaves_out_what_the_heading_says():
    planning = example_planning()
    for target in planning.targets:
        answer = target_answer(target, planning)
        assert target_heading(target) not in answer
        assert target_line(target, planning).startswith(target_heading(target))
        assert answer[:1].isupper()


def test_changes__stand_beside_the_answer_and_not_in_it(made):
    planning = example_planning()
    *_, third = planning.targets
    shown = plan_view.view_plans(subject_of(made.case)).targets[-1]
    assert shown.changes == tuple(map(relaxation_words, third.relaxations))
    assert all(words not in target_answer(third, planning) for words in shown.changes)


def test_targets__the_same_answer_is_given_once(made):
    _, second, third = example_planning().targets
    lower = replace(third, target=0.8)
    found = plan_view.view_plans(subject_of(made.case, targets=(second, lower, third))).targets
    assert found[1].changes
    assert (plan_view.AS_ABOVE, ()) == (found[2].answer, found[2].changes)
    assert found[1].mark == found[2].mark


def test_first__that_the_case_rules_out_says_so_in_its_heading(made):
    against = judge_list(CONTRAINDICATION_LIST, Facts({inputs.PERITONEAL: True}))
    ruled_out = subject_of(made.case, contraindications=against)
    first = plan_view.view_plans(ruled_out).first
    assert "First in rank, ruled out here by peritoneal carcinomatosis" == first.heading
    assert "First in rank" == plan_view.view_plans(subject_of(made.case)).first.heading


def test_reached_shares__of_the_plans_targets_and_those_in_doubt():
    first, second, _ = example_plans()
    assert [0.9] == [j.finding.limit for j in plan_view.reached_shares(first)]
    (share,) = first.findings[2:3]
    sure = replace(share, probability=0.999)
    assert [0.9] == [
        j.finding.limit for j in plan_view.reached_shares(replace(first, findings=(sure,)))
    ]
    assert () == plan_view.reached_shares(replace(second, findings=(sure,)))
    twice = (
        replace(share, id="a", threshold=replace(share.threshold, comparison=Comparison.AT_LEAST)),
        share,
    )
    assert 1 == len(plan_view.reached_shares(replace(first, findings=twice)))
    unsure = replace(share, probability=None)
    assert () == plan_view.reached_shares(replace(first, findings=(unsure,)))


def cloyd(case, **facts):
    """The list of Cloyd 2020 for a case of which these facts are told."""
    clinical = ClinicalFacts(**facts)
    planning = plan(Case(report=case.volumetry, patient=case.patient, facts=clinical))
    view = view_case(replace(case, planning=planning, clinical=clinical))
    lists = view.planned.sources.resectability.lists
    (found,) = (one for one in lists if one.title == "Cloyd 2020")
    return found


def test_failed__names_the_condition_that_decides_and_no_remark(made):
    """A remark that speaks against the case stands before the condition that decides."""
    minimal = {"extrahepatic_disease": ExtrahepaticDisease.MINIMAL}
    against = cloyd(made.case, comorbidity_prohibitive=True, **minimal)
    assert "Prohibitive comorbidity: other liver-directed therapy comes first." == against.brief
    assert ("✗", "obstacle") == (against.mark.sign, against.mark.words)
    free = cloyd(made.case, comorbidity_prohibitive=False, **minimal)
    assert "omorbidity" not in free.brief


def test_stages__those_that_are_not_needed_are_apart():
    planning = example_planning()
    enough = replace(planning.staged[0], plan="plan_2", weeks_to_threshold=Quantity(0.0))
    both = replace(planning, staged=(planning.staged[0], enough, enough))
    assert planning.staged == staged_view.needed_stages(both)
    ligation = replace(enough, weeks_to_threshold=Quantity.absent(Reason(Cause.NO_GROWTH_SOURCE)))
    assert () == staged_view.needed_stages(replace(planning, staged=(enough, ligation)))


def test_told__every_fact_in_words():
    facts = ClinicalFacts(
        ki67_percent=4.5,
        grade=Grade.G2,
        primary_site=PrimarySite.SMALL_BOWEL,
        functional=True,
        recurrence=False,
        stable_months=7,
        ecog=0,
        platelets_per_nl=150,
        inr=1.2,
        creatinine_umol_per_l=90.0,
        primary_ki67_percent=2.0,
        presentation=Presentation.SYNCHRONOUS,
        lesions_at_hilum=(3, 5),
        lesions_near_bile_duct=(),
        variant_anatomy="two right arteries",
    )
    assert (
        "Ki-67 4.5 %",
        "grade: G2",
        "Ki-67 of the primary 2 %",
        "presentation: synchronous",
        "primary site: small bowel",
        "functional: yes",
        "stable 7 months",
        "ECOG 0",
        "platelets 150 /nL",
        "INR 1.2",
        "creatinine 90 µmol/L",
        "recurrence after an earlier liver resection: no",
        "lesions at the hilum: 3, 5",
        "lesions near a central bile duct: none",
        "variant anatomy: two right arteries",
    ) == told(facts)
    assert () == told(ClinicalFacts())


def test_pathways__an_option_that_its_source_warns_of_here_is_no_silent_tick(made):
    warned = TreatmentOption(
        id="radioembolisation",
        name="Radioembolisation (RE)",
        verdict=Verdict.MET,
        source="machairas2021",
        cautions=("pathway.portal_vein_thrombosis.caution",),
    )
    row = Pathway(
        id="machairas2021.diffuse",
        title="Machairas 2021, figure 2",
        branch="Type III or diffuse, G1 or G2",
        verdict=Verdict.MET,
        source="machairas2021",
        options=(warned, replace(warned, cautions=())),
        notes=(Reason(Cause.ONGOING_TRIAL),),
    )

    (branch,) = view_sources(subject_of(made.case, pathways=(row,))).pathways

    assert [(o.mark.sign, o.mark.words) for o in branch.options] == [
        ("!", "listed, with a caution"),
        ("✓", "listed"),
    ]
    assert branch.options[0].text.startswith("Caution: portal vein thrombosis: no TAE or TACE")
    assert [note.split(",")[0] for note in branch.notes] == ["Ongoing trial"]
