"""Which lists cannot apply to a case, and why: they take one line."""

from collections.abc import Mapping
from typing import Final

from remnant.core.clinical import ClinicalFacts, PrimaryStatus
from remnant.core.criteria import CriteriaResult
from remnant.core.findings import Finding, Verdict
from remnant.wording.language import message, say, spoken
from remnant.wording.lists import obstacle

GATES: Final = frozenset(
    (
        "staging.pve.flr",
        "staging.two_stage_pvl.flr",
        "staging.alpps.flr",
        "staging.repeat_resection.recurrence",
        "debulking.indication.machairas2021.whom",
        "debulking.indication.gepnetlm_review.hormones",
    )
)
"""Conditions that say whom a list is for: where one fails, the list does not apply."""
OF_PRIMARY: Final = frozenset(
    ("staging.simultaneous_primary.primary", "staging.primary_synchronous.primary")
)
"""The same of operations on a primary: those that are out are no obstacle."""
UNSUPPORTED: Final[Mapping[str, str]] = spoken(
    dict.fromkeys(
        (
            "debulking.indication.machairas2021.whom",
            "debulking.indication.gepnetlm_review.hormones",
        ),
        message("nothing that was told supports it"),
    )
)
"""Indications that a person has to tell; until then they do not apply either."""


def why_not_applicable(found: CriteriaResult, clinical: ClinicalFacts) -> str:
    """Say why a list cannot apply to a case; the empty text where it can."""
    reasons = (_why(finding, clinical) for finding in found.deciding)
    return next(filter(None, reasons), "")


def _why(finding: Finding, clinical: ClinicalFacts) -> str:
    failed = finding.verdict is Verdict.NOT_MET
    if finding.id in OF_PRIMARY and clinical.primary_status is PrimaryStatus.RESECTED:
        return say("the primary was removed")
    if failed and finding.id in GATES:
        return obstacle(finding.id)
    return UNSUPPORTED.get(finding.id, "") if finding.verdict is Verdict.UNKNOWN else ""
