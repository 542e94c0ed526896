"""``lesions.csv``: the lesion table for spreadsheets, and confirmations read back from it."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from remnant.core.errors import InputError, UnreadableFileError
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation, Lesion
from remnant.io.atomic import atomic_path
from remnant.io.bounded import read_bounded

LARGEST_TABLE_BYTES: Final = 8 * 1024 * 1024
LESION_ID: Final = re.compile(r"[1-9][0-9]{0,4}")
DELIMITERS: Final = (",", ";", "\t")
SEGMENT_COLUMNS: Final = tuple(f"segment_{segment.name}_fraction" for segment in CouinaudSegment)
COLUMNS: Final = (
    "id",
    "volume_ml",
    "volume_low_ml",
    "volume_high_ml",
    "volume_bound",
    "longest_axial_mm",
    "feret_3d_mm",
    "centroid_r_mm",
    "centroid_a_mm",
    "centroid_s_mm",
    *SEGMENT_COLUMNS,
    "confirmation",
)


def write_lesions_csv(lesions: Iterable[Lesion], path: Path) -> None:
    """Write one row per lesion (RFC 4180, UTF-8, decimal points); absent values are empty.

    The column ``confirmation`` may be edited and read back by :func:`read_confirmations`.
    """
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(lesion_row(lesion) for lesion in lesions)


def lesion_row(lesion: Lesion) -> dict[str, str]:
    """Return one lesion as text by column; an absent value is the empty text.

    Segments that the lesion does not touch are 0.0; unknown segments are empty.
    """
    volume = lesion.volume_ml
    low, high = (
        (None, None) if volume.interval is None else (volume.interval.low, volume.interval.high)
    )
    right, anterior, superior = lesion.centroid_ras_mm
    numbers = {
        "volume_ml": volume.value,
        "volume_low_ml": low,
        "volume_high_ml": high,
        "longest_axial_mm": lesion.longest_axial_mm,
        "feret_3d_mm": lesion.feret_3d_mm,
        "centroid_r_mm": right,
        "centroid_a_mm": anterior,
        "centroid_s_mm": superior,
        **_segment_shares(lesion),
    }
    words = {
        "id": str(lesion.id),
        "volume_bound": "" if volume.bound is None else volume.bound.value,
        "confirmation": lesion.confirmation.value,
    }
    return words | {name: _text(number) for name, number in numbers.items()}


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
        is none of ``automatic``, ``confirmed``, ``rejected``; the message names the line.
    """
    found: dict[int, Confirmation] = {}
    for line, row in _rows(_read_text(path), path.name):
        identifier = _identifier(row["id"], f"{path.name}, line {line}")
        if identifier in found:
            raise InputError(f"{path.name}, line {line}: lesion {identifier} stands there twice")
        found[identifier] = _confirmation(row["confirmation"], f"{path.name}, line {line}")
    return found


def _segment_shares(lesion: Lesion) -> dict[str, float | None]:
    shares = lesion.segment_fractions
    return {
        column: None if shares is None else shares.get(segment, 0.0)
        for column, segment in zip(SEGMENT_COLUMNS, CouinaudSegment, strict=True)
    }


def _text(number: float | None) -> str:
    return "" if number is None else repr(float(number))


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
