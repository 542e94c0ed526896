"""Random views of an annotated liver, in the shape network's frame."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from models.networks.couinaud_shape import FRAME_MM, FRAME_SHAPE, frame_points, sampled
from segmentation.training.livers import AnnotatedLiver
from segmentation.training.training_recipe import Recipe

Matrix = NDArray[np.float64]

FEWEST_VOXELS = 500
AXIAL_TILT = 0.05
MOST_CUTS = 2


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A liver in the frame.

    Parameters
    ----------
    distance_mm
        Signed distance in frame mm, ``FRAME_SHAPE``, positive inside.
    codes
        Segments 1 to 8 everywhere, int64.
    """

    distance_mm: Tensor
    codes: Tensor

    @property
    def inside(self) -> Tensor:
        """Where the liver is, 0.0 or 1.0."""
        return (self.distance_mm > 0).to(self.distance_mm.dtype)


def plain_view(liver: AnnotatedLiver) -> View:
    """Return a liver as it is."""
    return _view(liver, frame_points())


def random_view(liver: AnnotatedLiver, recipe: Recipe, rng: np.random.Generator) -> View:
    """Return a liver turned, stretched, bent and now and then cut, all drawn from ``rng``."""
    matrix = random_matrix(recipe, rng)
    shift = torch.from_numpy(rng.uniform(-recipe.shift_mm, recipe.shift_mm, 3)).float()
    points = frame_points() @ torch.from_numpy(matrix).float().T + shift
    view = _view(liver, points + _bend(recipe, rng))
    distance = view.distance_mm / float(np.linalg.det(matrix)) ** (1 / 3)
    if rng.random() < recipe.cut_probability:
        for _ in range(int(rng.integers(1, MOST_CUTS + 1))):
            distance = _cut(distance, recipe, rng)
    return View(distance, view.codes)


def random_matrix(recipe: Recipe, rng: np.random.Generator) -> Matrix:
    """Return a rotation times a stretch with shear; its determinant is positive."""
    x, y, z = (_rotation(axis, recipe, rng) for axis in range(3))
    stretch = np.diag(np.exp(rng.uniform(-recipe.stretch_log, recipe.stretch_log, 3)))
    shear = rng.uniform(-recipe.shear, recipe.shear, (3, 3)) * (1 - np.eye(3))
    scale = np.exp(rng.uniform(-recipe.scale_log, recipe.scale_log))
    matrix: Matrix = scale * (x @ y @ z @ (stretch + shear))
    return matrix


def _rotation(axis: int, recipe: Recipe, rng: np.random.Generator) -> Matrix:
    angle = rng.uniform(-recipe.rotation_radians, recipe.rotation_radians)
    one, other = (k for k in range(3) if k != axis)
    turn = np.eye(3)
    turn[one, one] = turn[other, other] = np.cos(angle)
    turn[one, other], turn[other, one] = -np.sin(angle), np.sin(angle)
    return turn


def _bend(recipe: Recipe, rng: np.random.Generator) -> Tensor:
    low, high = recipe.elastic_knots
    knots = int(rng.integers(low, high + 1))
    drawn = torch.from_numpy(rng.normal(0.0, recipe.elastic_mm, (1, 3, knots, knots, knots)))
    bend = functional.interpolate(
        drawn.float(), size=FRAME_SHAPE, mode="trilinear", align_corners=True
    )
    return bend[0].movedim(0, -1)


def _view(liver: AnnotatedLiver, points: Tensor) -> View:
    distance = liver.shape.frame_distance_mm(points)
    codes = torch.from_numpy(liver.codes)[None].float()
    found = sampled(codes, liver.shape.indices(points), nearest=True)[0]
    return View(distance, found.long())


def _cut(distance: Tensor, recipe: Recipe, rng: np.random.Generator) -> Tensor:
    """Cut off what lies beyond a random plane; livers nearly gone already are left alone."""
    normal = rng.normal(size=3)
    if rng.random() < recipe.axial_cut_share:
        normal = np.array((0.0, 0.0, rng.choice((-1.0, 1.0)))) + rng.normal(0.0, AXIAL_TILT, 3)
    height = frame_points() @ torch.from_numpy(normal / np.linalg.norm(normal)).float()
    inner = height[distance > 0]
    share = float(rng.uniform(*recipe.cut_quantiles))
    if inner.numel() < FEWEST_VOXELS:
        return distance
    edge = inner.sort().values[int(share * (inner.numel() - 1))] + FRAME_MM / 2
    return torch.minimum(distance, edge - height)
