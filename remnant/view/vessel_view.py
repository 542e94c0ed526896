"""Named vessels as a table."""

from dataclasses import dataclass

from remnant.core.case import CaseReport
from remnant.core.findings import Finding
from remnant.core.reasons import Cause, first
from remnant.core.vessels import NamedVessel
from remnant.wording.language import localised, say
from remnant.wording.vessels import (
    COMPUTED_NOTE,
    GIVEN_NOTE,
    MEASURES_NOTE,
    NONE_NAMED,
    VESSEL_WORDS,
    direction_words,
    served_words,
)


@dataclass(frozen=True, slots=True)
class VesselRow:
    """A named vessel: its name, measures and what it serves, empty where nothing is known."""

    name: str
    diameter: str
    length: str
    direction: str
    confidence: str
    serves: str


@dataclass(frozen=True, slots=True)
class Vessels:
    """All named vessels; ``none`` is said where there are vessels and no name."""

    rows: tuple[VesselRow, ...]
    note: str
    none: str


def view_vessels(case: CaseReport) -> Vessels | None:
    """Return the table of named vessels, ``None`` where no vessels are known."""
    vessels = case.volumetry.vessels
    if vessels is None:
        return None
    computed = any(_says_found(finding) for finding in case.quality)
    return Vessels(
        rows=tuple(_row(one) for one in vessels.named),
        note=f"{say(COMPUTED_NOTE) if computed else say(GIVEN_NOTE)} {say(MEASURES_NOTE)}",
        none="" if vessels.named else say(NONE_NAMED),
    )


def _says_found(finding: Finding) -> bool:
    return first(finding.reasons, Cause.VESSELS_FOUND) is not None


def _row(vessel: NamedVessel) -> VesselRow:
    return VesselRow(
        name=VESSEL_WORDS[vessel.name],
        # whole millimetres: more would promise what a voxel cannot keep
        diameter=localised(f"{vessel.diameter_mm:.0f}"),
        length=localised(f"{vessel.length_mm:.0f}"),
        direction=direction_words(vessel.direction_ras),
        confidence=localised(f"{vessel.confidence:.2f}"),
        serves=served_words(vessel.share_by_segment),
    )
