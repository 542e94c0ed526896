"""What the codes of masks mean, by the program or data set that made them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from remnant.core.labels import CouinaudSegment
from remnant.io.roles import Part

Codes = frozenset[int]


class MasksPreset(StrEnum):
    """Which program's or data set's codes the masks use.

    Of maps whose codes have no meaning of their own, ``AUTO`` tells by their shapes whether they
    are lesions, parts or classes, see `remnant.io.lesion_maps`; ``INSTANCES`` says that each code
    of a lesion map is one lesion, ``BINARY`` that each separate part is one.
    """

    AUTO = "auto"
    LITS = "lits"
    TOTALSEGMENTATOR = "totalsegmentator"
    MSD = "msd"
    BINARY = "binary"
    INSTANCES = "instances"


@dataclass(frozen=True, slots=True)
class Coding:
    """What the codes of one file mean.

    ``parts`` gives the codes of each part; ``others`` are codes that may occur and are passed over.
    ``instances`` is ``True`` where every code is a lesion of its own.
    """

    parts: Mapping[Part, Codes]
    others: Codes = frozenset()
    instances: bool = False

    @property
    def wanted(self) -> Codes:
        """Every code that means something."""
        return frozenset[int]().union(*self.parts.values())


_ONE = frozenset((1,))
_LESION_2 = Coding({Part.LESIONS: frozenset((2,))}, others=_ONE)
_LIVER_1_LESION_2 = Coding({Part.LIVER: frozenset((1, 2)), Part.LESIONS: frozenset((2,))})
_VESSELS_1_LESION_2 = Coding({Part.VESSELS: _ONE, Part.LESIONS: frozenset((2,))})
SEGMENTS = frozenset(int(segment) for segment in CouinaudSegment)
_COMMON = {
    Part.COUINAUD: Coding({Part.COUINAUD: SEGMENTS}),
    Part.BRANCHES: Coding({Part.BRANCHES: SEGMENTS}),
    Part.VESSELS: Coding({Part.VESSELS: _ONE}),
    Part.PORTAL_VEIN: Coding({Part.PORTAL_VEIN: _ONE}),
    Part.HEPATIC_VEINS: Coding({Part.HEPATIC_VEINS: _ONE}),
}

# 255 is how 8-bit image programs write "yes"
_UNCODED = {
    **_COMMON,
    Part.LIVER: Coding({Part.LIVER: frozenset((1, 255))}),
    Part.LESIONS: Coding({Part.LESIONS: frozenset()}, instances=True),
}

PRESETS: Mapping[MasksPreset, Mapping[Part, Coding]] = MappingProxyType(
    {
        # LiTS 2017: 1 liver, 2 tumour in one file
        MasksPreset.LITS: {**_COMMON, Part.LIVER: _LIVER_1_LESION_2, Part.LESIONS: _LESION_2},
        # Medical Segmentation Decathlon: Task03 as LiTS; Task08 1 hepatic vessel, 2 tumour
        MasksPreset.MSD: {
            **_COMMON,
            Part.LIVER: _LIVER_1_LESION_2,
            Part.LESIONS: _LESION_2,
            Part.VESSELS: _VESSELS_1_LESION_2,
        },
        # TotalSegmentator 2: `total` (5 liver), `liver_lesions`, `liver_segments`, `liver_vessels`
        MasksPreset.TOTALSEGMENTATOR: {
            **_COMMON,
            Part.LIVER: Coding({Part.LIVER: frozenset((5,))}, others=frozenset(range(1, 256))),
            Part.LESIONS: Coding({Part.LESIONS: _ONE}),
            Part.VESSELS: _VESSELS_1_LESION_2,
        },
        MasksPreset.AUTO: _UNCODED,
        MasksPreset.INSTANCES: _UNCODED,
        MasksPreset.BINARY: _UNCODED,
    }
)

NAMED: Mapping[Part, Coding] = MappingProxyType(
    {
        **_COMMON,
        Part.LIVER: Coding({Part.LIVER: _ONE}),
        Part.LESIONS: Coding({Part.LESIONS: frozenset()}, instances=True),
    }
)
"""Codes of the maps made of segments that their file names: no preset is needed for those."""
