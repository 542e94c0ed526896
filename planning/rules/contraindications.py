"""What rules an operation on the liver out, by the sources' words.

These conditions stand in every list, row and treatment that is an operation on the liver. There
they decide only where they fail: what nobody told is asked for by the lists of the sources and
leaves no treatment open. As a list of their own they say which of them are not known.
"""

from dataclasses import replace

from planning import inputs
from planning.criteria.conditions import Condition, CriteriaList, Criterion, Limit
from planning.inputs import Input
from planning.rules.populations import NELM
from planning.rules.remnant import PROJECT_SOURCE
from remnant.core.clinical import Differentiation, ExtrahepaticDisease, PrimaryStatus
from remnant.core.findings import SourceStatus

PREFIX = "contraindication"


def _condition(
    name: str,
    statement: str,
    obstacle: str,
    *,
    of: Input,
    limit: Limit,
    source: str,
    status: SourceStatus = SourceStatus.VERIFIED,
) -> Criterion:
    return Criterion(
        id=f"{PREFIX}.{name}",
        statement=statement,
        input=of,
        limit=limit,
        population=NELM,
        source=source,
        status=status,
        obstacle=obstacle,
        only_failure=True,
    )


CONTRAINDICATIONS: tuple[Criterion, ...] = (
    _condition(
        "team",
        "Not judged unresectable by the team.",
        "the team's judgement of unresectable disease",
        of=inputs.JUDGED_UNRESECTABLE,
        limit=False,
        source=PROJECT_SOURCE,
        status=SourceStatus.PROJECT,
    ),
    _condition(
        "decompensation",
        "No decompensated liver disease. No source has a minimum of the remnant for it.",
        "decompensated liver disease",
        of=inputs.DECOMPENSATED,
        limit=False,
        source=PROJECT_SOURCE,
        status=SourceStatus.PROJECT,
    ),
    _condition(
        "differentiation",
        "Machairas 2021: resection with curative intent is not for poorly differentiated tumours.",
        "poorly differentiated carcinoma",
        of=inputs.DIFFERENTIATION,
        limit=Differentiation.WELL,
        source="machairas2021",
    ),
    _condition(
        "ki67",
        "Ki-67 below 55 %. Cloyd 2020: in high grade acceptable outcomes particularly below it.",
        "Ki-67 of 55 % or more",
        of=inputs.KI67_FROM_55,
        limit=False,
        source="cloyd2020",
        status=SourceStatus.PROJECT,
    ),
    _condition(
        "extrahepatic",
        "Cloyd 2020: minimal or no disease outside the liver.",
        "significant disease outside the liver",
        of=inputs.EXTRAHEPATIC,
        limit=(ExtrahepaticDisease.NONE, ExtrahepaticDisease.MINIMAL),
        source="cloyd2020",
    ),
    _condition(
        "peritoneum",
        "ENETS list in Cloyd 2020: no peritoneal carcinomatosis.",
        "peritoneal carcinomatosis",
        of=inputs.PERITONEAL,
        limit=False,
        source="cloyd2020",
    ),
    _condition(
        "primary",
        "Cloyd 2020: the primary is generally resectable, or was removed.",
        "an unresectable primary",
        of=inputs.PRIMARY_STATUS,
        limit=(PrimaryStatus.RESECTED, PrimaryStatus.RESECTABLE),
        source="cloyd2020",
    ),
    _condition(
        "heart",
        "ENETS list in Cloyd 2020: no right heart failure.",
        "right heart failure",
        of=inputs.RIGHT_HEART_FAILURE,
        limit=False,
        source="cloyd2020",
    ),
    _condition(
        "valve",
        "GEP-NET review: severe valve disease is repaired before liver surgery.",
        "severe valve disease, not repaired",
        of=inputs.SEVERE_VALVE_DISEASE,
        limit=False,
        source="gepnetlm_review",
    ),
    _condition(
        "comorbidity",
        "Cloyd and Machairas: no comorbidity that makes surgery unsafe.",
        "prohibitive comorbidity",
        of=inputs.COMORBIDITY,
        limit=False,
        source="cloyd2020",
    ),
    _condition(
        "fit",
        "Cloyd 2020: fit for a major hepatectomy. Where nobody told it, ECOG 0 and 1 are read as "
        "fit, 3 and 4 as not fit.",
        "unfitness for a major hepatectomy",
        of=inputs.FIT,
        limit=True,
        source="cloyd2020",
        status=SourceStatus.PROJECT,
    ),
)
"""In the order in which they are shown."""
PORTAL_HYPERTENSION = replace(
    _condition(
        "portal_hypertension",
        "GEP-NET review: portal hypertension raises the risk. Ascites, varices, few platelets or a "
        "large spleen are signs.",
        "signs of portal hypertension, which raises the risk",
        of=inputs.PORTAL_HYPERTENSION_SIGNS,
        limit=False,
        source="gepnetlm_review",
    ),
    needed=False,
    only_failure=False,
)
"""A warning: it rules nothing out."""
FIT_FOR_SURGERY = _condition(
    "fit_for_surgery",
    "Fit for an operation on the primary, by ECOG: 0 and 1 are read as fit, 3 and 4 as not fit.",
    "unfitness for an operation",
    of=inputs.FIT_FOR_SURGERY,
    limit=True,
    source=PROJECT_SOURCE,
    status=SourceStatus.PROJECT,
)
OF_THE_BODY = frozenset(
    (
        inputs.DECOMPENSATED,
        inputs.DIFFERENTIATION,
        inputs.RIGHT_HEART_FAILURE,
        inputs.SEVERE_VALVE_DISEASE,
        inputs.COMORBIDITY,
    )
)
"""What rules an operation out wherever it is, also on a primary whose metastases are not resected.
"""
OF_A_CURE = OF_THE_BODY | {inputs.EXTRAHEPATIC, inputs.PERITONEAL}
"""The same where the primary is resected with a view to cure."""
CONTRAINDICATION_LIST = CriteriaList(
    id="contraindications",
    title="Contraindications to an operation on the liver",
    source=PROJECT_SOURCE,
    conditions=(
        *(replace(one, only_failure=False) for one in CONTRAINDICATIONS),
        PORTAL_HYPERTENSION,
    ),
)


def unless_ruled_out(*own: Condition) -> tuple[Condition, ...]:
    """Return conditions with every contraindication on what they do not ask for themselves."""
    asked = {one.input for one in own if isinstance(one, Criterion) and one.needed}
    return (*own, *(one for one in CONTRAINDICATIONS if one.input not in asked))


def unless_primary_ruled_out(
    *own: Condition, by: frozenset[Input] = OF_THE_BODY
) -> tuple[Condition, ...]:
    """Return conditions with what rules out an operation on the primary alone."""
    asked = {one.input for one in own if isinstance(one, Criterion) and one.needed}
    further = (one for one in CONTRAINDICATIONS if one.input in by - asked)
    return (*own, *further, FIT_FOR_SURGERY)


def operation(listed: CriteriaList) -> CriteriaList:
    """Return a list on an operation with the contraindications to it."""
    return replace(listed, conditions=unless_ruled_out(*listed.conditions))
