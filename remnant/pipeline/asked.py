"""From what was said of a case to requests, for the command line and for cohorts alike."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from remnant.core.errors import InputError
from remnant.core.patient import Patient
from remnant.core.plan_choice import PlanChoice
from remnant.core.settings import Custom
from remnant.core.uncertainty import ErrorChoice
from remnant.io.faults import require_there
from remnant.pipeline.plan_settings import PlanRequest, require_possible
from remnant.pipeline.requests import MeasureRequest, SegmentRequest, require_source
from volumetry.standardised.expected_volume import require_formulas
from volumetry.uncertainty.error_models import error_model

if TYPE_CHECKING:
    from remnant.documents.clinical_facts import FactsFile

NO_NAMES: Mapping[str, str] = {}


def require_files(request: SegmentRequest) -> None:
    """Raise unless all that a request names is there.

    Raises
    ------
    InputError
        There is no scan at its ``source``.
    UnreadableFileError
        A file of masks or landmarks is missing: known before the libraries that read it are loaded.
    """
    if request.source is not None:
        require_source(request.source)
    for path in (*request.masks.values(), request.landmarks, request.review.edited):
        if path is not None:
            require_there(path)


def measuring_asked(
    known: MeasureRequest,
    *,
    patient: Patient,
    formula: str | None,
    bsa_formula: str | None,
    errors: ErrorChoice,
    names: Mapping[str, str] = NO_NAMES,
) -> MeasureRequest:
    """Return what to measure with; a formula that is not given is that of ``known``.

    A formula that is named anew comes with its own body surface area formula. ``names`` are those
    of the error model's figures in messages, where they have others.

    Raises
    ------
    InputError
        A formula is not known, or a figure of the error model is out of range.
    """
    require_formulas(formula, bsa_formula)
    _require_possible(errors, names)
    fresh_formula = formula is not None and formula != known.formula
    inherited = None if fresh_formula else known.bsa_formula
    return MeasureRequest(
        patient=patient,
        formula=formula or known.formula,
        bsa_formula=bsa_formula or inherited,
        errors=errors,
    )


def planning_asked(
    said: "FactsFile",
    file: "FactsFile",
    *,
    known: PlanRequest,
    custom: Custom = (),
    draw_maps: bool = False,
    numbered: bool = True,
) -> PlanRequest:
    """Return what planning is asked: what was said first, then the facts file, then ``known``.

    Parameters
    ----------
    said, file, known
        Words of the command line or of a row; of the facts file; of the stored case.
    custom
        Sets of segments to judge, beside those of ``known``.
    draw_maps
        Whether each plan is drawn as a label map.
    numbered
        Whether the lesions have numbers already, so that recipes may name them.

    Raises
    ------
    InputError
        Facts contradict each other, a rule set is not known, or a recipe names lesions that have
        no numbers yet.
    """
    request = PlanRequest(
        facts=said.facts(file.facts(known.facts)),
        choice=said.choice(file.choice(known.choice)),
        custom=tuple(dict.fromkeys((*known.custom, *custom))),
        draw_maps=draw_maps,
        recipes_stored="recipes" not in {*said.choices, *file.choices},
    )
    require_possible(request)
    if not numbered:
        _require_no_lesions(request.choice)
    return request


def _require_possible(chosen: ErrorChoice, names: Mapping[str, str]) -> None:
    """Refuse figures that no error model takes, by the names that the user knows them by."""
    try:
        error_model(networks=False, segment_source=None, choice=chosen)
    except InputError as fault:
        name, _, rest = str(fault).partition(" ")
        raise InputError(f"{names.get(name, name)} {rest}") from fault


def _require_no_lesions(choice: PlanChoice) -> None:
    if any(recipe.wedges or recipe.ablations for recipe in choice.recipes):
        raise InputError(
            "a recipe names lesions, and the lesions of a scan have no numbers before it is "
            "segmented; run it without, then `remnant plan CASE --recipe ...`"
        )
