"""From which phases of a study the liver and its lesions are taken."""

from dataclasses import dataclass
from enum import StrEnum


class AlignmentKind(StrEnum):
    """How one phase may be moved onto another."""

    RIGID = "rigid"
    DEFORMABLE = "deformable"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseChoice:
    """Phases of one study that are used together.

    Parameters
    ----------
    liver_from
        Contrast phase, or series number in the list, of the image that the liver is outlined on;
        its grid is that of the case.
    lesions_from
        The same, of the images that lesions are looked for in, at least one and each once. Those
        of another image than the liver's are brought onto its grid.
    alignment
        How the other images are laid on the liver's.
    """

    liver_from: str
    lesions_from: tuple[str, ...]
    alignment: AlignmentKind = AlignmentKind.RIGID

    @property
    def all_from(self) -> tuple[str, ...]:
        """Every image that is needed, the liver's first."""
        return tuple(dict.fromkeys((self.liver_from, *self.lesions_from)))
