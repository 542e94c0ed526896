"""What ``remnant compare`` prints: figures of both scans and their change."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from remnant.core.comparison import ComparisonReport
from remnant.terminal.consoles import plain_console, say
from remnant.view.comparison_view import Cells, Rows, view_comparison
from remnant.wording.research_use import RESEARCH_USE

MANY_COLUMNS = 7
VOLUME_COLUMNS = ("", "first", "second", "change", "90 %", "change")
LESION_COLUMNS = (
    "lesion", "volume\nmL", "change", "90 %", "longest\naxial mm", "change\nmm", "90 %",
)  # fmt: skip
GROWTH_COLUMNS = ("", "", "90 %")


def print_comparison(
    report: ComparisonReport, folder: Path, *, console: Console | None = None
) -> None:
    """Print volumes, matched lesions, growth and failed checks, each change with its interval."""
    console, view = console or plain_console(), view_comparison(report)
    console.print(_table(VOLUME_COLUMNS, view.volumes))
    console.print()
    for text in view.aligned:
        say(console, text, style="dim")
    _print_rows(view.lesions, LESION_COLUMNS, console)
    console.print()
    _print_rows(view.growth, GROWTH_COLUMNS, console)
    for text in view.failed:
        say(console, f"! {text}", style="yellow")
    console.print(
        "90 %: interval from the measurement errors of both scans; beside ≥, ≤ or ≈ that of the "
        "parts as measured. Changes are measurements, not a response by RECIST or any other "
        "criteria.",
        style="dim",
    )
    console.print()
    console.print(f"Comparison: {folder / 'comparison.json'}", soft_wrap=True, markup=False)
    console.print(RESEARCH_USE, style="dim")


def _print_rows(shown: Rows, titles: Cells, console: Console) -> None:
    say(console, shown.heading)
    if shown.rows:
        console.print(_table(titles, shown.rows))
    if shown.more:
        console.print(f"… and {shown.more} more in matches.csv")
    for reason in shown.reasons:
        say(console, f"  {reason}", style="dim")


def _table(titles: Cells, rows: tuple[Cells, ...]) -> Table:
    gap = 2 if len(titles) < MANY_COLUMNS else 1
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), show_header=any(titles))
    for number, title in enumerate(titles):
        table.add_column(title, justify="right" if number else "left", no_wrap=True)
    for cells in rows:
        table.add_row(*cells)
    return table
