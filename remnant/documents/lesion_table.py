"""``lesions.csv``: the lesion table for spreadsheets.

Numbers are rounded to six significant digits, so that 0.1 + 0.2 reads 0.3: some millionths are far
less than any measurement here knows. ``report.json`` holds the same numbers exactly.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeVar

from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import IntensityStatistics, Lesion, Lobe
from remnant.core.quantity import Quantity
from remnant.core.volumes import Modality
from remnant.core.volumetry_report import VolumetryReport
from remnant.io.atomic import atomic_path
from remnant.wording.language import english
from remnant.wording.lesion_figures import LESION_FIGURES
from remnant.wording.words import INTENSITY_UNITS

Part = TypeVar("Part")

SEGMENT_COLUMNS: Final = tuple(f"segment_{segment.name}_fraction" for segment in CouinaudSegment)
SIGNIFICANT_DIGITS: Final = 6
SEGMENTS_FROM: Final = "segments_from"
"""Where the segments are from that ``segment_…`` and ``lobe_…`` are shares in."""
SEEN_IN: Final = "seen_in"
"""Contrast phases that a lesion was seen in, ``;`` between them; empty for one image."""
LOBE_COLUMNS: Final = tuple(f"lobe_{lobe.value}_fraction" for lobe in Lobe)
FIGURES: Final = frozenset(figure.name for figure in LESION_FIGURES)
LOOSE_FIGURES: Final = tuple(
    field.name for field in fields(Lesion) if field.name in FIGURES and field.type is Quantity
)
"""Those that may be bounds."""
BOUND_COLUMNS: Final = tuple(f"{name.rpartition('_')[0]}_bound" for name in LOOSE_FIGURES)
STATISTICS: Final = tuple(field.name for field in fields(IntensityStatistics))
FIRST_COLUMNS: Final = (
    "id",
    "volume_ml",
    "volume_low_ml",
    "volume_high_ml",
    "volume_bound",
    "longest_axial_mm",
    "feret_3d_mm",
    "centroid_r_mm",
    "centroid_a_mm",
    "centroid_s_mm",
    *SEGMENT_COLUMNS,
    "confirmation",
)
"""Those of remnant 0.1, in its order: programs may count on their places."""
PLAIN_FIGURES: Final = tuple(
    figure.name
    for figure in LESION_FIGURES
    if figure.name not in FIRST_COLUMNS and figure.name not in LOOSE_FIGURES
)
COLUMNS: Final = (
    *FIRST_COLUMNS,
    "volume_median_ml",
    "perpendicular_axial_mm",
    *PLAIN_FIGURES,
    *LOOSE_FIGURES,
    *BOUND_COLUMNS,
    *LOBE_COLUMNS,
    "intensity_unit",
    *(f"intensity_{name}" for name in STATISTICS),
    SEGMENTS_FROM,
    SEEN_IN,
)


def write_lesions_csv(
    lesions: Iterable[Lesion],
    path: Path,
    *,
    modality: Modality | None = None,
    segments_from: str = "",
) -> None:
    """Write one row per lesion (RFC 4180, UTF-8, decimal points); absent values are empty.

    The column ``confirmation`` may be edited and read back, see `remnant.io.lesion_confirmations`.
    The modality gives ``intensity_unit``; without it that column is empty. ``segments_from`` is
    said of every lesion, see `segments_origin`.
    """
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\r\n")
        writer.writeheader()
        origin = {SEGMENTS_FROM: segments_from}
        writer.writerows(lesion_row(lesion, modality=modality) | origin for lesion in lesions)


@english
def lesion_row(lesion: Lesion, *, modality: Modality | None = None) -> dict[str, str]:
    """Return one lesion as text by column; an absent value is the empty text.

    Segments and lobes that the lesion does not touch are 0; unknown ones are empty. What is the
    same for all lesions, the column ``segments_from``, is left to `write_lesions_csv`.
    """
    right, anterior, superior = lesion.centroid_ras_mm
    numbers = {
        **_volume(lesion.volume_ml),
        "longest_axial_mm": lesion.longest_axial_mm,
        "perpendicular_axial_mm": lesion.perpendicular_axial_mm,
        "centroid_r_mm": right,
        "centroid_a_mm": anterior,
        "centroid_s_mm": superior,
        **_shares(SEGMENT_COLUMNS, CouinaudSegment, lesion.segment_fractions),
        **_shares(LOBE_COLUMNS, Lobe, lesion.lobe_fractions),
        **{figure.name: _number(figure.value(lesion)) for figure in LESION_FIGURES},
    }
    bounds = {
        column: _bound(getattr(lesion, name))
        for column, name in zip(BOUND_COLUMNS, LOOSE_FIGURES, strict=True)
    }
    words = {
        "id": str(lesion.id),
        "volume_bound": _bound(lesion.volume_ml),
        "confirmation": lesion.confirmation.value,
        SEEN_IN: ";".join(phase.value for phase in lesion.phases),
    }
    texts = {name: table_number(number) for name, number in numbers.items()}
    return words | bounds | texts | _intensity(lesion.intensity, modality)


def segments_origin(report: VolumetryReport) -> str:
    """Name the source of the segments for a table, empty where they are unknown.

    One of ``given``, ``territories``, ``landmarks`` and ``model``; an estimate that no human has
    confirmed is ``model, to be reviewed``.
    """
    if report.segment_source is None:
        return ""
    mark = ", to be reviewed" if report.segments_need_review else ""
    return f"{report.segment_source.value}{mark}"


def table_number(number: float | None) -> str:
    """Write a number for a table: six significant digits, never an exponent; empty for ``None``."""
    if number is None:
        return ""
    return f"{Decimal(f'{number + 0.0:.{SIGNIFICANT_DIGITS}g}'):f}"


def _number(value: float | Quantity) -> float | None:
    return value.value if isinstance(value, Quantity) else value


def _volume(volume: Quantity) -> dict[str, float | None]:
    interval = volume.interval
    return {
        "volume_ml": volume.value,
        "volume_median_ml": None if interval is None else interval.median,
        "volume_low_ml": None if interval is None else interval.low,
        "volume_high_ml": None if interval is None else interval.high,
    }


def _bound(quantity: Quantity) -> str:
    return "" if quantity.bound is None else quantity.bound.value


def _shares(
    columns: Iterable[str], parts: Iterable[Part], shares: Mapping[Part, float] | None
) -> dict[str, float | None]:
    return {
        column: None if shares is None else shares.get(part, 0.0)
        for column, part in zip(columns, parts, strict=True)
    }


def _intensity(intensity: IntensityStatistics | None, modality: Modality | None) -> dict[str, str]:
    if intensity is None:
        return dict.fromkeys(("intensity_unit", *(f"intensity_{name}" for name in STATISTICS)), "")
    unit = "" if modality is None else INTENSITY_UNITS[modality]
    numbers = {f"intensity_{name}": table_number(getattr(intensity, name)) for name in STATISTICS}
    return {"intensity_unit": unit, **numbers}
