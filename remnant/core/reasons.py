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
    EITHER_WAY = "either_way"
    """The value could be larger or smaller than measured, ``because`` of what is listed there."""
    FIRST_SCAN = "first_scan"
    """Of the first of two scans: what ``because`` lists."""
    SECOND_SCAN = "second_scan"
    """Of the second of two scans: what ``because`` lists."""
    BOTH_SCANS = "both_scans"
    """Of each of two scans alike: what ``because`` lists."""
    NO_COUINAUD_MAP = "no_couinaud_map"
    """No map of the Couinaud segments was given."""
    SEGMENTS_UNKNOWN = "segments_unknown"
    """The segments are not known."""
    NOTHING_REMOVED = "nothing_removed"
    """None of the segments that would be removed has a voxel."""
    KEPT_SEGMENTS_CUT = "kept_segments_cut"
    """The scan cuts segments that would stay."""
    REMOVED_SEGMENTS_CUT = "removed_segments_cut"
    """The scan cuts segments that would be removed."""
    LIVER_UNASSIGNED = "liver_unassigned"
    """Part of the liver belongs to no segment."""
    LESIONS_UNKNOWN = "lesions_unknown"
    """No lesion map was given."""
    TUMOUR_OUTSIDE_SEGMENTS = "tumour_outside_segments"
    """Part of the tumour lies outside the segment map."""
    NO_LESION_TO_DEBULK = "no_lesion_to_debulk"
    """There is no lesion whose share could be removed."""
    ALL_TUMOUR = "all_tumour"
    """There is no functional liver."""
    LIVER_CUT = "liver_cut"
    """The scan cuts the liver: what lies beyond its edge is not counted."""
    SHARE_WITHIN_SCAN = "share_within_scan"
    """The scan cuts the liver: the share is that within the scan."""
    BEYOND_SCAN_UNKNOWN = "beyond_scan_unknown"
    """The scan cuts the liver: whether more stays beyond its edge is not known."""
    LESION_CUT = "lesion_cut"
    """The scan cuts the lesion: neither volume nor diameters hold its part beyond."""
    DIAMETER_CUT = "diameter_cut"
    """The scan cuts a lesion: its diameter may be longer."""
    TREATED_LESIONS_CUT = "treated_lesions_cut"
    """The scan cuts lesions that would be treated."""
    STAYING_LESIONS_CUT = "staying_lesions_cut"
    """The scan cuts lesions that would stay."""
    NO_LIVER_SURFACE = "no_liver_surface"
    """The scan holds no part of the liver's surface."""
    NO_PORTAL_VEIN = "no_portal_vein"
    """The liver map holds no portal vein."""
    NO_HEPATIC_VEINS = "no_hepatic_veins"
    """The liver map holds no hepatic veins."""
    SCAN_EDGE_NEARER = "scan_edge_nearer"
    """The edge of the scan, beyond which the liver goes on, is nearer than what was found."""
    NO_BODY_WEIGHT = "no_body_weight"
    """The body weight was not given."""
    BODY_FACTS_MISSING = "body_facts_missing"
    """Names: a volume or body surface formula, then the facts that it lacks (`volumetry.body`)."""
    FORMULA_UNVERIFIED = "formula_unverified"
    """The formula's coefficients were recalled, not read in a source."""
    FORMULA_IN_GRAMS = "formula_in_grams"
    """The formula gives grams, or mixes weight and volume: 1 g is taken as 1 mL."""
    FORMULA_OUT_OF_AGE = "formula_out_of_age"
    """Name: a formula. Amounts: the ages in years from and to which it is defined."""
    FORMULA_OVERESTIMATES = "formula_overestimates"
    """Name: a formula. Amount: the age in years above which it overestimates."""
    FORMULA_MISPRINTED = "formula_misprinted"
    """The formula is printed with ± where × must be meant. Amount: of how many livers it is."""
    BODY_SURFACE_NOT_NAMED = "body_surface_not_named"
    """The paper names no body surface formula. Name: the one that is used."""
    BODY_SURFACE_OTHER = "body_surface_other"
    """Names: the body surface formula that is used, and that of the paper."""
    BODY_SURFACE_UNUSED = "body_surface_unused"
    """Names: the body surface formula, and the volume formula, which does not use it."""
    ZERO_BEFORE = "zero_before"
    """It was 0 in the first scan: there is no ratio to it."""
    NO_TIME_BETWEEN = "no_time_between"
    """The time between two scans was not given."""
    NO_THRESHOLD = "no_threshold"
    """No limit to reach was chosen."""
    GROWTH_NOT_SHOWN = "growth_not_shown"
    """A scan does not show the whole remnant: whether it grew or is enough is not known."""
    PACE_SLOWS = "pace_slows"
    """The time is at the pace between two scans, and growth slows."""
    THRESHOLD_REACHED = "threshold_reached"
    """Amounts: sFLR at the second scan and the limit, which it reaches; both fractions."""
    NO_GROWTH = "no_growth"
    """There was no growth between the scans."""
    GROWTH_WITHIN_ERROR = "growth_within_error"
    """Growth cannot be told from none. Amounts: low and high end of its interval, fractions."""
    NOT_FOUND_BEFORE = "not_found_before"
    """No lesion was found there in the first scan."""
    NOT_FOUND_AFTER = "not_found_after"
    """No lesion was found there in the second scan."""
    OUTSIDE_OTHER_SCAN = "outside_other_scan"
    """The other scan does not reach there."""
    REJECTED_BEFORE = "rejected_before"
    """A reader rejected the lesion in the first scan."""
    REJECTED_AFTER = "rejected_after"
    """A reader rejected the lesion in the second scan."""
    OTHER_VOXELS = "other_voxels"
    """Amounts: in-plane spacing of the first and of the second scan, in mm."""
    MASKS_EMPTY = "masks_empty"
    """Prediction and truth are empty."""
    TRUTH_EMPTY = "truth_empty"
    """The true mask is empty."""
    PREDICTION_EMPTY = "prediction_empty"
    """The predicted mask is empty."""
    NOT_PREDICTED = "not_predicted"
    """The prediction has no map of the structure."""
    NO_LIVER_PREDICTED = "no_liver_predicted"
    """The prediction holds no liver."""
    NO_TRUE_LIVER = "no_true_liver"
    """The truth holds no liver."""
    NO_BURDEN_IN_BOTH = "no_burden_in_both"
    """No case has a tumour burden in both maps."""
    ABSENT_IN_ALL = "absent_in_all"
    """No case has the figure."""
    TOO_FEW_FOR_LIMITS = "too_few_for_limits"
    """Fewer than two cases have both values."""
    TOO_FEW_FOR_SD = "too_few_for_sd"
    """Fewer than two cases have the figure."""
    NO_TRUE_LESION = "no_true_lesion"
    """The truth holds no lesion."""
    NO_PREDICTED_LESION = "no_predicted_lesion"
    """The prediction holds no lesion."""
    NO_LESION_IN_EITHER = "no_lesion_in_either"
    """Neither the truth nor the prediction holds a lesion."""
    NO_SEGMENTS_GIVEN = "no_segments_given"
    """Neither a Couinaud map nor labelled branches nor landmarks were given."""
    CASE_WITHOUT_LESIONS = "case_without_lesions"
    """Names: which of two cases have no lesion map, ``first`` or ``second`` or both."""
    NO_RESECTION_NAMED = "no_resection_named"
    """No resection was named whose remnant could have grown."""

    # Of quality checks.

    # Of rules on the remnant and of hepatectomies.
    BACKGROUND = "background"
    """Names: the kind of liver that chose the minimum; amounts: weeks of chemotherapy, if known."""
    BACKGROUND_UNKNOWN = "background_unknown"
    """Nobody told which kind of liver it is, so every minimum of the rule set is judged."""
    MET_FOR_BACKGROUNDS = "met_for_backgrounds"
    """Names: kinds of liver whose minimum would be met."""
    NOT_MET_FOR_BACKGROUNDS = "not_met_for_backgrounds"
    """Names: kinds of liver whose minimum would be missed."""
    UNDECIDED_FOR_BACKGROUNDS = "undecided_for_backgrounds"
    """Names: kinds of liver whose minimum cannot be judged."""
    NO_MINIMUM = "no_minimum"
    """Names: the rule set and the kind of liver that it has no minimum for."""
    STANDARDISED_UNKNOWN = "standardised_unknown"
    """The standardised volume is not known, because of what is behind it."""
    FUNCTIONAL_UNKNOWN = "functional_unknown"
    """The measured functional volume is not known, because of what is behind it."""
    STANDARDISED_BY = "standardised_by"
    """Names: the formula of the standardised volume, and that of the body surface in it."""
    OTHER_FORMULAS = "other_formulas"
    """Amounts: lowest and highest volume by other formulas, and the chosen one, in mL; names: the
    three formulas."""
    FORMULAS_DISAGREE = "formulas_disagree"
    """Amounts: the smallest and the largest ratio to a standardised volume, on two sides of the
    minimum; names: their formulas."""
    SEGMENTS_KEPT = "segments_kept"
    """Names: the Couinaud segments that would stay with functional liver in them."""
    LESIONS_ACROSS = "lesions_across"
    """Names: ids of lesions that lie partly in removed and partly in kept segments."""
    PART_COUNTED = "part_counted"
    """Of lesions across the transection only the part in removed segments counts as removed."""
    LESIONS_WITHOUT_SEGMENTS = "lesions_without_segments"
    """It is not known in which segments the lesions lie."""
    LESIONS_OUTSIDE_MAP = "lesions_outside_map"
    """Names: ids of lesions with a part outside the segment map."""
    LESIONS_CUT_BY_SCAN = "lesions_cut_by_scan"
    """Names: ids of lesions that the edge of the scan cuts."""
    EXAMPLE = "example"
    """Names: machine name of the resection that stands for all, then its segments."""
    ACCEPTED_BY = "accepted_by"
    """Names: rule sets that accept what the example would leave."""
    REFUSED_BY = "refused_by"
    """Names: rule sets that refuse what the example would leave."""
    NOT_DECIDED_BY = "not_decided_by"
    """Names: rule sets that cannot judge what the example would leave."""
    BURDEN_CLASS = "burden_class"
    """Names: the class of hepatic tumour load that the value falls into."""
    WITHIN_SCAN = "within_scan"
    """The scan cuts the liver: the value is that of the scanned part."""
    LESIONS_COUNTED = "lesions_counted"
    """Amounts: how many lesions count."""

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

    # Of classes of the distribution; the first amount is the number of lesions where there is one.
    CLASS_FOUND = "class_found"
    """The class that was found: names it, or ``none`` without a lesion."""
    LESIONS_NOT_KNOWN = "lesions_not_known"
    """The lesions are not known, for the reasons that follow."""
    NO_LESION_TO_CLASSIFY = "no_lesion_to_classify"
    """No lesion counts: amounts how many were rejected."""
    SCANNED_PART_ONLY = "scanned_part_only"
    """This holds within the part of the liver that was scanned."""
    PARENCHYMA_UNKNOWN = "parenchyma_unknown"
    """The share of normal parenchyma is not known."""
    SINGLE_LESION = "single_lesion"
    """A single lesion."""
    SINGLE_LITTLE_PARENCHYMA = "single_little_parenchyma"
    """A single lesion with virtually no normal parenchyma: its share, and the limit."""
    SINGLE_IN_CUT_LIVER = "single_in_cut_liver"
    """A single lesion was found, more may lie beyond the scan."""
    LOBES_UNKNOWN = "lobes_unknown"
    """Which lobes the lesions involve is not known, for the reasons that follow."""
    ONE_LOBE_ONLY = "one_lobe_only"
    """The lesions involve one lobe only: names it."""
    NEITHER_LOBE = "neither_lobe"
    """The lesions involve neither lobe clearly."""
    BULK_WITH_DEPOSITS = "bulk_with_deposits"
    """In both lobes, one bulk with smaller deposits."""
    DISSEMINATED = "disseminated"
    """In both lobes, disseminated: the second amount is the number of segments."""
    BULK_AND_DISSEMINATED = "bulk_and_disseminated"
    """In both lobes, a bulk among disseminated lesions."""
    NEITHER_PATTERN = "neither_pattern"
    """In both lobes, neither one bulk with smaller deposits nor disseminated."""
    LITTLE_PARENCHYMA = "little_parenchyma"
    """In both lobes, with virtually no normal parenchyma: its share, and the limit."""
    LITTLE_PARENCHYMA_IN_CUT_LIVER = "little_parenchyma_in_cut_liver"
    """The same, but how much lies beyond the scan is not known."""
    TYPE_WITHIN_SCAN = "type_within_scan"
    """The type holds within the scanned part: names it."""
    LESIONS_UNCONFIRMED = "lesions_unconfirmed"
    """No reader has confirmed some lesions: amounts how many, and of how many."""
    TUMOUR_BEYOND_SCAN = "tumour_beyond_scan"
    """The scan cuts the liver: tumour beyond it may be out of reach."""
    REMNANTS_UNDECIDED = "remnants_undecided"
    """Whether the remnant of any plan is enough is not known."""
    REACH_UNKNOWN = "reach_unknown"
    """No plan was computed, so that what can be reached is not known."""
    PLAN_CLEARS_ALL = "plan_clears_all"
    """A plan removes or ablates every lesion: names its id."""
    SPARING_PLAN = "sparing_plan"
    """A plan that spares parenchyma: lesions, the share it debulks, its segments; names its id."""
    SHARE_PROVEN_OUT_OF_REACH = "share_proven_out_of_reach"
    """Lesions in both lobes; no plan within the limits reaches more than a share, the second."""
    BOTH_LOBES_NOT_KNOWN = "both_lobes_not_known"
    """No plan reaches more than a share, but both lobes are not known to be involved."""
    CLEARANCE_NOT_PROVEN = "clearance_not_proven"
    """More than a share, the second, can be debulked; whether all can is not proven."""
    ONLY_LARGER_RESECTIONS = "only_larger_resections"
    """More than a share is reached only by plans that remove more segments: share, segments."""
    SHARE_NOT_REACHED = "share_not_reached"
    """No plan found reaches more than a share, and it is not proven that none does."""
    PERTURBATIONS = "perturbations"
    """So many perturbed cases were classified."""
    SHARE_OF_ANSWER = "share_of_answer"
    """Share of the perturbed cases with an answer: names it, ``none`` without a lesion left."""
    LEAST_STABLE = "least_stable"
    """Share with the same answer under the worst perturbation: names it."""
    BORDER_WITHOUT_MAPS = "border_without_maps"
    """The lobes' border was not moved: there are no label maps."""
    BORDER_WITHOUT_SEGMENTS = "border_without_segments"
    """The lobes' border was not moved: the segments are unknown."""
    LOBES_APART = "lobes_apart"
    """The lobes' border was not moved: the lobes do not touch in the map."""
    NO_CASE_HAS_A_TYPE = "no_case_has_a_type"
    """The share of normal parenchyma is unknown, so that no perturbed case has a type."""
    SPREAD_BEYOND_SCAN_UNKNOWN = "spread_beyond_scan_unknown"
    """What lies beyond the scan, which cuts the liver, is unknown."""


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
    because
        What is behind it in turn, where the cause says so.
    """

    cause: Cause
    amounts: tuple[float, ...] = ()
    names: tuple[str, ...] = ()
    because: "tuple[Reason, ...]" = ()


def reason(cause: Cause, *details: float | str, because: "Iterable[Reason]" = ()) -> Reason:
    """Return a reason from numbers and names in any order; each kind keeps its own order.

    >>> reason(Cause.NEAR_LIMIT, 2.5, "ki67_percent").amounts
    (2.5,)
    """
    return Reason(
        cause,
        amounts=tuple(float(d) for d in details if not isinstance(d, str)),
        names=tuple(str(d) for d in details if isinstance(d, str)),
        because=tuple(because),
    )


def first(reasons: Iterable[Reason], cause: Cause) -> Reason | None:
    """Return the first reason with a cause, ``None`` where there is none."""
    return next((one for one in reasons if one.cause is cause), None)


def joined(*reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Return all reasons in order, each once."""
    return tuple(dict.fromkeys(one for several in reasons for one in several))


def causes_of(reasons: Iterable[Reason]) -> tuple[Cause, ...]:
    """Return the causes of reasons and of what is behind these, in order."""
    return tuple(cause for one in reasons for cause in (one.cause, *causes_of(one.because)))


def reasons_of(given: "str | Reason | Iterable[Reason] | None") -> tuple[Reason, ...]:
    """Return reasons however they are given; a text becomes a reason without a cause of its own."""
    if given is None or given == "":
        return ()
    if isinstance(given, str):
        return (Reason(Cause.PROSE, names=(given,)),)
    return (given,) if isinstance(given, Reason) else tuple(given)
