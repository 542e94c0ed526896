"""JSON files that other programs may have written: nothing in them is trusted."""

import json
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any, Final

from remnant.core.errors import InputError, UnreadableFileError
from remnant.io.atomic import write_text
from remnant.io.bounded import read_bounded

LARGEST_DOCUMENT_BYTES: Final = 32 * 1024 * 1024
LONGEST_MESSAGE: Final = 240


def write_json(document: Mapping[str, object], path: Path) -> None:
    """Write plain JSON values: UTF-8, a line for each key, never NaN; the old file or the new one.

    Raises
    ------
    InputError
        A number is not finite.
    """
    try:
        lines = [f"{_compact(key)}:{_compact(part)}" for key, part in document.items()]
    except ValueError as error:
        raise InputError(f"{path.name} would hold a number that is not finite: {error}") from error
    write_text(path, "{\n" + ",\n".join(lines) + "\n}\n")


def _compact(part: object) -> str:
    return json.dumps(part, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def read_json(path: Path, *, what: str) -> object:
    """Read a JSON file; ``what`` names what it is meant to be.

    Raises
    ------
    UnreadableFileError
        The file is missing, too large, not JSON, or holds NaN, infinity or a key twice.
    """
    return parse_json(read_bounded(path, most_bytes=LARGEST_DOCUMENT_BYTES, what=what), what=what)


def parse_json(content: str | bytes, *, what: str) -> object:
    """Return what a text holds; ``what`` names what it is meant to be.

    Raises
    ------
    UnreadableFileError
        It is not JSON, or holds NaN, infinity or a key twice.
    """
    try:
        document: object = json.loads(
            content if isinstance(content, str) else content.decode("utf-8"),
            parse_constant=_refuse_constant,
            parse_float=_finite,
            object_pairs_hook=_unique_keys,
        )
    except (ValueError, RecursionError) as error:
        reason = str(error)[:LONGEST_MESSAGE]
        raise UnreadableFileError(f"this is no {what}: {reason}") from error
    return document


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number that a report may hold; absent values are null")


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"the number {text[:20]} is too large")
    return number


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("an object holds the same key twice")
    return document
