"""What a command prints when it is done: key figures, each with what limits it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from planning.rules.remnant import REMNANT_RULE_SETS
from remnant.core.case import CaseReport
from remnant.core.findings import Basis
from remnant.terminal.consoles import plain_console, say
from remnant.terminal.plan_summary import WIDEST, over_interval, print_plans
from remnant.view.case_view import CaseView, Planned, view_case
from remnant.view.parts import Figure
from remnant.view.resection_view import ResectionRow
from remnant.view.subject import Minimum
from remnant.view.volume_view import Volumes
from remnant.wording.numbers import ABSENT
from remnant.wording.research_use import RESEARCH_USE
from remnant.wording.words import BASIS_MARKS, VERDICT_SIGNS, VERDICT_WORDS

INTERVALS: Final = "In brackets: 90 % intervals, as far as measurement errors are modelled."
BELOW: Final = (
    "Below a figure: its 90 % interval, beside ≥, ≤ or ≈ that of what was measured. Below the "
    "verdicts “20 %: 25”: in 25 of 100 draws of the measurement error the true value reaches the "
    "minimum of 20 % of the standardised volume"
)
REST: Final = "Every hepatectomy by itself: in report.html."
LIGHT_STYLES: Final = {"met": "green", "uncertain": "yellow", "not_met": "bold red"}
MINIMUM_MARKS: Final = {
    **{basis: (f" {words}", "") for basis, words in BASIS_MARKS.items()},
    Basis.STANDARDISED_TLV: ("", ""),
    Basis.MEASURED_FUNCTIONAL_TLV: ("m", "m: of the measured functional volume"),
    Basis.UNSPECIFIED: ("*", "*: its source does not say of which volume"),
}


def print_case(
    report: CaseReport, folder: Path, *, heading: str | None = None, notes: Sequence[str] = ()
) -> None:
    """Print volumes, what was taken over from an earlier run, plan and where the report lies."""
    console, view = plain_console(), view_case(report)
    if heading:
        say(console, heading, style="bold")
    _print_volumes(view, console=console)
    for note in notes:
        say(console, note)
    _print_plan(view, console=console, caution=False)
    console.print()
    console.print(f"Report: {folder / 'report.html'}", soft_wrap=True, markup=False)
    console.print(RESEARCH_USE, style="dim")


def print_volumes(report: CaseReport, *, console: Console | None = None) -> None:
    """Print the key volumes, the lesions that count, and the failed checks."""
    _print_volumes(view_case(report), console=console or plain_console())


def print_plan(report: CaseReport, *, console: Console | None = None, caution: bool = True) -> None:
    """Print where the segments are from, the Frilling type, each resection, and then the plans.

    ``caution`` repeats what has to be read with care in the standardised volume, and that all is
    for research use.
    """
    _print_plan(view_case(report), console=console or plain_console(), caution=caution)


def _print_volumes(view: CaseView, *, console: Console) -> None:
    volumes = view.volumes
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_row("total liver volume", amount(volumes.total.figure))
    table.add_row("functional liver volume", amount(volumes.functional.figure))
    table.add_row("tumour volume", f"{amount(volumes.tumour.figure)}{_lesion_note(view)}")
    load = volumes.burden.figure
    table.add_row("tumour load", f"{load.written}{spread_note(load)}{_burden_class(volumes)}")
    assumed = ", body size assumed" if view.checks.assumed else ""
    formula = f" by {volumes.formula}{assumed}"
    table.add_row("standardised liver volume", amount(volumes.standardised.figure) + formula)
    print_light(view, console=console)
    console.print(table)
    print_caution(view, console=console)
    console.print(INTERVALS, style="dim")
    if view.checks.sample:
        console.print("The demo's liver", style="bold")
    for text in view.checks.sample:
        console.print(f"- {text}", markup=False, highlight=False)
    for lesion in view.lesions.planted:
        console.print(
            f"  planted metastasis {lesion.id}: true {lesion.true_ml:.1f} mL, "
            f"measured {lesion.measured_ml:.1f} mL"
        )
    for text in view.checks.failed_on_case:
        say(console, f"! {text}", style="yellow")


def print_light(view: CaseView, *, console: Console) -> None:
    """Print the light of the segmentation; one that asks for a look says why, above all figures."""
    light = view.checks.light
    if light is not None:
        say(console, light.text if light.look else light.brief, style=LIGHT_STYLES[light.mark.kind])


def print_caution(view: CaseView, *, console: Console) -> None:
    """Print what has to be read with care in the standardised volume, if anything has to."""
    stlv = view.volumes.standardised.figure
    if stlv.known and stlv.reason:
        text = f"! standardised liver volume by {view.volumes.formula}: {stlv.reason}"
        say(console, text, style="yellow")


def _print_plan(view: CaseView, *, console: Console, caution: bool) -> None:
    planned = view.planned
    if planned is None:
        return
    print_impression(view, console=console)
    print_segments(view, console=console)
    print_distribution(planned, console=console)
    print_hepatectomies(view, planned, console=console, caution=caution)
    print_plans(planned, console=console, research_use=caution)


def print_impression(view: CaseView, *, console: Console) -> None:
    """Print the whole in a few lines, first."""
    width = min(console.width, WIDEST)
    console.print("Impression", style="bold")
    for line in view.impression:
        say(console, f"- {line}", width=width)
    console.print()
    if view.contraindications:
        console.print("Contraindications in this case", style="bold red")
        for one in view.contraindications:
            say(console, f"✗ {one.words}", style="red", width=width)
        console.print()


def print_segments(view: CaseView, *, console: Console) -> None:
    """Print where the segments came from, what they replace, and that they are to be reviewed."""
    state = view.segments.state
    if view.review:
        say(console, f"! {state}", style="yellow")
    elif state:
        say(console, state)
    for text in view.checks.replaced:
        say(console, f"! {text}", style="yellow")


def print_distribution(planned: Planned, *, console: Console) -> None:
    """Print the Frilling type, the NETLM class and how stable the former is, where known."""
    found = planned.distribution
    if not found.frilling.classified:
        text = f"Frilling type and NETLM class: none. {found.frilling.reason}"
        say(console, text)
        return
    say(console, f"Frilling type {found.frilling.name}: {found.frilling.reason}")
    if found.netlm is not None:
        say(console, f"NETLM class {found.netlm.name}: {found.netlm.reason}")
    if found.stability is not None:
        same = f"{found.stability.same} of 100"
        say(console, f"Same Frilling type in {same} perturbed copies of the case.")


def print_hepatectomies(
    view: CaseView, planned: Planned, *, console: Console, caution: bool
) -> None:
    """Print each resection with what would remain, its intervals and verdicts.

    Beside plans only those without a name are printed: the user asked for them.
    """
    found, plans = planned.resections, planned.plans.rows
    if found.no_remnant:
        say(console, f"No remnant: {found.no_remnant}")  # the long reason, once
        return
    shown = tuple(row for row in found.rows if not (plans and row.named))
    if shown:
        console.print(_resection_table(shown))
    if caution:
        print_caution(view, console=console)
    for row in shown:
        if row.vessels:
            say(console, f"{row.short_title}: {row.vessels}")
    if shown:
        console.print(_legend(shown), style="dim")
    if plans:
        say(console, REST, style="dim")
    else:
        _print_reach(planned, console=console)


def _print_reach(planned: Planned, *, console: Console) -> None:
    found = planned.resections
    if crossings := _crossings(found.rows):
        say(console, f"sFLR by the choice of formula alone: {crossings}.")
    if found.no_lesion:
        say(console, f"Debulking cannot be judged. {found.no_lesion}")
        return
    for one in found.reach:
        say(console, f"{one.mark.sign} {one.full_text}")


def _crossings(rows: Sequence[ResectionRow]) -> str:
    """Name the remnants whose sFLR another body-size formula would carry across a minimum."""
    named = (
        f"{row.title} {row.span.low}–{row.span.high} % across {', '.join(row.span.crossed)} %"
        for row in rows
        if row.span is not None and row.span.crossed
    )
    return "; ".join(named)


def _resection_table(rows: Sequence[ResectionRow]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("\nresection")
    for title in ("remnant\nFLR", "of\nmeasured", "of stan-\ndardised", "tumour\nremoved"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("FLR\nrules", no_wrap=True)
    for row in rows:
        figures = (row.flr, row.measured, row.sflr, row.debulked)
        table.add_row(row.short_title, *map(over_interval, figures), _rules(row))
    return table


def _legend(rows: Sequence[ResectionRow]) -> str:
    signs = ", ".join(f"{VERDICT_SIGNS[v]} {words}" for v, words in VERDICT_WORDS.items())
    order = ", ".join(rule_set.id for rule_set in REMNANT_RULE_SETS)
    bases = {minimum.basis for row in rows for minimum in row.minima if minimum.draws}
    marks = (words for basis, (_, words) in MINIMUM_MARKS.items() if words and basis in bases)
    below = "; ".join((BELOW, *marks))
    return f"FLR rules, in this order: {order}. {signs}. {below}."


def amount(figure: Figure) -> str:
    """Write a figure with its unit and interval; an absent one with its reason."""
    if not figure.known:
        return f"{ABSENT} ({figure.reason})"
    return figure.written + spread_note(figure)


def spread_note(figure: Figure) -> str:
    """Write an interval as `` (379–447)``, the empty text where there is none."""
    return f" ({figure.spread})" if figure.spread else ""


def _burden_class(volumes: Volumes) -> str:
    if not volumes.load_class:
        return ""
    within = ", within the scan or file" if volumes.within_scan else ""
    several = ", ".join(f"{count} {words}" for words, count in volumes.classes)
    doubt = f"; of 100 draws {several}" if len(volumes.classes) > 1 else ""
    return f", class {volumes.load_class}{within}{doubt}"


def _lesion_note(view: CaseView) -> str:
    checks = view.checks
    if not checks.counted:
        return ""
    note = f" in {checks.counted} lesion(s)"
    return f"{note}, {checks.unconfirmed} of them unconfirmed" if checks.unconfirmed else note


def _rules(row: ResectionRow) -> str:
    """Write the verdicts side by side and under them each minimum with the draws that reach it."""
    draws = dict.fromkeys(_reached(minimum) for minimum in row.minima if minimum.draws)
    return "\n".join((" ".join(row.rule_signs), *draws))


def _reached(minimum: Minimum) -> str:
    """Write a minimum and in how many of 100 draws it is reached, as ``20 %: 25``."""
    return f"{minimum.limit}{MINIMUM_MARKS[minimum.basis][0]}: {minimum.tight_draws}"
