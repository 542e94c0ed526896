"""Baseline: a statistical atlas of Couinaud segments, registered with SimpleITK.

The atlas is the mean liver (signed distance) and the mean of the segments' maps of the training
livers, each registered to the first mean. It is carried to a new liver by an affine and a B-spline
registration of the distances, as segment atlases are in the literature.
"""

from collections.abc import Sequence

import numpy as np
import SimpleITK as sitk  # noqa: N813
import torch
from numpy.typing import NDArray

from models.networks.couinaud_shape import FRAME_MM, FRAME_SHAPE, SEGMENTS, frame_points, sampled
from segmentation.couinaud.shape_model import segments_on_grid
from segmentation.training.livers import AnnotatedLiver

CLIP_MM = 20.0
SPLINE_CELLS = 4
ITERATIONS = 60
SURE = 1e-4
SAMPLED_SHARE = 0.1

Floats = NDArray[np.float32]


def atlas_of(livers: Sequence[AnnotatedLiver]) -> tuple[Floats, Floats]:
    """Return the atlas's distance, ``(i, j, k)``, and its probabilities, ``(8, i, j, k)``."""
    framed = [_framed(liver) for liver in livers]
    first = np.mean([distance for distance, _ in framed], axis=0, dtype=np.float32)
    moved = []
    for distance, shares in framed:
        transform = _affine(first, distance)
        moved.append((_warped(distance, transform), [_warped(s, transform) for s in shares]))
    mean = np.mean([distance for distance, _ in moved], axis=0, dtype=np.float32)
    return mean, np.mean([shares for _, shares in moved], axis=0, dtype=np.float32)


def divide_by_atlas(
    liver: AnnotatedLiver, atlas: tuple[Floats, Floats]
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Return the segments that the registered atlas gives a liver, on the liver's own grid."""
    distance = _clipped(liver)
    transform = _spline(distance, atlas[0])
    shares = np.stack([_warped(share, transform) for share in atlas[1]])
    logits = torch.from_numpy(np.log(np.maximum(shares, SURE)))
    return segments_on_grid(logits, liver.shape, liver.annotated).codes


def _framed(liver: AnnotatedLiver) -> tuple[Floats, Floats]:
    codes = torch.from_numpy(liver.codes)[None].float()
    found = sampled(codes, liver.shape.indices(frame_points()), nearest=True)[0].numpy()
    shares = np.stack([found == s for s in range(1, SEGMENTS + 1)]).astype(np.float32)
    return _clipped(liver), shares


def _clipped(liver: AnnotatedLiver) -> Floats:
    distance = liver.shape.frame_distance_mm(frame_points()).numpy()
    return np.clip(distance, -CLIP_MM, CLIP_MM)


def _image(array: Floats) -> sitk.Image:
    image = sitk.GetImageFromArray(np.ascontiguousarray(array.transpose()))
    image.SetSpacing((FRAME_MM,) * 3)
    return image


def _warped(array: Floats, transform: sitk.Transform) -> Floats:
    image = sitk.Resample(_image(array), transform, sitk.sitkLinear, float(array.min()))
    warped: Floats = sitk.GetArrayFromImage(image).transpose()
    return warped


def _affine(fixed: Floats, moving: Floats) -> sitk.Transform:
    middle = [(size - 1) / 2 * FRAME_MM for size in FRAME_SHAPE]
    start = sitk.AffineTransform(3)
    start.SetCenter(middle)
    return _registered(fixed, moving, start, scales=True)


def _spline(fixed: Floats, moving: Floats) -> sitk.Transform:
    affine = _affine(fixed, moving)
    spline = sitk.BSplineTransformInitializer(_image(fixed), [SPLINE_CELLS] * 3)
    bent = _registered(fixed, _warped(moving, affine), spline, scales=False)
    return sitk.CompositeTransform([affine, bent])


def _registered(
    fixed: Floats, moving: Floats, start: sitk.Transform, *, scales: bool
) -> sitk.Transform:
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMeanSquares()
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentage(SAMPLED_SHARE)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetNumberOfThreads(1)
    if scales:
        method.SetOptimizerAsRegularStepGradientDescent(1.0, 1e-3, ITERATIONS)
        method.SetOptimizerScalesFromPhysicalShift()
    else:
        method.SetOptimizerAsLBFGSB(numberOfIterations=ITERATIONS // 2)
    method.SetInitialTransform(start, inPlace=False)
    return method.Execute(_image(fixed), _image(moving))
