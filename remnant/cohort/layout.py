"""Names in a cohort's folder."""

from pathlib import Path
from typing import Final

COHORT_JSON: Final = "cohort.json"
"""Schema version and what the cohort was run with; it says that a folder is a cohort's."""
CASES: Final = "cases"
"""Holds one folder for each case, as ``remnant run`` writes it."""
TABLES: Final = "tables"
"""Holds a folder of Parquet files for each table."""
SUMMARY: Final = "summary"
"""Holds ``index.html`` and its pictures."""
OUTCOME_JSON: Final = "outcome.json"
"""In a case's folder: what became of it, and under which key."""


def case_folder(cohort: Path, case: str) -> Path:
    """Return the folder of a case."""
    return cohort / CASES / case
