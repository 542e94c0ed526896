"""One case of a cohort: what a worker is given, and what became of it.

Both are plain data: they travel between processes, and nothing of a case but these does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

NOTHING: Final[Mapping[str, float]] = MappingProxyType({})


class CaseStatus(StrEnum):
    """How a case ended.

    ``DONE`` and ``UNUSABLE`` have a report; of the latter a quality gate failed
    (`remnant.pipeline.gates`). ``REFUSED`` is an input that cannot be used, ``FAILED`` a fault of
    the program, ``TIMED_OUT`` a case that took longer than allowed, ``KILLED`` one whose worker
    died as often as allowed while it was at it (out of memory, for instance).
    """

    DONE = "done"
    UNUSABLE = "unusable"
    REFUSED = "refused"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    KILLED = "killed"

    @property
    def has_report(self) -> bool:
        """Whether the case was measured."""
        return self in {CaseStatus.DONE, CaseStatus.UNUSABLE}


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTask:
    """What a worker is given.

    Parameters
    ----------
    case
        Name of the case, and of its folder: letters, digits, ``-``, ``_`` and ``.``.
    row
        Its row of the manifest, text by column; empty cells are left out, paths are absolute.
    folder
        Folder of the case, absolute, on a disk that all workers see.
    page
        Whether ``report.html`` is written.
    time_limit_s
        Longest time for one attempt; ``None`` for no limit.
    most_attempts
        Attempts that a dying worker may cost before the case is given up.
    """

    case: str
    row: Mapping[str, str]
    folder: str
    page: bool = False
    time_limit_s: float | None = None
    most_attempts: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOutcome:
    """What became of a case.

    Parameters
    ----------
    case
        Its name.
    key
        Digest of all that decides its result: contents of its inputs, models, settings and the
        version of the algorithms; empty where its inputs could not be read.
    status
        How it ended.
    stage
        Stage that it ended in: ``read``, ``segment``, ``measure``, ``plan``, ``publish``; empty
        where it was done.
    error_kind, error
        Name of the error's type and its one line, without paths; empty where there was none.
    attempts
        How often it was begun under this key.
    reused
        Stages that were taken up from an earlier run: ``segment``, or all of them.
    seconds
        Wall time by stage of this run.
    finished_utc
        When it ended.
    """

    case: str
    key: str
    status: CaseStatus
    stage: str = ""
    error_kind: str = ""
    error: str = ""
    attempts: int = 1
    reused: tuple[str, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=lambda: NOTHING)
    finished_utc: str = ""
