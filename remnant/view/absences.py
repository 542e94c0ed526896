"""What is said once where it applies to many parts: no lesion, no segments, no body size."""

from typing import Final

from remnant.core.case import CaseReport
from remnant.view.open_questions import MEASURE_AGAIN
from remnant.view.rule_facts import lacks_body_size
from remnant.wording.numbers import sentence

NO_LISTS: Final = "the lists on resection, ablation, staging, transplantation and pathways"
SHORT_SEGMENTS: Final = "the Couinaud segments are unknown"
SHORT_SIZE: Final = "height and weight not given"
BODY_SIZE: Final = f"The standardised volume needs height and weight: `{MEASURE_AGAIN}`."


def no_lesion(case: CaseReport) -> str | None:
    """Say why no lesion counts, as a sentence; ``None`` where one does."""
    if case.volumetry.counted_lesions:
        return None
    if case.volumetry.tumour_ml.value is None:
        reason = case.volumetry.tumour_ml.reason or "lesions are not known"
        return f"{sentence(reason).rstrip('.')}."
    return "Every lesion was rejected." if case.volumetry.lesions else "No lesion was found."


def nothing_to_list(case: CaseReport) -> str | None:
    """Say in one line that the lists of conditions do not apply; ``None`` where they do."""
    reason = no_lesion(case)
    return None if reason is None else f"{reason} There is nothing to hold {NO_LISTS} against."


def shortened(text: str, case: CaseReport) -> str:
    """Cut the long reasons that the report gives once out of a text."""
    for long, short in _long_reasons(case).items():
        text = text.replace(f" ({long})", f" ({short})").replace(long, short)
    return text


def once(text: str, case: CaseReport, said: set[str]) -> str:
    """Cut long reasons; what a missing body size needs is added where it is cut first.

    ``said`` is told what was added.
    """
    short = shortened(text, case)
    if SHORT_SIZE not in short or BODY_SIZE in said:
        return short
    said.add(BODY_SIZE)
    return f"{short} {BODY_SIZE}"


def _long_reasons(case: CaseReport) -> dict[str, str]:
    volumes = case.volumetry
    stlv, segments = volumes.standardised.stlv_ml, volumes.segments_reason
    sizeless = lacks_body_size(case) and stlv.value is None and stlv.reason is not None
    found = {stlv.reason or "": SHORT_SIZE} if sizeless else {}
    return found if segments is None else {**found, segments: SHORT_SEGMENTS}
