"""Where the values of an image lie against those of a CT: shift and scale, from its histogram."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

AIR_HU = (-1060.0, -940.0)
BODY_HU = (-200.0, 3000.0)
SOFT_TISSUE_HU = (-20.0, 200.0)
FAT_TO_SOFT_TISSUE_HU = (-150.0, 200.0)
LEAST_AIR_FRACTION = 0.005
LEAST_BODY_FRACTION = 0.05
LEAST_SOFT_TISSUE_FRACTION = 0.30
LEAST_FAT_TO_SOFT_TISSUE_FRACTION = 0.60
BIN_HU = 4.0
LARGEST_SHIFT_HU = 2600.0
LARGEST_VALUE_HU = 6000.0
SCALES = tuple(scale for scale in np.geomspace(0.3, 4.0, 61) if not 0.75 < scale < 1.34)  # noqa: PLR2004
AIR_PEAK_HU = 50.0
SHARPNESS = 3.0
LEAST_SCALED_AIR_FRACTION = 0.05
SCALE_SAMPLES = 100_000
LEAST_EDGE_FRACTION = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Values of an image, those of its padding apart.

    Parameters
    ----------
    values
        One axis; every n-th voxel of a large image.
    padding
        The one value that fills most of the image's edges, ``None`` where there is none.
    padding_fraction
        Share of the voxels that hold it.
    """

    values: NDArray[Any]
    padding: float | None
    padding_fraction: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How much of a sample lies where a CT's values would, if it were shifted.

    Fractions: ``air`` of all voxels, padding among them where it is as air would be, and ``body``
    of all but padding; ``soft`` and ``fat_to_soft`` of the body.
    """

    air: float
    body: float
    soft: float
    fat_to_soft: float

    @property
    def tissue(self) -> bool:
        """Whether fat and soft tissue are as in a CT."""
        return (
            self.body >= LEAST_BODY_FRACTION
            and self.soft >= LEAST_SOFT_TISSUE_FRACTION
            and self.fat_to_soft >= LEAST_FAT_TO_SOFT_TISSUE_FRACTION
        )

    @property
    def whole(self) -> bool:
        """Whether air is there as well."""
        return self.tissue and self.air >= LEAST_AIR_FRACTION


def edge_value(voxels: NDArray[Any]) -> float | None:
    """Return the one value that fills most of an image's edges: padding, or air of one number.

    It must hold 40 % or more of the voxels on the twelve edges of the array: outside the circle of
    reconstruction, or around a volume that was turned or cropped. ``None`` where no value does.
    """
    ends = [sorted({0, n - 1}) for n in voxels.shape]
    lines = (
        voxels[:, ends[1]][:, :, ends[2]],
        voxels[ends[0]][:, :, ends[2]],
        voxels[ends[0]][:, ends[1]],
    )
    values, counts = np.unique(np.concatenate([line.ravel() for line in lines]), return_counts=True)
    most = int(counts.argmax())
    dominant = counts[most] >= LEAST_EDGE_FRACTION * counts.sum()
    return float(values[most]) if dominant else None


def without_padding(values: NDArray[Any], padding: float | None) -> Sample:
    """Set the value of padding apart."""
    flat = values.ravel()
    if padding is None:
        return Sample(flat, None, 0.0)
    rest = flat[flat != padding]
    return Sample(rest, padding, 1.0 - rest.size / flat.size)


def fit(sample: Sample, shift_hu: float = 0.0) -> Fit:
    """Judge a sample as that of a CT whose values are too high by ``shift_hu``."""
    values = sample.values
    body = values[(values > BODY_HU[0] + shift_hu) & (values < BODY_HU[1] + shift_hu)]
    air = _fraction_within(values, AIR_HU, shift_hu) * (1.0 - sample.padding_fraction)
    if sample.padding is not None and AIR_HU[0] <= sample.padding - shift_hu <= AIR_HU[1]:
        air += sample.padding_fraction
    return Fit(
        air=air,
        body=body.size / max(1, values.size),
        soft=_fraction_within(body, SOFT_TISSUE_HU, shift_hu),
        fat_to_soft=_fraction_within(body, FAT_TO_SOFT_TISSUE_HU, shift_hu),
    )


def _fraction_within(
    values: NDArray[Any], limits: tuple[float, float], shift_hu: float = 0.0
) -> float:
    if values.size == 0:
        return 0.0
    low, high = (limit + shift_hu for limit in limits)
    return float(((values >= low) & (values <= high)).mean())


def likeliest_shift(values: NDArray[Any]) -> float:
    """Return by how much values are higher than a CT's, in HU, as far as their histogram tells.

    The shift under which they are likeliest as draws from a mixture of air, lung, fat, soft tissue
    and bone; steps of 4 HU. It is a number for any image: `fit` says whether it makes a CT.
    """
    edges = np.arange(-LARGEST_VALUE_HU, LARGEST_VALUE_HU + BIN_HU, BIN_HU)
    counts = _counts_in_bins(values, edges)
    steps = round(LARGEST_SHIFT_HU / BIN_HU)
    # padded with the floor, so that every shift is compared over the whole histogram
    likelihood = np.pad(_log_density(), steps, mode="edge")
    scores = np.correlate(likelihood, counts.astype(np.float64), mode="valid")
    return float((steps - int(scores.argmax())) * BIN_HU)


def _counts_in_bins(values: NDArray[Any], edges: NDArray[np.float64]) -> NDArray[np.intp]:
    """Count as `numpy.histogram` does, faster, as the bins are even; the last one is closed."""
    place = (np.clip(values, edges[0], edges[-1]) - edges[0]) / (edges[1] - edges[0])
    last = edges.size - 2
    return np.bincount(np.minimum(place.astype(np.intp), last), minlength=last + 1)


@cache
def _log_density() -> NDArray[np.float64]:
    hu = np.arange(-LARGEST_VALUE_HU, LARGEST_VALUE_HU, BIN_HU) + BIN_HU / 2
    density = (
        0.25 * _peak(hu, -1000.0, 30.0)
        + 0.10 * _plateau(hu, -950.0, -500.0)
        + 0.20 * _peak(hu, -100.0, 25.0)
        + 0.30 * _peak(hu, 50.0, 35.0)
        + 0.10 * _plateau(hu, -200.0, 250.0)
        + 0.05 * _plateau(hu, -1000.0, 1500.0)
    )
    logarithm: NDArray[np.float64] = np.log(density + 1e-7)
    return logarithm


def _peak(hu: NDArray[np.float64], centre: float, deviation: float) -> NDArray[np.float64]:
    height = 1.0 / (deviation * np.sqrt(2 * np.pi))
    density: NDArray[np.float64] = height * np.exp(-0.5 * ((hu - centre) / deviation) ** 2)
    return density


def _plateau(hu: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    density: NDArray[np.float64] = ((hu >= low) & (hu < high)) / (high - low)
    return density


def peak_of_air(sample: Sample, shift_hu: float) -> float | None:
    """Return the median of what lies where air would, shifted; ``None`` where hardly any does."""
    low, high = (limit + shift_hu for limit in AIR_HU)
    air = sample.values[(sample.values >= low) & (sample.values <= high)]
    enough = air.size >= LEAST_AIR_FRACTION * sample.values.size
    return float(np.median(air)) if enough else None


def has_sharp_air(sample: Sample, shift_hu: float) -> bool:
    """Tell whether what lies where air would, shifted, is one narrow peak, as lung is not."""
    peak = peak_of_air(sample, shift_hu)
    if peak is None:
        return False
    near = _fraction_within(sample.values, (-AIR_PEAK_HU, AIR_PEAK_HU), peak)
    above = _fraction_within(sample.values, (AIR_PEAK_HU, 3 * AIR_PEAK_HU), peak)
    return near >= SHARPNESS * above


def likeliest_scale(sample: Sample) -> float | None:
    """Return by what a CT's values were multiplied, ``None`` where nothing shows that they were.

    Asked for: the lowest values are air, 5 % of the voxels or more, and fat and soft tissue lie in
    a CT's relation to it, by a factor of 0.3 to 4 that is not about 1.
    """
    step = max(1, sample.values.size // SCALE_SAMPLES)
    thin = sample.values[::step]
    found = [(_scaled(thin, scale), scale) for scale in SCALES]
    share, scale = max(found)
    return float(scale) if share else None


def _scaled(values: NDArray[Any], scale: float) -> float:
    """Return the share of soft tissue in the body if values were scaled; 0 where they were not."""
    tried = Sample(values / scale, None, 0.0)
    fitted = fit(tried)
    lower = float((tried.values < AIR_HU[0]).mean())
    is_air = fitted.air >= LEAST_SCALED_AIR_FRACTION and lower <= LEAST_AIR_FRACTION
    return fitted.fat_to_soft if fitted.tissue and is_air else 0.0
