"""The publications that rules and formulas rest on, parsed from ``planning/literature.bib``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

from remnant.core.errors import InputError

if TYPE_CHECKING:
    from bibtexparser.model import Block, Entry

KEY = re.compile(r"[a-z0-9_]+")
KINDS = frozenset(("article", "misc"))
CITED = {
    "author": "{}",
    "title": "{}",
    "journal": "{}",
    "year": "{}",
    "volume": "volume {}",
    "pages": "p. {}",
    "pmcid": "PMCID {}",
    "pmid": "PMID {}",
}
UNTITLED = "Title not recorded."
"""How the note of an entry without a title begins; readers are told once of all of them."""
FIELDS = frozenset((*CITED, "doi", "note"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One publication, as far as it is known.

    Parameters
    ----------
    key
        What ``source`` of rules, formulas and findings holds.
    citation
        Authors, title, journal, year, volume, pages and index numbers in one line; parts that were
        not recorded are left out.
    short
        First author and year, e.g. ``Cloyd 2020``; the title where no author was recorded.
    doi
        Digital object identifier, ``None`` where it was not recorded.
    note
        What a reader must know of this entry beside that; ``None`` when nothing.
    titled, dated
        Whether its title and its year were recorded.
    """

    key: str
    citation: str
    short: str
    doi: str | None
    note: str | None
    titled: bool
    dated: bool


@cache
def load_literature() -> Mapping[str, Reference]:
    """Load ``planning/literature.bib``.

    Returns
    -------
    Mapping
        Reference of each key, in the order of the file.

    Raises
    ------
    InputError
        The file is not as :func:`parse_literature` demands.
    """
    text = files("planning").joinpath("literature.bib").read_text(encoding="utf-8")
    return parse_literature(text)


def parse_literature(text: str) -> Mapping[str, Reference]:
    """Parse BibTeX that holds articles and other texts, each field in braces, and ``%`` remarks.

    Raises
    ------
    InputError
        It is no such BibTeX, a field or kind is unknown, a field or key is repeated, a value is
        empty or holds braces, or nothing of an entry can be cited.
    """
    from bibtexparser.entrypoint import parse_string

    library = parse_string(text)
    for block in library.failed_blocks:
        raise _refused(block, str(block.error) or "the entry does not end or a sign is missing")
    for comment in library.comments:
        if not all(line.startswith("%") for line in comment.comment.split("\n") if line.strip()):
            raise _refused(comment, "a remark starts with %")
    return MappingProxyType({entry.key: _checked(entry) for entry in library.entries})


def _checked(entry: "Entry") -> Reference:
    """Return what an entry says; more is refused here than BibTeX itself refuses."""
    if entry.entry_type not in KINDS or not KEY.fullmatch(entry.key):
        raise _refused(entry, "allowed is @article{key, or @misc{key, with a key of a-z, 0-9, _")
    for field in entry.fields:
        if field.key not in FIELDS:
            known = ", ".join(sorted(FIELDS))
            raise _refused(entry, f"field {field.key} is not known, allowed are {known}")
        # a forgotten comma makes the next line part of the value, with its braces
        if not field.value or set(field.value) & set("{}"):
            raise _refused(entry, f"field {field.key} is empty, holds braces, or lacks a comma")
    return _reference(entry.key, {field.key: field.value for field in entry.fields})


def _refused(block: "Block", fault: str) -> InputError:
    return InputError(f"literature line {(block.start_line or 0) + 1}: {fault}")


def _reference(key: str, fields: Mapping[str, str]) -> Reference:
    parts = [CITED[name].format(fields[name]) for name in CITED if name in fields]
    citation = ", ".join(parts)
    if not citation:
        raise InputError(f"literature: entry {key} says nothing that can be cited")
    return Reference(
        key=key,
        citation=citation,
        short=_short(key, fields),
        doi=fields.get("doi"),
        note=fields.get("note", "").removeprefix(UNTITLED).strip() or None,
        titled="title" in fields,
        dated="year" in fields,
    )


def _short(key: str, fields: Mapping[str, str]) -> str:
    first = fields.get("author", "").split(",")[0].split(" and ")[0].removesuffix(" et al.")
    return " ".join(filter(None, (first, fields.get("year")))) or fields.get("title", key)
