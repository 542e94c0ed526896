"""The few facts of a DICOM object that a node needs, read from its first bytes alone."""

import re
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Final

from pydicom.dataset import Dataset
from pydicom.filereader import read_partial
from pydicom.tag import BaseTag, Tag

from remnant.core.errors import UnreadableFileError

MOST_HEAD_BYTES: Final = 1024**2
"""Empty items of a hostile sequence take 5 s and 85 MiB for each MiB."""
UID: Final = re.compile(r"[0-9]+(\.[0-9]+)*")
LONGEST_UID: Final = 64
SOP_CLASS, SOP_INSTANCE = Tag(0x0008, 0x0016), Tag(0x0008, 0x0018)
STUDY, SERIES = Tag(0x0020, 0x000D), Tag(0x0020, 0x000E)
MODALITY: Final = Tag(0x0008, 0x0060)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What an object is.

    Parameters
    ----------
    sop_class_uid, sop_instance_uid, series_uid, study_uid
        Its identifiers.
    transfer_syntax_uid
        How its file is encoded.
    """

    sop_class_uid: str
    sop_instance_uid: str = field(repr=False)
    series_uid: str = field(repr=False)
    study_uid: str = field(repr=False)
    transfer_syntax_uid: str


def read_head(path: Path) -> Head:
    """Read what a DICOM file is; of a hostile one no more than a MiB is looked at.

    Raises
    ------
    UnreadableFileError
        It is no DICOM file, or lacks one of the identifiers.
    """
    try:
        with path.open("rb") as file:
            start = BytesIO(file.read(MOST_HEAD_BYTES))
        dataset = read_partial(start, stop_when=_is_behind, force=False)
        syntax = dataset.file_meta.get("TransferSyntaxUID", "")
        return Head(
            sop_class_uid=_uid(dataset, SOP_CLASS),
            sop_instance_uid=_uid(dataset, SOP_INSTANCE),
            series_uid=_uid(dataset, SERIES),
            study_uid=_uid(dataset, STUDY),
            transfer_syntax_uid=_checked(str(syntax)),
        )
    except UnreadableFileError:
        raise
    except Exception:  # noqa: BLE001  (the parser of a hostile file may raise anything)
        raise UnreadableFileError("the file is no DICOM object") from None


def _is_behind(tag: BaseTag, vr: str | None, length: int) -> bool:
    del vr, length
    return bool(tag > SERIES)


def _uid(dataset: Dataset, tag: BaseTag) -> str:
    # the raw value: nothing is converted, so nothing warns
    raw = dataset.get_item(tag)
    value = b"" if raw is None or raw.value is None else raw.value
    text = value.decode("ascii") if isinstance(value, bytes) else str(value)
    return _checked(text)


def _checked(text: str) -> str:
    plain = text.strip(" \0")
    if not (UID.fullmatch(plain) and len(plain) <= LONGEST_UID):
        raise UnreadableFileError("the object lacks a valid UID of itself, its series or study")
    return plain
