"""Reasons of plans, targets and growth in words. It imports nothing that renders reasons."""

from collections.abc import Mapping
from typing import Final

from planning.optimiser.broken_limits import FaultKind
from planning.rules.growth import PVL_REASON
from remnant.core.reasons import Cause, Reason
from remnant.core.units import percent_from_fraction
from remnant.wording.kinds import Template
from remnant.wording.language import Message, say, say_many
from remnant.wording.numbers import counted

FAULT_WORDS: Final[Mapping[FaultKind, Message]] = {
    FaultKind.SEGMENTS: "segments that the locks keep, or too few neighbours that would stay",
    FaultKind.TREATED_TWICE: "a lesion that is both excised and ablated",
    FaultKind.CUT_LESION: "a lesion that the transection cuts",
    FaultKind.ABLATION_IN_REMOVED: "an ablation of a lesion in removed segments",
    FaultKind.WEDGE_IN_REMOVED: "a wedge around a lesion that leaves with its segments",
    FaultKind.WEDGE_NOT_ALLOWED: "a wedge that is not allowed",
    FaultKind.ABLATION_NOT_ALLOWED: "an ablation that is not allowed",
    FaultKind.TOO_MANY_WEDGES: "{wedge}, {allowed} allowed",
    FaultKind.TOO_MANY_ZONES: "{zone}, {allowed} allowed",
}


def _fault(reason: Reason) -> str:
    got, allowed = (int(n) for n in reason.amounts) if reason.amounts else (0, 0)
    template = FAULT_WORDS[FaultKind(reason.names[0])]
    return say(
        template, wedge=counted(got, "wedge"), zone=counted(got, "ablation zone"), allowed=allowed
    )


def _chosen(reason: Reason) -> str:
    name, *segments = reason.names
    number = reason.amounts[0] if reason.amounts else 0.0
    texts = {
        "most_wedges": most_wedges(int(number)),
        "most_ablations": most_ablations(int(number)),
        "keep": say_many(
            "segment {segments} kept",
            "segments {segments} kept",
            len(segments),
            segments=", ".join(segments),
        ),
        "contiguous_segments": say("{number:.0f} neighbouring segments kept", number=number),
        "ablation_limit_mm": say("ablation up to {number:g} mm", number=number),
        "central_distance_mm": say(
            "no ablation within {number:g} mm of the portal vein", number=number
        ),
        "wedge_limit_mm": say("wedges up to {number:g} mm", number=number),
        "wedge_depth_mm": say("wedges up to {number:g} mm deep", number=number),
    }
    return texts[name]


def most_wedges(number: int) -> str:
    """Write how many wedges are allowed at most."""
    return say("at most {wedges}", wedges=counted(number, "wedge")) if number else say("no wedge")


def most_ablations(number: int) -> str:
    """Write how many ablations are allowed at most."""
    if not number:
        return say("no ablation")
    return say("at most {ablations}", ablations=counted(number, "ablation"))


def _ends_below(reason: Reason) -> str:
    end_ml, asked_ml = reason.amounts
    return say(
        "the growth ends at {end_ml:.0f} mL, {asked_ml:.0f} mL are asked for",
        end_ml=end_ml,
        asked_ml=asked_ml,
    )


def _slowing_ends_below(reason: Reason) -> str:
    end, asked = (percent_from_fraction(share) for share in reason.amounts)
    return say(
        "growth that slows ends at an sFLR of {end:.1f} %, {asked:g} % were asked for",
        end=end,
        asked=asked,
    )


def _open(reason: Reason) -> str:
    never = percent_from_fraction(reason.amounts[0])
    return say(
        "the interval has no end: in {never:.0f} % of the draws it is never reached", never=never
    )


CAUSES: Final[Mapping[Cause, Template]] = {
    Cause.LIMIT_CHOSEN: _chosen,
    Cause.LIMIT_BROKEN: _fault,
    Cause.NO_MAPS: "the maps of the case were not at hand: plans need its voxels",
    Cause.NOTHING_TO_TREAT: "no lesion to treat",
    Cause.GROWTH_PRESET: "growth as in {names[0]}",
    Cause.NO_GROWTH_SOURCE: PVL_REASON,
    Cause.NO_SPREAD: "the source prints no spread among patients: the interval is too narrow",
    Cause.REMNANT_CUT: "the scan does not show the whole remnant: whether it would be enough is "
    "not known",
    Cause.GROWTH_ENDS_BELOW: _ends_below,
    Cause.SLOWING_ENDS_BELOW: _slowing_ends_below,
    Cause.BEFORE_FIRST_LOOK: "the source first looked {amounts[0]:.1f} weeks after the start: "
    "nothing is said of the time before",
    Cause.INTERVAL_OPEN: _open,
}
