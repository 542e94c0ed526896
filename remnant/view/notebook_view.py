"""Results as plain tables, as a notebook shows them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from remnant.core.debulking import DebulkingPlan
from remnant.core.lesions import Lesion
from remnant.core.planning_report import PlanningReport
from remnant.core.quantity import Bound, Interval, Quantity
from remnant.core.volumetry_report import VolumetryReport
from remnant.view.parts import Figure, figure, mark
from remnant.view.recipe_view import short_recipe
from remnant.wording.lesion_figures import LESION_FIGURES
from remnant.wording.notebook import (
    LESIONS,
    NO_LESIONS,
    PLAN_HEADINGS,
    PLANS,
    SEGMENTS,
    SHARES,
    VOLUME_TITLES,
    VOLUMES,
    burden_class,
    lesions_left_out,
    plans_left_out,
)
from remnant.wording.numbers import tenths
from remnant.wording.reasons import listed
from remnant.wording.volumes import CLASS_WORDS
from remnant.wording.words import CONFIRMATION_WORDS

MOST_LESIONS = 12
MOST_PLANS = 12


@dataclass(frozen=True, slots=True)
class PlainTable:
    """A table: each row has a name and a figure for each heading; ``remarks`` stand below."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Figure, ...]], ...]
    remarks: tuple[str, ...] = ()


def volume_tables(report: VolumetryReport) -> tuple[PlainTable, ...]:
    """Return the volumes, those of the segments where they are known, and the lesions."""
    return (_volumes(report), *_segments(report), _first_lesions(report.lesions))


def _first_lesions(lesions: Sequence[Lesion]) -> PlainTable:
    table, more = lesion_table(lesions[:MOST_LESIONS]), len(lesions) - MOST_LESIONS
    return replace(table, remarks=(lesions_left_out(more),)) if more > 0 else table


def _volumes(report: VolumetryReport) -> PlainTable:
    quantities = {
        "tlv": figure(report.tlv_ml, "mL"),
        "tumour": figure(report.tumour_ml, "mL"),
        "burden": figure(report.burden_fraction, "%", fraction=True),
        "functional": figure(report.functional_tlv_ml, "mL"),
        "standardised": figure(report.standardised.stlv_ml, "mL"),
    }
    known = report.burden_class
    return PlainTable(
        title=VOLUMES,
        headings=("",),
        rows=tuple((VOLUME_TITLES[name], (shown,)) for name, shown in quantities.items()),
        remarks=() if known is None else (burden_class(CLASS_WORDS[known]),),
    )


def _segments(report: VolumetryReport) -> Iterable[PlainTable]:
    if report.segments is None:
        return
    rows = (
        (
            segment.name,
            (
                _part(of.total_ml, of.total_interval, bounded=of.touches_edge),
                _part(of.functional_ml, of.functional_interval, bounded=of.touches_edge),
            ),
        )
        for segment, of in sorted(report.segments.items())
    )
    yield PlainTable(title=SEGMENTS, headings=("mL", "without tumour mL"), rows=tuple(rows))


def _part(value_ml: float, interval: Interval | None, *, bounded: bool) -> Figure:
    """Return the volume of a segment; one cut by the edge of the scan is a bound."""
    bound = Bound.LOWER if bounded else None
    return figure(Quantity(value=value_ml, interval=interval, bound=bound))


def lesion_table(lesions: Iterable[Lesion]) -> PlainTable:
    """Return the lesions, each with the figures that every table of lesions shows."""
    declared = [one for one in LESION_FIGURES if not one.more]
    rows = tuple(
        (
            str(lesion.id),
            (
                figure(lesion.volume_ml),
                Figure(tenths(lesion.longest_axial_mm)),
                *(_lesion_figure(one.value(lesion)) for one in declared),
                Figure(CONFIRMATION_WORDS[lesion.confirmation]),
            ),
        )
        for lesion in lesions
    )
    titles = tuple(one.title for one in declared)
    return PlainTable(
        title=LESIONS,
        headings=("Volume mL", "Longest axial mm", *titles, "Confirmation"),
        rows=rows,
        remarks=() if rows else (NO_LESIONS,),
    )


def _lesion_figure(value: float | Quantity) -> Figure:
    return figure(value) if isinstance(value, Quantity) else Figure(tenths(value))


def plan_table(plans: Iterable[DebulkingPlan]) -> PlainTable:
    """Return plans in their order, each with what it takes, leaves, and whether it is accepted."""
    return PlainTable(
        title=PLANS,
        headings=PLAN_HEADINGS,
        rows=tuple((plan.id, _plan_cells(plan)) for plan in plans),
        remarks=(SHARES,),
    )


def _plan_cells(plan: DebulkingPlan) -> tuple[Figure, ...]:
    verdict, remnant = mark(plan.feasible), plan.result.remnant
    return (
        Figure(short_recipe(plan.recipe)),
        figure(plan.result.debulked_fraction, fraction=True),
        figure(remnant.flr_ml),
        figure(remnant.flr_measured_fraction, fraction=True),
        figure(remnant.sflr, fraction=True),
        Figure(str(plan.result.interventions)),
        Figure(f"{verdict.sign} {verdict.words}"),
    )


def planning_tables(report: PlanningReport) -> tuple[PlainTable, ...]:
    """Return the first plans, with how many there are beside, or why there are none."""
    table, more = plan_table(report.plans[:MOST_PLANS]), len(report.plans) - MOST_PLANS
    if not report.plans:
        return (PlainTable(PLANS, (), (), (listed(report.plans_reasons),)),)
    left_out = (plans_left_out(more),) if more > 0 else ()
    return (replace(table, remarks=(*table.remarks, *left_out)),)
