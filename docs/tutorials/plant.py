"""Plant metastases in a Couinaud map: ``plant.py SEGMENTS LESIONS VIII:70 V:22:30``.

Each argument after the two files is a segment, a diameter in mm and, if wanted, the least depth of
the centre below the liver's surface in mm. A lesion is a slightly lobulated body of that size, at a
drawn place as deep in its segment as its size asks for where there is room, cut off at the liver's
surface. Two lesions never touch. They are no patient's.
"""
# ruff: noqa: INP001  # a script that is read and run, not imported

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.core.labels import COUINAUD_SCHEME, INSTANCE_SCHEME, CouinaudSegment
from remnant.core.volumes import LabelMap
from remnant.io.nifti import read_labels, write_labels
from segmentation.lesions.shape import random_shape

SEED = 5
GAP_MM = 6.0
DEEPEST_SHARE = 0.5
"""Share of the greatest depth in a segment that is deep enough, however large the lesion is."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One lesion to plant: where, how large, and how far below the surface at least."""

    segment: CouinaudSegment
    diameter_mm: float
    depth_mm: float = 0.0


def plant(segments: LabelMap, wanted: list[Wanted]) -> LabelMap:
    """Return a map of lesions, numbered in the order of ``wanted``."""
    rng = np.random.default_rng(SEED)
    centres_mm = centres_of_voxels(segments.geometry)
    lesions = np.zeros(segments.geometry.shape, np.uint16)
    for number, one in enumerate(wanted, start=1):
        body = random_shape(one.diameter_mm, rng)
        fits = places(segments, lesions, one, body.radius_mm)
        if not fits.any():
            raise InputError(f"no room for lesion {number}; give a smaller one")
        i, j, k = rng.choice(np.argwhere(fits))
        inside = body.moved(centres_mm[i, j, k]).depth(centres_mm) <= 1
        lesions[inside & segments.mask() & (lesions == 0)] = number
    return LabelMap(lesions, segments.geometry, INSTANCE_SCHEME)


def centres_of_voxels(grid: Geometry) -> NDArray[np.float64]:
    """Return where the centres of all voxels lie, RAS mm, shape ``(i, j, k, 3)``."""
    indices = np.moveaxis(np.indices(grid.shape), 0, -1)
    centres: NDArray[np.float64] = indices @ grid.affine_ras[:3, :3].T + grid.affine_ras[:3, 3]
    return centres


def places(
    segments: LabelMap, lesions: NDArray[np.uint16], one: Wanted, radius_mm: float
) -> NDArray[np.bool_]:
    """Return where its centre may lie: deep enough in segment and liver, far from other lesions."""
    within_mm = depth_mm(segments, segments.codes == one.segment)
    fits = within_mm >= min(radius_mm, DEEPEST_SHARE * within_mm.max())
    fits &= depth_mm(segments, segments.mask()) >= one.depth_mm
    if lesions.any():
        fits &= depth_mm(segments, lesions == 0) >= radius_mm + GAP_MM
    free: NDArray[np.bool_] = fits & (within_mm > 0)
    return free


def depth_mm(grid: LabelMap, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return how far each voxel of a mask lies from what is outside it; the grid's edge counts."""
    depth = ndimage.distance_transform_edt(np.pad(mask, 1), grid.geometry.spacing_mm)
    inner: NDArray[np.float64] = depth[1:-1, 1:-1, 1:-1]
    return inner


def main(segments_file: str, lesions_file: str, *words: str) -> None:
    """Read the segments, plant what the words ask for, and write the lesions."""
    segments = read_labels(Path(segments_file), COUINAUD_SCHEME)
    parts = [word.split(":") for word in words]
    wanted = [Wanted(CouinaudSegment[name], *map(float, sizes)) for name, *sizes in parts]
    write_labels(plant(segments, wanted), Path(lesions_file))
    sys.stdout.write(f"{len(words)} lesions are in {lesions_file}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
