"""A case on disk: one folder, written whole or not at all."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from remnant.core.case import CaseReport
from remnant.core.errors import InputError, UnreadableFileError
from remnant.core.labels import BINARY_SCHEME, COUINAUD_SCHEME, INSTANCE_SCHEME, STRUCTURE_SCHEME
from remnant.core.volumes import Modality
from remnant.io.atomic import atomic_path
from remnant.io.nifti import read_image, read_labels, write_image, write_labels
from remnant.pipeline.results import require_writable, staged_beside
from remnant.pipeline.segmented import SegmentedCase
from remnant.pipeline.state import read_state, write_state
from remnant.reporting.document import read_report_json, write_report_json
from remnant.reporting.tables import write_lesions_csv

STRUCTURES: Final = "structures.nii.gz"
LESIONS: Final = "lesions.nii.gz"
EXOPHYTIC: Final = "exophytic.nii.gz"
COUINAUD: Final = "couinaud.nii.gz"
PREVIEW: Final = "preview.nii.gz"
STATE: Final = "segmentation.json"
LESION_TABLE: Final = "lesions.csv"
REPORT_JSON: Final = "report.json"
REPORT_HTML: Final = "report.html"
ALL_FILES: Final = (
    STRUCTURES, LESIONS, EXOPHYTIC, COUINAUD, PREVIEW, STATE,
    LESION_TABLE, REPORT_JSON, REPORT_HTML,
)  # fmt: skip


def is_case(folder: Path) -> bool:
    """Tell whether a folder holds a segmented case."""
    return (folder / STATE).is_file() and (folder / STRUCTURES).is_file()


def require_output_folder(folder: Path) -> None:
    """Raise unless a case can be written to ``folder``; called before the work, not after.

    Raises
    ------
    InputError
        The path is a file, lies in no existing folder, or is a folder of something else.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"output {folder} is a file; name a folder that is new or holds a case")
    require_writable(folder)
    if folder.is_dir():
        strangers = sorted(p.name for p in folder.iterdir() if p.name not in ALL_FILES)
        if strangers and not is_case(folder):
            raise InputError(
                f"output folder {folder} holds other files ({strangers[0]}, …); name a new folder"
            )


def write_segmented(case: SegmentedCase, folder: Path) -> None:
    """Write a case's maps, preview and state."""
    write_labels(case.structures, folder / STRUCTURES)
    if case.lesions is not None:
        write_labels(case.lesions, folder / LESIONS)
    if case.exophytic is not None:
        write_labels(case.exophytic, folder / EXOPHYTIC)
    if case.couinaud is not None:
        write_labels(case.couinaud, folder / COUINAUD)
    if case.preview is not None:
        write_image(case.preview, folder / PREVIEW)
    write_state(case, folder / STATE)


def write_measured(report: CaseReport, folder: Path) -> None:
    """Write ``report.json`` and ``lesions.csv``."""
    write_report_json(report, folder / REPORT_JSON)
    write_lesions_csv(
        report.volumetry.lesions, folder / LESION_TABLE, modality=report.study.modality
    )


def replace_measured(report: CaseReport, folder: Path) -> None:
    """Write a stored case's new report; its page, made from the old one, is removed first."""
    (folder / REPORT_HTML).unlink(missing_ok=True)
    write_measured(report, folder)


def write_html(case: SegmentedCase, report: CaseReport, folder: Path) -> None:
    """Write ``report.html``."""
    from remnant.reporting.html import render_html

    page = render_html(
        report,
        structures=case.structures,
        lesions=case.lesions,
        couinaud=case.couinaud,
        preview=case.preview,
    )
    with atomic_path(folder / REPORT_HTML) as temporary:
        temporary.write_text(page, encoding="utf-8", newline="\n")


def read_case(folder: Path) -> SegmentedCase:
    """Read the maps and the state that `write_segmented` wrote.

    Raises
    ------
    UnreadableFileError
        The folder is no case, or a file of it is missing or damaged.
    GeometryMismatchError
        The maps no longer lie on one grid.
    """
    if not is_case(folder):
        raise UnreadableFileError(
            f"{folder} holds no segmented case ({STRUCTURES} and {STATE}); run `remnant segment` "
            f"or `remnant measure --masks` first"
        )
    facts = read_state(folder / STATE)
    structures = read_labels(folder / STRUCTURES, STRUCTURE_SCHEME)
    lesions_known, exophytic_known = facts.pop("lesions_known"), facts.pop("exophytic_known")
    couinaud_known = facts["segment_source"] is not None
    lesions = read_labels(folder / LESIONS, INSTANCE_SCHEME) if lesions_known else None
    exophytic = read_labels(folder / EXOPHYTIC, BINARY_SCHEME) if exophytic_known else None
    couinaud = read_labels(folder / COUINAUD, COUINAUD_SCHEME) if couinaud_known else None
    maps = {LESIONS: lesions, EXOPHYTIC: exophytic, COUINAUD: couinaud}
    for name, labels in maps.items():
        if labels is not None:
            structures.geometry.require_same_grid(labels.geometry, what=name, reference=STRUCTURES)
    preview_file = folder / PREVIEW
    # windowed grey values are no Hounsfield units, whatever scan they were made from
    preview = read_image(preview_file, modality=Modality.MR) if preview_file.is_file() else None
    return SegmentedCase(
        structures=structures,
        lesions=lesions,
        exophytic=exophytic,
        couinaud=couinaud,
        preview=preview,
        **facts,
    )


def read_measured(folder: Path) -> CaseReport:
    """Read ``report.json`` of a case folder.

    Raises
    ------
    UnreadableFileError
        There is none: the case was not measured.
    """
    file = folder / REPORT_JSON
    if not file.is_file():
        raise UnreadableFileError(f"{folder} holds no {REPORT_JSON}; run `remnant measure` first")
    return read_report_json(file)


@contextmanager
def published(folder: Path) -> Iterator[Path]:
    """Give a staging folder whose files appear in ``folder`` together, or not at all.

    Files of an earlier run that the new one does not write are removed, so that no old report
    stands beside new masks. After an error ``folder`` is as it was before; should the machine stop
    in between, a case without its report is left, never one with an old report.

    Raises
    ------
    InputError
        The folder cannot be written.
    """
    require_output_folder(folder)
    with staged_beside(folder) as staging:
        yield staging
        _publish(staging, folder)


def _publish(staging: Path, folder: Path) -> None:
    if not folder.exists():
        staging.chmod(0o777 & ~_umask())
        staging.rename(folder)
        return
    old = staging / "old"
    old.mkdir()
    fresh = [name for name in ALL_FILES if (staging / name).exists()]
    try:
        _move(reversed(ALL_FILES), folder, old)
        _move(ALL_FILES, staging, folder)
    except OSError:
        _move(fresh, folder, staging)
        _move(ALL_FILES, old, folder)
        raise


def _move(names: Iterable[str], source: Path, target: Path) -> None:
    """Rename those of the files that are there."""
    for name in names:
        if (source / name).exists():
            (source / name).replace(target / name)


def _umask() -> int:
    """Return the process's umask, which can be read only by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
