"""Couinaud segments as territories of labelled vessel branches.

Every liver voxel belongs to the segment whose branch is nearest along the liver. The nearest branch
is one of the approximations of portal territories that Selle et al. compared with casts of human
livers (IEEE TMI 2002;21:1344); theirs measures straight distances. Here they run inside the liver:
no way leads across the hilum or a fissure (`segmentation.couinaud.geodesic`).

Portal branches give segments in Couinaud's sense: what one branch feeds. Branches of hepatic veins
may be given as well, each coded by the segment that it drains: the map then shows drainage, whose
borders lie *between* the hepatic veins, while Couinaud's scissurae lie *on* them.

Only what was labelled has a territory: a branch left out loses its part to its neighbours.
"""

from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.boxes import bounding_box
from remnant.core.codes import present_codes
from remnant.core.errors import InputError
from remnant.core.findings import Finding, quality_finding
from remnant.core.labels import COUINAUD_SCHEME, CouinaudSegment
from remnant.core.reasons import Cause, reason
from remnant.core.volumes import LabelMap
from remnant.core.volumetry_report import SegmentSource
from segmentation.couinaud.geodesic import Domain, nearest_seeds, straight_seeds
from segmentation.port import DividedLiver

LARGEST_OUTSIDE_FRACTION: Final = 0.1
LARGEST_UNREACHED_FRACTION: Final = 0.01
Mask = NDArray[np.bool_]
Codes = NDArray[np.uint8]
Index = NDArray[np.int32]


def couinaud_from_territories(liver: LabelMap, branches: LabelMap) -> DividedLiver:
    """Give every liver voxel the segment of the branch that is nearest along the liver.

    Parameters
    ----------
    liver
        Any label map whose non-zero codes are the liver.
    branches
        ``COUINAUD_SCHEME`` codes: branches of the portal vein, each coded by the segment that it
        feeds (or of the hepatic veins, by the segment that it drains), 0 elsewhere; lumen or centre
        line. A voxel counts where it lies in the liver or touches it (26 neighbours: a liver mask
        may leave vessels out); all others are left out, as the stem before the hilum should be.

    Returns
    -------
    DividedLiver
        Its quality: ``branches_for_every_segment`` (value: segments without a branch),
        ``branches_in_liver`` (value: fraction of the branch voxels that were of no use),
        ``liver_reached_from_branches`` (value: fraction of the liver that no way inside it joins
        to a branch). A branch voxel in the liver keeps its code. A piece of the liver without a
        branch goes to the branch nearest by straight distance. A segment without a branch gets no
        voxel. Where two branches are equally near, one gets the voxel by its position, the same at
        every call.

    Raises
    ------
    EmptyStructureError
        The liver map is empty.
    GeometryMismatchError
        The branches lie on another grid.
    InputError
        The branches are not coded by segments, or none lies in the liver or touches it.
    """
    liver.geometry.require_same_grid(
        branches.geometry, what="the branches map", reference="the liver map"
    )
    _require_segments(branches)
    whole = liver.mask()
    box = bounding_box(whole, what="the liver map", margin=(1, 1, 1))
    seeds, codes = _seeds(whole[box], branches.codes[box])
    if not len(seeds):
        raise InputError(_no_branch(branches))
    domain = Domain(whole[box], liver.geometry.affine_ras[:3, :3], seeds, codes)
    segments = np.zeros(liver.geometry.shape, dtype=np.uint8, order="F")
    segments[box], unreached = _territories(domain)
    couinaud = LabelMap(segments, liver.geometry, COUINAUD_SCHEME)
    outside = 1 - len(seeds) / int(np.count_nonzero(branches.codes))
    return DividedLiver(
        source=SegmentSource.TERRITORIES,
        couinaud=couinaud,
        quality=(_for_every_segment(branches, codes), _in_liver(outside), _reached(unreached)),
    )


def _require_segments(branches: LabelMap) -> None:
    if branches.scheme is not COUINAUD_SCHEME:
        LabelMap(branches.codes, branches.geometry, COUINAUD_SCHEME)


def _seeds(mask: Mask, branches: NDArray[np.unsignedinteger]) -> tuple[Index, Codes]:
    """Return the branch voxels that lie in the mask or touch it, and their codes."""
    voxels = np.argwhere(branches).astype(np.int32)
    near = np.zeros(len(voxels), dtype=bool)
    padded = np.pad(mask, 1)
    for step in product((0, 1, 2), repeat=3):
        near |= padded[tuple((voxels + np.array(step, dtype=np.int32)).T)]
    seeds = voxels[near]
    return seeds, branches[tuple(seeds.T)].astype(np.uint8)


def _no_branch(branches: LabelMap) -> str:
    voxels = int(np.count_nonzero(branches.codes))
    got = (
        f"none of its {voxels} voxels lies in the liver or touches it" if voxels else "it is empty"
    )
    return f"the branches map divides nothing: {got}; label branches inside the liver"


def _territories(domain: Domain) -> tuple[Codes, float]:
    """Return the segments, and the fraction of the liver that no way joins to a branch."""
    codes = nearest_seeds(domain)
    apart = np.argwhere(domain.mask & (codes == 0)).astype(np.int32)
    if len(apart):
        codes[tuple(apart.T)] = straight_seeds(domain, apart)
    return codes, len(apart) / int(np.count_nonzero(domain.mask))


def _for_every_segment(branches: LabelMap, used: Codes) -> Finding:
    given, kept = set(branches.present()), set(present_codes(used))
    missing = [segment for segment in CouinaudSegment if segment not in kept]
    lost = [segment.name for segment in missing if segment in given]
    empty = reason(Cause.SEGMENTS_EMPTY, *(segment.name for segment in missing))
    outside = reason(Cause.BRANCHES_OUTSIDE, *lost)
    return quality_finding(
        "branches_for_every_segment",
        passed=not missing,
        value=float(len(missing)),
        reasons=tuple(one for one in (empty, outside) if one.names),
    )


def _in_liver(outside: float) -> Finding:
    return quality_finding(
        "branches_in_liver",
        passed=outside <= LARGEST_OUTSIDE_FRACTION,
        value=outside,
        reasons=(reason(Cause.CHECK_LIMIT, LARGEST_OUTSIDE_FRACTION),),
    )


def _reached(unreached: float) -> Finding:
    return quality_finding(
        "liver_reached_from_branches",
        passed=unreached <= LARGEST_UNREACHED_FRACTION,
        value=unreached,
        reasons=(reason(Cause.CHECK_LIMIT, LARGEST_UNREACHED_FRACTION),),
    )
