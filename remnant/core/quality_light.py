"""The light of a segmentation: whether the liver that was found can be believed."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from remnant.core.findings import Finding, Verdict

QUALITY_LIGHT: Final = "quality_light"
"""Id of the finding that is the light of a case."""


class Light(StrEnum):
    """Whether a segmentation can be believed.

    ``GREEN``: nothing that was looked at is unusual. ``AMBER``: look at it. ``RED``: it is probably
    wrong.
    """

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


VERDICTS: Final[Mapping[Light, Verdict]] = {
    Light.GREEN: Verdict.MET,
    Light.AMBER: Verdict.UNCERTAIN,
    Light.RED: Verdict.NOT_MET,
}
LIGHTS: Final[Mapping[Verdict, Light]] = {verdict: light for light, verdict in VERDICTS.items()}


def light_among(findings: Iterable[Finding]) -> Light | None:
    """Return the light among a case's checks, ``None`` where it has none."""
    found = next((one for one in findings if one.id == QUALITY_LIGHT), None)
    return None if found is None else LIGHTS[found.verdict]
