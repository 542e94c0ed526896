"""An empty facts file with an explanation of every line, and its JSON schema."""

from collections.abc import Mapping
from typing import Any, Final

from remnant.documents.clinical_facts import FACTS_VERSION, VERSION_KEY
from remnant.documents.facts_fields import Field
from remnant.documents.facts_sections import SECTIONS

HEAD: Final = (
    "# Facts for `remnant plan CASE --facts FILE` and `remnant run ... --facts FILE`.",
    "# Every line is optional: an empty value is not said, and never means no.",
    "# Options of the command line go before this file, this file before what a case stored.",
    "# Research use only.",
)
ABOUT: Final[Mapping[str, str]] = {
    "patient": "The person.",
    "clinical": "The disease and its treatment.",
    "choices": "What is asked of the planner; empty takes what the case was planned with.",
}


def template() -> str:
    """Return a commented YAML text that names every field and, read back, says nothing."""
    parts = ["\n".join([*HEAD, f'{VERSION_KEY}: "{FACTS_VERSION}"'])]
    for section, known in SECTIONS.items():
        lines = (line for one in known for line in _lines(one))
        parts.append("\n".join([f"# {ABOUT[section]}", f"{section}:", *lines]))
    return "\n\n".join(parts) + "\n"


def _lines(known: Field) -> tuple[str, str]:
    return f"  # {known.meaning} Allowed: {known.allowed}.", f"  {known.name}:"


def facts_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a facts file; it ships as ``facts-1.0.json``."""
    properties: dict[str, Any] = {VERSION_KEY: {"enum": [FACTS_VERSION, None]}}
    for section, known in SECTIONS.items():
        properties[section] = {
            "description": ABOUT[section],
            "type": ["object", "null"],
            "properties": {one.name: _schema(one) for one in known},
            "additionalProperties": False,
        }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:remnant:schema:facts:{FACTS_VERSION}",
        "title": "remnant facts file",
        "description": "Facts beside the scan and choices of the planner; null is not said.",
        "type": ["object", "null"],
        "properties": properties,
        "additionalProperties": False,
    }


def _schema(known: Field) -> dict[str, Any]:
    words = [None] if known.blank is None else [known.blank, None]
    return {
        "description": known.meaning,
        "anyOf": [dict(known.schema), {"enum": words}],
    }
