"""A log of what a command did, as JSON lines that say nothing about a person.

No path, no name, no value of an option and no text of an error: these may hold a patient's name.
"""

import json
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import IO, Final

from remnant.cli.exit_codes import ExitCode
from remnant.core.errors import InputError

LEVELS: Final = {ExitCode.DONE: "info", ExitCode.UNUSABLE: "warning", ExitCode.BUG: "critical"}


class EventLog:
    """Takes events and writes them as JSON lines, or nowhere."""

    def __init__(self, stream: IO[str] | None = None) -> None:
        self._stream = stream
        self._start = perf_counter()
        self._stage: tuple[str, float] | None = None

    def write(self, event: str, *, level: str = "info", **facts: object) -> None:
        """Write one event."""
        if self._stream is not None:
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            line = {"time": now, "level": level, "event": event, **facts}
            self._stream.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._stream.flush()

    def progress(self, stage: str, done: int, total: int) -> None:
        """Write a stage when it ends: when all its steps are done, or another begins."""
        if self._stage is None or self._stage[0] != stage:
            self._end_stage()
            self._stage = (stage, perf_counter())
        if done >= total:
            self._end_stage()

    def raised(self, error: BaseException) -> None:
        """Write an error: its kind, and where in the code it was raised."""
        frames = traceback.extract_tb(error.__traceback__)
        places = [f"{_module(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]
        self.write("error", level="error", error=type(error).__name__, traceback=places)

    def ended(self, code: ExitCode) -> None:
        """Write how the command ended."""
        self._end_stage()
        seconds = round(perf_counter() - self._start, 3)
        level = LEVELS.get(code, "error")
        self.write("end", level=level, outcome=code.name.lower(), exit_code=code, seconds=seconds)

    def _end_stage(self) -> None:
        if self._stage is not None:
            stage, start = self._stage
            self._stage = None
            self.write("stage", stage=stage, seconds=round(perf_counter() - start, 3))


@contextmanager
def event_log(file: Path | None) -> Iterator[EventLog]:
    """Open a log file to add lines to it; without one events go nowhere.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    if file is None:
        yield EventLog()
        return
    try:
        stream = file.open("a", encoding="utf-8")
    except OSError as fault:
        raise InputError(
            f"--log-file {file} cannot be written: {fault.strerror}; name another file"
        ) from fault
    with stream:
        yield EventLog(stream)


def _module(file: str) -> str:
    """Name a source file without the folders that it is installed in."""
    path = Path(file).with_suffix("")
    return ".".join(path.parts[-3:])
