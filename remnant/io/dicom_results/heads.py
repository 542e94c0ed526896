"""What all objects of one set of results share: their series, identifiers and time."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

UID_ROOT: Final = "2.25."
UID_BYTES: Final = 16
MANUFACTURER: Final = "remnant"
MODEL_NAME: Final = "remnant"
DEVICE_SERIAL_NUMBER: Final = "research"


class ResultKind(StrEnum):
    """The objects that a case gives; the value is the stem of the file."""

    SEG_ANATOMY = "seg_anatomy"
    SEG_LESIONS = "seg_lesions"
    SEG_PLAN = "seg_plan"
    MEASUREMENTS = "measurements"
    REPORT = "report"
    CAPTURES = "captures"


SERIES_NUMBERS: Final = {kind: number for number, kind in enumerate(ResultKind, start=9801)}
"""High, so that they stand behind the scanner's own series in a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultSet:
    """One set of results: all that is made of one state of a case in one way.

    Parameters
    ----------
    digest
        Digest of all that decides the objects: case, report, plan, and how they are encoded. The
        same gives the same identifiers, so that what is sent twice is one object.
    made
        When the case was measured, with its time zone.
    software
        Version of this program.
    """

    digest: str
    made: datetime
    software: str

    def series_uid(self, kind: ResultKind) -> str:
        """Return the identifier of the series of one kind of object."""
        return minted_uid(self.digest, kind.value)

    def object_uid(self, kind: ResultKind, number: int = 1) -> str:
        """Return the identifier of an object of a series."""
        return minted_uid(self.digest, kind.value, f"{number}")


def minted_uid(*parts: str) -> str:
    """Return an identifier that is the same for the same parts and for no others.

    Parameters
    ----------
    parts
        Texts; where one ends and the next begins counts.

    Returns
    -------
    str
        A UID under 2.25, which needs no registration (ISO/IEC 9834-8).

    Examples
    --------
    >>> minted_uid("a", "b") == minted_uid("a", "b")
    True
    >>> minted_uid("ab") == minted_uid("a", "b")
    False
    """
    told = b"".join(len(text).to_bytes(8, "big") + text for text in (p.encode() for p in parts))
    number = int.from_bytes(hashlib.sha256(told).digest()[:UID_BYTES], "big")
    return f"{UID_ROOT}{number}"
