"""The publications that rules and formulas rest on, parsed from ``planning/literature.bib``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from remnant.core.errors import InputError

ENTRY_START = re.compile(r"@(?P<kind>[a-z]+)\{(?P<key>[a-z0-9_]+),")
FIELD = re.compile(r"  (?P<name>[a-z]+) = \{(?P<value>[^{}]+)\},?")
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
    doi
        Digital object identifier, ``None`` where it was not recorded.
    note
        What a reader must know of this entry, such as "title not recorded"; ``None`` when nothing.
    """

    key: str
    citation: str
    doi: str | None
    note: str | None


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
    """Parse the plain BibTeX of ``planning/literature.bib``.

    An entry is ``@article{key,`` or ``@misc{key,``, then one ``name = {value},`` a line indented by
    two spaces, then ``}``. Lines that start with ``%`` and empty lines between entries are skipped.

    Raises
    ------
    InputError
        A line of any other form, an unknown field or kind, a repeated field or key, or an entry
        that is empty or does not end.
    """
    references: dict[str, Reference] = {}
    key: str | None = None
    fields: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if key is None:
            key, fields = _start(line, number, references), {}
        elif line == "}":
            references[key] = _reference(key, fields)
            key = None
        else:
            _add_field(fields, line, number)
    if key is not None:
        raise InputError(f"literature: entry {key} does not end; add a line with one brace")
    return MappingProxyType(references)


def _start(line: str, number: int, known: Mapping[str, Reference]) -> str | None:
    if not line.strip() or line.startswith("%"):
        return None
    found = ENTRY_START.fullmatch(line)
    if found is None or found["kind"] not in KINDS:
        raise InputError(
            f"literature line {number}: got {line!r}, allowed is @article{{key, or @misc{{key,"
        )
    if found["key"] in known:
        raise InputError(f"literature line {number}: key {found['key']} is already taken")
    return found["key"]


def _add_field(fields: dict[str, str], line: str, number: int) -> None:
    found = FIELD.fullmatch(line)
    if found is None or found["name"] not in FIELDS:
        raise InputError(
            f"literature line {number}: got {line!r}, allowed is '  name = {{value}},' with name "
            f"one of {', '.join(sorted(FIELDS))}"
        )
    if found["name"] in fields:
        raise InputError(f"literature line {number}: field {found['name']} is given twice")
    fields[found["name"]] = found["value"]


def _reference(key: str, fields: Mapping[str, str]) -> Reference:
    parts = [CITED[name].format(fields[name]) for name in CITED if name in fields]
    citation = ", ".join(parts)
    if not citation:
        raise InputError(f"literature: entry {key} says nothing that can be cited")
    return Reference(key=key, citation=citation, doi=fields.get("doi"), note=fields.get("note"))
