"""The future liver remnant of any set of removed segments, and the tumour that leaves with it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import fsum

import numpy as np

from remnant.core.labels import CouinaudSegment
from remnant.core.patient import Patient
from remnant.core.plan import Remnant
from remnant.core.quantity import Bound, Interval, Quantity, UncertaintyPart
from remnant.core.reasons import Cause, Reason, joined, reason
from remnant.core.recipe import require_segments
from remnant.core.units import G_PER_KG, percent_from_fraction
from remnant.core.volumetry_report import SegmentVolumes, VolumetryReport
from volumetry.standardised.body_facts import assumed_size
from volumetry.uncertainty.intervals import interval_of, ratio, sample_interval, spanned, varying
from volumetry.uncertainty.joint_draws import Draws, Sample, Spread, spread

Segments = frozenset[CouinaudSegment]
SegmentTable = Mapping[CouinaudSegment, SegmentVolumes]

TOLERATED_UNASSIGNED_SHARE = 0.01
"""Share of the functional liver that may belong to no segment before the remnant becomes a lower
bound: this project's choice."""
DECIMALS = 12
"""Ratios of sums of volumes are rounded here: far below any meaning, and a share that is 7/10 by
voxel count does not fall a rounding error short of a threshold of 0.7."""


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
        ``volumetry.uncertainty.joint_draws.spread(report)``, where several remnants share it.

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
    require_segments(removed)
    missing = missing_remnant(report, removed)
    if missing or report.segments is None:
        return absent_remnant(missing)
    kept = [volumes.functional_ml for s, volumes in report.segments.items() if s not in removed]
    drawn = drawn or spread(report)
    return remnant_of(
        fsum(kept),
        report=report,
        patient=patient,
        removed=removed,
        drawn=drawn_remnant(drawn, lambda draws, _: draws.flr_ml(removed)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class DrawnRemnant:
    """One remnant in every draw: under all parts of the uncertainty, and under each alone.

    ``flr_ml`` and ``flr_alone_ml`` hold the functional liver that stays, shape ``(draws,)``.
    """

    drawn: Spread
    flr_ml: Sample
    flr_alone_ml: Mapping[UncertaintyPart, Sample]

    def interval(self, figure: Callable[[Draws, Sample], Sample]) -> Interval | None:
        """Return the interval of a figure made of draws and of the remnant in them."""
        alone = {
            part: figure(draws, self.flr_alone_ml[part]) for part, draws in self.drawn.alone.items()
        }
        return sample_interval(figure(self.drawn.whole, self.flr_ml), alone)


def drawn_remnant(
    drawn: Spread, flr_ml: Callable[[Draws, UncertaintyPart | None], Sample]
) -> DrawnRemnant:
    """Draw a remnant; ``flr_ml`` gets the draws and the part that acts alone, ``None`` for all."""
    alone = {part: flr_ml(draws, part) for part, draws in drawn.alone.items()}
    return DrawnRemnant(drawn, flr_ml(drawn.whole, None), alone)


def remnant_of(
    flr_ml: float,
    *,
    report: VolumetryReport,
    patient: Patient,
    removed: Segments,
    drawn: DrawnRemnant,
) -> Remnant:
    """Give a remnant its four ratios, bounds and intervals.

    Parameters
    ----------
    flr_ml
        Functional liver that stays: that of the kept segments, less what margins take of it.
    report
        The measured liver, with segments.
    patient
        Body weight for the ratio to it.
    removed
        Segments taken out: where the scan cuts these or the others, ratios are bounds.
    drawn
        The same remnant in every draw.
    """
    remnant = _Ratios(drawn)
    quantity = _flr(flr_ml, report, removed)
    measured = _measured_fraction(flr_ml, report, removed)
    stlv_ml, bsa_m2 = report.standardised.stlv_ml, report.standardised.bsa_m2
    sflr = remnant.over(quantity, stlv_ml, formula=True)
    return Remnant(
        flr_ml=spanned(quantity, varying(drawn.interval(lambda _, flr: flr))),
        flr_measured_fraction=spanned(measured, drawn.interval(_of_functional)),
        sflr=sflr,
        flr_body_weight_percent=remnant.over(quantity, _body_weight(patient)),
        flr_ml_per_m2=remnant.over(quantity, bsa_m2),
        smaller_fraction=remnant.smaller(measured, sflr, stlv_ml),
    )


def missing_remnant(report: VolumetryReport, removed: Segments) -> tuple[Reason, ...]:
    """Return why there is no remnant to speak of, nothing where there is one."""
    if report.segments is None:
        return unknown_segments(report)
    if removed and _has_no_voxel(report.segments, removed):
        return (reason(Cause.NOTHING_REMOVED),)
    return ()


def unknown_segments(report: VolumetryReport) -> tuple[Reason, ...]:
    """Return why the segments are not known, where they are not."""
    return report.segments_reasons or (reason(Cause.SEGMENTS_UNKNOWN),)


def unknown_lesions(report: VolumetryReport) -> tuple[Reason, ...]:
    """Return why the lesions are not known, where they are not."""
    return report.tumour_ml.reasons or (reason(Cause.LESIONS_UNKNOWN),)


def _of_functional(draws: Draws, flr_ml: Sample) -> Sample:
    return ratio(flr_ml, draws.functional_tlv_ml)


@dataclass(frozen=True, slots=True)
class _Ratios:
    """Ratios of one remnant with their intervals."""

    drawn: DrawnRemnant

    def smaller(self, measured: Quantity, sflr: Quantity, stlv_ml: Quantity) -> Quantity | None:
        """Return the smaller of two fractions, with the interval of the smaller one per draw."""
        expected_ml = stlv_ml.value
        fractions = (measured, sflr)
        if expected_ml is None or any(
            f.value is None or f.bound or f.indicative for f in fractions
        ):
            return None

        def smaller(draws: Draws, flr_ml: Sample) -> Sample:
            of_standard = flr_ml / (expected_ml * draws.formula_factor)
            return np.minimum(_of_functional(draws, flr_ml), of_standard)

        value = min(f.value for f in fractions if f.value is not None)
        return spanned(Quantity(value), self.drawn.interval(smaller))

    def over(self, part: Quantity, whole: Quantity, *, formula: bool = False) -> Quantity:
        """Divide the remnant; with ``formula`` the whole has that formula's residual."""
        quotient = _over(part, whole)
        if quotient.value is None or whole.value is None:
            return quotient
        denominator = whole.value

        def divided(draws: Draws, flr_ml: Sample) -> Sample:
            return flr_ml / (denominator * (draws.formula_factor if formula else 1.0))

        return spanned(quotient, self.drawn.interval(divided))


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
        ``volumetry.uncertainty.joint_draws.spread(report)``, where several remnants share it.

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
    require_segments(removed)
    if report.segments is None:
        return Quantity.absent(unknown_segments(report))
    if report.tumour_ml.value is None:
        return Quantity.absent(unknown_lesions(report))
    whole_ml, part_ml, covered = _tumour_in(report, removed)
    if whole_ml == 0.0:
        return Quantity.absent(reason(Cause.NO_LESION_TO_DEBULK))
    kept_cut, removed_cut = cut_sides(report, removed)
    share = bounded_share(
        part_ml / whole_ml,
        may_be_more=causes(
            {Cause.REMOVED_SEGMENTS_CUT: removed_cut, Cause.TUMOUR_OUTSIDE_SEGMENTS: not covered}
        ),
        may_be_less=causes({Cause.KEPT_SEGMENTS_CUT: kept_cut}),
    )
    removed_share = interval_of(
        drawn or spread(report), lambda d: ratio(d.tumour_in(removed), d.all_tumour_ml)
    )
    return spanned(share, removed_share)


def _has_no_voxel(segments: SegmentTable, removed: Segments) -> bool:
    there = {segment for segment, volumes in segments.items() if volumes.total_ml > 0}
    return bool(there) and not there & set(removed)


def _tumour_in(report: VolumetryReport, removed: Segments) -> tuple[float, float, bool]:
    whole: list[float] = []
    part: list[float] = []
    covered = True
    for lesion in report.counted_lesions:
        volume_ml, shares = lesion.volume_ml.value, lesion.segment_fractions
        if volume_ml is None or shares is None:
            continue
        whole.append(volume_ml)
        part.extend(volume_ml * share for s, share in shares.items() if s in removed)
        covered = covered and round(fsum(shares.values()), DECIMALS) >= 1.0
    return fsum(whole), fsum(part), covered


def _flr(value_ml: float, report: VolumetryReport, removed: Segments) -> Quantity:
    kept_cut, _ = cut_sides(report, removed)
    return bounded(
        value_ml,
        may_be_more=_more_stays(report, kept_cut=kept_cut),
        may_be_less=causes({Cause.LESIONS_UNKNOWN: _lesions_unknown(report)}),
    )


def _measured_fraction(flr_ml: float, report: VolumetryReport, removed: Segments) -> Quantity:
    segments = report.segments or {}
    whole_ml = fsum(volumes.functional_ml for volumes in segments.values()) + report.unassigned_ml
    if whole_ml == 0.0:
        return Quantity.absent(reason(Cause.ALL_TUMOUR))
    kept_cut, removed_cut = cut_sides(report, removed)
    either = causes({Cause.LESIONS_UNKNOWN: _lesions_unknown(report)})
    return bounded_share(
        flr_ml / whole_ml,
        may_be_more=joined(_more_stays(report, kept_cut=kept_cut), either),
        may_be_less=joined(causes({Cause.REMOVED_SEGMENTS_CUT: removed_cut}), either),
    )


def _more_stays(report: VolumetryReport, *, kept_cut: bool) -> tuple[Reason, ...]:
    """Return why more liver may stay than was measured."""
    return causes(
        {Cause.KEPT_SEGMENTS_CUT: kept_cut, Cause.LIVER_UNASSIGNED: _much_unassigned(report)}
    )


def cut_sides(report: VolumetryReport, removed: Segments) -> tuple[bool, bool]:
    """Tell whether the scan cuts kept and removed segments; both, where no segment is to blame."""
    segments = report.segments or {}
    cut = {segment for segment, volumes in segments.items() if volumes.touches_edge}
    unknown_side = not cut and report.tlv_ml.bound is Bound.LOWER
    return bool(cut - removed) or unknown_side, bool(cut & removed) or unknown_side


def _much_unassigned(report: VolumetryReport) -> bool:
    functional_ml = report.functional_tlv_ml.value or 0.0
    return report.unassigned_ml > TOLERATED_UNASSIGNED_SHARE * functional_ml


def _lesions_unknown(report: VolumetryReport) -> bool:
    return report.tumour_ml.value is None


def causes(found: Mapping[Cause, bool]) -> tuple[Reason, ...]:
    """Return those causes that apply, as reasons without details."""
    return tuple(reason(cause) for cause, applies in found.items() if applies)


def bounded_share(
    value: float, *, may_be_more: tuple[Reason, ...], may_be_less: tuple[Reason, ...]
) -> Quantity:
    """Return a share in [0, 1], as `bounded` does."""
    share = min(1.0, round(value, DECIMALS))
    return bounded(share, may_be_more=may_be_more, may_be_less=may_be_less)


def bounded(
    value: float, *, may_be_more: tuple[Reason, ...], may_be_less: tuple[Reason, ...]
) -> Quantity:
    """Return a value with what could make the true one larger, and smaller, as its reasons.

    A bound where one of the two is empty, indicative where neither is.
    """
    why = joined(may_be_more, may_be_less)
    if may_be_more and may_be_less:
        either = reason(Cause.EITHER_WAY, because=why)
        return Quantity(value, indicative=True, reasons=(either,))
    bound = Bound.LOWER if may_be_more else Bound.UPPER if may_be_less else None
    return Quantity(value, bound=bound, reasons=why)


def _over(part: Quantity, whole: Quantity) -> Quantity:
    reasons = joined(part.reasons, whole.reasons)
    if part.value is None or whole.value is None:
        return Quantity(None, reasons=reasons)
    return Quantity(
        round(part.value / whole.value, DECIMALS),
        bound=part.bound,
        indicative=part.indicative,
        reasons=reasons,
    )


def _body_weight(patient: Patient) -> Quantity:
    """Body weight in units of 100 g, so that mL over it is percent."""
    if patient.weight_kg is None:
        return Quantity.absent(reason(Cause.NO_BODY_WEIGHT))
    hundreds_of_g = patient.weight_kg * G_PER_KG / percent_from_fraction(1.0)
    return Quantity(hundreds_of_g, reasons=assumed_size(patient))


def absent_remnant(reasons: Iterable[Reason]) -> Remnant:
    """Return a remnant of which nothing is known, with the reasons."""
    absent = Quantity.absent(reasons)
    return Remnant(
        flr_ml=absent,
        flr_measured_fraction=absent,
        sflr=absent,
        flr_body_weight_percent=absent,
        flr_ml_per_m2=absent,
    )
