"""Limits that the user chose, and what they take from the proofs of the plans.

That no plan keeps within limits which somebody tightened does not show that a liver cannot be
cleared. What is reached stays reached.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from planning import wording
from remnant.core.debulking import TargetOutcome
from remnant.core.findings import Verdict
from remnant.core.plan_choice import DEFAULT_CHOICE, PlanChoice
from remnant.core.reasons import Reason, reasons_of


def chosen_limits(choice: PlanChoice | None) -> tuple[Reason, ...]:
    """Return every limit that is tighter than the default; empty where nothing was tightened.

    Margins and the rule set on the remnant are no such limit.
    """
    if choice is None:
        return ()
    return tuple(reason for words in _limits(choice) for reason in reasons_of(words))


def without_proofs(targets: Iterable[TargetOutcome]) -> tuple[TargetOutcome, ...]:
    """Return targets as they would read if nothing were proven out of reach."""
    return tuple(
        replace(
            target,
            verdict=Verdict.UNKNOWN if target.verdict is Verdict.NOT_MET else target.verdict,
            proven=False,
        )
        for target in targets
    )


def _limits(choice: PlanChoice) -> Iterator[str]:
    if choice.most_wedges is not None:
        yield _most(choice.most_wedges, "wedge")
    if choice.most_ablations is not None:
        yield _most(choice.most_ablations, "ablation")
    if choice.keep:
        noun = "segment" if len(choice.keep) == 1 else "segments"
        yield f"{noun} {wording.segment_names(choice.keep)} kept"
    if choice.named_only:
        yield "named hepatectomies only"
    if choice.contiguous_segments > DEFAULT_CHOICE.contiguous_segments:
        yield f"{choice.contiguous_segments} neighbouring segments kept"
    yield from _sizes(choice)


def _sizes(choice: PlanChoice) -> Iterator[str]:
    if choice.ablation_limit_mm < DEFAULT_CHOICE.ablation_limit_mm:
        yield f"ablation up to {choice.ablation_limit_mm:g} mm"
    if choice.central_distance_mm > DEFAULT_CHOICE.central_distance_mm:
        yield f"no ablation within {choice.central_distance_mm:g} mm of the portal vein"
    if _tighter(choice.wedge_limit_mm, DEFAULT_CHOICE.wedge_limit_mm):
        yield f"wedges up to {choice.wedge_limit_mm:g} mm"
    if _tighter(choice.wedge_depth_mm, DEFAULT_CHOICE.wedge_depth_mm):
        yield f"wedges up to {choice.wedge_depth_mm:g} mm deep"


def _tighter(limit: float | None, default: float | None) -> bool:
    return limit is not None and (default is None or limit < default)


def _most(number: int, noun: str) -> str:
    return f"at most {wording.counted(number, noun)}" if number else f"no {noun}"
