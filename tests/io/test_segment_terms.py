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
from remnant.io.segment_names import ambiguous_branches
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


def branch(name):
    return meaning(name, branches=True)


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
        ("Lebersegment 4", IV), ("Lebersegment IVa", IV), ("Segment IV (Leber)", IV),
        ("Segment 4 nach Couinaud", IV), ("segment hépatique IV", IV), ("segment IV du foie", IV),
        ("segmento hepático IV", IV), ("segmento IV del hígado", IV), ("S IVa", IV), ("S. IV", IV),
        ("Couinaud's segment IV", IV), ("Ⅳ", IV), ("Segment Ⅷ", VIII), ("Segment nº VIII", VIII),
        ("lobe caudé", CAUDATE), ("Lobus caudatus", CAUDATE), ("lóbulo caudado", CAUDATE),
        ("lobe de Spiegel", CAUDATE), ("Caudate lobe (S1)", CAUDATE),
        ("caudate lobe of the liver", CAUDATE),
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
     "vertebra 4", "I V", "Segment 2 and 3", "肿瘤1", "病灶 2", "腫瘍3", "囊肿 5", "Опухоль 2",
     "Сегмент 4", "肝段IV", "ІV", "Segment ٤", "٤ 2", "四", "IV?", "IV+V", "II+", "4c", "8d", "IVC",
     "SV", "caudate process", "lung segment 4", "right lobe", "#2", "°5", "(3)", "-3", "0",
     "Segment 0"],
)  # fmt: skip
def test_meaning_of__names_that_are_no_segment(name):
    assert segment(name) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Segment 9", True), ("II+III", True), ("V/VIII", True), ("left lateral section", True),
     ("S5-S8", True), ("Segments 5 to 8", True), ("spleen", False), ("vein", False),
     ("liver", False), ("right anterior section", True), ("left lobe", True), ("8d", True),
     ("Sektor rechts", True), ("secteur latéral gauche", True), ("VIII dorsal", True),
     ("IV?", True),
     ("II+", True), ("S1-L5", True), ("L5", True), ("caudate process", True), ("IVC", False),
     ("肝段4", True), ("Сегмент 4", True), ("肿瘤1", False), ("Опухоль 2", False),
     ("V. portae", False), ("cyst in segment 4", False), ("lung segment 4", False),
     ("lung_upper_lobe_left", False),
     ("stent", False), ("liver 4", True), ("v. cava inferior", False)],
)  # fmt: skip
def test_looks_like_couinaud__what_may_not_be_passed_over(name, expected):
    assert expected is looks_like_couinaud(SegmentLabel(number=1, names=(name,)))


@pytest.mark.parametrize(
    ("name", "part"),
    [("Liver", Part.LIVER), ("whole liver", Part.LIVER), ("Tumor", Part.LESIONS),
     ("liver metastasis 3", Part.LESIONS), ("liver_lesions", Part.LESIONS),
     ("portal_vein_and_splenic_vein", Part.PORTAL_VEIN), ("Right hepatic vein", Part.HEPATIC_VEINS),
     ("liver_vessels", Part.VESSELS), ("lesion in segment 4", Part.LESIONS),
     ("HCC 2", Part.LESIONS), ("Lebertumor", Part.LESIONS), ("métastase 3", Part.LESIONS),
     ("colorectal liver metastasis", Part.LESIONS), ("Tumor No. 3", Part.LESIONS),
     ("Pfortader", Part.PORTAL_VEIN), ("V. portae", Part.PORTAL_VEIN), ("GTVp", Part.LESIONS),
     ("GTV_liver", Part.LESIONS), ("Raumforderung 2", Part.LESIONS), ("lesão", Part.LESIONS),
     ("肝脏肿瘤", Part.LESIONS), ("病変 2", Part.LESIONS), ("종양1", Part.LESIONS),
     ("метастазы в печени", Part.LESIONS), ("печень", Part.LIVER), ("肝臓", Part.LIVER),
     ("간", Part.LIVER), ("Liver total", Part.LIVER), ("Fígado", Part.LIVER)],
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
        ({"kinds": (("SCT", "372087000"),)}, Meaning(Part.LESIONS)),
        ({"kinds": (("SCT", "27925004"),)}, Meaning(Part.LESIONS)),
        ({"kinds": (("SCT", "228791009"),)}, Meaning(Part.LESIONS)),
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


@pytest.mark.parametrize(
    "name", ["Segment_4", "Segment 4", "Label_4", "segment4", "4", "04", "#4", "(4)", "Segmento 4"]
)
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


@pytest.mark.parametrize(
    "name",
    ["liver without tumours", "non-tumour liver", "peritumoral zone", "tumor bed", "kidney tumor",
     "GTVn", "Liver-GTV", "PTV", "肺肿瘤", "опухоль лёгкого", "lung nodules",
     "lymph node metastasis", "resection margin of the tumour", "tumorfrei free"],
)  # fmt: skip
def test_meaning_of__names_that_are_no_lesion_of_the_liver(name):
    assert meaning(name) is None


HCC, CYST, SPLEEN = ("SCT", "25370001"), ("SCT", "367643001"), ("SCT", "78961009")
ABNORMAL = ("SCT", "49755003")


@pytest.mark.parametrize(
    ("names", "facts", "expected"),
    [
        (("HCC 2",), {"kinds": (HCC,)}, Meaning(Part.LESIONS)),
        (("mine",), {"kinds": (HCC,)}, Meaning(Part.LESIONS)),
        (("HCC 2",), {"kinds": (("SCT", "1"),)}, Meaning(Part.LESIONS)),
        (("HCC 2",), {"kinds": (TISSUE,)}, Meaning(Part.LESIONS)),
        (("tumour",), {"kinds": (LIVER,)}, Meaning(Part.LESIONS)),
        (("Cyst",), {"kinds": (CYST,)}, None),
        (("mine",), {"kinds": (CYST,)}, None),
        (("mine",), {"kinds": (("99LOCAL", "1"),)}, None),
        (("mine",), {"kinds": (TISSUE,), "category": ABNORMAL}, None),
        (("mine",), {"kinds": (TISSUE,), "category": ("SRT", "M-01000")}, None),
        (("mine",), {"kinds": (TISSUE,)}, Meaning(Part.COUINAUD, IV)),
        (("mine",), {"kinds": (("SRT", "T-D0050"),)}, Meaning(Part.COUINAUD, IV)),
    ],
)
def test_meaning_of__a_place_makes_a_segment_of_tissue_only(names, facts, expected):
    assert expected == meaning(*names, places=(COUINAUD_IV,), **facts)


def test_meaning_of__a_code_of_something_else_goes_before_a_short_name():
    assert meaning("S1", kinds=(SPLEEN,)) is None
    assert meaning("Segment V", kinds=(SPLEEN,)) is None
    assert Meaning(Part.COUINAUD, V) == meaning("liver segment V", kinds=(("SCT", "1"),))
    assert Meaning(Part.COUINAUD, V) == meaning("Segment V", kinds=(("99LOCAL", "x"),))
    assert numbered("Segment_4", kinds=(SPLEEN,)) is None
    assert numbered("4", category=ABNORMAL) is None


@pytest.mark.parametrize("name", ["tumor", "right hepatic vein", "Segment V"])
def test_meaning_of__a_segment_code_on_another_name_is_refused(name):
    with pytest.raises(UnknownLabelError, match="coded as Couinaud IV"):
        meaning(name, kinds=(COUINAUD_IV,))


def test_meaning_of__two_names_may_not_contradict_each_other():
    with pytest.raises(UnknownLabelError, match="two Couinaud segments"):
        meaning("Segment V", "Couinaud segment IV")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("PI", 1), ("PII", 2), ("PIII", 3), ("PIV", 4), ("PVI", 6), ("PVII", 7), ("PVIII", 8),
       ("P5", 5), ("p 5", 5), ("PV5", 5), ("PV_8", 8), ("PV V", 5), ("P6 right", 6), ("PV IV", 4),
       ("portal vein branch VI", 6), ("HV 8", 8), ("Pv", None), ("PV", None), ("PVV", None),
       ("left portal branch 8", None), ("right branch II", None), ("right posterior 6", None),
       ("RPV 2", None), ("肝段4", None), ("PIX", None), ("P9", None), ("HVI", None)],
)  # fmt: skip
def test_meaning_of__branches_by_short_names(name, expected):
    found = branch(name)
    assert expected == (found.segment if found else None)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("right posterior 6", True), ("RPV 2", True), ("HVI", True), ("PVV", True), ("branch 9", True),
     ("portal vein", False), ("RPV", False), ("splenic vein", False), ("SV", True)],
)  # fmt: skip
def test_looks_like_couinaud__numbered_branches(name, expected):
    assert expected is looks_like_couinaud(SegmentLabel(number=1, names=(name,)), branches=True)


def test_meaning_of__branches_told_by_a_running_number_are_marked():
    assert branch("portal branch 4").by_number
    assert not branch("P4").by_number
    assert not branch("branch of segment 4").by_number
    assert Meaning(Part.LESIONS) == branch("tumor 4")
    assert Meaning(Part.LESIONS) == meaning(
        "4", kinds=(MASS,), places=(COUINAUD_IV,), branches=True
    )


@pytest.mark.parametrize(
    ("names", "doubtful"),
    [
        (("PI", "PII", "PVI", "PVII"), ()),
        (("P1", "P2", "PVI"), ()),
        (("PI", "PV", "PVI"), ("PV",)),
        (("P4", "P.V."), ("P.V.",)),
        (("PVI", "PVII", "PVIII"), ("PVI", "PVII", "PVIII")),
        (("PVI", "PVIV", "PVV", "PI"), ("PVI",)),
        (("PV I", "PV II", "P V5", "portal vein"), ()),
    ],
)
def test_ambiguous_branches__what_two_readings_allow(names, doubtful):
    assert doubtful == ambiguous_branches(names)


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
    name=st.text(string.printable + "äÉ☃\0段٤Ⅳß", max_size=400),
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
