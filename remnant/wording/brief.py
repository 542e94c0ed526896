"""Long reasons that a report gives once stand in short everywhere else."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason

Short = Mapping[Reason, Reason]
"""The short reason in the place of each long one."""
Known = TypeVar("Known")


def brief(known: Known, short: Short) -> Known:
    """Return a finding, a quantity or a result with its long reasons in short.

    Its text is then written from these, so that nobody has to look for the long one in it.
    """
    if not (short and is_dataclass(known)):
        return known
    changes = {f.name: _brief(getattr(known, f.name), short) for f in fields(known) if f.init}
    kept: Any = replace(known, **changes)  # type: ignore[type-var]
    return kept  # type: ignore[no-any-return]


def brief_reasons(reasons: Iterable[Reason], short: Short) -> tuple[Reason, ...]:
    """Return reasons in short, each once."""
    return tuple(dict.fromkeys(_brief_reason(one, short) for one in reasons))


def mentions(known: object, cause: Cause) -> bool:
    """Tell whether a reason of this cause stands anywhere in a finding, quantity or result."""
    if isinstance(known, Reason):
        return known.cause is cause or mentions(known.because, cause)
    if isinstance(known, tuple):
        # intervals hold a hundred numbers, which mention nothing
        return any(mentions(one, cause) for one in known if not isinstance(one, float))
    if not is_dataclass(known):
        return False
    return any(mentions(getattr(known, field.name), cause) for field in fields(known))


def _brief(value: object, short: Short) -> object:
    if isinstance(value, Quantity):
        return replace(value, reasons=brief_reasons(value.reasons, short))
    if isinstance(value, tuple) and value and isinstance(value[0], Reason):
        return brief_reasons(value, short)
    if isinstance(value, tuple) and value and isinstance(value[0], Quantity):
        return tuple(_brief(one, short) for one in value)
    return value


def _brief_reason(reason: Reason, short: Short) -> Reason:
    if reason in short:
        return short[reason]
    return replace(reason, because=brief_reasons(reason.because, short))
