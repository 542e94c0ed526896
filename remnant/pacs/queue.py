"""What a listener has taken, worked off and sent: on disk, so that no kill loses or repeats it.

A study goes ``receiving`` → ``working`` → ``sending`` → ``done``, or is parked as ``failed``;
objects that arrive later take it back to ``receiving``, for a further revision. A result goes
``waiting`` → ``sending`` → ``sent``. What was ``sending`` when the program died is ``unsure``:
nobody knows whether it arrived, so that the target is asked before it is sent again.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from remnant.core.errors import UnreadableFileError

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS studies (
    key TEXT PRIMARY KEY, state TEXT NOT NULL, due REAL NOT NULL,
    arrivals INTEGER NOT NULL, worked INTEGER NOT NULL DEFAULT 0,
    revision INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '', changed REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS instances (
    sop_uid TEXT PRIMARY KEY, key TEXT NOT NULL, name TEXT NOT NULL, sha256 TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS instances_of ON instances (key);
CREATE TABLE IF NOT EXISTS outbox (
    sop_uid TEXT PRIMARY KEY, key TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS outbox_of ON outbox (key, state);
"""
BUSY_S: Final = 30.0


class StudyState(StrEnum):
    """How far a study is."""

    RECEIVING = "receiving"
    WORKING = "working"
    SENDING = "sending"
    DONE = "done"
    FAILED = "failed"


class SendState(StrEnum):
    """How far a result is on its way."""

    WAITING = "waiting"
    SENDING = "sending"
    UNSURE = "unsure"
    SENT = "sent"
    REFUSED = "refused"


class Receipt(StrEnum):
    """What became of an object that arrived."""

    NEW = "new"
    SAME = "same"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An object that arrived.

    Parameters
    ----------
    key
        Pseudonym of its study.
    sop_uid
        Its identifier.
    name
        Its file in the study's folder.
    sha256
        Digest of that file.
    """

    key: str
    sop_uid: str = field(repr=False)
    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A study that somebody works on.

    Parameters
    ----------
    key
        Its pseudonym.
    revision
        From 1; one more each time that objects came after it was worked on.
    attempt
        From 1, of this revision.
    arrivals
        How many objects it had when the work began.
    """

    key: str
    revision: int
    attempt: int
    arrivals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A result that is to be sent.

    Parameters
    ----------
    key
        Pseudonym of its study.
    sop_uid
        Its identifier.
    name
        Its file in the outbox.
    is_unsure
        It may have arrived already.
    attempts
        How often it was tried.
    """

    key: str
    sop_uid: str = field(repr=False)
    name: str
    is_unsure: bool
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyLine:
    """How a study stands, for people."""

    key: str
    state: StudyState
    objects: int
    revision: int
    attempts: int
    reason: str
    changed: float


class StudyQueue:
    """The queue in its file; to be used by many threads of one program.

    Parameters
    ----------
    path
        The file; made where it is absent.

    Raises
    ------
    UnreadableFileError
        It is no queue, or damaged, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        try:
            # its companions get the same rights
            path.touch(mode=0o600, exist_ok=True)
            # transactions are begun here, explicitly
            self._db = sqlite3.connect(
                path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
            )
            self._begun()
        except (OSError, sqlite3.Error) as fault:
            raise UnreadableFileError(
                f"{path} cannot be used as the queue of a listener ({fault}); check disk and "
                "rights, or move it away to begin with an empty one"
            ) from fault

    def _begun(self) -> None:
        try:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(SCHEMA)
        except sqlite3.Error:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def recover(self, now: float, *, settle_s: float) -> None:
        """Take up what was under way when the program ended, however it did.

        Parameters
        ----------
        now
            Seconds of the clock.
        settle_s
            Seconds for a target to finish what it may have got, before it is asked.
        """
        with self._change() as db:
            # an attempt that the end of this program ended was no attempt of the study
            db.execute(
                "UPDATE studies SET state = 'receiving', attempts = attempts - 1 "
                "WHERE state = 'working'"
            )
        self.doubt(now + settle_s)

    def doubt(self, due: float) -> None:
        """Take what was being sent as in doubt; the target is asked for it when it is due."""
        with self._change() as db:
            db.execute(
                "UPDATE outbox SET state = 'unsure', due = ? WHERE state = 'sending'", (due,)
            )

    def receive(
        self, arrival: Arrival, *, now: float, due: float, place: Callable[[], None]
    ) -> Receipt:
        """Take an object in; it is on disk for good when this returns.

        Parameters
        ----------
        arrival
            The object.
        now, due
            Seconds of the clock: of this moment, and when the study is complete.
        place
            Puts the file of a new object in its place.

        Returns
        -------
        Receipt
            ``SAME`` and ``DIFFERENT`` leave everything as it was.
        """
        with self._change() as db:
            known = db.execute(
                "SELECT sha256 FROM instances WHERE sop_uid = ?", (arrival.sop_uid,)
            ).fetchone()
            if known is not None:
                return Receipt.SAME if known[0] == arrival.sha256 else Receipt.DIFFERENT
            place()
            db.execute(
                "INSERT INTO instances VALUES (?, ?, ?, ?)",
                (arrival.sop_uid, arrival.key, arrival.name, arrival.sha256),
            )
            db.execute(
                "INSERT INTO studies (key, state, due, arrivals, changed) "
                "VALUES (:key, 'receiving', :due, 1, :now) ON CONFLICT (key) DO UPDATE SET "
                "arrivals = arrivals + 1, due = :due, changed = :now, "
                "reason = CASE WHEN state IN ('done', 'failed') THEN '' ELSE reason END, "
                "state = CASE WHEN state IN ('done', 'failed') THEN 'receiving' ELSE state END",
                {"key": arrival.key, "due": due, "now": now},
            )
        return Receipt.NEW

    def complete(self, keys: Iterable[str], now: float) -> None:
        """Take studies as complete now, as their sender has ended its association."""
        with self._change() as db:
            db.executemany(
                "UPDATE studies SET due = min(due, ?) WHERE key = ? AND worked < arrivals",
                [(now, key) for key in keys],
            )

    def claim(self, now: float) -> Work | None:
        """Begin with the study that waits longest; ``None`` where none is due."""
        with self._change() as db:
            # what was changed later than now was changed before the clock was set back
            row = db.execute(
                "SELECT key, revision, attempts, arrivals, worked FROM studies "
                "WHERE state = 'receiving' AND (due <= :now OR changed > :now) "
                "ORDER BY due LIMIT 1",
                {"now": now},
            ).fetchone()
            if row is None:
                return None
            key, revision, attempts, arrivals, worked = row
            fresh = arrivals != worked
            work = Work(
                key=key,
                revision=revision + 1 if fresh else revision,
                attempt=1 if fresh else attempts + 1,
                arrivals=arrivals,
            )
            db.execute(
                "UPDATE studies SET state = 'working', revision = ?, attempts = ?, worked = ?, "
                "changed = ? WHERE key = ?",
                (work.revision, work.attempt, arrivals, now, key),
            )
        return work

    def finish(self, work: Work, results: Iterable[tuple[str, str]], now: float) -> bool:
        """Note the results of a study, to be sent.

        Parameters
        ----------
        work
            What was claimed.
        results
            Identifier, and file in the outbox, of each. One that was sent before is not sent again.
        now
            Seconds of the clock.

        Returns
        -------
        bool
            Whether they count: not where further objects came meanwhile, which begin anew.
        """
        with self._change() as db:
            if self._has_more(db, work):
                self._to(db, work.key, StudyState.RECEIVING, now)
                return False
            db.executemany(
                "INSERT OR IGNORE INTO outbox (sop_uid, key, name, state) "
                "VALUES (?, ?, ?, 'waiting')",
                [(sop_uid, work.key, name) for sop_uid, name in results],
            )
            self._to(db, work.key, StudyState.SENDING, now)
            self._settle(db, work.key, now)
        return True

    def fail(self, work: Work, reason: str, now: float, *, retry_at: float | None) -> StudyState:
        """Note that a study could not be worked off.

        Parameters
        ----------
        work
            What was claimed.
        reason
            Why, without a word of whose it is.
        now
            Seconds of the clock.
        retry_at
            When it is tried again; ``None`` parks it.
        """
        with self._change() as db:
            if self._has_more(db, work):
                state = StudyState.RECEIVING
            elif retry_at is None:
                state = StudyState.FAILED
            else:
                state = StudyState.RECEIVING
                db.execute("UPDATE studies SET due = ? WHERE key = ?", (retry_at, work.key))
            self._to(db, work.key, state, now, reason)
        return state

    def give_back(self, work: Work, now: float) -> None:
        """Leave a study as if it had not been claimed: the program ends."""
        with self._change() as db:
            db.execute(
                "UPDATE studies SET state = 'receiving', attempts = attempts - 1, "
                "due = max(due, ?) WHERE key = ?",
                (now, work.key),
            )

    def outgoing(self, now: float) -> list[Outgoing]:
        """Return what is due of the study whose results wait longest."""
        with self._lock:
            rows = self._db.execute(
                "SELECT key, sop_uid, name, state = 'unsure', attempts FROM outbox "
                "WHERE state IN ('waiting', 'unsure') AND due <= ? AND key = ("
                "  SELECT key FROM outbox WHERE state IN ('waiting', 'unsure') AND due <= ?"
                "  ORDER BY due, rowid LIMIT 1) ORDER BY rowid",
                (now, now),
            ).fetchall()
        return [
            Outgoing(key=key, sop_uid=uid, name=name, is_unsure=bool(unsure), attempts=attempts)
            for key, uid, name, unsure, attempts in rows
        ]

    def begin(self, sop_uid: str) -> None:
        """Note that a result goes on its way now: from here on it may have arrived."""
        self._send_state(sop_uid, SendState.SENDING, attempted=1)

    def postpone(self, sop_uid: str, due: float, *, unsure: bool, reason: str = "") -> None:
        """Note that a result is to be tried later.

        Parameters
        ----------
        sop_uid
            Its identifier.
        due
            When.
        unsure
            It may have arrived.
        reason
            What went wrong.
        """
        state = SendState.UNSURE if unsure else SendState.WAITING
        self._send_state(sop_uid, state, due=due, reason=reason)

    def settled(self, item: Outgoing, now: float, *, refused: str = "") -> StudyState:
        """Note that a result has arrived, or is given up; return how its study stands.

        Parameters
        ----------
        item
            The result.
        now
            Seconds of the clock.
        refused
            Why it is given up; empty where it arrived.
        """
        state = SendState.REFUSED if refused else SendState.SENT
        with self._change() as db:
            db.execute(
                "UPDATE outbox SET state = ?, reason = ? WHERE sop_uid = ?",
                (state, refused, item.sop_uid),
            )
            return self._settle(db, item.key, now)

    def retry_failed(self, now: float) -> int:
        """Begin anew with what was parked; return how many studies."""
        with self._change() as db:
            db.execute(
                "UPDATE outbox SET state = 'waiting', attempts = 0, due = 0 WHERE state = 'refused'"
            )
            sending = db.execute(
                "UPDATE studies SET state = 'sending', reason = '' WHERE state = 'failed' "
                "AND key IN (SELECT key FROM outbox WHERE state = 'waiting')"
            ).rowcount
            working = db.execute(
                "UPDATE studies SET state = 'receiving', attempts = 0, due = ?, reason = '' "
                "WHERE state = 'failed'",
                (now,),
            ).rowcount
        return sending + working

    def forget(self, before: float) -> list[str]:
        """Drop the objects of studies that are done since; return their pseudonyms.

        What was sent stays known, so that it is not sent again.
        """
        with self._change() as db:
            rows = db.execute(
                "SELECT key FROM studies WHERE state = 'done' AND changed < ?",
                (before,),
            ).fetchall()
            db.executemany("DELETE FROM instances WHERE key = ?", rows)
            db.executemany("DELETE FROM studies WHERE key = ?", rows)
            db.executemany("DELETE FROM outbox WHERE key = ? AND state != 'sent'", rows)
        return [key for (key,) in rows]

    def lines(self) -> list[StudyLine]:
        """Return how every study stands, the last changed first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT key, state, arrivals, revision, attempts, reason, changed FROM studies "
                "ORDER BY changed DESC, key"
            ).fetchall()
        return [
            StudyLine(
                key=key, state=StudyState(state), objects=arrivals, revision=revision,
                attempts=attempts, reason=reason, changed=changed,
            )
            for key, state, arrivals, revision, attempts, reason, changed in rows
        ]  # fmt: skip

    def counts(self) -> dict[StudyState, int]:
        """Return how many studies stand how."""
        return {StudyState(k): n for k, n in self._counted("studies")}

    def send_counts(self) -> dict[SendState, int]:
        """Return how many results stand how."""
        return {SendState(k): n for k, n in self._counted("outbox")}

    def is_posted(self, sop_uid: str) -> bool:
        """Whether a result is in the outbox, or has been."""
        with self._lock:
            query = "SELECT 1 FROM outbox WHERE sop_uid = ?"
            return self._db.execute(query, (sop_uid,)).fetchone() is not None

    def files(self) -> dict[str, set[str]]:
        """Return the names of the files that were taken in, by study."""
        with self._lock:
            rows = self._db.execute("SELECT key, name FROM instances").fetchall()
        known: dict[str, set[str]] = {}
        for key, name in rows:
            known.setdefault(key, set()).add(name)
        return known

    def outbox_names(self) -> set[str]:
        """Return the names of the files that have yet to be sent, or could be."""
        with self._lock:
            rows = self._db.execute("SELECT name FROM outbox WHERE state != 'sent'").fetchall()
        return {name for (name,) in rows}

    def _counted(self, table: str) -> list[tuple[str, int]]:
        query = f"SELECT state, count(*) FROM {table} GROUP BY state"  # noqa: S608  (own names)
        with self._lock:
            return self._db.execute(query).fetchall()

    def _send_state(
        self, sop_uid: str, state: SendState, *, due: float = 0.0, reason: str = "",
        attempted: int = 0,
    ) -> None:  # fmt: skip
        with self._change() as db:
            db.execute(
                "UPDATE outbox SET state = ?, due = ?, reason = ?, attempts = attempts + ? "
                "WHERE sop_uid = ? AND state != 'sent'",
                (state, due, reason, attempted, sop_uid),
            )

    @staticmethod
    def _has_more(db: sqlite3.Connection, work: Work) -> bool:
        row = db.execute("SELECT arrivals FROM studies WHERE key = ?", (work.key,)).fetchone()
        return bool(row[0] > work.arrivals)

    @staticmethod
    def _to(
        db: sqlite3.Connection, key: str, state: StudyState, now: float, reason: str = ""
    ) -> None:
        db.execute(
            "UPDATE studies SET state = ?, changed = ?, reason = ? WHERE key = ?",
            (state, now, reason, key),
        )

    def _settle(self, db: sqlite3.Connection, key: str, now: float) -> StudyState:
        """Move a study on when nothing of it is to be sent any more."""
        row = db.execute(
            "SELECT state, arrivals > worked FROM studies WHERE key = ?", (key,)
        ).fetchone()
        state, more = StudyState(row[0]), bool(row[1])
        open_, refused = db.execute(
            "SELECT sum(state IN ('waiting', 'sending', 'unsure')), sum(state = 'refused') "
            "FROM outbox WHERE key = ?",
            (key,),
        ).fetchone()
        if state is not StudyState.SENDING or open_:
            return state
        reason = "send: the target refused a result" if refused and not more else ""
        state = StudyState.FAILED if reason else StudyState.DONE
        state = StudyState.RECEIVING if more else state
        self._to(db, key, state, now, reason)
        return state
