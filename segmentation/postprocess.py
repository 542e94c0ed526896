"""From a liver mask and a lesion mask to label maps that agree with each other.

Rules, in this order:

1. A lesion voxel belongs to the liver when it lies in the liver mask or in a closed cavity of it,
   or when it is *exophytic*: at most ``EXOPHYTIC_REACH_MM`` from a liver voxel (centre to centre)
   (``reach_mm``: refined outlines may reach farther, see `segmentation.lesions.outside`) and
   connected (26 neighbours) to the liver through such lesion voxels. It then counts as liver
   for as long as it counts as a lesion. Lesions that a human or another program gave are not held
   to that reach on request (``whole_components``): a liver mask may leave out its lesions. What is
   26-connected to the liver then belongs to it whole; a closed cavity that lesions fill by half is
   liver, and so is what lies between a lesion and the liver and touches both.
2. Every other lesion voxel is leakage and is cut.
3. Lesions of fewer than ``MINIMUM_VOXELS`` voxels are dropped; inside the liver mask their voxels
   become parenchyma. Lesions that were given are kept however small: whoever drew one voxel means
   it, and a network's specks are no reason to overrule them.

What each rule did is counted and reported as a quality finding.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cc3d
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from remnant.core.boxes import Box, bounding_box, box_geometry, margin_voxels
from remnant.core.errors import InputError
from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, INSTANCE_SCHEME, STRUCTURE_SCHEME, Structure
from remnant.core.reasons import Cause, reason
from remnant.core.volumes import LARGEST_CODE, LabelMap
from segmentation.components import touching_parts

Mask = NDArray[np.bool_]

MINIMUM_VOXELS = 3
# The lesion network looks two voxels beyond the liver on its 1×1×3 mm grid: 6 mm at most.
EXOPHYTIC_REACH_MM = 6.0
NOTEWORTHY_FRACTION = 0.05
# A cavity is one of a lesion where the lesion fills this much of it; of the rest of a liver's
# cavities nothing is known.
LEAST_CAVITY_FRACTION = 0.5
# A lesion lies in a notch that was cut around it where little of its surface touches the liver and
# at least half of it is one voxel away.
LARGEST_CONTACT_FRACTION = 0.2
LEAST_ENCLOSED_FRACTION = 0.5
VESSEL_CODES = frozenset((Structure.PORTAL_VEIN, Structure.HEPATIC_VEINS))
NEIGHBOURS_26 = np.ones((3, 3, 3), dtype=bool)


@dataclass(frozen=True, slots=True, eq=False)
class LabelledLesions:
    """Lesion instances of a mask.

    ``codes`` are 1…``kept`` by falling volume (ties: by first voxel in array order), 0 elsewhere;
    ``dropped`` counts the components that were too small.
    """

    codes: NDArray[np.uint16]
    kept: int
    dropped: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reconciled:
    """Structures and lesions that agree: a voxel is a lesion in both maps or in neither.

    ``exophytic`` marks the voxels that are liver in ``structures`` only because they are lesion:
    the liver mask did not hold them. ``None`` when there are none.
    """

    structures: LabelMap
    lesions: LabelMap
    exophytic: LabelMap | None
    quality: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Fitted:
    """Lesion codes cut to the liver on its box, with what was counted on the way.

    ``reach_mm`` is how far from the liver lesions may lie, ``None`` where they were given and not
    found by a network; ``space`` is what a liver mask that leaves these out had to be filled by.
    """

    codes: NDArray[np.uint16]
    dropped: int
    leaked_voxels: int
    reach_mm: float | None
    space: "_LesionSpace"


@dataclass(frozen=True, slots=True)
class _LesionSpace:
    """How many lesion voxels lay in cavities, and how many voxels between lesions and the liver."""

    cavity_voxels: int = 0
    gap_voxels: int = 0


def label_lesions(mask: Mask, *, minimum_voxels: int = MINIMUM_VOXELS) -> LabelledLesions:
    """Split a lesion mask into 26-connected components, numbered by falling volume.

    Components of fewer than ``minimum_voxels`` voxels are dropped and counted.

    Raises
    ------
    InputError
        More components than a uint16 map can number.
    """
    codes = np.zeros(mask.shape, np.uint16, order="C" if mask.flags.c_contiguous else "F")
    if not mask.any():
        return LabelledLesions(codes=codes, kept=0, dropped=0)
    box = bounding_box(mask, what="the lesion mask")
    components = touching_parts(mask[box].astype(bool))
    # Counting lesion voxels only: bincount needs eight bytes for each voxel that it is given.
    sizes = np.bincount(components[components > 0], minlength=1)
    order = np.argsort(-sizes, kind="stable")
    kept = int(np.count_nonzero(sizes >= minimum_voxels))
    if kept > LARGEST_CODE:
        raise InputError(f"{kept} lesions are more than the {LARGEST_CODE} that can be numbered")
    renumber = np.zeros(sizes.size, dtype=np.uint16)
    renumber[order[:kept]] = np.arange(1, kept + 1)
    codes[box] = renumber[components]
    return LabelledLesions(codes=codes, kept=kept, dropped=int(np.count_nonzero(sizes)) - kept)


def reconcile(
    liver: Mask,
    lesions: Mask,
    geometry: Geometry,
    *,
    vessels: Mapping[Structure, Mask] | None = None,
    whole_components: bool = False,
    reach_mm: float = EXOPHYTIC_REACH_MM,
) -> Reconciled:
    """Make a liver mask and a lesion mask agree, and number the lesions.

    Parameters
    ----------
    liver, lesions
        Masks of shape ``geometry.shape``; the liver with or without its lesions.
    geometry
        The grid of both.
    vessels
        Masks of ``PORTAL_VEIN`` and ``HEPATIC_VEINS``; their voxels outside the liver are left
        out, and a lesion voxel stays a lesion.
    whole_components
        For lesions that a human or another program gave: keep every 26-connected component that
        touches the liver whole, however far it reaches and however small it is. One that does not
        touch is leakage.
    reach_mm
        How far from the liver the voxels of other lesions may lie.

    Returns
    -------
    Reconciled
        Maps on ``geometry`` and the findings ``exophytic_lesion_voxels``,
        ``lesion_leakage_cut`` and ``small_lesions_dropped`` (values in mL, mL and lesions).

    Raises
    ------
    EmptyStructureError
        The liver mask has no voxel.
    InputError
        A mask's shape is not the grid's, or ``vessels`` names another structure.
    """
    box = _working_box(liver, lesions, geometry, reach_mm, whole_components=whole_components)
    liver, space = _with_lesion_space(liver, lesions, box, given=whole_components)
    near, grid = liver[box].astype(bool), box_geometry(geometry, box)
    limit_mm = None if whole_components else reach_mm
    belongs = _belonging(near, lesions[box].astype(bool), grid, limit_mm)
    labelled = label_lesions(belongs, minimum_voxels=_minimum_voxels(given=whole_components))
    leaked = int(np.count_nonzero(lesions)) - int(np.count_nonzero(belongs))
    fitted = _Fitted(labelled.codes, labelled.dropped, leaked, limit_mm, space)
    return _assemble(liver, fitted, box, geometry, vessels or {})


def reconcile_instances(
    liver: Mask,
    instances: NDArray[np.unsignedinteger[Any]],
    geometry: Geometry,
    *,
    vessels: Mapping[Structure, Mask] | None = None,
    whole_components: bool = False,
) -> Reconciled:
    """Do the same as `reconcile` for lesions that are numbered already; the numbers are kept.

    An instance may have several parts. It is dropped when fewer than ``MINIMUM_VOXELS`` of its
    voxels belong to the liver but some do, unless it was given (``whole_components``); one that
    lies wholly outside is leakage. What is connected to the liver is settled for all instances
    together, so that one may reach it through another.

    Raises
    ------
    EmptyStructureError
        The liver mask has no voxel.
    InputError
        A shape is not the grid's, a number exceeds uint16, or ``vessels`` names another structure.
    """
    _require_numbers(instances)
    present = instances > 0
    reach_mm = None if whole_components else EXOPHYTIC_REACH_MM
    box = _working_box(liver, present, geometry, whole_components=whole_components)
    liver, space = _with_lesion_space(liver, present, box, given=whole_components)
    near, grid = liver[box].astype(bool), box_geometry(geometry, box)
    belongs = _belonging(near, present[box], grid, reach_mm)
    codes = np.where(belongs, instances[box], 0).astype(np.uint16)
    leaked = int(np.count_nonzero(present)) - int(np.count_nonzero(belongs))
    dropped = _drop_small(codes, _minimum_voxels(given=whole_components))
    fitted = _Fitted(codes, dropped, leaked, reach_mm, space)
    return _assemble(liver, fitted, box, geometry, vessels or {})


def _minimum_voxels(*, given: bool) -> int:
    """Return the fewest voxels of a lesion that is kept."""
    return 1 if given else MINIMUM_VOXELS


def _drop_small(codes: NDArray[np.uint16], minimum_voxels: int) -> int:
    """Set instances of too few voxels to 0 and return how many there were."""
    sizes = np.bincount(codes[codes > 0], minlength=1)
    small = (sizes > 0) & (sizes < minimum_voxels)
    if small.any():
        codes[small[codes]] = 0
    return int(np.count_nonzero(small))


def _require_numbers(instances: NDArray[Any]) -> None:
    if instances.dtype.kind not in "iub" or instances.min() < 0 or instances.max() > LARGEST_CODE:
        raise InputError(
            f"lesion numbers must be whole and within 0 to {LARGEST_CODE}, got "
            f"{instances.min()} to {instances.max()} ({instances.dtype})"
        )


def _working_box(
    liver: Mask,
    lesions: Mask,
    geometry: Geometry,
    reach_mm: float = EXOPHYTIC_REACH_MM,
    *,
    whole_components: bool,
) -> Box:
    """Return the box that holds the liver and every lesion voxel that may belong to it."""
    for name, mask in (("liver", liver), ("lesion", lesions)):
        if mask.shape != geometry.shape:
            raise InputError(
                f"the {name} mask has shape {mask.shape} on a grid of {geometry.shape}"
            )
    margin = margin_voxels(geometry, reach_mm)
    near = bounding_box(np.asarray(liver, dtype=bool), what="the liver mask", margin=margin)
    if not (whole_components and np.any(lesions)):
        return near
    far = bounding_box(np.asarray(lesions, dtype=bool), what="the lesion mask")
    i, j, k = (
        slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(near, far, strict=True)
    )
    return (i, j, k)


def _belonging(liver: Mask, lesions: Mask, geometry: Geometry, reach_mm: float | None) -> Mask:
    """Return the lesion voxels that belong to the liver (rule 1); ``None``: at any distance."""
    outside = lesions & ~liver
    if not outside.any():
        return lesions
    enclosed = outside & _cavities(liver)
    near = outside
    if reach_mm is not None:
        near = _within_reach(liver, outside & ~enclosed, geometry, reach_mm) | enclosed
    parts = touching_parts(near)
    touching = ndimage.binary_dilation(liver | enclosed, NEIGHBOURS_26)
    attached = np.zeros(int(parts.max()) + 1, dtype=bool)
    attached[np.unique(parts[touching])] = True
    attached[0] = False
    joined: Mask = attached[parts]
    return (lesions & liver) | joined


def _with_lesion_space(
    liver: Mask, lesions: Mask, box: Box, *, given: bool
) -> tuple[Mask, _LesionSpace]:
    """Return a liver that holds the cavities of given lesions and the gaps around them."""
    near, tumour = liver[box].astype(bool), lesions[box].astype(bool)
    if not given or not (tumour & ~near).any():
        return liver, _LesionSpace()
    cavities = _lesion_cavities(near, tumour)
    space = cavities | _gaps(near, tumour & ~cavities)
    whole: Mask = np.array(liver, dtype=bool)
    whole[box] |= space
    filled = int(np.count_nonzero(space & tumour))
    return whole, _LesionSpace(filled, int(np.count_nonzero(space)) - filled)


def _lesion_cavities(liver: Mask, lesions: Mask) -> Mask:
    """Return closed cavities that lesions fill by half or more."""
    parts = cc3d.connected_components(_cavities(liver), connectivity=6)
    inside = parts > 0
    size = int(parts.max()) + 1
    filled = np.bincount(parts[inside & lesions], minlength=size)
    left_out = filled >= LEAST_CAVITY_FRACTION * np.bincount(parts[inside], minlength=size)
    left_out[0] = False
    cavities: Mask = left_out[parts]
    return cavities


def _gaps(liver: Mask, lesions: Mask) -> Mask:
    """Return background between the liver and lesions that lie in notches of it without touching.

    A lesion that bulges out of the liver or sits on it has no gap: most of its surface is free.
    """
    parts = touching_parts(lesions)
    size = int(parts.max()) + 1
    within = np.bincount(parts[lesions & liver], minlength=size)
    beside = ~lesions & ~liver & ndimage.binary_dilation(liver, NEIGHBOURS_26)
    faces = _face_counts(parts, parts == 0)
    shared, facing = _face_counts(parts, liver), _face_counts(parts, beside)
    apart = (within == 0) & (shared < LARGEST_CONTACT_FRACTION * faces)
    apart &= facing >= LEAST_ENCLOSED_FRACTION * faces
    apart[0] = False
    gaps: Mask = ndimage.binary_dilation(apart[parts]) & beside
    return gaps


def _face_counts(parts: NDArray[Any], others: Mask) -> NDArray[np.int64]:
    """Return for each part how many of its faces have another voxel of a mask behind them."""
    size = int(parts.max()) + 1
    counts = np.zeros(size, dtype=np.int64)
    for axis in range(parts.ndim):
        for ahead in (True, False):
            own = _across(parts, axis, ahead=ahead)
            behind = _across(others & (parts == 0), axis, ahead=not ahead)
            counts += np.bincount(own[(own > 0) & behind], minlength=size)
    return counts


def _across(array: NDArray[Any], axis: int, *, ahead: bool) -> NDArray[Any]:
    """Return one side of every face between two voxels along an axis."""
    moved = np.moveaxis(array, axis, 0)
    return moved[1:] if ahead else moved[:-1]


def _cavities(liver: Mask) -> Mask:
    """Return background that the liver encloses: not 6-connected to the outside of the box."""
    padded = np.pad(~liver, 1, constant_values=True)
    background = cc3d.connected_components(padded, connectivity=6)
    closed: Mask = (background > 0) & (background != background[0, 0, 0])
    return closed[1:-1, 1:-1, 1:-1]


def _within_reach(liver: Mask, candidates: Mask, geometry: Geometry, reach_mm: float) -> Mask:
    """Return the candidates within reach of a liver voxel, centre to centre in mm.

    Distances are taken between points in RAS mm, hence right on any grid, sheared ones included.
    """
    near = np.zeros_like(candidates)
    where = np.argwhere(candidates)
    surface = np.argwhere(liver & ~ndimage.binary_erosion(liver, NEIGHBOURS_26))
    if where.size and surface.size:
        tree = cKDTree(geometry.ras_from_index(surface))
        reach = reach_mm * (1 + 1e-9)
        points = geometry.ras_from_index(where)
        distance, _ = tree.query(points, distance_upper_bound=reach)
        near[tuple(where[np.isfinite(distance)].T)] = True
    return near


def _assemble(
    liver: Mask,
    fitted: _Fitted,
    box: Box,
    geometry: Geometry,
    vessels: Mapping[Structure, Mask],
) -> Reconciled:
    lesion = fitted.codes > 0
    joined = lesion & ~liver[box].astype(bool)
    structures = np.zeros(geometry.shape, dtype=np.uint8, order="F")
    structures[box] = liver[box] * np.uint8(Structure.PARENCHYMA)
    for code, mask in vessels.items():
        _draw_vessel(structures, code, mask)
    structures[box][lesion] = Structure.LESION
    lesions = np.zeros(geometry.shape, dtype=np.uint16, order="F")
    lesions[box] = fitted.codes
    return Reconciled(
        structures=LabelMap(structures, geometry, STRUCTURE_SCHEME),
        lesions=LabelMap(lesions, geometry, INSTANCE_SCHEME),
        exophytic=_exophytic(joined, box, geometry),
        quality=_findings(fitted, int(np.count_nonzero(joined)), geometry.voxel_volume_ml),
    )


def _exophytic(joined: Mask, box: Box, geometry: Geometry) -> LabelMap | None:
    if not joined.any():
        return None
    codes = np.zeros(geometry.shape, dtype=np.uint8, order="F")
    codes[box] = joined
    return LabelMap(codes, geometry, BINARY_SCHEME)


def _draw_vessel(structures: NDArray[np.uint8], code: Structure, mask: Mask) -> None:
    if code not in VESSEL_CODES:
        raise InputError(f"vessels are portal_vein or hepatic_veins, got {code.name.lower()}")
    if mask.shape != structures.shape:
        raise InputError(
            f"the {code.name.lower()} mask has shape {mask.shape} on a grid of {structures.shape}"
        )
    structures[(structures > 0) & mask.astype(bool)] = code


def _findings(fitted: _Fitted, joined: int, voxel_ml: float) -> tuple[Finding, ...]:
    lesion_voxels = int(np.count_nonzero(fitted.codes))
    allowed = NOTEWORTHY_FRACTION * lesion_voxels
    limit = reason(Cause.SHARE_LIMIT, NOTEWORTHY_FRACTION)
    if fitted.reach_mm is None:
        where = reason(Cause.LESIONS_TOUCHING, fitted.space.gap_voxels * voxel_ml)
        joined += fitted.space.cavity_voxels
    else:
        where = reason(Cause.WITHIN_REACH, fitted.reach_mm)
    exophytic = quality_finding(
        "exophytic_lesion_voxels",
        passed=joined <= allowed,
        value=joined * voxel_ml,
        reasons=(reason(Cause.VOXELS, joined), where, limit),
    )
    leaked = fitted.leaked_voxels
    leakage = quality_finding(
        "lesion_leakage_cut",
        passed=leaked <= allowed,
        value=leaked * voxel_ml,
        reasons=(reason(Cause.VOXELS, leaked), limit),
    )
    return (exophytic, leakage, _small_finding(fitted, voxel_ml))


def _small_finding(fitted: _Fitted, voxel_ml: float) -> Finding:
    least = reason(Cause.LEAST_SIZE, MINIMUM_VOXELS, MINIMUM_VOXELS * voxel_ml * 1000)
    rule = reason(Cause.LESIONS_KEPT) if fitted.reach_mm is None else least
    dropped = fitted.dropped
    return quality_finding(
        "small_lesions_dropped", passed=dropped == 0, value=float(dropped), reasons=(rule,)
    )
