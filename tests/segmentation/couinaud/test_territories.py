from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from remnant.core.errors import (
    EmptyStructureError,
    GeometryMismatchError,
    InputError,
    UnknownLabelError,
)
from remnant.core.findings import Verdict
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, COUINAUD_SCHEME, INSTANCE_SCHEME
from remnant.core.reasons import Cause, reason
from remnant.core.volumes import LabelMap
from remnant.testing.strategies import SEEDS, directions, geometries, spacings
from segmentation.couinaud import geodesic
from segmentation.couinaud.territories import couinaud_from_territories
from segmentation.quality import check_segments

TIE_MM = 1e-6


def grid(shape, spacing=(1.0, 1.0, 1.0)):
    return Geometry(shape, np.diag([*spacing, 1.0]))


def liver_of(mask, geometry):
    return LabelMap(mask.astype(np.uint8), geometry, BINARY_SCHEME)


def branches_of(points, geometry):
    """Branches from ``{(i, j, k): code}``."""
    codes = np.zeros(geometry.shape, dtype=np.uint8)
    for index, code in points.items():
        codes[index] = code
    return LabelMap(codes, geometry, COUINAUD_SCHEME)


def divided(mask, geometry, points):
    return couinaud_from_territories(liver_of(mask, geometry), branches_of(points, geometry))


def by_id(territories):
    return {finding.id: finding for finding in territories.quality}


def distances(geometry, index):
    """Straight distance in mm of every voxel centre from one."""
    every = geometry.ras_from_index(np.moveaxis(np.indices(geometry.shape), 0, -1))
    return np.linalg.norm(every - geometry.ras_from_index(index), axis=-1)


def random_case(geometry, seed, *, filled=0.7, voxels=6):
    random = np.random.default_rng(seed)
    mask = random.random(geometry.shape) < filled
    mask.flat[random.integers(mask.size)] = True
    chosen = random.permutation(np.argwhere(mask))[:voxels]
    points = {tuple(int(x) for x in p): int(random.integers(1, 9)) for p in chosen}
    return mask, points


@given(geometry=geometries(largest=19), seed=SEEDS)
@example(geometry=grid((2, 14, 19), (1.0, 1.0, 1.0)), seed=1835)  # a block of the rim, by 0.08 mm
@example(geometry=grid((2, 17, 4), (1.0, 1.0, 0.5)), seed=1)
def test_territories__in_a_box_the_nearest_branch_on_any_grid(geometry, seed):
    # A box is convex: along it is straight. Small spacings work by blocks, large ones do not.
    _, points = random_case(geometry, seed, filled=1.0)

    codes = divided(np.ones(geometry.shape, dtype=bool), geometry, points).couinaud.codes

    lengths = np.stack([distances(geometry, p) for p in points])
    given_codes = np.array(list(points.values()))
    near = lengths <= lengths.min(axis=0) + TIE_MM
    allowed = (given_codes[:, None, None, None] == codes) & near
    assert allowed.any(axis=0).all()


@pytest.mark.parametrize("spacing", [(0.5, 0.5, 0.5), (2.0, 2.0, 2.0)])
def test_territories__two_branches_part_a_box_at_the_plane_between_them(spacing):
    geometry = grid((24, 15, 16), spacing)
    points = {(3, 7, 7): 2, (18, 7, 7): 6}  # the plane is at i = 10.5

    codes = divided(np.ones(geometry.shape, dtype=bool), geometry, points).couinaud.codes

    assert (codes[:11] == 2).all()
    assert (codes[11:] == 6).all()


def walled(shape, *, at, length):
    """A box with a wall at ``i == at`` that leaves only ``j < length`` open."""
    mask = np.ones(shape, dtype=bool)
    mask[at, length:, :] = False
    return mask


def taut(geometry, start, *, edge, along):
    """Length from ``start`` to every voxel beyond a wall; a line bends on the wall's edge.

    ``edge`` is ``(i, j)``, ``along`` the third indices of the bends that are tried.
    """
    lengths = distances(geometry, start)
    i, j, _ = np.indices(geometry.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = start[1] + (j - start[1]) * (edge[0] - start[0]) / (i - start[0])
    shadow = (i > edge[0]) & (crossing > edge[1])
    every, linear = np.argwhere(shadow), geometry.affine_ras[:3, :3]
    best = np.full(len(every), np.inf)
    for k in along:
        bend = np.array((*edge, k))
        way = np.linalg.norm((every - bend) @ linear.T, axis=1)
        best = np.minimum(best, way + np.linalg.norm(linear @ (bend - start)))
    lengths[shadow] = best
    return lengths, shadow


def taut_bounds(geometry, start, *, at, length):
    """Bounds on the length of the shortest way to each voxel beyond a wall.

    Every free digital line crosses ``i == at`` at ``j < length``; the voxels ``length - 1`` are
    open, and ways may bend at their centres.
    """
    depth = geometry.shape[2]
    dense = np.linspace(-0.5, depth - 0.5, 8 * depth + 1)
    low, _ = taut(geometry, start, edge=(at, length), along=dense)
    high, shadow = taut(geometry, start, edge=(at, length - 1), along=range(depth))
    return low, high, shadow


HORSESHOE_GRIDS = {
    "isotropic": np.diag([2.0, 2.0, 2.0]),
    "anisotropic": np.diag([1.5, 2.5, 5.0]),
    "blocks": np.diag([0.9, 0.9, 1.2]),
    "mirrored": np.diag([-1.0, 0.8, -1.0]),
    "sheared": np.array([[1.6, 0.4, 0.0], [0.0, 1.8, 0.3], [0.1, 0.0, 2.5]]),
}


@pytest.mark.parametrize("name", HORSESHOE_GRIDS)
def test_territories__round_a_wall_not_through_it(name):
    matrix = np.eye(4)
    turn = np.linalg.qr(np.random.default_rng(5).normal(size=(3, 3)))[0]
    matrix[:3, :3] = turn @ HORSESHOE_GRIDS[name]
    geometry = Geometry((44, 40, 7), matrix)
    mask = walled(geometry.shape, at=20, length=12)
    left, right = (17, 30, 3), (36, 34, 3)

    codes = divided(mask, geometry, {left: 4, right: 5}).couinaud.codes

    low, high, _ = taut_bounds(geometry, left, at=20, length=12)
    other = distances(geometry, right)
    beyond = np.zeros(geometry.shape, dtype=bool)
    beyond[21:] = True
    # The method's ways may be a little longer than the shortest: less than half a voxel here.
    slack = 0.5 * max(geometry.spacing_mm)
    assert (codes[beyond & (high + slack < other)] == 4).all()
    assert (codes[beyond & (other < low - 0.01)] == 5).all()
    assert np.count_nonzero(beyond & (high + slack < other)) > 300
    straight = beyond & (distances(geometry, left) < other)
    assert np.count_nonzero(straight & (other < low - 0.01)) > 300


def test_territories__lengths_behind_an_edge_are_those_of_taut_lines():
    linear = np.array([[1.5, 0.3, 0.0], [0.0, 1.6, 0.2], [0.1, 0.0, 2.0]])
    matrix = np.eye(4)
    matrix[:3, :3] = linear
    geometry = Geometry((41, 40, 7), matrix)
    mask = walled(geometry.shape, at=20, length=14)
    start = np.array([[11, 30, 3]], dtype=np.int32)
    domain = geodesic.Domain(mask, linear, start, np.ones(1, dtype=np.uint8))
    cells = np.argwhere(mask).astype(np.int32)
    ways = geodesic._straight(domain, cKDTree(start @ linear.T), cells)
    geodesic._spread(domain, ways, cells)

    low, high, shadow = taut_bounds(geometry, start[0], at=20, length=14)
    lengths = np.full(geometry.shape, np.nan)
    lengths[tuple(cells.T)] = ways.length_mm
    beyond = mask & (np.indices(geometry.shape)[0] > 20)
    assert (lengths[beyond] >= low[beyond] - 0.01).all()
    excess = (lengths - high)[beyond & shadow]
    assert excess.size > 2000
    assert excess.mean() < 0.1
    assert excess.max() < 0.5 * max(geometry.spacing_mm)


def free(mask, first, second):
    """A digital line that may choose at ties: what the shortest way can hope for at best."""
    steps = max(abs(b - a) for a, b in zip(first, second, strict=True))
    for step in range(1, steps):
        here = [a + Fraction(step * (b - a), steps) for a, b in zip(first, second, strict=True)]
        near = [{int(x + Fraction(1, 2)), -int(Fraction(1, 2) - x)} for x in here]
        near = [
            {n for n in ns if abs(n - x) <= Fraction(1, 2)}
            for ns, x in zip(near, here, strict=True)
        ]
        if not any(mask[index] for index in product(*near)):
            return False
    return True


@settings(max_examples=15)
@given(data=st.data(), seed=SEEDS)
def test_territories__between_all_lines_of_sight_and_dijkstras_graph(data, seed):
    matrix = np.eye(4)
    matrix[:3, :3] = data.draw(directions(sheared=True)) * data.draw(spacings(1.5, 4.0))
    geometry = Geometry((5, 6, 4), matrix)
    mask, points = random_case(geometry, seed, filled=0.5, voxels=3)
    voxels = [tuple(int(x) for x in v) for v in np.argwhere(mask)]
    centres = geometry.ras_from_index(voxels)
    straight = np.linalg.norm(centres[:, None] - centres[None], axis=-1)
    touching = np.abs(np.subtract.outer(voxels, voxels).diagonal(axis1=1, axis2=3)).max(-1) <= 1
    sight = np.array([[free(mask, a, b) for b in voxels] for a in voxels])
    at = {
        code: [voxels.index(p) for p, c in points.items() if c == code] for code in points.values()
    }
    graph, lines = (np.where(links, straight, 0.0) for links in (touching, sight | sight.T))
    longest, shortest = (
        {code: dijkstra(g, indices=starts).min(axis=0) for code, starts in at.items()}
        for g in (graph, lines)
    )

    result = divided(mask, geometry, points)

    bound = np.min(list(longest.values()), axis=0)
    joined = np.isfinite(bound)
    found = result.couinaud.codes[tuple(np.transpose(voxels))]
    assert by_id(result)["liver_reached_from_branches"].value == pytest.approx(1 - joined.mean())
    best = np.array([shortest[code][n] for n, code in enumerate(found)])
    assert (best[joined] <= bound[joined] + 1e-3).all()


@given(geometry=geometries(), seed=SEEDS)
def test_territories__cover_the_liver_and_branches_keep_their_codes(geometry, seed):
    mask, points = random_case(geometry, seed, filled=0.5)

    result = divided(mask, geometry, points).couinaud

    assert np.array_equal(mask, result.mask())
    assert points == {p: int(result.codes[p]) for p in points}
    assert result.scheme is COUINAUD_SCHEME
    assert geometry.same_grid(result.geometry)


@given(geometry=geometries(), seed=SEEDS)
def test_territories__other_codes_give_the_same_territories(geometry, seed):
    mask, points = random_case(geometry, seed, filled=0.6)
    permuted = np.concatenate([[0], np.random.default_rng(seed).permutation(8) + 1])

    first = divided(mask, geometry, points).couinaud.codes
    second = divided(mask, geometry, {p: int(permuted[c]) for p, c in points.items()})

    assert np.array_equal(permuted[first], second.couinaud.codes)


def lobed(shape, spacing):
    """An ellipsoid with a fissure from below, and branches spread in it."""
    geometry = grid(shape, spacing)
    i, j, k = (x / n - 0.5 for x, n in zip(np.indices(shape), shape, strict=True))
    mask = (i / 0.48) ** 2 + (j / 0.45) ** 2 + (k / 0.47) ** 2 < 1
    mask[(np.abs(i - 0.2 * j) < 0.03) & (k < 0.1)] = False
    chosen = np.random.default_rng(3).permutation(np.argwhere(mask))[:24]
    return geometry, mask, {tuple(p): n % 8 + 1 for n, p in enumerate(chosen.tolist())}


def test_territories__blocks_decide_as_single_voxels_do(monkeypatch):
    geometry, mask, points = lobed((70, 64, 52), (0.9, 0.9, 1.1))

    by_blocks = divided(mask, geometry, points).couinaud.codes
    monkeypatch.setattr(geodesic, "BLOCK_MM", 0.01)
    by_voxels = divided(mask, geometry, points).couinaud.codes

    wrong = mask & (by_blocks != by_voxels)
    assert np.count_nonzero(wrong) < 0.002 * np.count_nonzero(mask)
    # The few are those that border on the other territory: ways behind the fissure nearly tie.
    for code in range(1, 9):
        near = ndimage.binary_dilation(by_voxels == code, np.ones((3, 3, 3)), iterations=2)
        assert near[wrong & (by_blocks == code)].all()


def test_territories__a_winding_bridge_thinner_than_a_block_still_joins():
    geometry = grid((30, 15, 16), (0.5, 0.5, 0.5))
    mask = np.zeros(geometry.shape, dtype=bool)
    mask[:8], mask[22:] = True, True
    mask[8:22, 7, 7] = True
    mask[12:18, 7, 7] = False
    mask[11:13, 7:11, 7] = mask[11:19, 10, 7] = mask[17:19, 7:11, 7] = True

    result = divided(mask, geometry, {(2, 3, 3): 3})

    assert (result.couinaud.codes[mask] == 3).all()
    assert by_id(result)["liver_reached_from_branches"].value == 0.0


@pytest.mark.parametrize("spacing", [0.7, 2.0])
def test_territories__a_separate_piece_goes_straight_and_is_told(spacing):
    geometry = grid((30, 9, 8), (spacing, spacing, spacing))
    mask = np.ones(geometry.shape, dtype=bool)
    mask[20:22] = False

    result = divided(mask, geometry, {(3, 4, 4): 7, (15, 4, 4): 8})

    found = by_id(result)["liver_reached_from_branches"]
    assert (result.couinaud.codes[22:] == 8).all()
    assert found.value == pytest.approx(8 / 28)
    assert found.verdict is Verdict.NOT_MET


def test_territories__branches_outside_seed_only_where_they_touch():
    geometry = grid((20, 9, 8), (2.0, 2.0, 2.0))
    mask = np.zeros(geometry.shape, dtype=bool)
    mask[4:18] = True
    mask[10:12, 4, 4] = False  # a vessel that the liver mask leaves out
    stem = {(i, 4, 4): 5 for i in range(3)}  # ends one voxel short of the liver
    lumen = {(10, 4, 4): 6, (11, 4, 4): 6}

    result = divided(mask, geometry, {**stem, **lumen, (17, 0, 0): 2})

    found = by_id(result)
    assert {0, 2, 6} == set(np.unique(result.couinaud.codes))
    assert (result.couinaud.codes[4:12] == 6)[mask[4:12]].all()
    assert found["branches_in_liver"].value == pytest.approx(3 / 6)
    assert found["branches_in_liver"].verdict is Verdict.NOT_MET
    lost = reason(Cause.BRANCHES_OUTSIDE, "V")
    assert lost in found["branches_for_every_segment"].reasons
    touching = divided(mask, geometry, {(3, 4, 4): 5, (17, 0, 0): 2})
    assert (touching.couinaud.codes[4] == 5).all()
    assert by_id(touching)["branches_in_liver"].value == 0.0


def test_territories__a_segment_without_branch_has_no_voxel_and_is_named():
    geometry = grid((12, 9, 8), (2.0, 2.0, 2.0))
    points = {(i, 2, 2): i + 1 for i in range(8) if i + 1 not in (1, 6)}

    result = divided(np.ones(geometry.shape, dtype=bool), geometry, points)

    found = by_id(result)["branches_for_every_segment"]
    assert found.verdict is Verdict.NOT_MET
    assert found.value == 2
    assert reason(Cause.SEGMENTS_EMPTY, "I", "VI") in found.reasons
    assert {2, 3, 4, 5, 7, 8} == set(np.unique(result.couinaud.codes))
    assert check_segments(result.couinaud)[0].value == 2


def test_territories__all_is_well_with_eight_branches():
    geometry = grid((12, 9, 8), (2.0, 2.0, 2.0))

    result = divided(
        np.ones(geometry.shape, dtype=bool), geometry, {(i, 2, 2): i + 1 for i in range(8)}
    )

    assert [Verdict.MET] * 3 == [f.verdict for f in result.quality]
    assert [0.0] * 3 == [f.value for f in result.quality]


def test_territories__the_same_at_every_call_with_ties():
    geometry = grid((21, 11, 9), (1.0, 1.0, 1.0))
    mask = np.ones(geometry.shape, dtype=bool)
    points = {(5, 5, 4): 1, (15, 5, 4): 2}  # slice 10 is equally far from both

    first, second = (divided(mask, geometry, points).couinaud.codes for _ in range(2))

    assert np.array_equal(first, second)
    assert (first[:10] == 1).all()
    assert (first[11:] == 2).all()


def test_territories__refused():
    geometry = grid((6, 7, 8))
    full, empty = np.ones(geometry.shape, dtype=bool), np.zeros(geometry.shape, dtype=bool)
    part = empty.copy()
    part[0] = True
    with pytest.raises(EmptyStructureError, match="the liver map has no voxels"):
        divided(empty, geometry, {(1, 1, 1): 1})
    with pytest.raises(InputError, match="it is empty; label branches inside"):
        divided(full, geometry, {})
    with pytest.raises(InputError, match="none of its 2 voxels lies in the liver or touches it"):
        divided(part, geometry, {(3, 1, 1): 1, (5, 5, 5): 2})
    other = branches_of({(1, 1, 1): 1}, grid((6, 7, 8), (1.0, 1.0, 1.1)))
    with pytest.raises(GeometryMismatchError, match="the branches map lies on another grid"):
        couinaud_from_territories(liver_of(full, geometry), other)
    codes = np.full(geometry.shape, 9, dtype=np.uint16)
    with pytest.raises(UnknownLabelError, match=r"code\(s\) \[9\]"):
        couinaud_from_territories(
            liver_of(full, geometry), LabelMap(codes, geometry, INSTANCE_SCHEME)
        )


def cores(codes):
    """Branches in the middle of each segment: where it is nearly as deep as it gets around."""
    branches = np.zeros_like(codes)
    for code in range(1, 9):
        depth = ndimage.distance_transform_edt(codes == code)
        branches[(depth == ndimage.maximum_filter(depth, size=5)) & (depth >= 2)] = code
        branches[depth > 0.7 * depth.max()] = code
    return branches


def test_territories__near_the_annotated_segments_of_real_livers(shared):
    nibabel = pytest.importorskip("nibabel")
    agreement = []
    for number in ("001", "013", "056", "067"):
        loaded = nibabel.load(shared / "data" / "couinaud" / f"lits_{number}.nii.gz")
        codes = np.asarray(loaded.dataobj).astype(np.uint8)
        geometry = Geometry(codes.shape, loaded.affine)
        true = LabelMap(codes, geometry, COUINAUD_SCHEME)
        branches = LabelMap(cores(codes), geometry, COUINAUD_SCHEME)

        result = couinaud_from_territories(true, branches)

        assert np.array_equal(true.mask(), result.couinaud.mask())
        assert by_id(result)["branches_for_every_segment"].verdict is Verdict.MET
        agreement.append((result.couinaud.codes == codes)[true.mask()].mean())

    # Medial cores are no portal branches, and annotated borders are planes: roughly, not more.
    assert min(agreement) > 0.75
