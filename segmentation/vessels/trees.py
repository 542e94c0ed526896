"""Parting the liver's vessels into the portal tree and the hepatic tree.

Every voxel of the vessels goes to the tree that it is joined to by the wider way: seen from the
roots, each tree is flooded from its widest places to its narrowest ones, so that two trees that
touch are parted where their contact is narrowest; what would by the shorter way belong to the other
tree stays unassigned. Pieces that touch neither root are joined across
the gap to the piece that the cheapest way leads to; cheap is what looks a little like a tube. A
piece whose way to the other tree is nearly as cheap, or for which every way is long, is left
unassigned.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from math import inf
from typing import Any, Final

import cc3d
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree
from skimage.graph import MCP_Geometric
from skimage.segmentation import watershed

from remnant.core.boxes import bounding_box
from remnant.core.labels import Structure
from segmentation.vessels.lumen import LIKELY
from segmentation.vessels.roots import Roots
from segmentation.vessels.scene import GRID_MM, Mask, Scene, depth_mm, distance_mm
from segmentation.vessels.tubes import Tubes

LARGEST_GAP_MM: Final = 15.0
LEAST_CONFIDENCE: Final = 0.35
NEIGHBOURS: Final = 26
GAP_COST: Final = 6.0
"""A millimetre of parenchyma costs as much as so many of vessel..."""
FAINT: Final = 0.6
"""... less this share where it looks a little like one."""
CONTACT_DOUBT: Final = 0.6
LEAST_DEPTH_MM: Final = 0.5
TOUCHING_MM: Final = 1.8 * GRID_MM
"""A little more than from corner to corner of neighbouring voxels."""
STEM_MM: Final = 10.0
AROUND: Final = np.ones((3, 3, 3), dtype=bool)
MM3_PER_ML: Final = 1000.0


class Tree(IntEnum):
    """What a vessel voxel belongs to; the assigned ones have their codes in structure maps."""

    NONE = 0
    UNASSIGNED = 1
    PORTAL = Structure.PORTAL_VEIN
    HEPATIC = Structure.HEPATIC_VEINS


ROOTED: Final = (Tree.PORTAL, Tree.HEPATIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Connected vessel voxels of one tree.

    Parameters
    ----------
    code
        Its code in `PartedVessels.pieces`.
    tree
        What it belongs to.
    volume_ml
        Of its voxels.
    gap_mm
        Length without visible vessel between it and its root; 0 where it is joined to it.
    confidence
        From 0 to 1: how much narrower, or dearer, every way to the other tree is; for pieces
        across a gap, the less the longer the gap.
    """

    code: int
    tree: Tree
    volume_ml: float
    gap_mm: float
    confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class PartedVessels:
    """The liver's vessels by tree.

    Parameters
    ----------
    trees
        Codes of `Tree`.
    pieces
        Codes of ``listed``.
    listed
        The pieces, the largest first.
    """

    trees: NDArray[np.uint8]
    pieces: NDArray[np.uint16]
    listed: tuple[Piece, ...]


def part_vessels(scene: Scene, tubes: Tubes, vessels: Mask, roots: Roots) -> PartedVessels:
    """Part vessels by the roots of the two trees.

    Parameters
    ----------
    scene, tubes, vessels
        The scan, what looks like a tube in it, and the vessels found in it.
    roots
        Where the trees begin; where one is missing nothing is assigned, for nothing would hold the
        other tree back.
    """
    both = roots.portal.any() and roots.hepatic.any()
    trees, depth = _flooded(vessels, roots) if both else (_unassigned(vessels), None)
    pieces = _pieces(trees)
    if depth is None:
        return PartedVessels(trees, pieces, _largest_first(_unrooted(pieces)))
    rooted = [piece for tree in ROOTED for piece in _rooted(trees, pieces, depth, tree)]
    apart = _across_gaps(scene, tubes, trees, pieces)
    for piece in apart:
        trees[pieces == piece.code] = piece.tree
    return PartedVessels(trees, pieces, _largest_first(rooted + apart))


def _unassigned(vessels: Mask) -> NDArray[np.uint8]:
    return np.where(vessels, Tree.UNASSIGNED, Tree.NONE).astype(np.uint8)


def _flooded(vessels: Mask, roots: Roots) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return the tree of all voxels that are joined to a root, and how deep each voxel lies."""
    # where a vessel leaves the liver it is no narrower than before
    radius = depth_mm(vessels | roots.great)
    # a little smoothing: on the grid the thin parts of one vessel are one or two voxels wide
    depth = ndimage.gaussian_filter(radius, 1.0)
    markers = np.zeros(vessels.shape, dtype=np.int32)
    for tree, root in ((Tree.PORTAL, roots.portal), (Tree.HEPATIC, roots.hepatic)):
        markers[_stem(root, vessels) & (markers == 0)] = tree
    markers[roots.portal], markers[roots.hepatic] = Tree.PORTAL, Tree.HEPATIC
    flooded = watershed(-depth, markers, connectivity=AROUND, mask=vessels).astype(np.uint8)
    trees = _unassigned(vessels)
    agreed = (flooded > 0) & (flooded == _shorter_way(vessels, depth, roots))
    trees[agreed] = flooded[agreed]
    return trees, depth


def _shorter_way(vessels: Mask, depth: NDArray[np.float32], roots: Roots) -> NDArray[np.uint8]:
    """Return the tree whose root each voxel has the shorter way to, wide stretches counting less.

    Only what is joined to a root by vessels has one.
    """
    places_mm: NDArray[np.float64] = np.argwhere(vessels).astype(np.float64) * GRID_MM
    costs = way_costs(places_mm, 1.0 / np.maximum(depth[vessels], LEAST_DEPTH_MM))
    away = {
        tree: dijkstra(costs, indices=np.flatnonzero(root[vessels]), min_only=True)
        for tree, root in ((Tree.PORTAL, roots.portal), (Tree.HEPATIC, roots.hepatic))
    }
    nearer = np.where(away[Tree.PORTAL] < away[Tree.HEPATIC], Tree.PORTAL, Tree.HEPATIC)
    found = np.zeros(vessels.shape, dtype=np.uint8)
    found[vessels] = np.where(
        np.isfinite(away[Tree.PORTAL]) | np.isfinite(away[Tree.HEPATIC]), nearer, 0
    )
    return found


def way_costs(places_mm: NDArray[np.float64], weights: NDArray[np.floating[Any]]) -> csr_array:
    """Return the costs of the steps between touching places: length by mean weight."""
    pairs = cKDTree(places_mm).query_pairs(TOUCHING_MM, output_type="ndarray")
    steps = np.linalg.norm(places_mm[pairs[:, 0]] - places_mm[pairs[:, 1]], axis=1)
    steps *= (weights[pairs[:, 0]] + weights[pairs[:, 1]]) / 2
    both = np.concatenate((pairs, pairs[:, ::-1]))
    size = len(places_mm)
    return coo_array((np.tile(steps, 2), (both[:, 0], both[:, 1])), shape=(size, size)).tocsr()


def _stem(root: Mask, vessels: Mask) -> Mask:
    """Return a root with the vessels near it: they look narrow where they leave the liver."""
    steps = round(STEM_MM / GRID_MM)
    stem: Mask = ndimage.binary_dilation(root, AROUND, iterations=steps, mask=vessels)
    return stem


def _pieces(trees: NDArray[np.uint8]) -> NDArray[np.uint16]:
    labelled: NDArray[np.uint16] = cc3d.connected_components(
        trees, connectivity=NEIGHBOURS, out_dtype=np.uint16
    )
    return labelled


def _unrooted(pieces: NDArray[np.uint16]) -> list[Piece]:
    counts = np.bincount(pieces.ravel())
    return [
        _piece(code, Tree.UNASSIGNED, int(counts[code]), inf, 0.0) for code in range(1, len(counts))
    ]


def _piece(code: int, tree: Tree, voxels: int, gap_mm: float, confidence: float) -> Piece:
    return Piece(
        code=code,
        tree=tree,
        volume_ml=voxels * GRID_MM**3 / MM3_PER_ML,
        gap_mm=gap_mm,
        confidence=confidence,
    )


def _largest_first(pieces: list[Piece]) -> tuple[Piece, ...]:
    return tuple(sorted(pieces, key=lambda piece: -piece.volume_ml))


def _rooted(
    trees: NDArray[np.uint8], pieces: NDArray[np.uint16], depth: NDArray[np.float32], tree: Tree
) -> list[Piece]:
    """Return the pieces of a tree that are joined to its root.

    Their confidence falls with the width of the contact to the other tree, or to what is disputed.
    """
    own = trees == tree
    contact = own & ndimage.binary_dilation((trees > 0) & ~own, AROUND)
    found = []
    for code in np.unique(pieces[own]):
        within = pieces == code
        width = float(depth[within & contact].max(initial=0.0))
        usual = float(np.quantile(depth[within], 0.9))
        confidence = 1.0 - CONTACT_DOUBT * min(1.0, width / usual)
        found.append(_piece(int(code), tree, int(within.sum()), 0.0, confidence))
    return found


def _across_gaps(
    scene: Scene, tubes: Tubes, trees: NDArray[np.uint8], pieces: NDArray[np.uint16]
) -> list[Piece]:
    """Join pieces without a root to the tree that the cheapest way leads to."""
    loose = np.unique(pieces[trees == Tree.UNASSIGNED])
    if not len(loose):
        return []
    box = bounding_box(scene.liver, what="the liver")
    trees, pieces = trees[box], pieces[box]
    faint = np.clip(tubes.likeness[box] / LIKELY, 0.0, 1.0)
    cost = np.where(trees > 0, 1.0, GAP_COST * (1.0 - FAINT * faint)) * GRID_MM
    # no way leads farther from all vessels than half of the longest gap
    near = distance_mm(trees > 0) <= LARGEST_GAP_MM / 2
    cost = np.where(near & scene.liver[box], cost, np.inf)
    reached = {tree: _costs(cost, trees == tree) for tree in ROOTED}
    return [_joined(int(code), pieces == code, reached) for code in loose]


def _costs(cost: NDArray[np.float64], start: Mask) -> NDArray[np.float64]:
    ways = MCP_Geometric(cost)
    costs, _ = ways.find_costs(np.argwhere(start))
    found: NDArray[np.float64] = costs
    return found


def _joined(code: int, piece: Mask, reached: Mapping[Tree, NDArray[np.float64]]) -> Piece:
    """Assign a piece to the nearer tree, or to none where the other is nearly as near."""
    costs = {tree: float(costs[piece].min()) for tree, costs in reached.items()}
    near, far = sorted(ROOTED, key=lambda tree: costs[tree])
    gap_mm = costs[near] / GAP_COST
    lead = 1.0 - costs[near] / costs[far] if np.isfinite(costs[far]) else 1.0
    confidence = max(0.0, lead * (1.0 - gap_mm / LARGEST_GAP_MM))
    tree = near if confidence >= LEAST_CONFIDENCE else Tree.UNASSIGNED
    return _piece(code, tree, int(piece.sum()), gap_mm, confidence)
