"""The library in two calls: one case, and a cohort.

Both take what a manifest's columns take, under the same names and with the same checks, and give
typed reports and data frames. Nothing here starts before it is called.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import isnan
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from remnant.core.case import CaseReport
from remnant.core.errors import InputError
from remnant.core.progress import Progress, silent
from remnant.core.showing import ShowsItself, html_of
from remnant.page import notebook  # noqa: F401  (teaches results to show themselves)

if TYPE_CHECKING:
    import pandas as pd
    from ipyniivue import NiiVue

    from remnant.cohort.manifest import ManifestRow
    from remnant.cohort.outcomes import CaseStatus
    from remnant.cohort.runner import CohortOptions

Cell = str | float | bool | PathLike[str]
"""What a column of a manifest may be given as; files and folders as paths or texts."""
AnyPath = str | PathLike[str]
API_CASE: Final = "case"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(ShowsItself):
    """One case that was run.

    Parameters
    ----------
    folder
        Holds the maps, ``report.json`` and the tables, as ``remnant run`` writes them.
    report
        All figures and findings; see `remnant.core.case.CaseReport`.
    notes
        What was taken up from an earlier run, or replaced.
    """

    folder: Path
    report: CaseReport
    notes: tuple[str, ...] = ()

    def frame(self, table: str) -> "pd.DataFrame":
        """Return the case's rows of one table of a cohort, such as ``lesions`` or ``plans``.

        Raises
        ------
        InputError
            There is no such table.
        """
        from remnant.cohort.outcomes import CaseOutcome, CaseStatus
        from remnant.cohort.packages import require_packages
        from remnant.cohort.rows import rows_of
        from remnant.cohort.table_files import arrow_rows, arrow_schema
        from remnant.cohort.tables import TABLES

        require_packages("pyarrow", "pandas")
        _require_table(table, TABLES)
        outcome = CaseOutcome(case=self.folder.name, key="", status=CaseStatus.DONE)
        rows = rows_of(outcome, {}, self.report)
        return arrow_rows(rows[table], arrow_schema(TABLES[table])).to_pandas()

    def viewer(self, scan: AnyPath | None = None) -> "NiiVue":
        """Return a widget that shows the case's maps in three planes and in 3-D.

        Parameters
        ----------
        scan
            NIfTI file that the case was made from; without it the maps lie on the case's preview,
            which is coarse.

        Raises
        ------
        InputError
            The extra ``notebook`` is not installed, or there is neither scan nor preview.
        """
        from remnant.page.notebook_viewer import viewer
        from remnant.pipeline.case_files import COUINAUD, LESIONS, PREVIEW

        image = self.folder / PREVIEW if scan is None else Path(scan)
        if not image.is_file():
            raise InputError(f"there is no image {image}; give the scan's NIfTI file")
        lesions, couinaud = (self.folder / name for name in (LESIONS, COUINAUD))
        return viewer(
            image,
            couinaud=couinaud if couinaud.is_file() else None,
            lesions=lesions if lesions.is_file() else None,
            lesion_ids=[lesion.id for lesion in self.report.volumetry.lesions],
        )


@html_of.register
def _of_case(case: Case) -> str | None:
    return html_of(case.report)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """The folder of a cohort, and what came of the last call.

    Parameters
    ----------
    folder
        Holds a folder for each case, and the tables.
    counts
        Cases by how they ended; empty where the cohort was only opened.
    """

    folder: Path
    counts: Mapping["CaseStatus", int]

    def frame(self, table: str) -> "pd.DataFrame":
        """Return a table of the cohort; ``remnant.cohort.tables`` says what its columns mean.

        Raises
        ------
        InputError
            There is no such table.
        """
        from remnant.cohort.packages import require_packages
        from remnant.cohort.table_files import read_table, table_names

        require_packages("pyarrow", "pandas")
        _require_table(table, table_names(self.folder))
        return read_table(self.folder, table).to_pandas()

    def report(self, case: str) -> CaseReport:
        """Return the report of one case.

        Raises
        ------
        UnreadableFileError
            It has none.
        """
        from remnant.cohort.layout import case_folder
        from remnant.pipeline.folder import read_measured

        return read_measured(case_folder(self.folder, case))

    def reports(self) -> Iterator[tuple[str, CaseReport]]:
        """Yield every case that has a report, by name; one report is in memory at a time."""
        from remnant.cohort.outcomes import CaseStatus

        cases = self.frame("cases")
        there = {status.value for status in CaseStatus if status.has_report}
        for case in cases.loc[cases["status"].isin(there), "case"]:
            yield str(case), self.report(str(case))


def run_case(  # noqa: PLR0913  (all that a case may be asked)
    output: AnyPath,
    *,
    engine: str | None = None,
    device: str = "auto",
    quality: str | None = None,
    estimate_segments: bool = True,
    page: bool = True,
    overwrite: bool = False,
    progress: Progress = silent,
    **cells: Cell,
) -> Case:
    """Segment, measure and plan one case into a folder, as ``remnant run`` does.

    Parameters
    ----------
    output
        Folder of the case. What an interrupted call left there is taken up.
    engine, device, quality
        What segments, where it runs, and how much work it may be (``fast`` or ``best``); the
        default engine and quality on what there is.
    estimate_segments
        Estimate the Couinaud segments where nothing was given to divide the liver by.
    page
        Write ``report.html``.
    overwrite
        Replace another case in the folder, or what a human said of this one.
    progress
        Told of stages.
    **cells
        What a row of a manifest holds: ``study``, or masks such as ``liver`` and ``lesions``;
        ``height_cm``, ``weight_kg``, ``sex``, ``age_years``, ``background``; facts.

    Raises
    ------
    RemnantError
        Something cannot be used; its text says what, what is allowed, and what to do.
    """
    from remnant.cohort.case_task import engines_of
    from remnant.cohort.manifest import requests_of
    from remnant.cohort.outcomes import CaseTask
    from remnant.pipeline.run import run_study
    from segmentation.engines.registry import DEFAULT_ENGINE, quality_named

    folder, row = Path(output), cells_of(cells)
    asked = requests_of(row)
    task = CaseTask(
        case=folder.name,
        row=row,
        folder=str(folder),
        engine=engine or DEFAULT_ENGINE,
        device=device,
        quality=None if quality is None else quality_named(quality),
        estimate_segments=estimate_segments,
    )
    segmenter, divider = engines_of(task, asked)
    ran = run_study(
        replace(asked.segment, overwrite=overwrite),
        measuring=asked.measuring,
        planning=asked.planning,
        output=folder,
        segmenter=segmenter,
        divider=divider,
        page=page,
        progress=progress,
    )
    return Case(folder=folder, report=ran.report, notes=ran.notes)


def open_case(folder: AnyPath) -> Case:
    """Open the folder of a case that was measured.

    Raises
    ------
    InputError
        It is none.
    UnreadableFileError
        Its report is damaged.
    """
    from remnant.pipeline.folder import read_measured

    return Case(folder=Path(folder), report=read_measured(Path(folder)))


def run_cohort(
    manifest: "AnyPath | pd.DataFrame | Iterable[Mapping[str, Cell]]",
    output: AnyPath,
    *,
    options: "CohortOptions | None" = None,
    progress: Progress = silent,
) -> Cohort:
    """Run all cases of a manifest, as ``remnant cohort run`` does.

    Worker processes import the calling script: keep the call below ``if __name__ == "__main__":``.

    Parameters
    ----------
    manifest
        A CSV or Parquet file, a data frame, or a mapping for each case, with the columns of a
        manifest. Cells that are missing (``None``, NaN) are empty; relative paths of what is no
        file are taken from the working folder.
    output
        Folder of the cohort. The same call goes on from whatever ended an earlier one.
    options
        How it is run; as many workers as the machine has cores and memory for by default.
    progress
        Told of cases.

    Returns
    -------
    Cohort
        Cases that failed are rows of its table ``cases``, and no error.

    Raises
    ------
    InputError
        The manifest, or the folder, cannot be used.
    """
    from remnant.cohort.runner import DEFAULT_OPTIONS
    from remnant.cohort.runner import run_cohort as run_rows

    folder = Path(output)
    ran = run_rows(manifest_rows(manifest), folder, options or DEFAULT_OPTIONS, progress)
    return Cohort(folder=ran.folder, counts=ran.counts)


def open_cohort(folder: AnyPath) -> Cohort:
    """Open the folder of a cohort that was run.

    Raises
    ------
    InputError
        It is none.
    """
    from remnant.cohort.layout import COHORT_JSON, TABLES

    there = Path(folder)
    if not ((there / COHORT_JSON).is_file() or (there / TABLES).is_dir()):
        raise InputError(
            f"{there} is no cohort: it has neither {COHORT_JSON} nor {TABLES}; name the folder "
            f"that a cohort was run into"
        )
    return Cohort(folder=there, counts={})


def manifest_rows(
    manifest: "AnyPath | pd.DataFrame | Iterable[Mapping[str, Cell]]",
) -> tuple["ManifestRow", ...]:
    """Return the checked rows of a manifest, whatever it is given as; see `run_cohort`."""
    from remnant.cohort.manifest import ManifestRow, read_manifest, write_manifest

    if isinstance(manifest, str | PathLike):
        return read_manifest(Path(manifest))
    each = [cells_of(cells) for cells in _records(manifest)]
    rows = tuple(
        ManifestRow(case=cells.get(API_CASE, ""), cells=cells, line=line)
        for line, cells in enumerate(each, start=1)
    )
    # checked as a file is: every fault of every row is named at once
    with TemporaryDirectory() as scratch:
        file = Path(scratch) / "manifest.csv"
        write_manifest(rows, file)
        return read_manifest(file)


def _records(
    manifest: "pd.DataFrame | Iterable[Mapping[str, Cell]]",
) -> Iterable[Mapping[str, Cell | None]]:
    if isinstance(manifest, Iterable) and not hasattr(manifest, "to_dict"):
        return manifest
    # a data frame has several kinds of missing values
    known = manifest.astype(object)
    records: list[Mapping[str, Cell | None]] = known.where(known.notna(), None).to_dict("records")
    return records


def cells_of(cells: Mapping[str, Cell | None]) -> dict[str, str]:
    """Return values as a manifest's cells write them; what is missing is left out.

    >>> cells_of({"case": "p1", "height_cm": 171.5, "age": 60.0, "whole_liver": True, "sex": None})
    {'case': 'p1', 'height_cm': '171.5', 'age': '60', 'whole_liver': 'yes'}
    """
    from remnant.cohort.manifest_columns import COLUMNS

    texts = {name: _text(cell) for name, cell in cells.items() if not _is_missing(cell)}
    paths = {name for name in texts if name in COLUMNS and COLUMNS[name].is_path}
    return {
        name: str(Path(text).absolute()) if name in paths else text
        for name, text in texts.items()
        if text
    }


def _text(cell: object) -> str:
    if hasattr(cell, "item"):  # a scalar of numpy
        cell = cell.item()
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _is_missing(cell: Cell | None) -> bool:
    return cell is None or (isinstance(cell, float) and isnan(cell))


def _require_table(name: str, known: Iterable[str]) -> None:
    names = sorted(known)
    if name not in names:
        raise InputError(f"there is no table {name!r}; there are: {', '.join(names) or 'none'}")
