"""Words of named vessels: names, directions, and what stands above their table."""

from collections.abc import Mapping
from typing import Final

from remnant.core.labels import CouinaudSegment
from remnant.core.units import percent_from_fraction
from remnant.core.vessels import Direction, VesselName
from remnant.wording.language import message, say, spoken

VESSEL_WORDS: Final[Mapping[VesselName, str]] = spoken(
    {
        VesselName.RIGHT_HEPATIC_VEIN: "right hepatic vein",
        VesselName.MIDDLE_HEPATIC_VEIN: "middle hepatic vein",
        VesselName.LEFT_HEPATIC_VEIN: "left hepatic vein",
        VesselName.PORTAL_TRUNK: "portal trunk",
        VesselName.RIGHT_PORTAL_VEIN: "right portal vein",
        VesselName.RIGHT_ANTERIOR_PORTAL_VEIN: "right anterior portal branch",
        VesselName.RIGHT_POSTERIOR_PORTAL_VEIN: "right posterior portal branch",
        VesselName.LEFT_PORTAL_VEIN: "left portal vein",
    }
)
COMPUTED_NOTE: Final = message(
    "Computed from the scan and named by where they run, to be confirmed: no rule is judged on "
    "them. A branch that is not clear has no name."
)
GIVEN_NOTE: Final = message(
    "Measured in the vessel map that was given, and named by where they run, to be confirmed: no "
    "rule is judged on them. A branch that is not clear has no name."
)
MEASURES_NOTE: Final = message(
    "Diameter: median along the stem, to within 2 mm. Length: of the stem. Direction: of its first "
    "40 mm, away from its root. Confidence: from 0 to 1. Serves: of the vessels seen in a segment, "
    "those whose way leads through the branch, a tenth or more."
)
NONE_NAMED: Final = message("Vessels are seen, but no branch is clear enough for a name.")
WAYS: Final = (
    (message("right"), message("left")),
    (message("front"), message("back")),
    (message("up"), message("down")),
)
LEAST_PART: Final = 0.35
"""Of a unit vector: what is less than about 20 degrees off goes without saying."""
LEAST_SHARE: Final = 0.1


def direction_words(direction: Direction) -> str:
    """Write a direction in words, the most important one first.

    Examples
    --------
    >>> direction_words((0.8, -0.5, 0.33))
    'right, back'
    """
    parts = sorted(zip(direction, WAYS, strict=True), key=lambda part: -abs(part[0]))
    said = [
        say(ways[0] if part > 0 else ways[1]) for part, ways in parts if abs(part) >= LEAST_PART
    ]
    return ", ".join(said)


def served_words(shares: Mapping[CouinaudSegment, float]) -> str:
    """Write which segments a branch serves, the largest share first.

    Examples
    --------
    >>> served_words({CouinaudSegment.V: 0.25, CouinaudSegment.VIII: 1.0, CouinaudSegment.I: 0.02})
    'VIII 100 %, V 25 %'
    """
    largest = sorted(shares.items(), key=lambda item: -item[1])
    return ", ".join(
        say(
            "{segment} {share:.0f} %",
            segment=segment.name,
            share=percent_from_fraction(share),
        )
        for segment, share in largest
        if share >= LEAST_SHARE
    )
