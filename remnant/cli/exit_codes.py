"""What the number means with which a command ends; declared here alone."""

from enum import IntEnum
from typing import Final

from remnant.core.errors import InconsistentPlanError, SegmentationFailedError


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    BUG = 1
    REFUSED = 2
    UNUSABLE = 3
    INTERRUPTED = 130
    NOBODY_READS = 141


MEANINGS: Final = {
    ExitCode.DONE: "Done.",
    ExitCode.BUG: "A fault of remnant itself; `--debug` shows where.",
    ExitCode.REFUSED: (
        "Refused: what was given cannot be used, or a file cannot be read or written. "
        "One line on standard error says what was got, what is allowed and what to do."
    ),
    ExitCode.UNUSABLE: (
        "Done, but nothing usable came of it or a quality gate failed; standard error says which."
    ),
    ExitCode.INTERRUPTED: "Interrupted from the keyboard (SIGINT).",
    ExitCode.NOBODY_READS: "Nobody read the output to its end, as where `head` closes a pipe.",
}


def code_of_error(error: Exception) -> ExitCode:
    """Return how a command ends that raised an error which it raises on purpose."""
    if isinstance(error, InconsistentPlanError):
        return ExitCode.BUG
    if isinstance(error, SegmentationFailedError):
        return ExitCode.UNUSABLE
    return ExitCode.REFUSED
