"""Limits that the user chose, and what they take from the proofs of the plans.

That no plan keeps within limits which somebody tightened does not show that a liver cannot be
cleared. What is reached stays reached.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from remnant.core.debulking import TargetOutcome
from remnant.core.findings import Verdict
from remnant.core.plan_choice import DEFAULT_CHOICE, PlanChoice
from remnant.core.reasons import Cause, Reason, reason


def chosen_limits(choice: PlanChoice | None) -> tuple[Reason, ...]:
    """Return every limit that is tighter than the default; empty where nothing was tightened.

    Margins and the rule set on the remnant are no such limit.
    """
    return () if choice is None else tuple(_limits(choice))


def without_proofs(targets: Iterable[TargetOutcome]) -> tuple[TargetOutcome, ...]:
    """Return targets as they would read if nothing were proven out of reach."""
    return tuple(
        replace(
            target,
            verdict=Verdict.UNKNOWN if target.verdict is Verdict.NOT_MET else target.verdict,
            most_proven=False,
            largest_proven=False,
            proven=False,
        )
        for target in targets
    )


def _limits(choice: PlanChoice) -> Iterator[Reason]:
    for name in ("most_wedges", "most_ablations"):
        most = getattr(choice, name)
        if most is not None:
            yield reason(Cause.LIMIT_CHOSEN, name, most)
    if choice.keep:
        yield reason(Cause.LIMIT_CHOSEN, "keep", *(s.name for s in sorted(choice.keep)))
    for name, tighter in TIGHTER.items():
        limit = getattr(choice, name)
        if limit is not None and tighter(limit, getattr(DEFAULT_CHOICE, name)):
            yield reason(Cause.LIMIT_CHOSEN, name, limit)


def _is_more(limit: float, default: float | None) -> bool:
    return default is not None and limit > default


def _is_less(limit: float, default: float | None) -> bool:
    return default is None or limit < default


TIGHTER: Mapping[str, Callable[[float, float | None], bool]] = {
    "contiguous_segments": _is_more,
    "ablation_limit_mm": _is_less,
    "central_distance_mm": _is_more,
    "wedge_limit_mm": _is_less,
    "wedge_depth_mm": _is_less,
}
"""Settings with a number, and when one is tighter than the default; ``None`` is no limit."""
