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
        (
            Quantity(0.25, indicative=True, reasons=Reason(Cause.LIVER_CUT)),
            "about 25.0 % (may be larger or smaller)",
        ),
        (Quantity.absent(Reason(Cause.NO_COUINAUD_MAP)), "not known (no Couinaud map was given)"),
    ],
)
def test_measured__says_bounds_and_absence(quantity, text):
    assert text == measures.measured(quantity)


A, B = Reason(Cause.KEPT_SEGMENTS_CUT), Reason(Cause.REMOVED_SEGMENTS_CUT)
BOTH = (
    " Not exact: segments that stay are cut by the edge of the scan or file; removed segments are "
    "cut by the edge of the scan or file."
)


@pytest.mark.parametrize(
    ("quantities", "text"),
    [
        (
            (
                Quantity(0.2, reasons=Reason(Cause.BODY_SIZE_ASSUMED)),
                Quantity.absent(Reason(Cause.NO_COUINAUD_MAP)),
            ),
            "",
        ),
        ((Quantity(0.2, bound=Bound.LOWER),), ""),
        ((Quantity(0.2, bound=Bound.LOWER, reasons=(A, B)),), BOTH),
        (
            (
                Quantity(0.2, bound=Bound.UPPER, reasons=A),
                Quantity(0.2, indicative=True, reasons=reason(Cause.EITHER_WAY, because=(B, A))),
            ),
            BOTH,
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
