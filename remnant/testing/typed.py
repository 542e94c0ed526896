"""Hypothesis strategies for values of any type of `remnant.core`, made from the type alone.

So that a document's round trip is tried over everything that the type may hold, whichever fields
it gets. Numbers follow the ranges that their names promise, as documents do.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from remnant.core import clinical, plan_choice
from remnant.core.agreement import Estimate
from remnant.core.clinical import ClinicalFacts
from remnant.core.drawn_boxes import BoxUnits, ReaderBox
from remnant.core.patient import (
    AGE_RANGE_YEARS,
    HEIGHT_RANGE_CM,
    WEIGHT_RANGE_KG,
    Patient,
)
from remnant.core.plan_choice import PlanChoice
from remnant.core.quantity import Bound, Interval, Quantity
from remnant.core.reasons import Reason
from remnant.core.uncertainty import ErrorModel
from remnant.documents.core_schemas import range_of

MOST: Final = 1e9
FEW: Final = 1
Strategy = st.SearchStrategy[Any]
WORDS: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
LIMITS: Final[Mapping[type, Mapping[str, tuple[float, float]]]] = {
    ClinicalFacts: clinical.RANGES,
    PlanChoice: {**plan_choice.RANGES, "targets": (0.001, 1.0)},
    Patient: {
        "height_cm": HEIGHT_RANGE_CM,
        "weight_kg": WEIGHT_RANGE_KG,
        "age_years": AGE_RANGE_YEARS,
    },
    ErrorModel: {
        "liver_boundary_mm": (0.0, 10.0),
        "lesion_boundary_mm": (0.0, 10.0),
        "segment_border_mm": (0.0, 30.0),
        "segment_plane_mm": (0.0, 30.0),
        "formula_residual_fraction": (0.0, 0.5),
        "liver_patch_mm2": (0.0, 1e6),
        "seed": (0, 2**32 - 1),
        "draws": (100, 100_000),
    },
}
"""Ranges that a type itself demands."""


def values_of(kind: Any, name: str = "", limits: tuple[float, float] | None = None) -> Strategy:  # noqa: ANN401
    """Values of a type; the name of its field says the range of its numbers."""
    if kind in (Quantity, Interval, Estimate, ReaderBox):
        return _checked(kind, name)
    if is_dataclass(kind) and isinstance(kind, type):
        return _built(kind)
    if _is_enum(kind):
        return st.sampled_from(kind)
    if get_origin(kind) is not None:
        return _generic(get_origin(kind), get_args(kind), name, limits)
    return _plain(kind, name, limits)


def _checked(kind: type, name: str) -> Strategy:
    """Values of types that hold their parts against each other."""
    if kind is Quantity:
        return _quantities(name)
    if kind is Interval:
        return _intervals()
    if kind is ReaderBox:
        return _reader_boxes()
    return st.tuples(_floats(""), _floats(""), _floats("")).map(_estimate)


def _reader_boxes() -> Strategy:
    corners = st.tuples(*(st.integers(-500, 500).map(float) for _ in range(3)))
    sides = st.tuples(*(st.integers(1, 90).map(float) for _ in range(3)))
    units = st.sampled_from(BoxUnits)
    return st.builds(_reader_box, corners, sides, units, st.none() | _floats(""))


def _reader_box(
    low: tuple[float, float, float],
    sides: tuple[float, float, float],
    units: BoxUnits,
    slice_at: float | None,
) -> ReaderBox:
    x, y, z = (start + side for start, side in zip(low, sides, strict=True))
    return ReaderBox(low=low, high=(x, y, z), units=units, slice_at=slice_at)


def _estimate(found: tuple[float, float, float]) -> Estimate:
    low, value, high = sorted(found)
    return Estimate(value, low, high)


def _is_enum(kind: Any) -> bool:  # noqa: ANN401
    return isinstance(kind, type) and issubclass(kind, Enum)


@cache
def _built(kind: type) -> Strategy:
    # later: a reason may hold reasons
    return st.deferred(lambda: _builds(kind))


def _builds(kind: type) -> Strategy:
    hints, limits = get_type_hints(kind), LIMITS.get(kind, {})
    made = {
        field.name: values_of(hints[field.name], field.name, limits.get(field.name))
        for field in fields(kind)
        if field.compare
    }
    return st.builds(kind, **made)


def _generic(
    origin: Any,  # noqa: ANN401
    arguments: tuple[Any, ...],
    name: str,
    limits: tuple[float, float] | None,
) -> Strategy:
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, UnionType):
        return st.one_of(
            *(
                st.none() if kind is NoneType else values_of(kind, name, limits)
                for kind in arguments
            )
        )
    if origin is tuple and arguments[-1] is not Ellipsis:
        return st.tuples(*(values_of(kind) for kind in arguments))
    if origin in (tuple, frozenset):
        once = arguments[0] is int or _is_enum(arguments[0])
        return st.lists(values_of(arguments[0], name, limits), max_size=FEW, unique=once).map(
            origin
        )
    key, value = arguments
    return st.dictionaries(values_of(key, name), values_of(value, name, limits), max_size=FEW)


def _plain(kind: type, name: str, limits: tuple[float, float] | None) -> Strategy:
    if kind is str:
        return st.dates().map(lambda day: day.isoformat()) if name == "date" else WORDS
    if kind is bool:
        return st.booleans()
    if kind is float:
        return st.floats(*limits) if limits else _floats(name)
    low, high = limits or (range_of(name).low or 0, range_of(name).high or MOST)
    return st.integers(int(low), int(high))


def _floats(name: str) -> st.SearchStrategy[float]:
    allowed = range_of(name)
    low = -MOST if allowed.low is None else allowed.low
    return st.floats(low, MOST if allowed.high is None else 1.0)


@st.composite
def _intervals(draw: st.DrawFn) -> Interval:
    low, high = sorted((draw(_floats("")), draw(_floats(""))))
    hints = get_type_hints(Interval)
    median, sds = draw(values_of(hints["median"])), draw(values_of(hints["sds"]))
    return Interval(low, high, median=median, sds=sds)


@st.composite
def _quantities(draw: st.DrawFn, name: str) -> Quantity:
    """Measured, bounded, indicative and absent ones; the last two have a reason."""
    value = draw(st.none() | _floats(name))
    reason = draw(values_of(Reason))
    indicative = value is not None and draw(st.booleans())
    return Quantity(
        value,
        interval=draw(st.none() | _intervals()),
        bound=draw(st.none() | st.sampled_from(Bound)),
        indicative=indicative,
        reasons=(reason,)
        if value is None or indicative
        else draw(st.sampled_from(((), (reason,)))),
    )
