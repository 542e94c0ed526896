import pytest

from examples.plans import example_outcome
from planning.debulking.chosen_limits import chosen_limits, without_proofs
from remnant.core.findings import Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.plan_choice import DEFAULT_CHOICE, PlanChoice
from remnant.core.reasons import Cause, reason

ONE, TWO = CouinaudSegment.I, CouinaudSegment.II


@pytest.mark.parametrize(
    ("choice", "limits"),
    [
        ({"most_wedges": 0}, [("most_wedges", 0.0)]),
        ({"most_ablations": 3}, [("most_ablations", 3.0)]),
        ({"keep": frozenset((TWO, ONE))}, [("keep", "I", "II")]),
        ({"contiguous_segments": 3}, [("contiguous_segments", 3.0)]),
        ({"ablation_limit_mm": 20.0}, [("ablation_limit_mm", 20.0)]),
        ({"central_distance_mm": 15.0}, [("central_distance_mm", 15.0)]),
        ({"wedge_limit_mm": 30.0}, [("wedge_limit_mm", 30.0)]),
        ({"wedge_depth_mm": 10.0}, [("wedge_depth_mm", 10.0)]),
        (
            {"most_wedges": 0, "most_ablations": 0},
            [("most_wedges", 0.0), ("most_ablations", 0.0)],
        ),
    ],
)
def test_limits__are_those_that_are_tighter(choice, limits):
    expected = tuple(reason(Cause.LIMIT_CHOSEN, *details) for details in limits)
    assert expected == chosen_limits(PlanChoice(**choice))


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
        {"named_only": True},  # no set without a name decides anything, searched or not
        {"vessels_intact": (frozenset((ONE, TWO)),), "certainty": 0.99},
    ],
)
def test_limits__looser_ones_margins_and_targets_are_none(choice):
    assert chosen_limits(PlanChoice(**choice)) == ()


def test_limits__without_a_choice_are_none():
    assert chosen_limits(None) == chosen_limits(DEFAULT_CHOICE) == ()


@pytest.mark.parametrize(
    "verdict", [Verdict.MET, Verdict.NOT_MET, Verdict.UNCERTAIN, Verdict.UNKNOWN]
)
def test_proofs__of_what_is_out_of_reach_are_taken_away(verdict):
    outcome = example_outcome(0.7, verdict)
    (found,) = without_proofs((outcome,))
    expected = Verdict.UNKNOWN if verdict is Verdict.NOT_MET else verdict
    assert (found.verdict, found.target) == (expected, 0.7)
    assert (found.proven, found.most_proven, found.largest_proven) == (False, False, False)
