"""A moved border between the lobes against layers counted by hand, planes, and brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, COUINAUD_SCHEME, INSTANCE_SCHEME
from remnant.core.volumes import LabelMap
from remnant.testing.phantoms import voxel_centres
from remnant.testing.strategies import SEEDS, geometries
from volumetry.liver_maps import liver_maps
from volumetry.uncertainty.lobe_shift import lobe_border, lobe_shares, segment_shares

SHAPE = (9, 8, 7)
SPACING_MM = (2.0, 1.5, 3.0)
LOBES = {2: "left", 3: "left", 4: "left", 5: "right", 6: "right", 7: "right", 8: "right"}


def maps_of(segments, lesions, *, geometry=None, liver=None):
    grid = geometry or Geometry(segments.shape, np.diag([*SPACING_MM, 1.0]))
    codes = np.ones(grid.shape, np.uint8) if liver is None else liver.astype(np.uint8)
    return liver_maps(
        LabelMap(codes, grid, BINARY_SCHEME),
        LabelMap(lesions.astype(np.uint16), grid, INSTANCE_SCHEME),
        None if segments is None else LabelMap(segments.astype(np.uint8), grid, COUINAUD_SCHEME),
    )


def layers(left=4, right=8, *, first_right=5):
    segments = np.full(SHAPE, left)
    segments[first_right:] = right
    return segments


def block(start=2, stop=7):
    lesions = np.zeros(SHAPE, np.int64)
    lesions[start:stop, 2:6, 1:5] = 3
    return lesions


@pytest.mark.parametrize(
    ("shift_mm", "layers_right"),
    [(0.0, 2), (0.99, 2), (1.0, 3), (3.0, 4), (50.0, 5), (-0.99, 2), (-1.0, 1), (-3.0, 0)],
)
def test_layers__change_lobe_one_by_one(shift_mm, layers_right):
    # layers of 2 mm: the border lies 1 mm from the nearest layers' centres, 3 mm from the next
    found = lobe_shares(maps_of(layers(), block()), lesion_ids=[3], shifts_mm=np.array([shift_mm]))
    assert (1, 1) == found.shape
    assert layers_right / 5 == found[0, 0]


def test_shifts__in_any_order_and_lesions_as_asked():
    lesions = block(1, 4)
    lesions[6, 3, 3] = 9
    maps = maps_of(layers(), lesions)
    shifts_mm = np.array([5.0, -50.0, 0.0, 3.0])
    found = lobe_shares(maps, lesion_ids=[9, 3], shifts_mm=shifts_mm)
    np.testing.assert_allclose([[1, 0, 1, 1], [2 / 3, 0, 0, 1 / 3]], found)
    assert (1, 4) == lobe_shares(maps, lesion_ids=[3], shifts_mm=shifts_mm).shape


def test_no_shift_and_no_lesion__give_empty_tables():
    maps = maps_of(layers(), block())
    assert (1, 0) == lobe_shares(maps, lesion_ids=[3], shifts_mm=np.empty(0)).shape
    assert (0, 2) == lobe_shares(maps, lesion_ids=[], shifts_mm=np.array([1.0, 2.0])).shape


def test_segment__is_the_one_across_the_nearest_face():
    segments = layers()
    segments[5:, 4:] = 5  # segment VIII in front, V behind
    lesions = np.zeros(SHAPE, np.int64)
    lesions[4, 1, 1], lesions[4, 6, 1] = 1, 2
    maps = maps_of(segments, lesions)
    found = segment_shares(
        maps, lobe_border(maps), lesion_ids=[1, 2], shifts_mm=np.array([-9.0, 9.0])
    )
    assert np.array_equal(found[0], np.eye(9)[[4, 4]])
    assert np.array_equal(found[1], np.eye(9)[[8, 5]])


def test_caudate_and_liver_without_segment__stay():
    segments, lesions = layers(), block(4, 6)
    segments[4:6, :, 1], segments[4:6, :, 2] = 1, 0
    maps = maps_of(segments, lesions)
    found = segment_shares(
        maps, lobe_border(maps), lesion_ids=[3], shifts_mm=np.array([-99.0, 0.0, 99.0])
    )[:, 0]
    expected = np.zeros((3, 9))
    expected[:, [0, 1]] = 0.25
    expected[[0, 2], [4, 8]] = 0.5
    expected[1, [4, 8]] = 0.25
    np.testing.assert_allclose(expected, found)


def test_border__outside_the_liver_is_none():
    liver = np.ones(SHAPE, np.bool_)
    liver[5] = False  # the lobes touch outside the liver alone
    maps = maps_of(layers(), block(2, 5), liver=liver)
    assert 0 == len(lobe_border(maps).places_mm)
    found = lobe_shares(maps, lesion_ids=[3], shifts_mm=np.array([-50.0, 50.0]))
    assert np.array_equal(np.zeros((1, 2)), found)


def test_unknown_segments__are_refused():
    maps = maps_of(None, block(), geometry=Geometry(SHAPE, np.eye(4)))
    with pytest.raises(InputError, match="needs a Couinaud map"):
        lobe_shares(maps, lesion_ids=[3], shifts_mm=np.zeros(1))


@pytest.mark.parametrize("missing", [2, 4, 70])
def test_lesion__without_a_voxel_is_refused(missing):
    with pytest.raises(InputError, match=f"lesion {missing} has no voxel"):
        lobe_shares(maps_of(layers(), block()), lesion_ids=[3, missing], shifts_mm=np.zeros(1))


SLANTED = np.array([[1.5, 0.6, 0.0], [-0.4, 1.1, 0.5], [0.3, 0.0, 2.6]])


@pytest.mark.parametrize(
    "axes", [np.diag([1.0, 1.0, 1.0]), np.diag([0.8, -0.8, 2.5]), SLANTED], ids=str
)
def test_plane__moves_by_the_shift_within_a_voxel(axes):
    normal = np.array([0.8, -0.48, 0.36])
    matrix = np.eye(4)
    matrix[:3, :3] = axes
    geometry = Geometry((30, 26, 14), matrix)
    centres = voxel_centres(geometry)
    height_mm = (centres - centres.mean(axis=(0, 1, 2))) @ normal  # above 0: right lobe
    lesions = np.ones(geometry.shape, np.int64)
    maps = maps_of(np.where(height_mm > 0, 6, 3), lesions, geometry=geometry)
    shifts_mm = np.array([-4.0, -1.5, 0.0, 2.0, 3.5])
    (found,) = lobe_shares(maps, lesion_ids=[1], shifts_mm=shifts_mm)
    # faces lie within half a step of the plane, and one lies within a voxel of every foot
    near_mm = np.linalg.norm(axes, axis=0).max() / 2
    far_mm = np.linalg.norm(axes, axis=0).sum()
    for shift_mm, share in zip(shifts_mm, found, strict=True):
        slack = (near_mm, far_mm) if shift_mm > 0 else (far_mm, near_mm)
        most, least = (
            (height_mm > -shift_mm - s).mean() for s in (slack[0], -slack[1] if shift_mm else 0)
        )
        assert least <= share <= most
    assert (height_mm > 0).mean() == found[2]
    assert np.all(np.diff(found) > 0)


def faces_one_by_one(maps):
    shape = maps.liver.shape
    for index in np.ndindex(shape):
        for step in np.eye(3, dtype=int):
            other = tuple(np.array(index) + step)
            if all(o < n for o, n in zip(other, shape, strict=True)):
                pair = {LOBES.get(int(maps.segments[w])) for w in (index, other) if maps.liver[w]}
                if pair == {"left", "right"}:
                    yield np.array(index) + step / 2


def is_right(lobe, gap_mm, shift_mm):
    """Tell whether a voxel of a lobe at a distance from the border is right after the shift."""
    reached = gap_mm <= abs(shift_mm)
    if shift_mm < 0:
        return lobe == "right" and not reached
    return lobe == "right" or (lobe == "left" and reached and shift_mm > 0)


def brute_force(maps, lesion_ids, shifts_mm):
    """Move the border voxel by voxel, faces counted one by one."""
    faces = np.array([*faces_one_by_one(maps), np.full(3, 1e9)])
    vectors = maps.geometry.affine_ras[:3, :3].T
    shares = np.zeros((len(lesion_ids), len(shifts_mm)))
    for row, code in enumerate(lesion_ids):
        voxels = np.argwhere(maps.lesions == code)
        gaps = cdist(voxels @ vectors, faces @ vectors).min(axis=1)
        lobes = [LOBES.get(int(maps.segments[tuple(voxel)])) for voxel in voxels]
        shares[row] = [
            np.mean([is_right(lobe, gap, s) for lobe, gap in zip(lobes, gaps, strict=True)])
            for s in shifts_mm
        ]
    return shares


@settings(max_examples=40)
@given(geometry=geometries(largest=8), seed=SEEDS, fortran=st.booleans())
def test_shares__equal_brute_force_on_any_grid(geometry, seed, fortran):
    rng = np.random.default_rng(seed)
    # slanted layers with holes, caudate and unassigned voxels; lesions that touch and are empty
    slope = np.indices(geometry.shape).T @ rng.normal(size=3)
    segments = np.digitize(slope.T, np.quantile(slope, [0.15, 0.3, 0.5, 0.8]))
    segments = np.array([0, 2, 4, 8, 6])[segments]
    segments[rng.random(geometry.shape) < 0.1] = 1
    lesions = rng.integers(0, 4, geometry.shape) * (rng.random(geometry.shape) < 0.7)
    liver = rng.random(geometry.shape) < 0.9
    if fortran:
        segments, lesions, liver = (np.asfortranarray(a) for a in (segments, lesions, liver))
    if not (liver & (segments > 0)).any():
        return
    maps = maps_of(segments, lesions, geometry=geometry, liver=liver)
    ids = [int(code) for code in np.unique(maps.lesions) if code]
    shifts_mm = rng.normal(size=6) * 4.0
    found = lobe_shares(maps, lesion_ids=ids, shifts_mm=shifts_mm)
    np.testing.assert_allclose(found, brute_force(maps, ids, shifts_mm), atol=1e-12)


@settings(max_examples=25)
@given(seed=SEEDS)
def test_shares__add_up_and_grow_with_the_shift(seed):
    rng = np.random.default_rng(seed)
    maps = maps_of(
        np.sort(rng.integers(0, 9, SHAPE), axis=0), rng.integers(0, 3, SHAPE), geometry=None
    )
    ids = [1, 2]
    shifts_mm = np.sort(rng.normal(size=7) * 5.0)
    shares = segment_shares(maps, lobe_border(maps), lesion_ids=ids, shifts_mm=shifts_mm)
    np.testing.assert_allclose(1.0, shares.sum(axis=-1))
    assert shares.min() >= 0.0
    assert np.array_equal(shares[:, :, :2], np.broadcast_to(shares[:1, :, :2], (7, 2, 2)))
    in_right = lobe_shares(maps, lesion_ids=ids, shifts_mm=shifts_mm)
    assert np.all(np.diff(in_right, axis=1) >= 0.0)
    np.testing.assert_allclose(shares[:, :, 5:].sum(axis=-1).T, in_right)
