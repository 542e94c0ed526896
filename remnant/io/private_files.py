"""Files and folders that nobody but their owner can read, from the moment that they are there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

FOLDER_MODE: Final = 0o700
FILE_MODE: Final = 0o600


def private_folder(path: Path) -> Path:
    """Make a folder that its owner alone can enter, and return it; an earlier one is closed.

    Raises
    ------
    OSError
        It cannot be made, or is another's.
    """
    path.mkdir(mode=FOLDER_MODE, exist_ok=True)
    # a umask may have taken bits from the owner, and an earlier folder may have more
    path.chmod(FOLDER_MODE)
    return path


@contextmanager
def private_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a new file that its owner alone can read; it is on disk when the block ends.

    Raises
    ------
    OSError
        There is something of that name, or it cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, FILE_MODE), "wb") as file:
        path.chmod(FILE_MODE)
        yield file
        file.flush()
        os.fsync(file.fileno())


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that its owner alone can read, see `private_file`."""
    with private_file(path) as file:
        file.write(content)
