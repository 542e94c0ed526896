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
from remnant.pictures.points import codes_at
from remnant.pictures.raster import NOTHING, rasterised, squared
from remnant.wording.language import message, say

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

    ``vertices`` and the unit normals outward there, each ``(n, 3)``; the corners of each of m
    faces, ``(m, 3)``. ``name`` is written on it.
    """

    vertices: NDArray[np.float64]
    normals: NDArray[np.float64]
    faces: NDArray[np.intp]
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
    Camera(message("From the front"), turn=0.0, lift=8.0),
    Camera(message("From below and behind"), turn=200.0, lift=-38.0),
)


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One kind of surface seen from a side, in the pixels of a picture in which it is.

    Each pixel is a square of ``FINER`` by ``FINER`` finer ones, which follow along the first axis.

    Parameters
    ----------
    pixels
        Which pixels, flattened, ``(n,)``.
    mesh
        Number of the mesh seen in each finer one, -1 for none; shape ``(FINER², n)``.
    shade
        Its brightness there, 0 for none.
    below_ras_mm
        A place right below the surface in each pixel, ``(n, 3)``.
    """

    pixels: NDArray[np.intp]
    mesh: NDArray[np.intp]
    shade: NDArray[np.float32]
    below_ras_mm: NDArray[np.float64]

    @property
    def cover(self) -> NDArray[np.float32]:
        """Part of each pixel that is covered."""
        covered: NDArray[np.float32] = (self.mesh >= 0).mean(axis=0, dtype=np.float32)
        return covered

    def colours_below(self, labels: LabelMap, colours: Mapping[int, str]) -> NDArray[np.float32]:
        """Return the colour of the code right below each pixel; other codes are bare liver."""
        codes = codes_at(labels, self.below_ras_mm)
        last = max(int(codes.max(initial=0)), *colours)
        named = [rgb(colours.get(code, BARE_LIVER_COLOUR)) for code in range(last + 1)]
        found: NDArray[np.float32] = np.array(named, np.float32)[codes]
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """The liver and its lesions from one side, each without the other and not yet coloured.

    ``names`` is what is written on lesions, and where, in dots.
    """

    camera: Camera
    frame: Frame
    liver: Layer
    lesions: Layer
    names: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Solid:
    """The surfaces of a scene and how they look from each side."""

    liver: Mesh
    lesions: tuple[Mesh, ...]
    sights: tuple[Sight, ...]


def solid_of(scene: Scene) -> Solid:
    """Make the surfaces of the liver and of the largest lesions, and look at them."""
    liver, lesions = liver_mesh(scene.structures), tuple(lesion_meshes(scene))
    return Solid(liver, lesions, tuple(seen_from(camera, liver, lesions) for camera in CAMERAS))


def draw_surfaces(scene: Scene, solid: Solid) -> Iterator[Picture]:
    """Draw the liver with its lesions from the front and from below and behind."""
    lesions = [lesion_colour(scene, int(mesh.name)) for mesh in solid.lesions]
    colours = {int(segment): colour for segment, colour in SEGMENT_COLOURS.items()}
    bare = np.array(rgb(BARE_LIVER_COLOUR), np.float32)
    for sight in solid.sights:
        known = scene.couinaud
        liver = bare if known is None else sight.liver.colours_below(known, colours)
        yield draw_view(sight, liver, lesions)


def lesion_colour(scene: Scene, lesion_id: int, colour: str = LESION_COLOUR) -> str:
    """Return the colour of a lesion: rejected ones are grey, whatever is said of others."""
    lesion = scene.lesions.get(lesion_id)
    rejected = lesion is not None and lesion.confirmation is Confirmation.REJECTED
    return REJECTED_COLOUR if rejected else colour


def liver_mesh(structures: LabelMap) -> Mesh:
    """Return the liver's surface."""
    liver = (structures.codes > 0).view(np.uint8)
    return _surface(liver, structures.geometry, spacing_mm=LIVER_SPACING_MM)


def lesion_meshes(scene: Scene) -> Iterator[Mesh]:
    """Return the surfaces of the largest lesions, each made from its own small block."""
    codes = scene.lesion_codes.codes
    blocks: list[Any] = ndimage.find_objects(codes)
    found = [(code, block) for code, block in enumerate(blocks, start=1) if block is not None]
    found.sort(key=lambda item: -int(np.prod([part.stop - part.start for part in item[1]])))
    for code, block in found[:MOST_LESIONS]:
        start = tuple(part.start for part in block)
        grid = scene.lesion_codes.geometry.cropped(start, codes[block].shape)
        mask = (codes[block] == code).view(np.uint8)
        yield replace(_surface(mask, grid, spacing_mm=LESION_SPACING_MM), name=str(code))


def seen_from(camera: Camera, liver: Mesh, lesions: Sequence[Mesh]) -> Sight:
    """Look at the liver and at its lesions."""
    axes = camera.axes_ras()
    frame = Frame.around(liver.vertices @ axes.T)
    middles = {mesh.name: mesh.vertices.mean(axis=0) for mesh in lesions[:MOST_NUMBERED]}
    return Sight(
        camera=camera,
        frame=frame,
        liver=_layer([liver], axes, frame),
        lesions=_layer(lesions, axes, frame),
        names=tuple(
            (name, *frame.dots((middle @ axes.T)[None])[0, :2].tolist())
            for name, middle in middles.items()
        ),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Faces:
    """Faces turned to the reader: their corners in the fine picture, and what is known at each.

    ``below`` are places right below the surface, ``owner`` is the number of the mesh.
    """

    corners: NDArray[np.float64]
    shades: NDArray[np.float64]
    below: NDArray[np.float64]
    owner: NDArray[np.intp]


NO_FACES: Final = _Faces(
    np.empty((0, 3, 3)), np.empty((0, 3)), np.empty((0, 3, 3)), np.empty(0, np.intp)
)


def _layer(meshes: Sequence[Mesh], axes: NDArray[np.float64], frame: Frame) -> Layer:
    """Look up the foremost faces of meshes in the picture, with their shading."""
    each = [NO_FACES, *(_facing(mesh, n, axes, frame) for n, mesh in enumerate(meshes))]
    corners, shades, below, owner = (
        np.concatenate([getattr(faces, name) for faces in each])
        for name in ("corners", "shades", "below", "owner")
    )
    rows, columns = frame.pixels
    raster = rasterised(corners, shades, (rows * FINER, columns * FINER))
    face, shade = (
        np.stack([square.ravel() for square in squared(fine, FINER)])
        for fine in (raster.face, raster.shade)
    )
    pixels = np.flatnonzero((face != NOTHING).any(axis=0))
    face, shade = face[:, pixels], shade[:, pixels]
    first = (face != NOTHING).argmax(axis=0)
    inside = raster.values(_fine_places(pixels, first, columns), below)
    return Layer(pixels, np.append(owner, NOTHING)[face], shade, inside)


def _fine_places(
    pixels: NDArray[np.intp], part: NDArray[np.intp], columns: int
) -> NDArray[np.intp]:
    """Return the positions of parts of pixels in the flattened fine raster."""
    (row, column), (down, right) = np.divmod(pixels, columns), np.divmod(part, FINER)
    places: NDArray[np.intp] = (row * FINER + down) * (columns * FINER) + column * FINER + right
    return places


def _facing(mesh: Mesh, number: int, axes: NDArray[np.float64], frame: Frame) -> _Faces:
    seen = mesh.vertices @ axes.T
    a, b, c = np.moveaxis(seen[mesh.faces, :2], 1, 0)
    (bx, by), (cx, cy) = (b - a).T, (c - a).T
    faces = mesh.faces[bx * cy > by * cx]
    light = (np.array(LIGHT) / np.linalg.norm(LIGHT)) @ axes
    shades = AMBIENT + (1.0 - AMBIENT) * np.clip(mesh.normals @ light, 0.0, 1.0)
    below = mesh.vertices - INWARD_MM * mesh.normals
    dots = frame.dots(seen) * (FINER, FINER, 1.0)
    return _Faces(dots[faces], shades[faces], below[faces], np.full(len(faces), number))


def draw_view(sight: Sight, liver: NDArray[np.float32], lesions: Sequence[str]) -> Picture:
    """Paint the lesions, and over them the near side of the liver as one translucent sheet.

    ``liver`` is its colour in each of its pixels, or one for all; ``lesions`` are the colours of
    the lesions. Each is painted opaque first and blended afterwards as a whole.
    """
    rows, columns = sight.frame.pixels
    seen = np.empty((rows * columns, 3), np.float32)
    seen[:] = rgb(SURROUND)
    inner, outer = sight.lesions, sight.liver
    palette = np.array([*map(rgb, lesions), (0.0, 0.0, 0.0)], np.float32)
    painted = sum(
        (
            palette[mesh] * shade[:, None]
            for mesh, shade in zip(inner.mesh, inner.shade, strict=True)
        ),
        np.zeros((len(inner.pixels), 3), np.float32),
    )
    _blend(seen, inner, painted / np.float32(FINER**2), alpha=1.0)
    _blend(seen, outer, liver * outer.shade.mean(axis=0)[:, None], alpha=LIVER_ALPHA)
    image = Image.fromarray(
        np.rint(seen * np.float32(255.0)).astype(np.uint8).reshape(rows, columns, 3)
    )
    _letter(image, sight.camera.axes_ras())
    for name, x, y in sight.names:
        words = Words(x, y, name, "white", 10.0)
        write_on(image, words, (x, y), dots_per_inch=DOTS_PER_INCH)
    title = say(sight.camera.title)
    alt = say(
        "Liver surface with {number} lesion(s) inside, seen {view}.",
        number=len(lesions),
        view=title.lower(),
    )
    return as_picture(image, title=title, alt=alt)


def _blend(
    seen: NDArray[np.float32], layer: Layer, painted: NDArray[np.float32], *, alpha: float
) -> None:
    """Lay colours, already weighted with what they cover of a pixel, over what is seen so far."""
    behind = seen[layer.pixels]
    part = np.float32(alpha)
    seen[layer.pixels] = behind + part * (painted - layer.cover[:, None] * behind)


def _surface(mask: NDArray[np.uint8], geometry: Geometry, *, spacing_mm: float) -> Mesh:
    from skimage.measure import marching_cubes

    pad = 2
    shares, grid = coarsened(mask, geometry, spacing_mm=spacing_mm)
    field = ndimage.gaussian_filter(np.pad(shares, pad), SMOOTHING_VOXELS)
    level = min(0.5, float(field.max()) / 2.0)
    index, faces, _, _ = marching_cubes(field, level)
    vertices = grid.ras_from_index(index - pad)
    turned = faces if _signed_volume(vertices[faces]) > 0 else faces[:, ::-1]
    return Mesh(vertices, _normals(vertices, turned), turned.astype(np.intp))


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


def _letter(image: Image.Image, axes: NDArray[np.float64]) -> None:
    right, up, _ = axes
    places = {(0.03, 0.5): -right, (0.97, 0.5): right, (0.5, 0.04): up, (0.5, 0.96): -up}
    for (x, y), direction in places.items():
        where = (x * image.width, y * image.height)
        words = Words(*where, letter(direction), "white", 11.0)
        write_on(image, words, where, dots_per_inch=DOTS_PER_INCH)
