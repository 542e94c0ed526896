"""From label maps to whole plans on a coarse phantom, and how they move with limits and grids."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from examples.debulking import NORMAL, coarse_phantom, measured
from planning.case import Case
from planning.literature import load_literature
from planning.planner import plan
from remnant.core.plan_choice import PlanChoice
from remnant.core.reasons import Cause, Reason
from remnant.core.volumes import LabelMap
from remnant.core.volumetry_report import SegmentSource
from remnant.wording.findings import text_of
from remnant.wording.reasons import REVIEW_SENTENCE

MARK = f" {REVIEW_SENTENCE}"
TARGETS = (0.7, 0.9, 1.0)


def findings(planned):
    return {finding.id: finding for finding in planned.findings}


@pytest.fixture(scope="module")
def phantom():
    return coarse_phantom(4)


@pytest.fixture(scope="module")
def masks(phantom):
    return phantom.structures, phantom.lesions, phantom.couinaud


@pytest.fixture(scope="module")
def case(masks):
    return measured(*masks)


@pytest.fixture(scope="module")
def with_plans(case):
    return planned_case(case)


def planned_case(case, **changes):
    report, maps = case
    return plan(
        Case(
            report=report, patient=NORMAL, maps=maps, choice=PlanChoice(targets=TARGETS, **changes)
        )
    )


def largest(planned):
    """Largest remnant for each target, -1 where none is reached."""
    return [-1.0 if t.largest_flr_ml is None else t.largest_flr_ml for t in planned.targets]


def test_plans__higher_target_never_leaves_more_liver(with_plans, case):
    for found in (with_plans, planned_case(case, most_wedges=1, most_ablations=1)):
        left = largest(found)
        assert all(a >= b for a, b in pairwise(left)), left
        assert {True} == {target.proven for target in found.targets}


def test_plans__more_allowed_ablations_never_worsen_the_optimum(case):
    any_size = {"most_wedges": 0, "ablation_limit_mm": 100.0, "central_distance_mm": 0.0}
    left = [largest(planned_case(case, most_ablations=n, **any_size)) for n in (0, 1, 3, None)]
    for fewer, more in pairwise(left):
        assert all(a <= b for a, b in zip(fewer, more, strict=True))
    assert left[0] != left[-1]


def test_plans__another_lesion_never_lowers_the_burden_nor_raises_the_remnant(phantom):
    found = []
    for number in (1, 2, 4):
        grown = coarse_phantom(phantom.metastases[:number])
        found.append(planned_case(measured(grown.structures, grown.lesions, grown.couinaud)))
    burden = [findings(one)["burden.class"].value for one in found]
    cleared = [largest(one)[-1] for one in found]

    assert sorted(set(burden)) == burden
    assert sorted(cleared, reverse=True) == cleared


def moved(labels, axes, flips):
    """The same map on a grid with its axes in another order, some of them reversed."""
    grid = labels.geometry
    matrix = grid.affine_ras[:, [*axes, 3]].copy()
    data = labels.codes.transpose(axes)
    for axis in flips:
        matrix[:, 3] += matrix[:, axis] * (data.shape[axis] - 1)
        matrix[:, axis] *= -1
    data = np.ascontiguousarray(np.flip(data, flips))
    return LabelMap(data, replace(grid, shape=data.shape, affine_ras=matrix), labels.scheme)


@pytest.mark.parametrize(("axes", "flips"), [((0, 1, 2), (0, 2)), ((2, 0, 1), (1,))])
def test_plans__same_on_a_flipped_or_permuted_grid(masks, with_plans, axes, flips):
    other = planned_case(measured(*(moved(labels, axes, flips) for labels in masks)))

    assert [p.recipe for p in with_plans.plans] == [p.recipe for p in other.plans]
    assert [(t.verdict, t.plans) for t in with_plans.targets] == [
        (t.verdict, t.plans) for t in other.targets
    ]
    for one, two in zip(with_plans.plans, other.plans, strict=True):
        before, after = one.result, two.result
        assert before.remnant.flr_ml.value == pytest.approx(after.remnant.flr_ml.value)
        assert before.debulked_fraction.value == pytest.approx(after.debulked_fraction.value)
        assert (one.extended, one.feasible, one.targets) == (
            two.extended,
            two.feasible,
            two.targets,
        )


def test_plans__lists_of_all_kinds_are_there(with_plans, case):
    report, _ = case
    counting = [lesion.id for lesion in report.lesions if lesion.counts]
    assert with_plans.plans_reasons == ()
    assert counting == [one.lesion for one in with_plans.ablation]
    assert with_plans.netlm is not None
    assert with_plans.stability.perturbations > 0
    for part in ("resectability", "staging", "transplant", "pathways"):
        assert getattr(with_plans, part), part
    assert findings(with_plans)["netlm.class"].reasons
    assert findings(with_plans)["frilling.stability"].value == with_plans.stability.same_share


def test_plans__every_source_resolves_and_ids_are_in_order(with_plans):
    assert [f"plan_{n}" for n in range(1, len(with_plans.plans) + 1)] == [
        p.id for p in with_plans.plans
    ]
    for one in with_plans.plans:
        for finding in one.findings:
            assert finding.source in load_literature(), finding.id


def test_plans__absent_without_maps_with_the_reason(case):
    found = plan(Case(report=case[0], patient=NORMAL))

    assert ((), (), ()) == (found.plans, found.targets, found.staged)
    assert (Reason(Cause.NO_MAPS),) == found.plans_reasons


def test_plans__a_confirmed_map_gives_the_same_as_an_estimated_one_but_for_the_mark(case):
    report, maps = case
    estimated = replace(report, segment_source=SegmentSource.MODEL)
    found, marked = (planned_case((one, maps), most_wedges=2) for one in (report, estimated))

    estimate = (Reason(Cause.SEGMENTS_ESTIMATED),)
    assert {estimate} == {p.reasons for p in marked.plans}
    assert [replace(t, reasons=t.reasons + estimate) for t in found.targets] == list(marked.targets)
    assert all(text_of(f).endswith(MARK) for p in marked.plans for f in p.findings)
    for identifier in ("netlm.class", "frilling.stability"):
        assert text_of(findings(marked)[identifier]) == text_of(findings(found)[identifier]) + MARK
