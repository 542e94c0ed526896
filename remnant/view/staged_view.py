"""Plans in two stages as one row each, with the ways of growing that have figures as columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from planning.rules.growth import GROWTH_PRESETS, GrowthPreset
from remnant.core.findings import Verdict
from remnant.core.planning_report import PlanningReport
from remnant.core.staged_plan import StagedPlan
from remnant.core.units import percent_from_fraction
from remnant.view.certainty import of_hundred
from remnant.view.parts import Figure, Footnotes, figure, note
from remnant.view.recipe_view import recipe_words
from remnant.view.subject import Statement, Subject, status_words
from remnant.wording.findings import text_of
from remnant.wording.language import localised, message, say
from remnant.wording.numbers import percent, plain, sentence
from remnant.wording.phrases import roughly
from remnant.wording.plans import plan_title
from remnant.wording.reasons import why
from remnant.wording.staged_plans import CENTRE_WORDS, brief_range, preset_range
from remnant.wording.words import STRATEGY_WORDS

PRESETS: Final[Mapping[str, GrowthPreset]] = {preset.id: preset for preset in GROWTH_PRESETS}
NEVER: Final = message("minimum not reached on this course")
UNKNOWN: Final = message("when the minimum is reached is not known")


@dataclass(frozen=True, slots=True)
class GrowthColumn:
    """One way of growing with figures: its name, what was measured in whom, and the source."""

    title: str
    measured: str
    source: int | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a way of growing promises for one plan.

    ``presets`` is how far apart the presets that fit lie, ``presets_brief`` the same in few words;
    empty where fewer than two fit.
    """

    flr: Figure
    sflr: Figure
    presets: str
    presets_brief: str
    time: str
    note: str
    draws: str
    tumour: str


@dataclass(frozen=True, slots=True)
class StagedRow:
    """One plan: what is done in each stage, and its forecasts in the order of the columns."""

    plan: str
    title: str
    first: str
    second: str
    before: Figure
    forecasts: tuple[Forecast | None, ...]


@dataclass(frozen=True, slots=True)
class Stages:
    """The table.

    ``enough`` are titles of plans that leave enough in one stage; ``without`` says which strategies
    have no figures and why; ``basis`` is what the columns rest on.
    """

    enough: tuple[str, ...]
    columns: tuple[GrowthColumn, ...]
    rows: tuple[StagedRow, ...]
    notes: tuple[tuple[str, str], ...]
    without: tuple[str, ...]
    basis: tuple[Statement, ...]


def view_stages(subject: Subject) -> Stages:
    """Return the plans that need growth, one row each; no row where none does."""
    planning, notes = subject.planning, subject.notes()
    titles = {plan.id: plan_title(plan) for plan in planning.plans}
    stages = needed_stages(planning)
    figured = [stage for stage in stages if stage.flr_after_ml.value is not None]
    bare = (stage for stage in stages if stage.flr_after_ml.value is None)
    presets = tuple(dict.fromkeys(stage.preset for stage in figured))
    columns = (_column(next(s for s in figured if s.preset == n), subject) for n in presets)
    of_plan = {stage.plan: stage for stage in reversed(stages)}
    rows = [
        _row(of_plan[name], titles.get(name, name), _own(name, figured, presets), subject, notes)
        for name in reversed(of_plan)
    ]
    return Stages(
        enough=tuple(titles.get(name, name) for name in _enough(planning)),
        columns=tuple(columns),
        rows=tuple(rows),
        notes=notes.listed(),
        without=tuple(dict.fromkeys(_without(stage) for stage in bare)),
        basis=_basis(figured, subject),
    )


def needed_stages(planning: PlanningReport) -> tuple[StagedPlan, ...]:
    """Return the staged plans that do not reach the minimum in one stage already."""
    enough = _enough(planning)
    return tuple(stage for stage in planning.staged if stage.plan not in enough)


def _enough(planning: PlanningReport) -> Mapping[str, None]:
    reached = (s.plan for s in planning.staged if s.weeks_to_threshold.value == 0.0)
    return dict.fromkeys(reached)


def _own(
    plan: str, figured: list[StagedPlan], presets: tuple[str, ...]
) -> tuple[StagedPlan | None, ...]:
    own = {stage.preset: stage for stage in figured if stage.plan == plan}
    return tuple(own.get(name) for name in presets)


def _without(stage: StagedPlan) -> str:
    strategy = sentence(STRATEGY_WORDS[stage.strategy])
    return f"{strategy}: {why(stage.flr_after_ml)}."


def _column(stage: StagedPlan, subject: Subject) -> GrowthColumn:
    source = next(
        (f.source for f in stage.findings if f.id == f"growth.{stage.preset}"),
        None,
    )
    title = STRATEGY_WORDS[stage.strategy]
    return GrowthColumn(title, preset_words(stage.preset), subject.cite(source))


def _row(
    stage: StagedPlan,
    title: str,
    own: tuple[StagedPlan | None, ...],
    subject: Subject,
    notes: Footnotes,
) -> StagedRow:
    return StagedRow(
        plan=stage.plan,
        title=title,
        first="; ".join(recipe_words(stage.first_stage)),
        second="; ".join(recipe_words(stage.second_stage)),
        before=figure(stage.flr_before_ml, notes=notes),
        forecasts=tuple(None if one is None else _forecast(one, subject, notes) for one in own),
    )


def _forecast(stage: StagedPlan, subject: Subject, notes: Footnotes) -> Forecast:
    growth, weeks = stage.tumour_growth_fraction, stage.weeks_to_threshold
    early = weeks.bound is not None
    unknown = weeks.value is None and not never_reached(stage)
    return Forecast(
        flr=figure(stage.flr_after_ml, "mL"),
        sflr=subject.ratio(stage.sflr_after),
        presets=preset_range(stage),
        presets_brief=brief_range(stage),
        time=_time(stage),
        note=notes.letter(weeks.reasons) if unknown or early else "",
        draws=of_hundred(stage.probability),
        tumour="" if growth is None else percent(growth),
    )


def _time(stage: StagedPlan) -> str:
    weeks = stage.weeks_to_threshold
    if weeks.value is not None:
        return say(
            "minimum after {roughly}{weeks} weeks", roughly=roughly(weeks), weeks=plain(weeks.value)
        )
    return say(NEVER if never_reached(stage) else UNKNOWN)


def preset_words(name: str) -> str:
    """Write what a preset rests on, e.g. ``median +33.9 % of 118 patients``; its id if unknown."""
    preset = PRESETS.get(name)
    if preset is None:
        return name.replace("_", " ")
    share = localised(f"{percent_from_fraction(preset.response_fraction):.1f}")
    return say(
        "{centre} +{share} % of {patients}",
        centre=CENTRE_WORDS[preset.centre],
        share=share,
        patients=say(preset.patients),
    )


def never_reached(stage: StagedPlan) -> bool:
    """Tell whether the preset's growth ends below the minimum."""
    found = (f for f in stage.findings if f.id == f"growth.{stage.preset}")
    return any(f.verdict is Verdict.NOT_MET for f in found)


def _basis(figured: list[StagedPlan], subject: Subject) -> tuple[Statement, ...]:
    """Return what the columns of the table rest on, each statement once."""
    distinct = {text_of(f): f for stage in figured for f in stage.findings}
    return tuple(
        Statement(f.id, note(), text, subject.cite(f.source), status_words(f))
        for text, f in distinct.items()
    )
