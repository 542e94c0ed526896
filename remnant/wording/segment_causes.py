"""Where the Couinaud segments are from, in words."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from remnant.core.findings import Finding
from remnant.core.reasons import Cause, Reason
from remnant.core.volumetry_report import SegmentSource
from remnant.wording.kinds import Template
from remnant.wording.language import message, say, spoken
from remnant.wording.numbers import sentence

SOURCE_PHRASES: Final[Mapping[str, str]] = spoken(
    {
        SegmentSource.GIVEN: "the given Couinaud map (couinaud)",
        SegmentSource.TERRITORIES: "the territories of labelled branches (branches)",
        SegmentSource.LANDMARKS: "planes through landmarks (landmarks)",
        SegmentSource.MODEL: "a network's estimate from the liver's shape",
    }
)
DROPPED_WORDS: Final[Mapping[str, str]] = spoken(
    {
        "confirmation": "a human's confirmation",
        "segment_iv": "segments IVa and IVb",
    }
)


def _named(start: str, words: Mapping[str, str]) -> Callable[[Reason], str]:
    return lambda reason: say(start, names=", ".join(words[name] for name in reason.names))


CAUSES: Final[Mapping[Cause, Template]] = {
    Cause.SEGMENTS_FROM: _named(message("the Couinaud segments are from {names}"), SOURCE_PHRASES),
    Cause.SEGMENTS_PASSED_OVER: _named(
        message("given as well, and passed over: {names}"), SOURCE_PHRASES
    ),
    Cause.SEGMENTS_REPLACED: _named(
        message("they replace the earlier ones, from {names}"), SOURCE_PHRASES
    ),
    Cause.DROPPED_WITH_SEGMENTS: _named(message("dropped with those: {names}"), DROPPED_WORDS),
    Cause.SAME_MAP_GIVEN: (
        "the Couinaud map that was given is the same in every voxel: they keep their source, and "
        "are not confirmed by it"
    ),
    Cause.SEGMENTS_CONFIRMED: "a human confirmed them",
}


def source_text(finding: Finding) -> str:
    """Return the check on where the segments are from, a sentence for each reason."""
    return _sentences(finding.reasons)


def beyond_source(finding: Finding) -> str:
    """Return what that check says beyond the source: what was replaced, dropped, passed over."""
    return _sentences(r for r in finding.reasons if r.cause is not Cause.SEGMENTS_FROM)


def _sentences(reasons: Iterable[Reason]) -> str:
    return " ".join(f"{sentence(_words(reason))}." for reason in reasons)


def _words(reason: Reason) -> str:
    template = CAUSES[reason.cause]
    return say(template) if isinstance(template, str) else template(reason)


WRITERS: Final = {"segments_source": source_text}
