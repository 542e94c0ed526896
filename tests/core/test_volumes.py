import numpy as np
import pytest
from hypothesis import given

from remnant.core.boxes import filled_box
from remnant.core.errors import InputError, UnknownLabelError
from remnant.core.geometry import Geometry
from remnant.core.labels import (
    BINARY_SCHEME,
    COUINAUD_SCHEME,
    INSTANCE_SCHEME,
    STRUCTURE_SCHEME,
)
from remnant.core.volumes import ImageVolume, LabelMap, Modality, Phase
from remnant.testing.strategies import label_maps

GRID = Geometry((7, 8, 9), np.eye(4))


def codes(value=0, dtype=np.uint8):
    return np.full(GRID.shape, value, dtype=dtype)


@pytest.mark.parametrize("dtype", [np.int16, np.uint8, np.float32, np.float64])
def test_image__takes_real_numbers(dtype):
    image = ImageVolume(np.zeros(GRID.shape, dtype=dtype), GRID, Modality.CT)

    assert dtype == image.voxels.dtype
    assert Phase.UNKNOWN is image.phase


@pytest.mark.parametrize("dtype", [bool, complex, object])
def test_image__refuses_other_numbers(dtype):
    with pytest.raises(InputError, match="real numbers"):
        ImageVolume(np.zeros(GRID.shape, dtype=dtype), GRID, Modality.CT)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_image__refuses_what_is_not_finite(value):
    voxels = np.zeros(GRID.shape, dtype=np.float32)
    voxels[6, 7, 8] = value

    with pytest.raises(InputError, match="not finite"):
        ImageVolume(voxels, GRID, Modality.MR)


@pytest.mark.parametrize("shape", [(9, 8, 7), (7, 8), (7, 8, 9, 1)])
def test_image_and_labels__refuse_other_shapes(shape):
    with pytest.raises(InputError, match="on a grid of shape"):
        ImageVolume(np.zeros(shape), GRID, Modality.CT)
    with pytest.raises(InputError, match="on a grid of shape"):
        LabelMap(np.zeros(shape, dtype=np.uint8), GRID, BINARY_SCHEME)


def test_image_and_labels__are_read_only_and_not_copied():
    voxels, mask = np.zeros(GRID.shape), codes()
    image, labels = ImageVolume(voxels, GRID, Modality.CT), LabelMap(mask, GRID, BINARY_SCHEME)

    assert np.shares_memory(voxels, image.voxels)
    assert np.shares_memory(mask, labels.codes)
    with pytest.raises(ValueError, match="read-only"):
        image.voxels[0, 0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        labels.codes[0, 0, 0] = 1
    assert voxels.flags.writeable


@pytest.mark.parametrize("dtype", [np.int16, np.float32, bool, np.uint32, np.int8])
def test_labels__refuse_other_codes(dtype):
    with pytest.raises(InputError, match="uint8 or uint16"):
        LabelMap(codes(dtype=dtype), GRID, BINARY_SCHEME)


@pytest.mark.parametrize(
    ("scheme", "highest"), [(BINARY_SCHEME, 1), (STRUCTURE_SCHEME, 4), (COUINAUD_SCHEME, 8)]
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_labels__know_their_codes(scheme, highest, dtype):
    LabelMap(codes(highest, dtype), GRID, scheme)
    one_too_high = codes(0, dtype)
    one_too_high[3, 4, 5] = highest + 1

    with pytest.raises(UnknownLabelError, match=rf"{scheme.name}.*\[{highest + 1}\].*allowed"):
        LabelMap(one_too_high, GRID, scheme)


def test_labels__instances_are_open_ended():
    labels = LabelMap(codes(65535, np.uint16), GRID, INSTANCE_SCHEME)

    assert labels.mask().all()


def test_mask__any_foreground_or_the_codes_asked_for():
    array = codes()
    array[0], array[1], array[2] = 1, 2, 3
    labels = LabelMap(array, GRID, STRUCTURE_SCHEME)

    assert labels.mask().sum() == 3 * 72
    assert labels.mask(2).sum() == 72
    assert labels.mask(1, 3).sum() == 2 * 72
    assert labels.mask(4).sum() == 0
    assert labels.mask(0).sum() == 4 * 72


@given(labels=label_maps())
def test_mask__parts_make_the_whole(labels):
    parts = sum(int(labels.mask(label.code).sum()) for label in labels.scheme.labels)

    assert parts == labels.mask().sum()
    assert labels.codes.size == parts + labels.mask(0).sum()


@given(label_maps())
def test_labels__box_and_codes_are_those_of_the_array(labels):
    assert filled_box(labels.codes) == labels.box() == labels.box()
    assert set(np.unique(labels.codes).tolist()) == labels.present() == labels.present()


@pytest.mark.parametrize("order", ["C", "F"])
def test_mask__lies_in_memory_as_the_map_does(order):
    mixed = np.zeros(GRID.shape, np.uint8, order=order)
    mixed[2:5, 1:7, 3] = 1, 2, 1, 3, 1, 2
    labels = LabelMap(mixed, GRID, STRUCTURE_SCHEME)
    for chosen in ((), (2,), (1, 3)):
        found = labels.mask(*chosen)
        np.testing.assert_array_equal(np.isin(mixed, chosen or (1, 2, 3)), found)
        assert found.flags.f_contiguous == (order == "F")


def test_mask__of_a_binary_map_is_the_map_itself_and_read_only():
    ones = np.zeros(GRID.shape, np.uint8)
    ones[1, 2, 3] = 1
    found = LabelMap(ones, GRID, BINARY_SCHEME).mask()

    assert np.shares_memory(ones, found)
    assert 1 == np.count_nonzero(found)
    with pytest.raises(ValueError, match="read-only"):
        found[0, 0, 0] = True


def test_binary__of_codes_and_of_a_map_that_is_one():
    mixed = codes()
    mixed[2:5, 1, 3] = 1, 2, 3
    labels = LabelMap(mixed, GRID, STRUCTURE_SCHEME)
    ones = LabelMap((mixed > 0).astype(np.uint8), GRID, INSTANCE_SCHEME)

    assert 3 == labels.binary().codes.sum()
    assert 2 == labels.binary(1, 3).codes.sum()
    assert {BINARY_SCHEME} == {labels.binary(2).scheme, ones.binary().scheme}
    assert np.shares_memory(ones.codes, ones.binary(1, 255).codes)
    assert not ones.binary(255).codes.any()
