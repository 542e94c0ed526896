from itertools import combinations

import nibabel as nib
import numpy as np
import pytest

from planning.remnant.contiguity import (
    NEIGHBOURS,
    are_contiguous,
    contiguity_finding,
    largest_contiguous,
)
from remnant.core.findings import Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.reasons import Cause, reason


def segments(*codes):
    return frozenset(map(CouinaudSegment, codes))


def flooded(kept):
    """Independent oracle: grow from each segment until nothing is added."""
    best = 0
    for seed in kept:
        group, grown = {seed}, set()
        while grown != group:
            grown = set(group)
            group |= {k for k in kept for g in grown if frozenset((g, k)) in NEIGHBOURS}
        best = max(best, len(group))
    return best


def test_largest_contiguous__equals_flooding_on_all_256_sets():
    for size in range(9):
        for chosen in combinations(CouinaudSegment, size):
            kept = frozenset(chosen)
            assert flooded(kept) == largest_contiguous(kept)
            assert are_contiguous(kept) == (size > 0 and flooded(kept) == size)


def test_neighbours__are_thirteen_pairs_of_two():
    assert len(NEIGHBOURS) == 13
    assert all(len(pair) == 2 for pair in NEIGHBOURS)


def test_neighbours__do_not_cross_the_liver():
    left, right = segments(2, 3), segments(5, 6, 7, 8)
    assert not any(pair & left and pair & right for pair in NEIGHBOURS)


@pytest.mark.parametrize(
    ("kept", "verdict", "value"),
    [
        ((), Verdict.NOT_MET, 0.0),
        ((6,), Verdict.NOT_MET, 1.0),
        ((3, 6), Verdict.NOT_MET, 1.0),
        ((6, 8), Verdict.NOT_MET, 1.0),
        ((6, 7), Verdict.UNKNOWN, 2.0),
        ((1, 2, 3, 4), Verdict.UNKNOWN, 4.0),
        (range(1, 9), Verdict.UNKNOWN, 8.0),
    ],
)
def test_contiguity__is_never_met(kept, verdict, value):
    finding = contiguity_finding(segments(*kept))
    assert (verdict, value, 2.0, True) == (
        finding.verdict,
        finding.value,
        finding.limit,
        finding.inclusive,
    )
    assert finding.source == "cloyd2020"
    assert finding.inputs == ("remnant_vessels", "remnant_bile")
    assert finding.missing == (finding.inputs if verdict is Verdict.UNKNOWN else ())
    names = (segment.name for segment in sorted(segments(*kept)))
    assert finding.reasons == (reason(Cause.SEGMENTS_KEPT, *names),)


def test_neighbours__as_listed():
    listed = ["12", "14", "17", "18", "23", "24", "34", "45", "48", "56", "58", "67", "78"]
    assert {segments(*map(int, pair)) for pair in listed} == NEIGHBOURS


def shared_face_cm2(codes, spacing_mm):
    """Area between each two codes: voxel faces where both meet, along the three axes."""
    area = np.zeros((9, 9))
    for axis in range(3):
        low, high = np.delete(codes, -1, axis).ravel(), np.delete(codes, 0, axis).ravel()
        faces = np.bincount(low.astype(int) * 9 + high, minlength=81).reshape(9, 9)
        area += faces * np.prod(spacing_mm) / spacing_mm[axis] / 100.0
    return area + area.T


def test_neighbours__share_a_face_in_real_livers(shared):
    folder = shared / "data" / "couinaud"
    livers = [nib.load(path) for path in sorted(folder.glob("lits_*.nii.gz"))[:42:3]]
    areas = [
        shared_face_cm2(np.asarray(liver.dataobj).astype(np.uint8), liver.header.get_zooms())
        for liver in livers
    ]
    touching = sum(area > 1.0 for area in areas)
    assert len(areas) == 14
    for a, b in combinations(CouinaudSegment, 2):
        assert (frozenset((a, b)) in NEIGHBOURS) == (touching[a, b] >= 12), (a, b)
