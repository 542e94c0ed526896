"""The glossary explains every number that a report carries."""

import json
import re
from dataclasses import fields

from remnant.core.clinical import ClinicalFacts
from remnant.core.debulking import DebulkingPlan, Fate, PlanOrigin, VirtualResection
from remnant.core.findings import SourceStatus, Verdict
from remnant.core.lesions import Confirmation
from remnant.core.plan_choice import PlanChoice
from remnant.core.quantity import UncertaintyPart

UNITS = re.compile(
    r"_(ml|mm|mm2|mm4|m2|fraction|share|percent|ml_per_m2|months|weeks|days|per_nl|zones)$"
)
# One figure at two time points: explained once, for all of them.
CHANGE = re.compile(r"_(before|after|change)_")
# Positions and facts that explain themselves or are the parts of a quantity.
PLAIN = {
    *("spacing_mm", "centre_ras_mm", "centroid_ras_mm", "volume_ml"),
    *("id", "title", "result", "findings", "named", "new_world", "remnant"),
}


def properties(node):
    if isinstance(node, dict):
        yield from node.get("properties", {})
        for value in node.values():
            yield from properties(value)
    elif isinstance(node, list):
        for value in node:
            yield from properties(value)


def test_glossary__explains_every_number_of_the_report(repository):
    text = (repository / "docs" / "glossary.md").read_text(encoding="utf-8")
    schemas = sorted((repository / "remnant" / "documents" / "schema").glob("*.json"))
    names = {n for s in schemas for n in properties(json.loads(s.read_text(encoding="utf-8")))}
    numbers = {n for n in names if UNITS.search(n) and not CHANGE.search(n)} - PLAIN

    assert len(numbers) > 10
    assert "`x_before`, `x_after`, `x_change`" in text
    assert {name for name in numbers if f"`{name}`" not in text} == set()


def test_glossary__lists_every_verdict_status_confirmation_and_part(repository):
    text = (repository / "docs" / "glossary.md").read_text(encoding="utf-8")

    words = [*Verdict, *SourceStatus, *Confirmation, *UncertaintyPart]

    assert [word for word in words if f"`{word}`" not in text] == []


def test_glossary__lists_every_fact_choice_and_fate(repository):
    text = (repository / "docs" / "glossary.md").read_text(encoding="utf-8")

    facts = {field.name for field in fields(ClinicalFacts)}
    choices = {field.name for field in fields(PlanChoice)}
    plan = {f.name for kind in (DebulkingPlan, VirtualResection) for f in fields(kind)}
    words = {*facts, *choices, *plan, *Fate, *PlanOrigin} - PLAIN

    assert {word for word in words if f"`{word}`" not in text} == set()


def test_glossary__british_spelling(repository):
    text = (repository / "docs" / "glossary.md").read_text(encoding="utf-8")

    american = r"\b(tumor|standardized|center|gray)\b"

    assert re.findall(american, text, re.IGNORECASE) == []
