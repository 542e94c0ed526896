"""Masks of data sets that declare what their codes mean: MSD's and nnU-Net's, and LiTS's by name.

A data set of the Medical Segmentation Decathlon, or one made for nnU-Net, has ``dataset.json``
beside the folders ``imagesTr`` and ``labelsTr``; its key ``labels`` names the codes, as
``{"1": "liver"}`` or as ``{"liver": 1}``.
"""

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from remnant.cohort.scan_names import LESION_WORDS
from remnant.core.errors import UnreadableFileError
from remnant.io.bounded import read_bounded
from remnant.io.codings import MasksPreset
from remnant.io.roles import Part

DATASET_JSON: Final = "dataset.json"
LABEL_FOLDERS: Final = frozenset(("labelstr", "labelsts"))
IMAGE_FOLDERS: Final = frozenset(("imagestr", "imagests"))
LARGEST_BYTES: Final = 64 * 1024**2
SHORT_NUMBER: Final = re.compile(r"[0-9]{1,5}")
CHANNEL: Final = re.compile(r"_\d{4}$")
"""Behind the name of each image of nnU-Net."""
TUMOURS: Final = LESION_WORDS | {"cancer"}
FIRST: Final[Mapping[str, Part]] = MappingProxyType(
    {"liver": Part.LIVER, "vessel": Part.VESSELS, "vessels": Part.VESSELS}
)
LITS_MASK: Final = re.compile(r"segmentation-(\d+)\.nii(?:\.gz)?", re.IGNORECASE)
LITS_SCAN: Final = re.compile(r"volume-(\d+)\.nii(?:\.gz)?", re.IGNORECASE)
"""As the data set LiTS names its files: 1 is liver, 2 is tumour."""


def mask_of_dataset(
    root: Path, mask: Path, scans: Sequence[Path]
) -> tuple[Part, MasksPreset] | None:
    """Return what a mask is whose name alone does not say it, and its coding; ``None`` unless sure.

    Parameters
    ----------
    root
        Folder that the paths are relative to.
    mask, scans
        The mask, and the scans of the same case.
    """
    lits = LITS_MASK.fullmatch(mask.name)
    if lits and any(one[1] == lits[1] for one in map(LITS_SCAN.fullmatch, _names(scans)) if one):
        return Part.LIVER, MasksPreset.LITS
    if mask.parent.name.lower() not in LABEL_FOLDERS:
        return None
    return _declared(root / mask.parent.parent / DATASET_JSON)


def _names(paths: Sequence[Path]) -> list[str]:
    return [path.name for path in paths]


def _declared(file: Path) -> tuple[Part, MasksPreset] | None:
    try:
        state = file.stat()
    except OSError:
        return None
    return _declared_in(file, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _declared_in(file: Path, changed_ns: int, size: int) -> tuple[Part, MasksPreset] | None:  # noqa: ARG001  (a changed file is another)
    try:
        document = json.loads(read_bounded(file, most_bytes=LARGEST_BYTES, what="a list of labels"))
    except (UnreadableFileError, ValueError, RecursionError):
        return None
    labels = document.get("labels") if isinstance(document, dict) else None
    names = _names_by_code(labels if isinstance(labels, dict) else {})
    part = FIRST.get(names.get(1, ""))
    if part is None or set(names) - {0} != {1, 2} or names[2] not in TUMOURS:
        return None
    return part, MasksPreset.MSD


def _names_by_code(labels: Mapping[str, object]) -> dict[int, str]:
    """Return the name of each code, however way round it is written."""
    found = {}
    for first, second in labels.items():
        name, code = (second, first) if isinstance(second, str) else (first, second)
        if SHORT_NUMBER.fullmatch(str(code)):
            found[int(str(code))] = str(name).lower()
    return found


def case_of_channel(name: str, folder: str) -> str:
    """Return a case's name without the channel that nnU-Net writes behind it."""
    return CHANNEL.sub("", name) if folder.lower() in IMAGE_FOLDERS else name
