"""The rule on arrays gives the answers of the rule on reports."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.distribution.frilling import (
    ANSWERS,
    OPERATIONAL_RULE,
    Cases,
    classify,
    classify_cases,
    measured_case,
)
from remnant.core.distribution import FrillingType
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason

SHARES = st.sampled_from((0.05, 0.099, 0.1, 0.9, 1.0))
VOLUMES_ML = st.sampled_from((0.0, 0.5, 1.0, 10.0, 20.0, 40.0, 80.0))
FERETS_MM = st.sampled_from((3.0, 12.0, 49.9, 50.0, 80.0))
BURDENS = st.sampled_from((0.0, 0.3, 0.79, 0.8, 0.8 + 1e-12, 0.81, 1.0))


def answer_of(report):
    return ANSWERS[int(classify_cases(measured_case(report))[0])]


@st.composite
def segment_shares(draw):
    codes = draw(st.lists(st.integers(1, 8), min_size=1, max_size=3, unique=True))
    drawn = [draw(SHARES) for _ in codes]
    return {code: share / max(1.0, sum(drawn)) for code, share in zip(codes, drawn, strict=True)}


@st.composite
def lesion_facts(draw, *, rejected=True):
    kinds = st.sampled_from((*Confirmation,)) if rejected else st.just(Confirmation.AUTOMATIC)
    shares = draw(st.one_of(segment_shares(), segment_shares(), segment_shares(), st.none()))
    return draw(VOLUMES_ML), shares, draw(FERETS_MM), draw(kinds)


def lesions_of(make_lesion, facts):
    made = [
        replace(
            make_lesion(n, max(ml, 0.1), shares, diameter_mm=feret, confirmation=kind),
            volume_ml=Quantity(ml) if ml else Quantity.absent(Reason(Cause.SEGMENTS_UNKNOWN)),
        )
        for n, (ml, shares, feret, kind) in enumerate(facts, 1)
    ]
    return [replace(lesion, longest_axial_mm=f[2]) for lesion, f in zip(made, facts, strict=True)]


def report_of(make_report, lesions, burden, cut):
    known = Quantity.absent(Reason(Cause.LESIONS_UNKNOWN)) if burden is None else Quantity(burden)
    bound = Bound.LOWER if cut else None
    return replace(
        make_report(),
        lesions=tuple(lesions),
        burden_fraction=known,
        tlv_ml=Quantity(800, bound=bound),
    )


@settings(max_examples=300)
@given(
    facts=st.lists(lesion_facts(), max_size=14),
    burden=st.one_of(st.none(), BURDENS, BURDENS, BURDENS),
    cut=st.booleans(),
)
def test_arrays__answer_as_classify_does(make_report, make_lesion, facts, burden, cut):
    report = report_of(make_report, lesions_of(make_lesion, facts), burden, cut)
    assert classify(report).type == answer_of(report)


@settings(max_examples=200)
@given(
    drawn=st.lists(st.tuples(st.integers(1, 8), VOLUMES_ML), min_size=9, max_size=13),
    bulk_ml=st.sampled_from((20.0, 80.0, 160.0)),
    cut=st.booleans(),
)
def test_arrays__answer_as_classify_does_with_a_bulk_among_many(
    make_report, make_lesion, drawn, bulk_ml, cut
):
    facts = [(bulk_ml, {7: 0.9, 4: 0.1}, 50.0, Confirmation.CONFIRMED)]
    facts += [(ml, {code: 1.0}, 12.0, Confirmation.CONFIRMED) for code, ml in drawn]
    report = report_of(make_report, lesions_of(make_lesion, facts), 0.2, cut)
    assert classify(report).type == answer_of(report)


@pytest.mark.parametrize(
    ("volumes_ml", "codes"),
    [
        ([80.0, 40.0, 40.0], [7, 2, 3]),  # the bulk holds exactly a half
        ([1.7, 0.1, 0.8, 0.8], [7, 2, 3, 4]),  # and where the sum of the others is not exact
        ([0.7, 0.1, 0.3, 0.3], [7, 2, 3, 4]),
        ([0.1] * 10, [2, 3, 4, 5, 6] * 2),
        ([1.0], [1]),
        ([], []),
    ],
)
def test_arrays__answer_as_classify_does_at_the_limits(make_report, make_lesion, volumes_ml, codes):
    facts = [
        (ml, {code: 1.0}, 50.0, Confirmation.CONFIRMED)
        for ml, code in zip(volumes_ml, codes, strict=True)
    ]
    report = report_of(make_report, lesions_of(make_lesion, facts), 0.2, cut=False)
    assert classify(report).type == answer_of(report)


@pytest.mark.parametrize("shares", [{8: 0.9, 4: 0.1}, {8: 0.9, 4: 0.01, 3: 0.09}])
def test_arrays__a_tenth_is_a_tenth_whatever_the_rounding(make_report, make_lesion, shares):
    bulk = make_lesion(1, 80.0, shares, diameter_mm=60.0)
    report = make_report([bulk, make_lesion(2, 1.0, {5: 1.0})])
    assert FrillingType.II is classify(report).type
    assert FrillingType.II is answer_of(report)


def reports_of(make_report, lesions, cases):
    """Build the report of every row."""
    for row, present in enumerate(cases.present):
        shares = cases.shares[row % len(cases.shares)]
        yield report_of(
            make_report,
            [
                replace(
                    lesion,
                    volume_ml=Quantity(cases.volumes_ml[row, n]),
                    longest_axial_mm=cases.diameters_mm[row, n],
                    segment_fractions={s: shares[n, s] for s in CouinaudSegment},
                )
                for n, lesion in enumerate(lesions)
                if present[n]
            ],
            cases.burden_fraction[row],
            cases.cut,
        )


@settings(max_examples=60)
@given(number=st.integers(1, 14), seed=st.integers(0, 2**32 - 1), cut=st.booleans())
def test_rows__are_independent_cases(make_report, make_lesion, number, seed, cut):
    rng = np.random.default_rng(seed)
    size = (11, number)
    present = rng.random(size) < rng.random((11, 1))
    lesions = [make_lesion(n, 1.0, {8: 1.0}) for n in range(1, number + 1)]
    cases = Cases(
        present=present,
        volumes_ml=rng.exponential(size=size) ** 3,
        diameters_mm=rng.choice([20.0, 50.0, 70.0], size),
        shares=rng.dirichlet(np.full(9, 0.1), size if seed % 2 else (1, number)),
        known=np.ones(number, np.bool_),
        burden_fraction=rng.choice([0.1, 0.8, 0.9], 11),
        cut=cut,
    )
    expected = [classify(report).type for report in reports_of(make_report, lesions, cases)]
    assert expected == [ANSWERS[answer] for answer in classify_cases(cases)]


def test_rule__is_the_one_given(make_report, make_lesion):
    lesions = [make_lesion(n, 1.0, {code: 1.0}) for n, code in enumerate((2, 6, 7), 1)]
    report = make_report(lesions)
    lax = replace(OPERATIONAL_RULE, disseminated_lesions=3, disseminated_segments=3)
    answers = {
        rule: ANSWERS[int(classify_cases(measured_case(report), rule=rule)[0])]
        for rule in (OPERATIONAL_RULE, lax)
    }
    assert {rule: classify(report, rule=rule).type for rule in answers} == answers
    assert len(set(answers.values())) == 2
