"""Which pedicle feeds and which vein drains each Couinaud segment, and where these run.

The fissures and territories of the hepatic veins are those of ``radiopaedia_hepatic_veins``, the
sections those of the Brisbane 2000 terminology (``strasberg2005``). That a vein is lost to what it
drains once the liver on both sides of its last stretch is gone, and the left portal pedicle to
segment III with the liver on both sides of the umbilical fissure, is this project's reading.
Variants, such as an inferior right hepatic vein, are in no map: nothing is claimed on them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from remnant.core.findings import SourceStatus
from remnant.core.labels import CouinaudSegment as S

VEINS_SOURCE = "radiopaedia_hepatic_veins"
SECTIONS_SOURCE = "strasberg2005"


@dataclass(frozen=True, slots=True, kw_only=True)
class HepaticVein:
    """One hepatic vein.

    Parameters
    ----------
    name
        In the field's words.
    drains
        Segments of which it takes blood.
    beside
        The two segments on both sides of its last stretch before the vena cava.
    """

    name: str
    drains: frozenset[S]
    beside: frozenset[S]


HEPATIC_VEINS = (
    HepaticVein(
        name="right hepatic vein",
        drains=frozenset((S.V, S.VI, S.VII, S.VIII)),
        beside=frozenset((S.VII, S.VIII)),
    ),
    HepaticVein(
        name="middle hepatic vein",
        drains=frozenset((S.IV, S.V, S.VIII)),
        beside=frozenset((S.IV, S.VIII)),
    ),
    HepaticVein(
        name="left hepatic vein",
        drains=frozenset((S.II, S.III, S.IV)),
        beside=frozenset((S.II, S.IV)),
    ),
)
"""The veins of the caudate lobe (segment I) run into the vena cava on their own."""
PEDICLE_BESIDE: Mapping[S, frozenset[S]] = MappingProxyType({S.III: frozenset((S.II, S.IV))})
"""Segments on both sides of a pedicle on its way to a segment beyond them."""
SECTIONS: Mapping[str, frozenset[S]] = MappingProxyType(
    {
        "left lateral section": frozenset((S.II, S.III)),
        "left medial section": frozenset((S.IV,)),
        "right anterior section": frozenset((S.V, S.VIII)),
        "right posterior section": frozenset((S.VI, S.VII)),
    }
)
"""Second-order divisions, each fed by the pedicle of its section."""
STATUS: Mapping[str, SourceStatus] = MappingProxyType(
    {VEINS_SOURCE: SourceStatus.VERIFIED, SECTIONS_SOURCE: SourceStatus.UNVERIFIED}
)
