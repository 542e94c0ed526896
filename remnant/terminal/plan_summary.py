"""What a command prints of plans: answers first, then the table, then what is missing."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from remnant.core.findings import BEST_FIRST, Verdict
from remnant.terminal.consoles import say
from remnant.view.case_view import Planned
from remnant.view.criteria_view import Group, Sources
from remnant.view.parts import Figure
from remnant.view.plan_view import FirstPlan, PlanRow, Plans
from remnant.view.staged_view import Stages
from remnant.wording.numbers import sentence
from remnant.wording.research_use import RESEARCH_USE

WIDEST: Final = 100
MOST_ROWS: Final = 8
MOST_MISSING: Final = 8
LISTED: Final = "Listed by their sources, never an order; conditions stand in report.html."
LEGEND: Final = (
    "Volumes only: vessels, bile ducts and function are not judged. Below a figure: its 90 % "
    "interval; “≥ 90 %: 61”: that share is reached in 61 of 100 draws of the measurement error. "
    "acts: segments together 1, each wedge and ablation zone 1. Optima are proven unless a plan "
    "says otherwise. ✓ met, ✗ not met, ~ uncertain: the measurement error decides, ? undecided: "
    "something is not known, ○ no evidence."
)


def print_plans(planned: Planned, *, console: Console, research_use: bool = True) -> None:
    """Print the answer to each target, the best plan, the plans, and what is missing.

    Nothing is printed where planning made neither plans nor lists.
    """
    plans, sources = planned.plans, planned.sources
    if not (plans.any or sources.any):
        return
    width = min(console.width, WIDEST)
    console.print()
    if plans.reason:
        # the reason of missing segments stands above already
        reason = "the reason is that above." if plans.as_segments else plans.full_reason
        say(console, f"No plan: {reason}", width=width)
    for line in _answers(plans):
        say(console, line, width=width)
    if plans.first is not None:
        _print_first(plans.first, console=console, width=width)
        console.print(plan_table(plans), width=width)
        console.print(LEGEND, style="dim", width=width)
    for line in _stages(planned.stages):
        say(console, line, width=width)
    for line in _lists(sources):
        say(console, line, width=width)
    if research_use:
        console.print(RESEARCH_USE, style="dim")


def _answers(plans: Plans) -> Iterator[str]:
    """Write the limits, the answer to each target, and what would decide those that are open."""
    if plans.rows and plans.short_limits:
        yield f"Limits: {plans.short_limits}."
    if plans.variant_anatomy:
        yield f"! Variant anatomy, as told; no plan was judged by it: {plans.variant_anatomy}"
    for target in plans.targets:
        words = f"{target.title} of the tumour: {target.mark.words}."
        yield f"{target.mark.sign} {words} {target.answer} {target.remedy}".rstrip()
        for change in target.changes[:1]:
            yield f"    What would change this: {change}"
    for one in plans.deciding if plans.rows else ():
        yield f"! Not known, and verdicts rest on it: {one.text}."


def _print_first(first: FirstPlan, *, console: Console, width: int) -> None:
    console.print()
    title = f"{first.heading}: {first.row.title}"
    say(console, title, style="bold", width=width)
    say(console, f"  {first.headline}", width=width)
    say(console, f"  {first.done}.", width=width)
    if first.row.vessels:
        say(console, f"  {first.row.vessels}", width=width)
    if first.row.flags:
        marks = f"! {sentence('; '.join(first.row.flags))}"
        say(console, marks, style="yellow", width=width)


def plan_table(plans: Plans) -> Table:
    """Return the table: plans that answer a target and the user's own always, feasible ones first.

    Every plan is called by its id, as its map and its row of ``plans.csv`` are.
    """
    rest = plans.rest(MOST_ROWS)
    caption = f"{len(rest)} more in plans.csv and report.html" if rest else None
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), caption=caption)
    table.add_column("\nid", no_wrap=True)
    table.add_column("\nplan", overflow="fold")
    for title in ("debulked\n", "FLR\n", "of stan-\ndardised", "acts\n"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("chosen\nrules", justify="center", no_wrap=True)
    for row in sorted(plans.listed(MOST_ROWS), key=lambda row: BEST_FIRST.index(row.feasible)):
        is_first = plans.first is not None and row.id == plans.first.row.id
        table.add_row(*_cells(row, vessels="" if is_first else row.vessels_short))
    return table


def _cells(row: PlanRow, *, vessels: str) -> tuple[str, ...]:
    best = (f"  best for {target}" for target in row.best_for)
    cautions = (f"  ! {words}" for words in row.cautions)
    reached = (f"{m.demand}: {m.tight_draws}" for m in row.reached)
    return (
        row.id,
        "\n".join((row.recipe, *best, *cautions, *((f"  vessels: {vessels}",) if vessels else ()))),
        over_interval(row.debulked, *reached),
        over_interval(row.flr),
        over_interval(row.sflr),
        str(row.interventions),
        row.mark.sign,
    )


def over_interval(figure: Figure, *below: str) -> str:
    """Write a figure in a table's cell, its interval and what else is known below it."""
    return "\n".join(filter(None, (figure.written, figure.interval, *below)))


def _stages(stages: Stages | None) -> Iterator[str]:
    """Write what growth would add to the first plan that leaves too little."""
    if stages is None or not stages.rows:
        return
    row = stages.rows[0]
    for column, forecast in zip(stages.columns, row.forecasts, strict=True):
        if forecast is not None:
            ranged = f" ({forecast.presets_brief})" if forecast.presets_brief else ""
            after = f"{forecast.flr.written}{ranged}, {forecast.time}"
            yield f"In two stages, {row.plan} after {column.title}: FLR {after}."


def _lists(sources: Sources) -> Iterator[str]:
    if sources.nothing:
        yield sources.nothing
        return
    told = [one.text for one in sources.questions]
    if told:
        more = len(told) - MOST_MISSING
        rest = f"; and {more} more" if more > 0 else ""
        words = "; ".join(told[:MOST_MISSING])
        yield f"To decide more, tell (option, or key of a --facts FILE): {words}{rest}."
    for group in (sources.resectability, sources.transplant):
        yield from _group(group)
    yield from _pathways(sources)
    if sources.any:
        yield LISTED


def _group(group: Group) -> Iterator[str]:
    """Write the lists on one subject, a line each; those that cannot apply in one line."""
    if group.any:
        yield f"{group.title}:"
    for found in group.lists:
        yield f"  {found.mark.sign} {found.title}: {found.mark.words}. {found.brief}".rstrip()
    whys = dict.fromkeys(one.why for one in group.idle)
    for why in whys:
        titles = "; ".join(one.title for one in group.idle if one.why == why)
        yield f"  – Not applicable, {why}: {titles}."


def _pathways(sources: Sources) -> Iterator[str]:
    """Write the branches that the case belongs to or is kept from, and which may be its own."""
    for pathway in sources.pathways:
        if pathway.verdict in (Verdict.MET, Verdict.NOT_MET):
            branch = f"{pathway.title}, {pathway.branch}"
            against = f" by {pathway.against}" if pathway.against else ""
            yield f"{pathway.mark.sign} {branch}: {pathway.mark.words}{against}"
    unsure: Sequence[str] = [p.branch for p in sources.pathways if p.verdict is Verdict.UNKNOWN]
    if unsure:
        yield f"? Branches of pathways that may be this case: {'; '.join(unsure)}"
