"""What is checked when a DICOM series is read: that nothing of it went missing."""

from remnant.core.findings import Finding, quality_finding
from remnant.core.reasons import Cause, Reason, reason
from remnant.io.dicom_accounts import Account, Group, account
from remnant.io.dicom_series import Catalogue
from remnant.io.series import Series

ROUNDING_MM = 0.01
LARGEST_DEVIATION_MM = 0.25
"""Rounding of two positions to 0.1 mm, and a little."""


def series_findings(listed: Catalogue, series: Series) -> tuple[Finding, ...]:
    """Check what was left out when a DICOM series was read, and how evenly its slices lie."""
    found = account(listed, series)
    deviation = () if series.stack is None else _deviation(series.stack.deviation_mm)
    return (_left_out(found), *_other_stacks(found), _copies(found), *_unread(found), *deviation)


def _left_out(found: Account) -> Finding:
    in_stacks = sum(group.count for group in found.other_stacks)
    missing = found.unused - in_stacks
    return quality_finding(
        "dicom_left_out",
        passed=missing == 0,
        value=float(missing),
        reasons=(
            reason(Cause.OF_ALL, found.found - in_stacks),
            *(_reason(group) for group in found.left_out),
        ),
    )


def _reason(group: Group) -> Reason:
    counts = (group.count, group.beyond_ends, group.placeless)
    return reason(Cause.LEFT_OUT, *counts, group.reason)


def _other_stacks(found: Account) -> tuple[Finding, ...]:
    if not found.other_stacks:
        return ()
    beyond = sum(group.beyond_ends for group in found.other_stacks)
    return (
        quality_finding(
            "dicom_other_stacks",
            passed=beyond == 0,
            value=float(sum(group.count for group in found.other_stacks)),
            reasons=tuple(
                reason(
                    Cause.IN_OTHER_STACK,
                    group.stack_number or 0,
                    group.count,
                    group.beyond_ends,
                    group.reason,
                )
                for group in found.other_stacks
            ),
        ),
    )


def _copies(found: Account) -> Finding:
    return quality_finding("dicom_copies", passed=True, value=float(found.copies))


def _unread(found: Account) -> tuple[Finding, ...]:
    count = sum(group.count for group in found.unreadable)
    return (
        quality_finding(
            "dicom_unread_files",
            passed=count == 0,
            value=float(count),
            reasons=tuple(_reason(group) for group in found.unreadable),
        ),
    )


def _deviation(deviation_mm: float) -> tuple[Finding, ...]:
    if deviation_mm <= ROUNDING_MM:
        return ()
    return (
        quality_finding(
            "dicom_slice_positions",
            passed=deviation_mm <= LARGEST_DEVIATION_MM,
            value=deviation_mm,
            reasons=(reason(Cause.CHECK_LIMIT, LARGEST_DEVIATION_MM),),
        ),
    )
