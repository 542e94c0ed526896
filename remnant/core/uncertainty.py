"""What is assumed about errors, and the boundaries that they act on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import IntEnum

from remnant.core.errors import InputError
from remnant.core.labels import CouinaudSegment

DEFAULT_SEED = 20_090_101
DEFAULT_DRAWS = 4000
LARGEST_BOUNDARY_MM = 10.0
LARGEST_BORDER_MM = 30.0
FEWEST_DRAWS = 100
MOST_DRAWS = 100_000


class SegmentPlane(IntEnum):
    """Anatomical surface that parts segments; its borders move together.

    ``MAIN`` is Cantlie's plane along the middle hepatic vein, ``UMBILICAL`` the umbilical fissure,
    ``RIGHT`` runs along the right hepatic vein; the transverse planes part upper from lower
    segments, ``CAUDATE`` segment I from all others.
    """

    CAUDATE = 0
    MAIN = 1
    UMBILICAL = 2
    LEFT_TRANSVERSE = 3
    RIGHT = 4
    RIGHT_TRANSVERSE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorModel:
    """Standard deviations of the errors behind every interval of a report.

    Parameters
    ----------
    origin
        Which preset the figures come from, or ``user``.
    liver_boundary_mm
        Normal displacement of the liver's surface.
    liver_common_share
        Share of its variance that the whole surface has in common; the rest varies from patch to
        patch.
    liver_patch_mm2
        Area over which the rest is one displacement.
    lesion_boundary_mm
        Normal displacement of a lesion's surface.
    lesion_common_share
        Share of its variance that all lesions of a case have in common.
    segment_border_mm
        Displacement of a plane between Couinaud segments; all borders on one plane move together.
    segment_plane_mm
        The same for each plane by itself, where it is known; ``None`` or a plane left out takes
        ``segment_border_mm``.
    formula_residual_fraction
        Of the liver volume that a body-size formula gives.
    seed, draws
        Of the random numbers; the same seed gives the same intervals.

    Raises
    ------
    InputError
        A figure is negative, a share exceeds 1, or there are fewer than 100 draws.
    """

    origin: str
    liver_boundary_mm: float
    liver_common_share: float
    liver_patch_mm2: float
    lesion_boundary_mm: float
    lesion_common_share: float
    segment_border_mm: float
    formula_residual_fraction: float
    segment_plane_mm: Mapping[SegmentPlane, float] | None = None
    seed: int = DEFAULT_SEED
    draws: int = DEFAULT_DRAWS

    def __post_init__(self) -> None:
        _require_range("liver_boundary_mm", self.liver_boundary_mm, LARGEST_BOUNDARY_MM)
        _require_range("lesion_boundary_mm", self.lesion_boundary_mm, LARGEST_BOUNDARY_MM)
        _require_range("segment_border_mm", self.segment_border_mm, LARGEST_BORDER_MM)
        for plane, value in (self.segment_plane_mm or {}).items():
            _require_range(f"segment_plane_mm of {plane.name.lower()}", value, LARGEST_BORDER_MM)
        _require_range("formula_residual_fraction", self.formula_residual_fraction, 0.5)
        _require_range("liver_common_share", self.liver_common_share, 1.0)
        _require_range("lesion_common_share", self.lesion_common_share, 1.0)
        _require_range("liver_patch_mm2", self.liver_patch_mm2, 1e6)
        _require_range("seed", self.seed, 2**32 - 1)
        if not FEWEST_DRAWS <= self.draws <= MOST_DRAWS:
            raise InputError(f"draws is {self.draws}; allowed are {FEWEST_DRAWS} to {MOST_DRAWS}")

    def plane_mm(self, plane: SegmentPlane) -> float:
        """Return the standard deviation of one plane's displacement."""
        return (self.segment_plane_mm or {}).get(plane, self.segment_border_mm)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorChoice:
    """Figures of the error model that a user chose; ``None`` leaves the preset's."""

    liver_boundary_mm: float | None = None
    lesion_boundary_mm: float | None = None
    segment_border_mm: float | None = None
    formula_residual_fraction: float | None = None
    seed: int | None = None

    def chosen(self) -> dict[str, float]:
        """Return the figures that were chosen, by the model's names."""
        return {name: value for name, value in asdict(self).items() if value is not None}


NO_CHOICE = ErrorChoice()


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentBorder:
    """Border between two Couinaud segments inside the liver.

    The areas are those projected on the border's mean plane: a shift of the border by a distance
    along its mean normal moves that area times the distance from one segment to the other. What
    moves is the tissue on the losing side.

    Parameters
    ----------
    first, second
        The segments, the lower number first.
    area_mm2
        Of the whole border.
    first_tumour_mm2, second_tumour_mm2
        Where the first, or the second, segment's side of it is tumour.
    """

    first: CouinaudSegment
    second: CouinaudSegment
    area_mm2: float
    first_tumour_mm2: float
    second_tumour_mm2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundaries:
    """Surfaces of one liver that errors act on.

    Parameters
    ----------
    liver_surface_mm2
        Surface of the liver within the scan; where the scan cuts it there is no surface.
    tumour_at_surface_mm2
        Part of it where tumour lies right beneath: there tumour and liver end together.
    grid_mm4
        Variance of a voxel count in mm⁶ for each mm² of surface, from the grid alone.
    borders
        Between segments; empty when the segments are unknown.
    """

    liver_surface_mm2: float
    tumour_at_surface_mm2: float
    grid_mm4: float
    borders: tuple[SegmentBorder, ...] = ()


def _require_range(name: str, value: float, largest: float) -> None:
    if not 0 <= value <= largest:
        raise InputError(f"{name} is {_figure(value)}; allowed is 0 to {_figure(largest)}")


def _figure(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"
