"""The sections of a facts file with all their fields, in the order in which they are asked."""

from collections.abc import Mapping
from typing import Final

from remnant.core.clinical import (
    RANGES,
    Differentiation,
    ExtrahepaticDisease,
    Grade,
    PrimarySite,
    PrimaryStatus,
)
from remnant.core.patient import (
    AGE_RANGE_YEARS,
    HEIGHT_RANGE_CM,
    WEIGHT_RANGE_KG,
    LiverBackground,
    Sex,
)
from remnant.core.plan_choice import RANGES as LIMITS
from remnant.core.plan_choice import AblationShape
from remnant.io.facts_fields import (
    NO_LIMIT,
    UNKNOWN,
    Field,
    any_word,
    number,
    one_of,
    percentages,
    recipes,
    segment_set,
    whole_number,
    yes_no,
)


def _fact(name: str, unit: str, meaning: str) -> Field:
    return number(name, RANGES[name], unit, meaning, blank=UNKNOWN)


def _said(name: str, meaning: str) -> Field:
    return yes_no(name, meaning, blank=UNKNOWN)


def _limit(name: str, meaning: str, *, blank: str | None = None) -> Field:
    return number(name, LIMITS[name], "mm", meaning, blank=blank)


PATIENT: Final = (
    number("height_cm", HEIGHT_RANGE_CM, "cm", "Body height.", blank=UNKNOWN),
    number("weight_kg", WEIGHT_RANGE_KG, "kg", "Body weight.", blank=UNKNOWN),
    one_of("sex", Sex, "Sex, as some body-size formulas use it.", blank=UNKNOWN),
    number("age_years", AGE_RANGE_YEARS, "years", "Age; adults only.", blank=UNKNOWN),
    one_of("background", LiverBackground, "State of the liver that would remain.", blank=UNKNOWN),
)
CLINICAL: Final = (
    _fact("ki67_percent", "percent", "Ki-67 index."),
    one_of("differentiation", Differentiation, "Histological differentiation.", blank=UNKNOWN),
    one_of("grade", Grade, "Grade; G1 to G3 are well differentiated.", blank=UNKNOWN),
    _said("histology_confirmed", "A pathologist confirmed the metastases or the primary."),
    one_of("primary_site", PrimarySite, "Organ of the primary tumour.", blank=UNKNOWN),
    one_of("primary_status", PrimaryStatus, "What became of the primary.", blank=UNKNOWN),
    _fact("primary_resected_months", "months", "Time since the primary was removed."),
    _said("portal_drainage", "The primary drains into the portal vein."),
    one_of(
        "extrahepatic_disease",
        ExtrahepaticDisease,
        "Disease outside the liver; minimal is low in volume and indolent.",
        blank=UNKNOWN,
    ),
    _said("peritoneal_carcinomatosis", "Peritoneal carcinomatosis."),
    _said("optimised_staging", "Functional imaging looked for disease elsewhere."),
    _said("functional", "The tumour makes hormones in excess."),
    _said("symptoms_refractory", "Treatment does not control the hormonal symptoms."),
    _said("symptoms_from_burden", "Symptoms come from the tumour's mass."),
    _fact("stable_months", "months", "For how long the disease is stable or responding."),
    whole_number("ecog", RANGES["ecog"], "ECOG performance status.", blank=UNKNOWN),
    _said("fit_for_major_hepatectomy", "The team finds the person fit for a major hepatectomy."),
    _said("comorbidity_prohibitive", "Other diseases prohibit an operation."),
    _fact("expected_morbidity_percent", "percent", "The team's estimate for the operation."),
    _fact("expected_mortality_percent", "percent", "The team's estimate for the operation."),
    _said("right_heart_failure", "Right heart failure."),
    _said("severe_valve_disease", "Severe valve disease, as in carcinoid heart disease."),
    _said("portal_hypertension", "Portal hypertension."),
    _fact("platelets_per_nl", "per nL", "Platelets."),
    _said("ascites", "Ascites."),
    _said("varices", "Varices."),
    _said("splenomegaly", "Splenomegaly."),
    _said("portal_vein_thrombosis", "Thrombosis of the portal vein."),
    _said("hepatic_insufficiency", "The liver's function is insufficient."),
    _said("bilioenteric_anastomosis", "A bilio-enteric anastomosis."),
    _said("pancreatoduodenectomy", "An earlier pancreatoduodenectomy (Whipple procedure)."),
    _said("low_bilirubin", "Total bilirubin is low; no source prints a limit."),
    _said("sstr_positive", "Somatostatin receptors on functional imaging."),
    _said("adequate_kidneys_and_marrow", "Kidneys and bone marrow allow radionuclide therapy."),
    _fact("chemotherapy_weeks", "weeks", "Chemotherapy before the operation."),
    _said("judged_unresectable", "The team says that the metastases cannot be resected."),
    _said("on_transplant_list", "A transplant centre listed the person."),
    _said("recurrence", "The metastases came back after a liver resection."),
    _fact("doubling_days", "days", "Volume doubling time of the tumour."),
)
CHOICES: Final = (
    any_word("rule_set", "FLR rule set whose minimum decides.", "the id of an FLR rule set"),
    percentages("targets_percent", "Shares of the tumour volume to reach."),
    segment_set("keep", "Segments that are never removed as a whole."),
    whole_number(
        "most_ablations", LIMITS["most_ablations"], "Most ablation zones; 0 forbids them.",
        blank=NO_LIMIT,
    ),
    whole_number(
        "most_wedges", LIMITS["most_wedges"], "Most wedges; 0 forbids them.", blank=NO_LIMIT
    ),
    _limit("resection_margin_mm", "Liver taken around a resected lesion."),
    _limit("ablation_margin_mm", "Liver destroyed around an ablated lesion."),
    _limit("ablation_limit_mm", "Largest diameter of a lesion that is ablated."),
    one_of("ablation_shape", AblationShape, "Form of an ablation zone."),
    _limit("largest_zone_mm", "Largest diameter of one zone; larger needs take several."),
    _limit("central_distance_mm", "Nearer to the portal vein no lesion is ablated."),
    _limit("wedge_limit_mm", "Largest diameter of a lesion excised alone.", blank=NO_LIMIT),
    _limit("wedge_depth_mm", "Deepest near side of a lesion excised alone.", blank=NO_LIMIT),
    whole_number(
        "contiguous_segments", LIMITS["contiguous_segments"], "Kept segments that must adjoin."
    ),
    yes_no("named_only", "Only hepatectomies with a Brisbane 2000 name."),
    recipes("recipes", "The user's own plans, judged beside the optimiser's."),
    number("seconds", LIMITS["seconds"], "seconds", "Time that the optimiser may take."),
)  # fmt: skip
SECTIONS: Final[Mapping[str, tuple[Field, ...]]] = {
    "patient": PATIENT, "clinical": CLINICAL, "choices": CHOICES,
}  # fmt: skip
