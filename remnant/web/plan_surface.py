"""Plans drawn on the liver: what would stay, be removed and be ablated, as slices and surfaces."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from planning.one_recipe import judge_recipe
from remnant.core.debulking import Fate
from remnant.core.geometry import Geometry
from remnant.core.recipe import Recipe
from remnant.web.open_cases import OpenCase, named_errors
from remnant.web.refusals import refused
from remnant.web.requests import asked_of, recipe_of
from remnant.web.saved_plans import saved_plans
from remnant.web.volumes import Layer, maps_of
from remnant.web.what_if import warm_of
from volumetry.virtual_resection.atoms import TreatedZones
from volumetry.virtual_resection.resection import (
    ABLATED,
    LESION_STAYS,
    PLAN_SCHEME,
    REMOVED,
    STAYS,
    WEDGED,
    treated_map,
)

SHOWN_STAYS, SHOWN_REMOVED, SHOWN_ABLATED = 1, 2, 3
SHOWN: Final[Mapping[int, int]] = {
    STAYS: SHOWN_STAYS,
    LESION_STAYS: SHOWN_STAYS,
    REMOVED: SHOWN_REMOVED,
    WEDGED: SHOWN_REMOVED,
    ABLATED: SHOWN_ABLATED,
}
"""What the page is told of each code of `PLAN_SCHEME`."""
PARTS: Final = {"stays": SHOWN_STAYS, "removed": SHOWN_REMOVED, "ablated": SHOWN_ABLATED}
RESECTED: Final = frozenset((Fate.WITH_SEGMENTS, Fate.WEDGE))
MOST_DRAWN: Final = 3


def plan_layer(case: OpenCase, plan: str) -> Layer:
    """Return a plan as a layer: 1 stays, 2 is removed, 3 is ablated.

    Parameters
    ----------
    case
        The case.
    plan
        Key that what-if gave, or id of a plan of the report or of one that was saved.

    Raises
    ------
    RefusedError
        There is no such plan, or it was asked for too long ago.
    """
    with case.lock:
        if plan not in case.drawn:
            found = _drawn(case, plan)
            case.drawn[plan] = found
            while len(case.drawn) > MOST_DRAWN:
                case.drawn.pop(next(iter(case.drawn)))
        return Layer(case.drawn[plan], maps_of(case).box)


def plan_mask(case: OpenCase, plan: str, part: str) -> tuple[NDArray[np.bool_], Geometry] | None:
    """Return the voxels of a part of a plan, and their grid; ``None`` where there is none of it.

    Raises
    ------
    RefusedError
        There is no such plan or part.
    """
    code = PARTS.get(part or "removed")
    if code is None:
        raise refused(404, "a plan has no such part", f"allowed are {', '.join(PARTS)}")
    mask = plan_layer(case, plan).voxels == code
    if not mask.any():
        return None
    return mask, maps_of(case).structures.geometry


def _drawn(case: OpenCase, plan: str) -> NDArray[np.uint8]:
    warm, (recipe, given) = warm_of(case), _named(case, plan)
    with named_errors(case.folder):
        asked = asked_of(case, warm, given)
        fates = judge_recipe(warm, asked.case, recipe).result.fates
        resected = [one for one, fate in fates.items() if fate in RESECTED]
        choice, (i, j, k) = asked.case.choice, warm.maps.liver.shape
        shape = (i, j, k)
        zones = TreatedZones(
            {
                one: warm.liver.margin(one, choice).places(shape)
                for one in resected
                if one in warm.liver.boxes
            },
            {
                one: warm.liver.zone(one, choice).places(shape)
                for one in recipe.ablations
                if one in warm.liver.boxes
            },
        )
        drawn = treated_map(warm.maps, zones, recipe, fates)
    shown = np.zeros(max(label.code for label in PLAN_SCHEME.labels) + 1, np.uint8)
    for code, told in SHOWN.items():
        shown[code] = told
    found: NDArray[np.uint8] = shown[drawn.codes]
    return found


def _named(case: OpenCase, plan: str) -> tuple[Recipe, Mapping[str, Any]]:
    planning, asked = case.report.planning, case.recipes.get(plan)
    if asked is not None:
        return recipe_of(asked["recipe"]), asked["asked"]
    for one in () if planning is None else planning.plans:
        if one.id == plan:
            return one.recipe, {}
    for saved in saved_plans(case):
        if saved["id"] == plan:
            return recipe_of(saved["recipe"]), saved["asked"]
    raise refused(410, "there is no such plan any more", "ask for it again")
