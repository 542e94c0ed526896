"""What a reviewer can say about lesions; light to import, for the command line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

EDITED: Final = "lesions_edited"
CONFIRMATIONS: Final = "confirmations"
"""Roles of an edited map of lesions, and of an edited ``lesions.csv``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionReview:
    """A reviewer's words.

    Parameters
    ----------
    rejected, confirmed
        Lesion numbers.
    confirm_all
        Confirm every lesion that is not rejected.
    edited
        Edited ``lesions.csv`` or a label map on the case's grid; ``None`` when nothing was edited.
    """

    rejected: frozenset[int] = frozenset()
    confirmed: frozenset[int] = frozenset()
    confirm_all: bool = False
    edited: Path | None = None

    @property
    def is_empty(self) -> bool:
        """Whether the review says nothing."""
        return not (self.rejected or self.confirmed or self.confirm_all or self.edited)


NO_REVIEW: Final = LesionReview()
