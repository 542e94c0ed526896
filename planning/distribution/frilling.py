"""Frilling type of the distribution of liver metastases, by this project's operational rule.

The published wording is qualitative (``machairas2021``, figure 1, after Frilling): type I is a
single metastasis of any size; type II an isolated bulk with smaller deposits, both lobes always
involved; type III disseminated spread, both lobes always involved, or a single lesion of varying
size with virtually no normal parenchyma. No number defines these words. :data:`OPERATIONAL_RULE`
holds the numbers used here; ``docs/explanation/frilling.md`` explains them. What fits no type, or
two, is unclassifiable.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planning.distribution.scan_coverage import scan_cuts_liver
from planning.rules.remnant import PROJECT_SOURCE
from remnant.core.distribution import Frilling, FrillingType
from remnant.core.findings import Finding, SourceStatus, Verdict
from remnant.core.labels import LEFT_LOBE, RIGHT_LOBE, CouinaudSegment
from remnant.core.lesions import Lesion
from remnant.core.reasons import Cause, Reason, joined, reason
from remnant.core.volumetry_report import VolumetryReport


@dataclass(frozen=True, slots=True, kw_only=True)
class FrillingRule:
    """Numbers that stand for the qualitative words. All of them are this project's own.

    Parameters
    ----------
    bulk_diameter_mm
        A bulk has at least this longest axial diameter.
    bulk_share
        A bulk holds at least this share of the tumour volume.
    deposit_share
        Every other lesion has at most this share of the bulk's volume.
    disseminated_lesions, disseminated_segments
        Spread is disseminated from this many lesions in this many segments on.
    parenchyma_share
        Normal parenchyma is virtually absent below this share of the total liver volume.
    involvement_share
        A lesion involves a segment or lobe from this share of its volume on.
    """

    bulk_diameter_mm: float
    bulk_share: float
    deposit_share: float
    disseminated_lesions: int
    disseminated_segments: int
    parenchyma_share: float
    involvement_share: float


SHARE_DECIMALS = 9
"""Shares are held against their limits rounded to so many decimals: a half is a half."""

OPERATIONAL_RULE = FrillingRule(
    bulk_diameter_mm=50.0,
    bulk_share=0.50,
    deposit_share=0.50,
    disseminated_lesions=10,
    disseminated_segments=5,
    parenchyma_share=0.20,
    involvement_share=0.10,
)
LOBES = (("right", RIGHT_LOBE), ("left", LEFT_LOBE))

Sample = NDArray[np.float64]
Flags = NDArray[np.bool_]
Answers = NDArray[np.int64]
"""Positions in :data:`ANSWERS`, shape ``(cases,)``."""

ANSWERS: tuple[FrillingType | None, ...] = (None, *FrillingType)
NO_LESION, I, II, III, UNCLASSIFIABLE = range(len(ANSWERS))  # noqa: E741


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cases:
    """Perturbed cases of one liver with ``n`` lesions that count, rejected ones left out.

    Parameters
    ----------
    present
        Which lesions are there, shape ``(cases, n)``.
    volumes_ml, diameters_mm
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
    diameters_mm: Sample
    shares: Sample
    known: Flags
    burden_fraction: Sample | None
    cut: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Patterns:
    """What the rule looks at, for each of many cases; shape ``(cases,)``.

    Parameters
    ----------
    number
        Of the lesions that are there.
    unplaced
        Whether the segments of one of them are not known.
    right, left
        Whether a lesion involves the lobe.
    bulk
        Whether one lesion is a bulk and all others are smaller deposits.
    segments
        How many segments lesions involve.
    scarce
        Whether normal parenchyma is virtually absent; ``None`` where its share is not known.
    """

    number: NDArray[np.int64]
    unplaced: Flags
    right: Flags
    left: Flags
    bulk: Flags
    segments: NDArray[np.int64]
    scarce: Flags | None


def classify(report: VolumetryReport, *, rule: FrillingRule = OPERATIONAL_RULE) -> Frilling:
    """Classify the distribution of the lesions that were not rejected.

    Parameters
    ----------
    report
        Volumes and lesions. Segments are needed for two lesions and more.
    rule
        Numbers of the operational rule.

    Returns
    -------
    Frilling
        The type with its reasons; ``None`` without a lesion; ``UNCLASSIFIABLE`` where the pattern
        fits no type or more than one, or where what the rule needs is not known. Where the scan
        cuts the liver, II and III are those of the scanned part and the reasons say so.
    """
    lesions = report.counted_lesions
    if not lesions:
        return Frilling(type=None, reasons=tuple(_no_lesion(report)))
    case = measured_case(report)
    found = ANSWERS[int(classify_cases(case, rule=rule)[0])]
    reasons = _several(report, case, rule, found) if len(lesions) > 1 else _single(case, rule)
    return Frilling(type=found, reasons=joined(reasons, unconfirmed(lesions)))


def frilling_finding(frilling: Frilling, *, cut: bool) -> Finding:
    """Return the type as a finding: ``MET`` where one was found in a whole liver, else ``UNKNOWN``.

    ``cut`` tells that the scan cuts the liver: a type of the scanned part is never certain, since
    a lesion beyond the scan can make II disseminated and add a bulk to III.
    """
    typed = frilling.type not in (None, FrillingType.UNCLASSIFIABLE)
    return Finding(
        id="frilling.type",
        verdict=Verdict.MET if typed and not cut else Verdict.UNKNOWN,
        reasons=(class_found(frilling.type), *frilling.reasons),
        source=PROJECT_SOURCE,
        status=SourceStatus.PROJECT,
    )


def class_found(kind: str | None) -> Reason:
    """Return the class that was found as a reason."""
    return reason(Cause.CLASS_FOUND, "none" if kind is None else str(kind))


def unconfirmed(lesions: Sequence[Lesion]) -> tuple[Reason, ...]:
    """Say how many lesions no reader has confirmed; empty where all are."""
    number = sum(lesion.confirmation.is_open for lesion in lesions)
    return (reason(Cause.LESIONS_UNCONFIRMED, number, len(lesions)),) if number else ()


def measured_case(report: VolumetryReport) -> Cases:
    """Return the case as it was measured, as one row."""
    lesions = report.counted_lesions
    burden = report.burden_fraction.value
    return Cases(
        present=np.ones((1, len(lesions)), np.bool_),
        volumes_ml=np.array([[lesion.volume_ml.value or 0.0 for lesion in lesions]]),
        diameters_mm=np.array([[lesion.longest_axial_mm for lesion in lesions]]),
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
    seen = patterns(cases, rule=rule)
    if seen.scarce is None:
        return np.where(seen.number == 0, NO_LESION, UNCLASSIFIABLE)
    single = np.where(seen.scarce, III, I)
    if cases.cut:
        single[:] = UNCLASSIFIABLE
    placed = _answers_of_several(seen, seen.scarce, rule, cut=cases.cut)
    several = np.where(seen.unplaced, UNCLASSIFIABLE, placed)
    return np.where(seen.number > 1, several, np.where(seen.number == 1, single, NO_LESION))


def patterns(cases: Cases, *, rule: FrillingRule = OPERATIONAL_RULE) -> Patterns:
    """Look at every case as the rule does."""
    burden = cases.burden_fraction
    scarce = (
        None if burden is None else np.round(1.0 - burden, SHARE_DECIMALS) < rule.parenchyma_share
    )
    unplaced: Flags = np.logical_or.reduce(cases.present & ~cases.known, axis=1)
    involved = [_any_involves(cases, {segment}, rule) for segment in CouinaudSegment]
    return Patterns(
        number=cases.present.sum(axis=1),
        unplaced=unplaced,
        right=_any_involves(cases, RIGHT_LOBE, rule),
        left=_any_involves(cases, LEFT_LOBE, rule),
        bulk=_has_bulk(cases, rule),
        segments=np.sum(involved, axis=0),
        scarce=scarce,
    )


def lobes_involved(
    lesions: Sequence[Lesion], *, rule: FrillingRule = OPERATIONAL_RULE
) -> tuple[str, ...]:
    """Return the lobes that lesions involve: ``right``, ``left``; segment I belongs to neither.

    A lobe is involved where one lesion has at least ``involvement_share`` of its volume in it.
    Lesions without segments involve none.
    """
    shares = _shares(lesions)
    return tuple(
        name for name, lobe in LOBES if (_share_in(shares, lobe) >= rule.involvement_share).any()
    )


def _answers_of_several(seen: Patterns, scarce: Flags, rule: FrillingRule, *, cut: bool) -> Answers:
    spread = _is_disseminated(seen, rule)
    found = np.where(seen.bulk == spread, UNCLASSIFIABLE, np.where(seen.bulk, II, III))
    # Little parenchyma makes any pattern type III, but in a cut liver more of it may lie beyond.
    overruled = np.where(found == III, III, UNCLASSIFIABLE) if cut else np.full(len(found), III)
    both = seen.right & seen.left
    return np.where(both, np.where(scarce, overruled, found), UNCLASSIFIABLE)


def _is_disseminated(seen: Patterns, rule: FrillingRule) -> Flags:
    many = seen.number >= rule.disseminated_lesions
    disseminated: Flags = many & (seen.segments >= rule.disseminated_segments)
    return disseminated


def _has_bulk(cases: Cases, rule: FrillingRule) -> Flags:
    if not cases.known.size:
        return np.zeros(len(cases.present), np.bool_)
    volumes_ml = np.where(cases.present, cases.volumes_ml, 0.0)
    each = np.arange(len(volumes_ml))
    bulk = np.where(cases.present, volumes_ml, -1.0).argmax(axis=1)
    bulk_ml, total_ml = volumes_ml[each, bulk], volumes_ml.sum(axis=1)
    share = np.round(bulk_ml / np.where(total_ml > 0.0, total_ml, 1.0), SHARE_DECIMALS)
    volumes_ml[each, bulk] = 0.0
    deposits = (volumes_ml <= rule.deposit_share * bulk_ml[:, None]).all(axis=1)
    large = cases.diameters_mm[each, bulk] >= rule.bulk_diameter_mm
    has_bulk: Flags = large & (share >= rule.bulk_share) & deposits
    return has_bulk


def _any_involves(cases: Cases, segments: Iterable[CouinaudSegment], rule: FrillingRule) -> Flags:
    """Tell in which cases a lesion has its share in some segments."""
    shares = _share_in(cases.shares, segments)
    involved: Flags = np.logical_or.reduce(
        cases.present & (shares >= rule.involvement_share), axis=1
    )
    return involved


def _share_in(shares: Sample, segments: Iterable[CouinaudSegment]) -> Sample:
    """Sum the shares in some segments over the last axis."""
    summed: Sample = np.round(shares[..., sorted(segments)].sum(axis=-1), SHARE_DECIMALS)
    return summed


def _shares(lesions: Sequence[Lesion]) -> Sample:
    shares = np.zeros((len(lesions), len(CouinaudSegment) + 1))
    for row, lesion in enumerate(lesions):
        for segment, share in (lesion.segment_fractions or {}).items():
            shares[row, segment] = share
    return shares


def _no_lesion(report: VolumetryReport) -> Iterable[Reason]:
    if report.tumour_ml.value is None:
        yield reason(Cause.LESIONS_NOT_KNOWN)
        yield from report.tumour_ml.reasons
        return
    yield reason(Cause.NO_LESION_TO_CLASSIFY, len(report.lesions))
    if scan_cuts_liver(report):
        yield reason(Cause.SCANNED_PART_ONLY)


def _single(case: Cases, rule: FrillingRule) -> tuple[Reason, ...]:
    parenchyma = _parenchyma_share(case)
    if parenchyma is None:
        return (reason(Cause.PARENCHYMA_UNKNOWN),)
    if case.cut:
        return (reason(Cause.SINGLE_IN_CUT_LIVER),)
    if parenchyma < rule.parenchyma_share:
        return (reason(Cause.SINGLE_LITTLE_PARENCHYMA, parenchyma, rule.parenchyma_share),)
    return (reason(Cause.SINGLE_LESION),)


def _several(
    report: VolumetryReport, case: Cases, rule: FrillingRule, found: FrillingType | None
) -> tuple[Reason, ...]:
    number, parenchyma = len(report.counted_lesions), _parenchyma_share(case)
    if parenchyma is None:
        return (reason(Cause.PARENCHYMA_UNKNOWN),)
    if not case.known.all():
        return (reason(Cause.LOBES_UNKNOWN, number), *report.segments_reasons)
    pattern = _pattern(case, number, parenchyma, rule)
    return (pattern, reason(Cause.TYPE_WITHIN_SCAN, str(found))) if case.cut else (pattern,)


def _pattern(case: Cases, number: int, parenchyma: float, rule: FrillingRule) -> Reason:
    """Say which pattern several lesions make whose segments are known."""
    seen = patterns(case, rule=rule)
    lobes = [name for name, one in (("right", seen.right), ("left", seen.left)) if one[0]]
    if len(lobes) < len(LOBES):
        only = Cause.ONE_LOBE_ONLY if lobes else Cause.NEITHER_LOBE
        return reason(only, number, *lobes)
    spread = bool(_is_disseminated(seen, rule)[0])
    third = spread and not seen.bulk[0]
    if parenchyma < rule.parenchyma_share and not (case.cut and third):
        little = Cause.LITTLE_PARENCHYMA_IN_CUT_LIVER if case.cut else Cause.LITTLE_PARENCHYMA
        return reason(little, number, parenchyma, rule.parenchyma_share)
    if spread:
        if seen.bulk[0]:
            return reason(Cause.BULK_AND_DISSEMINATED, number)
        return reason(Cause.DISSEMINATED, number, int(seen.segments[0]))
    return reason(Cause.BULK_WITH_DEPOSITS if seen.bulk[0] else Cause.NEITHER_PATTERN, number)


def _parenchyma_share(case: Cases) -> float | None:
    if case.burden_fraction is None:
        return None
    return round(1.0 - float(case.burden_fraction[0]), SHARE_DECIMALS)
