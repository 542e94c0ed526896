"""Plant metastases in a Couinaud map: ``plant.py SEGMENTS LESIONS VIII:70 II:15``.

Each argument after the two files is a segment and a diameter in mm. A lesion is a slightly
lobulated body of that size, at a drawn place as deep in the segment as its size asks for where
there is room, cut off at the liver's surface. Two lesions never touch. They are no patient's.
"""
# ruff: noqa: INP001  # a script that is read and run, not imported

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.geometry import Geometry
from remnant.core.labels import COUINAUD_SCHEME, INSTANCE_SCHEME, CouinaudSegment
from remnant.core.volumes import LabelMap
from remnant.io.nifti import read_labels, write_labels
from segmentation.lesion_shape import random_shape

Codes = NDArray[np.uint16]
SEED = 5
GAP_MM = 6.0
DEEPEST_SHARE = 0.7
"""Share of the greatest depth in a segment that is deep enough, however large the lesion is."""


def plant(segments: LabelMap, wanted: list[tuple[CouinaudSegment, float]]) -> LabelMap:
    """Return a map of lesions numbered in the order of ``wanted``: segment and diameter in mm."""
    rng = np.random.default_rng(SEED)
    grid = segments.geometry
    centres_mm = centres_of_voxels(grid)
    lesions = np.zeros(grid.shape, np.uint16)
    for number, (segment, diameter_mm) in enumerate(wanted, start=1):
        body = random_shape(diameter_mm, rng)
        place = centres_mm[drawn_place(segments, lesions, segment, body.radius_mm, rng)]
        inside = body.moved(place).depth(centres_mm) <= 1
        lesions[inside & segments.mask() & (lesions == 0)] = number
    return LabelMap(lesions, grid, INSTANCE_SCHEME)


def centres_of_voxels(grid: Geometry) -> NDArray[np.float64]:
    """Return where the centres of all voxels lie, RAS mm, shape ``(i, j, k, 3)``."""
    indices = np.moveaxis(np.indices(grid.shape), 0, -1)
    centres: NDArray[np.float64] = indices @ grid.affine_ras[:3, :3].T + grid.affine_ras[:3, 3]
    return centres


def drawn_place(
    segments: LabelMap,
    lesions: Codes,
    segment: CouinaudSegment,
    radius_mm: float,
    rng: np.random.Generator,
) -> tuple[int, int, int]:
    """Draw a voxel of the segment, deep enough in it and far enough from other lesions."""
    spacing_mm = segments.geometry.spacing_mm
    depth_mm = ndimage.distance_transform_edt(segments.codes == segment, spacing_mm)
    fits = depth_mm >= min(radius_mm, DEEPEST_SHARE * depth_mm.max())
    if lesions.any():
        free_mm = ndimage.distance_transform_edt(lesions == 0, spacing_mm)
        fits &= free_mm >= radius_mm + GAP_MM
    i, j, k = (int(n) for n in rng.choice(np.argwhere(fits & (depth_mm > 0))))
    return i, j, k


def main(segments_file: str, lesions_file: str, *wanted: str) -> None:
    """Read the segments, plant what the words ask for, and write the lesions."""
    segments = read_labels(Path(segments_file), COUINAUD_SCHEME)
    pairs = [word.split(":") for word in wanted]
    lesions = plant(segments, [(CouinaudSegment[name], float(size)) for name, size in pairs])
    write_labels(lesions, Path(lesions_file))
    sys.stdout.write(f"{len(wanted)} lesions are in {lesions_file}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
