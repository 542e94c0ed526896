"""``comparison.json`` and ``matches.csv``: two scans of one liver, for other programs."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from remnant.core.comparison import Change, ComparisonReport, ComparisonSettings, LesionMatch
from remnant.core.quantity import Quantity
from remnant.documents.codec import Codec
from remnant.documents.lesion_table import table_number
from remnant.documents.shared_parts import STORED, TABLES, SharedParts
from remnant.io.atomic import atomic_path
from remnant.wording.language import english
from remnant.wording.reasons import why

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

COMPARISON_SETTINGS: Final = Codec(
    ComparisonSettings, name="settings", version="2.0", advice="compare the two cases again"
)
"""What the digest of a comparison's settings is made of."""
COMPARISON: Final = Codec(
    ComparisonReport,
    name="comparison.json",
    version="2.0",
    advice="compare the two cases again",
    tables=TABLES,
    stored=STORED,
    shared=SharedParts,
)


def write_matches_csv(matches: Iterable[LesionMatch], path: Path) -> None:
    """Write one row for each match (RFC 4180, UTF-8, decimal points); absent values are empty.

    Numbers are rounded to six significant digits; ``comparison.json`` holds the same ones exactly.
    Several lesions are joined by ``;``. ``low`` and ``high`` are the ends of the 90 % interval.
    """
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, MATCH_COLUMNS, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(match_row(match) for match in matches)


@english
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
        f"{name}_change_reason": why(difference),
    }


def _ends(quantity: Quantity) -> tuple[float | None, float | None]:
    around = quantity.interval
    return (None, None) if around is None else (around.low, around.high)
