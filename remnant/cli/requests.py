"""From options to requests of the pipeline."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from remnant.cli.fact_options import PatientOptions
from remnant.cli.options import (
    NO_LIVER_BOX,
    NO_SCAN,
    ErrorOptions,
    FormulaOptions,
    LiverBoxOptions,
    MaskOptions,
    ScanOptions,
    with_mask,
)
from remnant.core.errors import InputError
from remnant.core.patient import Patient
from remnant.io.reading import ReadingChoice
from remnant.io.roles import Part
from remnant.pipeline.asked import measuring_asked, require_files
from remnant.pipeline.option_texts import parse_numbers, require_threshold
from remnant.pipeline.requests import MeasureRequest, SegmentRequest
from remnant.pipeline.reviewing import NO_REVIEW, LesionReview

if TYPE_CHECKING:
    from remnant.pipeline.facts import KnownCase

OPTIONS: Final[Mapping[str, str]] = {
    "liver_boundary_mm": "--liver-boundary-mm",
    "lesion_boundary_mm": "--lesion-boundary-mm",
    "segment_border_mm": "--segment-border-mm",
    "formula_residual_fraction": "--formula-residual-fraction",
    "seed": "--interval-seed",
}


def segment_request(
    source: Path | None,
    maps: MaskOptions,
    *,
    scan: ScanOptions = NO_SCAN,
    boxed: LiverBoxOptions = NO_LIVER_BOX,
    review: LesionReview = NO_REVIEW,
    stored: bool = False,
    overwrite: bool = False,
) -> SegmentRequest:
    """Return what to segment, and what a human says of it.

    A lesion map that is given for a ``stored`` case is its edited one; for any other it is one of
    the masks. ``overwrite`` says that what is there may go.

    Raises
    ------
    InputError
        An option cannot be read, or there is no scan at ``source``.
    UnreadableFileError
        A file of masks or landmarks is missing: known before the libraries that read it are loaded.
    """
    masks = dict(maps.paths())
    if review.edited is not None and not stored:
        masks = with_mask(masks, Part.LESIONS, review.edited, option="--lesions")
        review = replace(review, edited=None)
    request = SegmentRequest(
        source=source,
        reading=reading_choice(scan, maps),
        bias_correction=scan.bias_correction,
        phases=scan.phases(),
        liver_box=boxed.box(),
        masks=masks,
        preset=maps.masks_preset,
        landmarks=maps.landmarks,
        whole_liver=maps.whole_liver,
        split_confluent=maps.split_confluent,
        split_iv=maps.split_iv,
        confirm_segments=maps.confirm_segments,
        review=review,
        overwrite=overwrite,
    )
    require_files(request)
    return request


def reading_choice(scan: ScanOptions, maps: MaskOptions) -> ReadingChoice:
    """Return how files are to be read, as far as the options say so.

    Raises
    ------
    InputError
        A figure is out of range.
    """
    require_threshold(maps.threshold, option="--threshold")
    return ReadingChoice(
        modality=scan.modality,
        series=scan.series,
        phase=scan.phase,
        intensity_offset_hu=scan.intensity_offset,
        geometry_from=maps.geometry_from,
        threshold=maps.threshold,
        lesion_codes=parse_numbers(maps.lesion_codes, option="--lesion-codes"),
    )


def measure_request(
    known_case: "KnownCase | None",
    patient: PatientOptions,
    formulas: FormulaOptions,
    errors: ErrorOptions,
    *,
    facts: Path | None = None,
) -> MeasureRequest:
    """Return what to measure with: options first, then the facts file, then the stored case.

    A formula that is named anew comes with its own body surface area formula.

    Raises
    ------
    InputError
        A formula is not known, a figure of the error model is out of range, or the facts file
        cannot be read.
    """
    known = known_case.measuring if known_case else MeasureRequest(patient=Patient())
    return measuring_asked(
        known,
        patient=patient.patient(file_patient(facts, known.patient)),
        formula=formulas.formula,
        bsa_formula=formulas.bsa_formula,
        errors=errors.choice(known.errors),
        names=OPTIONS,
    )


def file_patient(facts: Path | None, known: Patient) -> Patient:
    """Return the patient's facts of a facts file; what it does not say is taken from ``known``."""
    if facts is None:
        return known
    from remnant.documents.clinical_facts import read_facts_file

    return read_facts_file(facts).patient_facts(known)


def output_folder(case: Path | None, output: Path | None) -> Path:
    """Return where to write: the output when it is given, otherwise the case itself.

    Raises
    ------
    InputError
        Neither was given.
    """
    folder = output or case
    if folder is None:
        raise InputError("no place to write to: name a folder with -o OUT")
    return folder
