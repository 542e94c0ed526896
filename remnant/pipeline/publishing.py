"""Files that take their places in a folder together, whenever the process is killed.

The new files are staged in a hidden folder. It is then renamed into its place under one name, and
from that moment on the files are published: what a killed process left undone `settle` does, which
every command calls before it reads or writes there. Killed before that moment, it leaves the old
files, and the hidden folder to be swept away.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from remnant.core.errors import InputError, UnreadableFileError
from remnant.documents.json_files import read_json, write_json
from remnant.pipeline.timing import PUBLISH, STAGE_HEARD

if sys.platform != "win32":
    import fcntl

PENDING: Final = ".remnant-pending"
"""Published files that have not all taken their places yet."""
ORDER: Final = "order.json"
UNPUBLISHED: Final = ".unpublished"


@contextmanager
def staged_beside(folder: Path, *, place: Path | None = None) -> Iterator[Path]:
    """Give a hidden folder beside ``folder``, on the same disk, that is gone in the end.

    Those that killed processes left there are removed. Errors name the files as they would lie in
    ``place``, by default ``folder``.

    Raises
    ------
    InputError
        Something could not be written, in the block or before it.
    """
    parent = folder.absolute().parent
    STAGE_HEARD.get()(PUBLISH)
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with _alone(parent):  # else another process sweeps it away before it is marked
            _sweep(parent, folder.name)
            staging = Path(tempfile.mkdtemp(UNPUBLISHED, prefix=f".{folder.name}.", dir=parent))
            lock = _lock(staging)
    except OSError as fault:
        raise InputError(f"{folder} cannot be written: {fault.strerror or fault}") from fault
    try:
        yield staging
    except OSError as fault:
        raise InputError(f"{folder} cannot be written: {fault.strerror or fault}") from fault
    except InputError as fault:
        if f"{staging}" not in f"{fault}":
            raise
        raise InputError(f"{fault}".replace(f"{staging}", f"{place or folder}")) from fault
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _anyhow() -> None:
    """Let files be published whatever lies there."""


def publish(
    staging: Path, folder: Path, names: Sequence[str], *, require: Callable[[], None] = _anyhow
) -> None:
    """Put the staged files in the place of all files of ``names``, or make the folder of them.

    The hindmost of ``names`` are those made from the others: they go first and come last.
    ``require`` raises where what lies there by now must not be replaced; nothing comes between.
    """
    if not folder.exists():
        staging.chmod(0o777 & ~_umask())
        staging.rename(folder)
        return
    with _alone(folder):
        _settle(folder)
        require()
        _sweep(folder, "*")
        fresh = [name for name in listed(staging, names) if (staging / name).exists()]
        gone = [name for name in listed(folder, names[::-1]) if (folder / name).exists()]
        write_json({"gone": gone, "fresh": fresh}, staging / ORDER)
        staging.rename(folder / PENDING)
        _settle(folder)


def listed(folder: Path, names: Iterable[str]) -> list[str]:
    """Return those of ``names`` that a folder has, in their order.

    The folder is read once: a case may have thousands of names, and has a dozen files.
    """
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return [name for name in names if name in there]


def settle(folder: Path) -> None:
    """Let published files take the places that they have not taken yet.

    Raises
    ------
    InputError
        They cannot; the next command tries again.
    """
    if (folder / PENDING).is_dir():
        with _alone(folder):
            _settle(folder)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other process stages or places files in a folder, and keep others out."""
    opened = None
    if sys.platform != "win32":
        with suppress(OSError):  # not every disk has locks
            opened = os.open(folder, os.O_RDONLY)
            fcntl.flock(opened, fcntl.LOCK_EX)
    try:
        yield
    finally:
        if opened is not None:
            os.close(opened)


def _settle(folder: Path) -> None:
    pending = folder / PENDING
    if not pending.is_dir():
        return
    try:
        if (pending / ORDER).exists():
            _take_places(pending, folder)
        shutil.rmtree(pending)
    except OSError as fault:
        raise InputError(
            f"{folder} holds results whose files have not all taken their places, and cannot be "
            f"written: {fault.strerror or fault}; mend that, and run the command again"
        ) from fault


def _take_places(pending: Path, folder: Path) -> None:
    order = read_json(pending / ORDER, what="order of files to publish")
    gone, fresh = _names(order, "gone"), _names(order, "fresh")
    for name in gone:
        if name not in fresh or (pending / name).exists():
            _remove(folder / name)
    for name in fresh:
        if (pending / name).exists():
            (pending / name).replace(folder / name)


def _remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it; no harm where it is gone already."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _names(order: object, key: str) -> list[str]:
    """Return names in one folder; whoever wrote them, none leads out of it."""
    names = order.get(key) if isinstance(order, dict) else None
    if not isinstance(names, list) or not all(
        isinstance(name, str) and name not in ("", "..") and Path(name).name == name
        for name in names
    ):
        raise UnreadableFileError(
            f"{PENDING}/{ORDER} does not name files by {key!r}; delete the folder {PENDING}"
        )
    return names


def _sweep(parent: Path, name: str) -> None:
    """Remove staging folders whose process is gone."""
    if sys.platform == "win32":
        return
    for left in parent.glob(f".{name}.*{UNPUBLISHED}"):
        lock = _lock(left)
        if lock is not None:
            shutil.rmtree(left, ignore_errors=True)
            os.close(lock)


def _lock(folder: Path) -> int | None:
    """Mark a folder as that of a living process; ``None`` where it is another's, or not to be."""
    if sys.platform == "win32":
        return None
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(opened)
            raise
        return opened
    return None


def _umask() -> int:
    """Return the process's umask, which can be read only by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
