"""Two three-dimensional views of the liver, translucent, with its lesions.

Surfaces are for looking only: no volume is ever taken from them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import cos, radians, sin
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from remnant.core.geometry import Geometry
from remnant.core.lesions import Confirmation
from remnant.core.volumes import LabelMap
from remnant.pictures.coarsen import coarsened
from remnant.pictures.drawing import DOTS_PER_INCH, Picture, Words, as_picture, write_on
from remnant.pictures.figures import Scene
from remnant.pictures.palette import (
    BARE_LIVER_COLOUR,
    LESION_COLOUR,
    REJECTED_COLOUR,
    SEGMENT_COLOURS,
    rgb,
)
from remnant.pictures.planes import letter
from remnant.pictures.raster import Raster, rasterised

LIVER_SPACING_MM: Final = 3.5
LESION_SPACING_MM: Final = 2.0
SMOOTHING_VOXELS: Final = 0.8
INWARD_MM: Final = 3.0
LIVER_ALPHA: Final = 0.5
MOST_LESIONS: Final = 150
MOST_NUMBERED: Final = 15
WIDTH_INCHES: Final = 4.6
MARGIN: Final = 0.09
LIGHT: Final = (-0.35, 0.55, 0.76)
AMBIENT: Final = 0.42
FINER: Final = 2
SURROUND: Final = "#10161c"


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """A triangle surface in RAS mm.

    ``vertices`` and the unit normals outward there, each ``(n, 3)``; of each of m faces its corners
    and its colour (red, green, blue in [0, 1]), each ``(m, 3)``. ``name`` is written on it.
    """

    vertices: NDArray[np.float64]
    normals: NDArray[np.float64]
    faces: NDArray[np.intp]
    colours: NDArray[np.float64]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """The part of the camera's plane that is drawn, in mm, and its size in pixels."""

    low: tuple[float, float]
    high: tuple[float, float]
    pixels: tuple[int, int]

    @classmethod
    def around(cls, points: NDArray[np.float64]) -> Self:
        """Return the frame around points ``(n, 3)`` in camera mm, with a margin for letters."""
        low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
        margin = MARGIN * float((high - low).max())
        width, height = (float(extent) for extent in high - low + 2.0 * margin)
        columns = round(WIDTH_INCHES * DOTS_PER_INCH)
        left, bottom = (float(edge) - margin for edge in low)
        rows = round(columns * height / width)
        return cls((left, bottom), (left + width, bottom + height), (rows, columns))

    def dots(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return columns and rows of points ``(n, 3)`` in camera mm; the third axis as it is."""
        rows, columns = self.pixels
        across = (points[:, 0] - self.low[0]) * (columns / (self.high[0] - self.low[0]))
        down = (self.high[1] - points[:, 1]) * (rows / (self.high[1] - self.low[1]))
        return np.stack((across, down, points[:, 2]), axis=1)


@dataclass(frozen=True, slots=True)
class Camera:
    """An orthographic view: turned about the body's axis, then lifted, in degrees.

    0, 0 looks from the front with the patient's right on the left; positive ``turn`` moves the
    reader to the patient's left, positive ``lift`` towards the head.
    """

    title: str
    turn: float
    lift: float

    def axes_ras(self) -> NDArray[np.float64]:
        """Return rightward, upward and towards-the-reader unit vectors as rows, in RAS."""
        turn, lift = radians(self.turn), radians(self.lift)
        towards = np.array((-sin(turn) * cos(lift), cos(turn) * cos(lift), sin(lift)))
        right = np.array((-cos(turn), -sin(turn), 0.0))
        return np.stack((right, np.cross(towards, right), towards))


CAMERAS: Final = (
    Camera("From the front", turn=0.0, lift=8.0),
    Camera("From below and behind", turn=200.0, lift=-38.0),
)


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """The liver and its lesions from one side, to be coloured: see `seen_from`."""

    camera: Camera
    frame: Frame
    liver: Raster
    lesions: Raster
    names: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Solid:
    """The surfaces of a scene and how they look from each side."""

    liver: Mesh
    lesions: tuple[Mesh, ...]
    sights: tuple[Sight, ...]


def solid_of(scene: Scene) -> Solid:
    """Make the surfaces of the liver, without colours of segments, and of the largest lesions."""
    liver, lesions = liver_mesh(scene.structures), tuple(lesion_meshes(scene))
    return Solid(liver, lesions, tuple(seen_from(camera, liver, lesions) for camera in CAMERAS))


def draw_surfaces(scene: Scene, solid: Solid) -> Iterator[Picture]:
    """Draw the liver with its lesions from the front and from below and behind."""
    liver = solid.liver
    if scene.couinaud is not None:
        colours = {int(s): colour for s, colour in SEGMENT_COLOURS.items()}
        liver = coloured(liver, scene.couinaud, colours)
    for sight in solid.sights:
        yield draw_view(sight, liver.colours, [mesh.colours for mesh in solid.lesions])


def liver_mesh(structures: LabelMap) -> Mesh:
    """Return the liver's surface in the colour of a bare liver."""
    liver = (structures.codes > 0).view(np.uint8)
    return _surface(
        liver, structures.geometry, spacing_mm=LIVER_SPACING_MM, colour=BARE_LIVER_COLOUR
    )


def coloured(mesh: Mesh, labels: LabelMap, colours: Mapping[int, str]) -> Mesh:
    """Return the mesh in the colour of the code right below it; other codes are bare liver."""
    below = (mesh.vertices - INWARD_MM * mesh.normals)[mesh.faces].mean(axis=1)
    index = np.rint(labels.geometry.index_from_ras(below)).astype(np.intp)
    i, j, k = np.clip(index, 0, np.array(labels.codes.shape) - 1).T
    codes = labels.codes[i, j, k]
    table = np.tile(rgb(BARE_LIVER_COLOUR), (max(int(codes.max()), *colours) + 1, 1))
    for code, colour in colours.items():
        table[code] = rgb(colour)
    return replace(mesh, colours=table[codes])


def lesion_meshes(scene: Scene) -> Iterator[Mesh]:
    """Return the surfaces of the largest lesions, each made from its own small block."""
    codes = scene.lesion_codes.codes
    blocks: list[Any] = ndimage.find_objects(codes)
    found = [(code, block) for code, block in enumerate(blocks, start=1) if block is not None]
    found.sort(key=lambda item: -int(np.prod([part.stop - part.start for part in item[1]])))
    for code, block in found[:MOST_LESIONS]:
        lesion = scene.lesions.get(code)
        rejected = lesion is not None and lesion.confirmation is Confirmation.REJECTED
        start = tuple(part.start for part in block)
        grid = scene.lesion_codes.geometry.cropped(start, codes[block].shape)
        mask = (codes[block] == code).view(np.uint8)
        colour = REJECTED_COLOUR if rejected else LESION_COLOUR
        mesh = _surface(mask, grid, spacing_mm=LESION_SPACING_MM, colour=colour)
        yield replace(mesh, name=str(code))


def seen_from(camera: Camera, liver: Mesh, lesions: Sequence[Mesh]) -> Sight:
    """Look at the liver and at its lesions, each without the other."""
    axes = camera.axes_ras()
    frame = Frame.around(liver.vertices @ axes.T)
    names = tuple(
        (mesh.name, *frame.dots(mesh.vertices.mean(axis=0, keepdims=True) @ axes.T)[0, :2])
        for mesh in lesions[:MOST_NUMBERED]
    )
    return Sight(
        camera, frame, _looked_at([liver], axes, frame), _looked_at(lesions, axes, frame), names
    )


def draw_view(
    sight: Sight, liver: NDArray[np.float64], lesions: Sequence[NDArray[np.float64]]
) -> Picture:
    """Paint the lesions, and over them the near side of the liver as one translucent sheet.

    ``liver`` and ``lesions`` are the colours of their faces. Each is painted opaque first and
    blended afterwards as a whole.
    """
    seen = np.empty((*sight.frame.pixels, 3), np.float32)
    seen[:] = rgb(SURROUND)
    for raster, colours, alpha in (
        (sight.lesions, lesions, 1.0), (sight.liver, [liver], LIVER_ALPHA),
    ):  # fmt: skip
        if colours:
            painted, cover = raster.painted(np.concatenate(colours).astype(np.float32), FINER)
            seen += np.float32(alpha) * cover * (painted - seen)
    image = Image.fromarray(np.rint(seen * np.float32(255.0)).astype(np.uint8))
    _letter(image, sight.camera.axes_ras())
    for name, x, y in sight.names:
        words = Words(x, y, name, "white", 10.0)
        write_on(image, words, (x, y), dots_per_inch=DOTS_PER_INCH)
    title = sight.camera.title
    alt = f"Liver surface with {len(lesions)} lesion(s) inside, seen {title.lower()}."
    return as_picture(image, title=title, alt=alt)


def _surface(
    mask: NDArray[np.uint8], geometry: Geometry, *, spacing_mm: float, colour: str
) -> Mesh:
    from skimage.measure import marching_cubes

    pad = 2
    shares, grid = coarsened(mask, geometry, spacing_mm=spacing_mm)
    field = ndimage.gaussian_filter(np.pad(shares, pad), SMOOTHING_VOXELS)
    level = min(0.5, float(field.max()) / 2.0)
    index, faces, _, _ = marching_cubes(field, level)
    vertices = grid.ras_from_index(index - pad)
    turned = faces if _signed_volume(vertices[faces]) > 0 else faces[:, ::-1]
    colours = np.tile(rgb(colour), (len(faces), 1))
    return Mesh(vertices, _normals(vertices, turned), turned.astype(np.intp), colours)


def _signed_volume(corners: NDArray[np.float64]) -> float:
    a, b, c = np.moveaxis(corners - corners.mean(axis=(0, 1)), 1, 0)
    return float(np.einsum("ij,ij->", a, np.cross(b, c)))


def _normals(vertices: NDArray[np.float64], faces: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the mean direction of the faces at each vertex, by their areas."""
    a, b, c = np.moveaxis(vertices[faces], 1, 0)
    flat = np.cross(b - a, c - a)
    corner = faces.T.ravel()
    normals = np.stack(
        [np.bincount(corner, np.tile(flat[:, axis], 3), len(vertices)) for axis in range(3)], axis=1
    )
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    unit: NDArray[np.float64] = normals / np.maximum(lengths, 1e-12)
    return unit


def _looked_at(meshes: Sequence[Mesh], axes: NDArray[np.float64], frame: Frame) -> Raster:
    """Look up the foremost faces of meshes that are turned to the reader, with their shading."""
    corners, shades = [np.empty((0, 3, 3))], [np.empty((0, 3))]
    light = np.array(LIGHT) / np.linalg.norm(LIGHT)
    for mesh in meshes:
        normals = mesh.normals @ axes.T
        shade = AMBIENT + (1.0 - AMBIENT) * np.clip(normals @ light, 0.0, 1.0)
        corners.append((frame.dots(mesh.vertices @ axes.T) * (FINER, FINER, 1.0))[mesh.faces])
        shades.append(shade[mesh.faces])
    faces, bright = np.concatenate(corners), np.concatenate(shades)
    rows, columns = frame.pixels
    return rasterised(
        faces.astype(np.float32), bright.astype(np.float32), (rows * FINER, columns * FINER)
    )


def _letter(image: Image.Image, axes: NDArray[np.float64]) -> None:
    right, up, _ = axes
    places = {(0.03, 0.5): -right, (0.97, 0.5): right, (0.5, 0.04): up, (0.5, 0.96): -up}
    for (x, y), direction in places.items():
        where = (x * image.width, y * image.height)
        words = Words(*where, letter(direction), "white", 11.0)
        write_on(image, words, where, dots_per_inch=DOTS_PER_INCH)
