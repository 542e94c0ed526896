"""Planted metastases: synthetic lesions of known volume inside the liver of a real CT.

They serve a demonstration on a scan that has none, and every output that uses them must say that
they were planted. They are not a substitute for patients: shape and contrast were chosen, not
learned, and a network that finds them may still miss real ones.

Appearance, in Hounsfield units: the liver's local mean plus ``contrast_hu`` in the core (−60 by
default, about what metastases show in the portal phase), plus ``rim_hu`` in the outer
``rim_fraction`` of the radius (0 by default: no rim) and ``centre_hu`` in the inner
``CENTRE_FRACTION`` (0 by default: no calcified centre). The scan's own noise stays in the lesion;
bright vessels are damped to noise. At the border each voxel is blended by the share of it that the
lesion fills.

The *true volume* of a lesion is the sum of these shares times the voxel volume: each voxel is
sampled at points at most ``SAMPLE_MM`` apart (at least 3, at most 10 per axis). The truth map marks
voxels that are filled by at least one half.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, pi
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from remnant.core.boxes import Box, bounding_box, box_geometry, margin_voxels
from remnant.core.errors import ImplausibleValueError, InputError
from remnant.core.geometry import Geometry, Vector3, vector3
from remnant.core.labels import INSTANCE_SCHEME
from remnant.core.volumes import ImageVolume, LabelMap, Modality
from segmentation.lesions.shape import LesionShape, random_shape

Vector = NDArray[np.float64]

DEFAULT_DIAMETERS_MM = (42.0, 30.0, 24.0, 20.0, 16.0, 12.0, 8.0)
DIAMETER_RANGE_MM = (3.0, 120.0)
DEFAULT_CONTRAST_HU = -60.0
RIM_FRACTION = 0.15
CENTRE_FRACTION = 0.45
SURFACE_GAP_MM = 1.0
LESION_GAP_MM = 4.0
SAMPLE_MM = 0.5
SAMPLES_PER_AXIS = (3, 10)
PLACES = 4000
CHOICES = 12
ATTEMPTS = 30
LOCAL_MEAN_MM = 8.0
LOCAL_MEAN_REACH = 2.5
SMALLEST_WEIGHT = 1e-6
NOISE_LIMIT_SD = 2.5
MAD_TO_SD = 1.4826
HALF = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionLook:
    """How lesions differ from the liver around them, in Hounsfield units.

    Parameters
    ----------
    contrast_hu
        Lesion minus liver, negative for dark lesions.
    rim_hu, rim_fraction
        What the rim differs from the rest, positive for an enhancing rim, and how much of the
        radius it takes.
    centre_hu
        What the inner ``CENTRE_FRACTION`` of the radius differs from the rest, positive where it is
        calcified.
    """

    contrast_hu: float = DEFAULT_CONTRAST_HU
    rim_hu: float = 0.0
    rim_fraction: float = RIM_FRACTION
    centre_hu: float = 0.0


DARK: Final = LesionLook()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Planted:
    """An image with planted metastases and what is true about them.

    Parameters
    ----------
    image
        The image with the lesions, same type and grid as the one given.
    truth
        Instances of the planted lesions by falling true volume, 1…n.
    true_volumes_ml
        True volume by instance.
    centres_ras_mm
        Centre by instance.
    seed, look
        What they were made with.
    """

    image: ImageVolume
    truth: LabelMap
    true_volumes_ml: Mapping[int, float]
    centres_ras_mm: Mapping[int, Vector3]
    seed: int
    look: LesionLook


@dataclass(frozen=True, slots=True, eq=False)
class _Patch:
    """One lesion on its box: share of each voxel that it fills, mean HU change in that share."""

    box: Box
    share: Vector
    change_hu: Vector
    centre_mm: Vector


def plant_metastases(
    image: ImageVolume,
    liver: LabelMap,
    *,
    seed: int,
    diameters_mm: Sequence[float] = DEFAULT_DIAMETERS_MM,
    look: LesionLook = DARK,
) -> Planted:
    """Plant synthetic metastases in the liver of a CT, well inside it and apart from each other.

    Parameters
    ----------
    image
        CT in HU.
    liver
        Any label map on the image's grid whose non-zero codes are the liver.
    seed
        Decides shapes and places: the same seed gives the same result.
    diameters_mm
        One lesion per number: the diameter of the ball of equal volume, 3 to 120 mm.
    look
        How they differ from the liver.

    Raises
    ------
    InputError
        Not a CT, or there is no room for a lesion.
    GeometryMismatchError
        The liver lies on another grid.
    EmptyStructureError
        The liver map is empty.
    ImplausibleValueError
        A diameter is out of range, or none is given.
    """
    _require_plantable(image, liver, diameters_mm)
    rng = np.random.default_rng(seed)
    mask = liver.mask()
    box = bounding_box(mask, what="the liver map")
    sizes = sorted(diameters_mm, reverse=True)
    points, room_mm = _places(mask, box, image.geometry, rng)
    shapes = _placed([random_shape(d, rng) for d in sizes], points, room_mm, rng)
    patches = [_patch(shape, image.geometry, look) for shape in shapes]
    patches.sort(key=lambda patch: -float(patch.share.sum()))
    voxel_ml = image.geometry.voxel_volume_ml
    numbered = dict(enumerate(patches, start=1))
    return Planted(
        image=_blended(image, mask, patches),
        truth=_truth(image.geometry, numbered),
        true_volumes_ml={n: float(p.share.sum()) * voxel_ml for n, p in numbered.items()},
        centres_ras_mm={n: vector3(p.centre_mm) for n, p in numbered.items()},
        seed=seed,
        look=look,
    )


def _require_plantable(image: ImageVolume, liver: LabelMap, diameters_mm: Sequence[float]) -> None:
    if image.modality is not Modality.CT:
        raise InputError("metastases can be planted in CT only: their contrast is in HU")
    image.geometry.require_same_grid(liver.geometry, what="the liver map", reference="the image")
    low, high = DIAMETER_RANGE_MM
    if not diameters_mm or not all(low <= d <= high for d in diameters_mm):
        raise ImplausibleValueError(
            f"planted lesions need at least one diameter, each {low:g} to {high:g} mm, got "
            f"{[float(d) for d in diameters_mm]}"
        )


def _places(
    mask: NDArray[np.bool_], box: Box, geometry: Geometry, rng: np.random.Generator
) -> tuple[Vector, Vector]:
    """Draw points in the liver, with the room in mm that a lesion around each would have.

    The room is the exact distance to the nearest voxel centre outside the liver, less a gap and
    half a voxel's diagonal; what lies beyond the scan's edge is outside.
    """
    grid = box_geometry(geometry, box)
    padded = np.pad(mask[box], 1)
    shell = ndimage.binary_dilation(padded, np.ones((3, 3, 3), dtype=bool)) & ~padded
    tree = cKDTree(grid.ras_from_index(np.argwhere(shell) - 1))
    inside = np.argwhere(mask[box])
    drawn = inside[rng.integers(len(inside), size=PLACES)]
    points = grid.ras_from_index(drawn + rng.uniform(-HALF, HALF, size=drawn.shape))
    distance, _ = tree.query(points)
    corners = np.array([(i, j, 1) for i in (-1, 1) for j in (-1, 1)])
    half_diagonal = HALF * np.linalg.norm(corners @ geometry.affine_ras[:3, :3].T, axis=1).max()
    return points, distance - SURFACE_GAP_MM - half_diagonal


def _placed(
    shapes: Sequence[LesionShape], points: Vector, room_mm: Vector, rng: np.random.Generator
) -> list[LesionShape]:
    """Put the shapes, largest first, where they fit; start anew when one finds no place."""
    fewest_left: list[LesionShape] = list(shapes)
    for _ in range(ATTEMPTS):
        order = rng.permutation(len(points))
        placed = _one_attempt(shapes, points[order], room_mm[order])
        if len(placed) == len(shapes):
            return placed
        fewest_left = min(fewest_left, list(shapes[len(placed) :]), key=len)
    raise InputError(
        f"no room in the liver for {len(fewest_left)} of {len(shapes)} lesions, the largest "
        f"of them {2 * fewest_left[0].radius_mm:.0f} mm across; give fewer or smaller diameters"
    )


def _one_attempt(
    shapes: Sequence[LesionShape], points: Vector, room_mm: Vector
) -> list[LesionShape]:
    """Put each shape at the one of its first few free places that is farthest from the others."""
    placed: list[LesionShape] = []
    gap_mm = np.full(len(points), np.inf)
    for shape in shapes:
        fits = (room_mm >= shape.radius_mm) & (gap_mm >= shape.radius_mm)
        free = np.flatnonzero(fits)[:CHOICES]
        if not free.size:
            break
        chosen = shape.moved(points[free[np.argmax(gap_mm[free])]])
        placed.append(chosen)
        gap_mm = np.minimum(gap_mm, _gap_mm(points, chosen))
    return placed


def _gap_mm(points: Vector, other: LesionShape) -> Vector:
    distance: Vector = np.linalg.norm(points - other.centre_mm, axis=1)
    return distance - other.radius_mm - LESION_GAP_MM


def _patch(shape: LesionShape, geometry: Geometry, look: LesionLook) -> _Patch:
    box = _shape_box(shape, geometry)
    grid = box_geometry(geometry, box)
    centres = grid.ras_from_index(np.moveaxis(np.indices(grid.shape), 0, -1))
    offsets = _sample_offsets(geometry)
    filled, rim, centre = np.zeros((3, *grid.shape))
    for offset in offsets @ geometry.affine_ras[:3, :3].T:
        depth = shape.depth(centres + offset)
        filled += depth <= 1
        rim += (depth <= 1) & (depth > 1 - look.rim_fraction)
        centre += depth <= CENTRE_FRACTION
    shares = look.rim_hu * rim + look.centre_hu * centre
    change = look.contrast_hu + shares / np.maximum(filled, 1)
    return _Patch(box, filled / len(offsets), change, shape.centre_mm)


def _shape_box(shape: LesionShape, geometry: Geometry) -> Box:
    middle = geometry.index_from_ras(shape.centre_mm)
    reach = np.array(margin_voxels(geometry, shape.radius_mm)) + 1
    low = np.maximum(np.floor(middle - reach), 0).astype(int)
    high = np.minimum(np.ceil(middle + reach) + 1, geometry.shape).astype(int)
    i, j, k = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return (i, j, k)


def _sample_offsets(geometry: Geometry) -> Vector:
    """Return sample points within one voxel as offsets in voxels, shape ``(n, 3)``."""
    counts = [int(np.clip(ceil(s / SAMPLE_MM), *SAMPLES_PER_AXIS)) for s in geometry.spacing_mm]
    axes = [(np.arange(n) + HALF) / n - HALF for n in counts]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)


def _truth(geometry: Geometry, patches: Mapping[int, _Patch]) -> LabelMap:
    codes = np.zeros(geometry.shape, dtype=np.uint16)
    for number, patch in patches.items():
        marked = patch.share >= HALF
        if not marked.any():
            diameter = np.cbrt(6 / pi * 1000 * float(patch.share.sum()) * geometry.voxel_volume_ml)
            raise InputError(
                f"a planted lesion of {diameter:.1f} mm fills no voxel by half on a grid of "
                f"{geometry.describe()}; give larger diameters"
            )
        codes[patch.box][marked] = number
    return LabelMap(codes, geometry, INSTANCE_SCHEME)


def _blended(image: ImageVolume, mask: NDArray[np.bool_], patches: Sequence[_Patch]) -> ImageVolume:
    voxels = np.array(image.voxels)
    for patch in patches:
        lesion_hu = _tissue_hu(image, mask, patch.box) + patch.change_hu
        mixed = (1 - patch.share) * voxels[patch.box] + patch.share * lesion_hu
        voxels[patch.box] = _as_type(mixed, voxels.dtype)
    return ImageVolume(voxels, image.geometry, image.modality, phase=image.phase)


def _tissue_hu(image: ImageVolume, mask: NDArray[np.bool_], box: Box) -> Vector:
    """Return the liver's smooth mean plus its noise on a box, bright vessels damped to noise."""
    spacing = image.geometry.spacing_mm
    reach = [ceil(LOCAL_MEAN_REACH * LOCAL_MEAN_MM / s) for s in spacing]
    wide = tuple(slice(max(0, b.start - r), b.stop + r) for b, r in zip(box, reach, strict=True))
    liver, hu = mask[wide], image.voxels[wide].astype(np.float64)
    middle = float(np.median(hu[liver]))
    sigma = [LOCAL_MEAN_MM / s for s in spacing]
    weight, total = (
        ndimage.gaussian_filter(part, sigma, mode="constant", truncate=LOCAL_MEAN_REACH)
        for part in (liver.astype(np.float64), (hu - middle) * liver)
    )
    smooth = middle + total / np.maximum(weight, SMALLEST_WEIGHT)
    residue = hu - smooth
    limit = NOISE_LIMIT_SD * MAD_TO_SD * float(np.median(np.abs(residue[liver])))
    tissue = smooth + np.clip(residue, -limit, limit)
    inner = tuple(
        slice(b.start - w.start, b.stop - w.start) for b, w in zip(box, wide, strict=True)
    )
    found: Vector = tissue[inner]
    return found


def _as_type(values: Vector, dtype: np.dtype[np.generic]) -> NDArray[np.generic]:
    if dtype.kind == "f":
        return values.astype(dtype)
    limits = np.iinfo(dtype)  # type: ignore[type-var]
    return np.clip(np.rint(values), limits.min, limits.max).astype(dtype)
