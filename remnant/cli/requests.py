"""From options to requests of the pipeline."""

from pathlib import Path

from remnant.cli.options import ErrorOptions, FormulaOptions, MaskOptions, PatientOptions
from remnant.core.errors import InputError
from remnant.core.volumes import Modality
from remnant.pipeline.facts import KnownCase
from remnant.pipeline.requests import SegmentRequest
from remnant.pipeline.stages import MeasureRequest
from volumetry.error_models import error_model
from volumetry.standardised import require_formulas


def segment_request(
    source: Path | None,
    maps: MaskOptions,
    *,
    modality: Modality | None = None,
    series: str | None = None,
) -> SegmentRequest:
    """Return what to segment."""
    return SegmentRequest(
        source=source,
        modality=modality,
        series=series,
        masks=maps.paths(),
        preset=maps.masks_preset,
        landmarks=maps.landmarks,
        whole_liver=maps.whole_liver,
        split_confluent=maps.split_confluent,
    )


def measure_request(
    known_case: KnownCase | None,
    patient: PatientOptions,
    formulas: FormulaOptions,
    errors: ErrorOptions,
) -> MeasureRequest:
    """Return what to measure with: options first, then what the stored case knew.

    A formula that is named anew comes with its own body surface area formula.

    Raises
    ------
    InputError
        A formula is not known, or a figure of the error model is out of range.
    """
    earlier = known_case.measuring if known_case else None
    known = earlier or MeasureRequest(patient=patient.patient())
    require_formulas(formulas.formula, formulas.bsa_formula)
    fresh_formula = formulas.formula is not None and formulas.formula != known.formula
    chosen = errors.choice(known.errors)
    error_model(networks=False, segment_source=None, choice=chosen)  # refuses before any work
    inherited = None if fresh_formula else known.bsa_formula
    return MeasureRequest(
        patient=patient.patient(known.patient),
        formula=formulas.formula or known.formula,
        bsa_formula=formulas.bsa_formula or inherited,
        errors=chosen,
    )


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
