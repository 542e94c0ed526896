"""Figures as the page gets them: the number, its interval, and both as they are written."""

from dataclasses import replace
from typing import Any

from remnant.core.quantity import Quantity
from remnant.view.parts import figure
from remnant.wording.numbers import sign

Figure = dict[str, Any]


def written(quantity: Quantity, unit: str, *, fraction: bool = False) -> Figure:
    """Return a quantity as a figure of the page; a fraction is written in percent."""
    shown = figure(quantity, unit, fraction=fraction)
    if fraction and quantity.value == 0.0:
        # nothing at all: "0.0 %" would read as a small share that was rounded
        shown = replace(shown, number=f"{sign(quantity)}0")
    interval = quantity.interval
    return {
        "value": quantity.value,
        "low": None if interval is None else interval.low,
        "high": None if interval is None else interval.high,
        "written": shown.written,
        "interval": shown.spread,
        "reason": shown.reason,
    }


def volume(quantity: Quantity) -> Figure:
    """Return a volume in mL."""
    return written(quantity, "mL")


def percents(quantity: Quantity) -> Figure:
    """Return a fraction; its value is in [0, 1], and it is written in percent."""
    return written(quantity, "%", fraction=True)
