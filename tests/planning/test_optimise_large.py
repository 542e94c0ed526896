"""Cutting planes against the whole linear relaxation, the whole program, and trying everything."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linprog

from examples.debulking import (
    best_by_trying,
    hand_problem,
    many_atoms,
    random_case,
    random_demand,
)
from planning.optimiser import milp as optimise_large
from planning.optimiser import milp as optimise_milp
from planning.optimiser.feasibility import count
from planning.optimiser.milp import (
    HALF_VOXEL,
    Goal,
    Limits,
    constraints,
    cover_of,
    least_loss,
    lost_voxels,
    make_model,
    relax,
    shared_pairs,
    solve,
    subproblem,
    with_free_choices,
)
from planning.optimiser.problem import make_problem
from planning.optimiser.search import Demand, best_plan, relaxed_shares, start_search
from remnant.core.labels import CouinaudSegment
from remnant.core.plan_choice import PlanChoice
from remnant.testing.phantoms import body_grid, liver_phantom
from volumetry.liver_maps import liver_maps
from volumetry.virtual_resection.atoms import build_atoms

FAR = float("inf")
TOLERANCE = 1e-6


def some_model(seed, *, lesions=12, atoms=150, over=3.0, segments=()):
    rng = np.random.default_rng(seed)
    problem, _ = random_case(rng, atoms=many_atoms(rng, lesions=lesions, atoms=atoms, over=over))
    problem = replace(problem, segment_sets=(frozenset(map(CouinaudSegment, segments)),))
    sub = subproblem(problem, problem.segment_sets[0])
    model = make_model(sub, problem.tumour, problem.atoms.ablation_zones)
    return problem, sub, model


def some_limits(seed, model):
    """A share of what may be treated, perhaps with limits on wedges, zones and interventions."""
    rng = np.random.default_rng(10_000 + seed)
    removes = -model.costs[Goal.RESIDUAL][: model.fates]
    lesion = np.concatenate((model.wedges, model.ablations))
    most = sum(removes[lesion == one].max() for one in np.unique(lesion))
    few = (None, 3, 6)
    wedges, ablations, interventions = (few[rng.integers(3)] for _ in range(3))
    return Limits(
        debulked=int(rng.uniform(0.2, 0.8) * most),
        wedges=wedges,
        ablations=ablations,
        interventions=interventions,
    )


def whole_relaxation(model, limits, fixed=None):
    """The linear relaxation with a column for every shared atom, one choice perhaps fixed."""
    rows, cost = constraints(model, limits), model.costs[Goal.LOST]
    low, high = np.isfinite(rows.low), np.isfinite(rows.high)
    matrix = np.vstack((-rows.matrix.toarray()[low], rows.matrix.toarray()[high]))
    limit = np.concatenate((-rows.low[low], rows.high[high]))
    bounds = [(0.0, 1.0)] * len(cost)
    if fixed is not None:
        bounds[fixed[0]] = (fixed[1], fixed[1])
    found = linprog(cost, A_ub=matrix, b_ub=limit, bounds=bounds, method="highs")
    return FAR if found.status == 2 else found.fun


@pytest.mark.parametrize("seed", range(40))
def test_relax__equals_the_whole_relaxation(seed):
    segments = ((), (5,), (7, 8))[seed % 3]
    _, _, model = some_model(seed, segments=segments)
    limits = some_limits(seed, model)

    found, whole = relax(model, limits), whole_relaxation(model, limits)

    if whole == FAR:
        assert FAR == found.lost
        return
    assert whole - HALF_VOXEL - TOLERANCE <= found.lost <= whole + TOLERANCE


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_relax__ended_early_is_still_a_bound(rounds, monkeypatch):
    _, _, model = some_model(2)
    limits = some_limits(2, model)
    whole = relax(model, limits)
    monkeypatch.setattr(optimise_large, "MOST_ROUNDS", rounds)

    early = relax(model, limits)

    assert early.lost <= whole.lost + TOLERANCE
    assert early.lost < whole.lost - HALF_VOXEL


@pytest.mark.parametrize("seed", range(12))
def test_relax__a_changed_choice_costs_at_least_what_is_said(seed):
    _, _, model = some_model(seed, lesions=8, atoms=80)
    limits = some_limits(seed, model)
    found = relax(model, limits)
    if found.lost == FAR:
        assert FAR == whole_relaxation(model, limits)
        return
    for column in range(model.fates):
        raised = whole_relaxation(model, limits, fixed=(column, 1.0))
        lowered = whole_relaxation(model, limits, fixed=(column, 0.0))

        assert found.lost + max(found.if_raised[column], 0.0) <= raised + 1e-4
        assert found.lost + max(found.if_lowered[column], 0.0) <= lowered + 1e-4


@pytest.mark.parametrize("seed", range(40))
def test_shares__no_atom_is_shared_out_twice(seed):
    problem, sub, model = some_model(seed, segments=((), (4,))[seed % 2])
    limits = some_limits(seed, model)
    found = relax(model, limits)
    atom, _ = shared_pairs(sub)
    answered = np.bincount(atom, found.pairs, len(sub.sizes))

    assert (found.pairs >= -TOLERANCE).all()
    assert (answered <= sub.sizes + 1e-4).all()
    if found.lost < FAR:
        shares = relaxed_shares(problem, sub, found)
        dearer = np.maximum(shares.margin, shares.zone)
        volumes = np.bincount(sub.codes, sub.sizes, 9)
        free = sub.wedge | sub.ablation
        assert (np.minimum(shares.margin, shares.zone)[free].sum(axis=0) <= volumes + 1e-4).all()
        assert (dearer >= -TOLERANCE).all()


@pytest.mark.parametrize("seed", range(30))
def test_least_loss__equals_the_whole_program(seed):
    _, _, model = some_model(
        seed, lesions=9, atoms=70, over=2.0, segments=((), (5,), (7, 8))[seed % 3]
    )
    limits = some_limits(seed, model)
    whole = solve(model, Goal.LOST, limits, seconds=60.0)
    relaxed = relax(model, limits)

    found = least_loss(model, limits, relaxed, deadline=FAR)

    assert found.proven
    assert (whole.chosen is None) == (found.chosen is None)
    if found.chosen is not None:
        expected = lost_voxels(model, whole.chosen)
        assert (expected, expected) == (lost_voxels(model, found.chosen), found.bound)
        assert relaxed.lost <= expected + TOLERANCE


@pytest.mark.parametrize("seed", range(40))
def test_best_plan__equals_trying_everything_under_limits(seed, monkeypatch):
    monkeypatch.setattr(optimise_milp, "LARGE_ROWS", 0)
    rng = np.random.default_rng(50_000 + seed)
    problem, _ = random_case(rng, atoms=many_atoms(rng, lesions=4, atoms=30, over=2.0))
    demand = random_demand(rng, problem)
    expected = best_by_trying(problem, demand)

    found = best_plan(start_search(problem, seconds=60.0), demand)

    assert found.proven
    assert (expected and expected.lost) == (found.counted and found.counted.lost)
    assert found.most_flr == (0 if expected is None else problem.flr_voxels - expected.lost)
    if expected is not None:
        assert found.counted.debulked >= demand.debulked
        assert demand.interventions is None or found.counted.interventions <= demand.interventions
        assert () == count(problem, found.recipe).faults


def phantom_problem(seed, choice):
    phantom = liver_phantom(body_grid(spacing_mm=(5.7, 6.1, 6.6)), metastases=40, seed=seed)
    maps = liver_maps(phantom.structures, phantom.lesions, phantom.couinaud)
    ids = tuple(int(n) for n in np.unique(maps.lesions) if n)
    atoms = build_atoms(maps, lesion_ids=ids, choice=choice).atoms
    allowed = dict.fromkeys(ids, True)
    return make_problem(atoms, choice, wedge_allowed=allowed, ablation_allowed=allowed)


@pytest.mark.parametrize(
    "limits",
    [{}, {"most_ablations": 8, "most_wedges": 10}],
    ids=["free", "limited"],
)
def test_40_lesions_in_voxels__both_ways_leave_the_same_liver(limits, monkeypatch):
    problem = phantom_problem(3, PlanChoice(resection_margin_mm=10.0, **limits))
    demand = Demand(debulked=-(-8 * problem.all_tumour // 10))
    found = {}
    for rows in (0, FAR):
        monkeypatch.setattr(optimise_milp, "LARGE_ROWS", rows)
        found[rows] = best_plan(start_search(problem, seconds=100.0), demand)

    large, small = found[0], found[FAR]
    assert large.proven
    assert small.proven
    assert small.counted.flr == large.counted.flr == large.most_flr
    assert min(large.counted.debulked, small.counted.debulked) >= demand.debulked


@pytest.mark.parametrize("seed", range(30))
def test_with_free_choices__take_no_liver_and_keep_the_limits(seed):
    _, _, model = some_model(seed, lesions=9, atoms=70, over=4.0)
    limits = some_limits(seed, model)
    start = solve(model, Goal.LOST, limits, seconds=60.0).chosen
    if start is None:
        start, limits = np.zeros(model.fates, dtype=bool), replace(limits, debulked=0)

    more = with_free_choices(model, limits, start)

    lesion = np.concatenate((model.wedges, model.ablations))
    assert (more | ~start).all()
    assert lost_voxels(model, start) == lost_voxels(model, more)
    assert len(set(lesion[more])) == more.sum()
    wedges, ablations = more[: len(model.wedges)], more[len(model.wedges) :]
    zones = (ablations * model.zones).sum()
    assert limits.wedges is None or wedges.sum() <= limits.wedges
    assert limits.ablations is None or zones <= limits.ablations
    assert limits.interventions is None or wedges.sum() + zones <= limits.interventions


def covered_lesion_model():
    """Lesion 2 lies in the margin of lesion 1 with its own: it costs nothing beside it."""
    problem = hand_problem(PlanChoice())
    margin = np.zeros((5, 2), dtype=bool)
    margin[:2, 0], margin[0, 1] = True, True
    atoms = replace(
        problem.atoms, resection=type(problem.margin)(margin), ablation=type(problem.margin)(margin)
    )
    allowed = {1: True, 2: True}
    problem = make_problem(
        atoms, PlanChoice(), wedge_allowed=allowed, ablation_allowed={1: False, 2: False}
    )
    sub = subproblem(problem, frozenset())
    return make_model(sub, problem.tumour, problem.atoms.ablation_zones)


def test_with_free_choices__adds_the_lesion_that_costs_nothing():
    model = covered_lesion_model()
    first = np.array([True, False])

    assert [True, True] == with_free_choices(model, Limits(), first).tolist()
    assert [True, False] == with_free_choices(model, Limits(wedges=1), first).tolist()
    assert [True, False] == with_free_choices(model, Limits(interventions=1), first).tolist()
    assert [False, True] == with_free_choices(model, Limits(), ~first).tolist()


def test_cover__every_pair_holds_its_atom():
    _, sub, model = some_model(4)
    cover, (atom, lesion) = cover_of(model), shared_pairs(sub)

    assert len(atom) == len(cover.atom)
    names = np.concatenate((model.wedges, model.ablations))
    for pair in range(len(cover.atom)):
        columns = cover.fates[[pair]].indices
        assert {int(lesion[pair])} == {int(n) for n in names[columns]}
        assert cover.sizes[cover.atom[pair]] == sub.sizes[atom[pair]]


def test_least_loss__no_time_proves_nothing():
    _, _, model = some_model(1)
    limits = Limits(debulked=100)
    relaxed = relax(model, limits)

    found = least_loss(model, limits, relaxed, deadline=0.0)

    assert (None, False, relaxed.lost) == (found.chosen, found.proven, found.bound)


def test_least_loss__solver_out_of_time_keeps_the_best_and_claims_no_proof(monkeypatch):
    _, _, model = some_model(1)
    limits = Limits(debulked=100)
    relaxed = relax(model, limits)
    real, calls = optimise_large._integer, []

    class Nothing:
        x, status = None, 1

    def once(*arguments):
        calls.append(arguments)
        return Nothing() if len(calls) > 1 else real(*arguments)

    monkeypatch.setattr(optimise_large, "_integer", once)
    relaxed = replace(relaxed, cuts=relaxed.cuts.kept(np.zeros(len(relaxed.cuts.group), bool)))
    found = least_loss(model, limits, relaxed, deadline=FAR)

    assert found.chosen is not None
    assert not found.proven
    assert found.bound <= lost_voxels(model, found.chosen)
