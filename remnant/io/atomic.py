"""Files that are either the old one or the whole new one, and their digests."""

import hashlib
import os
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from remnant.core.errors import InputError
from remnant.io.faults import require_file

DIGEST_THREADS = 4


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a temporary name beside ``path``; rename it to ``path`` when the block succeeds.

    The temporary name ends as ``path`` does, since writers go by the suffix. It is written to disk
    before the rename, and removed when the block fails; ``path`` itself is then as it was.

    Raises
    ------
    InputError
        The folder does not exist or cannot be written, or the block wrote no file.
    """
    if not path.parent.is_dir():
        raise InputError(f"{path} cannot be written: the folder {path.parent} does not exist")
    temporary = path.with_name(f".{secrets.token_hex(4)}.{path.name}")
    try:
        yield temporary
        _publish(temporary, path)
    except OSError as fault:
        raise InputError(f"{path} cannot be written: {fault.strerror or fault}") from fault
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8 with plain line ends: all of it or nothing, see `atomic_path`."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def _publish(temporary: Path, path: Path) -> None:
    with temporary.open("rb+") as stream:
        os.fsync(stream.fileno())
    temporary.replace(path)
    # the folder's own entry; not every system lets a folder be opened
    with suppress(OSError):
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def digest_file(path: Path) -> str:
    """Return the sha256 of a file's content as 64 hexadecimal digits.

    Raises
    ------
    UnreadableFileError
        The file is missing, empty or no file.
    """
    require_file(path)
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest_files(paths: tuple[Path, ...]) -> str:
    """Return one sha256 for several files: of their sorted digests, so names do not matter."""
    with ThreadPoolExecutor(DIGEST_THREADS) as pool:
        digests = sorted(pool.map(digest_file, paths))
    return hashlib.sha256("\n".join(digests).encode("ascii")).hexdigest()
