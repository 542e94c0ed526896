"""Liver masks corrupted on purpose, each in a kind of its own, with the Dice that is left."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

import cc3d
import edt
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME
from remnant.core.volumes import ImageVolume, LabelMap
from remnant.testing.painted_ct import PaintedScan
from segmentation import overlap

Mask = NDArray[np.bool_]
Random = np.random.Generator

LATERAL, AXIAL = 0, 2
TOUCHING_MM, DEEP_MM, RIM_MM = 6.0, 20.0, 5.0
Damage = Callable[[PaintedScan, Random], Mask]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CorruptedLiver:
    """A liver mask that is wrong, in its image.

    ``dice`` is that with the true liver in the patient, wherever the files say it is.
    """

    kind: str
    image: ImageVolume
    liver: LabelMap
    lesions: LabelMap
    dice: float


def corrupted_liver(scan: PaintedScan, kind: str, *, rng: Random) -> CorruptedLiver:
    """Corrupt a scan's true liver in one kind of `KINDS`, how far by chance."""
    true = scan.liver.mask()
    if kind in LIES:
        return LIES[kind](scan, rng)
    mask = {**DAMAGES, **LATE_DAMAGES}[kind](scan, rng)
    return _with_mask(scan, kind, mask, overlap.dice(mask, true))


def thicker(found: CorruptedLiver, slices: int) -> CorruptedLiver:
    """Return the same on slices that are averages of several."""
    old, codes = found.image.geometry, found.liver.codes
    count = old.shape[2] // slices
    shape = (*old.shape[:2], count, slices)
    step = np.diag((1.0, 1.0, float(slices), 1.0))
    step[2, 3] = (slices - 1) / 2
    geometry = Geometry((*old.shape[:2], count), old.affine_ras @ step)

    def averaged(voxels: NDArray[Any]) -> NDArray[np.float32]:
        means: NDArray[np.float32] = (
            voxels[:, :, : count * slices].reshape(shape).mean(axis=3, dtype=np.float32)
        )
        return means

    def labels(voxels: NDArray[Any]) -> LabelMap:
        return LabelMap((averaged(voxels) >= 1 / 2).astype(np.uint8), geometry, BINARY_SCHEME)

    values = np.rint(averaged(found.image.voxels)).astype(np.int16)
    image = ImageVolume(values, geometry, found.image.modality, phase=found.image.phase)
    return replace(found, image=image, liver=labels(codes), lesions=labels(found.lesions.codes))


def _with_mask(scan: PaintedScan, kind: str, mask: Mask, dice: float) -> CorruptedLiver:
    geometry = scan.image.geometry
    lesions = (scan.lesions & mask).astype(np.uint8)
    return CorruptedLiver(
        kind=kind,
        image=scan.image,
        liver=LabelMap(mask.astype(np.uint8), geometry, BINARY_SCHEME),
        lesions=LabelMap(lesions, geometry, BINARY_SCHEME),
        dice=dice,
    )


def _spacing(scan: PaintedScan) -> float:
    return float(np.mean(scan.image.geometry.spacing_mm))


def _distance(mask: Mask, scan: PaintedScan) -> NDArray[np.float32]:
    """Return the distance in mm to a mask, 0 in it."""
    found: NDArray[np.float32] = edt.edt(
        np.asfortranarray(~mask), anisotropy=scan.image.geometry.spacing_mm, parallel=1
    )
    return found


def _depth(mask: Mask, scan: PaintedScan) -> NDArray[np.float32]:
    return _distance(~mask, scan)


def _wobbly(scan: PaintedScan, rng: Random, sd_mm: float) -> Mask:
    """Move the border smoothly to and fro, as a good network does."""
    true = scan.liver.mask()
    field = ndimage.gaussian_filter(rng.normal(size=true.shape), 9.0 / _spacing(scan))
    signed = _depth(true, scan) - _distance(true, scan)
    moved: Mask = signed + field * (sd_mm / field.std()) > 0
    largest: Mask = cc3d.largest_k(moved, k=1, connectivity=26) > 0
    return largest


def good_liver(scan: PaintedScan, *, rng: Random, sd_mm: float) -> CorruptedLiver:
    """Return a liver whose border wanders by ``sd_mm``: what a good network yields."""
    mask = _wobbly(scan, rng, sd_mm) if sd_mm else scan.liver.mask()
    return _with_mask(
        scan, f"border off by {sd_mm:g} mm", mask, overlap.dice(mask, scan.liver.mask())
    )


def _organ(name: str) -> Damage:
    """Take in the whole of a neighbour, or a large part of it, and bridge the gap to it."""

    def damage(scan: PaintedScan, rng: Random) -> Mask:
        true, organ = scan.liver.mask(), scan.organs[name]
        if not organ.any():
            return true
        away = _distance(true, scan)
        reach = rng.uniform(25, 90)
        part = organ & (away < away[organ].min() + reach)
        gap = (away <= away[organ].min() + 2) & (_distance(part, scan) < away[organ].min() + 6)
        taken: Mask = true | part | gap
        return taken

    return damage


def _leak(name: str) -> Damage:
    """Leak into a part of a neighbour about the point where it comes nearest."""

    def damage(scan: PaintedScan, rng: Random) -> Mask:
        true, organ = scan.liver.mask(), scan.organs[name]
        near = np.argwhere(organ & (_distance(true, scan) < TOUCHING_MM))
        if not len(near):
            return true
        centre = near[rng.integers(len(near))]
        return true | (organ & _ball(scan, centre, rng.uniform(25, 70)))

    return damage


def _ball(scan: PaintedScan, centre: NDArray[np.integer], radius_mm: float) -> Mask:
    index: tuple[NDArray[np.number], ...] = np.indices(scan.liver.codes.shape, sparse=True)
    axes = zip(index, centre, scan.image.geometry.spacing_mm, strict=True)
    return np.asarray(sum(((i - c) * s) ** 2 for i, c, s in axes)) < radius_mm**2


def _cut(low: NDArray[np.float64], spread: float) -> Damage:
    """Cut a liver along a plane whose outward normal is about ``low``."""

    def damage(scan: PaintedScan, rng: Random) -> Mask:
        true = scan.liver.mask()
        normal = low + spread * rng.normal(size=3)
        normal /= np.linalg.norm(normal)
        spacing = scan.image.geometry.spacing_mm
        index: tuple[NDArray[np.number], ...] = np.indices(true.shape, sparse=True)
        height = np.asarray(sum(i * s * n for i, s, n in zip(index, spacing, normal, strict=True)))
        limit = np.quantile(height[true], 1 - rng.uniform(0.08, 0.45))
        kept: Mask = true & (height <= limit)
        return kept

    return damage


def _axis(axis: int, sign: float) -> NDArray[np.float64]:
    normal = np.zeros(3)
    normal[axis] = sign
    return normal


def _eroded(scan: PaintedScan, rng: Random) -> Mask:
    mask: Mask = _depth(scan.liver.mask(), scan) > rng.uniform(2.5, 9.0)
    return mask


def _dilated(scan: PaintedScan, rng: Random) -> Mask:
    mask: Mask = _distance(scan.liver.mask(), scan) < rng.uniform(3.0, 10.0)
    return mask


def _shifted(scan: PaintedScan, rng: Random) -> Mask:
    way = rng.normal(size=3)
    way *= rng.uniform(5, 30) / np.linalg.norm(way)
    steps = np.rint(way / np.array(scan.image.geometry.spacing_mm)).astype(int)
    moved: Mask = np.roll(scan.liver.mask(), tuple(int(n) for n in steps), (0, 1, 2))
    return moved


def _bitten(scan: PaintedScan, rng: Random) -> Mask:
    """Leave a large lesion at the surface, or a part like one, out of the liver."""
    mask = scan.liver.mask().copy()
    for _ in range(int(rng.integers(1, 4))):
        places = np.argwhere(mask)
        mask &= ~_ball(scan, places[rng.integers(len(places))], rng.uniform(18, 40))
    return mask


def _hollow(scan: PaintedScan, rng: Random) -> Mask:
    """Leave holes inside."""
    mask = scan.liver.mask().copy()
    deep = np.argwhere(_depth(mask, scan) > DEEP_MM)
    for _ in range(int(rng.integers(2, 6))):
        if len(deep):
            mask &= ~_ball(scan, deep[rng.integers(len(deep))], rng.uniform(15, 30))
    return mask


def _bulging(scan: PaintedScan, rng: Random) -> Mask:
    """Bulge into whatever is beside."""
    mask = scan.liver.mask().copy()
    rim = np.argwhere(mask & (_depth(mask, scan) < RIM_MM))
    for _ in range(int(rng.integers(1, 4))):
        mask |= _ball(scan, rim[rng.integers(len(rim))], rng.uniform(18, 45))
    return mask


def _smoothed_away(scan: PaintedScan, rng: Random) -> Mask:
    """Lose all that a large ball does not fit into: the left lateral part, tips."""
    radius = rng.uniform(12, 26)
    core = _depth(scan.liver.mask(), scan) > radius
    if not core.any():
        return _eroded(scan, rng)
    mask: Mask = _distance(core, scan) < radius
    return mask


def _filled_up(scan: PaintedScan, rng: Random) -> Mask:
    """Fill every notch that a large ball does not fit into."""
    radius = rng.uniform(15, 40)
    near = _distance(scan.liver.mask(), scan) <= radius
    mask: Mask = _depth(near, scan) >= radius
    return mask | scan.liver.mask()


def _slices_missing(scan: PaintedScan, rng: Random) -> Mask:
    mask = scan.liver.mask().copy()
    filled = np.flatnonzero(mask.any(axis=(0, 1)))
    run = max(2, round(rng.uniform(0.12, 0.4) * filled.size))
    first = int(filled[0]) + int(rng.integers(1, max(2, filled.size - run)))
    mask[:, :, first : first + run] = False
    return mask


def _slices_held(scan: PaintedScan, rng: Random) -> Mask:
    """Hold one slice's outline over a run of slices."""
    mask = scan.liver.mask().copy()
    run = max(2, round(rng.uniform(15, 45) / scan.image.geometry.spacing_mm[AXIAL]))
    for first in range(0, mask.shape[2], run):
        mask[:, :, first : first + run] = mask[:, :, [first]]
    return mask


def _ragged(scan: PaintedScan, rng: Random) -> Mask:
    """Let the border wander far, at short range."""
    true = scan.liver.mask()
    field = ndimage.gaussian_filter(rng.normal(size=true.shape), rng.uniform(1, 3))
    signed = _depth(true, scan) - _distance(true, scan)
    ragged: Mask = signed + field * (rng.uniform(5, 12) / field.std()) > 0
    return ragged


def _wandering(scan: PaintedScan, rng: Random) -> Mask:
    """Let the border wander far, at long range: a bad network."""
    return _wobbly(scan, rng, rng.uniform(5, 10))


def _another_organ(scan: PaintedScan, rng: Random) -> Mask:
    """Take a neighbour for the liver."""
    names = [n for n in ("spleen", "stomach", "heart") if scan.organs.get(n, np.False_).any()]
    mask: Mask = scan.organs[names[int(rng.integers(len(names)))]]
    return mask


def _mask_mirrored(scan: PaintedScan, _: Random) -> Mask:
    """Mirror the mask alone, about its own middle."""
    mask = scan.liver.mask()
    filled = np.flatnonzero(mask.any(axis=(1, 2)))
    mirrored = np.zeros_like(mask)
    mirrored[filled[0] : filled[-1] + 1] = mask[filled[-1] : filled[0] - 1 or None : -1][
        : filled[-1] - filled[0] + 1
    ]
    return mirrored


def _turned(scan: PaintedScan, rng: Random) -> Mask:
    """Turn the mask alone about its own centre."""
    angle = np.deg2rad(rng.uniform(12, 40))
    i, j = ((0, 1), (0, 2), (1, 2))[int(rng.integers(3))]
    matrix = np.eye(3)
    matrix[[i, j], [i, j]] = np.cos(angle)
    matrix[i, j], matrix[j, i] = np.sin(angle), -np.sin(angle)
    return _moved(scan.liver.mask(), matrix)


def _enlarged(scan: PaintedScan, rng: Random) -> Mask:
    return _moved(scan.liver.mask(), np.eye(3) / rng.uniform(1.07, 1.25))


def _squeezed(scan: PaintedScan, rng: Random) -> Mask:
    """Press the mask alone together along the body."""
    return _moved(scan.liver.mask(), np.diag((1.0, 1.0, 1.0 / rng.uniform(0.65, 0.9))))


def _moved(mask: Mask, matrix: NDArray[np.float64]) -> Mask:
    """Return a mask under a linear map about its centre; ``matrix`` leads back."""
    centre = np.array(ndimage.center_of_mass(mask))
    moved = ndimage.affine_transform(
        mask.astype(np.float32), matrix, centre - matrix @ centre, order=1
    )
    found: Mask = moved > 1 / 2
    return found


def _patchy(scan: PaintedScan, rng: Random) -> Mask:
    """Lose parts here and there, as an unsure network does."""
    true = scan.liver.mask()
    field = ndimage.gaussian_filter(rng.normal(size=true.shape), 12.0 / _spacing(scan))
    mask: Mask = true & (field > np.quantile(field[true], rng.uniform(0.08, 0.4)))
    return mask


def _all_mirrored(scan: PaintedScan, _: Random) -> CorruptedLiver:
    """Mirror image and mask: the file says the wrong side."""
    true = scan.liver.mask()
    image = replace(scan.image, voxels=np.flip(scan.image.voxels, LATERAL))
    lied = replace(
        scan,
        image=image,
        liver=replace(scan.liver, codes=np.flip(scan.liver.codes, LATERAL)),
        lesions=np.flip(scan.lesions, LATERAL),
    )
    mirrored = lied.liver.mask()
    return _with_mask(
        lied, "file mirrored", mirrored, overlap.dice(_centred(mirrored), _centred(true))
    )


def _centred(mask: Mask) -> Mask:
    middle = (np.array(mask.shape) - 1) / 2
    shift = np.rint(middle - np.array(ndimage.center_of_mass(mask))).astype(int)
    moved: Mask = np.roll(mask, tuple(int(n) for n in shift), (0, 1, 2))
    return moved


def _wrong_spacing(scan: PaintedScan, rng: Random) -> CorruptedLiver:
    """Say that voxels are larger or smaller than they are, along the body or every way."""
    factor = rng.choice((0.5, 0.6, 0.7, 1.4, 1.6, 2.0))
    factors = (1.0, 1.0, factor) if rng.random() < 1 / 2 else (factor**0.7,) * 3
    old = scan.image.geometry
    geometry = Geometry(old.shape, np.diag((*factors, 1.0)) @ old.affine_ras)
    lied = replace(
        scan,
        image=replace(scan.image, geometry=geometry),
        liver=replace(scan.liver, geometry=geometry),
    )
    product = float(np.prod(factors))
    dice = 2 * min(1.0, product) / (1.0 + product)
    return _with_mask(lied, "wrong voxel size", scan.liver.mask(), dice)


DAMAGES: Final[Mapping[str, Damage]] = MappingProxyType(
    {
        "kidney added": _organ("kidney"),
        "spleen added": _organ("spleen"),
        "stomach added": _organ("stomach"),
        "colon added": _organ("colon"),
        "leaked to the heart": _leak("heart"),
        "leaked to the wall": _leak("muscle"),
        "dome cut off": _cut(_axis(AXIAL, 1.0), 0.05),
        "lower tip cut off": _cut(_axis(AXIAL, -1.0), 0.05),
        "right part missing": _cut(_axis(LATERAL, 1.0), 0.25),
        "left part missing": _cut(_axis(LATERAL, -1.0), 0.25),
        "cut obliquely": _cut(np.zeros(3), 1.0),
        "eroded": _eroded,
        "dilated": _dilated,
        "shifted": _shifted,
        "bites": _bitten,
        "holes": _hollow,
        "bulges": _bulging,
        "thin parts smoothed away": _smoothed_away,
        "notches filled": _filled_up,
        "slices missing": _slices_missing,
        "slices held": _slices_held,
        "ragged": _ragged,
        "border wanders": _wandering,
        "another organ": _another_organ,
        "mask mirrored": _mask_mirrored,
    }
)
"""Ways to corrupt a mask, by kind."""

LATE_DAMAGES: Final[Mapping[str, Damage]] = MappingProxyType(
    {"turned": _turned, "enlarged": _enlarged, "squeezed": _squeezed, "patchy": _patchy}
)
"""More ways, added after the figures of the quality light were chosen."""

LIES: Final[Mapping[str, Callable[[PaintedScan, Random], CorruptedLiver]]] = MappingProxyType(
    {"file mirrored": _all_mirrored, "wrong voxel size": _wrong_spacing}
)
"""Ways in which a file can lie about image and mask alike, by kind."""

KINDS: Final = (*DAMAGES, *LATE_DAMAGES, *LIES)
