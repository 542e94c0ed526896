"""What the codes of a label map are called and look like, and where they came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from remnant.core.lesions import Confirmation


class Origin(StrEnum):
    """Where what a label marks came from.

    ``AUTOMATIC``: a network of this program drew it. ``GIVEN``: it was in a map that someone gave;
    who drew it is not known here. ``EDITED``: given or drawn, and changed by hand since.
    ``COMPUTED``: made from given points or branches by a rule, or planned.
    """

    AUTOMATIC = "automatic"
    GIVEN = "given"
    EDITED = "edited"
    COMPUTED = "computed"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedLabel:
    """One code of a label map as other programs show it.

    Parameters
    ----------
    code
        Value of the voxels.
    name
        What it is called.
    colour
        ``#rrggbb``, the colour that the report shows it in.
    origin
        Where it came from.
    snomed
        SNOMED CT concept; ``None`` where there is none.
    confirmation
        Whether a human looked at it; ``None`` for all but lesions.
    """

    code: int
    name: str
    colour: str
    origin: Origin
    snomed: str | None = None
    confirmation: Confirmation | None = None

    @property
    def rgb(self) -> tuple[int, int, int]:
        """Red, green and blue from 0 to 255."""
        red, green, blue = bytes.fromhex(self.colour[1:])
        return (red, green, blue)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapDescription:
    """What stands beside a label map.

    Parameters
    ----------
    map
        Name of the map, the same as that of its scheme: ``structures``, ``lesions``, ``plan``, …
    title
        What it shows.
    labels
        Its codes in rising order; 0 is background everywhere.
    software
        Versions by name of what wrote it.
    """

    map: str
    title: str
    labels: tuple[NamedLabel, ...]
    software: Mapping[str, str] = field(default_factory=dict)
