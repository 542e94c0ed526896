"""What a reader sees of a cohort, top down; frozen, before any medium."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from remnant.core.cohort_figures import CohortFigures
from remnant.view.cohort_agreement import CohortAgreement, view_cohort_agreement
from remnant.view.cohort_course import Courses, view_courses
from remnant.view.cohort_outliers import FEWEST_CASES, LIMIT, Outlier
from remnant.view.cohort_sheet import (
    ALL_SHOWN,
    NO_PLACE,
    SAMPLE,
    CasePlace,
    SheetPage,
    Tile,
    by_burden,
    case_tiles,
    status_mark,
)
from remnant.view.cohort_spreads import (
    DONE,
    Distribution,
    Doubt,
    RuleGroup,
    Share,
    Stack,
    class_doubt,
    class_stacks,
    distributions,
    percent_of,
    rule_groups,
    shares_of,
)
from remnant.view.parts import Mark
from remnant.wording.cohort import (
    NO_STAGE,
    PART_TITLES,
    STATUS_MEANINGS,
    STATUS_WORDS,
    UNKNOWN,
)

MOST_LISTED: Final = 100
FEW_TILES: Final = 24
UNUSABLE: Final = "unusable"
MODEL: Final = "model"
AFTER_OVERVIEW: Final = ("distributions", "outliers", "failures", "cases")
"""What a cohort without a case has nothing to say in."""


@dataclass(frozen=True, slots=True)
class StatusCount:
    """Cases that ended in one way: mark, look in the bar, what it means, count and share."""

    mark: Mark
    look: str
    meaning: str
    count: int
    percent: str


@dataclass(frozen=True, slots=True)
class Head:
    """How many cases there are, and what became of them.

    ``failed`` counts all that have no report; ``versions`` and ``models`` are texts with counts.
    """

    total: int
    done: int
    unusable: int
    failed: int
    statuses: tuple[StatusCount, ...]
    bar: tuple[Share, ...]
    versions: tuple[tuple[str, int], ...]
    models: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ListedOutlier:
    """An outlier and where it leads."""

    found: Outlier
    place: CasePlace


@dataclass(frozen=True, slots=True)
class FailureKind:
    """Cases that ended in the same way, stage and kind of error."""

    mark: Mark
    stage: str
    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class ListedFailure:
    """A case that is not done: how, where and why."""

    case: str
    mark: Mark
    stage: str
    kind: str
    error: str
    place: CasePlace


@dataclass(frozen=True, slots=True)
class Caution:
    """Of ``n`` cases that are done, in how many something rests on what nobody confirmed."""

    n: int
    lesions: int
    segments: int


@dataclass(frozen=True, slots=True)
class CohortView:
    """The whole page; ``parts`` are the machine names and titles of those that it has.

    ``more_outliers`` and ``more_failures`` count what is not listed here but on the contact sheet.
    ``shown`` of ``head.total`` cases have a tile there; ``sheets`` are its first pages by order.
    """

    parts: tuple[tuple[str, str], ...]
    head: Head
    caution: Caution
    distributions: tuple[Distribution, ...]
    classes: tuple[Stack, ...]
    doubt: Doubt
    rules: tuple[RuleGroup, ...]
    agreement: CohortAgreement | None
    courses: Courses | None
    outliers: tuple[ListedOutlier, ...]
    more_outliers: int
    fewest_for_outliers: int
    outlier_limit: float
    failures: tuple[FailureKind, ...]
    failed: tuple[ListedFailure, ...]
    more_failures: int
    tiles: tuple[Tile, ...]
    shown: int
    whole_up_to: int
    sample: int
    sheets: tuple[SheetPage, ...]


def view_cohort(
    figures: CohortFigures,
    strange: Sequence[Outlier],
    places: Mapping[str, CasePlace],
    *,
    shown: Sequence[int],
    sheets: Sequence[SheetPage],
) -> CohortView:
    """Return what a reader sees of a cohort.

    Parameters
    ----------
    figures
        Its figures; there may be no case at all.
    strange
        Its outliers, the furthest first.
    places
        Where each case leads, by its name.
    shown, sheets
        Cases on the contact sheet, and its pages, see `remnant.view.cohort_sheet`.
    """
    failed = tuple(_failed(figures, places))
    few = by_burden(figures, shown)[:FEW_TILES]
    tiles = case_tiles(figures, strange, places, shown=few)
    agreement, courses = view_cohort_agreement(figures), view_courses(figures)
    rules = rule_groups(figures)
    missing = {
        "rules": not rules,
        "agreement": agreement is None,
        "courses": courses is None,
        **dict.fromkeys(AFTER_OVERVIEW, not figures.cases),
    }
    return CohortView(
        parts=tuple((n, title) for n, title in PART_TITLES.items() if not missing.get(n)),
        head=_head(figures),
        caution=_caution(figures),
        distributions=tuple(distributions(figures)),
        classes=class_stacks(figures),
        doubt=class_doubt(figures),
        rules=rules,
        agreement=agreement,
        courses=courses,
        outliers=tuple(
            ListedOutlier(one, places.get(one.case, NO_PLACE)) for one in strange[:MOST_LISTED]
        ),
        more_outliers=max(0, len(strange) - MOST_LISTED),
        fewest_for_outliers=FEWEST_CASES,
        outlier_limit=LIMIT,
        failures=_failure_kinds(figures),
        failed=failed[:MOST_LISTED],
        more_failures=max(0, len(failed) - MOST_LISTED),
        tiles=tuple(tiles[n] for n in few),
        shown=len(shown),
        whole_up_to=ALL_SHOWN,
        sample=SAMPLE,
        sheets=tuple(page for page in sheets if page.number == 1),
    )


def _head(figures: CohortFigures) -> Head:
    found = Counter(figures.statuses)
    total = len(figures.cases)
    order = [*STATUS_WORDS, *sorted(set(found) - set(STATUS_WORDS))]
    marks = {status: status_mark(status) for status in order}
    return Head(
        total=total,
        done=found[DONE],
        unusable=found[UNUSABLE],
        failed=total - found[DONE] - found[UNUSABLE],
        statuses=tuple(
            StatusCount(
                mark=marks[status],
                look=f"s-{status}",
                meaning=STATUS_MEANINGS.get(status, ""),
                count=found[status],
                percent=percent_of(found[status], total),
            )
            for status in order
            if found[status]
        ),
        bar=shares_of((marks[s].words, f"s-{s}", found[s]) for s in order),
        versions=_most_first(figures.versions),
        models=_most_first(figures.models),
    )


def _most_first(counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple((name or UNKNOWN, count) for name, count in ordered)


def _caution(figures: CohortFigures) -> Caution:
    done = figures.with_status(DONE)
    lesions, confirmed = figures.number("lesions")[done], figures.number("lesions_confirmed")[done]
    sources = figures.word("segments_source")
    looked_at = figures.word("segments_confirmed")
    return Caution(
        n=int(done.sum()),
        lesions=int((lesions > confirmed).sum()),
        segments=sum(
            bool(kept) and source == MODEL and seen != "yes"
            for kept, source, seen in zip(done, sources, looked_at, strict=True)
        ),
    )


def _failure_kinds(figures: CohortFigures) -> tuple[FailureKind, ...]:
    ended = zip(figures.statuses, figures.stages, figures.error_kinds, strict=True)
    found = Counter(one for one in ended if one[0] != DONE)
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        FailureKind(status_mark(status), stage or NO_STAGE, kind or NO_STAGE, count)
        for (status, stage, kind), count in ordered
    )


def _failed(figures: CohortFigures, places: Mapping[str, CasePlace]) -> list[ListedFailure]:
    ranks = {status: rank for rank, status in enumerate(reversed(tuple(STATUS_WORDS)))}
    order = sorted(
        (n for n, status in enumerate(figures.statuses) if status != DONE),
        key=lambda n: (ranks.get(figures.statuses[n], -1), figures.cases[n]),
    )
    return [
        ListedFailure(
            case=figures.cases[n],
            mark=status_mark(figures.statuses[n]),
            stage=figures.stages[n] or NO_STAGE,
            kind=figures.error_kinds[n] or NO_STAGE,
            error=figures.errors[n],
            place=places.get(figures.cases[n], NO_PLACE),
        )
        for n in order
    ]
