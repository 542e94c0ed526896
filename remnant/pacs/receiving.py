"""The storage SCP: what it takes is on disk before the sender is told so."""

import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from sqlite3 import Error as DatabaseError
from typing import Any, Final
from weakref import WeakKeyDictionary

from pydicom.dataset import Dataset
from pynetdicom import AE, _config, evt
from pynetdicom.sop_class import Verification

from remnant.core.errors import InputError, UnreadableFileError
from remnant.io.pseudonym import pseudonym
from remnant.pacs.bounded import BoundedServer
from remnant.pacs.contexts import SCANS, STORED_CLASSES, SYNTAXES
from remnant.pacs.heads import Head, read_head
from remnant.pacs.logs import NodeLog, silence_libraries
from remnant.pacs.queue import Arrival, Receipt, StudyQueue
from remnant.pacs.settings import ReceivingSettings
from remnant.pacs.spool import Spool, name_of, sync_file
from remnant.pacs.tls import server_context
from remnant.wording import pacs as words

SUCCESS: Final = 0x0000
DUPLICATE: Final = 0x0111
OUT_OF_RESOURCES: Final = 0xA700
MISMATCH: Final = 0xA900
NOT_UNDERSTOOD: Final = 0xC000
ROOM_EVERY_S: Final = 0.2
POLL_S: Final = 0.1


class RefusedObjectError(Exception):
    """An object is not taken; the sender is told the status and why."""

    def __init__(self, status: int, comment: str) -> None:
        super().__init__(status, comment)
        self.status, self.comment = status, comment


class Room:
    """Whether the disk has room, looked up now and then.

    Parameters
    ----------
    spool
        The folder.
    least_free_bytes
        What has to stay free.
    """

    def __init__(self, spool: Spool, least_free_bytes: int) -> None:
        self._spool, self._least = spool, least_free_bytes
        self._until, self._is_there = 0.0, True

    def __call__(self) -> bool:
        """Whether there is room."""
        now = time.monotonic()
        if now >= self._until:
            self._is_there = self._spool.free_bytes() >= self._least
            self._until = now + ROOM_EVERY_S
        return self._is_there


class Receiver:
    """Takes objects into the spool and the queue.

    Parameters
    ----------
    spool, queue
        Where they go.
    settings
        Who may send what.
    log
        Told of studies by their pseudonyms.
    """

    def __init__(
        self, spool: Spool, queue: StudyQueue, settings: ReceivingSettings, log: NodeLog
    ) -> None:
        self.spool, self.queue, self.settings, self.log = spool, queue, settings, log
        self.has_room = Room(spool, settings.limits.least_free_bytes)
        self.tally: Counter[str] = Counter()
        self._touched: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()
        self._lock = threading.Lock()
        self._server: Any = None

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Listen, in threads.

        Raises
        ------
        InputError
            The port cannot be had.
        """
        silence_libraries()
        _config.STORE_RECV_CHUNKED_DATASET = True
        # objects in pieces are put there: on the spool's disk, so that a rename moves them
        tempfile.tempdir = str(self.spool.incoming)
        there = (self.settings.host, self.settings.port)
        application = self._application()
        try:
            self._server = application.make_server(
                there,
                evt_handlers=self._handlers(),
                ssl_context=server_context(self.settings.tls),
                server_class=BoundedServer,
                settings=self.settings,
                has_room=self.has_room,
                told=self._told,
            )
        except OSError as fault:
            raise InputError(
                f"{there[0]}:{there[1]} cannot be listened on: {fault.strerror}; name another "
                "--host or --port"
            ) from fault
        # its shutdown takes it off there, and make_server does not put it there
        application._servers.append(self._server)  # noqa: SLF001
        threading.Thread(
            target=self._server.serve_forever, args=(POLL_S,), name="remnant-scp", daemon=True
        ).start()

    def stop(self) -> None:
        """Take no more, and end what is under way: a sender sends again what was not answered."""
        self._server.shutdown()
        for association in self._server.active_associations:
            association.abort()
        tempfile.tempdir = None

    def _application(self) -> AE:
        limits = self.settings.limits
        application = AE(ae_title=self.settings.ae_title)
        application.require_called_aet = True
        application.require_calling_aet = list(self.settings.allowed_titles)
        application.maximum_associations = limits.most_associations
        application.maximum_pdu_size = limits.most_pdu_bytes
        application.network_timeout = limits.timeout_s
        application.acse_timeout = limits.timeout_s
        application.dimse_timeout = limits.timeout_s
        application.add_supported_context(Verification)
        for kind in STORED_CLASSES:
            application.add_supported_context(kind, list(SYNTAXES))
        return application

    def _handlers(self) -> list[tuple[Any, ...]]:
        return [
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_C_ECHO, self._echo),
            (evt.EVT_RELEASED, self._released),
            (evt.EVT_CONN_CLOSE, self._closed),
            (evt.EVT_REJECTED, self._rejected),
        ]

    def _told(self, event: str, **facts: str) -> None:
        self.tally[event] += 1
        self.log.write(event, **facts)

    def _echo(self, event: evt.Event) -> int:
        del event
        return SUCCESS

    def _rejected(self, event: evt.Event) -> None:
        self._told("refused_association", peer=str(event.assoc.requestor.address))

    def _store(self, event: evt.Event) -> Dataset:
        path = Path(event.dataset_path)
        try:
            self._take(event, path)
        except RefusedObjectError as refusal:
            self.tally["refused_objects"] += 1
            self.log.write("refused_object", status=f"0x{refusal.status:04X}", why=refusal.comment)
            return _answer(refusal.status, refusal.comment)
        except (OSError, DatabaseError):
            self.tally["refused_objects"] += 1
            self.log.write("refused_object", status="0xA700", why=words.NOT_STORED)
            return _answer(OUT_OF_RESOURCES, words.NOT_STORED)
        finally:
            path.unlink(missing_ok=True)
        return _answer(SUCCESS)

    def _take(self, event: evt.Event, path: Path) -> None:
        provider = event.assoc.dimse
        if path in provider.without_room:
            provider.without_room.discard(path)
            raise RefusedObjectError(OUT_OF_RESOURCES, words.DISK_FULL)
        if path in provider.too_large:
            provider.too_large.discard(path)
            raise RefusedObjectError(OUT_OF_RESOURCES, words.TOO_LARGE)
        head = _head_of(path, event.request)
        if head.sop_class_uid not in SCANS:
            # its own results, routed back, are among them: a revision of each would never end
            self.tally["passed_over"] += 1
            return
        arrival = Arrival(
            key=pseudonym("study", head.study_uid),
            sop_uid=head.sop_instance_uid,
            name=name_of(head.sop_instance_uid),
            sha256=sync_file(path),
        )
        self._queued(arrival, path)
        with self._lock:
            self._touched.setdefault(event.assoc, set()).add(arrival.key)

    def _queued(self, arrival: Arrival, path: Path) -> None:
        now = time.time()
        receipt = self.queue.receive(
            arrival,
            now=now,
            due=now + self.settings.quiet_s,
            place=lambda: self.spool.place(path, arrival.key, arrival.name),
        )
        if receipt is Receipt.DIFFERENT:
            raise RefusedObjectError(DUPLICATE, words.OTHER_BYTES)
        self.tally["stored_objects" if receipt is Receipt.NEW else "repeated_objects"] += 1

    def _released(self, event: evt.Event) -> None:
        with self._lock:
            keys = self._touched.pop(event.assoc, set())
            busy = set().union(*self._touched.values())
        if self.settings.on_release and keys - busy:
            self.queue.complete(keys - busy, time.time())

    def _closed(self, event: evt.Event) -> None:
        with self._lock:
            self._touched.pop(event.assoc, None)


def _head_of(path: Path, request: Any) -> Head:  # noqa: ANN401  (pynetdicom has no types)
    try:
        head = read_head(path)
    except UnreadableFileError:
        raise RefusedObjectError(NOT_UNDERSTOOD, words.NOT_READ) from None
    told = (str(request.AffectedSOPClassUID), str(request.AffectedSOPInstanceUID))
    if told != (head.sop_class_uid, head.sop_instance_uid):
        raise RefusedObjectError(MISMATCH, words.OTHER_OBJECT)
    return head


def _answer(status: int, comment: str = "") -> Dataset:
    answer = Dataset()
    answer.Status = status
    if comment:
        answer.ErrorComment = comment[: words.MOST_COMMENT]
    return answer
