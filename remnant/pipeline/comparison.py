"""Two measured cases of one liver: lesions matched, changes and growth measured."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.case import CaseReport
from remnant.core.comparison import (
    Alignment,
    ComparisonReport,
    ComparisonSettings,
    Growth,
    LesionMatch,
)
from remnant.core.errors import InputError
from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, CouinaudSegment
from remnant.core.provenance import Provenance
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.study import Study
from remnant.core.volumes import LabelMap, Phase
from remnant.documents.comparison_document import COMPARISON, COMPARISON_SETTINGS, write_matches_csv
from remnant.io.atomic import digest_file
from remnant.pipeline.case_files import REPORT_JSON
from remnant.pipeline.folder import read_case, read_measured, require_as_measured
from remnant.pipeline.measuring_and_planning import settings_digest, software_versions
from remnant.pipeline.results import published_results, require_replaceable_results
from remnant.wording.resection_titles import hepatectomy_title
from segmentation.alignment.surfaces import align_livers, describe_alignment
from volumetry.agreement.overlap import dice_fraction, overlaps_ml
from volumetry.growth.change import seeds
from volumetry.growth.lesion_changes import MeasuredScan, lesion_matches
from volumetry.growth.matching import (
    CENTROID_LIMIT_MM,
    MINIMUM_OVERLAP_FRACTION,
    LesionSet,
    beyond_the_scan,
    match_lesions,
)
from volumetry.growth.remnant_growth import (
    GrowthRequest,
    remnant_growth,
    require_threshold,
    require_weeks,
)
from volumetry.growth.volume_changes import volume_changes

COMPARISON_JSON: Final = "comparison.json"
MATCHES_CSV: Final = "matches.csv"
SCANS: Final = ("first", "second")
FILES: Final = (COMPARISON_JSON, MATCHES_CSV)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareRequest:
    """What to compare.

    Parameters
    ----------
    before, after
        Case folders of the earlier and the later scan.
    weeks
        Between the scans, ``None`` when it was not said.
    removed
        Segments of the resection whose remnant is followed; ``None`` for none.
    threshold_sflr
        sFLR to reach, ``None`` when none is asked for.

    Raises
    ------
    InputError
        The two cases are the same folder, a threshold was given without a resection, or a number
        is out of range.
    """

    before: Path
    after: Path
    weeks: float | None = None
    removed: frozenset[CouinaudSegment] | None = None
    threshold_sflr: float | None = None

    def __post_init__(self) -> None:
        require_weeks(self.weeks)
        require_threshold(self.threshold_sflr)
        if self.before.resolve() == self.after.resolve():
            raise InputError(f"{self.before} was given twice; name the earlier and the later case")
        if self.threshold_sflr is not None and self.removed is None:
            raise InputError("--threshold is for the remnant of a resection: name it (--resect)")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scan:
    """A measured case with the maps that comparing needs."""

    report: CaseReport
    liver: LabelMap
    lesions: LabelMap | None
    sha256: str


def compare_cases(request: CompareRequest) -> ComparisonReport:
    """Compare two measured cases.

    Raises
    ------
    UnreadableFileError
        A folder holds no measured case.
    InputError
        A report and its maps do not belong together, or growth was asked for and the two
        standardised liver volumes differ.
    """
    before, after = _read(request.before), _read(request.after)
    changes = volume_changes(before.report.volumetry, after.report.volumetry)
    growth = _growth(before, after, request)
    settings = _settings(before, after, request)
    matched = _matched(before, after)
    return ComparisonReport(
        before=before.report.study,
        after=after.report.study,
        weeks=request.weeks,
        tlv_ml=changes.tlv_ml,
        tumour_ml=changes.tumour_ml,
        alignment=matched.alignment,
        matches=matched.matches,
        matches_reasons=matched.reasons,
        growth=growth,
        growth_reasons=() if growth else (reason(Cause.NO_RESECTION_NAMED),),
        quality=(*_checks(before, after, request), *matched.quality),
        settings=settings,
        provenance=_provenance(before, after, settings),
    )


def is_comparison_of(report: ComparisonReport, request: CompareRequest) -> bool:
    """Tell whether a comparison that was stored is what comparing the cases again would give.

    It is one of the same two reports, made with the same request by the same software.

    Raises
    ------
    UnreadableFileError
        A folder holds no measured case.
    """
    settings = report.settings
    asked = (request.weeks, request.removed, request.threshold_sflr)
    rules = (MINIMUM_OVERLAP_FRACTION, CENTROID_LIMIT_MM)
    cases = {"before": request.before, "after": request.after}
    return (
        (settings.weeks, settings.removed, settings.threshold_sflr) == asked
        and (settings.minimum_overlap_fraction, settings.centroid_limit_mm) == rules
        and report.provenance.software == software_versions(with_networks=False)
        and report.provenance.inputs_sha256
        == {side: digest_file(folder / REPORT_JSON) for side, folder in cases.items()}
    )


def require_comparison_folder(folder: Path, *, overwrite: bool = False) -> str | None:
    """Say what a new comparison replaces in ``folder``; called before the work.

    Raises
    ------
    InputError
        The path is a file, cannot be written, is a folder that holds other files, or holds a
        comparison and nobody asked for it to be replaced.
    """
    return require_replaceable_results(folder, FILES, overwrite=overwrite)


def write_comparison(report: ComparisonReport, folder: Path) -> None:
    """Write ``comparison.json`` and ``matches.csv``; they appear together or not at all.

    The table has no rows where the lesions could not be matched.

    Raises
    ------
    InputError
        The folder cannot be written or holds other files.
    """
    with published_results(folder, FILES) as staging:
        COMPARISON.write(report, staging / COMPARISON_JSON)
        write_matches_csv(report.matches or (), staging / MATCHES_CSV)


def _read(folder: Path) -> _Scan:
    require_as_measured(folder)
    report, case = read_measured(folder), read_case(folder)
    structures = case.maps.structures
    liver = LabelMap(structures.mask().astype(np.uint8), structures.geometry, BINARY_SCHEME)
    measured = {lesion.id for lesion in report.volumetry.lesions}
    drawn = set() if case.maps.lesions is None else case.maps.lesions.present()
    if not measured <= drawn:
        raise InputError(
            f"{folder}: {REPORT_JSON} names lesion(s) {sorted(measured - drawn)[:8]} that its "
            f"lesion map does not hold; run `remnant measure {folder}` again"
        )
    return _Scan(
        report=report,
        liver=liver,
        lesions=case.maps.lesions,
        sha256=digest_file(folder / REPORT_JSON),
    )


def _growth(before: _Scan, after: _Scan, request: CompareRequest) -> Growth | None:
    if request.removed is None:
        return None
    growth_request = GrowthRequest(
        removed=request.removed,
        title=hepatectomy_title(request.removed),
        weeks=request.weeks,
        threshold_sflr=request.threshold_sflr,
    )
    return remnant_growth(
        before.report.volumetry, after.report.volumetry, after.report.patient, growth_request
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Matched:
    alignment: Alignment | None = None
    matches: tuple[LesionMatch, ...] | None = None
    reasons: tuple[Reason, ...] = ()
    quality: tuple[Finding, ...] = ()


def _matched(before: _Scan, after: _Scan) -> _Matched:
    unknown = [
        name for name, scan in zip(SCANS, (before, after), strict=True) if scan.lesions is None
    ]
    if before.lesions is None or after.lesions is None:
        return _Matched(reasons=(reason(Cause.CASE_WITHOUT_LESIONS, *unknown),))
    matrix = align_livers(before.liver, after.liver)
    overlap = dice_fraction(before.liver, after.liver, matrix)
    alignment, finding = describe_alignment(matrix, overlap, before.liver, after.liver)
    first, second = _lesion_set(before, matrix), _lesion_set(after, np.eye(4))
    shared = overlaps_ml(
        before.lesions, after.lesions, matrix, before_codes=first.ids, after_codes=second.ids
    )
    pairings = beyond_the_scan(
        match_lesions(first, second, shared),
        first,
        second,
        before_grid=_moved(before.liver.geometry, matrix),
        after_grid=after.liver.geometry,
    )
    matches = lesion_matches(pairings, _scan(before), _scan(after))
    return _Matched(alignment=alignment, matches=matches, quality=(finding,))


def _moved(geometry: Geometry, matrix: NDArray[np.float64]) -> Geometry:
    return Geometry(geometry.shape, matrix @ geometry.affine_ras)


def _lesion_set(scan: _Scan, matrix: NDArray[np.float64]) -> LesionSet:
    lesions = scan.report.volumetry.lesions
    centres = np.array([lesion.centroid_ras_mm for lesion in lesions], dtype=float).reshape(-1, 3)
    return LesionSet(
        ids=tuple(lesion.id for lesion in lesions),
        volumes_ml=np.array([lesion.volume_ml.value or 0.0 for lesion in lesions]),
        centroids_mm=centres @ matrix[:3, :3].T + matrix[:3, 3],
        rejected=frozenset(lesion.id for lesion in lesions if not lesion.counts),
    )


def _scan(scan: _Scan) -> MeasuredScan:
    geometry = scan.liver.geometry
    along = geometry.axial_axis
    across = (s for axis, s in enumerate(geometry.spacing_mm) if axis != along)
    return MeasuredScan(
        report=scan.report.volumetry,
        axial_spacing_mm=max(across),
        slice_spacing_mm=geometry.spacing_mm[along],
    )


def _checks(before: _Scan, after: _Scan, request: CompareRequest) -> tuple[Finding, ...]:
    first, second = before.report, after.report
    checks = (_same_kind_of_scan(first, second), _confirmed(first, second))
    return checks if request.removed is None else (*checks, _divided_alike(first, second))


def _divided_alike(first: CaseReport, second: CaseReport) -> Finding:
    """Say where the segments came from that the followed remnant is made of."""
    volumes = [case.volumetry for case in (first, second)]
    sources = [v.segment_source for v in volumes]
    reviewed = not any(v.segments_need_review for v in volumes)
    scans = [name for name, v in zip(SCANS, volumes, strict=True) if v.segments_need_review]
    unreviewed = (reason(Cause.SEGMENTS_UNREVIEWED, *scans),) if scans else ()
    named = reason(Cause.SEGMENTS_COMPARED, *("" if s is None else s.value for s in sources))
    alike = sources[0] is sources[1] and None not in sources
    passed = (True if alike else None) if reviewed else False
    return quality_finding("compared_segments", passed=passed, reasons=(named, *unreviewed))


def _same_kind_of_scan(before: CaseReport, after: CaseReport) -> Finding:
    kinds = [_kind(case.study) for case in (before, after)]
    parts = list(zip(*kinds, strict=True))
    differ = any(first and second and first != second for first, second in parts)
    known = all(word for kind in kinds for word in kind)
    named = reason(Cause.SCANS_COMPARED, *(word for kind in kinds for word in kind))
    passed = False if differ else True if known else None
    return quality_finding("same_modality_and_phase", passed=passed, reasons=(named,))


def _kind(study: Study) -> tuple[str, str]:
    """Return modality and phase; the empty text where unknown."""
    phase = "" if study.phase is Phase.UNKNOWN else study.phase.value
    return study.modality.value if study.modality else "", phase


def _confirmed(before: CaseReport, after: CaseReport) -> Finding:
    counts = [
        sum(lesion.counts and lesion.confirmation.is_open for lesion in case.volumetry.lesions)
        for case in (before, after)
    ]
    return quality_finding(
        "compared_lesions_confirmed",
        passed=not any(counts),
        value=float(sum(counts)),
        reasons=(reason(Cause.UNCONFIRMED_IN_SCANS, *counts),),
    )


def _settings(before: _Scan, after: _Scan, request: CompareRequest) -> ComparisonSettings:
    first, second = (scan.report.volumetry.error_model for scan in (before, after))
    return ComparisonSettings(
        weeks=request.weeks,
        removed=request.removed,
        threshold_sflr=request.threshold_sflr,
        minimum_overlap_fraction=MINIMUM_OVERLAP_FRACTION,
        centroid_limit_mm=CENTROID_LIMIT_MM,
        error_models=(first.origin, second.origin),
        seeds=seeds(before.report.volumetry, after.report.volumetry),
        draws=first.draws,
    )


def _provenance(before: _Scan, after: _Scan, settings: ComparisonSettings) -> Provenance:
    return Provenance(
        software=software_versions(with_networks=False),
        models=(),
        configuration_sha256=settings_digest(COMPARISON_SETTINGS.encode(settings)),
        inputs_sha256={"before": before.sha256, "after": after.sha256},
        device=None,
        seed=settings.seeds[0],
        created_utc=datetime.now(tz=UTC).isoformat(timespec="seconds"),
    )
