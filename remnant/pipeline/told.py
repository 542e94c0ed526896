"""What an earlier run was told of a case, and what another one makes of it."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, Final

from remnant.core.clinical import NOTHING_SAID
from remnant.core.patient import Patient
from remnant.core.plan_choice import DEFAULT_CHOICE
from remnant.core.recipe import Recipe
from remnant.core.uncertainty import NO_CHOICE
from remnant.io.recipe_text import recipe_text
from remnant.pipeline.facts import KnownCase
from remnant.pipeline.requests import MeasureRequest

NOBODY: Final = Patient()
DEFAULT_MEASURING: Final = MeasureRequest(patient=NOBODY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One fact or choice that an earlier run was told and another is not, or otherwise.

    Parameters
    ----------
    name
        Its name in words.
    value
        What the earlier run was told.
    dropped
        Whether nothing takes its place.
    """

    name: str
    value: object
    dropped: bool

    def __str__(self) -> str:
        return f"{self.name} ({_words(self.value)})"


def told_otherwise(earlier: KnownCase, later: KnownCase) -> tuple[Told, ...]:
    """Return what an earlier run was told and a later one is not, or otherwise, in order."""
    before, after = earlier.measuring, later.measuring
    plan, anew = earlier.planning, later.planning
    return (
        *_changed(before.patient, after.patient, NOBODY),
        *_changed(before.errors, after.errors, NO_CHOICE),
        *_changed(plan.facts, anew.facts, NOTHING_SAID),
        *_changed(plan.choice, anew.choice, DEFAULT_CHOICE),
        *_changed(before, after, DEFAULT_MEASURING, ("formula", "bsa_formula")),
        *_sets(earlier, later),
    )


def replaced_words(told: tuple[Told, ...]) -> tuple[str, ...]:
    """Say what is told otherwise now; nothing where nothing is."""
    return (f"replaced what was told before: {', '.join(map(str, told))}",) if told else ()


def _changed(
    old: object,
    new: object,
    default: Any,  # noqa: ANN401
    names: tuple[str, ...] = (),
) -> Iterator[Told]:
    for name in names or (field.name for field in fields(default)):
        was, comes, usual = (getattr(one, name) for one in (old, new, default))
        if usual != was != comes:
            yield Told(name=name.replace("_", " "), value=was, dropped=comes == usual)


def _sets(earlier: KnownCase, later: KnownCase) -> Iterator[Told]:
    gone = [one for one in earlier.planning.custom if one not in later.planning.custom]
    if gone:
        yield Told(name="resect", value=tuple(gone), dropped=True)


def _words(value: object) -> str:
    """Write what was told as the command line and facts files take it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, IntEnum):
        return value.name
    if isinstance(value, Recipe):
        return recipe_text(value)
    if isinstance(value, frozenset):
        return ",".join(_words(one) for one in sorted(value))
    if isinstance(value, tuple):
        return "; ".join(_words(one) for one in value)
    return f"{value}"
