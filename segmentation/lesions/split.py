"""Splitting bulky confluent masses into the lesions that they seem to be made of.

Lesions that touch are one connected component, hence one lesion. Where a bulky one has necks, a
watershed on the distance to its surface parts it at them: each part grows from a summit of the
distance (exact Euclidean, in mm, on any grid), and two summits are told apart only when the way
from the lower one to the other dips by at least ``MINIMUM_DEPTH_MM``: the neck is that much
thinner, in radius, than the thinner of the two parts.

The border is one that shape alone suggests, not one that was seen. Splitting is off by default.
No voxel is added or lost. All limits are this project's choice.

Watershed: Vincent & Soille, IEEE PAMI 1991;13:583. Summits of a minimum depth (h-maxima): Soille,
Morphological Image Analysis, 2003, ch. 6.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from remnant.core.boxes import bounding_box, box_geometry
from remnant.core.errors import InputError
from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Geometry
from remnant.core.labels import INSTANCE_SCHEME
from remnant.core.reasons import Cause, reason
from remnant.core.volumes import LARGEST_CODE, LabelMap
from segmentation.components import touching_parts

SMALLEST_MASS_ML: Final = 10.0
"""Components below stay whole: a ball of 27 mm."""
MINIMUM_DEPTH_MM: Final = 3.0
SMALLEST_PART_ML: Final = 0.5
"""No smaller part is split off: a ball of 10 mm, the smallest lesion that RECIST 1.1 measures."""
NEIGHBOURS_26: Final = np.ones((3, 3, 3), dtype=bool)

Mask = NDArray[np.bool_]
Parts = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SplitLesions:
    """Lesions after splitting.

    ``lesions`` are numbered by falling volume; ``masses`` of the earlier lesions were split into
    ``parts``.
    """

    lesions: LabelMap
    masses: int
    parts: int

    @property
    def quality(self) -> Finding:
        """The finding ``confluent_lesions_split`` (value: lesions gained)."""
        gained = self.parts - self.masses
        return quality_finding(
            "confluent_lesions_split",
            passed=gained == 0,
            value=float(gained),
            reasons=(
                reason(Cause.SPLIT_BY_SHAPE, self.masses, self.parts),
                reason(Cause.SPLIT_RULE, SMALLEST_MASS_ML, MINIMUM_DEPTH_MM),
            ),
        )


def split_confluent(lesions: LabelMap) -> SplitLesions:
    """Split bulky lesions at their necks.

    Parameters
    ----------
    lesions
        Instances, one code each; one of several separate pieces is not split.

    Returns
    -------
    SplitLesions
        The same voxels, numbered by falling volume (ties: by first voxel in array order).

    Raises
    ------
    InputError
        More lesions than a uint16 map can number.
    """
    if not lesions.mask().any():
        return SplitLesions(lesions=lesions, masses=0, parts=0)
    near = bounding_box(lesions.mask(), what="the lesion map")
    codes = lesions.codes[near].astype(np.int32)
    masses, parts = _split_in_place(codes, box_geometry(lesions.geometry, near))
    renumbered = np.zeros(lesions.geometry.shape, dtype=np.uint16, order="F")
    renumbered[near] = _renumbered(codes)
    split = LabelMap(renumbered, lesions.geometry, INSTANCE_SCHEME)
    return SplitLesions(lesions=split, masses=masses, parts=parts)


def _split_in_place(codes: Parts, geometry: Geometry) -> tuple[int, int]:
    """Give the parts of confluent lesions codes of their own; return how many of how many."""
    masses = parts = 0
    following = int(codes.max())
    for code, box in enumerate(ndimage.find_objects(codes), start=1):
        if box is None or not _is_bulky(mask := codes[box] == code, geometry):
            continue
        divided = _divided(mask, box_geometry(geometry, box))
        found = int(divided.max())
        if found > 1:
            codes[box][mask] = following + divided[mask]
            following += found
            masses, parts = masses + 1, parts + found
    return masses, parts


def _is_bulky(mask: Mask, geometry: Geometry) -> bool:
    return int(np.count_nonzero(mask)) * geometry.voxel_volume_ml >= SMALLEST_MASS_ML


def _divided(mask: Mask, geometry: Geometry) -> Parts:
    """Return the parts of one lesion on its box, 1 … n; 1 everywhere when it has no neck."""
    from skimage.segmentation import watershed

    outside = np.pad(mask, 1)
    grid = geometry.cropped((-1, -1, -1), _padded(geometry.shape))
    depth_mm = surface_distance_mm(outside, grid)
    if depth_mm.max() <= MINIMUM_DEPTH_MM:
        return mask.astype(np.int32)
    markers = _summits(depth_mm, MINIMUM_DEPTH_MM)
    smallest = SMALLEST_PART_ML / geometry.voxel_volume_ml
    while True:
        divided: Parts = watershed(-depth_mm, markers, connectivity=NEIGHBOURS_26, mask=outside)
        sizes = np.bincount(divided[outside], minlength=2)[1:]
        if not divided[outside].all():
            return mask.astype(np.int32)
        if sizes.size < 2 or sizes.min() >= smallest:  # noqa: PLR2004  (one part: nothing to join)
            return divided[1:-1, 1:-1, 1:-1]
        # one at a time: the part that takes over the smallest may be large enough with it
        markers[markers == int(sizes.argmin()) + 1] = 0
        markers = _consecutive(markers)


def surface_distance_mm(mask: Mask, geometry: Geometry) -> NDArray[np.float64]:
    """Return the distance of each voxel in the mask to the nearest one outside, in mm.

    Centre to centre, exact on every grid, sheared ones included; 0 outside the mask, whose border
    must be background.
    """
    if not geometry.is_sheared:
        exact: NDArray[np.float64] = ndimage.distance_transform_edt(
            mask, sampling=geometry.spacing_mm
        )
        return exact
    around = np.argwhere(ndimage.binary_dilation(mask, NEIGHBOURS_26) & ~mask)
    tree = cKDTree(geometry.ras_from_index(around))
    depth_mm = np.zeros(mask.shape)
    depth_mm[mask] = tree.query(geometry.ras_from_index(np.argwhere(mask)))[0]
    return depth_mm


def _summits(depth_mm: NDArray[np.float64], height_mm: float) -> Parts:
    """Label the summits that rise by a height above the pass to any higher one.

    Lowering everything by the height and flooding it back up to the surface leaves one plateau
    for each of them, however many equal peaks it holds.
    """
    from skimage.morphology import local_maxima, reconstruction

    # rounding: equal distances must be equal numbers for a plateau to be one
    rounded = np.round(depth_mm, 6)
    flooded = reconstruction(np.maximum(rounded - height_mm, 0.0), rounded, footprint=NEIGHBOURS_26)
    tops = local_maxima(flooded, connectivity=3) & (depth_mm > 0.0)
    labelled: Parts = touching_parts(tops).astype(np.int32)
    return labelled


def _consecutive(markers: Parts) -> Parts:
    _, numbers = np.unique(markers, return_inverse=True)
    consecutive: Parts = numbers.reshape(markers.shape).astype(np.int32)
    return consecutive


def _renumbered(codes: Parts) -> NDArray[np.uint16]:
    """Give lesions new numbers by falling volume, ties by first voxel in array order."""
    occupied = np.nonzero(codes)
    values = codes[occupied]
    present, first, sizes = np.unique(values, return_index=True, return_counts=True)
    if present.size > LARGEST_CODE:
        raise InputError(
            f"{present.size} lesions are more than the {LARGEST_CODE} that can be numbered"
        )
    order = np.lexsort((first, -sizes))
    number = np.zeros(present.size, dtype=np.uint16)
    number[order] = np.arange(1, present.size + 1)
    renumbered = np.zeros(codes.shape, dtype=np.uint16)
    renumbered[occupied] = number[np.searchsorted(present, values)]
    return renumbered


def _padded(shape: tuple[int, int, int]) -> tuple[int, int, int]:
    return shape[0] + 2, shape[1] + 2, shape[2] + 2
