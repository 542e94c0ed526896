"""From the types of `remnant.core` to what a JSON document of them looks like.

Every dataclass, enum, mapping and tuple below a document's type becomes a node of pydantic's core
schema, which reads, writes and describes it. Nothing here knows a single field: ranges follow from
the names, which carry the unit (a volume is never negative, a fraction never above 1).

- A field that is not compared is derived and is not stored.
- An `IntEnum` stands by its member's name: Couinaud segments are Roman numerals.
- Mappings are written in the order of their keys, so that the same case gives the same bytes.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from enum import Enum, IntEnum
from functools import cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Final, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from pydantic_core import CoreSchema, core_schema

from remnant.core.quantity import Quantity

LONGEST_TEXT: Final = 4000
MOST_ITEMS: Final = 65535
LARGEST_SHARE: Final = 1.000001
"""A share of a whole that was summed from parts may exceed 1 by what floats lose."""
CLOSED: Final = core_schema.CoreConfig(extra_fields_behavior="forbid")
DAY: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


class Range(NamedTuple):
    """What a number may be; ``name`` is that of a quantity of this range in the JSON schema."""

    name: str
    low: float | None = None
    high: float | None = None


ANY: Final = Range("Quantity")
AMOUNT: Final = Range("Amount", 0.0)
SHARE: Final = Range("Share", 0.0, LARGEST_SHARE)
CODE: Final = Range("Code", 1, MOST_ITEMS)
SIGNED: Final = re.compile(r"difference|growth|hypertrophy|^error_|^mean_")
"""In names of changes: below zero is less."""
RANGES: Final = (
    (re.compile(r"_fractions?$|(^|_)(shares?|probability|probabilities)$"), SHARE),
    (re.compile(r"_(ml|mm|mm2|mm4|m2|cm|kg|years|percent|ml_per_m2|weeks|months|days)$"), AMOUNT),
    (re.compile(r"^(id|lesion|lesions|fates|wedges|ablations)$"), CODE),
)


class Stored(NamedTuple):
    """As what a type is stored; ``name`` is that of ``pack_…`` and ``unpack_…`` of the tables.

    See `remnant.documents.shared_parts.SharedParts`.
    """

    kind: type
    name: str


def range_of(name: str) -> Range:
    """Return what a number of this name may be.

    >>> range_of("flr_ml").name, range_of("debulked_fraction").name, range_of("sflr").name
    ('Amount', 'Share', 'Quantity')
    """
    if SIGNED.search(name):
        return ANY
    return next((found for pattern, found in RANGES if pattern.search(name)), ANY)


@dataclass(frozen=True, slots=True)
class Shapes:
    """Makes core schemas of types; dataclasses are collected, so that each stands once.

    Parameters
    ----------
    stored
        Types that are stored as another one.
    derived
        Properties that are written beside a type's fields and dropped when read; a mark (yes or no)
        that does not agree is refused.
    complete
        Types that are stored with every field: the defaults of another version may be others.
    definitions
        What was collected, by the name in the JSON schema.
    """

    stored: Mapping[type, Stored]
    derived: Mapping[type, Mapping[str, Any]]
    complete: frozenset[type]
    definitions: dict[str, CoreSchema]

    def of(self, kind: Any, name: str = "") -> CoreSchema:  # noqa: ANN401
        """Return the schema of a type; the name of its field says the range of its numbers."""
        if kind in self.stored:
            return self._of_stored(self.stored[kind])
        if isinstance(kind, type) and is_dataclass(kind):
            return self._reference(kind, name)
        if isinstance(kind, type) and issubclass(kind, Enum):
            return _enum(kind)
        if get_origin(kind) is not None:
            return self._of_generic(kind, name)
        return _plain(kind, name)

    def arguments(self, kind: type) -> list[core_schema.DataclassField]:
        """Return the fields of a dataclass that are stored, each with its schema and default."""
        return self._arguments(kind, ANY)

    def _arguments(self, kind: type, allowed: Range) -> list[core_schema.DataclassField]:
        hints = get_type_hints(kind)
        return [
            _argument(field, self._field(hints, field, allowed), complete=kind in self.complete)
            for field in fields(kind)
            if field.compare
        ]

    def _of_generic(self, kind: Any, name: str) -> CoreSchema:  # noqa: ANN401
        origin, arguments = get_origin(kind), get_args(kind)
        if origin is Literal:
            return core_schema.literal_schema(list(arguments))
        if origin in (Union, UnionType):
            return self._union(arguments, name)
        if origin is tuple:
            return self._tuple(arguments, name)
        if origin is frozenset:
            items = self.of(arguments[0], name)
            return core_schema.frozenset_schema(
                items,
                max_length=MOST_ITEMS,
                serialization=core_schema.plain_serializer_function_ser_schema(
                    sorted, return_schema=core_schema.list_schema(items)
                ),
            )
        key, value = arguments
        return core_schema.dict_schema(
            # keys of JSON objects are texts: numbers among them are read from those
            _number(int, range_of(name), strict=False) if key is int else self.of(key, name),
            self.of(value, name),
            max_length=MOST_ITEMS,
            serialization=core_schema.wrap_serializer_function_ser_schema(_in_order),
        )

    def _union(self, arguments: Iterable[Any], name: str) -> CoreSchema:
        some = [self.of(kind, name) for kind in arguments if kind is not NoneType]
        one = some[0] if len(some) == 1 else core_schema.union_schema([*some])
        return core_schema.nullable_schema(one) if NoneType in arguments else one

    def _tuple(self, arguments: tuple[Any, ...], name: str) -> CoreSchema:
        if arguments[-1] is not Ellipsis:
            return core_schema.tuple_schema([self.of(kind) for kind in arguments])
        items = core_schema.tuple_variable_schema(
            self.of(arguments[0], name), max_length=MOST_ITEMS
        )
        if arguments[0] is int or (
            isinstance(arguments[0], type) and issubclass(arguments[0], Enum)
        ):
            return core_schema.no_info_after_validator_function(
                _each_once, items, metadata={"pydantic_js_updates": {"uniqueItems": True}}
            )
        return items

    def _of_stored(self, stored: Stored) -> CoreSchema:
        pack, unpack = f"pack_{stored.name}", f"unpack_{stored.name}"
        return core_schema.with_info_after_validator_function(
            lambda record, info: getattr(info.context, unpack)(record),
            self.of(stored.kind),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda value, info: getattr(info.context, pack)(value),
                info_arg=True,
                return_schema=self.of(stored.kind),
            ),
        )

    def _reference(self, kind: type, name: str) -> CoreSchema:
        allowed = range_of(name) if kind is Quantity else ANY
        label = allowed.name if kind is Quantity else kind.__name__
        if label not in self.definitions:
            self.definitions[label] = core_schema.none_schema()  # taken, while it is made
            self.definitions[label] = self._dataclass(kind, label, allowed)
        return core_schema.definition_reference_schema(label)

    def _dataclass(self, kind: type, label: str, allowed: Range) -> CoreSchema:
        derived = self.derived.get(kind, {})
        arguments = core_schema.dataclass_args_schema(
            label,
            self._arguments(kind, allowed)
            + [_left_out(field) for field in fields(kind) if not field.compare],
            computed_fields=[
                core_schema.computed_field(name, self.of(type_, name))
                for name, type_ in derived.items()
            ],
        )
        whole = core_schema.dataclass_schema(
            kind,
            arguments,
            [field.name for field in fields(kind)],
            post_init=hasattr(kind, "__post_init__"),
            slots=hasattr(kind, "__slots__"),
            config=CLOSED,
            cls_name=label,
        )
        if not derived:
            return whole | {"ref": label}
        return core_schema.no_info_wrap_validator_function(_agreeing(derived), whole, ref=label)

    def _field(self, hints: Mapping[str, Any], field: "Field[Any]", allowed: Range) -> CoreSchema:
        if allowed is not ANY and field.name == "value":
            return core_schema.nullable_schema(_number(float, allowed))
        return self.of(hints[field.name], field.name)


def _argument(
    field: "Field[Any]", schema: CoreSchema, *, complete: bool = False
) -> core_schema.DataclassField:
    if complete:
        return core_schema.dataclass_field(field.name, schema, kw_only=field.kw_only is True)
    if field.default is not MISSING:
        schema = core_schema.with_default_schema(schema, default=field.default)
    elif field.default_factory is not MISSING:
        schema = core_schema.with_default_schema(schema, default_factory=field.default_factory)
    return core_schema.dataclass_field(field.name, schema, kw_only=field.kw_only is True)


def _left_out(field: "Field[Any]") -> core_schema.DataclassField:
    made = _argument(field, core_schema.any_schema())
    return made | {"init": False, "serialization_exclude": True}


def _agreeing(derived: Mapping[str, Any]) -> Callable[[Any, Callable[[Any], Any]], Any]:
    """Make a validator that takes derived properties out; those that are marks must agree."""

    def validate(given: Any, handler: Callable[[Any], Any]) -> Any:  # noqa: ANN401
        if not isinstance(given, dict):
            return handler(given)
        value = handler({name: part for name, part in given.items() if name not in derived})
        marks = (name for name, kind in derived.items() if kind is bool and name in given)
        for name in marks:
            if given[name] is not getattr(value, name):
                raise ValueError(f"{name} does not follow from the rest")
        return value

    return validate


@cache
def _enum(kind: type[Enum]) -> CoreSchema:
    if not issubclass(kind, IntEnum):
        return core_schema.enum_schema(kind, list(kind), sub_type="str")
    return core_schema.no_info_after_validator_function(
        kind.__getitem__,
        core_schema.literal_schema([member.name for member in kind]),
        serialization=core_schema.plain_serializer_function_ser_schema(
            attrgetter("name"), return_schema=core_schema.str_schema()
        ),
    )


def _plain(kind: Any, name: str) -> CoreSchema:  # noqa: ANN401
    if kind is str:
        pattern = DAY if name == "date" else None
        return core_schema.str_schema(max_length=LONGEST_TEXT, pattern=pattern, strict=True)
    if kind is bool:
        return core_schema.bool_schema(strict=True)
    if kind in (int, float):
        return _number(kind, range_of(name))
    raise TypeError(f"no shape for {kind}")


def _number(kind: type, allowed: Range, *, strict: bool = True) -> CoreSchema:
    if kind is float:
        return core_schema.float_schema(
            ge=allowed.low, le=allowed.high, allow_inf_nan=False, strict=True
        )
    low, high = (None if end is None else int(end) for end in (allowed.low or 0, allowed.high))
    return core_schema.int_schema(ge=low, le=high, strict=strict)


def _each_once(items: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(set(items)) != len(items):
        raise ValueError("each may stand there once")
    return items


def _in_order(mapping: Mapping[Any, Any], handler: Callable[[Any], Any]) -> Any:  # noqa: ANN401
    return handler(dict(sorted(mapping.items())))
