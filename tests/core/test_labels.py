import re

import pytest

from remnant.core.labels import (
    BINARY_SCHEME,
    COUINAUD_SCHEME,
    INSTANCE_SCHEME,
    LEFT_LOBE,
    RIGHT_LOBE,
    STRUCTURE_SCHEME,
    CouinaudSegment,
    Structure,
)

SCHEMES = [BINARY_SCHEME, INSTANCE_SCHEME, STRUCTURE_SCHEME, COUINAUD_SCHEME]


def _verhoeff_is_valid(identifier):
    """SNOMED CT identifiers end in a Verhoeff check digit (Release File Specification 5.5)."""
    multiply = [[(j if i < 5 else 0) for j in range(10)] for i in range(10)]
    for i in range(10):
        for j in range(10):
            # dihedral group of order ten
            a, b = i % 5, j % 5
            turn = (a + b) % 5 if i < 5 else (a - b) % 5
            multiply[i][j] = turn if (i < 5) == (j < 5) else turn + 5
    permute = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]]
    for _ in range(6):
        permute.append([permute[1][digit] for digit in permute[-1]])
    check = 0
    for position, digit in enumerate(reversed(identifier)):
        check = multiply[check][permute[position % 8][int(digit)]]
    return check == 0


def test_verhoeff__knows_a_published_identifier():
    assert _verhoeff_is_valid("10200004")  # liver structure
    assert not _verhoeff_is_valid("10200014")
    assert not _verhoeff_is_valid("12000004")


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
def test_scheme__codes_and_names_are_unique_and_contiguous(scheme):
    codes = [int(label.code) for label in scheme.labels]
    names = [label.name for label in scheme.labels]

    assert list(range(1, len(codes) + 1)) == codes
    assert len(names) == len(set(names))


def test_snomed__concepts_are_unique_over_all_schemes():
    concepts = [label.snomed for scheme in SCHEMES for label in scheme.labels if label.snomed]

    assert len(concepts) == 12
    assert len(concepts) == len(set(concepts))


@pytest.mark.parametrize(
    "label",
    [label for scheme in SCHEMES for label in scheme.labels if label.snomed],
    ids=lambda label: label.name,
)
def test_snomed__identifiers_have_a_valid_check_digit(label):
    assert re.fullmatch(r"[1-9]\d{5,17}", label.snomed)
    assert _verhoeff_is_valid(label.snomed)


def test_couinaud__value_is_the_roman_number():
    assert [s.name for s in CouinaudSegment] == ["I", "II", "III", "IV", "V", "VI", "VII", "VIII"]
    assert list(range(1, 9)) == [int(s) for s in CouinaudSegment]


def test_lobes__with_segment_one_they_are_the_liver():
    assert not RIGHT_LOBE & LEFT_LOBE
    assert set(CouinaudSegment) == RIGHT_LOBE | LEFT_LOBE | {CouinaudSegment.I}


def test_defines__closed_scheme():
    assert STRUCTURE_SCHEME.defines(0)
    assert STRUCTURE_SCHEME.defines(Structure.HEPATIC_VEINS)
    assert not STRUCTURE_SCHEME.defines(5)
    assert not STRUCTURE_SCHEME.defines(-1)


def test_defines__open_ended_scheme():
    assert INSTANCE_SCHEME.defines(0)
    assert INSTANCE_SCHEME.defines(40_000)
    assert not INSTANCE_SCHEME.defines(-1)
