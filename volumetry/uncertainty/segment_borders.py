"""Borders inside a divided liver: between its segments, and of each segment with the outside."""

from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.core.geometry import Geometry
from remnant.core.labels import CouinaudSegment
from remnant.core.uncertainty import Boundaries, SegmentBorder
from volumetry.liver_maps import LiverMaps, blocks
from volumetry.surfaces import Faces, face_vectors_mm2, grid_mm4, mask_surface

OUTSIDE = 0
IN_LIVER = 1
"""Code of liver without a segment; segment s has ``IN_LIVER + s``."""
IN_TUMOUR = 16
CODES = 2 * IN_TUMOUR
SMALLEST_BORDER_MM2 = 1e-6
"""Borders whose faces cancel have no mean plane; what is left of them is rounding."""

Faces3 = NDArray[np.int64]
"""Pairs of neighbouring voxels by axis, code of the lower and code of the higher one."""


@dataclass(frozen=True, slots=True)
class OuterSurface:
    """Surface of a segment towards the outside of the liver, and its part right above tumour."""

    whole_mm2: float
    tumour_mm2: float


def measure_boundaries(
    maps: LiverMaps, tumour: NDArray[np.bool_], *, cut: Faces
) -> tuple[Boundaries, dict[CouinaudSegment, OuterSurface]]:
    """Measure the surfaces that errors of the maps act on.

    Parameters
    ----------
    maps
        The liver's maps in its box.
    tumour
        Where the box holds tumour that counts.
    cut
        Faces of the box at which the scan cuts the liver.

    Returns
    -------
    boundaries : Boundaries
        Without borders where the segments are unknown.
    surfaces : dict
        Each segment's share of the liver's surface; of no area where the segments are unknown.
    """
    surface_mm2 = mask_surface(maps.liver, maps.geometry, cut=cut).area_mm2
    faces = _count_faces(_codes(maps.liver, maps.segments, tumour), cut)
    by_code = _outward_mm2(faces, maps.geometry, surface_mm2)
    boundaries = Boundaries(
        liver_surface_mm2=surface_mm2,
        tumour_at_surface_mm2=float(by_code[IN_TUMOUR:].sum()),
        grid_mm4=grid_mm4(maps.geometry),
        borders=_borders(faces, face_vectors_mm2(maps.geometry)),
    )
    tumour_mm2, others_mm2 = by_code[IN_TUMOUR:], by_code[:IN_TUMOUR]
    return boundaries, {
        s: OuterSurface(
            float(tumour_mm2[IN_LIVER + s] + others_mm2[IN_LIVER + s]),
            float(tumour_mm2[IN_LIVER + s]),
        )
        for s in CouinaudSegment
    }


def _codes(
    liver: NDArray[np.bool_], segments: NDArray[Any] | None, tumour: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    codes = liver.astype(np.uint8)
    if segments is not None:
        np.add(codes, segments, out=codes, where=liver, casting="unsafe")
    np.add(codes, IN_TUMOUR, out=codes, where=tumour, casting="unsafe")
    return codes


def _count_faces(codes: NDArray[np.uint8], cut: Faces) -> Faces3:
    faces = np.zeros((3, CODES, CODES), np.int64)
    for axis in range(3):
        along = np.moveaxis(codes, axis, 0)
        for part in blocks(along[1:]):
            faces[axis] += _pairs(along[:-1][part], along[1:][part])
        for end, (row, is_cut) in enumerate(zip((along[0], along[-1]), cut[axis], strict=True)):
            if not is_cut:
                counts = np.bincount(row.ravel(), minlength=CODES)
                faces[axis][(slice(None), OUTSIDE) if end else OUTSIDE] += counts
    return faces


def _pairs(lower: NDArray[np.uint8], higher: NDArray[np.uint8]) -> NDArray[np.int64]:
    differ = lower != higher
    pairs = lower[differ].astype(np.intp) * CODES + higher[differ]
    return np.bincount(pairs, minlength=CODES * CODES).reshape(CODES, CODES)


def _outward_mm2(faces: Faces3, geometry: Geometry, surface_mm2: float) -> NDArray[np.float64]:
    """Share the surface out by the area of the voxel faces that each code turns outwards."""
    face_mm2 = np.linalg.norm(face_vectors_mm2(geometry), axis=0)
    outward: NDArray[np.float64] = np.tensordot(
        face_mm2, faces[:, OUTSIDE] + faces[:, :, OUTSIDE], axes=1
    )
    outward[OUTSIDE] = 0.0
    whole = outward.sum()
    return outward * (surface_mm2 / whole if whole else 0.0)


def _borders(faces: Faces3, vectors_mm2: NDArray[np.float64]) -> tuple[SegmentBorder, ...]:
    # steps there and back along an axis cancel: what is left is the border as seen from afar
    net = faces - faces.transpose(0, 2, 1)
    found = (_border(net, vectors_mm2, pair) for pair in combinations(CouinaudSegment, 2))
    return tuple(border for border in found if border is not None)


def _border(
    net: Faces3,
    vectors_mm2: NDArray[np.float64],
    pair: tuple[CouinaudSegment, CouinaudSegment],
) -> SegmentBorder | None:
    first, second = (IN_LIVER + segment for segment in pair)
    parts = {
        (one, other): vectors_mm2 @ net[:, one * IN_TUMOUR + first, other * IN_TUMOUR + second]
        for one, other in product((False, True), repeat=2)
    }
    whole = sum(parts.values(), np.zeros(3))
    area_mm2 = float(np.linalg.norm(whole))
    if area_mm2 < SMALLEST_BORDER_MM2:
        return None
    along = {sides: float(part @ whole) / area_mm2 for sides, part in parts.items()}
    return SegmentBorder(
        first=pair[0],
        second=pair[1],
        area_mm2=area_mm2,
        first_tumour_mm2=_within(along[True, False] + along[True, True], area_mm2),
        second_tumour_mm2=_within(along[False, True] + along[True, True], area_mm2),
    )


def _within(part_mm2: float, whole_mm2: float) -> float:
    return min(max(part_mm2, 0.0), whole_mm2)
