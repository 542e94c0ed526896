"""Volumes under errors of their boundaries, drawn jointly.

Every error is a latent standard normal number. One draw of all of them moves the liver's surface,
every lesion's surface and the planes between segments; all volumes of that draw follow from the
same moved boundaries, so that the numerator and denominator of a ratio vary together:

- a liver surface of area ``A`` that moves by ``d`` adds ``A d`` to the liver; part of ``d`` is
  common to the whole surface, the rest differs from patch to patch;
- a lesion of volume ``V`` and surface ``A`` (against liver without tumour) that moves by ``d`` has
  ``V (1 + d A / 3V)³``, exact for a ball, and takes the difference from the functional liver around
  it; at the capsule it moves with the liver's surface, against another lesion not at all;
- refined outlines that nobody confirmed err together by what refining changed, see
  `volumetry.uncertainty.outlines`;
- a border of projected area ``B`` that moves by ``d`` takes ``B d`` of what lies on the losing side
  from one segment and gives it to the other, at most all there is; all borders on one anatomical
  plane move together;
- the grid adds what counting voxels of an ideal mask would scatter (`volumetry.surfaces.grid_mm4`);
- the body-size formula multiplies its volume by a log-normal factor.

Draws come in opposite pairs, so that what is linear has its median at the measured value.

Around lesions, the liver in a margin or ablation zone moves with the lesion's surface, from which
the zone is drawn. Of the liver in between nothing but its volume is kept; it is taken for the shell
between two balls, the inner one with the volume of the lesion (radius ``R``), both together with
the volume of lesion and shell (radius ``P``), and becomes ``(P + d)³ - (R + d)³`` over ``P³ - R³``
times what it was. Like ``V (1 + d A / 3V)³`` that is a cubic polynomial in ``d``: sums over
hundreds of lesions need the displacements alone.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from remnant.core.labels import SEGMENT_CODES, CouinaudSegment
from remnant.core.lesions import Lesion
from remnant.core.quantity import UncertaintyPart
from remnant.core.uncertainty import ErrorModel, SegmentBorder, SegmentPlane
from remnant.core.units import ml_from_mm3, mm3_from_ml
from remnant.core.volumetry_report import VolumetryReport
from volumetry.uncertainty.outlines import OUTLINE_REACH, displacement_mm3, outline_change

Sample = NDArray[np.float64]
"""One number for each draw, shape ``(draws,)``; with rows for several quantities."""

Parts = Collection[UncertaintyPart]
ALL_PARTS: Parts = tuple(UncertaintyPart)

Column = NDArray[np.float64]
"""One number for each lesion, shape ``(lesions,)``."""
Terms = NDArray[np.float64]
"""Coefficients of 1, d, d², d³ for each lesion, shape ``(4, lesions)``."""


POWERS = 4
DISPLACEMENTS_AT_ONCE = 64
"""Lesions whose displacements are raised to powers together: what fits the cache."""
UNASSIGNED = 0
LESIONS_AT_ONCE = 7
"""Small enough for a product of matrices that no linear algebra library spreads over threads."""


class _Stream(IntEnum):
    LIVER_COMMON = 0
    LIVER_WHOLE = 1
    LIVER_ROWS = 2
    LESIONS_COMMON = 3
    LESIONS_OWN = 4
    PLANES = 5
    GRID_WHOLE = 6
    GRID_ROWS = 7
    GRID_BORDERS = 8
    FORMULA = 9
    GRID_ZONES = 10
    OUTLINES = 11


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Volumes of one liver in every draw.

    Parameters
    ----------
    functional_ml, tumour_ml
        Shape ``(9, draws)``; row 0 is liver that belongs to no segment (all of it where the
        segments are unknown), the others are segments I to VIII. Never negative.
    formula_factor
        What the body-size formula's volume is multiplied by, shape ``(draws,)``.
    """

    functional_ml: Sample
    tumour_ml: Sample
    formula_factor: Sample

    @property
    def total_ml(self) -> Sample:
        """Liver with its tumour by row."""
        return self.functional_ml + self.tumour_ml

    @property
    def tlv_ml(self) -> Sample:
        """Total liver volume."""
        return _summed(self.total_ml)

    @property
    def all_tumour_ml(self) -> Sample:
        """Tumour of the whole liver."""
        return _summed(self.tumour_ml)

    @property
    def functional_tlv_ml(self) -> Sample:
        """Liver without tumour."""
        return _summed(self.functional_ml)

    def flr_ml(self, removed: Collection[CouinaudSegment]) -> Sample:
        """Functional liver of the segments that stay; liver without a segment is not counted."""
        kept = [int(s) for s in CouinaudSegment if s not in removed]
        return _summed(self.functional_ml[kept])

    def tumour_in(self, segments: Collection[CouinaudSegment]) -> Sample:
        """Tumour inside some segments."""
        return _summed(self.tumour_ml[sorted(segments)])


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Draws under all parts of the uncertainty together, and under each part alone."""

    whole: Draws
    alone: Mapping[UncertaintyPart, Draws]


@dataclass(frozen=True, slots=True, eq=False)
class LesionDraws:
    """The surface of every lesion in every draw, of one set of parts.

    Parameters
    ----------
    ids
        Lesions that count and have a volume, ascending.
    volumes_ml, surfaces_mm2
        Measured volumes, and surfaces against liver without tumour; shape ``(lesions,)``.
    moved_mm
        How far each surface lies outside the measured one, shape ``(lesions, draws)``; at least
        what makes the lesion vanish. ``None`` where no part that acts moves a lesion.
    mean_swelling
        Mean of the drawn volume over the measured one that the lesion's own error alone would
        give; volumes are divided by it, as in `joint_draws`. Shape
        ``(lesions,)``.
    zone_grid_mm2
        What counting voxels adds to a zone around lesions, in mm³ for the root of each mm² of its
        surface: shape ``(draws,)``, all 0.0 where the grid does not act.
    """

    ids: tuple[int, ...]
    volumes_ml: Column
    surfaces_mm2: Column
    moved_mm: NDArray[np.float64] | None
    mean_swelling: Column
    zone_grid_mm2: NDArray[np.float64]

    def volume_terms(self) -> Terms:
        """Return what each lesion's volume in mL is in a draw, as terms of its displacement."""
        steepness = self.surfaces_mm2 / (3.0 * mm3_from_ml(1.0) * self.volumes_ml)
        powers = np.array([steepness**0, 3.0 * steepness, 3.0 * steepness**2, steepness**3])
        terms: Terms = self.volumes_ml / self.mean_swelling * powers
        return terms

    def shell_terms(self, shell_ml: Column) -> Terms:
        """Return what each shell is over its measured volume, as terms of the displacement.

        Parameters
        ----------
        shell_ml
            Functional liver in each lesion's margin or zone; where it is 0.0 the shell stays 0.
        """
        inner = ball_radius_mm(self.volumes_ml)
        outer = ball_radius_mm(self.volumes_ml + shell_ml)
        terms = np.zeros((POWERS, len(shell_ml)))
        there = outer > inner
        inner, outer = inner[there], outer[there]
        whole = outer**3 - inner**3
        terms[0] = 1.0
        terms[1, there] = 3.0 * (outer**2 - inner**2) / whole
        terms[2, there] = 3.0 * (outer - inner) / whole
        return terms

    def total(self, terms: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum terms over the lesions in every draw.

        Parameters
        ----------
        terms
            Coefficients of several figures, shape ``(figures, 4, lesions)``.

        Returns
        -------
        ndarray
            Shape ``(figures, draws)``.
        """
        total = np.repeat(terms[:, 0].sum(axis=1)[:, None], len(self.zone_grid_mm2), axis=1)
        if self.moved_mm is None:
            return total
        used = np.flatnonzero(terms[:, 1:].any(axis=(0, 1)))
        for start in range(0, len(used), DISPLACEMENTS_AT_ONCE):
            some = used[start : start + DISPLACEMENTS_AT_ONCE]
            moved = power = self.moved_mm[some]
            for number in range(1, POWERS):
                # no linear algebra library: its sums depend on the number of threads
                total += np.einsum("fl,ld->fd", terms[:, number, some], power)
                power = power * moved
        return total


def spread(report: VolumetryReport, *, seed: int | None = None) -> Spread:
    """Draw the volumes of a measured liver under its error model.

    The same report gives the same draws; ``seed`` replaces the model's own, for a second,
    independent scan.
    """
    alone = {part: joint_draws(report, parts=(part,), seed=seed) for part in UncertaintyPart}
    return Spread(joint_draws(report, seed=seed), alone)


def joint_draws(
    report: VolumetryReport, *, parts: Parts = ALL_PARTS, seed: int | None = None
) -> Draws:
    """Draw all volumes of a measured liver; only the errors in ``parts`` act."""
    source = _Source(report.error_model, frozenset(parts), seed)
    total_ml, tumour_at_surface_ml = _liver(report, source)
    total_ml = np.maximum(total_ml, 0.0)
    tumour_ml = np.clip(_lesions(report, source) + tumour_at_surface_ml, 0.0, total_ml)
    functional_ml = total_ml - tumour_ml
    _shift_borders(functional_ml, tumour_ml, report, source)
    residual = source.sd(UncertaintyPart.FORMULA, report.error_model.formula_residual_fraction)
    return Draws(
        functional_ml=functional_ml,
        tumour_ml=tumour_ml,
        formula_factor=np.exp(residual * source.normals(_Stream.FORMULA, 1)[0]),
    )


def lesion_draws(
    report: VolumetryReport, *, parts: Parts = ALL_PARTS, seed: int | None = None
) -> LesionDraws:
    """Draw the surface of every lesion: those of `joint_draws`, lesion by lesion.

    The lesions' volumes sum to the tumour of `joint_draws` but for what errors of the liver's
    surface and of borders do to it.
    """
    source = _Source(report.error_model, frozenset(parts), seed)
    counted = _by_volume(report)
    volumes, surfaces, _ = _lesion_columns(counted)
    moved, mean = np.zeros((len(counted), report.error_model.draws)), np.ones_like(volumes)
    batches = list(_displaced(surfaces, report, source))
    vanished_mm = 3.0 * mm3_from_ml(1.0) * volumes
    for some, displaced_mm3, own_mm3 in batches:
        least = np.maximum(displaced_mm3, -vanished_mm[some])
        np.divide(least, surfaces[some], out=moved[some], where=surfaces[some] > 0.0)
        mean[some] = _mean_swelling(volumes[some], own_mm3)
    order = np.argsort([lesion.id for lesion in counted])
    grid = source.sd(UncertaintyPart.DISCRETISATION, report.boundaries.grid_mm4)
    return LesionDraws(
        ids=tuple(counted[n].id for n in order),
        volumes_ml=volumes[order, 0],
        surfaces_mm2=surfaces[order, 0],
        moved_mm=moved[order] if batches else None,
        mean_swelling=mean[order, 0],
        zone_grid_mm2=np.sqrt(grid) * source.normals(_Stream.GRID_ZONES, 1)[0],
    )


def plane_of(border: SegmentBorder) -> tuple[SegmentPlane, int]:
    """Return the plane that a border lies on and the side of the border's first segment.

    The side is +1 where that segment grows when the plane moves forwards, else -1.
    """
    return _PLANES[border.first, border.second]


def swollen_ml(volumes_ml: Sample, displaced_mm3: Sample) -> Sample:
    """Return volumes of lesions whose surfaces moved outwards; 0.0 where they vanish.

    Parameters
    ----------
    volumes_ml
        Measured, above 0.
    displaced_mm3
        Surface times displacement: the change to first order.

    Returns
    -------
    Sample
        ``V (1 + d A / 3V)³``: exact for a ball, and to first order for every body.

    Examples
    --------
    A ball of radius 10 mm whose surface moves outwards by 1 mm grows by 1.1³:

    >>> volume_ml, area_mm2 = np.array([4.18879]), 1256.637
    >>> float((swollen_ml(volume_ml, 1.0 * np.array([area_mm2])) / volume_ml).round(4)[0])
    1.331
    """
    relative = displaced_mm3 / (3.0 * mm3_from_ml(1.0) * volumes_ml)
    edge = np.maximum(1.0 + relative, 0.0)
    swollen: Sample = volumes_ml * edge * edge * edge
    return swollen


def ball_radius_mm(volume_ml: Column) -> Column:
    """Return the radius of a ball of a volume.

    >>> float(ball_radius_mm(np.array([4.18879])).round(4)[0])
    10.0
    """
    radius: Column = np.cbrt(3.0 * mm3_from_ml(1.0) * volume_ml / (4.0 * np.pi))
    return radius


@dataclass(frozen=True, slots=True)
class _Source:
    """Random numbers of one error model; parts that do not act have no standard deviation."""

    model: ErrorModel
    parts: frozenset[UncertaintyPart]
    seed: int | None

    def normals(self, stream: _Stream, rows: int) -> Sample:
        """Return standard normal numbers in opposite pairs, shape ``(rows, draws)``."""
        seed = self.model.seed if self.seed is None else self.seed
        half = np.random.default_rng([seed, stream]).standard_normal(
            (rows, -(-self.model.draws // 2))
        )
        # what is linear in the numbers then has its mean and median at the measured value, exactly
        pairs: Sample = np.concatenate((half, -half), axis=1)[:, : self.model.draws]
        return pairs

    def uniforms(self, stream: _Stream, rows: int) -> Sample:
        """Return numbers uniform within ``±OUTLINE_REACH``, in opposite pairs."""
        from scipy.special import ndtr

        uniform: Sample = OUTLINE_REACH * (2.0 * ndtr(self.normals(stream, rows)) - 1.0)
        return uniform

    def sd(self, part: UncertaintyPart, value: float) -> float:
        """Return ``value``, or 0 where the part does not act."""
        return value if part in self.parts else 0.0


def _liver(report: VolumetryReport, source: _Source) -> tuple[Sample, Sample]:
    """Total volume by row under errors of the liver's outer surface.

    Also what of the change is tumour: where tumour lies right beneath the surface, both end there.
    """
    totals_ml, areas_mm2, tumour_mm2 = _rows(report)
    whole_mm2 = areas_mm2.sum()
    model, grid = report.error_model, report.boundaries.grid_mm4
    sd_mm = source.sd(UncertaintyPart.SEGMENTATION, model.liver_boundary_mm)
    common = sd_mm * np.sqrt(model.liver_common_share) * source.normals(_Stream.LIVER_COMMON, 1)
    patch_mm2 = min(model.liver_patch_mm2, whole_mm2)
    # n patches of area p that err alone by s add p √n s to the volume: variance s² p for each mm²
    local = sd_mm**2 * (1.0 - model.liver_common_share) * patch_mm2
    grid = source.sd(UncertaintyPart.DISCRETISATION, grid)
    moved_mm3 = (
        areas_mm2[:, None] * common
        + _patchwise(areas_mm2, local, source, (_Stream.LIVER_WHOLE, _Stream.LIVER_ROWS))
        + _patchwise(areas_mm2, grid, source, (_Stream.GRID_WHOLE, _Stream.GRID_ROWS))
    )
    shares = np.divide(tumour_mm2, areas_mm2, out=np.zeros(SEGMENT_CODES), where=areas_mm2 > 0.0)
    moved_ml = ml_from_mm3(1.0) * moved_mm3
    return totals_ml[:, None] + moved_ml, shares[:, None] * moved_ml


def _patchwise(
    areas_mm2: Sample, variance_mm4: float, source: _Source, streams: tuple[_Stream, _Stream]
) -> Sample:
    """Errors independent from place to place: variance is ``variance_mm4`` times area.

    The whole is drawn first and then shared out, so that dividing a liver does not change it.
    """
    whole_mm2 = areas_mm2.sum()
    if whole_mm2 == 0.0 or variance_mm4 == 0.0:
        return np.zeros((len(areas_mm2), 1))
    shares = (areas_mm2 / whole_mm2)[:, None]
    whole = np.sqrt(variance_mm4 * whole_mm2) * source.normals(streams[0], 1)
    own = np.sqrt(variance_mm4 * areas_mm2)[:, None] * source.normals(streams[1], len(areas_mm2))
    # less their sum's share, the rows' own errors cancel: the rows sum to the whole's error
    patchwise: Sample = shares * whole + own - shares * own.sum(axis=0)
    return patchwise


def _rows(report: VolumetryReport) -> tuple[Sample, Sample, Sample]:
    """Total volumes in mL, liver surfaces and those of them above tumour in mm², by row."""
    totals_ml, areas_mm2, tumour_mm2 = np.zeros((3, SEGMENT_CODES))
    for segment, volumes in (report.segments or {}).items():
        totals_ml[segment], areas_mm2[segment] = volumes.total_ml, volumes.surface_mm2
        tumour_mm2[segment] = volumes.tumour_at_surface_mm2
    wholes = (
        report.tlv_ml.value or 0.0,
        report.boundaries.liver_surface_mm2,
        report.boundaries.tumour_at_surface_mm2,
    )
    for rows, whole in zip((totals_ml, areas_mm2, tumour_mm2), wholes, strict=True):
        rows[UNASSIGNED] = max(0.0, whole - rows.sum())
    return totals_ml, areas_mm2, tumour_mm2


def _lesions(report: VolumetryReport, source: _Source) -> Sample:
    """Tumour by row under errors of the lesions' surfaces."""
    volumes, surfaces, shares = _lesion_columns(_by_volume(report))
    batches = _displaced(surfaces, report, source)
    first = next(batches, None)
    if first is None:
        return shares.T @ volumes
    tumour = np.zeros((SEGMENT_CODES, report.error_model.draws))
    for some, displaced_mm3, own_mm3 in chain([first], batches):
        swollen = swollen_ml(volumes[some], displaced_mm3)
        tumour += shares[some].T @ (swollen / _mean_swelling(volumes[some], own_mm3))
    return tumour


def _by_volume(report: VolumetryReport) -> list[Lesion]:
    # random numbers come row by row: a small lesion more or less leaves those of larger ones
    counted = [lesion for lesion in report.counted_lesions if lesion.volume_ml.value]
    return sorted(counted, key=lambda lesion: (-(lesion.volume_ml.value or 0.0), lesion.id))


def _displaced(
    surfaces: Sample, report: VolumetryReport, source: _Source
) -> Iterator[tuple[slice, Sample, Sample]]:
    """Surface times displacement by batches of lesions, and the deviation of each one's own.

    Nothing where no part that acts moves a lesion.
    """
    model = report.error_model
    sd_mm = source.sd(UncertaintyPart.SEGMENTATION, model.lesion_boundary_mm)
    grid = source.sd(UncertaintyPart.DISCRETISATION, report.boundaries.grid_mm4)
    lesions = _by_volume(report)
    volumes, changes = _outline_changes(lesions, source)
    if sd_mm == grid == 0.0 and not changes.any():
        return
    wrong_by = source.uniforms(_Stream.OUTLINES, 1) if changes.any() else np.zeros((1, 1))
    common = sd_mm * np.sqrt(model.lesion_common_share) * source.normals(_Stream.LESIONS_COMMON, 1)
    own_mm2 = sd_mm**2 * (1.0 - model.lesion_common_share)
    normals = source.normals(_Stream.LESIONS_OWN, len(surfaces))
    for start in range(0, len(surfaces), LESIONS_AT_ONCE):
        some = slice(start, start + LESIONS_AT_ONCE)
        own_mm3 = np.sqrt(own_mm2 * surfaces[some] ** 2 + grid * surfaces[some])
        outlines_mm3 = displacement_mm3(volumes[some], wrong_by * changes[some])
        together_mm3 = common * surfaces[some] + outlines_mm3
        yield some, together_mm3 + own_mm3 * normals[some], own_mm3


def _outline_changes(lesions: list[Lesion], source: _Source) -> tuple[Sample, Sample]:
    """Volumes, and the shares of them by which refining changed outlines nobody confirmed."""
    volumes = [lesion.volume_ml.value or 0.0 for lesion in lesions]
    changes = [
        outline_change(volume, lesion.open_core_ml)
        for volume, lesion in zip(volumes, lesions, strict=True)
    ]
    acting = source.sd(UncertaintyPart.SEGMENTATION, 1.0)
    return np.array(volumes)[:, None], acting * np.array(changes)[:, None]


def _mean_swelling(volumes_ml: Sample, own_sds_mm3: Sample) -> Sample:
    """Mean of ``(1 + d A / 3V)³`` over a lesion's own error, which does not cancel in a sum."""
    relative = own_sds_mm3 / (3.0 * mm3_from_ml(1.0) * volumes_ml)
    # odd powers of a symmetric error have no mean; of (1 + x)³ there stay 1 and 3 x²
    mean: Sample = 1.0 + 3.0 * relative**2
    return mean


def _lesion_columns(lesions: list[Lesion]) -> tuple[Sample, Sample, Sample]:
    """Volumes and surfaces as columns, and shares of shape ``(lesions, 9)``; all may be empty."""
    volumes = np.array([lesion.volume_ml.value or 0.0 for lesion in lesions])[:, None]
    surfaces = np.array([lesion.free_surface_mm2 for lesion in lesions])[:, None]
    shares = np.zeros((len(lesions), SEGMENT_CODES))
    for row, lesion in enumerate(lesions):
        for segment, share in (lesion.segment_fractions or {}).items():
            shares[row, segment] = share
    shares[:, UNASSIGNED] = np.maximum(0.0, 1.0 - shares.sum(axis=1))
    return volumes, surfaces, shares


def _shift_borders(
    functional_ml: Sample, tumour_ml: Sample, report: VolumetryReport, source: _Source
) -> None:
    """Move borders: tissue on the losing side changes its segment, at most all that there is."""
    model, part = report.error_model, UncertaintyPart.SEGMENT_BORDERS
    sds_mm = np.array([source.sd(part, model.plane_mm(plane)) for plane in SegmentPlane])
    grid = source.sd(UncertaintyPart.DISCRETISATION, report.boundaries.grid_mm4)
    borders = report.boundaries.borders
    planes = sds_mm[:, None] * source.normals(_Stream.PLANES, len(SegmentPlane))
    own = source.normals(_Stream.GRID_BORDERS, len(borders))
    for border, normal in zip(borders, own, strict=True):
        plane, side = plane_of(border)
        shift_mm = side * planes[plane] + np.sqrt(grid / border.area_mm2) * normal
        lost_mm2 = np.where(shift_mm > 0.0, border.second_tumour_mm2, border.first_tumour_mm2)
        _transfer(tumour_ml, border, ml_from_mm3(1.0) * lost_mm2 * shift_mm)
        others_mm2 = border.area_mm2 - lost_mm2
        _transfer(functional_ml, border, ml_from_mm3(1.0) * others_mm2 * shift_mm)


def _transfer(rows_ml: Sample, border: SegmentBorder, moved_ml: Sample) -> None:
    """Give volume from the second segment to the first, or back where negative."""
    moved = np.clip(moved_ml, -rows_ml[border.first], rows_ml[border.second])
    rows_ml[border.first] += moved
    rows_ml[border.second] -= moved


def _summed(rows: Sample) -> Sample:
    total: Sample = rows.sum(axis=0)
    return total


def _planes() -> dict[tuple[CouinaudSegment, CouinaudSegment], tuple[SegmentPlane, int]]:
    numbers: dict[SegmentPlane, tuple[tuple[int, int, int], ...]] = {
        SegmentPlane.CAUDATE: tuple((1, other, 1) for other in range(2, 9)),
        SegmentPlane.MAIN: tuple((left, right, 1) for left in (2, 3, 4) for right in (5, 6, 7, 8)),
        SegmentPlane.UMBILICAL: ((2, 4, 1), (3, 4, 1)),
        SegmentPlane.LEFT_TRANSVERSE: ((2, 3, 1),),
        SegmentPlane.RIGHT: ((5, 6, 1), (5, 7, 1), (6, 8, -1), (7, 8, -1)),
        SegmentPlane.RIGHT_TRANSVERSE: ((5, 8, 1), (6, 7, 1)),
    }
    return {
        (CouinaudSegment(first), CouinaudSegment(second)): (plane, side)
        for plane, pairs in numbers.items()
        for first, second, side in pairs
    }


_PLANES = _planes()
