"""One recipe of a surgeon, judged as the planner judges it, without a search.

The whole planner takes seconds; what a person clicks on is answered at once by what stays warm
between two recipes of a case: its maps, the draws of its error model, and the margins and zones
of its lesions.
"""

from dataclasses import dataclass

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
from volumetry.uncertainty.joint_draws import Spread, spread
from volumetry.virtual_resection.atoms import build_atoms
from volumetry.virtual_resection.plan_draws import plan_spread


@dataclass(frozen=True, slots=True, eq=False)
class WarmCase:
    """What recipes of one case share.

    Parameters
    ----------
    report
        The measured liver.
    maps
        The maps that were measured.
    drawn
        ``volumetry.uncertainty.joint_draws.spread(report)``.
    """

    report: VolumetryReport
    maps: LiverMaps
    drawn: Spread


def warmed(report: VolumetryReport, maps: LiverMaps) -> WarmCase:
    """Draw what all recipes of a case share."""
    return WarmCase(report, maps, spread(report))


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
    return with_expected_volume(warm.report, expected, warm.drawn)


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
    ids = tuple(lesion.id for lesion in case.report.counted_lesions)
    atoms = build_atoms(warm.maps, lesion_ids=ids, choice=choice).atoms
    plan_case = PlanCase(
        report=case.report,
        patient=case.patient,
        facts=case.facts,
        choice=choice,
        problem=problem_of(case, atoms, choice),
        drawn=plan_spread(case.report, atoms=atoms, drawn=warm.drawn),
    )
    return own_plan(recipe, plan_case)
