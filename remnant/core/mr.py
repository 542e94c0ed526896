"""What kind of MR image an image is."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from remnant.core.volumes import Phase


class MrKind(StrEnum):
    """What makes the contrast of an MR image; the value is its word."""

    T1 = "T1"
    T2 = "T2"
    DWI = "DWI"
    ADC = "ADC"
    MRCP = "MRCP"
    BALANCED = "balanced"
    MAP = "map"
    """A figure computed for each voxel: T1, T2, T2* or R2* in time, stiffness."""


class MrPart(StrEnum):
    """Which image of a pair, or computed of it, an image is; the value is its word."""

    IN_PHASE = "in phase"
    OPPOSED_PHASE = "opposed phase"
    WATER = "water"
    FAT = "fat"
    FAT_FRACTION = "fat fraction"
    SUBTRACTION = "subtraction"


@dataclass(frozen=True, slots=True, kw_only=True)
class MrSequence:
    """Kind of an MR image; ``None`` and ``""`` for what is not known.

    Parameters
    ----------
    kind, part
        Weighting, and which image of a pair it is.
    phase
        Contrast phase that its words name; of T1, or where the weighting is not known.
    b_value
        Of a diffusion-weighted image, in s/mm², as its header writes it.
    """

    kind: MrKind | None = None
    part: MrPart | None = None
    phase: Phase = Phase.UNKNOWN
    b_value: str = ""

    @property
    def name(self) -> str:
        """In words, ``""`` where nothing is known.

        >>> MrSequence(kind=MrKind.T1, phase=Phase.PORTAL).name
        'T1 portal'
        >>> MrSequence(kind=MrKind.DWI, b_value="800").name
        'DWI b 800'
        """
        phase = "" if self.phase is Phase.UNKNOWN else self.phase.value
        b_value = f"b {self.b_value}" if self.b_value else ""
        return " ".join(word for word in (self.kind, self.part, b_value, phase) if word)


UNKNOWN_SEQUENCE: Final = MrSequence()


class BiasCorrection(StrEnum):
    """How the slow brightness across an MR image, which its coils make, is evened out."""

    NONE = "none"
    N4 = "n4"
