"""Fields of a facts file: what each means, what it may hold, and how it is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Any

from remnant.core.errors import InputError
from remnant.core.labels import CouinaudSegment
from remnant.core.recipe import Recipe
from remnant.io.recipe_text import RECIPE_EXAMPLE, parse_recipe, parse_segments

UNKNOWN = "unknown"
NO_LIMIT = "none"
LONGEST_WORD = 100
MOST_RECIPES = 100
MOST_LESIONS = 1000
LARGEST_LESION = 10**9


class FieldError(ValueError):
    """A value is not what its field may hold; the reader says which field that was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a facts file.

    Parameters
    ----------
    name
        Its key.
    meaning
        What it is, in words.
    allowed
        What it may hold, in words.
    read
        Makes a value from what the file holds, never ``None``.
    schema
        The same as JSON schema, without ``None`` and without ``blank``.
    blank
        The word that takes a value back that an earlier run stored (a fact is ``unknown`` again, a
        limit is ``none``); ``None`` where there is no such word.
    """

    name: str
    meaning: str
    allowed: str
    read: Callable[[object], Any]
    schema: Mapping[str, Any]
    blank: str | None = None

    def value(self, given: object) -> Any:  # noqa: ANN401  (each field's own type)
        """Return what a given value, not ``None``, means; ``None`` for the word ``blank``.

        Raises
        ------
        FieldError
            The field may not hold it.
        """
        blank = isinstance(given, str) and given.strip().lower() == self.blank
        return None if blank else self.read(given)


def number(
    name: str, limits: tuple[float, float], unit: str, meaning: str, *, blank: str | None = None
) -> Field:
    """Return a field for a number within limits, both included."""
    low, high = limits
    return Field(
        name=name,
        meaning=meaning,
        allowed=_or(f"a number from {low:g} to {high:g} {unit}".rstrip(), blank),
        read=lambda given: _number(given, limits),
        schema={"type": "number", "minimum": low, "maximum": high},
        blank=blank,
    )


def whole_number(
    name: str, limits: tuple[float, float], meaning: str, *, blank: str | None = None
) -> Field:
    """Return a field for a whole number within limits, both included."""
    low, high = limits
    return Field(
        name=name,
        meaning=meaning,
        allowed=_or(f"a whole number from {low:g} to {high:g}", blank),
        read=lambda given: _whole(given, limits),
        schema={"type": "integer", "minimum": low, "maximum": high},
        blank=blank,
    )


def yes_no(name: str, meaning: str, *, blank: str | None = None) -> Field:
    """Return a field for yes or no."""
    allowed = _or("yes or no", blank)
    return Field(
        name=name, meaning=meaning, allowed=allowed, read=_bool, schema={"type": "boolean"},
        blank=blank,
    )  # fmt: skip


def one_of(name: str, kind: type[StrEnum], meaning: str, *, blank: str | None = None) -> Field:
    """Return a field for one of a few words, in any case, with hyphens or underscores."""
    words = [member.value for member in kind]
    return Field(
        name=name,
        meaning=meaning,
        allowed=_or(f"one of {', '.join(words)}", None if blank in words else blank),
        read=lambda given: _word(given, kind),
        schema={"enum": words},
        blank=None if blank in words else blank,
    )


def any_word(name: str, meaning: str, allowed: str) -> Field:
    """Return a field for a word that another layer knows."""
    schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_WORD}
    return Field(name=name, meaning=meaning, allowed=allowed, read=_any_word, schema=schema)


def note(name: str, meaning: str, *, longest: int, blank: str | None = None) -> Field:
    """Return a field for a line of free text."""
    return Field(
        name=name,
        meaning=meaning,
        allowed=_or(f"a line of at most {longest} characters", blank),
        read=lambda given: _line(given, longest),
        schema={"type": "string", "minLength": 1, "maxLength": longest},
        blank=blank,
    )


def lesion_numbers(name: str, meaning: str, *, blank: str | None = None) -> Field:
    """Return a field for numbers of lesions; ``none`` for no lesion."""
    one = {"type": "integer", "minimum": 1}
    return Field(
        name=name,
        meaning=meaning,
        allowed=_or("numbers of lesions such as [3, 5], none", blank),
        read=_lesion_numbers,
        schema={
            "anyOf": [
                one,
                {"type": "array", "maxItems": MOST_LESIONS, "items": one},
                {"enum": [NO_LIMIT]},
            ],
        },
        blank=blank,
    )


def percentages(name: str, meaning: str) -> Field:
    """Return a field for one or several percentages, read as shares."""
    percent = {"type": "number", "exclusiveMinimum": 1, "maximum": 100}
    return Field(
        name=name,
        meaning=meaning,
        allowed="percentages above 1 up to 100, e.g. [70, 90]",
        read=_percentages,
        schema={
            "anyOf": [percent, {"type": "array", "minItems": 1, "maxItems": 20, "items": percent}]
        },
    )


def segment_set(name: str, meaning: str) -> Field:
    """Return a field for a set of Couinaud segments; ``none`` is the empty set."""
    text = {"type": "string", "minLength": 1, "maxLength": LONGEST_WORD}
    segment = [text, {"type": "integer", "minimum": 1, "maximum": 8}]
    return Field(
        name=name,
        meaning=meaning,
        allowed="Couinaud segments such as IV or [IV, V], or none",
        read=_segments,
        schema={"anyOf": [*segment, {"type": "array", "maxItems": 8, "items": {"anyOf": segment}}]},
    )


def segment_sets(name: str, meaning: str) -> Field:
    """Return a field for several sets of Couinaud segments; ``none`` for none of them."""
    text = {"type": "string", "minLength": 1}
    return Field(
        name=name,
        meaning=meaning,
        allowed="a set of segments in one text such as 'IV,VI', a list of such texts, or none",
        read=_segment_sets,
        schema={"anyOf": [text, {"type": "array", "maxItems": MOST_RECIPES, "items": text}]},
    )


def recipes(name: str, meaning: str) -> Field:
    """Return a field for the user's own recipes; ``none`` for none of them."""
    text = {"type": "string", "minLength": 1}
    return Field(
        name=name,
        meaning=meaning,
        allowed=f"a recipe such as {RECIPE_EXAMPLE!r}, a list of them, or none",
        read=_recipes,
        schema={
            "anyOf": [text, {"type": "array", "maxItems": MOST_RECIPES, "items": text}],
        },
    )


def _or(allowed: str, blank: str | None) -> str:
    return allowed if blank is None else f"{allowed}, or {blank}"


def _number(given: object, limits: tuple[float, float]) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise FieldError
    if not (isfinite(given) and limits[0] <= given <= limits[1]):
        raise FieldError
    return float(given)


def _whole(given: object, limits: tuple[float, float]) -> int:
    whole = _number(given, limits)
    if not whole.is_integer():
        raise FieldError
    return int(whole)


def _bool(given: object) -> bool:
    if not isinstance(given, bool):
        raise FieldError
    return given


def _word(given: object, kind: type[StrEnum]) -> StrEnum:
    if not isinstance(given, str):
        raise FieldError
    word = given.strip().replace("-", "_").lower()
    for member in kind:
        if member.value.lower() == word:
            return member
    raise FieldError


def _any_word(given: object) -> str:
    if not isinstance(given, str) or not 0 < len(given) <= LONGEST_WORD:
        raise FieldError
    return given


def _line(given: object, longest: int) -> str:
    if not isinstance(given, str) or not given.isprintable():
        raise FieldError
    text = given.strip()
    if not 0 < len(text) <= longest:
        raise FieldError
    return text


def _lesion_numbers(given: object) -> tuple[int, ...]:
    if given == NO_LIMIT:
        return ()
    several = given if isinstance(given, list) else [given]
    if len(several) > MOST_LESIONS:
        raise FieldError
    return tuple(sorted({_whole(one, (1, LARGEST_LESION)) for one in several}))


def _percentages(given: object) -> tuple[float, ...]:
    several = given if isinstance(given, list) else [given]
    shares = {_number(percent, (1.0, 100.0)) / 100.0 for percent in several}
    if not shares or min(shares) <= 0.01:  # noqa: PLR2004  # 0.7 is a share, not a percentage
        raise FieldError
    return tuple(sorted(shares))


def _segments(given: object) -> frozenset[CouinaudSegment]:
    if given == NO_LIMIT:
        return frozenset()
    words = [_segment_word(part) for part in (given if isinstance(given, list) else [given])]
    try:
        return frozenset(s for word in words for s in parse_segments(word, what="keep"))
    except InputError as fault:
        raise FieldError from fault


def _segment_sets(given: object) -> tuple[frozenset[CouinaudSegment], ...]:
    several = given if isinstance(given, list) else [given]
    if len(several) > MOST_RECIPES or not all(isinstance(one, str) for one in several):
        raise FieldError
    sets = tuple(dict.fromkeys(_segments(one) for one in several if one != NO_LIMIT))
    if len(sets) > 1 and all(len(one) == 1 for one in sets):
        raise FieldError  # [IV, VI], as other keys write one set, would be read as two
    return sets


def _segment_word(given: object) -> str:
    if isinstance(given, bool) or not isinstance(given, int | str):
        raise FieldError
    return str(given)


def _recipes(given: object) -> tuple[Recipe, ...]:
    several = given if isinstance(given, list) else [given]
    if len(several) > MOST_RECIPES or not all(isinstance(recipe, str) for recipe in several):
        raise FieldError
    return tuple(
        parse_recipe(str(recipe), what="recipes") for recipe in several if recipe != NO_LIMIT
    )
