"""Plans, targets and what would have to change in words, letter by letter."""

from dataclasses import replace

import pytest

from examples.findings import example_finding
from examples.plans import (
    example_outcome,
    example_plan,
    example_planning,
    example_result,
)
from planning import inputs
from planning.criteria.judged_lists import judge_list
from planning.inputs import Facts
from planning.optimiser.broken_limits import FaultKind
from planning.rules.contraindications import CONTRAINDICATION_LIST
from remnant.core.debulking import Relaxation, RelaxationKind
from remnant.core.findings import Basis, Finding, SourceStatus, Threshold, Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.recipe import Recipe
from remnant.wording.findings import text_of
from remnant.wording.obstacles import first_in_rank
from remnant.wording.plans import (
    FLIPS,
    limits_words,
    plan_headline,
    plan_title,
    relaxation_words,
    target_answer,
    target_line,
)

MET, NOT_MET, UNCERTAIN, UNKNOWN, _ = Verdict
RULE_SET = "flr.gepnetlm_review"
REVIEW = "Segments estimated from liver shape: review."


def some(*codes):
    return tuple(CouinaudSegment(code) for code in codes)


# Titles and headlines


@pytest.mark.parametrize(
    ("recipe", "zones", "extended", "expected"),
    [
        (Recipe(), 0, 0, "Nothing removed or ablated"),
        (Recipe(wedges=(1,)), 0, 0, "1 wedge"),
        (Recipe(ablations=(1, 2)), 2, 0, "2 ablations"),
        (Recipe(ablations=(1, 2)), 5, 0, "2 ablations in 5 zones"),
        (
            Recipe(segments=some(2, 3), wedges=(1, 4), ablations=(3,)),
            1,
            0,
            "Left lateral sectionectomy, 2 wedges, 1 ablation",
        ),
        (
            Recipe(segments=some(2, 3), wedges=(1, 4)),
            0,
            1,
            "Left lateral sectionectomy extended around 1 lesion, 1 wedge",
        ),
        (Recipe(segments=some(2, 6)), 0, 0, "Segmentectomies II, VI"),
        (Recipe(segments=some(2, 4)), 0, 0, "Segments II, IV"),
    ],
)
def test_title__names_what_is_done(recipe, zones, extended, expected):
    result = example_result(ablation_zones=zones)
    plan = example_plan(recipe=recipe, extended=extended, result=result)
    assert plan_title(plan) == expected


def verdict(identifier, probability=None, *, share=None):
    return example_finding(
        identifier=identifier, verdict=MET, source="remnant_rules",
        status=SourceStatus.PROJECT, probability=probability, limit=share,
        basis=None if share is None else Basis.TUMOUR_VOLUME,
    )  # fmt: skip


REACHES = "Treated: 93.0 % of the tumour. Would remain: 900 mL (52.9 % of the standardised volume)."
FINDINGS = (
    verdict("flr.other", 0.5),
    verdict("flr.third", 0.5),
    verdict("debulking.90", 0.83, share=0.9),
    verdict("debulking.90.again", 0.83, share=0.9),
    verdict(RULE_SET, 0.41),
)


def headline(flips=(), findings=(), **changes):
    return plan_headline(example_plan(flips=flips, findings=findings, **changes))


@pytest.mark.parametrize(
    ("flips", "first"),
    [
        ((), ""),
        (("flr.other",), f"{FLIPS}1 other minimum. "),
        (("flr.other", "flr.third"), f"{FLIPS}2 other minima. "),
        (("debulking.90", "debulking.90.again"), f"{FLIPS}90 % treated in 83 of 100. "),
        (
            ("flr.other", "debulking.90", RULE_SET),
            f"{FLIPS}enough liver in 41 of 100; 90 % treated in 83 of 100; 1 other minimum. ",
        ),
    ],
)
def test_headline__the_flip_first(flips, first):
    assert headline(flips, FINDINGS) == first + REACHES


BROKEN = replace(
    verdict("plan.limits"),
    reasons=(reason(Cause.LIMIT_BROKEN, FaultKind.TOO_MANY_WEDGES.value, 3, 2),),
)


def test_headline__what_is_broken_before_all():
    text = headline((RULE_SET,), (*FINDINGS, BROKEN))
    assert text.startswith(
        f"Breaks the limits: 3 wedges, 2 allowed. {FLIPS}enough liver in 41 of 100. Treated"
    )


def test_headline__segments_to_be_reviewed_at_the_end():
    assert headline(reasons=(Reason(Cause.SEGMENTS_ESTIMATED),)) == f"{REACHES} {REVIEW}"


def test_headline__a_share_of_the_scanned_part_is_about():
    cut = Quantity(1.0, indicative=True, reasons=Reason(Cause.SHARE_WITHIN_SCAN))
    text = headline(result=example_result(debulked_fraction=cut))
    assert text.startswith("Treated: about 100.0 % of the tumour.")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"sflr": Quantity.absent(Reason(Cause.BRIEF_BODY_SIZE))},
            "Would remain: 900 mL (54.5 % of the functional volume).",
        ),
        (
            {"flr_ml": Quantity.absent(Reason(Cause.NO_COUINAUD_MAP))},
            "an unknown volume (no Couinaud map was given) (",
        ),
        ({"flr_ml": Quantity(512.4, bound=Bound.LOWER)}, "at least 512 mL ("),
        ({"flr_ml": Quantity(512.6, bound=Bound.UPPER)}, "at most 513 mL ("),
        (
            {"flr_ml": Quantity(512.4, indicative=True, reasons=Reason(Cause.LIVER_CUT))},
            "about 512 mL (",
        ),
    ],
)
def test_headline__of_a_remnant(changes, words):
    result = example_result()
    text = headline(result=replace(result, remnant=replace(result.remnant, **changes)))
    assert words in text


# Findings on plans


@pytest.mark.parametrize(
    ("kind", "amounts", "text"),
    [
        (FaultKind.CUT_LESION, (), "a lesion that the transection cuts"),
        (FaultKind.TREATED_TWICE, (), "a lesion that is both excised and ablated"),
        (
            FaultKind.SEGMENTS,
            (),
            "segments that the locks keep, or too few neighbours that would stay",
        ),
        (FaultKind.TOO_MANY_WEDGES, (1, 0), "1 wedge, 0 allowed"),
        (FaultKind.TOO_MANY_ZONES, (2, 1), "2 ablation zones, 1 allowed"),
    ],
)
def test_limits_broken(kind, amounts, text):
    broken = reason(Cause.LIMIT_BROKEN, kind.value, *amounts)
    finding = Finding(id="plan.limits", verdict=NOT_MET, reasons=(broken,))
    assert text_of(finding) == f"Breaks the limits: {text}."


def test_limits_broken__every_kind_has_words():
    for kind in FaultKind:
        broken = reason(Cause.LIMIT_BROKEN, kind.value, 2, 1)
        found = text_of(Finding(id="plan.limits", verdict=NOT_MET, reasons=(broken,)))
        assert len(found) > len("Breaks the limits: .")


def test_findings__cautions():
    across = (reason(Cause.LESIONS_ACROSS, "3", "5"),)
    cut = Finding(id="debulking.cut_lesions", verdict=NOT_MET, reasons=across)
    unconfirmed = Finding(id="plan.unconfirmed_lesions", verdict=NOT_MET, quantity=Quantity(1.0))
    assert text_of(cut) == "Across the transection: lesion 3 and 5."
    assert text_of(unconfirmed) == "Treats 1 lesion that no reader confirmed."


def test_findings__a_target_of_the_users_own():
    threshold = Threshold(
        value=0.55, basis=Basis.TUMOUR_VOLUME, source="x", status=SourceStatus.PROJECT
    )
    finding = Finding(
        id="debulking.target_55", verdict=MET, threshold=threshold, quantity=Quantity(0.6)
    )
    assert text_of(finding) == (
        "The chosen target: at least 55 % of the tumour load. Treated: 60.0 %."
    )


# Limits


@pytest.mark.parametrize(
    ("details", "text"),
    [
        (("most_wedges", 0), "no wedge"),
        (("most_wedges", 1), "at most 1 wedge"),
        (("most_ablations", 0), "no ablation"),
        (("most_ablations", 3), "at most 3 ablations"),
        (("keep", "I"), "segment I kept"),
        (("keep", "I", "II"), "segments I, II kept"),
        (("contiguous_segments", 3), "3 neighbouring segments kept"),
        (("ablation_limit_mm", 20.0), "ablation up to 20 mm"),
        (("central_distance_mm", 15.0), "no ablation within 15 mm of the portal vein"),
        (("wedge_limit_mm", 30.0), "wedges up to 30 mm"),
        (("wedge_depth_mm", 10.0), "wedges up to 10 mm deep"),
    ],
)
def test_limits__each(details, text):
    assert limits_words((reason(Cause.LIMIT_CHOSEN, *details),)) == text


def test_limits__several():
    limits = (
        reason(Cause.LIMIT_CHOSEN, "most_wedges", 0),
        reason(Cause.LIMIT_CHOSEN, "most_ablations", 0),
    )
    assert limits_words(limits) == "no wedge, no ablation"
    assert limits_words(()) == ""


# Targets


BEST = example_plan(1, targets=(1.0,), recipe=Recipe(wedges=(1, 2)), flips=(), findings=())
OTHER = example_plan(2, recipe=Recipe(segments=some(5, 7)), named=False, flips=(), findings=())


def line(*plans, verdict=MET, **changes):
    """The line of a target of all of the tumour beside these plans."""
    within = plans[0].id if plans and "answered_by" not in changes else None
    facts = {"answered_by": within, "largest_plan": within, "largest_flr_ml": 380.0} | changes
    outcome = example_outcome(1.0, verdict, **facts)
    planning = example_planning(plans=plans, targets=(outcome,))
    text = target_line(outcome, planning)
    opening = ("100 % of the tumour: ", "within reach by ", "undecided. ", "uncertain: ")
    bare = text
    for words in opening:
        bare = bare.removeprefix(words)
    assert target_answer(outcome, planning) == bare[:1].upper() + bare[1:]
    return text


def test_met__by_the_plan_that_is_accepted():
    assert line(BEST) == (
        "100 % of the tumour: within reach by 2 wedges (plan_1), proven to leave most liver."
    )


def test_met__unproven_says_how_much_more_could_remain():
    loose = replace(BEST, proven=False, gap_ml=12.4)
    assert line(loose).endswith(
        "(plan_1); up to 12 mL more could remain, the time ended before the proof."
    )
    assert "up to 1 mL more" in line(replace(loose, gap_ml=None))


def test_met__by_the_users_own_plan():
    assert line(replace(BEST, targets=())).endswith("not proven to leave most liver.")


def test_not_met__names_what_only_an_unassessed_set_would_do():
    facts = {"verdict": NOT_MET, "answered_by": None}
    found = line(OTHER, unassessed_plan="plan_2", **facts)
    words = "Only segments V, VII (plan_2) would, if the vessels of all that stays were intact."
    assert words in found
    assert words not in line(OTHER, **facts)


def test_uncertain__names_the_plan_and_how_sure_it_is():
    found = (verdict(RULE_SET, 0.57),)
    doubtful = replace(BEST, findings=found, flips=(RULE_SET,), feasible=Verdict.UNCERTAIN)
    text = line(doubtful, verdict=Verdict.UNCERTAIN, answered_by=None, plans=("plan_1",))
    assert text.startswith("100 % of the tumour: uncertain: 2 wedges (plan_1)")
    assert text.endswith(f"{FLIPS}enough liver in 57 of 100.")


def test_met__by_a_set_of_which_a_person_spoke_says_so():
    assert line(replace(BEST, named=False, vessels_intact=True)).endswith(
        "proven to leave most liver. Its vessels were stated to be intact."
    )


def test_met__says_how_sure_the_minimum_and_the_target_are():
    found = (verdict(RULE_SET, 0.6), verdict("all", 0.7, share=1.0), verdict("flr.x", 0.5))
    doubtful = replace(BEST, findings=found, flips=tuple(f.id for f in found))
    assert line(doubtful).endswith(
        f" {FLIPS}enough liver in 60 of 100; 100 % treated in 70 of 100."
    )


def test_cut__decides_nothing():
    cut = {"verdict": UNKNOWN, "reasons": (Reason(Cause.MORE_BEYOND_SCAN),)}
    undecided = (
        "100 % of the tumour: undecided, the scan or file cuts the liver and more tumour may lie "
        "beyond it."
    )
    assert line(BEST, **cut) == f"{undecided} In the scanned part: 2 wedges."
    assert line(**cut) == undecided


SHORT = Relaxation(kind=RelaxationKind.LARGER_REMNANT, amount=20.0, flr_ml=400.0, points=2.0)


def test_not_met__too_little_liver_with_the_growth():
    text = line(verdict=NOT_MET, relaxations=(SHORT,))
    assert text == (
        "100 % of the tumour: not with enough liver by GEP-NET liver metastases review. No named "
        "operation that reaches it leaves more than 380 mL (proven); asked are 400 mL."
    )
    assert relaxation_words(SHORT) == (
        "The FLR is short by 20 mL: portal vein embolisation would need to add 2.0 points of sFLR."
    )


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"most_debulked_fraction": 0.6},
            "out of reach within the limits. No plan treats more than 60.0 % (proven).",
        ),
        ({"most_proven": False}, "out of reach within the limits (proven)."),
        (
            {"largest_proven": False, "verdict": UNKNOWN},
            "undecided. No plan was found in the time allowed.",
        ),
    ],
)
def test_not_met__out_of_reach(changes, text):
    facts = {"verdict": NOT_MET, "largest_flr_ml": None} | changes
    assert line(**facts) == f"100 % of the tumour: {text}"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "At most 380 mL would remain; asked are 400 mL."),
        (
            {"largest_proven": False},
            "By the best plan found 380 mL would remain; asked are 400 mL.",
        ),
        (
            {"least_flr_ml": Quantity.absent(Reason(Cause.BRIEF_BODY_SIZE))},
            "At most 380 mL would remain; the minimum is not known (height and weight not given).",
        ),
        (
            {"reasons": (Reason(Cause.BACKGROUND_UNKNOWN),)},
            "At most 380 mL would remain; asked are 400 mL (liver background not known).",
        ),
        (
            {"reasons": (Reason(Cause.SEGMENTS_ESTIMATED),)},
            f"At most 380 mL would remain; asked are 400 mL. {REVIEW}",
        ),
    ],
)
def test_undecided(changes, text):
    assert line(verdict=UNKNOWN, **changes) == f"100 % of the tumour: undecided. {text}"


# What would have to change


@pytest.mark.parametrize(
    ("relaxation", "text"),
    [
        (
            {"kind": RelaxationKind.MORE_ABLATIONS, "amount": 1, "interventions": 2},
            "With 1 more ablation it would be reached: 2 interventions; 300 mL would stay.",
        ),
        (
            {"kind": RelaxationKind.MORE_WEDGES, "amount": 2, "interventions": 1},
            "With 2 more wedges it would be reached: 1 intervention; 300 mL would stay.",
        ),
        (
            {"kind": RelaxationKind.UNLOCK_SEGMENT, "interventions": 1, "segment": some(5)[0]},
            "With segment V no longer kept it would be reached: 1 intervention; 300 mL would stay.",
        ),
        (
            {"kind": RelaxationKind.NO_LOCKS, "interventions": 2},
            "With no lock at all it would be reached: 2 interventions; 300 mL would stay.",
        ),
        (
            {"kind": RelaxationKind.ANY_WEDGE, "interventions": 2, "beyond_limits": (1,)},
            (
                "With wedges beyond the limits of size and depth it would be reached: 2 "
                "interventions (lesion 1 beyond the limits); 300 mL would stay."
            ),
        ),
        (
            {"kind": RelaxationKind.ANY_ABLATION, "interventions": 3, "beyond_limits": (1, 2, 4)},
            (
                "With ablations beyond the limits of size and place it would be reached: 3 "
                "interventions (lesions 1, 2 and 4 beyond the limits); 300 mL would stay."
            ),
        ),
        (
            {"kind": RelaxationKind.LARGER_REMNANT, "amount": 50.0},
            "The FLR is short by 50 mL.",
        ),
        (
            {"kind": RelaxationKind.LOWER_TARGET, "amount": 0.6, "proven": True},
            "With enough liver left at most 60.0 % of the tumour is treated.",
        ),
        (
            {"kind": RelaxationKind.LOWER_TARGET, "amount": 0.6, "proven": False},
            "With enough liver left at least 60.0 % of the tumour is treated.",
        ),
    ],
)
def test_relaxation(relaxation, text):
    assert relaxation_words(Relaxation(**({"amount": None, "flr_ml": 300.0} | relaxation))) == text


def test_relaxation__many_lesions_are_counted():
    many = Relaxation(
        kind=RelaxationKind.ANY_WEDGE,
        amount=None,
        flr_ml=300.0,
        interventions=7,
        beyond_limits=tuple(range(1, 8)),
    )
    assert "(7 lesions beyond the limits)" in relaxation_words(many)


def test_first_in_rank__says_by_what_the_case_rules_it_out():
    told = Facts({inputs.PERITONEAL: True, inputs.RIGHT_HEART_FAILURE: True})
    against = judge_list(CONTRAINDICATION_LIST, told)

    assert first_in_rank(example_planning()) == "First in rank"
    assert first_in_rank(example_planning(contraindications=against)) == (
        "First in rank, ruled out here by peritoneal carcinomatosis; right heart failure"
    )


def test_texts__are_short_and_never_orders():
    planning = example_planning()
    texts = [
        *(plan_headline(plan) for plan in planning.plans),
        *(target_line(target, planning) for target in planning.targets),
    ]
    for text in texts:
        assert not {"must", "should", "shall", "recommend"} & set(text.lower().split())
        assert len(text) < 460
