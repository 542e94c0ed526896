"""What volumetry finds wrong with the maps: results for the report, not errors."""

from collections.abc import Sequence

import numpy as np

from remnant.core.findings import Finding, quality_finding
from remnant.core.lesions import Lesion
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.volumes import LabelMap
from volumetry.liver_maps import LiverMaps, Tally

TOLERATED_SHARE = 0.01
"""Share of the liver that may lie outside the segments, or segments outside the liver, unnoticed:
this project's choice, so that single voxels at the rim do not turn every remnant into a bound."""
MOST_NAMED = 10
LESIONS_UNCONFIRMED_ID = "lesions_unconfirmed"
IMPLAUSIBLE_BURDEN = 0.9
"""Tumour load from which the lesion map is doubted: this project's choice."""
LARGEST_OUTLINE_CHANGE = 1.5
"""How many times a refined outline may hold, or be held by, what the first network marked, before
a reader is asked to look: this project's choice."""


def check_liver_inside_scan(
    *, cut: bool, declared_whole: bool = False, file_may_end: bool = False
) -> Finding:
    """Tell whether the liver lies clear of the outermost voxel layer, unless a user vouched.

    With ``file_may_end`` that layer need not be the scan's.
    """
    if declared_whole:
        return quality_finding(
            "liver_inside_scan", passed=None, reasons=(reason(Cause.SCAN_VOUCHED),)
        )
    end = Cause.LIVER_AT_FILE_END if file_may_end else Cause.LIVER_CUT
    why = (reason(end),) if cut else ()
    return quality_finding("liver_inside_scan", passed=not cut, reasons=why)


def check_lesions_known(*, known: bool) -> Finding:
    """Tell whether a lesion map was given at all; an empty one says that there are none."""
    why = () if known else (reason(Cause.LESIONS_UNKNOWN),)
    return quality_finding("lesions_known", passed=known, reasons=why)


def check_burden_plausible(fraction: float) -> Finding:
    """Tell whether the tumour load could be one: a map of something else fills the liver."""
    return quality_finding(
        "burden_plausible",
        passed=fraction < IMPLAUSIBLE_BURDEN,
        value=fraction,
        reasons=(reason(Cause.CHECK_LIMIT, IMPLAUSIBLE_BURDEN),),
    )


def check_lesions_inside_scan(counted: Tally, *, file_may_end: bool = False) -> Finding:
    """Tell which lesions reach the outermost voxel layer."""
    cut = [code for code in range(1, len(counted.on_edge)) if counted.on_edge[code].any()]
    end = Cause.LESIONS_AT_FILE_END if file_may_end else Cause.LESIONS_AT_EDGE
    return quality_finding(
        "lesions_inside_scan",
        passed=not cut,
        value=len(cut),
        reasons=_named(end, cut),
    )


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
    if not outside:
        return quality_finding("lesions_inside_liver", passed=True, value=0)
    seen = set((np.flatnonzero(inside) + 1).tolist())
    gone = sorted(lesion_ids(lesions) - seen - rejected)
    outside_ml = reason(Cause.AMOUNTS_TO, outside * lesions.geometry.voxel_volume_ml)
    return quality_finding(
        "lesions_inside_liver",
        passed=False,
        value=outside,
        reasons=(outside_ml, *_named(Cause.LESIONS_OUTSIDE_LIVER, gone)),
    )


def check_segments_cover_liver(counted: Tally, voxel_ml: float) -> Finding:
    """Tell how much liver no segment covers; it is spread over no segment."""
    unassigned, whole = int(counted.everywhere[:, 0].sum()), int(counted.everywhere.sum())
    return _tolerated("segments_cover_liver", unassigned, whole, voxel_ml)


def check_segments_inside_liver(couinaud: LabelMap, maps: LiverMaps, counted: Tally) -> Finding:
    """Tell how much of the segment map lies outside the liver and is therefore not counted."""
    inside, whole = int(counted.everywhere[:, 1:].sum()), int(counted.everywhere.sum())
    outside = int(np.count_nonzero(couinaud.codes)) - inside
    return _tolerated("segments_inside_liver", outside, whole, maps.geometry.voxel_volume_ml)


def check_lesions_confirmed(lesions: Sequence[Lesion]) -> Finding:
    """Tell how many lesions nobody has confirmed or rejected."""
    open_ones = sum(lesion.confirmation.is_open for lesion in lesions)
    return quality_finding(
        LESIONS_UNCONFIRMED_ID,
        passed=not open_ones,
        value=open_ones,
        reasons=(reason(Cause.OF_ALL, len(lesions)),),
    )


def check_lesion_outlines(lesions: Sequence[Lesion]) -> tuple[Finding, ...]:
    """Tell which refined outlines differ much from what the first network marked.

    Lesions that a human confirmed or rejected are left out; nothing where no outline was refined.
    """
    known = [lesion for lesion in lesions if lesion.open_core_ml is not None]
    if not known:
        return ()
    changed = [lesion.id for lesion in known if _times(lesion) > LARGEST_OUTLINE_CHANGE]
    refined_ml = sum(lesion.volume_ml.value or 0.0 for lesion in known)
    core_ml = sum(lesion.open_core_ml or 0.0 for lesion in known)
    volumes = reason(Cause.OUTLINES_REFINED, core_ml, refined_ml, len(known))
    return (
        quality_finding(
            "lesion_outlines_agree",
            passed=not changed,
            value=len(changed),
            reasons=(
                volumes,
                reason(Cause.CHECK_LIMIT, LARGEST_OUTLINE_CHANGE),
                *_named(Cause.OUTLINES_DIFFER, changed),
            ),
        ),
    )


def _times(lesion: Lesion) -> float:
    """Return how many times the larger of core and refined lesion is the smaller."""
    small, large = sorted((lesion.volume_ml.value or 0.0, lesion.open_core_ml or 0.0))
    return large / small if small > 0.0 else float("inf")


def _tolerated(identifier: str, voxels: int, liver_voxels: int, voxel_ml: float) -> Finding:
    share = voxels / liver_voxels
    limit = reason(Cause.CHECK_LIMIT, TOLERATED_SHARE)
    return quality_finding(
        identifier,
        passed=share <= TOLERATED_SHARE,
        value=share,
        reasons=(reason(Cause.AMOUNTS_TO, voxels * voxel_ml), limit),
    )


def lesion_ids(lesions: LabelMap) -> frozenset[int]:
    """Return the ids of a lesion map, in the liver or not."""
    return lesions.present() - {0}


def _named(cause: Cause, codes: Sequence[int]) -> tuple[Reason, ...]:
    """Return a reason that names the first lesions and says how many there are, if any."""
    names = (str(code) for code in codes[:MOST_NAMED])
    return (reason(cause, len(codes), *names),) if codes else ()
