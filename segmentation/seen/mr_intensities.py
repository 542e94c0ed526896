"""Evening out MR: a bias field by N4, and a range of grey values that no few voxels decide.

The grey values of MR have no unit. The networks' published preparation takes the lowest and the
highest value of the volume for its ends; here the ends are percentiles, the upper one inside the
body, so that a vessel, a coil's hot spot or a wrapped edge does not darken all else.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.core.mr import BiasCorrection
from remnant.core.volumes import ImageVolume, Modality
from segmentation.resample import Floats, resample, resampled_slabs
from segmentation.upright import upright_grid

if TYPE_CHECKING:
    import SimpleITK as sitk  # noqa: N813

LOW_PERCENTILE, HIGH_PERCENTILE = 1.0, 99.9
BODY_FRACTION: Final = 0.05
"""Share of the range up to the 99th percentile above which a voxel is taken for body."""
FIELD_MM: Final = 8.0
FEWEST_FIELD_VOXELS: Final = 4
"""Along each axis: splines of the third order need as many."""
SPLINE_MM: Final = 200.0
ITERATIONS: Final = (30, 20)
SMALLEST_GREY: Final = 1e-6
FIELD_PERCENTILES = (1.0, 99.0)
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CorrectedImage:
    """An image without its bias field.

    ``ratio`` is what the field's highest value in the body was of its lowest, outliers apart.
    """

    image: ImageVolume
    ratio: float


def body_threshold(values: NDArray[Any]) -> float:
    """Return the grey value above which MR is body: 5 % of the way to the 99th percentile."""
    low, high = float(values.min()), float(np.percentile(values, 99))
    return low + BODY_FRACTION * (high - low)


def robust_range(values: NDArray[Any]) -> tuple[float, float]:
    """Return the ends of the grey values of an MR image.

    Parameters
    ----------
    values
        Finite grey values, of any shape.

    Returns
    -------
    low, high
        The 1st percentile of all, and the 99.9th of the body.

    >>> low, high = robust_range(np.array([0.0] * 500 + [100.0] * 4999 + [5000.0]))
    >>> (low, high)
    (0.0, 100.0)
    """
    body = values[values > body_threshold(values)]
    low = float(np.percentile(values, LOW_PERCENTILE))
    high = float(np.percentile(body, HIGH_PERCENTILE)) if body.size else low
    return low, high


def without_bias(image: ImageVolume, correction: BiasCorrection) -> CorrectedImage:
    """Return an MR image without its bias field.

    N4 (Tustison et al. 2010, doi 10.1109/TMI.2010.2046908) runs on a grid of 8 mm within the body,
    with splines whose knots lie about 200 mm apart; the field is smooth, and is laid on the scan's
    own grid linearly. Grey values keep their order of magnitude.

    Parameters
    ----------
    image
        The scan.
    correction
        What was asked for; the image comes back as it is where that is nothing.

    Raises
    ------
    InputError
        It is a CT, too small for splines, or holds one value alone.
    """
    if correction is BiasCorrection.NONE:
        return CorrectedImage(image, 1.0)
    if image.modality is not Modality.MR:
        raise InputError(
            f"--bias-correction {correction}: this scan is {image.modality.upper()}, and only MR "
            f"has a bias field; leave the option out"
        )
    grid = _field_grid(image.geometry)
    if min(grid.shape) < FEWEST_FIELD_VOXELS:
        raise InputError(
            f"--bias-correction {correction}: the scan measures "
            f"{' x '.join(f'{n * FIELD_MM:.0f}' for n in grid.shape)} mm, at least "
            f"{FEWEST_FIELD_VOXELS * FIELD_MM:.0f} mm each are needed; leave the option out"
        )
    coarse = resample(image.voxels, image.geometry, grid, outside=0.0)
    body = coarse > body_threshold(coarse)
    if not body.any():
        raise InputError(
            f"--bias-correction {correction}: the scan holds one value alone; leave the option out"
        )
    field = _log_field(coarse, body)
    low, high = np.percentile(field[body], FIELD_PERCENTILES)
    field -= np.float32(np.median(field[body]))
    voxels = np.empty(image.geometry.shape, dtype=np.float32)
    for where, slab in resampled_slabs(field, grid, image.geometry, outside=0.0):
        voxels[:, :, where] = image.voxels[:, :, where] * np.exp(-slab)
    return CorrectedImage(replace(image, voxels=voxels), float(np.exp(high - low)))


def _field_grid(geometry: Geometry) -> Geometry:
    """Return the coarse RAS+ grid that the field is found on; it covers every voxel's centre."""
    return upright_grid(geometry, (FIELD_MM,) * 3)


def _log_field(coarse: Floats, body: Mask) -> Floats:
    """Return the logarithm of the bias field on the coarse grid."""
    import SimpleITK as sitk  # noqa: N813

    lowest = float(coarse[body].min())
    # negative and zero grey values have no logarithm
    image = _itk(coarse.clip(max(lowest, SMALLEST_GREY)))
    n4 = sitk.N4BiasFieldCorrectionImageFilter()
    n4.SetMaximumNumberOfIterations(ITERATIONS)
    n4.SetNumberOfControlPoints(_control_points(coarse.shape))
    n4.Execute(image, _itk(body.astype(np.uint8)))
    log_field = sitk.GetArrayFromImage(n4.GetLogBiasFieldAsImage(image))
    return np.asarray(log_field.T, dtype=np.float32)


def _itk(array: NDArray[Any]) -> "sitk.Image":
    import SimpleITK as sitk  # noqa: N813

    return sitk.GetImageFromArray(np.ascontiguousarray(array.T))


def _control_points(shape: tuple[int, ...]) -> list[int]:
    """Return how many knots lie along each axis; splines of the third order add three."""
    return [max(FEWEST_FIELD_VOXELS, round(n * FIELD_MM / SPLINE_MM) + 3) for n in shape]
