"""One page for each JSON schema: its fields, types, ranges and meanings as tables."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from site_builder.error_pages import as_markdown

SCHEMAS: Final = Path("remnant/documents/schema")
FOLDER: Final = Path("reference/documents")
REFERENCE: Final = "#/$defs/"
LIMITS: Final = (
    ("minimum", "≥ {:g}"),
    ("exclusiveMinimum", "> {:g}"),
    ("maximum", "≤ {:g}"),
    ("exclusiveMaximum", "< {:g}"),
)
Schema = Mapping[str, Any]


def schema_pages(repository: Path) -> dict[Path, str]:
    """Return every page as Markdown, and every schema as it is, by path within the site."""
    pages: dict[Path, str] = {}
    for file in sorted((repository / SCHEMAS).glob("*.json")):
        text = file.read_text(encoding="utf-8")
        pages[FOLDER / file.name] = text
        pages[FOLDER / f"{file.stem}.md"] = schema_page(json.loads(text), file.name)
    return pages


def schema_page(schema: Schema, file: str) -> str:
    """Return the page of one schema."""
    head = (
        f"# {schema['title']}",
        "",
        *((schema["description"], "") if "description" in schema else ()),
        f"The schema itself (JSON Schema 2020-12): [{file}]({file}).",
        "**Bold** fields are always there. What each figure is: [glossary](../../glossary.md).",
        "",
    )
    types = (
        line
        for name, node in sorted(schema.get("$defs", {}).items())
        for line in (*_section(name, node), "")
    )
    return "\n".join((*head, *_fields(schema), "", *types)) + "\n"


def type_of(node: Schema) -> str:
    """Return what a value may be, as Markdown.

    >>> type_of({"anyOf": [{"type": "number", "minimum": 0}, {"type": "null"}]})
    'number ≥ 0, or null'
    """
    if "$ref" in node:
        name = node["$ref"].removeprefix(REFERENCE)
        return f"[{name}](#{name.lower()})"
    if "anyOf" in node:
        return ", or ".join(type_of(one) for one in node["anyOf"])
    if "enum" in node:
        return ", ".join("null" if value is None else f"`{value}`" for value in node["enum"])
    if "const" in node:
        return f"`{node['const']}`"
    kinds = node.get("type", "any")
    return ", or ".join(_named(k, node) for k in ([kinds] if isinstance(kinds, str) else kinds))


def _named(kind: str, node: Schema) -> str:
    if kind == "array":
        return f"list of {type_of(node.get('items', {}))}"
    if kind == "object" and isinstance(node.get("additionalProperties"), Mapping):
        return f"object of {type_of(node['additionalProperties'])}"
    limits = (text.format(node[key]) for key, text in LIMITS if key in node)
    return " ".join((kind, *limits)) if kind in {"number", "integer"} else kind


def _section(name: str, node: Schema) -> Iterator[str]:
    yield from (f"## {name}", "", as_markdown(node.get("description", "")), "")
    if "properties" in node:
        yield from _fields(node)
    else:
        yield type_of({key: value for key, value in node.items() if key != "description"})


def _fields(node: Schema) -> Iterator[str]:
    rows = list(_rows(node, ""))
    columns = 3 if any(row[2] for row in rows) else 2
    yield _line(("field", "value", "meaning")[:columns])
    yield _line(("---",) * columns)
    yield from (_line(row[:columns]) for row in rows)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _rows(node: Schema, above: str) -> Iterator[tuple[str, str, str]]:
    needed = set(node.get("required", ()))
    for name, value in node.get("properties", {}).items():
        shown = f"**`{above}{name}`**" if name in needed else f"`{above}{name}`"
        yield shown, type_of(value), as_markdown(_meaning(value)).replace("\n", " ")
        yield from _rows(value, f"{above}{name}.")


def _meaning(node: Schema) -> str:
    inner = (one.get("description", "") for one in node.get("anyOf", ()))
    meaning: str = node.get("description") or next(filter(None, inner), "")
    return meaning
