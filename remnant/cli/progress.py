"""Progress on the terminal: one line that moves where someone watches, nothing where nobody does.

The line stands from a moment after the start of a command to its end, so that no wait is without
one. Nothing else is written meanwhile.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from threading import Timer
from typing import TYPE_CHECKING, Final

from remnant.core.progress import Progress, silent

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress

QUIET_SECONDS: Final = 0.7
"""What takes less shows no line: it would only flicker."""
REDRAWN_PER_SECOND: Final = 5
BAR_WIDTH: Final = 10
PACE_WIDTH: Final = 32
"""Of steps, rate and time left, so that nothing moves sideways as they change."""
CURRENT: Final[ContextVar[Progress]] = ContextVar("CURRENT", default=silent)


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """Give what shows the progress of the command that runs; nothing does outside of one."""
    yield CURRENT.get()


@contextmanager
def watched(*also: Progress, title: str, quiet: bool) -> Iterator[None]:
    """Show progress on standard error for as long as the context lasts, and tell ``also``.

    ``title`` stands where no stage is at work. Nothing is shown where standard error is no
    terminal, or ``quiet``.
    """
    with ExitStack() as stack:
        line = None if quiet else stack.enter_context(moving_line(title))
        takers = also if line is None else (line, *also)

        def tell(stage: str, done: int, total: int) -> None:
            for taker in takers:
                taker(stage, done, total)

        token = CURRENT.set(tell)
        stack.callback(CURRENT.reset, token)
        yield


@contextmanager
def moving_line(title: str, console: "Console | None" = None) -> Iterator[Progress | None]:
    """Show one line for as long as the context lasts; ``None`` where nobody would see it move."""
    import sys

    if console is None and not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    console = console or Console(stderr=True, highlight=False)
    if not console.is_terminal or console.is_dumb_terminal:
        yield None
        return
    line = _Line(title, console)
    timer = Timer(QUIET_SECONDS, line.bars.start)
    timer.daemon = True
    timer.start()
    try:
        yield line
    finally:
        timer.cancel()
        timer.join()
        line.bars.stop()


class _Line:
    """Stage, bar, steps, rate, and time left, in one line."""

    def __init__(self, title: str, console: "Console") -> None:
        self._title = title
        self.bars = _bars(console)
        self.bars.add_task(title, total=None)
        (self._task,) = self.bars.tasks

    def __call__(self, stage: str, done: int, total: int) -> None:
        if done >= total:
            stage, done, total = self._title, 0, 0
        self._task.total = total if total > 1 else None
        if stage != self._task.description:
            self.bars.reset(self._task.id, description=stage)
        self.bars.update(self._task.id, completed=done)


def _bars(console: "Console") -> "RichProgress":
    from rich.progress import BarColumn, ProgressColumn, SpinnerColumn, Task, TextColumn
    from rich.progress import Progress as RichProgress
    from rich.table import Column
    from rich.text import Text

    class Pace(ProgressColumn):
        """Steps, rate and time left of the stage."""

        def render(self, task: Task) -> Text:
            text = pace(task.completed, task.total, task.elapsed or 0.0)
            return Text(f"{text:<{PACE_WIDTH}.{PACE_WIDTH}}", style="dim")

    return RichProgress(
        SpinnerColumn(),
        TextColumn("{task.description}", table_column=Column(ratio=1, no_wrap=True)),
        BarColumn(bar_width=BAR_WIDTH),
        Pace(table_column=Column(no_wrap=True)),
        console=console,
        transient=True,
        expand=True,
        redirect_stdout=False,
        refresh_per_second=REDRAWN_PER_SECOND,
    )


def pace(done: float, total: float | None, seconds: float) -> str:
    """Write steps, rate and time left of a stage; of one without steps how long it has taken.

    >>> pace(12, 40, 10.0)
    '12/40  1.2/s  0:23 left'
    >>> pace(2, 40, 10.0)
    '2/40  5.0 s each  3:10 left'
    >>> pace(0, None, 75.0)
    '1:15'
    """
    if total is None:
        return clock(seconds)
    if not done or not seconds:
        return f"{done:.0f}/{total:.0f}  {clock(seconds)}"
    each = seconds / done
    rate = f"{1 / each:.3g}/s" if each < 1 else f"{each:.1f} s each"
    return f"{done:.0f}/{total:.0f}  {rate}  {clock(each * (total - done))} left"


def clock(seconds: float) -> str:
    """Write a time as minutes and seconds.

    >>> clock(3725)
    '62:05'
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
