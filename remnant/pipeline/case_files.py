"""Names of the files in a case's folder, and what the codes of its maps mean."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from remnant.core.errors import UnreadableFileError
from remnant.core.labels import (
    BINARY_SCHEME,
    COUINAUD_SCHEME,
    INSTANCE_SCHEME,
    SEGMENT_IV_SCHEME,
    STRUCTURE_SCHEME,
    LabelScheme,
)
from remnant.pipeline.publishing import PENDING

STRUCTURES: Final = "structures.nii.gz"
LESIONS: Final = "lesions.nii.gz"
EXOPHYTIC: Final = "exophytic.nii.gz"
LESIONS_CORE: Final = "lesions_core.nii.gz"
COUINAUD: Final = "couinaud.nii.gz"
COUINAUD_IV: Final = "couinaud_iv.nii.gz"
PREVIEW: Final = "preview.nii.gz"
STATE: Final = "segmentation.json"
LESION_TABLE: Final = "lesions.csv"
PLAN_TABLE: Final = "plans.csv"
REPORT_JSON: Final = "report.json"
REPORT_HTML: Final = "report.html"
REPORT_PDF: Final = "report.pdf"
DICOM: Final = "dicom"
"""Folder of results in DICOM, and of what they need to know of the images: all identifiers."""
SOURCE_RECORD: Final = "source.json"
"""What results need to know of the images; it lies in the folder of results."""
MOST_PLAN_MAPS: Final = 999
SEGMENTATION, SIDECAR = ".seg.nrrd", ".json"
ITKSNAP_LABELS, COLOUR_TABLE = ".label", ".ctbl"
COMPANIONS: Final = (SEGMENTATION, SIDECAR, ITKSNAP_LABELS, COLOUR_TABLE)
"""Endings of what stands beside each label map, for other programs."""
VOLUME: Final = ".nii.gz"


def beside(name: str, ending: str) -> str:
    """Return the name of a companion of a label map."""
    return name.removesuffix(VOLUME) + ending


def with_companions(names: Iterable[str]) -> tuple[str, ...]:
    """Return names of label maps, each followed by those of its companions."""
    return tuple(n for name in names for n in (name, *(beside(name, e) for e in COMPANIONS)))


LABEL_MAPS: Final = (STRUCTURES, LESIONS, EXOPHYTIC, LESIONS_CORE, COUINAUD, COUINAUD_IV)
ALL_FILES: Final = (
    *with_companions(LABEL_MAPS), PREVIEW, STATE,
    LESION_TABLE, PLAN_TABLE, REPORT_JSON, REPORT_HTML,
)  # fmt: skip
PLAN_MAPS: Final = with_companions(
    f"plan_{number}{VOLUME}" for number in range(1, MOST_PLAN_MAPS + 1)
)
"""Maps of the plans and what stands beside them, written only when they are asked for."""
OWN_FILES: Final = (*PLAN_MAPS, *ALL_FILES, REPORT_PDF, DICOM)
"""All that a case is; the folder of results is replaced as a whole."""
OUTCOME_JSON: Final = "outcome.json"
"""What became of the case of a cohort; it is there where nothing else came of it, too."""
UNFINISHED: Final = ".remnant-unfinished"
"""Folder of what is found of a case before its segmentation can be published."""
EARLIER: Final = "earlier"
"""Folder of what a case was before corrections that were made where it lies, by running numbers."""
SURGEON_PLANS: Final = "surgeon_plans"
"""Folder of the plans that people saved on the review page: no command removes them."""
PLANNED_FILES: Final = (
    *PLAN_MAPS, LESION_TABLE, PLAN_TABLE, REPORT_JSON, REPORT_HTML, REPORT_PDF, DICOM
)  # fmt: skip
"""What is made anew when a stored case is planned again."""
SCHEMES: Final[Mapping[str, LabelScheme]] = {
    STRUCTURES: STRUCTURE_SCHEME,
    LESIONS: INSTANCE_SCHEME,
    EXOPHYTIC: BINARY_SCHEME,
    LESIONS_CORE: BINARY_SCHEME,
    COUINAUD: COUINAUD_SCHEME,
    COUINAUD_IV: SEGMENT_IV_SCHEME,
}
"""What the codes of each map mean."""


def is_case(folder: Path) -> bool:
    """Tell whether a folder holds a segmented case, or one that is taking its place there."""
    return _holds(folder, STATE) and _holds(folder, STRUCTURES)


def _holds(folder: Path, name: str) -> bool:
    return any((place / name).is_file() for place in (folder, folder / PENDING))


def require_case(folder: Path) -> None:
    """Raise unless a folder holds a segmented case.

    Raises
    ------
    UnreadableFileError
        It does not.
    """
    if not is_case(folder):
        raise UnreadableFileError(
            f"{folder} holds no segmented case ({STRUCTURES} and {STATE}); run `remnant segment` "
            f"or `remnant measure --masks` first"
        )


def require_measured(folder: Path) -> None:
    """Raise unless a folder holds a measured case.

    Raises
    ------
    UnreadableFileError
        It does not.
    """
    if not _holds(folder, REPORT_JSON):
        raise UnreadableFileError(f"{folder} holds no {REPORT_JSON}; run `remnant measure` first")
