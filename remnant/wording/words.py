"""One word for each member of an enumeration, and what is written of every case."""

from collections.abc import Mapping
from typing import Final

from remnant.core.findings import Basis, Finding, SourceStatus, Verdict
from remnant.core.units import percent_from_fraction
from remnant.core.volumetry_report import BurdenClass

RESEARCH_USE: Final = "Research use only. Not a medical device; no output is an order to treat."
VERDICT_SIGNS: Final[Mapping[Verdict, str]] = {
    Verdict.MET: "✓",
    Verdict.NOT_MET: "✗",
    Verdict.UNKNOWN: "?",
    Verdict.NO_EVIDENCE: "○",
}
VERDICT_WORDS: Final[Mapping[Verdict, str]] = {
    Verdict.MET: "met",
    Verdict.NOT_MET: "not met",
    Verdict.UNKNOWN: "undecided",
    Verdict.NO_EVIDENCE: "no evidence",
}
BASIS_WORDS: Final[Mapping[Basis, str]] = {
    Basis.STANDARDISED_TLV: "standardised volume",
    Basis.MEASURED_FUNCTIONAL_TLV: "measured functional volume",
    Basis.BODY_WEIGHT: "body weight",
    Basis.BODY_SURFACE_AREA: "body surface",
    Basis.TUMOUR_VOLUME: "tumour volume",
    Basis.TOTAL_LIVER_VOLUME: "total liver volume",
    Basis.UNSPECIFIED: "a liver volume (not said which)",
}
STATUS_WORDS: Final[Mapping[SourceStatus, str]] = {
    SourceStatus.VERIFIED: "read in the source",
    SourceStatus.UNVERIFIED: "unverified: recalled, not read in the source",
    SourceStatus.PROJECT: "this project's own reading or rule",
}
CLASS_WORDS: Final[Mapping[BurdenClass, str]] = {
    BurdenClass.UP_TO_10: "up to 10 %",
    BurdenClass.OVER_10_TO_25: "over 10 to 25 %",
    BurdenClass.OVER_25_TO_50: "over 25 to 50 %",
    BurdenClass.OVER_50: "over 50 %",
}


def demand(finding: Finding) -> str:
    """Write what a rule asks for, e.g. ``≥ 30 % of standardised volume``; empty without number."""
    if finding.threshold is None or finding.basis is None:
        return ""
    relation = "≥" if finding.inclusive else ">"
    words = BASIS_WORDS[finding.basis]
    if finding.basis is Basis.BODY_SURFACE_AREA:
        return f"{relation} {finding.threshold:g} mL/m² of {words}"
    percent_free = finding.basis is Basis.BODY_WEIGHT
    number = finding.threshold if percent_free else percent_from_fraction(finding.threshold)
    return f"{relation} {number:g} % of {words}"
