"""Comparisons of two cases of one patient, kept beside the cohort's cases.

They are made again only where a report, the request or the software is another one.
"""

import hashlib
import re
from pathlib import Path
from typing import Final

from remnant.core.comparison import ComparisonReport
from remnant.core.errors import InputError
from remnant.documents.comparison_document import COMPARISON
from remnant.pipeline.comparison import (
    COMPARISON_JSON,
    CompareRequest,
    is_comparison_of,
)

FOLLOWUP: Final = "followup"
"""In a cohort's folder: holds a folder for each patient, and in it one for each two cases."""
PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
DIGITS: Final = 16


def pair_folder(cohort: Path, subject: str, before: str, after: str) -> Path:
    """Return the folder of the comparison of two cases of a patient."""
    return cohort / FOLLOWUP / _name(subject) / _name(before) / _name(after)


def stored_comparison(request: CompareRequest, folder: Path) -> ComparisonReport | None:
    """Return the comparison that a folder holds.

    ``None`` where it holds none, or one that cannot be read or is not what is asked for.

    Raises
    ------
    UnreadableFileError
        A case was not measured.
    """
    if not (folder / COMPARISON_JSON).is_file():
        return None
    try:
        report = COMPARISON.read(folder / COMPARISON_JSON)
    except InputError:
        return None  # of another version, or damaged: it is made anew
    return report if is_comparison_of(report, request) else None


def _name(text: str) -> str:
    """Return a name of a folder: the text itself where it can be one."""
    if PLAIN.fullmatch(text):
        return text
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
