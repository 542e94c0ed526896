"""The contact sheet of a cohort: which cases it shows, in which orders, on which pages."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np

from remnant.core.cohort_figures import CohortFigures
from remnant.pictures.cohort_plots import SEED
from remnant.view.cohort_outliers import Outlier
from remnant.view.cohort_spreads import DONE
from remnant.view.parts import Mark
from remnant.wording.cohort import (
    NO_PICTURE,
    ORDER_WORDS,
    STATUS_KINDS,
    STATUS_SIGNS,
    STATUS_WORDS,
)
from remnant.wording.numbers import percent

ALL_SHOWN: Final = 400
"""Cohorts of at most so many cases are shown whole."""
SAMPLE: Final = 200
PAGE_SIZE: Final = 200
UNKNOWN_STATUS: Final = "failed"


@dataclass(frozen=True, slots=True)
class CasePlace:
    """Where a case leads: a relative link and that of its picture; empty where there is none.

    ``missing`` says why there is no picture.
    """

    link: str = ""
    picture: str = ""
    missing: str = ""


NO_PLACE: Final = CasePlace(missing=NO_PICTURE)
"""Of a case without a folder."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One case of the contact sheet; ``burden`` and ``strange`` are empty where there is none."""

    case: str
    mark: Mark
    place: CasePlace
    burden: str
    strange: str
    error: str


@dataclass(frozen=True, slots=True)
class PageLink:
    """A page of the contact sheet: its file, the number on it, whether it is the present one."""

    file: str
    number: int
    here: bool = False


@dataclass(frozen=True, slots=True)
class SheetOrder:
    """An order of the contact sheet: words, its first page, whether it is the present one."""

    words: str
    file: str
    here: bool


@dataclass(frozen=True, slots=True)
class SheetPage:
    """One page of the contact sheet; ``first`` and ``last`` count its cases from 1."""

    file: str
    order: str
    number: int
    first: int
    last: int
    total: int
    tiles: tuple[Tile, ...]
    pages: tuple[PageLink, ...]
    orders: tuple[SheetOrder, ...]

    @property
    def before(self) -> str:
        """File of the page before; empty on the first."""
        return "" if self.number == 1 else self.pages[self.number - 2].file

    @property
    def after(self) -> str:
        """File of the page after; empty on the last."""
        return "" if self.number == len(self.pages) else self.pages[self.number].file


def status_mark(status: str) -> Mark:
    """Return how the way in which a case ended is shown."""
    known = status if status in STATUS_WORDS else UNKNOWN_STATUS
    return Mark(STATUS_KINDS[known], STATUS_SIGNS[known], STATUS_WORDS.get(status, status))


def shown_cases(figures: CohortFigures, strange: Sequence[Outlier]) -> tuple[int, ...]:
    """Return the places of the cases that the contact sheet shows.

    All of a small cohort; of a large one all that are not done, all outliers, and a random sample
    of the others, the same each time.
    """
    count = len(figures.cases)
    if count <= ALL_SHOWN:
        return tuple(range(count))
    odd = {one.case for one in strange}
    kept = ~figures.with_status(DONE) | np.array([case in odd for case in figures.cases])
    others = np.flatnonzero(~kept)
    few = min(SAMPLE, others.size)
    kept[np.random.default_rng(SEED).choice(others, few, replace=False)] = True
    return tuple(int(place) for place in np.flatnonzero(kept))


def sheet_pages(
    figures: CohortFigures,
    strange: Sequence[Outlier],
    places: Mapping[str, CasePlace],
    *,
    shown: Sequence[int],
) -> Iterator[SheetPage]:
    """Give every page of every order; none where no case is shown.

    Parameters
    ----------
    figures, strange
        The cohort and its outliers.
    places
        Where each case leads, by its name.
    shown
        Places of the cases, see `shown_cases`.
    """
    tiles = case_tiles(figures, strange, places, shown=shown)
    for order in ORDER_WORDS:
        yield from _pages(order, [tiles[n] for n in _ordered(figures, strange, shown, order)])


def case_tiles(
    figures: CohortFigures,
    strange: Sequence[Outlier],
    places: Mapping[str, CasePlace],
    *,
    shown: Sequence[int],
) -> Mapping[int, Tile]:
    """Return the tiles of cases by their places."""
    odd = {one.case: one for one in strange}
    burdens = figures.number("burden_fraction")
    tiles = {}
    for n in shown:
        case, burden = figures.cases[n], float(burdens[n])
        tiles[n] = Tile(
            case=case,
            mark=status_mark(figures.statuses[n]),
            place=places.get(case, NO_PLACE),
            burden="" if np.isnan(burden) else f"{percent(burden)} %",
            strange=_reasons(odd[case]) if case in odd else "",
            error=figures.errors[n],
        )
    return tiles


def _reasons(found: Outlier) -> str:
    return ", ".join(f"{one.title} {one.value}" for one in found.figures)


def by_burden(figures: CohortFigures, shown: Sequence[int]) -> list[int]:
    """Return places in the order of falling burden, those without one last, then by name."""
    burdens = np.nan_to_num(figures.number("burden_fraction"), nan=-1.0)
    return sorted(shown, key=lambda n: (-float(burdens[n]), figures.cases[n]))


def _ordered(
    figures: CohortFigures, strange: Sequence[Outlier], shown: Sequence[int], order: str
) -> list[int]:
    if order == "burden":
        return by_burden(figures, shown)
    odd = {one.case for one in strange}
    ranks = {status: rank for rank, status in enumerate(reversed(tuple(STATUS_WORDS)))}
    return sorted(
        shown,
        key=lambda n: (
            ranks.get(figures.statuses[n], -1),
            figures.cases[n] not in odd,
            figures.cases[n],
        ),
    )


def page_file(order: str, number: int) -> str:
    """Return the name of a page of the contact sheet."""
    return f"cases_by_{order}_{number}.html"


def _pages(order: str, tiles: Sequence[Tile]) -> Iterator[SheetPage]:
    count = ceil(len(tiles) / PAGE_SIZE)
    orders = tuple(
        SheetOrder(words, page_file(name, 1), name == order) for name, words in ORDER_WORDS.items()
    )
    for number in range(1, count + 1):
        first = (number - 1) * PAGE_SIZE
        cut = tuple(tiles[first : first + PAGE_SIZE])
        yield SheetPage(
            file=page_file(order, number),
            order=ORDER_WORDS[order],
            number=number,
            first=first + 1,
            last=first + len(cut),
            total=len(tiles),
            tiles=cut,
            pages=tuple(PageLink(page_file(order, n), n, n == number) for n in range(1, count + 1)),
            orders=orders,
        )
