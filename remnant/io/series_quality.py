"""What is checked when a DICOM series is read."""

from remnant.core.findings import Finding, quality_finding
from remnant.io.dicom_series import Catalogue, Series
from remnant.io.left_out import TOO_LARGE, UNREADABLE


def series_findings(listed: Catalogue, series: Series) -> tuple[Finding, ...]:
    """Check what was left out when a DICOM series was read: copies and damaged files."""
    dropped = series.stack.dropped if series.stack is not None else 0
    damaged = listed.skipped.get(UNREADABLE, 0) + listed.skipped.get(TOO_LARGE, 0)
    return (
        quality_finding(
            "dicom_copies",
            passed=dropped == 0,
            value=float(dropped),
        ),
        quality_finding(
            "dicom_damaged_files",
            passed=damaged == 0,
            value=float(damaged),
        ),
    )
