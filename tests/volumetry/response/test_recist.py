"""RECIST 1.1 of sums: the published examples, and what holds for all sums."""

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from planning.literature import load_literature
from remnant.core.findings import SourceStatus, Threshold
from remnant.core.response import Response
from volumetry.response import recist
from volumetry.response.recist import CLASSES, class_of_sum, classes_of_sums, least_measurable_mm

LENGTHS = st.floats(0.5, 400.0)


@pytest.mark.parametrize(
    ("sum_mm", "baseline_mm", "nadir_mm", "expected"),
    [
        # clarifications of the EORTC: 165 mm, 63 mm at week 8, 65 mm at week 16
        (63.0, 165.0, 165.0, Response.PARTIAL),
        (65.0, 165.0, 63.0, Response.PARTIAL),
        # the limits themselves count: "at least"
        (70.0, 100.0, 100.0, Response.PARTIAL),
        (70.1, 100.0, 100.0, Response.STABLE),
        (120.0, 100.0, 100.0, Response.PROGRESSIVE),
        (119.9, 100.0, 100.0, Response.STABLE),
        # a fifth of little is not 5 mm, and 5 mm of much is no fifth
        (24.0, 20.0, 20.0, Response.STABLE),
        (24.9, 20.0, 20.0, Response.STABLE),
        (25.0, 20.0, 20.0, Response.PROGRESSIVE),
        (115.0, 100.0, 100.0, Response.STABLE),
        # against the nadir, however far below the baseline
        (60.0, 100.0, 50.0, Response.PROGRESSIVE),
        (59.0, 100.0, 50.0, Response.PARTIAL),
        # all had gone, and some are there again
        (3.0, 100.0, 0.0, Response.PROGRESSIVE),
    ],
)
def test_class__of_sums_that_sources_and_limits_give(sum_mm, baseline_mm, nadir_mm, expected):
    assert expected is class_of_sum(sum_mm, baseline_mm, nadir_mm)


@given(baseline=LENGTHS, share=st.floats(0.01, 4.0))
@example(baseline=20.0, share=1.2)
def test_scaling__of_all_diameters_gives_the_class_of_the_factor(baseline, share):
    """From the baseline on: a factor of 0.7 and less is a response, 1.2 and 5 mm progression."""
    assume(min(abs(share - 0.7), abs(share - 1.2)) > 1e-6)
    assume(abs(baseline * share - baseline - 5.0) > 1e-6)
    found = class_of_sum(baseline * share, baseline, baseline)

    grown = share > 1.2 and baseline * share - baseline > 5.0
    expected = (
        Response.PROGRESSIVE if grown else Response.PARTIAL if share < 0.7 else Response.STABLE
    )
    assert expected is found


@given(sum_mm=LENGTHS, baseline=LENGTHS, nadir=LENGTHS)
def test_progression__needs_both_a_fifth_and_5_mm_above_the_nadir(sum_mm, baseline, nadir):
    assume(nadir <= baseline)
    found = class_of_sum(sum_mm, baseline, nadir)

    if found is Response.PROGRESSIVE:
        assert sum_mm - nadir >= 0.2 * nadir - 1e-6
        assert sum_mm - nadir >= 5.0 - 1e-6
    else:
        assert sum_mm - nadir < 5.0 + 1e-6 or sum_mm - nadir < 0.2 * nadir + 1e-6


@given(sum_mm=LENGTHS, baseline=LENGTHS, nadir=LENGTHS)
def test_partial__is_held_against_the_baseline_never_against_the_nadir(sum_mm, baseline, nadir):
    assume(nadir <= baseline)
    if class_of_sum(sum_mm, baseline, nadir) is Response.PARTIAL:
        assert baseline - sum_mm >= 0.3 * baseline - 1e-6
    # as large as the baseline, and a third above or below any nadir: never partial
    assert class_of_sum(baseline, baseline, nadir) is not Response.PARTIAL


@given(sums=st.lists(st.tuples(LENGTHS, LENGTHS, st.floats(0.05, 1.0)), min_size=1, max_size=20))
def test_draws__have_the_classes_of_numbers(sums):
    """But for what rounding decides at a limit."""
    found = classes_of_sums(
        np.array([one for one, _, _ in sums]),
        np.array([baseline for _, baseline, _ in sums]),
        np.array([baseline * share for _, baseline, share in sums]),
    )
    for (one, baseline, share), number in zip(sums, found, strict=True):
        more = one - baseline * share
        limits = (more - 5.0, more - 0.2 * baseline * share, baseline - one - 0.3 * baseline)
        if min(map(abs, limits)) > 1e-6:
            assert CLASSES[number] is class_of_sum(one, baseline, baseline * share)


@pytest.mark.parametrize(
    ("slice_mm", "least_mm"), [(0.6, 10.0), (5.0, 10.0), (5.1, 10.2), (8.0, 16.0)]
)
def test_measurable__is_longer_on_thick_slices(slice_mm, least_mm):
    assert least_mm == pytest.approx(least_measurable_mm(slice_mm))


def test_limits__name_sources_that_were_read():
    limits = [one for one in vars(recist).values() if isinstance(one, Threshold)]

    assert 8 == len(limits)
    assert {SourceStatus.VERIFIED} == {limit.status for limit in limits}
    assert {limit.source for limit in limits} <= set(load_literature())
