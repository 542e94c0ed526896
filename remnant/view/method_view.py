"""How the figures came about: provenance, and the assumed errors of measurement."""

from dataclasses import dataclass, fields

from remnant.core.case import CaseReport
from remnant.core.plan_choice import PlanChoice
from remnant.core.recipe import Recipe
from remnant.core.settings import SegmentationSettings
from remnant.core.study import Study
from remnant.core.uncertainty import ErrorModel
from remnant.core.units import percent_from_fraction
from remnant.core.volumetry_report import StandardisedVolume
from remnant.io.recipe_text import recipe_text, segments_text
from remnant.view.segment_state import plane_errors, segments_origin
from remnant.wording.language import localised, message, say
from remnant.wording.numbers import ABSENT, plain
from remnant.wording.reasons import listed, why
from remnant.wording.words import ORIGIN_WORDS

SHOWN_DIGITS = 12
CHOICES = fields(PlanChoice)
SEGMENTATION = fields(SegmentationSettings)
NONE_ASSUMED = message("none assumed")
UNKNOWN_SEGMENTS = message("the segments are not known")
RESIDUAL = message(
    "of the standardised volume: how far persons of one size differ; the choice of the formula is "
    "shown apart"
)
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Digest:
    """A model or an input with the start of its sha256."""

    name: str
    start: str


@dataclass(frozen=True, slots=True)
class Errors:
    """The error model: each boundary with its standard deviation; ``planes`` where they differ."""

    draws: int
    origin: str
    seed: int
    liver: str
    lesions: str
    borders: str
    planes: tuple[Pair, ...]
    formula: str


@dataclass(frozen=True, slots=True)
class Method:
    """Where the figures are from."""

    made: str
    source: str
    software: str
    models: tuple[Digest, ...]
    device: str
    seed: str
    inputs: tuple[Digest, ...]
    configuration: Digest
    settings: str
    segments: str
    standardised: str
    seconds: str
    errors: Errors


def view_method(case: CaseReport) -> Method:
    """Return how the figures of a case came about."""
    known, volumes = case.provenance, case.volumetry
    return Method(
        made=known.created_utc,
        source=_source(case.study),
        software=", ".join(f"{name} {version}" for name, version in sorted(known.software.items())),
        models=tuple(_digest(f"{m.id} {m.version}", m.weights_sha256) for m in known.models),
        device=known.device or say("no network ran"),
        seed=say("nothing was random") if known.seed is None else str(known.seed),
        inputs=tuple(_digest(role, sha256) for role, sha256 in sorted(known.inputs_sha256.items())),
        configuration=_digest("", known.configuration_sha256),
        settings=_settings(case),
        segments=segments_origin(volumes)
        or f"{ABSENT} ({listed(volumes.segments_reasons) or say('not known')})",
        standardised=_standardised(volumes.standardised),
        seconds=", ".join(
            say("{stage} {s:.1f}", stage=stage, s=s) for stage, s in known.seconds.items()
        )
        or ABSENT,
        errors=_errors(case),
    )


def _digest(name: str, sha256: str) -> Digest:
    return Digest(name, sha256[:SHOWN_DIGITS])


def _source(study: Study) -> str:
    shape = " × ".join(map(str, study.shape))
    spacing = " × ".join(localised(f"{size:.3g}") for size in study.spacing_mm)
    return say(
        "{source}, {shape} voxels of {spacing} mm, {orientation}",
        source=study.source,
        shape=shape,
        spacing=spacing,
        orientation=study.orientation,
    )


def _settings(case: CaseReport) -> str:
    """Name every setting with its value, in the order of the names."""
    known = case.settings
    measuring, planning = known.measuring, known.planning
    division = {f.name: _word(getattr(known.segmentation, f.name)) for f in SEGMENTATION}
    if known.segmentation.sample is None:
        del division["sample"]
    stored: dict[str, object] = {
        **division,
        "formula": measuring.formula,
        "bsa_formula": measuring.bsa_formula,
        **{f"errors.{name}": value for name, value in measuring.errors.chosen().items()},
    }
    if planning is not None:
        stored |= {f"plan.{f.name}": _word(getattr(planning.choice, f.name)) for f in CHOICES}
        stored["resect"] = ";".join(map(segments_text, planning.custom)) or None
    return ", ".join(f"{k} = {ABSENT if v is None else v}" for k, v in sorted(stored.items()))


def _word(value: object) -> object:
    """Write a choice: sets of segments and recipes as the options read them."""
    if isinstance(value, frozenset):
        return segments_text(value) or None
    if not isinstance(value, tuple):
        return value
    if value and isinstance(value[0], Recipe):
        return " | ".join(map(recipe_text, value))
    return ",".join(map(str, value)) or None


def _standardised(known: StandardisedVolume) -> str:
    bsa = known.bsa_m2
    with_bsa = (
        say(" with body surface by {bsa_formula}", bsa_formula=known.bsa_formula)
        if known.bsa_formula
        else ""
    )
    surface = f"{ABSENT} ({why(bsa)})" if bsa.value is None else f"{plain(bsa.value)} m²"
    return say(
        "{formula}{with_bsa}; body surface {surface}; population: {population}",
        formula=known.formula,
        with_bsa=with_bsa,
        surface=surface,
        population=say(known.population),
    )


def _errors(case: CaseReport) -> Errors:
    model, boundaries = case.volumetry.error_model, case.volumetry.boundaries
    planes = plane_errors(case.volumetry) if boundaries.borders else ()
    each_plane = _spread(model.segment_border_mm, "mm", say(" for each plane"))
    formula = _spread(
        percent_from_fraction(model.formula_residual_fraction), "%", f" {say(RESIDUAL)}"
    )
    return Errors(
        draws=model.draws,
        origin=ORIGIN_WORDS.get(model.origin, model.origin),
        seed=model.seed,
        liver=say(
            "{liver} (liver surface {surface_cm2:.0f} cm²)",
            liver=_liver(model),
            surface_cm2=boundaries.liver_surface_mm2 / 100,
        ),
        lesions=_lesions(model),
        borders=each_plane if boundaries.borders else say(UNKNOWN_SEGMENTS),
        planes=tuple((words, _spread(round(mm, 1), "mm", "")) for words, mm in planes),
        formula=formula,
    )


def _liver(model: ErrorModel) -> str:
    common = localised(f"{percent_from_fraction(model.liver_common_share):g}")
    rest = say("the rest patches of {patch_cm2:g} cm²", patch_cm2=model.liver_patch_mm2 / 100)
    words = say(
        "; {common} % of its variance moves the whole surface, {rest}", common=common, rest=rest
    )
    return _spread(model.liver_boundary_mm, "mm", words)


def _lesions(model: ErrorModel) -> str:
    common = localised(f"{percent_from_fraction(model.lesion_common_share):g}")
    words = say("; {common} % of its variance is common to all lesions", common=common)
    return _spread(model.lesion_boundary_mm, "mm", words)


def _spread(value: float, unit: str, words: str) -> str:
    return (
        say("{value:g} {unit}{words}", value=value, unit=unit, words=words)
        if value
        else say(NONE_ASSUMED)
    )
