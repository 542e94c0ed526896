"""What results show of themselves in a notebook; importing this teaches them."""

from collections.abc import Sequence

from remnant.core.case import CaseReport
from remnant.core.debulking import DebulkingPlan
from remnant.core.lesions import LesionTable
from remnant.core.planning_report import PlanningReport
from remnant.core.showing import html_of
from remnant.core.volumetry_report import VolumetryReport
from remnant.view.notebook_view import (
    PlainTable,
    lesion_table,
    plan_table,
    planning_tables,
    volume_tables,
)
from remnant.wording.research_use import RESEARCH_USE


@html_of.register
def _of_volumes(report: VolumetryReport) -> str:
    return _html(volume_tables(report))


@html_of.register
def _of_lesions(table: LesionTable) -> str:
    return _html((lesion_table(table.lesions),))


@html_of.register
def _of_plan(plan: DebulkingPlan) -> str:
    return _html((plan_table((plan,)),))


@html_of.register
def _of_planning(report: PlanningReport) -> str:
    return _html(planning_tables(report))


@html_of.register
def _of_case(case: CaseReport) -> str:
    planned = () if case.planning is None else planning_tables(case.planning)
    return _html((*volume_tables(case.volumetry), *planned))


def _html(tables: Sequence[PlainTable]) -> str:
    from remnant.page.html import environment

    return environment().get_template("notebook.html.j2").render(tables=tables, use=RESEARCH_USE)
