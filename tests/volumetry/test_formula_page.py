"""The page of formulas says what the code has, row by row."""

import math
import re

import pytest

from remnant.core.findings import SourceStatus
from volumetry.standardised.body_facts import Fact
from volumetry.standardised.expected_volume import BSA_FORMULAS, FORMULAS


@pytest.fixture(scope="module")
def rows(repository):
    page = (repository / "docs" / "reference" / "formulas.md").read_text(encoding="utf-8")
    cells = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("| `")]
    return {row[0].strip(" `"): [cell.strip() for cell in row[1:]] for row in cells}


def test_page__lists_every_formula_and_no_other(rows):
    assert [*FORMULAS, *BSA_FORMULAS] == list(rows)


@pytest.mark.parametrize("name", FORMULAS)
def test_page__row_of_a_volume_formula(rows, name):
    formula = FORMULAS[name]
    _, surface, population, limits, source, status = rows[name]
    recalled = formula.bsa_status is SourceStatus.UNVERIFIED
    unnamed = "not named" if Fact.BSA_M2 in formula.needs else "–"
    assert (formula.bsa_formula or unnamed) + "*" * recalled == surface
    assert formula.population == population
    assert formula.validity in limits
    assert formula.in_grams == ("in grams" in limits)
    assert ", ".join(filter(None, (formula.source, formula.read_in))) == source
    assert formula.status == status


def evaluated(text, **facts):
    """Compute a row of the page: its own arithmetic, with the facts put in."""
    python = text.replace("−", "-").replace("·", "*").replace("^", "**").replace("√", "sqrt")
    python = re.sub(r"\b1000 W\b", "1000*W", python)
    names = {"sqrt": math.sqrt, "log10": math.log10}
    return eval(python, {"__builtins__": {}}, names | facts)  # noqa: S307  (our own page)


SPECIAL = {"chouker2004", "chan2006", "kokudo2015", "yuan2008", "schlich2010"}


@pytest.mark.parametrize(
    "name", [name for name in (*FORMULAS, *BSA_FORMULAS) if name not in SPECIAL]
)
def test_page__arithmetic_is_that_of_the_code(rows, name):
    formula = FORMULAS.get(name) or BSA_FORMULAS[name]
    facts = {Fact.HEIGHT_CM: 181.0, Fact.WEIGHT_KG: 93.0, Fact.BSA_M2: 2.1}
    printed = evaluated(rows[name][0], BH=181.0, BW=93.0, H=181.0, W=93.0, BSA=2.1)
    assert printed == pytest.approx(formula.compute(facts), rel=1e-12)


@pytest.mark.parametrize(
    ("name", "coefficients"),
    [
        ("chouker2004", "452 16.34 11.85 166 1390 15.94 12.86"),
        ("chan2006", "218 12.3 51"),
        ("kokudo2015", "203.3 3.61 58.7 463.7"),
        ("yuan2008", "949.7 48.3 247.4"),
        ("schlich2010", "0.000975482 0.46 1.08 0.000579479 0.38 1.24"),
    ],
)
def test_page__coefficients_of_formulas_with_cases(rows, name, coefficients):
    printed = re.findall(r"\d+(?:\.\d+)?", rows[name][0])
    assert set(coefficients.split()) <= set(printed)
