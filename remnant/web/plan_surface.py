"""The part of the liver that a plan takes, or leaves, for its surface."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.geometry import Geometry
from remnant.core.recipe import Recipe
from remnant.web.open_cases import OpenCase, named_errors
from remnant.web.refusals import refused
from remnant.web.requests import asked_of, recipe_of
from remnant.web.saved_plans import saved_plans
from remnant.web.what_if import warm_of

CODES: Final = {"removed": (2, 3), "ablated": (4,), "stays": (1, 5)}
"""Codes of `volumetry.virtual_resection.resection.PLAN_SCHEME` by part."""


def plan_mask(case: OpenCase, plan: str, part: str) -> tuple[NDArray[np.bool_], Geometry]:
    """Return the voxels of a part of a plan, and their grid.

    Raises
    ------
    RefusedError
        There is no such plan or part, or nothing of it.
    """
    from volumetry.virtual_resection.atoms import treated_zones
    from volumetry.virtual_resection.resection import treated_map

    warm, codes = warm_of(case), CODES.get(part or "removed")
    if codes is None:
        raise refused(404, "a plan has no such part", f"allowed are {', '.join(CODES)}")
    recipe, given = _named(case, plan)
    with named_errors(case.folder):
        from planning.one_recipe import judge_recipe

        asked = asked_of(case, warm, given)
        fates = judge_recipe(warm, asked.case, recipe).result.fates
        zones = treated_zones(warm.maps, [fates], choice=asked.case.choice)
        drawn = treated_map(warm.maps, zones, recipe, fates)
    mask = np.isin(drawn.codes, codes)
    if not mask.any():
        raise refused(404, "there is nothing of it", "")
    return mask, drawn.geometry


def _named(case: OpenCase, plan: str) -> tuple[Recipe, dict[str, Any]]:
    planning = case.report.planning
    for one in () if planning is None else planning.plans:
        if one.id == plan:
            return one.recipe, {}
    for saved in saved_plans(case):
        if saved["id"] == plan:
            return recipe_of(saved["recipe"]), saved["asked"]
    raise refused(404, "there is no such plan", "load the page again")
