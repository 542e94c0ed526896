"""Plans that remove and ablate metastases, and what would remain."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from remnant.core.findings import Finding, Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.plan import Remnant
from remnant.core.quantity import Quantity


class Fate(StrEnum):
    """What a plan does with one lesion.

    ``CUT`` lies across a transection and is taken in part; only a user's own recipe may hold it.
    """

    WITH_SEGMENTS = "with_segments"
    WEDGE = "wedge"
    ABLATED = "ablated"
    CUT = "cut"
    STAYS = "stays"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What is done in one operation.

    Parameters
    ----------
    segments
        Couinaud segments removed, in order; may be empty.
    wedges
        Ids of lesions excised with a margin, ascending; also those that lie partly in removed
        segments, for which the transection is extended.
    ablations
        Ids of lesions ablated with a margin, ascending.
    """

    segments: tuple[CouinaudSegment, ...] = ()
    wedges: tuple[int, ...] = ()
    ablations: tuple[int, ...] = ()


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
class DebulkingPlan:
    """One plan with its full recipe, what would remain, and which rules it meets.

    Parameters
    ----------
    id
        ``plan_1`` and so on, in the order of ranking.
    title
        For people, e.g. ``Left lateral sectionectomy, 2 wedges, 1 ablation``.
    headline
        First line: what it reaches, and what flips inside its interval.
    origin
        Optimiser or user.
    targets
        Debulking targets that it is the best plan for; empty for points of the front in between
        and for a user's plan.
    recipe, result
        What is done and what that gives.
    named, new_world
        Whether the removed segments have a Brisbane 2000 name (none removed counts as named);
        New World notation, empty without removed segments.
    feasible
        Whether the chosen rule set accepts what would remain and the locks hold.
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
    """

    id: str
    title: str
    headline: str
    origin: PlanOrigin
    targets: tuple[float, ...]
    recipe: Recipe
    result: VirtualResection
    named: bool
    new_world: str
    feasible: Verdict
    proven: bool | None
    gap_ml: float | None
    on_front: bool
    flips: tuple[str, ...]
    findings: tuple[Finding, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxation:
    """One change of the limits that would make a target feasible.

    ``kind`` is a machine name such as ``one_more_ablation`` or ``larger_remnant``; ``amount`` its
    size, in mL or a count, ``None`` where it has none; ``flr_ml`` the liver that would stay.
    """

    kind: str
    text: str
    amount: float | None
    flr_ml: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetOutcome:
    """Whether one debulking target can be reached within the limits, and why not.

    Parameters
    ----------
    target
        Share of the tumour volume, reached with at least this.
    verdict
        ``MET`` when some plan reaches it and the chosen rule set accepts its remnant, ``NOT_MET``
        when it is proven that none does, ``UNKNOWN`` when it is not proven or cannot be judged.
    plans
        Ids of the best plans for it, named hepatectomies first.
    text
        The answer in words, with the certificate where it is infeasible.
    most_debulked_fraction
        Largest share that any plan within the locks reaches, whatever remains.
    largest_flr_ml
        Largest remnant of any plan that reaches the target; ``None`` when none does.
    least_flr_ml
        What the chosen rule set asks for; ``None`` when it cannot be computed.
    proven
        Whether these bounds are proven.
    relaxations
        Changes that would make it feasible, the cheapest first; empty when it is feasible.
    """

    target: float
    verdict: Verdict
    plans: tuple[str, ...]
    text: str
    most_debulked_fraction: float
    largest_flr_ml: float | None
    least_flr_ml: float | None
    proven: bool
    relaxations: tuple[Relaxation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedPlan:
    """A plan in two stages held against the same plan in one.

    Parameters
    ----------
    plan
        Id of the plan it stages.
    strategy
        ``pve``, ``pvl`` or ``alpps``.
    first_stage, second_stage
        What is done before and after the growth.
    preset
        Name of the growth preset, with its source in ``findings``.
    flr_before_ml, flr_after_ml
        Functional remnant without and with the growth.
    sflr_after
        The latter over the standardised volume.
    weeks_to_threshold
        Until the chosen rule set's minimum; 0.0 when it is reached already, absent with the
        reason when it is never reached.
    probability
        Of reaching the minimum at the preset's end; ``None`` where it cannot be said.
    tumour_growth_fraction
        Relative growth of the tumour meanwhile; ``None`` without a doubling time.
    text
        The comparison in words.
    findings
        Rules on the strategy, with their sources.
    """

    plan: str
    strategy: str
    first_stage: Recipe
    second_stage: Recipe
    preset: str
    flr_before_ml: Quantity
    flr_after_ml: Quantity
    sflr_after: Quantity
    weeks_to_threshold: Quantity
    probability: float | None
    tumour_growth_fraction: float | None
    text: str
    findings: tuple[Finding, ...] = field(default=())
