"""From label maps to a volumetry report."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remnant.core.findings import Finding
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation, IntensityStatistics, Lesion
from remnant.core.patient import Patient
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.uncertainty import ErrorModel
from remnant.core.volumes import LabelMap
from remnant.core.volumetry_report import SegmentSource, SegmentVolumes, VolumetryReport
from volumetry import checks
from volumetry.burden import burden_class
from volumetry.lesions.cores import core_volumes_ml
from volumetry.lesions.lesion_rows import measure_lesions, require_known_lesions
from volumetry.liver_maps import LiverMaps, Tally, cut_faces, liver_maps, tally
from volumetry.remnant import causes
from volumetry.standardised.expected_volume import DEFAULT_FORMULA, standardised_volume
from volumetry.uncertainty.error_models import error_model as default_model
from volumetry.uncertainty.intervals import with_intervals
from volumetry.uncertainty.segment_borders import OuterSurface, measure_boundaries


def measure(  # noqa: PLR0913  (the whole input of the stage)
    structures: LabelMap,
    lesions: LabelMap | None,
    *,
    couinaud: LabelMap | None,
    patient: Patient,
    segment_source: SegmentSource | None = None,
    segments_reasons: tuple[Reason, ...] = (),
    confirmations: Mapping[int, Confirmation] | None = None,
    whole_liver: bool = False,
    file_may_end: bool = False,
    formula: str = DEFAULT_FORMULA,
    bsa_formula: str | None = None,
    error_model: ErrorModel | None = None,
    intensities: Mapping[int, IntensityStatistics] | None = None,
    lesions_core: LabelMap | None = None,
) -> VolumetryReport:
    """Measure the liver, its tumours and its segments.

    The liver is every non-zero code of ``structures``; tumour is every lesion that was not
    rejected, as far as it lies in the liver. Rejected lesions are listed and count as parenchyma.
    Volumes are voxels times the voxel's volume, right on oblique, mirrored and sheared grids.

    Parameters
    ----------
    structures
        Liver map: the structure codes or a plain binary liver.
    lesions
        Lesion ids (a plain binary map is one lesion), on the same grid. ``None`` when nothing is
        known about lesions: then tumour and burden are absent, and functional volumes are upper
        bounds.
    couinaud
        Couinaud codes on the same grid; ``None`` when unknown.
    patient
        Body size for the standardised volume.
    segment_source
        Where the segments came from; ``GIVEN`` unless said otherwise.
    segments_reasons
        Why there are no segments, where there are none.
    confirmations
        What a human said of lesions, by id; all others are automatic.
    whole_liver
        The maps were cropped and hold the whole liver although it touches the grid's edge.
    file_may_end
        The grid may end before the scan did: bounds then say so.
    formula, bsa_formula
        See ``volumetry.standardised.expected_volume.standardised_volume``.
    error_model
        What is assumed about the errors of the maps; ``None`` for maps of unknown origin
        (`volumetry.uncertainty.error_models`).
    intensities
        Statistics of the image in each lesion, where there is an image.
    lesions_core
        What a first network marked of the lesions, where their outlines were refined; until a
        human confirmed a lesion its interval covers the difference.

    Returns
    -------
    VolumetryReport
        Volumes in mL; 0.0 is a measurement. Where the liver or a lesion touches the outermost
        voxel layer its volumes are lower bounds, and their intervals are those of the part within
        the scan. All intervals come from one set of joint draws, see
        `volumetry.uncertainty.joint_draws`.

    Raises
    ------
    GeometryMismatchError
        The maps lie on different grids.
    EmptyStructureError
        No voxel is liver, or a given Couinaud map has none in the liver.
    InputError
        Unknown formula, confirmation of an unknown lesion, or foreign Couinaud codes.
    """
    standardised = standardised_volume(patient, formula=formula, bsa_formula=bsa_formula)
    maps = liver_maps(structures, lesions, couinaud)
    if confirmations:
        known = frozenset[int]() if lesions is None else checks.lesion_ids(lesions)
        require_known_lesions(confirmations, known)
    model = error_model or default_model(networks=False, segment_source=segment_source)
    reviewed = confirmations or {}
    rejected = frozenset(n for n, word in reviewed.items() if word is Confirmation.REJECTED)
    counted = tally(maps, whole_liver=whole_liver)
    liver = _Liver(maps, counted, _tumour_rows(counted, rejected), whole_liver, file_may_end)
    tumour = liver.tumour_mask()
    table = measure_lesions(
        maps, counted, reviewed, tumour=tumour, model=model, intensities=intensities or {},
        cores={} if lesions_core is None else core_volumes_ml(lesions_core, maps),
    )  # fmt: skip
    boundaries, surfaces = measure_boundaries(maps, tumour, cut=cut_faces(maps, counted))
    burden = None if lesions is None else liver.tumour_voxels / liver.voxels
    given = couinaud is not None
    report = VolumetryReport(
        tlv_ml=liver.volume(liver.voxels),
        functional_tlv_ml=_functional_tlv(liver, lesions_known=lesions is not None),
        tumour_ml=_unknown_lesions() if lesions is None else _tumour(liver),
        burden_fraction=_burden(liver, burden),
        burden_class=None if burden is None else burden_class(burden),
        segments=_segments(liver, surfaces) if given else None,
        segments_reasons=() if given else segments_reasons or (reason(Cause.NO_COUINAUD_MAP),),
        segment_source=(segment_source or SegmentSource.GIVEN) if given else None,
        unassigned_ml=liver.functional_ml(0) if given else 0.0,
        lesions=table,
        standardised=standardised,
        boundaries=boundaries,
        error_model=model,
        quality=tuple(_findings(liver, table, lesions, couinaud, rejected)),
    )
    return with_intervals(report)


@dataclass(frozen=True, slots=True, eq=False)
class _Liver:
    """Maps, counts, and which lesion ids (rows of the tally) are tumour."""

    maps: LiverMaps
    counted: Tally
    tumour_rows: NDArray[np.bool_]
    declared_whole: bool
    file_may_end: bool

    @property
    def voxel_ml(self) -> float:
        return self.maps.geometry.voxel_volume_ml

    @property
    def is_cut(self) -> bool:
        return bool(self.counted.on_edge.any())

    @property
    def end(self) -> Cause:
        """Why what lies beyond the grid is not counted."""
        return Cause.LIVER_AT_FILE_END if self.file_may_end else Cause.LIVER_CUT

    @property
    def voxels(self) -> int:
        return int(self.counted.everywhere.sum())

    @property
    def tumour_voxels(self) -> int:
        return int(self.counted.everywhere[self.tumour_rows].sum())

    def total_ml(self, segment: int) -> float:
        return int(self.counted.everywhere[:, segment].sum()) * self.voxel_ml

    def functional_ml(self, segment: int) -> float:
        return int(self.counted.everywhere[~self.tumour_rows, segment].sum()) * self.voxel_ml

    def volume(self, voxels: int) -> Quantity:
        """Volume of some voxels of the liver; a lower bound where the scan cuts it."""
        value = voxels * self.voxel_ml
        if self.is_cut:
            return Quantity(value, bound=Bound.LOWER, reasons=causes({self.end: True}))
        return Quantity(value)

    def tumour_mask(self) -> NDArray[np.bool_]:
        mask: NDArray[np.bool_] = self.tumour_rows[self.maps.lesions]
        return mask


def _tumour_rows(counted: Tally, rejected: frozenset[int]) -> NDArray[np.bool_]:
    rows = np.ones(len(counted.everywhere), np.bool_)
    rows[[0, *(code for code in rejected if code < len(rows))]] = False
    return rows


def _burden(liver: _Liver, burden: float | None) -> Quantity:
    if burden is None:
        return _unknown_lesions()
    within = Cause.SHARE_WITHIN_FILE if liver.file_may_end else Cause.SHARE_WITHIN_SCAN
    return Quantity(
        burden,
        indicative=liver.is_cut,
        reasons=causes({within: liver.is_cut}),
    )


def _unknown_lesions() -> Quantity:
    return Quantity.absent(reason(Cause.LESIONS_UNKNOWN))


def _functional_tlv(liver: _Liver, *, lesions_known: bool) -> Quantity:
    functional = liver.voxels - liver.tumour_voxels
    if not lesions_known:
        return Quantity(
            functional * liver.voxel_ml,
            bound=None if liver.is_cut else Bound.UPPER,
            indicative=liver.is_cut,
            reasons=causes({Cause.LESIONS_UNKNOWN: True, liver.end: liver.is_cut}),
        )
    return liver.volume(functional)


def _tumour(liver: _Liver) -> Quantity:
    return liver.volume(liver.tumour_voxels)


def _segments(
    liver: _Liver, surfaces: Mapping[CouinaudSegment, OuterSurface]
) -> dict[CouinaudSegment, SegmentVolumes]:
    return {
        segment: SegmentVolumes(
            total_ml=liver.total_ml(segment),
            functional_ml=liver.functional_ml(segment),
            touches_edge=_is_cut_segment(liver, segment),
            surface_mm2=surfaces[segment].whole_mm2,
            tumour_at_surface_mm2=surfaces[segment].tumour_mm2,
        )
        for segment in CouinaudSegment
    }


def _is_cut_segment(liver: _Liver, segment: CouinaudSegment) -> bool:
    """Tell whether the scan cuts a segment; one without a voxel may lie wholly beyond its edge."""
    unseen = not liver.counted.everywhere[:, segment].any()
    return bool(liver.counted.on_edge[:, segment].any()) or (unseen and liver.is_cut)


def _findings(
    liver: _Liver,
    table: Sequence[Lesion],
    lesions: LabelMap | None,
    couinaud: LabelMap | None,
    rejected: frozenset[int],
) -> Iterator[Finding]:
    yield checks.check_liver_inside_scan(
        cut=liver.is_cut,
        declared_whole=liver.declared_whole,
        file_may_end=liver.file_may_end,
    )
    yield checks.check_lesions_known(known=lesions is not None)
    if lesions is not None:
        yield checks.check_burden_plausible(liver.tumour_voxels / liver.voxels)
        yield checks.check_lesions_inside_scan(liver.counted, file_may_end=liver.file_may_end)
        yield checks.check_lesions_inside_liver(lesions, liver.counted, rejected)
        yield checks.check_lesions_confirmed(table)
        yield from checks.check_lesion_outlines(table)
    if couinaud is not None:
        yield checks.check_segments_cover_liver(liver.counted, liver.voxel_ml)
        yield checks.check_segments_inside_liver(couinaud, liver.maps, liver.counted)
