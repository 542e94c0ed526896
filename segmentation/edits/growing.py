"""Growing a lesion from a point to its border in the scan.

The scan is smoothed within the liver, as little as lets the border stand clear of the noise: by mm,
not by voxels, so that coarse grids are smoothed as well. What the point's surroundings show is
compared with the liver around: the border runs where the scan is half-way between both. What the
liver looks like is told by its commonest value, and how much that varies by the values on the far
side of it: so lesions that nobody marked yet, the one at the point among them, do not count as
liver. Other lesions keep their voxels. Thin bridges to other dark or bright places are cut.

Where what surrounds the region is no liver either, the region is but the core of a lesion, a
necrosis often: it grows on to where that ends. Where there is no border, the region runs out to the
reach that it is allowed, or becomes larger than a lesion may be: that is refused, never cut to fit.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.boxes import Box, bounding_box, box_start, margin_voxels, widened
from remnant.core.errors import InputError
from remnant.core.geometry import Geometry, Vector3
from remnant.core.labels import Structure
from remnant.core.volumes import ImageVolume

Mask = NDArray[np.bool_]

SMOOTHINGS_MM: Final = (1.2, 1.7, 2.4, 3.4)
CLEAR_CONTRAST_SD: Final = 6.0
"""Of the smoothed liver: from here on half-way is three deviations off, and no more is smoothed."""
SEED_MM: Final = 3.0
"""What is looked at around the point, for what the lesion looks like..."""
REACH_MM: Final = 60.0
"""... and for what the liver around it does; and how far a region may reach."""
MOST_ML: Final = 500.0
LEAST_CONTRAST_SD: Final = 3.0
"""Of the smoothed liver: below this no border is seen, and noise joins places that are apart."""
RING_SD: Final = 2.0
"""Of the smoothing: so far from the region a border's blur has ended..."""
RING_MM: Final = 3.0
"""... and so wide is what is looked at there, for whether it is liver."""
RING_SHARE: Final = 0.25
"""A rim may be thinner than the ring, which holds liver too then: so its level is that of the
quarter that is least like liver..."""
RING_CONTRAST_SD: Final = 4.5
"""... and has to stand so far off the liver."""
MOST_RINGS: Final = 3
FEWEST_VOXELS: Final = 50
BINS: Final = 96
BIN_SD: Final = 2.0
LARGEST_SHARE_AT_REACH: Final = 0.01
BRIDGE_MM: Final = 1.5
TINY: Final = 1e-6
TO_SD: Final = 1.4826
"""From the median absolute deviation to the standard deviation of a normal distribution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """A region that was grown: a box of the scan, and a mask of its shape."""

    box: Box
    mask: Mask


def grown(
    image: ImageVolume,
    structures: NDArray[Any],
    seed_mm: Vector3,
    *,
    taken: Mask | None = None,
    reach_mm: float = REACH_MM,
    most_ml: float = MOST_ML,
) -> Grown:
    """Grow a region from a point to its border within the liver.

    Parameters
    ----------
    image
        The scan.
    structures
        Codes of ``STRUCTURE_SCHEME`` on its grid; lesions that are known already are no part of
        the liver that the region is compared with.
    seed_mm
        A point inside the lesion, in RAS mm.
    taken
        Voxels of other lesions, where the region must not grow; ``None`` for none.
    reach_mm, most_ml
        How far from the point the region may reach, and how large it may be.

    Raises
    ------
    InputError
        The point lies outside the liver or in another lesion, no border is seen there, or the
        region runs out.
    """
    grid = image.geometry
    seed = _seed(grid, structures, seed_mm)
    tight = (slice(seed[0], seed[0] + 1), slice(seed[1], seed[1] + 1), slice(seed[2], seed[2] + 1))
    box = widened(tight, margin_voxels(grid, reach_mm + BRIDGE_MM), grid.shape)
    at = tuple(int(n) for n in np.array(seed) - box_start(box))
    free = np.ones(structures[box].shape, dtype=bool) if taken is None else ~taken[box]
    if not free[at]:
        raise InputError("the point lies in another lesion; choose that one, or click elsewhere")
    away_mm = _distances_mm(grid, box, seed_mm)
    place = _Place(image.voxels[box], structures[box], away_mm, free, grid)
    limit = _Limit(away_mm, grid, reach_mm, most_ml)
    scene = place.scene(place.core(), place.liver)
    scene.require_contrast()
    open_ = (away_mm <= reach_mm) & free & place.liver
    mask = _part_of(scene.alike & open_, at, grid)
    limit.require(mask)
    return Grown(box=box, mask=_with_rim(at, mask, scene, place, limit, open_))


@dataclass(frozen=True, slots=True, eq=False)
class _Scene:
    """A smoothed scan, and what it shows in a place (``here``) and in the liver (``there``)."""

    values: NDArray[np.float32]
    smooth_mm: float
    here: float
    there: float
    deviation: float

    @property
    def darker(self) -> bool:
        """Whether the place is darker than the liver."""
        return self.here < self.there

    @property
    def contrast_sd(self) -> float:
        """How far the place stands off the liver, in the liver's deviations."""
        return abs(self.here - self.there) / max(self.deviation, TINY)

    @property
    def alike(self) -> Mask:
        """The voxels on the place's side of half-way to the liver."""
        half = (self.here + self.there) / 2
        return self.values < half if self.darker else self.values > half

    def require_contrast(self) -> None:
        """Raise where the place looks like the liver."""
        if self.contrast_sd < LEAST_CONTRAST_SD:
            raise InputError(
                f"the scan at the point ({self.here:.0f}) is too like the liver around it "
                f"({self.there:.0f} ± {self.deviation:.0f}) to see a border; paint the lesion"
            )


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """What there is in reach of the point."""

    voxels: NDArray[Any]
    structures: NDArray[Any]
    away_mm: NDArray[np.float32]
    free: Mask
    grid: Geometry

    @property
    def liver(self) -> Mask:
        """The liver, with all that it holds."""
        found: Mask = self.structures > 0
        return found

    def core(self) -> Mask:
        """Return what is looked at around the point."""
        return self.liver & (self.away_mm <= max(SEED_MM, float(self.away_mm.min())))

    def scene_around(self, mask: Mask, seen: _Scene) -> _Scene | None:
        """Return what surrounds a region, which is left out of it; ``None`` where that is liver."""
        ring, beyond = self._ring(mask, seen.smooth_mm)
        if not ring.any():
            return None
        off = float(np.median(seen.values[ring])) - seen.there
        if (off < 0) is not seen.darker or abs(off) < seen.deviation:
            return None
        share = RING_SHARE if seen.darker else 1 - RING_SHARE
        found = self.scene(ring, self.liver & beyond, share)
        clear = found.contrast_sd >= RING_CONTRAST_SD
        return found if clear and found.darker is seen.darker else None

    def _ring(self, mask: Mask, smooth_mm: float) -> tuple[Mask, Mask]:
        """Return the liver around a region beyond its border's blur, and all that lies beyond."""
        coarse = max(self.grid.spacing_mm)
        near = max(RING_SD * smooth_mm, coarse / 2)
        far = near + max(RING_MM, coarse)
        steps = margin_voxels(self.grid, far)
        box = widened(bounding_box(mask, what="a region"), steps, mask.shape)
        away = ndimage.distance_transform_edt(~mask[box], sampling=self.grid.spacing_mm)
        ring, beyond = np.zeros_like(mask), np.ones_like(mask)
        beyond[box] = away > near
        ring[box] = beyond[box] & (away <= far) & self.free[box]
        return ring & (self.structures == Structure.PARENCHYMA), beyond

    def scene(self, here: Mask, within: Mask, share: float = 0.5) -> _Scene:
        """Return the least smoothed scene where a place stands clear, else the clearest.

        The place's level is that which a share of its voxels lie below.
        """
        around = (self.structures == Structure.PARENCHYMA) & (self.away_mm > SEED_MM) & within
        if int(np.count_nonzero(around)) < FEWEST_VOXELS:
            raise InputError(
                "there is too little liver around the point to compare it with; paint the lesion"
            )
        best = self._scene(SMOOTHINGS_MM[0], here, around, within, share)
        for smooth_mm in SMOOTHINGS_MM[1:]:
            if best.contrast_sd >= CLEAR_CONTRAST_SD:
                break
            smoother = self._scene(smooth_mm, here, around, within, share)
            best = max(best, smoother, key=lambda scene: scene.contrast_sd)
        return best

    def _scene(
        self, smooth_mm: float, here: Mask, around: Mask, within: Mask, share: float
    ) -> _Scene:
        values = _smoothed(self.voxels, within, smooth_mm, self.grid)
        level = float(np.quantile(values[here], share))
        return _Scene(values, smooth_mm, level, *_liver_level(values[around], level))


@dataclass(frozen=True, slots=True, eq=False)
class _Limit:
    """How far a region may reach, and how large it may be."""

    away_mm: NDArray[np.float32]
    grid: Geometry
    reach_mm: float
    most_ml: float

    def leaks(self, mask: Mask) -> bool:
        """Tell whether a region is too large or runs out to its reach."""
        rim = self.away_mm > self.reach_mm - max(self.grid.spacing_mm)
        at_reach = int(np.count_nonzero(mask & rim))
        return self._ml(mask) > self.most_ml or (
            at_reach > LARGEST_SHARE_AT_REACH * int(np.count_nonzero(mask))
        )

    def require(self, mask: Mask) -> None:
        """Raise where a region leaks."""
        if not self.leaks(mask):
            return
        ml, far_mm = self._ml(mask), float(self.away_mm[mask].max())
        found = (
            f"it became larger than {self.most_ml:g} mL"
            if ml > self.most_ml
            else f"{ml:.0f} mL, it runs on {far_mm:.0f} mm from the point, to where looking ends"
        )
        raise InputError(
            f"the region leaks: {found}; click in the lesion's middle, erase what joins it to "
            f"another place, paint it, or draw a box around it"
        )

    def _ml(self, mask: Mask) -> float:
        return int(np.count_nonzero(mask)) * self.grid.voxel_volume_ml


def _with_rim(
    at: tuple[int, ...], core: Mask, scene: "_Scene", place: "_Place", limit: "_Limit", open_: Mask
) -> Mask:
    """Let a region grow on for as long as what surrounds it is no liver."""
    mask = core
    for _ in range(MOST_RINGS):
        beyond = place.scene_around(mask, scene)
        if beyond is None:
            break
        wider = _part_of((beyond.alike & open_) | mask, at, place.grid)
        if limit.leaks(wider):
            break
        mask, scene = wider, beyond
    return mask


def _seed(grid: Geometry, structures: NDArray[Any], seed_mm: Vector3) -> tuple[int, int, int]:
    i, j, k = (int(n) for n in np.rint(grid.index_from_ras(seed_mm)))
    held = all(0 <= at < size for at, size in zip((i, j, k), grid.shape, strict=True))
    if not held or structures[i, j, k] == Structure.BACKGROUND:
        raise InputError("the point lies outside the liver; click inside a lesion of the liver")
    return (i, j, k)


def _distances_mm(grid: Geometry, box: Box, seed_mm: Vector3) -> NDArray[np.float32]:
    i, j, k = np.ix_(*(np.arange(side.start, side.stop) for side in box))
    squares = [
        (row[0] * i + row[1] * j + row[2] * k + row[3] - at) ** 2
        for row, at in zip(grid.affine_ras[:3], seed_mm, strict=True)
    ]
    found: NDArray[np.float32] = np.sqrt(squares[0] + squares[1] + squares[2]).astype(np.float32)
    return found


def _smoothed(
    values: NDArray[Any], liver: Mask, smooth_mm: float, grid: Geometry
) -> NDArray[np.float32]:
    """Smooth within the liver, whose surface would else be blurred by what lies outside."""
    sigma = [smooth_mm / step for step in grid.spacing_mm]
    weights = ndimage.gaussian_filter(liver.astype(np.float32), sigma)
    sums = ndimage.gaussian_filter(np.where(liver, values, 0).astype(np.float32), sigma)
    smooth: NDArray[np.float32] = sums / np.maximum(weights, TINY)
    return smooth


def _liver_level(values: NDArray[np.float32], seed: float) -> tuple[float, float]:
    """Return the commonest value, and the deviation on the side away from the seed's."""
    low, high = np.percentile(values, (1, 99))
    counts, edges = np.histogram(values, bins=BINS, range=(float(low), float(high) + 1e-3))
    smooth = ndimage.gaussian_filter1d(counts.astype(np.float64), BIN_SD)
    peak = int(smooth.argmax())
    common = float(edges[peak] + edges[peak + 1]) / 2
    beyond = values[values > common] if seed < common else values[values < common]
    return common, TO_SD * float(np.median(np.abs(beyond - common))) if beyond.size else 0.0


def _part_of(within: Mask, at: tuple[int, ...], grid: Geometry) -> Mask:
    """Return the part that holds a voxel, without what hangs on it by thin bridges, filled."""
    if not within[at]:
        raise InputError("no border is seen around the point; click farther inside, or paint")
    brush = _ball(grid)
    opened = ndimage.binary_opening(within, brush)
    kept = opened if opened[at] else within
    # by faces: noise joins many a voxel by its corners
    parts, _ = ndimage.label(kept)
    part = parts == parts[at]
    if opened[at]:  # what opening took from the region's own rim comes back
        part = ndimage.binary_dilation(part, brush) & within
    filled: Mask = ndimage.binary_fill_holes(part)
    return filled


def _ball(grid: Geometry) -> Mask:
    reach = margin_voxels(grid, BRIDGE_MM)
    i, j, k = np.ix_(*(np.arange(-n, n + 1) for n in reach))
    matrix = grid.affine_ras[:3, :3]
    squares = [(row[0] * i + row[1] * j + row[2] * k) ** 2 for row in matrix]
    ball: Mask = squares[0] + squares[1] + squares[2] <= BRIDGE_MM**2
    return ball
