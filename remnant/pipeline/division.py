"""One division of a liver into Couinaud segments, by each of the sources there are."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from remnant.core.errors import EmptyStructureError, ModelIntegrityError, ModelUnavailableError
from remnant.core.findings import Finding, quality_finding
from remnant.core.landmarks import Landmarks
from remnant.core.progress import Progress
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.volumes import LabelMap
from remnant.core.volumetry_report import SegmentSource
from segmentation.couinaud.landmark_planes import couinaud_from_landmarks
from segmentation.couinaud.territories import couinaud_from_territories
from segmentation.port import PLANES_MOVED, DividedLiver, SegmentDivider, Stems

SEGMENTS_SOURCE: Final = "segments_source"
SEGMENT_IV_PARTED: Final = "segment_iv_parted"
BRANCHES: Final = "branches"
LANDMARKS: Final = "landmarks"
COUINAUD: Final = "couinaud"
CONFIRMATION: Final = "confirmation"
PARTS_OF_IV: Final = "segment_iv"
ROLES: Final[Mapping[SegmentSource, str]] = {
    SegmentSource.GIVEN: COUINAUD,
    SegmentSource.TERRITORIES: BRANCHES,
    SegmentSource.LANDMARKS: LANDMARKS,
}
"""Role of the input that each source is made from; the model needs none but the liver."""
OTHERWISE: Final = (
    "give a Couinaud map, labelled branches or landmarks, or leave the segments unknown with "
    "--no-estimate-segments"
)


def by_branches(
    liver: LabelMap, branches: LabelMap, noticed: tuple[Finding, ...] = ()
) -> DividedLiver:
    """Divide a liver into the territories of its labelled branches, on the same grid.

    ``noticed`` is what was found when the branches were read.
    """
    found = couinaud_from_territories(liver, branches)
    return replace(found, quality=noticed + found.quality)


def by_landmarks(liver: LabelMap, landmarks: Landmarks) -> DividedLiver:
    """Divide a liver by planes through points."""
    couinaud = couinaud_from_landmarks(liver, landmarks)
    return DividedLiver(couinaud=couinaud, source=SegmentSource.LANDMARKS)


def by_model(
    liver: LabelMap, divider: SegmentDivider, progress: Progress, *, stems: Stems | None = None
) -> DividedLiver:
    """Divide a liver without a human's help, by its shape and the ``stems`` that its scan shows.

    Raises
    ------
    ModelUnavailableError, ModelIntegrityError
        The weights are missing or were changed; the message says what else can be done.
    EmptyStructureError
        The liver is too thin to have a shape; so does this.
    """
    try:
        return divider.divide(liver, stems=stems, progress=progress)
    except (ModelUnavailableError, ModelIntegrityError, EmptyStructureError) as fault:
        raise type(fault)(f"{fault}; {OTHERWISE}") from fault


def outranks(first: SegmentSource | None, second: SegmentSource) -> bool:
    """Tell whether a source is better than another; ``None``, no source, never is."""
    order = list(SegmentSource)
    return first is not None and order.index(first) < order.index(second)


def source_finding(
    source: SegmentSource,
    *,
    passed_over: tuple[SegmentSource, ...] = (),
    replaced: SegmentSource | None = None,
    lost: tuple[str, ...] = (),
) -> Finding:
    """Say which source divided the liver.

    Parameters
    ----------
    source
        The one that was used.
    passed_over
        Others that were given with it.
    replaced
        Source of the segments that the case had before; ``None`` when it had none.
    lost
        What went with them: `CONFIRMATION`, `PARTS_OF_IV`.

    Returns
    -------
    Finding
        Not passed is never said. Unknown for an estimate, until a human confirms it, and where
        the segments replace those of a better source, or some that a human had confirmed.
    """
    given = (
        reason(Cause.SEGMENTS_FROM, source),
        *passed_over_reasons(passed_over),
        *((reason(Cause.SEGMENTS_REPLACED, replaced),) if replaced is not None else ()),
        *((reason(Cause.DROPPED_WITH_SEGMENTS, *lost),) if lost else ()),
    )
    worse = outranks(replaced, source) or CONFIRMATION in lost
    sure = source is not SegmentSource.MODEL and not worse
    return quality_finding(SEGMENTS_SOURCE, passed=True if sure else None, reasons=given)


def with_planes_kept(division: DividedLiver) -> DividedLiver:
    """Say of a division by a better source than the estimate that seen vessels do not move it."""
    if division.source is SegmentSource.MODEL:
        return division
    kept = quality_finding(
        PLANES_MOVED,
        passed=None,
        value=0.0,
        reasons=(reason(Cause.ESTIMATES_MOVED_ALONE, division.source),),
    )
    return replace(division, quality=(*division.quality, kept))


def parted_finding(level_mm: float | None) -> Finding:
    """Say that segment IV is parted at a level that nobody gave, or that none was seen."""
    unseen = reason(Cause.LEVEL_UNSEEN)
    why = unseen if level_mm is None else reason(Cause.LEVEL_COMPUTED, level_mm)
    return quality_finding(SEGMENT_IV_PARTED, passed=None, value=level_mm, reasons=(why,))


def passed_over_reasons(sources: tuple[SegmentSource, ...]) -> tuple[Reason, ...]:
    """Return that other sources were given as well, nothing without any."""
    return (reason(Cause.SEGMENTS_PASSED_OVER, *sources),) if sources else ()
