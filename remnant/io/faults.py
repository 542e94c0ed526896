"""Turning what the file libraries raise into remnant's own errors."""

import logging
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from remnant.core.errors import RemnantError, UnreadableFileError

# nibabel's and pydicom's own errors derive from plain Exception, hence the look at the module below
FOREIGN_FAULTS = (
    OSError,
    ValueError,
    ArithmeticError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    RuntimeError,
    EOFError,
    BufferError,
    struct.error,
    zlib.error,
)
FOREIGN_MODULES = ("nibabel", "pydicom", "PIL", "SimpleITK", "imagecodecs", "igzip_lib")
NOISY_LOGGERS = ("pydicom", "nibabel.global")
LONGEST_QUOTE = 160


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the file libraries' warnings and logs, which may quote patient data, to themselves.

    Not for use inside worker threads: warning filters belong to the whole process.
    """
    loggers = [logging.getLogger(name) for name in NOISY_LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def reading(path: Path, *, what: str, quote: bool = True) -> Iterator[None]:
    """Raise every fault of a file library as an `UnreadableFileError` of one line.

    Parameters
    ----------
    path
        The file, named in the message.
    what
        What it should have been, e.g. ``a NIfTI file``.
    quote
        Whether the library's own words may be repeated; never for DICOM, whose values are personal.

    Raises
    ------
    UnreadableFileError
        The library failed. Errors of remnant pass unchanged.
    """
    try:
        yield
    except RemnantError:
        raise
    except MemoryError as fault:
        raise UnreadableFileError(
            f"{path} could not be read as {what}: it needs more memory than there is"
        ) from fault
    except Exception as fault:
        if not is_foreign(fault):
            raise
        words = f" ({_first_line(fault)})" if quote else ""
        raise UnreadableFileError(
            f"{path} could not be read as {what}{words}: it is truncated, damaged or of another "
            f"kind; copy or convert it again"
        ) from fault


def is_foreign(fault: Exception) -> bool:
    """Tell whether a file library may have raised this because of the file's content."""
    module = type(fault).__module__.partition(".")[0]
    return isinstance(fault, FOREIGN_FAULTS) or module in FOREIGN_MODULES


def require_there(path: Path) -> None:
    """Raise unless there is a file or folder at ``path``.

    Raises
    ------
    UnreadableFileError
        It is missing.
    """
    if not path.exists():
        raise UnreadableFileError(f"{path} does not exist; check the path")


def require_file(path: Path) -> None:
    """Raise unless ``path`` is an ordinary, non-empty file.

    Raises
    ------
    UnreadableFileError
        It is missing, a folder, a device, or holds nothing.
    """
    require_there(path)
    if not path.is_file():
        raise UnreadableFileError(f"{path} is not a file")
    if path.stat().st_size == 0:
        raise UnreadableFileError(f"{path} is empty")


def _first_line(fault: Exception) -> str:
    lines = [line.strip() for line in str(fault).splitlines() if line.strip()]
    # SimpleITK puts the place in its source first and the reason last
    words = lines[-1] if lines else type(fault).__name__
    return words[:LONGEST_QUOTE]
