import re
import runpy
from collections import Counter
from itertools import chain

import pytest

from planning.criteria.conditions import AnyOf
from planning.literature import load_literature
from planning.rules.flr import FURTHER_MINIMA
from planning.rules.pathways import PATHWAY_TABLES
from planning.rules.staging import STAGING_RULES
from planning.rules.transplant import TRANSPLANT_LISTS
from remnant.core.findings import SourceStatus
from remnant.wording import rule_table
from remnant.wording.rule_rows import rule_rows
from remnant.wording.rule_table import TITLES, page

GARBLED = ("60.7", "PFS was 4.5", "only 17 %", "recurrence 52 %", "recurrence-free")
PREFIXES = ("netlm.", "frilling.")


@pytest.fixture(scope="module", name="rows")
def rows_fixture():
    return tuple(chain.from_iterable(rule_rows().values()))


def test_page__is_made_from_the_data(repository):
    held = (repository / "docs" / "reference" / "rules.md").read_text(encoding="utf-8")
    assert held == page(), "run: python -m remnant.wording.rule_table"


def test_main__writes_the_page(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["rule_table", str(tmp_path / "rules.md")])
    runpy.run_path(rule_table.__file__, run_name="__main__")
    assert (tmp_path / "rules.md").read_text(encoding="utf-8") == page()


def test_rules__have_unique_ids(rows):
    assert [i for i, number in Counter(row.id for row in rows).items() if number > 1] == []


def test_rules__rest_on_the_literature(rows):
    assert {row.source for row in rows} <= set(load_literature())


def test_rules__are_complete(rows):
    """Every rule has a statement and a population; a share that is held has its denominator."""
    assert all(row.statement and row.population and row.id for row in rows)
    shares = [row for row in rows if re.search(r"_fraction [<≤≥>]|FLR [≥>]", row.held)]
    assert len(shares) > 30
    assert [row.id for row in shares if row.basis is None] == []


def test_rules__of_every_list_are_there(rows):
    ids = {row.id for row in rows}
    listed = [c for one in TRANSPLANT_LISTS for c in one.conditions]
    listed += [c for rule in STAGING_RULES for c in rule.listed.conditions]
    listed += [c for table in PATHWAY_TABLES for row in table.rows for c in row.conditions]
    inner = [c for one in listed if isinstance(one, AnyOf) for b in one.branches for c in b]
    assert {c.id for c in (*listed, *inner, *FURTHER_MINIMA)} <= ids
    assert len(ids) > 250
    assert {"flr.machairas2021_30", "flr.cloyd2020.contiguous_segments", "burden.class"} <= ids


def test_rules__modules_have_titles_and_none_is_empty():
    assert set(rule_rows()) <= set(TITLES)
    assert all(rule_rows().values())


def test_rules__garbled_figures_are_not_encoded(rows):
    assert [row.id for row in rows if any(words in row.statement for words in GARBLED)] == []


def test_rules__recalled_ones_are_marked(rows):
    unverified = {row.id for row in rows if row.status is SourceStatus.UNVERIFIED}
    assert {"flr.further.truant2007", "resectability.r0.margin"} <= unverified
    for line in page().splitlines():
        if line.startswith("| `") and line.split("`")[1] in unverified:
            assert line.endswith("| unverified |")


def test_rules__own_numbers_are_the_projects_but_for_the_printed_one(rows):
    own = {row.id: row.source for row in rows if row.id.startswith(PREFIXES)}
    assert own.pop("netlm.number.debulked_share") == "netlm2023"
    assert len(own) > 8
    assert set(own.values()) == {"remnant_rules"}


def test_rows__say_how_they_are_held(rows):
    held = {row.id: row.held for row in rows}
    assert held["transplant.milan.age"] == "age_years < 55"
    assert held["transplant.enets.ki67"] == "ki67_percent ≤ 10"
    assert held["resectability.cloyd2020.primary"] == "primary_status is resected or resectable"
    assert held["transplant.milan.grade"] == "grade_is_g1_or_g2 is true"
    assert held["transplant.enets.primary_months"] == (
        "transplant.enets.primary_months_removed and transplant.enets.primary_months_6"
    )
    assert held["transplant.milan.extrahepatic"] == "extrahepatic_disease is none"
    assert held["transplant.milan.portal_drainage"] == "portal_drainage_by_milan is true"
    assert held["resectability.enets2016.heart"] == "right_heart_failure is false"
    assert held["transplant.enets.burden"] == (
        "transplant.enets.burden_50; or transplant.enets.burden_75 and transplant.enets.refractory"
    )
    assert held["flr.further.shirabe1999"] == "FLR ≥ 250 mL/m²"
    assert held["flr.further.truant2007"] == "FLR ≥ 0.5 %"
    assert held["flr.further.vauthey2000"] == "FLR > 25 %"
    assert held["debulking.70.cloyd2020"] == "debulked share > 70 %"
    assert held["transplant.remark.live_donor"] == ""
    assert held["resectability.cloyd2020.ki67"].endswith("(decides nothing)")
