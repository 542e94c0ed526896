"""Small files from outside, read whole but never more of them than is sensible."""

from pathlib import Path

from remnant.core.errors import UnreadableFileError


def read_bounded(path: Path, *, most_bytes: int, what: str) -> bytes:
    """Return a file's content; ``what`` names what it is meant to be.

    Raises
    ------
    UnreadableFileError
        The file cannot be opened, or is larger than ``most_bytes``.
    """
    try:
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except OSError as error:
        raise UnreadableFileError(f"cannot read {path.name}: {error.strerror}") from error
    if len(content) > most_bytes:
        small = most_bytes < 1024**2
        limit = f"{most_bytes // 1024} KiB" if small else f"{most_bytes // 1024**2} MiB"
        raise UnreadableFileError(f"{path.name} is larger than {limit}: not a {what}")
    return content
