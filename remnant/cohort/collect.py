"""Tables from case folders that are there already, whoever ran the cases."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from remnant.cohort.layout import CASES, COHORT_JSON, OUTCOME_JSON
from remnant.cohort.outcome_document import OUTCOME
from remnant.cohort.outcomes import CaseOutcome, CaseStatus
from remnant.cohort.plain_errors import without_paths
from remnant.cohort.rows import TIME_POINT, Rows, rows_of
from remnant.cohort.store import Store
from remnant.cohort.table_files import part_files, table_parts
from remnant.cohort.tables import CARRIED, CASES_TABLE
from remnant.core.case import CaseReport
from remnant.core.errors import InputError, RemnantError
from remnant.core.progress import Progress, silent
from remnant.pipeline.case_files import REPORT_JSON, is_case
from remnant.pipeline.folder import read_measured
from remnant.pipeline.gates import failed_gates
from remnant.pipeline.publishing import PENDING
from remnant.pipeline.timing import READ

COLLECTING: Final = "collecting"
Cells = Mapping[str, str]
NOTHING: Final[Cells] = {}


def collect(
    folder: Path,
    output: Path | None = None,
    *,
    cells: Mapping[str, Cells] | None = None,
    progress: Progress = silent,
) -> Mapping[CaseStatus, int]:
    """Put the cases of a folder into tables, in the place of what these hold of them.

    One case is in memory at a time. A case without ``outcome.json`` is done as its report says; one
    that cannot be read becomes a row with the error.

    Parameters
    ----------
    folder
        A cohort's, or any that holds folders of cases.
    output
        Where ``tables/`` are written; the same folder where not given.
    cells
        Rows of the manifest by case. What the tables already hold of these (subject, time point,
        ``x_…``) is kept for cases without.
    progress
        Told of each case.

    Returns
    -------
    Mapping
        How many cases were collected, by how they ended.

    Raises
    ------
    InputError
        There is no case in the folder, or the tables cannot be written.
    """
    found = case_folders(folder)
    cohort = output or folder
    given = cells or {}
    ended: Counter[CaseStatus] = Counter()
    with Store(cohort) as store:
        known = known_cells(cohort)
        for done, place in enumerate(found):
            progress(COLLECTING, done, len(found))
            outcome, report = read_outcome(place)
            rows = rows_of(outcome, given.get(outcome.case, NOTHING), report)
            kept = {} if outcome.case in given else known.get(outcome.case, {})
            store.add(outcome, with_cells(rows, kept))
            ended[outcome.status] += 1
    progress(COLLECTING, len(found), len(found))
    return ended


def case_folders(folder: Path) -> tuple[Path, ...]:
    """Return the folders of cases in a cohort's folder, or in any other, by name.

    Raises
    ------
    InputError
        There are none.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; name a cohort's folder, or one of case folders")
    inner = folder / CASES
    place = inner if inner.is_dir() or (folder / COHORT_JSON).is_file() else folder
    found = tuple(sorted(_cases(place))) if place.is_dir() else ()
    if not found:
        raise InputError(
            f"{place} holds no folder of a case ({REPORT_JSON} or {OUTCOME_JSON}); run "
            f"`remnant run` or `remnant cohort run` first"
        )
    return found


def read_outcome(folder: Path) -> tuple[CaseOutcome, CaseReport | None]:
    """Return what became of a case, and its report where it has one.

    A case whose files cannot be read has failed: nothing is raised.
    """
    outcome = CaseOutcome(case=folder.name, key="", status=CaseStatus.DONE)
    try:
        known = _written(folder)
        outcome = known or outcome
        if not outcome.status.has_report:
            return outcome, None
        report = read_measured(folder)
    except (RemnantError, OSError) as fault:
        return _broken(outcome, fault, folder), None
    return known or _as_reported(outcome, report), report


def known_cells(cohort: Path) -> dict[str, dict[str, object]]:
    """Return what the tables hold of the manifest, by case; empty without tables."""
    if not part_files(cohort, CASES_TABLE.name):
        return {}
    kept = {}
    for part in table_parts(cohort, CASES_TABLE.name):
        names = [name for name in part.column_names if _of_manifest(name)]
        for row in part.select(["case", *names]).to_pylist():
            case = row.pop("case")
            kept[case] = {name: cell for name, cell in row.items() if cell is not None}
    return {case: cells for case, cells in kept.items() if cells}


def with_cells(rows: Rows, known: Mapping[str, object]) -> Rows:
    """Return rows of a case with what was known of the manifest, where they say nothing."""
    (row,) = rows[CASES_TABLE.name]
    said = {name: cell for name, cell in row.items() if cell is not None}
    return {**rows, CASES_TABLE.name: ({**row, **known, **said},)}


def _of_manifest(name: str) -> bool:
    return name in {"subject", TIME_POINT} or name.startswith(CARRIED)


def _cases(place: Path) -> Iterator[Path]:
    for folder in place.iterdir():
        hidden = folder.name.startswith(".")
        if folder.is_dir() and not hidden and _is_one(folder):
            yield folder


def _is_one(folder: Path) -> bool:
    names = (OUTCOME_JSON, REPORT_JSON, PENDING)
    return any((folder / name).exists() for name in names) or is_case(folder)


def _written(folder: Path) -> CaseOutcome | None:
    path = folder / OUTCOME_JSON
    return replace(OUTCOME.read(path), case=folder.name) if path.is_file() else None


def _as_reported(outcome: CaseOutcome, report: CaseReport) -> CaseOutcome:
    return replace(
        outcome,
        status=CaseStatus.UNUSABLE if failed_gates(report) else CaseStatus.DONE,
        seconds=report.provenance.seconds,
        finished_utc=report.provenance.created_utc,
    )


def _broken(outcome: CaseOutcome, fault: Exception, folder: Path) -> CaseOutcome:
    words = str(fault).replace(str(folder), outcome.case)
    return replace(
        outcome,
        status=CaseStatus.FAILED,
        stage=READ,
        error_kind=type(fault).__name__,
        error=without_paths(words, {}),
    )
