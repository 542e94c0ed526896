"""The folder of a listener: objects as they came, cases, results on their way."""

import hashlib
import os
import shutil
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from remnant.core.errors import InputError
from remnant.io.private_files import private_file, private_folder
from remnant.pacs.queue import StudyQueue

QUEUE: Final = "queue.sqlite"
LOCK: Final = "listener.lock"
FOLDERS: Final = ("incoming", "studies", "cases", "outbox")
PRIVATE: Final = 0o077
NAME_DIGITS: Final = 40


class Spool:
    """A folder that only its owner reads: it holds identifiers, as DICOM does.

    Parameters
    ----------
    root
        The folder; made where it is absent.

    Raises
    ------
    InputError
        It cannot be made, or others can read it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self.root.stat().st_mode & PRIVATE:
                raise InputError(
                    f"{root} is open to others and would hold identifiers; chmod 700 {root}"
                )
            for name in FOLDERS:
                private_folder(self.root / name)
        except OSError as fault:
            raise InputError(
                f"the spool {root} cannot be made: {fault.strerror}; name a folder of your own"
            ) from fault

    @property
    def queue_path(self) -> Path:
        """The file of the queue."""
        return self.root / QUEUE

    @property
    def lock_path(self) -> Path:
        """The file that says that a listener runs."""
        return self.root / LOCK

    @property
    def incoming(self) -> Path:
        """Folder of objects that are being received."""
        return self.root / "incoming"

    @property
    def outbox(self) -> Path:
        """Folder of results that are to be sent."""
        return self.root / "outbox"

    def study(self, key: str) -> Path:
        """Return the folder of a study's objects."""
        return self.root / "studies" / key

    def case(self, key: str, revision: int) -> Path:
        """Return the folder of a study's case."""
        return self.root / "cases" / f"{key}-r{revision}"

    def place(self, file: Path, key: str, name: str) -> None:
        """Put a received file in its place, for good."""
        folder = self.study(key)
        if not folder.is_dir():
            private_folder(folder)
            sync_folder(folder.parent)
        file.replace(folder / name)
        sync_folder(folder)

    def post(self, file: Path, name: str) -> None:
        """Put a copy of a result into the outbox, whole and for good, or nothing.

        Raises
        ------
        OSError
            It cannot be read or written.
        """
        target = self.outbox / name
        temporary = target.with_name(f".{name}")
        temporary.unlink(missing_ok=True)
        try:
            with file.open("rb") as source, private_file(temporary) as copy:
                shutil.copyfileobj(source, copy)
            temporary.replace(target)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(self.outbox)

    def free_bytes(self) -> int:
        """Return what is free on the disk."""
        return shutil.disk_usage(self.root).free

    def tidy(self, queue: StudyQueue) -> None:
        """Remove what a killed listener left: what nobody was told has arrived, or is forgotten."""
        for file in self.incoming.iterdir():
            file.unlink(missing_ok=True)
        names = queue.outbox_names()
        for file in self.outbox.iterdir():
            if file.name not in names:
                file.unlink(missing_ok=True)
        self._tidy_studies(queue.files())

    def _tidy_studies(self, known: Mapping[str, Collection[str]]) -> None:
        for folder in (self.root / "studies").iterdir():
            for file in folder.iterdir():
                if file.name not in known.get(folder.name, ()):
                    file.unlink(missing_ok=True)
            if folder.name not in known:
                folder.rmdir()
        cases = {case.name.rpartition("-r")[0] for case in (self.root / "cases").iterdir()}
        for key in cases - known.keys():
            self.forget(key)

    def forget(self, key: str) -> None:
        """Remove the objects and cases of a study."""
        shutil.rmtree(self.study(key), ignore_errors=True)
        for case in (self.root / "cases").glob(f"{key}-r*"):
            if case.is_dir():
                shutil.rmtree(case, ignore_errors=True)
            else:
                case.unlink(missing_ok=True)


def name_of(sop_uid: str) -> str:
    """Return the file name of an object.

    >>> name_of("1.2.3") == name_of("1.2.3"), len(name_of("1.2.3"))
    (True, 44)
    """
    return hashlib.sha256(sop_uid.encode("ascii")).hexdigest()[:NAME_DIGITS] + ".dcm"


def sync_folder(folder: Path) -> None:
    """Write the entries of a folder to disk."""
    # not every system lets a folder be opened
    with suppress(PermissionError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sync_file(file: Path) -> str:
    """Write a file to disk; return its sha256."""
    with file.open("rb") as stream:
        os.fsync(stream.fileno())
        return hashlib.file_digest(stream, "sha256").hexdigest()
