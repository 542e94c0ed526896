"""Values of a scan as they are used: offset, padding, and what is noticed about them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.errors import InputError
from remnant.core.findings import Finding, quality_finding
from remnant.core.reasons import Cause, reason
from remnant.core.volumes import Modality
from remnant.io.intensities import (
    LOWEST_TISSUE_HU,
    PLAUSIBLE_HU,
    Evidence,
    evidence_of,
    is_air,
    named_intercept,
    offset_advice,
    require_modality,
    thinned_sample,
)
from remnant.io.intensity_scale import Sample, edge_value
from remnant.io.scaling import fitting_type

PADDING_HU = -1024
HIGHEST_POSSIBLE_HU = 32000.0
LEAST_CUT_FRACTION = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Intensities:
    """Values as they are used, what they are, and what was noticed about them."""

    voxels: NDArray[Any]
    modality: Modality
    findings: tuple[Finding, ...]


def settle_intensities(
    voxels: NDArray[Any],
    *,
    stated: Modality | None,
    name: str,
    offset_hu: float | None = None,
    rescale_stated: bool | None = None,
) -> Intensities:
    """Return an image's values as they are used, its modality, and what was noticed.

    Parameters
    ----------
    voxels
        Values of the image as the file has them.
    stated
        What the user or the header says that it is; ``None`` when nobody does.
    name
        The file, for messages.
    offset_hu
        What the user has added to every value but padding, which becomes -1024 HU; ``None`` for
        nothing. What is judged are the sums.
    rescale_stated
        Whether a DICOM header says the rescale intercept; ``None`` for a file that has no such
        tag and whose modality the user may state. Where a CT's header does not say it, the values
        must prove that they are Hounsfield units, or the user must say what to add.

    Returns
    -------
    Intensities
        The array itself where nothing is changed. In a CT, padding outside -1100 to 3072 HU
        becomes -1024 HU.

    Raises
    ------
    InputError
        See `decide_modality`; an offset for an MR image, or a CT without slope and intercept.
    """
    padding = edge_value(voxels)
    sample = thinned_sample(voxels, padding)
    if offset_hu is not None:
        _require_ct(stated, name=name, offset_hu=offset_hu)
        sample = _shifted_sample(sample, offset_hu)
    evidence = _with_sum(evidence_of(sample), offset_hu)
    if rescale_stated is not None and stated is Modality.CT:
        _require_units(evidence, name=name, lacks_rescale=not rescale_stated, offset_hu=offset_hu)
    if require_modality(evidence, voxels, stated=stated, name=name) is not Modality.CT:
        return Intensities(voxels, Modality.MR, ())
    settled, padded = _without_implausible_padding(voxels, padding, offset_hu=offset_hu or 0.0)
    return Intensities(
        settled,
        Modality.CT,
        (
            *_units_finding(offset_hu, evidence),
            *(_rescale_finding(offset_hu) if rescale_stated is False else ()),
            *_padding_finding(padding, padded, settled.size),
            *_cut_finding(sample),
            *_possible_finding(settled),
        ),
    )


def _shifted_sample(sample: Sample, offset_hu: float) -> Sample:
    padding = None if sample.padding is None else sample.padding + offset_hu
    return Sample(sample.values + offset_hu, padding, sample.padding_fraction)


def _without_implausible_padding(
    voxels: NDArray[Any], padding: float | None, *, offset_hu: float
) -> tuple[NDArray[Any], int]:
    """Add the offset and set padding that no air has to air; say how many voxels were padding."""
    mask = _padding_to_replace(voxels, padding, offset_hu=offset_hu)
    if offset_hu:
        voxels = _sum(voxels, offset_hu)
    if mask is None:
        return voxels, 0
    settled = voxels.copy(order="K")
    settled[mask] = PADDING_HU
    return _narrowest(settled), int(np.count_nonzero(mask))


def _padding_to_replace(
    voxels: NDArray[Any], padding: float | None, *, offset_hu: float
) -> NDArray[np.bool_] | None:
    if padding is None or is_air(padding + offset_hu):
        return None
    mask: NDArray[np.bool_] = voxels == padding
    if not PLAUSIBLE_HU[0] <= padding + offset_hu <= PLAUSIBLE_HU[1]:
        return mask
    # a number that tissue may have as well: padding only where it reaches the edge
    return joined_to_border(mask) if offset_hu else None


def joined_to_border(mask: NDArray[np.bool_], *, least: int = 1) -> NDArray[np.bool_]:
    """Return the parts of a mask that touch the border of its array and have a size of ``least``.

    Parts are joined by faces; any number of axes.
    """
    parts, count = ndimage.label(mask)
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    kept = np.zeros(count + 1, dtype=np.bool_)
    for axis in range(mask.ndim):
        for end in (0, -1):
            kept[np.unique(parts.take(end, axis=axis))] = True
    kept &= sizes >= least
    kept[0] = False
    found: NDArray[np.bool_] = kept[parts]
    return found


def _sum(voxels: NDArray[Any], offset_hu: float) -> NDArray[Any]:
    if voxels.dtype.kind in "iu" and float(offset_hu).is_integer():
        return _narrowest(voxels.astype(np.int64) + int(offset_hu))
    return voxels.astype(np.float32) + np.float32(offset_hu)


def _narrowest(voxels: NDArray[Any]) -> NDArray[Any]:
    if voxels.dtype.kind not in "iu":
        return voxels
    kind = fitting_type(int(voxels.min()), int(voxels.max()))
    return voxels if kind is None else voxels.astype(kind, copy=False)


def _units_finding(offset_hu: float | None, evidence: Evidence) -> tuple[Finding, ...]:
    proven = (reason(Cause.VALUES_PROVE_CT),) if evidence.hounsfield else ()
    if offset_hu is not None:
        return (quality_finding("intensity_offset", passed=None, value=offset_hu, reasons=proven),)
    return () if proven else (quality_finding("hounsfield_units", passed=None),)


def _rescale_finding(offset_hu: float | None) -> tuple[Finding, ...]:
    by = Cause.VALUES_PROVE_CT if offset_hu is None else Cause.OFFSET_GIVEN
    return (quality_finding("rescale_stated", passed=None, reasons=(reason(by),)),)


def _padding_finding(padding: float | None, count: int, size: int) -> tuple[Finding, ...]:
    if padding is None or count == 0:
        return ()
    held = (reason(Cause.PADDING_VALUE, padding),)
    return (quality_finding("image_padding", passed=None, value=count / size, reasons=held),)


def _cut_finding(sample: Sample) -> tuple[Finding, ...]:
    """Say where values of a CT are cut off above air, as for a display window."""
    values, padding = sample.values, sample.padding
    low, high = float(values.min()), float(values.max())
    share = float((values == low).mean())
    if padding is not None and low >= padding > LOWEST_TISSUE_HU:
        low, share = padding, max(share, sample.padding_fraction)
    if low <= LOWEST_TISSUE_HU or share < LEAST_CUT_FRACTION:
        return ()
    ends = (reason(Cause.VALUES_RUN, low, high),)
    return (quality_finding("intensities_cut_off", passed=False, value=share, reasons=ends),)


def _possible_finding(voxels: NDArray[Any]) -> tuple[Finding, ...]:
    low, high = float(voxels.min()), float(voxels.max())
    if max(-low, high) <= HIGHEST_POSSIBLE_HU:
        return ()
    beyond = int(np.count_nonzero(np.abs(voxels.astype(np.int64)) > HIGHEST_POSSIBLE_HU))
    ends = (reason(Cause.VALUES_RUN, low, high),)
    return (quality_finding("intensities_possible", passed=False, value=beyond, reasons=ends),)


def _require_ct(stated: Modality | None, *, name: str, offset_hu: float) -> None:
    if not np.isfinite(offset_hu):
        raise InputError(f"--intensity-offset {offset_hu:g}: give a finite number of HU")
    if stated is Modality.MR:
        raise InputError(
            f"--intensity-offset {offset_hu:g}: {name} is MR, which has no Hounsfield units; leave "
            f"the option out"
        )


def _with_sum(evidence: Evidence, offset_hu: float | None) -> Evidence:
    """Count the offset that still lacks from the values in the file, not from the sums."""
    if evidence.offset_hu is None or offset_hu is None:
        return evidence
    whole = -named_intercept(-(evidence.offset_hu + offset_hu), is_measured=True)
    return replace(evidence, offset_hu=whole)


def _require_units(
    evidence: Evidence, *, name: str, lacks_rescale: bool, offset_hu: float | None
) -> None:
    """Raise where a DICOM CT is not in Hounsfield units, or may well not be."""
    if evidence.hounsfield is False:
        tags = " and has no RescaleIntercept" if lacks_rescale else ""
        raise InputError(
            f"{name} is not a CT in Hounsfield units{tags}: {evidence.reason}; "
            f"{offset_advice(evidence)}export the series again with its rescale slope and intercept"
        )
    if evidence.hounsfield is None and lacks_rescale and offset_hu is None:
        raise InputError(
            f"{name} is a CT without RescaleIntercept, and its values do not prove that they are "
            f"Hounsfield units ({evidence.reason}); say what is to be added with "
            f"--intensity-offset, 0 for nothing, or export the series again with its rescale slope "
            f"and intercept"
        )
