"""Plans in two stages, between which the remnant grows."""

from dataclasses import dataclass, field
from enum import StrEnum

from remnant.core.findings import Finding
from remnant.core.quantity import Quantity
from remnant.core.reasons import Reason
from remnant.core.recipe import Recipe
from remnant.core.vessel_cuts import VesselCuts


class Strategy(StrEnum):
    """How a remnant is made to grow between two stages."""

    PVE = "pve"
    PVL = "pvl"
    ALPPS = "alpps"


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthRange:
    """How far apart published responses lie for one remnant.

    Parameters
    ----------
    low_ml, high_ml
        The remnant after the smallest and the largest printed response of those that fit; at least
        or at most these where the remnant before growth is a bound.
    low_preset, high_preset
        Ids of their presets.
    """

    low_ml: float
    high_ml: float
    low_preset: str
    high_preset: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedPlan:
    """A plan in two stages held against the same plan in one.

    Parameters
    ----------
    plan
        Id of the plan it stages.
    strategy
        How the remnant is made to grow.
    first_stage, second_stage
        What is done before and after the growth.
    preset
        Id of the default growth preset of the strategy; ``none`` where no source was recorded.
    least_flr_ml
        What the chosen rule set asks for, absent with the reason where it is not known.
    flr_before_ml, flr_after_ml
        Functional remnant without and with the growth.
    flr_after_range
        The latter by every preset that fits the strategy and what is kept, among them those with
        segment IV embolised or not where it is removed; ``None`` where fewer than two fit.
    sflr_after
        ``flr_after_ml`` over the standardised volume.
    weeks_to_threshold
        Until the chosen rule set's minimum; 0.0 when it is reached already, never between 0.0 and
        the preset's first observation (then at most that), absent with the reason when it is never
        reached.
    probability
        Of reaching the minimum at the preset's end; ``None`` where it cannot be said.
    waiting_weeks
        How long growth is waited for; ``None`` where it has no source.
    tumour_growth_fraction
        Relative growth of the tumour meanwhile; ``None`` without a doubling time.
    untreated
        How many lesions would stay in either case.
    findings
        What every preset of the strategy promises, and facts that bear on it, with their sources.
    reasons
        What the comparison rests on.
    vessel_cuts
        What its second stage would cut, by computed vessels; ``None`` where none were computed.
    """

    plan: str
    strategy: Strategy
    first_stage: Recipe
    second_stage: Recipe
    preset: str
    least_flr_ml: Quantity
    flr_before_ml: Quantity
    flr_after_ml: Quantity
    sflr_after: Quantity
    weeks_to_threshold: Quantity
    probability: float | None
    waiting_weeks: float | None
    tumour_growth_fraction: float | None
    untreated: int
    flr_after_range: GrowthRange | None = None
    findings: tuple[Finding, ...] = field(default=())
    reasons: tuple[Reason, ...] = ()
    vessel_cuts: VesselCuts | None = None
