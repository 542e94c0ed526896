"""Studies in a tree of DICOM files, each with the one folder that holds all of it and no other."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from remnant.cohort.manifest_columns import CASE, PATIENT, STUDY, TIME_POINT
from remnant.cohort.manifest_requests import subject_of
from remnant.cohort.scan_names import Doubt
from remnant.cohort.scan_tree import Doubts
from remnant.core.progress import Progress, silent
from remnant.io.dicom_studies import StudyFile, study_files_of
from remnant.io.pseudonym import pseudonym

DICOMDIR: Final = "dicomdir"


@dataclass(slots=True)
class _Study:
    """What is known of one study; of its identifiers nothing is shown."""

    patient_id: str = field(repr=False)
    made: date | None = field(repr=False)
    folders: set[Path] = field(default_factory=set)
    masks: list[Path] = field(default_factory=list)
    has_images: bool = False


@dataclass(frozen=True, slots=True)
class FoundStudy:
    """A study with a folder of its own, the cells that follow from its headers, and its masks.

    Paths are relative to the folder that is scanned.
    """

    folder: Path
    cells: Mapping[str, str]
    masks: tuple[Path, ...]


def dicom_studies(
    root: Path,
    maybe_dicom: Mapping[Path, list[str]],
    doubts: Doubts,
    *,
    progress: Progress = silent,
) -> tuple[FoundStudy, ...]:
    """Return the studies with CT or MR that lie in a folder of their own, by folder.

    Names, patients and days are made of identifiers and dates that are not kept: a case is called
    as its report will call it, a patient by a pseudonym, and a time point is the days since the
    patient's first study here.

    Parameters
    ----------
    root
        Folder that is scanned; other paths are relative to it.
    maybe_dicom
        Names of files that may be DICOM, by folder.
    doubts
        Where what is not taken is noted.
    progress
        Told of the headers that are read.
    """
    studies: dict[str, _Study] = {}
    for place, found in _study_files(root, maybe_dicom, doubts, progress):
        if not found.study_uid:
            doubts.add(Doubt.NO_STUDY_UID, (place / found.path.name).as_posix())
            continue
        study = studies.setdefault(found.study_uid, _Study(found.patient_id, found.study_date))
        study.folders.add(place)
        study.has_images |= found.is_image
        if found.is_mask:
            study.masks.append(place / found.path.name)
    places = _own_folders(studies, doubts)
    first_days = _first_days(studies.values())
    return tuple(
        FoundStudy(
            folder,
            _cells(uid, studies[uid], root / folder, first_days),
            tuple(sorted(studies[uid].masks)),
        )
        for uid, folder in sorted(places.items(), key=lambda place: place[1])
    )


def _study_files(
    root: Path, maybe_dicom: Mapping[Path, list[str]], doubts: Doubts, progress: Progress
) -> Iterator[tuple[Path, StudyFile]]:
    total, done = sum(map(len, maybe_dicom.values())), 0
    for place, names in maybe_dicom.items():
        for path, found in study_files_of([root / place / name for name in names]):
            done += 1
            progress("reading headers", done, total)
            if found is not None:
                yield place, found
            elif path.name.lower() != DICOMDIR:
                doubts.add(Doubt.OTHER_FILE, (place / path.name).as_posix())


def _own_folders(studies: Mapping[str, _Study], doubts: Doubts) -> dict[str, Path]:
    """Return by study the folder that holds all of it and nothing of another."""
    holding = Counter(place for study in studies.values() for place in study.folders)
    below = Counter(
        place
        for study in studies.values()
        for place in {above for folder in study.folders for above in (folder, *folder.parents)}
    )
    own = {}
    for uid, study in studies.items():
        common = Path(os.path.commonpath(study.folders))
        doubt = None if study.has_images else Doubt.NO_IMAGES
        if any(holding[place] > 1 for place in study.folders):
            doubt = Doubt.MIXED_STUDIES
        elif below[common] > 1:
            doubt = doubt or Doubt.SPREAD_STUDY
        if doubt is None:
            own[uid] = common
        else:
            doubts.add(doubt, common.as_posix())
            for path in study.masks:
                doubts.add(Doubt.DICOM_MASK, path.as_posix())
    return own


def _first_days(studies: Iterable[_Study]) -> dict[str, date]:
    """Return the day of each patient's first study that is dated."""
    first: dict[str, date] = {}
    for study in studies:
        if study.made is not None:
            known = first.get(study.patient_id, study.made)
            first[study.patient_id] = min(known, study.made)
    return first


def _cells(uid: str, study: _Study, folder: Path, first_days: Mapping[str, date]) -> dict[str, str]:
    cells = {CASE: pseudonym(study.patient_id, uid), STUDY: str(folder)}
    if study.patient_id:
        cells[PATIENT] = subject_of(study.patient_id)
        if study.made is not None:
            cells[TIME_POINT] = f"day_{(study.made - first_days[study.patient_id]).days}"
    return cells
