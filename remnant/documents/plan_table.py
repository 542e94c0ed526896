"""``plans.csv``: one row for each plan, for spreadsheets; numbers as in ``lesions.csv``."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Final

from remnant.core.debulking import DebulkingPlan, VirtualResection
from remnant.core.findings import Finding
from remnant.core.plan import Remnant
from remnant.core.quantity import Quantity
from remnant.documents.lesion_table import table_number
from remnant.io.atomic import atomic_path
from remnant.io.recipe_text import recipe_text
from remnant.wording.language import english
from remnant.wording.plans import plan_headline, plan_title
from remnant.wording.vessel_cuts import vessel_cuts_line

ENDS: Final = ("", "_low", "_high")
"""After a quantity's name: its value and the ends of its 90 % interval."""
BOUND: Final = "_bound"
"""After a quantity's name: ``lower`` or ``upper`` where the value is only a bound, ``indicative``
where it may be wrong in both directions."""
PERCENTAGES: Final[Mapping[str, str]] = {
    "debulked_fraction": "debulked_percent",
    "flr_measured_fraction": "flr_measured_percent",
    "sflr": "sflr_percent",
}
"""Fractions that a table shows in percent, with their columns."""
REMNANT_QUANTITIES: Final = tuple(field.name for field in fields(Remnant) if field.compare)
RESULT_QUANTITIES: Final = tuple(f.name for f in fields(VirtualResection) if f.type is Quantity)
QUANTITIES: Final = (RESULT_QUANTITIES[0], *REMNANT_QUANTITIES, *RESULT_QUANTITIES[1:])
COLUMNS: Final = (
    "id",
    "title",
    "targets_percent",
    "recipe",
    *(f"{PERCENTAGES.get(name, name)}{end}" for name in QUANTITIES for end in (*ENDS, BOUND)),
    "margin_ml",
    "interventions",
    "ablation_zones",
    "feasible",
    "named",
    "probabilities",
    "proven",
    "gap_ml",
    "on_front",
    "origin",
    "computed_vessels",
    "headline",
)


def write_plans_csv(plans: Iterable[DebulkingPlan], path: Path) -> None:
    """Write one row for each plan (RFC 4180, UTF-8, decimal points); absent values are empty."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(plan_row(plan) for plan in plans)


@english
def plan_row(plan: DebulkingPlan) -> dict[str, str]:
    """Return one plan as text by column; ``recipe`` is what ``--recipe`` reads.

    ``probabilities`` holds ``finding=probability`` of every finding that has one, by semicolons.
    """
    result = plan.result
    words = {
        "id": plan.id,
        "title": plan_title(plan),
        "targets_percent": ";".join(table_number(100.0 * target) for target in plan.targets),
        "recipe": recipe_text(plan.recipe),
        "margin_ml": table_number(result.margin_ml),
        "interventions": str(result.interventions),
        "ablation_zones": str(result.ablation_zones),
        "feasible": plan.feasible.value,
        "named": _yes_no(plan.named),
        "probabilities": _probabilities(plan.findings),
        "proven": _yes_no(plan.proven),
        "gap_ml": table_number(plan.gap_ml),
        "on_front": _yes_no(plan.on_front),
        "origin": plan.origin.value,
        "computed_vessels": vessel_cuts_line(plan.vessel_cuts, plan.recipe.segments),
        "headline": plan_headline(plan),
    }
    cells: dict[str, str] = {}
    for name in QUANTITIES:
        owner = result.remnant if name in REMNANT_QUANTITIES else result
        cells |= _quantity(name, getattr(owner, name))
    return words | cells


def _quantity(name: str, quantity: Quantity) -> dict[str, str]:
    scale = 100.0 if name in PERCENTAGES else 1.0
    known = quantity.interval
    ends = (None, None) if known is None else (known.low, known.high)
    numbers = (None if number is None else scale * number for number in (quantity.value, *ends))
    column = PERCENTAGES.get(name, name)
    cells = {
        f"{column}{end}": table_number(number) for end, number in zip(ENDS, numbers, strict=True)
    }
    return cells | {f"{column}{BOUND}": _bound(quantity)}


def _bound(quantity: Quantity) -> str:
    if quantity.indicative:
        return "indicative"
    return "" if quantity.bound is None else quantity.bound.value


def _probabilities(findings: Iterable[Finding]) -> str:
    known = ((f.id, f.probability) for f in findings if f.probability is not None)
    return "; ".join(f"{name}={table_number(share)}" for name, share in known)


def _yes_no(said: bool | None) -> str:  # noqa: FBT001  (the value of a cell, not a switch)
    if said is None:
        return ""
    return "yes" if said else "no"
