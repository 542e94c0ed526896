"""``report.html``: one file that a surgeon can read, print and keep, without anything outside."""

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from planning.wording import SEGMENTS_TO_REVIEW
from remnant.core.case import CaseReport
from remnant.core.errors import GeometryMismatchError
from remnant.core.labels import CouinaudSegment
from remnant.core.volumes import ImageVolume, LabelMap
from remnant.documents.encode import ARBITRARY_UNIT, INTENSITY_UNITS
from remnant.pictures import plan_front
from remnant.pictures.drawing import Picture
from remnant.pictures.figures import draw_borders, draw_planes, make_scene
from remnant.pictures.palette import (
    BARE_LIVER_COLOUR,
    BORDER_COLOUR,
    LESION_COLOUR,
    LIVER_COLOUR,
    REJECTED_COLOUR,
    SEGMENT_COLOURS,
)
from remnant.pictures.plan_pictures import PLAN_LOOKS, draw_plans
from remnant.pictures.surface_pictures import draw_surfaces
from remnant.view import (
    ablation_view,
    absences,
    certainty,
    footnotes,
    limits_in_force,
    open_questions,
    plan_selection,
    plan_view,
    rule_facts,
    staged_view,
    verdict_tables,
)
from remnant.view.segment_state import plane_errors, segments_state, without_review
from remnant.wording import numbers, words

NO_MAPS: Final[Mapping[str, LabelMap]] = MappingProxyType({})
NO_PICTURES: Final[Mapping[str, tuple[Picture, ...]]] = MappingProxyType({})


def render_html(
    case: CaseReport,
    *,
    structures: LabelMap,
    lesions: LabelMap | None,
    couinaud: LabelMap | None,
    preview: ImageVolume | None,
    plan_maps: Mapping[str, LabelMap] = NO_MAPS,
) -> str:
    """Render the report as one self-contained HTML page.

    Parameters
    ----------
    case
        What the page says. Absent values show as a dash with their reason, never as 0.
    structures, lesions, couinaud
        Maps on one grid that the pictures are drawn from; any grid, mirrored and oblique too.
        ``lesions`` is ``None`` when lesions are not known.
    preview
        Image of :func:`remnant.pictures.preview.make_preview` on its own grid; without it the
        masks are drawn filled.
    plan_maps
        Map of each plan by its id, with the codes 1 stays, 2 removed with segments, 3 excised, 4
        ablated, 5 lesion that stays. Only those of `remnant.view.plan_view.pictured` are drawn; a
        plan without a map has no picture.

    Returns
    -------
    str
        HTML with inlined pictures; nothing is loaded from anywhere.

    Raises
    ------
    GeometryMismatchError
        The maps lie on different grids.
    EmptyStructureError
        The structures hold no liver.
    """
    for labels in (lesions, couinaud, *plan_maps.values()):
        if labels is not None and not structures.geometry.same_grid(labels.geometry):
            raise GeometryMismatchError(
                f"the {labels.scheme.name} map {labels.geometry.shape} is not on the grid of the "
                f"structures {structures.geometry.shape}; resample it to them"
            )
    scene = make_scene(
        case.volumetry.lesions,
        structures=structures,
        lesion_codes=lesions,
        couinaud=couinaud,
        preview=preview,
        segments_need_review=case.volumetry.segments_need_review,
    )
    drawn = case.planning
    return render_page(
        case,
        planes=tuple(draw_planes(scene)),
        borders=tuple(draw_borders(scene)),
        surfaces=tuple(draw_surfaces(scene)),
        centred_on=scene.centred_on,
        of_plans={} if drawn is None else draw_plans(scene, plan_view.pictured(drawn), plan_maps),
    )


def render_page(
    case: CaseReport,
    *,
    planes: tuple[Picture, ...],
    surfaces: tuple[Picture, ...],
    centred_on: int | None,
    borders: tuple[Picture, ...] = (),
    of_plans: Mapping[str, tuple[Picture, ...]] = NO_PICTURES,
) -> str:
    """Render the page around pictures that are already drawn; there may be none.

    ``of_plans`` are the pictures of plans by the plan's id.
    """
    resections = () if case.planning is None else case.planning.resections
    made = () if case.planning is None else case.planning.plans
    outcomes = map(certainty.PlanOutcome.of, made)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            case=case,
            said_once=set[str](),
            planes=planes,
            borders=borders,
            surfaces=surfaces,
            of_plans=of_plans,
            centred_on=centred_on,
            checks=verdict_tables.checks(case),
            unit=INTENSITY_UNITS.get(case.study.modality, ARBITRARY_UNIT),
            unconfirmed=verdict_tables.unconfirmed(case),
            no_remnant=verdict_tables.no_remnant(case),
            reach=verdict_tables.reach(case),
            standard=verdict_tables.standard(case),
            verdict_tables=verdict_tables.verdict_tables(case),
            citations=verdict_tables.citations(case),
            limits=verdict_tables.limits((*resections, *outcomes)),
        )
    )


PLAN_FILTERS: Final[tuple[Callable[..., object], ...]] = (
    absences.no_lesion,
    absences.nothing_to_list,
    absences.once,
    absences.shortened,
    open_questions.asked,
    open_questions.deciding,
    limits_in_force.limits_line,
    plan_selection.shown_plans,
    rule_facts.amounts_here,
    rule_facts.is_note,
    staged_view.never_reached,
    staged_view.staged_basis,
    staged_view.staged_table,
    ablation_view.ablation_conditions,
    plan_view.accepted,
    plan_view.answer,
    plan_view.failed,
    plan_view.fate_groups,
    plan_view.fates,
    plan_view.findings_by_id,
    plan_view.flags,
    plan_view.flipping,
    plan_view.instead,
    plan_view.needed,
    plan_view.other_changes,
    plan_view.pictured,
    plan_view.proof,
    plan_view.reached_shares,
    plan_view.recipe_words,
    plan_view.said,
    plan_view.share,
    plan_view.statement,
    plan_view.title_of,
    plan_view.told,
    plan_view.unstaged,
)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("remnant.page", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "plain": numbers.plain,
        "percent": numbers.percent,
        "shown": numbers.shown,
        "sign": numbers.sign,
        "ends": numbers.ends,
        "interval": numbers.interval,
        "in_hundred": certainty.in_hundred,
        "origin": certainty.origin,
        "origins": certainty.origins,
        "shares": certainty.shares,
        "judged": certainty.judged,
        "minima": certainty.minima,
        "short_demand": certainty.short_demand,
        "formula_span": certainty.formula_span,
        "burden_classes": certainty.burden_classes,
        "demand": words.demand,
        "rule_title": verdict_tables.rule_title,
        "tally": verdict_tables.tally,
        "segments_state": segments_state,
        "plane_errors": plane_errors,
        "without_review": without_review,
        "sentence": numbers.sentence,
        "outcome": certainty.PlanOutcome.of,
        "front": plan_front.front,
        **{function.__name__: function for function in PLAN_FILTERS},
    }
    environment.tests["partial"] = certainty.is_partial
    environment.globals |= _vocabulary()
    return environment


def _vocabulary() -> dict[str, Any]:
    return {
        "Notes": footnotes.Notes,
        "verdict_signs": words.VERDICT_SIGNS,
        "verdict_words": words.VERDICT_WORDS,
        "status_words": words.STATUS_WORDS,
        "class_words": words.CLASS_WORDS,
        "confirmation_words": words.CONFIRMATION_WORDS,
        "basis_marks": words.BASIS_MARKS,
        "part_words": words.PART_WORDS,
        "reach_words": words.REACH_WORDS,
        "option_words": words.OPTION_WORDS,
        "branch_words": words.BRANCH_WORDS,
        "strategy_words": words.STRATEGY_WORDS,
        "cause_words": words.PERTURBATION_WORDS,
        "plan_looks": PLAN_LOOKS,
        "segments": tuple(CouinaudSegment),
        "segment_colours": SEGMENT_COLOURS,
        "part_names": words.SEGMENT_IV_WORDS,
        "source_notes": words.SOURCE_NOTES,
        "segments_to_review": SEGMENTS_TO_REVIEW,
        "colours": {
            "liver": LIVER_COLOUR,
            "border": BORDER_COLOUR,
            "lesion": LESION_COLOUR,
            "rejected": REJECTED_COLOUR,
            "bare": BARE_LIVER_COLOUR,
        },
    }
