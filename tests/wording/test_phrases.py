import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.core.findings import Basis, Comparison, SourceStatus, Threshold
from remnant.core.labels import CouinaudSegment
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason
from remnant.wording import numbers, phrases


@pytest.mark.parametrize(
    ("fraction", "beside", "text"),
    [
        (0.234, None, "23.4 %"),
        (0.1996, None, "20.0 %"),
        (0.1996, 0.2, "19.96 %"),
        (0.1999999, 0.2, "19.99999 %"),
        (0.2, 0.2, "20.0 %"),
        (0.7000004, 0.7, "70.00004 %"),
        (0.0, 0.2, "0.0 %"),
        (1.0, 0.9, "100.0 %"),
    ],
)
def test_share__keeps_its_side_of_the_limit(fraction, beside, text):
    assert text == phrases.share(fraction, beside=beside)


@given(st.integers(0, 10**9), st.sampled_from((0.2, 0.3, 0.4, 0.7, 0.9)))
def test_share__never_prints_the_other_side(billionths, limit):
    fraction = billionths / 10**9
    printed = float(phrases.share(fraction, beside=limit).removesuffix(" %"))
    assert (fraction >= limit) == (round(printed - 100 * limit, 9) >= 0)


@pytest.mark.parametrize(
    ("inclusive", "text"), [(True, "at least 30 %"), (False, "more than 30 %")]
)
def test_limit__says_inclusivity(inclusive, text):
    threshold = Threshold(
        value=0.3,
        basis=Basis.UNSPECIFIED,
        comparison=Comparison.AT_LEAST if inclusive else Comparison.MORE,
        source="x",
        status=SourceStatus.VERIFIED,
    )
    assert text == phrases.limit(threshold)


def test_listed__joins_like_a_sentence():
    assert phrases.listed(["a"]) == "a"
    assert phrases.listed(["a", "b"]) == "a and b"
    assert phrases.listed(iter("abc")) == "a, b and c"


def test_segment_names__in_order():
    assert phrases.segment_names({CouinaudSegment(c) for c in (8, 1, 4)}) == "I, IV, VIII"


def test_counted__one_and_many():
    assert [numbers.counted(n, "lesion") for n in (1, 0, 2)] == [
        "1 lesion",
        "0 lesions",
        "2 lesions",
    ]


@pytest.mark.parametrize(
    ("marks", "word"),
    [
        ({}, ""),
        ({"bound": Bound.LOWER}, "at least "),
        ({"bound": Bound.UPPER}, "at most "),
        ({"indicative": True, "reasons": (Reason(Cause.NEAR_LIMIT),)}, "about "),
    ],
)
def test_roughly__bounds_and_indicative_values(marks, word):
    assert phrases.roughly(Quantity(1.0, **marks)) == word
