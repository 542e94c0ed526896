"""Scans spoilt on purpose, as files from elsewhere are, with what is still true about the liver.

Each spoils the scan, the true liver or both; where the file lies about the world (its voxel size, a
side) the liver is right on the grid and wrong in the body: ``world_dice`` says how far.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME
from remnant.core.volumes import ImageVolume, LabelMap
from segmentation import overlap

Mask = NDArray[np.bool_]
LATERAL, ANTERIOR, AXIAL = 0, 1, 2
AIR_HU: Final = -1000.0


@dataclass(frozen=True, slots=True, eq=False)
class TrueScan:
    """A scan on a grid along RAS and the true liver in it; ``world_dice`` is 1 for a true file."""

    image: ImageVolume
    liver: LabelMap
    world_dice: float = 1.0

    @property
    def voxels(self) -> NDArray[np.float32]:
        """The scan's values as a copy."""
        return self.image.voxels.astype(np.float32)


Spoiler = Callable[[TrueScan, np.random.Generator], TrueScan]


def with_values(scan: TrueScan, values: NDArray[Any]) -> TrueScan:
    """Return a scan with other values, rounded as stored CT values are."""
    rounded = np.clip(np.rint(values), -2048, 3071).astype(np.int16)
    image = replace(scan.image, voxels=rounded)
    return replace(scan, image=image)


def on_other_voxels(
    scan: TrueScan, values: NDArray[Any], liver: Mask, geometry: Geometry
) -> TrueScan:
    """Return a scan of other voxels."""
    image = ImageVolume(
        np.clip(np.rint(values), -2048, 3071).astype(np.int16),
        geometry,
        scan.image.modality,
        phase=scan.image.phase,
    )
    return replace(
        scan, image=image, liver=LabelMap(liver.astype(np.uint8), geometry, BINARY_SCHEME)
    )


def _offset(scan: TrueScan, _: np.random.Generator, *, hu: float) -> TrueScan:
    return with_values(scan, scan.voxels + hu)


def _stretched(scan: TrueScan, _: np.random.Generator, *, factor: float) -> TrueScan:
    return with_values(scan, scan.voxels * factor)


def _windowed(scan: TrueScan, _: np.random.Generator, *, low: float, high: float) -> TrueScan:
    return with_values(scan, np.clip(scan.voxels, low, high))


def _noisy(scan: TrueScan, rng: np.random.Generator, *, sd: float) -> TrueScan:
    return with_values(scan, scan.voxels + rng.normal(0.0, sd, scan.image.voxels.shape))


def _blurred(scan: TrueScan, _: np.random.Generator, *, mm: float) -> TrueScan:
    sigma = [mm / spacing for spacing in scan.image.geometry.spacing_mm]
    return with_values(scan, ndimage.gaussian_filter(scan.voxels, sigma))


def _thick(scan: TrueScan, _: np.random.Generator, *, slices: int) -> TrueScan:
    """Average runs of slices into one."""
    count = scan.image.geometry.shape[2] // slices
    used = slice(0, count * slices)
    shape = (*scan.image.geometry.shape[:2], count, slices)
    values = scan.voxels[:, :, used].reshape(shape).mean(axis=3)
    liver = scan.liver.mask()[:, :, used].reshape(shape).mean(axis=3) > 1 / 2
    step = np.diag((1.0, 1.0, float(slices), 1.0))
    step[2, 3] = (slices - 1) / 2
    i, j, k = values.shape
    geometry = Geometry((i, j, k), scan.image.geometry.affine_ras @ step)
    return on_other_voxels(scan, values, liver, geometry)


def _cut(scan: TrueScan, _: np.random.Generator, *, axis: int, low: float, high: float) -> TrueScan:
    """Keep the part of the scan between two shares of the liver's extent along an axis."""
    filled = np.flatnonzero(scan.liver.mask().any(axis=tuple({0, 1, 2} - {axis})))
    size, length = scan.image.geometry.shape[axis], int(filled[-1] - filled[0]) + 1
    first = 0 if low <= 0 else int(filled[0]) + round(low * length)
    last = size if high >= 1 else int(filled[0]) + round(high * length)
    start, shape = [0, 0, 0], list(scan.image.geometry.shape)
    start[axis], shape[axis] = first, last - first
    box = tuple(slice(a, a + n) for a, n in zip(start, shape, strict=True))
    geometry = scan.image.geometry.cropped(
        (start[0], start[1], start[2]), (shape[0], shape[1], shape[2])
    )
    return on_other_voxels(scan, scan.voxels[box], scan.liver.mask()[box], geometry)


def _mirrored(scan: TrueScan, _: np.random.Generator, *, axis: int) -> TrueScan:
    """Exchange two sides: the file says one thing, the body lies the other way."""
    liver = scan.liver.mask()
    flipped = on_other_voxels(
        scan, np.flip(scan.voxels, axis), np.flip(liver, axis), scan.image.geometry
    )
    return replace(
        flipped, world_dice=overlap.dice(_centred(liver), _centred(np.flip(liver, axis)))
    )


def _misplaced(
    scan: TrueScan, _: np.random.Generator, *, factors: tuple[float, float, float]
) -> TrueScan:
    """Say that voxels are larger or smaller than they are."""
    old = scan.image.geometry
    geometry = Geometry(old.shape, np.diag((*factors, 1.0)) @ old.affine_ras)
    product = float(np.prod(factors))
    liver = scan.liver.mask()
    lied = on_other_voxels(scan, scan.voxels, liver, geometry)
    return replace(lied, world_dice=2 * min(1.0, product) / (1.0 + product))


def _turned(
    scan: TrueScan, _: np.random.Generator, *, degrees: float, axes: tuple[int, int]
) -> TrueScan:
    values = ndimage.rotate(scan.voxels, degrees, axes=axes, reshape=False, order=1, cval=AIR_HU)
    part = scan.liver.mask().astype(np.float32)
    liver = ndimage.rotate(part, degrees, axes=axes, reshape=False, order=1) > 1 / 2
    return on_other_voxels(scan, values, liver, scan.image.geometry)


def _slices_lost(scan: TrueScan, _: np.random.Generator, *, share: float) -> TrueScan:
    """Lose a run of slices in the middle of the liver and close up the gap."""
    filled = np.flatnonzero(scan.liver.mask().any(axis=(0, 1)))
    run = round(share * filled.size)
    first = int(filled[0]) + (filled.size - run) // 2
    kept = np.r_[0:first, first + run : scan.image.geometry.shape[2]]
    return _of_slices(scan, kept)


def _slices_doubled(scan: TrueScan, _: np.random.Generator, *, share: float) -> TrueScan:
    """Store a run of slices in the middle of the liver twice."""
    filled = np.flatnonzero(scan.liver.mask().any(axis=(0, 1)))
    run = round(share * filled.size)
    first = int(filled[0]) + (filled.size - run) // 2
    kept = np.r_[0 : first + run, first : scan.image.geometry.shape[2]]
    return _of_slices(scan, kept)


def _of_slices(scan: TrueScan, kept: NDArray[np.intp]) -> TrueScan:
    old, liver = scan.image.geometry, scan.liver.mask()
    i, j, _ = old.shape
    geometry = Geometry((i, j, len(kept)), old.affine_ras)
    changed = on_other_voxels(scan, scan.voxels[:, :, kept], liver[:, :, kept], geometry)
    before, after = (int(np.count_nonzero(m)) for m in (liver, liver[:, :, kept]))
    return replace(changed, world_dice=2 * min(before, after) / (before + after))


def _shaken(scan: TrueScan, rng: np.random.Generator, *, mm: float) -> TrueScan:
    """Move every slice by itself, as a breathing patient does."""
    values, liver = scan.voxels, scan.liver.mask().copy()
    reach = mm / scan.image.geometry.spacing_mm[0]
    for k in range(values.shape[2]):
        shift = tuple(int(n) for n in np.rint(rng.normal(0.0, reach, 2)))
        values[:, :, k] = np.roll(values[:, :, k], shift, (0, 1))
        liver[:, :, k] = np.roll(liver[:, :, k], shift, (0, 1))
    return on_other_voxels(scan, values, liver, scan.image.geometry)


def _centred(mask: Mask) -> Mask:
    """Return a mask with its centre of mass in the middle of the array."""
    middle = (np.array(mask.shape) - 1) / 2
    shift = np.rint(middle - np.array(ndimage.center_of_mass(mask))).astype(int)
    moved: Mask = np.roll(mask, tuple(int(n) for n in shift), (0, 1, 2))
    return moved


SPOILERS: Final[Mapping[str, Mapping[str, Spoiler]]] = MappingProxyType(
    {
        "as it is": {"": lambda scan, _: scan},
        "offset": {
            f"{hu:+d} HU": partial(_offset, hu=hu) for hu in (-1024, -200, -100, -50, 50, 100, 200)
        },
        "stretched": {f"x {f:g}": partial(_stretched, factor=f) for f in (0.25, 0.5, 2.0)},
        "window": {
            f"{low:g} to {high:g} HU": partial(_windowed, low=low, high=high)
            for low, high in ((-160.0, 240.0), (-20.0, 80.0), (20.0, 60.0))
        },
        "noise": {f"{sd} HU": partial(_noisy, sd=sd) for sd in (30, 60, 120, 240)},
        "blur": {f"{mm} mm": partial(_blurred, mm=mm) for mm in (4, 8)},
        "thick slices": {f"{n} slices": partial(_thick, slices=n) for n in (2, 4)},
        "truncated": {
            "dome": partial(_cut, axis=AXIAL, low=0.0, high=0.65),
            "tip": partial(_cut, axis=AXIAL, low=0.35, high=1.0),
            "half": partial(_cut, axis=AXIAL, low=0.5, high=1.0),
            "right side": partial(_cut, axis=LATERAL, low=0.0, high=0.6),
            "left side": partial(_cut, axis=LATERAL, low=0.45, high=1.0),
            "slab": partial(_cut, axis=AXIAL, low=0.35, high=0.7),
        },
        "mirrored": {
            name: partial(_mirrored, axis=axis)
            for axis, name in enumerate(("left and right", "front and back", "top and bottom"))
        },
        "wrong voxel size": {
            f"{x:g} x {y:g} x {z:g}": partial(_misplaced, factors=(x, y, z))
            for x, y, z in (
                (1.0, 1.0, 0.5), (1.0, 1.0, 0.7), (1.0, 1.0, 1.5), (1.0, 1.0, 2.0),
                (0.7, 0.7, 0.7), (0.8, 0.8, 1.0), (1.3, 1.3, 1.0), (1.4, 1.4, 1.4),
            )
        },
        "turned": {
            f"{degrees} degrees{name}": partial(_turned, degrees=degrees, axes=axes)
            for degrees, axes, name in (
                (20, (0, 1), ""), (45, (0, 1), ""), (90, (0, 1), ""), (30, (1, 2), " forward"),
            )
        },
        "slices lost": {f"{s:.0%}": partial(_slices_lost, share=s) for s in (0.2, 0.35)},
        "slices doubled": {f"{s:.0%}": partial(_slices_doubled, share=s) for s in (0.3, 0.5)},
        "shaken": {f"{mm} mm": partial(_shaken, mm=mm) for mm in (6, 15)},
    }
)  # fmt: skip
"""Spoilers by kind and name."""


SPOILING_SEED: Final = 1


def spoilers() -> Iterator[tuple[str, str, Spoiler]]:
    """Yield kind, name and spoiler of every one."""
    for kind, named in SPOILERS.items():
        for name, spoil in named.items():
            yield kind, name, spoil
