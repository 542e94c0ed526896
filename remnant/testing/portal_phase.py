"""A CT of a liver with grown vessels in any contrast phase, with spine, aorta and vena cava."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.geometry import Geometry, Shape3
from remnant.core.labels import COUINAUD_SCHEME, STRUCTURE_SCHEME, Structure
from remnant.core.volumes import ImageVolume, LabelMap, Modality
from remnant.testing.grown_vessels import Course, GrownVessels, grow_vessels, share_inside

FAT_HU, MUSCLE_HU, BONE_HU = -90.0, 58.0, 260.0
MARGIN_MM: Final = 60.0
BLUR_MM: Final = 0.7
SPINE_MM, AORTA_MM = (21.0, 18.0), 10.0
SPINE_FROM_CAVA_MM, AORTA_FROM_CAVA_MM = (-22.0, -34.0), (-42.0, -8.0)
HALF: Final = 0.5
MUSCLE_TIMES: Final = 1.6
LEAST_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Hounsfield units of what is painted, and the noise's standard deviation."""

    liver_hu: float = 110.0
    portal_hu: float = 170.0
    hepatic_hu: float = 160.0
    cava_hu: float = 150.0
    aorta_hu: float = 160.0
    noise_hu: float = 15.0


PORTAL_PHASE: Final = Levels()
LATE_ARTERIAL: Final = Levels(
    liver_hu=75.0, portal_hu=120.0, hepatic_hu=75.0, cava_hu=80.0, aorta_hu=310.0
)
UNENHANCED: Final = Levels(
    liver_hu=58.0, portal_hu=42.0, hepatic_hu=42.0, cava_hu=42.0, aorta_hu=42.0
)


@dataclass(frozen=True, slots=True, eq=False)
class PaintedScan:
    """A scan and what was painted, on one grid.

    Parameters
    ----------
    image
        CT.
    liver
        ``STRUCTURE_SCHEME`` codes without vessels: parenchyma alone.
    vessels
        ``STRUCTURE_SCHEME`` codes of the two trees within the liver, 0 elsewhere.
    couinaud
        The liver's segments.
    grown
        The vessels' courses.
    """

    image: ImageVolume
    liver: LabelMap
    vessels: LabelMap
    couinaud: LabelMap
    grown: GrownVessels


def painted_scan(
    codes: NDArray[Any], grid: Geometry, *, spacing_mm: Sequence[float], levels: Levels, seed: int
) -> PaintedScan:
    """Grow vessels into a liver given by its segments and paint a scan of it.

    Parameters
    ----------
    codes
        Couinaud segments on an upright grid of equal steps.
    grid
        Their grid.
    spacing_mm
        Of the scan, along RAS.
    levels
        Brightness of the phase.
    seed
        Of vessels and noise.
    """
    wide = round(MARGIN_MM / grid.spacing_mm[0])
    padded = np.pad(codes, wide)
    around = grid.cropped((-wide,) * 3, _shape(padded.shape))
    vessels = grow_vessels(padded, around, seed=seed)
    scan = _scan_grid(around, spacing_mm)
    couinaud = _resampled_codes(padded, around, scan)
    couinaud[share_inside([vessels.cava], scan) >= HALF] = 0
    shares = {code: share_inside(courses, scan) for code, courses in vessels.trees.items()}
    np.maximum(
        shares[Structure.PORTAL_VEIN],
        share_inside([vessels.trunk], scan),
        out=shares[Structure.PORTAL_VEIN],
    )
    voxels = _painted(couinaud > 0, shares, vessels, scan, levels)
    noisy = _with_noise(voxels, scan, levels.noise_hu, np.random.default_rng(seed))
    trees = np.zeros(scan.shape, np.uint8)
    for code, share in shares.items():
        trees[(share >= LEAST_SHARE) & (couinaud > 0) & (trees == 0)] = code
    liver = np.where(couinaud > 0, Structure.PARENCHYMA, 0).astype(np.uint8)
    return PaintedScan(
        image=ImageVolume(np.rint(noisy).astype(np.int16), scan, Modality.CT),
        liver=LabelMap(liver, scan, STRUCTURE_SCHEME),
        vessels=LabelMap(trees, scan, STRUCTURE_SCHEME),
        couinaud=LabelMap(couinaud, scan, COUINAUD_SCHEME),
        grown=vessels,
    )


def _shape(sizes: Sequence[int]) -> Shape3:
    i, j, k = (int(size) for size in sizes)
    return (i, j, k)


def _scan_grid(around: Geometry, spacing_mm: Sequence[float]) -> Geometry:
    corners = around.corners_ras()
    low, high = corners.min(axis=0), corners.max(axis=0)
    matrix = np.diag((*spacing_mm, 1.0))
    matrix[:3, 3] = low
    return Geometry(_shape(np.floor((high - low) / np.array(spacing_mm)) + 1), matrix)


def _resampled_codes(codes: NDArray[Any], source: Geometry, target: Geometry) -> NDArray[np.uint8]:
    """Return segments on a finer grid: a smooth outline, inside it the nearest segment."""
    where = source.index_from_ras(target.ras_from_index((0, 0, 0)))
    step = np.array(target.spacing_mm) / np.array(source.spacing_mm)
    soft = ndimage.gaussian_filter((codes > 0).astype(np.float32), 0.7)
    inside = ndimage.affine_transform(soft, step, where, target.shape, order=1) >= HALF
    nearest = ndimage.distance_transform_edt(
        codes == 0, return_distances=False, return_indices=True
    )
    filled = codes[tuple(nearest)]
    labels = ndimage.affine_transform(filled, step, where, target.shape, order=0, mode="nearest")
    return np.where(inside, labels, 0).astype(np.uint8)


def _painted(
    liver: NDArray[np.bool_],
    shares: dict[Structure, NDArray[np.float32]],
    vessels: GrownVessels,
    scan: Geometry,
    levels: Levels,
) -> NDArray[np.float32]:
    voxels = _body(vessels.cava, scan, levels)
    _blend(voxels, share_inside([vessels.cava], scan), levels.cava_hu)
    voxels[liver] = levels.liver_hu
    _blend(voxels, shares[Structure.HEPATIC_VEINS], levels.hepatic_hu)
    _blend(voxels, shares[Structure.PORTAL_VEIN], levels.portal_hu)
    blurred: NDArray[np.float32] = ndimage.gaussian_filter(
        voxels, BLUR_MM / np.array(scan.spacing_mm)
    )
    return blurred


def _blend(voxels: NDArray[np.float32], share: NDArray[np.float32], level_hu: float) -> None:
    voxels += share * (np.float32(level_hu) - voxels)


def _body(cava: Course, scan: Geometry, levels: Levels) -> NDArray[np.float32]:
    """Return fat with a wall of muscle, spine and aorta, upright beside the vena cava's middle."""
    middle = cava.points_mm.mean(axis=0)[:2]
    flat = np.full(scan.shape[:2], FAT_HU, dtype=np.float32)
    i, j = np.indices(scan.shape[:2])
    places = scan.ras_from_index(np.stack((i, j, np.zeros_like(i)), axis=-1))[..., :2]
    spine = (places - middle - SPINE_FROM_CAVA_MM) / np.array(SPINE_MM)
    flat[np.hypot(spine[..., 0], spine[..., 1]) <= MUSCLE_TIMES] = MUSCLE_HU
    flat[np.hypot(spine[..., 0], spine[..., 1]) <= 1.0] = BONE_HU
    aorta = (places - middle - AORTA_FROM_CAVA_MM) / AORTA_MM
    flat[np.hypot(aorta[..., 0], aorta[..., 1]) <= 1.0] = levels.aorta_hu
    return np.repeat(flat[:, :, None], scan.shape[2], axis=2)


def _with_noise(
    voxels: NDArray[np.float32], scan: Geometry, noise_hu: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Add noise of neighbouring pixels that know of each other within a slice, as in a real CT."""
    noise = rng.normal(size=scan.shape).astype(np.float32)
    noise = ndimage.gaussian_filter(noise, (0.6, 0.6, 0.0))
    noisy: NDArray[np.float32] = voxels + noise * np.float32(noise_hu / noise.std())
    return noisy
