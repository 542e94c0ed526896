"""What a command prints of plans: answers first, then the table, then what is missing."""

from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.table import Table

from remnant.cli.examples import RESEARCH_USE
from remnant.core.case import CaseReport
from remnant.core.debulking import DebulkingPlan
from remnant.core.findings import Verdict
from remnant.core.planning_report import PlanningReport
from remnant.core.quantity import Quantity
from remnant.reporting.plans import (
    BRANCH_WORDS,
    REACH_WORDS,
    answer,
    flags,
    missing,
    other_changes,
    reached_shares,
    recipe_words,
    said,
    share,
    split,
)
from remnant.reporting.text import ABSENT, VERDICT_SIGNS, interval, sentence, shown

WIDEST: Final = 100
MOST_ROWS: Final = 8
MOST_MISSING: Final = 8
LISTED: Final = "Listed by their sources, never an order; conditions stand in report.html."
LEGEND: Final = (
    "Volumes only: vessels, bile ducts and function are not judged. Below a figure: its 90 % "
    "interval; “90 %: 61”: that share is reached in 61 of 100 draws of the measurement error. "
    "acts: segments together 1, each wedge and ablation zone 1. Optima are proven unless a plan "
    "says otherwise."
)


def print_plans(report: CaseReport, *, console: Console, research_use: bool = True) -> None:
    """Print the answer to each target, the best plan, the plans, and what is missing.

    Nothing is printed where planning made neither plans nor lists.
    """
    planning = report.planning
    if planning is None or not _said(planning):
        return
    width = min(console.width, WIDEST)
    console.print()
    if planning.plans_reason:
        console.print(f"No plan: {planning.plans_reason}", markup=False, width=width)
    for line in _answers(planning):
        console.print(line, markup=False, highlight=False, width=width)
    if planning.plans:
        _print_best(report, planning.plans[0], console=console, width=width)
        console.print(_table(planning), width=width)
        console.print(LEGEND, style="dim", width=width)
    for line in _lists(planning):
        console.print(line, markup=False, highlight=False, width=width)
    if research_use:
        console.print(RESEARCH_USE, style="dim")


def _said(planning: PlanningReport) -> bool:
    lists = (planning.resectability, planning.staging, planning.transplant, planning.pathways)
    return bool(planning.plans or planning.targets or planning.plans_reason or any(lists))


def _answers(planning: PlanningReport) -> Iterator[str]:
    for target in planning.targets:
        words = f"{sentence(share(target.target))} of the tumour: {REACH_WORDS[target.verdict]}."
        yield f"{VERDICT_SIGNS[target.verdict]} {words} {answer(target)}"
        for change in other_changes(target)[:1]:
            yield f"    what would change it: {change}"


def _print_best(report: CaseReport, plan: DebulkingPlan, *, console: Console, width: int) -> None:
    console.print()
    console.print(f"First in rank: {plan.title}", style="bold", markup=False, width=width)
    console.print(f"  {plan.headline}", markup=False, highlight=False, width=width)
    done = "; ".join(recipe_words(plan.recipe, zones=plan.result.ablation_zones))
    console.print(f"  {sentence(done)}.", markup=False, highlight=False, width=width)
    marks = flags(plan, report.volumetry.lesions)
    if marks:
        console.print(f"! {sentence('; '.join(marks))}", style="yellow", markup=False, width=width)


def _table(planning: PlanningReport) -> Table:
    at_once, rest = split(planning.plans, MOST_ROWS)
    caption = f"{len(rest)} more in report.html" if rest else None
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), caption=caption)
    table.add_column("\nplan", overflow="fold")
    for title in ("debulked\n", "FLR\n", "of stan-\ndardised", "acts\n"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("chosen\nrules", justify="center", no_wrap=True)
    for plan in at_once:
        table.add_row(*_row(plan))
    return table


def _row(plan: DebulkingPlan) -> tuple[str, ...]:
    remnant, debulked = plan.result.remnant, plan.result.debulked_fraction
    below = (*(f"best for {share(t)}" for t in plan.targets), *_marks(plan))
    flr = ABSENT if remnant.flr_ml.value is None else f"{shown(remnant.flr_ml)} mL"
    return (
        "\n".join((plan.title, *(f"  {words}" for words in below))),
        "\n".join((_with_interval(debulked), *_reached(plan))),
        f"{flr}\n{interval(remnant.flr_ml)}".rstrip(),
        _with_interval(remnant.sflr),
        str(plan.result.interventions),
        VERDICT_SIGNS[plan.feasible],
    )


def _marks(plan: DebulkingPlan) -> tuple[str, ...]:
    return tuple(f"! {words}" for words in flags(plan, ()))


def _with_interval(fraction: Quantity) -> str:
    if fraction.value is None:
        return ABSENT
    known = interval(fraction, fraction=True)
    return f"{shown(fraction, fraction=True)} %\n{known}".rstrip()


def _reached(plan: DebulkingPlan) -> Iterator[str]:
    """Write in how many of 100 draws each share is reached, as ``90 %: 83``."""
    for judged in reached_shares(plan):
        count = judged.sureness.removesuffix(" in 100").replace(" ", "")
        yield f"{100 * (judged.finding.threshold or 0.0):g} %: {count}"


def _lists(planning: PlanningReport) -> Iterator[str]:
    asked = [words for words, _ in missing(planning)]
    if asked:
        more = len(asked) - MOST_MISSING
        rest = f"; and {more} more" if more > 0 else ""
        yield f"To decide more, tell (--facts FILE): {'; '.join(asked[:MOST_MISSING])}{rest}."
    for found in planning.transplant:
        sign = VERDICT_SIGNS[found.verdict]
        yield f"{sign} {found.title}: {said(found)}"
    yield from _pathways(planning)
    if planning.transplant or planning.pathways:
        yield LISTED


def _pathways(planning: PlanningReport) -> Iterator[str]:
    """Write the branches that the case belongs to, and how many more it may belong to."""
    for pathway in planning.pathways:
        if pathway.verdict is Verdict.MET:
            words = f"{pathway.title}, {pathway.branch}: {BRANCH_WORDS[pathway.verdict]}"
            yield f"{VERDICT_SIGNS[pathway.verdict]} {words}"
    unsure = [p.branch for p in planning.pathways if p.verdict is Verdict.UNKNOWN]
    if unsure:
        yield f"? Branches of pathways that may be this case: {'; '.join(unsure)}"
