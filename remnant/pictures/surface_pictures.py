"""Two three-dimensional views of the liver, translucent, with its lesions.

Surfaces are for looking only: no volume is ever taken from them.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import cos, radians, sin
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.geometry import Geometry
from remnant.core.lesions import Confirmation
from remnant.core.volumes import LabelMap
from remnant.pictures.coarsen import coarsened
from remnant.pictures.drawing import DOTS_PER_INCH, Picture, as_png
from remnant.pictures.figures import Scene
from remnant.pictures.palette import (
    BARE_LIVER_COLOUR,
    LESION_COLOUR,
    REJECTED_COLOUR,
    SEGMENT_COLOURS,
    rgb,
)
from remnant.pictures.planes import letter

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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

    ``vertices`` ``(n, 3)``; of each of m faces its corners, its unit normal outward and its colour
    (red, green, blue in [0, 1]), each ``(m, 3)``. ``name`` is written on it.
    """

    vertices: NDArray[np.float64]
    faces: NDArray[np.intp]
    normals: NDArray[np.float64]
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


def draw_surfaces(scene: Scene) -> Iterator[Picture]:
    """Draw the liver with its lesions from the front and from below and behind."""
    lesions = list(lesion_meshes(scene))
    liver = liver_mesh(scene.structures, scene.couinaud)
    for camera in CAMERAS:
        yield draw_view(lesions, liver, camera)


def liver_mesh(structures: LabelMap, couinaud: LabelMap | None) -> Mesh:
    """Return the liver's surface, coloured by the Couinaud segment below it when known."""
    liver = (structures.codes > 0).view(np.uint8)
    vertices, faces, normals = _surface(liver, structures.geometry, spacing_mm=LIVER_SPACING_MM)
    bare = np.tile(rgb(BARE_LIVER_COLOUR), (len(faces), 1))
    mesh = Mesh(vertices, faces, normals, bare)
    if couinaud is None:
        return mesh
    return coloured(mesh, couinaud, {int(s): colour for s, colour in SEGMENT_COLOURS.items()})


def coloured(mesh: Mesh, labels: LabelMap, colours: Mapping[int, str]) -> Mesh:
    """Return the mesh in the colour of the code right below it; other codes are bare liver."""
    below = mesh.vertices[mesh.faces].mean(axis=1) - INWARD_MM * mesh.normals
    index = np.rint(labels.geometry.index_from_ras(below)).astype(np.intp)
    i, j, k = np.clip(index, 0, np.array(labels.codes.shape) - 1).T
    table = np.tile(rgb(BARE_LIVER_COLOUR), (int(labels.codes.max()) + 1, 1))
    for code, colour in colours.items():
        table[code : code + 1] = rgb(colour)
    return replace(mesh, colours=table[labels.codes[i, j, k]])


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
        vertices, faces, normals = _surface(mask, grid, spacing_mm=LESION_SPACING_MM)
        colour = rgb(REJECTED_COLOUR if rejected else LESION_COLOUR)
        yield Mesh(vertices, faces, normals, np.tile(colour, (len(faces), 1)), str(code))


def draw_view(lesions: Sequence[Mesh], liver: Mesh, camera: Camera) -> Picture:
    """Paint the lesions, and over them the near side of the liver as one translucent sheet.

    Each is painted opaque first and blended afterwards as a whole: translucent triangles would
    show their shared edges as a wire frame.
    """
    axes = camera.axes_ras()
    frame = Frame.around(liver.vertices @ axes.T)
    backdrop = np.broadcast_to(np.array(rgb(SURROUND)), (*frame.pixels, 3))
    inner, inner_cover = _painted(lesions, axes, frame)
    outer, outer_cover = _painted([liver], axes, frame)
    seen = backdrop + inner_cover * (inner - backdrop)
    blended = seen + LIVER_ALPHA * outer_cover * (outer - seen)
    figure = _lettered(blended, axes)
    for mesh in lesions[:MOST_NUMBERED]:
        _write_name(figure, mesh, axes, frame)
    uri, width, height = as_png(figure)
    alt = f"Liver surface with {len(lesions)} lesion(s) inside, seen {camera.title.lower()}."
    return Picture(camera.title, uri, width, height, alt)


def _surface(
    mask: NDArray[np.uint8], geometry: Geometry, *, spacing_mm: float
) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.float64]]:
    """Return vertices in RAS mm, faces turned outward, and the faces' unit normals."""
    from skimage.measure import marching_cubes

    pad = 2
    shares, grid = coarsened(mask, geometry, spacing_mm=spacing_mm)
    field = ndimage.gaussian_filter(np.pad(shares, pad), SMOOTHING_VOXELS)
    level = min(0.5, float(field.max()) / 2.0)
    index, faces, _, _ = marching_cubes(field, level)
    vertices = grid.ras_from_index(index - pad)
    turned = faces if _signed_volume(vertices[faces]) > 0 else faces[:, ::-1]
    return vertices, turned.astype(np.intp), _face_normals(vertices, turned)


def _signed_volume(corners: NDArray[np.float64]) -> float:
    a, b, c = np.moveaxis(corners - corners.mean(axis=(0, 1)), 1, 0)
    return float(np.einsum("ij,ij->", a, np.cross(b, c)))


def _face_normals(vertices: NDArray[np.float64], faces: NDArray[np.intp]) -> NDArray[np.float64]:
    """Mean of the corners' normals, so that shading runs smoothly over the triangles."""
    a, b, c = np.moveaxis(vertices[faces], 1, 0)
    flat = np.cross(b - a, c - a)
    at_vertices = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(at_vertices, faces[:, corner], flat)
    normals = at_vertices[faces].mean(axis=1)
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    unit: NDArray[np.float64] = normals / np.maximum(lengths, 1e-12)
    return unit


def _painted(
    meshes: Sequence[Mesh], axes: NDArray[np.float64], frame: Frame
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Paint triangles from far to near; return colours and coverage in [0, 1], both smooth."""
    from matplotlib.collections import PolyCollection

    figure, canvas = _bare_canvas(frame)
    if meshes:
        corners, colours = _visible(meshes, axes)
        order = corners[:, :, 2].mean(axis=1).argsort()
        shaded = colours[order]
        canvas.add_collection(
            PolyCollection(
                list(corners[order, :, :2]), facecolors=shaded, edgecolors=shaded, linewidths=0.3,
                antialiased=False,
            )
        )  # fmt: skip
    buffer = io.BytesIO()
    figure.savefig(buffer, format="rgba", transparent=True)
    rows, columns = frame.pixels
    drawn = np.frombuffer(buffer.getvalue(), dtype=np.uint8) / 255.0
    cells = drawn.reshape(rows, FINER, columns, FINER, 4)
    cover = cells[..., 3:].mean(axis=(1, 3))
    weighted = (cells[..., :3] * cells[..., 3:]).mean(axis=(1, 3))
    return weighted / np.maximum(cover, 1e-6), cover


def _visible(
    meshes: Sequence[Mesh], axes: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the corners of faces turned to the reader in camera mm and their shaded colours."""
    corners, colours = [], []
    light = np.array(LIGHT) / np.linalg.norm(LIGHT)
    for mesh in meshes:
        normals = mesh.normals @ axes.T
        seen = normals[:, 2] > 0
        shade = AMBIENT + (1.0 - AMBIENT) * np.clip(normals[seen] @ light, 0.0, 1.0)
        corners.append((mesh.vertices @ axes.T)[mesh.faces[seen]])
        colours.append(mesh.colours[seen] * shade[:, None])
    return np.concatenate(corners), np.concatenate(colours)


def _bare_canvas(frame: Frame) -> tuple["Figure", "Axes"]:
    from matplotlib.figure import Figure

    rows, columns = frame.pixels
    dots = DOTS_PER_INCH * FINER
    # half a dot more, so that rounding never loses the last row or column
    size = ((columns * FINER + 0.5) / dots, (rows * FINER + 0.5) / dots)
    figure = Figure(figsize=size, dpi=dots, facecolor="none")
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set_xlim(frame.low[0], frame.high[0])
    axes.set_ylim(frame.low[1], frame.high[1])
    return figure, axes


def _lettered(pixels: NDArray[np.float64], axes: NDArray[np.float64]) -> "Figure":
    from matplotlib.figure import Figure

    rows, columns, _ = pixels.shape
    figure = Figure(figsize=(columns / DOTS_PER_INCH, rows / DOTS_PER_INCH))
    canvas = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    canvas.set_axis_off()
    canvas.imshow(np.clip(pixels, 0.0, 1.0), interpolation="nearest", aspect="auto")
    right, up, _ = axes
    places = {(0.03, 0.5): -right, (0.97, 0.5): right, (0.5, 0.96): up, (0.5, 0.04): -up}
    for (x, y), direction in places.items():
        canvas.text(
            x, y, letter(direction), transform=canvas.transAxes, color="white", fontsize=11,
            fontweight="bold", ha="center", va="center",
        )  # fmt: skip
    return figure


def _write_name(figure: "Figure", mesh: Mesh, axes: NDArray[np.float64], frame: Frame) -> None:
    from matplotlib.patheffects import withStroke

    centre = (mesh.vertices @ axes.T)[:, :2].mean(axis=0)
    x, y = (centre - frame.low) / np.subtract(frame.high, frame.low)
    figure.text(
        x, y, mesh.name, color="white", fontsize=10, fontweight="bold", ha="center", va="center",
        path_effects=[withStroke(linewidth=2.2, foreground="black")],
    )  # fmt: skip
