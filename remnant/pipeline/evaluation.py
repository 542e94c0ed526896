"""Segmentations held against the truth: one case at a time, one folder of results."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Final

from remnant.core.agreement import Agreement, CaseAgreement, EvaluationSettings
from remnant.core.errors import EmptyStructureError, InputError
from remnant.core.progress import Progress, silent
from remnant.io.placement import grid_offset
from remnant.pipeline.evaluation_sources import (
    CaseMaps,
    Pairs,
    SideCoding,
    along_axes,
    read_case_maps,
)
from remnant.pipeline.results import published_results
from volumetry.agreement.of_cohort import bland_altman_of, burden_errors, structures_of, summarise
from volumetry.agreement.of_lesions import detection_by_size, detection_score
from volumetry.agreement.of_regions import Region, burden_of, compare_lesions, compare_structures

AGREEMENT_JSON: Final = "agreement.json"
CASE_TABLE: Final = "cases.csv"
LESION_TABLE: Final = "lesions.csv"
SUMMARY_TABLE: Final = "summary.csv"
PICTURE_PNG: Final = "bland_altman.png"
PICTURE_SVG: Final = "bland_altman.svg"
RESULT_FILES: Final = (
    AGREEMENT_JSON, CASE_TABLE, LESION_TABLE, SUMMARY_TABLE, PICTURE_PNG, PICTURE_SVG,
)  # fmt: skip
STAGE: Final = "comparing cases"


def evaluate(
    pairs: Pairs,
    *,
    prediction: SideCoding,
    truth: SideCoding,
    tolerance_mm: float,
    match_iou: float,
    progress: Progress = silent,
) -> Agreement:
    """Compare every pair of cases; one case is in memory at a time.

    Parameters
    ----------
    pairs
        What belongs together.
    prediction, truth
        What the codes of either side mean.
    tolerance_mm
        Distance up to which a surface counts as found.
    match_iou
        Least IoU of a pair of lesions; 0 asks for any overlap.
    progress
        Told after every case.

    Raises
    ------
    InputError
        A setting is out of range, a file cannot be used, the sides of a case lie on different
        grids or have no structure in common.
    """
    settings = EvaluationSettings(
        tolerance_mm=tolerance_mm,
        match_iou=match_iou,
        prediction_coding=prediction.describe(),
        truth_coding=truth.describe(),
    )
    cases = []
    for name in sorted(pairs.paths):
        predicted, true = pairs.paths[name]
        maps = read_case_maps(predicted, prediction), read_case_maps(true, truth)
        cases.append(compare_case(name, *maps, settings))
        progress(STAGE, len(cases), len(pairs.paths))
    agreement = summarised(cases, settings)
    return replace(
        agreement,
        without_truth=pairs.without_truth,
        without_prediction=pairs.without_prediction,
    )


def compare_case(
    name: str, prediction: CaseMaps, truth: CaseMaps, settings: EvaluationSettings
) -> CaseAgreement:
    """Compare one case, whichever order and direction the axes of its two sides have.

    Raises
    ------
    GeometryMismatchError
        The two sides lie on different grids.
    InputError
        They have no structure in common.
    """
    prediction = along_axes(prediction, truth.geometry)
    between = grid_offset(
        truth.geometry, prediction.geometry, what=f"case {name}: the prediction", on="the truth"
    )
    predicted, true = _in_common(name, prediction, truth)
    return CaseAgreement(
        name=name,
        prediction_sha256=prediction.sha256,
        truth_sha256=truth.sha256,
        structures=compare_structures(predicted, true, truth.geometry, settings),
        lesions=compare_lesions(predicted, true, truth.geometry, settings),
        burden=burden_of(predicted, true),
        grid_offset_mm=max(between, prediction.grid_offset_mm, truth.grid_offset_mm),
    )


def summarised(cases: Sequence[CaseAgreement], settings: EvaluationSettings) -> Agreement:
    """Put cases together.

    Raises
    ------
    EmptyStructureError
        No case has any structure.
    """
    if not structures_of(cases):
        raise EmptyStructureError(
            "neither the predictions nor the truths hold a label; check that these are label maps"
        )
    maps = [case.lesions for case in cases if case.lesions is not None]
    lesions = tuple(chain.from_iterable(maps))
    burdens = [case.burden for case in cases if case.burden is not None]
    return Agreement(
        settings=settings,
        cases=tuple(cases),
        summary=summarise(cases),
        detection=detection_score(lesions) if maps else None,
        detection_by_size=detection_by_size(lesions) if maps else None,
        burden=burden_errors(burdens) if burdens else None,
        bland_altman=bland_altman_of(cases),
    )


def write_agreement(agreement: Agreement, folder: Path) -> None:
    """Write all files of a result; they appear together or not at all.

    Raises
    ------
    InputError
        The folder cannot be written or holds other files.
    """
    from remnant.documents.agreement_document import write_agreement_json
    from remnant.documents.agreement_tables import (
        write_cases_csv,
        write_matches_csv,
        write_summary_csv,
    )
    from remnant.pictures.bland_altman import write_bland_altman

    writers: Mapping[str, Callable[[Agreement, Path], None]] = {
        AGREEMENT_JSON: write_agreement_json,
        CASE_TABLE: write_cases_csv,
        LESION_TABLE: write_matches_csv,
        SUMMARY_TABLE: write_summary_csv,
        PICTURE_PNG: write_bland_altman,
        PICTURE_SVG: write_bland_altman,
    }
    with published_results(folder, RESULT_FILES) as staging:
        for name, write in writers.items():
            write(agreement, staging / name)


def _in_common(
    name: str, prediction: CaseMaps, truth: CaseMaps
) -> tuple[Mapping[str, Region], Mapping[str, Region]]:
    if prediction.by_code != truth.by_code:
        one = "prediction" if prediction.by_code else "truth"
        raise InputError(
            f"case {name}: the meaning of the {one}'s codes is not known, that of the other side's "
            f"is; say how it is coded, e.g. --preset lits"
        )
    if prediction.by_code:
        return _with_all_codes(prediction, truth), _with_all_codes(truth, prediction)
    if not set(prediction.regions) & set(truth.regions):
        raise InputError(
            f"case {name}: the prediction shows {_names(prediction)} and the truth "
            f"{_names(truth)}; nothing can be compared"
        )
    return prediction.regions, truth.regions


def _with_all_codes(side: CaseMaps, other: CaseMaps) -> dict[str, Region]:
    """Return the codes of both sides; one that this side does not hold is an empty structure."""
    empty = {
        name: Region(region.labels, region.boxes, frozenset())
        for name, region in other.regions.items()
    }
    both = {**empty, **side.regions}
    return {name: both[name] for name in sorted(both, key=_code)}


def _code(name: str) -> int:
    return int(name.rpartition("_")[2])


def _names(maps: CaseMaps) -> str:
    return ", ".join(maps.regions) or "nothing"
