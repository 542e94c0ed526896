"""Plans of a decompensated liver: no minimum applies, and each plan says so first."""

import pytest

from examples.debulking import coarse_phantom, measured
from planning.case import Case
from planning.planner import plan
from planning.remnant.contiguity import CONTIGUITY_ID
from remnant.core.clinical import ClinicalFacts
from remnant.core.findings import Verdict
from remnant.core.patient import LiverBackground, Patient
from remnant.core.plan_choice import PlanChoice
from remnant.core.reasons import Cause, Reason, reason
from remnant.wording.findings import text_of
from remnant.wording.plans import plan_headline, target_line

CIRRHOTIC = Patient(height_cm=175.0, weight_kg=70.0, background=LiverBackground.CIRRHOSIS)
SIGNS = {"ascites": True, "varices": True, "platelets_per_nl": 60.0, "hepatic_insufficiency": True}
BECAUSE = reason(Cause.DECOMPENSATED, "ascites", "hepatic_insufficiency")
WORDS = "the liver is decompensated (ascites and hepatic insufficiency): no source has a minimum"


@pytest.fixture(scope="module")
def case():
    phantom = coarse_phantom(2)
    return measured(phantom.structures, phantom.lesions, phantom.couinaud)


def planned_with(case, **facts):
    report, maps = case
    return plan(
        Case(
            report=report,
            patient=CIRRHOTIC,
            facts=ClinicalFacts(**facts),
            choice=PlanChoice(targets=(0.7, 1.0)),
            maps=maps,
        )
    )


@pytest.fixture(scope="module")
def failing(case):
    return planned_with(case, **SIGNS)


@pytest.fixture(scope="module")
def compensated(case):
    return planned_with(case, decompensated=False, varices=True, platelets_per_nl=60.0)


def minima(found):
    return [f for f in found.findings if f.id.startswith("flr.") and f.id != CONTIGUITY_ID]


def test_compensated__the_minimum_for_cirrhosis_decides(compensated):
    assert {t.verdict for t in compensated.targets} == {Verdict.MET}
    assert not [p for p in compensated.plans if BECAUSE in p.reasons]


def test_decompensated__no_minimum_is_held_against_any_remnant(failing):
    for found in (*failing.resections, *failing.plans):
        assert {f.threshold for f in minima(found)} == {None}
        held = [f for f in found.findings if Reason(Cause.DECOMPENSATED, names=BECAUSE.names)
                in f.reasons]  # fmt: skip
        assert {f.verdict for f in held} == {Verdict.NO_EVIDENCE}
        assert len(held) == 4


def test_decompensated__no_plan_is_accepted_and_no_target_reached(failing):
    assert failing.plans
    assert {p.feasible for p in failing.plans} <= {Verdict.NO_EVIDENCE, Verdict.UNKNOWN}
    for target in failing.targets:
        assert target.verdict is Verdict.UNKNOWN
        assert target.answered_by is None
        assert target.least_flr_ml.reasons == (BECAUSE,)
        assert WORDS in target_line(target, failing)


def test_decompensated__each_plan_says_so_first(failing):
    for one in failing.plans:
        assert one.reasons[0] == BECAUSE
        assert plan_headline(one).startswith(WORDS[:1].upper() + WORDS[1:])
        assert f": {WORDS} for such a liver." in text_of(one.findings[0])


def test_decompensated__nothing_is_within_reach_of_a_hepatectomy(failing):
    reach = [f for f in failing.findings if f.id.startswith("debulking.reach.")]
    assert reach
    assert not [f for f in reach if f.verdict is Verdict.MET]
    assert any(WORDS in text_of(f) for f in reach)


def test_untold__cirrhosis_leaves_the_minimum_of_the_review_open(case):
    found = planned_with(case)
    chosen = [f for p in found.plans for f in p.findings if f.id == "flr.gepnetlm_review"]
    assert {f.verdict for f in chosen} <= {Verdict.UNKNOWN, Verdict.NOT_MET}
    text = text_of(next(f for f in chosen if f.missing))
    assert "Whether this liver is compensated was not told." in text
