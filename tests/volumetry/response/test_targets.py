"""Which lesions of a baseline are targets."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.reports import example_lesion
from remnant.core.lesions import Confirmation
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, reason
from volumetry.response.targets import is_measurable, target_lesions


def lesion(number, length_mm, **changes):
    sizes = {"longest_axial_mm": length_mm, "perpendicular_axial_mm": 0.8 * length_mm}
    return replace(example_lesion(number, length_mm**3 / 2000), **(sizes | changes))


def test_targets__are_the_two_longest_that_are_measurable():
    lesions = [lesion(1, 9.9), lesion(2, 10.0), lesion(3, 31.0), lesion(4, 25.0)]

    assert (3, 4) == target_lesions(lesions, slice_mm=1.0)
    assert (3, 4) == target_lesions(lesions[::-1], slice_mm=1.0)
    assert (2,) == target_lesions(lesions[:2], slice_mm=5.0)
    assert () == target_lesions(lesions[:2], slice_mm=5.5)
    assert () == target_lesions([], slice_mm=1.0)


def test_targets__leave_out_what_is_cut_or_rejected():
    cut = Quantity(9.0, bound=Bound.LOWER, reasons=(reason(Cause.LESION_CUT),))
    lesions = [
        lesion(1, 50.0, volume_ml=cut),
        lesion(2, 40.0, confirmation=Confirmation.REJECTED),
        lesion(3, 12.0),
    ]

    assert [False, False, True] == [is_measurable(one, 1.0) for one in lesions]
    assert (3,) == target_lesions(lesions, slice_mm=1.0)


@pytest.mark.parametrize("unseen", [Confirmation.AUTOMATIC, Confirmation.GIVEN])
def test_targets__confirmed_ones_go_before_larger_ones_that_nobody_looked_at(unseen):
    lesions = [
        lesion(1, 50.0, confirmation=unseen),
        lesion(2, 40.0, confirmation=unseen),
        lesion(3, 12.0, confirmation=Confirmation.CONFIRMED),
    ]

    assert (3, 1) == target_lesions(lesions, slice_mm=1.0)


@given(
    lengths=st.lists(st.sampled_from((8.0, 12.0, 12.0, 20.0, 33.0)), max_size=7),
    order=st.randoms(use_true_random=False),
)
def test_permuting__lesions_and_numbers_changes_nothing(lengths, order):
    lesions = [
        lesion(number, length, centroid_ras_mm=(float(number), 0.0, 0.0))
        for number, length in enumerate(lengths, start=1)
    ]
    numbers = list(range(1, len(lesions) + 1))
    order.shuffle(numbers)
    renumbered = [replace(one, id=n) for one, n in zip(lesions, numbers, strict=True)]
    order.shuffle(renumbered)

    chosen = target_lesions(lesions, slice_mm=2.0)

    expected = tuple(numbers[number - 1] for number in chosen)
    assert expected == target_lesions(renumbered, slice_mm=2.0)
