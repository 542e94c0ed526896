"""Comparisons of two cases of one patient, kept beside the cohort's cases.

They are made again only where a report, the request or the software is another one.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from remnant.core.comparison import ComparisonReport
from remnant.core.errors import InputError, UnreadableFileError
from remnant.documents.comparison_document import COMPARISON
from remnant.pipeline.comparison import (
    COMPARISON_JSON,
    CompareRequest,
    compare_cases,
    is_comparison_of,
    write_comparison,
)

FOLLOWUP: Final = "followup"
"""In a cohort's folder: holds a folder for each patient, and in it one for each two cases."""
PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
DIGITS: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A comparison, and whether it was there already."""

    report: ComparisonReport
    reused: bool


def pair_folder(cohort: Path, subject: str, before: str, after: str) -> Path:
    """Return the folder of the comparison of two cases of a patient."""
    return cohort / FOLLOWUP / _name(subject) / _name(before) / _name(after)


def compared(request: CompareRequest, folder: Path) -> Compared:
    """Compare two cases, or take up what was stored of them in a folder.

    Raises
    ------
    InputError, UnreadableFileError
        They cannot be compared, or the folder cannot be written.
    """
    stored = _stored(request, folder)
    if stored is not None:
        return Compared(report=stored, reused=True)
    report = compare_cases(request)
    write_comparison(report, folder)
    return Compared(report=report, reused=False)


def _stored(request: CompareRequest, folder: Path) -> ComparisonReport | None:
    """Return the comparison in a folder; ``None`` where there is none or it is not that one."""
    if not (folder / COMPARISON_JSON).is_file():
        return None
    try:
        report = COMPARISON.read(folder / COMPARISON_JSON)
    except (InputError, UnreadableFileError):
        return None  # of another version, or damaged: it is made anew
    return report if is_comparison_of(report, request) else None


def _name(text: str) -> str:
    """Return a name of a folder: the text itself where it can be one."""
    if PLAIN.fullmatch(text):
        return text
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]
