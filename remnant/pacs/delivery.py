"""Results go out, once each: what is noted before and after sending survives a kill."""

import threading
import time
from collections import Counter
from contextlib import suppress
from sqlite3 import Error as DatabaseError
from typing import Final

from remnant.core.errors import UnreadableFileError
from remnant.pacs.heads import Head, read_head
from remnant.pacs.logs import NodeLog
from remnant.pacs.outcomes import SentKind, UnreachableError
from remnant.pacs.queue import Outgoing, StudyQueue
from remnant.pacs.sending import Channel, open_channel
from remnant.pacs.settings import SendingSettings
from remnant.pacs.spool import Spool
from remnant.wording import pacs as words

POLL_S: Final = 0.1
FAULT_S: Final = 10.0


class Delivery:
    """Sends what waits in the outbox, study after study.

    Parameters
    ----------
    spool, queue
        Where the results are.
    settings
        To whom.
    log
        Told of studies by their pseudonyms.
    """

    def __init__(
        self, spool: Spool, queue: StudyQueue, settings: SendingSettings, log: NodeLog
    ) -> None:
        self.spool, self.queue, self.settings, self.log = spool, queue, settings, log
        self.tally: Counter[str] = Counter()
        self._unreached, self._not_before = 0, 0.0
        self._stop = threading.Event()

    def run(self) -> None:
        """Send until told to stop."""
        while not self._stop.is_set():
            try:
                if self.deliver_due():
                    continue
            except Exception as fault:  # noqa: BLE001  (whatever it is, sending goes on)
                self.log.write("fault", kind=type(fault).__name__)
                self._stop.wait(FAULT_S)
                with suppress(DatabaseError):
                    self.queue.doubt(time.time() + self.settings.settle_s)
            self._stop.wait(POLL_S)

    def stop(self) -> None:
        """Send what is on its way, and no more."""
        self._stop.set()

    def deliver_due(self) -> bool:
        """Send what is due of one study; return whether anything was."""
        if time.monotonic() < self._not_before:
            return False
        items = self.queue.outgoing(time.time())
        heads = {item: head for item in items if (head := self._head(item)) is not None}
        if not heads:
            return bool(items)
        try:
            with open_channel(self.settings, heads.values()) as channel:
                self._unreached = 0
                for item, head in heads.items():
                    if not self._stop.is_set():
                        self._deliver(channel, item, head)
        except UnreachableError:
            self._unreached += 1
            self.log.write("target_unreachable", tries=self._unreached)
            self._not_before = time.monotonic() + self.settings.wait_s(self._unreached)
        return True

    def _head(self, item: Outgoing) -> Head | None:
        try:
            return read_head(self.spool.outbox / item.name)
        except (UnreadableFileError, OSError):
            self.queue.settled(item, time.time(), refused=words.UNREADABLE)
            return None

    def _deliver(self, channel: Channel, item: Outgoing, head: Head) -> None:
        if item.is_unsure and channel.holds(head):
            self.tally["found_at_target"] += 1
            self._arrived(item)
            return
        self.queue.begin(item.sop_uid)
        try:
            sent = channel.store(self.spool.outbox / item.name, head)
        except UnreachableError:
            self.queue.postpone(item.sop_uid, 0.0, unsure=item.is_unsure)
            raise
        if sent.kind is SentKind.STORED:
            self.tally["sent"] += 1
            self._arrived(item)
            return
        self.log.write("not_sent", study=item.key, why=sent.reason, attempt=item.attempts + 1)
        unsure = sent.kind is SentKind.UNSURE
        self.tally["unsure" if unsure else "refused"] += 1
        if not unsure and item.attempts + 1 >= self.settings.most_refusals:
            state = self.queue.settled(item, time.time(), refused=sent.reason)
            self.log.write("study", study=item.key, state=state)
            return
        wait = self.settings.wait_s(item.attempts + 1)
        due = time.time() + (max(wait, self.settings.settle_s) if unsure else wait)
        self.queue.postpone(item.sop_uid, due, unsure=unsure, reason=sent.reason)

    def _arrived(self, item: Outgoing) -> None:
        state = self.queue.settled(item, time.time())
        (self.spool.outbox / item.name).unlink(missing_ok=True)
        self.log.write("sent", study=item.key, state=state)
