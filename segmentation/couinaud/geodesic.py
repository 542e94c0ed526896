"""Which seed is nearest to each voxel of a mask, along ways that stay inside the mask.

A way is a chain of straight lines between voxel centres. A line is *free* when the voxels of its
digital line (one per step along its longest axis, hence 26-connected) lie in the mask; its length
is that between its ends in mm, on any grid: anisotropic, oblique, mirrored or sheared.

1. Where the line to the seed nearest by straight distance is free, that seed is nearest along the
   mask too, since no way is shorter than the straight line: exact, and true of most of a liver.
2. Behind corners, ways spread from voxel to voxel. Each voxel hands on the last bend of its way (or
   the seed): who sees that bend goes straight to it, who does not bends at the neighbour (Nash et
   al., AAAI 2007:1177). So lengths are not tied to the 26 directions of the grid as in Dijkstra's
   method on the voxels' graph (Numer Math 1959;1:269), nor smoothed as in a discretised eikonal
   equation (Sethian, PNAS 1996;93:1591). A way found is never shorter than the shortest, nor longer
   than Dijkstra's; behind the edge of a wall it is longer by less than half a voxel.

On fine grids step 1 is first tried for one voxel per block of about ``BLOCK_MM``. Where a block and
all 26 around it, with the seeds there, agree on a code, its voxels have it too; all others, those
of the rim among them, are decided by themselves. What blocks can miss is a part of the mask that is
thinner than a block and lies behind a slit.

Ties go to one of the seeds by position, whatever their codes, the same at every call.
"""

from dataclasses import dataclass
from itertools import count, product
from typing import TYPE_CHECKING, Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.geometry import Shape3

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

BLOCK_MM: Final = 2.0
SHORTER_MM: Final = 1e-4
"""A way must be shorter by this to replace another: rounding sends no work round in circles."""
STEPS: Final = tuple(step for step in product((-1, 0, 1), repeat=3) if any(step))
NO_CODE: Final = 255

Mask = NDArray[np.bool_]
Codes = NDArray[np.uint8]
Index = NDArray[np.int32]
Numbers = NDArray[np.intp]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """Voxels, shape ``(n, 3)``, with the way found for each.

    ``seed`` is -1 and ``length_mm`` infinite where none was found; ``before_mm`` is the length from
    the seed to the last bend. The arrays are filled in place.
    """

    index: Index
    seed: Numbers
    length_mm: Floats
    bend: Index
    before_mm: Floats

    @classmethod
    def unknown(cls, index: Index) -> Self:
        """Make ways that are still to be found."""
        n = len(index)
        never = np.full(n, np.inf)
        return cls(index, np.full(n, -1, dtype=np.intp), never, index.copy(), never.copy())


@dataclass(frozen=True, slots=True, eq=False)
class Domain:
    """A mask to move in and the seeds to come from.

    Parameters
    ----------
    mask
        Where ways may run.
    matrix
        3x3, from voxel steps to mm.
    seeds, codes
        Voxels of shape ``(n, 3)`` within the array, inside the mask or not, and their codes, 1 to
        254.
    """

    mask: Mask
    matrix: Floats
    seeds: Index
    codes: Codes

    def length_mm(self, first: Index, second: Index) -> Floats:
        """Return straight distances between voxels, both of shape ``(n, 3)``."""
        x, y, z = (first - second).T
        total = np.zeros(len(first))
        for a, b, c in self.matrix:
            total += (a * x + b * y + c * z) ** 2
        return np.sqrt(total)

    def free(self, first: Index, second: Index) -> Mask:
        """Tell for each line whether the voxels between its ends lie in the mask."""
        across = (second - first).T
        voxels = np.abs(across).max(axis=0)
        found = np.ones(len(first), dtype=bool)
        line = np.flatnonzero(voxels > 1)
        step, last = across[:, line] / voxels[line], voxels[line] - 1
        here = first.T[:, line] + 0.5
        for done in count(1):
            if not line.size:
                break
            here += step
            inside = self.mask[tuple(here.astype(np.int32))]
            found[line[~inside]] = False
            on = inside & (last > done)
            if not on.all():
                line, here, step, last = line[on], here[:, on], step[:, on], last[on]
        return found


def nearest_seeds(domain: Domain) -> Codes:
    """Return the code of the seed nearest along the mask.

    Returns
    -------
    array
        0 outside the mask and where no way leads to a seed.
    """
    spacing = np.linalg.norm(domain.matrix, axis=0)
    i, j, k = (max(1, round(BLOCK_MM / float(s))) for s in spacing)
    tree = _tree(domain)
    if i == j == k == 1:
        return _from_every_voxel(domain, tree)
    return _from_blocks(domain, tree, (i, j, k))


def straight_seeds(domain: Domain, index: Index) -> Codes:
    """Return the code of the seed nearest by straight distance to voxels of shape ``(n, 3)``."""
    tree = _tree(domain)
    _, seed = tree.query(index @ domain.matrix.T, workers=-1)
    codes: Codes = domain.codes[seed]
    return codes


def _tree(domain: Domain) -> "cKDTree":
    """Prepare the seeds for nearest ones to be looked up."""
    # where maps are only read this module is loaded and no tree is made
    from scipy.spatial import cKDTree

    return cKDTree(domain.seeds @ domain.matrix.T, balanced_tree=False, compact_nodes=False)


def _from_every_voxel(domain: Domain, tree: "cKDTree") -> Codes:
    cells = _where(domain.mask)
    ways = _straight(domain, tree, cells)
    _spread(domain, ways, cells)
    codes = np.zeros(domain.mask.shape, dtype=np.uint8)
    codes[tuple(cells.T)] = _codes(domain, ways)
    return codes


def _where(mask: Mask) -> Index:
    return np.argwhere(mask).astype(np.int32)


def _codes(domain: Domain, ways: Ways) -> Codes:
    return np.where(ways.seed < 0, 0, domain.codes[ways.seed]).astype(np.uint8)


def _straight(domain: Domain, tree: "cKDTree", index: Index) -> Ways:
    """Find the ways that are one free line to the nearest seed: exact where they are found."""
    ways = Ways.unknown(index)
    length, seed = tree.query(index @ domain.matrix.T, workers=-1)
    seen = domain.free(index, domain.seeds[seed])
    ways.seed[seen], ways.length_mm[seen] = seed[seen], length[seen]
    ways.bend[seen], ways.before_mm[seen] = domain.seeds[seed[seen]], 0.0
    return ways


def _spread(domain: Domain, ways: Ways, cells: Index) -> None:
    """Hand ways on between neighbouring cells until none becomes shorter."""
    origin = cells.min(axis=0) - 1
    shape = tuple(cells.max(axis=0) - origin + 2)
    places = np.ravel_multi_index(tuple((cells - origin).T), shape)
    numbers = np.full(int(np.prod(shape)), -1, dtype=np.int32)
    numbers[places] = np.arange(len(cells))
    jumps = np.array(STEPS) @ (shape[1] * shape[2], shape[2], 1)
    lost = places[ways.seed < 0]
    near = np.unique(np.concatenate([numbers[lost + jump] for jump in jumps]))
    front = near[(near >= 0) & (ways.seed[near] >= 0)]
    while front.size:
        fresh = np.zeros(len(cells), dtype=bool)
        for jump in jumps:
            takers = numbers[places[front] + jump]
            there = takers >= 0
            fresh[_hand_on(domain, (ways, front[there]), (ways, takers[there]))] = True
        front = np.flatnonzero(fresh)


def _hand_on(domain: Domain, givers: tuple[Ways, Numbers], takers: tuple[Ways, Numbers]) -> Numbers:
    """Offer each giver's way to its taker, no taker twice; return the takers that took one."""
    (ways, g), (_, t) = givers, takers
    took = _offer(domain, takers, ways.seed[g], ways.bend[g], ways.before_mm[g])
    g, rest = g[~took], t[~took]
    bent = _offer(domain, (takers[0], rest), ways.seed[g], ways.index[g], ways.length_mm[g])
    return np.concatenate([t[took], rest[bent]])


def _offer(
    domain: Domain,
    takers: tuple[Ways, Numbers],
    seed: Numbers,
    bend: Index,
    before_mm: Floats,
) -> Mask:
    """Lead ways straight to given bends where that is free and shorter; tell where it was."""
    ways, t = takers
    length = before_mm + domain.length_mm(ways.index[t], bend)
    took: Mask = length < ways.length_mm[t] - SHORTER_MM
    took[took] = domain.free(ways.index[t[took]], bend[took])
    which = t[took]
    ways.seed[which], ways.length_mm[which] = seed[took], length[took]
    ways.bend[which], ways.before_mm[which] = bend[took], before_mm[took]
    return took


def _from_blocks(domain: Domain, tree: "cKDTree", block: Shape3) -> Codes:
    """Decide by blocks where they agree, and voxel by voxel elsewhere."""
    cells, index = _middles(domain.mask, block)
    codes = _agreed(domain, _straight(domain, tree, index), cells, block)
    codes *= domain.mask
    single = _where(domain.mask & (codes == 0))
    if not len(single):
        return codes
    ways = _straight(domain, tree, single)
    _spread(domain, ways, single)
    codes[tuple(single.T)] = _codes(domain, ways)
    return codes


def _middles(mask: Mask, block: Shape3) -> tuple[Index, Index]:
    """Return the blocks that hold a voxel, and the voxel of each that is nearest to its middle."""
    padded = np.pad(mask, [(0, -n % b) for n, b in zip(mask.shape, block, strict=True)])
    i, j, k = block
    inner = np.array(list(product(range(i), range(j), range(k))), dtype=np.int32)
    off_centre = np.abs(inner / block - (np.array(block) - 1) / (2 * np.array(block))).sum(axis=1)
    inner = inner[np.argsort(off_centre, kind="stable")]
    chosen = np.full([n // b for n, b in zip(padded.shape, block, strict=True)], -1, dtype=np.int32)
    for number in range(len(inner) - 1, -1, -1):
        a, b, c = inner[number]
        chosen[padded[a::i, b::j, c::k]] = number
    cells = _where(chosen >= 0)
    return cells, cells * np.array(block, dtype=np.int32) + inner[chosen[tuple(cells.T)]]


def _agreed(domain: Domain, nodes: Ways, cells: Index, block: Shape3) -> Codes:
    """Return each voxel's code where its block, all around it and the seeds there have one."""
    shape = [-(-n // b) for n, b in zip(domain.mask.shape, block, strict=True)]
    # where nothing is looked at nothing agrees: the rim lies beyond the middles of the blocks
    low, high = np.zeros(shape, dtype=np.uint8), np.full(shape, NO_CODE, dtype=np.uint8)
    low[tuple(cells.T)] = high[tuple(cells.T)] = _codes(domain, nodes)
    at = tuple((domain.seeds // np.array(block, dtype=np.int32)).T)
    np.minimum.at(low, at, domain.codes)
    np.maximum.at(high, at, domain.codes)
    low = ndimage.minimum_filter(low, size=3, mode="constant", cval=0)
    high = ndimage.maximum_filter(high, size=3, mode="constant", cval=NO_CODE)
    codes: Codes = np.where(low == high, low, 0).astype(np.uint8)
    for axis, times in enumerate(block):
        codes = np.repeat(codes, times, axis=axis)
    i, j, k = domain.mask.shape
    return codes[:i, :j, :k]
