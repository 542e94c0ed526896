"""Strokes and letters that every picture of the report is made of."""

import base64
import io
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.pictures.planes import Plane, View

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DOTS_PER_INCH: Final = 160
INCHES_PER_MM: Final = 0.0165
SCALE_MM: Final = 50.0
HALF: Final = 0.5
PNG_SIZE: Final = slice(16, 24)


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of the report: PNG as data URI, its size in pixels, and texts for people."""

    title: str
    uri: str
    width: int
    height: int
    alt: str

    @property
    def ratio(self) -> str:
        """Width over height, as a style sheet reads it."""
        return f"{self.width / self.height:.3f}"


def as_png(figure: "Figure", *, dots_per_inch: int = DOTS_PER_INCH) -> tuple[str, int, int]:
    """Return a figure as PNG data URI with its width and height in pixels."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dots_per_inch, metadata={"Software": None})
    content = buffer.getvalue()
    width, height = struct.unpack(">II", content[PNG_SIZE])
    return f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}", width, height


def canvas(plane: Plane) -> tuple["Figure", "Axes"]:
    """Return an empty figure whose axes count a plane's pixels, row 0 at the top."""
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


def outline(
    axes: "Axes", share: NDArray[np.float32], colour: str, *, width: float, style: str = "solid"
) -> None:
    """Draw where a linear share in [0, 1] passes one half."""
    if share.max() > HALF > share.min():
        axes.contour(share, levels=(HALF,), colors=[colour], linewidths=width, linestyles=style)


def deepest(mask: NDArray[np.bool_]) -> tuple[int, int]:
    """Return row and column of the pixel that lies furthest inside a mask."""
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    return int(row), int(column)


def write(
    axes: "Axes", x: float, y: float, text: str, *, colour: str, size: float, side: str = "center"
) -> None:
    """Write on a dark halo, so that it reads on dark and on light."""
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=2.2, foreground="black")]
    axes.text(
        x, y, text, color=colour, fontsize=size, fontweight="bold", ha=side, va="center",
        path_effects=halo, clip_on=True,
    )  # fmt: skip


def draw_letters(axes: "Axes", view: View) -> None:
    """Name the anatomical side at each edge."""
    columns, rows = (abs(high - low) for low, high in (axes.get_xlim(), axes.get_ylim()))
    places = {
        "left": (9.0, rows / 2),
        "right": (columns - 10.0, rows / 2),
        "top": (columns / 2, 10.0),
        "bottom": (columns / 2, rows - 11.0),
    }
    for side, name in view.letters.items():
        x, y = places[side]
        write(axes, x, y, name, colour="white", size=11.0)


def draw_scale(axes: "Axes", plane: Plane) -> None:
    """Draw a bar of five centimetres at the lower right."""
    length = SCALE_MM / plane.pixel_mm
    y, end = plane.rows - 12.0, plane.columns - 12.0
    for width, colour in ((4.0, "black"), (2.0, "white")):
        axes.plot((end - length, end), (y, y), color=colour, linewidth=width, solid_capstyle="butt")
    label = f"{SCALE_MM / 10.0:g} cm"
    write(axes, end - length / 2, y - 9.0, label, colour="white", size=8.0)
