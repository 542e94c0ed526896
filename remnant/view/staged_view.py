"""Plans in two stages as one row each, with the ways of growing that have figures as columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from planning.rules.growth import GROWTH_PRESETS, GrowthPreset
from remnant.core.debulking import Recipe, StagedPlan
from remnant.core.findings import Finding, Verdict
from remnant.core.planning_report import PlanningReport
from remnant.core.quantity import Quantity
from remnant.core.units import percent_from_fraction
from remnant.view.plan_view import needed_stages
from remnant.wording.numbers import sentence
from remnant.wording.words import STRATEGY_WORDS

PRESETS: Final[Mapping[str, GrowthPreset]] = {preset.id: preset for preset in GROWTH_PRESETS}


@dataclass(frozen=True, slots=True)
class GrowthColumn:
    """One way of growing with figures: its name, what was measured in whom, and the source."""

    preset: str
    title: str
    measured: str
    source: str | None


@dataclass(frozen=True, slots=True)
class StagedRow:
    """One plan: what is done in each stage, and its forecasts in the order of the columns."""

    plan: str
    first_stage: Recipe
    second_stage: Recipe
    flr_before_ml: Quantity
    stages: tuple[StagedPlan | None, ...]


@dataclass(frozen=True, slots=True)
class StagedTable:
    """The table; ``without`` says in words which strategies have no figures and why."""

    columns: tuple[GrowthColumn, ...]
    rows: tuple[StagedRow, ...]
    without: tuple[str, ...]


def staged_table(planning: PlanningReport) -> StagedTable:
    """Return the plans that need growth, one row each; empty where none does."""
    stages = needed_stages(planning)
    figured = [stage for stage in stages if stage.flr_after_ml.value is not None]
    presets = tuple(dict.fromkeys(stage.preset for stage in figured))
    columns = tuple(_column(next(s for s in figured if s.preset == name)) for name in presets)
    by_plan = {stage.plan: stage for stage in reversed(stages)}
    rows = tuple(_row(by_plan[name], figured, presets) for name in reversed(by_plan))
    bare = (stage for stage in stages if stage.flr_after_ml.value is None)
    without = dict.fromkeys(
        f"{sentence(STRATEGY_WORDS.get(s.strategy, s.strategy))}: {s.flr_after_ml.reason}."
        for s in bare
    )
    return StagedTable(columns, rows, tuple(without))


def _column(stage: StagedPlan) -> GrowthColumn:
    source = next((f.source for f in stage.findings if f.id == f"growth.{stage.preset}"), None)
    title = STRATEGY_WORDS.get(stage.strategy, stage.strategy)
    return GrowthColumn(stage.preset, title, preset_words(stage.preset), source)


def _row(stage: StagedPlan, figured: list[StagedPlan], presets: tuple[str, ...]) -> StagedRow:
    own = {s.preset: s for s in figured if s.plan == stage.plan}
    return StagedRow(
        plan=stage.plan,
        first_stage=stage.first_stage,
        second_stage=stage.second_stage,
        flr_before_ml=stage.flr_before_ml,
        stages=tuple(own.get(name) for name in presets),
    )


def preset_words(name: str) -> str:
    """Write what a preset rests on, e.g. ``median +33.9 % of 118 patients``; its id if unknown."""
    preset = PRESETS.get(name)
    if preset is None:
        return name.replace("_", " ")
    share = f"{percent_from_fraction(preset.response_fraction):.1f}"
    return f"{preset.centre.value} +{share} % of {_whom(preset)}"


def _whom(preset: GrowthPreset) -> str:
    return preset.population.partition(";")[0]


def never_reached(stage: StagedPlan) -> bool:
    """Tell whether the preset's growth ends below the minimum."""
    found = (f for f in stage.findings if f.id == f"growth.{stage.preset}")
    return any(f.verdict is Verdict.NOT_MET for f in found)


def staged_basis(planning: PlanningReport) -> tuple[Finding, ...]:
    """Return what the columns of the table rest on, each statement once."""
    figured = [s for s in needed_stages(planning) if s.flr_after_ml.value is not None]
    return tuple({f.text: f for stage in figured for f in stage.findings}.values())
