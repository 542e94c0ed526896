"""How the networks did on MR, as `benchmarks/mr.py` measured it: data, written there."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

FILE: Final = "mr_figures.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class MrFigures:
    """Dice of the liver on images painted as MR, and on real ones.

    Parameters
    ----------
    painted
        Dice by sequence, 0 where no liver was found.
    lesions
        Dice of lesions that were planted, by sequence.
    real_mm, real
        Height of each real scan in mm, and its Dice against another network's label.
    """

    painted: Mapping[str, float]
    lesions: Mapping[str, float]
    real_mm: tuple[float, ...]
    real: tuple[float, ...]

    @property
    def real_found(self) -> int:
        """Number of real scans in which a liver was found."""
        return sum(dice > 0.0 for dice in self.real)


@cache
def mr_figures() -> MrFigures:
    """Return the figures of the default preparation."""
    text = (files("segmentation.seen") / FILE).read_text(encoding="utf-8")
    known = json.loads(text)
    return MrFigures(
        painted=known["painted"],
        lesions=known["lesions"],
        real_mm=tuple(known["real_mm"]),
        real=tuple(known["real"]),
    )


def extremes(dice: Mapping[str, float]) -> tuple[str, str]:
    """Return the sequences with the lowest and the highest Dice.

    >>> extremes({"T2": 0.4, "T1": 0.9, "DWI": 0.5})
    ('T2', 'T1')
    """
    return min(dice, key=dice.__getitem__), max(dice, key=dice.__getitem__)
