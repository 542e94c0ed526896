"""Why a figure is absent, a bound or to be read with care, and why a verdict is as it is: as data.

Nothing here is a sentence: `remnant.wording` has one for each cause.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """Every reason that a quantity or a finding can have: a closed set.

    What ``amounts`` and ``names`` of a `Reason` hold is said beside each cause.
    """

    PROSE = "prose"
    """Not a cause of its own: ``names[0]`` is a text that has not been given one yet."""
    SEGMENTS_ESTIMATED = "segments_estimated"
    """The Couinaud segments are a network's estimate that no human has confirmed."""
    BODY_SIZE_ASSUMED = "body_size_assumed"
    """Height and weight are an assumption."""
    NEAR_LIMIT = "near_limit"
    """The value lies so near to its limit that the printed sign decides."""

    # Of volumes, ratios, distances and changes.

    # Of quality checks.

    # Of rules on the remnant and of hepatectomies.

    # Of plans, targets, relaxations and stages.

    # Of lists of conditions, of ablation, and of classes of the distribution.
    SHARE_UP_TO = "share_up_to"
    """Only a range is known: amounts are the smallest and the largest share, both possible."""
    SHARE_BELOW = "share_below"
    """The same, less than the largest share."""
    NO_PLAN = "no_plan"
    """No plan was made."""
    REMNANT_UNDECIDED = "remnant_undecided"
    """Whether enough liver would remain is not known."""
    NOT_PROVEN = "not_proven"
    """A plan that reaches more may exist."""
    MORE_BEYOND_SCAN = "more_beyond_scan"
    """The scan cuts the liver: more may lie outside."""
    LIMITS_FORBID = "limits_forbid"
    """Limits that the user chose forbid more; they follow as reasons of their own."""
    NO_MARGIN = "no_margin"
    """The planned margin is 0 mm."""
    HIGHEST_TARGET_MET = "highest_target_met"
    """The bound is the highest target that is met."""
    TARGET_OUT_OF_REACH = "target_out_of_reach"
    """The bound is the lowest target that no plan reaches."""
    STAGES_MIGHT_REACH = "stages_might_reach"
    """One stage leaves too little liver; stages might leave enough."""
    TOO_LITTLE_IN_ONE_STAGE = "too_little_in_one_stage"
    """One stage leaves too little liver for targets: amounts are their shares."""
    NO_LESION = "no_lesion"
    """There is no lesion."""
    NO_LESION_MAP = "no_lesion_map"
    """No lesion map was given."""
    SCAN_CUTS_SOMETHING = "scan_cuts_something"
    """The scan cuts the liver or a lesion."""
    SCAN_CUTS_LESION = "scan_cuts_lesion"
    """The scan cuts the lesion, so it is larger than measured."""
    TRIAL_GROUP = "trial_group"
    """The case falls into a group of the trial that allots by load: names its id."""
    ABOVE_ABLATION_LIMIT = "above_ablation_limit"
    """The lesion is larger than the user lets be ablated: amounts diameter and limit in mm."""
    NEAR_PORTAL_VEIN = "near_portal_vein"
    """Nearer to the labelled portal vein than the user lets be ablated: distance, limit in mm."""
    AFTER_WHIPPLE = "after_whipple"
    """An earlier pancreatoduodenectomy."""
    ABOVE_WEDGE_LIMIT = "above_wedge_limit"
    """The lesion is larger than the user lets be excised alone: diameter and limit in mm."""
    BELOW_WEDGE_DEPTH = "below_wedge_depth"
    """Its near side lies deeper than the user lets be excised alone: depth and limit in mm."""
    OVERLAPPING_ZONES_ONLY = "overlapping_zones_only"
    """The lesion is so large that one source lists overlapping stereotactic zones only."""
    SIZE_LIMITS_DISAGREE = "size_limits_disagree"
    """The sources disagree on whether a lesion of this size is ablated."""
    CENTRAL = "central"
    """Less than 1 cm from the labelled portal vein."""
    PORTAL_DISTANCE_UNKNOWN = "portal_distance_unknown"
    """The distance to the portal vein is not known."""
    SUPERFICIAL = "superficial"
    """The near side lies close beneath the surface: amounts its depth in mm."""
    HEAT_SINK = "heat_sink"
    """A labelled vein is near."""
    NOT_CONFIRMED = "not_confirmed"
    """No reader has confirmed that the lesion is a metastasis."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One cause with what it is about.

    Parameters
    ----------
    cause
        Which of the closed set.
    amounts
        Its numbers, in the units that the cause names.
    names
        Its names: ids of rules, plans, formulas, segments, inputs.
    """

    cause: Cause
    amounts: tuple[float, ...] = ()
    names: tuple[str, ...] = ()


def reason(cause: Cause, *details: float | str) -> Reason:
    """Return a reason from numbers and names in any order; each kind keeps its own order.

    >>> reason(Cause.NEAR_LIMIT, 2.5, "ki67_percent")
    Reason(cause=<Cause.NEAR_LIMIT: 'near_limit'>, amounts=(2.5,), names=('ki67_percent',))
    """
    return Reason(
        cause,
        amounts=tuple(float(d) for d in details if not isinstance(d, str)),
        names=tuple(str(d) for d in details if isinstance(d, str)),
    )


def joined(*reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Return all reasons in order, each once."""
    return tuple(dict.fromkeys(one for several in reasons for one in several))


def reasons_of(given: "str | Reason | Iterable[Reason] | None") -> tuple[Reason, ...]:
    """Return reasons however they are given; a text becomes a reason without a cause of its own."""
    if given is None or given == "":
        return ()
    if isinstance(given, str):
        return (Reason(Cause.PROSE, names=(given,)),)
    return (given,) if isinstance(given, Reason) else tuple(given)
