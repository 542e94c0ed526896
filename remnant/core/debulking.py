"""Plans that remove and ablate metastases, and what would remain."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from remnant.core.findings import Finding, Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.plan import Remnant
from remnant.core.quantity import Quantity
from remnant.core.reasons import Reason
from remnant.core.recipe import Recipe
from remnant.core.showing import ShowsItself
from remnant.core.vessel_cuts import VesselCuts


class Fate(StrEnum):
    """What a plan does with one lesion.

    ``CUT`` lies across a transection and is taken in part; only a user's own recipe may hold it.
    """

    WITH_SEGMENTS = "with_segments"
    WEDGE = "wedge"
    ABLATED = "ablated"
    CUT = "cut"
    STAYS = "stays"


TREATED: Final = frozenset((Fate.WITH_SEGMENTS, Fate.WEDGE, Fate.ABLATED))
"""What takes a lesion whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualResection:
    """What a recipe takes and leaves, in voxels.

    Parameters
    ----------
    fates
        Of every lesion that counts, by id.
    remnant
        What would stay functional, with its four ratios.
    debulked_fraction
        Lesion volume removed or ablated / total lesion volume.
    removed_ml, ablated_ml
        Whole volume (liver and tumour) removed with segments and wedges, and ablated.
    margin_ml
        Functional liver outside the removed segments that margins and zones take.
    residual_tumour_ml
        Lesions that stay.
    ablation_zones
        How many zones the ablations need.
    interventions
        One for the removed segments together, if any, one for each wedge and each ablation zone.
    """

    fates: Mapping[int, Fate]
    remnant: Remnant
    debulked_fraction: Quantity
    removed_ml: Quantity
    ablated_ml: Quantity
    margin_ml: float
    residual_tumour_ml: Quantity
    ablation_zones: int
    interventions: int


class PlanOrigin(StrEnum):
    """Who made a plan."""

    OPTIMISER = "optimiser"
    USER = "user"


@dataclass(frozen=True, slots=True, kw_only=True)
class DebulkingPlan(ShowsItself):
    """One plan with its full recipe, what would remain, and which rules it meets.

    Parameters
    ----------
    id
        ``plan_1`` and so on, in the order of ranking.
    origin
        Optimiser or user.
    targets
        Debulking targets that it is the best plan for; empty for points of the front in between
        and for a user's plan.
    recipe, result
        What is done and what that gives.
    extended
        How many of the wedges extend the transection: their lesions lie partly in removed segments.
    named, new_world
        Whether the removed segments are a named operation that leaves every kept segment its
        pedicle and a vein (none removed counts as named); New World notation, empty without
        removed segments.
    vessels_intact
        Whether a person found inflow, outflow and bile drainage of what stays intact.
    rule_set
        Id of the chosen FLR rule set.
    feasible
        Whether it accepts what would remain and the locks hold; never ``MET`` where nobody assessed
        the vessels of what would remain.
    proven
        Whether it is proven that no plan within the limits leaves more liver at its share and
        number of interventions: of a named one, no other named one. ``None`` for a user's plan.
    gap_ml
        How much more liver an unproven better plan could leave at most; 0.0 when proven, ``None``
        for a user's plan.
    on_front
        Whether no other plan found is at least as good in share, liver left and interventions,
        and better in one.
    flips
        Ids of findings whose verdict changes inside the interval.
    findings
        Verdict of every rule set, with probabilities.
    reasons
        What all its figures rest on.
    vessel_cuts
        What removing its segments would cut, by computed vessels; wedges and ablations are not
        looked at. ``None`` where no vessels were computed.
    """

    id: str
    origin: PlanOrigin
    targets: tuple[float, ...]
    recipe: Recipe
    result: VirtualResection
    extended: int = 0
    named: bool
    new_world: str
    vessels_intact: bool = False
    rule_set: str
    feasible: Verdict
    proven: bool | None
    gap_ml: float | None
    on_front: bool
    flips: tuple[str, ...]
    findings: tuple[Finding, ...] = field(default=())
    reasons: tuple[Reason, ...] = ()
    vessel_cuts: VesselCuts | None = None

    @property
    def decides(self) -> bool:
        """Whether it can settle targets and classes: what it leaves is known to keep its vessels.

        Of all other plans that is not assessed.
        """
        return self.named or self.vessels_intact


class RelaxationKind(StrEnum):
    """What would have to change for a target; the last two change no limit."""

    MORE_ABLATIONS = "more_ablations"
    MORE_WEDGES = "more_wedges"
    UNLOCK_SEGMENT = "unlock_segment"
    ANY_WEDGE = "any_wedge"
    ANY_ABLATION = "any_ablation"
    NO_LOCKS = "no_locks"
    LARGER_REMNANT = "larger_remnant"
    LOWER_TARGET = "lower_target"


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxation:
    """One change that would make a target feasible, or what is reached instead.

    Parameters
    ----------
    kind
        What would change.
    amount
        How many more steps, by how many mL the remnant is short, or the share of the tumour that is
        reached; ``None`` where nothing is counted.
    flr_ml
        The liver that would stay; ``None`` where no plan was made.
    segment
        The segment that would no longer be kept; ``None`` for all other changes.
    interventions
        Of the plan that the change allows; ``None`` without one.
    beyond_limits
        Ids of the lesions in it that the limits of size, depth or place exclude, ascending.
    points
        What growth would need to add, in percentage points of sFLR; ``None`` where it is not asked
        for or without a standardised volume.
    proven
        Of a lower target whether no plan treats more; ``None`` for all others.
    """

    kind: RelaxationKind
    amount: float | None
    flr_ml: float | None
    segment: CouinaudSegment | None = None
    interventions: int | None = None
    beyond_limits: tuple[int, ...] = ()
    points: float | None = None
    proven: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetOutcome:
    """Whether one debulking target can be reached within the limits, and why not.

    Parameters
    ----------
    target
        Share of the tumour volume, reached with at least this.
    verdict
        ``MET`` when some named plan surely reaches it and the chosen rule set accepts its remnant,
        ``UNCERTAIN`` when the measurement error alone decides that, ``NOT_MET`` when it is proven
        that none does, ``UNKNOWN`` when it is not proven or cannot be judged.
    plans
        Ids of the best plans for it.
    answered_by
        Id of the first of them that answers it; ``None`` without one.
    unassessed_plan
        Id of a plan that would answer it if the vessels of what it leaves, which nobody assessed,
        were intact; ``None`` where a named one answers it or no such plan is known.
    most_debulked_fraction, most_proven
        Largest share that any plan within the locks reaches, whatever remains, and whether it is
        proven that none reaches more.
    largest_flr_ml, largest_plan, largest_proven
        Largest remnant of any plan that reaches the target, ``None`` when none does; the id of
        that plan, ``None`` also where it was not kept; whether it is proven that none leaves more,
        or that none reaches it; of named plans.
    rule_set, least_flr_ml
        Id of the chosen FLR rule set and what it asks for, absent with the reason where that cannot
        be computed.
    proven
        Whether all these bounds are proven.
    reasons
        What the answer rests on, and why it is undecided.
    relaxations
        Changes that would make it feasible, the cheapest first; empty when it is feasible.
    """

    target: float
    verdict: Verdict
    plans: tuple[str, ...]
    answered_by: str | None = None
    unassessed_plan: str | None = None
    most_debulked_fraction: float
    most_proven: bool
    largest_flr_ml: float | None
    largest_plan: str | None = None
    largest_proven: bool
    rule_set: str
    least_flr_ml: Quantity
    proven: bool
    reasons: tuple[Reason, ...] = ()
    relaxations: tuple[Relaxation, ...] = ()
