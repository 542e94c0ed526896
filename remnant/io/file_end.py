"""Whether a label map's own grid may end before the scan's did: cropped files look like that."""

from typing import Final

from remnant.core.volumes import LabelMap

NEAR_VOXELS: Final = 1
"""Voxel layers between a structure and a face of the grid that still count as reaching it."""
MOST_FACES: Final = 2
"""Faces that a structure may reach on a scan's own grid: more are a crop's, this project's choice.
"""


def looks_cropped(labels: LabelMap) -> bool:
    """Tell whether a map looks as if it had been cropped to what it holds.

    Its filled box reaches both faces of an axis, or more than `MOST_FACES` faces. A scan of part of
    the liver looks like that too: the answer says that the file's end says nothing, no more.
    """
    box = labels.box()
    if box is None:
        return False
    reached = [
        (side.start <= NEAR_VOXELS, size - side.stop <= NEAR_VOXELS)
        for side, size in zip(box, labels.geometry.shape, strict=True)
    ]
    return any(all(pair) for pair in reached) or sum(map(sum, reached)) > MOST_FACES
