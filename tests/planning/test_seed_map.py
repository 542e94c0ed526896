"""Every row of the three reviews has its rules, or says why there is none; no rule is without."""

import pytest

from examples.seed_map import (
    FIGURE_ROWS,
    PAGE,
    REVIEWS,
    SECTIONS,
    SEED_ROWS,
    known_rules,
    matching,
    page,
)
from planning.criteria.catalogue import CONDITIONS, LISTS, REMARKS, ROWS, TREATMENTS

NAMED = {name for row in SEED_ROWS for pattern in row.rules for name in matching(pattern)}


@pytest.mark.parametrize("pattern", sorted({pattern for row in SEED_ROWS for pattern in row.rules}))
def test_seed_map__every_rule_that_is_named_exists(pattern):
    assert matching(pattern)


@pytest.mark.parametrize("review", REVIEWS)
def test_seed_map__every_rule_of_a_review_belongs_to_one_of_its_rows(review):
    rules = {name for name, source in known_rules().items() if source == review}

    assert len(rules) > 40
    assert rules - NAMED == set()


def test_seed_map__every_row_without_rules_says_why():
    silent = [(row.place, row.label) for row in SEED_ROWS if not row.rules and not row.note]

    assert silent == []


def test_seed_map__knows_the_whole_catalogue():
    rows = {f"pathway.{name.replace('.', '.row.')}" for name in ROWS}
    treatments = {f"option.{source}.{name}" for source, name in TREATMENTS}
    catalogue = {*CONDITIONS, *LISTS, *REMARKS, *rows, *treatments}

    assert catalogue - set(known_rules()) == set()


@pytest.mark.parametrize(("place", "row"), FIGURE_ROWS.items())
def test_seed_map__an_option_of_the_figure_stands_in_its_row(place, row):
    printed = {name for one in SEED_ROWS if one.place == place for name in one.rules}
    options = (*ROWS[row].first, *ROWS[row].otherwise)
    listed = {f"option.{option.source}.{option.id}" for option in options}

    assert len(printed) > 10
    assert {name for name in printed if name.startswith("option.")} - listed == set()


def test_seed_map__every_row_stands_once_in_a_section():
    rows = [row for _, section in SECTIONS for row in section]

    assert tuple(rows) == SEED_ROWS
    assert len({(row.source, row.place, row.label) for row in rows}) == len(rows)
    assert all(row.source in REVIEWS for row in rows)


def test_seed_map__the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "run `python -m examples.seed_map` with tests/support on the path"
    )
