"""Confirmations of lesions that a human gives in an edited ``lesions.csv``."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from remnant.core.errors import InputError, UnreadableFileError
from remnant.core.lesions import Confirmation
from remnant.io.bounded import read_bounded

LARGEST_TABLE_BYTES: Final = 8 * 1024 * 1024
LESION_ID: Final = re.compile(r"[1-9][0-9]{0,4}")
DELIMITERS: Final = (",", ";", "\t")


def read_confirmations(path: Path) -> Mapping[int, Confirmation]:
    """Read which lesions a human confirmed or rejected from an edited ``lesions.csv``.

    Only the columns ``id`` and ``confirmation`` are read. Commas, semicolons and tabs as well as a
    byte order mark are accepted, since spreadsheets write them.

    Raises
    ------
    UnreadableFileError
        The file is missing, too large or not text.
    InputError
        A column is missing, an id is no positive whole number or stands twice, or a confirmation
        is none of ``automatic``, ``given``, ``confirmed``, ``rejected``; the message names the
        line.
    """
    found: dict[int, Confirmation] = {}
    for line, row in _rows(_read_text(path), path.name):
        identifier = _identifier(row["id"], f"{path.name}, line {line}")
        if identifier in found:
            raise InputError(f"{path.name}, line {line}: lesion {identifier} stands there twice")
        found[identifier] = _confirmation(row["confirmation"], f"{path.name}, line {line}")
    return found


def _read_text(path: Path) -> str:
    content = read_bounded(path, most_bytes=LARGEST_TABLE_BYTES, what="lesions.csv")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFileError(f"{path.name} is not UTF-8 text; save it as CSV UTF-8") from error


def _rows(text: str, name: str) -> Iterator[tuple[int, dict[str, str]]]:
    header = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=header.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restval="")
    missing = {"id", "confirmation"} - {(column or "").strip() for column in _columns(reader, name)}
    if missing:
        raise InputError(f"{name} lacks the column(s) {sorted(missing)}; keep remnant's header")
    try:
        for row in reader:
            words = {str(key).strip(): str(value).strip() for key, value in row.items()}
            if words["id"] or words["confirmation"]:
                yield reader.line_num, words
    except csv.Error as error:
        raise UnreadableFileError(f"{name}, line {reader.line_num}: {error}") from error


def _columns(reader: "csv.DictReader[str]", name: str) -> Iterable[str]:
    try:
        return reader.fieldnames or ()
    except csv.Error as error:
        raise UnreadableFileError(f"{name} is not a table: {error}") from error


def _identifier(word: str, place: str) -> int:
    if not LESION_ID.fullmatch(word):
        raise InputError(f"{place}: {word[:20]!r} is no lesion id; ids are whole numbers from 1")
    return int(word)


def _confirmation(word: str, place: str) -> Confirmation:
    try:
        return Confirmation(word.lower())
    except ValueError as error:
        allowed = ", ".join(Confirmation)
        message = f"{place}: confirmation {word[:20]!r} is not one of: {allowed}"
        raise InputError(message) from error
