"""``outcome.json`` in a case's folder, and the files beside it that it speaks of."""

from contextlib import suppress
from pathlib import Path

from remnant.cohort.layout import OUTCOME_JSON
from remnant.cohort.outcome_document import OUTCOME
from remnant.cohort.outcomes import CaseOutcome
from remnant.core.errors import InputError
from remnant.io.atomic import digest_file
from remnant.pipeline.case_files import REPORT_HTML, REPORT_JSON, is_case


def write_outcome(outcome: CaseOutcome, folder: Path) -> None:
    """Write what became of a case into its folder, which is made where there is none.

    Raises
    ------
    InputError
        It cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise InputError(f"{folder} cannot be written: {fault.strerror or fault}") from fault
    OUTCOME.write(outcome, folder / OUTCOME_JSON)


def read_outcome(folder: Path) -> CaseOutcome | None:
    """Return what became of a case; ``None`` where nothing that can be read says so."""
    with suppress(InputError, OSError):
        return OUTCOME.read(folder / OUTCOME_JSON)
    return None


def has_files(folder: Path, *, page: bool) -> bool:
    """Tell whether a case's folder holds its maps and its report, and the page where asked for."""
    names = (REPORT_JSON, REPORT_HTML) if page else (REPORT_JSON,)
    return is_case(folder) and all((folder / name).is_file() for name in names)


def report_digest(folder: Path) -> str:
    """Return the digest of a case's report; empty without one."""
    path = folder / REPORT_JSON
    return digest_file(path) if path.is_file() else ""


def report_seen(folder: Path) -> str:
    """Return size and time of a case's report; empty without one."""
    with suppress(OSError):
        found = (folder / REPORT_JSON).stat()
        return f"{found.st_size} {found.st_mtime_ns}"
    return ""
