"""What the maps of a case are called in other programs, in the colours of the report."""

from collections.abc import Collection, Mapping
from typing import Final

import remnant
from remnant.core.labels import (
    BINARY_SCHEME,
    COUINAUD_SCHEME,
    SEGMENT_IV_SCHEME,
    STRUCTURE_SCHEME,
    CouinaudSegment,
    LabelScheme,
    SegmentIvPart,
    Structure,
)
from remnant.core.lesions import Confirmation
from remnant.core.map_description import MapDescription, NamedLabel, Origin
from remnant.io.named_segments import LESION_MAP
from remnant.pictures.palette import (
    BARE_LIVER_COLOUR,
    HEPATIC_VEINS_COLOUR,
    LESION_COLOUR,
    LIVER_COLOUR,
    PORTAL_VEIN_COLOUR,
    REJECTED_COLOUR,
    SEGMENT_COLOURS,
)
from remnant.pipeline.case_files import (
    COUINAUD,
    COUINAUD_IV,
    EXOPHYTIC,
    LESIONS,
    LESIONS_CORE,
    STRUCTURES,
)
from remnant.pipeline.origins import (
    lesion_origin,
    lesions_were_found,
    origin_of_lesion,
    segments_origin,
    structure_origins,
)
from remnant.pipeline.segmented import SegmentedCase

STRUCTURE_COLOURS: Final[Mapping[int, str]] = {
    Structure.PARENCHYMA: BARE_LIVER_COLOUR,
    Structure.LESION: LESION_COLOUR,
    Structure.PORTAL_VEIN: PORTAL_VEIN_COLOUR,
    Structure.HEPATIC_VEINS: HEPATIC_VEINS_COLOUR,
}
PART_COLOURS: Final[Mapping[int, str]] = {
    SegmentIvPart.IVa: SEGMENT_COLOURS[CouinaudSegment.IV],
    SegmentIvPart.IVb: SEGMENT_COLOURS[CouinaudSegment.II],
}
LOOKS: Final[Mapping[str, tuple[LabelScheme, Mapping[int, str]]]] = {
    STRUCTURES: (STRUCTURE_SCHEME, STRUCTURE_COLOURS),
    EXOPHYTIC: (BINARY_SCHEME, {1: LIVER_COLOUR}),
    LESIONS_CORE: (BINARY_SCHEME, {1: LESION_COLOUR}),
    COUINAUD: (COUINAUD_SCHEME, {int(s): colour for s, colour in SEGMENT_COLOURS.items()}),
    COUINAUD_IV: (SEGMENT_IV_SCHEME, PART_COLOURS),
}
"""Schemes and colours of the maps whose codes are few and fixed."""
LESION_SNOMED: Final = next(x.snomed for x in STRUCTURE_SCHEME.labels if x.code == Structure.LESION)
TITLES: Final[Mapping[str, str]] = {
    STRUCTURES: "Liver structures; the liver is every code but 0",
    LESIONS: "Lesions, each with its number in the report; rejected ones count in no volume",
    EXOPHYTIC: "Liver only because a lesion outside the liver's map lies there",
    LESIONS_CORE: "Lesions as the first network marked them, before their outlines were refined",
    COUINAUD: "Couinaud segments I to VIII",
    COUINAUD_IV: "Upper and lower part of Couinaud segment IV",
}
PLAN_TITLE: Final = "A plan: what would stay, be removed and be ablated"


def describe(case: SegmentedCase, name: str, codes: Collection[int]) -> MapDescription:
    """Describe a map of a case.

    Parameters
    ----------
    case
        The case.
    name
        File of the map.
    codes
        Codes that it holds, which an instance map does not list by itself.
    """
    if name == LESIONS:
        return _described(LESION_MAP, TITLES[name], _lesions(case, codes))
    scheme, colours = LOOKS[name]
    return _of_scheme(scheme, TITLES[name], colours, _origins(case, name))


def _origins(case: SegmentedCase, name: str) -> Mapping[int, Origin]:
    if name == STRUCTURES:
        return structure_origins(case)
    known = {EXOPHYTIC: lesion_origin, COUINAUD: segments_origin}
    others = {LESIONS_CORE: Origin.AUTOMATIC}
    origin = known[name](case) if name in known else others.get(name, Origin.COMPUTED)
    return {int(label.code): origin for label in LOOKS[name][0].labels}


def describe_plan() -> MapDescription:
    """Describe the map of a plan, in the colours of the report's pictures."""
    # Late, since pictures of plans load what measuring does not need.
    from remnant.pictures.plan_pictures import PLAN_LOOKS
    from volumetry.virtual_resection.resection import PLAN_SCHEME

    colours = {code: look.colour for code, look in PLAN_LOOKS.items()}
    origins = dict.fromkeys(colours, Origin.COMPUTED)
    return _of_scheme(PLAN_SCHEME, PLAN_TITLE, colours, origins)


def _of_scheme(
    scheme: LabelScheme, title: str, colours: Mapping[int, str], origins: Mapping[int, Origin]
) -> MapDescription:
    labels = (
        NamedLabel(
            code=int(label.code),
            name=label.name,
            colour=colours[label.code],
            origin=origins[label.code],
            snomed=label.snomed,
        )
        for label in scheme.labels
    )
    return _described(scheme.name, title, tuple(labels))


def _lesions(case: SegmentedCase, codes: Collection[int]) -> tuple[NamedLabel, ...]:
    unread = Confirmation.AUTOMATIC if lesions_were_found(case) else Confirmation.GIVEN
    return tuple(
        _lesion(code, case.confirmations.get(code, unread), origin_of_lesion(case, code))
        for code in codes
    )


def _lesion(code: int, known: Confirmation, origin: Origin) -> NamedLabel:
    rejected = known is Confirmation.REJECTED
    return NamedLabel(
        code=code,
        name=f"lesion {code} (rejected)" if rejected else f"lesion {code}",
        colour=REJECTED_COLOUR if rejected else LESION_COLOUR,
        origin=origin,
        snomed=LESION_SNOMED,
        confirmation=known,
    )


def _described(name: str, title: str, labels: tuple[NamedLabel, ...]) -> MapDescription:
    return MapDescription(
        map=name, title=title, labels=labels, software={"remnant": remnant.__version__}
    )
