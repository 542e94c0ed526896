"""An agreement of segmentations as it is shown: structures, lesions by size, burden, limits."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

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

Cells = tuple[str, ...]

SHOWN: Final = (
    ("dice", "Dice", ".3f"),
    ("nsd", "NSD", ".3f"),
    ("hd95_mm", "HD95\nmm", ".1f"),
    ("volume_difference_ml", "volume\ndiff. mL", "+.1f"),
    ("volume_difference_percent", "volume\ndiff. %", "+.1f"),
)
MOST_ROWS: Final = 20
LIMITS_SHOWN: Final = ("liver", "lesions", "burden")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementView:
    """What a reader sees of an agreement.

    Parameters
    ----------
    heading
        Number of cases, and how their figures are summed up.
    structures, more
        Name and the figures of ``SHOWN``; how many structures are left out.
    matched
        How lesions were matched; empty where there are none to match.
    detection
        Lesions by their longest diameter, and all: counts and ratios.
    lines
        Errors of the burden, and limits of agreement.
    left_out
        Cases without a partner.
    """

    heading: str
    structures: tuple[Cells, ...]
    more: int
    matched: str
    detection: tuple[Cells, ...]
    lines: tuple[str, ...]
    left_out: int


def view_agreement(agreement: Agreement) -> AgreementView:
    """Return what a reader sees of an agreement, in its order."""
    several = "; mean±SD, (cases that have the figure)" if len(agreement.cases) > 1 else ""
    rows = tuple(_structures(agreement))
    detection = tuple(_detection(agreement))
    iou = agreement.settings.match_iou
    rule = f"IoU of at least {iou:g}" if iou else "any overlap"
    return AgreementView(
        heading=f"{len(agreement.cases)} case(s), NSD at {agreement.settings.tolerance_mm:g} mm"
        + several,
        structures=rows[:MOST_ROWS],
        more=max(0, len(rows) - MOST_ROWS),
        matched=f"Lesions, one to one, {rule}" if detection else "",
        detection=detection,
        lines=tuple(_lines(agreement)),
        left_out=len(agreement.without_truth) + len(agreement.without_prediction),
    )


def _structures(agreement: Agreement) -> Iterator[Cells]:
    by_structure: dict[str, dict[str, MetricSummary]] = {}
    for entry in agreement.summary:
        by_structure.setdefault(entry.structure, {})[entry.metric] = entry
    for structure, entries in by_structure.items():
        yield structure, *(spread(entries[metric], form) for metric, _, form in SHOWN)


def spread(entry: MetricSummary, form: str) -> str:
    """Format mean ± SD, with the number of cases where some lack the figure."""
    if entry.mean.value is None:
        return ABSENT
    mean = format(entry.mean.value, form)
    sd = "" if entry.sd.value is None else f"±{format(entry.sd.value, form.lstrip('+'))}"
    return mean + sd + (f" ({entry.n})" if entry.absent else "")


def _detection(agreement: Agreement) -> Iterator[Cells]:
    if agreement.detection is None or agreement.detection_by_size is None:
        return
    for size, score in agreement.detection_by_size.items():
        yield f"{size} mm", *_score_cells(score)
    yield "all", *_score_cells(agreement.detection)


def _score_cells(score: DetectionScore) -> Cells:
    counts = (score.true_positives, score.false_negatives, score.false_positives)
    ratios = (score.recall, score.precision, score.f1)
    return (*map(str, counts), *(_plain(ratio) for ratio in ratios))


def _plain(quantity: Quantity) -> str:
    return ABSENT if quantity.value is None else f"{quantity.value:.3f}"


def _lines(agreement: Agreement) -> Iterator[str]:
    if agreement.burden is not None:
        yield _burden_line(agreement.burden)
    for entry in agreement.bland_altman:
        if entry.measure in LIMITS_SHOWN and entry.bias is not None:
            yield _limits_line(entry)
    rounded = [case.grid_offset_mm for case in agreement.cases if case.grid_offset_mm]
    if rounded:
        yield (
            f"grids of {len(rounded)} case(s) differ by rounding: voxels lie up to "
            f"{max(rounded):.3g} mm apart"
        )


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


def _limits_line(entry: BlandAltman) -> str:
    bias, low, high = (
        "" if e is None else f"{e.value:+.3g}"
        for e in (entry.bias, entry.lower_limit, entry.upper_limit)
    )
    return f"{entry.measure}: bias {bias} {entry.unit}, 95 % limits of agreement {low} to {high}"
