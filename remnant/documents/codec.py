"""Reading and writing JSON documents by the types that they hold."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Final, Generic, Literal, Protocol, TypeVar

from pydantic_core import (
    CoreSchema,
    PydanticSerializationError,
    SchemaSerializer,
    SchemaValidator,
    ValidationError,
    core_schema,
)

from remnant.core.errors import InputError, one_line
from remnant.documents.core_schemas import CLOSED, Shapes, Stored
from remnant.documents.json_files import LARGEST_DOCUMENT_BYTES, parse_json, write_json
from remnant.io.bounded import read_bounded

LONGEST_INPUT: Final = 60
SCHEMA_VERSION: Final = "schema_version"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
Json = dict[str, Any]


class IsDataclass(Protocol):
    """Any dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


Document = TypeVar("Document", bound=IsDataclass)


@dataclass(frozen=True)
class Codec(Generic[Document]):
    """One kind of document, read, written and described by its type.

    Parameters
    ----------
    kind
        The dataclass whose fields are the top-level keys.
    name
        What the document is, for messages.
    version
        Its schema's version, the first key of the document.
    advice
        What to do with a document of another version.
    head
        Further top-level keys with their types; they are written, and checked when read.
    tables
        Further top-level keys with their types: what stands once for the whole document. They are
        filled by ``shared`` while the rest is written, and taken by it before the rest is read.
        One may refer to those before it.
    stored, derived, complete
        See `remnant.documents.core_schemas.Shapes`.
    shared
        Makes what packs and unpacks the ``stored`` types of one document.
    """

    kind: type[Document]
    name: str
    version: str
    advice: str
    head: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, Any] = field(default_factory=dict)
    stored: Mapping[type, Stored] = field(default_factory=dict)
    derived: Mapping[type, Mapping[str, Any]] = field(default_factory=dict)
    complete: frozenset[type] = frozenset()
    shared: Callable[[], object] = object

    @cached_property
    def schema(self) -> CoreSchema:
        """The document as one core schema with its definitions."""
        shapes = Shapes(self.stored, self.derived, self.complete, {})
        head = {SCHEMA_VERSION: Literal[self.version]} | dict(self.head)
        parts = {
            **{name: core_schema.typed_dict_field(shapes.of(part)) for name, part in head.items()},
            # parts are validated in this order: tables are taken before what refers to them
            **{
                name: core_schema.typed_dict_field(_taken(name, shapes.of(part)))
                for name, part in self.tables.items()
            },
            **{
                part["name"]: core_schema.typed_dict_field(
                    part["schema"], required=part["schema"]["type"] != "default"
                )
                for part in shapes.arguments(self.kind)
            },
        }
        whole = core_schema.typed_dict_schema(parts, config=CLOSED)
        return core_schema.definitions_schema(whole, list(shapes.definitions.values()))

    @cached_property
    def _validator(self) -> SchemaValidator:
        return SchemaValidator(self.schema)

    @cached_property
    def _serializer(self) -> SchemaSerializer:
        return SchemaSerializer(self.schema)

    def encode(self, document: Document, head: Mapping[str, Any] = NOTHING) -> Json:
        """Return a document as plain JSON values; what is as it is by default is left out.

        Raises
        ------
        InputError
            A value is not of its type.
        """
        shared = self.shared()
        parts = {field.name: getattr(document, field.name) for field in fields(document)}
        encoded = self._plain(parts, shared)
        head = self._plain({SCHEMA_VERSION: self.version, **head}, shared)
        tables: Json = {}
        for name in reversed(tuple(self.tables)):  # writing one may add to those before it
            tables = self._plain({name: getattr(shared, name)}, shared) | tables
        return head | tables | encoded

    def _plain(self, parts: Mapping[str, Any], shared: object) -> Json:
        try:
            plain: Json = self._serializer.to_python(
                parts, mode="json", exclude_defaults=True, warnings="error", context=shared
            )
        except PydanticSerializationError as fault:
            if fault.__cause__ is not None:  # a fault of this program, in what packs a value
                raise fault.__cause__ from fault
            raise InputError(f"not a valid {self.name}: {one_line(str(fault))}") from fault
        return plain

    def decode(self, text: str | bytes) -> Document:
        """Return the document that a text holds; nothing in it is trusted.

        Raises
        ------
        UnreadableFileError
            The text is not JSON.
        InputError
            It is of another schema version or breaks the schema; the message names the place.
        """
        self._require_version(parse_json(text, what=self.name))
        try:
            parts = self._validator.validate_json(text, context=self.shared())
        except ValidationError as fault:
            raise _refusal(self.name, fault) from fault
        return self.kind(**{field.name: parts[field.name] for field in fields(self.kind)})

    def read(self, path: Path) -> Document:
        """Return the document that a file holds, see `decode`."""
        return self.decode(read_bounded(path, most_bytes=LARGEST_DOCUMENT_BYTES, what=self.name))

    def write(self, document: Document, path: Path, head: Mapping[str, Any] = NOTHING) -> None:
        """Write a document: UTF-8, keys in a fixed order, never NaN; all of it or nothing.

        Raises
        ------
        InputError
            A value is not of its type, or a number is not finite.
        """
        write_json(self.encode(document, head), path)

    def json_schema(self) -> Json:
        """Return the JSON schema (draft 2020-12), to be kept as a file."""
        from pydantic.json_schema import GenerateJsonSchema

        schema = GenerateJsonSchema().generate(self.schema, mode="serialization")
        head = {"$schema": DIALECT, "title": f"{self.name} {self.version}"}
        tidied: Json = _tidied(schema)
        return head | tidied

    def _require_version(self, document: object) -> None:
        version = document.get(SCHEMA_VERSION) if isinstance(document, dict) else None
        if version != self.version:
            raise InputError(
                f"a {self.name} of schema version {str(version)[:20]!r} was given; this program "
                f"reads {self.version}: {self.advice}"
            )


def _taken(name: str, table: CoreSchema) -> CoreSchema:
    def take(read: Any, info: core_schema.ValidationInfo[Any]) -> Any:  # noqa: ANN401
        getattr(info.context, f"take_{name}")(read)
        return read

    return core_schema.with_info_after_validator_function(take, table)


def _tidied(node: Any) -> Any:  # noqa: ANN401
    """Leave out titles, which only repeat names, and all of a description but its first part."""
    if isinstance(node, list):
        return [_tidied(part) for part in node]
    if not isinstance(node, dict):
        return node
    return {
        key: part.split("\n\n")[0]
        if isinstance(part, str) and key == "description"
        else _tidied(part)
        for key, part in node.items()
        if not (key == "title" and isinstance(part, str))
    }


def _refusal(name: str, fault: ValidationError) -> InputError:
    """Return the first fault as an error of the kind that the type itself raised."""
    first = fault.errors(include_url=False)[0]
    place = "/".join(str(part) for part in first["loc"] if part != "[key]") or "the top level"
    inner = first.get("ctx", {}).get("error")
    kind = type(inner) if isinstance(inner, InputError) else InputError
    what = str(inner) if inner is not None else _got(first)
    return kind(f"not a valid {name}: at {place}: {one_line(what)}")


def _got(fault: Mapping[str, Any]) -> str:
    message: str = fault["msg"][:1].lower() + fault["msg"][1:]
    if fault["type"] == "missing":
        return message
    return f"{message}; got {json.dumps(fault['input'], default=str)[:LONGEST_INPUT]}"
