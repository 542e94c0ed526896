"""Volumes and diameters of matched lesions, with the measurement errors of both scans.

The errors are those of the reports' own error models: a lesion's surface lies off by one distance,
part of which all lesions of a scan share (`volumetry.uncertainty.joint_draws`). A surface that
lies ``d`` farther out makes every diameter ``2 d`` longer. The two scans' errors are independent,
and every lesion's own are drawn from its id and its scan's seed: they depend on no other lesion.

Diameters run between voxel corners and are therefore too long, by about one spacing
(`corner_excess_mm`), and the coarser the grid the more. The interval and the median of a change of
diameters are freed of the difference of the two; the change itself is that of the measured ones.

These are figures, not a response by RECIST or any other criteria: `volumetry.response` has that.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from remnant.core.comparison import Change, LesionMatch, MatchKind
from remnant.core.lesions import Lesion
from remnant.core.quantity import Bound, Interval, Quantity, UncertaintyPart
from remnant.core.reasons import Cause, Reason, joined, reason
from remnant.core.volumetry_report import VolumetryReport
from volumetry.growth.change import change_of, seeds, varying_interval
from volumetry.growth.matching import Pairing
from volumetry.uncertainty.intervals import ratio
from volumetry.uncertainty.joint_draws import Sample, swollen_ml

NOT_THERE = {
    MatchKind.NEW: Cause.NOT_FOUND_BEFORE,
    MatchKind.GONE: Cause.NOT_FOUND_AFTER,
    MatchKind.OUTSIDE: Cause.OUTSIDE_OTHER_SCAN,
    MatchKind.REJECTED_BEFORE: Cause.REJECTED_BEFORE,
    MatchKind.REJECTED_AFTER: Cause.REJECTED_AFTER,
}
"""Why a match has no figure on one side; all others have lesions on both."""
SAME_GRID_FRACTION = 0.1
"""In-plane spacings that differ by no more than this share of the smaller one are called alike."""
STREAM = 100
TINY_MM = 1e-9
COMMON = 0
"""Key of what all lesions share; lesion ids start at 1."""

EXCESS, EXCESS_OF_SMALL = 1.11, 1.44
EXCESS_SD, EXCESS_SD_OF_SMALL = 0.18, 0.40
"""In-plane spacings by which a diameter is too long, and that over how many spacings it measures.

Fitted to `volumetry.lesions.calipers` on balls and on ellipsoids of semi-axes within a factor of
1.5, randomly turned and placed, 2 to 30 spacings wide (7 360 digitised bodies): balls 0.7 spacings
at a width of 2, 1.05 at 8 and 1.2 from 20 on, such ellipsoids 0.15 to 0.23 less. The figures are
the mean of both kinds, the scatter is that about it; no residual of the means exceeds 0.08.
"""
SLICE_DEFICIT = 1.0 / 6.0
SLICE_DEFICIT_SD = 0.18
"""Of squared slice spacing over diameter: the middle of a ball lies anywhere in its slice, at a
distance ``u`` from the slice's own middle, which cuts off ``u² / radius``. The scatter would be
0.149; a little more holds the longer tail of balls of few slices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredScan:
    """A scan's report and grid.

    Parameters
    ----------
    report
        What was measured.
    axial_spacing_mm
        The larger voxel spacing within the axial slices.
    slice_spacing_mm
        Between the axial slices; 0.0 leaves the slices' effect on diameters out.
    """

    report: VolumetryReport
    axial_spacing_mm: float
    slice_spacing_mm: float = field(default=0.0)


def lesion_matches(
    pairings: Iterable[Pairing], before: MeasuredScan, after: MeasuredScan
) -> tuple[LesionMatch, ...]:
    """Measure the change of every match.

    Volumes and diameters are those measured on each scan's own grid, summed over the lesions of
    the match. A lesion that is new, gone or rejected in one scan has no change: nothing is there
    to compare with.
    """
    note = _grid_note(before, after)
    draws = before.report.error_model.draws
    first, second = (
        _Side(scan, seed, draws)
        for scan, seed in zip((before, after), seeds(before.report, after.report), strict=True)
    )
    return tuple(_measured(pairing, first, second, note) for pairing in pairings)


def drawn_diameters_mm(scan: MeasuredScan, ids: Sequence[int], *, seed: int, draws: int) -> Sample:
    """Draw the sum of some lesions' longest axial diameters, freed of what the grid adds.

    The draws of `lesion_matches`, so that several scans can be held against each other.

    Parameters
    ----------
    scan
        Where they were measured.
    ids
        Lesions of the scan; 0 mm in every draw without any.
    seed
        Of the draws, another for each scan of one patient.
    draws
        Their number, the same for all scans.

    Returns
    -------
    Sample
        In mm, never negative.
    """
    if not ids:
        return np.zeros(draws)
    return _Side(scan, seed, draws).freed_lengths(ids).whole


def corner_excess_mm(
    lengths_mm: Sample, axial_spacing_mm: float, slice_spacing_mm: float
) -> tuple[Sample, Sample]:
    """Return by how much measured axial diameters exceed the true ones: mean and scatter.

    Parameters
    ----------
    lengths_mm
        As measured between voxel corners.
    axial_spacing_mm, slice_spacing_mm
        Of the grid, see `MeasuredScan`.

    Returns
    -------
    mean_mm, sd_mm : Sample
        Of random places and shapes, shaped like ``lengths_mm``; 0 on a grid without spacing.
    """
    small = axial_spacing_mm**2 / np.maximum(lengths_mm, max(axial_spacing_mm, TINY_MM))
    cut_mm = slice_spacing_mm**2 / np.maximum(lengths_mm, max(slice_spacing_mm, TINY_MM))
    in_plane_mm = EXCESS * axial_spacing_mm - EXCESS_OF_SMALL * small
    in_plane_sd_mm = EXCESS_SD * axial_spacing_mm + EXCESS_SD_OF_SMALL * small
    mean_mm: Sample = in_plane_mm - SLICE_DEFICIT * cut_mm
    sd_mm: Sample = np.hypot(in_plane_sd_mm, SLICE_DEFICIT_SD * cut_mm)
    return mean_mm, sd_mm


def _grid_note(before: MeasuredScan, after: MeasuredScan) -> tuple[Reason, ...]:
    first, second = before.axial_spacing_mm, after.axial_spacing_mm
    if abs(first - second) <= SAME_GRID_FRACTION * min(first, second):
        return ()
    return (reason(Cause.OTHER_VOXELS, first, second),)


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
    return varying_interval(figure(before.whole, after.whole), alone)


@dataclass(frozen=True, slots=True, eq=False)
class _Sum:
    """One figure summed over the lesions of one scan; ``drawn`` is what changes are made of."""

    measured: Quantity
    drawn: _Drawn | None


class _Side:
    """The lesions of one scan with their errors: the common one is drawn once."""

    def __init__(self, scan: MeasuredScan, seed: int, draws: int) -> None:
        self._scan, self._seed, self._draws = scan, seed, draws
        self._lesions = {lesion.id: lesion for lesion in scan.report.lesions}
        self._common = self._normals(COMMON, 1)[0]

    def sums(self, ids: Sequence[int], absent: Cause | None) -> tuple[_Sum, _Sum]:
        """Return the volume and the longest axial diameter of some lesions together."""
        if not ids:
            missing = _Sum(_none(absent), None)
            return missing, missing
        lesions = [self._lesions[number] for number in ids]
        moved_mm, voxels, ends = self._errors(ids)
        volume = self._volumes(lesions, moved_mm, voxels)
        length, freed = self._lengths(lesions, moved_mm, ends)
        return _Sum(_volume_ml(lesions, volume), volume), _Sum(_length_mm(lesions, length), freed)

    def freed_lengths(self, ids: Sequence[int]) -> _Drawn:
        """Draw the diameters of some lesions together, freed of what the grid adds on average."""
        moved_mm, _, ends = self._errors(ids)
        return self._lengths([self._lesions[number] for number in ids], moved_mm, ends)[1]

    def _normals(self, key: int, rows: int) -> Sample:
        """Draw standard normals in opposite pairs, of a lesion or of all: ``(rows, draws)``."""
        source = np.random.default_rng([self._seed, STREAM, key])
        half = source.standard_normal((rows, (self._draws + 1) // 2))
        pairs: Sample = np.concatenate((half, -half), axis=1)[:, : self._draws]
        return pairs

    def _errors(self, ids: Sequence[int]) -> tuple[Sample, Sample, Sample]:
        """Surfaces' displacements in mm and two sets of standard normals, each by lesion."""
        own, voxels, ends = np.stack([self._normals(number, 3) for number in ids], axis=1)
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

    def _lengths(
        self, lesions: list[Lesion], moved_mm: Sample, ends: Sample
    ) -> tuple[_Drawn, _Drawn]:
        """Draw the diameters as measured and freed of what the grid adds on average."""
        scan = self._scan
        lengths = _column([lesion.longest_axial_mm for lesion in lesions])
        excess_mm, sd_mm = corner_excess_mm(lengths, scan.axial_spacing_mm, scan.slice_spacing_mm)

        def drawn(about_mm: Sample) -> _Drawn:
            parts = (both_ends + grid_mm, both_ends, grid_mm)
            return _Drawn(*(np.maximum(about_mm + part, 0.0).sum(axis=0) for part in parts))

        both_ends, grid_mm = 2.0 * moved_mm, sd_mm * ends
        return drawn(lengths), drawn(lengths - excess_mm)


def _measured(
    pairing: Pairing, first: _Side, second: _Side, note: tuple[Reason, ...]
) -> LesionMatch:
    kind, absent = pairing.kind, NOT_THERE.get(pairing.kind)
    there_before = () if kind is MatchKind.REJECTED_BEFORE else pairing.before_ids
    there_after = () if kind is MatchKind.REJECTED_AFTER else pairing.after_ids
    volume_before, length_before = first.sums(there_before, absent)
    volume_after, length_after = second.sums(there_after, absent)
    return LesionMatch(
        kind=pairing.kind,
        before_ids=pairing.before_ids,
        after_ids=pairing.after_ids,
        evidence=pairing.evidence,
        overlap_ml=pairing.overlap_ml,
        centroid_distance_mm=pairing.centroid_distance_mm,
        volume_ml=_change(volume_before, volume_after, absent),
        longest_axial_mm=_change(length_before, length_after, absent, note=note),
    )


def _change(
    before: _Sum, after: _Sum, absent: Cause | None, *, note: tuple[Reason, ...] = ()
) -> Change:
    if before.drawn is None or after.drawn is None:
        missing = _none(absent)
        return Change(
            before=before.measured, after=after.measured, difference=missing, fraction=missing
        )
    return change_of(
        before.measured,
        after.measured,
        difference=_against(before.drawn, after.drawn, lambda b, a: a - b),
        fraction=_against(before.drawn, after.drawn, lambda b, a: ratio(a - b, b)),
        note=note,
    )


def _none(absent: Cause | None) -> Quantity:
    return Quantity.absent(() if absent is None else reason(absent))


def _volume_ml(lesions: list[Lesion], drawn: _Drawn) -> Quantity:
    if len(lesions) == 1:
        return lesions[0].volume_ml
    return Quantity(
        sum(lesion.volume_ml.value or 0.0 for lesion in lesions),
        interval=drawn.interval(),
        bound=Bound.LOWER if _cut(lesions) else None,
        reasons=joined(*(lesion.volume_ml.reasons for lesion in lesions)),
    )


def _length_mm(lesions: list[Lesion], drawn: _Drawn) -> Quantity:
    return Quantity(
        sum(lesion.longest_axial_mm for lesion in lesions),
        interval=drawn.interval(),
        bound=Bound.LOWER if _cut(lesions) else None,
        reasons=(reason(Cause.DIAMETER_CUT),) if _cut(lesions) else (),
    )


def _cut(lesions: list[Lesion]) -> bool:
    return any(lesion.volume_ml.bound is not None for lesion in lesions)


def _column(values: list[float]) -> NDArray[np.float64]:
    return np.array(values, dtype=np.float64)[:, np.newaxis]
