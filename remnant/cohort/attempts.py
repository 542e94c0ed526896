"""One case at a time, by one worker: what of a death is counted, and what ends an endless case.

While a worker is at a case, it holds a lock on a small file of the case that says how often it was
begun. A worker that dies leaves the file, without its lock: the death is that of this case and of
no other. Deaths count within one run of the cohort, since whoever ends a run kills its workers.
"""

import faulthandler
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock, Timer
from time import perf_counter
from typing import Final

from remnant.cohort.layout import RUNNING
from remnant.cohort.outcomes import CaseTask
from remnant.core.errors import InputError
from remnant.documents.codec import Codec
from remnant.pipeline.timing import READ, STAGE_HEARD

if sys.platform != "win32":
    import fcntl

TIMED_OUT_EXIT: Final = 75
"""With what a worker ends itself whose case took too long; its nanny starts another."""
GRACE_S: Final = 30.0
"""After which a case is ended that does not even let the watchdog run."""
SECONDS_DIGITS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """What stands in the file of a case that a worker is at.

    Parameters
    ----------
    glance
        See `remnant.cohort.outcomes.Trace`; another one is another case.
    run
        Name of the run.
    begun
        How often the case was begun, in all runs.
    begun_in_run
        How often in this run.
    key, stage
        See `remnant.cohort.outcomes.CaseOutcome`; the key is empty as long as it is not known.
    """

    glance: str = ""
    run: str = ""
    begun: int = 1
    begun_in_run: int = 1
    key: str = ""
    stage: str = READ


MARKER: Final = Codec(Marker, name="marker of a case", version="1", advice="delete it")


class HeldCase:
    """A case that this process alone is at."""

    def __init__(self, path: Path, opened: int) -> None:
        self._path, self._opened = path, opened

    def left(self) -> Marker | None:
        """Return what a worker left that died; ``None`` where none did."""
        text = os.pread(self._opened, 1 << 16, 0).partition(b"\n")[0]
        with suppress(InputError):
            return MARKER.decode(text) if text else None
        return None

    def mark(self, marker: Marker) -> None:
        """Write a marker; it outlives this process, not the machine."""
        import json

        text = json.dumps(MARKER.encode(marker)).encode("ascii") + b"\n"
        os.pwrite(self._opened, text, 0)
        os.ftruncate(self._opened, len(text))

    def remove(self) -> None:
        """Remove the file: the case ended."""
        self._path.unlink(missing_ok=True)


def next_marker(left: Marker | None, task: CaseTask, glance: str) -> Marker:
    """Return the marker of the next attempt, after what was left of the one before."""
    if left is None or left.glance != glance:
        return Marker(glance=glance, run=task.run)
    in_run = left.begun_in_run + 1 if left.run == task.run else 1
    return replace(left, run=task.run, begun=left.begun + 1, begun_in_run=in_run)


@contextmanager
def held_case(task: CaseTask) -> Iterator[HeldCase]:
    """Hold a case for as long as the context lasts, after waiting for any other worker at it.

    Raises
    ------
    OSError
        The cohort's folder cannot be written.
    """
    path = running_file(task)
    path.parent.mkdir(exist_ok=True)
    opened = _locked(path)
    try:
        yield HeldCase(path, opened)
    finally:
        os.close(opened)


def running_file(task: CaseTask) -> Path:
    """Return the file that says that a worker is at a case."""
    return Path(task.folder).parents[1] / RUNNING / f"{task.case}.json"


def _locked(path: Path) -> int:
    """Open a file and lock it; whoever held it before may have removed it meanwhile."""
    while True:
        opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        if sys.platform == "win32":
            return opened
        fcntl.flock(opened, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if os.fstat(opened).st_ino == path.stat().st_ino:
                return opened
        os.close(opened)


class StageClock:
    """Which stage a case is in, and the seconds of each stage so far; ``heard`` is told of each."""

    def __init__(self, heard: Callable[[str], None] = lambda _: None) -> None:
        self._heard = heard
        self.stage = READ
        self._began = perf_counter()
        self._seconds: dict[str, float] = {}

    def __call__(self, stage: str) -> None:
        """Begin a stage."""
        self._seconds = self.seconds
        self.stage, self._began = stage, perf_counter()
        self._heard(stage)

    @property
    def seconds(self) -> dict[str, float]:
        """Wall time of each stage, in the order in which they began."""
        taken = self._seconds.get(self.stage, 0.0) + perf_counter() - self._began
        return {**self._seconds, self.stage: round(taken, SECONDS_DIGITS)}


class Ending:
    """Lets a case end once: by itself, or by its time limit."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ended = False

    def first(self) -> bool:
        """Tell whether the case had not ended yet; it has from now on."""
        with self._lock:
            was, self._ended = self._ended, True
        return not was


@contextmanager
def timed(
    clock: StageClock, limit_s: float | None, timed_out: Callable[[StageClock], None]
) -> Iterator[None]:
    """Watch a case for as long as the context lasts; the clock is told its stages.

    After the limit ``timed_out`` is called, and this process ends. What holds the interpreter so
    that nothing else runs is ended a little later, without a word.
    """
    ending = Ending()

    def end() -> None:
        if ending.first():
            with suppress(Exception):
                timed_out(clock)
            os._exit(TIMED_OUT_EXIT)

    token = STAGE_HEARD.set(clock)
    timer = None if limit_s is None else _started(limit_s, end)
    try:
        yield
    finally:
        STAGE_HEARD.reset(token)
        if timer is not None:
            _stop(timer, ending)


def _started(limit_s: float, end: Callable[[], None]) -> Timer:
    timer = Timer(limit_s, end)
    timer.daemon = True
    timer.start()
    with suppress(OSError, ValueError, RuntimeError):  # no standard error to write to
        faulthandler.dump_traceback_later(limit_s + GRACE_S, exit=True)
    return timer


def _stop(timer: Timer, ending: Ending) -> None:
    """Let a case that ended in time go on; one that did not waits here for its process to end."""
    timer.cancel()
    if not ending.first():
        timer.join()
    faulthandler.cancel_dump_traceback_later()
