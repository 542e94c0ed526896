"""What ``remnant compare`` prints: figures of both scans and their change."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from planning.staging.measured_growth import measured_forecast
from remnant.core.comparison import Change, ComparisonReport, Growth, LesionMatch, MatchKind
from remnant.core.findings import Verdict
from remnant.core.quantity import Quantity
from remnant.core.units import percent_from_fraction
from remnant.wording.findings import text_of
from remnant.wording.numbers import ABSENT, BOUND_SIGNS, INDICATIVE_SIGN, plain, shown
from remnant.wording.reasons import listed, why
from remnant.wording.words import MATCH_WORDS, RESEARCH_USE

MOST_ROWS = 20
MOST_IDS = 4
MANY_COLUMNS = 7
TWO_FIGURES = 9.95
NEVER = "not reached"
GROWTH_ROWS = (
    ("degree of hypertrophy", "degree_of_hypertrophy_sflr_points", "sFLR points"),
    ("kinetic growth rate", "kgr_sflr_points_per_week", "sFLR points / week"),
    ("growth a day", "growth_ml_per_day", "mL / day"),
    ("growth a day", "growth_percent_of_first_flr_per_day", "% of the first FLR / day"),
)


def print_comparison(
    report: ComparisonReport, folder: Path, *, console: Console | None = None
) -> None:
    """Print volumes, matched lesions, growth and failed checks, each change with its interval."""
    console = console or Console()
    console.print(_volumes(report))
    console.print()
    for finding in report.quality:
        if finding.id == "liver_alignment" and finding.verdict is Verdict.MET:
            console.print(text_of(finding), style="dim", markup=False)
    _print_lesions(report, console)
    _print_growth(report, console)
    for finding in report.quality:
        if finding.verdict is Verdict.NOT_MET:
            console.print(f"! {text_of(finding)}", style="yellow", markup=False)
    console.print(
        "90 %: interval from the measurement errors of both scans; beside ≥, ≤ or ≈ that of the "
        "parts as measured. Changes are measurements, not a response by RECIST or any other "
        "criteria.",
        style="dim",
    )
    console.print()
    console.print(f"Comparison: {folder / 'comparison.json'}", soft_wrap=True, markup=False)
    console.print(RESEARCH_USE, style="dim")


def signed(quantity: Quantity, *, fraction: bool = False) -> str:
    """Write a change with its sign, e.g. ``+12.0``; fractions as percent; a dash where absent."""
    if quantity.value is None:
        return ABSENT
    loose = INDICATIVE_SIGN if quantity.indicative else BOUND_SIGNS[quantity.bound]
    return loose + _with_sign(quantity.value, fraction=fraction)


def signed_interval(quantity: Quantity, *, fraction: bool = False) -> str:
    """Write the ends of a change's interval with their signs; empty where there is none."""
    around = quantity.interval
    if around is None:
        return ""
    return " to ".join(_with_sign(end, fraction=fraction) for end in (around.low, around.high))


def ends(quantity: Quantity, *, fraction: bool = False) -> str:
    """Write the ends of an interval; empty where there is none."""
    around = quantity.interval
    if around is None:
        return ""
    values = (percent_from_fraction(end) if fraction else end for end in (around.low, around.high))
    return " to ".join(plain(value) for value in values)


def _with_sign(value: float, *, fraction: bool) -> str:
    size = abs(percent_from_fraction(value) if fraction else value)
    digits = plain(size) if not fraction else f"{size:.0f}" if size > TWO_FIGURES else f"{size:.1f}"
    if digits.startswith("<"):
        return plain(value)
    sign = "" if not float(digits) else "+" if value > 0 else "−"
    return sign + digits


def _volumes(report: ComparisonReport) -> Table:
    table = _table("", "first", "second", "change", "90 %", "change")
    for name, change in (
        ("total liver volume, mL", report.tlv_ml),
        ("tumour volume, mL", report.tumour_ml),
    ):
        table.add_row(
            name, shown(change.before), shown(change.after), *_change_cells(change),
            _change_cells(change, fraction=True)[0],
        )  # fmt: skip
    return table


def _print_lesions(report: ComparisonReport, console: Console) -> None:
    if report.matches is None:
        console.print(f"No lesions matched: {listed(report.matches_reasons)}", markup=False)
        return
    counts = [(sum(m.kind is kind for m in report.matches), kind) for kind in MatchKind]
    words = (f"{count} {MATCH_WORDS[kind]}" for count, kind in counts if count)
    kinds = ", ".join(words) or "none"
    console.print(f"Lesions: {kinds}.", markup=False)
    if not report.matches:
        return
    table = _table(
        "lesion", "volume\nmL", "change", "90 %", "longest\naxial mm", "change\nmm",
        "90 %",
    )  # fmt: skip
    for match in report.matches[:MOST_ROWS]:
        table.add_row(*_match_cells(match))
    console.print(table)
    if len(report.matches) > MOST_ROWS:
        console.print(f"… and {len(report.matches) - MOST_ROWS} more in matches.csv")
    lengths = [match.longest_axial_mm.difference for match in report.matches]
    for reason in dict.fromkeys(why(one) for one in lengths if one.value is not None):
        if reason:
            console.print(f"  {reason}", style="dim", markup=False)


def _match_cells(match: LesionMatch) -> tuple[str, ...]:
    return (
        _fate(match),
        _both(match.volume_ml),
        *_change_cells(match.volume_ml, fraction=True),
        _both(match.longest_axial_mm),
        *_change_cells(match.longest_axial_mm),
    )


def _fate(match: LesionMatch) -> str:
    first, second = _ids(match.before_ids), _ids(match.after_ids)
    if match.kind is MatchKind.REJECTED_BEFORE:
        first = "rejected"
    elif match.kind is MatchKind.REJECTED_AFTER:
        second = "rejected"
    elif match.kind is MatchKind.OUTSIDE:
        first, second = first or "outside", second or "outside"
    return f"{first or 'new'} → {second or 'gone'}"


def _ids(ids: Sequence[int]) -> str:
    return "+".join(map(str, ids[:MOST_IDS])) + ("+…" if len(ids) > MOST_IDS else "")


def _both(change: Change) -> str:
    return f"{shown(change.before)} → {shown(change.after)}"


def _change_cells(change: Change, *, fraction: bool = False) -> tuple[str, str]:
    quantity = change.fraction if fraction else change.difference
    unit = " %" if fraction and quantity.value is not None else ""
    return signed(quantity, fraction=fraction) + unit, signed_interval(quantity, fraction=fraction)


def _print_growth(report: ComparisonReport, console: Console) -> None:
    console.print()
    growth = report.growth
    if growth is None:
        console.print(f"No growth: {listed(report.growth_reasons)}", markup=False)
        return
    after = "" if growth.weeks is None else f", {growth.weeks:g} weeks apart"
    title = growth.title[:1].lower() + growth.title[1:]
    console.print(f"Remnant after {title}{after}", markup=False)
    console.print(_growth_table(growth))
    reasons = [why(getattr(growth, name)) for _, name, _ in GROWTH_ROWS]
    if growth.threshold_sflr is not None:
        reasons.append(why(growth.weeks_to_threshold))
    for reason in dict.fromkeys(reasons):
        if reason and not any(reason != other and reason in other for other in reasons):
            console.print(f"  {reason}", style="dim", markup=False)


def _growth_table(growth: Growth) -> Table:
    table = _table("", "", "90 %")
    flr, sflr = growth.flr_ml, growth.sflr
    for scan, amount, share in (
        ("first", flr.before, sflr.before),
        ("second", flr.after, sflr.after),
    ):
        table.add_row(f"FLR, {scan} scan", _with_unit(shown(amount), "mL"), ends(amount))
        written = _with_unit(shown(share, fraction=True), "%")
        table.add_row(f"sFLR, {scan} scan", written, ends(share, fraction=True))
    relative = growth.relative_hypertrophy_fraction
    table.add_row(
        "relative hypertrophy",
        _with_unit(signed(relative, fraction=True), "% of the first FLR"),
        signed_interval(relative, fraction=True),
    )
    for title, name, unit in GROWTH_ROWS:
        quantity: Quantity = getattr(growth, name)
        table.add_row(title, _with_unit(signed(quantity), unit), signed_interval(quantity))
    if growth.threshold_sflr is not None:
        time = growth.weeks_to_threshold
        title = f"to {percent_from_fraction(growth.threshold_sflr):g} % sFLR, if linear"
        written = _with_unit(shown(time), "weeks after the second scan")
        table.add_row(title, written, ends(time))
        for cells in _slowing_rows(growth, growth.threshold_sflr):
            table.add_row(*cells)
    return table


def _slowing_rows(growth: Growth, threshold_sflr: float) -> Iterator[tuple[str, str, str]]:
    """Write what a curve that slows promises, none where it promises nothing."""
    forecast = measured_forecast(growth)
    time, end = forecast.weeks_to_threshold, forecast.sflr_at_end
    if end.value is None:
        return
    title = f"to {percent_from_fraction(threshold_sflr):g} % sFLR, slowing"
    written = _with_unit(shown(time), "weeks after the second scan")
    yield title, NEVER if time.value is None else written, ends(time)
    yield "sFLR in the end", _with_unit(shown(end, fraction=True), "%"), ends(end, fraction=True)


def _with_unit(number: str, unit: str) -> str:
    return number if number == ABSENT else f"{number} {unit}"


def _table(*titles: str) -> Table:
    gap = 2 if len(titles) < MANY_COLUMNS else 1
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), show_header=any(titles))
    for number, title in enumerate(titles):
        table.add_column(title, justify="right" if number else "left", no_wrap=True)
    return table
