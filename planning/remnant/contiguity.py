"""Which Couinaud segments border on each other, and what that says of a remnant.

A pair is listed where the two segments of real livers share a face: measured on 14 of the public
Couinaud label maps of LiTS livers, each listed pair shares more than 1 cm² in at least 12 of them.
Pairs that touch only along an edge (V and VII, VI and VIII) or only in some livers (I with III, V
or VI) are left out: contiguity is never claimed on their strength.
"""

from itertools import combinations

from planning.inputs import REMNANT_BILE, REMNANT_VESSELS
from planning.rules.remnant import CONTIGUOUS_SEGMENTS_MINIMUM, CONTIGUOUS_SEGMENTS_SOURCE
from remnant.core.findings import Finding, SourceStatus, Threshold, Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, reason

CONTIGUITY_ID = "flr.cloyd2020.contiguous_segments"
CODE_PAIRS = (
    (1, 2), (1, 4), (1, 7), (1, 8), (2, 3), (2, 4), (3, 4),
    (4, 5), (4, 8), (5, 6), (5, 8), (6, 7), (7, 8),
)  # fmt: skip
CONTIGUITY_THRESHOLD = Threshold(
    value=float(CONTIGUOUS_SEGMENTS_MINIMUM),
    source=CONTIGUOUS_SEGMENTS_SOURCE,
    status=SourceStatus.VERIFIED,
)
NEIGHBOURS = frozenset(frozenset((CouinaudSegment(a), CouinaudSegment(b))) for a, b in CODE_PAIRS)


def are_contiguous(segments: frozenset[CouinaudSegment]) -> bool:
    """Tell whether segments form one connected group; a single one does, none does not."""
    return len(segments) > 0 and largest_contiguous(segments) == len(segments)


def largest_contiguous(segments: frozenset[CouinaudSegment]) -> int:
    """Count the segments of the largest connected group; 0 for no segments."""
    groups: list[frozenset[CouinaudSegment]] = [frozenset((s,)) for s in segments]
    for pair in combinations(sorted(segments), 2):
        if frozenset(pair) in NEIGHBOURS:
            touched = [group for group in groups if group & set(pair)]
            rest = [group for group in groups if not group & set(pair)]
            groups = [*rest, frozenset().union(*touched)]
    return max((len(group) for group in groups), default=0)


def contiguity_finding(kept: frozenset[CouinaudSegment]) -> Finding:
    """Judge the condition of two contiguous kept segments with vessels and bile drainage.

    ``NOT_MET`` where the kept segments hold no two neighbours. Otherwise ``UNKNOWN``, never
    ``MET``: without labelled vessels, inflow, outflow and biliary drainage cannot be seen.
    ``value`` is the size of the largest group of neighbouring kept segments.
    """
    size = largest_contiguous(kept)
    enough = size >= CONTIGUOUS_SEGMENTS_MINIMUM
    unseen = (REMNANT_VESSELS.name, REMNANT_BILE.name)
    return Finding(
        id=CONTIGUITY_ID,
        verdict=Verdict.UNKNOWN if enough else Verdict.NOT_MET,
        inputs=unseen,
        missing=unseen if enough else (),
        quantity=Quantity(float(size)),
        threshold=CONTIGUITY_THRESHOLD,
        reasons=(reason(Cause.SEGMENTS_KEPT, *(segment.name for segment in sorted(kept))),),
        source=CONTIGUOUS_SEGMENTS_SOURCE,
        status=SourceStatus.VERIFIED,
    )
