"""The optional split of bulky confluent lesions, where the user asks for it."""

from dataclasses import replace

from remnant.core.errors import InputError
from remnant.core.findings import quality_finding
from remnant.core.reasons import Cause, reason
from remnant.io.masks import Masks
from remnant.pipeline.phases import carried_phases
from remnant.pipeline.segmented import SegmentedCase, merged_findings
from segmentation.lesions.split import split_confluent


def with_split_lesions(case: SegmentedCase, masks: Masks | None) -> SegmentedCase:
    """Split the bulky confluent lesions of a case that nobody has reviewed yet.

    Lesions that were given with numbers of their own are left as they are, and a finding says so.

    Raises
    ------
    InputError
        The case has no lesion map.
    """
    if case.maps.lesions is None:
        raise InputError("--split-confluent needs lesions: give a lesion map or a scan")
    given = None if masks is None else masks.lesions
    if given is not None and int(given.codes.max()) > 1:
        numbered = (reason(Cause.LESIONS_NUMBERED),)
        finding = quality_finding("confluent_lesions_split", passed=None, reasons=numbered)
        return replace(case, quality=merged_findings(case.quality, (finding,)))
    split = split_confluent(case.maps.lesions)
    fresh = replace(
        case,
        maps=replace(case.maps, lesions=split.lesions),
        quality=merged_findings(case.quality, (split.quality,)),
    )
    return carried_phases(case.maps.lesions, split.lesions, fresh)
