"""What sources list as conditions for resecting liver metastases, and what to look for before.

The lists of Cloyd ask for inflow, outflow and biliary drainage of the remnant. No map shows them:
these lists are met only where a person found them intact.
"""

from dataclasses import replace

from planning import inputs
from planning.criteria.conditions import CriteriaList, Remark
from planning.criteria.listing import NO, Listing, at_least, at_most, is_, less, more, one_of
from planning.rules.remnant import PROJECT_SOURCE
from remnant.core.clinical import (
    Differentiation,
    ExtrahepaticDisease,
    Presentation,
    PrimaryStatus,
)
from remnant.core.findings import Basis, SourceStatus

POPULATION = "neuroendocrine liver metastases"
NOWHERE_ELSE = is_(ExtrahepaticDisease.NONE)
LITTLE_ELSEWHERE = one_of(ExtrahepaticDisease.NONE, ExtrahepaticDisease.MINIMAL)
WELL = is_(Differentiation.WELL)

_ENETS = Listing(prefix="resectability.enets2016", population=POPULATION, source="cloyd2020")
_CLOYD = Listing(prefix="resectability.cloyd2020", population=POPULATION, source="cloyd2020")
_MACHAIRAS = Listing(
    prefix="resectability.machairas2021", population=POPULATION, source="machairas2021"
)
_MACHAIRAS_READ = replace(_MACHAIRAS, status=SourceStatus.PROJECT)
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
        _ENETS.condition(
            "r0", "R0 resection is feasible.", of=inputs.R0, obstacle="no R0 resection by the plans"
        ),
        _ENETS.condition(
            "grade", "G1 or G2.", of=inputs.GRADE_IS_G1_OR_G2, obstacle="G3 or carcinoma"
        ),
        _ENETS.condition(
            "morbidity",
            "Acceptable morbidity: about 30 % (read as at most).",
            of=inputs.EXPECTED_MORBIDITY,
            test=at_most(30.0),
            obstacle="expected morbidity above 30 %",
        ),
        _ENETS.condition(
            "mortality",
            "Mortality below 5 %.",
            of=inputs.EXPECTED_MORTALITY,
            test=less(5.0),
            obstacle="expected mortality of 5 % or more",
        ),
        _ENETS.condition(
            "heart",
            "No right heart failure.",
            of=inputs.RIGHT_HEART_FAILURE,
            test=NO,
            obstacle="right heart failure",
        ),
        _ENETS.condition(
            "extrahepatic",
            "No disease outside the liver.",
            of=inputs.EXTRAHEPATIC,
            test=NOWHERE_ELSE,
            obstacle="disease outside the liver",
        ),
        _ENETS.condition(
            "peritoneum",
            "No peritoneal carcinomatosis.",
            of=inputs.PERITONEAL,
            test=NO,
            obstacle="peritoneal carcinomatosis",
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
                _CLOYD.condition(
                    "share_complete",
                    "A plan in one operation treats every metastasis.",
                    of=inputs.CLEARANCE,
                ),
            ),
            (
                _CLOYD.condition(
                    "share_90",
                    "A plan in one operation debulks more than 90 %.",
                    of=inputs.DEBULKABLE,
                    test=more(0.90),
                    basis=Basis.TUMOUR_VOLUME,
                ),
            ),
            obstacle="no plan debulks more than 90 %",
        ),
        _CLOYD.condition(
            "share_70",
            "Its conclusion: surgery may be right when only more than 70 % can be debulked.",
            of=inputs.DEBULKABLE,
            test=more(0.70),
            basis=Basis.TUMOUR_VOLUME,
            needed=False,
            obstacle="no plan debulks more than 70 %",
        ),
        _CLOYD.condition(
            "flr",
            "At least 20 % of the standardised volume would remain.",
            of=inputs.FLR_BY_CLOYD,
            obstacle="too little liver would remain: below 20 % of the standardised volume",
        ),
        _CLOYD.condition(
            "contiguous",
            "At least two contiguous segments remain.",
            of=inputs.CONTIGUOUS_BY_CLOYD,
            obstacle="fewer than two contiguous segments would remain",
        ),
        _CLOYD.condition(
            "vessels",
            "The remnant keeps arterial and portal inflow and venous outflow.",
            of=inputs.REMNANT_VESSELS,
            obstacle="inflow or outflow of the remnant would be lost",
        ),
        _CLOYD.condition(
            "bile",
            "The remnant keeps its biliary drainage.",
            of=inputs.REMNANT_BILE,
            obstacle="biliary drainage of the remnant would be lost",
        ),
        _CLOYD.condition(
            "extrahepatic_abstract",
            "Its abstract: no disease outside the liver.",
            of=inputs.EXTRAHEPATIC,
            test=NOWHERE_ELSE,
            needed=False,
            obstacle="disease outside the liver",
        ),
        _CLOYD.condition(
            "extrahepatic_text",
            "Its text: minimal or no disease outside the liver. This wording decides here.",
            of=inputs.EXTRAHEPATIC,
            test=LITTLE_ELSEWHERE,
            obstacle="significant disease outside the liver",
        ),
        _CLOYD.condition(
            "extrahepatic_conclusion",
            "Its conclusion: low-volume indolent disease outside the liver may be accepted.",
            of=inputs.EXTRAHEPATIC,
            test=LITTLE_ELSEWHERE,
            needed=False,
            obstacle="significant disease outside the liver",
        ),
        _CLOYD.condition(
            "primary",
            "The primary is resectable, or was removed.",
            of=inputs.PRIMARY_STATUS,
            test=one_of(PrimaryStatus.RESECTED, PrimaryStatus.RESECTABLE),
            obstacle="an unresectable primary",
        ),
        _CLOYD.condition(
            "differentiation",
            "Well differentiated.",
            of=inputs.DIFFERENTIATION,
            test=WELL,
            obstacle="less than well differentiated",
        ),
        _CLOYD.condition(
            "grade",
            "Low or intermediate grade (read as G1 or G2).",
            of=inputs.GRADE_IS_G1_OR_G2,
            obstacle="G3 or carcinoma",
        ),
        _CLOYD.condition(
            "ki67",
            "Limited evidence: acceptable outcomes also in high grade, particularly with a Ki-67 "
            "below 55 %.",
            of=inputs.KI67,
            test=less(55.0),
            needed=False,
        ),
        _CLOYD.condition(
            "synchronous",
            "Not synchronous. Its text names synchronous disease among the prognostic factors "
            "after resection.",
            of=inputs.PRESENTATION,
            test=is_(Presentation.METACHRONOUS),
            needed=False,
        ),
        _CLOYD.condition(
            "non_functional",
            "Functional. Its text names non-functional disease among the same factors.",
            of=inputs.FUNCTIONAL,
            needed=False,
        ),
        _CLOYD.condition(
            "fit",
            "Fit for a major hepatectomy.",
            of=inputs.FIT,
            obstacle="unfitness for a major hepatectomy",
        ),
        _CLOYD.condition(
            "comorbidity",
            "No comorbidity that is prohibitive, or borderline and not to be optimised; with it, "
            "other liver-directed therapy comes first.",
            of=inputs.COMORBIDITY,
            test=NO,
            obstacle="prohibitive comorbidity: other liver-directed therapy comes first",
        ),
    ),
)
MACHAIRAS_LIST = CriteriaList(
    id="resectability.machairas2021",
    title="Machairas 2021, with curative intent",
    source="machairas2021",
    conditions=(
        _MACHAIRAS.condition(
            "differentiation",
            "Well differentiated.",
            of=inputs.DIFFERENTIATION,
            test=WELL,
            obstacle="less than well differentiated",
        ),
        _MACHAIRAS.condition(
            "r0",
            "Resectable: R0 is feasible.",
            of=inputs.R0,
            obstacle="no R0 resection by the plans",
        ),
        _MACHAIRAS.condition(
            "flr",
            "At least 30 % of the liver would remain; of which volume is not said.",
            of=inputs.FLR_BY_MACHAIRAS,
            obstacle="less than 30 % of the liver would remain",
        ),
        _MACHAIRAS.condition(
            "frailty",
            "Not too frail for surgery. Read here as fit for a major hepatectomy.",
            of=inputs.FIT,
            obstacle="frailty, read as unfitness for a major hepatectomy",
        ),
        _MACHAIRAS.condition(
            "comorbidity",
            "No comorbidity or frailty that makes surgery unsafe.",
            of=inputs.COMORBIDITY,
            test=NO,
            obstacle="comorbidity or frailty that makes surgery unsafe",
        ),
        # The pattern of the lesions.
        _MACHAIRAS_READ.condition(
            "extensive",
            "Not for extensive disease; no number is printed. Read here as Frilling type III or "
            "the diffuse pattern, for which its figure has no resection arm.",
            of=inputs.DIFFUSE_PATTERN,
            test=NO,
            obstacle="extensive disease, read as type III or the diffuse pattern",
        ),
    ),
)
BEFORE_SURGERY = CriteriaList(
    id="resectability.gepnetlm_review",
    title="To look for before liver surgery (GEP-NET review)",
    source="gepnetlm_review",
    conditions=(
        _BEFORE.condition(
            "valve",
            "No severe valve disease: it is repaired before liver surgery.",
            of=inputs.SEVERE_VALVE_DISEASE,
            test=NO,
            obstacle="severe valve disease: it is repaired before liver surgery",
        ),
        _BEFORE.condition(
            "hormones",
            "No uncontrolled hormone excess: it is treated first.",
            of=inputs.REFRACTORY,
            test=NO,
            obstacle="uncontrolled hormone excess: it is treated first",
        ),
        _BEFORE.condition(
            "portal_hypertension",
            "No portal hypertension: it raises the risk.",
            of=inputs.PORTAL_HYPERTENSION,
            test=NO,
            obstacle="portal hypertension: it raises the risk",
        ),
        _BEFORE.condition("ascites", "No ascites.", of=inputs.ASCITES, test=NO, obstacle="ascites"),
        _BEFORE.condition("varices", "No varices.", of=inputs.VARICES, test=NO, obstacle="varices"),
        _BEFORE.condition(
            "splenomegaly",
            "No splenomegaly.",
            of=inputs.SPLENOMEGALY,
            test=NO,
            obstacle="splenomegaly",
        ),
        _BEFORE.condition(
            "platelets",
            "Platelets not below 100 per nL.",
            of=inputs.PLATELETS,
            test=at_least(100.0),
            obstacle="platelets below 100 per nL",
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
        _R0.condition(
            "plan",
            "A feasible plan resects every metastasis with a margin and ablates none.",
            of=inputs.R0,
            obstacle="no feasible plan resects every metastasis",
        ),
        _R0_MARGIN.condition(
            "margin",
            "The planned margin is at least 1 mm (recalled definition of R0).",
            of=inputs.RESECTION_MARGIN,
            test=at_least(1.0),
            needed=False,
        ),
    ),
)
RESECTABILITY_LISTS = (ENETS_2016, CLOYD_LIST, MACHAIRAS_LIST, BEFORE_SURGERY, R0_FEASIBLE)
RESECTABILITY_REMARKS = {
    MACHAIRAS_LIST.id: (
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
