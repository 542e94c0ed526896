"""A field's value as one cell of a table holds it: plain text, read by what the field may hold.

Lists are written as people write them in a cell: numbers with commas, semicolons or spaces between
them (``3;5``), texts with ``|`` between them (``VI,VII; wedge 3 | V``). Brackets around a list may
stand.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from remnant.documents.facts_fields import Field
from remnant.documents.plain_yaml import DECIMAL, LONGEST_NUMBER, WHOLE, WORDS

BETWEEN_NUMBERS: Final = re.compile(r"[;,\s]+")
BETWEEN_TEXTS: Final = "|"
NUMBERS: Final = frozenset(("number", "integer"))


def value_in_cell(known: Field, text: str) -> Any:  # noqa: ANN401  (each field's own type)
    """Return what a cell's text, not empty, means for a field; ``None`` for the word ``blank``.

    Raises
    ------
    FieldError
        The field may not hold it.
    """
    return known.value(plain_value(known.schema, text))


def plain_value(schema: Mapping[str, Any], text: str) -> object:
    """Return the value that a facts file would hold for a cell's text.

    What a field's schema does not expect stays the text that it is; the field refuses it.

    >>> plain_value({"type": "boolean"}, "Yes"), plain_value({"type": "number"}, "4")
    (True, 4)
    """
    kinds = _kinds(schema)
    if "boolean" in kinds:
        return _yes_no(text)
    if "array" in kinds:
        return _texts(text) if "string" in kinds else _numbers(text)
    return _number(text) if kinds & NUMBERS else text


def _kinds(schema: Mapping[str, Any]) -> set[str]:
    """Return the types of JSON that a value may have; those within lists are not among them."""
    several = schema.get("anyOf", ())
    own = {schema["type"]} if "type" in schema else set()
    return own.union(*(_kinds(one) for one in several))


def _yes_no(text: str) -> object:
    said = WORDS.get(text.lower())
    return text if said is None else said


def _number(text: str) -> object:
    if len(text) > LONGEST_NUMBER:
        return text
    if WHOLE.fullmatch(text):
        return int(text)
    return float(text) if DECIMAL.fullmatch(text) else text


def _numbers(text: str) -> object:
    values = [_number(part) for part in BETWEEN_NUMBERS.split(_without_brackets(text))]
    if any(isinstance(value, str) for value in values):
        return text
    return values


def _texts(text: str) -> object:
    inner = _without_brackets(text)
    parts = [part.strip() for part in inner.split(BETWEEN_TEXTS)]
    return parts if len(parts) > 1 else inner


def _without_brackets(text: str) -> str:
    return text[1:-1].strip() if text.startswith("[") and text.endswith("]") else text
