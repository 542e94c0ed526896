"""Bland–Altman plots: differences against means, with the limits of agreement."""

from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from remnant.core.agreement import Agreement, BlandAltman, Estimate
from remnant.io.atomic import atomic_path
from remnant.wording.reasons import listed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_PANELS: Final = 9
FIRST: Final = ("liver", "lesions", "burden")
TITLES: Final = {
    "liver": "Liver volume", "lesions": "Tumour volume", "burden": "Tumour burden",
}  # fmt: skip
PANEL_INCHES: Final = (4.6, 3.9)
COLUMNS: Final = 3
DOTS_PER_INCH: Final = 160
POINT_COLOUR: Final = "#1f5f8b"
BIAS_COLOUR: Final = "#222222"
LIMIT_COLOUR: Final = "#b5482a"
BAND_ALPHA: Final = 0.13
NOTE: Final = (
    "Differences are prediction − truth. Solid: bias. Dashed: 95 % limits of agreement "
    "(bias ± 1.96 SD).\nBands: 95 % confidence intervals (Bland and Altman 1999)."
)


def write_bland_altman(agreement: Agreement, path: Path) -> None:
    """Draw up to nine measurements, liver, tumour and burden first, into a ``.png`` or ``.svg``.

    The same agreement gives the same bytes.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = chosen(agreement.bland_altman)
    columns = min(COLUMNS, len(shown))
    rows = ceil(len(shown) / columns)
    size = (PANEL_INCHES[0] * max(columns, 1.4), PANEL_INCHES[1] * rows + 0.6)
    figure = Figure(figsize=size, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, limits in zip(panels, shown, strict=False):
        draw_panel(panel, limits)
    for panel in panels[len(shown) :]:
        panel.set_axis_off()
    figure.supxlabel(NOTE, fontsize=8, color="#444444")
    unstamped = {"Date": None} if path.suffix == ".svg" else {"Software": None}
    with atomic_path(path) as temporary, mpl.rc_context({"svg.hashsalt": "remnant"}):
        figure.savefig(temporary, dpi=DOTS_PER_INCH, metadata=unstamped)


def chosen(limits: Sequence[BlandAltman]) -> tuple[BlandAltman, ...]:
    """Return the measurements to draw: liver, tumour, burden, then the others in their order."""
    first = sorted(
        (entry for entry in limits if entry.measure in FIRST),
        key=lambda entry: FIRST.index(entry.measure),
    )
    others = [entry for entry in limits if entry.measure not in FIRST]
    return (*first, *others)[:MOST_PANELS]


def draw_panel(axes: "Axes", limits: BlandAltman) -> None:
    """Draw one measurement with its bias, limits and number of cases."""
    name = limits.measure.replace("_", " ")
    title = TITLES.get(limits.measure, name[:1].upper() + name[1:])
    axes.set_title(f"{title} (n = {len(limits.points)})", fontsize=11)
    axes.set_xlabel(f"mean of prediction and truth ({limits.unit})", fontsize=9)
    unit = "percentage points" if limits.unit == "%" else limits.unit
    axes.set_ylabel(f"difference ({unit})", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.axhline(0.0, color="#bbbbbb", linewidth=0.8, zorder=1)
    means = [point.mean for point in limits.points]
    differences = [point.difference for point in limits.points]
    axes.scatter(means, differences, s=22, color=POINT_COLOUR, alpha=0.75, linewidths=0, zorder=3)
    axes.margins(x=0.08)
    if limits.bias is None or limits.lower_limit is None or limits.upper_limit is None:
        where = (0.5, 0.5)
        axes.annotate(
            listed(limits.reasons), where, xycoords="axes fraction", ha="center", fontsize=7
        )
        return
    _draw_line(axes, limits.bias, "bias", "solid", BIAS_COLOUR)
    # limits without spread lie on the bias: one word is enough
    names = ("+1.96 SD", "−1.96 SD") if limits.sd else ("", "")
    _draw_line(axes, limits.upper_limit, names[0], "dashed", LIMIT_COLOUR)
    _draw_line(axes, limits.lower_limit, names[1], "dashed", LIMIT_COLOUR)
    _fit_height(axes, limits, differences)


def _draw_line(axes: "Axes", estimate: Estimate, name: str, style: str, colour: str) -> None:
    axes.axhspan(estimate.low, estimate.high, color=colour, alpha=BAND_ALPHA, linewidth=0, zorder=0)
    axes.axhline(estimate.value, color=colour, linestyle=style, linewidth=1.3, zorder=2)
    axes.annotate(
        f"{name}\n{signed(estimate.value)}" if name else "",
        (1.0, estimate.value),
        xycoords=("axes fraction", "data"),
        xytext=(4, 0),
        textcoords="offset points",
        ha="left",
        va="center",
        fontsize=7.5,
        color=colour,
    )


def _fit_height(axes: "Axes", limits: BlandAltman, differences: Sequence[float]) -> None:
    """Show all cases and the confidence bands whole."""
    assert limits.lower_limit is not None  # noqa: S101  # tells mypy: only drawn limits get here
    assert limits.upper_limit is not None  # noqa: S101
    low = min(*differences, limits.lower_limit.low, 0.0)
    high = max(*differences, limits.upper_limit.high, 0.0)
    room = 0.06 * (high - low) or 1.0
    axes.set_ylim(low - room, high + room)


def signed(value: float) -> str:
    """Format a difference with its sign and three significant digits, a true minus sign."""
    text = f"{value:+.3g}" if abs(value) < 1000 else f"{value:+.0f}"  # noqa: PLR2004  (three digits)
    return text.replace("-", "−")
