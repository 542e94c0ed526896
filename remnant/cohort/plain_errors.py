"""What went wrong with a case, in one line that names no file: names of files are of patients."""

import errno
import os
import re
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from remnant.cohort.outcomes import CaseStatus
from remnant.core.errors import (
    InconsistentPlanError,
    InputError,
    MissingMetadataError,
    ModelIntegrityError,
    ModelUnavailableError,
    SegmentationFailedError,
)

LONGEST_ERROR: Final = 400
SHORTEST_NAME: Final = 3
HIDDEN: Final = "<path>"
ABSOLUTE: Final = re.compile(r"(?<![\w<>/.])(?:[A-Za-z]:\\|~?/|\\\\)[^\s'\",;:()<>]+")
"""What is left of a path that nobody named: up to a space or the end of a clause."""
OF_THE_MACHINE: Final = frozenset(
    {
        errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM,
        errno.EIO, errno.ESTALE, errno.EHOSTDOWN, errno.ETIMEDOUT,
    }
)  # fmt: skip
"""Faults of disk, memory or network: they say nothing of the case."""
REFUSALS: Final = (InputError, MissingMetadataError, SegmentationFailedError)


def is_of_the_machine(error: BaseException) -> bool:
    """Tell whether an error is of the machine: a full disk, missing weights or the like."""
    if isinstance(error, MemoryError | ModelUnavailableError | ModelIntegrityError):
        return True
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in OF_THE_MACHINE:
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def status_of(error: Exception) -> CaseStatus:
    """Return how a case ended that raised an error.

    It is refused where the inputs are at fault, and failed where the program or the machine is.
    """
    of_case = isinstance(error, REFUSALS) and not isinstance(error, InconsistentPlanError)
    return CaseStatus.REFUSED if of_case and not is_of_the_machine(error) else CaseStatus.FAILED


def plain_error(error: Exception, row: Mapping[str, str], folder: str) -> str:
    """Return an error's text in one line without the paths of a case.

    A fault of the program is told with its place in the code.
    """
    told = str(error) or type(error).__name__
    if status_of(error) is CaseStatus.FAILED and not is_of_the_machine(error):
        frames = traceback.extract_tb(error.__traceback__)
        place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
        told = f"{told}{place}"
    # its name is the case's, no secret, and may be a word of the message
    return without_paths(told.replace(folder, "<case folder>"), row)


def without_paths(text: str, named: Mapping[str, str]) -> str:
    """Return a text in one line with ``<name>`` for each path of ``named``, and what lies there.

    >>> without_paths("/data/Doe/ct.nii is empty", {"study": "/data/Doe/ct.nii"})
    '<study> is empty'
    >>> without_paths("/data/Doe/a b is no file; see /etc/x", {"study": "/data/Doe"})
    '<study>/… b is no file; see <path>'
    """
    text = " ".join(text.split())
    paths = {
        spelt: name for name, value in named.items() for spelt in _spellings(value) if spelt in text
    }
    for spelt in sorted(paths, key=len, reverse=True):
        text = _replaced(text, spelt, f"<{paths[spelt]}>")
    text = re.sub(r">/[^\s'\",;:()<>]+", ">/…", text)
    return ABSOLUTE.sub(HIDDEN, text)[:LONGEST_ERROR]


def _replaced(text: str, spelt: str, shown: str) -> str:
    """Replace a path wherever it stands, and a bare name where it stands as a word."""
    if os.sep in spelt:
        return text.replace(spelt, shown)
    return re.sub(rf"(?<![\w<]){re.escape(spelt)}(?![\w>])", shown, text)


def _spellings(value: str) -> Iterator[str]:
    """Yield how messages may spell a path, and the files of a folder; nothing of what is none."""
    path = Path(value)
    if not path.is_absolute():
        return
    inside = path.rglob("*") if path.is_dir() else iter(())
    for one in (path, path.resolve(), *inside):
        yield str(one)
        if len(one.name) >= SHORTEST_NAME:
            yield one.name
