"""``remnant cohort scan``: a folder of studies as a manifest."""

from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from remnant.cli.options import Output
from remnant.cli.outcome import Outcome, told_outcome
from remnant.cli.progress import shown_progress
from remnant.core.errors import InputError

if TYPE_CHECKING:
    from remnant.cohort.scanning import ScannedFolder

EXAMPLES = (
    "remnant cohort scan STUDIES -o cohort.csv",
    "remnant cohort scan BIDS -o cohort.parquet",
)
INDENT = "  "
MARK = "×"
NAMES_STAND = "Names of cases stand in tables and reports: change those that name a person."
WIDTH = 79


def scan_command(
    folder: Path,
    *,
    output: Output,
    overwrite: Annotated[bool, Parameter(negative="")] = False,
) -> Outcome:
    """Write a manifest of the studies below a folder, to be looked at and filled in.

    Takes DICOM trees, BIDS-like layouts and plain folders. What a mask holds is told by its name or
    by the names of its segments; what is not certain is listed and left to you.

    Parameters
    ----------
    folder
        Folder with studies.
    output
        Manifest to write: CSV, or Parquet by its suffix.
    overwrite
        Replace a manifest that is there.
    """
    from remnant.cohort.manifest import write_manifest
    from remnant.cohort.scanning import TO_FILL_IN, scan_folder

    if output.exists() and not overwrite:
        raise InputError(f"{output} is there already; name another file, or add --overwrite")
    with shown_progress() as progress:
        found = scan_folder(folder, progress=progress)
    if not found.rows:
        _print_doubts(found)
        raise InputError(f"no study was found below {folder}")
    write_manifest(found.rows, output, columns=TO_FILL_IN)
    _print_found(found, output)
    return told_outcome(_document(found, output))


def _print_found(found: "ScannedFolder", output: Path) -> None:
    cases = "1 case is" if len(found.rows) == 1 else f"{len(found.rows)} cases are"
    print(f"{cases} in {output}.")
    columns = {"study": "with a scan", "liver": "with a liver", "lesions": "with lesions",
               "couinaud": "with segments", "patient": "with a patient"}  # fmt: skip
    for column, words in columns.items():
        count = sum(column in row.cells for row in found.rows)
        if count:
            print(f"{INDENT}{count:>7} {words}")
    _print_doubts(found)
    print(fill(NAMES_STAND, WIDTH))
    print(f"Next: remnant cohort run {output} -o COHORT")


def _print_doubts(found: "ScannedFolder") -> None:
    from remnant.wording.scan_doubts import DOUBT_WORDS

    if found.doubted:
        print("Not taken:")
    for one in found.doubted:
        print(
            fill(
                f"{one.count} {MARK} {DOUBT_WORDS[one.doubt]}",
                WIDTH,
                initial_indent=INDENT,
                subsequent_indent=2 * INDENT,
            )
        )
        names = [*one.first, *(["…"] if one.count > len(one.first) else [])]
        print("\n".join(f"{2 * INDENT}{name}" for name in names))


def _document(found: "ScannedFolder", output: Path) -> dict[str, object]:
    return {
        "manifest": str(output),
        "cases": len(found.rows),
        "not_taken": [
            {"why": one.doubt.value, "count": one.count, "first": list(one.first)}
            for one in found.doubted
        ],
    }
