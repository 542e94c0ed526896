"""Lists of conditions, ablation and pathways in words."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.plans import example_outcome
from examples.reports import example_lesion
from planning import inputs
from planning.ablation import combined_ablation_finding, wedge_refusal
from planning.criteria.catalogue import CONDITIONS, CRITERIA, LISTS, REMARKS, ROWS, TREATMENTS
from planning.criteria.conditions import CriteriaList, Criterion, judge, remark_finding
from planning.criteria.judged_lists import judge_list
from planning.inputs import INPUTS, Diameter, Doubt, Facts, ShareRange
from planning.pathways import pathways
from planning.resectability import resectability
from planning.rules.pathways import ALTERNATIVE, LITTLE_EVIDENCE
from planning.rules.resectability import BEFORE_SURGERY
from planning.rules.staging import STAGING_RULES
from planning.rules.trial_groups import GROUPS
from planning.staging.ways_to_operate import staging
from planning.transplant import transplant
from remnant.core.clinical import Differentiation, ExtrahepaticDisease, Grade, PrimarySite
from remnant.core.criteria import LesionAblation
from remnant.core.distribution import FrillingType
from remnant.core.findings import Comparison, Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.plan_choice import DEFAULT_CHOICE
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.recipe import Recipe
from remnant.wording import list_causes
from remnant.wording.findings import text_of
from remnant.wording.lists import (
    ablation_reasons,
    condition_row,
    condition_text,
    condition_words,
    found_here,
    list_answer,
    list_summary,
    list_text,
    option_text,
    pathway_text,
    question,
    reviewed_answer,
    statement,
    trial_notes,
    within_limits,
)
from remnant.wording.reasons import REVIEW_SENTENCE, TEMPLATES, listed, words

AGE = "transplant.milan.age"
SHARE = "resectability.cloyd2020.share_70"
BURDEN = "transplant.enets.burden"
ESTIMATED = Reason(Cause.SEGMENTS_ESTIMATED)
NO_WEDGE = reason(Cause.LIMIT_CHOSEN, "most_wedges", 0)
NO_ABLATION = reason(Cause.LIMIT_CHOSEN, "most_ablations", 0)
CUT_WORDS = words(Reason(Cause.LIVER_CUT))
NEAR = "The value lies within 1 of the limit."
LONGEST_FINDING = 330
LONGEST_FINDING_OF_STAGING = 250
LONGEST_FINDING_OF_ABLATION = 280
LONGEST_OPTION = 600


def facts(**values):
    return Facts.named(values)


def judged(identifier, **values):
    return judge(CONDITIONS[identifier], facts(**values))


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (
            Quantity.absent(Reason(Cause.NO_MAPS)),
            f"Not known: age ({words(Reason(Cause.NO_MAPS))}).",
        ),
        (
            Quantity(9.0, indicative=True, reasons=Reason(Cause.LIVER_CUT)),
            f"Not decided: the value may be larger or smaller ({CUT_WORDS}).",
        ),
        (
            Quantity(50.0, bound=Bound.LOWER, reasons=Reason(Cause.LIVER_CUT)),
            f"Not decided: the value is only known as a bound ({CUT_WORDS}).",
        ),
        (
            Quantity(50.0, bound=Bound.LOWER),
            "Not decided: the value is only known as a bound.",
        ),
        (None, "Not known: age."),
        (54.5, NEAR),
        (60.0, ""),
        (40.0, ""),
    ],
)
def test_condition__says_why_it_is_undecided_or_that_it_is_near(age, text):
    found = judged(AGE, age_years=age)

    assert found_here(found) == text
    assert condition_text(found) == f"Younger than 55 years. {text}".rstrip()
    assert text_of(found) == condition_text(found)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (
            ShareRange(least=0.6, most=0.8, below=True, reasons=(Reason(Cause.NOT_PROVEN),)),
            "Not decided: at least 60.0 %, below 80.0 % (a plan that debulks more may exist).",
        ),
        (
            ShareRange(least=0.6, most=0.8, reasons=(Reason(Cause.LIMITS_FORBID), NO_WEDGE)),
            (
                "Not decided: at least 60.0 %, at most 80.0 % "
                "(the chosen limits forbid more: no wedge)."
            ),
        ),
        (
            Quantity.absent(Reason(Cause.NO_PLAN)),
            (
                "Not decided by the plans: the share that a feasible plan would debulk "
                "(no plan was made)."
            ),
        ),
    ],
)
def test_condition__on_a_share_says_its_ends_and_why(share, text):
    assert found_here(judged(SHARE, debulkable_fraction=share)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "Not decided by the plans: whether a feasible plan would treat every metastasis."),
        (
            Quantity.absent((Reason(Cause.LIMITS_FORBID), NO_WEDGE)),
            (
                "Not decided by the plans: whether a feasible plan would treat every metastasis "
                "(the chosen limits forbid more: no wedge)."
            ),
        ),
        (True, ""),
    ],
)
def test_condition__on_a_truth_says_who_left_it_open_and_why(value, text):
    found = judged("resectability.cloyd2020.share_complete", clearance_feasible=value)

    assert found_here(found) == text


def test_condition__what_no_map_shows_is_asked():
    assert found_here(judged("resectability.cloyd2020.bile")) == (
        "Not known: whether bile drainage of the remnant is intact."
    )


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"burden_fraction": Quantity(0.3)}, ""),
        ({"burden_fraction": Quantity(0.9)}, ""),
        ({"burden_fraction": Quantity(0.495)}, NEAR),
        (
            {"burden_fraction": Quantity(0.505)},
            f"{NEAR} Not known: whether hormonal symptoms resist treatment.",
        ),
        ({"symptoms_refractory": False}, "Not known: share of the liver that is tumour."),
        (
            {},
            (
                "Not known: share of the liver that is tumour; "
                "whether hormonal symptoms resist treatment."
            ),
        ),
    ],
)
def test_any_of__names_what_is_missing_once(values, text):
    assert found_here(judged(BURDEN, **values)) == text


def made_up(*names, remark="", needed=True):
    conditions = (
        Criterion(
            id=f"test.{place}",
            statement="Something.",
            input=INPUTS[name],
            comparison=Comparison.AT_MOST if INPUTS[name].type is float else None,
            limit=5.0 if INPUTS[name].type is float else True,
            population="nobody",
            source="remnant_rules",
            needed=needed,
        )
        for place, name in enumerate(names)
    )
    return CriteriaList(
        id="test",
        title="Test",
        source="remnant_rules",
        conditions=tuple(conditions),
        remark=remark,
    )


NAMES = ("ascites", "varices", "splenomegaly", "recurrence", "functional")


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (dict.fromkeys(NAMES[:3], True), "Test: every condition is met."),
        ({"ascites": True, "splenomegaly": True}, "Test: undecided, missing: varices."),
        ({}, "Test: undecided, missing: ascites; varices; splenomegaly."),
    ],
)
def test_list__met_and_undecided(values, text):
    assert list_text(judge_list(made_up(*NAMES[:3]), facts(**values))) == text


def test_list__names_a_few_of_many_missing_or_their_number():
    many = judge_list(made_up(*NAMES), facts())

    assert list_text(many) == (
        "Test: undecided, missing: ascites; varices; splenomegaly; and 2 more."
    )
    assert len(many.missing) == 5
    assert list_summary(many) == "5 facts missing."
    assert reviewed_answer(many) == "Missing: ascites; varices; splenomegaly; and 2 more."
    assert list_answer(many).startswith("Undecided, missing: ascites;")
    one = judge_list(made_up("ascites"), facts())
    assert list_summary(one) == reviewed_answer(one) == "Missing: ascites."


def test_list__remarks_follow_and_do_not_count():
    milan, *_ = transplant(facts())

    assert list_text(milan).endswith(
        "A transcription of the Milan list has at most 50 % and at most 55 years instead of below."
    )
    apart = judge_list(made_up("ascites", needed=False), facts())
    assert list_text(apart) == "Test: every condition is met."


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (
            ("r0_feasible", "lesion_count", "ascites"),
            (
                "Test: undecided, missing: ascites. Not decided by the plans: whether a feasible "
                "plan would resect every metastasis with a margin. Not decided by the scan: number "
                "of metastases."
            ),
        ),
        (
            ("lesion_count", "r0_feasible"),
            (
                "Test: undecided. Not decided by the scan: number of metastases. Not decided by "
                "the plans: whether a feasible plan would resect every metastasis with a margin."
            ),
        ),
    ],
)
def test_list__names_what_is_computed_in_the_order_of_its_conditions(names, text):
    assert list_text(judge_list(made_up(*names), facts())) == text


def test_list__that_failed_names_its_obstacles_and_nothing_that_is_open():
    two = judge_list(BEFORE_SURGERY, facts(ascites=True, varices=True))
    names = ("ascites", "varices", "splenomegaly", "severe_valve_disease", "portal_hypertension")
    many = judge_list(BEFORE_SURGERY, facts(**dict.fromkeys(names, True)))

    assert list_answer(two).startswith("Ascites; varices. Collaterals")
    assert list_summary(two) == "Ascites; varices."
    assert list_summary(many) == (
        "Severe valve disease: it is repaired before liver surgery; portal hypertension: it "
        "raises the risk; ascites; and 2 more."
    )


def test_list__summary_beside_its_verdict_does_not_repeat_it():
    assert list_summary(judge_list(made_up(*NAMES), facts())) == "5 facts missing."
    assert list_summary(judge_list(made_up("ascites"), facts())) == "Missing: ascites."
    assert list_summary(judge_list(made_up("ascites"), facts(ascites=True))) == (
        "Every condition is met."
    )
    assert list_summary(judge_list(made_up("lesion_count"), facts())) == (
        "Not decided by the scan: number of metastases."
    )


def test_row__what_fails_is_the_obstacle_and_what_holds_is_the_condition():
    name = "resectability.enets2016.peritoneum"
    failed, met = (
        judged(name, peritoneal_carcinomatosis=True),
        judged(name, peritoneal_carcinomatosis=False),
    )

    assert condition_row(failed) == (
        "Peritoneal carcinomatosis. Asked for: No peritoneal carcinomatosis."
    )
    assert condition_row(met) == "No peritoneal carcinomatosis."
    assert condition_words(failed)[failed.verdict] == "obstacle"
    assert condition_words(met)[met.verdict] == "no obstacle"


def test_list__vessels_and_bile_are_missing():
    cloyd = next(r for r in resectability(facts()) if r.id == "resectability.cloyd2020")

    assert "whether inflow and outflow of the remnant are intact" in list_text(cloyd)


def target(share=1.0, verdict=Verdict.MET, *, largest=500.0):
    return example_outcome(share, verdict, largest_flr_ml=largest)


MISSED = (
    target(0.7),
    target(0.9, Verdict.NOT_MET, largest=300.0),
    target(1.0, Verdict.NOT_MET, largest=200.0),
)


@pytest.mark.parametrize(
    ("targets", "limits", "text"),
    [
        (MISSED[:1], (), ""),
        (MISSED[:2], (), "In one stage too little liver would remain for 90 %."),
        (MISSED, (), "In one stage too little liver would remain for 90 % and 100 %."),
        (
            MISSED[:2],
            (NO_WEDGE, NO_ABLATION),
            (
                "In one stage within the chosen limits (no wedge, no ablation) too little liver "
                "would remain for 90 %."
            ),
        ),
    ],
)
def test_staging__says_for_which_targets_one_stage_leaves_too_little(targets, limits, text):
    pve, *_, primary = staging(facts(), targets=targets, limits=limits)

    assert list_text(pve).endswith(text or "Not decided by the scan: distribution of the lesions.")
    assert "whether one stage would leave enough liver" in list_text(pve) or text
    assert "In one stage" not in list_text(primary)


def test_staging__the_mark_of_estimated_segments_comes_last():
    pve, *_ = staging(facts(), targets=MISSED, segments_estimated=True)

    assert list_text(pve).endswith(f"for 90 % and 100 %. {REVIEW_SENTENCE}")
    assert list_text(pve).count(REVIEW_SENTENCE) == 1


def test_review__is_told_at_the_end_of_findings_and_lists():
    for result in (*transplant(facts(), segments_estimated=True), *resectability(facts())):
        marked = [f for f in result.findings if ESTIMATED in f.reasons]
        assert all(text_of(f).endswith(f". {REVIEW_SENTENCE}") for f in marked)
        assert all(text_of(f).count(REVIEW_SENTENCE) == (f in marked) for f in result.findings)
        ends = list_text(result).endswith(f". {REVIEW_SENTENCE}")
        assert ends == reviewed_answer(result).endswith(f". {REVIEW_SENTENCE}") == bool(marked)


@pytest.mark.parametrize(
    "value",
    [
        None,
        Quantity.absent((Reason(Cause.LIMITS_FORBID), NO_WEDGE)),
        ShareRange(least=0.6, most=0.8, reasons=(Reason(Cause.NOT_PROVEN),)),
    ],
)
def test_review__is_no_reason_in_brackets(value):
    known = facts(
        r0_feasible=None if isinstance(value, ShareRange) else value,
        debulkable_fraction=value,
        flr_insufficient_in_one_stage=None,
    )
    marked = (
        *resectability(known, segments_estimated=True),
        *staging(known, targets=(), segments_estimated=True),
    )
    plain = (*resectability(known), *staging(known, targets=()))

    for one, other in zip(marked, plain, strict=True):
        for finding, unmarked in zip(one.findings, other.findings, strict=True):
            mark = f" {REVIEW_SENTENCE}" if ESTIMATED in finding.reasons else ""
            assert text_of(finding) == f"{text_of(unmarked)}{mark}"


@pytest.mark.parametrize(
    ("identifier", "text"),
    [
        ("transplant.remark.selected", "under 1 %"),
        ("transplant.remark.live_donor", "Live-donor"),
        ("transplant.remark.hepatic_failure", "hepatic failure"),
        ("resectability.machairas2021.share_of_patients", "10 to 25 %"),
        ("resectability.gepnetlm_review.share_of_patients", "Under 10 %"),
        ("debulking.remark.reluctance", "reluctant"),
        ("resectability.cloyd2020.r1", "R1"),
        ("staging.two_stage_pvl.course", "87 %"),
        ("staging.alpps.biopsy", "biopsied before ALPPS"),
        ("ablation.concomitant_central.cloyd2020", "Sources disagree"),
    ],
)
def test_statement__is_what_the_source_says(identifier, text):
    assert text in statement(identifier)
    if identifier in REMARKS:
        assert text_of(remark_finding(REMARKS[identifier])) == statement(identifier)


def test_statement__remarks_on_staging_say_of_whom():
    assert statement("staging.two_stage_pvl.course").endswith(
        "(highly selected patients of one centre)"
    )
    staged = {remark.id: remark for rule in STAGING_RULES for remark in rule.remarks}
    for identifier, remark in REMARKS.items():
        assert statement(identifier).endswith(f" ({remark.population})") == (identifier in staged)


def test_question__of_an_unknown_name_is_the_name():
    assert question("grade") == "grade"
    assert question("grade_is_g1_or_g2") == "grade (G1 or G2)"
    assert question("something_else") == "something else"


@pytest.mark.parametrize("identifier", sorted({*CONDITIONS, *REMARKS}))
def test_texts__every_condition_and_remark_has_one(identifier):
    if identifier in REMARKS:
        text = text_of(remark_finding(REMARKS[identifier]))
    else:
        text = condition_text(judged(identifier))
    assert re.fullmatch(r"[A-Z0-9].*[.)]", text)
    assert len(text) <= LONGEST_FINDING


def lesion_finding(rule, **values):
    return judge(CRITERIA[rule], facts(**values))


@pytest.mark.parametrize(
    ("size_mm", "here"), [(34.96, "34.96 mm"), (20.0, "20.0 mm"), (35.0, "35.0 mm")]
)
def test_ablation__says_the_length_it_was_judged_by_on_its_side_of_the_limit(size_mm, here):
    found = lesion_finding("ablation.size.cloyd2020", lesion_diameter_mm=Quantity(size_mm))

    assert condition_text(found).endswith(f"Here: {here}.")


def test_ablation__numbers_and_probabilities_are_no_lengths():
    number = lesion_finding("ablation.number.cloyd2020", lesion_count=Quantity(2.0))
    assert "Here:" not in condition_text(number)
    both = Recipe(segments=(CouinaudSegment.II,), ablations=(4,))
    assert "Here:" not in condition_text(combined_ablation_finding(both, None))


def test_ablation__a_bound_says_why_and_how_much():
    cut = Quantity(20.0, bound=Bound.LOWER, reasons=Reason(Cause.SCAN_CUTS_LESION))
    found = lesion_finding("ablation.size.cloyd2020", lesion_diameter_mm=cut)

    assert found_here(found) == (
        "Not decided: the value is only known as a bound (the scan or file cuts it, so it is "
        "larger than measured). Here: 20.0 mm."
    )


def ablation(*reasons):
    return LesionAblation(lesion=1, allowed=True, reasons=reasons, findings=())


@pytest.mark.parametrize(
    ("given_", "text"),
    [
        (
            reason(Cause.ABOVE_ABLATION_LIMIT, 30.04, 30.0),
            "diameter 30.04 mm, above the chosen limit of 30 mm",
        ),
        (
            reason(Cause.DIAMETERS_DISAGREE, 29.98, 31.2, 30.0),
            "29.98 mm axially and 31.2 mm in 3-D (slice-corrected): 30 mm lies between",
        ),
        (
            reason(Cause.LARGER_IN_3D, "3", "5", 30.0),
            "lesions 3, 5: at most 30 mm axially, more in 3-D (slice-corrected)",
        ),
        (
            reason(Cause.NEAR_PORTAL_VEIN, 2.0, 10.0),
            "2.0 mm from the labelled portal vein, nearer than the chosen 10 mm",
        ),
        (reason(Cause.AFTER_WHIPPLE), "earlier pancreatoduodenectomy"),
        (
            reason(Cause.OVERLAPPING_ZONES_ONLY),
            "5 cm or more: Machairas 2021 lists overlapping stereotactic zones only",
        ),
        (
            reason(Cause.SIZE_LIMITS_DISAGREE),
            "over 3 and below 5 cm: the sources' size limits disagree",
        ),
        (reason(Cause.SCAN_CUTS_LESION), "the scan or file cuts it, so it is larger than measured"),
        (reason(Cause.CENTRAL), "less than 1 cm from the labelled portal vein"),
        (reason(Cause.PORTAL_DISTANCE_UNKNOWN), "distance to the portal vein not known"),
        (reason(Cause.SUPERFICIAL, 4.99), "superficial, 4.99 mm from the surface"),
        (reason(Cause.HEAT_SINK), "heat sink: near a labelled vein"),
        (reason(Cause.NOT_CONFIRMED), "not confirmed by a reader"),
    ],
)
def test_ablation__each_reason_in_words(given_, text):
    assert ablation_reasons(ablation(given_)) == (text,)


def test_ablation__one_text_for_each_reason():
    refused = ablation(reason(Cause.CENTRAL), reason(Cause.HEAT_SINK))

    assert ablation_reasons(refused) == tuple(map(words, refused.reasons))
    assert ablation_reasons(ablation()) == ()


def test_wedge__says_both_limits():
    deep = replace(
        example_lesion(1, slice_corrected_3d_mm=80.0), surface_distance_mm=Quantity(33.0)
    )

    assert listed(wedge_refusal(deep, DEFAULT_CHOICE)) == (
        "diameter 80.0 mm, above the chosen limit of 50 mm; near side 33.0 mm deep, deeper than "
        "the chosen 20 mm"
    )


AMOUNTS = {
    Cause.SHARE_UP_TO: (0.6, 0.8),
    Cause.SHARE_BELOW: (0.6, 0.8),
    Cause.ABOVE_ABLATION_LIMIT: (31.0, 30.0),
    Cause.ABOVE_WEDGE_LIMIT: (51.0, 50.0),
    Cause.NEAR_PORTAL_VEIN: (9.0, 10.0),
    Cause.BELOW_WEDGE_DEPTH: (21.0, 20.0),
    Cause.SUPERFICIAL: (4.0,),
    Cause.DIAMETERS_DISAGREE: (28.5, 31.2, 30.0),
    Cause.LARGER_IN_3D: (30.0,),
    Cause.LIVER_BY_STANDARD: (1.4,),
    Cause.FACTORS_UNKNOWN: (2.0,),
    Cause.ALBI_GRADE: (2.0,),
    Cause.CHILD_PUGH: (8.0, 9.0),
}


@pytest.mark.parametrize("cause", list_causes.CAUSES)
def test_causes__each_is_a_fragment_that_can_stand_in_brackets(cause):
    names = {
        Cause.ONGOING_TRIAL: (next(iter(GROUPS)),),
        Cause.LARGER_IN_3D: ("3",),
        Cause.CHILD_PUGH: ("B", "C"),
    }.get(cause, ())
    text = words(Reason(cause, amounts=AMOUNTS.get(cause, ()), names=names))

    assert TEMPLATES[cause] is list_causes.CAUSES[cause]
    assert text == text.strip(" .;") != ""
    assert not text[0].isupper()
    assert not set("{}") & set(text)


def test_causes__are_told_apart():
    shared = {Cause.ABOVE_ABLATION_LIMIT, Cause.ABOVE_WEDGE_LIMIT}
    plain = [t for c, t in list_causes.CAUSES.items() if isinstance(t, str) and c not in shared]

    assert len(set(plain)) == len(plain)


def test_limits__follow_what_they_forbid():
    assert listed((Reason(Cause.LIMITS_FORBID), NO_WEDGE)) == (
        "the chosen limits forbid more: no wedge"
    )
    assert within_limits(()) == within_limits((ESTIMATED,)) == ""
    assert within_limits((ESTIMATED, NO_WEDGE)) == " within the chosen limits (no wedge)"


COVERED = {
    "grade_is_g1_or_g2": True,
    "differentiation": Differentiation.WELL,
    "lesion_count": Quantity(3.0),
    "both_lobes": True,
    "extrahepatic_disease": ExtrahepaticDisease.NONE,
    "debulkable_in_stages_fraction": Quantity(0.95),
    "burden_fraction": Quantity(0.2),
    "largest_lesion_mm": Quantity(25.0),
    "primary_site": PrimarySite.PANCREAS,
    "comorbidity_prohibitive": False,
    "judged_unresectable": False,
    "portal_vein_thrombosis": False,
    "hepatic_insufficiency": False,
    "bilioenteric_anastomosis": False,
    "pancreatoduodenectomy": False,
    "unresectable": True,
    "pattern_type_i_or_limited": True,
    "pattern_type_ii_or_complex": False,
    "pattern_type_iii_or_diffuse": False,
}
LIMITED = "machairas2021.limited"
RESECTABLE = "cloyd2020.resectable"


def rows(limits=(), *, segments_estimated=False, **changes):
    known = facts(**(COVERED | changes))
    found = pathways(known, limits=limits, segments_estimated=segments_estimated)
    return {pathway.id: pathway for pathway in found}


def texts(row, **changes):
    return {option.name: option_text(option) for option in rows(**changes)[row].options}


def test_pathway__says_what_its_row_says_and_how_little_is_proven():
    found = rows()

    assert pathway_text(found[LIMITED]) == f"{ROWS[LIMITED].text} {LITTLE_EVIDENCE}"
    assert all(pathway_text(one).endswith(LITTLE_EVIDENCE) for one in found.values())


@pytest.mark.parametrize(
    ("missing", "text"),
    [
        (("judged_unresectable",), "whether the team judged the metastases unresectable"),
        (
            ("judged_unresectable", "extrahepatic_disease"),
            "disease outside the liver and whether the team judged the metastases unresectable",
        ),
    ],
)
def test_pathway__that_may_apply_says_what_is_not_known(missing, text):
    found = rows(**dict.fromkeys(missing))[RESECTABLE]

    assert pathway_text(found).startswith(f"May apply. Not known: {text}. ")


def test_pathway__names_chosen_limits_where_they_leave_the_plans_open():
    found = rows((NO_WEDGE,), debulkable_in_stages_fraction=None)

    assert (
        "Not known: the share that a feasible plan, in one stage or in stages, would debulk. The "
        "plans keep within the chosen limits: no wedge. "
    ) in pathway_text(found[RESECTABLE])
    assert "limits" not in pathway_text(found[LIMITED])


def test_pathway__marks_what_rests_on_estimated_segments():
    found = rows(segments_estimated=True)
    primary, surgical, *others = found[LIMITED].options

    assert pathway_text(found[LIMITED]).endswith(f"{LITTLE_EVIDENCE} {REVIEW_SENTENCE}")
    assert (primary.name, surgical.name) == ("Resection of the primary", "Surgical resection")
    marked = [option_text(one) for one in others if ESTIMATED in one.reasons]
    assert all(text.endswith(f". {REVIEW_SENTENCE}") for text in marked)
    assert not any(REVIEW_SENTENCE in text for text in texts(LIMITED).values())


def test_option__where_resection_is_contraindicated():
    found = texts(LIMITED)

    assert not found["Surgical resection"].endswith(ALTERNATIVE)
    assert found["Somatostatin analogue"].endswith(ALTERNATIVE)


def test_option__says_which_condition_fails_and_keeps_its_notes():
    after, before = (texts(LIMITED, pancreatoduodenectomy=whipple) for whipple in (True, False))

    assert after["Ablation"].startswith("Ruled out: an earlier Whipple procedure.")
    assert "lobar TACE" in after["Chemoembolisation (TACE)"]
    assert "lobar TACE" not in before["Chemoembolisation (TACE)"]
    assert not before["Ablation"].startswith(("Not ", "Ruled "))


def test_option__says_what_is_not_known():
    found = texts(LIMITED, portal_vein_thrombosis=None, hepatic_insufficiency=None)

    assert found["Embolisation (TAE)"].startswith(
        "Not known: portal vein thrombosis and hepatic insufficiency. "
    )


def test_option__names_the_condition_that_the_error_decides():
    between = Diameter(axial_mm=Quantity(48.0), corrected_3d_mm=52.0)
    doubtful = rows(debulkable_in_stages_fraction=Doubt.UNCERTAIN)[RESECTABLE]

    assert texts(LIMITED, largest_lesion_mm=between)["Ablation"].startswith(
        "The measurement error decides: The largest lesion is below 5 cm; "
    )
    assert pathway_text(doubtful).startswith(
        "May apply. The measurement error decides: A plan with an accepted remnant debulks more "
    )


def test_option__warns_of_what_rules_out_another_way_by_the_same_route():
    found = texts(LIMITED, portal_vein_thrombosis=True, hepatic_insufficiency=True)

    assert found["Radioembolisation (RE)"].startswith(
        "Caution: portal vein thrombosis: no TAE or TACE with it (Machairas 2021); "
        "hepatic insufficiency: no TAE or TACE with it (Machairas 2021). Machairas 2021: "
    )
    assert "Caution" not in texts(LIMITED)["Radioembolisation (RE)"]


@pytest.mark.parametrize(
    ("count", "size_mm", "load", "text"),
    [
        (
            6,
            40.0,
            0.9,
            "radiofrequency ablation or cryoablation: Up to 6 lesions. Of at most 4 cm.",
        ),
        (6, 50.0, 0.5, "subsegmental embolisation: "),
        (6, 50.1, 0.75, "subsegmental radioembolisation with Y-90: "),
        (7, 20.0, 0.76, ""),
        (None, 20.0, 0.5, ""),
    ],
)
def test_trial__says_whom_it_is_for_and_which_group_has_such_a_load(count, size_mm, load, text):
    found = rows(lesion_count=count, largest_lesion_mm=size_mm, burden_fraction=load)

    (note,) = trial_notes(found[LIMITED])

    assert note.startswith("Ongoing trial, not a recommendation: NCT03457948")
    assert "not randomised" in note
    assert "first treated with pembrolizumab" in note
    assert (f"allot such a load to {text}" in note) if text else note.endswith("size and load.")


@pytest.mark.parametrize("rule", TREATMENTS.values(), ids=lambda rule: f"{rule.source}.{rule.id}")
def test_option__is_never_an_order(rule):
    orders = re.compile(r"\b(should|must|need to|shall|resect|give|start|perform)\b", re.IGNORECASE)

    assert not orders.search(" ".join((rule.statement, *(note.text for note in rule.notes))))


ANYTHING = {
    "grade": st.none() | st.sampled_from(Grade),
    "grade_is_g1_or_g2": st.none() | st.booleans(),
    "differentiation": st.none() | st.sampled_from(Differentiation),
    "lesion_count": st.none() | st.builds(Quantity, st.integers(0, 40).map(float)),
    "both_lobes": st.none() | st.booleans(),
    "burden_fraction": st.none() | st.builds(Quantity, st.floats(0.0, 1.0)),
    "largest_lesion_mm": st.none() | st.floats(1.0, 200.0),
    "debulkable_in_stages_fraction": st.none() | st.builds(Quantity, st.floats(0.0, 1.0)),
    "extrahepatic_disease": st.none() | st.sampled_from(ExtrahepaticDisease),
    "primary_site": st.none() | st.sampled_from(PrimarySite),
    "frilling_type": st.none() | st.sampled_from(FrillingType),
    "pancreatoduodenectomy": st.none() | st.booleans(),
    "functional": st.none() | st.booleans(),
}


@settings(max_examples=40)
@given(known=st.fixed_dictionaries({}, optional=ANYTHING))
def test_texts__of_any_case_are_short_sentences(known):
    given_ = Facts.named(known)
    results = (*staging(given_, targets=()), *transplant(given_), *resectability(given_))
    found = [condition_text(finding) for result in results for finding in result.findings]
    options = [option_text(one) for row in pathways(given_) for one in row.options]

    assert max(map(len, found)) <= LONGEST_FINDING
    assert max(map(len, options), default=0) <= LONGEST_OPTION
    of_staging = [condition_text(f) for r in staging(given_, targets=()) for f in r.findings]
    assert max(map(len, of_staging)) <= LONGEST_FINDING_OF_STAGING
    for text in (*found, *options):
        assert re.fullmatch(r"[A-Z0-9].*[.)]", text)
    for text in (*found, *options, *map(list_text, results)):
        assert "  " not in text
    for result in results:
        undecided = "undecided" in list_text(result)
        assert undecided == (result.verdict is Verdict.UNKNOWN)
        if undecided:
            assert "missing: " in list_text(result) or "Not decided by the " in list_text(result)


@given(
    size=st.floats(0.5, 200.0),
    portal=st.none() | st.floats(0.0, 90.0),
)
def test_texts__on_a_lesion_are_short(size, portal):
    known = {
        inputs.LESION_DIAMETER: Quantity(size),
        inputs.PORTAL_DISTANCE: Quantity.absent(Reason(Cause.NO_PORTAL_VEIN))
        if portal is None
        else portal,
    }
    rules = (rule for rule in CRITERIA.values() if rule.id.startswith("ablation."))

    assert all(
        len(condition_text(judge(rule, Facts(known)))) <= LONGEST_FINDING_OF_ABLATION
        for rule in rules
    )


def test_list__what_the_error_decides_is_named():
    found = judge_list(LISTS["resectability.r0"], facts(r0_feasible=Doubt.UNCERTAIN))
    assert list_text(found) == (
        "R0 resection: uncertain, the measurement error decides: A feasible plan resects every "
        "metastasis with a margin and ablates none."
    )
