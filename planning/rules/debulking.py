"""For whom sources consider debulking, as conditions.

The shares of the tumour load themselves are :data:`planning.rules.remnant.DEBULKING_RULES`.
"""

from planning.criteria import CriteriaList
from planning.listing import NO, Listing, at_least
from planning.rules.staging import Remark
from remnant.core.findings import Basis

_MACHAIRAS = Listing(
    prefix="debulking.indication.machairas2021",
    population="neuroendocrine liver metastases",
    source="machairas2021",
)
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
                _MACHAIRAS.asks("functional", "Functional.", of="functional"),
                _MACHAIRAS.asks("refractory", "Uncontrollable.", of="symptoms_refractory"),
            ),
            (
                _MACHAIRAS.asks("non_functional", "Non-functional.", of="functional", test=NO),
                _MACHAIRAS.asks(
                    "stable",
                    "Stable for at least 6 months.",
                    of="stable_months",
                    test=at_least(6.0),
                ),
                _MACHAIRAS.asks("symptoms", "Symptoms from the mass.", of="symptoms_from_burden"),
            ),
        ),
        _MACHAIRAS.asks(
            "share",
            "70 to 90 % of the load can be removed: at least 70 %.",
            of="debulkable_fraction",
            test=at_least(0.70),
            basis=Basis.TUMOUR_VOLUME,
        ),
    ),
    remark="There is no randomised evidence.",
)
REVIEW_INDICATION = CriteriaList(
    id="debulking.indication.gepnetlm_review",
    title="Debulking, for whom (GEP-NET review)",
    source="gepnetlm_review",
    conditions=(
        _REVIEW.asks(
            "hormones",
            "A severe hormonal syndrome to palliate (read as refractory symptoms).",
            of="symptoms_refractory",
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
