"""What is known about the disease and the person beside the scan; every fact is optional."""

from dataclasses import dataclass, field
from enum import StrEnum

from remnant.core.errors import ImplausibleValueError

MOST_MONTHS = 600.0
WORST_ECOG = 4
LONGEST_NOTE = 200


class Differentiation(StrEnum):
    """Histological differentiation; poor differentiation means carcinoma, whatever the Ki-67."""

    WELL = "well"
    POOR = "poor"


class Grade(StrEnum):
    """Grade of a neuroendocrine neoplasm; G1 to G3 are well differentiated, NEC is not."""

    G1 = "G1"
    G2 = "G2"
    G3 = "G3"
    NEC = "NEC"


class PrimarySite(StrEnum):
    """Organ of the primary tumour."""

    PANCREAS = "pancreas"
    SMALL_BOWEL = "small_bowel"
    STOMACH = "stomach"
    DUODENUM = "duodenum"
    APPENDIX = "appendix"
    COLON = "colon"
    RECTUM = "rectum"
    LUNG = "lung"
    OTHER = "other"


class Presentation(StrEnum):
    """Whether metastases were there when the primary was found, or came later."""

    SYNCHRONOUS = "synchronous"
    METACHRONOUS = "metachronous"


class FdgPet(StrEnum):
    """Result of a PET with fluorodeoxyglucose; ``NOT_DONE`` is known not to have been made."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    NOT_DONE = "not_done"


class PrimaryStatus(StrEnum):
    """What became, or could become, of the primary tumour."""

    RESECTED = "resected"
    RESECTABLE = "resectable"
    UNRESECTABLE = "unresectable"


class ExtrahepaticDisease(StrEnum):
    """Disease outside the liver; ``MINIMAL`` is low in volume and indolent."""

    NONE = "none"
    MINIMAL = "minimal"
    SIGNIFICANT = "significant"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicalFacts:
    """Facts that rules ask for and no image shows. ``None`` is "not said", never "no".

    Parameters
    ----------
    ki67_percent
        Ki-67 index in percent, 0 to 100.
    differentiation, grade
        Of the metastases where known, else of the primary; so is ``ki67_percent``.
    primary_ki67_percent, primary_grade
        Of the primary where they are known apart from those of the metastases.
    metastasis_biopsied
        Whether tissue of a metastasis was examined.
    presentation
        Whether metastases were there when the primary was found, or came later.
    primary_site, primary_status, primary_resected_months
        The primary tumour; months since it was removed.
    portal_drainage
        Whether the primary lies where blood drains into the portal vein.
    extrahepatic_disease, peritoneal_carcinomatosis, optimised_staging
        Disease elsewhere, and whether optimised staging (functional imaging) looked for it.
    histology_confirmed
        Whether a pathologist confirmed the metastases or the primary.
    functional, symptoms_refractory, symptoms_from_burden
        Hormone excess; hormonal symptoms that treatment does not control; symptoms from the
        tumour's mass.
    stable_months
        For how long the disease has been stable or responding.
    ecog, fit_for_major_hepatectomy, comorbidity_prohibitive
        Performance status 0 to 4, and the team's judgement of fitness.
    expected_morbidity_percent, expected_mortality_percent
        The team's own estimates for the operation.
    right_heart_failure, severe_valve_disease
        Carcinoid heart disease.
    portal_hypertension, platelets_per_nl, ascites, varices, splenomegaly
        Portal hypertension or its signs.
    decompensated, encephalopathy, variceal_bleeding, jaundice_from_liver_disease
        Whether the liver's function has failed, and signs of that; ascites and hepatic
        insufficiency are others.
    portal_vein_thrombosis, hepatic_insufficiency, bilioenteric_anastomosis
    pancreatoduodenectomy
        Earlier operations and states that rule out treatments; the last is a Whipple procedure.
    bilirubin_umol_per_l, inr, albumin_g_per_l, creatinine_umol_per_l, dialysis_twice_weekly
        Laboratory values for scores of the liver's function; dialysis at least twice in the week
        before.
    icg_r15_percent, hida_remnant_percent
        Retention of indocyanine green at 15 minutes; the remnant's share of the liver's function by
        hepatobiliary scintigraphy.
    low_bilirubin
        Whether total bilirubin is low; no source prints a limit.
    fdg_pet
        Result of a PET with fluorodeoxyglucose.
    staged_by_ct, staged_by_mr, staged_by_sstr_pet, echocardiography_done, markers_measured
        Which examinations were made: triple-phase CT of chest, abdomen and pelvis, MR of the liver
        with diffusion weighting, PET of somatostatin receptors, echocardiography, tumour markers.
    sstr_positive, adequate_kidneys_and_marrow
        For peptide receptor radionuclide therapy.
    chemotherapy_weeks
        Length of chemotherapy before the operation.
    judged_unresectable
        The team's word that the metastases cannot be resected.
    on_transplant_list
        Whether a transplant centre found the person suitable and listed.
    resection_with_transplant, upper_abdominal_exenteration
        Whether a resection, or an upper abdominal exenteration, goes with the transplantation.
    somatostatin_analogue
        Whether a somatostatin analogue was given before.
    recurrence
        Whether these metastases came back after an earlier liver resection.
    remnant_vessels, remnant_bile
        Whether a person found the remnant's inflow and outflow, and its biliary drainage, intact.
    lesions_at_hilum, lesions_near_bile_duct
        Numbers of all lesions at the hilum, and of all less than 1 cm from a central bile duct;
        those that are not named are not there. Empty where none is.
    variant_anatomy
        A note on vessels or bile ducts that run otherwise, shown and never judged.
    doubling_days
        Volume doubling time of the tumour, measured or assumed by the user.

    Raises
    ------
    ImplausibleValueError
        A number is outside its range, or the note is too long.
    """

    ki67_percent: float | None = None
    differentiation: Differentiation | None = None
    grade: Grade | None = None
    primary_ki67_percent: float | None = None
    primary_grade: Grade | None = None
    metastasis_biopsied: bool | None = None
    presentation: Presentation | None = None
    primary_site: PrimarySite | None = None
    primary_status: PrimaryStatus | None = None
    primary_resected_months: float | None = None
    portal_drainage: bool | None = None
    extrahepatic_disease: ExtrahepaticDisease | None = None
    peritoneal_carcinomatosis: bool | None = None
    optimised_staging: bool | None = None
    histology_confirmed: bool | None = None
    functional: bool | None = None
    symptoms_refractory: bool | None = None
    symptoms_from_burden: bool | None = None
    stable_months: float | None = None
    ecog: int | None = None
    fit_for_major_hepatectomy: bool | None = None
    comorbidity_prohibitive: bool | None = None
    expected_morbidity_percent: float | None = None
    expected_mortality_percent: float | None = None
    right_heart_failure: bool | None = None
    severe_valve_disease: bool | None = None
    portal_hypertension: bool | None = None
    platelets_per_nl: float | None = None
    ascites: bool | None = None
    varices: bool | None = None
    splenomegaly: bool | None = None
    decompensated: bool | None = None
    encephalopathy: bool | None = None
    variceal_bleeding: bool | None = None
    jaundice_from_liver_disease: bool | None = None
    portal_vein_thrombosis: bool | None = None
    hepatic_insufficiency: bool | None = None
    bilioenteric_anastomosis: bool | None = None
    pancreatoduodenectomy: bool | None = None
    bilirubin_umol_per_l: float | None = None
    inr: float | None = None
    albumin_g_per_l: float | None = None
    creatinine_umol_per_l: float | None = None
    dialysis_twice_weekly: bool | None = None
    icg_r15_percent: float | None = None
    hida_remnant_percent: float | None = None
    low_bilirubin: bool | None = None
    fdg_pet: FdgPet | None = None
    staged_by_ct: bool | None = None
    staged_by_mr: bool | None = None
    staged_by_sstr_pet: bool | None = None
    echocardiography_done: bool | None = None
    markers_measured: bool | None = None
    sstr_positive: bool | None = None
    adequate_kidneys_and_marrow: bool | None = None
    chemotherapy_weeks: float | None = None
    judged_unresectable: bool | None = None
    on_transplant_list: bool | None = None
    resection_with_transplant: bool | None = None
    upper_abdominal_exenteration: bool | None = None
    somatostatin_analogue: bool | None = None
    recurrence: bool | None = None
    remnant_vessels: bool | None = None
    remnant_bile: bool | None = None
    lesions_at_hilum: tuple[int, ...] | None = None
    lesions_near_bile_duct: tuple[int, ...] | None = None
    variant_anatomy: str | None = None
    doubling_days: float | None = field(default=None)

    def __post_init__(self) -> None:
        if len(self.variant_anatomy or "") > LONGEST_NOTE:
            raise ImplausibleValueError(
                f"variant_anatomy has {len(self.variant_anatomy or '')} characters; allowed are "
                f"at most {LONGEST_NOTE}: shorten it"
            )
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise ImplausibleValueError(
                    f"{name} {value:g} is implausible: allowed is {low:g} to {high:g}; check the "
                    f"number and its unit, or leave it out"
                )


RANGES = {
    "ki67_percent": (0.0, 100.0),
    "primary_ki67_percent": (0.0, 100.0),
    "primary_resected_months": (0.0, MOST_MONTHS),
    "stable_months": (0.0, MOST_MONTHS),
    "ecog": (0, WORST_ECOG),
    "expected_morbidity_percent": (0.0, 100.0),
    "expected_mortality_percent": (0.0, 100.0),
    "platelets_per_nl": (1.0, 3000.0),
    "bilirubin_umol_per_l": (1.0, 1500.0),
    "inr": (0.5, 20.0),
    "albumin_g_per_l": (5.0, 80.0),
    "creatinine_umol_per_l": (10.0, 3000.0),
    "icg_r15_percent": (0.0, 100.0),
    "hida_remnant_percent": (0.0, 100.0),
    "chemotherapy_weeks": (0.0, 520.0),
    "doubling_days": (1.0, 36500.0),
}
"""Smallest and largest value of every number."""

NOTHING_SAID = ClinicalFacts()
