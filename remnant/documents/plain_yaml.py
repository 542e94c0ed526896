"""Small YAML and JSON files as plain values, without anything that a machine could be asked to do.

Of YAML only mappings, lists and plain or quoted words are read: no tags, no anchors, no aliases,
one document, and no words that mean something else than they say (dates, sexagesimal numbers).
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from remnant.core.errors import UnreadableFileError
from remnant.io.bounded import read_bounded

DEEPEST = 6
LONGEST_NUMBER = 40
WHOLE = re.compile(r"[-+]?[0-9]+")
DECIMAL = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
WORDS = {
    "": None, "~": None, "null": None, "yes": True, "true": True, "no": False, "false": False,
}  # fmt: skip
"""Plain words, in any case, that are no texts."""


def read_plain(path: Path, *, most_bytes: int, what: str) -> object:
    """Return the content of a YAML file, or of a JSON file by its suffix ``.json``.

    Parameters
    ----------
    path
        UTF-8, with or without a byte order mark.
    most_bytes
        Larger files are refused unread.
    what
        Names what the file is meant to be.

    Returns
    -------
    object
        Mappings, lists, texts, whole and decimal numbers, booleans (also ``yes`` and ``no``) and
        ``None``, which an empty file is too.

    Raises
    ------
    UnreadableFileError
        The file is missing, too large, too deeply nested, or not of this kind; a key is there
        twice.
    """
    content = read_bounded(path, most_bytes=most_bytes, what=what)
    parse = _parsed_json if path.suffix.lower() == ".json" else _parsed_yaml
    try:
        return parse(content.decode("utf-8-sig"))
    except (ValueError, yaml.YAMLError, RecursionError) as fault:
        raise UnreadableFileError(f"{path.name} is no {what}: {_in_words(fault)}") from fault


def _in_words(fault: Exception) -> str:
    if isinstance(fault, yaml.MarkedYAMLError) and fault.problem_mark is not None:
        return f"line {fault.problem_mark.line + 1}: {fault.problem}"
    if isinstance(fault, json.JSONDecodeError):
        return f"line {fault.lineno}: it is not JSON there, or it ends too early"
    if isinstance(fault, RecursionError):
        return f"it is nested more than {DEEPEST} levels deep"
    if isinstance(fault, UnicodeDecodeError):
        return "it is not UTF-8 text"
    return " ".join(str(fault).split())[:200]


def _parsed_json(text: str) -> object:
    document: object = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    _require_shallow(document, DEEPEST)
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for key, value in pairs:
        if key in document:
            raise ValueError(f"the key {key[:40]!r} is there twice")
        document[key] = value
    return document


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number that it may hold")


def _require_shallow(value: object, levels: int) -> None:
    if isinstance(value, dict | list) and levels == 0:
        raise ValueError(f"it is nested more than {DEEPEST} levels deep")
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        _require_shallow(part, levels - 1)


def _parsed_yaml(text: str) -> object:
    """Build the values from the parser's events: nothing is constructed that they do not say."""
    events = _plain_events(text)
    found: list[object] = [
        _value(event, events, DEEPEST)
        for event in events
        if not isinstance(event, yaml.StreamStartEvent | yaml.StreamEndEvent | _DOCUMENT)
    ]
    return found[0] if found else None


_DOCUMENT = yaml.DocumentStartEvent | yaml.DocumentEndEvent


def _plain_events(text: str) -> Iterator[yaml.Event]:
    documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        documents += isinstance(event, yaml.DocumentStartEvent)
        if documents > 1:
            raise _at(event, "a second document begins; keep one")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _at(event, "anchors and aliases (& and *) are not read; write values out")
        if getattr(event, "tag", None) is not None:
            raise _at(event, "tags (!) are not read; write plain values")
        yield event


def _at(event: yaml.Event, problem: str) -> ValueError:
    line = 0 if event.start_mark is None else event.start_mark.line
    return ValueError(f"line {line + 1}: {problem}")


def _value(event: yaml.Event, events: Iterator[yaml.Event], levels: int) -> object:
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event)
    if levels == 0:
        raise _at(event, f"nested more than {DEEPEST} levels deep")
    if isinstance(event, yaml.MappingStartEvent):
        return _mapping(events, levels)
    return _sequence(events, levels)


def _mapping(events: Iterator[yaml.Event], levels: int) -> dict[str, object]:
    found: dict[str, object] = {}
    for key in events:
        if isinstance(key, yaml.MappingEndEvent):
            break
        if not isinstance(key, yaml.ScalarEvent):
            raise _at(key, "a key must be one word")
        if key.value in found:
            raise _at(key, f"the key {key.value[:40]!r} is there twice")
        found[key.value] = _value(next(events), events, levels - 1)
    return found


def _sequence(events: Iterator[yaml.Event], levels: int) -> list[object]:
    found = []
    for event in events:
        if isinstance(event, yaml.SequenceEndEvent):
            break
        found.append(_value(event, events, levels - 1))
    return found


def _scalar(event: yaml.ScalarEvent) -> object:
    text = event.value
    if event.style is not None:  # quoted or folded: a text as it stands
        return text
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    if len(text) <= LONGEST_NUMBER and WHOLE.fullmatch(text):
        return int(text)
    if len(text) <= LONGEST_NUMBER and DECIMAL.fullmatch(text):
        return float(text)
    return text
