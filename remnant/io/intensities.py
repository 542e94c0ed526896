"""What voxel values say about how an image was made, and how they become Hounsfield units."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import InputError
from remnant.core.volumes import Modality
from remnant.io.intensity_scale import (
    AIR_HU,
    Fit,
    Sample,
    edge_value,
    fit,
    has_sharp_air,
    likeliest_scale,
    likeliest_shift,
    peak_of_air,
    without_padding,
)

SAMPLES_WANTED = 2_000_000
SMALLEST_CT_RANGE_HU = 100.0
LEAST_TISSUE_RANGE_HU = 20.0
LARGEST_BYTE = 255.0
LEAST_BYTE_RANGE = 200.0
LEAST_CUT_FRACTION = 0.01
FAT_HU = -80.0
FAT_PEAK_HU = (-130.0, -70.0)
LEAST_MOVED_RATIO = 1.5
LEAST_FAT_FRACTION = 0.001
LIVER_HU = (-20.0, 200.0)
WATER_HU = (-20.0, 15.0)
LEAST_LIVER_FRACTION = 0.85
MOST_WATER_FRACTION = 0.35
LEAST_BODY_FRACTION = 0.01
LEAST_BODY_ALONE_FRACTION = 0.9
LARGEST_CALIBRATION_ERROR_HU = 80.0
LUNG_SHIFT_HU = 300.0
AIR_AS_MEASURED_HU = -996.0
KNOWN_INTERCEPTS_HU = (1024.0, 1000.0, -1024.0, -1000.0)
NEAR_INTERCEPT_HU = 40.0
PLAUSIBLE_HU = (-1100.0, 3072.0)
LOWEST_TISSUE_HU = -900.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """Whether values are Hounsfield units.

    ``hounsfield`` is ``True`` when they prove it, ``False`` when they exclude it and ``None`` when
    they decide nothing; ``reason`` says by what, for people. ``offset_hu`` is what would have to be
    added to every value to make them Hounsfield units, ``None`` where nothing shows it.
    """

    hounsfield: bool | None
    reason: str
    offset_hu: float | None = None


def hounsfield_evidence(voxels: NDArray[Any]) -> Evidence:
    """Judge by the values alone whether an image is a CT in Hounsfield units.

    Padding, one number on most of the image's edges, is set apart first. Proven: air at -1000 HU in
    0.5 % of the voxels or more (air of one number counts), at least 5 % body (-200 to 3000 HU), of
    which 30 % or more are soft tissue (-20 to 200 HU) and 60 % or more fat to soft tissue (-150 to
    200 HU), and no shift under which the histogram would fit a CT's better by more than 80 HU.

    Excluded: one value only; a range below 100 or of one byte; air, fat and soft tissue in a CT's
    relation to each other but shifted by more than 80 HU, or scaled; hardly any voxel of a body; no
    value as low as fat (-80 HU) in what is not liver alone. Anything else decides nothing, as a CT
    cropped to the liver. These are rules of this project; fractions are taken from every n-th voxel
    of large images.
    """
    return evidence_of(thinned_sample(voxels, edge_value(voxels)))


def thinned_sample(voxels: NDArray[Any], padding: float | None) -> Sample:
    """Return every n-th voxel of a large image, two million about, the padding set apart."""
    return without_padding(_thinned(voxels), padding)


def evidence_of(sample: Sample) -> Evidence:
    """Judge a sample of an image's values, see `hounsfield_evidence`."""
    if sample.values.size == 0:
        return _excluded(f"every voxel has the same value {sample.padding:g}")
    return _exclusion_by_range(sample) or _evidence_by_peaks(sample)


def _thinned(voxels: NDArray[Any]) -> NDArray[Any]:
    step = max(1, int(np.ceil((voxels.size / SAMPLES_WANTED) ** (1 / 3))))
    sample: NDArray[Any] = voxels[::step, ::step, ::step]
    return sample


def _exclusion_by_range(sample: Sample) -> Evidence | None:
    low, high = _range(sample)
    if low == high:
        return _excluded(f"every voxel has the same value {low:g}")
    if high - low < SMALLEST_CT_RANGE_HU and not (
        high - low >= LEAST_TISSUE_RANGE_HU and _is_liver(sample)
    ):
        return _excluded(f"its values run from {low:g} to {high:g} only: they were scaled")
    if _is_of_one_byte(sample, low, high):
        return _excluded(
            f"its values run from {low:g} to {high:g} and are cut off there: they were scaled to "
            f"one byte, as for a picture"
        )
    return None


def _range(sample: Sample) -> tuple[float, float]:
    low, high = float(sample.values.min()), float(sample.values.max())
    if high - low < SMALLEST_CT_RANGE_HU and is_air(sample.padding):
        return min(low, float(sample.padding or 0.0)), high
    return low, high


def is_air(padding: float | None) -> bool:
    """Tell whether a value of padding is one that air may have in a CT."""
    return padding is not None and PLAUSIBLE_HU[0] <= padding <= LOWEST_TISSUE_HU


def _is_of_one_byte(sample: Sample, low: float, high: float) -> bool:
    if not (low >= 0 and LEAST_BYTE_RANGE <= high <= LARGEST_BYTE):
        return False
    cut = float(((sample.values == 0) | (sample.values == LARGEST_BYTE)).mean())
    return sample.padding in (0.0, LARGEST_BYTE) or cut >= LEAST_CUT_FRACTION


def _excluded(why: str, offset_hu: float | None = None) -> Evidence:
    return Evidence(hounsfield=False, reason=why, offset_hu=offset_hu)


def _evidence_by_peaks(sample: Sample) -> Evidence:
    """Judge values of a believable range by where their peaks lie."""
    unshifted, shift = fit(sample), likeliest_shift(sample.values)
    facts = (
        f"{unshifted.air:.0%} air, and {unshifted.soft:.0%} of the body at soft tissue's "
        f"Hounsfield units"
    )
    if unshifted.whole and abs(shift) <= LARGEST_CALIBRATION_ERROR_HU:
        return Evidence(hounsfield=True, reason=facts)
    return (
        _exclusion_by_shift(sample, shift)
        or _exclusion_by_scale(sample)
        or _exclusion_by_tissue(sample, unshifted, shift)
        or Evidence(hounsfield=None, reason=facts)
    )


def _exclusion_by_shift(sample: Sample, shift: float) -> Evidence | None:
    if abs(shift) <= LARGEST_CALIBRATION_ERROR_HU or not fit(sample, shift).whole:
        return None
    if abs(shift) < LUNG_SHIFT_HU and not _is_surely_shifted(sample, shift):
        return None
    return _shifted(sample, shift)


def _is_surely_shifted(sample: Sample, shift: float) -> bool:
    """Tell a small shift from lung that is taken for air in a contrast-enhanced image."""
    if shift < 0:  # nothing in a body is thinner than air
        return has_sharp_air(sample, shift)
    moved = (
        _share(sample, (low + shift, high + shift))
        > LEAST_MOVED_RATIO * _share(sample, (low, high))
        for low, high in (FAT_PEAK_HU, AIR_HU)
    )
    return all(moved) and has_sharp_air(sample, shift)


def _shifted(sample: Sample, shift: float) -> Evidence:
    measured_air = peak_of_air(sample, shift)
    found = shift if measured_air is None else measured_air - AIR_AS_MEASURED_HU
    named = named_intercept(found, is_measured=measured_air is not None)
    where = "above" if named > 0 else "below"
    air = "" if measured_air is None else f"air near {measured_air:.0f} and "
    return _excluded(
        f"it has {air}soft tissue near {50 + shift:.0f}, about {abs(named):.0f} {where} their "
        f"Hounsfield units",
        -named,
    )


def named_intercept(shift: float, *, is_measured: bool) -> float:
    """Return the scanner's usual intercept where a shift is that within its error."""
    nearest = min(KNOWN_INTERCEPTS_HU, key=lambda known: abs(known - shift))
    within = NEAR_INTERCEPT_HU if is_measured else 2 * LARGEST_CALIBRATION_ERROR_HU
    if abs(nearest - shift) > within:
        return float(round(shift))
    return nearest if is_measured else float(np.copysign(KNOWN_INTERCEPTS_HU[0], nearest))


def _exclusion_by_scale(sample: Sample) -> Evidence | None:
    scale = likeliest_scale(sample)
    if scale is None:
        return None
    return _excluded(
        f"air, fat and soft tissue lie as far apart as if Hounsfield units had been multiplied by "
        f"about {scale:.2g}"
    )


def _exclusion_by_tissue(sample: Sample, unshifted: Fit, shift: float) -> Evidence | None:
    has_body = unshifted.body >= LEAST_BODY_FRACTION
    if has_body and not _lacks_fat(sample):
        return None
    if _is_body_alone(sample, shift):
        return _shifted(sample, shift)
    missing = (
        f"a CT holds fat and air, which lie below {FAT_HU:g} HU"
        if has_body
        else "hardly any is at a body's Hounsfield units"
    )
    low, high = float(sample.values.min()), float(sample.values.max())
    return _excluded(f"its values run from {low:g} to {high:g}, and {missing}")


def _is_body_alone(sample: Sample, shift: float) -> bool:
    """Tell whether values are those of a body without air, shifted by a scanner's intercept."""
    nearest = min(abs(known - shift) for known in KNOWN_INTERCEPTS_HU)
    fitted = fit(sample, shift)
    return (
        nearest <= 2 * LARGEST_CALIBRATION_ERROR_HU
        and fitted.tissue
        and fitted.body >= LEAST_BODY_ALONE_FRACTION
    )


def _lacks_fat(sample: Sample) -> bool:
    """Tell whether no value is as low as fat in what is not just liver and its like."""
    if float((sample.values <= FAT_HU).mean()) >= LEAST_FAT_FRACTION:
        return False
    return not _is_liver(sample)


def _is_liver(sample: Sample) -> bool:
    """Tell whether values may be those of a CT cropped to the liver or its like."""
    inside = _share(sample, LIVER_HU) >= LEAST_LIVER_FRACTION
    return inside and _share(sample, WATER_HU) <= MOST_WATER_FRACTION


def _share(sample: Sample, limits_hu: tuple[float, float]) -> float:
    values = sample.values
    return float(((values >= limits_hu[0]) & (values <= limits_hu[1])).mean())


def decide_modality(voxels: NDArray[Any], *, stated: Modality | None, name: str) -> Modality:
    """Return the modality that was stated, or CT where the values prove it.

    Parameters
    ----------
    voxels
        Values of the image, any shape of three axes.
    stated
        What the user or the header says; ``None`` when nobody does.
    name
        The file, for the message.

    Raises
    ------
    InputError
        Nothing was stated and the values do not prove CT, or they contradict what was stated.
    """
    return require_modality(hounsfield_evidence(voxels), voxels, stated=stated, name=name)


def require_modality(
    evidence: Evidence, voxels: NDArray[Any], *, stated: Modality | None, name: str
) -> Modality:
    """Return the modality that evidence allows, see `decide_modality`."""
    if stated is None and not evidence.hounsfield:
        raise InputError(
            f"{name} does not say how it was made and its values do not prove that it is a CT "
            f"({evidence.reason}); {offset_advice(evidence)}{_modality_advice(evidence)}"
        )
    if stated is Modality.CT and evidence.hounsfield is False:
        raise InputError(
            f"{name} is not a CT in Hounsfield units: {evidence.reason}; {offset_advice(evidence)}"
            f"convert it again with its rescale slope and intercept, or give --modality mr if it "
            f"is one"
        )
    if stated is Modality.MR and evidence.hounsfield:
        raise InputError(
            f"{name} was given as MR, but its values are a CT's ({evidence.reason}); give "
            f"--modality ct"
        )
    if voxels.min() == voxels.max():
        raise InputError(f"{name} is no image: {evidence.reason}")
    return stated or Modality.CT


def _modality_advice(evidence: Evidence) -> str:
    # a CT that is excluded would be refused with the option too
    if evidence.hounsfield is False:
        return "give --modality mr if it is MR"
    return "give --modality ct or --modality mr"


def offset_advice(evidence: Evidence) -> str:
    """Return the part of a message that names the option which adds what is missing."""
    if evidence.offset_hu is None:
        return ""
    return f"give --intensity-offset {evidence.offset_hu:g} if that is what is missing, or "
