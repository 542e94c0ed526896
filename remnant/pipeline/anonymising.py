"""A folder of DICOM for research: every file without identifiers, or left out by name of a reason.

Files and folders get names of their own, since those of the source often hold a person's name.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import remnant
from remnant.core.errors import InputError, UnreadableFileError
from remnant.core.progress import Progress, silent
from remnant.documents.json_files import write_json
from remnant.io.anonymising.identities import Identities
from remnant.io.anonymising.kinds import Doubt, Refusal
from remnant.io.anonymising.objects import CleanObject, ExportChoice, clean_object
from remnant.io.anonymising.rules import TABLE_EDITION, table
from remnant.io.archive import unpacked
from remnant.io.study_files import study_files
from remnant.pipeline.publishing import staged_beside
from remnant.wording.anonymising import DOUBTS, LEFT_OUT
from remnant.wording.research_use import RESEARCH_USE

LIST_NAME: Final = "anonymised.json"
STAGE: Final = "anonymising"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyWritten:
    """One study of an export.

    Parameters
    ----------
    patient
        Pseudonym of the patient.
    case
        Pseudonym that the case of this study gets where the study itself is measured with the same
        key; its folder has this name.
    images
        Number of files by the name of their series' folder.
    """

    patient: str
    case: str
    images: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Anonymised:
    """What an export holds and what it does not.

    Parameters
    ----------
    folder
        Where it is.
    studies
        In order of their names.
    left_out
        How many files were left out for which reason.
    doubts
        In how many files there is something to be looked at.
    """

    folder: Path
    studies: tuple[StudyWritten, ...]
    left_out: Mapping[Refusal, int]
    doubts: Mapping[Doubt, int]

    @property
    def count(self) -> int:
        """Number of files written, the list apart."""
        return sum(sum(study.images.values()) for study in self.studies)

    @property
    def document(self) -> Mapping[str, object]:
        """The list that lies in the folder; no name and no path of the source is in it."""
        return {
            "software": {"remnant": remnant.__version__},
            "notice": RESEARCH_USE,
            "profile": f"DICOM PS3.15 Basic Application Confidentiality Profile, {TABLE_EDITION}",
            "studies": [
                {"patient": study.patient, "case": study.case, "series": dict(study.images)}
                for study in self.studies
            ],
            "left_out": {LEFT_OUT[reason]: n for reason, n in self.left_out.items()},
            "to_look_at": {DOUBTS[doubt]: n for doubt, n in self.doubts.items()},
        }


@dataclass(slots=True)
class _Tally:
    """What was written so far."""

    series: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    images: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    left_out: Counter[Refusal] = field(default_factory=Counter)
    doubts: Counter[Doubt] = field(default_factory=Counter)

    def place(self, clean: CleanObject) -> Path:
        """Return where the next object of a series lies in the export."""
        study = (clean.patient, clean.case)
        names = self.series.setdefault(study, {})
        series = names.setdefault(clean.series, f"series-{len(names) + 1:02d}")
        self.images[(*study, series)] += 1
        self.doubts.update(clean.doubts)
        return Path(*study, series, f"im-{self.images[(*study, series)]:05d}.dcm")


def anonymise_study(
    source: Path,
    output: Path,
    *,
    choice: ExportChoice,
    progress: Progress = silent,
) -> Anonymised:
    """Write every image and segmentation of a folder without identifiers into a new folder.

    The folder appears whole or not at all; nothing in the source is changed.

    Parameters
    ----------
    source
        Folder, file, DICOMDIR or zip file of DICOM objects.
    output
        A folder that does not exist, or is empty.
    choice
        What the user asked for.
    progress
        Receives how far it is.

    Returns
    -------
    Anonymised
        What was written, left out and has to be looked at, without identifiers.

    Raises
    ------
    UnreadableFileError
        The source is missing, or holds nothing that can be taken.
    InputError
        The output holds something, or lies in the source; the package with DICOM's table is not
        installed; the key for pseudonyms cannot be used.
    """
    table()
    _require_apart(source, output)
    with unpacked(source) as place, staged_beside(output) as staging:
        tally = _written(place, staging, choice, progress)
        done = Anonymised(
            folder=output,
            studies=_studies(tally.images),
            left_out=dict(sorted(tally.left_out.items())),
            doubts=dict(sorted(tally.doubts.items())),
        )
        _require_something(done, source)
        write_json(done.document, staging / LIST_NAME)
        _take_place(staging, output)
    return done


def _require_apart(source: Path, output: Path) -> None:
    if not source.exists():
        raise UnreadableFileError(f"{source} does not exist; check the path")
    inside = source.resolve() if source.is_dir() else source.resolve().parent
    if output.resolve() == inside or (source.is_dir() and inside in output.resolve().parents):
        raise InputError(f"{output} lies in {source}, which is only read; name a folder elsewhere")
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise InputError(f"{output} exists and is not empty; name a new folder with -o")


def _written(source: Path, staging: Path, choice: ExportChoice, progress: Progress) -> _Tally:
    files = study_files(source)
    tally, identities = _Tally(), Identities()
    tally.left_out[Refusal.LINK] += len(files.left_out)
    for number, path in enumerate(files.paths, start=1):
        found = clean_object(path, identities, choice)
        if isinstance(found, Refusal):
            tally.left_out[found] += 1
        else:
            target = staging / tally.place(found)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(found.content)
        progress(STAGE, number, len(files.paths))
    tally.left_out = +tally.left_out
    return tally


def _studies(images: Mapping[tuple[str, str, str], int]) -> tuple[StudyWritten, ...]:
    by_study: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for (patient, case, series), count in sorted(images.items()):
        by_study[patient, case][series] = count
    return tuple(
        StudyWritten(patient=patient, case=case, images=series)
        for (patient, case), series in by_study.items()
    )


def _require_something(done: Anonymised, source: Path) -> None:
    if not done.studies:
        why = ", ".join(f"{n} {LEFT_OUT[reason]}" for reason, n in done.left_out.items())
        raise UnreadableFileError(
            f"{source} holds nothing that can be anonymised ({why or 'no files'})"
        )


def _take_place(staging: Path, output: Path) -> None:
    if output.exists():
        output.rmdir()
    staging.chmod(0o755)
    staging.rename(output)
