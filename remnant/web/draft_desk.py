"""The drafts that are open in this server: few in memory, all on disk beside their cases."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from remnant.pipeline.drafts.draft import Draft, begun, held_draft, require_draft
from remnant.pipeline.drafts.faults import CaseChangedError, NoDraftError
from remnant.pipeline.drafts.scratch import Scratch

MOST_BYTES: Final = 400 * 1024 * 1024
"""Of the maps of drafts that are kept in memory; one is always kept, the others are read from disk
when they go on."""


@dataclass(slots=True, eq=False)
class Desk:
    """The drafts of a server; one thread at a time works on a case's."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _locks: dict[Path, threading.RLock] = field(default_factory=dict)
    _open: OrderedDict[Path, Draft] = field(default_factory=OrderedDict)
    _committing: set[Path] = field(default_factory=set)

    @contextmanager
    def committing(self, folder: Path) -> Iterator[None]:
        """Let no thread draw on a case's draft while it is committed, and none wait for that."""
        with self.alone(folder):
            self.forget(folder)
            self._committing.add(folder)
        try:
            yield
        finally:
            self._committing.discard(folder)

    def is_committing(self, folder: Path) -> bool:
        """Tell whether a case's draft is committed now."""
        return folder in self._committing

    @contextmanager
    def alone(self, folder: Path) -> Iterator[None]:
        """Keep other threads from a case's draft."""
        with self._lock:
            lock = self._locks.setdefault(folder, threading.RLock())
        with lock:
            yield

    def begin(self, folder: Path, by: str, *, take_over: bool) -> Draft:
        """Begin a draft, or go on with one; see `remnant.pipeline.drafts.draft.begun`."""
        with self.alone(folder):
            self._require_open(folder)
            self.forget(folder)
            return self._keep(folder, begun(folder, by, take_over=take_over))

    def get(self, folder: Path, name: str) -> Draft:
        """Return the draft of a name, which the caller keeps other threads from.

        Raises
        ------
        NoDraftError
            It is not open any more.
        CaseChangedError
            The case was changed since it was begun.
        """
        self._require_open(folder)
        return require_draft(self.of(folder), name)

    def of(self, folder: Path) -> Draft | None:
        """Return the draft of a case, read from disk if need be; ``None`` where it has none."""
        head = held_draft(folder)
        if head is None:
            self.forget(folder)
            return None
        with self._lock:
            known = self._open.get(folder)
        if known is not None and known.head == head:
            return self._keep(folder, known)
        return self._keep(folder, begun(folder, head.by))

    def drop(self, folder: Path, name: str) -> None:
        """Remove a draft by its name, whatever became of its case.

        Raises
        ------
        NoDraftError
            It is not open any more.
        """
        self._require_open(folder)
        head = held_draft(folder)
        if head is None or head.draft != name:
            raise NoDraftError("this draft is not open any more")
        Scratch(folder).drop()
        self.forget(folder)

    def forget(self, folder: Path) -> None:
        """Forget what is in memory of a case's draft."""
        with self._lock:
            self._open.pop(folder, None)

    def _bytes(self) -> int:
        maps = (codes for draft in self._open.values() for codes in draft.sheet.maps.values())
        return sum(codes.nbytes for codes in maps)

    def _require_open(self, folder: Path) -> None:
        if self.is_committing(folder):
            raise CaseChangedError("the draft is being committed; wait for the new version")

    def _keep(self, folder: Path, draft: Draft) -> Draft:
        with self._lock:
            self._open[folder] = draft
            self._open.move_to_end(folder)
            while len(self._open) > 1 and self._bytes() > MOST_BYTES:
                self._open.popitem(last=False)
        return draft
