"""Findings for tests, from the few facts that a test cares about."""

from typing import Any

from remnant.core.findings import Basis, Comparison, Finding, SourceStatus, Threshold, Verdict
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, first
from remnant.pipeline.division import SEGMENTS_SOURCE
from remnant.pipeline.segmented import SegmentedCase


def example_finding(
    identifier: str = "flr.cloyd2020",
    verdict: Verdict = Verdict.MET,
    *,
    value: float | None = None,
    limit: float | None = None,
    basis: Basis | None = None,
    inclusive: bool = True,
    **facts: Any,
) -> Finding:
    """Return a finding on a plain number against a plain limit."""
    source: str = facts.get("source") or "cloyd2020"
    status: SourceStatus = facts.get("status") or SourceStatus.VERIFIED
    threshold = (
        None
        if limit is None
        else Threshold(
            value=limit,
            basis=basis or Basis.NO_RATIO,
            comparison=Comparison.AT_LEAST if inclusive else Comparison.MORE,
            source=source,
            status=status,
        )
    )
    return Finding(
        id=identifier,
        verdict=verdict,
        quantity=None if value is None else Quantity(value),
        threshold=threshold,
        denominator=basis if limit is None else None,
        **facts,
    )


def names_of(finding: Finding, cause: Cause) -> tuple[str, ...]:
    """Return what a finding names with a cause, nothing where it has no such reason."""
    found = first(finding.reasons, cause)
    return () if found is None else found.names


def noted(case: SegmentedCase, identifier: str = SEGMENTS_SOURCE) -> Finding | None:
    """Return what is noted of a case by a name, ``None`` where nothing is."""
    return next((finding for finding in case.quality if finding.id == identifier), None)
