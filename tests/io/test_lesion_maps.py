"""What the codes of a lesion map are, told by their shapes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.core.errors import UnknownLabelError
from remnant.core.geometry import Geometry
from remnant.core.labels import INSTANCE_SCHEME
from remnant.core.reasons import Cause
from remnant.core.volumes import LabelMap
from remnant.io.codings import MasksPreset
from remnant.io.lesion_maps import LEAST_GAP_MM, lesion_map

SHAPE = (60, 50, 40)
SPACING_MM = 2.0
PLACES = np.stack(np.indices(SHAPE), axis=-1)
GRID = Geometry(SHAPE, np.diag((-SPACING_MM, SPACING_MM, SPACING_MM, 1.0)))


def ball(centre, radius):
    return np.linalg.norm(PLACES - np.array(centre), axis=-1) <= radius


LIVER = ball((30, 25, 20), 19)
A, B, C, D = (ball(c, 3) for c in ((20, 25, 20), (40, 25, 20), (30, 14, 20), (30, 36, 20)))
VESSEL = (np.abs(PLACES[..., 1] - 25) <= 1) & (np.abs(PLACES[..., 2] - 20) <= 1) & LIVER


def coded(*pairs):
    codes = np.zeros(SHAPE, dtype=np.uint16)
    for code, where in pairs:
        codes[where] = code
    return codes


def read(codes, preset=MasksPreset.AUTO, wanted=(), *, liver=LIVER):
    labels = LabelMap(codes, GRID, INSTANCE_SCHEME)
    return lesion_map(labels, preset=preset, liver=liver, wanted=frozenset(wanted))


def parts_of(found):
    """Lesions of what was read, each as the set of its voxels."""
    from scipy import ndimage

    codes = found.labels.codes
    if found.labels.scheme.name == "binary":
        codes, _ = ndimage.label(codes, np.ones((3, 3, 3)))
    return {frozenset(np.flatnonzero(codes == n)) for n in np.unique(codes) if n}


def voxels(*masks):
    return {frozenset(np.flatnonzero(mask)) for mask in masks}


def ids(found):
    return [finding.id for finding in found.quality]


@pytest.mark.parametrize("preset", [MasksPreset.AUTO, MasksPreset.INSTANCES])
def test_instances__keep_their_numbers(preset):
    codes = coded((3, A), (7, B), (9, C))
    found = read(codes, preset)
    np.testing.assert_array_equal(codes, found.labels.codes)
    assert found.labels.scheme.name == "instances"
    assert ids(found) == []


def test_one_code__is_every_separate_part():
    assert voxels(A, B, C, D) == parts_of(read(coded((5, A | B | C | D))))


def test_nothing__is_no_lesion():
    found = read(coded())
    assert found.labels.scheme.name == "binary"
    assert not found.labels.codes.any()


@pytest.mark.parametrize(
    "codes",
    [
        coded((1, A | B), (2, C | D)),
        coded((1, A), (2, B | C)),
        coded((4, A | B), (5, C), (6, D | ball((30, 25, 34), 2))),
    ],
)
def test_classes__of_separate_lesions_are_split_and_said(codes):
    found = read(codes)
    whole = codes > 0
    assert parts_of(found) == parts_of(read(coded((1, whole))))
    assert ids(found) == ["lesions_class_map"]


def test_one_code_of_many_in_parts__is_split_and_the_others_keep_their_numbers():
    far = ball((30, 25, 34), 2)
    codes = coded((1, A), (2, B), (3, C), (4, D | far))
    found = read(codes)
    assert ids(found) == ["lesions_in_parts"]
    np.testing.assert_array_equal(np.where(far, 5, codes), found.labels.codes)
    kept = read(codes, MasksPreset.INSTANCES)
    np.testing.assert_array_equal(codes, kept.labels.codes)
    assert ids(kept) == ["lesions_in_parts"]


@given(gap=st.integers(1, 8))
def test_parts__count_only_where_they_lie_clearly_apart(gap):
    """Of a lesion that a plane of background divides, the halves are one up to the least gap."""
    first = (PLACES[..., 0] >= 10) & (PLACES[..., 0] < 16) & A.any(axis=0)
    second = (PLACES[..., 0] >= 16 + gap) & (PLACES[..., 0] < 22 + gap) & A.any(axis=0)
    codes = coded((1, B), (2, C), (3, D), (4, first | second))
    found = read(np.where(codes == 1, 0, codes) if gap > 6 else codes)
    split = "lesions_in_parts" in ids(found) or "lesions_class_map" in ids(found)
    assert split == (gap * SPACING_MM >= LEAST_GAP_MM)


def test_a_core_in_its_rim__is_one_lesion():
    rim, core = ball((20, 25, 20), 7), ball((20, 25, 20), 4)
    found = read(coded((1, rim), (2, core)))
    assert voxels(rim) == parts_of(found)
    assert ids(found) == ["lesions_class_map"]
    assert Cause.CODES_WITHIN in [one.cause for one in found.quality[0].reasons]


def test_a_core_among_others__goes_to_its_rim():
    rim, core = ball((20, 25, 20), 7), ball((20, 25, 20), 4)
    found = read(coded((1, rim), (2, core), (3, B), (4, D)))
    assert ids(found) == ["lesions_nested"]
    np.testing.assert_array_equal(coded((1, rim), (3, B), (4, D)), found.labels.codes)


def test_touching_halves__are_two_lesions():
    whole = ball((30, 25, 20), 8)
    left = whole & (PLACES[..., 0] < 30)
    found = read(coded((1, whole), (2, left)))
    assert voxels(left, whole & ~left) == parts_of(found)


@pytest.mark.parametrize("codes", [(1, 2), (2, 1)])
def test_vessels_beside_tumour__are_refused_and_the_way_out_works(codes):
    vessel, tumour = codes
    map_ = coded((vessel, VESSEL), (tumour, C))
    with pytest.raises(UnknownLabelError, match=f"shape of vessels.*--lesion-codes {tumour}$"):
        read(map_)
    found = read(map_, wanted=(tumour,))
    assert voxels(C) == parts_of(found)
    assert ids(found) == ["lesion_codes_chosen"]


def test_one_code_like_vessels__is_said():
    assert ids(read(coded((1, VESSEL)))) == ["lesions_vessel_like"]
    assert "lesions_vessel_like" in ids(read(coded((1, VESSEL), (2, C)), MasksPreset.BINARY))


def test_the_liver_among_the_lesions__is_refused_and_the_way_out_works():
    map_ = coded((1, LIVER), (2, A | B))
    with pytest.raises(UnknownLabelError, match=r"holds? the liver too.*--lesion-codes 2$"):
        read(map_)
    assert voxels(A, B) == parts_of(read(map_, wanted=(2,)))


def test_the_liver_among_the_lesions__where_the_liver_map_differs():
    map_ = coded((1, ball((30, 25, 20), 16)), (2, A))
    with pytest.raises(UnknownLabelError, match="the liver too"):
        read(map_)


def test_without_a_known_liver__nothing_is_held_against_it():
    map_ = coded((1, LIVER), (2, A))
    assert voxels(LIVER) == parts_of(read(map_, liver=None))


def test_wanted_codes__that_are_not_there():
    with pytest.raises(UnknownLabelError, match=r"names \[7\]"):
        read(coded((1, A)), wanted=(7,))


HIGH = [((1, 201), True), ((1, 2), False), ((255,), False)]


@pytest.mark.parametrize(("codes", "expected"), HIGH)
def test_high_codes__are_said(codes, expected):
    map_ = coded(*zip(codes, (A, B), strict=False))
    assert ("lesion_codes_many" in ids(read(map_))) == expected
