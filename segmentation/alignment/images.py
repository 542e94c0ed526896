"""Laying one phase of a study on another, so that lesions seen in one can be used with the other.

The livers found in both images give the first motion (`segmentation.alignment.surfaces`); the
images refine it by their mutual information around the liver (Mattes et al., IEEE Trans Med Imaging
2003;22:120), which holds whatever the contrast does to each organ: six parameters for a rigid
motion, and, on request, a free-form deformation on a coarse mesh after it.

How good it is, is measured on the two livers, which were found apart from each other: overlap and
mean distance of their surfaces after the motion, where both scans reach. They move with the lesions
and have no part in the mutual information's search. The images decide on the rigid motion, since
the livers alone may lie well on each other and be turned; only where they fall apart is the search
taken to have gone astray. Inside a liver a deformation is less sure than a rigid motion, so that it
has to bring the livers clearly closer.

No sampling at random: the same images give the same motion, to rounding. Everything is in RAS mm.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from remnant.core.boxes import Box, bounding_box, box_geometry
from remnant.core.geometry import Geometry, Shape3
from remnant.core.phase_choice import AlignmentKind
from remnant.core.progress import Progress, silent
from remnant.core.volumes import ImageVolume, LabelMap, Modality
from segmentation.alignment.surfaces import align_livers
from segmentation.resample import resample

GRID_MM: Final = 3.0
"""Voxels that images are compared on."""
FINE_MM: Final = 2.0
"""Voxels that the livers' overlap is measured on."""
MARGIN_MM: Final = 15.0
"""Around the liver: organs and ribs beside it hold the search, the spine and the arms do not."""
WINDOW_HU: Final = (-150.0, 350.0)
BINS: Final = 32
MOST_ITERATIONS: Final = 60
BEND_ITERATIONS: Final = 30
MESH_MM: Final = 60.0
"""Distance of a deformation's control points: breath bends a liver about that coarsely."""
ASTRAY_FRACTION: Final = 0.05
"""A search by the images that costs so much of the livers' overlap has found something else."""
CLEAR_GAIN_FRACTION: Final = 0.005
"""Overlap that a deformation has to bring to be used."""
LEAST_OVERLAP_FRACTION: Final = 0.95
MOST_DISTANCE_MM: Final = 1.25
"""This project's choice, by a real scan and its painted, moved copy, livers outlined by networks:
the right motion reaches 0.976 and 0.65 mm, one that bends the liver by 7 mm and is laid rigidly
0.973 and 0.7 mm (lesions off by 1.8 mm on average), and a motion wrong by 4.7 mm on average 0.943
and 1.5 mm. Two balls of 10 mm whose centres are 2.5 mm apart still share 63 % of either."""
HALF: Final = 0.5
Floats = NDArray[np.float64]
Field = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Bend:
    """A deformation: displacements in RAS mm, of shape ``(*grid.shape, 3)``, on an upright grid."""

    grid: Geometry
    displacement_mm: Field

    def at(self, points_mm: Floats) -> Floats:
        """Return the displacement of points of shape ``(n, 3)``; the grid's edge goes on."""
        index = self.grid.index_from_ras(points_mm).T
        parts = (
            ndimage.map_coordinates(self.displacement_mm[..., axis], index, order=1, mode="nearest")
            for axis in range(3)
        )
        return np.stack(list(parts), axis=-1).astype(np.float64)

    @property
    def largest_mm(self) -> float:
        """Length of the longest displacement."""
        return float(np.linalg.norm(self.displacement_mm, axis=-1).max())


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """Where each point of one image lies in another: a bend, if any, and then a rigid motion."""

    matrix: Floats
    bend: Bend | None = None

    def __call__(self, points_mm: Floats) -> Floats:
        """Return where points of shape ``(n, 3)`` of the first image lie in the second."""
        bent = points_mm if self.bend is None else points_mm + self.bend.at(points_mm)
        moved: Floats = bent @ self.matrix[:3, :3].T + self.matrix[:3, 3]
        return moved


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageAlignment:
    """A motion and how well it lays two livers on each other.

    Parameters
    ----------
    motion
        From RAS mm of the fixed image to RAS mm of the moving one.
    overlap_before, overlap
        Dice of the livers without and with it.
    distance_mm
        Mean distance of the livers' surfaces with it, of both ways; 0.0 where they are the same.
    """

    motion: Motion
    overlap_before: float
    overlap: float
    distance_mm: float

    @property
    def is_good(self) -> bool:
        """Whether lesions may be brought over by it."""
        return self.overlap >= LEAST_OVERLAP_FRACTION and self.distance_mm <= MOST_DISTANCE_MM


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Side:
    """An image and the liver that was found in it, on one grid."""

    image: ImageVolume
    liver: LabelMap


def align_images(
    fixed: Side,
    moving: Side,
    *,
    kind: AlignmentKind = AlignmentKind.RIGID,
    progress: Progress = silent,
) -> ImageAlignment:
    """Lay one image of a person on another one.

    Parameters
    ----------
    fixed, moving
        The two, each on any grid of its own; their livers need no common place.
    kind
        Whether a deformation is looked for beside the rigid motion.
    progress
        Told of each step.

    Raises
    ------
    EmptyStructureError
        A liver has no voxel.
    """
    steps = 3 if kind is AlignmentKind.DEFORMABLE else 2
    progress("aligning images", 0, steps)
    judge = _Judge.of(fixed.liver, moving.liver)
    by_livers = judge(Motion(align_livers(fixed.liver, moving.liver)))
    progress("aligning images", 1, steps)
    # the second search begins where the first one ended, with the moving image laid anew
    refined = judge(_refined(fixed, moving, _refined(fixed, moving, by_livers.motion)))
    astray = refined.overlap < by_livers.overlap - ASTRAY_FRACTION
    best = by_livers if astray else refined
    progress("aligning images", 2, steps)
    if kind is AlignmentKind.DEFORMABLE:
        bent = judge(_bent(fixed, moving, best.motion))
        best = bent if bent.overlap >= best.overlap + CLEAR_GAIN_FRACTION else best
        progress("aligning images", 3, steps)
    return best


def moved_share(
    mask: Mask, source: Geometry, target: Geometry, motion: Motion
) -> Iterator[tuple[Box, Field]]:
    """Bring a mask of the moving image onto a grid of the fixed one.

    Yields slabs along the last axis with, for each voxel, the share (0 to 1, linear) that is
    inside; at least one half counts as inside. Nothing is yielded where the mask does not come.
    """
    if not mask.any():
        return
    near = bounding_box(mask, what="the mask", margin=(1, 1, 1))
    part, grid = mask[near].astype(np.float32), box_geometry(source, near)
    box = _target_box(grid, target, motion)
    if box is None:
        return
    for k in range(box[2].start, box[2].stop):
        slab = (box[0], box[1], slice(k, k + 1))
        there = box_geometry(target, slab)
        index = np.moveaxis(np.indices(there.shape), 0, -1).reshape(-1, 3)
        points = grid.index_from_ras(motion(there.ras_from_index(index))).T
        share = ndimage.map_coordinates(part, points, order=1, mode="constant", cval=0.0)
        yield slab, share.reshape(there.shape).astype(np.float32)


def moved_mask(mask: Mask, source: Geometry, target: Geometry, motion: Motion) -> Mask:
    """Return the voxels of a grid of the fixed image that a mask of the moving one fills by half.

    >>> grid = Geometry((4, 4, 4), np.eye(4))
    >>> mask = np.zeros(grid.shape, bool); mask[1] = True
    >>> shift = np.eye(4); shift[0, 3] = -1.0
    >>> moved_mask(mask, grid, grid, Motion(shift)).any(axis=(1, 2)).tolist()
    [False, False, True, False]
    """
    found = np.zeros(target.shape, dtype=bool)
    for where, share in moved_share(mask, source, target, motion):
        found[where] = share >= HALF
    return found


def _target_box(part: Geometry, target: Geometry, motion: Motion) -> Box | None:
    """Return the box of the target that the moved part may reach; ``None`` where it does not."""
    back = np.linalg.inv(motion.matrix)
    corners = part.corners_ras() @ back[:3, :3].T + back[:3, 3]
    reach = 0.0 if motion.bend is None else motion.bend.largest_mm
    per_mm = np.linalg.norm(np.linalg.inv(target.affine_ras[:3, :3]), axis=1)
    index, margin = target.index_from_ras(corners), reach * per_mm + 1.0
    low = np.maximum(np.floor(index.min(axis=0) - margin).astype(int), 0)
    high = np.minimum(np.ceil(index.max(axis=0) + margin).astype(int) + 1, target.shape)
    if (low >= high).any():
        return None
    i, j, k = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return (i, j, k)


@dataclass(frozen=True, slots=True, eq=False)
class _Judge:
    """Measures how well a motion lays the moving liver on the fixed one, where both images are."""

    grid: Geometry
    fixed: Mask
    field: Mask
    moving: LabelMap

    @classmethod
    def of(cls, fixed: LabelMap, moving: LabelMap) -> "_Judge":
        grid = upright_grid(fixed, spacing_mm=FINE_MM, margin_mm=MARGIN_MM)
        inside = resample(fixed.mask(), fixed.geometry, grid, outside=0.0) >= HALF
        return cls(grid, inside, _field(fixed.geometry, grid), moving)

    def __call__(self, motion: Motion) -> ImageAlignment:
        before, (fixed, moved) = self._pair(Motion(np.eye(4))), self._pair(motion)
        return ImageAlignment(
            motion=motion,
            overlap_before=_overlap(*before),
            overlap=_overlap(fixed, moved),
            distance_mm=_surface_distance_mm(fixed, moved),
        )

    def _pair(self, motion: Motion) -> tuple[Mask, Mask]:
        """Return both livers where both images reach: a scan's edge is no edge of the liver."""
        there = self.moving.geometry
        seen = np.ones(there.shape, dtype=bool)
        common = self.field & moved_mask(seen, there, self.grid, motion)
        moved = moved_mask(self.moving.mask(), there, self.grid, motion)
        return self.fixed & common, moved & common


def _field(image: Geometry, grid: Geometry) -> Mask:
    """Return the voxels of a grid that an image reaches."""
    seen = np.ones(image.shape, dtype=bool)
    inside: Mask = resample(seen, image, grid, outside=0.0) >= HALF
    return inside


def upright_grid(liver: LabelMap, *, spacing_mm: float, margin_mm: float) -> Geometry:
    """Return a grid along the RAS axes around a liver."""
    near = bounding_box(liver.codes, what="the liver")
    corners = box_geometry(liver.geometry, near).corners_ras()
    low = corners.min(axis=0) - margin_mm
    sizes = np.ceil((corners.max(axis=0) + margin_mm - low) / spacing_mm).astype(int) + 1
    shape: Shape3 = (int(sizes[0]), int(sizes[1]), int(sizes[2]))
    matrix = np.diag((spacing_mm, spacing_mm, spacing_mm, 1.0))
    matrix[:3, 3] = low
    return Geometry(shape, matrix)


def _overlap(first: Mask, second: Mask) -> float:
    both = int(np.count_nonzero(first & second))
    return 2.0 * both / max(1, int(np.count_nonzero(first)) + int(np.count_nonzero(second)))


def _surface_distance_mm(first: Mask, second: Mask) -> float:
    """Return the mean distance of surface voxels to the other surface, over both ways."""
    if not first.any() or not second.any():
        return float("inf")
    surfaces = [mask & ~ndimage.binary_erosion(mask) for mask in (first, second)]
    far = [ndimage.distance_transform_edt(~surface, sampling=FINE_MM) for surface in surfaces]
    ways = np.concatenate([far[1][surfaces[0]], far[0][surfaces[1]]])
    return float(ways.mean())


def _refined(fixed: Side, moving: Side, start: Motion) -> Motion:
    """Return a rigid motion refined by the images."""
    import SimpleITK as sitk  # noqa: N813

    pair = _Pair.of(fixed, moving, start)
    turn = sitk.Euler3DTransform()
    turn.SetCenter(pair.centre_mm)
    search = pair.search()
    search.SetOptimizerAsRegularStepGradientDescent(
        learningRate=1.0, minStep=1e-3, numberOfIterations=MOST_ITERATIONS, relaxationFactor=0.6
    )
    search.SetOptimizerScalesFromPhysicalShift()
    search.SetInitialTransform(turn, inPlace=True)
    search.Execute(pair.fixed, pair.moving)
    change = np.eye(4)
    change[:3, :3] = np.reshape(turn.GetMatrix(), (3, 3))
    centre = np.array(pair.centre_mm)
    change[:3, 3] = centre + np.array(turn.GetTranslation()) - change[:3, :3] @ centre
    return Motion(start.matrix @ change)


def _bent(fixed: Side, moving: Side, start: Motion) -> Motion:
    """Return a motion with a deformation found by the images."""
    import SimpleITK as sitk  # noqa: N813

    pair = _Pair.of(fixed, moving, start)
    mesh = [max(1, int(n)) for n in np.rint(np.array(pair.grid.shape) * GRID_MM / MESH_MM)]
    spline = sitk.BSplineTransformInitializer(pair.fixed, mesh, order=3)
    search = pair.search()
    search.SetOptimizerAsRegularStepGradientDescent(
        learningRate=1.0, minStep=0.05, numberOfIterations=BEND_ITERATIONS, relaxationFactor=0.6
    )
    search.SetOptimizerScalesFromPhysicalShift()
    search.SetInitialTransform(spline, inPlace=True)
    search.Execute(pair.fixed, pair.moving)
    found = sitk.TransformToDisplacementField(
        spline, sitk.sitkVectorFloat32, pair.fixed.GetSize(), pair.fixed.GetOrigin(),
        pair.fixed.GetSpacing(), pair.fixed.GetDirection(),
    )  # fmt: skip
    field = sitk.GetArrayFromImage(found).transpose(2, 1, 0, 3)
    return Motion(start.matrix, Bend(pair.grid, np.ascontiguousarray(field, dtype=np.float32)))


@dataclass(frozen=True, slots=True, eq=False)
class _Pair:
    """Two images on one upright grid, the moving one laid there by a first motion.

    SimpleITK's world is taken to be RAS mm throughout: nothing is read from or written to a file.
    """

    grid: Geometry
    fixed: Any
    moving: Any
    near: Any
    seen: Any
    centre_mm: tuple[float, ...]

    @classmethod
    def of(cls, fixed: Side, moving: Side, start: Motion) -> "_Pair":
        grid = upright_grid(fixed.liver, spacing_mm=GRID_MM, margin_mm=MARGIN_MM)
        there = moving.image.geometry
        laid = Geometry(there.shape, np.linalg.inv(start.matrix) @ there.affine_ras)
        near = _near_liver(fixed.liver, grid)
        fields = [_field(where, grid) for where in (fixed.image.geometry, laid)]
        centre = grid.ras_from_index(np.argwhere(near).mean(axis=0))
        return cls(
            grid,
            _itk(_grey(fixed.image, fixed.image.geometry, grid), grid),
            _itk(_grey(moving.image, laid, grid), grid),
            _itk((near & fields[0]).astype(np.uint8), grid),
            _itk(fields[1].astype(np.uint8), grid),
            tuple(float(x) for x in centre),
        )

    def search(self) -> Any:  # noqa: ANN401  (a SimpleITK registration)
        import SimpleITK as sitk  # noqa: N813

        search = sitk.ImageRegistrationMethod()
        # threads add up in an order of their own
        search.SetNumberOfThreads(1)
        search.SetMetricAsMattesMutualInformation(numberOfHistogramBins=BINS)
        search.SetMetricSamplingStrategy(search.NONE)
        search.SetMetricFixedMask(self.near)
        search.SetMetricMovingMask(self.seen)
        search.SetInterpolator(sitk.sitkLinear)
        return search


def _near_liver(liver: LabelMap, grid: Geometry) -> Mask:
    inside = resample(liver.mask(), liver.geometry, grid, outside=0.0) >= HALF
    far_mm = ndimage.distance_transform_edt(~inside, sampling=grid.spacing_mm)
    near: Mask = far_mm <= MARGIN_MM
    return near


def _grey(image: ImageVolume, where: Geometry, grid: Geometry) -> Field:
    low = float(image.voxels.min()) if image.modality is Modality.MR else WINDOW_HU[0]
    grey = resample(image.voxels, where, grid, outside=low)
    return grey if image.modality is Modality.MR else np.clip(grey, *WINDOW_HU)


def _itk(voxels: NDArray[Any], grid: Geometry) -> Any:  # noqa: ANN401  (a SimpleITK image)
    import SimpleITK as sitk  # noqa: N813

    image = sitk.GetImageFromArray(np.ascontiguousarray(voxels.transpose(2, 1, 0)))
    image.SetSpacing(grid.spacing_mm)
    image.SetOrigin([float(x) for x in grid.affine_ras[:3, 3]])
    return image
