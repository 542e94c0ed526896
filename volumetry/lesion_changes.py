"""Volumes and diameters of matched lesions, with the measurement errors of both scans.

The errors are those of the reports' own error models: a lesion's surface lies off by one distance,
part of which all lesions of a scan share (`volumetry.propagation`). A surface that lies ``d``
farther out makes every diameter ``2 d`` longer. Diameters also carry the grid: each end lies
anywhere in its voxel. The two scans' errors are independent.

These are figures, not a response by RECIST or any other criteria: those are about target lesions
that a reader chose.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remnant.core.comparison import Change, LesionMatch, MatchKind
from remnant.core.lesions import Lesion
from remnant.core.quantity import Bound, Interval, Quantity, UncertaintyPart
from remnant.core.volumetry_report import VolumetryReport
from volumetry.change import change_of, sample_interval, seeds
from volumetry.matching import Pairing
from volumetry.propagation import Sample, swollen_ml
from volumetry.uncertainty import ratio

CUT_DIAMETER = "a lesion reaches the edge of the scan: its diameter may be longer"
NOT_THERE = {
    MatchKind.NEW: "no lesion was found there in the first scan",
    MatchKind.GONE: "no lesion was found there in the second scan",
    MatchKind.OUTSIDE: "the other scan does not reach there: what became of it is unknown",
}
END_VARIANCE = 1.0 / 12.0
"""Of a point that lies anywhere in a voxel of unit size."""
STREAM = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredScan:
    """A scan's report, and the larger voxel spacing within its axial slices in mm."""

    report: VolumetryReport
    axial_spacing_mm: float


def lesion_matches(
    pairings: Iterable[Pairing], before: MeasuredScan, after: MeasuredScan
) -> tuple[LesionMatch, ...]:
    """Measure the change of every match.

    Volumes and diameters are those measured on each scan's own grid, summed over the lesions of
    the match. A new or gone lesion has no change: nothing is there to compare with.
    """
    draws = before.report.error_model.draws
    first, second = (
        _Side(scan, seed, draws)
        for scan, seed in zip((before, after), seeds(before.report, after.report), strict=True)
    )
    return tuple(_measured(pairing, first, second) for pairing in pairings)


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """Draws of one figure: under both errors together, and under each alone."""

    whole: Sample
    segmentation: Sample
    discretisation: Sample

    def interval(self) -> Interval | None:
        return _against(self, self, lambda own, _: own)


Figure = Callable[[Sample, Sample], Sample]


def _against(before: _Drawn, after: _Drawn, figure: Figure) -> Interval | None:
    alone = {
        UncertaintyPart.SEGMENTATION: figure(before.segmentation, after.segmentation),
        UncertaintyPart.DISCRETISATION: figure(before.discretisation, after.discretisation),
    }
    return sample_interval(figure(before.whole, after.whole), alone)


@dataclass(frozen=True, slots=True, eq=False)
class _Sum:
    """One figure summed over the lesions of one scan."""

    measured: Quantity
    drawn: _Drawn | None


class _Side:
    """The lesions of one scan with their errors: the common one is drawn once."""

    def __init__(self, scan: MeasuredScan, seed: int, draws: int) -> None:
        self._scan, self._draws = scan, draws
        self._lesions = {lesion.id: lesion for lesion in scan.report.lesions}
        self._random = np.random.default_rng([seed, STREAM])
        self._common = self._random.standard_normal(draws)

    def sums(self, ids: Sequence[int], absent: str | None) -> tuple[_Sum, _Sum]:
        """Return the volume and the longest axial diameter of some lesions together."""
        if not ids:
            missing = _Sum(Quantity.absent(absent or "no lesion"), None)
            return missing, missing
        lesions = [self._lesions[number] for number in ids]
        moved_mm, voxels, ends = self._errors(len(lesions))
        volume = self._volumes(lesions, moved_mm, voxels)
        length = self._lengths(lesions, moved_mm, ends)
        return _Sum(_volume_ml(lesions, volume), volume), _Sum(_length_mm(lesions, length), length)

    def _errors(self, count: int) -> tuple[Sample, Sample, Sample]:
        """Surfaces' displacements in mm and two sets of standard normals, each by lesion."""
        own, voxels, ends = self._random.standard_normal((3, count, self._draws))
        model = self._scan.report.error_model
        share = model.lesion_common_share
        together = np.sqrt(share) * self._common + np.sqrt(1.0 - share) * own
        return model.lesion_boundary_mm * together, voxels, ends

    def _volumes(self, lesions: list[Lesion], moved_mm: Sample, voxels: Sample) -> _Drawn:
        volumes = _column([lesion.volume_ml.value or 0.0 for lesion in lesions])
        surfaces = _column([lesion.surface_mm2 for lesion in lesions])
        counted_mm3 = np.sqrt(self._scan.report.boundaries.grid_mm4 * surfaces) * voxels

        def total_ml(displaced_mm3: Sample) -> Sample:
            summed: Sample = swollen_ml(volumes, displaced_mm3).sum(axis=0)
            return summed

        moved_mm3 = moved_mm * surfaces
        return _Drawn(total_ml(moved_mm3 + counted_mm3), total_ml(moved_mm3), total_ml(counted_mm3))

    def _lengths(self, lesions: list[Lesion], moved_mm: Sample, ends: Sample) -> _Drawn:
        lengths = _column([lesion.longest_axial_mm for lesion in lesions])
        grid_mm = np.sqrt(2.0 * END_VARIANCE) * self._scan.axial_spacing_mm * ends

        def total_mm(longer_mm: Sample) -> Sample:
            summed: Sample = np.maximum(lengths + longer_mm, 0.0).sum(axis=0)
            return summed

        both_ends = 2.0 * moved_mm
        return _Drawn(total_mm(both_ends + grid_mm), total_mm(both_ends), total_mm(grid_mm))


def _measured(pairing: Pairing, first: _Side, second: _Side) -> LesionMatch:
    absent = NOT_THERE.get(pairing.kind)
    volume_before, length_before = first.sums(pairing.before_ids, absent)
    volume_after, length_after = second.sums(pairing.after_ids, absent)
    return LesionMatch(
        kind=pairing.kind,
        before_ids=pairing.before_ids,
        after_ids=pairing.after_ids,
        evidence=pairing.evidence,
        overlap_ml=pairing.overlap_ml,
        centroid_distance_mm=pairing.centroid_distance_mm,
        volume_ml=_change(volume_before, volume_after, absent),
        longest_axial_mm=_change(length_before, length_after, absent),
    )


def _change(before: _Sum, after: _Sum, absent: str | None) -> Change:
    if before.drawn is None or after.drawn is None:
        missing = Quantity.absent(absent or "no lesion")
        return Change(
            before=before.measured, after=after.measured, difference=missing, fraction=missing
        )
    return change_of(
        before.measured,
        after.measured,
        difference=_against(before.drawn, after.drawn, lambda b, a: a - b),
        fraction=_against(before.drawn, after.drawn, lambda b, a: ratio(a - b, b)),
    )


def _volume_ml(lesions: list[Lesion], drawn: _Drawn) -> Quantity:
    if len(lesions) == 1:
        return lesions[0].volume_ml
    reasons = dict.fromkeys(one.volume_ml.reason for one in lesions)
    return Quantity(
        sum(lesion.volume_ml.value or 0.0 for lesion in lesions),
        interval=drawn.interval(),
        bound=Bound.LOWER if _cut(lesions) else None,
        reason="; ".join(reason for reason in reasons if reason) or None,
    )


def _length_mm(lesions: list[Lesion], drawn: _Drawn) -> Quantity:
    return Quantity(
        sum(lesion.longest_axial_mm for lesion in lesions),
        interval=drawn.interval(),
        bound=Bound.LOWER if _cut(lesions) else None,
        reason=CUT_DIAMETER if _cut(lesions) else None,
    )


def _cut(lesions: list[Lesion]) -> bool:
    return any(lesion.volume_ml.bound is not None for lesion in lesions)


def _column(values: list[float]) -> NDArray[np.float64]:
    return np.array(values, dtype=np.float64)[:, np.newaxis]
