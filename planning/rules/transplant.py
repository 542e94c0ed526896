"""Five lists of conditions for liver transplantation of neuroendocrine metastases, as printed.

Every list is for highly selected patients. Age and burden are printed as "below"; a transcription
of the Milan list (``mazzaferro2007``) has "at most 50 %" and "at most 55 years" instead, so that
values near a limit are flagged.
"""

from dataclasses import replace

from planning import inputs
from planning.criteria.conditions import CriteriaList, Criterion, Remark
from planning.criteria.listing import NO, Listing, at_least, at_most, is_, less, one_of
from planning.rules.liver_size import LIVER_SIZE, MILD_ML_PER_M2
from remnant.core.clinical import Differentiation, ExtrahepaticDisease, PrimarySite
from remnant.core.findings import Basis, SourceStatus

AGE_YEARS = 55.0
BURDEN_FRACTION = 0.50
BURDEN_REFRACTORY_FRACTION = 0.75
STABLE_MONTHS = 6.0
TRANSCRIPTION = (
    "A transcription of the Milan list has at most 50 % and at most 55 years instead of below."
)
UNRESECTABLE_BY_TEXT = (
    "Unresectable disease: from the text of the review; its list does not print it."
)
POPULATION = "highly selected patients with neuroendocrine liver metastases"
NOWHERE_ELSE = is_(ExtrahepaticDisease.NONE)

_MILAN = Listing(prefix="transplant.milan", population=POPULATION, source="machairas2021")
_MILAN_READ = replace(_MILAN, status=SourceStatus.PROJECT)
_ENETS = Listing(prefix="transplant.enets", population=POPULATION, source="machairas2021")
_MINIMAL = Listing(prefix="transplant.enets_minimal", population=POPULATION, source="cloyd2020")
_UNOS = Listing(prefix="transplant.unos", population=POPULATION, source="machairas2021")
_VILSTEREN = Listing(
    prefix="transplant.vanvilsteren", population=POPULATION, source="gepnetlm_review"
)


def _age(listing: Listing) -> Criterion:
    return listing.condition(
        "age",
        "Younger than 55 years.",
        of=inputs.AGE,
        test=less(AGE_YEARS),
        obstacle="55 years or older",
    )


def _burden(listing: Listing) -> Criterion:
    return listing.condition(
        "burden",
        "Less than 50 % of the liver is tumour.",
        of=inputs.BURDEN,
        test=less(BURDEN_FRACTION),
        basis=Basis.TOTAL_LIVER_VOLUME,
        obstacle="50 % of the liver or more is tumour",
    )


def _stable(listing: Listing, statement: str) -> Criterion:
    return listing.condition(
        "stable",
        statement,
        of=inputs.STABLE_MONTHS,
        test=at_least(STABLE_MONTHS),
        obstacle="stable for less than 6 months",
    )


def _low_grade(listing: Listing, statement: str) -> Criterion:
    return listing.condition(
        "grade", statement, of=inputs.GRADE_IS_G1_OR_G2, obstacle="G3 or carcinoma"
    )


def _well(listing: Listing) -> Criterion:
    return listing.condition(
        "differentiation",
        "Well differentiated.",
        of=inputs.DIFFERENTIATION,
        test=is_(Differentiation.WELL),
        obstacle="less than well differentiated",
    )


def _portal(listing: Listing) -> Criterion:
    return listing.condition(
        "portal_drainage",
        "The primary drains into the portal vein.",
        of=inputs.PORTAL_DRAINAGE,
        obstacle="a primary outside what drains into the portal vein",
    )


def _primary(listing: Listing, statement: str) -> Criterion:
    return listing.condition(
        "primary", statement, of=inputs.PRIMARY_RESECTED, obstacle="the primary is in place"
    )


def _elsewhere(listing: Listing, statement: str = "No disease outside the liver.") -> Criterion:
    return listing.condition(
        "extrahepatic",
        statement,
        of=inputs.EXTRAHEPATIC,
        test=NOWHERE_ELSE,
        obstacle="disease outside the liver",
    )


def _bilobar(listing: Listing) -> Criterion:
    return listing.condition(
        "bilobar",
        "Both lobes are involved.",
        of=inputs.BOTH_LOBES,
        obstacle="only one lobe is involved",
    )


def _unresectable(listing: Listing, statement: str) -> Criterion:
    """By the team's word, else by the plans; every source confines the operation to it."""
    return listing.condition(
        "unresectable", statement, of=inputs.UNRESECTABLE, obstacle="the disease is resectable"
    )


def _histology(listing: Listing, statement: str) -> Criterion:
    return listing.condition(
        "histology", statement, of=inputs.HISTOLOGY, obstacle="no confirmed histology"
    )


MILAN = CriteriaList(
    id="transplant.milan",
    title="Milan",
    source="machairas2021",
    conditions=(
        _age(_MILAN),
        _histology(_MILAN, "Histology confirmed."),
        _low_grade(_MILAN, "Low grade (G1 or G2)."),
        _MILAN_READ.condition(
            "portal_drainage",
            "The primary drains into the portal vein: distal stomach to sigmoid colon. The rectum "
            "is read as outside it (this project's reading).",
            of=inputs.PORTAL_DRAINAGE_BY_MILAN,
            obstacle="a primary outside what drains into the portal vein",
        ),
        _primary(_MILAN, "Primary removed by curative resection."),
        _elsewhere(_MILAN, "All deposits outside the liver removed: none is left."),
        _burden(_MILAN),
        _stable(_MILAN, "Good response or stable disease for at least 6 months."),
        _unresectable(_MILAN, UNRESECTABLE_BY_TEXT),
    ),
    remark=TRANSCRIPTION,
)
ENETS = CriteriaList(
    id="transplant.enets",
    title="ENETS, as Machairas 2021 lists it",
    source="machairas2021",
    conditions=(
        _age(_ENETS),
        _well(_ENETS),
        _low_grade(_ENETS, "G1 or G2."),
        _ENETS.condition(
            "ki67",
            "Ki-67 at most 10 %.",
            of=inputs.KI67,
            test=at_most(10.0),
            obstacle="Ki-67 above 10 %",
        ),
        _primary(_ENETS, "Primary removed."),
        _ENETS.either(
            "primary_months",
            "Primary removed at least 6 months before.",
            (
                _ENETS.condition(
                    "primary_months_removed", "It was removed.", of=inputs.PRIMARY_RESECTED
                ),
                _ENETS.condition(
                    "primary_months_6",
                    "That was at least 6 months ago.",
                    of=inputs.PRIMARY_RESECTED_MONTHS,
                    test=at_least(6.0),
                ),
            ),
            obstacle="the primary is in place, or was removed less than 6 months before",
        ),
        _ENETS.either(
            "burden",
            "Less than 50 % of the liver is tumour, or less than 75 % with refractory hormonal "
            "symptoms.",
            (
                _ENETS.condition(
                    "burden_50",
                    "Less than 50 %.",
                    of=inputs.BURDEN,
                    test=less(BURDEN_FRACTION),
                    basis=Basis.TOTAL_LIVER_VOLUME,
                ),
            ),
            (
                _ENETS.condition(
                    "burden_75",
                    "Less than 75 %.",
                    of=inputs.BURDEN,
                    test=less(BURDEN_REFRACTORY_FRACTION),
                    basis=Basis.TOTAL_LIVER_VOLUME,
                ),
                _ENETS.condition(
                    "refractory", "Refractory hormonal symptoms.", of=inputs.REFRACTORY
                ),
            ),
            obstacle="more of the liver is tumour than is allowed",
        ),
        _stable(_ENETS, "Stable disease for at least 6 months."),
        _elsewhere(_ENETS, "No disease outside the liver."),
        _ENETS.condition(
            "optimised_staging",
            "Disease outside the liver was excluded by optimised staging.",
            of=inputs.OPTIMISED_STAGING,
            obstacle="no optimised staging",
        ),
        _ENETS.condition(
            "bilirubin",
            "Low total bilirubin; no limit is printed.",
            of=inputs.LOW_BILIRUBIN,
            obstacle="raised total bilirubin",
        ),
        _unresectable(_ENETS, UNRESECTABLE_BY_TEXT),
    ),
)
ENETS_MINIMAL = CriteriaList(
    id="transplant.enets_minimal",
    title="ENETS minimal list, as Cloyd 2020 lists it",
    source="cloyd2020",
    conditions=(
        _well(_MINIMAL),
        _low_grade(_MINIMAL, "Low or intermediate grade (read as G1 or G2)."),
        _portal(_MINIMAL),
        _primary(_MINIMAL, "Primary removed."),
        _elsewhere(_MINIMAL),
        _MINIMAL.condition(
            "mortality",
            "Expected mortality below 10 %.",
            of=inputs.EXPECTED_MORTALITY,
            test=less(10.0),
            obstacle="expected mortality of 10 % or more",
        ),
        _unresectable(_MINIMAL, UNRESECTABLE_BY_TEXT),
    ),
    remark=(
        "The ENETS lists of the two reviews differ. Cure is unlikely; the main indication is "
        "palliation of uncontrolled hormonal syndromes (Cloyd 2020)."
    ),
)
UNOS = CriteriaList(
    id="transplant.unos",
    title="UNOS",
    source="machairas2021",
    conditions=(
        _age(_UNOS),
        _portal(_UNOS),
        _primary(_UNOS, "Primary removed."),
        _elsewhere(_UNOS, "Deposits outside the liver removed: none is left."),
        _burden(_UNOS),
        _stable(_UNOS, "Good response or stable disease for at least 6 months."),
        _bilobar(_UNOS),
        _unresectable(_UNOS, "Not amenable to resection."),
    ),
)
VAN_VILSTEREN = CriteriaList(
    id="transplant.vanvilsteren",
    title="van Vilsteren",
    source="gepnetlm_review",
    conditions=(
        _histology(_VILSTEREN, "Histology of the metastases, or of the primary with evidence."),
        _primary(_VILSTEREN, "Primary completely removed."),
        _bilobar(_VILSTEREN),
        _unresectable(_VILSTEREN, "Unresectable."),
        _elsewhere(_VILSTEREN),
        _VILSTEREN.condition(
            "listed",
            "Found suitable and on a transplant list.",
            of=inputs.ON_TRANSPLANT_LIST,
            obstacle="no place on a transplant list",
        ),
    ),
)
TRANSPLANT_LISTS = (MILAN, ENETS, ENETS_MINIMAL, UNOS, VAN_VILSTEREN)

_PREDICTORS = Listing(
    prefix="transplant.predictor", population="transplanted patients", source="gepnetlm_review"
)
_REGISTRY = Listing(
    prefix="transplant.predictor",
    population="European transplant registry",
    source="machairas2021",
)
_FRENCH = replace(_PREDICTORS, population="85 transplanted patients, French registry")


def _hepatomegaly(listing: Listing, name: str, statement: str) -> Criterion:
    """Take the lower published cut-off where a source prints no number."""
    return replace(listing, status=SourceStatus.PROJECT).condition(
        name,
        f"{statement}. Read here as at most 0.92 L of liver per m² of body surface.",
        of=inputs.LIVER_PER_BSA,
        test=at_most(MILD_ML_PER_M2),
        basis=Basis.BODY_SURFACE_AREA,
        needed=False,
        obstacle="hepatomegaly, read as above 0.92 L of liver per m² of body surface",
    )


TRANSPLANT_PREDICTORS: tuple[Criterion, ...] = (
    _PREDICTORS.condition(
        "age_50",
        "Age below 50 predicts a better course (GEP-NET review).",
        of=inputs.AGE,
        test=less(50.0),
        needed=False,
    ),
    _REGISTRY.condition(
        "age_45",
        "Age up to 45 goes with a better course, above it with a worse one (Machairas 2021).",
        of=inputs.AGE,
        test=at_most(45.0),
        needed=False,
    ),
    replace(
        _PREDICTORS.condition(
            "primary_site",
            "A primary in lung or bowel predicts a better course, in duodenum or pancreas a worse "
            "one (GEP-NET review).",
            of=inputs.PRIMARY_SITE,
            test=one_of(
                PrimarySite.LUNG,
                PrimarySite.SMALL_BOWEL,
                PrimarySite.APPENDIX,
                PrimarySite.COLON,
                PrimarySite.RECTUM,
            ),
            needed=False,
        ),
        against=(PrimarySite.DUODENUM, PrimarySite.PANCREAS),
    ),
    _PREDICTORS.condition(
        "somatostatin",
        "A somatostatin analogue before the operation predicts a better course (GEP-NET review).",
        of=inputs.SOMATOSTATIN_ANALOGUE,
        needed=False,
    ),
    _PREDICTORS.condition(
        "exenteration",
        "No upper abdominal exenteration: it predicts a worse course (GEP-NET review).",
        of=inputs.EXENTERATION,
        test=NO,
        needed=False,
        obstacle="upper abdominal exenteration: it predicts a worse course (GEP-NET review)",
    ),
    _hepatomegaly(
        _PREDICTORS, "hepatomegaly", "No hepatomegaly: it predicts a worse course (GEP-NET review)"
    ),
    *LIVER_SIZE,
    _hepatomegaly(
        _REGISTRY,
        "hepatomegaly_registry",
        "No hepatomegaly: it goes with a worse course (Machairas 2021, European registry)",
    ),
    _REGISTRY.condition(
        "resection",
        "No resection with the transplant: any goes with a worse course (Machairas 2021, European "
        "registry).",
        of=inputs.RESECTION_WITH_TRANSPLANT,
        test=NO,
        needed=False,
        obstacle="resection with the transplant: it goes with a worse course "
        "(Machairas 2021, European registry)",
    ),
    _FRENCH.condition(
        "french_registry",
        "At most one poor factor of primary in duodenum or pancreas, upper abdominal exenteration, "
        "hepatomegaly: five-year survival 68 % in 55 patients, 47 % in all 85 (GEP-NET review).",
        of=inputs.POOR_FACTORS,
        test=at_most(1.0),
        needed=False,
    ),
)
"""Judged beside the list of their source, deciding none. Bowel is read as small bowel to rectum; of
a primary elsewhere the review says nothing."""
TRANSPLANT_REMARKS = (
    Remark(
        id="transplant.remark.selected",
        statement="Transplantation is for highly selected patients, under 1 % (Machairas 2021).",
        population=POPULATION,
        source="machairas2021",
    ),
    Remark(
        id="transplant.remark.live_donor",
        statement="Live-donor transplantation is advocated as an alternative where donor organs "
        "are scarce (Machairas 2021).",
        population=POPULATION,
        source="machairas2021",
    ),
    Remark(
        id="transplant.remark.without",
        statement="Milan-eligible patients treated without transplantation had 97 % five-year "
        "survival; freedom from recurrence beyond 5 years is close to zero (Machairas 2021).",
        population="patients within the Milan list on multimodal treatment",
        source="machairas2021",
    ),
    Remark(
        id="transplant.remark.resection",
        statement="Survival of patients within the Milan list is similar after resection (Cloyd "
        "2020).",
        population="patients within the Milan list",
        source="cloyd2020",
    ),
    Remark(
        id="transplant.remark.hepatic_failure",
        statement="Progressive hepatic failure from the tumour's burden is often present; patients "
        "are otherwise not candidates for liver-directed therapy (GEP-NET review).",
        population="transplanted patients",
        source="gepnetlm_review",
    ),
    Remark(
        id="transplant.remark.transcription",
        statement="Limits are held as the reviews print them. A transcription of the Milan list "
        "prints at most 50 % and at most 55 years.",
        population=POPULATION,
        source="mazzaferro2007",
    ),
)
REMARKED = {
    MILAN.id: ("machairas2021", "mazzaferro2007"),
    ENETS_MINIMAL.id: ("cloyd2020",),
    VAN_VILSTEREN.id: ("gepnetlm_review", "linguraru2012"),
}
"""Beside which list predictors and remarks of which sources stand: once each."""
