"""The table of plans that a command prints: which plans, and one row each."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.table import Table

from remnant.core.debulking import DebulkingPlan
from remnant.core.findings import Verdict
from remnant.core.quantity import Quantity
from remnant.view.certainty import PlanOutcome
from remnant.view.plan_selection import shown_plans
from remnant.view.plan_view import flags, reached_shares, share, short_recipe
from remnant.view.rule_facts import sign_of
from remnant.view.verdict_tables import limits
from remnant.wording.numbers import ABSENT, interval, shown
from remnant.wording.words import VERDICT_SIGNS

MOST_ROWS: Final = 8
ORDER: Final = (Verdict.MET, Verdict.UNKNOWN, Verdict.NO_EVIDENCE, Verdict.NOT_MET)


def plan_table(plans: Sequence[DebulkingPlan]) -> Table:
    """Return the table: plans that answer a target and the user's own always, feasible ones first.

    Every plan is called by its id, as its map and its row of ``plans.csv`` are.
    """
    listed, rest = shown_plans(plans, MOST_ROWS)
    caption = f"{len(rest)} more in plans.csv and report.html" if rest else None
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), caption=caption)
    table.add_column("\nid", no_wrap=True)
    table.add_column("\nplan", overflow="fold")
    for title in ("debulked\n", "FLR\n", "of stan-\ndardised", "acts\n"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("chosen\nrules", justify="center", no_wrap=True)
    for plan in sorted(listed, key=lambda plan: ORDER.index(plan.feasible)):
        table.add_row(*_row(plan))
    return table


def _row(plan: DebulkingPlan) -> tuple[str, ...]:
    remnant, debulked = plan.result.remnant, plan.result.debulked_fraction
    minima = limits((PlanOutcome.of(plan),))
    below = (*(f"best for {share(t)}" for t in plan.targets), *_marks(plan))
    flr = ABSENT if remnant.flr_ml.value is None else f"{shown(remnant.flr_ml)} mL"
    return (
        plan.id,
        "\n".join((short_recipe(plan.recipe), *(f"  {words}" for words in below))),
        "\n".join((_with_interval(debulked, minima.tumour), *_reached(plan))),
        f"{flr}\n{interval(remnant.flr_ml)}".rstrip(),
        _with_interval(remnant.sflr, minima.remnant),
        str(plan.result.interventions),
        VERDICT_SIGNS[plan.feasible],
    )


def _marks(plan: DebulkingPlan) -> tuple[str, ...]:
    return tuple(f"! {words}" for words in flags(plan, ()))


def _with_interval(fraction: Quantity, beside: tuple[float, ...]) -> str:
    if fraction.value is None:
        return ABSENT
    known = interval(fraction, fraction=True)
    return f"{shown(fraction, fraction=True, limits=beside)} %\n{known}".rstrip()


def _reached(plan: DebulkingPlan) -> Iterator[str]:
    """Write in how many of 100 draws each share is reached, as ``≥ 90 %: 83``."""
    for judged in reached_shares(plan):
        count = judged.sureness.removesuffix(" in 100").replace(" ", "")
        limit = f"{100 * (judged.finding.limit or 0.0):g} %"
        yield f"{sign_of(judged.finding)} {limit}: {count}"
