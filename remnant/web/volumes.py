"""Volumes, slices and surfaces of a case, cut and packed for the page's viewer."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.boxes import Box, box_geometry, margin_voxels, widened
from remnant.core.geometry import Geometry
from remnant.core.labels import CouinaudSegment, Structure
from remnant.core.volumes import ImageVolume
from remnant.io.nifti_stream import packed_nifti, packed_whole
from remnant.pictures.palette import LESION_COLOUR
from remnant.pipeline.map_files import read_preview
from remnant.web.open_cases import CaseMaps, OpenCase
from remnant.web.refusals import refused
from remnant.web.scans import Scans

PREVIEW, LIVER, FULL = DETAILS = ("preview", "liver", "full")
IMAGE, STRUCTURES, LESIONS, COUINAUD, VESSELS = LAYERS = (
    "image", "structures", "lesions", "couinaud", "vessels",
)  # fmt: skip
AXES: Final[Mapping[str, int]] = {"sagittal": 0, "coronal": 1, "axial": 2}
"""World axis that the slices of each plane are perpendicular to."""
MOST_ACROSS, MOST_SLICES = 256, 150
MARGIN_MM: Final = 20.0
ETAG_DIGITS: Final = 32
FORMAT: Final = "1"
"""Changed with the form of what is sent, so that no browser shows an old copy."""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Voxels of a layer in a part of the study's grid; there is nothing outside of it."""

    voxels: NDArray[Any]
    box: Box


def layers_of(case: OpenCase, scans: Scans) -> list[str]:
    """Return the layers that a case has; the image may be the preview alone."""
    maps = case.maps
    if maps is None:
        return []
    vessels = {Structure.PORTAL_VEIN, Structure.HEPATIC_VEINS} & maps.structures.present()
    there = {
        IMAGE: image_grid(case, scans) is not None,
        STRUCTURES: True,
        LESIONS: maps.lesions is not None,
        COUINAUD: maps.couinaud is not None,
        VESSELS: bool(vessels),
    }
    return [layer for layer in LAYERS if there[layer]]


def maps_of(case: OpenCase) -> CaseMaps:
    """Return the maps of a case.

    Raises
    ------
    RefusedError
        It has none.
    """
    if case.maps is None:
        raise refused(404, "the case has a report and no maps", "measure its masks anew")
    return case.maps


def etag_of(case: OpenCase, layer: str, detail: str, *more: object) -> str:
    """Return what changes with the content of a layer."""
    state = case.state
    known = {} if state is None else {**state.maps_sha256}
    digests = sorted(f"{name} {one.codes}" for name, one in known.items())
    image = "" if state is None else state.inputs_sha256.get("image", "")
    parts = (FORMAT, case.id, *digests, image, layer, detail, *map(str, more))
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:ETAG_DIGITS]
    return f'"{digest}"'


def packed_volume(case: OpenCase, scans: Scans, layer: str, detail: str) -> Iterator[bytes]:
    """Yield a layer as gzipped NIfTI.

    Raises
    ------
    RefusedError
        There is no such layer or detail, or the scan was not given.
    """
    require_layer(layer)
    if detail not in DETAILS:
        raise refused(404, "there is no such detail", f"allowed are {', '.join(DETAILS)}")
    maps = maps_of(case)
    if detail == PREVIEW:
        if layer == IMAGE:
            return iter([case.keep((PREVIEW, IMAGE), lambda: _preview_image(case, scans))])
        grid = preview_grid(case, scans)
        return iter([case.keep((PREVIEW, layer), lambda: _preview_labels(maps, layer, grid))])
    if layer == IMAGE and not scans.is_there(case):
        raise refused(
            404, "the scan of this case was not given; its preview is there",
            "start `remnant serve` with --image SCAN, or --images FOLDER",
        )  # fmt: skip
    box = whole_box(maps.grid) if detail == FULL else liver_box(maps)
    block = cut(layer_of(case, scans, layer), box)
    return packed_nifti(block, box_geometry(maps.grid, box))


def require_layer(layer: str) -> None:
    """Raise unless a layer is known.

    Raises
    ------
    RefusedError
        It is not.
    """
    if layer not in LAYERS:
        raise refused(404, "there is no such layer", f"allowed are {', '.join(LAYERS)}")


def layer_of(case: OpenCase, scans: Scans, layer: str) -> Layer:
    """Return a layer at full resolution.

    Raises
    ------
    RefusedError
        The case has none of the kind.
    """
    maps = maps_of(case)
    if layer == IMAGE:
        return Layer(scans.get(case).voxels, whole_box(maps.grid))
    return Layer(labels_of(maps, layer), maps.box)


def labels_of(maps: CaseMaps, layer: str) -> NDArray[Any]:
    """Return the codes of a layer in the box of the liver.

    Raises
    ------
    RefusedError
        The case has none of the kind.
    """
    if layer == VESSELS:
        codes = maps.structures.codes
        vessels: NDArray[Any] = codes * (codes >= Structure.PORTAL_VEIN)
        return vessels
    named = {STRUCTURES: maps.structures, LESIONS: maps.lesions, COUINAUD: maps.couinaud}
    found = named[layer]
    if found is None:
        raise refused(404, f"the case has no {layer}", "")
    return found.codes


def whole_box(grid: Geometry) -> Box:
    """Return the box of a whole grid."""
    i, j, k = grid.shape
    return (slice(0, i), slice(0, j), slice(0, k))


def liver_box(maps: CaseMaps) -> Box:
    """Return the box of the liver with its surroundings."""
    return widened(maps.box, margin_voxels(maps.grid, MARGIN_MM), maps.grid.shape)


def cut(layer: Layer, box: Box) -> NDArray[Any]:
    """Return the voxels of a layer in a box, zero where it has none."""
    starts = [side.start for side in layer.box]
    if all(b.start >= a.start and b.stop <= a.stop for a, b in zip(layer.box, box, strict=True)):
        return layer.voxels[
            tuple(slice(b.start - a, b.stop - a) for a, b in zip(starts, box, strict=True))
        ]
    shape = [side.stop - side.start for side in box]
    found = np.zeros(shape, layer.voxels.dtype, order="F")
    into, from_ = [], []
    for a, b in zip(layer.box, box, strict=True):
        low, high = max(a.start, b.start), max(min(a.stop, b.stop), a.start, b.start)
        into.append(slice(low - b.start, high - b.start))
        from_.append(slice(low - a.start, high - a.start))
    found[tuple(into)] = layer.voxels[tuple(from_)]
    return found


@dataclass(frozen=True, slots=True)
class Slice:
    """One slice: its bytes, size, type, and the matrix from its pixels to RAS mm."""

    content: bytes
    shape: tuple[int, int]
    type: str
    ras_from_pixel: tuple[float, ...]


def slice_of(layer: Layer, grid: Geometry, plane: str, index: int) -> Slice:
    """Cut one slice of a layer on a grid, the first of its two axes the fastest.

    Raises
    ------
    RefusedError
        There is no such plane or slice.
    """
    if plane not in AXES:
        raise refused(404, "there is no such plane", f"allowed are {', '.join(AXES)}")
    axis = grid.world_axes.index(AXES[plane])
    if not 0 <= index < grid.shape[axis]:
        raise refused(404, "there is no such slice", f"allowed are 0 to {grid.shape[axis] - 1}")
    box = list(whole_box(grid))
    box[axis] = slice(index, index + 1)
    i, j, k = box
    block = np.take(cut(layer, (i, j, k)), 0, axis=axis)
    little = block.astype(block.dtype.newbyteorder("<"), copy=False)
    kept = [number for number in range(len(grid.shape)) if number != axis]
    matrix = np.zeros((4, 4))
    matrix[:, :2] = grid.affine_ras[:, kept]
    matrix[:, 2] = grid.affine_ras[:, axis]
    matrix[:, 3] = grid.affine_ras[:, 3] + index * grid.affine_ras[:, axis]
    return Slice(
        little.tobytes(order="F"),
        (block.shape[0], block.shape[1]),
        little.dtype.name,
        tuple(float(number) for number in matrix.ravel()),
    )


def image_grid(case: OpenCase, scans: Scans) -> Geometry | None:
    """Return the grid of the image: of the scan, or of the preview; ``None`` without either."""
    if case.maps is None:
        return None
    if scans.is_there(case):
        return case.maps.grid
    kept = _kept_preview(case)
    return None if kept is None else kept.geometry


def shown_image(case: OpenCase, scans: Scans) -> tuple[Layer, Geometry]:
    """Return the image on its grid: the scan, or the preview that the case keeps.

    Raises
    ------
    RefusedError
        There is neither.
    """
    if scans.is_there(case):
        return layer_of(case, scans, IMAGE), maps_of(case).grid
    kept = _kept_preview(case)
    if kept is None:
        raise refused(404, "the case has no image", "start `remnant serve` with --image SCAN")
    return Layer(kept.voxels, whole_box(kept.geometry)), kept.geometry


def _kept_preview(case: OpenCase) -> ImageVolume | None:
    kept: ImageVolume | None = case.keep("kept preview", lambda: read_preview(case.folder))
    return kept


def meshes_of(case: OpenCase) -> list[str]:
    """Return the names of the surfaces that a case has, the plan's apart."""
    maps = case.maps
    if maps is None:
        return []
    there = maps.structures.present()
    volumes = case.report.volumetry
    vessels = (
        ("vessels-portal", Structure.PORTAL_VEIN),
        ("vessels-hepatic", Structure.HEPATIC_VEINS),
    )
    segments = [s for s, known in (volumes.segments or {}).items() if known.total_ml > 0]
    drawn = set() if maps.lesions is None else {int(n) for n in maps.lesions.present()}
    lesions = [f"lesion-{lesion.id}" for lesion in volumes.lesions if lesion.id in drawn]
    return [
        "liver",
        *(["lesions"] if lesions else []),
        *lesions,
        *(f"segment-{int(segment)}" for segment in segments),
        *(name for name, code in vessels if code in there),
    ]


def preview_grid(case: OpenCase, scans: Scans) -> Geometry:
    """Return the grid of all previews: the whole scan, or the preview that the case keeps."""
    made: Callable[[], Geometry] = lambda: _grid_of_preview(case, scans)  # noqa: E731
    grid: Geometry = case.keep((PREVIEW, "grid"), made)
    return grid


def _grid_of_preview(case: OpenCase, scans: Scans) -> Geometry:
    grid = maps_of(case).grid
    kept = None if scans.is_there(case) else _kept_preview(case)
    if kept is not None:
        return kept.geometry
    steps = _steps(grid)
    shape = tuple(-(-n // step) for n, step in zip(grid.shape, steps, strict=True))
    return _stepped(grid, steps, (shape[0], shape[1], shape[2]))


def _steps(grid: Geometry) -> tuple[int, ...]:
    """Return how many voxels of each axis become one."""
    most = [MOST_SLICES if axis == grid.axial_axis else MOST_ACROSS for axis in range(3)]
    return tuple(ceil(n / m) for n, m in zip(grid.shape, most, strict=True))


def _stepped(grid: Geometry, steps: tuple[int, ...], shape: tuple[int, int, int]) -> Geometry:
    matrix = np.array(grid.affine_ras)
    matrix[:3, 3] = grid.ras_from_index((np.array(steps) - 1.0) / 2.0)
    matrix[:3, :3] *= np.array(steps)
    return Geometry(shape, matrix)


def _preview_image(case: OpenCase, scans: Scans) -> bytes:
    if not scans.is_there(case):
        shown, kept_grid = shown_image(case, scans)
        return packed_whole(shown.voxels, kept_grid)
    grid = preview_grid(case, scans)
    image, steps = scans.get(case), _steps(maps_of(case).grid)
    return packed_whole(_means(image.voxels, steps, grid.shape), grid)


def _means(
    voxels: NDArray[Any], steps: tuple[int, ...], shape: tuple[int, int, int]
) -> NDArray[Any]:
    """Average blocks of a scan to whole numbers, plane by plane: little memory beside the scan."""
    if max(steps) == 1:
        return voxels
    a, b, c = steps
    found = np.empty(shape, np.float32 if voxels.dtype.kind == "f" else np.int16, order="F")
    for k in range(shape[2]):
        slab = voxels[:, :, k * c : (k + 1) * c].mean(axis=2, dtype=np.float32)
        i, j = (np.arange(0, n, step) for n, step in zip(slab.shape, (a, b), strict=True))
        rows = np.add.reduceat(np.add.reduceat(slab, i, axis=0), j, axis=1)
        counts = np.multiply.outer(
            np.minimum(a, slab.shape[0] - i), np.minimum(b, slab.shape[1] - j)
        )
        mean = rows / counts
        found[:, :, k] = mean if found.dtype.kind == "f" else np.rint(mean)
    return found


def _preview_labels(maps: CaseMaps, layer: str, grid: Geometry) -> bytes:
    codes = labels_of(maps, layer)
    found = resampled(codes, maps.structures.geometry, grid)
    if layer == LESIONS:
        _mark_small(found, codes, maps.structures.geometry, grid)
    return packed_whole(found, grid)


def resampled(codes: NDArray[Any], from_: Geometry, to: Geometry) -> NDArray[Any]:
    """Return codes on another grid of the same axes, or of any, by the nearest voxel."""
    matrix = np.linalg.inv(from_.affine_ras) @ to.affine_ras
    found = np.zeros(to.shape, codes.dtype, order="F")
    i, j = np.meshgrid(np.arange(to.shape[0]), np.arange(to.shape[1]), indexing="ij")
    for k in range(to.shape[2]):
        index = [
            np.rint(row[0] * i + row[1] * j + (row[2] * k + row[3])).astype(np.intp)
            for row in matrix[:3]
        ]
        inside = np.logical_and.reduce(
            [(n >= 0) & (n < size) for n, size in zip(index, codes.shape, strict=True)]
        )
        found[:, :, k][inside] = codes[tuple(n[inside] for n in index)]
    return found


def _mark_small(found: NDArray[Any], codes: NDArray[Any], from_: Geometry, to: Geometry) -> None:
    """Give lesions that fell between the voxels of a coarser grid one voxel."""
    lost = sorted(set(np.unique(codes).tolist()) - set(np.unique(found).tolist()) - {0})
    for code in lost:
        place = from_.ras_from_index(np.argwhere(codes == code).mean(axis=0))
        index = np.rint(to.index_from_ras(place)).astype(int)
        i, j, k = np.clip(index, 0, np.array(to.shape) - 1)
        found[i, j, k] = code


def surface_mask(case: OpenCase, name: str) -> tuple[NDArray[np.bool_], Geometry]:
    """Return the voxels whose surface a name asks for, and their grid.

    Raises
    ------
    RefusedError
        There is no such surface, or no voxel of it.
    """
    maps = maps_of(case)
    structures = maps.structures.codes
    known: dict[str, Callable[[], NDArray[np.bool_]]] = {
        "liver": lambda: structures > 0,
        "lesions": lambda: labels_of(maps, LESIONS) > 0,
        "vessels-portal": lambda: structures == Structure.PORTAL_VEIN,
        "vessels-hepatic": lambda: structures == Structure.HEPATIC_VEINS,
    }
    kind, _, number = name.partition("-")
    if kind == "lesion" and number.isdecimal() and len(number) < 6:  # noqa: PLR2004
        known[name] = lambda: labels_of(maps, LESIONS) == int(number)
    if kind == "segment" and number in {f"{int(s)}" for s in CouinaudSegment}:
        known[name] = lambda: (labels_of(maps, COUINAUD) == int(number)) & (structures > 0)
    if name not in known:
        raise refused(404, "there is no such surface", "")
    mask = known[name]()
    if not mask.any():
        raise refused(404, "there is nothing of it", "")
    return mask, maps.structures.geometry


def mesh(mask: NDArray[np.bool_], grid: Geometry) -> bytes:
    """Return the surface of a mask as MZ3 in RAS mm."""
    from scipy.ndimage import find_objects

    from remnant.core.map_description import NamedLabel, Origin
    from remnant.io.surface_files import mz3_bytes
    from remnant.pipeline.surfaces import surface_of

    box = find_objects(mask.view(np.uint8))[0]
    start = tuple(int(side.start) for side in box)
    part = grid.cropped((start[0], start[1], start[2]), mask[box].shape)
    label = NamedLabel(code=1, name="surface", colour=LESION_COLOUR, origin=Origin.COMPUTED)
    return mz3_bytes(surface_of(mask[box], part, label))
