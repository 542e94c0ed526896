"""A cohort, worked off: what is known is left alone, all else is given to workers."""

import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from remnant.cohort.case_key import glance_of
from remnant.cohort.case_task import CaseResult, killed_outcome, same_glance, work_case
from remnant.cohort.clusters import GPU, LOCAL, ClusterChoice, opened
from remnant.cohort.interrupts import interrupts_remembered
from remnant.cohort.layout import COHORT_JSON, RUNNING, case_folder
from remnant.cohort.manifest import ManifestRow
from remnant.cohort.manifest_columns import STUDY
from remnant.cohort.outcome_file import has_files, read_outcome, write_outcome
from remnant.cohort.outcomes import CaseOutcome, CaseStatus, CaseTask
from remnant.cohort.packages import require_packages
from remnant.core.errors import ClusterLostError, InputError, one_line
from remnant.core.progress import Progress, silent
from remnant.documents.json_files import read_json, write_json
from remnant.pipeline.division import COUINAUD
from remnant.pipeline.results import require_writable
from segmentation.algorithm import ALGORITHM_VERSION
from segmentation.engines.registry import (
    DEFAULT_ENGINE,
    Quality,
    engine_named,
)

if TYPE_CHECKING:
    from distributed import Client, Future

    from remnant.cohort.store import Store
    from remnant.cohort.table_files import Stored

SCHEMA_VERSION: Final = "1.0"
TASKS_PER_WORKER: Final = 2
"""Tasks in flight: one that is worked off, and one that waits on the scheduler."""
SECONDS_PER_MINUTE: Final = 60
LONGEST_S: Final = 30 * 24 * 60 * SECONDS_PER_MINUTE
MOST_RENEWED: Final = 1000
MOST_TROUBLES: Final = 20
LOOKED_AGAIN_S: Final = 5.0
LOOKING: Final = "looking at what is there"
Work = Callable[[CaseTask], CaseResult]


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortOptions:
    """How a cohort is run.

    Parameters
    ----------
    cluster
        What it runs on.
    engine, device, quality, estimate_segments, page, time_limit_s, most_attempts, retry_failed
        See `remnant.cohort.outcomes.CaseTask`.
    recycle_after
        Cases after which a worker process is replaced by a fresh one; 0 for never.

    Raises
    ------
    InputError
        There is no such engine, or a number is out of range.
    """

    cluster: ClusterChoice = LOCAL
    engine: str = DEFAULT_ENGINE
    device: str = "auto"
    quality: Quality | None = None
    estimate_segments: bool = True
    page: bool = False
    time_limit_s: float | None = None
    most_attempts: int = 2
    retry_failed: bool = False
    recycle_after: int = 100

    def __post_init__(self) -> None:
        engine_named(self.engine)
        limit = self.time_limit_s
        if limit is not None and not 0 < limit <= LONGEST_S:
            raise InputError(
                f"--time-limit got {limit / SECONDS_PER_MINUTE:g}; allowed are minutes above 0, "
                f"{LONGEST_S // SECONDS_PER_MINUTE} at most"
            )
        if self.most_attempts < 1:
            raise InputError(f"--most-attempts got {self.most_attempts}; allowed is 1 or more")
        if self.recycle_after < 0:
            raise InputError(f"--recycle-after got {self.recycle_after}; allowed is 0 or more")


DEFAULT_OPTIONS: Final = CohortOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortRun:
    """What came of a cohort.

    Parameters
    ----------
    folder
        Where it lies.
    counts
        Cases of the manifest by how they ended, earlier runs included.
    fresh
        How many were worked off in this run.
    troubles
        The first of those that are not done.
    """

    folder: Path
    counts: Mapping[CaseStatus, int]
    fresh: int
    troubles: tuple[CaseOutcome, ...] = ()

    @property
    def is_usable(self) -> bool:
        """Whether every case has a report that passed the gates."""
        return set(self.counts) <= {CaseStatus.DONE}


class Tally:
    """Counts how cases ended, and keeps the first of those that are not done."""

    def __init__(self) -> None:
        self.counts: Counter[CaseStatus] = Counter()
        self.troubles: list[CaseOutcome] = []

    def add(self, outcome: CaseOutcome) -> None:
        """Count a case."""
        self.counts[outcome.status] += 1
        if outcome.status is not CaseStatus.DONE and len(self.troubles) < MOST_TROUBLES:
            self.troubles.append(outcome)


def run_cohort(
    rows: Sequence[ManifestRow],
    folder: Path,
    options: CohortOptions = DEFAULT_OPTIONS,
    progress: Progress = silent,
    *,
    work: Work | None = None,
) -> CohortRun:
    """Run all cases of a manifest into the folder of a cohort.

    What is there and is the same is left alone; the same call goes on from whatever ended an
    earlier one. ``work`` is what a worker does with a case.

    Raises
    ------
    InputError
        The folder cannot be used, or something else runs there; the tables cannot be written.
    ClusterLostError
        The scheduler cannot be reached, or was lost.
    """
    require_packages("distributed", "pyarrow")
    from remnant.cohort.store import Store

    work = work or partial(work_case, recycle_after=options.recycle_after)
    folder, run, tally = folder.resolve(), secrets.token_hex(4), Tally()
    with cohort_folder(folder, options), Store(folder) as tables:
        task = partial(task_of, folder=folder, options=options, run=run)
        left = _left(rows, task, tables, tally, progress)
        if left:
            cluster = replace(options.cluster, cases=len(left))
            with opened(cluster, segmenting=_segments(left, options)) as client:
                flight = Flight(client, work, gpu=cluster.gpu)
                _work_off(flight, map(task, left), tables, tally, _counted(progress, flight, left))
    return CohortRun(
        folder=folder, counts=dict(tally.counts), fresh=len(left), troubles=tuple(tally.troubles)
    )


def task_of(row: ManifestRow, folder: Path, options: CohortOptions, run: str) -> CaseTask:
    """Return what a worker is given for a row of the manifest."""
    return CaseTask(
        case=row.case,
        row=row.cells,
        folder=str(case_folder(folder, row.case)),
        page=options.page,
        time_limit_s=options.time_limit_s,
        most_attempts=options.most_attempts,
        engine=options.engine,
        device=options.device,
        quality=options.quality,
        estimate_segments=options.estimate_segments,
        retry_failed=options.retry_failed,
        run=run,
    )


@contextmanager
def cohort_folder(folder: Path, options: CohortOptions) -> Iterator[None]:
    """Keep the folder of a cohort to this process for as long as the context lasts.

    Raises
    ------
    InputError
        It is a folder of something else, cannot be written, or something runs there.
    """
    from filelock import FileLock, Timeout

    require_cohort_folder(folder)
    try:
        (folder / RUNNING).mkdir(parents=True, exist_ok=True)
        lock: AbstractContextManager[object] = FileLock(folder / ".lock", timeout=0).acquire()
    except Timeout as fault:
        raise InputError(
            f"another command runs the cohort in {folder}; wait until it ends"
        ) from fault
    except OSError as fault:
        raise InputError(f"{folder} cannot be written: {fault.strerror or fault}") from fault
    with lock:
        write_json(_described(options), folder / COHORT_JSON)
        yield


def require_cohort_folder(folder: Path) -> None:
    """Raise unless a folder is new, empty, or that of a cohort of this version.

    Raises
    ------
    InputError
        It is not.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"output {folder} is a file; name a folder that is new or of a cohort")
    require_writable(folder)
    if (folder / COHORT_JSON).is_file():
        told = read_json(folder / COHORT_JSON, what=COHORT_JSON)
        version = told.get("schema_version") if isinstance(told, dict) else None
        if version != SCHEMA_VERSION:
            raise InputError(
                f"{folder} is a cohort of schema version {str(version)[:20]}; this program reads "
                f"{SCHEMA_VERSION}: run the manifest into a new folder"
            )
        return
    others = sorted(one.name for one in folder.iterdir()) if folder.is_dir() else []
    if others and others != [RUNNING]:
        raise InputError(f"output folder {folder} holds other files ({others[0]}, …); name another")


def _described(options: CohortOptions) -> dict[str, object]:
    return {
        "schema_version": SCHEMA_VERSION,
        "algorithm": ALGORITHM_VERSION,
        "engine": options.engine,
        "quality": (options.quality or engine_named(options.engine).usual).value,
        "estimate_segments": options.estimate_segments,
    }


def _left(
    rows: Sequence[ManifestRow],
    task: Callable[[ManifestRow], CaseTask],
    tables: "Store",
    tally: Tally,
    progress: Progress,
) -> list[ManifestRow]:
    """Return the rows that are to be worked off; the others are counted."""
    stored, left = tables.stored(), []
    for number, row in enumerate(rows, start=1):
        in_tables = stored.get(row.case)
        known = None if in_tables is None else settled(task(row), in_tables)
        if known is None:
            left.append(row)
        else:
            tally.add(known)
        progress(LOOKING, number, len(rows))
    return left


def settled(task: CaseTask, stored: "Stored") -> CaseOutcome | None:
    """Return what became of a case that is in the tables and looks the same; ``None`` else."""
    folder = Path(task.folder)
    known = read_outcome(folder)
    if known is None or (known.key, known.status) != (stored.key, stored.status):
        return None
    if known.status.has_report:
        holds = has_files(folder, page=task.page)
    else:
        holds = known.trace.lasting and not task.retry_failed
    return known if holds and same_glance(known, task, glance_of(task)) else None


def _segments(rows: Iterable[ManifestRow], options: CohortOptions) -> bool:
    """Tell whether networks run: on a scan, or to divide a liver."""
    return any(
        STUDY in row.cells or (options.estimate_segments and COUINAUD not in row.cells)
        for row in rows
    )


def _counted(
    progress: Progress, flight: "Flight", rows: Sequence[ManifestRow]
) -> Callable[[int], None]:
    """Return what takes the number of cases that are done."""
    stage = f"cases · {flight.dashboard}" if flight.dashboard else "cases"
    return lambda done: progress(stage, done, len(rows))


def _work_off(
    flight: "Flight",
    tasks: Iterable[CaseTask],
    tables: "Store",
    tally: Tally,
    done: Callable[[int], None],
) -> None:
    """Give tasks to workers, and what comes back to the tables."""
    number, renewed = 0, []
    done(number)
    try:
        with interrupts_remembered() as raise_again:
            for task, result in flight.results(tasks):
                tables.add(result.outcome, result.rows)
                tally.add(result.outcome)
                renewed += [(Path(task.folder), result.outcome)] * result.renewed
                if len(renewed) >= MOST_RENEWED:
                    _acknowledge(renewed, tables)
                number += 1
                done(number)
                raise_again()
    except ClusterLostError as fault:
        raise ClusterLostError(
            f"{fault}; {number} case(s) of this run are done, and the same command goes on from "
            f"there"
        ) from fault
    _acknowledge(renewed, tables)


def _acknowledge(renewed: list[tuple[Path, CaseOutcome]], tables: "Store") -> None:
    """Write down that cases look otherwise and are the same, once the tables say so."""
    if renewed:
        tables.flush()
    for folder, outcome in renewed:
        write_outcome(outcome, folder)
    renewed.clear()


class Flight:
    """Tasks on their way to workers and back: a few for each worker, however many there are.

    Parameters
    ----------
    client
        Of the cluster.
    work
        What a worker does with a task.
    gpu
        Whether only workers with the resource ``GPU`` get tasks.
    """

    def __init__(self, client: "Client", work: Work, *, gpu: bool = False) -> None:
        self._client = client
        self._work = work
        self._resources = {GPU: 1} if gpu else None
        self._tasks: dict[object, CaseTask] = {}
        self._looked = 0.0
        self._workers = 0

    @property
    def dashboard(self) -> str:
        """Address of the page on which the cluster can be watched; empty without."""
        link: str = self._client.dashboard_link or ""
        return link.removesuffix("/status")

    def results(self, tasks: Iterable[CaseTask]) -> Iterator[tuple[CaseTask, CaseResult]]:
        """Yield each task as it comes back, and what became of it.

        Raises
        ------
        ClusterLostError
            The scheduler was lost, or a worker cannot run this program.
        """
        from distributed import as_completed

        waiting = iter(tasks)
        coming = as_completed(loop=self._client.loop)
        self._fill(coming, waiting)
        while self._tasks:
            for future in coming.next_batch(block=True):
                task = self._tasks.pop(future.key)
                yield task, _result(future, task)
            self._fill(coming, waiting)

    def _fill(self, coming: Any, waiting: Iterator[CaseTask]) -> None:  # noqa: ANN401
        for task in islice(waiting, max(0, self._window() - len(self._tasks))):
            # the scheduler keeps something for each first part of a key: one for all
            key = ("case", task.run, task.case)
            self._tasks[key] = task
            coming.add(
                self._client.submit(
                    self._work, task, key=key, pure=False, resources=self._resources
                )
            )

    def _window(self) -> int:
        """Return how many tasks are in flight; workers may come and go."""
        now = monotonic()
        if now - self._looked > LOOKED_AGAIN_S:
            self._looked = now
            self._workers = len(self._client.nthreads())
        return TASKS_PER_WORKER * max(1, self._workers)


def _result(future: "Future", task: CaseTask) -> CaseResult:
    """Return what became of a task; a worker that fits not, or a lost scheduler, is an error."""
    from distributed import CancelledError, KilledWorker

    try:
        result: CaseResult = future.result()
    except KilledWorker:
        return _killed(task)
    except (CancelledError, OSError) as fault:
        raise ClusterLostError("the scheduler was lost") from fault
    except ClusterLostError:
        raise
    except Exception as fault:
        raise ClusterLostError(
            f"a worker cannot do its work ({type(fault).__name__}: {one_line(str(fault))}); it "
            f"must have this version of remnant installed"
        ) from fault
    finally:
        with suppress(Exception):
            future.release()
    return result


def _killed(task: CaseTask) -> CaseResult:
    """Return a case that the scheduler gave up."""
    from remnant.cohort.rows import rows_of

    outcome = killed_outcome(task)
    return CaseResult(outcome=outcome, rows=rows_of(outcome, task.row, None))
