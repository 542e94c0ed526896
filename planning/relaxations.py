"""Which single change of the limits would make a target feasible, the cheapest first."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from planning import wording
from planning.optimiser.front import demanded
from planning.optimiser.problem import Problem, make_problem
from planning.optimiser.reach import most_debulked
from planning.optimiser.search import Demand, Optimum, Search, best_plan, start_search
from planning.staged import points_needed
from remnant.core.debulking import Relaxation
from remnant.core.plan_choice import PlanChoice

MOST_EXTRA = 3
"""More ablations or wedges than this beyond the limit are not tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a relaxed problem must reach: a target, and at least so many functional voxels."""

    target: float
    least_flr: int
    stlv_ml: float | None
    seconds: float


def relaxations(
    search: Search, choice: PlanChoice, wanted: Wanted, best: Optimum
) -> tuple[Relaxation, ...]:
    """Try single changes of the limits for a target that is not feasible.

    Parameters
    ----------
    search
        The problem as it is.
    choice
        Its limits.
    wanted
        What is to be reached.
    best
        The plan that leaves most liver; without a recipe where the target is out of reach.

    Returns
    -------
    tuple
        Changes of locks first, then growth of the remnant, then a lower target.
    """
    return (
        *_changed_limits(search.problem, choice, wanted),
        *_growth(search.problem, wanted, best),
        *_lower_target(search, wanted),
    )


def _changed_limits(problem: Problem, choice: PlanChoice, wanted: Wanted) -> Iterator[Relaxation]:
    yield from _more(problem, wanted, "ablation", choice.most_ablations)
    yield from _more(problem, wanted, "wedge", choice.most_wedges)
    for segment in sorted(choice.keep):
        unlocked = replace(choice, keep=choice.keep - {segment})
        yield from _if_enough(
            _with_choice(problem, unlocked), wanted, "unlock_segment",
            f"removing segment {segment.name} too", None,
        )  # fmt: skip
    if not problem.ablation_allowed.all():
        anywhere = replace(problem, ablation_allowed=np.ones_like(problem.ablation_allowed))
        yield from _if_enough(
            anywhere, wanted, "any_ablation",
            "ablating lesions that the limits of size and place exclude", None,
        )  # fmt: skip
    if not problem.wedge_allowed.all():
        anywhere = replace(problem, wedge_allowed=np.ones_like(problem.wedge_allowed))
        yield from _if_enough(
            anywhere, wanted, "any_wedge",
            "excising lesions that the limits of size and depth exclude", None,
        )  # fmt: skip


def _with_choice(problem: Problem, choice: PlanChoice) -> Problem:
    ids = problem.atoms.lesion_ids
    return make_problem(
        problem.atoms,
        choice,
        wedge_allowed=dict(zip(ids, problem.wedge_allowed.tolist(), strict=True)),
        ablation_allowed=dict(zip(ids, problem.ablation_allowed.tolist(), strict=True)),
    )


def _more(problem: Problem, wanted: Wanted, what: str, limit: int | None) -> Iterator[Relaxation]:
    """Allow one more, then two more and so on, until it is enough."""
    for extra in range(1, MOST_EXTRA + 1) if limit is not None else ():
        allowed = (limit or 0) + extra
        changed = (
            replace(problem, most_ablations=allowed)
            if what == "ablation"
            else replace(problem, most_wedges=allowed)
        )
        more = wording.counted(extra, f"more {what}")
        found = tuple(_if_enough(changed, wanted, f"more_{what}s", more, extra))
        yield from found
        if found:
            return


def _if_enough(
    problem: Problem, wanted: Wanted, kind: str, change: str, amount: float | None
) -> Iterator[Relaxation]:
    need = demanded(problem.all_tumour, wanted.target)
    search = start_search(problem, seconds=wanted.seconds)
    found = best_plan(search, Demand(debulked=need)).counted
    if found is not None and found.flr >= wanted.least_flr:
        flr_ml = found.flr * problem.atoms.voxel_ml
        yield Relaxation(
            kind=kind,
            text=f"With {change} it would be reached, and {flr_ml:.0f} mL would remain.",
            amount=amount,
            flr_ml=flr_ml,
        )


def _growth(problem: Problem, wanted: Wanted, best: Optimum) -> Iterator[Relaxation]:
    if best.counted is None or best.counted.flr >= wanted.least_flr:
        return
    flr_ml, least_ml = (v * problem.atoms.voxel_ml for v in (best.counted.flr, wanted.least_flr))
    points = ""
    if wanted.stlv_ml is not None:
        gained = points_needed(flr_ml, least_ml, wanted.stlv_ml)
        points = f": portal vein embolisation would need to add {gained:.1f} points of sFLR"
    yield Relaxation(
        kind="larger_remnant",
        text=f"The FLR is short by {least_ml - flr_ml:.0f} mL{points}.",
        amount=least_ml - flr_ml,
        flr_ml=least_ml,
    )


def _lower_target(search: Search, wanted: Wanted) -> Iterator[Relaxation]:
    reach = most_debulked(search, least_flr=wanted.least_flr)
    if not reach.debulked or not search.problem.all_tumour:
        return
    share = reach.debulked / search.problem.all_tumour
    proven = "at most" if reach.proven else "at least"
    yield Relaxation(
        kind="lower_target",
        text=f"With enough liver left {proven} {wording.percent(share)} of the tumour is reached.",
        amount=share,
        flr_ml=None,
    )
