"""What ``remnant evaluate`` prints: one line a structure, lesions by size, burden, volumes."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from remnant.core.agreement import Agreement
from remnant.terminal.consoles import plain_console
from remnant.view.agreement_view import SHOWN, AgreementView, view_agreement
from remnant.wording.research_use import RESEARCH_USE

DETECTION_COLUMNS = ("found", "missed", "false", "recall", "precision", "F1")


def print_agreement(agreement: Agreement, folder: Path, *, console: Console | None = None) -> None:
    """Print the key figures and where the files are."""
    console, view = console or plain_console(), view_agreement(agreement)
    _print_structures(view, console)
    if view.detection:
        _print_detection(view, console)
    for line in view.lines:
        console.print(line, markup=False, highlight=False)
    if view.left_out:
        console.print(f"! {view.left_out} case(s) had no partner and were left out", style="yellow")
    console.print(f"\nFiles are in {folder}", soft_wrap=True, markup=False)
    console.print(RESEARCH_USE, style="dim")


def _print_structures(view: AgreementView, console: Console) -> None:
    console.print(view.heading, style="dim")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("\nstructure", no_wrap=True)
    for _, title, _ in SHOWN:
        table.add_column(title if "\n" in title else f"\n{title}", justify="right", no_wrap=True)
    for cells in view.structures:
        table.add_row(*cells)
    console.print(table)
    if view.more:
        console.print(f"… and {view.more} more structures in summary.csv", style="dim")


def _print_detection(view: AgreementView, console: Console) -> None:
    console.print(f"\n{view.matched}", style="dim")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("longest diameter")
    for title in DETECTION_COLUMNS:
        table.add_column(title, justify="right")
    for cells in view.detection:
        table.add_row(*cells)
    console.print(table)
    console.print()
