"""A human's word on the segments, and what else is said of them: always as they stand now."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from remnant.core.errors import InputError
from remnant.core.findings import Finding, Verdict
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.volumetry_report import SegmentsConfirmation, SegmentSource
from remnant.pipeline.division import SEGMENTS_SOURCE
from remnant.pipeline.segmented import SegmentedCase

LONGEST_NAME: Final = 80
NOTHING_TO_CONFIRM: Final = (
    "--confirm-segments: this case has no Couinaud segments to confirm; give a map, labelled "
    "branches or landmarks, or let `remnant run` estimate them"
)


def require_name(name: str, *, option: str = "--confirm-segments") -> str:
    """Return the name of who confirms, or drew, without blanks around it.

    Raises
    ------
    InputError
        It is empty, longer than 80 characters, or holds characters that do not print.
    """
    plain = name.strip()
    if not 1 <= len(plain) <= LONGEST_NAME or not plain.isprintable():
        raise InputError(
            f"{option} got {name[: LONGEST_NAME + 1]!r}; allowed is a name of 1 to "
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
    if case.division.couinaud is None:
        raise InputError(NOTHING_TO_CONFIRM)
    today = datetime.now(tz=UTC).date().isoformat()
    confirmation = SegmentsConfirmation(name=plain, date=today)
    division = replace(case.division, confirmation=confirmation)
    return settled(replace(case, division=division))


def settled(case: SegmentedCase) -> SegmentedCase:
    """Return the case with what it says of its segments made true of them as they are now.

    A confirmation stands in the finding on their source as long as the case has it, and no longer:
    segments that lost theirs are not passed. The settings ``landmarks`` and ``split_iv`` follow
    the maps. To be called after every change of the segments; the case itself where all is true.
    """
    if case.division.couinaud is None:
        return case
    confirmed = case.division.confirmation is not None
    quality = tuple(_standing(finding, confirmed=confirmed) for finding in case.quality)
    settings = replace(
        case.settings,
        landmarks=case.division.source is SegmentSource.LANDMARKS,
        split_iv=case.division.segment_iv is not None,
    )
    if quality == case.quality and settings == case.settings:
        return case
    return replace(case, quality=quality, settings=settings)


def _standing(finding: Finding, *, confirmed: bool) -> Finding:
    if finding.id != SEGMENTS_SOURCE:
        return finding
    plain = without_confirmation(finding)
    if confirmed:
        given = (*plain, reason(Cause.SEGMENTS_CONFIRMED))
        return replace(finding, verdict=Verdict.MET, reasons=given)
    if plain == finding.reasons:
        return finding
    return replace(finding, verdict=Verdict.UNKNOWN, reasons=plain)


def without_confirmation(finding: Finding) -> tuple[Reason, ...]:
    """Return the reasons of a check on the segments but for a human's confirmation."""
    return tuple(r for r in finding.reasons if r.cause is not Cause.SEGMENTS_CONFIRMED)
