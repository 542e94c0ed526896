"""What was changed in a stored case before it was measured again, for the person who asked."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from remnant.core.volumetry_report import SegmentSource
from remnant.pipeline.coverage import SEGMENTS_EXTENDED
from remnant.pipeline.division import COUINAUD, ROLES, outranks
from remnant.pipeline.requests import SegmentRequest
from remnant.pipeline.segmented import Division, SegmentedCase


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
    old, new = before.division, after.division
    if not request.review.is_empty:
        yield "lesions reviewed"
    if not _same_segments(old, new):
        yield _segments(before, after, request)
    elif COUINAUD in request.masks:
        file = request.masks[COUINAUD]
        yield f"the map {file} holds just the stored segments, which keep their source"
    if new.segment_iv is not None and new.segment_iv is not old.segment_iv:
        yield "segment IV divided into IVa and IVb"
    if request.confirm_segments is not None and new.confirmation is not None:
        yield f"segments confirmed by {new.confirmation.name}"
    elif old.confirmation is not None and new.confirmation is None:
        yield f"the confirmation by {old.confirmation.name} dropped with the earlier segments"


def _same_segments(old: Division, new: Division) -> bool:
    if old.couinaud is None or new.couinaud is None or old.source is not new.source:
        return old.couinaud is new.couinaud
    return np.array_equal(old.couinaud.codes, new.couinaud.codes)


def _segments(before: SegmentedCase, after: SegmentedCase, request: SegmentRequest) -> str:
    old, source = before.division, after.division.source
    verb = "set" if old.couinaud is None else "replaced"
    if source is not None and (file := _file(source, request)) is not None:
        earlier = f" (before: {old.source})" if outranks(old.source, source) else ""
        return f"segments {verb} by {file}{earlier}"
    if any(f.id == SEGMENTS_EXTENDED for f in after.quality) and old.couinaud is not None:
        return "segments extended to the edited liver"
    return f"segments {'' if old.couinaud is None else 're-'}estimated from the liver's shape"


def _file(source: SegmentSource, request: SegmentRequest) -> Path | None:
    if source is SegmentSource.LANDMARKS:
        return request.landmarks
    return request.masks.get(ROLES[source]) if source in ROLES else None
