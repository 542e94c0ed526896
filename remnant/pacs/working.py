"""Complete studies are worked off by programs of their own, few at a time."""

import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from sqlite3 import Error as DatabaseError
from typing import Final

from remnant.core.errors import UnreadableFileError
from remnant.pacs.heads import read_head
from remnant.pacs.logs import NodeLog
from remnant.pacs.queue import StudyQueue, StudyState, Work
from remnant.pacs.settings import WorkSettings
from remnant.pacs.spool import Spool, name_of
from remnant.wording import pacs as words

POLL_S: Final = 0.1
FAULT_S: Final = 10.0
RED: Final = 3
"""Exit code of a result that is not to be used as it is."""


class FailedStageError(Exception):
    """A program did not make what it should; says whether another try may help."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.is_final = reason, is_final


class StoppedError(Exception):
    """The listener ends; what is under way is begun anew later."""


class Worker:
    """Works studies off, until told to stop.

    Parameters
    ----------
    spool, queue
        Where the studies are.
    settings
        With which programs.
    is_sent
        Whether results are sent.
    log
        Told of studies by their pseudonyms.
    """

    def __init__(
        self,
        spool: Spool,
        queue: StudyQueue,
        settings: WorkSettings,
        *,
        is_sent: bool,
        log: NodeLog,
    ) -> None:
        self.spool, self.queue, self.settings, self.log = spool, queue, settings, log
        self.is_sent = is_sent
        self.tally: Counter[str] = Counter()
        self._stop = threading.Event()
        self._claiming = threading.Lock()

    def run(self) -> None:
        """Work until told to stop."""
        while not self._stop.is_set():
            try:
                if self.work_due():
                    continue
            except DatabaseError as fault:
                self.log.write("fault", kind=type(fault).__name__)
                self._stop.wait(FAULT_S)
            self._stop.wait(POLL_S)

    def stop(self) -> None:
        """End what is under way; it is begun anew later."""
        self._stop.set()

    def work_due(self) -> bool:
        """Work one study off that is complete; return whether there was one."""
        work = self.queue.claim(time.time())
        if work is None:
            return False
        self.log.write("study", study=work.key, state="working", revision=work.revision,
                       objects=work.arrivals, attempt=work.attempt)  # fmt: skip
        try:
            self._work(work)
        except Exception as fault:  # noqa: BLE001  (whatever it is, others are worked off)
            self.log.write("fault", study=work.key, kind=type(fault).__name__)
            self._give_back(work)
        return True

    def _work(self, work: Work) -> None:
        try:
            self._run_all(work)
            results = self._posted(work)
        except StoppedError:
            self.queue.give_back(work, time.time())
            return
        except FailedStageError as fault:
            self._failed(work, fault)
            return
        except OSError:
            self._failed(work, FailedStageError(words.NOT_KEPT))
            return
        counts = self.queue.finish(work, results, time.time())
        if not counts:
            self._withdraw(results)
        self.tally["worked" if counts else "superseded"] += 1
        self.log.write("study", study=work.key, state="worked" if counts else "superseded",
                       revision=work.revision, results=len(results))  # fmt: skip

    def _give_back(self, work: Work) -> None:
        """Leave a study to be begun anew, as soon as the queue can be written."""
        while not self._stop.wait(FAULT_S):
            with suppress(DatabaseError):
                self.queue.give_back(work, time.time() + FAULT_S)
                return

    def _run_all(self, work: Work) -> None:
        case = self.spool.case(work.key, work.revision)
        study = str(self.spool.study(work.key))
        for command in self.settings.commands:
            filled = [w.replace("{study}", study).replace("{case}", str(case)) for w in command]
            self._run(filled, case)

    def _run(self, command: list[str], case: Path) -> None:
        lock, log = (case.with_name(f"{case.name}.{end}") for end in ("lock", "log"))
        guard = [sys.executable, "-m", "remnant.pacs.guarded_child", str(lock), str(log)]
        stage = stage_of(command)
        # closing the pipe ends the command, however this program ends
        with subprocess.Popen([*guard, *command], stdin=subprocess.PIPE) as process:
            code = self._waited(process, stage)
        if code == RED:
            raise FailedStageError(words.STAGE_RED.format(stage=stage), is_final=True)
        if code:
            raise FailedStageError(words.STAGE_FAILED.format(stage=stage, code=code))

    def _waited(self, process: "subprocess.Popen[bytes]", stage: str) -> int:
        end = time.monotonic() + self.settings.time_limit_s
        while not self._stop.is_set():
            with suppress(subprocess.TimeoutExpired):
                return process.wait(POLL_S)
            if time.monotonic() > end:
                raise FailedStageError(words.STAGE_SLOW.format(stage=stage))
        raise StoppedError

    def _posted(self, work: Work) -> list[tuple[str, str]]:
        files = sorted((self.spool.case(work.key, work.revision) / "dicom").glob("*.dcm"))
        if not files:
            raise FailedStageError(words.NO_RESULTS)
        posted: list[tuple[str, str]] = []
        try:
            for file in files if self.is_sent else ():
                posted.append(self._post(file))  # noqa: PERF401  (kept where a later one fails)
        except (OSError, FailedStageError):
            self._withdraw(posted)
            raise
        return posted

    def _withdraw(self, posted: Iterable[tuple[str, str]]) -> None:
        """Remove results that are not to be sent, as others take their place."""
        for uid, name in posted:
            if not self.queue.is_posted(uid):
                (self.spool.outbox / name).unlink(missing_ok=True)

    def _post(self, file: Path) -> tuple[str, str]:
        try:
            uid = read_head(file).sop_instance_uid
        except UnreadableFileError:
            raise FailedStageError(words.UNREADABLE_RESULT) from None
        name = name_of(uid)
        if not self.queue.is_posted(uid):
            self.spool.post(file, name)
        return uid, name

    def _failed(self, work: Work, fault: FailedStageError) -> None:
        again = not fault.is_final and work.attempt < self.settings.most_attempts
        now = time.time()
        wait = self.settings.retry_s * 2.0 ** (work.attempt - 1)
        state = self.queue.fail(work, fault.reason, now, retry_at=now + wait if again else None)
        self.tally["parked" if state is StudyState.FAILED else "failed_attempts"] += 1
        self.log.write("study", study=work.key, state=state, why=fault.reason,
                       attempt=work.attempt)  # fmt: skip


def stage_of(command: list[str]) -> str:
    """Name a command by what it does.

    >>> stage_of(["python", "-m", "remnant", "run", "STUDY"])
    'run'
    >>> stage_of(["make-results", "STUDY"])
    'make-results'
    """
    if "remnant" in command[:-1]:
        return command[command.index("remnant") + 1]
    return Path(command[0]).name
