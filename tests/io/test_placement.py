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
from remnant.io.placement import along_axes_of, in_order_of, placed_on, placement_of

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


@given(axes=st.permutations(range(3)), signs=st.tuples(*[st.sampled_from((-1, 1))] * 3))
def test_along_axes_of__no_voxel_moves_and_the_axes_are_those_of_the_reference(axes, signs):
    reference = oblique(frame="1.2.3")
    codes = np.random.default_rng(3).integers(0, 4, SHAPE).astype(np.uint8)
    labels = labelled(codes, reference.cropped((-2, 1, 3), SHAPE))
    index = np.zeros((4, 4))
    index[3, 3] = 1
    for new, (old, sign) in enumerate(zip(axes, signs, strict=True)):
        index[old, new] = sign
        index[old, 3] = 0 if sign > 0 else SHAPE[old] - 1
    flipped = [new for new in range(3) if signs[new] < 0]
    turned = np.flip(codes.transpose(axes), flipped)
    grid = Geometry(
        turned.shape, labels.geometry.affine_ras @ index, frame_of_reference_uid="1.2.3"
    )

    back = along_axes_of(reference, labelled(turned, grid))
    assert np.array_equal(back.codes, codes)
    assert back.geometry.same_grid(labels.geometry)
    assert back.geometry.frame_of_reference_uid == "1.2.3"


def test_along_axes_of__turned_by_less_than_a_quarter_is_left_as_it_is():
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_euler("z", 40.0, degrees=True).as_matrix()
    labels = labelled(np.ones(SHAPE, np.uint8), Geometry(SHAPE, turn @ oblique().affine_ras))
    assert along_axes_of(oblique(), labels) is labels


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


def moved(reference, *, start=(1, 1, 1), shape=(4, 5, 6), voxels=0.0, step=1.0, frame=None):
    """A block of a grid, moved along its first axis by part of a voxel, its steps stretched."""
    block = np.array(reference.cropped(start, shape).affine_ras)
    block[:3, 3] += voxels * block[:3, 0]
    block[:3, :3] *= step
    return labelled(np.ones(shape, np.uint8), Geometry(shape, block, frame_of_reference_uid=frame))


@settings(max_examples=30)
@given(voxels=st.floats(-0.45, 0.45))
def test_placement_of__moved_by_part_of_a_voxel(voxels):
    """0.01 mm (of voxels of 0.8 mm) is noise, a quarter of a voxel rounding, and more refused."""
    reference, labels = oblique(), moved(oblique(), voxels=voxels)
    if abs(voxels) > 0.2501:
        with pytest.raises(GeometryMismatchError, match=r"mm \(.* voxels\) from their places"):
            placement_of(reference, labels, "lesions")
    elif abs(voxels) < 0.2499:
        placed, quality = placement_of(reference, labels, "lesions")
        assert placed.geometry is reference
        assert placed.codes[1:5, 1:6, 1:7].all()
        assert placed.codes.sum() == 120
        offsets = [finding.value for finding in quality]
        assert (abs(voxels) * 0.8 < 0.0099) <= (offsets == [])
        assert offsets in ([], [pytest.approx(abs(voxels) * 0.8, rel=1e-4)])


def test_placement_of__finding_names_the_largest_offset():
    labels = moved(oblique(), step=1.001, shape=(4, 5, 6))
    (finding,) = placement_of(oblique(), labels, "lesions")[1]
    corner = np.linalg.norm(np.array((3 * 0.8, 4 * 1.1, 5 * 2.5))) * 0.001
    assert finding.id == "lesions_grid_rounding"
    assert finding.reasons[1].amounts == (pytest.approx(corner), pytest.approx(0.005))


def test_placement_of__few_voxels_hide_no_other_spacing():
    """Their corners lie near enough, but no rounding changes a voxel by one percent."""
    with pytest.raises(GeometryMismatchError, match="spacing"):
        placed_on(oblique(), moved(oblique(), step=1.01))


@pytest.mark.parametrize("spacing_mm", [0.7031, 0.70312])
def test_placement_of__rounded_spacing_over_a_whole_scan(spacing_mm):
    reference = Geometry((512, 4, 3), np.diag((0.703125, 0.703125, 3.0, 1.0)))
    rounded = Geometry((512, 4, 3), np.diag((spacing_mm, 0.703125, 3.0, 1.0)))
    codes = np.random.default_rng(0).integers(0, 9, (512, 4, 3)).astype(np.uint8)
    placed = placed_on(reference, labelled(codes, rounded))
    np.testing.assert_array_equal(codes, placed.codes)


def test_refusals__print_what_differs_and_never_two_equal_lines():
    reference = Geometry((512, 4, 3), np.diag((0.703125, 0.703125, 3.0, 1.0)))
    other = Geometry((512, 4, 3), np.diag((0.7, 0.703125, 3.0, 1.0)))
    with pytest.raises(GeometryMismatchError) as caught:
        placed_on(reference, labelled(np.zeros((512, 4, 3), np.uint8), other))
    text = str(caught.value)
    assert "spacing 0.7 x 0.703125 x 3 against 0.703125 x 0.703125 x 3 mm" in text
    assert "up to 1.597 mm (2.27 voxels)" in text


def test_refusals__of_a_turned_map_compare_axis_by_axis():
    reference = Geometry((9, 8, 7), np.diag((1.0, 2.0, 3.0, 1.0)))
    turned = np.array([[0, -1.1, 0, 7], [2.0, 0, 0, 0], [0, 0, 3, 0], [0, 0, 0, 1]])
    with pytest.raises(GeometryMismatchError, match=r"spacing 1\.1 x 2 x 3 against 1 x 2 x 3 mm"):
        placed_on(reference, labelled(np.zeros((8, 9, 7), np.uint8), Geometry((8, 9, 7), turned)))


def test_placed_on__noise_of_two_maps_does_not_add_up():
    reference = oblique()
    maps = [moved(reference, start=(0, 0, 0), shape=SHAPE, voxels=v) for v in (-0.011, 0.011)]
    placed = [placed_on(reference, labels) for labels in maps]
    assert not maps[0].geometry.same_grid(maps[1].geometry)
    assert placed[0].geometry is placed[1].geometry is reference
