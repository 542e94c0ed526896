"""``agreement.json``: the agreement of cases as a document that other programs read.

The JSON schema lies beside this module (``schema/agreement-1.0.json``). The same input gives the
same bytes: no time and no path is in it.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import remnant
from remnant.core.agreement import (
    METRICS,
    Agreement,
    BlandAltman,
    BurdenAgreement,
    BurdenErrors,
    CaseAgreement,
    DetectionScore,
    Estimate,
    LesionMatch,
    MaskAgreement,
    MetricSummary,
)
from remnant.core.errors import InputError
from remnant.documents.encode import encode_quantity
from remnant.documents.json_files import write_json
from remnant.wording.reasons import listed

AGREEMENT_VERSION: Final = "1.0"
SPREADS: Final = ("mean", "sd", "median", "minimum", "maximum")
BURDEN_FIGURES: Final = ("mean_fraction", "rmse_fraction", "max_fraction")
BURDENS: Final = ("prediction_fraction", "truth_fraction", "error_fraction")
LONGEST_MESSAGE: Final = 240

Json = dict[str, Any]


@cache
def agreement_schema() -> Mapping[str, Any]:
    """Return the JSON schema (draft 2020-12) of ``agreement.json``."""
    path = files("remnant.documents") / "schema" / f"agreement-{AGREEMENT_VERSION}.json"
    schema: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return schema


def agreement_document(agreement: Agreement) -> Json:
    """Return the agreement as plain JSON values.

    Every figure ``x`` is a number or ``None`` with ``x_reason`` beside it.
    """
    settings, by_size = agreement.settings, agreement.detection_by_size
    return {
        "schema_version": AGREEMENT_VERSION,
        "software": {"name": "remnant", "version": remnant.__version__},
        "settings": {
            "tolerance_mm": settings.tolerance_mm,
            "match_iou": settings.match_iou,
            "prediction_coding": settings.prediction_coding,
            "truth_coding": settings.truth_coding,
        },
        "without_truth": list(agreement.without_truth),
        "without_prediction": list(agreement.without_prediction),
        "summary": [_summary(entry) for entry in agreement.summary],
        "detection": None if agreement.detection is None else _detection(agreement.detection),
        "detection_by_size": None
        if by_size is None
        else {size.value: _detection(score) for size, score in by_size.items()},
        "burden": None if agreement.burden is None else _burden_errors(agreement.burden),
        "bland_altman": [_bland_altman(entry) for entry in agreement.bland_altman],
        "cases": [_case(case) for case in agreement.cases],
    }


def write_agreement_json(agreement: Agreement, path: Path) -> None:
    """Write ``agreement.json``: UTF-8, indented, keys in a fixed order, never NaN.

    Raises
    ------
    InputError
        A value breaks the schema.
    """
    document = agreement_document(agreement)
    require_valid_agreement(document)
    write_json(document, path)


def require_valid_agreement(document: object) -> None:
    """Hold a document against the schema.

    Raises
    ------
    InputError
        It breaks the schema; the message names the place.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    fault = best_match(Draft202012Validator(agreement_schema()).iter_errors(document))
    if fault is not None:
        place = "/".join(str(part) for part in fault.absolute_path) or "the top level"
        raise InputError(f"not a valid agreement: at {place}: {fault.message[:LONGEST_MESSAGE]}")


def _case(case: CaseAgreement) -> Json:
    return {
        "name": case.name,
        "prediction_sha256": case.prediction_sha256,
        "truth_sha256": case.truth_sha256,
        "structures": [_structure(entry) for entry in case.structures],
        "burden": None if case.burden is None else _burden(case.burden),
        "lesions": None if case.lesions is None else [_lesion(match) for match in case.lesions],
    }


def _structure(entry: MaskAgreement) -> Json:
    return _named({"structure": entry.structure}, entry, METRICS)


def _summary(entry: MetricSummary) -> Json:
    head = {"structure": entry.structure, "metric": entry.metric}
    return _named(head | {"n": entry.n, "absent": entry.absent}, entry, SPREADS)


def _burden(burden: BurdenAgreement) -> Json:
    return _named({}, burden, BURDENS)


def _burden_errors(errors: BurdenErrors) -> Json:
    return _named({"n": errors.n}, errors, BURDEN_FIGURES)


def _named(head: Json, entry: object, names: tuple[str, ...]) -> Json:
    for name in names:
        head |= encode_quantity(name, getattr(entry, name))
    return head


def _detection(score: DetectionScore) -> Json:
    counts = {
        "true_positives": score.true_positives,
        "false_negatives": score.false_negatives,
        "false_positives": score.false_positives,
    }
    return _named(counts, score, ("recall", "precision", "f1"))


def _lesion(match: LesionMatch) -> Json:
    return {
        "outcome": match.outcome.value,
        "truth_id": match.truth_id,
        "prediction_id": match.prediction_id,
        "truth_ml": match.truth_ml,
        "prediction_ml": match.prediction_ml,
        "diameter_mm": match.diameter_mm,
        "size_class": match.size_class.value,
        "iou": match.iou,
    }


def _bland_altman(entry: BlandAltman) -> Json:
    items: Json = {
        "measure": entry.measure,
        "unit": entry.unit,
        "n": len(entry.points),
        "bias": _estimate(entry.bias),
        "sd": entry.sd,
        "lower_limit": _estimate(entry.lower_limit),
        "upper_limit": _estimate(entry.upper_limit),
        "points": [
            {"case": p.case, "mean": p.mean, "difference": p.difference} for p in entry.points
        ],
    }
    return items | ({"reason": listed(entry.reasons)} if entry.reasons else {})


def _estimate(estimate: Estimate | None) -> Json | None:
    if estimate is None:
        return None
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}
