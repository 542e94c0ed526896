"""Whether given maps can be of the liver at hand, before anything is computed from them."""

from typing import Final

import numpy as np

from remnant.core.boxes import NOWHERE
from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.core.labels import CouinaudSegment
from remnant.core.units import percent_from_fraction
from remnant.core.volumes import LabelMap
from remnant.io.nested_codes import hosts_of
from remnant.io.placement import placed_on
from remnant.pipeline.segment_sources import GivenSegments

LARGEST_MISFIT: Final = 0.25


def require_placeable(segments: GivenSegments, grid: Geometry) -> None:
    """Raise unless the given maps lie on a scan's grid: known before any network runs.

    Raises
    ------
    GeometryMismatchError
        A Couinaud map or a map of branches lies on another grid.
    """
    for given, what in (
        (segments.couinaud, "the Couinaud map"),
        (segments.branches, "the map of branches"),
    ):
        if given is not None:
            placed_on(grid, given.labels, what=what, on="the image")


def require_fit(couinaud: LabelMap, liver: LabelMap) -> None:
    """Raise unless a given Couinaud map can be one of this liver.

    Parameters
    ----------
    couinaud, liver
        On one grid; the liver is every non-zero code.

    Raises
    ------
    InputError
        The map holds a single segment, one lies within another as none does, or more than a quarter
        of it lies outside the liver while more than a quarter of the liver lies outside the map.
    """
    present = sorted(couinaud.present() - {0})
    if len(present) == 1:
        name = CouinaudSegment(present[0]).name
        raise InputError(
            f"the Couinaud map holds only code {present[0]} (segment {name}): it seems to be a "
            f"mask of the liver or of one segment; give a map of all segments, codes 1 to 8"
        )
    _require_no_nested(couinaud)
    box = couinaud.box() or NOWHERE
    inside = np.count_nonzero((couinaud.codes[box] > 0) & (liver.codes[box] > 0))
    outside = 1 - inside / np.count_nonzero(couinaud.codes)
    bare = 1 - inside / np.count_nonzero(liver.codes)
    if min(outside, bare) > LARGEST_MISFIT:
        raise InputError(
            f"the Couinaud map does not fit the liver: {percent_from_fraction(outside):.0f} % of "
            f"it lies outside the liver, and {percent_from_fraction(bare):.0f} % of the liver "
            f"outside the map; check that it is of this scan and not mirrored"
        )


def _require_no_nested(couinaud: LabelMap) -> None:
    box = couinaud.box()
    if box is None:
        return
    for inner, host in hosts_of(couinaud.codes[box]).items():
        raise InputError(
            f"code {inner} of the Couinaud map lies within code {host}, as a tumour in a liver "
            f"does and no segment in another: it seems to be another kind of map; give one of the "
            f"segments, codes 1 to 8"
        )
