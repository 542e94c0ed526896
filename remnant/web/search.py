"""The whole planner on demand: every plan for what the page asks, in a process of its own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from remnant.core.progress import Progress
from remnant.web.case_answer import plan_entry
from remnant.web.open_cases import OpenCase, named_errors, read
from remnant.web.requests import (
    ASKED,
    Asked,
    Json,
    asked_of,
    recipe_document,
    recipe_of,
    require_fields,
)
from remnant.web.what_if import warm_of


def require_searchable(case: OpenCase, given: Mapping[str, Any]) -> Json:
    """Return what a search is asked for, checked.

    Raises
    ------
    RefusedError
        Something in it is not known or out of range; the case has no segments.
    """
    require_fields(given, "recipe", "revision", *ASKED)
    with named_errors(case.folder):
        asked_of(case, warm_of(case), given)
    own = recipe_document(recipe_of(given["recipe"])) if given.get("recipe") else None
    return {**{name: given[name] for name in ASKED if name in given}, "recipe": own}


def searched(progress: Progress, folder: str, root: str, identifier: str, given: Json) -> Json:
    """Plan a stored case as the page asks, and return its plans; nothing is written."""
    case = read(identifier, Path(folder), Path(root))
    asked = asked_of(case, warm_of(case), given)
    progress("planning", 0, 1)
    planned = _planned(asked, given)
    progress("planning", 1, 1)
    return {
        "revision": case.revision,
        "plans": [plan_entry(plan) for plan in planned.plans],
        "targets": [
            {"target": t.target, "verdict": t.verdict.value, "plans": list(t.plans)}
            for t in planned.targets
        ],
    }


def _planned(asked: Asked, given: Json) -> Any:  # noqa: ANN401  (imported late)
    from dataclasses import replace

    from planning.debulking.plan_search import make_plans

    own = () if given["recipe"] is None else (recipe_of(given["recipe"]),)
    choice = replace(asked.case.choice, recipes=own)
    return make_plans(replace(asked.case, choice=choice))
