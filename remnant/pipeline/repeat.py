"""What was changed in a stored case before it was measured again, for the person who asked."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from remnant.core.volumetry_report import SegmentSource
from remnant.pipeline.coverage import SEGMENTS_EXTENDED
from remnant.pipeline.division import COUINAUD, ROLES, outranks
from remnant.pipeline.requests import SegmentRequest
from remnant.pipeline.segmented import SegmentedCase


def changes(
    before: SegmentedCase,
    after: SegmentedCase,
    request: SegmentRequest,
    *,
    edited: Sequence[str] = (),
) -> tuple[str, ...]:
    """Name what differs, with the files as they were typed; empty when the maps are the same.

    ``before`` is the case as it was written, and ``edited`` are the files of its maps that another
    program has changed since.
    """
    return (*_edits(edited), *_changes(before, after, request))


def _edits(edited: Sequence[str]) -> Iterator[str]:
    for name in edited:
        counts = " (its segments count as given now)" if name == f"{COUINAUD}.nii.gz" else ""
        yield f"map {name} was edited where it lies{counts}"


def _changes(before: SegmentedCase, after: SegmentedCase, request: SegmentRequest) -> Iterator[str]:
    if not request.review.is_empty:
        yield "lesions reviewed"
    if after.couinaud is not before.couinaud:
        yield _segments(before, after, request)
    elif COUINAUD in request.masks:
        yield f"{request.masks[COUINAUD]} holds just the stored segments, which keep their source"
    if after.segment_iv is not None and after.segment_iv is not before.segment_iv:
        yield "segment IV divided into IVa and IVb"
    current, earlier = after.segments_confirmation, before.segments_confirmation
    if request.confirm_segments is not None and current is not None:
        yield f"segments confirmed by {current.name}"
    elif earlier is not None and current is None:
        yield f"the confirmation by {earlier.name} dropped with the earlier segments"


def _segments(before: SegmentedCase, after: SegmentedCase, request: SegmentRequest) -> str:
    source = after.segment_source
    verb = "set" if before.couinaud is None else "replaced"
    if source is not None and (file := _file(source, request)) is not None:
        better = outranks(before.segment_source, source)
        return f"segments {verb} by {file}" + (f" (before: {before.segment_source})" * better)
    if any(f.id == SEGMENTS_EXTENDED for f in after.quality) and before.couinaud is not None:
        return "segments extended to the edited liver"
    return f"segments {'' if before.couinaud is None else 're-'}estimated from the liver's shape"


def _file(source: SegmentSource, request: SegmentRequest) -> Path | None:
    if source is SegmentSource.LANDMARKS:
        return request.landmarks
    return request.masks.get(ROLES[source]) if source in ROLES else None
