"""What ``remnant cohort followup`` prints."""

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from remnant.core.response import Response
from remnant.terminal.consoles import plain_console
from remnant.wording.research_use import RESEARCH_USE
from remnant.wording.responses import RESPONSE_WORDS, SCOPE

MOST_FAULTS = 8


def print_followup(
    counts: Mapping[str, int],
    responses: Mapping[Response, int],
    faults: Mapping[tuple[str, str], str],
    folder: Path,
    *,
    console: Console | None = None,
) -> None:
    """Print what came of following patients.

    Parameters
    ----------
    counts
        In the order in which they are printed, by what was counted.
    responses
        Cases by their response.
    faults
        By two cases (or one, twice), why they were not compared (or read).
    folder
        Where the tables are.
    """
    console = console or plain_console()
    for what, count in counts.items():
        console.print(f"{count:>7} {what}", markup=False, highlight=False)
    if responses:
        console.print(f"\nRECIST 1.1, {SCOPE}", style="dim")
    for response, words in RESPONSE_WORDS.items():
        if responses.get(response):
            console.print(f"{responses[response]:>7} {words}", markup=False, highlight=False)
    for (first, second), why in list(faults.items())[:MOST_FAULTS]:
        named = first if first == second else f"{first} and {second}"
        console.print(f"! {named}: {why}", style="yellow", markup=False, soft_wrap=True)
    if len(faults) > MOST_FAULTS:
        console.print(f"! … and {len(faults) - MOST_FAULTS} more", style="yellow")
    console.print(f"\nTables are in {folder}", soft_wrap=True, markup=False)
    console.print(RESEARCH_USE, style="dim")
