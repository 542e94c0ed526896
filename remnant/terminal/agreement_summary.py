"""What ``remnant evaluate`` prints: one line a structure, lesions by size, burden, volumes."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from remnant.core.agreement import (
    Agreement,
    BlandAltman,
    BurdenErrors,
    DetectionScore,
    MetricSummary,
)
from remnant.core.quantity import Quantity
from remnant.core.units import percent_from_fraction
from remnant.wording.numbers import ABSENT
from remnant.wording.words import RESEARCH_USE

SHOWN = (
    ("dice", "Dice", ".3f"),
    ("nsd", "NSD", ".3f"),
    ("hd95_mm", "HD95\nmm", ".1f"),
    ("volume_difference_ml", "volume\ndiff. mL", "+.1f"),
    ("volume_difference_percent", "volume\ndiff. %", "+.1f"),
)
MOST_ROWS = 20
LIMITS_SHOWN = ("liver", "lesions", "burden")


def print_agreement(agreement: Agreement, folder: Path) -> None:
    """Print the key figures and where the files are."""
    console = Console()
    _print_structures(agreement, console)
    if agreement.detection is not None and agreement.detection_by_size is not None:
        _print_detection(agreement, console)
    if agreement.burden is not None:
        console.print(_burden_line(agreement.burden), markup=False, highlight=False)
    for limits in _key_limits(agreement.bland_altman):
        console.print(_limits_line(limits), markup=False, highlight=False)
    left_out = len(agreement.without_truth) + len(agreement.without_prediction)
    if left_out:
        console.print(f"! {left_out} case(s) had no partner and were left out", style="yellow")
    console.print(f"\nFiles are in {folder}", soft_wrap=True, markup=False)
    console.print(RESEARCH_USE, style="dim")


def _print_structures(agreement: Agreement, console: Console) -> None:
    several = len(agreement.cases) > 1
    console.print(
        f"{len(agreement.cases)} case(s), NSD at {agreement.settings.tolerance_mm:g} mm"
        + ("; mean±SD, (cases that have the figure)" if several else ""),
        style="dim",
    )
    by_structure: dict[str, dict[str, MetricSummary]] = {}
    for entry in agreement.summary:
        by_structure.setdefault(entry.structure, {})[entry.metric] = entry
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("\nstructure", no_wrap=True)
    for _, title, _ in SHOWN:
        table.add_column(title if "\n" in title else f"\n{title}", justify="right", no_wrap=True)
    for structure, entries in list(by_structure.items())[:MOST_ROWS]:
        cells = (spread(entries[metric], form) for metric, _, form in SHOWN)
        table.add_row(structure, *cells)
    console.print(table)
    hidden = len(by_structure) - MOST_ROWS
    if hidden > 0:
        console.print(f"… and {hidden} more structures in summary.csv", style="dim")


def spread(entry: MetricSummary, form: str) -> str:
    """Format mean ± SD, with the number of cases where some lack the figure."""
    if entry.mean.value is None:
        return ABSENT
    mean = format(entry.mean.value, form)
    sd = "" if entry.sd.value is None else f"±{format(entry.sd.value, form.lstrip('+'))}"
    return mean + sd + (f" ({entry.n})" if entry.absent else "")


def _print_detection(agreement: Agreement, console: Console) -> None:
    iou = agreement.settings.match_iou
    rule = f"IoU of at least {iou:g}" if iou else "any overlap"
    console.print(f"\nLesions, one to one, {rule}", style="dim")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("longest diameter", "found", "missed", "false", "recall", "precision", "F1"):
        table.add_column(title, justify="left" if title == "longest diameter" else "right")
    for size, score in (agreement.detection_by_size or {}).items():
        table.add_row(f"{size} mm", *_score_cells(score))
    if agreement.detection is not None:
        table.add_row("all", *_score_cells(agreement.detection))
    console.print(table)
    console.print()


def _score_cells(score: DetectionScore) -> tuple[str, ...]:
    counts = (score.true_positives, score.false_negatives, score.false_positives)
    ratios = (score.recall, score.precision, score.f1)
    return (*map(str, counts), *(_plain(ratio) for ratio in ratios))


def _plain(quantity: Quantity) -> str:
    return ABSENT if quantity.value is None else f"{quantity.value:.3f}"


def _burden_line(errors: BurdenErrors) -> str:
    figures = (errors.mean_fraction, errors.rmse_fraction, errors.max_fraction)
    mean, rmse, largest = (
        ABSENT if f.value is None else format(percent_from_fraction(f.value), form)
        for f, form in zip(figures, ("+.2f", ".2f", ".2f"), strict=True)
    )
    return (
        f"tumour burden error (%-points, n = {errors.n}): mean {mean}, RMSE {rmse}, "
        f"largest {largest}"
    )


def _key_limits(entries: Sequence[BlandAltman]) -> Sequence[BlandAltman]:
    return [entry for entry in entries if entry.measure in LIMITS_SHOWN and entry.bias is not None]


def _limits_line(entry: BlandAltman) -> str:
    bias, low, high = (
        "" if e is None else f"{e.value:+.3g}"
        for e in (entry.bias, entry.lower_limit, entry.upper_limit)
    )
    return f"{entry.measure}: bias {bias} {entry.unit}, 95 % limits of agreement {low} to {high}"
