import pytest

from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason, reason
from remnant.wording import measures


@pytest.mark.parametrize(
    ("quantity", "text"),
    [
        (Quantity(0.25), "25.0 %"),
        (Quantity(0.25, bound=Bound.LOWER), "at least 25.0 %"),
        (Quantity(0.25, bound=Bound.UPPER), "at most 25.0 %"),
        (Quantity(0.25, indicative=True, reasons="cut"), "about 25.0 % (may be larger or smaller)"),
        (Quantity.absent("no map"), "not known (no map)"),
    ],
)
def test_measured__says_bounds_and_absence(quantity, text):
    assert text == measures.measured(quantity)


A, B = Reason(Cause.PROSE, names=("a",)), Reason(Cause.PROSE, names=("b",))


@pytest.mark.parametrize(
    ("quantities", "text"),
    [
        ((Quantity(0.2, reasons="a note"), Quantity.absent("no map")), ""),
        ((Quantity(0.2, bound=Bound.LOWER),), ""),
        ((Quantity(0.2, bound=Bound.LOWER, reasons=(A, B)),), " Not exact: a; b."),
        (
            (
                Quantity(0.2, bound=Bound.UPPER, reasons=A),
                Quantity(0.2, indicative=True, reasons=reason(Cause.EITHER_WAY, because=(B, A))),
            ),
            " Not exact: a; b.",
        ),
    ],
)
def test_because__gives_each_reason_of_bounds_and_indicative_values_once(quantities, text):
    assert text == measures.because(*quantities)


def test_because__leaves_out_causes_that_are_told_elsewhere():
    assumed = reason(Cause.BODY_SIZE_ASSUMED)
    near = reason(Cause.NEAR_LIMIT)
    quantity = Quantity(0.2, bound=Bound.LOWER, reasons=(assumed, near))

    text = measures.because(quantity, besides={Cause.BODY_SIZE_ASSUMED})

    assert text == " Not exact: the value lies within 1 of the limit."
