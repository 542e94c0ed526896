"""Tables of an agreement for spreadsheets and statistics programs (RFC 4180, UTF-8).

Numbers are rounded to six significant digits; the JSON document holds the same ones exactly.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from remnant.core.agreement import METRICS, Agreement, BlandAltman, DetectionScore, Estimate
from remnant.core.quantity import Quantity
from remnant.documents.agreement_document import BURDEN_FIGURES, BURDENS, SPREADS
from remnant.documents.lesion_table import table_number
from remnant.io.atomic import atomic_path
from remnant.wording.language import english
from remnant.wording.reasons import why

Row = tuple[str, ...]

BURDEN_COLUMNS: Final = tuple(f"burden_{name}" for name in BURDENS)
CASE_COLUMNS: Final = ("case", "structure", *METRICS, *BURDEN_COLUMNS, "reason")
MATCH_COLUMNS: Final = (
    "case", "outcome", "truth_id", "prediction_id", "truth_ml", "prediction_ml", "diameter_mm",
    "size_class", "iou",
)  # fmt: skip
SUMMARY_COLUMNS: Final = ("subject", "measure", "statistic", "value", "n", "reason")
RATIOS: Final = ("recall", "precision", "f1")
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def write_cases_csv(agreement: Agreement, path: Path) -> None:
    """Write one row for each structure of each case; absent is empty, with its reason at the end.

    The tumour burden of a case is a row of its own, in the last columns.
    """
    _write(CASE_COLUMNS, _case_rows(agreement), path)


def write_matches_csv(agreement: Agreement, path: Path) -> None:
    """Write one row for each lesion of either map; empty where it has no partner."""
    _write(MATCH_COLUMNS, _match_rows(agreement), path)


def write_summary_csv(agreement: Agreement, path: Path) -> None:
    """Write one row for each statistic; an absent one is empty with its reason."""
    _write(SUMMARY_COLUMNS, _summary_rows(agreement), path)


def _write(columns: Row, rows: Iterable[Row], path: Path) -> None:
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _case_rows(agreement: Agreement) -> Iterator[Row]:
    for case in agreement.cases:
        for found in case.structures:
            figures = [getattr(found, name) for name in METRICS]
            values = (*map(_value, figures), *("" for _ in BURDENS))
            yield (_name(case.name), found.structure, *values, _reasons(figures))
        if case.burden is not None:
            figures = [getattr(case.burden, name) for name in BURDENS]
            values = (*("" for _ in METRICS), *map(_value, figures))
            yield (_name(case.name), "burden", *values, _reasons(figures))


def _match_rows(agreement: Agreement) -> Iterator[Row]:
    for case in agreement.cases:
        for match in case.lesions or ():
            yield (
                _name(case.name),
                match.outcome.value,
                table_number(match.truth_id),
                table_number(match.prediction_id),
                table_number(match.truth_ml),
                table_number(match.prediction_ml),
                table_number(match.diameter_mm),
                match.size_class.value,
                table_number(match.iou),
            )


def _summary_rows(agreement: Agreement) -> Iterator[Row]:
    for entry in agreement.summary:
        for name in SPREADS:
            yield _row((entry.structure, entry.metric, name), getattr(entry, name), entry.n)
    if agreement.detection is not None:
        yield from _detection_rows("all", agreement.detection)
    for size, score in (agreement.detection_by_size or {}).items():
        yield from _detection_rows(f"{size} mm", score)
    if agreement.burden is not None:
        for name in BURDEN_FIGURES:
            quantity = getattr(agreement.burden, name)
            yield _row(("burden", "error_fraction", name), quantity, agreement.burden.n)
    for limits in agreement.bland_altman:
        yield from _limit_rows(limits)


def _detection_rows(sizes: str, score: DetectionScore) -> Iterator[Row]:
    lesions = score.true_positives + score.false_negatives + score.false_positives
    for name in ("true_positives", "false_negatives", "false_positives"):
        yield _row(("lesion_detection", sizes, name), Quantity(getattr(score, name)), lesions)
    for name in RATIOS:
        yield _row(("lesion_detection", sizes, name), getattr(score, name), lesions)


def _limit_rows(limits: BlandAltman) -> Iterator[Row]:
    subject, measure = limits.measure, f"bland_altman ({limits.unit})"
    sd = Quantity(limits.sd, reasons=limits.reasons)
    yield _row((subject, measure, "sd"), sd, len(limits.points))
    for name in ("bias", "lower_limit", "upper_limit"):
        estimate: Estimate | None = getattr(limits, name)
        for part, end in (("value", ""), ("low", "_ci_low"), ("high", "_ci_high")):
            value = None if estimate is None else getattr(estimate, part)
            quantity = Quantity(value, reasons=limits.reasons)
            yield _row((subject, measure, f"{name}{end}"), quantity, len(limits.points))


def _row(head: tuple[str, str, str], quantity: Quantity, n: int) -> Row:
    return (*head, _value(quantity), str(n), why(quantity))


@english
def _reasons(figures: Sequence[Quantity]) -> str:
    """Join the reasons of what is absent, each once."""
    reasons = filter(None, map(why, figures))
    return "; ".join(dict.fromkeys(reasons))


def _value(quantity: Quantity) -> str:
    return table_number(quantity.value)


def _name(name: str) -> str:
    """Return a file's name as text that no spreadsheet takes for a formula."""
    return f"'{name}" if name.startswith(FORMULA_STARTS) else name
