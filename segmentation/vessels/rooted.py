"""A map of both trees with what is known of their roots: all that names and measures come from.

It is made anew from a case's structures map whenever that is measured, so that a map that a reader
corrected, or gave, is named as it is.
"""

from dataclasses import dataclass
from typing import Final

import cc3d
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from remnant.core.boxes import bounding_box, box_geometry
from remnant.core.geometry import Geometry
from remnant.core.vessels import LoosePiece, Place, VesselRoots
from remnant.core.volumes import LabelMap
from segmentation.resample import resample
from segmentation.vessels.found import FoundVessels
from segmentation.vessels.roots import MOUTH_MM, MOUTH_SHARE, TRUNK_HEIGHTS
from segmentation.vessels.scene import (
    GRID_MM,
    HALF,
    MARGIN_MM,
    Field,
    Mask,
    depth_mm,
    upright_grid,
)
from segmentation.vessels.trees import AROUND, LARGEST_GAP_MM, NEIGHBOURS, ROOTED, Tree

GAP_TIMES: Final = 10.0
"""A way over a gap is taken only where no vessel leads."""
NEAR_MM: Final = 6.0
"""From a kept place to the voxels of a tree that it stands for."""
ROUNDING: Final = 1e-3
"""Of a share of a voxel: what lies half in is in, whatever a file rounds."""
CAVA_EVERY: Final = 3
"""Of the vena cava's slices so many are kept as one."""


@dataclass(frozen=True, slots=True, eq=False)
class RootedTrees:
    """Both trees of a liver on a working grid.

    Parameters
    ----------
    trees
        Codes of `Tree`; what is of neither tree is left out.
    sure
        How sure each voxel's tree is, from 0 to 1, by what joins it to its root.
    roots
        Where the trees begin.
    grid
        Steps of `GRID_MM` along RAS.
    """

    trees: NDArray[np.uint8]
    sure: Field
    roots: VesselRoots
    grid: Geometry


def rooted_trees(structures: LabelMap, roots: VesselRoots) -> RootedTrees:
    """Take the trees of a structures map.

    Parameters
    ----------
    structures
        ``STRUCTURE_SCHEME`` codes, with vessels or without.
    roots
        Where its trees begin.

    Raises
    ------
    EmptyStructureError
        There is no liver.
    """
    grid = upright_grid(structures)
    shares = {tree: _share(structures, tree, grid) for tree in ROOTED}
    trees = np.zeros(grid.shape, dtype=np.uint8)
    portal, hepatic = shares[Tree.PORTAL], shares[Tree.HEPATIC]
    either = portal + hepatic >= HALF - ROUNDING
    trees[either & (portal >= hepatic - ROUNDING)] = Tree.PORTAL
    trees[either & (portal < hepatic - ROUNDING)] = Tree.HEPATIC
    return RootedTrees(trees, _sureness(trees, roots, grid), roots, grid)


def roots_of(found: FoundVessels) -> VesselRoots:
    """Return what is to be kept of the roots of found vessels."""
    grid, parted, roots = found.scene.grid, found.parted, found.roots
    loose = (
        LoosePiece(
            place_mm=_place(_widest(parted.pieces == piece.code), grid),
            confidence=piece.confidence,
        )
        for piece in parted.listed
        if piece.tree in ROOTED and piece.gap_mm > 0.0
    )
    x, y, z, radius = (roots.cava_mm[::CAVA_EVERY, n].tolist() for n in range(4))
    return VesselRoots(
        portal_mm=_part_places(roots.portal & (parted.trees == Tree.PORTAL), grid),
        hepatic_mm=_part_places(roots.hepatic & (parted.trees == Tree.HEPATIC), grid),
        cava_mm=tuple(zip(x, y, z, radius, strict=True)),
        loose=tuple(loose),
    )


def roots_in(structures: LabelMap) -> VesselRoots | None:
    """Return where the trees of a given map seem to begin, by the map alone.

    The hepatic veins at their widest place in the upper part of the liver's height, the portal
    vein at its widest place in the middle part. The vena cava is not known.

    Parameters
    ----------
    structures
        ``STRUCTURE_SCHEME`` codes.

    Returns
    -------
    VesselRoots or None
        ``None`` where the map lacks one of the trees at that height.

    Raises
    ------
    EmptyStructureError
        There is no liver.
    """
    grid = upright_grid(structures)
    margin = round(MARGIN_MM / GRID_MM)
    low, height = margin, grid.shape[2] - 2 * margin
    spans = {Tree.HEPATIC: (MOUTH_SHARE, 1.0), Tree.PORTAL: TRUNK_HEIGHTS}
    places = {}
    for tree, (bottom, top) in spans.items():
        mask = _share(structures, tree, grid) >= HALF
        mask[:, :, : low + int(bottom * height)] = False
        mask[:, :, low + int(top * height) + 1 :] = False
        if not mask.any():
            return None
        places[tree] = (_place(_widest(mask), grid),)
    return VesselRoots(portal_mm=places[Tree.PORTAL], hepatic_mm=places[Tree.HEPATIC])


def starts_of(
    rooted: RootedTrees, tree: Tree, voxels: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return which of a tree's voxels are at its root, and how far each is from where it begins.

    A gap counts as so much longer.

    Hepatic veins begin at the vena cava's wall where it is known, else a tree at the kept places.

    Parameters
    ----------
    rooted, tree, voxels
        The trees, one of them, and its voxels, shape ``(n, 3)``.
    """
    roots, places = rooted.roots, rooted.grid.ras_from_index(voxels)
    kept = np.array(roots.portal_mm if tree is Tree.PORTAL else roots.hepatic_mm).reshape(-1, 3)
    if not len(kept) or not len(voxels):
        return np.empty(0, dtype=np.intp), np.empty(0)
    if tree is Tree.HEPATIC and roots.cava_mm:
        cava = np.array(roots.cava_mm)
        away, nearest = cKDTree(cava[:, :3]).query(places)
        wall_mm = np.maximum(away - cava[nearest, 3], 0.0)
        # a vein whose mouth is not seen is joined to the vena cava as to a vessel across a gap
        at = (wall_mm <= LARGEST_GAP_MM) & (places[:, 2] >= kept[:, 2].min() - MOUTH_MM)
        gap_mm = np.maximum(wall_mm - MOUTH_MM, 0.0)
        return np.flatnonzero(at), (wall_mm + (GAP_TIMES - 1.0) * gap_mm)[at]
    away, nearest = cKDTree(places).query(kept)
    starts = np.unique(nearest[away <= NEAR_MM])
    return starts, np.zeros(len(starts))


def _share(structures: LabelMap, tree: Tree, grid: Geometry) -> Field:
    box = bounding_box(structures.codes, what="the structures map")
    near = box_geometry(structures.geometry, box)
    return resample(structures.codes[box] == tree, near, grid, outside=0.0)


def _sureness(trees: NDArray[np.uint8], roots: VesselRoots, grid: Geometry) -> Field:
    """Return 1 for what vessels join to a root, and what was kept of each loose piece."""
    sure = (trees > 0).astype(np.float32)
    voxels = np.argwhere(trees > 0)
    if not (roots.loose and len(voxels)):
        return sure
    pieces = cc3d.connected_components(trees, connectivity=NEIGHBOURS)
    places = np.array([piece.place_mm for piece in roots.loose])
    away, nearest = cKDTree(grid.ras_from_index(voxels)).query(places)
    for piece, distance, voxel in zip(roots.loose, away, voxels[nearest], strict=True):
        if distance <= NEAR_MM:
            sure[pieces == pieces[tuple(voxel)]] = piece.confidence
    return sure


def _part_places(mask: Mask, grid: Geometry) -> tuple[Place, ...]:
    """Return the widest place of each part of a root."""
    parts, count = ndimage.label(mask, AROUND)
    return tuple(_place(_widest(parts == n), grid) for n in range(1, count + 1))


def _widest(mask: Mask) -> NDArray[np.intp]:
    """Return the voxel of a mask that lies deepest in it."""
    box = bounding_box(mask, what="the root")
    depth = depth_mm(np.pad(mask[box], 1))[1:-1, 1:-1, 1:-1]
    low = np.array([part.start for part in box])
    return low + np.array(np.unravel_index(int(depth.argmax()), depth.shape))


def _place(voxel: NDArray[np.intp], grid: Geometry) -> Place:
    x, y, z = (float(c) for c in grid.ras_from_index(voxel))
    return (x, y, z)
