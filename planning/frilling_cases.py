"""The Frilling rule on many cases at once: the answers of `planning.frilling.classify` on arrays.

Cases are perturbations of one liver. They share its lesions, of which some may be missing, and
differ in volumes, diameters, places and the share of normal parenchyma. No reasons in words here.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planning.coverage import scan_cuts_liver
from planning.frilling import OPERATIONAL_RULE, SHARE_DECIMALS, FrillingRule
from remnant.core.labels import LEFT_LOBE, RIGHT_LOBE, CouinaudSegment
from remnant.core.lesions import Lesion
from remnant.core.plan import FrillingType
from remnant.core.volumetry_report import VolumetryReport

Sample = NDArray[np.float64]
Flags = NDArray[np.bool_]
Answers = NDArray[np.int64]
"""Positions in :data:`ANSWERS`, shape ``(cases,)``."""

ANSWERS: tuple[FrillingType | None, ...] = (None, *FrillingType)
NO_LESION, I, II, III, UNCLASSIFIABLE = range(len(ANSWERS))  # noqa: E741
SEGMENT_CODES = len(CouinaudSegment) + 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cases:
    """Perturbed cases of one liver with ``n`` lesions that count, rejected ones left out.

    Parameters
    ----------
    present
        Which lesions are there, shape ``(cases, n)``.
    volumes_ml, ferets_mm
        Of the lesions, shape ``(cases, n)``; those of absent lesions do not matter.
    shares
        Share of each lesion's volume by segment code, shape ``(cases, n, 9)``, or ``(1, n, 9)``
        where all cases have the same; code 0 is no segment.
    known
        Whether a lesion's segments are known, shape ``(n,)``.
    burden_fraction
        Tumour of the present lesions / total liver volume, shape ``(cases,)``; ``None`` where it
        is not known.
    cut
        Whether the scan cuts the liver.
    """

    present: Flags
    volumes_ml: Sample
    ferets_mm: Sample
    shares: Sample
    known: Flags
    burden_fraction: Sample | None
    cut: bool


def measured_case(report: VolumetryReport) -> Cases:
    """Return the case as it was measured, as one row."""
    lesions = [lesion for lesion in report.lesions if lesion.counts]
    burden = report.burden_fraction.value
    return Cases(
        present=np.ones((1, len(lesions)), np.bool_),
        volumes_ml=np.array([[lesion.volume_ml.value or 0.0 for lesion in lesions]]),
        ferets_mm=np.array([[lesion.feret_3d_mm for lesion in lesions]]),
        shares=_shares(lesions)[None],
        known=np.array([lesion.segment_fractions is not None for lesion in lesions], np.bool_),
        burden_fraction=None if burden is None else np.array([burden]),
        cut=scan_cuts_liver(report),
    )


def classify_cases(cases: Cases, *, rule: FrillingRule = OPERATIONAL_RULE) -> Answers:
    """Classify every case by the operational rule.

    Returns
    -------
    ndarray
        Position of the answer in :data:`ANSWERS`, shape ``(cases,)``.
    """
    number = cases.present.sum(axis=1)
    if cases.burden_fraction is None or not cases.known.size:
        return np.where(number == 0, NO_LESION, UNCLASSIFIABLE)
    scarce = np.round(1.0 - cases.burden_fraction, SHARE_DECIMALS) < rule.parenchyma_share
    single = np.where(scarce, III, I)
    if cases.cut:
        single[:] = UNCLASSIFIABLE
    unknown = (cases.present & ~cases.known).any(axis=1)
    several = np.where(unknown, UNCLASSIFIABLE, _several(cases, scarce, rule))
    return np.where(number > 1, several, np.where(number == 1, single, NO_LESION))


def _several(cases: Cases, scarce: Flags, rule: FrillingRule) -> Answers:
    found = _bilobar(cases, rule)
    if cases.cut:
        overruled = np.where(found == III, III, UNCLASSIFIABLE)
    else:
        overruled = np.full(len(found), III)
    both = _any_involves(cases, RIGHT_LOBE, rule) & _any_involves(cases, LEFT_LOBE, rule)
    return np.where(both, np.where(scarce, overruled, found), UNCLASSIFIABLE)


def _bilobar(cases: Cases, rule: FrillingRule) -> Answers:
    bulk, spread = _has_bulk(cases, rule), _is_disseminated(cases, rule)
    return np.where(bulk == spread, UNCLASSIFIABLE, np.where(bulk, II, III))


def _has_bulk(cases: Cases, rule: FrillingRule) -> Flags:
    volumes_ml = np.where(cases.present, cases.volumes_ml, 0.0)
    each = np.arange(len(volumes_ml))
    bulk = np.where(cases.present, volumes_ml, -1.0).argmax(axis=1)
    bulk_ml, total_ml = volumes_ml[each, bulk], volumes_ml.sum(axis=1)
    share = np.round(bulk_ml / np.where(total_ml > 0.0, total_ml, 1.0), SHARE_DECIMALS)
    volumes_ml[each, bulk] = 0.0
    deposits = (volumes_ml <= rule.deposit_share * bulk_ml[:, None]).all(axis=1)
    large = cases.ferets_mm[each, bulk] >= rule.bulk_diameter_mm
    has_bulk: Flags = large & (share >= rule.bulk_share) & deposits
    return has_bulk


def _is_disseminated(cases: Cases, rule: FrillingRule) -> Flags:
    segments = sum(
        _any_involves(cases, {segment}, rule).astype(np.int64) for segment in CouinaudSegment
    )
    many = cases.present.sum(axis=1) >= rule.disseminated_lesions
    disseminated: Flags = many & (segments >= rule.disseminated_segments)
    return disseminated


def _any_involves(cases: Cases, segments: Iterable[CouinaudSegment], rule: FrillingRule) -> Flags:
    """Tell in which cases a lesion has its share in some segments."""
    shares = np.round(cases.shares[:, :, sorted(segments)].sum(axis=-1), SHARE_DECIMALS)
    involved: Flags = (cases.present & (shares >= rule.involvement_share)).any(axis=1)
    return involved


def _shares(lesions: list[Lesion]) -> Sample:
    shares = np.zeros((len(lesions), SEGMENT_CODES))
    for row, lesion in enumerate(lesions):
        for segment, share in (lesion.segment_fractions or {}).items():
            shares[row, segment] = share
    return shares
