"""Numbers of a cohort's summary against numpy, and what is told where there is nothing to count."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.core.cohort_figures import CohortFigures, SubjectAtTime, VerdictCounts
from remnant.view.cohort_course import best_change, view_courses
from remnant.view.cohort_outliers import FEWEST_CASES, LIMIT, outliers, robust_scores
from remnant.view.cohort_sheet import ALL_SHOWN, PAGE_SIZE, SAMPLE, sheet_pages, shown_cases
from remnant.view.cohort_spreads import (
    class_doubt,
    class_stacks,
    distributions,
    percent_of,
    rule_groups,
    spread,
)
from remnant.view.cohort_view import view_cohort
from remnant.wording.numbers import plain

NAN = float("nan")
amounts = st.floats(0.01, 1e5)


def cohort(statuses, **numbers):
    """A cohort of so many cases with columns of numbers."""
    count = len(statuses)
    return CohortFigures(
        cases=tuple(f"c{n:04}" for n in range(count)),
        statuses=tuple(statuses),
        stages=("",) * count,
        error_kinds=("",) * count,
        errors=("",) * count,
        numbers={name: np.asarray(column, np.float64) for name, column in numbers.items()},
    )


def done(**numbers):
    count = len(next(iter(numbers.values())))
    return cohort(["done"] * count, **numbers)


@given(st.lists(st.one_of(amounts, st.just(NAN)), min_size=1, max_size=40))
def test_spread__is_that_of_numpy(column):
    values = np.array(column)
    known = values[~np.isnan(values)]
    found = spread(values)

    if not known.size:
        assert found is None
        return
    assert found.n + found.absent == values.size
    low, median, high = np.percentile(known, (25, 50, 75))
    assert (found.low, found.median, found.high) == pytest.approx((low, median, high))
    assert (found.least, found.most) == (known.min(), known.max())


def test_distributions__are_over_done_cases_alone():
    figures = cohort(
        ["done", "done", "unusable", "failed", "done"],
        tlv_ml=[1000.0, 1203.0, 9999.0, NAN, NAN],
        burden_fraction=[0.0, 0.255, 0.9, NAN, 0.1],
    )
    figures = replace(figures, words={"tlv_ml_bound": ("lower", "", "lower", "", "")})
    burden, tlv = distributions(figures)

    assert (burden.n, burden.absent, burden.median, burden.ends) == (3, 0, "10", "0–25.5")
    assert (tlv.n, tlv.absent, tlv.bounds) == (2, 1, 1)
    assert tlv.median == plain((1000.0 + 1203.0) / 2)
    assert sum(int(bar.label.rpartition(" ")[2]) for bar in burden.figure.bars) == 3


def test_classes__count_every_done_case_once():
    figures = replace(
        cohort(["done"] * 5 + ["failed"]),
        words={
            "burden_class": ("<=10", "<=10", ">50", "", ">10-25", "<=10"),
            "frilling_type": ("I", "", "", "", "", "III"),
        },
    )
    burden, frilling = class_stacks(figures)

    assert [(s.words, s.count, s.percent) for s in burden.shares] == [
        ("up to 10 %", 2, "40"), ("over 10 to 25 %", 1, "20"), ("over 50 %", 1, "20"),
        ("not measured", 1, "20"),
    ]  # fmt: skip
    assert sum(s.width for s in burden.shares) == pytest.approx(100.0)
    assert [(s.words, s.count) for s in frilling.shares] == [("I", 1), ("not classified", 4)]


def test_doubt__counts_intervals_that_reach_into_another_class():
    figures = done(
        burden_fraction=[0.09, 0.05, 0.24, 0.6, 0.1],
        burden_fraction_low=[0.08, 0.04, 0.20, 0.45, NAN],
        burden_fraction_high=[0.11, 0.10, 0.25, 0.70, NAN],
    )

    assert (class_doubt(figures).uncertain, class_doubt(figures).known) == (2, 4)


@given(st.integers(0, 10_000), st.integers(1, 10_000))
def test_percent__never_reads_as_none_or_all(part, whole):
    part = min(part, whole)
    text = percent_of(part, whole)

    assert (text == "0") == (part == 0)
    assert (text == "100") == (part == whole)


def test_rules__stand_in_the_order_of_the_report_the_whole_list_first():
    counted = {"met": 3, "unknown": 1}
    figures = replace(
        done(tlv_ml=[1.0] * 4),
        verdicts=tuple(
            VerdictCounts(list=name, rule=rule, whole=whole, cases=4, counts=counted)
            for name, rule, whole in (
                ("quality", "q", False), ("other", "x", False), ("transplant", "a", False),
                ("transplant", "z", True), ("planning", "p", False),
            )
        ),
    )  # fmt: skip
    groups = rule_groups(figures)

    assert [group.name for group in groups] == ["planning", "transplant", "quality", "other"]
    assert [rule.title for rule in groups[1].rules] == ["z", "a"]
    assert [(s.words, s.count) for s in groups[0].rules[0].shares] == [
        ("✓ met", 3), ("? undecided", 1),
    ]  # fmt: skip
    assert groups[2].rules[0].shares[0].words == "✓ passed"


@given(st.lists(st.integers(1, 1000), min_size=FEWEST_CASES, max_size=60))
def test_scores__are_robust_standard_deviations(whole):
    values = np.array(whole, np.float64)
    centre = np.median(values)
    spread_of = 1.4826 * np.median(np.abs(values - centre))
    scores = robust_scores(values)

    if spread_of == 0:
        assert np.isnan(scores).all()
    else:
        np.testing.assert_allclose(scores, (values - centre) / spread_of)


def test_scores__of_few_cases_are_not_told():
    assert np.isnan(robust_scores(np.array([1.0, 2.0, 900.0]))).all()


def test_outliers__name_the_figure_and_the_furthest_first():
    random = np.random.default_rng(2)
    tlv = random.normal(1500, 100, 50)
    share = random.normal(0.12, 0.01, 50)
    tlv[3], share[3], share[8] = 6000.0, 0.4, 0.22
    figures = done(tlv_ml=tlv, segment_IV=share)
    found = outliers(figures)

    assert [one.case for one in found][:2] == ["c0003", "c0008"]
    first = {strange.name: strange for strange in found[0].figures}
    assert first["tlv_ml"].value == "6000 mL"
    assert first["segment_IV"].value == "40.0 %"
    assert first["segment_IV"].title == "Share of segment IV"
    logs = np.log(tlv)
    score = (logs[3] - np.median(logs)) / (1.4826 * np.median(np.abs(logs - np.median(logs))))
    assert first["tlv_ml"].score == pytest.approx(score)
    assert all(abs(s.score) > LIMIT for one in found for s in one.figures)


def test_outliers__are_not_livers_without_tumour_nor_cases_that_are_not_done():
    burden = np.random.default_rng(4).uniform(0.05, 0.1, 40)
    burden[:5] = 0.0
    burden[39] = 0.9
    figures = cohort(["done"] * 39 + ["unusable"], burden_fraction=burden)

    assert outliers(figures) == ()


def tumour(subject, order, burden, *, day=None, baseline=None, response=""):
    return SubjectAtTime(
        subject=subject,
        case=f"{subject}-{order}",
        order=order,
        baseline=order == 1 if baseline is None else baseline,
        day=30.4375 * order if day is None else day,
        burden_fraction=burden,
        functional_tlv_ml=1200.0,
        response=response,
    )


@pytest.mark.parametrize(
    ("burdens", "change"),
    [
        ((0.2, 0.1, 0.3), -0.5),
        ((0.2, 0.3), 0.5),
        ((0.2, None, 0.0), -1.0),
        ((0.0, 0.1), None),
        ((None, 0.1), None),
        ((0.2, None), None),
    ],
)
def test_best_change__is_the_lowest_after_the_baseline(burdens, change):
    times = [tumour("s", n, burden) for n, burden in enumerate(burdens, start=1)]

    assert best_change(times) == (None if change is None else pytest.approx(change))


def test_best_change__counts_from_the_baseline_wherever_it_stands():
    times = [
        tumour("s", 1, 0.5, baseline=False),
        tumour("s", 2, 0.2, baseline=True),
        tumour("s", 3, 0.1),
    ]
    assert best_change(times) == pytest.approx(-0.5)
    assert best_change([replace(time, baseline=False) for time in times]) is None


def test_courses__tell_who_changed_and_who_cannot_be_told():
    course = (
        tumour("b", 2, 0.3, response="progressive"),
        tumour("b", 1, 0.2),
        tumour("a", 1, 0.2),
        tumour("a", 2, 0.1, response="partial"),
        tumour("new", 1, 0.0),
        tumour("new", 2, 0.1, response="not_evaluable"),
        tumour("alone", 1, 0.4),
    )
    figures = replace(done(tlv_ml=[1.0]), course=course, events={"matched": 2, "later": 1})
    found = view_courses(figures)

    assert (found.subjects, found.changed, found.without_change, found.new_tumour) == (3, 2, 1, 1)
    assert [bar.label for bar in found.best.bars] == ["b: +50 %", "a: −50 %"]
    assert [bar.kind for bar in found.best.bars] == ["more", "less"]
    assert [curve.label for curve in found.burden.curves] == ["a", "b", "new"]
    assert [(s.words, s.count) for s in found.responses.shares] == [
        ("partial response", 1), ("progressive disease", 1), ("not evaluable", 1),
    ]  # fmt: skip
    assert [s.words for s in found.events.shares] == ["matched", "later"]
    assert view_courses(replace(figures, course=course[-1:])) is None


def test_courses__without_times_have_no_curves():
    course = tuple(replace(tumour("s", n, 0.1), day=None) for n in (1, 2))
    found = view_courses(replace(done(tlv_ml=[1.0]), course=course))

    assert found.burden is None
    assert found.best is not None


def test_shown__is_all_of_a_small_cohort_and_a_fixed_sample_of_a_large_one():
    small = cohort(["done"] * ALL_SHOWN)
    large = cohort(["done"] * 5000 + ["failed"] * 50)

    assert shown_cases(small, ()) == tuple(range(ALL_SHOWN))
    shown = shown_cases(large, ())
    assert len(shown) == SAMPLE + 50
    assert set(range(5000, 5050)) <= set(shown)
    assert shown == shown_cases(large, ())


def test_sheets__hold_every_shown_case_once_in_each_order():
    figures = cohort(["done"] * 390, burden_fraction=np.linspace(0, 0.5, 390))
    shown = shown_cases(figures, ())
    pages = list(sheet_pages(figures, (), {}, shown=shown))

    assert [(p.order, p.number, p.first, p.last) for p in pages] == [
        (order, number, first, last)
        for order in ("tumour burden", "status")
        for number, first, last in ((1, 1, PAGE_SIZE), (2, PAGE_SIZE + 1, 390))
    ]
    for part in (pages[:2], pages[2:]):
        assert {tile.case for page in part for tile in page.tiles} == set(figures.cases)
        assert (part[0].before, part[0].after) == ("", part[1].file)
        assert (part[1].before, part[1].after) == (part[0].file, "")


def test_view__of_no_case_has_an_overview_alone():
    view = view_cohort(CohortFigures(), (), {}, shown=(), sheets=())

    assert [name for name, _ in view.parts] == ["overview"]
    assert (view.head.total, view.head.bar, view.head.statuses) == (0, (), ())


def test_head__counts_all_ways_to_end_also_an_unknown_one():
    view = view_cohort(
        cohort(["done", "done", "unusable", "refused", "melted"]), (), {}, shown=(), sheets=()
    )

    assert (view.head.total, view.head.done, view.head.unusable, view.head.failed) == (5, 2, 1, 2)
    assert [(s.mark.words, s.count) for s in view.head.statuses] == [
        ("done", 2), ("unusable", 1), ("refused", 1), ("melted", 1),
    ]  # fmt: skip
