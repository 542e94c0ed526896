"""The lesion table: size, place and segment shares of every lesion."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import InputError
from remnant.core.geometry import Geometry, Vector3
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation, Lesion
from remnant.core.quantity import Bound, Quantity
from volumetry.calipers import feret_mm, longest_axial_mm
from volumetry.liver_maps import Box, LiverMaps, Tally
from volumetry.uncertainty import discretisation_interval_ml

CUT_LESION = (
    "the lesion reaches the edge of the scan: its part beyond is not counted, nor is it in the "
    "diameters"
)


def measure_lesions(
    maps: LiverMaps, counted: Tally, confirmations: Mapping[int, Confirmation]
) -> tuple[Lesion, ...]:
    """Measure every lesion's part in the liver.

    Parameters
    ----------
    maps
        The liver's maps.
    counted
        Their voxels.
    confirmations
        What a human said of lesions, by id; the others are automatic.

    Returns
    -------
    tuple of Lesion
        By id, rejected ones included. Lesions without a voxel in the liver are left out.
    """
    if len(counted.everywhere) == 1:
        return ()
    from scipy.ndimage import find_objects

    boxes = enumerate(find_objects(maps.lesions), start=1)
    return tuple(
        _measure_lesion(maps, counted, (code, box), confirmations.get(code, Confirmation.AUTOMATIC))
        for code, box in boxes
        if box is not None
    )


def require_known_lesions(confirmations: Mapping[int, Confirmation], known: frozenset[int]) -> None:
    """Refuse a confirmation or rejection of a lesion that is not in the map.

    Raises
    ------
    InputError
        With the ids that there are.
    """
    unknown = sorted(set(confirmations) - known)
    if unknown:
        there = ", ".join(str(code) for code in sorted(known)[:20]) or "none"
        raise InputError(f"lesion(s) {unknown} are not in the lesion map; its ids are: {there}")


def _measure_lesion(
    maps: LiverMaps, counted: Tally, place: tuple[int, Box], confirmation: Confirmation
) -> Lesion:
    code, box = place
    mask = maps.lesions[box] == code
    cut = bool(counted.on_edge[code].any())
    known = maps.segments is not None
    return Lesion(
        id=code,
        volume_ml=_volume(mask, maps.geometry.voxel_volume_ml, cut=cut),
        longest_axial_mm=longest_axial_mm(mask, maps.geometry),
        feret_3d_mm=feret_mm(mask, maps.geometry),
        centroid_ras_mm=_centroid(mask, _start(maps.box, box), maps.geometry),
        segment_fractions=_segment_fractions(counted.everywhere[code]) if known else None,
        confirmation=confirmation,
    )


def _volume(mask: NDArray[np.bool_], voxel_ml: float, *, cut: bool) -> Quantity:
    value = int(np.count_nonzero(mask)) * voxel_ml
    if cut:
        return Quantity(value, bound=Bound.LOWER, reason=CUT_LESION)
    return Quantity(value, interval=discretisation_interval_ml(mask, voxel_ml))


def _start(outer: Box, inner: Box) -> NDArray[Any]:
    return np.array([o.start + i.start for o, i in zip(outer, inner, strict=True)])


def _centroid(mask: NDArray[np.bool_], start: NDArray[Any], geometry: Geometry) -> Vector3:
    axes = range(mask.ndim)
    profiles = [mask.sum(axis=tuple(a for a in axes if a != axis)) for axis in axes]
    mean = [np.average(np.arange(len(profile)), weights=profile) for profile in profiles]
    r, a, s = geometry.ras_from_index(start + np.array(mean))
    return (float(r), float(a), float(s))


def _segment_fractions(row: NDArray[np.int64]) -> dict[CouinaudSegment, float]:
    whole = int(row.sum())
    return {s: int(row[s]) / whole for s in CouinaudSegment if row[s] > 0}
