"""A comparison of two scans as it is shown: figures of both, their change, and growth, in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from planning.staging.measured_growth import measured_forecast
from remnant.core.comparison import Change, ComparisonReport, Growth, LesionMatch, MatchKind
from remnant.core.findings import Verdict
from remnant.core.quantity import Quantity
from remnant.core.units import percent_from_fraction
from remnant.wording.findings import text_of
from remnant.wording.numbers import ABSENT, BOUND_SIGNS, INDICATIVE_SIGN, plain, shown
from remnant.wording.reasons import listed, why
from remnant.wording.words import MATCH_WORDS

Cells = tuple[str, ...]

MOST_ROWS: Final = 20
MOST_IDS: Final = 4
TWO_FIGURES: Final = 9.95
NEVER: Final = "not reached"
GROWTH_ROWS: Final = (
    ("degree of hypertrophy", "degree_of_hypertrophy_sflr_points", "sFLR points"),
    ("kinetic growth rate", "kgr_sflr_points_per_week", "sFLR points / week"),
    ("growth a day", "growth_ml_per_day", "mL / day"),
    ("growth a day", "growth_percent_of_first_flr_per_day", "% of the first FLR / day"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """A table with the words before and after it.

    ``rows`` are empty where the words say why there are none; ``more`` counts rows left out.
    """

    heading: str
    rows: tuple[Cells, ...] = ()
    more: int = 0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonView:
    """What a reader sees of a comparison.

    Parameters
    ----------
    volumes
        Name, first, second, change, its interval, change in percent.
    aligned
        How well the two livers were laid on each other, where they were.
    lesions
        Fate, volumes, their change in percent with its interval; lengths, their change with its.
    growth
        Name, value with its unit, interval.
    failed
        Checks that were not passed.
    """

    volumes: tuple[Cells, ...]
    aligned: tuple[str, ...]
    lesions: Rows
    growth: Rows
    failed: tuple[str, ...]


def view_comparison(report: ComparisonReport) -> ComparisonView:
    """Return what a reader sees of a comparison, in its order."""
    passed = (f for f in report.quality if f.id == "liver_alignment" and f.verdict is Verdict.MET)
    failed = (f for f in report.quality if f.verdict is Verdict.NOT_MET)
    return ComparisonView(
        volumes=(
            _volume("total liver volume, mL", report.tlv_ml),
            _volume("tumour volume, mL", report.tumour_ml),
        ),
        aligned=tuple(map(text_of, passed)),
        lesions=_lesions(report),
        growth=_growth(report),
        failed=tuple(map(text_of, failed)),
    )


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


def _volume(name: str, change: Change) -> Cells:
    share, _ = _change_cells(change, fraction=True)
    return (name, shown(change.before), shown(change.after), *_change_cells(change), share)


def _lesions(report: ComparisonReport) -> Rows:
    if report.matches is None:
        return Rows(heading=f"No lesions matched: {listed(report.matches_reasons)}")
    counts = [(sum(m.kind is kind for m in report.matches), kind) for kind in MatchKind]
    kinds = ", ".join(f"{count} {MATCH_WORDS[kind]}" for count, kind in counts if count)
    lengths = [match.longest_axial_mm.difference for match in report.matches]
    reasons = dict.fromkeys(why(one) for one in lengths if one.value is not None)
    return Rows(
        heading=f"Lesions: {kinds or 'none'}.",
        rows=tuple(_match_cells(match) for match in report.matches[:MOST_ROWS]),
        more=max(0, len(report.matches) - MOST_ROWS),
        reasons=tuple(filter(None, reasons)),
    )


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


def _growth(report: ComparisonReport) -> Rows:
    growth = report.growth
    if growth is None:
        return Rows(heading=f"No growth: {listed(report.growth_reasons)}")
    after = "" if growth.weeks is None else f", {growth.weeks:g} weeks apart"
    title = growth.title[:1].lower() + growth.title[1:]
    return Rows(
        heading=f"Remnant after {title}{after}",
        rows=tuple(growth_rows(growth)),
        reasons=tuple(_growth_reasons(growth)),
    )


def _growth_reasons(growth: Growth) -> Iterator[str]:
    """Yield why figures of growth are as they are, none that another one contains."""
    reasons = [why(getattr(growth, name)) for _, name, _ in GROWTH_ROWS]
    if growth.threshold_sflr is not None:
        reasons.append(why(growth.weeks_to_threshold))
    for reason in dict.fromkeys(reasons):
        if reason and not any(reason != other and reason in other for other in reasons):
            yield reason


def growth_rows(growth: Growth) -> Iterator[Cells]:
    """Yield the remnant of both scans and its growth, and how long it takes to a threshold."""
    flr, sflr = growth.flr_ml, growth.sflr
    for scan, amount, share in (
        ("first", flr.before, sflr.before),
        ("second", flr.after, sflr.after),
    ):
        yield f"FLR, {scan} scan", _with_unit(shown(amount), "mL"), ends(amount)
        written = _with_unit(shown(share, fraction=True), "%")
        yield f"sFLR, {scan} scan", written, ends(share, fraction=True)
    relative = growth.relative_hypertrophy_fraction
    written = _with_unit(signed(relative, fraction=True), "% of the first FLR")
    yield "relative hypertrophy", written, signed_interval(relative, fraction=True)
    for title, name, unit in GROWTH_ROWS:
        quantity: Quantity = getattr(growth, name)
        yield title, _with_unit(signed(quantity), unit), signed_interval(quantity)
    if growth.threshold_sflr is not None:
        time = growth.weeks_to_threshold
        title = f"to {percent_from_fraction(growth.threshold_sflr):g} % sFLR, if linear"
        yield title, _with_unit(shown(time), "weeks after the second scan"), ends(time)
        yield from slowing_rows(growth, growth.threshold_sflr)


def slowing_rows(growth: Growth, threshold_sflr: float) -> Iterator[Cells]:
    """Yield what a curve that slows promises, none where it promises nothing."""
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
