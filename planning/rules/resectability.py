"""What sources list as conditions for resecting liver metastases, and what to look for before.

The lists of Cloyd ask for inflow, outflow and biliary drainage of the remnant. No map shows them,
so that these lists are never met here, at best undecided.
"""

from planning.criteria import CriteriaList
from planning.listing import NO, Listing, at_least, at_most, is_, less, more, one_of
from planning.rules.remnant import PROJECT_SOURCE
from planning.rules.staging import Remark
from remnant.core.clinical import Differentiation, ExtrahepaticDisease, Grade, PrimaryStatus
from remnant.core.findings import Basis, SourceStatus

POPULATION = "neuroendocrine liver metastases"
LOW_GRADE = one_of(Grade.G1, Grade.G2)
NOWHERE_ELSE = is_(ExtrahepaticDisease.NONE)
LITTLE_ELSEWHERE = one_of(ExtrahepaticDisease.NONE, ExtrahepaticDisease.MINIMAL)
WELL = is_(Differentiation.WELL)

_ENETS = Listing(prefix="resectability.enets2016", population=POPULATION, source="cloyd2020")
_CLOYD = Listing(prefix="resectability.cloyd2020", population=POPULATION, source="cloyd2020")
_MACHAIRAS = Listing(
    prefix="resectability.machairas2021", population=POPULATION, source="machairas2021"
)
_BEFORE = Listing(
    prefix="resectability.gepnetlm_review", population=POPULATION, source="gepnetlm_review"
)
_R0 = Listing(
    prefix="resectability.r0",
    population="every resection",
    source=PROJECT_SOURCE,
    status=SourceStatus.PROJECT,
)
_R0_MARGIN = Listing(
    prefix="resectability.r0",
    population="every resection",
    source=PROJECT_SOURCE,
    status=SourceStatus.UNVERIFIED,
)

ENETS_2016 = CriteriaList(
    id="resectability.enets2016",
    title="ENETS 2016, as Cloyd 2020 prints it",
    source="cloyd2020",
    conditions=(
        _ENETS.asks("r0", "R0 resection is feasible.", of="r0_feasible"),
        _ENETS.asks("grade", "G1 or G2.", of="grade", test=LOW_GRADE),
        _ENETS.asks(
            "morbidity",
            "Acceptable morbidity: about 30 % (read as at most).",
            of="expected_morbidity_percent",
            test=at_most(30.0),
        ),
        _ENETS.asks(
            "mortality",
            "Mortality below 5 %.",
            of="expected_mortality_percent",
            test=less(5.0),
        ),
        _ENETS.asks("heart", "No right heart failure.", of="right_heart_failure", test=NO),
        _ENETS.asks(
            "extrahepatic",
            "No disease outside the liver.",
            of="extrahepatic_disease",
            test=NOWHERE_ELSE,
        ),
        _ENETS.asks(
            "peritoneum",
            "No peritoneal carcinomatosis.",
            of="peritoneal_carcinomatosis",
            test=NO,
        ),
    ),
)
CLOYD_LIST = CriteriaList(
    id="resectability.cloyd2020",
    title="Cloyd 2020",
    source="cloyd2020",
    conditions=(
        _CLOYD.either(
            "share",
            "Complete resection, or more than 90 %, is feasible.",
            (
                _CLOYD.asks(
                    "share_complete",
                    "A plan in one operation treats every metastasis.",
                    of="clearance_feasible",
                ),
            ),
            (
                _CLOYD.asks(
                    "share_90",
                    "A plan in one operation debulks more than 90 %.",
                    of="debulkable_fraction",
                    test=more(0.90),
                    basis=Basis.TUMOUR_VOLUME,
                ),
            ),
        ),
        _CLOYD.asks(
            "share_70",
            "Its conclusion: surgery may be right when only more than 70 % can be debulked.",
            of="debulkable_fraction",
            test=more(0.70),
            basis=Basis.TUMOUR_VOLUME,
            needed=False,
        ),
        _CLOYD.asks(
            "flr", "At least 20 % of the standardised volume would remain.", of="flr_by_cloyd"
        ),
        _CLOYD.asks(
            "contiguous", "At least two contiguous segments remain.", of="contiguous_by_cloyd"
        ),
        _CLOYD.asks(
            "vessels",
            "The remnant keeps arterial and portal inflow and venous outflow.",
            of="remnant_vessels",
        ),
        _CLOYD.asks("bile", "The remnant keeps its biliary drainage.", of="remnant_bile"),
        _CLOYD.asks(
            "extrahepatic_abstract",
            "Its abstract: no disease outside the liver.",
            of="extrahepatic_disease",
            test=NOWHERE_ELSE,
            needed=False,
        ),
        _CLOYD.asks(
            "extrahepatic_text",
            "Its text: minimal or no disease outside the liver. This wording decides here.",
            of="extrahepatic_disease",
            test=LITTLE_ELSEWHERE,
        ),
        _CLOYD.asks(
            "extrahepatic_conclusion",
            "Its conclusion: low-volume indolent disease outside the liver may be accepted.",
            of="extrahepatic_disease",
            test=LITTLE_ELSEWHERE,
            needed=False,
        ),
        _CLOYD.asks(
            "primary",
            "The primary is resectable, or was removed.",
            of="primary_status",
            test=one_of(PrimaryStatus.RESECTED, PrimaryStatus.RESECTABLE),
        ),
        _CLOYD.asks("differentiation", "Well differentiated.", of="differentiation", test=WELL),
        _CLOYD.asks(
            "grade", "Low or intermediate grade (read as G1 or G2).", of="grade", test=LOW_GRADE
        ),
        _CLOYD.asks(
            "ki67",
            "Limited evidence: acceptable outcomes also in high grade, particularly with a Ki-67 "
            "below 55 %.",
            of="ki67_percent",
            test=less(55.0),
            needed=False,
        ),
        _CLOYD.asks("fit", "Fit for a major hepatectomy.", of="fit_for_major_hepatectomy"),
        _CLOYD.asks(
            "comorbidity",
            "No comorbidity that is prohibitive, or borderline and not to be optimised; with it, "
            "other liver-directed therapy comes first.",
            of="comorbidity_prohibitive",
            test=NO,
        ),
    ),
)
MACHAIRAS_LIST = CriteriaList(
    id="resectability.machairas2021",
    title="Machairas 2021, with curative intent",
    source="machairas2021",
    conditions=(
        _MACHAIRAS.asks("differentiation", "Well differentiated.", of="differentiation", test=WELL),
        _MACHAIRAS.asks("r0", "Resectable: R0 is feasible.", of="r0_feasible"),
        _MACHAIRAS.asks(
            "flr",
            "At least 30 % of the liver would remain; of which volume is not said.",
            of="flr_by_machairas",
        ),
        _MACHAIRAS.asks(
            "comorbidity",
            "No comorbidity or frailty that makes surgery unsafe.",
            of="comorbidity_prohibitive",
            test=NO,
        ),
    ),
)
BEFORE_SURGERY = CriteriaList(
    id="resectability.gepnetlm_review",
    title="To look for before liver surgery (GEP-NET review)",
    source="gepnetlm_review",
    conditions=(
        _BEFORE.asks(
            "valve",
            "No severe valve disease: it is repaired before liver surgery.",
            of="severe_valve_disease",
            test=NO,
        ),
        _BEFORE.asks(
            "hormones",
            "No uncontrolled hormone excess: it is treated first.",
            of="symptoms_refractory",
            test=NO,
        ),
        _BEFORE.asks(
            "portal_hypertension",
            "No portal hypertension: it raises the risk.",
            of="portal_hypertension",
            test=NO,
        ),
        _BEFORE.asks("ascites", "No ascites.", of="ascites", test=NO),
        _BEFORE.asks("varices", "No varices.", of="varices", test=NO),
        _BEFORE.asks("splenomegaly", "No splenomegaly.", of="splenomegaly", test=NO),
        _BEFORE.asks(
            "platelets",
            "Platelets not below 100 per nL.",
            of="platelets_per_nl",
            test=at_least(100.0),
        ),
    ),
    remark="Collaterals and the liver's shape are signs of portal hypertension too; they were not "
    "asked.",
)
R0_FEASIBLE = CriteriaList(
    id="resectability.r0",
    title="R0 resection",
    source=PROJECT_SOURCE,
    conditions=(
        _R0.asks(
            "plan",
            "A feasible plan resects every metastasis with a margin and ablates none.",
            of="r0_feasible",
        ),
        _R0_MARGIN.asks(
            "margin",
            "The planned margin is at least 1 mm (recalled definition of R0).",
            of="resection_margin_mm",
            test=at_least(1.0),
            needed=False,
        ),
    ),
)
RESECTABILITY_LISTS = (ENETS_2016, CLOYD_LIST, MACHAIRAS_LIST, BEFORE_SURGERY, R0_FEASIBLE)
RESECTABILITY_REMARKS = {
    MACHAIRAS_LIST.id: (
        Remark(
            id="resectability.machairas2021.extensive",
            statement="Not for extensive disease either; no number is printed (Machairas 2021).",
            population=POPULATION,
            source="machairas2021",
        ),
        Remark(
            id="resectability.machairas2021.share_of_patients",
            statement="R0 is feasible in 10 to 25 % of all patients (Machairas 2021).",
            population=POPULATION,
            source="machairas2021",
        ),
        Remark(
            id="resectability.gepnetlm_review.share_of_patients",
            statement="Under 10 % of patients are candidates for resection (GEP-NET review): the "
            "reviews differ.",
            population=POPULATION,
            source="gepnetlm_review",
        ),
    ),
    BEFORE_SURGERY.id: (
        Remark(
            id="resectability.gepnetlm_review.laparoscopy",
            statement="GEP-NET review: laparoscopy, with or without biopsy, where imaging suggests "
            "severe liver disease.",
            population="GEP-NET liver metastases",
            source="gepnetlm_review",
        ),
        Remark(
            id="resectability.gepnetlm_review.steatosis",
            statement="GEP-NET review: steatosis can come from somatostatin analogues and perhaps "
            "from streptozocin.",
            population="GEP-NET liver metastases",
            source="gepnetlm_review",
        ),
        Remark(
            id="resectability.gepnetlm_review.remains",
            statement="GEP-NET review: the disease-free liver that remains decides, not what is "
            "removed.",
            population="GEP-NET liver metastases",
            source="gepnetlm_review",
        ),
    ),
    R0_FEASIBLE.id: (
        Remark(
            id="resectability.cloyd2020.r1",
            statement="R1 is in most, not all, studies not associated with a worse outcome "
            "(Cloyd 2020).",
            population=POPULATION,
            source="cloyd2020",
        ),
    ),
}
"""Statements that stand beside a list and decide nothing."""
