"""Finding the vessels of a liver: only where a portal-phase CT shows them, else off with a reason.

A map made this way is computed and to be confirmed: trees that touch may be parted at the wrong
place, and what cannot be assigned to either stays out of both.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.boxes import bounding_box, box_geometry
from remnant.core.findings import Finding, quality_finding
from remnant.core.labels import Structure
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.volumes import ImageVolume, LabelMap, Modality, Phase
from segmentation.resample import resample
from segmentation.seen.phase import VENOUS, seen_phases, spine_fronts
from segmentation.vessels import VESSELS_COMPUTED
from segmentation.vessels.lumen import vessel_mask
from segmentation.vessels.roots import Roots, find_roots
from segmentation.vessels.scene import HALF, Mask, Scene, scene_of
from segmentation.vessels.trees import PartedVessels, Tree, part_vessels
from segmentation.vessels.tubes import Tubes, find_tubes

LEAST_CONTRAST_HU: Final = 12.0
LEAST_CONTRAST_TO_NOISE: Final = 1.0
LEAST_ML: Final = 4.0
LEAST_SURPLUS: Final = 3.0
"""Below any of these there are no vessels to see: noise, or vessels as bright as the parenchyma."""


@dataclass(frozen=True, slots=True, eq=False)
class FoundVessels:
    """Vessels of a liver.

    Parameters
    ----------
    structures
        The structures map that they were looked for in, with their codes where parenchyma was.
    parted, roots, scene
        The same on the grid that they were looked for on, and where the trees begin.
    """

    structures: LabelMap
    parted: PartedVessels
    roots: Roots
    scene: Scene


@dataclass(frozen=True, slots=True, eq=False)
class VesselSearch:
    """What came of looking for vessels: them, or ``None`` with the reason in the finding."""

    found: FoundVessels | None
    finding: Finding


def search_vessels(image: ImageVolume, structures: LabelMap) -> VesselSearch:
    """Look for the portal and hepatic veins of a liver.

    Parameters
    ----------
    image
        A scan in any phase.
    structures
        ``STRUCTURE_SCHEME`` codes on the same grid, lesions included and without vessels.

    Returns
    -------
    VesselSearch
        Its finding is ``vessels_computed``, never met, for nobody has looked (value: mL of both
        trees; absent where the search is off).

    Raises
    ------
    GeometryMismatchError
        They lie on different grids.
    EmptyStructureError
        There is no liver.
    """
    image.geometry.require_same_grid(
        structures.geometry, what="the structures map", reference="the image"
    )
    shut = _shut_by_phase(image, structures)
    if shut is not None:
        return _off(shut)
    scene = scene_of(image, structures)
    tubes = find_tubes(scene)
    vessels = vessel_mask(scene, tubes)
    faint = _shut_by_contrast(scene, tubes, vessels)
    if faint is not None:
        return _off(faint)
    roots = find_roots(scene, tubes, vessels, spine_fronts(image, structures))
    if not (roots.portal.any() and roots.hepatic.any()):
        return _off(reason(Cause.VESSEL_ROOTS_UNSEEN, *_unseen(roots)))
    parted = part_vessels(scene, tubes, vessels, roots)
    filled = _with_vessels(structures, parted, scene)
    return VesselSearch(
        FoundVessels(filled, parted, roots, scene), _finding(parted, scene, tubes, vessels)
    )


def _off(why: Reason) -> VesselSearch:
    return VesselSearch(None, quality_finding(VESSELS_COMPUTED, passed=None, reasons=(why,)))


def _shut_by_phase(image: ImageVolume, structures: LabelMap) -> Reason | None:
    """Return why no vessels are looked for, by the scan's kind and phase, told before seen."""
    if image.modality is not Modality.CT:
        return reason(Cause.VESSELS_NEED_CT)
    phases = seen_phases(image, structures)
    told = image.phase
    if told is Phase.PORTAL or (told is Phase.UNKNOWN and phases == VENOUS):
        return None
    named = (told,) if told is not Phase.UNKNOWN else phases
    return reason(Cause.VESSELS_NEED_PORTAL_PHASE, *(phase.value for phase in named))


def _shut_by_contrast(scene: Scene, tubes: Tubes, vessels: Mask) -> Reason | None:
    volume_ml = float(np.count_nonzero(vessels)) * scene.grid.voxel_volume_ml
    contrast = _contrast_hu(tubes, vessels)
    seen = (
        volume_ml >= LEAST_ML
        and tubes.surplus >= LEAST_SURPLUS
        and contrast >= LEAST_CONTRAST_HU
        and contrast >= LEAST_CONTRAST_TO_NOISE * tubes.noise_hu
    )
    faint = reason(Cause.VESSELS_FAINT, contrast, tubes.noise_hu, volume_ml)
    return None if seen else faint


def _contrast_hu(tubes: Tubes, vessels: Mask) -> float:
    return float(np.median(tubes.contrast_hu[vessels])) if vessels.any() else 0.0


def _unseen(roots: Roots) -> tuple[str, ...]:
    seen = {"portal_vein": roots.portal, "hepatic_veins": roots.hepatic}
    return tuple(name for name, root in seen.items() if not root.any())


def _with_vessels(structures: LabelMap, parted: PartedVessels, scene: Scene) -> LabelMap:
    """Return a structures map in which vessels stand where parenchyma was."""
    box = bounding_box(structures.codes, what="the structures map")
    grid = box_geometry(structures.geometry, box)
    codes = structures.codes.copy(order="K")
    inner = codes[box]
    shares = {
        tree: resample(parted.trees == tree, scene.grid, grid, outside=0.0)
        for tree in (Tree.PORTAL, Tree.HEPATIC)
    }
    free = inner == Structure.PARENCHYMA
    portal, hepatic = shares[Tree.PORTAL], shares[Tree.HEPATIC]
    either = free & (portal + hepatic >= HALF)
    inner[either & (portal >= hepatic)] = Structure.PORTAL_VEIN
    inner[either & (portal < hepatic)] = Structure.HEPATIC_VEINS
    return LabelMap(codes, structures.geometry, structures.scheme)


def _finding(parted: PartedVessels, scene: Scene, tubes: Tubes, vessels: Mask) -> Finding:
    counts: NDArray[np.intp] = np.bincount(parted.trees.ravel(), minlength=max(Tree) + 1)
    ml = {tree: float(counts[tree]) * scene.grid.voxel_volume_ml for tree in Tree}
    amounts = (
        ml[Tree.PORTAL],
        ml[Tree.HEPATIC],
        ml[Tree.UNASSIGNED],
        _contrast_hu(tubes, vessels),
        tubes.noise_hu,
        confidence_of(parted),
    )
    return quality_finding(
        VESSELS_COMPUTED,
        passed=None,
        value=ml[Tree.PORTAL] + ml[Tree.HEPATIC],
        reasons=(reason(Cause.VESSELS_FOUND, *amounts),),
    )


def confidence_of(parted: PartedVessels) -> float:
    """Return the mean confidence of what was assigned, weighted by volume; 0 for nothing."""
    assigned = [piece for piece in parted.listed if piece.tree is not Tree.UNASSIGNED]
    volume = sum(piece.volume_ml for piece in assigned)
    weighted = sum(piece.volume_ml * piece.confidence for piece in assigned)
    return weighted / volume if volume else 0.0
