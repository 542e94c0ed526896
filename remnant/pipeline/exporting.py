"""What an export can be asked for; light to import, for the command line."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from remnant.core.errors import InputError
from remnant.core.volumes import Modality
from remnant.wording.language import ENGLISH


class Target(StrEnum):
    """Program, or kind of file, that a case is written for."""

    SLICER = "slicer"
    ITKSNAP = "itksnap"
    NNUNET = "nnunet"
    STL = "stl"
    GLB = "glb"
    DICOM = "dicom"


class TrainingLabels(StrEnum):
    """What a data set for training is labelled with."""

    STRUCTURES = "structures"
    COUINAUD = "couinaud"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """What to write, from what, and where.

    Parameters
    ----------
    cases
        Folders of cases; several for a data set alone.
    target
        Program or kind of file.
    output
        Folder that is new, or holds an earlier export.
    images
        Scans of the cases in the same order; empty for none.
    modality
        Of the scans, where neither they nor the cases say it.
    labels
        What a data set is labelled with.
    unconfirmed
        Whether a data set may hold lesions or segments that nobody looked at.
    plan
        Id of the plan that goes into results in DICOM; ``None`` for the first in rank.
    source
        Folder of the images, for results in DICOM of a case without a record of them.
    labelmap
        Whether segmentations in DICOM are label maps, which not every program reads yet.
    language
        Of the report among results in DICOM.
    """

    cases: tuple[Path, ...]
    target: Target
    output: Path
    images: tuple[Path, ...] = ()
    modality: Modality | None = None
    labels: TrainingLabels = TrainingLabels.STRUCTURES
    unconfirmed: bool = False
    plan: str | None = None
    source: Path | None = None
    labelmap: bool = False
    language: str = ENGLISH


def require_options_of_target(request: ExportRequest) -> None:
    """Raise where an option is given that means nothing for what the case is written for.

    Raises
    ------
    InputError
        One is: what would be left out silently might have been what mattered.
    """
    of_dicom = {
        "--plan": request.plan,
        "--source": request.source,
        "--labelmap": request.labelmap,
        "--language": request.language != ENGLISH,
    }
    of_others = {
        "--image": request.images,
        "--modality": request.modality,
        "--labels": request.labels is not TrainingLabels.STRUCTURES,
        "--unconfirmed": request.unconfirmed,
    }
    is_dicom = request.target is Target.DICOM
    if given := [name for name, said in (of_others if is_dicom else of_dicom).items() if said]:
        whose = "not for --to dicom" if is_dicom else "for --to dicom alone"
        raise InputError(f"{given[0]} is {whose}; leave it out")
    if is_dicom and len(request.cases) > 1:
        raise InputError(f"--to dicom takes one case, got {len(request.cases)}")
