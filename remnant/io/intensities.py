"""What voxel values say about how an image was made."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import InputError
from remnant.core.volumes import Modality

SAMPLES_WANTED = 2_000_000
AIR_HU = -900.0
BODY_HU = (-200.0, 3000.0)
SOFT_TISSUE_HU = (-20.0, 200.0)
FAT_TO_SOFT_TISSUE_HU = (-150.0, 200.0)
LEAST_AIR_FRACTION = 0.005
LEAST_BODY_FRACTION = 0.05
LEAST_SOFT_TISSUE_FRACTION = 0.30
LEAST_FAT_TO_SOFT_TISSUE_FRACTION = 0.60
SMALLEST_CT_RANGE_HU = 100.0
FAT_HU = -80.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """Whether values are Hounsfield units.

    ``hounsfield`` is ``True`` when they prove it, ``False`` when they exclude it and ``None`` when
    they decide nothing; ``reason`` says by what, for people.
    """

    hounsfield: bool | None
    reason: str


def hounsfield_evidence(voxels: NDArray[Any]) -> Evidence:
    """Judge by the values alone whether an image is a CT in Hounsfield units.

    Excluded: no value as low as fat (-80 HU: every abdominal CT holds fat, most hold air), or a
    range below 100 (a normalised image). Proven: at least 0.5 % of the voxels are air (-900 HU or
    less) and at least 5 % are body (-200 to 3000 HU), of which 30 % or more are soft tissue (-20 to
    200 HU) and 60 % or more fat to soft tissue (-150 to 200 HU). Anything else decides nothing.
    These are rules of this project; fractions are taken from every n-th voxel of large images.
    """
    low, high = float(voxels.min()), float(voxels.max())
    if low == high:
        return Evidence(hounsfield=False, reason=f"every voxel has the same value {low:g}")
    if low > FAT_HU:
        return Evidence(
            hounsfield=False,
            reason=f"its values run from {low:g} to {high:g}, and a CT holds fat and air, which "
            f"lie below {FAT_HU:g} HU",
        )
    if high - low < SMALLEST_CT_RANGE_HU:
        return Evidence(
            hounsfield=False,
            reason=f"its values run from {low:g} to {high:g} only: it was normalised",
        )
    return _evidence_from_fractions(_thinned(voxels))


def _evidence_from_fractions(sample: NDArray[Any]) -> Evidence:
    body = sample[(sample > BODY_HU[0]) & (sample < BODY_HU[1])]
    air = float((sample <= AIR_HU).mean())
    soft = _fraction_within(body, SOFT_TISSUE_HU)
    fat_to_soft = _fraction_within(body, FAT_TO_SOFT_TISSUE_HU)
    proven = (
        air >= LEAST_AIR_FRACTION
        and body.size >= LEAST_BODY_FRACTION * sample.size
        and soft >= LEAST_SOFT_TISSUE_FRACTION
        and fat_to_soft >= LEAST_FAT_TO_SOFT_TISSUE_FRACTION
    )
    facts = f"{air:.0%} air, and {soft:.0%} of the body at soft tissue's Hounsfield units"
    return Evidence(hounsfield=True if proven else None, reason=facts)


def _fraction_within(values: NDArray[Any], limits: tuple[float, float]) -> float:
    if values.size == 0:
        return 0.0
    return float(((values >= limits[0]) & (values <= limits[1])).mean())


def _thinned(voxels: NDArray[Any]) -> NDArray[Any]:
    step = max(1, int(np.ceil((voxels.size / SAMPLES_WANTED) ** (1 / 3))))
    sample: NDArray[Any] = voxels[::step, ::step, ::step]
    return sample


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
    evidence = hounsfield_evidence(voxels)
    if stated is None and not evidence.hounsfield:
        raise InputError(
            f"{name} does not say how it was made and its values do not prove that it is a CT "
            f"({evidence.reason}); give --modality ct or --modality mr"
        )
    if stated is Modality.CT and evidence.hounsfield is False:
        raise InputError(
            f"{name} is not a CT in Hounsfield units: {evidence.reason}; convert it again with its "
            f"rescale slope and intercept, or give --modality mr if it is one"
        )
    if stated is Modality.MR and evidence.hounsfield:
        raise InputError(
            f"{name} was given as MR, but its values are a CT's ({evidence.reason}); give "
            f"--modality ct"
        )
    if voxels.min() == voxels.max():
        raise InputError(f"{name} is no image: {evidence.reason}")
    return stated or Modality.CT
