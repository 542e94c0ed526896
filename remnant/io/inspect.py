"""What is in a file or folder, and what speaks against using it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.core.codes import present_codes
from remnant.core.errors import InputError
from remnant.core.findings import Finding, Verdict
from remnant.core.geometry import Geometry, Shape3, Vector3
from remnant.core.volumes import Modality, Phase
from remnant.io.dicom_folder import is_dicom_file
from remnant.io.dicom_pixels import read_voxels
from remnant.io.dicom_series import Catalogue, Series, automatic, catalogue
from remnant.io.faults import require_file
from remnant.io.image_quality import coverage_mm, image_findings, spacing_along_normal_mm
from remnant.io.intensities import Evidence, hounsfield_evidence
from remnant.io.nifti_file import is_nifti_name, open_nifti
from remnant.io.nrrd import is_nrrd_name, read_nrrd
from remnant.io.series_quality import series_findings

MOST_LABELS = 256
HIGHEST_LABEL = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesFacts:
    """One image or label map, without anything that names the person.

    Parameters
    ----------
    number
        What ``--series`` takes; 1 for a file.
    modality, modality_reason
        ``None`` where nothing proves it; the reason says by what it is known or why it is not.
    phase, description
        Contrast phase and series description, as the source says.
    sequence, apart
        Kind of MR image, and what tells a stack from the others of its series; ``""`` for none.
    slices
        Images in the series; slices along the last axis of a file.
    shape, spacing_mm, orientation, coverage_mm
        The grid, its spacing (of slices along their normal), and how far it reaches head to foot;
        ``None`` when there is no usable grid.
    value_range, value_range_of
        Lowest and highest value, and of what (the whole image, or a DICOM series' middle slice).
    label_codes
        Codes where this looks like a label map, else empty.
    against
        What speaks against using it, in words or as a failed check; empty when nothing does.
    usable
        Whether it can be read at all.
    """

    number: int
    modality: Modality | None
    modality_reason: str
    phase: Phase
    description: str
    slices: int
    shape: Shape3 | None
    spacing_mm: Vector3 | None
    orientation: str | None
    coverage_mm: float | None
    value_range: tuple[float, float] | None
    value_range_of: str | None
    sequence: str = ""
    apart: str = ""
    label_codes: tuple[int, ...] = field(default=())
    against: tuple[str | Finding, ...] = field(default=())
    usable: bool = field(default=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What a path holds: ``kind`` is ``dicom``, ``nifti`` or ``nrrd``.

    ``skipped`` counts files that are no image, by reason. ``automatic`` is the number of the series
    that would be taken unasked, ``None`` when ``--series`` would be needed or nothing can be read.
    """

    kind: str
    series: tuple[SeriesFacts, ...]
    skipped: Mapping[str, int]
    automatic: int | None


def inspect_path(path: Path) -> Inspection:
    """Look into a file or folder; faults of single series are facts, not errors.

    Raises
    ------
    UnreadableFileError
        The path is missing, or neither NIfTI, NRRD nor DICOM.
    UnsupportedSeriesError, GeometryMismatchError
        A single file whose grid cannot be used, named by its fault.
    """
    if path.is_dir():
        return _dicom(path)
    require_file(path)
    if is_nrrd_name(path):
        values, geometry = read_nrrd(path)
        return _single("nrrd", values, geometry)
    if is_nifti_name(path) or not is_dicom_file(path):
        opened = open_nifti(path)
        return _single("nifti", opened.values(), opened.geometry)
    return _dicom(path)


def _single(kind: str, values: NDArray[Any], geometry: Geometry) -> Inspection:
    codes = _label_codes(values)
    evidence = hounsfield_evidence(values)
    facts = SeriesFacts(
        number=1,
        modality=Modality.CT if evidence.hounsfield else None,
        modality_reason="a label map" if codes else _reason(evidence),
        phase=Phase.UNKNOWN,
        description="",
        slices=geometry.shape[2],
        shape=geometry.shape,
        spacing_mm=spacing_along_normal_mm(geometry),
        orientation="".join(geometry.axcodes),
        coverage_mm=coverage_mm(geometry),
        value_range=(float(values.min()), float(values.max())),
        value_range_of="whole image",
        label_codes=codes,
        against=_against_file(geometry, evidence, is_label_map=bool(codes)),
    )
    return Inspection(kind=kind, series=(facts,), skipped={}, automatic=None if codes else 1)


def _reason(evidence: Evidence) -> str:
    if evidence.hounsfield:
        return f"the values prove a CT: {evidence.reason}"
    return f"the values do not prove a CT ({evidence.reason}): give --modality"


def _against_file(
    geometry: Geometry, evidence: Evidence, *, is_label_map: bool
) -> tuple[str | Finding, ...]:
    if is_label_map:
        return ("it is a label map: give it with --masks",)
    needs = () if evidence.hounsfield else ("needs --modality ct or --modality mr",)
    return (*needs, *_failed(image_findings(geometry)))


def _failed(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(finding for finding in findings if finding.verdict is not Verdict.MET)


def _label_codes(values: NDArray[Any]) -> tuple[int, ...]:
    if values.dtype.kind not in "iu" or values.min() < 0 or values.max() > HIGHEST_LABEL:
        return ()
    codes = present_codes(values)
    # consecutive grey values fill their whole range; label maps are mostly background
    mostly_background = np.count_nonzero(values) < values.size / 2
    few = 1 < len(codes) <= MOST_LABELS
    return tuple(sorted(codes - {0})) if few and mostly_background else ()


def _dicom(path: Path) -> Inspection:
    listed = catalogue(path)
    taken = automatic(listed)
    return Inspection(
        kind="dicom",
        series=tuple(_series_facts(listed, series) for series in listed.series),
        skipped=listed.skipped,
        automatic=None if taken is None else taken.number,
    )


def _series_facts(listed: Catalogue, series: Series) -> SeriesFacts:
    geometry = None if series.stack is None else series.stack.geometry
    middle, fault = _middle_values(series)
    against = _against_series(listed, series, middle) if fault is None else (fault,)
    return SeriesFacts(
        number=series.number,
        modality=series.modality,
        modality_reason="the DICOM header says so",
        phase=series.phase,
        description=series.description,
        slices=len(series.slices),
        shape=None if geometry is None else geometry.shape,
        spacing_mm=series.spacing_mm,
        sequence=series.sequence,
        apart=series.apart,
        orientation=None if geometry is None else "".join(geometry.axcodes),
        coverage_mm=None if geometry is None else coverage_mm(geometry),
        value_range=None if middle is None else (float(middle.min()), float(middle.max())),
        value_range_of=None if middle is None else "middle slice",
        label_codes=tuple(sorted(series.mask_codes - {0})),
        against=against,
        usable=series.fault is None and fault is None,
    )


def _against_series(
    listed: Catalogue, series: Series, middle: NDArray[Any] | None
) -> tuple[str | Finding, ...]:
    first = () if series.against is None else (series.against,)
    if series.stack is None or middle is None or series.mask_codes:
        return first
    evidence = hounsfield_evidence(middle)
    if series.modality is Modality.CT and evidence.hounsfield is False:
        first = (*first, f"not in Hounsfield units: {evidence.reason}")
    findings = image_findings(series.stack.geometry, series.phase_evidence)
    return (*first, *_failed((*findings, *series_findings(listed, series))))


def _middle_values(series: Series) -> tuple[NDArray[Any] | None, str | None]:
    if series.stack is None:
        return None, None
    middle = series.stack.slices[len(series.stack.slices) // 2]
    try:
        return read_voxels([middle]), None
    except InputError as fault:
        return None, str(fault)
