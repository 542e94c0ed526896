"""The future liver remnant of any set of removed segments, and the tumour that leaves with it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import fsum

import numpy as np

from remnant.core.errors import InputError
from remnant.core.labels import CouinaudSegment
from remnant.core.patient import Patient
from remnant.core.plan import Remnant
from remnant.core.quantity import Bound, Interval, Quantity
from remnant.core.units import G_PER_KG, percent_from_fraction
from remnant.core.volumetry_report import SegmentVolumes, VolumetryReport
from volumetry.body_surface import ASSUMED_BODY
from volumetry.propagation import Draws, Sample, Spread, spread
from volumetry.uncertainty import interval_of, ratio, spanned, varying

Segments = frozenset[CouinaudSegment]
SegmentTable = Mapping[CouinaudSegment, SegmentVolumes]

TOLERATED_UNASSIGNED_SHARE = 0.01
"""Share of the functional liver that may belong to no segment before the remnant becomes a lower
bound: this project's choice."""
DECIMALS = 12
"""Ratios of sums of volumes are rounded here: far below any meaning, and a share that is 7/10 by
voxel count does not fall a rounding error short of a threshold of 0.7."""

NOTHING_REMOVED = "none of the segments that would be removed has a voxel"
KEPT_CUT = "segments that stay are cut by the edge of the scan"
REMOVED_CUT = "removed segments are cut by the edge of the scan"
UNASSIGNED = "part of the liver belongs to no segment and counts for no remnant"
LESIONS_UNKNOWN = "no lesion map was given: lesions, if there are any, are not subtracted"
OUTSIDE_MAP = "part of the tumour lies outside the segment map"


def future_liver_remnant(
    report: VolumetryReport, *, patient: Patient, removed: Segments, drawn: Spread | None = None
) -> Remnant:
    """Estimate what would stay if a set of segments were removed.

    Parameters
    ----------
    report
        The measured liver.
    patient
        Body weight for the ratio to it.
    removed
        Segments taken out; all others stay.
    drawn
        ``volumetry.propagation.spread(report)``, where several remnants share it.

    Returns
    -------
    Remnant
        ``flr_ml`` is the functional volume (no tumour) of the kept segments; 0.0 when none is
        kept. Its four ratios have four denominators: functional TLV of this scan, standardised
        TLV, body weight (mL/g, percent), body surface area (mL/m²). A kept segment cut by the
        scan, or more than 1 % unassigned liver, makes the remnant a lower bound; unknown lesions
        make it an upper bound. What could be wrong in both directions is indicative. All is absent
        where none of the removed segments has a voxel: taking nothing away is no resection.

    Raises
    ------
    InputError
        ``removed`` holds something that is not a segment.
    """
    _require_segments(removed)
    if report.segments is None:
        return _absent_remnant(report.segments_reason or "the segments are unknown")
    if removed and _has_no_voxel(report.segments, removed):
        return _absent_remnant(NOTHING_REMOVED)
    remnant = _Draw(drawn or spread(report), removed)
    flr_ml = _flr(report, report.segments, removed)
    measured = _measured_fraction(report, report.segments, removed)
    stlv_ml, bsa_m2 = report.standardised.stlv_ml, report.standardised.bsa_m2
    sflr = remnant.over(flr_ml, stlv_ml, formula=True)
    return Remnant(
        flr_ml=spanned(flr_ml, varying(remnant.interval(remnant.flr_ml))),
        flr_measured_fraction=spanned(measured, remnant.interval(remnant.measured_fraction)),
        sflr=sflr,
        flr_body_weight_percent=remnant.over(flr_ml, _body_weight(patient)),
        flr_ml_per_m2=remnant.over(flr_ml, bsa_m2),
        smaller_fraction=remnant.smaller(measured, sflr, stlv_ml),
    )


@dataclass(frozen=True, slots=True)
class _Draw:
    """One remnant in every draw."""

    drawn: Spread
    removed: Segments

    def flr_ml(self, draws: Draws) -> Sample:
        return draws.flr_ml(self.removed)

    def measured_fraction(self, draws: Draws) -> Sample:
        return ratio(self.flr_ml(draws), draws.functional_tlv_ml)

    def debulked_fraction(self, draws: Draws) -> Sample:
        return ratio(draws.tumour_in(self.removed), draws.all_tumour_ml)

    def interval(self, figure: Callable[[Draws], Sample]) -> Interval | None:
        return interval_of(self.drawn, figure)

    def smaller(self, measured: Quantity, sflr: Quantity, stlv_ml: Quantity) -> Quantity | None:
        """Return the smaller of two fractions, with the interval of the smaller one per draw."""
        expected_ml = stlv_ml.value
        fractions = (measured, sflr)
        if expected_ml is None or any(
            f.value is None or f.bound or f.indicative for f in fractions
        ):
            return None

        def smaller(draws: Draws) -> Sample:
            of_standard = self.flr_ml(draws) / (expected_ml * draws.formula_factor)
            return np.minimum(self.measured_fraction(draws), of_standard)

        value = min(f.value for f in fractions if f.value is not None)
        return spanned(Quantity(value), self.interval(smaller))

    def over(self, part: Quantity, whole: Quantity, *, formula: bool = False) -> Quantity:
        """Divide the remnant; with ``formula`` the whole has that formula's residual."""
        quotient = _over(part, whole)
        if quotient.value is None or whole.value is None:
            return quotient
        denominator = whole.value

        def divided(draws: Draws) -> Sample:
            return self.flr_ml(draws) / (denominator * (draws.formula_factor if formula else 1.0))

        return spanned(quotient, self.interval(divided))


def debulked_fraction(
    report: VolumetryReport, *, removed: Segments, drawn: Spread | None = None
) -> Quantity:
    """Share of the tumour's volume that lies in removed segments.

    Parameters
    ----------
    report
        The measured liver; rejected lesions do not count.
    removed
        Segments taken out.
    drawn
        ``volumetry.propagation.spread(report)``, where several remnants share it.

    Returns
    -------
    Quantity
        In [0, 1], by volume (many studies count lesions instead). 0.0 when no tumour lies in what
        is removed; absent without a lesion or without segments. A lower bound when some tumour
        lies outside the segment map. Where the scan cuts the liver, tumour beyond the edge could
        change the share: a bound, or indicative where it could go either way.

    Raises
    ------
    InputError
        ``removed`` holds something that is not a segment.
    """
    _require_segments(removed)
    if report.segments is None:
        return Quantity.absent(report.segments_reason or "the segments are unknown")
    if report.tumour_ml.value is None:
        return Quantity.absent(report.tumour_ml.reason or LESIONS_UNKNOWN)
    whole_ml, part_ml, covered = _tumour_in(report, removed)
    if whole_ml == 0.0:
        return Quantity.absent("no lesion to debulk")
    low, high = _cut_sides(report, report.segments, removed)
    may_be_more = [REMOVED_CUT] * high + [OUTSIDE_MAP] * (not covered)
    may_be_less = [KEPT_CUT] * low
    share = _share(part_ml / whole_ml, may_be_more=may_be_more, may_be_less=may_be_less)
    resection = _Draw(drawn or spread(report), removed)
    return spanned(share, resection.interval(resection.debulked_fraction))


def _has_no_voxel(segments: SegmentTable, removed: Segments) -> bool:
    there = {segment for segment, volumes in segments.items() if volumes.total_ml > 0}
    return bool(there) and not there & set(removed)


def _tumour_in(report: VolumetryReport, removed: Segments) -> tuple[float, float, bool]:
    whole: list[float] = []
    part: list[float] = []
    covered = True
    for lesion in report.lesions:
        volume_ml, shares = lesion.volume_ml.value, lesion.segment_fractions
        if not lesion.counts or volume_ml is None or shares is None:
            continue
        whole.append(volume_ml)
        part.extend(volume_ml * share for s, share in shares.items() if s in removed)
        covered = covered and round(fsum(shares.values()), DECIMALS) >= 1.0
    return fsum(whole), fsum(part), covered


def _flr(report: VolumetryReport, segments: SegmentTable, removed: Segments) -> Quantity:
    value = fsum(volumes.functional_ml for s, volumes in segments.items() if s not in removed)
    kept_cut, _ = _cut_sides(report, segments, removed)
    return _bounded(
        value,
        may_be_more=[KEPT_CUT] * kept_cut + [UNASSIGNED] * _much_unassigned(report),
        may_be_less=[LESIONS_UNKNOWN] * _lesions_unknown(report),
    )


def _measured_fraction(
    report: VolumetryReport, segments: SegmentTable, removed: Segments
) -> Quantity:
    whole_ml = fsum(volumes.functional_ml for volumes in segments.values()) + report.unassigned_ml
    if whole_ml == 0.0:
        return Quantity.absent("there is no functional liver: all of it is tumour")
    kept_ml = fsum(volumes.functional_ml for s, volumes in segments.items() if s not in removed)
    kept_cut, removed_cut = _cut_sides(report, segments, removed)
    either = [LESIONS_UNKNOWN] * _lesions_unknown(report)
    may_be_more = [KEPT_CUT] * kept_cut + [UNASSIGNED] * _much_unassigned(report) + either
    may_be_less = [REMOVED_CUT] * removed_cut + either
    return _share(kept_ml / whole_ml, may_be_more=may_be_more, may_be_less=may_be_less)


def _cut_sides(
    report: VolumetryReport, segments: SegmentTable, removed: Segments
) -> tuple[bool, bool]:
    """Tell whether the scan cuts kept and removed segments; both, where no segment is to blame."""
    cut = {segment for segment, volumes in segments.items() if volumes.touches_edge}
    unknown_side = not cut and report.tlv_ml.bound is Bound.LOWER
    return bool(cut - removed) or unknown_side, bool(cut & removed) or unknown_side


def _much_unassigned(report: VolumetryReport) -> bool:
    functional_ml = report.functional_tlv_ml.value or 0.0
    return report.unassigned_ml > TOLERATED_UNASSIGNED_SHARE * functional_ml


def _lesions_unknown(report: VolumetryReport) -> bool:
    return report.tumour_ml.value is None


def _share(value: float, *, may_be_more: list[str], may_be_less: list[str]) -> Quantity:
    share = min(1.0, round(value, DECIMALS))
    return _bounded(share, may_be_more=may_be_more, may_be_less=may_be_less)


def _bounded(value: float, *, may_be_more: list[str], may_be_less: list[str]) -> Quantity:
    reason = _joined(dict.fromkeys(may_be_more + may_be_less))
    if may_be_more and may_be_less:
        either = f"it could be larger or smaller than measured: {reason}"
        return Quantity(value, indicative=True, reason=either)
    bound = Bound.LOWER if may_be_more else Bound.UPPER if may_be_less else None
    return Quantity(value, bound=bound, reason=reason)


def _over(part: Quantity, whole: Quantity) -> Quantity:
    reason = _joined([part.reason, whole.reason])
    if part.value is None or whole.value is None:
        return Quantity(None, reason=reason)
    return Quantity(
        round(part.value / whole.value, DECIMALS),
        bound=part.bound,
        indicative=part.indicative,
        reason=reason,
    )


def _body_weight(patient: Patient) -> Quantity:
    """Body weight in units of 100 g, so that mL over it is percent."""
    if patient.weight_kg is None:
        return Quantity.absent("body weight was not given")
    reason = ASSUMED_BODY if patient.body_size_assumed else None
    return Quantity(patient.weight_kg * G_PER_KG / percent_from_fraction(1.0), reason=reason)


def _joined(reasons: Iterable[str | None]) -> str | None:
    return "; ".join(reason for reason in reasons if reason) or None


def _absent_remnant(reason: str) -> Remnant:
    absent = Quantity.absent(reason)
    return Remnant(
        flr_ml=absent,
        flr_measured_fraction=absent,
        sflr=absent,
        flr_body_weight_percent=absent,
        flr_ml_per_m2=absent,
    )


def _require_segments(removed: Segments) -> None:
    foreign = sorted(set(removed) - set(CouinaudSegment))
    if foreign:
        raise InputError(f"removed segments {foreign} do not exist; allowed are 1 to 8")
