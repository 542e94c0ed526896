"""What humans said of a stored case, which no later command drops without being asked to."""

from collections.abc import Iterator

import numpy as np

from remnant.core.boxes import bounding_box
from remnant.core.errors import InputError
from remnant.core.lesions import Confirmation
from remnant.core.volumes import LabelMap
from remnant.pipeline.requests import SegmentRequest
from remnant.pipeline.segmented import SegmentedCase


def require_words_kept(
    before: SegmentedCase, after: SegmentedCase, request: SegmentRequest
) -> None:
    """Raise if a request drops what a human said before, and does not say that it may.

    What the request itself says of a lesion, or of the segments, is asked for.

    Raises
    ------
    InputError
        A confirmed lesion is gone, a rejected one would count, or segments that somebody confirmed
        would be replaced by others that nobody did.
    """
    if request.overwrite:
        return
    lost = (*_lesions(before, after, request), *_segments(before, after))
    if lost:
        raise InputError(
            f"{'; '.join(lost)}: nothing was changed; if that is meant, add --overwrite"
        )


def _segments(before: SegmentedCase, after: SegmentedCase) -> Iterator[str]:
    known = before.division.confirmation
    if known is not None and after.division.confirmation is None:
        yield f"the segments that {known.name} confirmed on {known.date} would be replaced"


def _lesions(before: SegmentedCase, after: SegmentedCase, request: SegmentRequest) -> Iterator[str]:
    edited = request.review.edited
    if edited is None or before.maps.lesions is None or after.maps.lesions is None:
        return
    if before.maps.lesions is after.maps.lesions:  # a table, whose words are asked for
        return
    asked = request.review.rejected | request.review.confirmed
    words = {n: word for n, word in before.confirmations.items() if n not in asked}
    met = _met(before.maps.lesions, after.maps.lesions)
    becomes = {n: {after.confirmations.get(m) for m in met.get(n, ())} for n in words}
    gone = [
        n
        for n, word in words.items()
        if word is Confirmation.CONFIRMED and Confirmation.CONFIRMED not in becomes[n]
    ]
    back = [
        n
        for n, word in words.items()
        if word is Confirmation.REJECTED and becomes[n] - {Confirmation.REJECTED}
    ]
    if gone:
        yield f"lesion(s) {_listed(gone)}, confirmed before, are not in {edited}"
    if back:
        yield f"lesion(s) {_listed(back)}, rejected before, would count with {edited}"


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))


def _met(before: LabelMap, after: LabelMap) -> dict[int, set[int]]:
    """Return the lesions of one map that share voxels with each lesion of another."""
    both = (before.codes > 0) & (after.codes > 0)
    if not both.any():
        return {}
    box = bounding_box(both, what="the lesion map")
    inside = both[box]
    pairs = np.unique(np.stack([before.codes[box][inside], after.codes[box][inside]]), axis=1)
    met: dict[int, set[int]] = {}
    for old, new in pairs.T.tolist():
        met.setdefault(old, set()).add(new)
    return met
