"""The maps of one liver, cut to its box and counted in one pass."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.core.boxes import Box
from remnant.core.errors import EmptyStructureError, InputError
from remnant.core.geometry import Geometry
from remnant.core.labels import COUINAUD_SCHEME, SEGMENT_CODES, STRUCTURE_SCHEME
from remnant.core.volumes import LabelMap
from volumetry.surfaces import NO_FACES, Faces

BLOCK_VOXELS = 2_000_000


@dataclass(frozen=True, slots=True, eq=False)
class LiverMaps:
    """Liver, lesions and segments inside the liver's bounding box.

    Parameters
    ----------
    geometry
        The whole grid of the study.
    box
        Where the liver's box lies in that grid.
    liver
        Where the liver is, shape of the box.
    lesions
        Lesion ids, 0 wherever there is no liver, shape of the box.
    segments
        Couinaud codes, also outside the liver; ``None`` when unknown.
    structures
        Codes of the liver map, shape of the box.
    """

    geometry: Geometry
    box: Box
    liver: NDArray[np.bool_]
    lesions: NDArray[Any]
    segments: NDArray[Any] | None
    structures: NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """Liver voxels by lesion id (rows, 0 is no lesion) and segment code (columns, 0 is none).

    ``on_edge`` counts only those in the outermost voxel layer of the grid, a voxel once for each
    of the six faces that it lies on.
    """

    everywhere: NDArray[np.int64]
    on_edge: NDArray[np.int64]


def liver_maps(
    structures: LabelMap, lesions: LabelMap | None, couinaud: LabelMap | None
) -> LiverMaps:
    """Check that the maps belong together and cut them to the liver's box.

    Without a lesion map the liver is measured as if it had no lesion.

    Raises
    ------
    GeometryMismatchError
        The maps lie on different grids.
    EmptyStructureError
        No voxel is liver, or a Couinaud map has no voxel in the liver.
    InputError
        The Couinaud map does not use the codes 1 to 8.
    """
    _require_one_grid(structures, lesions, couinaud)
    box = structures.box()
    if box is None:
        raise EmptyStructureError("the liver mask is empty: no voxel is liver; check the file")
    liver = structures.codes[box] > 0
    segments = None if couinaud is None else couinaud.codes[box]
    if segments is not None and not segments[liver].any():
        raise EmptyStructureError(
            "the Couinaud map has no voxel inside the liver mask; give the map of the same study"
        )
    inside = np.zeros_like(liver, np.uint8) if lesions is None else lesions.codes[box] * liver
    coded = structures.codes[box] if structures.scheme == STRUCTURE_SCHEME else liver
    return LiverMaps(structures.geometry, box, liver, inside, segments, coded)


def tally(maps: LiverMaps, *, whole_liver: bool = False) -> Tally:
    """Count the liver's voxels by lesion and segment, once, and on the faces of the grid.

    With ``whole_liver`` the grid is known to hold the whole liver: its faces cut nothing.
    """
    rows = int(maps.lesions.max()) + 1
    everywhere = np.zeros((rows, SEGMENT_CODES), np.int64)
    for part in blocks(maps.liver):
        everywhere += _tally_part(maps, part, rows)
    on_edge = np.zeros_like(everywhere)
    for face in () if whole_liver else _faces_on_edge(maps):
        on_edge += _tally_part(maps, face, rows)
    return Tally(everywhere, on_edge)


def cut_faces(maps: LiverMaps, counted: Tally) -> Faces:
    """Return the faces of the liver's box at which the scan cuts the liver."""
    if not counted.on_edge.any():
        return NO_FACES
    i, j, k = (
        (side.start == 0, side.stop == size)
        for side, size in zip(maps.box, maps.geometry.shape, strict=True)
    )
    return (i, j, k)


def _require_one_grid(
    structures: LabelMap, lesions: LabelMap | None, couinaud: LabelMap | None
) -> None:
    grid = structures.geometry
    if lesions is not None:
        grid.require_same_grid(lesions.geometry, what="the lesion map", reference="the liver map")
    if couinaud is None:
        return
    grid.require_same_grid(couinaud.geometry, what="the Couinaud map", reference="the liver map")
    if couinaud.scheme != COUINAUD_SCHEME:
        raise InputError(
            f"the Couinaud map has the codes of '{couinaud.scheme.name}'; allowed are 0 and the "
            f"segments 1 to 8; translate it first"
        )


def blocks(array: NDArray[Any]) -> list[Box]:
    """Cut an array into slabs along its slowest axis, small enough for temporary copies."""
    slow = int(np.argmax(np.abs(array.strides)))
    layers = max(1, BLOCK_VOXELS * array.shape[slow] // max(1, array.size))
    starts = range(0, array.shape[slow], layers)
    return [_slab(slow, slice(start, start + layers)) for start in starts]


def _faces_on_edge(maps: LiverMaps) -> list[Box]:
    faces = []
    for axis, (cut, size) in enumerate(zip(maps.box, maps.geometry.shape, strict=True)):
        if cut.start == 0:
            faces.append(_slab(axis, slice(0, 1)))
        if cut.stop == size:
            faces.append(_slab(axis, slice(-1, None)))
    return faces


def _slab(axis: int, layers: slice) -> Box:
    whole = [slice(None)] * 3
    whole[axis] = layers
    return (whole[0], whole[1], whole[2])


def _tally_part(maps: LiverMaps, part: Box, rows: int) -> NDArray[np.int64]:
    order = np.argsort(np.abs(maps.liver.strides))[
        ::-1
    ]  # masks are read fastest in their stored order
    liver = maps.liver[part].transpose(order)
    pairs = maps.lesions[part].transpose(order)[liver].astype(np.intp) * SEGMENT_CODES
    if maps.segments is not None:
        pairs += maps.segments[part].transpose(order)[liver]
    counts = np.bincount(pairs, minlength=rows * SEGMENT_CODES)
    return counts.reshape(rows, SEGMENT_CODES)
