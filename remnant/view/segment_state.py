"""Where the segments came from, who reviewed them, and how far each plane may be off."""

from typing import Final

from remnant.core.volumetry_report import SegmentSource, VolumetryReport
from remnant.wording.language import message, say
from remnant.wording.words import PLANE_WORDS, SOURCE_WORDS
from volumetry.uncertainty.joint_draws import plane_of

TO_REVIEW: Final = message("segments estimated from liver shape: review")
"""What stands beside every figure that rests on a network's segments until a human confirms."""


def segments_state(report: VolumetryReport) -> str:
    """Say where the segments came from and who confirmed them; empty where they are unknown.

    ``segments estimated from liver shape: review`` until a human confirmed a network's estimate.
    """
    if report.segment_source is None:
        return ""
    origin = segments_origin(report)
    if report.segment_source is SegmentSource.MODEL:
        return say("segments {origin}", origin=origin)
    return say("segments: {origin}", origin=origin)


def segments_origin(report: VolumetryReport) -> str:
    """Say the same without the noun, e.g. ``given map``; empty where they are unknown."""
    if report.segment_source is None:
        return ""
    source, known = SOURCE_WORDS[report.segment_source], report.segments_confirmation
    if known is not None:
        return say(
            "{source}, confirmed by {name} on {date}",
            source=source,
            name=known.name,
            date=known.date,
        )
    return say("{source}: review", source=source) if report.segments_need_review else source


def plane_errors(report: VolumetryReport) -> tuple[tuple[str, float], ...]:
    """Return each plane's words with its standard deviation in mm; empty where all have one.

    A plane that no border of this liver lies on is left out.
    """
    if report.error_model.segment_plane_mm is None:
        return ()
    present = {plane_of(border)[0] for border in report.boundaries.borders}
    return tuple(
        (words, report.error_model.plane_mm(plane))
        for plane, words in PLANE_WORDS.items()
        if plane in present
    )
