"""Progress on the terminal: a bar where someone watches, a line a stage where nobody does."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from remnant.core.progress import Progress


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """Show progress on standard error for as long as the context lasts."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _LinePerStage()
        return
    columns = (
        TextColumn("{task.description:<34}"),
        BarColumn(bar_width=32),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with RichProgress(*columns, console=console) as bars:
        yield _BarPerStage(bars)


class _LinePerStage:
    """Writes each stage's name once, for logs and pipes."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def __call__(self, stage: str, done: int, total: int) -> None:
        del done, total
        if stage not in self._seen:
            self._seen.add(stage)
            print(f"{stage} …", file=sys.stderr, flush=True)


class _BarPerStage:
    """Keeps one bar for each stage."""

    def __init__(self, bars: RichProgress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=max(total, 1))
        self._bars.update(self._tasks[stage], completed=done, total=max(total, 1))
