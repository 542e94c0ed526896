"""Pictures of the report: three planes with outlines, in radiological convention."""

import base64
import io
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.geometry import Vector3
from remnant.core.labels import INSTANCE_SCHEME, CouinaudSegment
from remnant.core.lesions import Confirmation, Lesion
from remnant.core.volumes import ImageVolume, LabelMap
from remnant.reporting.coarsen import Box, bounding_box
from remnant.reporting.palette import (
    LESION_COLOUR,
    LIVER_COLOUR,
    REJECTED_COLOUR,
    SEGMENT_COLOURS,
)
from remnant.reporting.planes import (
    LabelSample,
    Plane,
    View,
    plane_through,
    sample_image,
    sample_labels,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PIXEL_MM: Final = 0.8
MARGIN_MM: Final = 18.0
DOTS_PER_INCH: Final = 160
INCHES_PER_MM: Final = 0.0165
MOST_NUMBERED: Final = 30
SCALE_MM: Final = 50.0
BACKDROP: Final = 0.13
HALF: Final = 0.5
PNG_SIZE: Final = slice(16, 24)
SEGMENT_ALPHA: Final = 0.15
LESION_ALPHA: Final = 0.45
LINE_STYLES: Final[Mapping[Confirmation, str]] = {
    Confirmation.AUTOMATIC: "dashed",
    Confirmation.CONFIRMED: "solid",
    Confirmation.REJECTED: "dotted",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of the report: PNG as data URI, its size in pixels, and texts for people."""

    title: str
    uri: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What is drawn: label maps cropped to the liver, the lesions' facts and the backdrop."""

    structures: LabelMap
    lesion_codes: LabelMap
    couinaud: LabelMap | None
    preview: ImageVolume | None
    lesions: Mapping[int, Lesion]
    low_ras_mm: NDArray[np.float64]
    high_ras_mm: NDArray[np.float64]
    centre_ras_mm: Vector3
    centred_on: int | None = field(default=None)

    def plane(self, view: View) -> Plane:
        """Return the plane of a view through the scene's centre."""
        return plane_through(
            self.centre_ras_mm,
            view=view,
            low_ras_mm=self.low_ras_mm,
            high_ras_mm=self.high_ras_mm,
            pixel_mm=PIXEL_MM,
        )


def make_scene(
    lesions: tuple[Lesion, ...],
    *,
    structures: LabelMap,
    lesion_codes: LabelMap | None,
    couinaud: LabelMap | None,
    preview: ImageVolume | None,
) -> Scene:
    """Crop everything to the liver and choose the centre: the largest counted lesion's, or none's.

    Raises
    ------
    EmptyStructureError
        The structures hold no liver voxel.
    """
    box = bounding_box(structures.codes, structures.geometry)
    liver = _cropped(structures, box)
    low, high = _world_box(liver)
    largest = largest_lesion(lesions)
    centre = _liver_centre(liver) if largest is None else largest.centroid_ras_mm
    return Scene(
        structures=liver,
        lesion_codes=_no_lesions(liver) if lesion_codes is None else _cropped(lesion_codes, box),
        couinaud=None if couinaud is None else _cropped(couinaud, box),
        preview=preview,
        lesions={lesion.id: lesion for lesion in lesions},
        low_ras_mm=low,
        high_ras_mm=high,
        centre_ras_mm=centre,
        centred_on=None if largest is None else largest.id,
    )


def _no_lesions(liver: LabelMap) -> LabelMap:
    codes = np.zeros(liver.geometry.shape, dtype=np.uint8)
    return LabelMap(codes, liver.geometry, INSTANCE_SCHEME)


def largest_lesion(lesions: tuple[Lesion, ...]) -> Lesion | None:
    """Return the largest lesion that counts, ``None`` when there is none."""
    counted = [lesion for lesion in lesions if lesion.counts]
    return max(counted, key=lambda lesion: lesion.volume_ml.value or 0.0, default=None)


def draw_planes(scene: Scene) -> Iterator[Picture]:
    """Draw the axial, the coronal and the sagittal picture through the scene's centre."""
    for view in View:
        yield draw_plane(scene, view)


def draw_plane(scene: Scene, view: View) -> Picture:
    """Draw one plane: backdrop, segments, liver and lesion outlines, letters and a scale bar."""
    plane = scene.plane(view)
    figure, axes = _canvas(plane)
    outside = sample_labels(scene.structures.codes, scene.structures.geometry, plane)
    _draw_backdrop(axes, scene, plane)
    inside = sample_labels(scene.lesion_codes.codes, scene.lesion_codes.geometry, plane)
    if scene.couinaud is not None:
        segments = sample_labels(scene.couinaud.codes, scene.couinaud.geometry, plane)
        _draw_segments(axes, segments, free=inside.nearest() == 0)
    _outline(axes, outside.share(), LIVER_COLOUR, width=1.3)
    shown = _draw_lesions(axes, inside, scene.lesions, filled=scene.preview is None)
    _draw_letters(axes, view)
    _draw_scale(axes, plane)
    title = view.name.capitalize()
    uri, width, height = as_png(figure)
    return Picture(title, uri, width, height, _alt(title, view, shown))


def as_png(figure: "Figure") -> tuple[str, int, int]:
    """Return a figure as PNG data URI with its width and height in pixels."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    content = buffer.getvalue()
    width, height = struct.unpack(">II", content[PNG_SIZE])
    return f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}", width, height


def _cropped(labels: LabelMap, box: Box) -> LabelMap:
    grid = labels.geometry.cropped(box.start, box.shape)
    return LabelMap(labels.codes[box.slices], grid, labels.scheme)


def _world_box(liver: LabelMap) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    surface = _corner_voxels(liver)
    margin = MARGIN_MM
    return surface.min(axis=0) - margin, surface.max(axis=0) + margin


def _corner_voxels(liver: LabelMap) -> NDArray[np.float64]:
    """First and last liver voxel of every row along the first axis, in RAS mm."""
    mask = liver.codes > 0
    j, k = np.nonzero(mask.any(axis=0))
    first = mask.argmax(axis=0)[j, k]
    last = mask.shape[0] - 1 - mask[::-1].argmax(axis=0)[j, k]
    rows = [np.stack((end, j, k), axis=-1) for end in (first, last)]
    return liver.geometry.ras_from_index(np.concatenate(rows))


def _liver_centre(liver: LabelMap) -> Vector3:
    mean_index = ndimage.center_of_mass(liver.codes > 0)
    x, y, z = (float(value) for value in liver.geometry.ras_from_index(mean_index))
    return (x, y, z)


def _canvas(plane: Plane) -> tuple["Figure", "Axes"]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    scale = plane.pixel_mm * INCHES_PER_MM
    figure = Figure(figsize=(plane.columns * scale, plane.rows * scale), facecolor="black")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set_xlim(-0.5, plane.columns - 0.5)
    axes.set_ylim(plane.rows - 0.5, -0.5)
    return figure, axes


def _draw_backdrop(axes: "Axes", scene: Scene, plane: Plane) -> None:
    if scene.preview is None:
        liver = sample_labels(scene.structures.codes, scene.structures.geometry, plane).share()
        grey = BACKDROP + 0.3 * liver
    else:
        grey = sample_image(scene.preview, plane) / np.float32(255.0)
    axes.imshow(grey, cmap="gray", vmin=0.0, vmax=1.0, interpolation="bilinear", aspect="auto")


def _draw_segments(axes: "Axes", sample: LabelSample, *, free: NDArray[np.bool_]) -> None:
    """Tint the segments and write their numerals where no lesion lies (``free``)."""
    nearest = sample.nearest()
    for code in sample.present():
        segment = CouinaudSegment(code)
        share, colour = sample.share(code), SEGMENT_COLOURS[segment]
        axes.contourf(share, levels=(HALF, 2.0), colors=[colour], alpha=SEGMENT_ALPHA)
        _outline(axes, share, colour, width=0.7)
        row, column = _deepest((nearest == code) & free)
        _write(axes, column, row, segment.name, colour=colour, size=9.0)


def _draw_lesions(
    axes: "Axes", sample: LabelSample, lesions: Mapping[int, Lesion], *, filled: bool
) -> list[int]:
    """Outline the lesions and number the largest ones; return the ids that are cut."""
    nearest = sample.nearest()
    areas = {code: int((nearest == code).sum()) for code in sample.present()}
    ranked = sorted(areas, key=lambda code: -areas[code])
    for rank, code in enumerate(ranked):
        state = _confirmation(lesions, code)
        colour = REJECTED_COLOUR if state is Confirmation.REJECTED else LESION_COLOUR
        share = sample.share(code)
        if filled:
            axes.contourf(share, levels=(HALF, 2.0), colors=[colour], alpha=LESION_ALPHA)
        _outline(axes, share, colour, width=1.5, style=LINE_STYLES[state])
        if rank < MOST_NUMBERED:
            _number(axes, nearest == code, code, colour)
    return sorted(areas)


def _number(axes: "Axes", mask: NDArray[np.bool_], code: int, colour: str) -> None:
    rows, columns = np.nonzero(mask)
    corner = int((columns - rows).argmax())
    _write(axes, columns[corner] + 7.0, rows[corner] - 7.0, str(code), colour=colour, size=10.0)


def _confirmation(lesions: Mapping[int, Lesion], code: int) -> Confirmation:
    lesion = lesions.get(code)
    return Confirmation.AUTOMATIC if lesion is None else lesion.confirmation


def _outline(
    axes: "Axes", share: NDArray[np.float32], colour: str, *, width: float, style: str = "solid"
) -> None:
    if share.max() > HALF > share.min():
        axes.contour(share, levels=(HALF,), colors=[colour], linewidths=width, linestyles=style)


def _deepest(mask: NDArray[np.bool_]) -> tuple[int, int]:
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    return int(row), int(column)


def _write(axes: "Axes", x: float, y: float, text: str, *, colour: str, size: float) -> None:
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=2.2, foreground="black")]
    axes.text(
        x, y, text, color=colour, fontsize=size, fontweight="bold", ha="center", va="center",
        path_effects=halo, clip_on=True,
    )  # fmt: skip


def _draw_letters(axes: "Axes", view: View) -> None:
    columns, rows = (abs(high - low) for low, high in (axes.get_xlim(), axes.get_ylim()))
    places = {
        "left": (9.0, rows / 2),
        "right": (columns - 10.0, rows / 2),
        "top": (columns / 2, 10.0),
        "bottom": (columns / 2, rows - 11.0),
    }
    for side, name in view.letters.items():
        x, y = places[side]
        _write(axes, x, y, name, colour="white", size=11.0)


def _draw_scale(axes: "Axes", plane: Plane) -> None:
    length = SCALE_MM / plane.pixel_mm
    y, end = plane.rows - 12.0, plane.columns - 12.0
    for width, colour in ((4.0, "black"), (2.0, "white")):
        axes.plot((end - length, end), (y, y), color=colour, linewidth=width, solid_capstyle="butt")
    label = f"{SCALE_MM / 10.0:g} cm"
    _write(axes, end - length / 2, y - 9.0, label, colour="white", size=8.0)


def _alt(title: str, view: View, shown: list[int]) -> str:
    letters: Any = view.letters
    cut = ", ".join(str(code) for code in shown[:MOST_NUMBERED]) or "none"
    return (
        f"{title} picture of the liver, {letters['left']} on the left and {letters['right']} on "
        f"the right. Lesions in this plane: {cut}."
    )
