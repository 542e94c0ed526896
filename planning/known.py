"""All that is known of a case, by the names under which conditions ask for it.

Facts that others imply are filled in; facts that contradict each other are refused. What is filled
in beyond what the sources print is this project's reading and said below.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

from planning.contradictions import require_consistent
from planning.coverage import scan_cuts_liver
from planning.criteria import Known
from planning.frilling import lobes_involved
from planning.known_plans import CUT_SCAN, Evidence, plan_facts
from planning.locks import chosen_limits
from remnant.core.clinical import (
    ClinicalFacts,
    Differentiation,
    ExtrahepaticDisease,
    Grade,
    PrimarySite,
    PrimaryStatus,
)
from remnant.core.debulking import DebulkingPlan, TargetOutcome
from remnant.core.patient import LiverBackground, Patient
from remnant.core.plan import Frilling, FrillingType
from remnant.core.plan_choice import PlanChoice
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import reasons_of
from remnant.core.volumetry_report import VolumetryReport

G1_KI67_PERCENT = 2.0
G2_KI67_PERCENT = 20.0
"""Highest Ki-67 of G1 and G2 (``machairas2021``). It prints G2 from 3 on: above 2 is read as G2."""
FEW_PLATELETS_PER_NL = 100.0
"""Below this, platelets are a sign of portal hypertension (``gepnetlm_review``)."""
LOBES_BOTH = 2
NOT_SEARCHED = "no lesion map was given"

PORTAL_DRAINAGE: Mapping[PrimarySite, bool] = {
    PrimarySite.PANCREAS: True,
    PrimarySite.SMALL_BOWEL: True,
    PrimarySite.STOMACH: True,
    PrimarySite.DUODENUM: True,
    PrimarySite.APPENDIX: True,
    PrimarySite.COLON: True,
    PrimarySite.LUNG: False,
}
"""Whether a primary drains into the portal vein, by anatomy: this project's reading. The rectum
drains both ways and is left out."""

INPUTS: Mapping[str, str] = {
    # Said by the user.
    "ki67_percent": "Ki-67",
    "differentiation": "differentiation",
    "grade": "grade",
    "primary_site": "site of the primary",
    "primary_status": "what became of the primary",
    "primary_resected_months": "when the primary was removed",
    "portal_drainage": "whether the primary drains into the portal vein",
    "extrahepatic_disease": "disease outside the liver",
    "peritoneal_carcinomatosis": "peritoneal carcinomatosis",
    "optimised_staging": "whether optimised staging looked for disease elsewhere",
    "histology_confirmed": "whether histology confirmed the disease",
    "functional": "hormone excess",
    "symptoms_refractory": "whether hormonal symptoms resist treatment",
    "symptoms_from_burden": "symptoms from the mass of tumour",
    "stable_months": "how long the disease has been stable",
    "ecog": "ECOG performance status",
    "fit_for_major_hepatectomy": "fitness for a major hepatectomy",
    "comorbidity_prohibitive": "whether comorbidity is prohibitive",
    "expected_morbidity_percent": "expected morbidity of the operation",
    "expected_mortality_percent": "expected mortality of the operation",
    "right_heart_failure": "right heart failure",
    "severe_valve_disease": "severe valve disease (echocardiography)",
    "portal_hypertension": "portal hypertension",
    "platelets_per_nl": "platelets",
    "ascites": "ascites",
    "varices": "varices",
    "splenomegaly": "splenomegaly",
    "portal_vein_thrombosis": "portal vein thrombosis",
    "hepatic_insufficiency": "hepatic insufficiency",
    "bilioenteric_anastomosis": "bilio-enteric anastomosis",
    "pancreatoduodenectomy": "earlier pancreatoduodenectomy",
    "low_bilirubin": "whether total bilirubin is low",
    "sstr_positive": "somatostatin receptor status",
    "adequate_kidneys_and_marrow": "kidney and marrow function",
    "chemotherapy_weeks": "how long chemotherapy lasted",
    "judged_unresectable": "whether the team judged the metastases unresectable",
    "on_transplant_list": "whether a transplant centre listed the person",
    "recurrence": "whether this is a recurrence after liver resection",
    "doubling_days": "volume doubling time of the tumour",
    # Of the person.
    "age_years": "age",
    "background": "kind of liver",
    # Followed from the above.
    "primary_resected": "whether the primary was removed",
    "portal_hypertension_signs": "signs of portal hypertension",
    # Measured.
    "burden_fraction": "share of the liver that is tumour",
    "lesion_count": "number of metastases",
    "both_lobes": "whether both lobes are involved",
    "frilling_type": "distribution after Frilling",
    # From the plans.
    "debulkable_fraction": "the share that a feasible plan would debulk",
    "clearance_feasible": "whether a feasible plan would treat every metastasis",
    "r0_feasible": "whether a feasible plan would resect every metastasis with a margin",
    "flr_by_cloyd": "whether enough liver would remain after removing more than 90 %",
    "flr_by_machairas": "whether enough liver would remain after removing all metastases",
    "contiguous_by_cloyd": "whether contiguous segments would remain after removing more than 90 %",
    "resection_margin_mm": "margin of the resection",
    "chosen_limits": "limits that were chosen",
    "remnant_vessels": "inflow and outflow of the remnant (no vessels are labelled)",
    "remnant_bile": "biliary drainage of the remnant (no map shows it)",
}
"""Every name that `known_facts` gives, and what it is called when it is missing."""


def known_facts(
    report: VolumetryReport,
    *,
    patient: Patient,
    facts: ClinicalFacts,
    frilling: Frilling | None = None,
    plans: Sequence[DebulkingPlan] = (),
    targets: Sequence[TargetOutcome] = (),
    choice: PlanChoice | None = None,
) -> Known:
    """Gather what is known of a case.

    Parameters
    ----------
    report
        Burden and lesions.
    patient
        Age and kind of liver.
    facts
        What the user said; ``None`` stays unknown unless another fact implies it.
    frilling
        Distribution; unclassifiable, absent or that of a cut liver is unknown.
    plans, targets
        What can be removed; without them it is unknown.
    choice
        Margin and limits that the plans were made with. Where it tightens a limit, what is out of
        reach of the plans is unknown.

    Returns
    -------
    Known
        One value for every key of :data:`INPUTS`, ``None`` where it is unknown.

    Raises
    ------
    InputError
        Two facts contradict each other.
    """
    require_consistent(facts)
    limits = chosen_limits(choice)
    margin_mm = None if choice is None else choice.resection_margin_mm
    cut = scan_cuts_liver(report)
    evidence = Evidence(plans=plans, targets=targets, limits=limits, cut=cut, margin_mm=margin_mm)
    said = with_implied(facts)
    known = {item.name: getattr(said, item.name) for item in fields(said)}
    background = None if patient.background is LiverBackground.UNKNOWN else patient.background
    return {
        **known,
        "age_years": patient.age_years,
        "background": background,
        "primary_resected": _primary_resected(said),
        "portal_hypertension_signs": _portal_hypertension_signs(said),
        "burden_fraction": report.burden_fraction,
        "lesion_count": _lesion_count(report),
        "both_lobes": _both_lobes(report),
        "frilling_type": _frilling_type(frilling, cut=cut),
        **plan_facts(evidence),
        "resection_margin_mm": margin_mm,
        "chosen_limits": limits or None,
        "remnant_vessels": None,
        "remnant_bile": None,
    }


def with_implied(facts: ClinicalFacts) -> ClinicalFacts:
    """Fill in what other facts imply.

    Grade from Ki-67 and differentiation, and differentiation from a grade that was given; a removed
    primary from its date; hormone excess from refractory hormonal symptoms; no peritoneal
    carcinomatosis where there is nothing outside the liver, and disease outside the liver (read as
    significant) where there is peritoneal carcinomatosis; portal drainage from the primary's site.
    """
    status, months = facts.primary_status, facts.primary_resected_months
    drainage = facts.portal_drainage
    if drainage is None and facts.primary_site is not None:
        drainage = PORTAL_DRAINAGE.get(facts.primary_site)
    return replace(
        facts,
        grade=grade_of(facts),
        differentiation=_differentiation(facts),
        primary_status=PrimaryStatus.RESECTED if status is None and months is not None else status,
        functional=True if facts.symptoms_refractory else facts.functional,
        extrahepatic_disease=_extrahepatic(facts),
        peritoneal_carcinomatosis=_peritoneal(facts),
        portal_drainage=drainage,
    )


def grade_of(facts: ClinicalFacts) -> Grade | None:
    """Return the grade that was given, else that of Ki-67 and differentiation.

    Poorly differentiated is NEC whatever the Ki-67. Up to 2 % is G1, up to 20 % is G2 (also
    without a word on differentiation, as ``machairas2021`` prints it), more is G3 when well
    differentiated, and unknown without that word.
    """
    if facts.grade is not None:
        return facts.grade
    if facts.differentiation is Differentiation.POOR:
        return Grade.NEC
    ki67 = facts.ki67_percent
    if ki67 is None:
        return None
    if ki67 <= G2_KI67_PERCENT:
        return Grade.G1 if ki67 <= G1_KI67_PERCENT else Grade.G2
    return None if facts.differentiation is None else Grade.G3


def _differentiation(facts: ClinicalFacts) -> Differentiation | None:
    if facts.differentiation is not None or facts.grade is None:
        return facts.differentiation
    return Differentiation.POOR if facts.grade is Grade.NEC else Differentiation.WELL


def _extrahepatic(facts: ClinicalFacts) -> ExtrahepaticDisease | None:
    if facts.extrahepatic_disease is None and facts.peritoneal_carcinomatosis:
        return ExtrahepaticDisease.SIGNIFICANT
    return facts.extrahepatic_disease


def _peritoneal(facts: ClinicalFacts) -> bool | None:
    nothing = facts.extrahepatic_disease is ExtrahepaticDisease.NONE
    return False if nothing else facts.peritoneal_carcinomatosis


def _primary_resected(facts: ClinicalFacts) -> bool | None:
    status = facts.primary_status
    return None if status is None else status is PrimaryStatus.RESECTED


def _portal_hypertension_signs(facts: ClinicalFacts) -> bool | None:
    platelets = facts.platelets_per_nl
    signs = (
        facts.portal_hypertension,
        facts.ascites,
        facts.varices,
        facts.splenomegaly,
        None if platelets is None else platelets < FEW_PLATELETS_PER_NL,
    )
    if any(signs):
        return True
    return None if None in signs else False


def _lesion_count(report: VolumetryReport) -> Quantity:
    number = float(sum(lesion.counts for lesion in report.lesions))
    if report.tumour_ml.value is None:
        return Quantity.absent(report.tumour_ml.reason or NOT_SEARCHED)
    if scan_cuts_liver(report):
        return Quantity(number, bound=Bound.LOWER, reasons=reasons_of(CUT_SCAN))
    return Quantity(number)


def _both_lobes(report: VolumetryReport) -> bool | None:
    """Both where lesions involve each; not known without lesions' segments or beyond the scan."""
    lesions = tuple(lesion for lesion in report.lesions if lesion.counts)
    if report.tumour_ml.value is None:
        return None
    if len(lobes_involved(lesions)) == LOBES_BOTH:
        return True
    placed = all(lesion.segment_fractions is not None for lesion in lesions)
    return False if placed and not scan_cuts_liver(report) else None


def _frilling_type(frilling: Frilling | None, *, cut: bool) -> FrillingType | None:
    if frilling is None or cut or frilling.type is FrillingType.UNCLASSIFIABLE:
        return None
    return frilling.type
