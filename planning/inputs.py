"""The vocabulary of inputs: every fact that a rule can ask for, declared once.

A condition holds an `Input`, not its name, so that a mistyped one cannot be imported. The facts
file, its template and schema, the options of the command line, what is left to tell, and the
glossary's entries are made from these declarations. What `ClinicalFacts` and `Patient` know already
(types and ranges) is taken from there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from types import MappingProxyType, UnionType
from typing import Any, Self, get_args, get_origin, get_type_hints

from remnant.core import clinical, patient
from remnant.core.distribution import FrillingType
from remnant.core.quantity import CERTAINTY, Quantity
from remnant.core.reasons import Reason

JUST_BELOW = 1e-8
"""Subtracted from an end that a range does not reach; more than values are rounded by."""


class ValueSource(StrEnum):
    """Where the value of an input comes from: a person tells it, the scan or the plans give it."""

    PERSON = "person"
    SCAN = "scan"
    PLAN = "plan"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Input:
    """One fact that rules ask for.

    Parameters
    ----------
    name
        Of the machine, unique; for a person's fact that of its field in `ClinicalFacts` or
        `Patient`.
    type
        ``bool``, ``int``, ``float``, or an enumeration whose members are the allowed words; of what
        is told and not judged ``tuple`` (numbers of lesions) or ``str`` (a note).
    question
        What it is called where it is missing, e.g. "when the primary was removed".
    source
        Who gives its value.
    meaning
        What it is, as a sentence, for the facts file and the help; empty for what nobody tells.
    unit
        Of a number, as it is written behind it; a share is in [0, 1] and has none.
    range
        Smallest and largest value of a number, both allowed; ``None`` where it has no range.
    option
        Its option of the command line; empty where it has none.
    implied_by
        Names of the inputs that its value follows from where nobody gave it.
    rests_on_segments
        Whether its value rests on the Couinaud segments.
    """

    name: str
    type: type
    question: str
    source: ValueSource
    meaning: str = ""
    unit: str = ""
    range: tuple[float, float] | None = None
    option: str = ""
    implied_by: tuple[str, ...] = ()
    rests_on_segments: bool = field(default=False)

    @property
    def told(self) -> bool:
        """Whether a person can tell its value."""
        return self.source is ValueSource.PERSON


UNITS = MappingProxyType(
    {
        "_percent": "%",
        "_per_nl": "/nL",
        "_ml_per_m2": "mL/m²",
        "_months": "months",
        "_weeks": "weeks",
        "_days": "days",
        "_years": "years",
        "_umol_per_l": "µmol/L",
        "_g_per_l": "g/L",
        "_cm": "cm",
        "_kg": "kg",
        "_mm": "mm",
        "_ml": "mL",
    }
)
"""Units by the ending of a name."""


def unit_of(name: str) -> str:
    """Return the unit that a name ends in, the empty text for none."""
    return next((unit for ending, unit in UNITS.items() if name.endswith(ending)), "")


def _field_types(owner: type) -> dict[str, type]:
    """Return the type of each field of a dataclass, without ``None``."""
    hints = get_type_hints(owner)
    return {one.name: _without_none(hints[one.name]) for one in fields(owner)}


def _without_none(hint: Any) -> type:  # noqa: ANN401  (whatever a field is annotated with)
    if isinstance(hint, UnionType):
        (hint,) = (one for one in get_args(hint) if one is not type(None))
    known: type = get_origin(hint) or hint
    return known


CLINICAL_TYPES = _field_types(clinical.ClinicalFacts)
PATIENT_TYPES = _field_types(patient.Patient)
PATIENT_RANGES = {
    "height_cm": patient.HEIGHT_RANGE_CM,
    "weight_kg": patient.WEIGHT_RANGE_KG,
    "age_years": patient.AGE_RANGE_YEARS,
}


def _told(
    name: str, question: str, meaning: str, *, option: str = "", implied_by: tuple[str, ...] = ()
) -> Input:
    """Declare a fact that a person tells; type, unit and range are those of its field."""
    types, ranges = CLINICAL_TYPES | PATIENT_TYPES, clinical.RANGES | PATIENT_RANGES
    return Input(
        name=name,
        type=types[name],
        question=question,
        source=ValueSource.PERSON,
        meaning=meaning,
        unit=unit_of(name),
        range=ranges.get(name),
        option=option,
        implied_by=implied_by,
    )


def _derived(name: str, question: str, *implied_by: Input) -> Input:
    """Declare a truth that follows from told facts alone."""
    return Input(
        name=name,
        type=bool,
        question=question,
        source=ValueSource.PERSON,
        implied_by=tuple(one.name for one in implied_by),
    )


def _scanned(name: str, kind: type, question: str, *, rests_on_segments: bool = False) -> Input:
    return Input(
        name=name,
        type=kind,
        question=question,
        source=ValueSource.SCAN,
        unit=unit_of(name),
        rests_on_segments=rests_on_segments,
    )


def _planned(name: str, kind: type, question: str) -> Input:
    """Declare what the plans decide; plans rest on segments."""
    return Input(
        name=name,
        type=kind,
        question=question,
        source=ValueSource.PLAN,
        unit=unit_of(name),
        rests_on_segments=True,
    )


# The person.
HEIGHT = _told("height_cm", "body height", "Body height.", option="--height-cm")
WEIGHT = _told("weight_kg", "body weight", "Body weight.", option="--weight-kg")
SEX = _told("sex", "sex", "Sex, as some body-size formulas use it.", option="--sex")
AGE = _told(
    "age_years",
    "age",
    "Age; under 18 is refused: no formula or threshold here was made for children.",
    option="--age",
)
BACKGROUND = _told(
    "background",
    "kind of liver",
    "State of the liver that would remain; it decides which minimum applies. Unknown lets no "
    "remnant below 40 % pass.",
    option="--background",
)

# The disease and its treatment.
KI67 = _told(
    "ki67_percent",
    "Ki-67",
    "Ki-67 index of the metastases where known, else of the primary.",
    option="--ki67",
    implied_by=("primary_ki67_percent",),
)
DIFFERENTIATION = _told(
    "differentiation",
    "differentiation",
    "Histological differentiation.",
    option="--differentiation",
    implied_by=("grade",),
)
GRADE = _told(
    "grade",
    "grade",
    "Grade of the metastases where known, else of the primary; G1 to G3 are well differentiated.",
    option="--grade",
    implied_by=("ki67_percent", "differentiation", "primary_grade"),
)
PRIMARY_KI67 = _told(
    "primary_ki67_percent",
    "Ki-67 of the primary",
    "Ki-67 index of the primary, where that of the metastases is told apart.",
)
PRIMARY_GRADE = _told(
    "primary_grade",
    "grade of the primary",
    "Grade of the primary, where that of the metastases is told apart.",
    implied_by=("primary_ki67_percent",),
)
BIOPSY = _told(
    "metastasis_biopsied",
    "whether a metastasis was biopsied",
    "Tissue of a metastasis was examined.",
)
PRESENTATION = _told(
    "presentation",
    "whether metastases were there when the primary was found",
    "Metastases were there when the primary was found (synchronous), or came later.",
)
HISTOLOGY = _told(
    "histology_confirmed",
    "whether histology confirmed the disease",
    "A pathologist confirmed the metastases or the primary.",
)
PRIMARY_SITE = _told(
    "primary_site", "site of the primary", "Organ of the primary tumour.", option="--primary"
)
PRIMARY_STATUS = _told(
    "primary_status",
    "what became of the primary",
    "What became of the primary.",
    option="--primary-status",
    implied_by=("primary_resected_months",),
)
PRIMARY_RESECTED_MONTHS = _told(
    "primary_resected_months",
    "when the primary was removed",
    "Time since the primary was removed.",
)
PORTAL_DRAINAGE = _told(
    "portal_drainage",
    "whether the primary drains into the portal vein",
    "The primary drains into the portal vein.",
    implied_by=("primary_site",),
)
EXTRAHEPATIC = _told(
    "extrahepatic_disease",
    "disease outside the liver",
    "Disease outside the liver; minimal is low in volume and indolent.",
    option="--extrahepatic",
    implied_by=("peritoneal_carcinomatosis",),
)
PERITONEAL = _told(
    "peritoneal_carcinomatosis",
    "peritoneal carcinomatosis",
    "Peritoneal carcinomatosis.",
    implied_by=("extrahepatic_disease",),
)
OPTIMISED_STAGING = _told(
    "optimised_staging",
    "whether optimised staging looked for disease elsewhere",
    "Functional imaging looked for disease elsewhere.",
)
FUNCTIONAL = _told(
    "functional",
    "hormone excess",
    "The tumour makes hormones in excess.",
    option="--functional",
    implied_by=("symptoms_refractory",),
)
REFRACTORY = _told(
    "symptoms_refractory",
    "whether hormonal symptoms resist treatment",
    "Treatment does not control the hormonal symptoms.",
    implied_by=("functional",),
)
SYMPTOMS_FROM_BURDEN = _told(
    "symptoms_from_burden",
    "symptoms from the mass of tumour",
    "Symptoms come from the tumour's mass.",
)
STABLE_MONTHS = _told(
    "stable_months",
    "how long the disease has been stable",
    "For how long the disease is stable or responding.",
    option="--stable-months",
)
ECOG = _told("ecog", "ECOG performance status", "ECOG performance status.")
FIT = _told(
    "fit_for_major_hepatectomy",
    "fitness for a major hepatectomy",
    "The team finds the person fit for a major hepatectomy. Where not told, ECOG 0 and 1 are read "
    "as fit, 3 and 4 as not fit.",
    implied_by=("ecog",),
)
COMORBIDITY = _told(
    "comorbidity_prohibitive",
    "whether comorbidity is prohibitive",
    "Other diseases prohibit an operation.",
)
EXPECTED_MORBIDITY = _told(
    "expected_morbidity_percent",
    "expected morbidity of the operation",
    "The team's estimate for the operation.",
)
EXPECTED_MORTALITY = _told(
    "expected_mortality_percent",
    "expected mortality of the operation",
    "The team's estimate for the operation.",
)
RIGHT_HEART_FAILURE = _told("right_heart_failure", "right heart failure", "Right heart failure.")
SEVERE_VALVE_DISEASE = _told(
    "severe_valve_disease",
    "severe valve disease (echocardiography)",
    "Severe valve disease, as in carcinoid heart disease.",
)
PORTAL_HYPERTENSION = _told("portal_hypertension", "portal hypertension", "Portal hypertension.")
PLATELETS = _told("platelets_per_nl", "platelets", "Platelets.")
ASCITES = _told(
    "ascites", "ascites", "Ascites of liver disease; from the peritoneum it is not told here."
)
VARICES = _told("varices", "varices", "Varices.", implied_by=("variceal_bleeding",))
SPLENOMEGALY = _told("splenomegaly", "splenomegaly", "Splenomegaly.")
DECOMPENSATED = _told(
    "decompensated",
    "whether the liver is decompensated",
    "The liver is decompensated.",
    option="--decompensated",
    implied_by=(
        "ascites",
        "encephalopathy",
        "variceal_bleeding",
        "jaundice_from_liver_disease",
        "hepatic_insufficiency",
    ),
)
ENCEPHALOPATHY = _told("encephalopathy", "hepatic encephalopathy", "Hepatic encephalopathy.")
VARICEAL_BLEEDING = _told("variceal_bleeding", "variceal bleeding", "Bleeding from varices.")
JAUNDICE = _told(
    "jaundice_from_liver_disease",
    "jaundice from liver disease",
    "Jaundice from liver disease, not from a blocked bile duct.",
)
PORTAL_THROMBOSIS = _told(
    "portal_vein_thrombosis", "portal vein thrombosis", "Thrombosis of the portal vein."
)
HEPATIC_INSUFFICIENCY = _told(
    "hepatic_insufficiency", "hepatic insufficiency", "The liver's function is insufficient."
)
BILIOENTERIC_ANASTOMOSIS = _told(
    "bilioenteric_anastomosis",
    "bilio-enteric anastomosis",
    "A bilio-enteric anastomosis.",
    implied_by=("pancreatoduodenectomy",),
)
PANCREATODUODENECTOMY = _told(
    "pancreatoduodenectomy",
    "earlier pancreatoduodenectomy",
    "An earlier pancreatoduodenectomy (Whipple procedure).",
)
BILIRUBIN = _told("bilirubin_umol_per_l", "bilirubin", "Total bilirubin; 1 mg/dL is 17.1 µmol/L.")
INR = _told("inr", "INR", "International normalised ratio (INR).")
ALBUMIN = _told("albumin_g_per_l", "albumin", "Albumin; 1 g/dL is 10 g/L.")
CREATININE = _told("creatinine_umol_per_l", "creatinine", "Creatinine; 1 mg/dL is 88.4 µmol/L.")
DIALYSIS = _told(
    "dialysis_twice_weekly",
    "dialysis",
    "Dialysis at least twice in the week before.",
)
ICG_R15 = _told(
    "icg_r15_percent",
    "ICG retention at 15 minutes",
    "Retention of indocyanine green at 15 minutes (ICG-R15).",
)
HIDA_REMNANT = _told(
    "hida_remnant_percent",
    "the remnant's share of function by scintigraphy",
    "The remnant's share of the liver's function by hepatobiliary scintigraphy (HIDA).",
)
LOW_BILIRUBIN = _told(
    "low_bilirubin",
    "whether total bilirubin is low",
    "Total bilirubin is low; no source prints a limit.",
)
FDG_PET = _told("fdg_pet", "result of FDG-PET", "Result of a PET with fluorodeoxyglucose (FDG).")
STAGED_BY_CT = _told(
    "staged_by_ct",
    "whether a triple-phase CT of chest, abdomen and pelvis was made",
    "A triple-phase CT of chest, abdomen and pelvis was made.",
)
STAGED_BY_MR = _told(
    "staged_by_mr",
    "whether an MR of the liver with diffusion weighting was made",
    "An MR of the liver with diffusion weighting was made.",
)
STAGED_BY_SSTR_PET = _told(
    "staged_by_sstr_pet",
    "whether a PET of somatostatin receptors was made",
    "A PET of somatostatin receptors was made.",
)
ECHOCARDIOGRAPHY = _told(
    "echocardiography_done",
    "whether echocardiography was made",
    "Echocardiography was made.",
)
MARKERS = _told(
    "markers_measured",
    "whether tumour markers were measured",
    "Tumour markers were measured.",
)
SSTR_POSITIVE = _told(
    "sstr_positive",
    "somatostatin receptor status",
    "Somatostatin receptors on functional imaging.",
)
KIDNEYS_AND_MARROW = _told(
    "adequate_kidneys_and_marrow",
    "kidney and marrow function",
    "Kidneys and bone marrow allow radionuclide therapy.",
)
CHEMOTHERAPY_WEEKS = _told(
    "chemotherapy_weeks", "how long chemotherapy lasted", "Chemotherapy before the operation."
)
JUDGED_UNRESECTABLE = _told(
    "judged_unresectable",
    "whether the team judged the metastases unresectable",
    "The team says that the metastases cannot be resected.",
)
ON_TRANSPLANT_LIST = _told(
    "on_transplant_list",
    "whether a transplant centre listed the person",
    "A transplant centre listed the person.",
)
RESECTION_WITH_TRANSPLANT = _told(
    "resection_with_transplant",
    "whether a resection goes with the transplant",
    "Another organ or tumour is resected together with the transplantation.",
    implied_by=("upper_abdominal_exenteration",),
)
EXENTERATION = _told(
    "upper_abdominal_exenteration",
    "whether an upper abdominal exenteration goes with the transplant",
    "An upper abdominal exenteration goes with the transplantation.",
    implied_by=("resection_with_transplant",),
)
SOMATOSTATIN_ANALOGUE = _told(
    "somatostatin_analogue",
    "whether a somatostatin analogue was given",
    "A somatostatin analogue was given before the operation.",
)
RECURRENCE = _told(
    "recurrence",
    "whether this is a recurrence after liver resection",
    "The metastases came back after a liver resection.",
)
DOUBLING_DAYS = _told(
    "doubling_days", "volume doubling time of the tumour", "Volume doubling time of the tumour."
)

REMNANT_VESSELS = _told(
    "remnant_vessels",
    "whether inflow and outflow of the remnant are intact",
    "A person found arterial and portal inflow and venous outflow of the remnant intact.",
)
REMNANT_BILE = _told(
    "remnant_bile",
    "whether bile drainage of the remnant is intact",
    "A person found the biliary drainage of the remnant intact.",
)
LESIONS_AT_HILUM = _told(
    "lesions_at_hilum",
    "which lesions lie at the hilum",
    "Numbers of all lesions at the hilum; those not named are not there.",
)
LESIONS_NEAR_BILE_DUCT = _told(
    "lesions_near_bile_duct",
    "which lesions lie less than 1 cm from a central bile duct",
    "Numbers of all lesions less than 1 cm from a central bile duct; those not named are not.",
)
VARIANT_ANATOMY = _told(
    "variant_anatomy",
    "variant anatomy",
    "A note on vessels or bile ducts that run otherwise; shown beside the plans, never judged.",
)

# What follows from the above.
PRIMARY_RESECTED = _derived("primary_resected", "whether the primary was removed", PRIMARY_STATUS)
PORTAL_HYPERTENSION_SIGNS = _derived(
    "portal_hypertension_signs",
    "signs of portal hypertension",
    PORTAL_HYPERTENSION,
    ASCITES,
    VARICES,
    SPLENOMEGALY,
    PLATELETS,
)
PORTAL_DRAINAGE_BY_MILAN = _derived(
    "portal_drainage_by_milan",
    "whether the primary lies between distal stomach and sigmoid colon",
    PORTAL_DRAINAGE,
    PRIMARY_SITE,
)
GRADE_IS_G1_OR_G2 = _derived("grade_is_g1_or_g2", "grade (G1 or G2)", GRADE, KI67)
GRADES_AGREE = _derived(
    "grades_agree",
    "grade of primary and metastasis apart",
    GRADE,
    KI67,
    PRIMARY_GRADE,
    PRIMARY_KI67,
)
FIT_FOR_SURGERY = _derived("fit_for_surgery", "fitness for an operation", ECOG, FIT)
KI67_FROM_55 = _derived("ki67_from_55", "Ki-67 (55 % or more)", KI67, GRADE)
SURGERY_RULED_OUT = _derived(
    "surgery_ruled_out",
    "whether an operation on the liver is ruled out",
    JUDGED_UNRESECTABLE,
    DECOMPENSATED,
    DIFFERENTIATION,
    KI67,
    EXTRAHEPATIC,
    PERITONEAL,
    PRIMARY_STATUS,
    RIGHT_HEART_FAILURE,
    SEVERE_VALVE_DISEASE,
    COMORBIDITY,
    FIT,
)
TRANSPLANT_SELECTED = _derived(
    "transplant_selected", "a transplant centre's judgement", ON_TRANSPLANT_LIST
)
POOR_FACTORS = Input(
    name="transplant_poor_factors",
    type=int,
    question="which of the registry's poor factors hold",
    source=ValueSource.PERSON,
    implied_by=(PRIMARY_SITE.name, EXENTERATION.name),
)
"""How many of three: duodenum or pancreas, upper abdominal exenteration, hepatomegaly."""
UNRESECTABLE = Input(
    name="unresectable",
    type=bool,
    question="whether the metastases are unresectable",
    source=ValueSource.PERSON,
    implied_by=(JUDGED_UNRESECTABLE.name,),
    rests_on_segments=True,
)
"""By the team's word, else by the plans: whether none clears all of them."""

# Measured in the scan.
BURDEN = _scanned("burden_fraction", float, "share of the liver that is tumour")
LESION_COUNT = _scanned("lesion_count", float, "number of metastases")
LARGEST_LESION = _scanned(
    "largest_lesion_mm", float, "longest axial diameter of the largest metastasis"
)
LIVER_PER_BSA = _scanned("liver_volume_ml_per_m2", float, "volume of the liver by body surface")
BOTH_LOBES = _scanned("both_lobes", bool, "whether both lobes are involved", rests_on_segments=True)
FRILLING = _scanned(
    "frilling_type", FrillingType, "distribution after Frilling", rests_on_segments=True
)
LIMITED_PATTERN = _scanned(
    "pattern_type_i_or_limited", bool, "distribution of the lesions", rests_on_segments=True
)
COMPLEX_PATTERN = _scanned(
    "pattern_type_ii_or_complex", bool, "distribution of the lesions", rests_on_segments=True
)
DIFFUSE_PATTERN = _scanned(
    "pattern_type_iii_or_diffuse", bool, "distribution of the lesions", rests_on_segments=True
)

# Of one lesion.
LESION_DIAMETER = _scanned("lesion_diameter_mm", float, "longest axial diameter of the lesion")
PORTAL_DISTANCE = _scanned("lesion_portal_distance_mm", float, "distance to the portal vein")
NEAR_BILE_DUCT = _scanned(
    "lesion_near_bile_duct",
    bool,
    "whether it lies less than 1 cm from a central bile duct, which no map shows (tell "
    "lesions_near_bile_duct)",
)
AT_HILUM = _scanned(
    "lesion_at_hilum",
    bool,
    "whether it lies at the hilum, which no map shows (tell lesions_at_hilum)",
)
SURFACE_DISTANCE = _scanned("lesion_surface_distance_mm", float, "distance to the liver's surface")
LARGE_VESSEL_DISTANCE = _scanned(
    "lesion_large_vessel_distance_mm", float, "distance to the portal and hepatic veins"
)

# Decided by the plans.
DEBULKABLE = _planned("debulkable_fraction", float, "the share that a feasible plan would debulk")
DEBULKABLE_IN_STAGES = _planned(
    "debulkable_in_stages_fraction",
    float,
    "the share that a feasible plan, in one stage or in stages, would debulk",
)
CLEARANCE = _planned(
    "clearance_feasible", bool, "whether a feasible plan would treat every metastasis"
)
R0 = _planned(
    "r0_feasible", bool, "whether a feasible plan would resect every metastasis with a margin"
)
FLR_BY_CLOYD = _planned(
    "flr_by_cloyd", bool, "whether enough liver would remain after removing more than 90 %"
)
FLR_BY_MACHAIRAS = _planned(
    "flr_by_machairas", bool, "whether enough liver would remain after removing all metastases"
)
CONTIGUOUS_BY_CLOYD = _planned(
    "contiguous_by_cloyd",
    bool,
    "whether contiguous segments would remain after removing more than 90 %",
)
FLR_SHORT = _planned(
    "flr_insufficient_in_one_stage", bool, "whether one stage would leave enough liver"
)
AMENABLE = _planned("amenable_to_resection", bool, "whether one stage, or stages, reach a target")
SMALL_RESECTION = _planned("small_resection_suffices", bool, "extent of the liver resection")
FLR_PROBABILITY = _planned(
    "flr_probability_percent", float, "probability that the remnant is large enough"
)
RESECTION_MARGIN = Input(
    name="resection_margin_mm",
    type=float,
    question="margin of the resection",
    source=ValueSource.PLAN,
    unit="mm",
)

PATIENT_INPUTS = (HEIGHT, WEIGHT, SEX, AGE, BACKGROUND)
"""What is told of the person, in the order in which it is asked."""


def _declared() -> Iterator[Input]:
    yield from (value for value in globals().values() if isinstance(value, Input))


INPUTS: Mapping[str, Input] = MappingProxyType({one.name: one for one in _declared()})
"""Every input by its name, in the order of declaration."""
CLINICAL_INPUTS = tuple(one for one in INPUTS.values() if one.name in CLINICAL_TYPES)
"""What is told of the disease, in the order in which it is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareRange:
    """A share of which both ends are known.

    Parameters
    ----------
    least
        At least so much, in [0, 1].
    most
        At most so much, in [0, 1]; less than this where ``below``.
    reasons
        Why the share itself is not known.
    """

    least: float
    most: float
    below: bool = False
    reasons: tuple[Reason, ...]

    @property
    def ends(self) -> tuple[float, float]:
        """Return the smallest and the largest share that it may be."""
        return self.least, self.most - JUST_BELOW if self.below else self.most


class Doubt(StrEnum):
    """What is known, and not sure: the measurement error alone could make it true or false."""

    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diameter:
    """How large a lesion is, as limits on its size are held against it.

    Parameters
    ----------
    axial_mm
        Longest axial diameter: sources are read as taking sizes so. Present.
    corrected_3d_mm
        Slice-corrected 3-D diameter, at least the axial one. Where a limit lies between the two,
        the verdict is ``UNCERTAIN``.
    """

    axial_mm: Quantity
    corrected_3d_mm: float


Value = Quantity | ShareRange | Diameter | float | bool | StrEnum | None
"""A number, a truth (or its `Doubt`), a word, or ``None`` where it is not known; an absent
`Quantity` says why."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a case, by input; what is not there is unknown.

    ``certainty`` is how sure a limit has to be met or missed, see `Threshold.judge`.
    """

    values: Mapping[Input, Value] = field(default_factory=dict)
    certainty: float = CERTAINTY

    def __getitem__(self, wanted: Input) -> Value:
        return self.values.get(wanted)

    def __contains__(self, wanted: Input) -> bool:
        return wanted in self.values

    def extended(self, values: Mapping[Input, Value]) -> Self:
        """Return these facts with others; where both know an input, the others hold."""
        return replace(self, values={**self.values, **values})

    @classmethod
    def named(cls, values: Mapping[str, Value]) -> Self:
        """Return facts from the names of their inputs.

        Raises
        ------
        KeyError
            There is no input of a name.
        """
        return cls({INPUTS[name]: value for name, value in values.items()})
