"""What the codes and names of a segment mean, whatever program wrote them."""

from dataclasses import dataclass

from remnant.core.errors import UnknownLabelError
from remnant.core.labels import (
    COUINAUD_SCHEME,
    SEGMENT_IV_SCHEME,
    STRUCTURE_SCHEME,
    CouinaudSegment,
)
from remnant.io.printing import printable
from remnant.io.roles import Part
from remnant.io.segment_names import (
    NUMBERS,
    SegmentName,
    branch_of_name,
    is_aside,
    is_elsewhere,
    part_of_name,
    plain,
    running_number,
    says_liver,
    seems_branch,
    seems_segment,
    segment_of_name,
)

Code = tuple[str, str]
"""Coding scheme designator and code value, as DICOM and 3D Slicer write them."""

SNOMED_CT = "SCT"
SNOMED_RT = frozenset(("SRT", "SNM3", "99SDM"))
"""Designators of the SNOMED-RT codes that DICOM used until 2018 (PS3.16, section 8.1)."""

_COUINAUD_SCT = {
    **{str(label.snomed): CouinaudSegment(label.code) for label in COUINAUD_SCHEME.labels},
    # "Structure of Couinaud segment IVa / IVb", used by Slicer-Liver; not in DICOM's own lists
    **{str(label.snomed): CouinaudSegment.IV for label in SEGMENT_IV_SCHEME.labels},
}
_PARTS_SCT = {
    str(STRUCTURE_SCHEME.labels[0].snomed): Part.LIVER,
    "52988006": Part.LESIONS,  # lesion
    "4147007": Part.LESIONS,  # mass
    "27925004": Part.LESIONS,  # nodule
    "108369006": Part.LESIONS,  # neoplasm
    "228791009": Part.LESIONS,  # gross tumour volume
    "86049000": Part.LESIONS,  # neoplasm, primary
    "372087000": Part.LESIONS,  # the same, as DICOM codes it now
    "14799000": Part.LESIONS,  # neoplasm, secondary
    "128462008": Part.LESIONS,  # metastasis
    "94381002": Part.LESIONS,  # metastasis to liver
    "25370001": Part.LESIONS,  # hepatocellular carcinoma
    "109841003": Part.LESIONS,  # hepatocellular carcinoma, as a disorder
    "32764006": Part.PORTAL_VEIN,
    "70253006": Part.PORTAL_VEIN,  # left main branch
    "73931004": Part.PORTAL_VEIN,  # right main branch
    "284639000": Part.PORTAL_VEIN,  # umbilical portion
    "8993003": Part.HEPATIC_VEINS,
    "272998002": Part.HEPATIC_VEINS,  # right
    "273099000": Part.HEPATIC_VEINS,  # middle
    "273202007": Part.HEPATIC_VEINS,  # left
    "397425002": Part.HEPATIC_VEINS,  # inferior right
}
_NEUTRAL_SCT = frozenset(
    (
        str(STRUCTURE_SCHEME.labels[0].snomed),
        "85756007",  # tissue
        "123037004",  # body structure
        "91723000",  # anatomical structure
        "113343008",  # body organ
    )
)
"""What a segment of the liver may be coded as, its place or its name saying which it is."""

_VESSEL_SCT = frozenset(("29092000", "59820001"))
"""Vein and blood vessel: their place says which."""

ALTERED = frozenset(("49755003", "M-01000"))
"""Category of what is morphologically abnormal, whose place says only where it lies."""

# Equivalents of the old codes: DICOM PS3.16's table of SNOMED concepts (checked against pydicom's)
_SCT_OF_RT = {
    "T-62023": "71133005",
    "T-D054F": "277956007",
    "T-D0567": "277957003",
    "T-D056A": "277958008",
    "T-D056B": "277959000",
    "T-D056C": "277960005",
    "T-D056D": "277961009",
    "T-D056E": "277962002",
    "T-62000": "10200004",
    "T-D0050": "85756007",
    "T-D000A": "123037004",
    "T-D0005": "91723000",
    "T-D0060": "113343008",
    "M-01100": "52988006",
    "M-03000": "4147007",
    "M-8FFFF": "108369006",
    "M-80003": "86049000",
    "M-80006": "14799000",
    "T-48810": "32764006",
    "T-48814": "70253006",
    "T-48813": "73931004",
    "T-48832": "284639000",
    "T-48720": "8993003",
    "T-48725": "272998002",
    "T-48726": "273099000",
    "T-48727": "273202007",
}
BACKGROUND: Code = ("DCM", "125040")
_BACKGROUND = frozenset(("background", "clear label", "hintergrund", "unlabeled"))
_VESSELS = frozenset((Part.VESSELS, Part.PORTAL_VEIN, Part.HEPATIC_VEINS))


@dataclass(frozen=True, slots=True)
class OwnCode:
    """Which map of a case of this program a segment was written for, and its code there."""

    map: str
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentLabel:
    """What a file says about one of its segments.

    Parameters
    ----------
    number
        Key of the segment in its file, unique there.
    names
        Texts that name it, the most telling first; empty ones left out.
    kinds
        Codes of what it is (DICOM's property type).
    places
        Codes of where it is, and modifiers.
    category
        Code of the category of what it is; ``None`` where the file names none.
    stored_value
        Label value in a file that has but one layer; ``None`` where the value means nothing.
    own
        The map and the code that it was written for by this program; ``None`` for all others.
    """

    number: int
    names: tuple[str, ...] = ()
    kinds: tuple[Code, ...] = ()
    places: tuple[Code, ...] = ()
    category: Code | None = None
    stored_value: int | None = None
    own: OwnCode | None = None

    def describe(self) -> str:
        """Name and codes in a few words, for messages."""
        code = " ".join(f"{scheme} {value}" for scheme, value in self.kinds[:1])
        name = repr(printable(self.names[0])) if self.names else "without a name"
        return f"{name} ({printable(code)})" if code else name


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a segment is.

    ``segment`` is the Couinaud segment, ``None`` for other parts. ``by_number`` marks those known
    by a running number alone, ``half`` those that are a half of segment IV.
    """

    part: Part
    segment: CouinaudSegment | None = None
    by_number: bool = False
    half: bool = False


def meaning_of(label: SegmentLabel, *, branches: bool = False) -> Meaning | None:
    """Tell what a segment is, by its codes first and by its names second.

    A place makes a segment of the liver only of what is coded as tissue, body structure or liver
    (with ``branches``, a vessel), and not of what is named as a lesion. A code that is not known
    here leaves only names that speak of the liver, or other schemes' codes.

    Parameters
    ----------
    label
        What its file says.
    branches
        Whether vessel branches are looked for: then a vessel's place counts as its segment.

    Returns
    -------
    Meaning or None
        ``None`` where nothing is known of it.

    Raises
    ------
    UnknownLabelError
        Its code and its name, or two of its names, are those of two Couinaud segments; or it is
        coded as one and named as another structure.
    """
    allowed = {None, Part.LIVER, *(_VESSELS if branches else ())}
    kind = next((part for code in label.kinds if (part := _part_of(code))), None)
    if kind not in allowed:
        return Meaning(kind) if kind else None
    own = next((found for code in label.kinds if (found := _segment_of(code))), None)
    other = next((part for name in label.names if (part := part_of_name(name))), None)
    named = _named(label, branches=branches)
    if other not in allowed and other and own is None:
        return Meaning(other)
    coded = own or _placed(label, branches=branches)
    if coded and ((named and named.segment is not coded) or other not in allowed):
        raise UnknownLabelError(
            f"the segment {label.describe()} is coded as Couinaud {coded.name} but named as "
            f"another; correct its code or its name"
        )
    if coded:
        return Meaning(Part.COUINAUD, coded, half=_is_half(label) or bool(named and named.half))
    return _trusted(label, named) or _otherwise(label, other or kind)


def numbered_segment(label: SegmentLabel) -> Meaning | None:
    """Return the segment of a running number: the name's, or, without any word, the stored value.

    To be asked only where a file tells none of its segments otherwise: programs give such names by
    themselves, in the order in which segments were made. What is coded as something that is not
    the liver's tissue has none.

    Raises
    ------
    UnknownLabelError
        The number in the name is not the value that is stored.
    """
    if not _is_neutral(label):
        return None
    numbers = (running_number(name) for name in label.names)
    number = next((number for number in numbers if number is not None), None)
    value = label.stored_value
    if number is not None and value is not None and number != value:
        raise UnknownLabelError(
            f"the segment {label.describe()} is stored with the value {value}, so its number may "
            f"mean nothing; name the segments I to VIII"
        )
    if number is None and not label.names and not label.kinds:
        number = value
    segment = NUMBERS.get(str(number))
    return Meaning(Part.COUINAUD, segment, by_number=True) if segment else None


def looks_like_couinaud(label: SegmentLabel, *, branches: bool = False) -> bool:
    """Tell whether a name seems to mean segments of the liver, though not one of the eight.

    With ``branches``, also whether it seems to number one.
    """
    names = label.names[:1]
    return any(seems_segment(name) or (branches and seems_branch(name)) for name in names)


def is_background(label: SegmentLabel) -> bool:
    """Tell whether a segment is the background, as label maps in DICOM describe it."""
    return BACKGROUND in label.kinds or any(plain(name) in _BACKGROUND for name in label.names)


def is_another(label: SegmentLabel, part: Part) -> bool:
    """Tell whether a segment is known not to be of a role: by its name or its code."""
    if any(_is_snomed(code) and not _is_known(code) for code in label.kinds):
        return True
    aside = part not in _VESSELS and any(is_aside(name) for name in label.names)
    return aside or any(is_elsewhere(name) for name in label.names)


def may_be_lesion(label: SegmentLabel) -> bool:
    """Tell whether a segment of no known meaning is coded as something abnormal in the liver.

    Cysts, ablation zones and the like are not meant, nor what is named after another organ.
    """
    return _is_altered(label) and not any(is_elsewhere(n) or is_aside(n) for n in label.names)


def _placed(label: SegmentLabel, *, branches: bool) -> CouinaudSegment | None:
    # a lesion's or a vessel's place says where it lies, not what it is
    vessel = branches and any(_part_of(code) in _VESSELS for code in label.kinds)
    if not vessel and not _is_neutral(label):
        return None
    return next((found for code in label.places if (found := _segment_of(code))), None)


def _trusted(label: SegmentLabel, named: SegmentName | None) -> Meaning | None:
    """Return what a name means unless the code is of something unknown that may not be liver."""
    if named is None or _is_altered(label):
        return None
    strange = any(_is_snomed(code) and not _is_known(code) for code in label.kinds)
    if strange and not any(says_liver(name) for name in label.names):
        return None
    return Meaning(Part.COUINAUD, named.segment, by_number=named.by_number, half=named.half)


def _named(label: SegmentLabel, *, branches: bool) -> SegmentName | None:
    of_name = branch_of_name if branches else segment_of_name
    found = [named for name in label.names if (named := of_name(name))]
    if len({named.segment for named in found}) > 1:
        raise UnknownLabelError(
            f"the segment {label.describe()} is named as two Couinaud segments; correct its names"
        )
    return found[0] if found else None


def _is_neutral(label: SegmentLabel) -> bool:
    """Tell whether codes leave open which tissue of the liver a segment is."""
    neutral = all(_snomed_ct(code) in _NEUTRAL_SCT for code in label.kinds)
    return neutral and not _is_altered(label)


def _is_altered(label: SegmentLabel) -> bool:
    return label.category is not None and label.category[1] in ALTERED


def _is_snomed(code: Code) -> bool:
    return code[0] == SNOMED_CT or code[0] in SNOMED_RT


def _is_known(code: Code) -> bool:
    known = _part_of(code) is not None or _segment_of(code) is not None
    return known or _snomed_ct(code) in _NEUTRAL_SCT


def _segment_of(code: Code) -> CouinaudSegment | None:
    return _COUINAUD_SCT.get(_snomed_ct(code))


def _part_of(code: Code) -> Part | None:
    return _PARTS_SCT.get(_snomed_ct(code))


def _snomed_ct(code: Code) -> str:
    scheme, value = code
    if scheme in SNOMED_RT:
        return _SCT_OF_RT.get(value, "")
    return value if scheme == SNOMED_CT else ""


def _is_half(label: SegmentLabel) -> bool:
    halves = {(SNOMED_CT, str(label.snomed)) for label in SEGMENT_IV_SCHEME.labels}
    return not halves.isdisjoint((*label.kinds, *label.places))


def _otherwise(label: SegmentLabel, part: Part | None) -> Meaning | None:
    if part is not None:
        return Meaning(part)
    place = next((p for code in label.places if (p := _part_of(code))), None)
    vessel = place in _VESSELS and any(_snomed_ct(code) in _VESSEL_SCT for code in label.kinds)
    return Meaning(place) if place and (vessel or _is_neutral(label)) else None
