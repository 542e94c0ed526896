"""One case in a worker process: what is known of it is taken up, what is missing is done."""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import count
from multiprocessing import parent_process
from pathlib import Path
from typing import Final

from remnant.cohort.attempts import HeldCase, Marker, StageClock, held_case, next_marker, timed
from remnant.cohort.case_key import case_key, glance_of
from remnant.cohort.layout import COHORT_JSON
from remnant.cohort.manifest import CaseRequests, requests_of
from remnant.cohort.outcome_file import (
    has_files,
    read_outcome,
    report_digest,
    report_seen,
    write_outcome,
)
from remnant.cohort.outcomes import NO_TRACE, CaseOutcome, CaseStatus, CaseTask, Trace
from remnant.cohort.plain_errors import is_of_the_machine, plain_error, status_of
from remnant.core.case import CaseReport
from remnant.core.errors import ClusterLostError, InputError, RemnantError
from remnant.core.progress import Progress, silent
from remnant.core.reference_agreement import ReferenceAgreement
from remnant.core.volumes import ImageVolume
from remnant.pipeline.folder import read_measured
from remnant.pipeline.gates import failed_gates
from remnant.pipeline.held import held_by
from remnant.pipeline.late_divider import LateDivider
from remnant.pipeline.run import run_study
from remnant.pipeline.timing import PUBLISH, SEGMENT, STAGES
from remnant.wording.findings import text_of
from segmentation.algorithm import ALGORITHM_VERSION
from segmentation.engines.registry import Quality, engine_named
from segmentation.port import Segmentation, SegmentDivider, Segmenter

Rows = Mapping[str, tuple[Mapping[str, object], ...]]
NO_ROWS: Final[Rows] = {}
THREADS: Final = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS")
"""What libraries that are loaded late take their number of threads from."""
KILLED_KIND: Final = "WorkerDied"
TIMED_OUT_KIND: Final = "TimedOut"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What was made of a case now.

    Parameters
    ----------
    report
        Its report.
    reused
        Stages that were taken up from before.
    """

    report: CaseReport
    reused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a case.

    Parameters
    ----------
    outcome
        What is told of it.
    report
        Its report; ``None`` where there is none.
    renewed
        Whether it is the same by content as before, but looks otherwise: its outcome is written
        once its rows are in the tables.
    """

    outcome: CaseOutcome
    report: CaseReport | None = None
    renewed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """What a worker hands back: what became of a case, and its rows of the tables.

    ``renewed`` is that of `Ended`.
    """

    outcome: CaseOutcome
    rows: Rows
    renewed: bool = False


Make = Callable[[CaseTask, CaseRequests], Made]
BEGUN: Final = count(1)
"""Counts the cases that this process begins."""


class NoSegmenter:
    """Stands where a segmenter is asked for and none is needed: masks say it all."""

    def segment(self, image: ImageVolume, *, progress: Progress = silent) -> Segmentation:
        """Refuse.

        Raises
        ------
        InputError
            Always.
        """
        del image, progress
        raise InputError("no networks were asked for; give a study")


def make_case(task: CaseTask, asked: CaseRequests) -> Made:
    """Segment, measure and plan a case into its folder.

    A folder that holds another version of the case is replaced where the cohort made it and nobody
    has worked on it since.

    Raises
    ------
    RemnantError
        See `remnant.pipeline.run.run_study`.
    """
    folder = Path(task.folder)
    segmenter, divider = engines_of(task, asked)
    ran = run_study(
        # the folder of a cohort is shared: no identifiers go into it
        replace(asked.segment, overwrite=_may_be_replaced(folder), keep_record=False),
        measuring=asked.measuring,
        planning=asked.planning,
        output=folder,
        segmenter=segmenter,
        divider=divider,
        page=task.page,
    )
    return Made(report=ran.report, reused=(SEGMENT,) if ran.taken_up else ())


def work_case(task: CaseTask, make: Make = make_case, recycle_after: int = 0) -> CaseResult:
    """Work off one case and return what became of it, with its rows of the tables.

    A worker process that has begun ``recycle_after`` cases (0: never) ends itself before the next,
    which its successor does: what libraries keep of one case does not add up.

    Raises
    ------
    ClusterLostError
        This process does not see the cohort's folder, or has not the device that was asked for.
    """
    if 0 < recycle_after < next(BEGUN) and parent_process() is not None:
        os._exit(0)
    ended = ended_case(task, make)
    return _with_rows(task, ended)


def _with_rows(task: CaseTask, ended: Ended) -> CaseResult:
    """Add a case's rows; a report that gives none fails the case in the tables, and is kept."""
    from remnant.cohort.rows import rows_of

    outcome = ended.outcome
    try:
        rows = rows_of(outcome, task.row, ended.report)
    except Exception as error:  # noqa: BLE001  (it costs this case and no other)
        failed = _fault(task, outcome.trace, error, StageClock())
        outcome = replace(failed, key=outcome.key, stage=PUBLISH, seconds=outcome.seconds)
        return CaseResult(outcome=outcome, rows=rows_of(outcome, task.row, None))
    return CaseResult(outcome=outcome, rows=rows, renewed=ended.renewed)


def run_case_task(task: CaseTask) -> CaseOutcome:
    """Work off one case and return what became of it.

    Raises
    ------
    ClusterLostError
        See `work_case`.
    """
    return ended_case(task).outcome


def ended_case(task: CaseTask, make: Make = make_case) -> Ended:
    """Work off one case; ``make`` does the work.

    What came of it before holds where its row, settings, networks, algorithms and the contents of
    its files are the same.

    Raises
    ------
    ClusterLostError
        See `work_case`.
    """
    require_fit(task)
    for name in THREADS:
        os.environ.setdefault(name, "1")
    glance = glance_of(task)
    try:
        with held_case(task) as held:
            known = read_outcome(Path(task.folder))
            if known is not None and same_glance(known, task, glance):
                ended = taken_up(known, task)
                if ended is not None:
                    held.remove()
                    return ended
            return _attempted(_Attempt(task, held, known, glance, make))
    except OSError as fault:
        trace = Trace(run=task.run, lasting=False)
        return Ended(_fault(task, trace, fault, StageClock()))


def require_fit(task: CaseTask) -> None:
    """Raise unless this process has the algorithms of who asks, and sees the cohort's folder.

    Raises
    ------
    ClusterLostError
        It has not, or does not.
    """
    if task.algorithm != ALGORITHM_VERSION:
        raise ClusterLostError(
            f"a worker has the algorithms of version {ALGORITHM_VERSION}, this program those of "
            f"{task.algorithm}; install the same remnant everywhere"
        )
    if not (Path(task.folder).parents[1] / COHORT_JSON).is_file():
        raise ClusterLostError(
            "a worker does not see the cohort's folder; put the cohort, and the files of its "
            "manifest, on a disk that all workers see under the same path"
        )


def taken_up(known: CaseOutcome, task: CaseTask) -> Ended | None:
    """Return what became of the very same case before; ``None`` where it does not hold any more.

    What this very run did is told as it was.
    """
    ours = bool(task.run) and known.trace.run == task.run
    outcome = known if ours else replace(known, reused=STAGES)
    if known.status.has_report:
        report = _stored_report(task)
        return None if report is None else Ended(outcome, report)
    holds = ours or (known.trace.lasting and not task.retry_failed)
    return Ended(outcome) if holds else None


def _stored_report(task: CaseTask) -> CaseReport | None:
    """Return the report of a case; ``None`` where a file of the case is missing or damaged."""
    folder = Path(task.folder)
    if not has_files(folder, page=task.page):
        return None
    with suppress(RemnantError):
        return read_measured(folder)
    return None


def same_glance(known: CaseOutcome, task: CaseTask, glance: str) -> bool:
    """Tell whether one look says that a case is the one that an outcome is of, and its report."""
    trace = known.trace
    same = glance != "" and trace.glance == glance
    return same and trace.report_seen == report_seen(Path(task.folder))


def engines_of(task: CaseTask, asked: CaseRequests) -> tuple[Segmenter, SegmentDivider | None]:
    """Return what finds liver, lesions and segments of a case; their weights are loaded once."""
    divider = LateDivider(task.device) if task.estimate_segments else None
    if asked.segment.source is None:
        return NoSegmenter(), divider
    return _segmenter(task.engine, task.device, task.quality), divider


@lru_cache(maxsize=1)
def _segmenter(engine: str, device: str, quality: Quality | None) -> Segmenter:
    """Return an engine's segmenter, one for the whole process.

    Raises
    ------
    ClusterLostError
        The device is not there: no case could be segmented.
    """
    try:
        return engine_named(engine).segmenter(device=device, quality=quality)
    except InputError as fault:
        raise ClusterLostError(f"a worker cannot segment: {fault}") from fault


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What an attempt at a case needs."""

    task: CaseTask
    held: HeldCase
    known: CaseOutcome | None
    glance: str
    make: Make

    @property
    def trace(self) -> Trace:
        """The trace of an outcome that made no new report: the old one may still stand."""
        before = "" if self.known is None else self.known.trace.report_sha256
        seen = report_seen(Path(self.task.folder))
        return Trace(glance=self.glance, run=self.task.run, report_sha256=before, report_seen=seen)


def _attempted(attempt: _Attempt) -> Ended:
    """Do a case, unless workers died of it too often; write down what became of it."""
    task, held = attempt.task, attempt.held
    marker = next_marker(held.left(), task, attempt.glance)
    held.mark(marker)
    if marker.begun_in_run > task.most_attempts:
        killed = killed_outcome(task, stage=marker.stage, trace=attempt.trace)
        ended = Ended(replace(killed, key=marker.key, attempts=marker.begun - 1))
    else:
        ended = _watched(attempt, marker)
    if ended.renewed:
        held.remove()
    else:
        _keep(ended.outcome, task, held)
    return ended


def _watched(attempt: _Attempt, marker: Marker) -> Ended:
    """Do a case within its time limit."""
    task, keys = attempt.task, [marker.key]

    def entered(stage: str) -> None:
        attempt.held.mark(replace(marker, key=keys[-1], stage=stage))

    def timed_out(clock: StageClock) -> None:
        outcome = _not_ended(attempt, replace(marker, key=keys[-1]), clock)
        _keep(outcome, task, attempt.held)

    clock = StageClock(entered)
    with timed(clock, task.time_limit_s, timed_out):
        return _made(attempt, marker, clock, keys)


def _made(attempt: _Attempt, marker: Marker, clock: StageClock, keys: list[str]) -> Ended:
    """Do a case; ``keys`` gets its key as soon as it is known."""
    task, known = attempt.task, attempt.known
    try:
        asked = requests_of(task.row)
        keys.append(case_key(asked, *engines_of(task, asked)))
        attempt.held.mark(replace(marker, key=keys[-1]))
        if known is not None and known.key == keys[-1]:
            before = taken_up(known, task)
            if before is not None:
                return replace(before, outcome=_seen(before.outcome, attempt), renewed=True)
        made = attempt.make(task, asked)
        ended = Ended(_done(attempt, asked, made, clock), made.report)
    except ClusterLostError:
        raise
    except Exception as error:  # noqa: BLE001  (whatever it is, it costs this case and no other)
        ended = Ended(_fault(task, attempt.trace, error, clock))
    outcome = replace(ended.outcome, key=keys[-1], attempts=marker.begun)
    return replace(ended, outcome=outcome)


def _done(attempt: _Attempt, asked: CaseRequests, made: Made, clock: StageClock) -> CaseOutcome:
    digest, gates = report_digest(Path(attempt.task.folder)), failed_gates(made.report)
    return CaseOutcome(
        case=attempt.task.case,
        key="",
        status=CaseStatus.UNUSABLE if gates else CaseStatus.DONE,
        error_kind=gates[0].id if gates else "",
        error=" ".join(text_of(gate) for gate in gates),
        reused=made.reused,
        seconds=clock.seconds,
        finished_utc=_now(),
        agreement=_agreement(attempt.task, asked),
        trace=replace(attempt.trace, report_sha256=digest),
    )


def _agreement(task: CaseTask, asked: CaseRequests) -> tuple[ReferenceAgreement, ...]:
    """Hold a case against its references; that these cannot be compared costs it nothing else."""
    if not asked.references:
        return ()
    from remnant.cohort.agreement import reference_agreement

    try:
        return reference_agreement(Path(task.folder), asked.references, preset=asked.segment.preset)
    except RemnantError as error:
        return (ReferenceAgreement(structure="", error=plain_error(error, task.row, task.folder)),)


def _fault(task: CaseTask, trace: Trace, error: Exception, clock: StageClock) -> CaseOutcome:
    """Return what became of a case that raised an error."""
    return CaseOutcome(
        case=task.case,
        key="",
        status=status_of(error),
        stage=clock.stage,
        error_kind=type(error).__name__,
        error=plain_error(error, task.row, task.folder),
        seconds=clock.seconds,
        finished_utc=_now(),
        trace=replace(trace, lasting=not is_of_the_machine(error)),
    )


def _not_ended(attempt: _Attempt, marker: Marker, clock: StageClock) -> CaseOutcome:
    """Return what became of a case that took longer than allowed."""
    task = attempt.task
    return CaseOutcome(
        case=task.case,
        key=marker.key,
        status=CaseStatus.TIMED_OUT,
        stage=clock.stage,
        error_kind=TIMED_OUT_KIND,
        error=f"took longer than the {task.time_limit_s:g} s that one case may",
        attempts=marker.begun,
        seconds=clock.seconds,
        finished_utc=_now(),
        trace=attempt.trace,
    )


def killed_outcome(task: CaseTask, *, stage: str = "", trace: Trace = NO_TRACE) -> CaseOutcome:
    """Return what became of a case whose worker died as often as allowed."""
    return CaseOutcome(
        case=task.case,
        key="",
        status=CaseStatus.KILLED,
        stage=stage,
        error_kind=KILLED_KIND,
        error=f"its worker died {task.most_attempts} time(s) while it was at this case, most "
        f"likely for want of memory",
        attempts=task.most_attempts,
        finished_utc=_now(),
        trace=trace,
    )


def _seen(outcome: CaseOutcome, attempt: _Attempt) -> CaseOutcome:
    """Return the outcome of a case that is the same by content, as its files look now."""
    looks = attempt.trace
    trace = replace(outcome.trace, glance=looks.glance, report_seen=looks.report_seen)
    return replace(outcome, trace=trace)


def _may_be_replaced(folder: Path) -> bool:
    """Tell whether what a folder holds is what the cohort made, and nobody worked on it since.

    Raises
    ------
    InputError
        A human confirmed or corrected something there, beyond what the manifest says, or it is
        damaged.
    """
    try:
        there = held_by(folder)
    except RemnantError as fault:
        raise InputError(
            f"what an earlier run left is damaged ({fault}); delete {folder} to make it again"
        ) from fault
    if there is not None and there.corrections and not there.is_as_made:
        raise InputError(
            f"{folder} holds what a human confirmed or corrected in another version of this case; "
            f"move it elsewhere, or delete it, to make the case again"
        )
    known, digest = read_outcome(folder), report_digest(folder)
    return not digest or (known is not None and known.trace.report_sha256 == digest)


def _keep(outcome: CaseOutcome, task: CaseTask, held: HeldCase) -> None:
    """Write down what became of a case; on a full disk the next run does it again."""
    with suppress(RemnantError, OSError):
        write_outcome(outcome, Path(task.folder))
    held.remove()


def _now() -> str:
    return datetime.now(tz=UTC).isoformat(timespec="seconds")
