"""How often the Frilling type stays the same when the case is perturbed.

Three causes act, jointly in each perturbed case and each alone:

- segmentation error: surfaces of lesions and liver move as in the report's error model
  (`volumetry.uncertainty.joint_draws`); a lesion whose surface moves inwards past its middle
  vanishes;
- small lesions are overlooked: all below 5 mm or below 10 mm of longest axial diameter. Jointly a
  third of the cases drops none, a third those below 5 mm, a third those below 10 mm;
- the border between the lobes moves as Cantlie's plane does in the error model.

The same report and maps give the same result: the random numbers come from the report's seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from planning.distribution.frilling import ANSWERS, Cases, classify_cases, measured_case
from planning.rules.remnant import PROJECT_SOURCE
from remnant.core.distribution import FrillingType, Stability
from remnant.core.findings import Finding, SourceStatus, Threshold, Verdict
from remnant.core.lesions import Lesion
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.uncertainty import ErrorModel, SegmentPlane
from remnant.core.units import mm3_from_ml
from remnant.core.volumetry_report import VolumetryReport
from volumetry.liver_maps import LiverMaps
from volumetry.uncertainty.joint_draws import swollen_ml
from volumetry.uncertainty.lobe_shift import lobe_border, segment_shares

Sample = NDArray[np.float64]

PERTURBATIONS = 300
DROPPED_BELOW_MM = (5.0, 10.0)
STABLE_SHARE = 0.90
"""An answer is called stable from this share on; this project's, the level of its intervals."""

SEGMENTATION = "segmentation"
LOBE_BORDER = "lobe_border"

_STREAMS = {"common": 200, "own": 201, "liver": 202, "border": 203}
"""Of the random numbers; apart from those of `volumetry.uncertainty.joint_draws`."""


def stability(report: VolumetryReport, *, maps: LiverMaps | None) -> Stability | None:
    """Perturb a case and count how often its Frilling type stays the same.

    Parameters
    ----------
    report
        Volumes, lesions and the error model.
    maps
        Its liver, lesion and segment maps; without them the border between the lobes stays.

    Returns
    -------
    Stability
        ``None`` without a lesion that counts. Cases in which every lesion is lost have no type:
        they count as another answer and leave ``type_shares`` short of 1. ``reason`` says what
        could not be perturbed, and what the answer lacks.

    Raises
    ------
    InputError
        A lesion of the report has no voxel in the maps.
    """
    case = measured_case(report)
    if not case.known.size:
        return None
    answer = int(classify_cases(case)[0])
    errors = _segmentation(report)
    shares, why_not = _moved_shares(report, maps, case)
    joint = classify_cases(_overlooked(_perturbed(case, errors, shares), _dropped_in_turn()))
    alone = {SEGMENTATION: _perturbed(case, errors, None)}
    for limit_mm in DROPPED_BELOW_MM:
        alone[f"dropped_below_{limit_mm:g}_mm"] = _overlooked(case, np.array([limit_mm]))
    if shares is not None:
        alone[LOBE_BORDER] = replace(_repeated(case), shares=shares)
    return Stability(
        perturbations=PERTURBATIONS,
        same_share=_share_of(joint, answer),
        type_shares=_type_shares(joint),
        by_cause={cause: _share_of(classify_cases(c), answer) for cause, c in alone.items()},
        reasons=_reasons(case, why_not),
    )


def stability_finding(stability: Stability) -> Finding:
    """State how stable the Frilling type is.

    ``MET`` from :data:`STABLE_SHARE` on where all causes acted, ``UNKNOWN`` where one did not,
    ``NOT_MET`` below. ``value`` is the share of perturbed cases with the same answer.
    """
    same = stability.same_share
    stable = Verdict.UNKNOWN if stability.reasons else Verdict.MET
    return Finding(
        id="frilling.stability",
        verdict=stable if same >= STABLE_SHARE else Verdict.NOT_MET,
        quantity=Quantity(same),
        threshold=Threshold(value=STABLE_SHARE, source=PROJECT_SOURCE, status=SourceStatus.PROJECT),
        reasons=(
            reason(Cause.PERTURBATIONS, stability.perturbations),
            *_other_answers(stability),
            *_weakest(stability),
            *stability.reasons,
        ),
        source=PROJECT_SOURCE,
        status=SourceStatus.PROJECT,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Errors:
    """Volumes, diameters and presence after segmentation error; factor of the liver's volume."""

    volumes_ml: Sample
    diameters_mm: Sample
    present: NDArray[np.bool_]
    liver_factor: Sample


def _segmentation(report: VolumetryReport) -> _Errors:
    lesions = report.counted_lesions
    volumes_ml = np.array([lesion.volume_ml.value or 0.0 for lesion in lesions])
    free_mm2 = np.array([lesion.free_surface_mm2 for lesion in lesions])
    moved_mm = _moved_mm(report, lesions)
    swollen = np.zeros_like(moved_mm)
    real = volumes_ml > 0.0
    swollen[:, real] = swollen_ml(volumes_ml[real], (moved_mm * free_mm2)[:, real])
    diameters_mm = np.array([lesion.longest_axial_mm for lesion in lesions])
    whole_mm2 = np.array([lesion.surface_mm2 for lesion in lesions])
    free = np.divide(free_mm2, whole_mm2, out=np.zeros_like(free_mm2), where=whole_mm2 > 0.0)
    return _Errors(
        volumes_ml=swollen,
        diameters_mm=np.maximum(diameters_mm + 2.0 * moved_mm * free, 0.0),
        present=(swollen > 0.0) | ~real,
        liver_factor=_liver_factor(report),
    )


def _moved_mm(report: VolumetryReport, lesions: Sequence[Lesion]) -> Sample:
    """How far each lesion's free surface moves outwards, shape ``(cases, lesions)``."""
    model = report.error_model
    free_mm2 = np.array([lesion.free_surface_mm2 for lesion in lesions])
    grid_mm2 = np.divide(
        report.boundaries.grid_mm4, free_mm2, out=np.zeros_like(free_mm2), where=free_mm2 > 0.0
    )
    variance = model.lesion_boundary_mm**2
    common = np.sqrt(variance * model.lesion_common_share) * _normals(model, "common", 1)
    own_mm = np.sqrt(variance * (1.0 - model.lesion_common_share) + grid_mm2)
    moved_mm: Sample = common + own_mm * _normals(model, "own", len(lesions))
    return moved_mm


def _liver_factor(report: VolumetryReport) -> Sample:
    """Total liver volume after errors of its surface / the measured one, above 0."""
    model, area_mm2 = report.error_model, report.boundaries.liver_surface_mm2
    patch_mm2 = min(model.liver_patch_mm2, area_mm2)
    local = model.liver_boundary_mm**2 * (1.0 - model.liver_common_share) * patch_mm2
    common = model.liver_boundary_mm**2 * model.liver_common_share * area_mm2
    sd_mm3 = np.sqrt(area_mm2 * (common + local + report.boundaries.grid_mm4))
    tlv_ml = report.tlv_ml.value
    relative = sd_mm3 / mm3_from_ml(tlv_ml) if tlv_ml else 0.0
    factor: Sample = np.maximum(1.0 + relative * _normals(model, "liver", 1)[:, 0], SMALLEST_FACTOR)
    return factor


SMALLEST_FACTOR = 1e-6


def _normals(model: ErrorModel, stream: str, columns: int) -> Sample:
    """Return standard normal numbers in opposite pairs, shape ``(cases, columns)``."""
    rng = np.random.default_rng([model.seed, _STREAMS[stream]])
    half = rng.standard_normal((PERTURBATIONS // 2, columns))
    return np.concatenate((half, -half))


def _moved_shares(
    report: VolumetryReport, maps: LiverMaps | None, case: Cases
) -> tuple[Sample | None, tuple[Reason, ...]]:
    """Segment shares under moved borders; without them the reason. A lone lesion needs none."""
    if case.known.size == 1:
        return case.shares, ()
    if maps is None:
        return None, (reason(Cause.BORDER_WITHOUT_MAPS),)
    if maps.segments is None or not case.known.all():
        return None, (reason(Cause.BORDER_WITHOUT_SEGMENTS),)
    border = lobe_border(maps)
    if not len(border.places_mm):
        return None, (reason(Cause.LOBES_APART),)
    model = report.error_model
    shifts_mm = model.plane_mm(SegmentPlane.MAIN) * _normals(model, "border", 1)[:, 0]
    ids = [lesion.id for lesion in report.counted_lesions]
    return segment_shares(maps, border, lesion_ids=ids, shifts_mm=shifts_mm), ()


def _repeated(case: Cases) -> Cases:
    """Repeat the measured case for every perturbation."""
    burden = case.burden_fraction
    return replace(
        case,
        present=np.repeat(case.present, PERTURBATIONS, axis=0),
        volumes_ml=np.repeat(case.volumes_ml, PERTURBATIONS, axis=0),
        diameters_mm=np.repeat(case.diameters_mm, PERTURBATIONS, axis=0),
        burden_fraction=None if burden is None else np.repeat(burden, PERTURBATIONS),
    )


def _perturbed(case: Cases, errors: _Errors, shares: Sample | None) -> Cases:
    """Let errors of the segmentation act, and with ``shares`` those of the border too."""
    burden = case.burden_fraction
    if burden is not None:
        tumour = _tumour_factor(case, errors.present, errors.volumes_ml)
        burden = burden * tumour / errors.liver_factor
    return replace(
        case,
        present=errors.present,
        volumes_ml=errors.volumes_ml,
        diameters_mm=errors.diameters_mm,
        shares=case.shares if shares is None else shares,
        burden_fraction=burden,
    )


def _overlooked(cases: Cases, below_mm: Sample) -> Cases:
    """Drop the lesions of a smaller diameter, a limit for each case."""
    present = cases.present & (cases.diameters_mm >= below_mm[:, None])
    burden = cases.burden_fraction
    if burden is not None:
        burden = burden * _tumour_factor(cases, present, cases.volumes_ml)
    return replace(cases, present=present, burden_fraction=burden)


def _tumour_factor(cases: Cases, present: NDArray[np.bool_], volumes_ml: Sample) -> Sample:
    """Tumour with other lesions and volumes / that of the cases; 1 where they have none."""
    before = np.where(cases.present, cases.volumes_ml, 0.0).sum(axis=1)
    after = np.where(present, volumes_ml, 0.0).sum(axis=1)
    factor: Sample = np.divide(after, before, out=np.ones_like(after), where=before > 0.0)
    return factor


def _dropped_in_turn() -> Sample:
    """Limit below which lesions are overlooked in each joint case; 0.0 drops none."""
    limits = (0.0, *DROPPED_BELOW_MM)
    return np.resize(np.array(limits), PERTURBATIONS)


def _share_of(answers: NDArray[np.int64], answer: int) -> float:
    return float((answers == answer).mean())


def _type_shares(answers: NDArray[np.int64]) -> dict[FrillingType, float]:
    found = {kind: _share_of(answers, n) for n, kind in enumerate(ANSWERS) if kind is not None}
    return {kind: share for kind, share in found.items() if share > 0.0}


def _reasons(case: Cases, why_not: tuple[Reason, ...]) -> tuple[Reason, ...]:
    """Say what was not perturbed, and what the answer lacks."""
    untyped = case.burden_fraction is None
    lacking = (reason(Cause.NO_CASE_HAS_A_TYPE),) if untyped else why_not
    return (*lacking, reason(Cause.SPREAD_BEYOND_SCAN_UNKNOWN)) if case.cut else lacking


def _other_answers(stability: Stability) -> tuple[Reason, ...]:
    """Return the share of each answer; empty where there is but one."""
    shares: dict[str, float] = {str(kind): share for kind, share in stability.type_shares.items()}
    lost = 1.0 - sum(shares.values())
    if round(lost, 9) > 0.0:
        shares["none"] = lost
    several = len(shares) > 1
    return tuple(reason(Cause.SHARE_OF_ANSWER, v, k) for k, v in shares.items() if several)


def _weakest(stability: Stability) -> tuple[Reason, ...]:
    cause, share = min(stability.by_cause.items(), key=lambda item: item[1])
    return () if share >= STABLE_SHARE else (reason(Cause.LEAST_STABLE, share, cause),)
