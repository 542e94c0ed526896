"""Worked cases: every verdict is the one that the sources give, and the page shows them."""

from collections import Counter

import pytest

from examples.worked_case_table import CASES
from examples.worked_cases import PAGE, page, result
from planning.criteria.catalogue import CONDITIONS, LISTS
from remnant.core.findings import Verdict


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_worked_case__gets_the_verdicts_of_the_sources(case):
    found = result(case)

    wrong = [
        f"{case.id}: {one.item} is {found[one.item]}, expected {one.verdict} by {one.place}"
        for one in case.expected
        if found[one.item] != one.verdict
    ]

    assert not wrong, "\n".join(wrong)


def test_worked_cases__are_many_in_few_livers():
    assert len(CASES) >= 60
    assert len({(case.balls, case.spacing_mm) for case in CASES}) <= 12
    assert [id_ for id_, times in Counter(case.id for case in CASES).items() if times > 1] == []
    assert all(case.expected for case in CASES)


def test_worked_cases__every_verdict_has_its_place_and_is_asked_once():
    for case in CASES:
        items = [one.item for one in case.expected]

        assert len(items) == len(set(items)), case.id
        assert all(one.place for one in case.expected), case.id


def test_worked_cases__expect_every_kind_of_verdict():
    expected = {one.verdict for case in CASES for one in case.expected}

    assert {verdict.value for verdict in Verdict} - expected == set()


@pytest.mark.parametrize("prefix", ["contraindication.", "transplant.", "resectability."])
def test_worked_cases__what_is_expected_to_be_listed_is_a_rule(prefix):
    items = {one.item for case in CASES for one in case.expected if one.item.startswith(prefix)}

    assert items - set(CONDITIONS) - set(LISTS) == set()


def test_worked_cases__the_page_is_up_to_date():
    """That each result is what was expected is the other test's: nothing is planned twice."""
    expected = {case.id: {one.item: one.verdict for one in case.expected} for case in CASES}

    assert PAGE.read_text(encoding="utf-8") == page(CASES, expected), (
        "run `python -m examples.worked_cases` with tests/support on the path"
    )
