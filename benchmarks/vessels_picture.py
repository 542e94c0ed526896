"""Draw the vessels that are found on LiTS 117: ``python benchmarks/vessels_picture.py FILE``.

Four axial slices with the outlines of both trees, and both trees seen from the front with their
named branches. Colours: portal tree orange, hepatic tree blue, neither grey.
"""

import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from vessels import _scans

from remnant.core.vessels import VesselName
from remnant.wording.vessels import VESSEL_WORDS
from segmentation.vessels.found import FoundVessels, search_vessels
from segmentation.vessels.names import stem_lines
from segmentation.vessels.rooted import rooted_trees, roots_of
from segmentation.vessels.trees import Tree

COLOURS = {Tree.PORTAL: "#f08c2e", Tree.HEPATIC: "#4aa3ff", Tree.UNASSIGNED: "#b8c0c8"}
WINDOW_HU = (-20.0, 220.0)
HEIGHTS = (0.38, 0.52, 0.66, 0.8)
"""Of the slices, in the liver's height."""


def slice_picture(axes: Axes, found: FoundVessels, share: float) -> None:
    """Draw an axial slice as radiologists see it."""
    scene, trees = found.scene, found.parted.trees
    levels = np.flatnonzero(scene.liver.any(axis=(0, 1)))
    k = int(levels[0] + share * (levels[-1] - levels[0]))
    # the grid runs along RAS: the patient's right is on the left of the picture
    seen = [np.flipud(np.fliplr(part[:, :, k].T)) for part in (scene.hu, scene.liver, trees)]
    axes.imshow(seen[0], cmap="gray", vmin=WINDOW_HU[0], vmax=WINDOW_HU[1])
    axes.contour(seen[1], levels=[0.5], colors="#7fd39a", linewidths=0.7)
    for tree, colour in COLOURS.items():
        if (seen[2] == tree).any():
            axes.contour(seen[2] == tree, levels=[0.5], colors=colour, linewidths=1.1)
    rows, columns = np.nonzero(seen[1])
    axes.set_xlim(columns.min() - 12, columns.max() + 12)
    axes.set_ylim(rows.max() + 12, rows.min() - 12)
    axes.set_title(f"{scene.grid.ras_from_index((0, 0, k))[2]:.0f} mm", fontsize=9)
    axes.axis("off")


def front_picture(axes: Axes, found: FoundVessels) -> None:
    """Draw both trees from the front, and the course of the named branches."""
    grid = found.scene.grid
    for tree, colour in COLOURS.items():
        places = grid.ras_from_index(np.argwhere(found.parted.trees == tree))
        axes.scatter(-places[:, 0], places[:, 2], s=1.2, color=colour, alpha=0.35, linewidths=0)
    outline = found.scene.liver.any(axis=1)
    i, k = np.indices(outline.shape)
    points = grid.ras_from_index(np.stack((i, 0 * i, k), axis=-1))
    axes.contour(-points[..., 0], points[..., 2], outline, levels=[0.5], colors="#3f8f5c")
    lines = stem_lines(rooted_trees(found.structures, roots_of(found)))
    for name in VesselName:
        if name in lines:
            course = lines[name]
            axes.plot(-course[:, 0], course[:, 2], color="black", linewidth=1.6)
            axes.annotate(VESSEL_WORDS[name], (-course[-1, 0], course[-1, 2]), fontsize=9)
    axes.set_aspect("equal")
    axes.axis("off")


def main() -> None:
    """Draw the file that is named."""
    name, image, structures = next(iter(_scans()))
    search = search_vessels(image, structures)
    if search.found is None:
        raise SystemExit(f"{name}: {search.finding.reasons[0].cause.value}")
    figure = plt.figure(figsize=(11, 5.4), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1.35, 1))
    for axes, share in zip(left.subplots(2, 2).flat, HEIGHTS, strict=True):
        slice_picture(axes, search.found, share)
    front_picture(right.subplots(), search.found)
    figure.savefig(Path(sys.argv[1]), dpi=110)


if __name__ == "__main__":
    main()
