import pytest

from planning.debulking.chosen_limits import chosen_limits, without_proofs
from remnant.core.debulking import TargetOutcome
from remnant.core.findings import Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.plan_choice import DEFAULT_CHOICE, PlanChoice
from remnant.wording import reasons

ONE, TWO = CouinaudSegment.I, CouinaudSegment.II


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"most_wedges": 0}, "no wedge"),
        ({"most_wedges": 1}, "at most 1 wedge"),
        ({"most_ablations": 0}, "no ablation"),
        ({"most_ablations": 3}, "at most 3 ablations"),
        ({"keep": frozenset((ONE,))}, "segment I kept"),
        ({"keep": frozenset((TWO, ONE))}, "segments I, II kept"),
        ({"named_only": True}, "named hepatectomies only"),
        ({"contiguous_segments": 3}, "3 neighbouring segments kept"),
        ({"ablation_limit_mm": 20.0}, "ablation up to 20 mm"),
        ({"central_distance_mm": 15.0}, "no ablation within 15 mm of the portal vein"),
        ({"wedge_limit_mm": 30.0}, "wedges up to 30 mm"),
        ({"wedge_depth_mm": 10.0}, "wedges up to 10 mm deep"),
        ({"most_wedges": 0, "most_ablations": 0}, "no wedge, no ablation"),
    ],
)
def test_limits__are_named_where_they_are_tighter(choice, words):
    assert words == ", ".join(map(reasons.words, chosen_limits(PlanChoice(**choice))))


@pytest.mark.parametrize(
    "choice",
    [
        {},
        {"contiguous_segments": 1},
        {"ablation_limit_mm": 50.0},
        {"central_distance_mm": 5.0},
        {"wedge_limit_mm": None, "wedge_depth_mm": None},
        {"wedge_limit_mm": 60.0, "wedge_depth_mm": 30.0},
        {"resection_margin_mm": 10.0, "rule_set": "cloyd2020", "targets": (0.5,)},
    ],
)
def test_limits__looser_ones_margins_and_targets_are_none(choice):
    assert chosen_limits(PlanChoice(**choice)) == ()


def test_limits__without_a_choice_are_none():
    assert chosen_limits(None) == chosen_limits(DEFAULT_CHOICE) == ()


@pytest.mark.parametrize("verdict", [Verdict.MET, Verdict.NOT_MET, Verdict.UNKNOWN])
def test_proofs__of_what_is_out_of_reach_are_taken_away(verdict):
    outcome = TargetOutcome(
        target=0.7,
        verdict=verdict,
        plans=(),
        text="Said.",
        most_debulked_fraction=0.6,
        largest_flr_ml=None,
        least_flr_ml=None,
        proven=True,
    )
    (found,) = without_proofs((outcome,))
    expected = Verdict.MET if verdict is Verdict.MET else Verdict.UNKNOWN
    assert (found.verdict, found.proven, found.target) == (expected, False, 0.7)
