"""``remnant cohort collect`` and ``remnant cohort export``: the tables of a cohort."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from remnant.cli.options import Output
from remnant.cli.outcome import Outcome, told_outcome
from remnant.cli.progress import shown_progress
from remnant.cohort.outcomes import CaseStatus
from remnant.cohort.packages import require_packages
from remnant.cohort.sheets import Sheets


def collect(folder: Path, /, *, output: Output | None = None) -> Outcome:
    """Make the tables from case folders that are there already.

    Cases that the tables hold already are replaced; those whose folders are gone stay in them.

    Parameters
    ----------
    folder
        Folder of a cohort, or any that holds folders of cases.
    output
        Folder to write tables/ to. Default: the same.
    """
    require_packages("pyarrow")
    from remnant.cohort.collect import collect as collected

    with shown_progress() as progress:
        ended = collected(folder, output, progress=progress)
    place = output or folder
    cases = sum(ended.values())
    print(f"{cases} {'case is' if cases == 1 else 'cases are'} in {place / 'tables'}")
    counts = {status.value: ended[status] for status in CaseStatus if status in ended}
    for status, count in counts.items():
        print(f"  {count} {status}")
    return told_outcome({"folder": str(place), "cases": cases, "ended": counts})


def export(
    folder: Path,
    /,
    *,
    to: Sheets,
    output: Output,
    table: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
) -> Outcome:
    """Write the tables of a cohort for spreadsheets.

    Parameters
    ----------
    folder
        Folder of the cohort.
    to
        csv (a folder of files) or xlsx (one file).
    output
        The folder, or the file.
    table
        Only this table; may be given several times. Default: all.
    """
    require_packages("pyarrow", "openpyxl")
    from remnant.cohort.export import export_tables

    with shown_progress() as progress:
        names = export_tables(folder, to, output, tables=table, progress=progress)
    print(f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} in {output}")
    return told_outcome({"output": str(output), "tables": list(names)})
