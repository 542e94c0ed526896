"""Which study of which patient a DICOM file belongs to, without reading further."""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from remnant.core.volumes import Modality
from remnant.io.dicom_folder import IMAGE_CLASSES, SEGMENTATION_CLASSES
from remnant.io.dicom_header import Head, read_head, read_until_series
from remnant.io.faults import is_foreign, quiet

THREADS: Final = 4
BLOCK: Final = 256
TAGS: Final = ("SOPClassUID", "StudyDate", "Modality", "PatientID", "StudyInstanceUID")
DATE: Final = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")
MASK_MODALITIES: Final = frozenset(("SEG", "RTSTRUCT"))


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFile:
    """What a DICOM file says of where it belongs.

    Parameters
    ----------
    path
        The file.
    study_uid, patient_id
        Identifiers; ``""`` where absent. Never shown.
    study_date
        When the study was made; ``None`` where it does not say. Never shown.
    is_image
        Whether it holds CT or MR images.
    is_mask
        Whether it holds a segmentation or contours.
    """

    path: Path
    study_uid: str = field(repr=False)
    patient_id: str = field(repr=False)
    study_date: date | None = field(repr=False)
    is_image: bool
    is_mask: bool


def study_files_of(paths: Sequence[Path]) -> Iterator[tuple[Path, StudyFile | None]]:
    """Yield each file with what it says; ``None`` for what is no DICOM file or is damaged."""
    with quiet(), ThreadPoolExecutor(THREADS) as pool:
        for first in range(0, len(paths), BLOCK):
            block = paths[first : first + BLOCK]
            for path, head in zip(block, pool.map(_head, block), strict=True):
                yield path, None if head is None else _study_file(path, head)


def _head(path: Path) -> Head | None:
    try:
        return read_head(path)
    except OSError:
        return None


def _study_file(path: Path, head: Head) -> StudyFile | None:
    try:
        dataset = read_until_series(path, TAGS, head)
        if dataset is None:
            return None
        told = {name: str(dataset.get(name) or "").strip() for name in TAGS}
    except Exception as fault:
        if not is_foreign(fault):
            raise
        return None
    kind, modality = told["SOPClassUID"], told["Modality"]
    return StudyFile(
        path=path,
        study_uid=told["StudyInstanceUID"],
        patient_id=told["PatientID"],
        study_date=_date(told["StudyDate"]),
        is_image=modality.lower() in set(Modality) and kind in IMAGE_CLASSES | {""},
        is_mask=modality in MASK_MODALITIES or kind in SEGMENTATION_CLASSES,
    )


def _date(text: str) -> date | None:
    found = DATE.fullmatch(text)
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None
