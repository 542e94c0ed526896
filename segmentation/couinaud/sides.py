"""Which segments lie on either side of each plane."""

from collections.abc import Mapping
from typing import Final

from remnant.core.labels import CouinaudSegment
from remnant.core.uncertainty import SegmentPlane

_I, _II, _III, _IV, _V, _VI, _VII, _VIII = CouinaudSegment
Group = tuple[CouinaudSegment, ...]
SIDES: Final[Mapping[SegmentPlane, tuple[Group, Group]]] = {
    SegmentPlane.CAUDATE: ((_I,), (_II, _III, _IV, _V, _VI, _VII, _VIII)),
    SegmentPlane.MAIN: ((_II, _III, _IV), (_V, _VI, _VII, _VIII)),
    SegmentPlane.UMBILICAL: ((_II, _III), (_IV,)),
    SegmentPlane.LEFT_TRANSVERSE: ((_II,), (_III,)),
    SegmentPlane.RIGHT: ((_V, _VIII), (_VI, _VII)),
    SegmentPlane.RIGHT_TRANSVERSE: ((_V, _VI), (_VII, _VIII)),
}
"""Segments on either side of each plane."""
