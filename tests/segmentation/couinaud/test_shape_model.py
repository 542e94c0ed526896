"""The shipped segment model: what it promises on any liver, and how well it does on real ones."""

import json
from dataclasses import replace
from math import pi, sqrt

import numpy as np
import pytest
import torch

from models import registry
from models.networks.couinaud_shape import FRAME_SHAPE, frame_points
from remnant.core.errors import EmptyStructureError, InputError, ModelIntegrityError
from remnant.core.findings import Verdict
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, COUINAUD_SCHEME, CouinaudSegment
from remnant.core.reasons import Cause
from remnant.core.uncertainty import LARGEST_BORDER_MM, SegmentPlane
from remnant.core.volumes import LabelMap
from remnant.io.nifti import read_labels
from remnant.testing.phantoms import liver_phantom
from segmentation.couinaud.liver_shape import LiverShape, liver_shape
from segmentation.couinaud.shape_model import (
    LOGISTIC_SD,
    ShapeDivider,
    divided_liver,
    plane_sds_mm,
    read_calibration,
    segments_on_grid,
)
from segmentation.couinaud.sides import SIDES
from segmentation.training.damage import RESECTIONS, resected
from segmentation.training.scores import mean_dice_of_present, score

UNSCALED = dict.fromkeys(SegmentPlane, 1.0)
HELD_BACK = (2, 58, 107, 114)
"""Livers of the test split: never trained on, never looked at in training."""


@pytest.fixture(scope="module")
def divider():
    return ShapeDivider(device="cpu")


@pytest.fixture(scope="module")
def phantom():
    return liver_phantom(metastases=0)


@pytest.fixture(scope="module")
def divided(divider, phantom):
    return divider.divide(phantom.liver_mask)


def test_divide__every_liver_voxel_and_no_other_gets_a_segment(divided, phantom):
    assert (phantom.liver_mask.mask() == divided.couinaud.mask()).all()
    assert divided.couinaud.scheme == COUINAUD_SCHEME
    assert divided.couinaud.geometry.same_grid(phantom.geometry)


def test_divide__says_what_it_used_and_how_far_planes_may_be_off(divided):
    assert ["couinaud-shape"] == [use.id for use in divided.models]
    assert divided.device == "cpu"
    assert set(SegmentPlane) == set(divided.segment_plane_mm)
    assert all(0.5 < sd <= LARGEST_BORDER_MM for sd in divided.segment_plane_mm.values())
    assert ["couinaud_shape_familiar", "couinaud_model_certain"] == [f.id for f in divided.quality]


def test_divide__is_the_same_twice(divider, divided, phantom):
    again = divider.divide(phantom.liver_mask)

    assert (divided.couinaud.codes == again.couinaud.codes).all()
    assert divided.segment_plane_mm == again.segment_plane_mm


@pytest.mark.parametrize("flipped", [(0,), (1, 2)])
def test_divide__does_not_depend_on_how_the_axes_are_stored(divider, divided, phantom, flipped):
    codes = np.flip(phantom.liver_mask.codes.transpose(2, 0, 1), flipped)
    affine_ras = phantom.geometry.affine_ras @ np.eye(4)[:, [2, 0, 1, 3]]
    for axis in flipped:
        affine_ras[:3, 3] += affine_ras[:3, axis] * (codes.shape[axis] - 1)
        affine_ras[:3, axis] *= -1
    turned = LabelMap(np.asfortranarray(codes), Geometry(codes.shape, affine_ras), BINARY_SCHEME)

    found = np.flip(divider.divide(turned).couinaud.codes, flipped).transpose(1, 2, 0)

    liver = phantom.liver_mask.mask()
    assert (found == divided.couinaud.codes)[liver].mean() > 0.99


def test_divide__moved_liver_moves_its_segments(divider, divided, phantom):
    affine_ras = phantom.geometry.affine_ras.copy()
    affine_ras[:3, 3] += (70.0, -40.0, 25.0)
    grid = Geometry(phantom.geometry.shape, affine_ras)

    found = divider.divide(LabelMap(phantom.liver_mask.codes, grid, BINARY_SCHEME))

    liver = phantom.liver_mask.mask()
    assert (found.couinaud.codes == divided.couinaud.codes)[liver].mean() > 0.999


def test_divide__a_flat_body_is_called_unlike(divider):
    grid = Geometry((80, 60, 12), np.diag((3.0, 3.0, 3.0, 1.0)))
    slab = LabelMap(np.ones(grid.shape, np.uint8), grid, BINARY_SCHEME)

    found = divider.divide(slab)

    familiar = next(f for f in found.quality if f.id == "couinaud_shape_familiar")
    assert familiar.verdict is Verdict.NOT_MET


def test_divide__no_liver_is_refused(divider):
    grid = Geometry((7, 8, 9), np.eye(4))
    with pytest.raises(EmptyStructureError):
        divider.divide(LabelMap(np.zeros(grid.shape, np.uint8), grid, BINARY_SCHEME))


def test_divider__unknown_device_is_refused():
    with pytest.raises(InputError, match="tpu"):
        ShapeDivider(device="tpu")


def test_segments_on_grid__takes_the_likeliest_at_each_voxel():
    grid = Geometry((40, 41, 42), np.diag((3.0, 3.0, 3.0, 1.0)))
    points = grid.ras_from_index(np.stack(np.indices(grid.shape), -1))
    codes = (np.linalg.norm(points - 60.0, axis=-1) < 55.0).astype(np.uint8)
    liver = LabelMap(np.asfortranarray(codes), grid, BINARY_SCHEME)
    shape = liver_shape(liver)
    logits = torch.zeros(8, *FRAME_SHAPE)
    logits[1] = frame_points()[..., 0]  # II wins right of the centre, all else ties at I or below

    found = segments_on_grid(logits, shape, liver)

    right = points[..., 0] > shape.centre_mm[0]
    assert (found.codes[right & (codes > 0)] == 2).all()
    assert (found.codes[~right & (codes > 0)] == 1).all()


def flat_shape(scale=1.0):
    """Return a box of liver that fills the frame, so that borders are planes."""
    grid = Geometry((9, 9, 9), np.diag((100.0, 100.0, 100.0, 1.0)))
    return LiverShape(np.full((9, 9, 9), 50.0, np.float32), grid, np.full(3, 400.0), scale)


def logistic_halves(plane, width_mm):
    one, other = SIDES[plane]
    p = torch.sigmoid(frame_points()[..., 0] / width_mm)
    probabilities = torch.zeros(8, *FRAME_SHAPE)
    for s in one:
        probabilities[s - 1] = p / len(one)
    for s in other:
        probabilities[s - 1] = (1 - p) / len(other)
    return probabilities


@pytest.mark.parametrize("plane", list(SegmentPlane))
def test_plane_sds__are_those_of_a_logistic_profile(plane):
    width_mm = 7.0

    found = plane_sds_mm(logistic_halves(plane, width_mm), flat_shape(), UNSCALED)

    assert pytest.approx(pi / sqrt(3)) == LOGISTIC_SD
    assert pytest.approx(width_mm * pi / sqrt(3), rel=0.05) == found[plane]


def test_plane_sds__scale_with_the_liver_and_the_calibration():
    narrow = logistic_halves(SegmentPlane.MAIN, 3.0)
    one = plane_sds_mm(narrow, flat_shape(), UNSCALED)[SegmentPlane.MAIN]

    large = plane_sds_mm(narrow, flat_shape(1.3), UNSCALED)[SegmentPlane.MAIN]
    half = plane_sds_mm(narrow, flat_shape(), dict.fromkeys(SegmentPlane, 0.5))[SegmentPlane.MAIN]

    assert pytest.approx(1.3 * one) == large
    assert pytest.approx(0.5 * one) == half


def test_plane_sds__no_border_is_no_error():
    whole = torch.zeros(8, *FRAME_SHAPE)
    whole[4] = 1.0
    endless = dict.fromkeys(SegmentPlane, float("inf"))

    assert plane_sds_mm(whole, flat_shape(), UNSCALED)[SegmentPlane.UMBILICAL] == 0.0
    assert plane_sds_mm(whole, flat_shape(), endless)[SegmentPlane.UMBILICAL] == 0.0


def test_plane_sds__never_exceed_the_largest_that_is_allowed():
    wide = logistic_halves(SegmentPlane.MAIN, 9.0)
    endless = dict.fromkeys(SegmentPlane, float("inf"))

    assert LARGEST_BORDER_MM == plane_sds_mm(wide, flat_shape(), endless)[SegmentPlane.MAIN]


def test_divide__what_is_left_of_a_right_hemihepatectomy_is_called_hopeless(divider, shared):
    annotated = read_labels(shared / "data/couinaud/lits_058.nii.gz", COUINAUD_SCHEME)

    found = divider.divide(resected(annotated, RESECTIONS["right hemiliver resected"]))

    certain = next(f for f in found.quality if f.id == "couinaud_model_certain")
    assert Cause.SEGMENTS_NOT_USED in [one.cause for one in certain.reasons]
    assert LARGEST_BORDER_MM == found.segment_plane_mm[SegmentPlane.MAIN]
    assert Cause.LIVER_UNFAMILIAR is found.unusable.cause
    assert divider.divide(annotated).unusable is None


def test_divide__what_is_left_without_the_left_hemiliver_is_divided(divider, shared):
    annotated = read_labels(shared / "data/couinaud/lits_058.nii.gz", COUINAUD_SCHEME)
    left = resected(annotated, RESECTIONS["II, III and IV resected"])

    found = divider.divide(left)

    familiar = next(f for f in found.quality if f.id == "couinaud_shape_familiar")
    assert familiar.verdict is Verdict.NOT_MET
    assert found.unusable is None
    assert mean_dice_of_present(score(58, found.couinaud.codes, left.codes), left.codes) > 0.75


def test_divided_liver__an_unlike_liver_without_any_certainty_must_not_be_used(phantom):
    shape = liver_shape(phantom.liver_mask)
    known = replace(read_calibration(), farthest=0.0)

    found = divided_liver(torch.zeros(8, *FRAME_SHAPE), shape, phantom.liver_mask, known)

    certain = next(f for f in found.quality if f.id == "couinaud_model_certain")
    assert Cause.SEGMENTS_NOT_USED in [one.cause for one in certain.reasons]
    assert Cause.LIVER_UNFAMILIAR is found.unusable.cause
    assert all(sd in (0.0, LARGEST_BORDER_MM) for sd in found.segment_plane_mm.values())


def test_calibration__is_of_all_planes_and_plausible():
    known = read_calibration()

    assert set(SegmentPlane) == set(known.plane_scale)
    assert 0.3 < known.temperature < 5
    assert 1 / 8 < known.least_certain < 1
    assert known.feature_inverse_covariance.shape == (known.feature_mean.size,) * 2


def test_calibration__chooses_the_scale_by_shape_and_certainty():
    known = read_calibration()
    near, far = known.farthest, known.farthest + 0.1
    sure, unsure = known.least_certain, known.least_certain - 0.001

    assert known.scale_for(distance=near, sure=unsure) is known.plane_scale
    assert known.scale_for(distance=far, sure=sure) is known.unfamiliar_plane_scale
    assert known.scale_for(distance=far, sure=unsure) is known.lost_plane_scale
    hopeless = known.scale_for(distance=far, sure=known.hopeless - 0.01)
    assert set(hopeless.values()) == {float("inf")}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda known: known | {"weights_sha256": "0" * 64}, "other weights"),
        (lambda known: known | {"plane_scale": {}}, "cannot be read"),
        (lambda _: {}, "cannot be read"),
        (None, "cannot be read"),
    ],
    ids=["other weights", "no planes", "empty", "missing"],
)
def test_calibration__damaged_or_of_other_weights_is_refused(
    tmp_path, monkeypatch, change, message
):
    original = registry.bundle_folder("couinaud-shape") / "configs" / "calibration.json"
    (tmp_path / "configs").mkdir()
    if change is not None:
        known = change(json.loads(original.read_text("utf-8")))
        (tmp_path / "configs" / "calibration.json").write_text(json.dumps(known), "utf-8")
    monkeypatch.setattr(registry, "bundle_folder", lambda _: tmp_path)
    read_calibration.cache_clear()
    try:
        with pytest.raises(ModelIntegrityError, match=message):
            read_calibration()
    finally:
        read_calibration.cache_clear()


@pytest.mark.parametrize("patient", HELD_BACK)
def test_accuracy__of_livers_held_back(divider, shared, patient):
    annotated = read_labels(shared / f"data/couinaud/lits_{patient:03d}.nii.gz", COUINAUD_SCHEME)

    found = divider.divide(annotated)

    scores = score(patient, found.couinaud.codes, annotated.codes)
    assert np.mean(scores.dice) > 0.78
    assert len(CouinaudSegment) == len(scores.dice)
