"""A listener: it takes studies, has them worked off, and sends the results."""

import threading
import time
from collections import Counter
from http.server import ThreadingHTTPServer
from sqlite3 import Error as DatabaseError
from types import TracebackType
from typing import Final, Self

from filelock import FileLock, Timeout

from remnant.core.errors import InputError
from remnant.pacs.delivery import Delivery
from remnant.pacs.logs import NodeLog
from remnant.pacs.metrics import NodeFigures, serve_figures
from remnant.pacs.queue import StudyQueue
from remnant.pacs.receiving import Receiver
from remnant.pacs.settings import ListenSettings
from remnant.pacs.spool import Spool
from remnant.pacs.working import Worker

FORGET_EVERY_S: Final = 3600.0
DAY_S: Final = 86400.0


class Listener:
    """All parts of a listener, started on entering and stopped on leaving.

    Parameters
    ----------
    settings
        What it does.
    log
        Told of what happens.

    Raises
    ------
    InputError
        On entering: the spool is another listener's, or something cannot be listened on.
    """

    def __init__(self, settings: ListenSettings, log: NodeLog | None = None) -> None:
        self.settings, self.log = settings, log or NodeLog()
        self.spool = Spool(settings.spool)
        self._lock = FileLock(self.spool.lock_path, mode=0o600)
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        """Take up what an earlier listener left, then begin."""
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise InputError(
                f"another listener uses {self.settings.spool}; name another folder, or end it"
            ) from None
        try:
            self._start()
        except BaseException:
            self._lock.release()
            raise
        return self

    def _start(self) -> None:
        settings, spool = self.settings, self.spool
        self.queue = StudyQueue(spool.queue_path)
        self.queue.recover(time.time(), settle_s=settings.sending.settle_s)
        spool.tidy(self.queue)
        self.receiver = Receiver(spool, self.queue, settings.receiving, self.log)
        self.worker = Worker(
            spool, self.queue, settings.working,
            is_sent=settings.sending.target is not None, log=self.log,
        )  # fmt: skip
        self.delivery = Delivery(spool, self.queue, settings.sending, self.log)
        self._figures = self._served_figures()
        self.receiver.start()
        self._stopping = threading.Event()
        works = [self.worker.run] * settings.working.workers + [self._forgetting]
        works += [self.delivery.run] if settings.sending.target is not None else []
        for number, work in enumerate(works):
            thread = threading.Thread(target=work, name=f"remnant-node-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)
        self.log.write("listening", port=self.receiver.port)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End all parts; a later listener goes on from here."""
        self._stopping.set()
        self.receiver.stop()
        self.worker.stop()
        self.delivery.stop()
        for thread in self._threads:
            thread.join(self.settings.sending.timeout_s + 1.0)
        if self._figures is not None:
            self._figures.shutdown()
            self._figures.server_close()
        self.queue.close()
        self._lock.release()
        self.log.write("ended")

    @property
    def metrics_port(self) -> int | None:
        """Where figures are served; ``None`` where they are not."""
        return None if self._figures is None else int(self._figures.server_address[1])

    def tallies(self) -> Counter[str]:
        """Return how often what happened since the start."""
        return self.receiver.tally + self.worker.tally + self.delivery.tally

    def _served_figures(self) -> ThreadingHTTPServer | None:
        if self.settings.metrics_port is None:
            return None
        figures = NodeFigures(
            self.queue,
            tallies=self.tallies,
            free_bytes=self.spool.free_bytes,
            has_room=self.receiver.has_room,
        )
        return serve_figures(figures, self.settings.metrics_port)

    def _forgetting(self) -> None:
        while True:
            before = time.time() - self.settings.keep_days * DAY_S
            try:
                for key in self.queue.forget(before):
                    self.spool.forget(key)
                    self.log.write("forgotten", study=key)
            except (DatabaseError, OSError) as fault:
                self.log.write("fault", kind=type(fault).__name__)
            if self._stopping.wait(FORGET_EVERY_S):
                return
