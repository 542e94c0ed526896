"""Where fetched files are kept, and how they are told apart from damaged ones."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from remnant.core.errors import InputError

CACHE_VARIABLE = "REMNANT_CACHE"


def cache_folder() -> Path:
    """Return the folder for fetched files, made when absent.

    ``REMNANT_CACHE`` where it is set, otherwise the user's cache folder of the platform.

    Raises
    ------
    InputError
        The folder cannot be made.
    """
    chosen = os.environ.get(CACHE_VARIABLE)
    default = platformdirs.user_cache_path("remnant", appauthor=False)
    folder = Path(chosen).expanduser() if chosen else default
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise InputError(
            f"the cache folder {folder} cannot be made ({fault.strerror or fault}); set "
            f"{CACHE_VARIABLE} to a folder that can be written"
        ) from fault
    return folder


def digest_file(path: Path) -> str:
    """Return the sha256 of a file as 64 lower-case hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Give a temporary folder inside the cache, so that a rename out of it is atomic."""
    folder = Path(tempfile.mkdtemp(prefix="incoming-", dir=cache_folder()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def keep(path: Path, destination: Path) -> Path:
    """Move a verified file from a scratch folder to its place in one step."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    return path.replace(destination)
