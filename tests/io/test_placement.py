"""Maps put onto another grid of the same lattice."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from remnant.core.errors import GeometryMismatchError
from remnant.core.geometry import Geometry
from remnant.core.labels import INSTANCE_SCHEME
from remnant.core.volumes import LabelMap
from remnant.io.placement import in_order_of, placed_on

SHAPE = (7, 8, 9)


def oblique(shape=SHAPE, *, shear=0.0, frame=None):
    affine_ras = np.eye(4)
    turn = Rotation.from_euler("xyz", (20.0, -15.0, 30.0), degrees=True).as_matrix()
    affine_ras[:3, :3] = turn @ np.diag((0.8, 1.1, 2.5))
    affine_ras[0, 2] += shear
    affine_ras[:3, 3] = (-31.0, 12.5, 200.0)
    return Geometry(shape, affine_ras, frame_of_reference_uid=frame)


def labelled(codes, geometry):
    return LabelMap(codes, geometry, INSTANCE_SCHEME)


def points(labels):
    """Code at each labelled place, independent of any grid."""
    where = np.argwhere(labels.codes)
    places = np.round(labels.geometry.ras_from_index(where), 3) + 0.0
    codes = labels.codes[tuple(where.T)]
    return {tuple(p): int(c) for p, c in zip(places.tolist(), codes, strict=True)}


boxes = st.tuples(
    *(st.integers(-2, n).flatmap(lambda a, n=n: st.tuples(st.just(a), st.integers(1, n + 2)))
      for n in SHAPE)
)  # fmt: skip


@given(
    box=boxes,
    axes=st.permutations(range(3)),
    signs=st.tuples(*[st.sampled_from((-1, 1))] * 3),
    shear=st.sampled_from((0.0, 0.4)),
    seed=st.integers(0, 9),
)
def test_placed_on__each_voxel_keeps_code_and_place(box, axes, signs, shear, seed):
    reference = oblique(shear=shear)
    start, shape = tuple(a for a, _ in box), tuple(n for _, n in box)
    codes = np.random.default_rng(seed).integers(0, 4, shape).astype(np.uint8)
    part = reference.cropped(start, shape)
    index = np.eye(4)
    index[:3, :3] = 0
    for new, (old, sign) in enumerate(zip(axes, signs, strict=True)):
        index[old, new] = sign
        index[old, 3] = 0 if sign > 0 else shape[old] - 1
    flipped = [new for new in range(3) if signs[new] < 0]
    turned = np.flip(codes.transpose(axes), flipped)
    given_map = labelled(turned, Geometry(turned.shape, part.affine_ras @ index))

    inside = [
        slice(max(0, -a), max(0, min(n, m - a)))
        for a, n, m in zip(start, shape, SHAPE, strict=True)
    ]
    if np.count_nonzero(codes) > np.count_nonzero(codes[tuple(inside)]):
        with pytest.raises(GeometryMismatchError, match="reaches beyond"):
            placed_on(reference, given_map)
        return
    placed = placed_on(reference, given_map)
    assert points(labelled(codes, part)) == points(placed)
    assert placed.geometry.same_grid(reference)


def test_placed_on__counts_what_lies_outside():
    reference = oblique()
    codes = np.zeros((7, 8, 4), np.uint8)
    codes[2, 3:6, :] = 5
    outside = labelled(codes, reference.cropped((0, 0, 7), (7, 8, 4)))
    with pytest.raises(GeometryMismatchError, match=r"the liver mask reaches .* 6 labelled voxel"):
        placed_on(reference, outside, what="the liver mask")


def test_placed_on__the_map_itself_where_it_lies_there():
    labels = labelled(np.ones(SHAPE, np.uint16), oblique())
    assert placed_on(oblique(), labels) is labels


@pytest.mark.parametrize(
    "change",
    [
        {"origin": (0.3, 0.0, 0.0)},
        {"scale": 1.01},
        {"scale": 2.0},
        {"turn": 1.0},
        {"frame": "1.2.3"},
        {"origin": (1e12, 0.0, 0.0)},
    ],
)
def test_placed_on__another_lattice_is_refused(change):
    reference = oblique(frame="1.2.9" if "frame" in change else None)
    affine_ras = np.array(reference.affine_ras)
    affine_ras[:3, 3] += change.get("origin", (0.0, 0.0, 0.0))
    affine_ras[:3, :3] *= change.get("scale", 1.0)
    turn = Rotation.from_euler("z", change.get("turn", 0.0), degrees=True).as_matrix()
    affine_ras[:3, :3] = turn @ affine_ras[:3, :3]
    grid = Geometry((4, 5, 6), affine_ras, frame_of_reference_uid=change.get("frame"))
    labels = labelled(np.ones((4, 5, 6), np.uint8), grid)
    with pytest.raises(GeometryMismatchError, match=r"lies (on|in) another") as caught:
        placed_on(reference, labels)
    assert "\n" not in str(caught.value)
    assert in_order_of(reference, labels) is labels


@settings(max_examples=15)
@given(shift_mm=st.floats(-0.02, 0.02))
def test_placed_on__tolerance_is_that_of_equal_grids(shift_mm):
    reference = oblique()
    affine_ras = np.array(reference.cropped((1, 1, 1), (4, 5, 6)).affine_ras)
    affine_ras[0, 3] += shift_mm
    labels = labelled(np.ones((4, 5, 6), np.uint8), Geometry((4, 5, 6), affine_ras))
    if abs(shift_mm) < 0.0099:
        assert placed_on(reference, labels).codes.sum() == 120
    elif abs(shift_mm) > 0.0101:
        with pytest.raises(GeometryMismatchError):
            placed_on(reference, labels)
