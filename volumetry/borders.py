"""Borders inside a divided liver: between its segments, and of each segment with the outside."""

from itertools import combinations
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

Faces3 = NDArray[np.int64]
"""Pairs of neighbouring voxels by axis, code of the lower and code of the higher one."""


def measure_boundaries(
    maps: LiverMaps, tumour: NDArray[np.bool_], *, cut: Faces
) -> tuple[Boundaries, dict[CouinaudSegment, float]]:
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
    surfaces_mm2 : dict
        Each segment's share of the liver's surface in mm²; empty where the segments are unknown.
    """
    surface_mm2 = mask_surface(maps.liver, maps.geometry, cut=cut).area_mm2
    constant = grid_mm4(maps.geometry)
    if maps.segments is None:
        return Boundaries(liver_surface_mm2=surface_mm2, grid_mm4=constant), {}
    faces = _count_faces(_codes(maps.liver, maps.segments, tumour), cut)
    boundaries = Boundaries(
        liver_surface_mm2=surface_mm2,
        grid_mm4=constant,
        borders=_borders(faces, face_vectors_mm2(maps.geometry)),
    )
    return boundaries, _surfaces(faces, maps.geometry, surface_mm2)


def _codes(
    liver: NDArray[np.bool_], segments: NDArray[Any], tumour: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    codes = liver.astype(np.uint8)
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


def _surfaces(
    faces: Faces3, geometry: Geometry, surface_mm2: float
) -> dict[CouinaudSegment, float]:
    """Share the surface out by the area of the voxel faces that each part turns outwards."""
    face_mm2 = np.linalg.norm(face_vectors_mm2(geometry), axis=0)
    outward = np.tensordot(face_mm2, faces[:, OUTSIDE] + faces[:, :, OUTSIDE], axes=1)
    outward[OUTSIDE] = 0.0
    whole = outward.sum()
    by_code = outward[:IN_TUMOUR] + outward[IN_TUMOUR:]
    scale = surface_mm2 / whole if whole else 0.0
    return {s: float(by_code[IN_LIVER + s] * scale) for s in CouinaudSegment}


def _borders(faces: Faces3, vectors_mm2: NDArray[np.float64]) -> tuple[SegmentBorder, ...]:
    found = (_border(faces, vectors_mm2, pair) for pair in combinations(CouinaudSegment, 2))
    return tuple(border for border in found if border is not None)


def _border(
    faces: Faces3,
    vectors_mm2: NDArray[np.float64],
    pair: tuple[CouinaudSegment, CouinaudSegment],
) -> SegmentBorder | None:
    first, second = (IN_LIVER + segment for segment in pair)
    net = faces - faces.transpose(0, 2, 1)
    tumour = vectors_mm2 @ net[:, IN_TUMOUR + first, IN_TUMOUR + second]
    mixed = net[:, IN_TUMOUR + first, second] + net[:, first, IN_TUMOUR + second]
    functional = vectors_mm2 @ (net[:, first, second] + mixed)
    area_mm2 = np.linalg.norm(functional + tumour)
    if area_mm2 == 0.0:
        return None
    normal = (functional + tumour) / area_mm2
    return SegmentBorder(
        first=pair[0],
        second=pair[1],
        functional_mm2=max(0.0, float(functional @ normal)),
        tumour_mm2=max(0.0, float(tumour @ normal)),
    )
