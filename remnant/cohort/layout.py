"""Names in a cohort's folder."""

from pathlib import Path
from typing import Final

from remnant.pipeline import case_files

COHORT_JSON: Final = "cohort.json"
"""Schema version and what the cohort was run with; it says that a folder is a cohort's."""
CASES: Final = "cases"
"""Holds one folder for each case, as ``remnant run`` writes it."""
TABLES: Final = "tables"
"""Holds a folder of Parquet files for each table."""
SUMMARY: Final = "summary"
"""Holds ``index.html`` and its pictures."""
OUTCOME_JSON: Final = case_files.OUTCOME_JSON
"""In a case's folder: what became of it, and under which key."""
RUNNING: Final = "running"
"""Holds a small file for each case that a worker is at, and is empty when nothing runs."""


def case_folder(cohort: Path, case: str) -> Path:
    """Return the folder of a case."""
    return cohort / CASES / case
