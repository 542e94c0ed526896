"""Which lesions of the baseline scan are target lesions."""

from collections.abc import Iterable

from remnant.core.findings import MEASUREMENT_DECIMALS
from remnant.core.lesions import Lesion
from volumetry.response.recist import MOST_TARGETS, least_measurable_mm


def is_measurable(lesion: Lesion, slice_mm: float) -> bool:
    """Tell whether a lesion can be a target.

    It counts, its longest axial diameter is long enough for the scan's slices, and the scan does
    not cut it: the size of a cut lesion is not known.
    """
    length_mm = round(lesion.longest_axial_mm, MEASUREMENT_DECIMALS)
    whole = lesion.volume_ml.bound is None and not lesion.volume_ml.indicative
    return lesion.counts and whole and length_mm >= least_measurable_mm(slice_mm)


def target_lesions(lesions: Iterable[Lesion], slice_mm: float) -> tuple[int, ...]:
    """Choose the target lesions of a baseline scan.

    Of the measurable lesions the longest ones. Those that a reader confirmed go before all others
    (this project's choice: a target is a tumour for certain); ties go to the wider lesion, then by
    volume and place, so that neither order nor numbers of the lesions decide.

    Parameters
    ----------
    lesions
        Of the baseline scan.
    slice_mm
        Distance of its axial slices.

    Returns
    -------
    tuple of int
        Ids of at most two lesions, the first choice first; empty where none is measurable.
    """
    measurable = [lesion for lesion in lesions if is_measurable(lesion, slice_mm)]
    chosen = sorted(measurable, key=_preference)[:MOST_TARGETS]
    return tuple(lesion.id for lesion in chosen)


def _preference(lesion: Lesion) -> tuple[bool, float, float, float, tuple[float, float, float]]:
    return (
        lesion.confirmation.is_open,
        -lesion.longest_axial_mm,
        -lesion.perpendicular_axial_mm,
        -(lesion.volume_ml.value or 0.0),
        lesion.centroid_ras_mm,
    )
