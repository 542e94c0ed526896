"""Parts of tables that a writer committed, and how they take their places.

A writer stages the parts that change and renames their folder; from then on they are committed.
Each then replaces the file of its name: whoever reads a table meanwhile finds each case once.
"""

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

import filelock

from remnant.cohort.layout import TABLES as TABLES_FOLDER
from remnant.cohort.tables import CASES_TABLE, TABLES
from remnant.core.errors import InputError

PENDING: Final = ".tables-pending"
"""Committed parts that have not all taken their places yet; beside the tables."""
LOCK: Final = ".tables.lock"
"""Held by who writes the tables."""
ORDER: Final = (*(name for name in TABLES if name != CASES_TABLE.name), CASES_TABLE.name)
"""In which tables take their places: a case is in ``cases`` once its other rows are there."""


def settle(cohort: Path) -> bool:
    """Let committed parts take the places that they have not taken yet; for the writer alone.

    Returns
    -------
    bool
        Whether there were any.

    Raises
    ------
    InputError
        They cannot; the next writer tries again.
    """
    pending = cohort / PENDING
    if not pending.is_dir():
        return False
    try:
        for name in ORDER:
            _take_places(pending / name, cohort / TABLES_FOLDER / name)
        shutil.rmtree(pending)
    except OSError as fault:
        raise InputError(
            f"{cohort} holds rows that have not all taken their places, and cannot be written: "
            f"{fault.strerror or fault}; mend that, and run the command again"
        ) from fault
    return True


def settle_if_free(cohort: Path) -> None:
    """Do the same before the tables are read, where no writer is at work and it can be done."""
    if not (cohort / PENDING).is_dir():
        return
    hindrances = (filelock.Timeout, OSError, NotImplementedError, InputError)
    with suppress(*hindrances), filelock.FileLock(cohort / LOCK, timeout=0):
        settle(cohort)


def _take_places(pending: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(pending.iterdir()) if pending.is_dir() else ():
        path.replace(folder / path.name)
