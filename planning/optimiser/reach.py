"""How much tumour can be removed at most, whatever remains or with enough liver left."""

from time import monotonic

import numpy as np

from planning.hepatectomies.stranded import Segments
from planning.optimiser.milp import Goal, Limits, solve
from planning.optimiser.search import Reach, Search


def most_debulked(search: Search, *, least_flr: int | None = None) -> Reach:
    """Find the largest tumour volume that a plan within the limits treats.

    Parameters
    ----------
    search
        The problem and its time.
    least_flr
        Functional voxels that stay at least; ``None`` where any remnant will do.
    """
    ceilings = sorted(
        ((_ceiling(search, s), number) for number, s in enumerate(search.problem.segment_sets)),
        key=lambda pair: (-pair[0], pair[1]),
    )
    best, open_ceiling = 0, 0
    for ceiling, number in ceilings:
        # sorted by their ceilings: no set after this one treats more
        if ceiling <= best:
            break
        if monotonic() > search.deadline:
            open_ceiling = ceiling
            break
        found, at_most = _within(search, search.problem.segment_sets[number], least_flr, ceiling)
        best = max(best, found)
        open_ceiling = max(open_ceiling, at_most)
    return Reach(debulked=best, at_most=max(best, open_ceiling), proven=open_ceiling <= best)


def _ceiling(search: Search, segments: Segments) -> int:
    """Tumour of lesions in removed segments and of all that may be treated elsewhere."""
    problem = search.problem
    removed = np.zeros(problem.core.shape[1], dtype=bool)
    removed[[int(s) for s in segments]] = True
    treatable = problem.involves(removed) | problem.wedge_allowed | problem.ablation_allowed
    return int(problem.tumour[treatable].sum())


def _within(
    search: Search, segments: Segments, least_flr: int | None, ceiling: int
) -> tuple[int, int]:
    """Most tumour voxels for one set of segments: found, and proven not to be exceeded."""
    problem, prepared = search.problem, search.prepare(segments)
    sub, model = prepared.sub, prepared.model
    if sub is None or model is None:
        return 0, 0
    room = None if least_flr is None else problem.flr_voxels - least_flr - sub.lost
    if room is not None and room < 0:
        return 0, 0
    # without any limit all that may be treated is: there is nothing to choose
    if room is None and problem.most_wedges is None and problem.most_ablations is None:
        return ceiling, ceiling
    extended = int(sub.extended.sum())
    limits = Limits(
        lost=room,
        wedges=None if problem.most_wedges is None else problem.most_wedges - extended,
        ablations=problem.most_ablations,
    )
    solved = solve(model, Goal.RESIDUAL, limits, seconds=search.seconds)
    if solved.chosen is None:
        return (0, 0) if solved.proven else (0, ceiling)
    removes = -model.costs[Goal.RESIDUAL][: model.fates]
    found = sub.debulked + round(float(removes[solved.chosen].sum()))
    return found, found if solved.proven else ceiling
