"""The lesion table: size, place and segment shares of every lesion."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.core.boxes import Box
from remnant.core.errors import InputError
from remnant.core.geometry import Geometry, Vector3
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation, IntensityStatistics, Lesion
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, reason
from remnant.core.uncertainty import ErrorModel
from volumetry.lesions.calipers import axial_diameters, feret_mm, slice_corrected_3d_mm
from volumetry.lesions.distances import LesionDistances, lesion_distances
from volumetry.liver_maps import LiverMaps, Tally, cut_faces
from volumetry.surfaces import Faces, face_vectors_mm2, grid_mm4, mask_surface
from volumetry.uncertainty.intervals import lesion_interval


def measure_lesions(
    maps: LiverMaps,
    counted: Tally,
    confirmations: Mapping[int, Confirmation],
    *,
    tumour: NDArray[np.bool_],
    model: ErrorModel,
    intensities: Mapping[int, IntensityStatistics],
    cores: Mapping[int, float] = MappingProxyType({}),
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
    tumour
        Where the box holds tumour that counts.
    model
        Errors behind the intervals.
    intensities
        Of the image in the lesions, by id; the others have none.
    cores
        Volumes in mL of what a first network marked of the lesions, by id; the outlines of the
        others were not refined.

    Returns
    -------
    tuple of Lesion
        By id, rejected ones included. Lesions without a voxel in the liver are left out.
    """
    if len(counted.everywhere) == 1:
        return ()
    from scipy.ndimage import find_objects

    found = enumerate(find_objects(maps.lesions), start=1)
    boxes: dict[int, Box] = {code: box for code, box in found if box is not None}
    cut = cut_faces(maps, counted)
    distances = lesion_distances(maps, boxes, cut=cut)
    functional = maps.liver & ~tumour
    known = _Known(maps, counted, cut, functional, model, grid_mm4(maps.geometry))
    rows = (
        replace(
            _measure_lesion(known, code, box, distances[code]),
            confirmation=confirmations.get(code, Confirmation.AUTOMATIC),
            intensity=intensities.get(code),
            core_ml=cores.get(code),
        )
        for code, box in boxes.items()
    )
    return tuple(_with_volume_interval(known, row) for row in rows)


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


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """What all lesions of a liver have in common; ``grid_mm4`` as in `Boundaries`."""

    maps: LiverMaps
    counted: Tally
    cut: Faces
    functional: NDArray[np.bool_]
    model: ErrorModel
    grid_mm4: float


def _measure_lesion(known: _Known, code: int, box: Box, distances: LesionDistances) -> Lesion:
    maps, row = known.maps, known.counted.everywhere[code]
    mask = maps.lesions[box] == code
    diameters = axial_diameters(mask, maps.geometry)
    cut = _cut_sides(known.cut, box, maps.lesions.shape)
    surface_mm2 = mask_surface(mask, maps.geometry, cut=cut).area_mm2
    return Lesion(
        id=code,
        volume_ml=_volume(known, code),
        longest_axial_mm=diameters.longest_mm,
        perpendicular_axial_mm=diameters.perpendicular_mm,
        # the longest axial one is a distance of the same kind: only rounding could make it longer
        slice_corrected_3d_mm=max(diameters.longest_mm, slice_corrected_3d_mm(mask, maps.geometry)),
        feret_3d_mm=feret_mm(mask, maps.geometry),
        surface_mm2=surface_mm2,
        free_surface_mm2=surface_mm2 * _free_share(mask, known.functional, box, maps.geometry),
        centroid_ras_mm=_centroid(mask, _start(maps.box, box), maps.geometry),
        segment_fractions=None if maps.segments is None else _segment_fractions(row),
        surface_distance_mm=distances.surface_mm,
        portal_vein_distance_mm=distances.portal_vein_mm,
        hepatic_veins_distance_mm=distances.hepatic_veins_mm,
    )


def _volume(known: _Known, code: int) -> Quantity:
    """Volume; a lower bound where the scan cuts the lesion."""
    voxels = int(known.counted.everywhere[code].sum())
    value = voxels * known.maps.geometry.voxel_volume_ml
    if known.counted.on_edge[code].any():
        return Quantity(value, bound=Bound.LOWER, reasons=(reason(Cause.LESION_CUT),))
    return Quantity(value)


def _with_volume_interval(known: _Known, lesion: Lesion) -> Lesion:
    """Give a lesion's volume its interval; where the scan cuts it, that of the part within."""
    interval = lesion_interval(
        lesion.volume_ml.value or 0.0,
        lesion.surface_mm2,
        grid_mm4=known.grid_mm4,
        model=known.model,
        core_ml=lesion.open_core_ml,
    )
    return replace(lesion, volume_ml=replace(lesion.volume_ml, interval=interval))


def _free_share(
    mask: NDArray[np.bool_], functional: NDArray[np.bool_], box: Box, geometry: Geometry
) -> float:
    """Share of a lesion's voxel faces that lie against liver without tumour, by their area."""
    around = tuple(
        slice(max(side.start - 1, 0), min(side.stop + 1, size))
        for side, size in zip(box, functional.shape, strict=True)
    )
    pads = [
        (side.start - wide.start, wide.stop - side.stop)
        for side, wide in zip(box, around, strict=True)
    ]
    lesion, free = np.pad(mask, pads), functional[around]
    if (free | lesion).all() and all(low and high for low, high in pads):
        return 1.0
    all_mm2 = _faces_mm2(np.pad(mask, 1), np.pad(~mask, 1, constant_values=True), geometry)
    return _faces_mm2(lesion, free & ~lesion, geometry) / all_mm2


def _faces_mm2(one: NDArray[np.bool_], other: NDArray[np.bool_], geometry: Geometry) -> float:
    """Area of the voxel faces between two sets."""
    areas_mm2 = np.linalg.norm(face_vectors_mm2(geometry), axis=0)
    total_mm2 = 0.0
    for axis, area_mm2 in enumerate(areas_mm2):
        a, b = (np.moveaxis(voxels, axis, 0) for voxels in (one, other))
        pairs = np.count_nonzero(a[:-1] & b[1:]) + np.count_nonzero(b[:-1] & a[1:])
        total_mm2 += float(area_mm2) * pairs
    return total_mm2


def _cut_sides(cut: Faces, box: Box, shape: tuple[int, ...]) -> Faces:
    """Return the faces of a lesion's box that lie where the scan cuts the liver."""
    i, j, k = (
        (low and side.start == 0, high and side.stop == size)
        for (low, high), side, size in zip(cut, box, shape, strict=True)
    )
    return (i, j, k)


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
