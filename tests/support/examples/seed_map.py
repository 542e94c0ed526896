"""Every system, row and bullet of the three reviews, with its rules or why there is none.

``python -m examples.seed_map`` (with ``tests/support`` on the path) writes the page
``docs/reference/sources_map.md``; a test compares it, and holds each rule of the three reviews to
a row. A rule may be a pattern (``staging.*.flr``), which must match.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from itertools import groupby
from pathlib import Path

from planning.criteria.catalogue import LISTS
from remnant.wording.rule_rows import rule_rows

PAGE = Path(__file__).parents[3] / "docs/reference/sources_map.md"
M, C, G = "machairas2021", "cloyd2020", "gepnetlm_review"
REVIEWS = (M, C, G)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedRow:
    """One row or bullet of a review: its place, a label in our words, its rules, and a note."""

    source: str
    place: str
    label: str
    rules: tuple[str, ...] = ()
    note: str = ""


def _row(source: str, place: str, label: str, *rules: str, note: str = "") -> SeedRow:
    return SeedRow(source=source, place=place, label=label, rules=rules, note=note)


DERIVED = "grade follows from Ki-67 and differentiation in `planning.facts.implied`"
BIOLOGY = (
    _row(M, "grade", "G1 up to 2 %, G2 3 to 20 %", "pathway.grade", note=DERIVED),
    _row(M, "grade", "G3 well differentiated above 20 %", "pathway.ki67_of_g3", note=DERIVED),
    _row(
        M,
        "grade",
        "carcinoma: poorly differentiated",
        "contraindication.differentiation",
        "staging.*.differentiation",
        "pathway.machairas2021.other_grade",
        "pathway.machairas2021.row.not_covered",
    ),
    _row(
        M, "grade", "share of functional tumours", note="a prevalence: it is asked of each person"
    ),
    _row(
        M,
        "resection",
        "not to cure in extensive disease",
        "resectability.machairas2021.extensive",
        "staging.*.extensive",
    ),
    _row(
        M,
        "resection",
        "not with unsafe comorbidity or frailty",
        "resectability.machairas2021.comorbidity",
        "resectability.machairas2021.frailty",
        "pathway.prohibitive_comorbidity",
    ),
    _row(
        C,
        "grade",
        "well differentiated, low to intermediate",
        "resectability.cloyd2020.differentiation",
        "resectability.cloyd2020.grade",
        "pathway.differentiation",
    ),
    _row(
        C,
        "grade",
        "high grade acceptable below Ki-67 55 %",
        "resectability.cloyd2020.ki67",
        "contraindication.ki67",
        "option.cloyd2020.resection_high_grade",
        "pathway.ki67_below_55",
    ),
    _row(
        C, "grade", "Ki-67 of metastasis and primary may differ", "staging_checklist.grades_agree"
    ),
    _row(
        M,
        "ALPPS",
        "biopsy before it, for that reason",
        "staging.alpps.biopsy",
        "staging_checklist.biopsy",
    ),
    _row(
        C,
        "NORDIC registry",
        "G3 below 55 %: capecitabine and temozolomide",
        "option.cloyd2020.captem_high_grade",
    ),
    _row(
        C,
        "NORDIC registry",
        "G3 above 55 %: platinum and etoposide",
        "option.cloyd2020.platinum_high_grade",
        "pathway.ki67_above_55",
    ),
)
OPERATIONAL = (
    "no number is printed: those of this project stand in `planning.distribution.frilling`"
)
DISTRIBUTION = (
    _row(
        M,
        "figure 1",
        "type I: one metastasis of any size",
        "staging.simultaneous_primary.type_i",
        "pathway.machairas2021.limited",
        note=OPERATIONAL,
    ),
    _row(
        M,
        "figure 1",
        "type II: bulk with smaller deposits in both lobes",
        "frilling.number.bulk_*",
        "frilling.number.deposit_share",
        "staging.alpps.type",
        "pathway.machairas2021.complex",
        note=OPERATIONAL,
    ),
    _row(
        M,
        "figure 1",
        "type III: disseminated, or hardly any parenchyma",
        "frilling.number.disseminated_*",
        "frilling.number.parenchyma_share",
        "pathway.machairas2021.diffuse",
        note=OPERATIONAL,
    ),
)
LIMITED, COMPLEX, DIFFUSE = (
    "figure 2, type I or limited bilobar",
    "figure 2, type II or complex",
    "figure 2, type III or diffuse",
)
FIGURE_ROWS = {
    LIMITED: "machairas2021.limited",
    COMPLEX: "machairas2021.complex",
    DIFFUSE: "machairas2021.diffuse",
}
"""Rows of the pathway by their places in the figure."""


def _figure(place: str, *options: tuple[str, str]) -> Iterator[SeedRow]:
    for label, rule in options:
        yield _row(M, place, label, f"option.machairas2021.{rule}")


_LOCAL = (
    ("TACE", "tace"),
    ("TAE", "tae"),
    ("radioembolisation", "radioembolisation"),
    ("PRRT", "prrt"),
    ("transplantation, highly selected", "transplantation"),
    ("somatostatin analogue", "somatostatin_analogue"),
    ("chemotherapy, pancreatic", "chemotherapy_pancreatic"),
    ("interferon alpha, small intestine", "interferon"),
    ("immunotherapy, small intestine", "immunotherapy"),
)
_TARGETED = (
    ("everolimus, pancreatic or small intestine", "everolimus"),
    ("sunitinib, pancreatic", "sunitinib"),
)
_STARTS = "starting point of the figure: it is what the planner reads"
PATHWAY_M = (
    _row(M, "figure 2", "well differentiated G1 and G2 only", "pathway.grade"),
    _row(
        M,
        "figure 2",
        "symptoms, morphological and functional imaging, biopsy",
        "staging_checklist.biopsy",
        note=_STARTS,
    ),
    _row(
        M,
        "figure 2",
        "with or without the primary, heading every row",
        "option.machairas2021.primary_resection",
        "pathway.primary_resectable",
    ),
    _row(M, LIMITED, "the row", "pathway.machairas2021.row.limited"),
    _row(M, LIMITED, "resection, isolated", "option.machairas2021.resection", "pathway.one_stage"),
    _row(
        M,
        LIMITED,
        "resection with the primary",
        "option.machairas2021.resection",
        "staging.simultaneous_primary",
    ),
    _row(M, LIMITED, "the rest where resection is contraindicated", "pathway.not_for_resection"),
    *_figure(LIMITED, ("ablation", "ablation"), *_LOCAL),
    _row(M, COMPLEX, "the row", "pathway.machairas2021.row.complex"),
    _row(
        M,
        COMPLEX,
        "resection in one stage, with or without ablation",
        "option.machairas2021.resection_one_stage",
    ),
    _row(
        M,
        COMPLEX,
        "two stages: embolisation then resection",
        "option.machairas2021.resection_two_stages",
        "pathway.flr_short",
        "staging.pve",
    ),
    _row(
        M,
        COMPLEX,
        "two stages: resection with ligation, then completion",
        "option.machairas2021.resection_two_stages",
        "staging.two_stage_pvl",
    ),
    _row(M, COMPLEX, "ALPPS", "option.machairas2021.resection_two_stages", "staging.alpps"),
    *_figure(
        COMPLEX, ("ablation", "ablation"), ("cytoreduction", "cytoreduction"), *_LOCAL, *_TARGETED
    ),
    _row(M, DIFFUSE, "the row: no resection arm", "pathway.machairas2021.row.diffuse"),
    *_figure(DIFFUSE, *_LOCAL, *_TARGETED),
)
PATHWAY_C = (
    _row(
        C,
        "conclusion",
        "resectable: resection",
        "pathway.cloyd2020.row.resectable",
        "option.cloyd2020.resection",
        "pathway.cloyd2020.grade",
    ),
    _row(
        C,
        "conclusion",
        "also with low-volume indolent disease elsewhere",
        "pathway.cloyd2020.extrahepatic",
        "resectability.cloyd2020.extrahepatic_conclusion",
    ),
    _row(
        C,
        "conclusion",
        "also where only more than 70 % can be debulked",
        "pathway.cloyd2020.debulkable",
        "resectability.cloyd2020.share_70",
    ),
    _row(
        C,
        "conclusion",
        "unresectable",
        "pathway.cloyd2020.unresectable",
        "pathway.cloyd2020.not_debulkable",
        "pathway.cloyd2020.team_objects",
        "pathway.cloyd2020.ruled_out",
    ),
    _row(
        C,
        "conclusion",
        "unresectable, oligometastatic",
        "pathway.cloyd2020.row.oligometastatic",
        "pathway.cloyd2020.oligometastatic",
    ),
    _row(C, "conclusion", "percutaneous ablation", "option.cloyd2020.percutaneous_ablation"),
    _row(C, "conclusion", "SBRT", "option.cloyd2020.sbrt"),
    _row(C, "conclusion", "selective transarterial", "option.cloyd2020.selective_transarterial"),
    _row(
        C,
        "conclusion",
        "multifocal bilobar: transarterial first",
        "pathway.cloyd2020.row.multifocal_bilobar",
        "pathway.cloyd2020.multifocal",
        "pathway.cloyd2020.bilobar",
        "option.cloyd2020.tae_tace",
        "option.cloyd2020.tare",
    ),
    _row(C, "conclusion", "systemic with PRRT can be considered", "option.cloyd2020.prrt"),
    _row(
        C,
        "conclusion",
        "unresectable, many lesions in one lobe",
        "pathway.cloyd2020.row.not_covered",
        "pathway.cloyd2020.unilobar",
        note="the source says nothing of it: the row says so",
    ),
    _row(
        C,
        "conclusion",
        "significant disease elsewhere: systemic",
        "pathway.cloyd2020.row.significant_extrahepatic",
        "pathway.cloyd2020.significant_extrahepatic",
    ),
    _row(
        C,
        "conclusion",
        "little evidence for one order",
        note="said with the pathway's rows, which are in no order of rank",
    ),
)
RESECTABILITY = (
    _row(C, "resectability", "the whole list", "resectability.cloyd2020"),
    _row(C, "ENETS list", "the whole list", "resectability.enets2016"),
    _row(M, "resectability", "the whole list", "resectability.machairas2021"),
    _row(G, "resectability", "the whole list", "resectability.gepnetlm_review"),
    _row(
        C,
        "resectability",
        "complete or more than 90 %",
        "resectability.cloyd2020.share",
        "resectability.cloyd2020.share_complete",
        "resectability.cloyd2020.share_90",
    ),
    _row(
        C,
        "resectability",
        "two contiguous segments",
        "resectability.cloyd2020.contiguous",
        "flr.cloyd2020.contiguous_segments",
    ),
    _row(C, "resectability", "inflow and outflow intact", "resectability.cloyd2020.vessels"),
    _row(C, "resectability", "biliary drainage intact", "resectability.cloyd2020.bile"),
    _row(
        C,
        "resectability",
        "20 % of standardised volume",
        "resectability.cloyd2020.flr",
        "flr.cloyd2020",
    ),
    _row(
        C,
        "resectability",
        "minimal or no disease elsewhere (text)",
        "resectability.cloyd2020.extrahepatic_text",
        "contraindication.extrahepatic",
    ),
    _row(
        C,
        "resectability",
        "none elsewhere (abstract)",
        "resectability.cloyd2020.extrahepatic_abstract",
        note="the three wordings stand beside each other; the text's decides",
    ),
    _row(
        C,
        "resectability",
        "primary generally resectable",
        "resectability.cloyd2020.primary",
        "contraindication.primary",
    ),
    _row(
        C,
        "resectability",
        "fit for major hepatectomy",
        "resectability.cloyd2020.fit",
        "contraindication.fit",
        "staging.*.fit",
    ),
    _row(
        C,
        "resectability",
        "comorbidity prohibitive or not to be optimised",
        "resectability.cloyd2020.comorbidity",
        "contraindication.comorbidity",
        "pathway.comorbidity",
    ),
    _row(C, "ENETS list", "R0 feasible", "resectability.enets2016.r0"),
    _row(C, "ENETS list", "grade 1 or 2", "resectability.enets2016.grade"),
    _row(C, "ENETS list", "morbidity about 30 %", "resectability.enets2016.morbidity"),
    _row(C, "ENETS list", "mortality below 5 %", "resectability.enets2016.mortality"),
    _row(
        C,
        "ENETS list",
        "no right heart failure",
        "resectability.enets2016.heart",
        "contraindication.heart",
    ),
    _row(C, "ENETS list", "no disease elsewhere", "resectability.enets2016.extrahepatic"),
    _row(
        C,
        "ENETS list",
        "no carcinomatosis",
        "resectability.enets2016.peritoneum",
        "contraindication.peritoneum",
    ),
    _row(M, "resectability", "well differentiated", "resectability.machairas2021.differentiation"),
    _row(
        M,
        "resectability",
        "resectable",
        "resectability.machairas2021.r0",
        "pathway.team",
        "pathway.surgery_ruled_out",
    ),
    _row(
        M,
        "resectability",
        "FLR of at least 30 %",
        "resectability.machairas2021.flr",
        "pathway.flr_30",
        "flr.machairas2021_30",
    ),
    _row(M, "resectability", "R0 in 10 to 25 %", "resectability.machairas2021.share_of_patients"),
    _row(G, "resectability", "FLR 20 % in a normal liver", "flr.gepnetlm_review.normal"),
    _row(
        G,
        "resectability",
        "FLR 30 % in significant liver disease",
        "flr.gepnetlm_review.chemotherapy",
        "flr.gepnetlm_review.steatosis",
        "flr.gepnetlm_review.fibrosis",
    ),
    _row(
        G,
        "resectability",
        "FLR 40 % in compensated cirrhosis",
        "flr.gepnetlm_review.cirrhosis",
        "contraindication.decompensation",
    ),
    _row(G, "resectability", "what remains decides", "resectability.gepnetlm_review.remains"),
    _row(
        G,
        "resectability",
        "portal hypertension raises risk",
        "resectability.gepnetlm_review.portal_hypertension",
        "staging.*.portal_hypertension",
        "contraindication.portal_hypertension",
    ),
    _row(G, "resectability", "ascites", "resectability.gepnetlm_review.ascites"),
    _row(
        G,
        "resectability",
        "collaterals, liver shape",
        note="no input of their own: told as portal hypertension",
    ),
    _row(G, "resectability", "varices", "resectability.gepnetlm_review.varices"),
    _row(G, "resectability", "platelets below 100", "resectability.gepnetlm_review.platelets"),
    _row(G, "resectability", "large spleen", "resectability.gepnetlm_review.splenomegaly"),
    _row(
        G,
        "carcinoid heart disease",
        "echocardiography",
        "staging_checklist.echocardiography",
        "option.gepnetlm_review.valve_repair",
    ),
    _row(
        G,
        "carcinoid heart disease",
        "severe valve disease repaired first",
        "resectability.gepnetlm_review.valve",
        "contraindication.valve",
        "pathway.valve",
    ),
    _row(
        G,
        "hormones",
        "treated before surgery",
        "resectability.gepnetlm_review.hormones",
        "option.gepnetlm_review.hormones_first",
        "pathway.functional",
    ),
    _row(G, "resectability", "steatosis from drugs", "resectability.gepnetlm_review.steatosis"),
    _row(
        G,
        "resectability",
        "laparoscopy for severe liver disease",
        "resectability.gepnetlm_review.laparoscopy",
    ),
    _row(
        G,
        "resectability",
        "below 10 % are candidates",
        "resectability.gepnetlm_review.share_of_patients",
    ),
    _row(C, "carcinoid crisis", "octreotide debated", "option.cloyd2020.perioperative_octreotide"),
    _row(
        C,
        "primary",
        "resected in synchronous resectable disease",
        "staging.primary_synchronous.primary",
        "staging.primary_synchronous.synchronous",
        "staging.primary_synchronous.liver",
    ),
    _row(C, "margin", "R1 mostly not worse", "resectability.cloyd2020.r1"),
)
STAGED = (
    _row(M, "staged", "embolisation where the FLR is short", "staging.pve.flr"),
    _row(
        M,
        "staged",
        "first stage with contralateral ligation",
        "staging.two_stage_pvl.flr",
        "staging.two_stage_pvl.both_lobes",
    ),
    _row(M, "staged", "ALPPS where the FLR is short", "staging.alpps.flr"),
    _row(
        M,
        "two-stage series",
        "course: primary, two months, drop-out",
        "staging.two_stage_pvl.course",
        "growth.two_stage_series",
    ),
    _row(M, "two-stage series", "R0, morbidity, survival", "staging.two_stage_pvl.outcome"),
    _row(M, "ALPPS", "registry: 95 % type II", "staging.alpps.type"),
    _row(M, "ALPPS", "G3 contraindicated", "staging.alpps.grade"),
    _row(M, "ALPPS", "morbidity and survival", "staging.alpps.outcome.machairas2021"),
    _row(
        M,
        "simultaneous",
        "only type I or limited bilobar",
        "staging.simultaneous_primary.primary",
        "staging.simultaneous_primary.synchronous",
        "staging.simultaneous_primary.distribution",
        "staging.simultaneous_primary.bilobar",
        "staging.simultaneous_primary.limited",
    ),
    _row(M, "simultaneous", "no extensive liver resection", "staging.simultaneous_primary.extent"),
    _row(C, "combined", "the liver first", "staging.simultaneous_primary.order"),
    _row(M, "recurrence", "the whole list", "staging.repeat_resection"),
    _row(C, "primary", "the whole list", "staging.primary_synchronous"),
    _row(M, "recurrence", "65 to 90 %", "staging.repeat_resection.rate.machairas2021"),
    _row(C, "recurrence", "50 to 95 %, follow-up", "staging.repeat_resection.rate.cloyd2020"),
    _row(G, "recurrence", "up to 84 %", "staging.repeat_resection.rate.gepnetlm_review"),
    _row(
        M,
        "recurrence",
        "about 45 % amenable to another resection",
        "staging.repeat_resection.recurrence",
        "staging.repeat_resection.amenable",
        "staging.repeat_resection.amenable_share",
        "staging.repeat_resection.team",
    ),
    _row(C, "follow-up", "markers", "staging_checklist.markers"),
)
DEBULKED = (
    _row(M, "debulking", "the whole list", "debulking.indication.machairas2021"),
    _row(G, "debulking", "the whole list", "debulking.indication.gepnetlm_review"),
    _row(
        M,
        "debulking",
        "functional, not controlled",
        "debulking.indication.machairas2021.whom",
        "debulking.indication.machairas2021.functional",
        "debulking.indication.machairas2021.refractory",
        "pathway.cytoreduction",
        "pathway.cytoreduction.refractory",
    ),
    _row(
        M,
        "debulking",
        "non-functional, stable, with symptoms",
        "debulking.indication.machairas2021.non_functional",
        "debulking.indication.machairas2021.stable",
        "debulking.indication.machairas2021.symptoms",
        "pathway.cytoreduction.non_functional",
        "pathway.cytoreduction.stable",
        "pathway.cytoreduction.burden",
    ),
    _row(
        M, "debulking", "in type II or complex only", "debulking.indication.machairas2021.extensive"
    ),
    _row(
        M,
        "debulking",
        "by resection, ablation or both",
        "option.machairas2021.cytoreduction",
        "option.machairas2021.cytoreduction_ablation",
    ),
    _row(
        M,
        "debulking",
        "70 to 90 % of the load",
        "debulking.indication.machairas2021.share",
        "debulking.70.machairas2021",
        "debulking.90.machairas2021",
    ),
    _row(M, "debulking", "no randomised evidence", "debulking.indication.machairas2021"),
    _row(M, "debulking", "prognosis above 70 %", "debulking.remark.prognosis"),
    _row(M, "debulking", "five-year survival", "debulking.remark.outcome"),
    _row(
        C,
        "debulking",
        "complete or more than 90 %",
        "debulking.90.cloyd2020",
        "debulking.100.cloyd2020",
    ),
    _row(C, "debulking", "some propose 70 %", "debulking.70.cloyd2020"),
    _row(C, "debulking", "Scott, Morgan", "debulking.remark.groups"),
    _row(C, "debulking", "series with 80 to 90 %", "debulking.80.cloyd2020"),
    _row(
        G,
        "debulking",
        "severe hormonal syndrome, highly selected",
        "debulking.indication.gepnetlm_review.hormones",
    ),
    _row(G, "debulking", "most centres reluctant", "debulking.remark.reluctance"),
)
ABLATION = (
    _row(M, "ablation, size", "below 5 cm", "ablation.size.machairas2021", "pathway.ablation.size"),
    _row(M, "ablation, size", "larger: overlapping zones", "ablation.size.machairas2021"),
    _row(
        C,
        "ablation, size",
        "one to three below 3.5 cm",
        "ablation.size.cloyd2020",
        "ablation.number.cloyd2020",
        "pathway.percutaneous_ablation.*",
    ),
    _row(
        G,
        "ablation, size",
        "poor above 3 to 4 cm",
        "ablation.size_lower.gepnetlm_review",
        "ablation.size_upper.gepnetlm_review",
    ),
    _row(M, "ablation, place", "not at the hilum", "ablation.hilum.machairas2021"),
    _row(M, "ablation, place", "not superficial", "ablation.superficial.machairas2021"),
    _row(
        M,
        "ablation, place",
        "not after a Whipple procedure",
        "ablation.whipple.machairas2021",
        "pathway.whipple",
    ),
    _row(
        C,
        "ablation, place",
        "hilum and major ducts",
        "ablation.hilum.cloyd2020",
        "ablation.bile_duct.cloyd2020",
    ),
    _row(C, "ablation, place", "heat sink", "ablation.heat_sink.cloyd2020"),
    _row(
        G,
        "ablation, place",
        "1 cm from central structures",
        "ablation.central_portal.gepnetlm_review",
        "ablation.central_biliary.gepnetlm_review",
    ),
    _row(
        M,
        "ablation, with resection",
        "preserves parenchyma; microwaves",
        "option.machairas2021.ablation",
    ),
    _row(
        C,
        "ablation, with resection",
        "central lesions; care with extended resection",
        "ablation.concomitant_central.cloyd2020",
        "option.cloyd2020.concomitant_ablation",
    ),
    _row(
        G,
        "ablation, with resection",
        "small ones in an adequate remnant",
        "ablation.with_resection.gepnetlm_review",
    ),
)
NO_CELL = "the cell is empty in the table"


def _cells(
    source: str, column: str, listed: str, *cells: tuple[str, tuple[str, ...]]
) -> Iterator[SeedRow]:
    """Yield the cells of one column; one without rules is empty in print."""
    for label, rules in cells:
        named = tuple(f"transplant.{listed}.{rule}" for rule in rules)
        yield _row(source, column, label, *named, note="" if rules else NO_CELL)


TRANSPLANT = (
    _row(M, "transplantation, Milan", "the whole list", "transplant.milan"),
    _row(M, "transplantation, ENETS", "the whole list", "transplant.enets"),
    _row(M, "transplantation, UNOS", "the whole list", "transplant.unos"),
    _row(G, "transplantation, van Vilsteren", "the whole list", "transplant.vanvilsteren"),
    *_cells(
        M,
        "transplantation, Milan",
        "milan",
        ("age", ("age",)),
        ("histology", ("histology", "grade")),
        ("primary", ("portal_drainage", "primary", "extrahepatic")),
        ("liver involvement", ("burden",)),
        ("stability", ("stable",)),
        ("other", ()),
        ("unresectable, by the text", ("unresectable",)),
    ),
    *_cells(
        M,
        "transplantation, ENETS",
        "enets",
        ("age", ("age",)),
        ("histology", ("differentiation", "grade", "ki67")),
        ("primary", ("primary", "primary_months*")),
        ("liver involvement", ("burden", "burden_50", "burden_75", "refractory")),
        ("stability", ("stable",)),
        ("other", ("extrahepatic", "optimised_staging", "bilirubin")),
        ("unresectable, by the text", ("unresectable",)),
    ),
    *_cells(
        C,
        "transplantation, ENETS minimal",
        "enets_minimal",
        ("age", ()),
        ("histology", ("differentiation", "grade")),
        ("primary", ("portal_drainage", "primary")),
        ("liver involvement", ()),
        ("stability", ()),
        ("other", ("extrahepatic", "mortality")),
        ("unresectable, by the text", ("unresectable",)),
    ),
    *_cells(
        M,
        "transplantation, UNOS",
        "unos",
        ("age", ("age",)),
        ("histology", ()),
        ("primary", ("portal_drainage", "primary")),
        ("liver involvement", ("burden",)),
        ("stability", ("stable",)),
        ("other", ("extrahepatic", "bilobar", "unresectable")),
    ),
    *_cells(
        G,
        "transplantation, van Vilsteren",
        "vanvilsteren",
        ("age", ()),
        ("histology", ("histology",)),
        ("primary", ("primary",)),
        ("liver involvement", ("bilobar", "unresectable")),
        ("stability", ()),
        ("other", ("extrahepatic", "listed")),
    ),
    _row(
        G,
        "transplantation, predictors",
        "against: site, exenteration, large liver",
        "transplant.predictor.primary_site",
        "transplant.predictor.exenteration",
        "transplant.predictor.hepatomegaly",
    ),
    _row(
        G,
        "transplantation, predictors",
        "for: age, lung or bowel, somatostatin",
        "transplant.predictor.age_50",
        "transplant.predictor.primary_site",
        "transplant.predictor.somatostatin",
    ),
    _row(
        C,
        "transplantation",
        "palliation; survival like resection's",
        "transplant.enets_minimal",
        "transplant.remark.resection",
    ),
    _row(M, "transplantation", "without it 97 %", "transplant.remark.without"),
    _row(M, "transplantation", "live donors", "transplant.remark.live_donor"),
    _row(
        M,
        "transplantation",
        "highly selected, under 1 %",
        "transplant.remark.selected",
        "pathway.transplant",
    ),
    _row(
        M,
        "transplantation, ELTR",
        "large liver, age above 45, any resection",
        "transplant.predictor.hepatomegaly_registry",
        "transplant.predictor.age_45",
        "transplant.predictor.resection",
    ),
)
DIRECTED = (
    _row(
        M,
        "TAE and TACE",
        "multiple unresectable metastases",
        "pathway.multiple",
        "pathway.unresectable",
        "option.machairas2021.tace",
        "option.machairas2021.tae",
    ),
    _row(
        M,
        "TAE and TACE",
        "not in portal vein thrombosis",
        "pathway.portal_vein_thrombosis",
        "pathway.portal_vein_thrombosis.caution",
    ),
    _row(
        M,
        "TAE and TACE",
        "not in hepatic insufficiency",
        "pathway.hepatic_insufficiency",
        "pathway.hepatic_insufficiency.caution",
    ),
    _row(
        M,
        "TAE and TACE",
        "not with a bilio-enteric anastomosis",
        "pathway.bilioenteric_anastomosis",
        "pathway.bilioenteric_anastomosis.caution",
    ),
    _row(M, "TAE and TACE", "post-embolisation syndrome", "option.machairas2021.tae"),
    _row(C, "TAE and TACE", "after pancreatoduodenectomy", "option.cloyd2020.tae_tace"),
    _row(C, "TAE and TACE", "three-arm trial ended early", "option.cloyd2020.tae_tace"),
    _row(C, "TARE", "TACE compared; late fibrosis", "option.cloyd2020.tare"),
    _row(
        G,
        "TAE and TACE",
        "response in carcinoid and pancreatic",
        "option.machairas2021.tae",
        "option.machairas2021.tace",
        note="a note beside the figure's options",
    ),
    _row(M, "TAE and TACE", "none superior, TAE perhaps safer", "option.machairas2021.tae"),
    _row(
        M,
        "TAE and TACE",
        "weigh a major resection afterwards",
        "option.machairas2021.radioembolisation",
    ),
    _row(
        M,
        "radioembolisation",
        "not amenable to resection",
        "option.machairas2021.radioembolisation",
    ),
    _row(
        M,
        "radioembolisation",
        "resection may become possible",
        "option.machairas2021.radioembolisation",
    ),
    _row(
        M,
        "PRRT",
        "G1 or G2, receptors, kidneys and marrow",
        "option.machairas2021.prrt",
        "pathway.sstr",
        "pathway.kidneys_and_marrow",
    ),
    _row(M, "PRRT", "limited in bulky disease; RE as salvage", "option.machairas2021.prrt"),
    _row(M, "trial by load", "up to 6 of at most 4 cm", "pathway.trial.ablation*"),
    _row(M, "trial by load", "up to 75 %, at most 5 cm", "pathway.trial.embolisation*"),
    _row(M, "trial by load", "up to 75 %, above 5 cm", "pathway.trial.y90*"),
    _row(
        M,
        "PRRT",
        "primary resected, then PRRT",
        "option.machairas2021.primary_then_prrt",
        "pathway.pancreas",
    ),
    _row(
        M,
        "systemic",
        "where neither surgery nor local treatment",
        "option.machairas2021.somatostatin_analogue",
    ),
    _row(
        M,
        "systemic",
        "by site of the primary",
        "pathway.pancreas",
        "pathway.small_intestine",
        "pathway.pancreas_or_small_intestine",
    ),
    _row(C, "systemic", "analogue often first", "option.cloyd2020.somatostatin_analogue"),
    _row(
        C,
        "systemic",
        "everolimus: GEP and lung",
        "option.cloyd2020.everolimus",
        "pathway.gep_or_lung",
    ),
    _row(C, "systemic", "sunitinib: pancreatic", "option.cloyd2020.sunitinib"),
    _row(
        C,
        "systemic",
        "capecitabine and temozolomide: pancreatic",
        "option.cloyd2020.captem_pancreatic",
    ),
    _row(
        G,
        "systemic",
        "little use in small-bowel carcinoid",
        "option.machairas2021.chemotherapy_pancreatic",
        note="a note beside the figure's option",
    ),
    _row(
        G,
        "systemic",
        "platinum where poorly differentiated",
        "option.gepnetlm_review.platinum_poor_differentiation",
        "pathway.poor_differentiation",
    ),
    _row(
        C,
        "SBRT",
        "solitary above 3 cm",
        "option.cloyd2020.sbrt",
        "pathway.solitary",
        "pathway.above_3_cm",
    ),
    _row(
        C,
        "imaging",
        "triple-phase CT, arterial phase",
        "staging_checklist.ct",
        note="`remnant` asks for the arterial phase where lesions are looked for",
    ),
    _row(C, "imaging", "MR with diffusion", "staging_checklist.mr"),
    _row(C, "imaging", "receptor PET", "staging_checklist.sstr_pet"),
    _row(M, "burden", "from 50 % in liver-only recurrence", "staging.repeat_resection.liver_only"),
    _row(M, "burden", "below 50 %: transplant limit", "transplant.milan.burden"),
    _row(
        G,
        "burden",
        "CLARINET stratum above 25 %",
        note="a stratum of a trial; the class 26-50 % is stated with its own source",
    ),
)
CONFLICTS = (
    _row(
        C, "conflicts", "central tumours: against M and G", "ablation.concomitant_central.cloyd2020"
    ),
    _row(M, "print errors", "a garbled duration", note="garbled in print: not encoded"),
    _row(G, "print errors", "a garbled survival", note="garbled in print: not encoded"),
    _row(
        M,
        "print errors",
        "Ki-67 meta-analysis on transplantation",
        note="M and G contradict themselves there: not encoded",
    ),
)
SECOND = (
    _row(M, "second reading", "local treatment early", "option.machairas2021.down_staging"),
    _row(M, "second reading", "bridge to surgery", "option.machairas2021.down_staging"),
    _row(
        M,
        "second reading",
        "local treatment in recurrence",
        note="no row of the figure is for recurrence: its options stand in the rows",
    ),
    _row(M, "second reading", "two tracers in G3", "option.machairas2021.dual_tracer"),
    _row(M, "second reading", "PRRT with RE", "option.machairas2021.prrt_with_radioembolisation"),
    _row(M, "second reading", "the trial is a pilot, no advice", "pathway.trial.*"),
    _row(
        M,
        "second reading",
        "debulking by cryoablation too",
        "option.machairas2021.cytoreduction",
        "option.machairas2021.cytoreduction_ablation",
    ),
    _row(M, "second reading", "low total bilirubin", "transplant.enets.bilirubin"),
    _row(C, "second reading", "neoadjuvant treatment", "option.cloyd2020.neoadjuvant"),
    _row(C, "second reading", "adjuvant: little evidence", "option.cloyd2020.resection"),
    _row(
        C,
        "second reading",
        "prognostic factors",
        "resectability.cloyd2020.synchronous",
        "resectability.cloyd2020.non_functional",
        "option.cloyd2020.resection",
    ),
    _row(C, "second reading", "proton beam", "option.cloyd2020.proton_beam"),
    _row(
        C, "second reading", "crisis: all are at risk", "option.cloyd2020.perioperative_octreotide"
    ),
    _row(
        G,
        "second reading",
        "resection in carcinoid heart disease",
        "option.gepnetlm_review.valve_repair",
    ),
    _row(G, "second reading", "whole-body and functional imaging", "staging_checklist.sstr_pet"),
    _row(G, "second reading", "FDG-PET in high grade", "staging_checklist.fdg_pet"),
    _row(G, "second reading", "look for liver disease first", "resectability.gepnetlm_review.*"),
    _row(
        G,
        "second reading",
        "heat damages the remnant",
        "ablation.with_resection.gepnetlm_review",
        "option.machairas2021.resection_one_stage",
        "option.cloyd2020.concomitant_ablation",
    ),
    _row(G, "second reading", "French registry", "transplant.predictor.french_registry"),
    _row(
        G, "second reading", "hepatic failure from the burden", "transplant.remark.hepatic_failure"
    ),
    _row(
        G, "second reading", "observation under an analogue", "option.gepnetlm_review.observation"
    ),
    _row(
        G,
        "second reading",
        "transplantation only if unresectable",
        "transplant.*.unresectable",
        note="all three reviews",
    ),
)
SEED_ROWS: tuple[SeedRow, ...] = (
    *BIOLOGY,
    *DISTRIBUTION,
    *PATHWAY_M,
    *PATHWAY_C,
    *RESECTABILITY,
    *STAGED,
    *DEBULKED,
    *ABLATION,
    *TRANSPLANT,
    *DIRECTED,
    *CONFLICTS,
    *SECOND,
)
SECTIONS = (
    ("Grade and biology", BIOLOGY),
    ("Distribution", DISTRIBUTION),
    ("Pathway of figure 2", PATHWAY_M),
    ("Pathway of the conclusion", PATHWAY_C),
    ("Resectability", RESECTABILITY),
    ("Staged, combined and repeat operations", STAGED),
    ("Debulking", DEBULKED),
    ("Ablation", ABLATION),
    ("Transplantation", TRANSPLANT),
    ("Liver-directed and systemic treatment, imaging, burden", DIRECTED),
    ("Conflicts and errors in print", CONFLICTS),
    ("Second reading", SECOND),
)


@cache
def known_rules() -> dict[str, str]:
    """Return the source of every rule and list by its id."""
    rules = {row.id: row.source for rows in rule_rows().values() for row in rows}
    return rules | {name: listed.source for name, listed in LISTS.items()}


@cache
def matching(pattern: str) -> tuple[str, ...]:
    """Return the ids of the rules that a pattern names."""
    return tuple(name for name in known_rules() if fnmatchcase(name, pattern))


def page() -> str:
    """Write the page."""
    head = (
        "# What becomes of the three reviews",
        "",
        "Made by `python -m examples.seed_map`; a test compares it, and holds every rule of the",
        "three reviews to a row. Each table, row and bullet of `machairas2021` (M), `cloyd2020`",
        "(C) and `gepnetlm_review` (G) in a few words, with its rules ([what they say](rules.md))",
        "or the reason why there is none.",
    )
    return "\n".join((*head, *(line for one in SECTIONS for line in _section(*one)))) + "\n"


def _section(title: str, rows: Sequence[SeedRow]) -> Iterator[str]:
    yield from ("", f"## {title}", "", "| place | row | rules | note |", "|---|---|---|---|")
    letters = {M: "M", C: "C", G: "G"}
    for (source, place), inside in groupby(rows, key=lambda row: (row.source, row.place)):
        for row in inside:
            rules = ", ".join(f"`{name}`" for pattern in row.rules for name in matching(pattern))
            yield f"| {letters[source]}, {place} | {row.label} | {rules or '–'} | {row.note} |"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
