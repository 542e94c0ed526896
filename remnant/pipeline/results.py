"""A folder of results whose files appear together, or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from remnant.core.errors import InputError


def require_results_folder(folder: Path, files: Sequence[str]) -> None:
    """Raise unless results can be written to ``folder``; called before the work, not after.

    Raises
    ------
    InputError
        The path is a file, cannot be written, or is a folder that holds other files.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"output {folder} is a file; name a new folder")
    require_writable(folder)
    there = folder.iterdir() if folder.is_dir() else ()
    strangers = sorted(path.name for path in there if path.name not in files)
    if strangers:
        raise InputError(
            f"output folder {folder} holds other files ({strangers[0]}, …); name a new folder"
        )


def require_writable(folder: Path) -> None:
    """Raise unless ``folder``, or the nearest folder above it that exists, can be written to.

    Raises
    ------
    InputError
        It cannot.
    """
    above = next(p for p in folder.absolute().parents if p.exists())
    if not above.is_dir() or not os.access(folder if folder.is_dir() else above, os.W_OK):
        raise InputError(f"output {folder} cannot be written below {above}; name another folder")


@contextmanager
def published_results(folder: Path, files: Sequence[str]) -> Iterator[Path]:
    """Give a staging folder whose files appear in ``folder`` together, or not at all.

    Parameters
    ----------
    folder
        New, or one that holds nothing but ``files`` of an earlier run, which are replaced.
    files
        Names that may be written.

    Raises
    ------
    InputError
        The folder cannot be written.
    """
    folder = folder.resolve()
    require_results_folder(folder, files)
    with staged_beside(folder) as staging:
        fresh = staging / "new"
        fresh.mkdir()
        yield fresh
        # the old folder is deleted: nothing that came meanwhile may go with it
        require_results_folder(folder, files)
        _swap(fresh, folder, staging / "old")


@contextmanager
def staged_beside(folder: Path) -> Iterator[Path]:
    """Give a hidden folder beside ``folder``, on the same disk, that is gone in the end.

    Raises
    ------
    InputError
        Something could not be written, in the block or before it.
    """
    parent = folder.absolute().parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=parent))
    except OSError as fault:
        raise InputError(f"{folder} cannot be written: {fault.strerror or fault}") from fault
    try:
        yield staging
    except OSError as fault:
        raise InputError(f"{folder} cannot be written: {fault.strerror or fault}") from fault
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _swap(fresh: Path, folder: Path, old: Path) -> None:
    """Put the new folder in the old one's place; on failure the old one returns."""
    if folder.exists():
        folder.rename(old)
    try:
        fresh.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
