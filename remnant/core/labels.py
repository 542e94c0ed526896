"""What the codes of a label map mean."""

from dataclasses import dataclass
from enum import IntEnum


class CouinaudSegment(IntEnum):
    """Couinaud's liver segments I to VIII; the value is the code in ``couinaud.nii.gz``."""

    I = 1  # noqa: E741
    II = 2
    III = 3
    IV = 4
    V = 5
    VI = 6
    VII = 7
    VIII = 8


SEGMENT_CODES = len(CouinaudSegment) + 1
"""Codes that a Couinaud map can hold, 0 included: what tables by segment code are long."""


class SegmentIvPart(IntEnum):
    """Upper and lower part of segment IV; the value is the code in ``couinaud_iv.nii.gz``."""

    IVa = 1
    IVb = 2


class Structure(IntEnum):
    """Codes of ``structures.nii.gz``. The liver is every non-zero code."""

    BACKGROUND = 0
    PARENCHYMA = 1
    LESION = 2
    PORTAL_VEIN = 3
    HEPATIC_VEINS = 4


VESSELS = frozenset((Structure.PORTAL_VEIN, Structure.HEPATIC_VEINS))
RIGHT_LOBE = frozenset(
    (CouinaudSegment.V, CouinaudSegment.VI, CouinaudSegment.VII, CouinaudSegment.VIII)
)
LEFT_LOBE = frozenset((CouinaudSegment.II, CouinaudSegment.III, CouinaudSegment.IV))


@dataclass(frozen=True, slots=True)
class Label:
    """One code of a label map.

    ``snomed`` is the SNOMED CT concept, ``None`` where none is used.
    """

    code: int
    name: str
    snomed: str | None = None


@dataclass(frozen=True, slots=True)
class LabelScheme:
    """Meaning of every code of a label map.

    ``open_ended`` schemes (instance maps) allow any positive code beyond the listed ones.
    """

    name: str
    labels: tuple[Label, ...]
    open_ended: bool = False

    def defines(self, code: int) -> bool:
        """Tell whether a voxel may hold this code. 0 is always background."""
        listed = any(code == label.code for label in self.labels)
        return code == 0 or listed or (self.open_ended and code > 0)


BINARY_SCHEME = LabelScheme("binary", (Label(1, "foreground"),))
INSTANCE_SCHEME = LabelScheme("instances", (), open_ended=True)
STRUCTURE_SCHEME = LabelScheme(
    "structures",
    (
        Label(Structure.PARENCHYMA, "liver parenchyma", "10200004"),
        Label(Structure.LESION, "liver lesion", "52988006"),
        Label(Structure.PORTAL_VEIN, "portal vein", "32764006"),
        Label(Structure.HEPATIC_VEINS, "hepatic veins", "8993003"),
    ),
)
COUINAUD_SCHEME = LabelScheme(
    "couinaud",
    tuple(
        Label(segment, f"Couinaud segment {segment.name}", snomed)
        for segment, snomed in zip(
            CouinaudSegment,
            ("71133005", "277956007", "277957003", "277958008", "277959000", "277960005",
             "277961009", "277962002"),
            strict=True,
        )
    ),
)  # fmt: skip
SEGMENT_IV_SCHEME = LabelScheme(
    "couinaud_iv",
    (
        Label(SegmentIvPart.IVa, "Couinaud segment IVa (upper)", "871688003"),
        Label(SegmentIvPart.IVb, "Couinaud segment IVb (lower)", "871689006"),
    ),
)
