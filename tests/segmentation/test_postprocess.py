import tracemalloc
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from scipy.spatial.distance import cdist

from remnant.core.boxes import margin_voxels
from remnant.core.errors import EmptyStructureError, GeometryMismatchError, InputError
from remnant.core.findings import Verdict
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, INSTANCE_SCHEME, STRUCTURE_SCHEME, Structure
from remnant.core.reasons import Cause, reason
from remnant.core.volumes import LabelMap
from remnant.testing.strategies import SEEDS, geometries
from segmentation.components import touching_parts
from segmentation.port import Segmentation
from segmentation.postprocess import (
    EXOPHYTIC_REACH_MM,
    MINIMUM_VOXELS,
    label_lesions,
    reconcile,
    reconcile_instances,
)
from volumetry.agreement.of_lesions import components

FULL = np.ones((3, 3, 3))
CROSS = ndimage.generate_binary_structure(3, 1)
GRID = Geometry((24, 20, 16), np.diag([2.0, 2.0, 2.0, 1.0]))


def block(*corners, shape=GRID.shape):
    mask = np.zeros(shape, dtype=bool)
    mask[tuple(slice(a, b) for a, b in corners)] = True
    return mask


LIVER = block((4, 14), (4, 16), (3, 13))


def value(result, identifier):
    return next(f.value for f in result.quality if f.id == identifier)


def verdict(result, identifier):
    return next(f.verdict for f in result.quality if f.id == identifier)


def exophytic_of(result):
    if result.exophytic is None:
        return np.zeros(result.structures.codes.shape, dtype=bool)
    assert result.exophytic.scheme == BINARY_SCHEME
    assert result.exophytic.mask().any()
    return result.exophytic.mask()


def expected_lesions(liver, lesions, geometry):
    """The rules of the module, from all distances between all voxels."""
    where = np.argwhere(np.ones(geometry.shape))
    points = geometry.ras_from_index(where)
    distance = cdist(points, points[liver.ravel()]).min(axis=1).reshape(geometry.shape)
    outside, _ = ndimage.label(np.pad(~liver, 1, constant_values=True), CROSS)
    cavity = ((outside != outside[0, 0, 0]) & (outside > 0))[1:-1, 1:-1, 1:-1]
    # two voxels of 3 mm are as far as the reach, whatever an oblique grid's rounding makes of them
    reached = distance <= EXOPHYTIC_REACH_MM * (1 + 1e-9)
    allowed = lesions & (liver | cavity | reached)
    anchored = allowed & (liver | cavity)
    grown = anchored
    for _ in range(sum(geometry.shape)):
        touching = ndimage.binary_dilation(grown | liver | cavity, FULL)
        grown = anchored | (allowed & touching)
        anchored = grown
    return grown


def without_small(mask):
    labels, count = ndimage.label(mask, FULL)
    sizes = np.array([np.sum(labels == n) for n in range(1, count + 1)], dtype=int)
    kept = np.flatnonzero(sizes >= MINIMUM_VOXELS) + 1
    return np.isin(labels, kept), count - kept.size, sorted(sizes[kept - 1], reverse=True)


@given(geometry=geometries(largest=9), seed=SEEDS, share=st.sampled_from((0.05, 0.2, 0.5)))
def test_reconcile__follows_its_rules_on_any_grid(geometry, seed, share):
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.normal(size=geometry.shape), 1)
    liver = field > np.quantile(field, 0.6)
    lesions = rng.random(geometry.shape) < share
    if not liver.any():
        liver[0, 0, 0] = True
    belongs = expected_lesions(liver, lesions, geometry)
    kept, dropped, sizes = without_small(belongs)

    result = reconcile(liver, lesions, geometry)

    voxel_ml = geometry.voxel_volume_ml
    assert np.array_equal(kept, result.lesions.mask())
    assert np.array_equal(kept, result.structures.mask(Structure.LESION))
    assert np.array_equal(liver | kept, result.structures.mask())
    assert np.array_equal(kept & ~liver, exophytic_of(result))
    assert sizes == np.bincount(result.lesions.codes.ravel())[1:].tolist()
    assert np.sum(kept & ~liver) * voxel_ml == pytest.approx(
        value(result, "exophytic_lesion_voxels")
    )
    assert np.sum(lesions & ~belongs) * voxel_ml == pytest.approx(
        value(result, "lesion_leakage_cut")
    )
    assert dropped == value(result, "small_lesions_dropped")


@given(shape=st.permutations((7, 8, 9)), seed=SEEDS, share=st.sampled_from((0.02, 0.1, 0.3)))
def test_label_lesions__same_parts_as_another_program(shape, seed, share):
    mask = np.random.default_rng(seed).random(tuple(shape)) < share
    kept, dropped, sizes = without_small(mask)

    labelled = label_lesions(mask)

    assert (dropped, len(sizes)) == (labelled.dropped, labelled.kept)
    assert np.array_equal(kept, labelled.codes > 0)
    assert sizes == np.bincount(labelled.codes.ravel())[1:].tolist()
    # Same partition, not only the same sizes.
    labels, _ = ndimage.label(kept, FULL)
    pairs = np.unique(np.stack([labels[kept], labelled.codes[kept]]), axis=1)
    assert labelled.kept == pairs.shape[1]


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 5, 5), (3, 3, 3), (7, 8, 9)])
def test_touching_parts__as_many_as_a_small_grid_can_hold(shape):
    mask = np.zeros(shape, dtype=bool)
    mask[::2, ::2, ::2] = True  # no two touch; the box of two specks is as thin as the first

    parts = touching_parts(mask)

    assert list(range(1, mask.sum() + 1)) == sorted(parts[mask])
    assert mask.sum() == label_lesions(mask, minimum_voxels=1).kept == components(mask).max()


def test_label_lesions__corners_connect_and_the_largest_is_first():
    mask = block((0, 1), (0, 1), (0, 3)) | block((1, 2), (1, 2), (3, 6))
    mask |= block((10, 14), (10, 12), (10, 11)) | block((20, 21), (0, 1), (0, 2))

    labelled = label_lesions(mask)

    assert (labelled.kept, labelled.dropped) == (2, 1)
    assert labelled.codes[10, 10, 10] == 1
    assert 2 == labelled.codes[0, 0, 0] == labelled.codes[1, 1, 5]
    assert labelled.codes[20, 0, 0] == 0
    assert np.uint16 == labelled.codes.dtype


def test_label_lesions__no_lesion():
    labelled = label_lesions(np.zeros((3, 4, 5), dtype=bool))

    assert (labelled.kept, labelled.dropped) == (0, 0)
    assert not labelled.codes.any()


def test_reconcile__exophytic_part_becomes_liver_and_the_rest_is_cut():
    lesion = block((12, 20), (8, 10), (6, 9))  # liver ends at 14: 2 voxels in, 6 out, 3 within 6 mm

    result = reconcile(LIVER, lesion, GRID)

    assert np.array_equal(block((12, 17), (8, 10), (6, 9)), result.lesions.mask())
    assert LIVER.sum() + 3 * 6 == result.structures.mask().sum()
    assert pytest.approx(value(result, "exophytic_lesion_voxels")) == 18 * 0.008
    assert pytest.approx(value(result, "lesion_leakage_cut")) == 18 * 0.008
    assert verdict(result, "exophytic_lesion_voxels") == Verdict.NOT_MET
    assert verdict(result, "lesion_leakage_cut") == Verdict.NOT_MET
    assert verdict(result, "small_lesions_dropped") == Verdict.MET


def lesion_space(liver, lesions):
    """Room of lesions that a liver mask leaves out, lesion by lesion and cavity by cavity."""
    background, _ = ndimage.label(np.pad(~liver, 1, constant_values=True), CROSS)
    background = background * (background != background[0, 0, 0])
    space = np.zeros_like(liver)
    for number in set(np.unique(background)) - {0}:
        cavity = (background == number)[1:-1, 1:-1, 1:-1]
        if 2 * np.sum(cavity & lesions) >= cavity.sum():
            space |= cavity
    near = ndimage.binary_dilation(liver, FULL) & ~liver
    parts, count = ndimage.label(lesions & ~space, FULL)
    gaps = np.zeros_like(liver)
    for number in range(1, count + 1):
        lesion = parts == number
        around = list(neighbours(lesion))
        touched = [liver[place] for place in around]
        beside = [near[place] and not lesions[place] for place in around]
        if (
            not (lesion & liver).any()
            and sum(touched) < 0.2 * faces(lesion)
            and (sum(beside) >= 0.5 * faces(lesion))
        ):
            gaps |= ndimage.binary_dilation(lesion, CROSS) & near & ~lesions
    return space | gaps


def neighbours(mask):
    """Places across every face of a mask, each as often as it has such faces, within the array."""
    for place in np.argwhere(mask):
        for axis, step in product(range(3), (-1, 1)):
            other = place.copy()
            other[axis] += step
            if 0 <= other[axis] < mask.shape[axis] and not mask[tuple(other)]:
                yield tuple(other)


def faces(mask):
    return len(list(neighbours(mask)))


@given(geometry=geometries(largest=9), seed=SEEDS, share=st.sampled_from((0.05, 0.2)))
def test_reconcile__whole_components_are_those_that_touch_on_any_grid(geometry, seed, share):
    rng = np.random.default_rng(seed)
    liver = ndimage.gaussian_filter(rng.normal(size=geometry.shape), 2) > 0.05
    liver[0, 0, 0] = True
    lesions = rng.random(geometry.shape) < share
    parts, _ = ndimage.label(lesions, FULL)
    space = lesion_space(liver, lesions)
    background, _ = ndimage.label(np.pad(~(liver | space), 1, constant_values=True), CROSS)
    filled = (background != background[0, 0, 0])[1:-1, 1:-1, 1:-1]
    touching = np.unique(parts[ndimage.binary_dilation(filled, FULL)])
    belongs = np.isin(parts, touching[touching > 0])

    result = reconcile(liver, lesions, geometry, whole_components=True)

    assert np.array_equal(belongs, result.lesions.mask())
    assert np.array_equal(belongs & ~liver & ~space, exophytic_of(result))
    assert np.array_equal(belongs | liver | space, result.structures.mask())
    assert value(result, "small_lesions_dropped") == 0
    leaked_ml = np.sum(lesions & ~belongs) * geometry.voxel_volume_ml
    assert leaked_ml == pytest.approx(value(result, "lesion_leakage_cut"))
    again = reconcile_instances(liver, result.lesions.codes, geometry, whole_components=True)
    assert np.array_equal(result.lesions.codes, again.lesions.codes)


def test_reconcile__a_given_subcapsular_lesion_is_kept_whole():
    lesion = block((14, 24), (8, 18), (6, 16))  # all of it outside the liver, up to 20 mm away
    apart = block((0, 2), (0, 3), (0, 3))

    cut = reconcile(LIVER, lesion | apart, GRID)
    whole = reconcile(LIVER, lesion | apart, GRID, whole_components=True)

    assert cut.lesions.mask().sum() < 0.5 * lesion.sum()
    assert np.array_equal(lesion, whole.lesions.mask())
    assert np.array_equal(lesion, whole.exophytic.mask())
    assert np.array_equal(LIVER | lesion, whole.structures.mask())
    assert apart.sum() * 0.008 == pytest.approx(value(whole, "lesion_leakage_cut"))
    joined = next(f for f in whole.quality if f.id == "exophytic_lesion_voxels")
    assert Cause.LESIONS_TOUCHING in [one.cause for one in joined.reasons]


@pytest.mark.parametrize("gap", [0, 1])
@pytest.mark.parametrize("numbered", [False, True])
def test_reconcile__a_liver_without_its_given_tumours_is_filled(gap, numbered):
    deep, notch = block((6, 10), (7, 12), (6, 10)), block((10, 14), (7, 11), (6, 9))
    liver = block((2, 14), (3, 17), (2, 14))
    lesions = deep | notch
    hole = ndimage.binary_dilation(lesions, CROSS, iterations=gap) if gap else lesions
    parenchyma = liver & ~hole
    make = reconcile_instances if numbered else reconcile
    given = (deep + 2 * (notch & ~deep)).astype(np.uint16) if numbered else lesions

    result = make(parenchyma, given, GRID, whole_components=True)

    assert np.array_equal(lesions, result.lesions.mask())
    ring = result.structures.mask() & ~liver
    assert np.array_equal(liver, result.structures.mask() & ~ring)
    # where the notch opens the gap reaches one voxel beyond the liver's surface at most
    assert np.sum(ring) <= gap * np.sum(ndimage.binary_dilation(notch, CROSS) & ~liver)
    joined = next(f for f in result.quality if f.id == "exophytic_lesion_voxels")
    assert pytest.approx(np.sum(lesions & ~parenchyma) * 0.008) == joined.value


def test_reconcile__a_cavity_that_a_given_lesion_hardly_fills_stays_one():
    cavity, lesion = block((4, 12), (5, 15), (4, 12)), block((4, 6), (5, 7), (4, 6))

    result = reconcile(LIVER & ~cavity, lesion, GRID, whole_components=True)

    assert np.array_equal((LIVER & ~cavity) | lesion, result.structures.mask())


def test_reconcile__without_exophytic_voxels_there_is_no_map():
    assert reconcile(LIVER, block((5, 9), (5, 9), (5, 9)), GRID).exophytic is None
    assert reconcile(LIVER, block((14, 16), (8, 9), (6, 7)), GRID).exophytic is None  # dropped


def test_reconcile_instances__whole_components_may_reach_the_liver_through_another():
    codes = np.zeros(GRID.shape, dtype=np.uint16)
    codes[13:18, 8:10, 6:9] = 40
    codes[18:24, 8:10, 6:9] = 2
    codes[0:2, 0:2, 0:2] = 5

    result = reconcile_instances(LIVER, codes, GRID, whole_components=True)

    assert np.array_equal(np.where(codes == 5, 0, codes), result.lesions.codes)
    assert np.array_equal((codes > 5) & ~LIVER | (codes == 2), result.exophytic.mask())


def test_label_lesions__takes_little_memory():
    mask = np.zeros((120, 110, 100), dtype=bool)
    mask[10:20, 10:20, 10:20] = True
    tracemalloc.start()
    label_lesions(mask)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    # Components (at most 4 bytes), numbers (2), a mask (1); counting all voxels would add 8.
    assert peak < 8 * mask.size


def test_reconcile__a_blob_near_the_liver_but_apart_from_it_is_leakage():
    apart = block((15, 17), (8, 10), (6, 9))

    result = reconcile(LIVER, apart, GRID)

    assert not result.lesions.mask().any()
    assert np.array_equal(LIVER, result.structures.mask())
    assert apart.sum() * 0.008 == pytest.approx(value(result, "lesion_leakage_cut"))


def test_reconcile__a_lesion_that_is_a_hole_in_the_liver_is_liver_however_deep():
    hole = block((5, 13), (5, 15), (4, 12))  # its middle is farther than the reach from the liver

    result = reconcile(LIVER & ~hole, hole, GRID)

    assert np.array_equal(hole, result.lesions.mask())
    assert np.array_equal(LIVER, result.structures.mask())


def test_reconcile__small_lesions_become_parenchyma():
    small = block((6, 8), (6, 7), (6, 7))

    result = reconcile(LIVER, small, GRID)

    assert np.array_equal(LIVER, result.structures.mask(Structure.PARENCHYMA))
    assert value(result, "small_lesions_dropped") == 1
    assert verdict(result, "small_lesions_dropped") == Verdict.NOT_MET


@pytest.mark.parametrize("voxels", [1, 2])
def test_reconcile__given_lesions_are_kept_however_small(voxels):
    small = block((6, 6 + voxels), (6, 7), (6, 7))
    codes = np.where(small, 5, 0).astype(np.uint16)
    codes[9:13, 9:13, 9:12] = 2

    alone = reconcile(LIVER, small, GRID, whole_components=True)
    numbered = reconcile_instances(LIVER, codes, GRID, whole_components=True)

    assert np.array_equal(small, alone.lesions.mask())
    assert np.array_equal(small, alone.structures.mask(Structure.LESION))
    assert np.array_equal(codes, numbered.lesions.codes)
    for result in (alone, numbered):
        finding = next(f for f in result.quality if f.id == "small_lesions_dropped")
        assert (Verdict.MET, 0) == (finding.verdict, finding.value)
        assert finding.reasons == (reason(Cause.LESIONS_KEPT),)


def test_reconcile__vessels_lie_in_the_liver_and_under_lesions():
    lesion, portal = block((5, 9), (5, 9), (5, 9)), block((0, 24), (7, 8), (7, 8))
    veins = block((10, 12), (10, 12), (0, 16))

    result = reconcile(
        LIVER,
        lesion,
        GRID,
        vessels={Structure.PORTAL_VEIN: portal, Structure.HEPATIC_VEINS: veins},
    )

    assert np.array_equal(portal & LIVER & ~lesion, result.structures.mask(Structure.PORTAL_VEIN))
    assert np.array_equal(veins & LIVER, result.structures.mask(Structure.HEPATIC_VEINS))
    assert np.array_equal(LIVER, result.structures.mask())


def test_reconcile__no_lesions():
    result = reconcile(LIVER, np.zeros(GRID.shape, dtype=bool), GRID)

    assert [f.verdict for f in result.quality] == [Verdict.MET] * 3
    assert np.array_equal(LIVER, result.structures.mask(Structure.PARENCHYMA))


def test_reconcile_instances__numbers_are_kept_and_counted_like_masks():
    codes = np.zeros(GRID.shape, dtype=np.uint16)
    codes[5:8, 5:8, 5:8] = 700
    codes[8:10, 5:8, 5:8] = 3  # touches 700: stays apart from it
    codes[11, 12, 6:8] = 9  # too small
    codes[20:23, 8, 8] = 4  # outside
    codes[12:15, 14, 10] = 12  # exophytic by one voxel

    result = reconcile_instances(LIVER, codes, GRID)

    assert np.unique(result.lesions.codes).tolist() == [0, 3, 12, 700]
    assert np.array_equal(np.isin(codes, (3, 12, 700)), result.lesions.mask())
    assert value(result, "small_lesions_dropped") == 1
    assert pytest.approx(value(result, "lesion_leakage_cut")) == 3 * 0.008
    assert pytest.approx(value(result, "exophytic_lesion_voxels")) == 0.008


@given(geometry=geometries(largest=9), seed=SEEDS)
def test_reconcile_instances__keeps_the_same_voxels_as_the_mask(geometry, seed):
    rng = np.random.default_rng(seed)
    liver = ndimage.binary_dilation(rng.random(geometry.shape) < 0.1, CROSS)
    liver[0, 0, 0] = True
    lesions = rng.random(geometry.shape) < 0.3
    whole = touching_parts(reconcile(liver, lesions, geometry).lesions.mask())

    again = reconcile_instances(liver, whole.astype(np.uint16), geometry)

    big = np.isin(whole, np.flatnonzero(np.bincount(whole.ravel()) >= MINIMUM_VOXELS)) & (whole > 0)
    assert np.array_equal(np.where(big, whole, 0), again.lesions.codes)
    assert value(again, "lesion_leakage_cut") == 0


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (np.full(GRID.shape, 70000, dtype=np.int32), "within 0 to 65535"),
        (np.full(GRID.shape, -1, dtype=np.int16), "within 0 to 65535"),
        (np.full(GRID.shape, 1.5), "whole"),
        (np.ones((2, 3, 4), dtype=np.uint8), "lesion mask has shape"),
    ],
)
def test_reconcile_instances__refused(codes, message):
    with pytest.raises(InputError, match=message):
        reconcile_instances(LIVER, codes, GRID)


def test_reconcile__refused():
    none = np.zeros(GRID.shape, dtype=bool)
    with pytest.raises(EmptyStructureError, match="liver mask has no voxels"):
        reconcile(none, LIVER, GRID)
    with pytest.raises(InputError, match="liver mask has shape"):
        reconcile(none[1:], none, GRID)
    with pytest.raises(InputError, match="lesion mask has shape"):
        reconcile(LIVER, none[1:], GRID)
    with pytest.raises(InputError, match="got lesion"):
        reconcile(LIVER, none, GRID, vessels={Structure.LESION: none})
    with pytest.raises(InputError, match="portal_vein mask has shape"):
        reconcile(LIVER, none, GRID, vessels={Structure.PORTAL_VEIN: none[1:]})


@given(geometry=geometries(), distance=st.floats(0.5, 12))
def test_margin_voxels__holds_everything_within_the_distance(geometry, distance):
    reach = margin_voxels(geometry, distance)
    around = np.stack(np.meshgrid(*[np.arange(-n - 2, n + 3) for n in reach]), -1).reshape(-1, 3)
    far = np.linalg.norm(around @ geometry.affine_ras[:3, :3].T, axis=1)

    assert (np.abs(around[far <= distance * 0.999]) <= np.array(reach)).all()


def test_segmentation__maps_on_different_grids():
    moved = GRID.cropped((1, 0, 0), GRID.shape)
    codes = np.zeros(GRID.shape, dtype=np.uint8)
    with pytest.raises(GeometryMismatchError, match="lesion map"):
        Segmentation(
            structures=LabelMap(codes, GRID, STRUCTURE_SCHEME),
            lesions=LabelMap(codes, moved, INSTANCE_SCHEME),
        )
    with pytest.raises(GeometryMismatchError, match="exophytic map"):
        Segmentation(
            structures=LabelMap(codes, GRID, STRUCTURE_SCHEME),
            lesions=LabelMap(codes, GRID, INSTANCE_SCHEME),
            exophytic=LabelMap(codes, moved, BINARY_SCHEME),
        )
