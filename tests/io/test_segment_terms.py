"""What names and codes of segments mean."""

import string
from contextlib import suppress
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.sr._snomed_dict import mapping

from remnant.core.errors import UnknownLabelError
from remnant.core.labels import COUINAUD_SCHEME, CouinaudSegment
from remnant.io import segment_terms
from remnant.io.roles import Part
from remnant.io.segment_terms import (
    Meaning,
    SegmentLabel,
    is_background,
    looks_like_couinaud,
    meaning_of,
    numbered_segment,
)

CAUDATE, II, IV, V, VI, VII, VIII = (CouinaudSegment(n) for n in (1, 2, 4, 5, 6, 7, 8))
COUINAUD_IV = ("SCT", "277958008")
TISSUE, LIVER, MASS, PORTAL = (
    ("SCT", code) for code in ("85756007", "10200004", "4147007", "32764006")
)  # fmt: skip


def meaning(*names, branches=False, **facts):
    return meaning_of(SegmentLabel(number=1, names=names, **facts), branches=branches)


def numbered(*names, **facts):
    return numbered_segment(SegmentLabel(number=1, names=names, **facts))


def segment(name, **facts):
    found = meaning(name, **facts)
    return found.segment if found else None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("IV", IV), ("iv", IV), ("Segment IV", IV), ("Couinaud segment IV", IV), ("S4", IV),
        ("seg 4", IV), ("seg. 4", IV), ("Sg4", IV), ("liver_segment_4", IV), ("SegIV", IV),
        ("CouinaudHepaticSegmentIV", IV), ("Couinaud hepatic segment IV", IV),
        ("liver segment 04", IV), ("Segment IV of the liver", IV), ("segment-VIII", VIII),
        ("IVa", IV), ("IV b", IV), ("4a", IV), ("S4B", IV), ("Couinaud segment IVa (upper)", IV),
        ("Segment I", CAUDATE), ("caudate lobe", CAUDATE),
        ("Segment I (caudate lobe)", CAUDATE),
        ("liver segment 2", II), ("VII", VII), ("SEGMENT VI", VI), ("Ségment V", V),
        ("Segment V", V), ("liver_segment_8", VIII),
    ],
)  # fmt: skip
def test_meaning_of__names_of_segments(name, expected):
    assert expected is segment(name)
    assert not meaning(name).by_number


@pytest.mark.parametrize("name", ["IVa", "IV b", "4a", "S4B", "Couinaud segment IVa (upper)"])
def test_meaning_of__halves_of_segment_iv(name):
    assert Meaning(Part.COUINAUD, IV, half=True) == meaning(name)
    assert not meaning("Segment IV").half


@pytest.mark.parametrize(
    "name",
    ["liver 4", "Liver_1", "Segment 9", "segment 12", "IX", "II+III", "segments 5-8", "V/VIII",
     "lesion in segment 4", "spleen", "7a", "Segment", "", "left lateral section", "S44",
     "vertebra 4", "I V", "Segment 2 and 3"],
)  # fmt: skip
def test_meaning_of__names_that_are_no_segment(name):
    assert segment(name) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Segment 9", True), ("II+III", True), ("V/VIII", True), ("left lateral section", True),
     ("S5-S8", True), ("Segments 5 to 8", True), ("spleen", False), ("vein", False),
     ("liver", False)],
)  # fmt: skip
def test_looks_like_couinaud__what_may_not_be_passed_over(name, expected):
    assert expected is looks_like_couinaud(SegmentLabel(number=1, names=(name,)))


@pytest.mark.parametrize(
    ("name", "part"),
    [("Liver", Part.LIVER), ("whole liver", Part.LIVER), ("Tumor", Part.LESIONS),
     ("liver metastasis 3", Part.LESIONS), ("liver_lesions", Part.LESIONS),
     ("portal_vein_and_splenic_vein", Part.PORTAL_VEIN), ("Right hepatic vein", Part.HEPATIC_VEINS),
     ("liver_vessels", Part.VESSELS), ("lesion in segment 4", Part.LESIONS)],
)  # fmt: skip
def test_meaning_of__other_parts_by_name(name, part):
    assert Meaning(part) == meaning(name)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"kinds": (COUINAUD_IV,)}, Meaning(Part.COUINAUD, IV)),
        ({"kinds": (("SRT", "T-D056A"),)}, Meaning(Part.COUINAUD, IV)),
        ({"kinds": (("SCT", "871688003"),)}, Meaning(Part.COUINAUD, IV, half=True)),
        ({"kinds": (TISSUE,), "places": (COUINAUD_IV,)}, Meaning(Part.COUINAUD, IV)),
        ({"kinds": (LIVER,), "places": (COUINAUD_IV,)}, Meaning(Part.COUINAUD, IV)),
        ({"kinds": (MASS,), "places": (COUINAUD_IV,)}, Meaning(Part.LESIONS)),
        ({"kinds": (PORTAL,), "places": (COUINAUD_IV,)}, Meaning(Part.PORTAL_VEIN)),
        ({"kinds": (LIVER,)}, Meaning(Part.LIVER)),
        ({"kinds": (("99LOCAL", "277958008"),)}, None),
        ({"kinds": (("SCT", "78961009"),)}, None),
    ],
)
def test_meaning_of__codes(facts, expected):
    assert expected == meaning(**facts)


def test_meaning_of__code_goes_before_name_and_may_not_contradict_it():
    assert Meaning(Part.COUINAUD, IV) == meaning("my own name", kinds=(COUINAUD_IV,))
    assert Meaning(Part.COUINAUD, V) == meaning("Segment V", kinds=(LIVER,))
    assert Meaning(Part.LESIONS) == meaning("Segment V", kinds=(MASS,))
    with pytest.raises(UnknownLabelError, match="coded as Couinaud IV"):
        meaning("Segment V", kinds=(COUINAUD_IV,))


@pytest.mark.parametrize("name", ["Segment_4", "Segment 4", "Label_4", "segment4", "4", "04"])
def test_numbered_segment__running_numbers_are_no_meaning_of_their_own(name):
    assert meaning(name) is None
    assert Meaning(Part.LIVER) == meaning(name, kinds=(LIVER,))
    assert Meaning(Part.COUINAUD, IV, by_number=True) == numbered(name)
    assert Meaning(Part.COUINAUD, IV, by_number=True) == numbered(name, stored_value=4)
    with pytest.raises(UnknownLabelError, match="value 5"):
        numbered(name, stored_value=5)


def test_numbered_segment__stored_value_only_where_the_file_says_nothing_else():
    assert Meaning(Part.COUINAUD, IV, by_number=True) == numbered(stored_value=4)
    assert numbered(stored_value=9) is None
    assert numbered("Segment 9") is None
    assert numbered("spleen", stored_value=4) is None
    assert numbered(stored_value=4, kinds=(("SCT", "78961009"),)) is None


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ({"names": ("portal branch 4",)}, IV),
        ({"names": ("P4",)}, IV),
        ({"names": ("Right portal vein branch of segment V",)}, V),
        ({"names": ("P VIII",)}, VIII),
        ({"kinds": (PORTAL,), "places": (COUINAUD_IV,)}, IV),
        ({"names": ("portal vein",)}, None),
        ({"names": ("splenic vein",)}, None),
    ],
)
def test_meaning_of__branches(label, expected):
    found = meaning_of(SegmentLabel(number=1, **label), branches=True)
    assert expected is (found.segment if found else None)


def test_is_background__by_code_or_name():
    assert is_background(SegmentLabel(number=0, kinds=(("DCM", "125040"),)))
    assert is_background(SegmentLabel(number=0, names=("Background",)))
    assert not is_background(SegmentLabel(number=0, names=("IV",)))


def test_tables__agree_with_dicom():
    for old, new in segment_terms._SCT_OF_RT.items():
        assert new == mapping["SRT"][old]
    coded = {label.snomed: label.code for label in COUINAUD_SCHEME.labels}
    assert coded.items() <= segment_terms._COUINAUD_SCT.items()
    assert len(segment_terms._COUINAUD_SCT) == 10


@given(
    name=st.text(string.printable + "äÉ☃\0", max_size=400),
    branches=st.booleans(),
    value=st.none() | st.integers(0, 9),
)
def test_meaning_of__any_text_gives_an_answer(name, branches, value):
    label = SegmentLabel(number=1, names=(name,), stored_value=value)
    with suppress(UnknownLabelError):
        found = meaning_of(label, branches=branches) or numbered_segment(label)
        assert found is None or (found.segment is not None) == (found.part is Part.COUINAUD)
    assert looks_like_couinaud(label) in {True, False}


@pytest.mark.parametrize("name", ["i" * 199 + "x", "iv " * 66 + "x", "liver " * 33, "s" * 200])
def test_meaning_of__long_names_take_no_time(name):
    label = SegmentLabel(number=1, names=(name * 50,))
    started = perf_counter()
    meaning_of(label)
    looks_like_couinaud(label)
    assert perf_counter() - started < 2.0
