"""Quality checks of the masks at their limits, and what they name."""

import numpy as np
import pytest

from examples.reports import example_lesion
from remnant.core.findings import Verdict
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, COUINAUD_SCHEME, INSTANCE_SCHEME
from remnant.core.lesions import Confirmation
from remnant.core.reasons import Cause, reason
from remnant.core.volumes import LabelMap
from volumetry import checks
from volumetry.liver_maps import Tally, liver_maps, tally

MET, NOT_MET, UNCERTAIN, UNKNOWN, _ = Verdict
SHAPE = (10, 11, 12)
GRID = Geometry(SHAPE, np.diag([10.0, 20.0, 10.0, 1.0]))  # one voxel is 2 mL


def tally_of(everywhere, on_edge=None):
    counts = np.array(everywhere, dtype=np.int64)
    edge = np.zeros_like(counts) if on_edge is None else np.array(on_edge, dtype=np.int64)
    return Tally(counts, edge)


def by_lesion(*voxels):
    """Voxels of no lesion, lesion 1, lesion 2, ..., all of them in segment I."""
    counts = np.zeros((len(voxels), 9), dtype=np.int64)
    counts[:, 1] = voxels
    return counts


def row_of(*codes):
    """A map with these codes along one row of voxels from the corner, background elsewhere."""
    found = np.zeros(SHAPE, np.uint16)
    found[: len(codes), 0, 0] = codes
    return LabelMap(found, GRID, INSTANCE_SCHEME)


@pytest.mark.parametrize(
    ("facts", "verdict", "causes"),
    [
        ({"cut": False}, MET, []),
        ({"cut": True}, NOT_MET, [Cause.LIVER_CUT]),
        ({"cut": True, "file_may_end": True}, NOT_MET, [Cause.LIVER_AT_FILE_END]),
        ({"cut": False, "file_may_end": True}, MET, []),
        ({"cut": False, "declared_whole": True}, UNKNOWN, [Cause.SCAN_VOUCHED]),
        ({"cut": True, "declared_whole": True}, UNKNOWN, [Cause.SCAN_VOUCHED]),
    ],
)
def test_liver_inside_scan(facts, verdict, causes):
    found = checks.check_liver_inside_scan(**facts)
    assert ("liver_inside_scan", verdict) == (found.id, found.verdict)
    assert causes == [one.cause for one in found.reasons]


@pytest.mark.parametrize(
    ("known", "verdict", "reasons"),
    [(True, MET, ()), (False, NOT_MET, (reason(Cause.LESIONS_UNKNOWN),))],
)
def test_lesions_known(known, verdict, reasons):
    found = checks.check_lesions_known(known=known)
    assert ("lesions_known", verdict, reasons) == (found.id, found.verdict, found.reasons)


@pytest.mark.parametrize(
    ("fraction", "verdict"), [(0.0, MET), (0.899, MET), (0.9, NOT_MET), (1.0, NOT_MET)]
)
def test_burden_plausible__limit(fraction, verdict):
    found = checks.check_burden_plausible(fraction)
    assert (verdict, fraction) == (found.verdict, found.value)
    assert found.reasons == (reason(Cause.CHECK_LIMIT, 0.9),)


def test_lesions_inside_scan__names_those_that_are_cut():
    edge = by_lesion(5, 0, 3, 0, 1)
    found = checks.check_lesions_inside_scan(tally_of(by_lesion(9, 9, 9, 9, 9), edge))
    assert (NOT_MET, 2) == (found.verdict, found.value)
    assert found.reasons == (reason(Cause.LESIONS_AT_EDGE, 2, "2", "4"),)


def test_lesions_inside_scan__liver_at_the_edge_is_no_lesion_at_the_edge():
    found = checks.check_lesions_inside_scan(tally_of(by_lesion(9, 9), by_lesion(5, 0)))
    assert (MET, 0) == (found.verdict, found.value)


@pytest.mark.parametrize("cut", [10, 11, 13])
def test_names__ten_at_most(cut):
    everywhere = by_lesion(*[4] * (cut + 1))
    found = checks.check_lesions_inside_scan(tally_of(everywhere, by_lesion(0, *[1] * cut)))
    names = (str(n) for n in range(1, 11))
    assert found.reasons == (reason(Cause.LESIONS_AT_EDGE, cut, *names),)


def outside(codes, inside, rejected=()):
    return checks.check_lesions_inside_liver(
        row_of(*codes), tally_of(by_lesion(100, *inside)), frozenset(rejected)
    )


def test_lesions_inside_liver__all_of_them():
    found = outside([1, 1, 2], [2, 1])
    assert (MET, 0, ()) == (found.verdict, found.value, found.reasons)


def test_lesions_inside_liver__part_of_one():
    found = outside([1, 1, 2], [1, 1])
    assert (NOT_MET, 1) == (found.verdict, found.value)
    assert [Cause.AMOUNTS_TO] == [one.cause for one in found.reasons]
    assert pytest.approx((2.0,)) == found.reasons[0].amounts


def test_lesions_inside_liver__whole_ones_are_named():
    found = outside([1, 1, 2, 5, 5, 5], [2, 0])
    amount, named = found.reasons
    assert (Cause.AMOUNTS_TO, pytest.approx((8.0,))) == (amount.cause, amount.amounts)
    assert named == reason(Cause.LESIONS_OUTSIDE_LIVER, 2, "2", "5")


@pytest.mark.parametrize(
    ("rejected", "value", "named"),
    [
        ((2,), 3, "5"),  # one voxel of 2 was outside, and may be
        ((5,), 1, None),
        ((2, 5), 0, None),
        ((1,), 4, "5"),  # all of 1 is inside
    ],
)
def test_lesions_inside_liver__rejected_ones_may_lie_anywhere(rejected, value, named):
    found = outside([1, 1, 2, 2, 5, 5, 5], [2, 1], rejected)
    assert found.value == value
    assert found.verdict is (NOT_MET if value else MET)
    expected = () if named is None else (reason(Cause.LESIONS_OUTSIDE_LIVER, 1, named),)
    assert expected == tuple(r for r in found.reasons if r.cause is Cause.LESIONS_OUTSIDE_LIVER)


def test_lesions_inside_liver__a_rejected_one_at_the_end_of_the_table():
    assert outside([1, 1, 2, 2], [1, 1], (2,)).value == 1


@pytest.mark.parametrize(("uncovered", "verdict"), [(0, MET), (10, MET), (11, NOT_MET)])
def test_segments_cover_liver__one_percent_is_tolerated(uncovered, verdict):
    counts = np.zeros((2, 9), dtype=np.int64)
    counts[0, 0], counts[1, 0] = uncovered // 2, uncovered - uncovered // 2
    counts[0, 3], counts[1, 5] = 700, 300 - uncovered
    found = checks.check_segments_cover_liver(tally_of(counts), 0.5)
    assert (verdict, uncovered / 1000) == (found.verdict, found.value)
    assert reason(Cause.AMOUNTS_TO, uncovered * 0.5) in found.reasons


@pytest.mark.parametrize(("beyond", "verdict"), [(0, MET), (2, MET), (3, NOT_MET)])
def test_segments_inside_liver__one_percent_is_tolerated(beyond, verdict):
    liver, segments = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    liver[1:9, 1:6, 1:6] = 1  # 200 voxels
    segments[1:9, 1:6, 1:6], segments[1:3, 1:6, 1:6] = 4, 1
    segments[1 : 1 + beyond, 8, 8] = 4
    couinaud = LabelMap(segments, GRID, COUINAUD_SCHEME)
    maps = liver_maps(LabelMap(liver, GRID, BINARY_SCHEME), None, couinaud)
    found = checks.check_segments_inside_liver(couinaud, maps, tally(maps))
    assert (verdict, beyond / 200) == (found.verdict, found.value)
    (amount,) = (r.amounts for r in found.reasons if r.cause is Cause.AMOUNTS_TO)
    assert pytest.approx((2.0 * beyond,)) == amount


@pytest.mark.parametrize(
    ("states", "verdict"),
    [
        ((), MET),
        ((Confirmation.CONFIRMED, Confirmation.REJECTED), MET),
        ((Confirmation.AUTOMATIC, Confirmation.CONFIRMED), NOT_MET),
    ],
)
def test_lesions_confirmed(states, verdict):
    lesions = [example_lesion(n, confirmation=state) for n, state in enumerate(states, 1)]
    found = checks.check_lesions_confirmed(lesions)
    assert (verdict, sum(s is Confirmation.AUTOMATIC for s in states)) == (
        found.verdict,
        found.value,
    )
    assert found.reasons == (reason(Cause.OF_ALL, len(states)),)


def test_lesion_ids__without_background():
    assert checks.lesion_ids(row_of(3, 900, 3)) == {3, 900}
