"""Cells of a table mean what the same words mean in a facts file."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from remnant.documents.clinical_facts import FIELDS
from remnant.documents.fact_cells import plain_value, value_in_cell
from remnant.documents.facts_fields import FieldError
from remnant.documents.plain_yaml import read_plain

EVERY = [(section, name) for section, fields in FIELDS.items() for name in fields]
CELLS = {
    "keep": ["IV", "I,IV", "[I, IV]", "none"],
    "recipes": ["VI,VII; wedge 3", "VI | V; ablate 2", "none"],
    "vessels_intact": ["IV,VI", "IV,VI | II,III", "none"],
    "targets_percent": ["70", "70;90", "[70, 90]"],
    "lesions_at_hilum": ["3", "3;5", "[3, 5]", "none", "unknown"],
    "lesions_near_bile_duct": ["7"],
    "variant_anatomy": ["replaced right artery", "unknown"],
    "rule_set": ["gepnetlm_review"],
}


def cells_of(field):
    """Texts that a field's cell may hold."""
    if field.name in CELLS:
        return CELLS[field.name]
    if "enum" in field.schema:
        return [field.schema["enum"][0], field.schema["enum"][-1].upper()]
    if field.schema["type"] == "boolean":
        return ["yes", "No", "true", "FALSE"]
    return [f"{field.schema['minimum']:g}", f"{field.schema['maximum']:g}"]


@pytest.mark.parametrize(("section", "name"), EVERY)
def test_cell__means_what_the_facts_file_means(section, name, tmp_path):
    field = FIELDS[section][name]
    file = tmp_path / "facts.yaml"
    for text in cells_of(field):
        parts = [part.strip() for part in text.strip("[]").replace(";", ",").split(",")]
        numbers = name in {"targets_percent", "lesions_at_hilum", "lesions_near_bile_duct"}
        written = text
        if numbers and all(part.isdecimal() for part in parts):
            written = f"[{', '.join(parts)}]"
        elif " | " in text:
            written = yaml.safe_dump(text.split(" | "), default_flow_style=True).strip()
        file.write_text(f"{name}: {written}\n", encoding="utf-8")

        assert field.value(read_plain(file, most_bytes=9999, what="x")[name]) == value_in_cell(
            field, text
        )


@pytest.mark.parametrize(("section", "name"), EVERY)
def test_cell__of_another_kind_is_refused(section, name):
    field = FIELDS[section][name]
    wrong = "x" * 300 if field.schema.get("type") == "string" else "?!"

    with pytest.raises((FieldError, ValueError)):
        value_in_cell(field, wrong)


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers())
def test_number__is_read_as_it_is_written(decimal, whole):
    assert decimal == plain_value({"type": "number"}, repr(decimal))
    assert whole == plain_value({"type": "integer"}, str(whole)) or len(str(whole)) > 40


@given(st.text())
def test_any_text__is_read_without_a_fault(text):
    for fields in FIELDS.values():
        for field in fields.values():
            plain_value(field.schema, text)
