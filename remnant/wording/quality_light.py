"""The light of a segmentation in words."""

from collections.abc import Mapping
from typing import Final

from remnant.core.findings import Finding, Verdict
from remnant.core.quality_light import LIGHTS
from remnant.core.reasons import Cause, Reason
from remnant.core.units import percent_from_fraction
from remnant.wording.kinds import Template, Writer
from remnant.wording.language import message, say, spoken
from remnant.wording.numbers import sentence

MEANINGS: Final[Mapping[Verdict, str]] = spoken(
    {
        Verdict.MET: "nothing about the liver that was found is unusual",
        Verdict.UNCERTAIN: "something about the liver is unusual: look before its figures are used",
        Verdict.NOT_MET: "the liver is probably wrong; its figures are not to be used as they are",
    }
)
PERCENT, MM, HU, ML, PLAIN = (
    "{value:.1f} %", "{value:.0f} mm", "{value:.0f} HU", "{value:.0f} mL", "{value:.2f}",
)  # fmt: skip
PART_WORDS: Final[Mapping[str, str]] = spoken(
    {
        "image": "the image",
        "whole_liver": "size and shape of a whole liver, since scan or file ends at it",
        "body": "the place in the body, which the scan does not show",
        "networks": "the agreement of networks",
    }
)
FIGURE_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "volume_ml": (message("volume"), ML),
    "edge_mm": (message("the liver's intensity ends beyond the outline by"), MM),
    "edge_spread_mm": (message("distances from the outline to that end vary by"), MM),
    "edge_off": (message("share of the surface 6 mm or more off that end"), PERCENT),
    "missed_patch": (
        message("largest part of the surface beyond which it goes on like liver"),
        PERCENT,
    ),
    "leaked_patch": (
        message("largest part of the surface beneath which it is unlike liver"),
        PERCENT,
    ),
    "like_beyond_largest": (
        message("tissue like liver left out beside it, of its volume"),
        PERCENT,
    ),
    "sharp_border": (message("share of the surface where the liver's intensity ends"), PERCENT),
    "unlike_largest": (
        message("largest lump within that is unlike liver and no known lesion"),
        PERCENT,
    ),
    "unlike_within": (message("share within that is unlike liver and no known lesion"), PERCENT),
    "regions_hu": (message("largest difference of an eighth from the whole liver"), HU),
    "liver_sd_hu": (message("spread of the liver's CT number"), HU),
    "liver_hu": (message("CT number of the liver"), HU),
    "air": (message("air within"), PERCENT),
    "right_of_middle_mm": (message("the liver lies right of the body's middle by"), MM),
    "body_width_mm": (message("width of the body"), MM),
    "lung_below": (message("lung right below the liver"), PERCENT),
    "spine_behind_mm": (message("bone lies behind the body's middle by"), MM),
    "flat_face": (message("largest flat face, of the surface"), PERCENT),
    "largest_step": (message("largest difference between neighbouring slices"), PERCENT),
    "loose": (message("loose pieces"), PERCENT),
    "cavities": (message("cavities"), PERCENT),
    "thin": (message("thin parts"), PERCENT),
    "notches": (message("notches"), PERCENT),
    "shape_distance": (message("distance of size and shape from usual livers"), PLAIN),
    "confidence": (message("the network's mean probability within"), PLAIN),
    "windows_agreement": (message("agreement of the network in two windows (Dice)"), PLAIN),
    "networks_agreement": (message("agreement of two networks (Dice)"), PLAIN),
    "volume_by_standard": (message("volume by the standard for the body"), PLAIN),
    "plane_error_mm": (message("error of a plane between segments"), MM),
}
"""What each figure is, and how it is written; shares are written as percent."""


def _light(finding: Finding) -> str:
    found = [one for one in finding.reasons if one.cause is Cause.UNUSUAL_FIGURE]
    told = "; ".join(_figure(one) for one in found)
    given = any(one.cause is Cause.LIGHT_OF_GIVEN for one in finding.reasons)
    missing = next((one for one in finding.reasons if one.cause is Cause.NOT_LOOKED_AT), None)
    head = say(
        "Quality light {light}: {meaning}",
        light=say(LIGHTS[finding.verdict].value),
        meaning=MEANINGS[finding.verdict],
    )
    parts = (
        f"{head} ({told})." if told else f"{head}.",
        f"{sentence(say(GIVEN))}." if given else "",
        f"{sentence(_parts(missing))}." if missing else "",
    )
    return " ".join(part for part in parts if part)


GIVEN: Final = message("the liver was given, not found by a network: its light is amber at worst")


def _parts(reason: Reason) -> str:
    return say(
        "not looked at: {part_words}",
        part_words=", ".join(PART_WORDS[name] for name in reason.names),
    )


def _figure(reason: Reason) -> str:
    words, form = FIGURE_WORDS[reason.names[0]]
    value, limit = reason.amounts
    if form == PERCENT:
        value, limit = percent_from_fraction(value), percent_from_fraction(limit)
    side = say("at most") if value > limit else say("at least")
    return say(
        "{figure} {value}, usually {side} {limit}",
        figure=say(words),
        value=say(form, value=value),
        side=side,
        limit=say(form, value=limit),
    )


def _windows(finding: Finding) -> str:
    limit = next(one for one in finding.reasons if one.cause is Cause.CHECK_LIMIT).amounts[0]
    return say(
        "The liver network's livers in its last two windows over the scan agree with a Dice "
        "of {dice:.2f}; below {limit:.2f} the mask needs a closer look.",
        dice=finding.value or 0.0,
        limit=limit,
    )


WRITERS: Final[Mapping[str, Writer]] = {
    "quality_light": _light,
    "network_windows_agree": _windows,
}
CAUSES: Final[Mapping[Cause, Template]] = {
    Cause.UNUSUAL_FIGURE: _figure,
    Cause.NOT_LOOKED_AT: _parts,
    Cause.LIGHT_OF_GIVEN: say(GIVEN),
}
