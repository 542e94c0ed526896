"""Work that takes longer than an answer may: in a thread or process of its own, with progress."""

import multiprocessing
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from remnant.core.errors import RemnantError
from remnant.web.refusals import RefusedError, bare_line, refused
from remnant.web.requests import Json

MOST_RUNNING: Final = 2
MOST_KEPT: Final = 50
RUNNING, DONE, FAILED, CANCELLED = "running", "done", "failed", "cancelled"
GRACE_SECONDS: Final = 2.0


class CancelledError(Exception):
    """Somebody cancelled the work; raised where it tells of its progress."""


@dataclass(eq=False)
class Job:
    """One piece of work, and how far it is."""

    id: str
    case: str
    kind: str
    state: str = RUNNING
    stage: str = ""
    done: int = 0
    of: int = 0
    result: Json = field(default_factory=dict)
    error: str = ""
    what_to_do: str = ""
    stop: threading.Event = field(default_factory=threading.Event)

    def progress(self, stage: str, done: int, total: int) -> None:
        """Note how far the work is.

        Raises
        ------
        CancelledError
            Somebody cancelled it.
        """
        if self.stop.is_set():
            raise CancelledError
        self.stage, self.done, self.of = stage, done, total

    def document(self) -> Json:
        """Return what the page is told."""
        return {
            "job": self.id,
            "case": self.case,
            "kind": self.kind,
            "state": self.state,
            "stage": self.stage,
            "done": self.done,
            "of": self.of,
            "error": self.error,
            "what_to_do": self.what_to_do,
            **self.result,
        }


Work = Callable[[Job], Json]


class Jobs:
    """Starts jobs, few at a time, and remembers the last of them."""

    def __init__(self, most_running: int = MOST_RUNNING) -> None:
        self.most_running = most_running
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}

    def start(self, case: str, kind: str, work: Work, *private: str) -> Job:
        """Start some work in a thread, one of a kind for a case at a time.

        Parameters
        ----------
        case, kind
            Of which case, and what.
        work
            Gets the job, tells it its progress, and returns what is added to the answer.
        private
            Words that no answer may hold, such as paths.

        Raises
        ------
        RefusedError
            The same runs already, or too much does.
        """
        with self._lock:
            running = [job for job in self._jobs.values() if job.state == RUNNING]
            if any(job.case == case and job.kind == kind for job in running):
                raise refused(409, f"a {kind} of this case runs already", "wait, or cancel it")
            if len(running) >= self.most_running:
                raise refused(503, "too many jobs run already", "try again in a minute")
            job = Job(secrets.token_hex(12), case, kind)
            self._jobs[job.id] = job
            self._forget()
        name = f"remnant-{kind}"
        threading.Thread(target=_worked, args=(job, work, private), name=name, daemon=True).start()
        return job

    def get(self, identifier: str) -> Job:
        """Return a job.

        Raises
        ------
        RefusedError
            There is none.
        """
        with self._lock:
            job = self._jobs.get(identifier)
        if job is None:
            raise refused(404, "there is no such job", "start it again")
        return job

    def cancel(self, identifier: str) -> Job:
        """Ask a job to stop.

        Raises
        ------
        RefusedError
            There is none.
        """
        job = self.get(identifier)
        job.stop.set()
        return job

    def close(self) -> None:
        """Stop all jobs."""
        with self._lock:
            for job in self._jobs.values():
                job.stop.set()

    def _forget(self) -> None:
        over = [job.id for job in self._jobs.values() if job.state != RUNNING]
        for identifier in over[: max(0, len(self._jobs) - MOST_KEPT)]:
            del self._jobs[identifier]


def _worked(job: Job, work: Work, private: tuple[str, ...]) -> None:
    """Do a job's work and note how it ended."""
    try:
        job.result = work(job)
        job.state = DONE
    except CancelledError:
        job.state = CANCELLED
    except RefusedError as fault:
        job.error, job.what_to_do = fault.refusal.error, fault.refusal.what_to_do
        job.state = FAILED
    except RemnantError as fault:
        job.error, job.state = bare_line(f"{fault}", *private), FAILED
    except Exception as fault:  # noqa: BLE001  (whatever ends it, the page is told)
        job.error, job.state = f"a fault of this program ({type(fault).__name__})", FAILED


def in_process(job: Job, work: Callable[..., Json], *arguments: Any) -> Json:  # noqa: ANN401
    """Do work in a process of its own, which is ended where the job is cancelled.

    Parameters
    ----------
    job
        Told of progress.
    work
        A function of a module: gets a function that takes progress, and the arguments.

    Raises
    ------
    CancelledError
        The job was cancelled.
    RefusedError
        The work failed; it says why.
    """
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_in_process, args=(there, work, arguments), daemon=True)
    process.start()
    there.close()
    try:
        while True:
            if job.stop.is_set():
                raise CancelledError
            if not here.poll(0.1):
                if not process.is_alive() and not here.poll(0):
                    raise refused(500, "the work ended without a word", "start it again")
                continue
            kind, *told = here.recv()
            if kind == "progress":
                job.progress(*told)
            elif kind == "failed":
                raise refused(422, told[0])
            else:
                result: Json = told[0]
                return result
    except EOFError as fault:
        raise refused(500, "the work ended without a word", "start it again") from fault
    finally:
        _ended(process)
        here.close()


def _ended(process: Any) -> None:  # noqa: ANN401  (a process of a context has a private type)
    process.join(0.0 if process.is_alive() else GRACE_SECONDS)
    if process.is_alive():
        process.terminate()
        process.join(GRACE_SECONDS)
    if process.is_alive():
        process.kill()
        process.join()


def _in_process(pipe: Any, work: Callable[..., Json], arguments: tuple[Any, ...]) -> None:  # noqa: ANN401
    import signal

    # Ctrl-C is the server's, which then ends this process
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        done = work(lambda *told: pipe.send(("progress", *told)), *arguments)
    except RemnantError as fault:
        pipe.send(("failed", bare_line(f"{fault}")))
    except RefusedError as fault:
        pipe.send(("failed", fault.refusal.error))
    else:
        pipe.send(("done", done))
