"""What volumetry finds wrong with the maps: results for the report, not errors."""

from collections.abc import Sequence

import numpy as np

from remnant.core.codes import present_codes
from remnant.core.findings import Finding, quality_finding
from remnant.core.lesions import Confirmation, Lesion
from remnant.core.units import percent_from_fraction
from remnant.core.volumes import LabelMap
from volumetry.liver_maps import LiverMaps, Tally

TOLERATED_SHARE = 0.01
"""Share of the liver that may lie outside the segments, or segments outside the liver, unnoticed:
this project's choice, so that single voxels at the rim do not turn every remnant into a bound."""


IMPLAUSIBLE_BURDEN = 0.9
"""Tumour load from which the lesion map is doubted: this project's choice."""


def check_liver_inside_scan(*, cut: bool, declared_whole: bool = False) -> Finding:
    """Tell whether the liver lies clear of the outermost voxel layer, unless a user vouched."""
    if declared_whole:
        text = "Not checked: the user said that the cropped maps hold the whole liver."
        return quality_finding("liver_inside_scan", passed=None, prose=text)
    text = "The liver lies wholly within the scan."
    if cut:
        text = (
            "The liver reaches the edge of the scan and is cut there: all volumes are lower bounds."
        )
    return quality_finding("liver_inside_scan", passed=not cut, prose=text)


def check_lesions_known(*, known: bool) -> Finding:
    """Tell whether a lesion map was given at all; an empty one says that there are none."""
    text = "Lesions were looked for."
    if not known:
        text = (
            "No lesion map was given: tumour volume and load are unknown, and lesions, if there "
            "are any, count as functional liver."
        )
    return quality_finding("lesions_known", passed=known, prose=text)


def check_burden_plausible(fraction: float) -> Finding:
    """Tell whether the tumour load could be one: a map of something else fills the liver."""
    percent = percent_from_fraction(fraction)
    text = f"Lesions fill {percent:.1f} % of the liver."
    passed = fraction < IMPLAUSIBLE_BURDEN
    if not passed:
        text += " Check that the lesion map holds lesions and not the liver or its segments."
    return quality_finding("burden_plausible", passed=passed, prose=text, value=fraction)


def check_lesions_inside_scan(counted: Tally) -> Finding:
    """Tell which lesions reach the outermost voxel layer."""
    cut = [code for code in range(1, len(counted.on_edge)) if counted.on_edge[code].any()]
    text = "No lesion reaches the edge of the scan."
    if cut:
        text = f"Cut by the edge of the scan, so larger than measured: {_named(cut)}."
    return quality_finding("lesions_inside_scan", passed=not cut, prose=text, value=len(cut))


def check_lesions_inside_liver(
    lesions: LabelMap, counted: Tally, rejected: frozenset[int]
) -> Finding:
    """Tell how much of the lesion map lies outside the liver and is therefore not counted.

    Rejected lesions may lie anywhere.
    """
    inside = counted.everywhere[1:].sum(axis=1)
    outside = int(np.count_nonzero(lesions.codes)) - int(inside.sum())
    if outside and rejected:
        gone_ones = np.isin(lesions.codes, sorted(rejected))
        inside_ones = sum(int(inside[code - 1]) for code in rejected if code <= inside.size)
        outside -= int(np.count_nonzero(gone_ones)) - inside_ones
    text = "Every lesion voxel lies in the liver."
    if outside:
        outside_ml = outside * lesions.geometry.voxel_volume_ml
        seen = set((np.flatnonzero(inside) + 1).tolist())
        gone = sorted(lesion_ids(lesions) - seen - rejected)
        whole = f" Wholly outside and not listed: {_named(gone)}." if gone else ""
        text = f"{outside_ml:.2f} mL of the lesion map lie outside the liver: not counted.{whole}"
    return quality_finding("lesions_inside_liver", passed=not outside, prose=text, value=outside)


def check_segments_cover_liver(counted: Tally, voxel_ml: float) -> Finding:
    """Tell how much liver no segment covers; it is spread over no segment."""
    unassigned, whole = int(counted.everywhere[:, 0].sum()), int(counted.everywhere.sum())
    share = unassigned / whole
    text = (
        f"{unassigned * voxel_ml:.1f} mL of the liver ({percent_from_fraction(share):.1f} %) "
        f"belong to no segment and are counted for none."
    )
    return quality_finding(
        "segments_cover_liver", passed=share <= TOLERATED_SHARE, prose=text, value=share
    )


def check_segments_inside_liver(couinaud: LabelMap, maps: LiverMaps, counted: Tally) -> Finding:
    """Tell how much of the segment map lies outside the liver and is therefore not counted."""
    inside, whole = int(counted.everywhere[:, 1:].sum()), int(counted.everywhere.sum())
    outside = int(np.count_nonzero(couinaud.codes)) - inside
    share = outside / whole
    text = (
        f"{outside * maps.geometry.voxel_volume_ml:.1f} mL of the segment map "
        f"({percent_from_fraction(share):.1f} % of the liver) lie outside the liver: not counted."
    )
    return quality_finding(
        "segments_inside_liver", passed=share <= TOLERATED_SHARE, prose=text, value=share
    )


def check_lesions_confirmed(lesions: Sequence[Lesion]) -> Finding:
    """Tell how many lesions nobody has confirmed or rejected."""
    open_ones = sum(lesion.confirmation is Confirmation.AUTOMATIC for lesion in lesions)
    text = f"{open_ones} of {len(lesions)} lesions are automatic: nobody has confirmed them."
    if not open_ones:
        text = f"{len(lesions)} lesions, none of them left unconfirmed."
    return quality_finding("lesions_unconfirmed", passed=not open_ones, prose=text, value=open_ones)


def lesion_ids(lesions: LabelMap) -> frozenset[int]:
    """Return the ids of a lesion map, in the liver or not."""
    return present_codes(lesions.codes) - {0}


def _named(codes: Sequence[int], at_most: int = 10) -> str:
    more = f" and {len(codes) - at_most} more" if len(codes) > at_most else ""
    return "lesion " + ", ".join(str(code) for code in codes[:at_most]) + more
