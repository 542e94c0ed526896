"""A case on disk: one folder, written whole or not at all."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from remnant.core.case import CaseReport
from remnant.core.errors import InputError, UnreadableFileError
from remnant.core.labels import (
    BINARY_SCHEME,
    COUINAUD_SCHEME,
    INSTANCE_SCHEME,
    SEGMENT_IV_SCHEME,
    STRUCTURE_SCHEME,
)
from remnant.core.volumes import LabelMap, Modality
from remnant.io.atomic import atomic_path, digest_file
from remnant.io.nifti import read_image, read_labels, write_image, write_labels
from remnant.pipeline.divide import with_edited_segments
from remnant.pipeline.results import require_writable, staged_beside
from remnant.pipeline.segmented import SegmentedCase
from remnant.pipeline.state import read_state, write_state
from remnant.reporting.document import read_report_json, write_report_json
from remnant.reporting.tables import write_lesions_csv

STRUCTURES: Final = "structures.nii.gz"
LESIONS: Final = "lesions.nii.gz"
EXOPHYTIC: Final = "exophytic.nii.gz"
COUINAUD: Final = "couinaud.nii.gz"
COUINAUD_IV: Final = "couinaud_iv.nii.gz"
PREVIEW: Final = "preview.nii.gz"
STATE: Final = "segmentation.json"
LESION_TABLE: Final = "lesions.csv"
REPORT_JSON: Final = "report.json"
REPORT_HTML: Final = "report.html"
ALL_FILES: Final = (
    STRUCTURES, LESIONS, EXOPHYTIC, COUINAUD, COUINAUD_IV, PREVIEW, STATE,
    LESION_TABLE, REPORT_JSON, REPORT_HTML,
)  # fmt: skip
VOLUMES: Final[Mapping[str, str]] = {
    "structures": STRUCTURES,
    "lesions": LESIONS,
    "exophytic": EXOPHYTIC,
    "couinaud": COUINAUD,
    "segment_iv": COUINAUD_IV,
    "preview": PREVIEW,
}
"""Files of a case's maps and images, by its fields."""


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoredCase:
    """A case as it was read from its folder."""

    folder: Path
    case: SegmentedCase


def write_segmented(case: SegmentedCase, folder: Path, *, stored: StoredCase | None = None) -> None:
    """Write a case's maps, preview and state.

    Maps that are still the very ones of ``stored`` are copied byte by byte from its folder.
    """
    for field, name in VOLUMES.items():
        volume = getattr(case, field)
        if volume is None:
            continue
        if stored is not None and volume is getattr(stored.case, field):
            shutil.copyfile(stored.folder / name, folder / name)
        elif isinstance(volume, LabelMap):
            write_labels(volume, folder / name)
        else:
            write_image(volume, folder / name)
    digest = None if case.couinaud is None else digest_file(folder / COUINAUD)
    write_state(case, folder / STATE, couinaud_sha256=digest)


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

    A Couinaud map that another program wrote over since then counts as given.

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
    known = {
        LESIONS: (facts.pop("lesions_known"), INSTANCE_SCHEME),
        EXOPHYTIC: (facts.pop("exophytic_known"), BINARY_SCHEME),
        COUINAUD: (facts["segment_source"] is not None, COUINAUD_SCHEME),
        COUINAUD_IV: (facts.pop("segment_iv_known"), SEGMENT_IV_SCHEME),
    }
    maps = {n: read_labels(folder / n, scheme) for n, (there, scheme) in known.items() if there}
    for name, labels in maps.items():
        structures.geometry.require_same_grid(labels.geometry, what=name, reference=STRUCTURES)
    preview_file = folder / PREVIEW
    # windowed grey values are no Hounsfield units, whatever scan they were made from
    preview = read_image(preview_file, modality=Modality.MR) if preview_file.is_file() else None
    written = facts.pop("couinaud_sha256")
    case = SegmentedCase(
        structures=structures,
        lesions=maps.get(LESIONS),
        exophytic=maps.get(EXOPHYTIC),
        couinaud=maps.get(COUINAUD),
        segment_iv=maps.get(COUINAUD_IV),
        preview=preview,
        **facts,
    )
    if case.couinaud is None or written in {None, (found := digest_file(folder / COUINAUD))}:
        return case
    return with_edited_segments(case, found)


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
