"""Treatments that the sources' pathways list, each with what its source says of it.

A treatment is listed as an option and never as an order; which conditions it has is said in
:mod:`planning.rules.pathways_conditions`.
"""

from dataclasses import dataclass, field
from functools import partial

from planning import inputs
from planning.criteria.conditions import Condition
from planning.inputs import Input
from planning.rules.contraindications import OF_A_CURE, unless_primary_ruled_out, unless_ruled_out
from planning.rules.pathways_conditions import (
    ABOVE_3_CM,
    BELOW_5_CM,
    BELOW_35_MM,
    CYTOREDUCTION_FOR,
    EMBOLISABLE,
    FUNCTIONAL,
    GEP_OR_LUNG,
    INTRA_ARTERIAL_CAUTIONS,
    KI67_ABOVE_55,
    KI67_BELOW_55,
    KI67_OF_G3,
    LOW_GRADE_BY_CLOYD,
    MULTIPLE,
    NO_PROHIBITIVE_COMORBIDITY,
    NO_WHIPPLE,
    NOT_FOR_RESECTION,
    ONE_TO_THREE,
    OPEN_PORTAL_VEIN,
    OWN_FLR,
    PANCREAS,
    PANCREAS_OR_SMALL_BOWEL,
    POORLY_DIFFERENTIATED,
    PRIMARY_RESECTABLE,
    RADIOLIGAND,
    REACHABLE,
    SELECTED_FOR_TRANSPLANT,
    SEVERE_VALVE_DISEASE,
    SHORT,
    SMALL_BOWEL,
    SOLITARY,
    TEAM_AGREES,
    UNRESECTABLE,
    WELL_DIFFERENTIATED,
)
from planning.rules.populations import NELM
from remnant.core.findings import SourceStatus


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence beside a treatment; left out where the input ``unless_no`` does not hold."""

    text: str
    unless_no: Input | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionRule:
    """One treatment as one source lists it.

    Parameters
    ----------
    id, name
        Machine name, and what it is called.
    statement
        What the source says, in our own words.
    population, source, status
        Whom it speaks of, key in ``planning/literature.bib``, whether it was read there.
    conditions
        What is asked for; all of them. One that is not ``needed`` warns where it fails.
    notes
        Further remarks, each with its source in words.
    """

    id: str
    name: str
    statement: str
    source: str
    population: str = NELM
    conditions: tuple[Condition, ...] = ()
    notes: tuple[Note, ...] = ()
    status: SourceStatus = field(default=SourceStatus.VERIFIED)


_machairas = partial(OptionRule, source="machairas2021")
_cloyd = partial(OptionRule, source="cloyd2020")
_review = partial(OptionRule, source="gepnetlm_review", population="GEP-NET liver metastases")

LOBAR_AFTER_WHIPPLE = Note(
    "Cloyd 2020: lobar TACE after pancreatoduodenectomy has more complications; selective "
    "treatment or radioembolisation, and antibiotics, are listed instead.",
    unless_no=inputs.PANCREATODUODENECTOMY,
)

SYSTEMIC_WHEN = Note(
    "Machairas 2021 of systemic treatment: where neither resection nor minimally invasive "
    "treatment is feasible, or with spread outside the liver; liver-directed treatment generally "
    "precedes it in liver-dominant disease."
)

HEAT_IN_REMNANT = Note(
    "It warns that heat can damage the remnant and cause liver failure; its function is assessed; "
    "in doubt: observation, and surgery again or percutaneous ablation later."
)

PRIMARY_RESECTION = _machairas(
    id="primary_resection",
    name="Resection of the primary",
    statement="Machairas 2021: with or without it, at the head of every row of the figure.",
    conditions=unless_primary_ruled_out(
        PRIMARY_RESECTABLE, NO_PROHIBITIVE_COMORBIDITY, by=OF_A_CURE
    ),
)
RESECTION = _machairas(
    id="resection",
    name="Surgical resection",
    statement="First line in Machairas 2021, alone or with the primary.",
    conditions=unless_ruled_out(REACHABLE, OWN_FLR, TEAM_AGREES, NO_PROHIBITIVE_COMORBIDITY),
    notes=(
        Note("It puts R0 at 10 to 25 % of all patients, the GEP-NET review candidates below 10 %."),
    ),
)
RESECTION_ONE_STAGE = _machairas(
    id="resection_one_stage",
    name="Surgical resection in one stage, with or without ablation",
    statement="First line in Machairas 2021.",
    conditions=unless_ruled_out(REACHABLE, OWN_FLR, TEAM_AGREES, NO_PROHIBITIVE_COMORBIDITY),
    notes=(
        Note(
            "GEP-NET review: large lesions resected, small ones in the remnant ablated, away from "
            "major vessels, where the remnant is definitively adequate; else in stages."
        ),
        HEAT_IN_REMNANT,
    ),
)
RESECTION_TWO_STAGES = _machairas(
    id="resection_two_stages",
    name="Surgical resection in two stages",
    statement="First line in Machairas 2021: embolisation then resection; resection and portal "
    "ligation then completion; or ALPPS.",
    conditions=unless_ruled_out(SHORT, TEAM_AGREES, NO_PROHIBITIVE_COMORBIDITY, OPEN_PORTAL_VEIN),
)
ABLATION = _machairas(
    id="ablation",
    name="Ablation",
    statement="Machairas 2021: below 5 cm, away from the hilum and the surface. Each lesion is "
    "judged in the table on ablation.",
    conditions=(NO_WHIPPLE, BELOW_5_CM),
    notes=(
        Note("With resection it preserves parenchyma; microwaves: larger zones, less heat sink."),
    ),
)
TACE = _machairas(
    id="tace",
    name="Chemoembolisation (TACE)",
    statement="Machairas 2021: multiple unresectable metastases, more advanced load.",
    conditions=(*EMBOLISABLE, NOT_FOR_RESECTION, MULTIPLE),
    notes=(
        Note("GEP-NET review: in pancreatic tumours better than TAE, not significantly."),
        LOBAR_AFTER_WHIPPLE,
    ),
)
TAE = _machairas(
    id="tae",
    name="Embolisation (TAE)",
    statement="Machairas 2021: multiple unresectable metastases; no transarterial method is shown "
    "superior, TAE perhaps safer. Post-embolisation syndrome in up to 90 %.",
    conditions=(*EMBOLISABLE, NOT_FOR_RESECTION, MULTIPLE),
    notes=(Note("GEP-NET review: response higher than to TACE in carcinoid."),),
)
RADIOEMBOLISATION = _machairas(
    id="radioembolisation",
    name="Radioembolisation (RE)",
    statement="Machairas 2021: not amenable to resection; resection afterwards may become "
    "possible, and complications of a major one are then weighed.",
    conditions=(NOT_FOR_RESECTION, *INTRA_ARTERIAL_CAUTIONS),
    notes=(Note("Measuring the volumes anew then is this project's inference."),),
)
PRRT = _machairas(
    id="prrt",
    name="Radioligand therapy (PRRT)",
    statement="Machairas 2021: G1 or G2 with somatostatin receptors, kidneys and marrow adequate; "
    "limited response in bulky disease. Radioembolisation after it was safe as salvage.",
    conditions=RADIOLIGAND,
)
PRRT_WITH_RADIOEMBOLISATION = _machairas(
    id="prrt_with_radioembolisation",
    name="PRRT with radioembolisation",
    statement="Machairas 2021: suggested in bulky disease, or where a burden mostly in the liver "
    "comes with disease outside it.",
    population="bulky, or mostly hepatic with extrahepatic disease",
    conditions=(*RADIOLIGAND, NOT_FOR_RESECTION, *INTRA_ARTERIAL_CAUTIONS),
)
DUAL_TRACER = _machairas(
    id="dual_tracer",
    name="FDG-PET/CT beside receptor imaging",
    statement="Machairas 2021: both tracers may help to select for PRRT in G3 and carcinoma.",
    population="G3 and carcinoma",
)
DOWN_STAGING = _machairas(
    id="down_staging",
    name="Down-staging, or a bridge to surgery",
    statement="Machairas 2021: local treatment early in bulky disease, for down-staging; as "
    "neoadjuvant cytoreduction and as a bridge to surgery in disease deemed inoperable.",
    population="bulky disease, or disease deemed inoperable",
    conditions=(UNRESECTABLE, *INTRA_ARTERIAL_CAUTIONS),
)
OBSERVATION = _review(
    id="observation",
    name="Observation under a somatostatin analogue",
    statement="GEP-NET review: it can show the biology of the tumour before an aggressive "
    "operation is chosen.",
)
PRIMARY_THEN_PRRT = _machairas(
    id="primary_then_prrt",
    name="Resection of the primary, then PRRT",
    statement="Machairas 2021: proposed in G1 or G2 pancreatic tumours with diffuse disease.",
    population="G1-G2 pancreatic, diffuse disease",
    conditions=unless_primary_ruled_out(PANCREAS, PRIMARY_RESECTABLE, *RADIOLIGAND),
)
TRANSPLANTATION = _machairas(
    id="transplantation",
    name="Liver transplantation (OLT)",
    statement="Machairas 2021: highly selected patients, under 1 %. The lists of criteria are "
    "judged apart.",
    conditions=(SELECTED_FOR_TRANSPLANT, UNRESECTABLE),
)
SOMATOSTATIN_ANALOGUE = _machairas(
    id="somatostatin_analogue",
    name="Somatostatin analogue",
    statement="Listed by Machairas 2021.",
    notes=(Note("GEP-NET review: it can cause steatosis."), SYSTEMIC_WHEN),
)
CHEMOTHERAPY_PANCREATIC = _machairas(
    id="chemotherapy_pancreatic",
    name="Chemotherapy",
    statement="Listed by Machairas 2021 for a pancreatic primary.",
    population="pancreatic primary",
    conditions=(PANCREAS,),
    notes=(Note("GEP-NET review: of little use in small-bowel carcinoids."),),
)
INTERFERON = _machairas(
    id="interferon",
    name="Interferon alpha",
    statement="Listed by Machairas 2021 for a primary of the small intestine.",
    population="primary of the small intestine",
    conditions=(SMALL_BOWEL,),
)
IMMUNOTHERAPY = _machairas(
    id="immunotherapy",
    name="Immunotherapy",
    statement="Listed by Machairas 2021 for a primary of the small intestine.",
    population="primary of the small intestine",
    conditions=(SMALL_BOWEL,),
)
EVEROLIMUS = _machairas(
    id="everolimus",
    name="Everolimus",
    statement="Listed by Machairas 2021 for a primary of the pancreas or small intestine.",
    population="primary of the pancreas or small intestine",
    conditions=(PANCREAS_OR_SMALL_BOWEL,),
)
SUNITINIB = _machairas(
    id="sunitinib",
    name="Sunitinib",
    statement="Listed by Machairas 2021 for a pancreatic primary.",
    population="pancreatic primary",
    conditions=(PANCREAS,),
)
CYTOREDUCTION = _machairas(
    id="cytoreduction",
    name="Cytoreduction by resection, with or without ablation",
    statement="Machairas 2021: 70 to 90 % of the load removed, by resection, radiofrequency "
    "ablation, cryoablation or a combination.",
    conditions=unless_ruled_out(CYTOREDUCTION_FOR),
    notes=(Note("GEP-NET review: most experienced centres are reluctant."),),
)
CYTOREDUCTION_ABLATION = _machairas(
    id="cytoreduction_ablation",
    name="Cytoreduction by ablation",
    statement="Machairas 2021: 70 to 90 % of the load removed, also by radiofrequency ablation or "
    "cryoablation alone.",
    conditions=(CYTOREDUCTION_FOR, NO_WHIPPLE, BELOW_5_CM),
    notes=(Note("GEP-NET review: most experienced centres are reluctant."),),
)
HORMONES_FIRST = _review(
    id="hormones_first",
    name="Treatment of hormone excess before surgery",
    statement="GEP-NET review: somatostatin analogue and antidiarrhoeal; TAE before surgery where "
    "severe excess causes nutritional compromise.",
    conditions=(FUNCTIONAL,),
)
OCTREOTIDE = _cloyd(
    id="perioperative_octreotide",
    name="Peri-operative octreotide",
    statement="Cloyd 2020: patients with these metastases are at risk of carcinoid crisis, not "
    "the functional ones alone; value and dose of octreotide are debated.",
)
VALVE_REPAIR = _review(
    id="valve_repair",
    name="Valve repair before liver surgery",
    statement="GEP-NET review: echocardiography looks for carcinoid heart disease; severe valve "
    "disease is repaired first.",
    conditions=(SEVERE_VALVE_DISEASE,),
    notes=(
        Note(
            "In carcinoid heart disease resection goes with less cardiac progression and better "
            "five-year survival."
        ),
    ),
)
BEFORE_SURGERY = (HORMONES_FIRST, OCTREOTIDE, VALVE_REPAIR)

CLOYD_RESECTION = _cloyd(
    id="resection",
    name="Surgical resection",
    statement="Listed by Cloyd 2020 where resectable; it may be right with low-volume "
    "indolent extrahepatic disease, or where only more than 70 % can be debulked.",
    conditions=unless_ruled_out(TEAM_AGREES, NO_PROHIBITIVE_COMORBIDITY, LOW_GRADE_BY_CLOYD),
    notes=(
        Note(
            "Prognostic there: synchronous or non-functional disease, disease outside the liver. "
            "For adjuvant treatment there is little evidence."
        ),
    ),
)
NEOADJUVANT = _cloyd(
    id="neoadjuvant",
    name="Neoadjuvant treatment",
    statement="Cloyd 2020: to down-stage and ease resection; one retrospective series, survival "
    "better above all in synchronous disease. Capecitabine with temozolomide: high response.",
    population="pancreatic primary, one retrospective series",
    conditions=(PANCREAS,),
)
CONCOMITANT_ABLATION = _cloyd(
    id="concomitant_ablation",
    name="Ablation beside resection",
    statement="Cloyd 2020: small to intermediate, central lesions; care with extended "
    "hepatectomy. Machairas 2021 and the GEP-NET review exclude the hilum: the sources disagree.",
    conditions=unless_ruled_out(LOW_GRADE_BY_CLOYD),
    notes=(
        Note(
            "GEP-NET review: heat can damage the remnant and cause liver failure; only with a "
            "definitively adequate remnant, small lesions, away from its major vessels."
        ),
    ),
)
PERCUTANEOUS_ABLATION = _cloyd(
    id="percutaneous_ablation",
    name="Percutaneous ablation",
    statement="Cloyd 2020: best for one to three tumours below 3.5 cm. Each lesion is judged in "
    "the table on ablation.",
    conditions=(BELOW_35_MM, ONE_TO_THREE),
)
SBRT = _cloyd(
    id="sbrt",
    name="Stereotactic body radiotherapy (SBRT)",
    statement="Cloyd 2020: can be considered for solitary tumours above 3 cm that are not "
    "amenable to resection.",
    conditions=(SOLITARY, ABOVE_3_CM),
)
PROTON_BEAM = _cloyd(
    id="proton_beam",
    name="Proton beam therapy",
    statement="Named by Cloyd 2020 beside SBRT, without limits of its own: read as for the same "
    "tumours.",
    status=SourceStatus.PROJECT,
    conditions=(SOLITARY, ABOVE_3_CM),
)
SELECTIVE_TRANSARTERIAL = _cloyd(
    id="selective_transarterial",
    name="Selective transarterial therapy",
    statement="Listed by Cloyd 2020; contraindications after Machairas 2021.",
    conditions=EMBOLISABLE,
)
CLOYD_EMBOLISATION = _cloyd(
    id="tae_tace",
    name="Embolisation or chemoembolisation (TAE, TACE)",
    statement="Cloyd 2020: a three-arm trial (TAE, cTACE, DEB-TACE) ended early for severe "
    "complications with DEB-TACE. Contraindications after Machairas 2021.",
    conditions=EMBOLISABLE,
    notes=(LOBAR_AFTER_WHIPPLE,),
)
CLOYD_TARE = _cloyd(
    id="tare",
    name="Radioembolisation (TARE)",
    statement="Cloyd 2020: TACE controlled disease better in one comparison, without difference in "
    "survival; late radiation fibrosis is a concern.",
    conditions=INTRA_ARTERIAL_CAUTIONS,
)
CLOYD_PRRT = _cloyd(
    id="prrt",
    name="Radioligand therapy (PRRT)",
    statement="Cloyd 2020: can be considered. Conditions after Machairas 2021.",
    conditions=RADIOLIGAND,
)
CLOYD_SOMATOSTATIN = _cloyd(
    id="somatostatin_analogue",
    name="Somatostatin analogue",
    statement="Cloyd 2020: often first for low volume.",
)
CLOYD_EVEROLIMUS = _cloyd(
    id="everolimus",
    name="Everolimus",
    statement="Listed by Cloyd 2020 for gastro-entero-pancreatic and lung primaries.",
    population="gastro-entero-pancreatic and lung primaries",
    conditions=(GEP_OR_LUNG,),
)
CLOYD_SUNITINIB = _cloyd(
    id="sunitinib",
    name="Sunitinib",
    statement="Listed by Cloyd 2020 for a pancreatic primary.",
    population="pancreatic primary",
    conditions=(PANCREAS,),
)
CAPTEM_PANCREATIC = _cloyd(
    id="captem_pancreatic",
    name="Capecitabine and temozolomide",
    statement="Listed by Cloyd 2020 for a pancreatic primary.",
    population="pancreatic primary",
    conditions=(PANCREAS,),
)
CAPTEM_HIGH_GRADE = _cloyd(
    id="captem_high_grade",
    name="Capecitabine and temozolomide in G3",
    statement="Cloyd 2020 of the NORDIC registry: well-differentiated G3 with Ki-67 below 55 % may "
    "do best with it.",
    population="well-differentiated G3, NORDIC registry",
    conditions=(WELL_DIFFERENTIATED, KI67_OF_G3, KI67_BELOW_55),
)
PLATINUM_HIGH_GRADE = _cloyd(
    id="platinum_high_grade",
    name="Platinum and etoposide in G3",
    statement="Cloyd 2020 of the NORDIC registry: well-differentiated G3 with Ki-67 above 55 % may "
    "do best with it.",
    population="well-differentiated G3, NORDIC registry",
    conditions=(WELL_DIFFERENTIATED, KI67_ABOVE_55),
)
PLATINUM_POOR = _review(
    id="platinum_poor_differentiation",
    name="Platinum-based chemotherapy",
    statement="GEP-NET review: for poorly differentiated tumours.",
    conditions=(POORLY_DIFFERENTIATED,),
)
RESECTION_HIGH_GRADE = _cloyd(
    id="resection_high_grade",
    name="Surgical resection in high grade",
    statement="Cloyd 2020: limited evidence suggests acceptable outcomes in high grade, "
    "particularly with Ki-67 below 55 %. Machairas 2021: not for poorly differentiated tumours.",
    population="high grade",
    conditions=unless_ruled_out(
        WELL_DIFFERENTIATED, KI67_BELOW_55, TEAM_AGREES, NO_PROHIBITIVE_COMORBIDITY
    ),
)
HIGH_GRADE_CHEMOTHERAPY = (CAPTEM_HIGH_GRADE, PLATINUM_HIGH_GRADE, PLATINUM_POOR)
CLOYD_SYSTEMIC = (
    CLOYD_SOMATOSTATIN,
    CLOYD_PRRT,
    CLOYD_EVEROLIMUS,
    CLOYD_SUNITINIB,
    CAPTEM_PANCREATIC,
    *HIGH_GRADE_CHEMOTHERAPY,
)
