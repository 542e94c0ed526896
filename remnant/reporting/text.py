"""How numbers, bounds and verdicts read in the report; percent is for readers only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from string import ascii_lowercase
from typing import Final

from remnant.core.findings import Basis, Finding, SourceStatus, Verdict
from remnant.core.quantity import Bound, Interval, Quantity
from remnant.core.units import percent_from_fraction
from remnant.core.volumetry_report import BurdenClass

ABSENT: Final = "–"
DASH: Final = "–"
THIN_SPACE: Final = "\u202f"
MOST_DECIMALS: Final = 6
LARGE: Final = 100.0
MEDIUM: Final = 10.0
SMALLEST_SHOWN: Final = 0.005

BOUND_SIGNS: Final[Mapping[Bound | None, str]] = {
    Bound.LOWER: "≥\u202f",
    Bound.UPPER: "≤\u202f",
    None: "",
}
INDICATIVE_SIGN: Final = "≈\u202f"
VERDICT_SIGNS: Final[Mapping[Verdict, str]] = {
    Verdict.MET: "✓",
    Verdict.NOT_MET: "✗",
    Verdict.UNKNOWN: "?",
    Verdict.NO_EVIDENCE: "○",
}
VERDICT_WORDS: Final[Mapping[Verdict, str]] = {
    Verdict.MET: "met",
    Verdict.NOT_MET: "not met",
    Verdict.UNKNOWN: "undecided",
    Verdict.NO_EVIDENCE: "no evidence",
}
BASIS_WORDS: Final[Mapping[Basis, str]] = {
    Basis.STANDARDISED_TLV: "standardised volume",
    Basis.MEASURED_FUNCTIONAL_TLV: "measured functional volume",
    Basis.BODY_WEIGHT: "body weight",
    Basis.BODY_SURFACE_AREA: "body surface",
    Basis.TUMOUR_VOLUME: "tumour volume",
    Basis.TOTAL_LIVER_VOLUME: "total liver volume",
    Basis.UNSPECIFIED: "a liver volume (not said which)",
}
STATUS_WORDS: Final[Mapping[SourceStatus, str]] = {
    SourceStatus.VERIFIED: "read in the source",
    SourceStatus.UNVERIFIED: "unverified: recalled, not read in the source",
    SourceStatus.PROJECT: "this project's own reading or rule",
}
CLASS_WORDS: Final[Mapping[BurdenClass, str]] = {
    BurdenClass.UP_TO_10: "up to 10 %",
    BurdenClass.OVER_10_TO_25: "over 10 to 25 %",
    BurdenClass.OVER_25_TO_50: "over 25 to 50 %",
    BurdenClass.OVER_50: "over 50 %",
}


def plain(value: float) -> str:
    """Write an amount with about three figures; what is not 0 never reads as 0."""
    if value == 0.0:
        return "0"
    if abs(value) < SMALLEST_SHOWN:
        return "< 0.01" if value > 0 else "> −0.01"
    size = abs(value)
    return f"{value:.0f}" if size >= LARGE else f"{value:.1f}" if size >= MEDIUM else f"{value:.2f}"


def percent(fraction: float, limits: Iterable[float] = ()) -> str:
    """Write a fraction as percent, with as many decimals as keep its side of every limit.

    19.96 % beside a limit of 20 % must not read 20.0 %.
    """
    value = percent_from_fraction(fraction)
    beside = [percent_from_fraction(limit) for limit in limits]
    for decimals in range(1, MOST_DECIMALS):
        shown = round(value, decimals)
        if all(_side(shown, limit) == _side(value, limit) for limit in beside):
            break
    return f"{value:.{decimals}f}"


@dataclass(slots=True)
class Notes:
    """Footnotes of one table: each distinct reason gets one letter."""

    reasons: list[str] = field(default_factory=list)

    def mark(self, reason: str | None) -> str:
        """Return the letter of a reason, the empty text for none."""
        if reason is None:
            return ""
        if reason not in self.reasons:
            self.reasons.append(reason)
        return _letter(self.reasons.index(reason))

    def listed(self) -> list[tuple[str, str]]:
        """Return letters and reasons in the order of their first use."""
        return [(_letter(number), reason) for number, reason in enumerate(self.reasons)]


def shown(quantity: Quantity, *, fraction: bool = False, limits: Iterable[float] = ()) -> str:
    """Write a quantity with its bound's sign, or a dash where it is absent. No unit.

    Indicative values wear ``≈``.
    """
    if quantity.value is None:
        return ABSENT
    number = percent(quantity.value, limits) if fraction else plain(quantity.value)
    return sign(quantity) + number


def sign(quantity: Quantity) -> str:
    """Return the sign of a bound or ``≈``, the empty text for a plain value."""
    return INDICATIVE_SIGN if quantity.indicative else BOUND_SIGNS[quantity.bound]


def interval(quantity: Quantity, *, fraction: bool = False, limits: Iterable[float] = ()) -> str:
    """Write a quantity's interval as ``low–high``, the empty text where there is none to show.

    One without width says only that no error that is modelled changes the value.
    """
    known = quantity.interval
    if known is None or known.low == known.high:
        return ""
    return ends(known, fraction=fraction, limits=limits)


def ends(known: Interval, *, fraction: bool = False, limits: Iterable[float] = ()) -> str:
    """Write an interval as ``low–high``; amounts with as many decimals as the upper end needs."""
    if fraction:
        beside = tuple(limits)
        return DASH.join(percent(end, beside) for end in (known.low, known.high))
    upper = plain(known.high)
    lower = f"{known.low:.{len(upper.partition('.')[2])}f}"
    reads_zero = float(lower) == 0.0
    return DASH.join((plain(known.low) if reads_zero else lower, upper))


def sentence(words: str) -> str:
    """Write words with a capital first letter; the rest, names among them, stays as it is."""
    return words[:1].upper() + words[1:]


def demand(finding: Finding) -> str:
    """Write what a rule asks for, e.g. ``≥ 30 % of standardised volume``; empty without number."""
    if finding.threshold is None or finding.basis is None:
        return ""
    relation = "≥" if finding.inclusive else ">"
    words = BASIS_WORDS[finding.basis]
    if finding.basis is Basis.BODY_SURFACE_AREA:
        return f"{relation} {finding.threshold:g} mL/m² of {words}"
    percent_free = finding.basis is Basis.BODY_WEIGHT
    number = finding.threshold if percent_free else percent_from_fraction(finding.threshold)
    return f"{relation} {number:g} % of {words}"


def _letter(number: int) -> str:
    high, low = divmod(number, len(ascii_lowercase))
    return (ascii_lowercase[high - 1] if high else "") + ascii_lowercase[low]


def _side(value: float, limit: float) -> int:
    difference = round(value - limit, 9)
    return (difference > 0) - (difference < 0)
