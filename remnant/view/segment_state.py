"""Where the segments came from, who reviewed them, and how far each plane may be off."""

from planning.wording import REVIEW_SENTENCE, SEGMENTS_TO_REVIEW
from remnant.core.volumetry_report import SegmentSource, VolumetryReport
from remnant.wording.words import PLANE_WORDS, SOURCE_WORDS
from volumetry.propagation import plane_of


def segments_state(report: VolumetryReport) -> str:
    """Say where the segments came from and who confirmed them; empty where they are unknown.

    ``segments estimated from liver shape: review`` until a human confirmed a network's estimate.
    """
    if report.segment_source is None:
        return ""
    if report.segments_need_review:
        return SEGMENTS_TO_REVIEW
    said = report.segments_confirmation
    confirmed = "" if said is None else f", confirmed by {said.name} on {said.date}"
    source = SOURCE_WORDS[report.segment_source]
    colon = "" if report.segment_source is SegmentSource.MODEL else ":"
    return f"segments{colon} {source}{confirmed}"


def without_review(text: str) -> str:
    """Drop the mark from a finding's text where the page shows it beside the text."""
    return text.removesuffix(f" {REVIEW_SENTENCE}")


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
