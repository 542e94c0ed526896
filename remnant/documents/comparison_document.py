"""``comparison.json`` and ``matches.csv``: two scans of one liver, for other programs.

The JSON schema lies beside this module (``schema/comparison-1.0.json``); documents are held
against it before they are written.
"""

import csv
import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from remnant.core.comparison import Alignment, Change, ComparisonReport, Growth, LesionMatch
from remnant.core.errors import InputError
from remnant.core.quantity import Quantity
from remnant.documents.encode import (
    encode_findings,
    encode_provenance,
    encode_quantities,
    encode_quantity,
    encode_study,
)
from remnant.documents.json_files import write_json
from remnant.documents.lesion_table import table_number
from remnant.io.atomic import atomic_path
from remnant.wording.reasons import listed

COMPARISON_VERSION: Final = "1.0"
LONGEST_MESSAGE: Final = 240
GROWTH_QUANTITIES: Final = (
    "degree_of_hypertrophy_sflr_points",
    "relative_hypertrophy_fraction",
    "kgr_sflr_points_per_week",
    "growth_ml_per_day",
    "growth_percent_of_first_flr_per_day",
    "weeks_to_threshold",
)
FIGURES: Final = (("volume", "ml"), ("longest_axial", "mm"))
MATCH_COLUMNS: Final = (
    "kind", "before_ids", "after_ids", "evidence", "overlap_ml", "centroid_distance_mm",
    *(
        column
        for name, unit in FIGURES
        for column in (
            f"{name}_before_{unit}", f"{name}_after_{unit}",
            f"{name}_change_{unit}", f"{name}_change_low_{unit}", f"{name}_change_high_{unit}",
            f"{name}_change_fraction", f"{name}_change_low_fraction",
            f"{name}_change_high_fraction", f"{name}_change_bound", f"{name}_change_reason",
        )
    ),
)  # fmt: skip

Json = dict[str, Any]


@cache
def comparison_schema() -> Mapping[str, Any]:
    """Return the JSON schema (draft 2020-12) of ``comparison.json``."""
    name = f"comparison-{COMPARISON_VERSION}.json"
    text = (files("remnant.documents") / "schema" / name).read_text(encoding="utf-8")
    schema: Mapping[str, Any] = json.loads(text)
    return schema


def write_comparison_json(report: ComparisonReport, path: Path) -> None:
    """Write ``comparison.json``: UTF-8, indented, keys in a fixed order, never NaN.

    Raises
    ------
    InputError
        The report holds a value that none may hold.
    """
    document = comparison_document(report)
    fault = best_match(Draft202012Validator(comparison_schema()).iter_errors(document))
    if fault is not None:
        place = "/".join(str(part) for part in fault.absolute_path) or "the top level"
        raise InputError(f"not a valid comparison: at {place}: {fault.message[:LONGEST_MESSAGE]}")
    write_json(document, path)


def comparison_document(report: ComparisonReport) -> Json:
    """Return the comparison as plain JSON values.

    Every quantity ``x`` is a number or ``None``; beside it stand, where they apply,
    ``x_interval``, ``x_median``, ``x_sds``, ``x_bound``, ``x_indicative`` and ``x_reason``.
    """
    alignment, matches, growth = report.alignment, report.matches, report.growth
    return {
        "schema_version": COMPARISON_VERSION,
        "before": encode_study(report.before),
        "after": encode_study(report.after),
        "weeks": report.weeks,
        **encode_change("tlv", "ml", report.tlv_ml),
        **encode_change("tumour", "ml", report.tumour_ml),
        "alignment": None if alignment is None else _alignment(alignment),
        "matches": None if matches is None else [_match(match) for match in matches],
        "matches_reason": listed(report.matches_reasons) or None,
        "growth": None if growth is None else _growth(growth),
        "growth_reason": listed(report.growth_reasons) or None,
        "quality": encode_findings(report.quality),
        "provenance": encode_provenance(report.provenance),
    }


def encode_change(name: str, unit: str, change: Change) -> Json:
    """Return ``name_before_unit``, ``name_after_unit`` and both changes, with what is known."""
    return {
        **encode_quantity(f"{name}_before_{unit}", change.before),
        **encode_quantity(f"{name}_after_{unit}", change.after),
        **encode_quantity(f"{name}_change_{unit}", change.difference),
        **encode_quantity(f"{name}_change_fraction", change.fraction),
    }


def write_matches_csv(matches: Iterable[LesionMatch], path: Path) -> None:
    """Write one row for each match (RFC 4180, UTF-8, decimal points); absent values are empty.

    Numbers are rounded to six significant digits; ``comparison.json`` holds the same ones exactly.
    Several lesions are joined by ``;``. ``low`` and ``high`` are the ends of the 90 % interval.
    """
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, MATCH_COLUMNS, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(match_row(match) for match in matches)


def match_row(match: LesionMatch) -> dict[str, str]:
    """Return one match as text by column."""
    row = {
        "kind": match.kind.value,
        "before_ids": ";".join(map(str, match.before_ids)),
        "after_ids": ";".join(map(str, match.after_ids)),
        "evidence": "" if match.evidence is None else match.evidence.value,
        "overlap_ml": table_number(match.overlap_ml),
        "centroid_distance_mm": table_number(match.centroid_distance_mm),
    }
    for (name, unit), change in zip(
        FIGURES, (match.volume_ml, match.longest_axial_mm), strict=True
    ):
        row |= _change_columns(name, unit, change)
    return row


def _change_columns(name: str, unit: str, change: Change) -> dict[str, str]:
    difference, fraction = change.difference, change.fraction
    bound = "indicative" if difference.indicative else difference.bound
    return {
        f"{name}_before_{unit}": table_number(change.before.value),
        f"{name}_after_{unit}": table_number(change.after.value),
        f"{name}_change_{unit}": table_number(difference.value),
        f"{name}_change_low_{unit}": table_number(_ends(difference)[0]),
        f"{name}_change_high_{unit}": table_number(_ends(difference)[1]),
        f"{name}_change_fraction": table_number(fraction.value),
        f"{name}_change_low_fraction": table_number(_ends(fraction)[0]),
        f"{name}_change_high_fraction": table_number(_ends(fraction)[1]),
        f"{name}_change_bound": str(bound or ""),
        f"{name}_change_reason": difference.reason or "",
    }


def _ends(quantity: Quantity) -> tuple[float | None, float | None]:
    around = quantity.interval
    return (None, None) if around is None else (around.low, around.high)


def _alignment(alignment: Alignment) -> Json:
    return {
        "before_to_after_ras": [list(row) for row in alignment.before_to_after_ras],
        "dice_fraction": alignment.dice_fraction,
        "rotation_degrees": alignment.rotation_degrees,
        "shift_mm": list(alignment.shift_mm),
    }


def _match(match: LesionMatch) -> Json:
    return {
        "kind": match.kind.value,
        "before_ids": list(match.before_ids),
        "after_ids": list(match.after_ids),
        "evidence": None if match.evidence is None else match.evidence.value,
        "overlap_ml": match.overlap_ml,
        "centroid_distance_mm": match.centroid_distance_mm,
        **encode_change("volume", "ml", match.volume_ml),
        **encode_change("longest_axial", "mm", match.longest_axial_mm),
    }


def _growth(growth: Growth) -> Json:
    return {
        "removed": [segment.name for segment in growth.removed],
        "title": growth.title,
        "threshold_sflr": growth.threshold_sflr,
        **encode_quantity("flr_before_ml", growth.flr_ml.before),
        **encode_quantity("flr_after_ml", growth.flr_ml.after),
        **encode_quantity("flr_change_ml", growth.flr_ml.difference),
        **encode_quantity("sflr_before", growth.sflr.before),
        **encode_quantity("sflr_after", growth.sflr.after),
        **encode_quantities(growth, GROWTH_QUANTITIES),
    }
