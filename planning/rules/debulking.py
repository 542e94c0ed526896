"""For whom sources consider debulking, as conditions.

The shares of the tumour load themselves are :data:`planning.rules.remnant.DEBULKING_RULES`.
"""

from dataclasses import replace

from planning import inputs
from planning.criteria.conditions import CriteriaList, Remark
from planning.criteria.listing import NO, Listing, at_least
from remnant.core.findings import Basis, SourceStatus

_MACHAIRAS = Listing(
    prefix="debulking.indication.machairas2021",
    population="neuroendocrine liver metastases",
    source="machairas2021",
)
_MACHAIRAS_READ = replace(_MACHAIRAS, status=SourceStatus.PROJECT)
_REVIEW = Listing(
    prefix="debulking.indication.gepnetlm_review",
    population="GEP-NET liver metastases, highly selected",
    source="gepnetlm_review",
)

MACHAIRAS_INDICATION = CriteriaList(
    id="debulking.indication.machairas2021",
    title="Debulking, for whom (Machairas 2021)",
    source="machairas2021",
    conditions=(
        _MACHAIRAS.either(
            "whom",
            "Uncontrollable functional tumour, or non-functional, stable for 6 months or more, "
            "with symptoms from the tumour's mass.",
            (
                _MACHAIRAS.condition("functional", "Functional.", of=inputs.FUNCTIONAL),
                _MACHAIRAS.condition("refractory", "Uncontrollable.", of=inputs.REFRACTORY),
            ),
            (
                _MACHAIRAS.condition(
                    "non_functional", "Non-functional.", of=inputs.FUNCTIONAL, test=NO
                ),
                _MACHAIRAS.condition(
                    "stable",
                    "Stable for at least 6 months.",
                    of=inputs.STABLE_MONTHS,
                    test=at_least(6.0),
                ),
                _MACHAIRAS.condition(
                    "symptoms", "Symptoms from the mass.", of=inputs.SYMPTOMS_FROM_BURDEN
                ),
            ),
            obstacle="neither uncontrollable hormones nor, in stable non-functional "
            "disease, symptoms from the mass",
        ),
        _MACHAIRAS.condition(
            "share",
            "70 to 90 % of the load can be removed: at least 70 %.",
            of=inputs.DEBULKABLE,
            test=at_least(0.70),
            basis=Basis.TUMOUR_VOLUME,
            obstacle="less than 70 % of the load can be removed",
        ),
        # The pattern of the lesions.
        _MACHAIRAS_READ.condition(
            "extensive",
            "Not type III or diffuse: its figure lists cytoreduction for type II or complex only.",
            of=inputs.DIFFUSE_PATTERN,
            test=NO,
            obstacle="type III or diffuse: its figure lists cytoreduction for type II "
            "or complex only",
        ),
    ),
    remark="There is no randomised evidence.",
)
REVIEW_INDICATION = CriteriaList(
    id="debulking.indication.gepnetlm_review",
    title="Debulking, for whom (GEP-NET review)",
    source="gepnetlm_review",
    conditions=(
        _REVIEW.condition(
            "hormones",
            "A severe hormonal syndrome to palliate (read as refractory symptoms).",
            of=inputs.REFRACTORY,
            obstacle="hormonal symptoms are controlled",
        ),
    ),
)
DEBULKING_INDICATIONS = (MACHAIRAS_INDICATION, REVIEW_INDICATION)
DEBULKING_REMARKS = {
    MACHAIRAS_INDICATION.id: (
        Remark(
            id="debulking.remark.outcome",
            statement="With a limit of 70 %: five-year overall survival 81 % in pancreatic "
            "tumours, disease-specific survival 90 % in carcinoid (Machairas 2021).",
            population="after debulking",
            source="machairas2021",
        ),
        Remark(
            id="debulking.remark.groups",
            statement="Two groups in Cloyd 2020: longer survival with more than 70 % (Scott); "
            "comparable survival with 70, 90 and 100 % (Morgan).",
            population="neuroendocrine liver metastases",
            source="cloyd2020",
        ),
        Remark(
            id="debulking.remark.prognosis",
            statement="More than 70 % was associated with longer survival in one group; at least "
            "70 % was not independently prognostic in another (Machairas 2021).",
            population="neuroendocrine liver metastases",
            source="machairas2021",
        ),
    ),
    REVIEW_INDICATION.id: (
        Remark(
            id="debulking.remark.reluctance",
            statement="Most experienced centres are reluctant: the gain over 30 % five-year "
            "survival without surgery looks small (GEP-NET review).",
            population="GEP-NET liver metastases",
            source="gepnetlm_review",
        ),
    ),
}
"""Statements that stand beside a list and decide nothing."""
