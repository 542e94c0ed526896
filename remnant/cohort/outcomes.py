"""One case of a cohort: what a worker is given, and what became of it.

Both are plain data: they travel between processes, and nothing of a case but these does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from remnant.core.reference_agreement import ReferenceAgreement
from segmentation.algorithm import ALGORITHM_VERSION
from segmentation.engines.registry import DEFAULT_ENGINE, Quality

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
        Attempts that a dying worker may cost in one run before the case is given up.
    engine, device, quality
        Networks that find liver and lesions, where they run, and how much work they may be
        (``None`` for the engine's usual quality).
    estimate_segments
        Whether segments that nothing was given for are estimated from the liver's shape.
    retry_failed
        Whether a case that ended without a report is begun anew though nothing of it changed.
    run
        Name of the run that the task belongs to; empty where there is none.
    algorithm
        `segmentation.algorithm.ALGORITHM_VERSION` of who asks; the worker's must be the same.
    """

    case: str
    row: Mapping[str, str]
    folder: str
    page: bool = False
    time_limit_s: float | None = None
    most_attempts: int = 2
    engine: str = DEFAULT_ENGINE
    device: str = "auto"
    quality: Quality | None = None
    estimate_segments: bool = True
    retry_failed: bool = False
    run: str = ""
    algorithm: int = ALGORITHM_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What tells a later run whether an outcome still holds.

    Parameters
    ----------
    glance
        Digest of the case's row, its settings, and the sizes and times of its files, see
        `remnant.cohort.case_key.glance_of`; empty where one look at them does not tell.
    report_sha256
        Digest of the report as the run wrote it; empty where there was none. Another one says that
        somebody has worked on the case since.
    report_seen
        Size and time of the report when its rows were made.
    run
        Name of the run that the case ended in.
    lasting
        Whether the same would come of it again; not so where a disk was full, for instance.
    """

    glance: str = ""
    report_sha256: str = ""
    report_seen: str = ""
    run: str = ""
    lasting: bool = True


NO_TRACE: Final = Trace()


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
        Stage that it ended in: ``read``, ``segment``, ``divide``, ``measure``, ``plan``,
        ``publish``; empty where it was done.
    error_kind, error
        Name of the error's type and its one line, without paths; of a case that is unusable, the
        first gate that it failed and what they say; empty where there was none.
    attempts
        How often it was begun under this key.
    reused
        Stages that were taken up from an earlier run: ``segment``, or all of them.
    seconds
        Wall time by stage, of the run that made it.
    finished_utc
        When it ended.
    agreement
        How it agrees with the references of its row; empty without any.
    trace
        What tells whether it still holds.
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
    agreement: tuple[ReferenceAgreement, ...] = ()
    trace: Trace = NO_TRACE
