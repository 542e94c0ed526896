"""Phantoms with known answers, digitised on any grid by testing voxel centres.

``liver_phantom`` makes an image and the three label maps of a case with their exact volumes;
``ball``, ``ellipsoid``, ``box``, ``slab`` and ``touching_balls`` make single structures.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from remnant.core.geometry import Geometry, Vector3
from remnant.core.labels import (
    BINARY_SCHEME,
    COUINAUD_SCHEME,
    INSTANCE_SCHEME,
    STRUCTURE_SCHEME,
    CouinaudSegment,
    Structure,
)
from remnant.core.landmarks import Landmarks
from remnant.core.volumes import ImageVolume, LabelMap, Modality, Phase
from remnant.testing.body import (
    BODY_BOX_MM,
    HEPATIC_VEINS_HU,
    LESION_HU,
    LIVER_HU,
    PORTAL_VEIN_HU,
    paint_body,
)
from remnant.testing.grids import BoxMm, grid_around
from remnant.testing.liver import AnalyticLiver, analytic_liver
from remnant.testing.metastases import scatter_metastases, segment_of
from remnant.testing.phantom_shapes import Ball, Box, Ellipsoid, Shape, digitise, voxel_centres

DEFAULT_SPACING_MM = (2.9, 3.1, 4.0)
STRUCTURE_HU = {
    Structure.PARENCHYMA: LIVER_HU,
    Structure.LESION: LESION_HU,
    Structure.PORTAL_VEIN: PORTAL_VEIN_HU,
    Structure.HEPATIC_VEINS: HEPATIC_VEINS_HU,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LiverPhantom:
    """A case whose answers are known before anything is measured.

    Parameters
    ----------
    image
        CT numbers with noise.
    structures, lesions, couinaud
        The three label maps of a case on the image's grid. Lesion ids fall with volume, 1 is the
        largest.
    liver, metastases
        The bodies behind the label maps; ``metastases[i]`` has id ``i + 1``.
    landmarks
        Points whose planes are the phantom's cuts, segment I apart.
    tlv_ml, lesions_ml, segments_ml
        Exact volumes of the bodies, not of their voxels: those differ by up to
        ``shapes.discretisation_bound_ml``. Segments by quadrature to 1e-6 of the liver.
    lesion_segments
        Segment that holds each lesion wholly, ``None`` where two may share it.
    """

    image: ImageVolume
    structures: LabelMap
    lesions: LabelMap
    couinaud: LabelMap
    liver: AnalyticLiver
    metastases: tuple[Ellipsoid, ...]
    landmarks: Landmarks
    tlv_ml: float
    lesions_ml: Mapping[int, float]
    segments_ml: Mapping[CouinaudSegment, float]
    lesion_segments: Mapping[int, CouinaudSegment | None]

    @property
    def geometry(self) -> Geometry:
        """The grid of all four."""
        return self.image.geometry

    @property
    def tumour_ml(self) -> float:
        """Exact volume of all metastases."""
        return sum(self.lesions_ml.values())

    @property
    def burden_fraction(self) -> float:
        """Exact tumour volume / exact total liver volume."""
        return self.tumour_ml / self.tlv_ml

    @property
    def liver_mask(self) -> LabelMap:
        """The whole liver as a binary map: parenchyma, lesions and intrahepatic vessels."""
        codes = self.structures.mask().astype(np.uint8)
        return LabelMap(codes, self.geometry, BINARY_SCHEME)


def liver_phantom(
    geometry: Geometry | None = None,
    *,
    metastases: int | Sequence[Ellipsoid] = 5,
    seed: int = 0,
    within: Collection[CouinaudSegment] | None = None,
    scale: float = 1.0,
    noise_hu: float = 12.0,
) -> LiverPhantom:
    """Make a liver with metastases in a body on a grid.

    Parameters
    ----------
    geometry
        Any grid; by default an upright one of 2.9 x 3.1 x 4 mm around the body. A grid that cuts
        the liver gives a cut liver, while the exact volumes stay those of the whole.
    metastases
        How many to draw from ``seed``, or the bodies themselves, which must lie in the liver and
        apart from each other.
    seed
        Decides the metastases and the noise.
    within
        Segments that hold the drawn metastases wholly; anywhere when ``None``.
    scale
        Size of the whole body: 1 gives a liver of 1677.7 mL, 0.5 an eighth of that.
    noise_hu
        Standard deviation of the noise; 0 gives none.
    """
    grid = geometry if geometry is not None else body_grid(scale=scale)
    liver = analytic_liver(scale)
    drawn = _metastases(liver, metastases, seed=seed, within=within, scale=scale)
    lesions = _lesion_codes(drawn, grid)
    structures = _structure_codes(liver, lesions, grid)
    return LiverPhantom(
        image=_image(structures, grid, scale=scale, noise_hu=noise_hu, seed=seed),
        structures=LabelMap(structures, grid, STRUCTURE_SCHEME),
        lesions=LabelMap(lesions, grid, INSTANCE_SCHEME),
        couinaud=LabelMap(_couinaud_codes(liver, grid), grid, COUINAUD_SCHEME),
        liver=liver,
        metastases=drawn,
        landmarks=liver.landmarks,
        tlv_ml=liver.whole.volume_ml,
        lesions_ml={index: body.volume_ml for index, body in enumerate(drawn, start=1)},
        segments_ml={segment: cell.volume_ml for segment, cell in liver.segments.items()},
        lesion_segments={i: segment_of(liver, body) for i, body in enumerate(drawn, start=1)},
    )


def body_grid(*, spacing_mm: Vector3 = DEFAULT_SPACING_MM, scale: float = 1.0) -> Geometry:
    """Return an upright RAS grid around the whole phantom body; spacing scales with it."""
    i, j, k = (scale * s for s in spacing_mm)
    return grid_around(scaled_box(BODY_BOX_MM, scale), spacing_mm=(i, j, k))


def scaled_box(box_mm: BoxMm, scale: float) -> BoxMm:
    """Scale a box about the origin."""
    (a, b, c), (x, y, z) = box_mm
    return (scale * a, scale * b, scale * c), (scale * x, scale * y, scale * z)


def ball(
    radius_mm: float,
    *,
    spacing_mm: Vector3 = (1.0, 1.0, 1.0),
    centre_mm: Vector3 = (0.0, 0.0, 0.0),
    geometry: Geometry | None = None,
) -> LabelMap:
    """Digitise a ball, by default on an upright grid around it."""
    return binary_map(Ball(centre_mm, radius_mm), spacing_mm=spacing_mm, geometry=geometry)


def ellipsoid(
    semi_axes_mm: Vector3,
    *,
    spacing_mm: Vector3 = (1.0, 1.0, 1.0),
    centre_mm: Vector3 = (0.0, 0.0, 0.0),
    geometry: Geometry | None = None,
) -> LabelMap:
    """Digitise an upright ellipsoid, by default on an upright grid around it."""
    body = Ellipsoid(centre_mm, semi_axes_mm)
    return binary_map(body, spacing_mm=spacing_mm, geometry=geometry)


def box(
    low_mm: Vector3,
    high_mm: Vector3,
    *,
    spacing_mm: Vector3 = (1.0, 1.0, 1.0),
    geometry: Geometry | None = None,
) -> LabelMap:
    """Digitise an upright box, by default on an upright grid around it."""
    return binary_map(Box(low_mm, high_mm), spacing_mm=spacing_mm, geometry=geometry)


def slab(thickness_voxels: int, geometry: Geometry, *, axis: int = 2) -> LabelMap:
    """Fill the middle layers of a grid from edge to edge: exact volume, touches the scan's edge."""
    codes = np.zeros(geometry.shape, dtype=np.uint8)
    first = (geometry.shape[axis] - thickness_voxels) // 2
    layers: list[slice] = [slice(None)] * 3
    layers[axis] = slice(first, first + thickness_voxels)
    codes[tuple(layers)] = 1
    return LabelMap(codes, geometry, BINARY_SCHEME)


class Contact(IntEnum):
    """How two voxels touch; the value is the connectivity's rank, as scipy counts it."""

    FACE = 1
    EDGE = 2
    CORNER = 3


def touching_balls(
    contact: Contact, *, radius_voxels: int = 4, spacing_mm: Vector3 = (1.0, 1.0, 1.0)
) -> tuple[LabelMap, LabelMap]:
    """Make two equal balls of voxels that touch in one face, edge or corner and nowhere else.

    Returns
    -------
    tuple
        The two as one binary map, and the same with codes 1 and 2. A ball with an integer radius
        has one voxel at its pole; the second ball's pole lies beside the first one's.
    """
    far = 2 * radius_voxels + 1
    shift = (far, int(contact >= Contact.EDGE), int(contact >= Contact.CORNER))
    size = tuple(far + s for s in shift)
    index = np.moveaxis(np.indices(size), 0, -1) - radius_voxels
    first = (index**2).sum(axis=-1) <= radius_voxels**2
    second = ((index - shift) ** 2).sum(axis=-1) <= radius_voxels**2
    codes = (first + 2 * second).astype(np.uint8)
    geometry = Geometry((size[0], size[1], size[2]), np.diag((*spacing_mm, 1.0)))
    both = LabelMap((codes > 0).astype(np.uint8), geometry, BINARY_SCHEME)
    return both, LabelMap(codes, geometry, INSTANCE_SCHEME)


def binary_map(
    shape: Shape, *, spacing_mm: Vector3 = (1.0, 1.0, 1.0), geometry: Geometry | None = None
) -> LabelMap:
    """Digitise any shape, by default on an upright grid around it with one voxel to spare."""
    grid = geometry
    if grid is None:
        grid = grid_around(shape.box_mm, spacing_mm=spacing_mm, margin_mm=max(spacing_mm))
    return LabelMap(digitise(shape, grid).astype(np.uint8), grid, BINARY_SCHEME)


def _metastases(
    liver: AnalyticLiver,
    wanted: int | Sequence[Ellipsoid],
    *,
    seed: int,
    within: Collection[CouinaudSegment] | None,
    scale: float,
) -> tuple[Ellipsoid, ...]:
    if isinstance(wanted, int):
        radii = (5.0 * scale, 14.0 * scale)
        wanted = scatter_metastases(
            liver, wanted, seed=seed, within=within, radius_mm=radii, gap_mm=6.0 * scale
        )
    return tuple(sorted(wanted, key=lambda body: -body.volume_ml))


def _lesion_codes(metastases: Sequence[Ellipsoid], grid: Geometry) -> NDArray[np.uint16]:
    codes = np.zeros(grid.shape, dtype=np.uint16)
    for index, body in enumerate(metastases, start=1):
        codes[digitise(body, grid)] = index
    return codes


def _structure_codes(
    liver: AnalyticLiver, lesions: NDArray[np.uint16], grid: Geometry
) -> NDArray[np.uint8]:
    whole = digitise(liver.whole, grid)
    codes = np.where(whole, Structure.PARENCHYMA, Structure.BACKGROUND).astype(np.uint8)
    codes[whole & digitise(liver.hepatic_veins, grid)] = Structure.HEPATIC_VEINS
    codes[whole & digitise(liver.portal_vein, grid)] = Structure.PORTAL_VEIN
    codes[lesions > 0] = Structure.LESION
    return codes


def _couinaud_codes(liver: AnalyticLiver, grid: Geometry) -> NDArray[np.uint8]:
    codes = np.zeros(grid.shape, dtype=np.uint8)
    whole = digitise(liver.whole, grid)
    codes[whole] = liver.segment_codes(grid.ras_from_index(np.argwhere(whole)))
    return codes


def _image(
    structures: NDArray[np.uint8], grid: Geometry, *, scale: float, noise_hu: float, seed: int
) -> ImageVolume:
    voxels_hu = paint_body(grid, scale)
    for structure, value_hu in STRUCTURE_HU.items():
        voxels_hu[structures == structure] = value_hu
    noise = np.random.default_rng(seed).normal(scale=noise_hu, size=grid.shape)
    voxels = np.rint(voxels_hu + noise).astype(np.int16)
    return ImageVolume(voxels, grid, Modality.CT, phase=Phase.PORTAL)


__all__ = [
    "AnalyticLiver",
    "Ball",
    "Box",
    "Contact",
    "Ellipsoid",
    "LiverPhantom",
    "ball",
    "binary_map",
    "body_grid",
    "box",
    "ellipsoid",
    "liver_phantom",
    "scaled_box",
    "slab",
    "touching_balls",
    "voxel_centres",
]
