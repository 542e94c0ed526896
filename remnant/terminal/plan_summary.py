"""What a command prints of plans: answers first, then the table, then what is missing."""

from collections.abc import Iterator
from typing import Final

from rich.console import Console

from remnant.core.case import CaseReport
from remnant.core.debulking import DebulkingPlan
from remnant.core.findings import Verdict
from remnant.core.planning_report import PlanningReport
from remnant.terminal.plan_rows import plan_table
from remnant.view.absences import nothing_to_list, once
from remnant.view.limits_in_force import limits_line
from remnant.view.open_questions import asked, deciding
from remnant.view.plan_view import (
    answer,
    flags,
    other_changes,
    recipe_words,
    said,
    share,
)
from remnant.wording.numbers import sentence
from remnant.wording.words import BRANCH_WORDS, REACH_WORDS, RESEARCH_USE, VERDICT_SIGNS

WIDEST: Final = 100
MOST_MISSING: Final = 8
LISTED: Final = "Listed by their sources, never an order; conditions stand in report.html."
LEGEND: Final = (
    "Volumes only: vessels, bile ducts and function are not judged. Below a figure: its 90 % "
    "interval; “≥ 90 %: 61”: that share is reached in 61 of 100 draws of the measurement error. "
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
        console.print(f"No plan: {no_plan(report)}", markup=False, width=width)
    for line in _answers(report, planning):
        console.print(line, markup=False, highlight=False, width=width)
    if planning.plans:
        _print_best(report, planning.plans[0], console=console, width=width)
        console.print(plan_table(planning.plans), width=width)
        console.print(LEGEND, style="dim", width=width)
    for line in _lists(report, planning):
        console.print(line, markup=False, highlight=False, width=width)
    if research_use:
        console.print(RESEARCH_USE, style="dim")


def no_plan(report: CaseReport) -> str:
    """Say why there is no plan; a reason that was printed above it is not said again."""
    planning = report.planning
    reason = "" if planning is None else planning.plans_reason or ""
    same = reason == report.volumetry.segments_reason
    return "the reason is that above." if same else sentence(reason)


def _said(planning: PlanningReport) -> bool:
    lists = (planning.resectability, planning.staging, planning.transplant, planning.pathways)
    return bool(planning.plans or planning.targets or planning.plans_reason or any(lists))


def _answers(report: CaseReport, planning: PlanningReport) -> Iterator[str]:
    """Write the limits, the answer to each target, and what would decide those that are open."""
    if planning.plans and (limits := limits_line(report.provenance.configuration, short=True)):
        yield limits
    said_once = set[str]()
    for target in planning.targets:
        words = f"{sentence(share(target.target))} of the tumour: {REACH_WORDS[target.verdict]}."
        text = once(answer(target), report, said_once)
        yield f"{VERDICT_SIGNS[target.verdict]} {words} {text}"
        for change in other_changes(target)[:1]:
            yield f"    what would bring it within reach: {change}"
    if planning.plans:
        for one in deciding(report):
            yield f"! Not known, and verdicts rest on it: {one.text}."


def _print_best(report: CaseReport, plan: DebulkingPlan, *, console: Console, width: int) -> None:
    console.print()
    console.print(f"First in rank: {plan.title}", style="bold", markup=False, width=width)
    console.print(f"  {plan.headline}", markup=False, highlight=False, width=width)
    done = "; ".join(recipe_words(plan.recipe, zones=plan.result.ablation_zones))
    console.print(f"  {sentence(done)}.", markup=False, highlight=False, width=width)
    marks = flags(plan, report.volumetry.lesions)
    if marks:
        console.print(f"! {sentence('; '.join(marks))}", style="yellow", markup=False, width=width)


def _lists(report: CaseReport, planning: PlanningReport) -> Iterator[str]:
    if reason := nothing_to_list(report):
        yield reason
        return
    told = [one.text for one in asked(report)]
    if told:
        more = len(told) - MOST_MISSING
        rest = f"; and {more} more" if more > 0 else ""
        words = "; ".join(told[:MOST_MISSING])
        yield f"To decide more, tell (option, or key of a --facts FILE): {words}{rest}."
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
