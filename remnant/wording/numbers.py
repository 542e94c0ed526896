"""How numbers, bounds and verdicts read in the report; percent is for readers only."""

from collections.abc import Iterable, Mapping
from typing import Final

from remnant.core.quantity import Bound, Interval, Quantity
from remnant.core.units import percent_from_fraction
from remnant.wording.language import ENGLISH, language, localised, say_many

ABSENT: Final = "–"
MOST_DECIMALS: Final = 8
LARGE: Final = 100.0
MEDIUM: Final = 10.0
SMALLEST_SHOWN: Final = 0.005

BOUND_SIGNS: Final[Mapping[Bound | None, str]] = {
    Bound.LOWER: "≥\u202f",
    Bound.UPPER: "≤\u202f",
    None: "",
}
INDICATIVE_SIGN: Final = "≈\u202f"


def plain(value: float) -> str:
    """Write an amount with about three figures; what is not 0 never reads as 0."""
    if value == 0.0:
        return "0"
    if abs(value) < SMALLEST_SHOWN:
        return localised("< 0.01" if value > 0 else "> −0.01")
    return localised(f"{value:.{_decimals(value)}f}")


def whole(value: float) -> str:
    """Write a number that may be negative without decimals; what rounds to 0 has no sign.

    >>> whole(-48.2), whole(-0.4)
    ('−48', '0')
    """
    return f"{round(value)}".replace("-", "−")


def tenths(value: float) -> str:
    """Write a length in mm as it stands in tables of lesions, with one decimal.

    >>> tenths(114.87)
    '114.9'
    """
    return localised(f"{value:.1f}")


def _decimals(value: float) -> int:
    size = abs(value)
    return 0 if size >= LARGE else 1 if size >= MEDIUM else 2


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
    return localised(f"{value:.{decimals}f}")


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
        return ABSENT.join(percent(end, beside) for end in (known.low, known.high))
    shown = known.high and abs(known.high) >= SMALLEST_SHOWN
    lower = f"{known.low:.{_decimals(known.high) if shown else 2}f}"
    reads_zero = float(lower) == 0.0
    return ABSENT.join((plain(known.low) if reads_zero else localised(lower), plain(known.high)))


def sentence(words: str) -> str:
    """Write words with a capital first letter; the rest, names among them, stays as it is."""
    return words[:1].upper() + words[1:]


def within_sentence(words: str) -> str:
    """Write a title within a sentence: English with a small first letter, German as it stands."""
    return words[:1].lower() + words[1:] if language() == ENGLISH else words


def _side(value: float, limit: float) -> int:
    difference = round(value - limit, 9)
    return (difference > 0) - (difference < 0)


def millimetres(value_mm: float, *, beside: float | None = None) -> str:
    """Write a length with one decimal, or as many as keep its side of ``beside``.

    >>> millimetres(9.96, beside=10.0)
    '9.96 mm'
    """
    limits = () if beside is None else (beside,)
    texts = (f"{value_mm:.{decimals}f}" for decimals in range(1, MOST_DECIMALS + 2))
    true = (t for t in texts if all(_side(float(t), one) == _side(value_mm, one) for one in limits))
    return f"{localised(next(true, f'{value_mm:.{MOST_DECIMALS + 1}f}'))} mm"


def counted(number: int, noun: str) -> str:
    """Write a number with its noun.

    >>> counted(1, "lesion"), counted(0, "lesion")
    ('1 lesion', '0 lesions')
    """
    return say_many(f"{{number}} {noun}", f"{{number}} {noun}s", number)
