"""What the codes and names of a segment mean, whatever program wrote them."""

import re
import unicodedata
from dataclasses import dataclass
from types import MappingProxyType

from remnant.core.errors import UnknownLabelError
from remnant.core.labels import COUINAUD_SCHEME, STRUCTURE_SCHEME, CouinaudSegment
from remnant.io.printing import printable
from remnant.io.roles import Part

Code = tuple[str, str]
"""Coding scheme designator and code value, as DICOM and 3D Slicer write them."""

SNOMED_CT = "SCT"
SNOMED_RT = frozenset(("SRT", "SNM3", "99SDM"))
"""Designators of the SNOMED-RT codes that DICOM used until 2018 (PS3.16, section 8.1)."""

_COUINAUD_SCT = {
    **{str(label.snomed): CouinaudSegment(label.code) for label in COUINAUD_SCHEME.labels},
    # "Structure of Couinaud segment IVa / IVb", used by Slicer-Liver; not in DICOM's own lists
    "871688003": CouinaudSegment.IV,
    "871689006": CouinaudSegment.IV,
}
_PARTS_SCT = {
    str(STRUCTURE_SCHEME.labels[0].snomed): Part.LIVER,
    "52988006": Part.LESIONS,  # lesion
    "4147007": Part.LESIONS,  # mass
    "108369006": Part.LESIONS,  # neoplasm
    "86049000": Part.LESIONS,  # neoplasm, primary
    "14799000": Part.LESIONS,  # neoplasm, secondary
    "32764006": Part.PORTAL_VEIN,
    "70253006": Part.PORTAL_VEIN,  # left main branch
    "73931004": Part.PORTAL_VEIN,  # right main branch
    "284639000": Part.PORTAL_VEIN,  # umbilical portion
    "8993003": Part.HEPATIC_VEINS,
    "272998002": Part.HEPATIC_VEINS,  # right
    "273099000": Part.HEPATIC_VEINS,  # middle
    "273202007": Part.HEPATIC_VEINS,  # left
}
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

_NUMBERS = MappingProxyType(
    {**{s.name.lower(): s for s in CouinaudSegment}, **{str(int(s)): s for s in CouinaudSegment}}
)
_BEFORE = r"(?:(?:(?:couinaud|hepatic|liver) )*(?:couinaud|segment|segm|seg|sg|s) ?)?"
_AFTER = r"(?: (?:of|the|liver|hepatic|couinaud|segment))*"
_COUINAUD_NAME = re.compile(
    rf"(?P<caudate>(?:{_BEFORE}(?:i|0?1) )?caudate(?: lobe)?{_AFTER})|"
    rf"{_BEFORE}0?(?:(?P<half>(?:iv|4) ?[ab](?: (?:upper|lower|superior|inferior))?)|"
    rf"(?P<number>viii|vii|vi|iv|v|iii|ii|i|[1-8])){_AFTER}"
)
_BRANCH_WORDS = re.compile(
    r"\b(?:portal|vein|venous|branch|branches|pv|hv|of|to|for|right|left|middle|main|p(?= ?[\div]))"
)
_BY_NUMBER_ALONE = re.compile(r"(?:(?:segment|label)[ _]?)?(?P<number>\d+)", re.IGNORECASE)
_LIKE_COUINAUD = re.compile(
    r".*\b(?:couinaud|segments?|seg|sector|section)\b.*|(?:s?[iv\d][ab]? ?)+"
)
_PART_NAMES = (
    (
        Part.LESIONS,
        re.compile(r".*\b(?:lesions?|tumou?rs?|metastas[ei]s|mets?|neoplasms?|hcc)\b.*"),
    ),
    (Part.PORTAL_VEIN, re.compile(r"(?:liver )?portal veins?(?: and splenic vein)?")),
    (Part.HEPATIC_VEINS, re.compile(r"(?:(?:left|middle|right) )?hepatic veins?")),
    (Part.VESSELS, re.compile(r"(?:liver|hepatic|intrahepatic)? ?vessels?")),
    (Part.LIVER, re.compile(r"(?:whole |total )?(?:liver|hepar|leber|foie|higado|fegato)")),
)


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
    stored_value
        Label value in a file that has but one layer; ``None`` where the value means nothing.
    """

    number: int
    names: tuple[str, ...] = ()
    kinds: tuple[Code, ...] = ()
    places: tuple[Code, ...] = ()
    stored_value: int | None = None

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
        Its code and its name are those of two Couinaud segments.
    """
    coded = _coded_segment(label, branches=branches)
    part = next((part for code in label.kinds if (part := _part_of(code))), None)
    if part not in {None, Part.LIVER} and coded is None and not branches:
        return Meaning(part) if part else None
    named = next(
        (m for name in label.names if (m := _named_segment(name, branches=branches))), None
    )
    if coded and named and coded is not named.segment:
        raise UnknownLabelError(
            f"the segment {label.describe()} is coded as Couinaud {coded.name} but named as "
            f"another; correct its code or its name"
        )
    if coded:
        return Meaning(Part.COUINAUD, coded, half=_is_half(label) or bool(named and named.half))
    return named or _otherwise(label, part)


def numbered_segment(label: SegmentLabel) -> Meaning | None:
    """Return the segment of a running number: the name's, or, without any word, the stored value.

    To be asked only where a file tells none of its segments otherwise: programs give such names by
    themselves, in the order in which segments were made.

    Raises
    ------
    UnknownLabelError
        The number in the name is not the value that is stored.
    """
    forms = (_BY_NUMBER_ALONE.fullmatch(name.strip()) for name in label.names)
    found = next((form for form in forms if form), None)
    number = int(found["number"][:4]) if found else None
    value = label.stored_value
    if number is not None and value is not None and number != value:
        raise UnknownLabelError(
            f"the segment {label.describe()} is stored with the value {value}, so its number may "
            f"mean nothing; name the segments I to VIII"
        )
    if number is None and not label.names and not label.kinds:
        number = value
    segment = _NUMBERS.get(str(number))
    return Meaning(Part.COUINAUD, segment, by_number=True) if segment else None


def looks_like_couinaud(label: SegmentLabel) -> bool:
    """Tell whether a name seems to mean segments of the liver, though not one of the eight."""
    return any(_LIKE_COUINAUD.fullmatch(_plain(name)) for name in label.names[:1])


def is_background(label: SegmentLabel) -> bool:
    """Tell whether a segment is the background, as label maps in DICOM describe it."""
    return BACKGROUND in label.kinds or any(_plain(name) == "background" for name in label.names)


def _coded_segment(label: SegmentLabel, *, branches: bool) -> CouinaudSegment | None:
    own = next((found for code in label.kinds if (found := _segment_of(code))), None)
    if own is not None:
        return own
    # a lesion's or a vessel's place says where it lies, not what it is
    specific = {_part_of(code) for code in label.kinds} - {None, Part.LIVER}
    if specific and not branches:
        return None
    return next((found for code in label.places if (found := _segment_of(code))), None)


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
    halves = {(SNOMED_CT, "871688003"), (SNOMED_CT, "871689006")}
    return not halves.isdisjoint((*label.kinds, *label.places))


def _named_segment(name: str, *, branches: bool) -> Meaning | None:
    if _BY_NUMBER_ALONE.fullmatch(name.strip()):
        return None
    plain = _plain(name)
    if branches:
        plain = " ".join(_BRANCH_WORDS.sub(" ", plain).split())
    found = _COUINAUD_NAME.fullmatch(plain)
    if found is None:
        return None
    if found["half"]:
        return Meaning(Part.COUINAUD, CouinaudSegment.IV, half=True)
    return Meaning(Part.COUINAUD, _NUMBERS["i" if found["caudate"] else found["number"]])


def _otherwise(label: SegmentLabel, part: Part | None) -> Meaning | None:
    for name in label.names:
        named = next((p for p, form in _PART_NAMES if form.fullmatch(_plain(name))), None)
        if named is not None:
            return Meaning(named)
    if part is not None:
        return Meaning(part)
    place = next((p for code in label.places if (p := _part_of(code))), None)
    return Meaning(place) if place else None


def _plain(name: str) -> str:
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name[:200])
    letters = unicodedata.normalize("NFKD", parted).encode("ascii", "ignore").decode("ascii")
    return " ".join(re.findall(r"[a-z]+(?:\d+[ab]?)?|\d+[ab]?", letters.lower()))
