"""What an export can be asked for; light to import, for the command line."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from remnant.core.volumes import Modality


class Target(StrEnum):
    """Program, or kind of file, that a case is written for."""

    SLICER = "slicer"
    ITKSNAP = "itksnap"
    NNUNET = "nnunet"
    STL = "stl"
    GLB = "glb"


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
    """

    cases: tuple[Path, ...]
    target: Target
    output: Path
    images: tuple[Path, ...] = ()
    modality: Modality | None = None
    labels: TrainingLabels = TrainingLabels.STRUCTURES
    unconfirmed: bool = False
