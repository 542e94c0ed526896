"""One recipe of a surgeon, judged as the planner judges it, without a search.

The whole planner takes seconds; what a person clicks on is answered at once by what stays warm
between two recipes of a case: its maps, the draws of its error model, and the margins and zones
of its lesions.
"""

from dataclasses import dataclass, replace
from typing import Final

from planning.case import Case
from planning.debulking.judged_plans import PlanCase, own_plan
from planning.debulking.plan_search import problem_of, with_condition
from planning.facts.contradictions import require_consistent
from remnant.core.debulking import DebulkingPlan
from remnant.core.patient import Patient
from remnant.core.recipe import Recipe
from remnant.core.volumetry_report import VolumetryReport
from volumetry.liver_maps import LiverMaps
from volumetry.standardised.expected_volume import standardised_volume
from volumetry.uncertainty.intervals import with_expected_volume
from volumetry.virtual_resection.plan_draws import PlanSpread, plan_spread
from volumetry.virtual_resection.warm_liver import WarmLiver

FLOAT_BYTES: Final = 8
ROWS_DRAWN: Final = 5 * 19
"""Of volumes by segment, under all parts of the uncertainty and under each alone."""


@dataclass(frozen=True, slots=True, eq=False)
class WarmCase:
    """What recipes of one case share.

    Parameters
    ----------
    report
        The measured liver.
    maps
        The maps that were measured.
    liver
        What was found around its lesions.
    drawn
        Draws of its volumes and lesions, with no margin and no zone.
    """

    report: VolumetryReport
    maps: LiverMaps
    liver: WarmLiver
    drawn: PlanSpread

    @property
    def nbytes(self) -> int:
        """About how much memory it takes."""
        lesions = (self.drawn.lesions, *self.drawn.alone.values())
        moved = sum(one.moved_mm.nbytes for one in lesions if one.moved_mm is not None)
        draws = len(self.drawn.drawn.whole.formula_factor)
        return self.liver.nbytes + moved + ROWS_DRAWN * draws * FLOAT_BYTES


def warmed(report: VolumetryReport, maps: LiverMaps) -> WarmCase:
    """Draw what all recipes of a case share."""
    liver = WarmLiver(maps, tuple(lesion.id for lesion in report.counted_lesions))
    return WarmCase(report, maps, liver, plan_spread(report, atoms=liver.whole))


def for_body(
    warm: WarmCase, patient: Patient, *, formula: str, bsa_formula: str | None
) -> VolumetryReport:
    """Return the report with the liver volume that is expected of another body, or formula.

    Raises
    ------
    InputError
        There is no formula of that name.
    """
    expected = standardised_volume(patient, formula=formula, bsa_formula=bsa_formula)
    return with_expected_volume(warm.report, expected, warm.drawn.drawn)


def judge_recipe(warm: WarmCase, case: Case, recipe: Recipe) -> DebulkingPlan:
    """Judge one recipe as the planner does that is given it as the user's own.

    Parameters
    ----------
    warm
        What stays the same between recipes.
    case
        Facts and choice; its report may have another body's expected volume, see `for_body`, and
        is that of ``warm`` otherwise. Its maps are not used.
    recipe
        What is done.

    Returns
    -------
    DebulkingPlan
        Without an id.

    Raises
    ------
    InputError
        Facts contradict each other, the rule set is not known, or the recipe names a lesion that
        does not count.
    """
    require_consistent(case.facts)
    choice = with_condition(case.choice)
    cut = warm.liver.atoms_of(recipe, choice)
    rows = warm.drawn.rows
    plan_case = PlanCase(
        report=case.report,
        patient=case.patient,
        facts=case.facts,
        choice=choice,
        problem=problem_of(case, cut.atoms, choice),
        drawn=replace(warm.drawn, margin_ml=cut.margin_ml[rows], zone_ml=cut.zone_ml[rows]),
    )
    return own_plan(recipe, plan_case)
