"""The facts that were told beside the scan, in words."""

import re
from collections.abc import Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Final

from remnant.core.clinical import ClinicalFacts

FACT_WORDS: Final[Mapping[str, str]] = {
    "ki67_percent": "Ki-67",
    "ecog": "ECOG",
    "sstr_positive": "somatostatin receptors",
    "fit_for_major_hepatectomy": "fit for a major hepatectomy",
    "pancreatoduodenectomy": "pancreatoduodenectomy done",
    "recurrence": "recurrence after an earlier liver resection",
}
UNIT_WORDS: Final[Mapping[str, str]] = {
    "_percent": "%", "_months": "months", "_weeks": "weeks", "_days": "days", "_per_nl": "/nL",
}  # fmt: skip
UNIT_PART: Final = re.compile("(?:" + "|".join(UNIT_WORDS) + ")$")


def told(facts: ClinicalFacts) -> tuple[str, ...]:
    """Write every fact that was given beside the scan, e.g. ``Ki-67 4 %``, ``functional: yes``."""
    known = ((field.name, getattr(facts, field.name)) for field in fields(facts))
    return tuple(_told(name, value=value) for name, value in known if value is not None)


def _told(name: str, *, value: bool | float | StrEnum) -> str:
    words = FACT_WORDS.get(name, name.replace("_", " "))
    if isinstance(value, bool):
        return f"{words}: {'yes' if value else 'no'}"
    if isinstance(value, StrEnum):
        return f"{words}: {value.value.replace('_', ' ')}"
    found = UNIT_PART.search(name)
    if found is None:
        return f"{words} {value:g}"
    part = found.group(0)
    return f"{words.removesuffix(part.replace('_', ' '))} {value:g} {UNIT_WORDS[part]}"
