"""The targets, limits and locks that plans were made with, in one line."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

from planning.rules.remnant import REMNANT_RULE_SETS
from remnant.core.plan_choice import DEFAULT_CHOICE
from remnant.core.units import percent_from_fraction

CHOICES: Final = "plan."
Stored = Mapping[str, float | int | str | bool | None]
RULE_SET_TITLES: Final[Mapping[str, str]] = {s.id: s.title for s in REMNANT_RULE_SETS}
DEFAULT_TARGETS: Final = ",".join(repr(target) for target in DEFAULT_CHOICE.targets)


def limits_in_force(configuration: Stored, *, short: bool = False) -> tuple[str, ...]:
    """Return targets and limits in words, locks first, from the settings that a report keeps.

    ``short`` leaves out sizes and distances that are the default's. Empty for a report that was
    planned before limits were kept.
    """
    stored = {
        name.removeprefix(CHOICES): value
        for name, value in configuration.items()
        if name.startswith(CHOICES)
    }
    return tuple(_words(stored, short=short)) if stored else ()


def limits_line(configuration: Stored, *, short: bool = False) -> str:
    """Write the limits as one line, the empty text where none were kept."""
    words = limits_in_force(configuration, short=short)
    return f"Limits: {'; '.join(words)}." if words else ""


def _words(stored: Stored, *, short: bool) -> Iterator[str]:
    targets = str(stored.get("targets") or DEFAULT_TARGETS)
    shares = (f"{percent_from_fraction(float(share)):g}" for share in targets.split(","))
    yield f"targets {', '.join(shares)} %"
    if stored.get("keep"):
        yield f"keep {str(stored['keep']).replace(',', ', ')}"
    yield from _counts(stored)
    if stored.get("named_only"):
        yield "hepatectomies with a name only"
    yield (
        f"margins {_number(stored, 'resection_margin_mm')}/"
        f"{_number(stored, 'ablation_margin_mm')} mm (excised/ablated)"
    )
    yield from _sizes(stored, short=short)
    rule_set = str(stored.get("rule_set") or DEFAULT_CHOICE.rule_set)
    yield f"chosen minimum: {RULE_SET_TITLES.get(rule_set, rule_set)}"


def _counts(stored: Stored) -> Iterator[str]:
    for name, noun in (("most_ablations", "ablation zone"), ("most_wedges", "wedge")):
        most = stored.get(name)
        if most == 0:
            yield f"no {noun.removesuffix(' zone')}"
        elif most is not None:
            yield f"at most {most} {noun}{'' if most == 1 else 's'}"


def _sizes(stored: Stored, *, short: bool) -> Iterator[str]:
    if stored.get("most_ablations") != 0:
        yield f"lesions up to {_number(stored, 'ablation_limit_mm')} mm ablated"
        if not short or _changed(stored, "central_distance_mm"):
            yield f"no ablation within {_number(stored, 'central_distance_mm')} mm of portal vein"
        if not short or _changed(stored, "ablation_shape", "largest_zone_mm"):
            shape = stored.get("ablation_shape") or DEFAULT_CHOICE.ablation_shape.value
            yield f"{shape} zones up to {_number(stored, 'largest_zone_mm')} mm"
    wedges = stored.get("most_wedges") != 0
    if wedges and (not short or _changed(stored, "wedge_limit_mm", "wedge_depth_mm")):
        size, depth = (_bounded(stored, name) for name in ("wedge_limit_mm", "wedge_depth_mm"))
        yield f"lesions {size} across and {depth} below the surface excised alone"
    if not short or _changed(stored, "contiguous_segments"):
        yield f"at least {_number(stored, 'contiguous_segments')} kept segments adjoin"


def _changed(stored: Stored, *names: str) -> bool:
    return any(stored.get(n, default) != default for n in names for default in (_default(n),))


def _default(name: str) -> float | str | None:
    value = getattr(DEFAULT_CHOICE, name)
    return value.value if isinstance(value, StrEnum) else value


def _number(stored: Stored, name: str) -> str:
    return f"{stored.get(name, getattr(DEFAULT_CHOICE, name)):g}"


def _bounded(stored: Stored, name: str) -> str:
    value = stored.get(name, getattr(DEFAULT_CHOICE, name))
    return "of any size" if value is None and name == "wedge_limit_mm" else (
        "at any depth" if value is None else f"up to {value:g} mm"
    )  # fmt: skip
