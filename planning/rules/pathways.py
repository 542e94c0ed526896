"""Two pathways as tables: figure 2 of ``machairas2021``, and the conclusion of ``cloyd2020``.

Each row says whom it is for and which treatments the source lists there. Cloyd's figure could not
be read: its rows follow the text that describes it.
"""

from dataclasses import dataclass, field, replace
from functools import partial

from planning import inputs
from planning.criteria.conditions import AnyOf, Condition, Criterion
from planning.rules import pathways_options as option
from planning.rules.contraindications import unless_ruled_out
from planning.rules.pathways_conditions import G1_OR_G2, LOW_GRADE_BY_CLOYD, OVER_70, TEAM_AGREES
from planning.rules.pathways_options import OptionRule
from planning.rules.populations import NELM
from planning.rules.remnant import PROJECT_SOURCE
from planning.rules.staging import LIMITED_LESIONS
from remnant.core.clinical import ExtrahepaticDisease
from remnant.core.findings import Comparison, SourceStatus

MACHAIRAS_TITLE = "Machairas 2021, figure 2"
CLOYD_TITLE = "Cloyd 2020, conclusion"
LITTLE_EVIDENCE = "Evidence for one order over another is limited."
ALTERNATIVE = "Where resection is contraindicated."


@dataclass(frozen=True, slots=True, kw_only=True)
class PathwayRow:
    """One row of a pathway.

    Parameters
    ----------
    id, branch
        Machine name, and whom the row is for.
    text
        What the source says of the row as a whole.
    conditions
        All of them make a case belong to the row.
    first, otherwise
        Treatments listed first, and those listed where resection is contraindicated.
    trial
        Whether the ongoing trial that allots by load is noted beside the row. It is no option.
    """

    id: str
    branch: str
    text: str
    conditions: tuple[Condition, ...]
    first: tuple[OptionRule, ...]
    otherwise: tuple[OptionRule, ...] = ()
    trial: bool = field(default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PathwayTable:
    """All rows of one source."""

    id: str
    title: str
    source: str
    rows: tuple[PathwayRow, ...]


_is = partial(Criterion, population=NELM, source="machairas2021")
MACHAIRAS_LIMITED = _is(
    id="pathway.machairas2021.limited",
    statement="Type I or limited bilobar. Limited is read here as at most "
    f"{LIMITED_LESIONS} lesions that one operation clears, with or without ablation, leaving "
    "enough liver, also by its own 30 %.",
    input=inputs.LIMITED_PATTERN,
    limit=True,
    status=SourceStatus.PROJECT,
)
MACHAIRAS_COMPLEX = _is(
    id="pathway.machairas2021.complex",
    statement="Type II or complex. Complex is read here as more than "
    f"{LIMITED_LESIONS} lesions that fit no type; fewer in both lobes that no operation is known "
    "to clear may be either.",
    input=inputs.COMPLEX_PATTERN,
    limit=True,
    status=SourceStatus.PROJECT,
)
MACHAIRAS_DIFFUSE = _is(
    id="pathway.machairas2021.diffuse",
    statement="Type III or diffuse.",
    input=inputs.DIFFUSE_PATTERN,
    limit=True,
    status=SourceStatus.PROJECT,
)
NOT_G1_OR_G2 = _is(
    id="pathway.machairas2021.other_grade",
    statement="Neither G1 nor G2.",
    input=inputs.GRADE_IS_G1_OR_G2,
    limit=False,
)
LITTLE_OUTSIDE = Criterion(
    id="pathway.cloyd2020.extrahepatic",
    statement="No extrahepatic disease, or little that is indolent.",
    input=inputs.EXTRAHEPATIC,
    limit=(ExtrahepaticDisease.NONE, ExtrahepaticDisease.MINIMAL),
    population=NELM,
    source="cloyd2020",
)
MUCH_OUTSIDE = Criterion(
    id="pathway.cloyd2020.significant_extrahepatic",
    statement="Significant extrahepatic disease.",
    input=inputs.EXTRAHEPATIC,
    limit=ExtrahepaticDisease.SIGNIFICANT,
    population=NELM,
    source="cloyd2020",
)
NOT_RESECTABLE = AnyOf(
    id="pathway.cloyd2020.unresectable",
    statement="Not resectable: by the team, by a contraindication, or no plan debulks more than "
    "70 %.",
    branches=(
        (
            replace(
                OVER_70,
                id="pathway.cloyd2020.not_debulkable",
                statement="No plan debulks more than 70 %.",
                obstacle="a plan debulks more than 70 %",
                comparison=Comparison.AT_MOST,
                status=SourceStatus.PROJECT,
            ),
        ),
        (
            replace(
                TEAM_AGREES,
                id="pathway.cloyd2020.team_objects",
                statement="Judged unresectable by the team.",
                obstacle="judged resectable by the team",
                limit=True,
                source="cloyd2020",
                status=SourceStatus.PROJECT,
            ),
        ),
        (
            Criterion(
                id="pathway.cloyd2020.ruled_out",
                statement="An operation is ruled out.",
                input=inputs.SURGERY_RULED_OUT,
                limit=True,
                population=NELM,
                source="cloyd2020",
                status=SourceStatus.PROJECT,
            ),
        ),
    ),
    population=NELM,
    source="cloyd2020",
    status=SourceStatus.PROJECT,
)
OLIGOMETASTATIC = Criterion(
    id="pathway.cloyd2020.oligometastatic",
    statement=f"Oligometastatic. Read here as at most {LIMITED_LESIONS} lesions.",
    input=inputs.LESION_COUNT,
    comparison=Comparison.AT_MOST,
    limit=float(LIMITED_LESIONS),
    population=NELM,
    source=PROJECT_SOURCE,
    status=SourceStatus.PROJECT,
)
MULTIFOCAL = Criterion(
    id="pathway.cloyd2020.multifocal",
    statement=f"Multifocal. Read here as more than {LIMITED_LESIONS} lesions.",
    input=inputs.LESION_COUNT,
    comparison=Comparison.MORE,
    limit=float(LIMITED_LESIONS),
    population=NELM,
    source=PROJECT_SOURCE,
    status=SourceStatus.PROJECT,
)
BILOBAR = Criterion(
    id="pathway.cloyd2020.bilobar",
    statement="Both lobes involved.",
    input=inputs.BOTH_LOBES,
    limit=True,
    population=NELM,
    source="cloyd2020",
    obstacle="only one lobe is involved",
)
UNILOBAR = Criterion(
    id="pathway.cloyd2020.unilobar",
    statement="One lobe involved.",
    input=inputs.BOTH_LOBES,
    limit=False,
    population=NELM,
    source="cloyd2020",
)

LOCAL = (option.ABLATION, option.TACE, option.TAE, option.RADIOEMBOLISATION)
GENERAL = (option.PRRT, option.TRANSPLANTATION, option.SOMATOSTATIN_ANALOGUE)
DRUGS = (option.CHEMOTHERAPY_PANCREATIC, option.INTERFERON, option.IMMUNOTHERAPY)
TARGETED = (option.EVEROLIMUS, option.SUNITINIB)

MACHAIRAS = PathwayTable(
    id="machairas2021",
    title=MACHAIRAS_TITLE,
    source="machairas2021",
    rows=(
        PathwayRow(
            id="limited",
            branch="Type I or limited bilobar, G1 or G2",
            text="Resection is listed first, the rest where it is contraindicated.",
            conditions=(G1_OR_G2, MACHAIRAS_LIMITED),
            first=(option.PRIMARY_RESECTION, option.RESECTION, *option.BEFORE_SURGERY),
            otherwise=(*LOCAL, *GENERAL, *DRUGS),
            trial=True,
        ),
        PathwayRow(
            id="complex",
            branch="Type II or complex pattern, G1 or G2",
            text="Resection in one or two stages is listed first, the rest where it is "
            "contraindicated.",
            conditions=(G1_OR_G2, MACHAIRAS_COMPLEX),
            first=(
                option.PRIMARY_RESECTION,
                option.RESECTION_ONE_STAGE,
                option.RESECTION_TWO_STAGES,
                option.OBSERVATION,
                *option.BEFORE_SURGERY,
            ),
            otherwise=(
                *LOCAL,
                option.CYTOREDUCTION,
                option.CYTOREDUCTION_ABLATION,
                option.DOWN_STAGING,
                *GENERAL,
                option.PRRT_WITH_RADIOEMBOLISATION,
                *DRUGS,
                *TARGETED,
            ),
            trial=True,
        ),
        PathwayRow(
            id="diffuse",
            branch="Type III or diffuse, G1 or G2",
            text="The figure has no resection arm here.",
            conditions=(G1_OR_G2, MACHAIRAS_DIFFUSE),
            first=(
                option.PRIMARY_RESECTION,
                *LOCAL[1:],
                option.PRRT,
                option.PRIMARY_THEN_PRRT,
                option.PRRT_WITH_RADIOEMBOLISATION,
                *GENERAL[1:],
                *DRUGS,
                *TARGETED,
            ),
            trial=True,
        ),
        PathwayRow(
            id="not_covered",
            branch="G3 or carcinoma",
            text="The figure covers well-differentiated G1 and G2 only. What other sources list "
            "for high grade is shown.",
            conditions=(NOT_G1_OR_G2,),
            first=(
                option.RESECTION_HIGH_GRADE,
                option.DUAL_TRACER,
                *option.HIGH_GRADE_CHEMOTHERAPY,
            ),
        ),
    ),
)
TRANSARTERIAL = (option.CLOYD_EMBOLISATION, option.CLOYD_TARE)
CLOYD = PathwayTable(
    id="cloyd2020",
    title=CLOYD_TITLE,
    source="cloyd2020",
    rows=(
        PathwayRow(
            id="resectable",
            branch="Resectable",
            text="Resection is listed there; the conditions of resectability are judged apart.",
            conditions=unless_ruled_out(LITTLE_OUTSIDE, OVER_70, TEAM_AGREES, LOW_GRADE_BY_CLOYD),
            first=(
                option.CLOYD_RESECTION,
                option.CONCOMITANT_ABLATION,
                option.NEOADJUVANT,
                option.OBSERVATION,
                *option.BEFORE_SURGERY,
            ),
        ),
        PathwayRow(
            id="oligometastatic",
            branch="Unresectable, oligometastatic",
            text="Local treatment is listed.",
            conditions=(LITTLE_OUTSIDE, NOT_RESECTABLE, OLIGOMETASTATIC),
            first=(
                option.PERCUTANEOUS_ABLATION,
                option.SBRT,
                option.PROTON_BEAM,
                option.SELECTIVE_TRANSARTERIAL,
            ),
        ),
        PathwayRow(
            id="multifocal_bilobar",
            branch="Multifocal bilobar",
            text="Transarterial treatment is listed first; systemic treatment, PRRT included, can "
            "be considered.",
            conditions=(LITTLE_OUTSIDE, NOT_RESECTABLE, MULTIFOCAL, BILOBAR),
            first=(*TRANSARTERIAL, option.NEOADJUVANT, *option.CLOYD_SYSTEMIC),
        ),
        PathwayRow(
            id="significant_extrahepatic",
            branch="Significant extrahepatic disease",
            text="Systemic treatment is listed, with or without liver-directed treatment by the "
            "distribution in the liver.",
            conditions=(MUCH_OUTSIDE,),
            first=(*option.CLOYD_SYSTEMIC, *TRANSARTERIAL),
        ),
        PathwayRow(
            id="not_covered",
            branch="Unresectable, many lesions in one lobe",
            text="No row of the conclusion speaks of this pattern.",
            conditions=(LITTLE_OUTSIDE, NOT_RESECTABLE, MULTIFOCAL, UNILOBAR),
            first=(),
        ),
    ),
)
PATHWAY_TABLES: tuple[PathwayTable, ...] = (MACHAIRAS, CLOYD)
"""Pathways in the order in which they are shown."""
