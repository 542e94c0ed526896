"""Conditions of treatments: what sources ask for, and the absence of of contraindications.

A condition on a fact that nobody stated leaves the treatment undecided.
"""

from dataclasses import replace
from functools import partial

from planning import inputs
from planning.criteria.conditions import AnyOf, Condition, Criterion
from planning.rules.populations import NELM
from planning.rules.remnant import PROJECT_SOURCE
from remnant.core.clinical import Differentiation, PrimarySite, PrimaryStatus
from remnant.core.findings import Basis, Comparison, SourceStatus

GEP_AND_LUNG = tuple(site for site in PrimarySite if site is not PrimarySite.OTHER)


_is = partial(Criterion, population=NELM)

NO_PORTAL_THROMBOSIS = _is(
    id="pathway.portal_vein_thrombosis",
    statement="No portal vein thrombosis.",
    input=inputs.PORTAL_THROMBOSIS,
    limit=False,
    source="machairas2021",
    obstacle="portal vein thrombosis",
)
NO_HEPATIC_INSUFFICIENCY = _is(
    id="pathway.hepatic_insufficiency",
    statement="No hepatic insufficiency.",
    input=inputs.HEPATIC_INSUFFICIENCY,
    limit=False,
    source="machairas2021",
    obstacle="hepatic insufficiency",
)
NO_BILIOENTERIC_ANASTOMOSIS = _is(
    id="pathway.bilioenteric_anastomosis",
    statement="No bilio-enteric anastomosis.",
    input=inputs.BILIOENTERIC_ANASTOMOSIS,
    limit=False,
    source="machairas2021",
    obstacle="bilio-enteric anastomosis",
)
EMBOLISABLE: tuple[Condition, ...] = (
    NO_PORTAL_THROMBOSIS,
    NO_HEPATIC_INSUFFICIENCY,
    NO_BILIOENTERIC_ANASTOMOSIS,
)
INTRA_ARTERIAL_CAUTIONS: tuple[Condition, ...] = tuple(
    replace(
        condition,
        id=f"{condition.id}.caution",
        statement=f"No TAE or TACE with {words} (Machairas 2021).",
        obstacle=f"{words}: no TAE or TACE with it (Machairas 2021)",
        needed=False,
    )
    for condition, words in (
        (NO_PORTAL_THROMBOSIS, "portal vein thrombosis"),
        (NO_HEPATIC_INSUFFICIENCY, "hepatic insufficiency"),
        (NO_BILIOENTERIC_ANASTOMOSIS, "a bilio-enteric anastomosis"),
    )
)
"""What rules out TAE and TACE, beside other ways through the artery: failing, it warns."""
UNRESECTABLE = _is(
    id="pathway.unresectable",
    statement="Unresectable: by the team's word, else no plan clears all with enough liver.",
    input=inputs.UNRESECTABLE,
    limit=True,
    source="machairas2021",
    status=SourceStatus.PROJECT,
    obstacle="the disease is resectable",
)
NOT_FOR_RESECTION = AnyOf(
    id="pathway.not_for_resection",
    statement="Metastases are unresectable, or something rules resection out.",
    branches=(
        (UNRESECTABLE,),
        (
            _is(
                id="pathway.surgery_ruled_out",
                statement="An operation on the liver is ruled out.",
                input=inputs.SURGERY_RULED_OUT,
                limit=True,
                source="machairas2021",
                status=SourceStatus.PROJECT,
            ),
        ),
        (
            _is(
                id="pathway.prohibitive_comorbidity",
                statement="Prohibitive comorbidity.",
                input=inputs.COMORBIDITY,
                limit=True,
                source="machairas2021",
            ),
        ),
    ),
    population=NELM,
    source="machairas2021",
    obstacle="resectable disease without prohibitive comorbidity",
)
MULTIPLE = _is(
    id="pathway.multiple",
    statement="Multiple metastases, read here as two or more.",
    input=inputs.LESION_COUNT,
    comparison=Comparison.AT_LEAST,
    limit=2.0,
    source="machairas2021",
    status=SourceStatus.PROJECT,
    needed=False,
    obstacle="a single metastasis: the source speaks of multiple",
)
BELOW_5_CM = _is(
    id="pathway.ablation.size",
    statement="The largest lesion is below 5 cm; above, only stereotactically with overlapping "
    "zones.",
    input=inputs.LARGEST_LESION,
    comparison=Comparison.LESS,
    limit=50.0,
    source="machairas2021",
    obstacle="the largest lesion is 5 cm or more: only stereotactically with overlapping zones",
)
BELOW_35_MM = _is(
    id="pathway.percutaneous_ablation.size",
    statement="The largest lesion is below 3.5 cm.",
    input=inputs.LARGEST_LESION,
    comparison=Comparison.LESS,
    limit=35.0,
    source="cloyd2020",
    obstacle="the largest lesion is 3.5 cm or more",
)
ONE_TO_THREE = _is(
    id="pathway.percutaneous_ablation.number",
    statement="One to three tumours.",
    input=inputs.LESION_COUNT,
    comparison=Comparison.AT_MOST,
    limit=3.0,
    source="cloyd2020",
    obstacle="more than three tumours",
)
OPEN_PORTAL_VEIN = _is(
    id="pathway.open_portal_vein",
    statement="No portal vein thrombosis: closing one branch needs the other open (this "
    "project's reading).",
    input=inputs.PORTAL_THROMBOSIS,
    limit=False,
    source=PROJECT_SOURCE,
    status=SourceStatus.PROJECT,
    obstacle="portal vein thrombosis: closing one branch needs the other open",
)
NO_WHIPPLE = _is(
    id="pathway.whipple",
    statement="No earlier Whipple procedure.",
    input=inputs.PANCREATODUODENECTOMY,
    limit=False,
    source="machairas2021",
    obstacle="an earlier Whipple procedure",
)
PANCREAS = _is(
    id="pathway.pancreas",
    statement="Primary in the pancreas.",
    input=inputs.PRIMARY_SITE,
    limit=PrimarySite.PANCREAS,
    source="machairas2021",
    obstacle="primary elsewhere than in the pancreas",
)
SMALL_BOWEL = _is(
    id="pathway.small_intestine",
    statement="Primary in the small intestine.",
    input=inputs.PRIMARY_SITE,
    limit=PrimarySite.SMALL_BOWEL,
    source="machairas2021",
    obstacle="primary elsewhere than in the small intestine",
)
PANCREAS_OR_SMALL_BOWEL = _is(
    id="pathway.pancreas_or_small_intestine",
    statement="Primary in the pancreas or small intestine.",
    input=inputs.PRIMARY_SITE,
    limit=(PrimarySite.PANCREAS, PrimarySite.SMALL_BOWEL),
    source="machairas2021",
    obstacle="primary elsewhere than in the pancreas or small intestine",
)
GEP_OR_LUNG = _is(
    id="pathway.gep_or_lung",
    statement="Gastro-entero-pancreatic or lung primary.",
    input=inputs.PRIMARY_SITE,
    limit=GEP_AND_LUNG,
    source="cloyd2020",
    obstacle="primary elsewhere than in gut, pancreas or lung",
)
G1_OR_G2 = _is(
    id="pathway.grade",
    statement="Grade G1 or G2.",
    input=inputs.GRADE_IS_G1_OR_G2,
    limit=True,
    source="machairas2021",
    obstacle="G3 or carcinoma",
)
LOW_GRADE_BY_CLOYD = _is(
    id="pathway.cloyd2020.grade",
    statement="Low or intermediate grade (read as G1 or G2), as its list of resectability asks; "
    "high grade is listed apart.",
    input=inputs.GRADE_IS_G1_OR_G2,
    limit=True,
    source="cloyd2020",
    obstacle="high grade, of which Cloyd 2020 has limited evidence",
    only_failure=True,
)
SSTR_POSITIVE = _is(
    id="pathway.sstr",
    statement="Somatostatin receptors present.",
    input=inputs.SSTR_POSITIVE,
    limit=True,
    source="machairas2021",
    obstacle="no somatostatin receptors",
)
KIDNEYS_AND_MARROW = _is(
    id="pathway.kidneys_and_marrow",
    statement="Adequate kidneys and marrow.",
    input=inputs.KIDNEYS_AND_MARROW,
    limit=True,
    source="machairas2021",
    obstacle="inadequate kidneys or marrow",
)
RADIOLIGAND: tuple[Condition, ...] = (G1_OR_G2, SSTR_POSITIVE, KIDNEYS_AND_MARROW)
NO_PROHIBITIVE_COMORBIDITY = _is(
    id="pathway.comorbidity",
    statement="No prohibitive comorbidity.",
    input=inputs.COMORBIDITY,
    limit=False,
    source="cloyd2020",
    obstacle="prohibitive comorbidity",
)
TEAM_AGREES = _is(
    id="pathway.team",
    statement="Not judged unresectable by the team.",
    input=inputs.JUDGED_UNRESECTABLE,
    limit=False,
    source="machairas2021",
    obstacle="the team's judgement of unresectable disease",
)
REACHABLE = _is(
    id="pathway.one_stage",
    statement="A plan in one stage treats every metastasis. What reaches less is cytoreduction "
    "(this project's reading).",
    input=inputs.CLEARANCE,
    limit=True,
    source="machairas2021",
    status=SourceStatus.PROJECT,
    obstacle="no plan in one stage treats every metastasis",
)
OWN_FLR = _is(
    id="pathway.flr_30",
    statement="At least 30 % of the liver would remain, as its list of resectability asks; of "
    "which volume is not said.",
    input=inputs.FLR_BY_MACHAIRAS,
    limit=True,
    source="machairas2021",
    obstacle="less than 30 % of the liver would remain",
)
SHORT = _is(
    id="pathway.flr_short",
    statement="The remnant is insufficient in one stage.",
    input=inputs.FLR_SHORT,
    limit=True,
    source="machairas2021",
    obstacle="enough liver would remain in one stage",
)
WELL_DIFFERENTIATED = _is(
    id="pathway.differentiation",
    statement="Well differentiated.",
    input=inputs.DIFFERENTIATION,
    limit=Differentiation.WELL,
    source="cloyd2020",
    obstacle="less than well differentiated",
)
POORLY_DIFFERENTIATED = _is(
    id="pathway.poor_differentiation",
    statement="Poorly differentiated.",
    input=inputs.DIFFERENTIATION,
    limit=Differentiation.POOR,
    source="gepnetlm_review",
    obstacle="better than poorly differentiated",
)
PRIMARY_RESECTABLE = _is(
    id="pathway.primary_resectable",
    statement="The primary is in place and resectable.",
    input=inputs.PRIMARY_STATUS,
    limit=PrimaryStatus.RESECTABLE,
    source="machairas2021",
    obstacle="no resectable primary in place",
)
FUNCTIONAL = _is(
    id="pathway.functional",
    statement="Hormone excess.",
    input=inputs.FUNCTIONAL,
    limit=True,
    source="gepnetlm_review",
    obstacle="no hormone excess",
)
SEVERE_VALVE_DISEASE = _is(
    id="pathway.valve",
    statement="Severe valve disease.",
    input=inputs.SEVERE_VALVE_DISEASE,
    limit=True,
    source="gepnetlm_review",
    obstacle="no severe valve disease",
)
SELECTED_FOR_TRANSPLANT = _is(
    id="pathway.transplant",
    statement="Found suitable and listed by a transplant centre.",
    input=inputs.TRANSPLANT_SELECTED,
    limit=True,
    source="machairas2021",
    obstacle="no place on a transplant list",
)
KI67_BELOW_55 = Criterion(
    id="pathway.ki67_below_55",
    statement="Ki-67 below 55 %.",
    input=inputs.KI67,
    comparison=Comparison.LESS,
    limit=55.0,
    population="well-differentiated G3",
    source="cloyd2020",
    obstacle="Ki-67 of 55 % or more",
)
KI67_ABOVE_55 = Criterion(
    id="pathway.ki67_above_55",
    statement="Ki-67 above 55 %.",
    input=inputs.KI67,
    comparison=Comparison.MORE,
    limit=55.0,
    population="well-differentiated G3",
    source="cloyd2020",
    obstacle="Ki-67 of 55 % or less",
)
KI67_OF_G3 = Criterion(
    id="pathway.ki67_of_g3",
    statement="Ki-67 above 20 % (G3).",
    input=inputs.KI67,
    comparison=Comparison.MORE,
    limit=20.0,
    population=NELM,
    source="machairas2021",
    obstacle="Ki-67 of 20 % or less",
)
SOLITARY = Criterion(
    id="pathway.solitary",
    statement="A solitary tumour.",
    input=inputs.LESION_COUNT,
    comparison=Comparison.AT_MOST,
    limit=1.0,
    population=NELM,
    source="cloyd2020",
    obstacle="more than one tumour",
)
ABOVE_3_CM = Criterion(
    id="pathway.above_3_cm",
    statement="Larger than 3 cm.",
    input=inputs.LARGEST_LESION,
    comparison=Comparison.MORE,
    limit=30.0,
    population="solitary tumours",
    source="cloyd2020",
    obstacle="3 cm or smaller",
)
OVER_70 = Criterion(
    id="pathway.cloyd2020.debulkable",
    statement="A plan with an accepted remnant debulks more than 70 % of the tumour volume.",
    input=inputs.DEBULKABLE_IN_STAGES,
    comparison=Comparison.MORE,
    limit=0.70,
    basis=Basis.TUMOUR_VOLUME,
    population=NELM,
    source="cloyd2020",
    obstacle="no plan with an accepted remnant debulks more than 70 %",
)
CYTOREDUCTION_FOR = AnyOf(
    id="pathway.cytoreduction",
    statement="Uncontrollable functional tumour; or non-functional, stable for 6 months or more, "
    "with symptoms from its burden.",
    branches=(
        (
            FUNCTIONAL,
            _is(
                id="pathway.cytoreduction.refractory",
                statement="Hormonal symptoms not controlled.",
                input=inputs.REFRACTORY,
                limit=True,
                source="machairas2021",
            ),
        ),
        (
            _is(
                id="pathway.cytoreduction.non_functional",
                statement="Non-functional.",
                input=inputs.FUNCTIONAL,
                limit=False,
                source="machairas2021",
            ),
            Criterion(
                id="pathway.cytoreduction.stable",
                statement="Stable for 6 months or more.",
                input=inputs.STABLE_MONTHS,
                comparison=Comparison.AT_LEAST,
                limit=6.0,
                population="non-functional tumours",
                source="machairas2021",
            ),
            _is(
                id="pathway.cytoreduction.burden",
                statement="Symptoms from tumour burden.",
                input=inputs.SYMPTOMS_FROM_BURDEN,
                limit=True,
                source="machairas2021",
            ),
        ),
    ),
    population=NELM,
    source="machairas2021",
    obstacle="neither uncontrollable hormones nor, in stable non-functional "
    "disease, symptoms from the burden",
)
