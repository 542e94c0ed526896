"""Which rows of the figure a distribution belongs to, by type, number, lobes and the scan."""

import pytest

from planning import inputs
from planning.distribution.figure_rows import distribution_rows
from planning.distribution.frilling import OPERATIONAL_RULE
from planning.rules.staging import LIMITED_LESIONS
from remnant.core.distribution import Frilling, FrillingType
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason

NO_TYPE = FrillingType.UNCLASSIFIABLE
MANY = float(OPERATIONAL_RULE.disseminated_lesions)
LIMITED, COMPLEX, DIFFUSE = (
    inputs.LIMITED_PATTERN,
    inputs.COMPLEX_PATTERN,
    inputs.DIFFUSE_PATTERN,
)
UNCOUNTED = Quantity.absent(Reason(Cause.LESIONS_UNKNOWN))


def rows(kind, count, *, both=True, cut=False, cleared=True):
    if not isinstance(count, Quantity):
        count = Quantity(count, bound=Bound.LOWER if cut else None)
    frilling = Frilling(type=kind, reasons=())
    found = distribution_rows(count, both_lobes=both, frilling=frilling, cleared=cleared)
    assert set(found) == {LIMITED, COMPLEX, DIFFUSE}
    return found[LIMITED], found[COMPLEX], found[DIFFUSE]


ANY = (None, None, None)


@pytest.mark.parametrize(
    ("kind", "whole", "cut"),
    [
        (FrillingType.I, (True, False, False), ANY),
        (FrillingType.II, (False, True, False), (False, None, None)),
        (FrillingType.III, (False, False, True), (False, False, True)),
    ],
)
@pytest.mark.parametrize("count", [1.0, MANY])
def test_type__names_its_row_and_beyond_the_scan_may_be_a_wider_one(kind, whole, cut, count):
    assert rows(kind, count) == whole
    assert rows(kind, count, both=None) == whole
    assert rows(kind, count, cut=True) == cut


@pytest.mark.parametrize(
    ("count", "both", "expected"),
    [
        (0.0, True, (None, False, None)),
        (1.0, False, (None, False, None)),
        (2.0, True, (True, False, False)),
        (2.0, False, (None, None, False)),
        (2.0, None, ANY),
        (float(LIMITED_LESIONS), True, (True, False, False)),
        (LIMITED_LESIONS + 1.0, True, (False, True, False)),
        (LIMITED_LESIONS + 1.0, None, (False, True, False)),
        (MANY - 1.0, False, (False, True, False)),
        (MANY, True, (False, None, None)),
    ],
)
def test_no_type__by_number_and_lobes(count, both, expected):
    assert rows(NO_TYPE, count, both=both) == expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1.0, (None, False, None)),
        (2.0, (None, None, False)),
        (3.0, (None, None, False)),
        (float(LIMITED_LESIONS), (None, None, False)),
        (LIMITED_LESIONS + 1.0, (False, True, False)),
    ],
)
def test_no_type__few_in_both_lobes_that_nothing_clears_may_be_limited_or_complex(count, expected):
    """A number alone is not limited: three masses of 5 to 6 cm are no limited disease (M)."""
    assert rows(NO_TYPE, count, cleared=False) == expected


def test_type__is_a_type_whatever_clears_it():
    assert rows(FrillingType.I, 1.0, cleared=False) == (True, False, False)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (1.0, ANY),
        (float(LIMITED_LESIONS), ANY),
        (LIMITED_LESIONS + 1.0, (False, None, None)),
    ],
)
def test_no_type__beyond_the_scan_there_may_be_more(count, expected):
    assert rows(NO_TYPE, count, cut=True) == expected


def test_unknown__leaves_every_row_open():
    assert rows(None, 3.0) == rows(NO_TYPE, UNCOUNTED) == ANY
    found = distribution_rows(Quantity(3.0), both_lobes=True, frilling=None)
    assert tuple(found.values()) == ANY
