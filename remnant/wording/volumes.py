"""Why a volume, ratio, distance, change or figure of agreement is absent, loose or in doubt."""

from collections.abc import Mapping
from typing import Final

from remnant.core.reasons import Cause, Reason
from remnant.core.units import percent_from_fraction
from remnant.core.volumetry_report import BurdenClass
from remnant.wording.kinds import Template
from remnant.wording.language import say, spoken
from volumetry.standardised.body_facts import Fact
from volumetry.standardised.body_surface import BSA_FORMULAS

CLASS_WORDS: Final[Mapping[BurdenClass, str]] = spoken(
    {
        BurdenClass.UP_TO_10: "up to 10 %",
        BurdenClass.OVER_10_TO_25: "over 10 to 25 %",
        BurdenClass.OVER_25_TO_50: "over 25 to 50 %",
        BurdenClass.OVER_50: "over 50 %",
    }
)
FACT_WORDS: Final[Mapping[Fact, str]] = spoken(
    {
        Fact.HEIGHT_CM: "height",
        Fact.WEIGHT_KG: "weight",
        Fact.AGE_YEARS: "age",
        Fact.FEMALE: "sex",
        Fact.BSA_M2: "body surface area",
        Fact.THORACIC_WIDTH_CM: "thoracic width",
        Fact.ASIAN: "Asian ancestry (yes or no)",
    }
)


def _missing(reason: Reason) -> str:
    formula, *facts = reason.names
    what = (
        say("body surface area by {formula}", formula=formula)
        if formula in BSA_FORMULAS
        else formula
    )
    return say(
        "{what} needs {facts}, not given",
        what=what,
        facts=say(" and ").join(FACT_WORDS[Fact(fact)] for fact in facts),
    )


def _reached(reason: Reason) -> str:
    now, target = (percent_from_fraction(share) for share in reason.amounts)
    return say(
        "it is reached: sFLR is {now:.2f} % at the second scan, {target:g} % was asked for",
        now=now,
        target=target,
    )


def _within_error(reason: Reason) -> str:
    low, high = (percent_from_fraction(end) for end in reason.amounts)
    return say(
        "the growth cannot be told from none: its 90 % interval runs from {low:.2f} to "
        "{high:+.2f} points of sFLR",
        low=low,
        high=high,
    )


def _without_lesions(reason: Reason) -> str:
    cases = say(" and the ").join(reason.names)
    return say(
        "the lesions of the {cases} case are not known: no lesion map was given", cases=cases
    )


CAUSES: Final[Mapping[Cause, Template]] = {
    Cause.EITHER_WAY: "it could be larger or smaller than measured: {because}",
    Cause.FIRST_SCAN: "first scan: {because}",
    Cause.SECOND_SCAN: "second scan: {because}",
    Cause.BOTH_SCANS: "both scans: {because}",
    Cause.NO_COUINAUD_MAP: "no Couinaud map was given",
    Cause.SEGMENTS_UNKNOWN: "the segments are unknown",
    Cause.NOTHING_REMOVED: "none of the segments that would be removed has a voxel",
    Cause.KEPT_SEGMENTS_CUT: "segments that stay are cut by the edge of the scan or file",
    Cause.REMOVED_SEGMENTS_CUT: "removed segments are cut by the edge of the scan or file",
    Cause.LIVER_UNASSIGNED: "part of the liver belongs to no segment and counts for no remnant",
    Cause.LESIONS_UNKNOWN: (
        "no lesion map was given: lesions, if there are any, are not subtracted"
    ),
    Cause.TUMOUR_OUTSIDE_SEGMENTS: "part of the tumour lies outside the segment map",
    Cause.NO_LESION_TO_DEBULK: "no lesion to debulk",
    Cause.ALL_TUMOUR: "there is no functional liver: all of it is tumour",
    Cause.LIVER_CUT: "the liver reaches the edge of the scan: what lies beyond it is not counted",
    Cause.LIVER_AT_FILE_END: (
        "the file of the maps ends at the liver: whether the liver goes on beyond it is not known"
    ),
    Cause.SHARE_WITHIN_SCAN: (
        "the liver reaches the edge of the scan: this is the share within the scan"
    ),
    Cause.SHARE_WITHIN_FILE: (
        "the file of the maps ends at the liver: this is the share of the liver in the file"
    ),
    Cause.BEYOND_SCAN_UNKNOWN: (
        "the scan or file cuts the liver: what lies beyond its edge is not known"
    ),
    Cause.LESION_CUT: (
        "the lesion reaches the edge of the scan or file: its part beyond is not counted, nor is "
        "it in the diameters"
    ),
    Cause.DIAMETER_CUT: "a lesion reaches the edge of the scan or file: its diameter may be longer",
    Cause.TREATED_LESIONS_CUT: "treated lesions are cut by the edge of the scan or file",
    Cause.STAYING_LESIONS_CUT: "lesions that stay are cut by the edge of the scan or file",
    Cause.NO_LIVER_SURFACE: "the scan or file holds no part of the liver's surface",
    Cause.NO_PORTAL_VEIN: "the portal vein is not in the liver map",
    Cause.NO_HEPATIC_VEINS: "the hepatic veins are not in the liver map",
    Cause.VESSELS_UNCONFIRMED: (
        "the vessels are computed and not confirmed: one that was not found or could not be "
        "assigned may be nearer"
    ),
    Cause.SCAN_EDGE_NEARER: (
        "the edge of the scan or file, beyond which the liver may go on, is nearer: the true "
        "distance may be smaller"
    ),
    Cause.NO_BODY_WEIGHT: "body weight was not given",
    Cause.BODY_FACTS_MISSING: _missing,
    Cause.BODY_SIZE_ASSUMED: "the body size is assumed, not measured",
    Cause.FORMULA_UNVERIFIED: (
        "the coefficients of this formula were recalled, not read in a source: unverified"
    ),
    Cause.FORMULA_IN_GRAMS: (
        "the formula gives grams (or mixes weight and volume): 1 g is taken as 1 mL"
    ),
    Cause.FORMULA_OUT_OF_AGE: (
        "{names[0]} is defined from {amounts[0]:g} to {amounts[1]:g} years of age only"
    ),
    Cause.FORMULA_OVERESTIMATES: "{names[0]} overestimates above {amounts[0]:g} years of age",
    Cause.FORMULA_MISPRINTED: (
        "{amounts[0]:g} autopsies; the abstract prints ± where × must be meant"
    ),
    Cause.BODY_SURFACE_NOT_NAMED: (
        "the paper, as read, does not name its body surface area formula; {names[0]} is used"
    ),
    Cause.BODY_SURFACE_OTHER: (
        "with the body surface area of {names[0]} instead of the paper's {names[1]}"
    ),
    Cause.BODY_SURFACE_UNUSED: "by {names[0]}; {names[1]} does not use it",
    Cause.ZERO_BEFORE: "it was 0 in the first scan: there is no ratio to it",
    Cause.NO_TIME_BETWEEN: "the time between the scans was not given: no rate without it",
    Cause.NO_THRESHOLD: "no threshold was asked for",
    Cause.GROWTH_NOT_SHOWN: (
        "a scan does not show the whole remnant: whether it grew or is enough is not known"
    ),
    Cause.PACE_SLOWS: (
        "at the pace between the two scans; growth after portal vein embolisation slows (mean KGR "
        "5.4 in the first week, 1.5 after, n = 48, PMC6414468), so that it may take longer"
    ),
    Cause.THRESHOLD_REACHED: _reached,
    Cause.NO_GROWTH: "there was no growth between the scans",
    Cause.GROWTH_WITHIN_ERROR: _within_error,
    Cause.NOT_FOUND_BEFORE: "no lesion was found there in the first scan",
    Cause.NOT_FOUND_AFTER: "no lesion was found there in the second scan",
    Cause.OUTSIDE_OTHER_SCAN: ("the other scan does not reach there: what became of it is unknown"),
    Cause.REJECTED_BEFORE: "a reader rejected it in the first scan: it did not count there",
    Cause.REJECTED_AFTER: "a reader rejected it in the second scan: it does not count there",
    Cause.OTHER_VOXELS: (
        "voxels of {amounts[0]:.2f} mm in the first scan and {amounts[1]:.2f} mm in the second: "
        "diameters between voxel corners are longer on the coarser grid, which the interval is "
        "freed of and the change is not"
    ),
    Cause.MASKS_EMPTY: "both masks are empty: nothing to find, and nothing was found",
    Cause.TRUTH_EMPTY: "the true mask is empty",
    Cause.PREDICTION_EMPTY: "the predicted mask is empty",
    Cause.NOT_PREDICTED: "the prediction has no map of this structure",
    Cause.NO_LIVER_PREDICTED: "the prediction holds no liver: its burden is not defined",
    Cause.NO_TRUE_LIVER: "the truth holds no liver: its burden is not defined",
    Cause.NO_BURDEN_IN_BOTH: "no case has a burden in both maps",
    Cause.ABSENT_IN_ALL: "absent in every case",
    Cause.TOO_FEW_FOR_LIMITS: ("limits of agreement need at least two cases that have both values"),
    Cause.TOO_FEW_FOR_SD: "a standard deviation needs at least two cases",
    Cause.NO_TRUE_LESION: "there is no true lesion",
    Cause.NO_PREDICTED_LESION: "no lesion was predicted",
    Cause.NO_LESION_IN_EITHER: "there is neither a true nor a predicted lesion",
    Cause.NO_SEGMENTS_GIVEN: (
        "the Couinaud segments are unknown: no Couinaud map, no labelled branches and no landmarks "
        "were given, so the remnant of a resection cannot be measured"
    ),
    Cause.CASE_WITHOUT_LESIONS: _without_lesions,
    Cause.NO_RESECTION_NAMED: "no resection was named: growth is that of a remnant (--resect)",
}
