"""Hypothesis strategies for grids, patients, quantities, label maps and shapes.

Needs the extra ``test``. Grids of all kinds that clinics and other programs produce: oblique,
mirrored (LAS and all other handedness), anisotropic, sheared, far from the origin, and with three
different sizes, so that a swapped axis cannot hide. A new domain type gets a strategy here.
"""

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from remnant.core.geometry import Geometry, Shape3, Vector3
from remnant.core.labels import COUINAUD_SCHEME, LabelScheme
from remnant.core.patient import (
    AGE_RANGE_YEARS,
    HEIGHT_RANGE_CM,
    WEIGHT_RANGE_KG,
    LiverBackground,
    Patient,
    Sex,
)
from remnant.core.quantity import Bound, Interval, Quantity
from remnant.core.reasons import Cause, Reason
from remnant.core.volumes import LabelMap
from remnant.testing.grids import BoxMm, grid_around
from remnant.testing.phantom_shapes import Ball, Ellipsoid

SPACINGS_MM = (0.4, 5.0)
MOST_SHEAR = 0.5
FARTHEST_ORIGIN_MM = 1500.0
SEEDS = st.integers(0, 2**32 - 1)


def spacings(
    low_mm: float = SPACINGS_MM[0], high_mm: float = SPACINGS_MM[1]
) -> st.SearchStrategy[Vector3]:
    """Three independent spacings in mm."""
    one = st.floats(low_mm, high_mm)
    return st.tuples(one, one, one)


def rotations() -> st.SearchStrategy[NDArray[np.float64]]:
    """Rotation matrices of any angle, right-handed, identity first when shrinking."""
    return st.one_of(st.just(np.eye(3)), SEEDS.map(_rotation))


@st.composite
def directions(draw: st.DrawFn, *, sheared: bool = False) -> NDArray[np.float64]:
    """Array axes as columns of unit length in RAS: rotated, any axis order, any mirroring.

    With ``sheared`` the columns may also stand up to about 35 degrees off the perpendicular.
    """
    order = draw(st.permutations(range(3)))
    signs = draw(st.tuples(*[st.sampled_from((1.0, -1.0))] * 3))
    matrix = (draw(rotations()) * np.array(signs))[:, order]
    if sheared:
        slant = np.eye(3)
        slant[np.triu_indices(3, 1)] = [draw(st.floats(-MOST_SHEAR, MOST_SHEAR)) for _ in range(3)]
        matrix = matrix @ slant
    unit: NDArray[np.float64] = matrix / np.linalg.norm(matrix, axis=0)
    return unit


def small_shapes(largest: int = 11) -> st.SearchStrategy[Shape3]:
    """Three different sizes from 2 to ``largest``."""
    return st.tuples(*[st.integers(2, largest)] * 3).filter(
        lambda shape: len(set(shape)) == len(shape)
    )


@st.composite
def geometries(draw: st.DrawFn, *, sheared: bool | None = None, largest: int = 11) -> Geometry:
    """Small grids anywhere; ``sheared`` True, False, or either when ``None``."""
    shear = draw(st.booleans()) if sheared is None else sheared
    matrix = np.eye(4)
    matrix[:3, :3] = draw(directions(sheared=shear)) * draw(spacings())
    far = st.floats(-FARTHEST_ORIGIN_MM, FARTHEST_ORIGIN_MM)
    matrix[:3, 3] = draw(st.tuples(far, far, far))
    frames = st.sampled_from((None, "1.2.826.0.1.3680043.10.1", "1.2.826.0.1.3680043.10.2"))
    return Geometry(draw(small_shapes(largest)), matrix, frame_of_reference_uid=draw(frames))


@st.composite
def grids_around(
    draw: st.DrawFn,
    box_mm: BoxMm,
    *,
    low_mm: float = SPACINGS_MM[0],
    high_mm: float = SPACINGS_MM[1],
    sheared: bool | None = None,
    margin_mm: float = 0.0,
) -> Geometry:
    """Grids of every kind that cover a box; choose ``low_mm`` by the memory you have."""
    shear = draw(st.booleans()) if sheared is None else sheared
    part = st.floats(0.0, 1.0)
    return grid_around(
        box_mm,
        spacing_mm=draw(spacings(low_mm, high_mm)),
        directions=draw(directions(sheared=shear)),
        margin_mm=margin_mm,
        offset_voxels=draw(st.tuples(part, part, part)),
    )


@st.composite
def balls(draw: st.DrawFn, *, low_mm: float = 3.0, high_mm: float = 40.0) -> Ball:
    """Balls near the origin."""
    near = st.floats(-50.0, 50.0)
    return Ball(draw(st.tuples(near, near, near)), draw(st.floats(low_mm, high_mm)))


@st.composite
def ellipsoids(draw: st.DrawFn, *, low_mm: float = 3.0, high_mm: float = 40.0) -> Ellipsoid:
    """Ellipsoids near the origin with axes in any direction."""
    near, semi = st.floats(-50.0, 50.0), st.floats(low_mm, high_mm)
    centre = draw(st.tuples(near, near, near))
    return Ellipsoid(centre, draw(st.tuples(semi, semi, semi)), draw(rotations()))


def patients() -> st.SearchStrategy[Patient]:
    """Adults; every fact may be absent."""
    return st.builds(
        Patient,
        height_cm=st.none() | st.floats(*HEIGHT_RANGE_CM),
        weight_kg=st.none() | st.floats(*WEIGHT_RANGE_KG),
        sex=st.none() | st.sampled_from(Sex),
        age_years=st.none() | st.floats(*AGE_RANGE_YEARS),
        background=st.sampled_from(LiverBackground),
        body_size_assumed=st.booleans(),
    )


@st.composite
def intervals(draw: st.DrawFn, *, low: float = 0.0, high: float = 5000.0) -> Interval:
    """Draw closed intervals, points included."""
    ends = sorted(draw(st.tuples(st.floats(low, high), st.floats(low, high))))
    return Interval(ends[0], ends[1])


WHY_ABSENT = (Cause.NO_RESECTION_NAMED, Cause.SEGMENTS_UNKNOWN, Cause.NO_BODY_WEIGHT)


@st.composite
def quantities(
    draw: st.DrawFn, *, low: float = 0.0, high: float = 5000.0, may_be_absent: bool = True
) -> Quantity:
    """Measured values with or without interval and bound, indicative ones, and absences."""
    if may_be_absent and draw(st.booleans()):
        return Quantity.absent(Reason(draw(st.sampled_from(WHY_ABSENT))))
    bound = draw(st.none() | st.sampled_from(Bound))
    indicative = bound is None and draw(st.booleans())
    reasons = (Reason(Cause.LIVER_CUT),) if bound or indicative else ()
    around = draw(st.none() | intervals(low=low, high=high))
    value = draw(st.floats(low, high) if around is None else st.floats(around.low, around.high))
    return Quantity(value, interval=around, bound=bound, indicative=indicative, reasons=reasons)


@st.composite
def label_maps(
    draw: st.DrawFn,
    *,
    scheme: LabelScheme = COUINAUD_SCHEME,
    sheared: bool | None = None,
    largest: int = 11,
) -> LabelMap:
    """Random codes of a scheme (all of them, a few, or none) on any grid.

    An open-ended scheme gets instances 1 to 5, some of them possibly without a voxel.
    """
    geometry = draw(geometries(sheared=sheared, largest=largest))
    known = [1, 2, 3, 4, 5] if scheme.open_ended else [label.code for label in scheme.labels]
    used = draw(st.sets(st.sampled_from(known)))
    dtype = np.uint16 if scheme.open_ended else np.uint8
    choices = np.array([0, *sorted(used)], dtype=dtype)
    codes = np.random.default_rng(draw(SEEDS)).choice(choices, size=geometry.shape)
    return LabelMap(codes, geometry, scheme)


def _rotation(seed: int) -> NDArray[np.float64]:
    q, r = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    q *= np.sign(np.diag(r))
    right_handed: NDArray[np.float64] = q * np.sign(np.linalg.det(q))
    return right_handed
