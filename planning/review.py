"""Mark what rests on segments that a network estimated and no human confirmed."""

from collections.abc import Iterable
from dataclasses import replace

from planning import wording
from planning.computed import SEGMENT_BASED
from planning.criteria import Condition, CriteriaList, inputs_of
from remnant.core.criteria import CriteriaResult


def rests_on_segments(conditions: Iterable[Condition]) -> bool:
    """Tell whether any of some conditions rests on segments or on plans."""
    return any(inputs_of(condition) & SEGMENT_BASED for condition in conditions)


def reviewed_list(result: CriteriaResult, listed: CriteriaList, *, review: bool) -> CriteriaResult:
    """Say on a list, and on each finding that rests on segments, that they are to be reviewed.

    Without ``review`` the result is returned as it is. The list itself is marked where a condition
    that decides it rests on segments.
    """
    if not review:
        return result
    marked = {c.id for c in listed.conditions if rests_on_segments((c,))}
    decides = any(c.id in marked and c.needed for c in listed.conditions)
    return replace(
        result,
        findings=tuple(wording.to_review(f) if f.id in marked else f for f in result.findings),
        text=reviewed_text(result.text, review=decides),
    )


def reviewed_text(text: str, *, review: bool) -> str:
    """Say at the end of a text that its segments are to be reviewed."""
    return f"{text} {wording.REVIEW_SENTENCE}" if review else text
