"""What DICOM objects say of a case: comments, titles of series, remarks on segments, captions.

They are in English, whatever the report's language is: programs read them too.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from planning.literature import load_literature
from remnant.core.findings import Finding
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation
from remnant.core.quantity import INTERVAL_LEVEL, Quantity
from remnant.core.reasons import Reason
from remnant.core.units import percent_from_fraction
from remnant.wording.findings import text_of
from remnant.wording.numbers import counted, percent, sentence
from remnant.wording.reasons import listed, why
from remnant.wording.research_use import RESEARCH_USE

__all__ = ["RESEARCH_USE"]

RANGES: Final = (
    f"Ranges of measurement uncertainty are the ends of a "
    f"{percent_from_fraction(INTERVAL_LEVEL):g} % interval under the error model of the report."
)
OUTSIDE_SEGMENTS: Final = "The lesion lies outside the segment map."
ANATOMY_TITLE: Final = "remnant: liver anatomy (research use only)"
SEG_LESIONS_TITLE: Final = "remnant: liver lesions (research use only)"
PLAN_TITLE: Final = "remnant: plan for the liver (research use only)"
REMARKS: Final[Mapping[Confirmation, str]] = {
    Confirmation.AUTOMATIC: "Found by a network; nobody has confirmed it",
    Confirmation.GIVEN: "Given; nobody has confirmed it here",
    Confirmation.CONFIRMED: "Confirmed by a reader",
}
ESTIMATED: Final = "Estimated from liver shape by a network; nobody has confirmed it"
UNCONFIRMED: Final = " (unconfirmed)"
WHOLE: Final = "liver"
REST: Final = "liver outside the segments"
AXIAL_TITLE: Final = "Axial, through the largest lesion"
CORONAL_TITLE: Final = "Coronal, through the largest lesion"
LIVER_AXIAL_TITLE: Final = "Axial, through the middle of the liver"
LIVER_CORONAL_TITLE: Final = "Coronal, through the middle of the liver"
TABLE_TITLE: Final = "Volumes"
LIVER_TITLE: Final = "Liver and tumour"
NOT_KNOWN: Final = "not known"
LESIONS_TITLE: Final = "Lesions"
INTERVAL_HEADING: Final = "90 % interval"
LESION_HEADINGS: Final = ("", "Volume mL", "Axial diameters mm", "Segments", "Confirmation")
FIGURE_HEADINGS: Final = ("", "", INTERVAL_HEADING)
REMNANT_NAME: Final = "Future liver remnant"
OF_MEASURED_NAME: Final = "of functional volume"
STANDARDISED_NAME: Final = "sFLR, standardised"
DEBULKED_NAME: Final = "Tumour volume treated"
ACCEPTED_NAME: Final = "Chosen minimum and limits"
NO_LESION: Final = "No lesion"
NO_LESION_MAP: Final = "Lesions are not known: no lesion map was given"


def plan_caption(title: str) -> str:
    """Name the picture of a plan."""
    return f"Plan: {title}"


def absent_words(name: str, quantity: Quantity) -> str:
    """Say why a figure is absent, a bound or to be read with care; empty where it is plain."""
    reasons = why(quantity)
    if quantity.value is None:
        return f"{name}: not known: {reasons}."
    return f"{name}: {reasons}." if reasons else ""


def care_words(alerts: Iterable[str]) -> str:
    """Say what a report names at its head as to be read with care; empty where it names nothing.

    >>> care_words(["Quality light red", "Body size assumed"])
    'To be read with care: Quality light red; Body size assumed.'
    """
    named = "; ".join(words.rstrip(".") for words in alerts)
    return f"To be read with care: {named}." if named else ""


def rejected_words(number: int) -> str:
    """Say that rejected lesions are left out; empty where there are none."""
    return f"Rejected by a reader and left out: {counted(number, 'lesion')}." if number else ""


def lesions_note(shown: int, left_out: int, *, known: bool) -> str:
    """Say below a table of lesions what it leaves out, or why it is empty.

    >>> lesions_note(12, 3, known=True)
    'and 3 smaller lesions, in the report'
    """
    if not shown:
        return NO_LESION if known else NO_LESION_MAP
    return f"and {counted(left_out, 'smaller lesion')}, in the report" if left_out else ""


def no_plan_words(reasons: Iterable[Reason]) -> str:
    """Say why no plan is sent."""
    why_not = listed(reasons)
    return f"No plan: {why_not}." if why_not else "No plan."


def shares_words(shares: Mapping[CouinaudSegment, float]) -> str:
    """Write the share of a lesion in each segment, the largest first.

    >>> shares_words({CouinaudSegment.V: 0.25, CouinaudSegment.VIII: 0.75})
    'Share of the lesion in segments: VIII 75.0 %, V 25.0 %.'
    """
    largest = sorted(shares.items(), key=lambda item: -item[1])
    parts = (f"{segment.name} {percent(share)} %" for segment, share in largest)
    return f"Share of the lesion in segments: {', '.join(parts)}."


def verdict_words(finding: Finding) -> str:
    """Write a finding with its source."""
    source = None if finding.source is None else load_literature().get(finding.source)
    cited = "" if source is None else f" Source: {source.citation}"
    return f"{sentence(text_of(finding))}{cited}"


def report_title(pseudonym: str) -> str:
    """Name the report of a case, as an object and in a list of documents."""
    return f"Liver tumour burden and future liver remnant, {pseudonym}"


def no_pdf_words(why_not: str) -> str:
    """Say that the report is left out of the objects."""
    return f"no report as DICOM PDF: {why_not}"


def capture_foot(software: str, day: str) -> str:
    """Write the line at the foot of a capture."""
    return f"{RESEARCH_USE} remnant {software}, {day}."
