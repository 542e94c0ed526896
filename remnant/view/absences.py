"""What is said once where it applies to many parts: no lesion, no segments, no body size."""

from remnant.core.case import CaseReport
from remnant.core.reasons import Cause, Reason
from remnant.wording.brief import Short
from remnant.wording.language import say
from remnant.wording.numbers import sentence
from remnant.wording.reasons import why


def no_lesion(case: CaseReport) -> str | None:
    """Say why no lesion counts, as a sentence; ``None`` where one does."""
    if case.volumetry.counted_lesions:
        return None
    if case.volumetry.tumour_ml.value is None:
        reason = why(case.volumetry.tumour_ml)
        return f"{sentence(reason).rstrip('.')}."
    return (
        say("Every lesion was rejected.") if case.volumetry.lesions else say("No lesion was found.")
    )


def nothing_to_list(case: CaseReport) -> str | None:
    """Say in one line that the lists of conditions do not apply; ``None`` where they do."""
    reason = no_lesion(case)
    return (
        None
        if reason is None
        else say(
            "{reason} There is nothing to hold the lists on resection, ablation, staging, "
            "transplantation and pathways against.",
            reason=reason,
        )
    )


def lacks_body_size(case: CaseReport) -> bool:
    """Tell whether height or weight is missing, so that there is no standardised volume."""
    return case.patient.height_cm is None or case.patient.weight_kg is None


def long_reasons(case: CaseReport) -> Short:
    """Return the long reasons that the report gives once, each with what stands in its place."""
    volumes = case.volumetry
    stlv = volumes.standardised.stlv_ml
    sizeless = lacks_body_size(case) and stlv.value is None
    return {
        **{one: Reason(Cause.BRIEF_BODY_SIZE) for one in stlv.reasons if sizeless},
        **{one: Reason(Cause.BRIEF_SEGMENTS) for one in volumes.segments_reasons},
    }
