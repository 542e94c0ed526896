"""Files of a study that are not read, and why: every file is a plane's or stands here."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

NOT_DICOM: Final = "not DICOM"
NOT_AN_IMAGE: Final = "DICOM, but no CT or MR image"
COLOUR: Final = "colour image"
A_SEGMENTATION: Final = "DICOM segmentation: give it with --masks"
A_DICOMDIR: Final = "DICOMDIR"
LOCALISER: Final = "localiser"
NO_GEOMETRY: Final = "image without usable position, orientation, spacing or size"
NO_PIXELS: Final = "image without pixels"
ODD_PIXELS: Final = "image whose pixels are laid out in a way that is not read"
UNREADABLE: Final = "damaged DICOM"
TOO_LARGE: Final = "too large"
NOT_OPENED: Final = "cannot be opened"
NOT_A_FILE: Final = "no ordinary file"
LINK_OUTSIDE: Final = "link out of the folder given, which is not followed"
LINK_REPEATED: Final = "link to what is read anyway, or to nothing"
MISSING_REFERENCE: Final = "missing though the DICOMDIR lists it"

LOST: Final = frozenset(
    (NO_GEOMETRY, NO_PIXELS, ODD_PIXELS, UNREADABLE, TOO_LARGE, NOT_OPENED, MISSING_REFERENCE)
)
"""Reasons that may cost a scan one of its images; the others name what is no image of a scan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """One file that gives no plane.

    Parameters
    ----------
    path
        The file; for findings its name only, never its folder.
    reason
        One of this module's texts.
    series_uid, sop_uid
        What the file still says of itself; ``None`` where it does not, or is no DICOM. A series
        whose UID was emptied has the UID that was minted for it. Never shown.
    """

    path: Path
    reason: str
    series_uid: str | None = field(default=None, repr=False)
    sop_uid: str | None = field(default=None, repr=False)

    @property
    def is_lost(self) -> bool:
        """Whether a scan may lack an image because of this file."""
        return self.reason in LOST
