"""What the names of files and folders say: scan, mask of which role, and of which case.

A name is taken apart into words. Those at its end that say what a file holds are its suffix, what
stands before is the name of the case: ``P12_liver_mask`` is the liver of ``P12``. A name that says
"mask" and no role that is known is in doubt, never guessed.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath
from typing import Final

from remnant.cohort.manifest_columns import FACTS, LANDMARKS, REFERENCE, REFERENCES
from remnant.io.roles import Part
from remnant.io.segment_names import is_elsewhere

SCANS: Final = "scan"
VOLUMES: Final = (".seg.nrrd", ".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd", ".zip")
"""Endings of files that hold one volume, or a study; longer ones first."""
SEGMENTATION: Final = ".seg.nrrd"
TOLD: Final = {FACTS: (".yaml", ".yml", ".json"), LANDMARKS: (".mrk.json", ".json")}
"""Endings of files with facts and points; their names end in the column's."""
WORD: Final = re.compile(r"[A-Z0-9]+[a-z0-9]*|[a-z][a-z0-9]*|[^\W\d_A-Za-z]+")
MASK_WORDS: Final = frozenset(
    ("mask", "masks", "seg", "segs", "segmentation", "segmentations", "dseg", "probseg", "label",
     "labels", "labelmap", "map", "maps", "roi", "rois", "annotation", "annotations")
)  # fmt: skip
IMAGE_WORDS: Final = frozenset(
    ("image", "images", "img", "imgs", "scan", "scans", "volume", "volumes", "ct", "cect", "mr",
     "mri", "dicom", "dicoms", "dcm", "nifti", "nii", "t1", "t1w", "t2", "t2w", "phase",
     "unenhanced", "arterial", "portal", "venous", "delayed", "hepatobiliary")
)  # fmt: skip
LESION_WORDS: Final = frozenset(
    ("lesion", "lesions", "tumor", "tumors", "tumour", "tumours", "metastasis", "metastases")
)
ROLES: Final[tuple[tuple[Part, frozenset[str], frozenset[str]], ...]] = (
    (Part.COUINAUD, frozenset(("couinaud",)), frozenset(("liver", "segment", "segments"))),
    (Part.COUINAUD, frozenset(("segments",)), frozenset(("liver",))),
    (Part.LESIONS, LESION_WORDS, frozenset(("liver", "hepatic"))),
    (Part.PORTAL_VEIN, frozenset(("vein", "veins")), frozenset(("portal",))),
    (Part.HEPATIC_VEINS, frozenset(("vein", "veins")), frozenset(("hepatic",))),
    (Part.BRANCHES, frozenset(("branches",)), frozenset(("portal", "hepatic"))),
    (Part.VESSELS, frozenset(("vessels",)), frozenset(("liver", "hepatic"))),
    (Part.LIVER, frozenset(("liver",)), frozenset()),
)
"""Role, words of which one is there, and further ones that may be; ``mask`` and the like aside."""
NEEDS_MORE: Final = frozenset(frozenset((word,)) for word in ("segments", "vein", "veins"))
"""Names that say too little for a role."""
EXPERT: Final = "reference"
ROLE_WORDS: Final = frozenset().union(*(needed | more for _, needed, more in ROLES)) | {EXPERT}
KNOWN_WORDS: Final = ROLE_WORDS | MASK_WORDS | IMAGE_WORDS
OF_MASKS: Final = LESION_WORDS | {"segment", "segments", "couinaud", "vessels", "branches"}
"""Words that no scan has in its name: ``lesion_2`` is none."""
ENTITY: Final = re.compile(r"(?:label|desc|seg|roi)-([a-zA-Z0-9.+]+)")
"""Parts of a name in a BIDS layout that say what a mask holds."""
SUBJECT: Final = re.compile(r"sub-[a-zA-Z0-9]+")
SESSION: Final = re.compile(r"ses-[a-zA-Z0-9]+")


class Doubt(StrEnum):
    """Why a file, or a study, is not taken."""

    UNKNOWN_MASK = "unknown_mask"
    OTHER_ORGAN = "other_organ"
    BYTES = "bytes"
    SEVERAL_SCANS = "several_scans"
    SEVERAL_MASKS = "several_masks"
    NO_SCAN = "no_scan"
    UNNAMED = "unnamed"
    DERIVED_IMAGE = "derived_image"
    SOURCE_DATA = "source_data"
    MIXED_STUDIES = "mixed_studies"
    SPREAD_STUDY = "spread_study"
    NO_STUDY_UID = "no_study_uid"
    NO_IMAGES = "no_images"
    DICOM_MASK = "dicom_mask"
    CASE_OF_REMNANT = "case_of_remnant"
    LINKED_FOLDER = "linked_folder"
    UNREADABLE_FOLDER = "unreadable_folder"
    ODD_NAME = "odd_name"
    OTHER_FILE = "other_file"


@dataclass(frozen=True, slots=True)
class NamedFile:
    """What the name of a file says.

    Parameters
    ----------
    owner
        Name of the case as the file's name has it; empty where it has none.
    holds
        `SCANS`, a column of the manifest, or a doubt.
    said
        Whether a word says that it is a scan; for a scan without one its content is looked at.
    """

    owner: str
    holds: "str | Doubt"
    said: bool = True


def ending_of(name: str, endings: tuple[str, ...] = VOLUMES) -> str:
    """Return the ending of a file's name, empty where it is none of these."""
    lower = name.lower()
    return next((end for end in endings if lower.endswith(end) and len(name) > len(end)), "")


def words_of(text: str) -> list[str]:
    """Return the words and numbers of a name, in small letters.

    >>> words_of("P12_liverMask"), words_of("case001-t1w")
    (['p12', 'liver', 'mask'], ['case001', 't1w'])
    """
    return [found.group().lower() for found in WORD.finditer(text)]


def role_of_words(words: list[str]) -> str | None:
    """Return the column of the mask that these words mean; ``None`` where none is certain."""
    core = frozenset(words) - MASK_WORDS
    if EXPERT in core:
        part = _part(core - {EXPERT})
        return f"{REFERENCE}{part.value}" if part and part in REFERENCES else None
    part = _part(core)
    return None if part is None else part.value


def _part(core: frozenset[str]) -> Part | None:
    if core in NEEDS_MORE:
        return None
    fits = (part for part, needed, more in ROLES if core & needed and core <= needed | more)
    return next(fits, None)


def is_about_files(folder: str) -> bool:
    """Tell whether a folder's name says what its files hold, and so names no case."""
    words = words_of(folder)
    if words[-1:] in (["tr"], ["ts"]):  # nnU-Net's imagesTr, labelsTs
        words = words[:-1]
    return bool(words) and set(words) <= KNOWN_WORDS


def named_file(name: str, folders: tuple[str, ...]) -> NamedFile:
    """Return what a volume's name says.

    Parameters
    ----------
    name
        Of the file.
    folders
        Names of the folders between the case's and the file that say what it holds.
    """
    stem = name[: len(name) - len(ending_of(name))]
    owner, words = _taken_apart(stem)
    above = [word for folder in folders for word in words_of(folder)]
    holds, said = _held(words, above, is_segmentation=name.lower().endswith(SEGMENTATION))
    if holds == SCANS and not said:
        if is_elsewhere(owner):
            return NamedFile(owner, Doubt.OTHER_ORGAN)
        if set(words_of(owner)) & OF_MASKS:
            return NamedFile(owner, Doubt.UNKNOWN_MASK)
    return NamedFile(owner, holds, said)


def told_file(name: str) -> NamedFile | None:
    """Return of which case a file holds facts or landmarks; ``None`` where it holds neither."""
    for column, endings in TOLD.items():
        end = ending_of(name, endings)
        stem = name[: len(name) - len(end)]
        if end and words_of(stem)[-1:] == [column]:
            return NamedFile(stem[: -len(column)].rstrip("_-. "), column)
    return None


def _taken_apart(stem: str) -> tuple[str, list[str]]:
    """Return the case's part of a name, and the words that say what the file holds."""
    found = list(WORD.finditer(stem))
    words = [one.group().lower() for one in found]
    first = len(words)
    while first and words[first - 1] in KNOWN_WORDS:
        first -= 1
    if first < len(words):
        return stem[: found[first].start()].strip("_-. "), words[first:]
    if words and words[0] in IMAGE_WORDS | MASK_WORDS and len(words) > 1:
        return stem[found[0].end() :].strip("_-. "), words[:1]
    return stem.strip("_-. "), []


def _held(words: list[str], above: list[str], *, is_segmentation: bool) -> tuple[str | Doubt, bool]:
    """Return what a file holds by its own words, else by those of the folders above it."""
    own = role_of_words(words)
    if own is not None:
        return own, True
    may_be_scan = not (is_segmentation or set(above) & (MASK_WORDS | ROLE_WORDS))
    if may_be_scan and words and set(words) <= IMAGE_WORDS:
        return SCANS, True
    if not set(words) - MASK_WORDS:
        role = role_of_words(above)
        if role is not None:
            return role, True
        if may_be_scan and not words:
            return SCANS, bool(above)
    return Doubt.UNKNOWN_MASK, True


def bids_names(path: PurePath) -> tuple[str, str] | None:
    """Return subject and session (empty without) of a file in a BIDS layout; ``None`` elsewhere.

    A file of such a layout lies below its subject's folder and has the subject in its name.
    """
    subject = next((part for part in path.parts[:-1] if SUBJECT.fullmatch(part)), None)
    if subject is None or not path.name.startswith(f"{subject}_"):
        return None
    sessions = (part for part in path.name.split("_") if SESSION.fullmatch(part))
    return subject, next(sessions, "")


def bids_role(name: str) -> str | Doubt | None:
    """Return the column of a mask in a BIDS layout, a doubt, or ``None`` for an image."""
    stem = name[: len(name) - len(ending_of(name))]
    *entities, suffix = stem.split("_")
    told = (found[1] for one in entities if (found := ENTITY.fullmatch(one)))
    words = [word for value in told for word in words_of(value)]
    if suffix.lower() not in MASK_WORDS:
        return None
    return role_of_words(words) or Doubt.UNKNOWN_MASK
