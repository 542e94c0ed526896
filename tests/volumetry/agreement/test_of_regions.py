"""Structures of two maps, each looked at within its own box only."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from remnant.core.agreement import EvaluationSettings
from remnant.core.boxes import NOWHERE
from remnant.core.geometry import Geometry
from remnant.core.labels import INSTANCE_SCHEME
from remnant.core.reasons import Cause, causes_of
from remnant.core.volumes import LabelMap
from remnant.testing.strategies import label_maps
from volumetry.agreement.of_case import compare_masks
from volumetry.agreement.of_regions import (
    Region,
    burden_of,
    code_boxes,
    compare_lesions,
    compare_structures,
    regions_box,
)

SHAPE = (7, 8, 9)
GRID = Geometry(SHAPE, np.diag([1.0, 2.0, 3.0, 1.0]))
SETTINGS = EvaluationSettings(
    tolerance_mm=2.0, match_iou=0.5, prediction_coding="labels", truth_coding="labels"
)


def region(codes, *wanted, instances=False):
    labels = LabelMap(np.asarray(codes, dtype=np.uint8), GRID, INSTANCE_SCHEME)
    return Region(labels, code_boxes(labels), frozenset(wanted), instances=instances)


def codes_at(**places):
    """Codes ``c<number>`` at single voxels."""
    codes = np.zeros(SHAPE, dtype=np.uint8)
    for name, index in places.items():
        codes[index] = int(name[1:])
    return codes


@given(label_maps(scheme=INSTANCE_SCHEME), st.sampled_from("CF"))
def test_boxes__are_the_smallest_in_every_memory_order(labels, order):
    stored = LabelMap(np.array(labels.codes, order=order), labels.geometry, INSTANCE_SCHEME)
    boxes = code_boxes(stored)

    assert int(labels.codes.max()) == len(boxes)
    for code, box in enumerate(boxes, start=1):
        places = np.argwhere(labels.codes == code)
        if box is None:
            assert 0 == len(places)
        else:
            assert [s.start for s in box] == places.min(axis=0).tolist()
            assert [s.stop for s in box] == (places.max(axis=0) + 1).tolist()


def test_regions_box__holds_all_codes_of_all_regions():
    one = region(codes_at(c1=(1, 2, 3), c2=(4, 4, 4), c3=(0, 0, 0)), 1, 2)
    other = region(codes_at(c9=(6, 1, 3)), 9)

    assert (slice(1, 7), slice(1, 5), slice(3, 5)) == regions_box(one, other)
    assert NOWHERE == regions_box(region(codes_at(), 1))
    assert NOWHERE == regions_box(region(codes_at(c1=(1, 2, 3)), 7))


def test_mask__holds_the_wanted_codes_and_no_other():
    whole = (slice(None),) * 3
    found = region(
        codes_at(c1=(1, 2, 3), c2=(4, 4, 4), c3=(0, 0, 0), c255=(6, 7, 8)), 1, 3, 255, 300
    )

    assert [[0, 0, 0], [1, 2, 3], [6, 7, 8]] == np.argwhere(found.mask(whole)).tolist()


def test_numbers__are_codes_of_instances_or_connected_groups():
    codes = codes_at(c5=(1, 2, 3), c7=(1, 2, 4), c9=(5, 5, 5))
    whole = (slice(None),) * 3

    assert [5, 9] == np.unique(region(codes, 5, 9, instances=True).numbers(whole))[1:].tolist()
    assert [1, 2] == np.unique(region(codes, 5, 7, 9).numbers(whole))[1:].tolist()


@given(st.integers(0, 2**32 - 1))
def test_structures__are_compared_as_whole_maps_would_be(seed):
    rng = np.random.default_rng(seed)
    a, b = (rng.choice([0, 0, 0, 1, 2, 3], size=SHAPE) for _ in range(2))
    prediction = {"x": region(a, 1, 3), "extra": region(a, 2)}
    truth = {"x": region(b, 1, 3), "y": region(b, 2)}
    one, other = compare_structures(prediction, truth, GRID, SETTINGS)
    masks = np.isin(a, (1, 3)), np.isin(b, (1, 3))

    assert compare_masks(*masks, GRID, structure="x", tolerance_mm=2.0) == one
    assert ("y", None) == (other.structure, other.dice.value)
    assert (Cause.NOT_PREDICTED,) == causes_of(other.truth_ml.reasons)


def test_lesions_and_burden__need_the_maps_of_both_sides():
    codes = codes_at(c1=(1, 2, 3), c2=(1, 2, 4))
    both = {"liver": region(codes, 1, 2), "lesions": region(codes, 2)}
    liver = {"liver": region(codes, 1, 2)}

    assert compare_lesions(both, liver, GRID, SETTINGS) is None
    assert compare_lesions(liver, both, GRID, SETTINGS) is None
    assert burden_of(liver, both) is None
    assert 1 == len(compare_lesions(both, both, GRID, SETTINGS))
    assert 0.5 == burden_of(both, both).truth_fraction.value
