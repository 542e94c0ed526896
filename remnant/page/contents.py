"""The list of contents: each part that a case's report has, by the id of its heading."""

from remnant.view.case_view import CaseView
from remnant.wording.report_parts import PART_TITLES


def has_sources(view: CaseView) -> bool:
    """Tell whether any source lists something of this case."""
    planned = view.planned
    return planned is not None and bool(planned.sources.any or planned.ablation)


def has_plan_details(view: CaseView) -> bool:
    """Tell whether there is more of plans than why there are none."""
    planned = view.planned
    return planned is not None and bool(planned.plans.first or planned.stages)


def has_distribution(view: CaseView) -> bool:
    """Tell whether there is more of the distribution than the Frilling type."""
    planned = view.planned
    known = None if planned is None else planned.distribution
    return known is not None and bool(known.netlm or known.stability)


def contents(view: CaseView, *, borders: bool) -> tuple[tuple[str, str], ...]:
    """Return the id and the title of every part, in the order of the report."""
    planned, lesions = view.planned, view.lesions
    present = {
        "plans": planned is not None and planned.plans.any,
        "sources": has_sources(view),
        "distribution": has_distribution(view),
        "borders": borders,
        "lesion-details": bool(lesions.table.rows or lesions.planted),
        "vessels": view.vessels is not None,
        "plan-details": has_plan_details(view),
        "source-lists": has_sources(view) and planned is not None and not planned.sources.nothing,
        "hepatectomies": planned is not None,
    }
    return tuple((name, title) for name, title in PART_TITLES.items() if present.get(name, True))
