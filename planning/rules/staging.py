"""What the sources say on operating in stages, on combined and on repeat operations.

Words without a number in the sources have this project's: LIMITED_LESIONS and MAJOR_SEGMENTS.
"""

from dataclasses import dataclass, replace

from planning import inputs
from planning.criteria.conditions import AnyOf, CriteriaList, Criterion, Remark
from planning.rules.contraindications import operation
from planning.rules.populations import NELM
from planning.rules.remnant import PROJECT_SOURCE
from remnant.core.clinical import Differentiation, Presentation, PrimaryStatus
from remnant.core.distribution import FrillingType
from remnant.core.findings import SourceStatus

LIMITED_LESIONS = 5
"""Disease is called limited, or oligometastatic, up to this many lesions. This project's number."""
MAJOR_SEGMENTS = 3
"""A resection is called extensive from this many segments on. This project's number."""

SYNCHRONOUS = "synchronous disease"
RECURRENT = "recurrence after resection"


@dataclass(frozen=True, slots=True, kw_only=True)
class StagingRule:
    """Conditions for one way to operate, and what series report of it."""

    listed: CriteriaList
    remarks: tuple[Remark, ...]


def _flr_short(way: str) -> Criterion:
    return Criterion(
        id=f"staging.{way}.flr",
        statement="Machairas 2021: for a remnant that is insufficient in one stage.",
        input=inputs.FLR_SHORT,
        limit=True,
        population=NELM,
        source="machairas2021",
        obstacle="enough liver would remain in one stage",
    )


def _fit(way: str) -> Criterion:
    return Criterion(
        id=f"staging.{way}.fit",
        statement="Cloyd 2020: fit for a major hepatectomy.",
        input=inputs.FIT,
        limit=True,
        population=NELM,
        source="cloyd2020",
        obstacle="unfitness for a major hepatectomy",
    )


def _well_differentiated(way: str) -> Criterion:
    return Criterion(
        id=f"staging.{way}.differentiation",
        statement="Machairas 2021: resection to cure is for well-differentiated tumours.",
        input=inputs.DIFFERENTIATION,
        limit=Differentiation.WELL,
        population=NELM,
        source="machairas2021",
        obstacle="less than well differentiated",
    )


def _not_diffuse(way: str) -> Criterion:
    """Type III has no resection arm in the figure; the text excludes extensive disease."""
    return Criterion(
        id=f"staging.{way}.extensive",
        statement="Machairas 2021: resection is not for extensive disease. Read here as Frilling "
        "type III or the diffuse pattern, for which its figure has no resection arm.",
        input=inputs.DIFFUSE_PATTERN,
        limit=False,
        population=NELM,
        source="machairas2021",
        status=SourceStatus.PROJECT,
        obstacle="extensive disease, read as type III or the diffuse pattern",
    )


def _open_portal_vein(way: str) -> Criterion:
    return Criterion(
        id=f"staging.{way}.portal_vein",
        statement="No portal vein thrombosis: closing one branch needs the other open (this "
        "project's reading; no source prints it).",
        input=inputs.PORTAL_THROMBOSIS,
        limit=False,
        population=NELM,
        source=PROJECT_SOURCE,
        status=SourceStatus.PROJECT,
        obstacle="portal vein thrombosis: closing one branch needs the other open",
    )


def _synchronous(way: str, source: str, statement: str) -> Criterion:
    """Not known, it leaves nothing open: a primary in place is read as synchronous disease."""
    return Criterion(
        id=f"staging.{way}.synchronous",
        statement=f"{statement} A primary in place is read so unless metachronous is told.",
        input=inputs.PRESENTATION,
        limit=Presentation.SYNCHRONOUS,
        population=SYNCHRONOUS,
        source=source,
        status=SourceStatus.PROJECT,
        only_failure=True,
        obstacle="metachronous metastases",
    )


def _portal_hypertension(way: str) -> Criterion:
    return Criterion(
        id=f"staging.{way}.portal_hypertension",
        statement="GEP-NET review: portal hypertension raises the risk of resection.",
        input=inputs.PORTAL_HYPERTENSION_SIGNS,
        limit=False,
        population="GEP-NET liver metastases",
        source="gepnetlm_review",
        needed=False,
        obstacle="portal hypertension: it raises the risk of resection",
    )


PVE = StagingRule(
    listed=CriteriaList(
        id="staging.pve",
        title="Portal vein embolisation, then resection",
        source="machairas2021",
        conditions=(
            _flr_short("pve"),
            _well_differentiated("pve"),
            _fit("pve"),
            _not_diffuse("pve"),
            _open_portal_vein("pve"),
            _portal_hypertension("pve"),
        ),
    ),
    remarks=(
        Remark(
            id="staging.pve.azoulay2000",
            statement="Azoulay: below 40 % of the measured functional volume.",
            population="fibrosis or cirrhosis",
            source="azoulay2000",
        ),
    ),
)
TWO_STAGE = StagingRule(
    listed=CriteriaList(
        id="staging.two_stage_pvl",
        title="Two stages with ligation of the contralateral portal vein",
        source="machairas2021",
        conditions=(
            _flr_short("two_stage_pvl"),
            Criterion(
                id="staging.two_stage_pvl.both_lobes",
                statement="Machairas 2021: the first stage clears the remnant. Read here as "
                "metastases in both lobes.",
                input=inputs.BOTH_LOBES,
                limit=True,
                population="type II or complex pattern",
                source="machairas2021",
                status=SourceStatus.PROJECT,
                obstacle="only one lobe is involved",
            ),
            _well_differentiated("two_stage_pvl"),
            _fit("two_stage_pvl"),
            _not_diffuse("two_stage_pvl"),
            _open_portal_vein("two_stage_pvl"),
            _portal_hypertension("two_stage_pvl"),
        ),
    ),
    remarks=(
        Remark(
            id="staging.two_stage_pvl.course",
            statement="Series from Clichy, highly selected: the primary was removed in the first "
            "stage in 87 %; two months of observation; 4 % dropped out by progression.",
            population="highly selected patients of one centre",
            source="machairas2021",
        ),
        Remark(
            id="staging.two_stage_pvl.outcome",
            statement="Same series: R0 in 75 %, morbidity 21 %, mortality 0 %; five-year overall "
            "survival 94 %, disease-free 50 %.",
            population="highly selected patients of one centre",
            source="machairas2021",
        ),
    ),
)
ALPPS = StagingRule(
    listed=CriteriaList(
        id="staging.alpps",
        title="ALPPS",
        source="machairas2021",
        conditions=(
            _flr_short("alpps"),
            Criterion(
                id="staging.alpps.grade",
                statement="Machairas 2021: G3 is regarded as a contraindication to ALPPS.",
                input=inputs.GRADE_IS_G1_OR_G2,
                limit=True,
                population=NELM,
                source="machairas2021",
                obstacle="G3 or carcinoma",
            ),
            _fit("alpps"),
            _not_diffuse("alpps"),
            _open_portal_vein("alpps"),
            Criterion(
                id="staging.alpps.type",
                statement="Machairas 2021: 95 % of the registry's cases were Frilling type II.",
                input=inputs.FRILLING,
                limit=FrillingType.II,
                population="ALPPS registry",
                source="machairas2021",
                needed=False,
            ),
            Criterion(
                id="staging.alpps.biopsy",
                statement="Machairas 2021: a metastasis is biopsied before ALPPS, as its Ki-67 may "
                "differ from the primary's.",
                input=inputs.BIOPSY,
                limit=True,
                population=NELM,
                source="machairas2021",
                needed=False,
            ),
            _portal_hypertension("alpps"),
        ),
    ),
    remarks=(
        Remark(
            id="staging.alpps.outcome.machairas2021",
            statement="Machairas 2021 of the registry, after stage 2: overall morbidity 52 %, at "
            "least 3b in 28 %, one late death; one- and two-year survival 95.2 %, disease-free "
            "73.2 and 41.8 %.",
            population="ALPPS registry",
            source="machairas2021",
        ),
        Remark(
            id="staging.alpps.outcome.linecker2019",
            statement="Linecker 2019, 21 patients: morbidity of at least 3b in 9 % after stage 1 "
            "and 27 % after stage 2, 90-day mortality 5 %, R0 in 90 %. The two accounts differ.",
            population="ALPPS registry, neuroendocrine, n = 21",
            source="linecker2019",
        ),
    ),
)
SIMULTANEOUS = StagingRule(
    listed=CriteriaList(
        id="staging.simultaneous_primary",
        title="Primary and metastases in one operation",
        source="machairas2021",
        conditions=(
            Criterion(
                id="staging.simultaneous_primary.primary",
                statement="The primary tumour is in place and resectable.",
                input=inputs.PRIMARY_STATUS,
                limit=PrimaryStatus.RESECTABLE,
                population=SYNCHRONOUS,
                source="machairas2021",
                obstacle="no resectable primary in place",
            ),
            _synchronous(
                "simultaneous_primary",
                "machairas2021",
                "Machairas 2021: resection synchronous with the primary.",
            ),
            _fit("simultaneous_primary"),
            AnyOf(
                id="staging.simultaneous_primary.distribution",
                statement="Machairas 2021: type I or limited bilobar disease.",
                branches=(
                    (
                        Criterion(
                            id="staging.simultaneous_primary.type_i",
                            statement="Frilling type I.",
                            input=inputs.FRILLING,
                            limit=FrillingType.I,
                            population=SYNCHRONOUS,
                            source="machairas2021",
                        ),
                    ),
                    (
                        Criterion(
                            id="staging.simultaneous_primary.bilobar",
                            statement="Both lobes involved.",
                            input=inputs.BOTH_LOBES,
                            limit=True,
                            population=SYNCHRONOUS,
                            source="machairas2021",
                            obstacle="only one lobe is involved",
                        ),
                        Criterion(
                            id="staging.simultaneous_primary.limited",
                            statement=f"Limited is read here as at most {LIMITED_LESIONS} lesions "
                            "that one operation clears, leaving enough liver.",
                            input=inputs.LIMITED_PATTERN,
                            limit=True,
                            population=SYNCHRONOUS,
                            source=PROJECT_SOURCE,
                            status=SourceStatus.PROJECT,
                        ),
                    ),
                ),
                population=SYNCHRONOUS,
                source="machairas2021",
                status=SourceStatus.PROJECT,
                obstacle="neither type I nor limited bilobar disease",
            ),
            Criterion(
                id="staging.simultaneous_primary.extent",
                statement=(
                    "Machairas 2021: no extensive or complex liver resection. Read here as a named "
                    f"hepatectomy of fewer than {MAJOR_SEGMENTS} segments, or none, that reaches "
                    "the highest target met."
                ),
                input=inputs.SMALL_RESECTION,
                limit=True,
                population=SYNCHRONOUS,
                source=PROJECT_SOURCE,
                status=SourceStatus.PROJECT,
                obstacle="extensive or complex liver resection",
            ),
        ),
    ),
    remarks=(
        Remark(
            id="staging.simultaneous_primary.order",
            statement="Cloyd 2020: combined operations do the liver first.",
            population=SYNCHRONOUS,
            source="cloyd2020",
        ),
    ),
)
REPEAT = StagingRule(
    listed=CriteriaList(
        id="staging.repeat_resection",
        title="Repeat resection of a recurrence",
        source="machairas2021",
        conditions=(
            Criterion(
                id="staging.repeat_resection.recurrence",
                statement="Metastases came back after an earlier liver resection.",
                input=inputs.RECURRENCE,
                limit=True,
                population=RECURRENT,
                source="machairas2021",
                obstacle="no recurrence after a liver resection",
            ),
            Criterion(
                id="staging.repeat_resection.amenable",
                statement="Amenable to resection. Read here as: a plan in one stage reaches a "
                "debulking target; undecided where only stages might.",
                input=inputs.AMENABLE,
                limit=True,
                population=RECURRENT,
                source="machairas2021",
                status=SourceStatus.PROJECT,
                obstacle="no plan in one stage reaches a debulking target",
            ),
            _well_differentiated("repeat_resection"),
            _fit("repeat_resection"),
            _not_diffuse("repeat_resection"),
            Criterion(
                id="staging.repeat_resection.team",
                statement="Not judged unresectable by the team.",
                input=inputs.JUDGED_UNRESECTABLE,
                limit=False,
                population=RECURRENT,
                source="machairas2021",
                status=SourceStatus.PROJECT,
                obstacle="the team's judgement of unresectable disease",
            ),
        ),
    ),
    remarks=(
        Remark(
            id="staging.repeat_resection.amenable_share",
            statement="Machairas 2021: about 45 % of recurrences are amenable to repeat "
            "resection, which is associated with equal or longer survival.",
            population=RECURRENT,
            source="machairas2021",
        ),
        Remark(
            id="staging.repeat_resection.liver_only",
            statement="Machairas 2021, commoner where only the liver recurred: load from 50 % on, "
            "non-functional GEP primary, moderate differentiation, synchronous, R1, ablation.",
            population="after resection",
            source="machairas2021",
        ),
        Remark(
            id="staging.repeat_resection.rate.machairas2021",
            statement="Machairas 2021: 65 to 90 % recur after resection.",
            population="after resection",
            source="machairas2021",
        ),
        Remark(
            id="staging.repeat_resection.rate.cloyd2020",
            statement="Cloyd 2020: 50 to 95 % recur, over 70 % of recurrences in the liver within "
            "three years; imaging and markers every 3 to 12 months.",
            population="after resection",
            source="cloyd2020",
        ),
        Remark(
            id="staging.repeat_resection.rate.gepnetlm_review",
            statement="GEP-NET review: up to 84 % recur.",
            population="after resection",
            source="gepnetlm_review",
        ),
    ),
)
PRIMARY = StagingRule(
    listed=CriteriaList(
        id="staging.primary_synchronous",
        title="Resection of the primary, staged or combined",
        source="cloyd2020",
        conditions=(
            Criterion(
                id="staging.primary_synchronous.primary",
                statement="The primary tumour is in place and resectable.",
                input=inputs.PRIMARY_STATUS,
                limit=PrimaryStatus.RESECTABLE,
                population=SYNCHRONOUS,
                source="cloyd2020",
                obstacle="no resectable primary in place",
            ),
            _synchronous("primary_synchronous", "cloyd2020", "Cloyd 2020: in synchronous disease."),
            Criterion(
                id="staging.primary_synchronous.liver",
                statement="Listed by Cloyd 2020 in synchronous resectable disease. Read here "
                "as: a plan in one stage reaches a debulking target.",
                input=inputs.AMENABLE,
                limit=True,
                population=SYNCHRONOUS,
                source="cloyd2020",
                status=SourceStatus.PROJECT,
                obstacle="no plan in one stage reaches a debulking target",
            ),
        ),
    ),
    remarks=(),
)
STAGING_RULES: tuple[StagingRule, ...] = tuple(
    replace(rule, listed=operation(rule.listed))
    for rule in (PVE, TWO_STAGE, ALPPS, SIMULTANEOUS, REPEAT, PRIMARY)
)
"""Ways to operate, in the order in which they are shown."""
