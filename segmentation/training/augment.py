"""Random views of an annotated liver, in the shape network's frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.networks.couinaud_shape import FRAME_MM, FRAME_SHAPE, frame_points, sampled
from segmentation.couinaud.liver_shape import frame_scale
from segmentation.training.damage import RESECTIONS, resected
from segmentation.training.livers import AnnotatedLiver, annotated_liver
from segmentation.training.training_recipe import Recipe

Matrix = NDArray[np.float64]
Cut = tuple[Tensor, float]
"""A plane: what lies farther along the unit normal than the number, in frame mm, is cut off."""

FEWEST_VOXELS = 500
AXIAL_TILT = 0.05
MOST_CUTS = 2
HALF = 0.5
MM3_OF_ML = 1000.0


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
    """Return a liver turned, stretched, bent, and now and then resected or cut.

    What is left is centred and scaled anew, as it is in use; all is drawn from ``rng``.
    """
    if rng.random() < recipe.resection_probability:
        liver = _resected(liver, rng)
    warp = _warp(recipe, rng)
    distance = _warped_distance(liver, warp, frame_points())
    cuts: tuple[Cut, ...] = ()
    if rng.random() < recipe.cut_probability:
        for _ in range(int(rng.integers(1, MOST_CUTS + 1))):
            cuts += _random_cut(distance, recipe, rng)
            distance = _behind(cuts, distance, frame_points())
    points, scale = _frame_of(distance, recipe, rng)
    bent = _warped(points, warp)
    again = _behind(cuts, _warped_distance(liver, warp, points), points)
    return View(again / scale, _codes(liver, bent))


def _resected(liver: AnnotatedLiver, rng: np.random.Generator) -> AnnotatedLiver:
    gone = list(RESECTIONS.values())[int(rng.integers(len(RESECTIONS)))]
    left = resected(liver.annotated, gone)
    enough = np.count_nonzero(left.codes) >= FEWEST_VOXELS
    return annotated_liver(liver.patient, left) if enough else liver


@dataclass(frozen=True, slots=True, eq=False)
class _Warp:
    """Takes frame points to those of the liver as annotated: a matrix and a bend.

    ``knots_mm`` are displacements ``(3, n, n, n)`` on a lattice over the frame.
    """

    matrix: Matrix
    knots_mm: Tensor


def _warp(recipe: Recipe, rng: np.random.Generator) -> _Warp:
    low, high = recipe.elastic_knots
    knots = int(rng.integers(low, high + 1))
    drawn = torch.from_numpy(rng.normal(0.0, recipe.elastic_mm, (3, knots, knots, knots)))
    return _Warp(random_matrix(recipe, rng), drawn.float())


def _warped(points: Tensor, warp: _Warp) -> Tensor:
    knots = warp.knots_mm.shape[-1]
    reach = (torch.tensor(FRAME_SHAPE) - 1) * FRAME_MM
    places = (points / reach + HALF) * (knots - 1)
    bend = sampled(warp.knots_mm, places).movedim(0, -1)
    warped: Tensor = points @ torch.from_numpy(warp.matrix).float().T + bend
    return warped


def _warped_distance(liver: AnnotatedLiver, warp: _Warp, points: Tensor) -> Tensor:
    found = liver.shape.frame_distance_mm(_warped(points, warp))
    distance: Tensor = found / float(np.linalg.det(warp.matrix)) ** (1 / 3)
    return distance


def _frame_of(distance: Tensor, recipe: Recipe, rng: np.random.Generator) -> tuple[Tensor, float]:
    """Return points and scale of a frame around what is left, up to small errors of both."""
    points, inside = frame_points(), distance > 0
    volume_ml = float(inside.sum()) * FRAME_MM**3 / MM3_OF_ML
    scale = frame_scale(volume_ml) * float(np.exp(rng.uniform(-recipe.scale_log, recipe.scale_log)))
    shift = torch.from_numpy(rng.uniform(-recipe.shift_mm, recipe.shift_mm, 3)).float()
    return points[inside].mean(0) + shift + scale * points, scale


def random_matrix(recipe: Recipe, rng: np.random.Generator) -> Matrix:
    """Return a rotation times a stretch with shear; its determinant is positive."""
    x, y, z = (_rotation(axis, recipe, rng) for axis in range(3))
    stretch = np.diag(np.exp(rng.uniform(-recipe.stretch_log, recipe.stretch_log, 3)))
    shear = rng.uniform(-recipe.shear, recipe.shear, (3, 3)) * (1 - np.eye(3))
    matrix: Matrix = x @ y @ z @ (stretch + shear)
    return matrix


def _rotation(axis: int, recipe: Recipe, rng: np.random.Generator) -> Matrix:
    angle = rng.uniform(-recipe.rotation_radians, recipe.rotation_radians)
    one, other = (k for k in range(3) if k != axis)
    turn = np.eye(3)
    turn[one, one] = turn[other, other] = np.cos(angle)
    turn[one, other], turn[other, one] = -np.sin(angle), np.sin(angle)
    return turn


def _view(liver: AnnotatedLiver, points: Tensor) -> View:
    return View(liver.shape.frame_distance_mm(points), _codes(liver, points))


def _codes(liver: AnnotatedLiver, points: Tensor) -> Tensor:
    codes = torch.from_numpy(liver.codes)[None].float()
    return sampled(codes, liver.shape.indices(points), nearest=True)[0].long()


def _random_cut(distance: Tensor, recipe: Recipe, rng: np.random.Generator) -> tuple[Cut, ...]:
    """Return a plane that cuts a share of the liver off; none of a liver nearly gone already."""
    normal = rng.normal(size=3)
    if rng.random() < recipe.axial_cut_share:
        normal = np.array((0.0, 0.0, rng.choice((-1.0, 1.0)))) + rng.normal(0.0, AXIAL_TILT, 3)
    unit = torch.from_numpy(normal / np.linalg.norm(normal)).float()
    inner = (frame_points() @ unit)[distance > 0]
    share = float(rng.uniform(*recipe.cut_quantiles))
    if inner.numel() < FEWEST_VOXELS:
        return ()
    return ((unit, float(inner.sort().values[int(share * (inner.numel() - 1))]) + FRAME_MM / 2),)


def _behind(cuts: Sequence[Cut], distance: Tensor, points: Tensor) -> Tensor:
    for normal, edge in cuts:
        distance = torch.minimum(distance, edge - points @ normal)
    return distance
