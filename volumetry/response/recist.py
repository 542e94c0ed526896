"""RECIST 1.1 as data: what its figures are, and the class of a sum of diameters.

Of the figures the guideline itself (``eisenhauer2009``) was read in summaries of it alone; they
agree with each other. What is said here is the part that one organ can tell: target lesions, new
lesions, and whether others are left. An overall response also needs the rest of the body, and a
reader's judgement of lesions that are no targets.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.findings import Comparison, SourceStatus, Threshold
from remnant.core.response import Response
from volumetry.uncertainty.joint_draws import Sample

SOURCE: Final = "eisenhauer2009"
CLARIFICATIONS: Final = "eortc_recist"
MOST_TARGETS: Final = 2
"""Target lesions in one organ, at most (``eisenhauer2009``)."""


def _limit(value: float, comparison: Comparison = Comparison.AT_LEAST) -> Threshold:
    return Threshold(
        value=value, comparison=comparison, source=SOURCE, status=SourceStatus.VERIFIED
    )


MEASURABLE_MM: Final = _limit(10.0)
"""Longest axial diameter of a measurable lesion, with slices of up to 5 mm."""
THICK_SLICE_MM: Final = _limit(5.0, Comparison.MORE)
"""Slices from which a measurable lesion is larger."""
SLICES_OF_MEASURABLE: Final = _limit(2.0)
"""Thick slices that the diameter of a measurable lesion is as long as."""
PROGRESSION_FRACTION: Final = _limit(0.20)
"""Increase of the sum over the smallest sum on study, the baseline included."""
PROGRESSION_MM: Final = _limit(5.0)
"""Increase over the same that is needed as well."""
PARTIAL_FRACTION: Final = _limit(0.30)
"""Decrease of the sum from the baseline."""
TOO_SMALL_MM: Final = Threshold(value=5.0, source=CLARIFICATIONS, status=SourceStatus.VERIFIED)
"""What stands for a lesion that is there and too small to measure; what can be measured is."""
CONFIRMED_DAYS: Final = _limit(28.0)
"""Time after which a second partial response confirms the first one."""

CLASSES: Final = (Response.PROGRESSIVE, Response.PARTIAL, Response.STABLE)
"""Classes of sums above 0, by their numbers in `classes_of_sums`."""


def least_measurable_mm(slice_mm: float) -> float:
    """Return the longest axial diameter from which on a lesion is measurable.

    Parameters
    ----------
    slice_mm
        Distance of the axial slices, taken for their thickness.

    Examples
    --------
    >>> [least_measurable_mm(slice_mm) for slice_mm in (1.0, 5.0, 7.5)]
    [10.0, 10.0, 15.0]
    """
    if THICK_SLICE_MM.holds(slice_mm):
        return SLICES_OF_MEASURABLE.value * slice_mm
    return MEASURABLE_MM.value


def class_of_sum(sum_mm: float, baseline_mm: float, nadir_mm: float) -> Response:
    """Return the class of a sum of target lesions, some of which are left.

    Progression goes before partial response: a sum may be far below the baseline and well above
    the smallest one.

    Parameters
    ----------
    sum_mm
        Of the longest axial diameters, 0 or more.
    baseline_mm
        Their sum at the baseline, above 0.
    nadir_mm
        The smallest sum before this one, the baseline's included. 0 says that all target lesions
        had gone: those that are there again are progression, whatever their size. That was
        recalled, not read: ``eortc_recist`` says that lesions which reappear are not progression
        in themselves, and that the complete response before may have been none.

    Examples
    --------
    The example of the clarifications: 165, 63 and 65 mm are a response that goes on.

    >>> class_of_sum(65.0, baseline_mm=165.0, nadir_mm=63.0).value
    'partial'

    A fifth more, but not 5 mm:

    >>> class_of_sum(24.0, baseline_mm=20.0, nadir_mm=20.0).value
    'stable'
    """
    if nadir_mm == 0.0:
        return Response.PROGRESSIVE
    more_mm = sum_mm - nadir_mm
    if PROGRESSION_FRACTION.holds(more_mm / nadir_mm) and PROGRESSION_MM.holds(more_mm):
        return Response.PROGRESSIVE
    if PARTIAL_FRACTION.holds((baseline_mm - sum_mm) / baseline_mm):
        return Response.PARTIAL
    return Response.STABLE


def classes_of_sums(sums_mm: Sample, baselines_mm: Sample, nadirs_mm: Sample) -> NDArray[np.intp]:
    """Return the class of every draw as its place in `CLASSES`, by the rule of `class_of_sum`.

    Parameters
    ----------
    sums_mm, baselines_mm, nadirs_mm
        Shape ``(draws,)``. A sum that is 0 in a draw is as small as sums can be, not gone.
    """
    more_mm = sums_mm - nadirs_mm
    progressive = (more_mm >= PROGRESSION_FRACTION.value * nadirs_mm) & (
        more_mm >= PROGRESSION_MM.value
    )
    partial = baselines_mm - sums_mm >= PARTIAL_FRACTION.value * baselines_mm
    return np.where(progressive, 0, np.where(partial, 1, 2))
