"""A human's word on the segments."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from remnant.core.errors import InputError
from remnant.core.findings import Finding, Verdict
from remnant.core.volumetry_report import SegmentsConfirmation
from remnant.pipeline.division import SEGMENTS_SOURCE
from remnant.pipeline.segmented import SegmentedCase

LONGEST_NAME: Final = 80
WORDS: Final = " A human confirmed them."


def require_name(name: str) -> str:
    """Return the name of who confirms, without blanks around it.

    Raises
    ------
    InputError
        It is empty, longer than 80 characters, or holds characters that do not print.
    """
    plain = name.strip()
    if not 1 <= len(plain) <= LONGEST_NAME or not plain.isprintable():
        raise InputError(
            f"--confirm-segments got {name[: LONGEST_NAME + 1]!r}; allowed is a name of 1 to "
            f"{LONGEST_NAME} printable characters"
        )
    return plain


def with_confirmation(case: SegmentedCase, name: str) -> SegmentedCase:
    """Return the case with its segments confirmed by ``name`` today (UTC).

    Raises
    ------
    InputError
        The case has no segments, or the name cannot be used.
    """
    plain = require_name(name)
    if case.couinaud is None:
        raise InputError(
            "--confirm-segments: this case has no Couinaud segments to confirm; give a map, "
            "labelled branches or landmarks, or let `remnant run` estimate them"
        )
    today = datetime.now(tz=UTC).date().isoformat()
    return replace(
        case,
        segments_confirmation=SegmentsConfirmation(name=plain, date=today),
        quality=tuple(_confirmed(finding) for finding in case.quality),
    )


def _confirmed(finding: Finding) -> Finding:
    if finding.id != SEGMENTS_SOURCE or finding.text.endswith(WORDS):
        return finding
    return replace(finding, verdict=Verdict.MET, text=finding.text + WORDS)
