"""Training of the shape network: split, views, loss, scores, and that it can go on."""

import csv
import json
from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.networks.couinaud_shape import FRAME_SHAPE, CouinaudShapeNetwork, frame_points
from remnant.core.errors import InputError, UnknownLabelError
from remnant.core.geometry import Geometry
from remnant.core.labels import COUINAUD_SCHEME, CouinaudSegment
from remnant.core.uncertainty import SegmentBorder, SegmentPlane
from remnant.core.volumes import LabelMap
from remnant.io.nifti import write_labels
from remnant.testing.phantoms import liver_phantom
from segmentation.couinaud.sides import SIDES
from segmentation.training import couinaud_shape as training
from segmentation.training.augment import (
    _behind,
    _random_cut,
    plain_view,
    random_matrix,
    random_view,
)
from segmentation.training.calibrate import best_temperature
from segmentation.training.damage import RESECTIONS, SCAN_CUTS, damaged, resected
from segmentation.training.groups import group_by_shape
from segmentation.training.livers import annotated_liver, find_livers, split_patients
from segmentation.training.plane_errors import (
    PlaneErrors,
    elsewhere_mm,
    scales_of,
    typical_spreads_mm,
)
from segmentation.training.produce import blended, default_recipe, produce, rounded
from segmentation.training.scores import (
    border_pairs,
    mean_scores,
    plane_shift_mm,
    projected_area_mm2,
    score,
)
from segmentation.training.training_recipe import read_recipe
from volumetry.uncertainty.joint_draws import plane_of

GRID = Geometry((60, 50, 40), np.diag((4.0, 4.0, 5.0, 1.0)))


@pytest.fixture(scope="module")
def recipe():
    """The shipped recipe, but few steps and one liver in each."""
    return replace(
        read_recipe(default_recipe()), iterations=4, batch=1, validation_patients=1,
        test_patients=1,
    )  # fmt: skip


@pytest.fixture(scope="module")
def liver():
    phantom = liver_phantom(metastases=0, scale=0.9)
    return annotated_liver(1, phantom.couinaud)


@pytest.fixture(scope="module")
def livers(liver):
    other = liver_phantom(metastases=0, scale=1.05)
    return [liver, annotated_liver(2, other.couinaud)]


def halves(at):
    """Return a box of IV (below ``at`` along R) and V."""
    codes = np.zeros((20, 12, 10), np.uint8)
    codes[1:-1, 1:-1, 1:-1] = 5
    codes[1:at, 1:-1, 1:-1] = 4
    return codes


@given(patients=st.sets(st.integers(0, 500), min_size=20, max_size=60), seed=st.integers(0, 9))
def test_split__every_patient_is_in_one_part_only(patients, seed):
    split = split_patients(sorted(patients), seed=seed, validation=3, test=5)

    parts = (split.train, split.validation, split.test)
    assert sorted(patients) == sorted(p for part in parts for p in part)
    assert [3, 5] == [len(split.validation), len(split.test)]
    assert split == split_patients(sorted(patients)[::-1], seed=seed, validation=3, test=5)


def test_split__too_few_are_refused():
    with pytest.raises(InputError, match="at least 8"):
        split_patients(range(10), seed=0, validation=2, test=2)


def test_recipe__never_trains_on_the_test_case_of_elsewhere():
    assert 117 in read_recipe(default_recipe()).excluded_patients


def test_recipe__unknown_and_missing_entries_are_named(tmp_path):
    text = default_recipe().read_text("utf-8")
    path = tmp_path / "train.toml"
    path.write_text(text.replace("warm_up", "warmup"), "utf-8")
    with pytest.raises(InputError, match="warm_up, warmup"):
        read_recipe(path)
    path.write_text("seed = = 3", "utf-8")
    with pytest.raises(InputError, match="cannot be read"):
        read_recipe(path)


def test_find_livers__excluded_and_doubled(tmp_path):
    for name in ("a_007.nii.gz", "a_117.nii.gz", "notes.nii.gz"):
        (tmp_path / name).touch()
    assert [7] == list(find_livers(tmp_path, excluded=(117,)))
    (tmp_path / "b_007.nii.gz").touch()
    with pytest.raises(InputError, match="two maps of patient 7"):
        find_livers(tmp_path)
    with pytest.raises(InputError, match="no folder"):
        find_livers(tmp_path / "absent")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no Couinaud maps"):
        find_livers(tmp_path / "empty")


def test_annotated_liver__codes_reach_beyond_the_liver(liver):
    assert set(range(1, 9)) == set(np.unique(liver.codes))
    inside = liver.shape.distance_mm > 2.5
    total = np.bincount(liver.annotated.codes[liver.annotated.codes > 0], minlength=9)
    found = np.bincount(liver.codes[inside], minlength=9)
    assert np.abs(found / found.sum() - total / total.sum()).max() < 0.02


def test_random_matrix__keeps_handedness(recipe):
    for seed in range(50):
        assert np.linalg.det(random_matrix(recipe, np.random.default_rng(seed))) > 0.3


def test_random_view__is_decided_by_its_seed_and_keeps_the_liver(liver, recipe):
    uncut = replace(recipe, cut_probability=0.0)

    one, same, other = (
        random_view(liver, uncut, np.random.default_rng(seed)) for seed in (3, 3, 4)
    )

    assert torch.equal(one.distance_mm, same.distance_mm)
    assert torch.equal(one.codes, same.codes)
    assert not torch.equal(one.codes, other.codes)
    plain = float(plain_view(liver).inside.sum())
    assert 0.5 < float(one.inside.sum()) / plain < 2.0
    assert set(one.codes.unique().tolist()) <= set(range(1, 9))


@pytest.fixture(scope="module")
def still(recipe):
    """A recipe whose views are neither moved nor bent, cut nor resected."""
    return replace(
        recipe, rotation_radians=0.0, stretch_log=0.0, shear=0.0, scale_log=0.0, shift_mm=0.0,
        elastic_mm=0.0, cut_probability=0.0, resection_probability=0.0,
    )  # fmt: skip


def test_random_view__without_any_change_is_the_plain_one(liver, still):
    found = random_view(liver, still, np.random.default_rng(0))

    plain = plain_view(liver)
    assert float((found.distance_mm - plain.distance_mm).abs().max()) < 1.0
    assert float((found.codes == plain.codes).float().mean()) > 0.98


@pytest.mark.parametrize("change", ["cut_probability", "resection_probability"])
def test_random_view__what_is_left_is_centred_and_scaled_as_in_use(liver, still, change):
    view = random_view(liver, replace(still, **{change: 1.0}), np.random.default_rng(1))

    inside = view.distance_mm > 0
    assert pytest.approx(1600.0, rel=0.03) == float(inside.sum()) * 0.064
    assert float(frame_points()[inside].mean(0).abs().max()) < 1.0
    shares, whole = (
        torch.bincount(v.codes[v.distance_mm > 0], minlength=9) / (v.distance_mm > 0).sum()
        for v in (view, plain_view(liver))
    )
    assert float((shares - whole).abs().max()) > 0.02


def test_random_view__a_cut_takes_the_share_that_the_recipe_says(liver, still):
    cut = replace(still, cut_quantiles=(0.7, 0.7))
    distance = plain_view(liver).distance_mm

    for seed in range(6):
        plane = _random_cut(distance, cut, np.random.default_rng(seed))
        left = _behind(plane, distance, frame_points()) > 0
        # planes along the axes hit whole layers
        assert abs(float(left.sum() / (distance > 0).sum()) - 0.7) < 0.06


def test_random_view__a_liver_nearly_gone_is_not_cut(still):
    nothing = torch.full(FRAME_SHAPE, -1.0)

    assert () == _random_cut(nothing, still, np.random.default_rng(0))


def test_random_view__resected_is_as_a_resected_liver_in_use(liver, still):
    view = random_view(liver, replace(still, resection_probability=1.0), np.random.default_rng(2))

    inside = view.distance_mm > 0
    left = {int(s) for s in view.codes[inside].unique()}
    gone = next(gone for gone in RESECTIONS.values() if left == set(range(1, 9)) - set(gone))
    used = plain_view(annotated_liver(1, resected(liver.annotated, gone)))
    assert float((used.inside == view.inside).float().mean()) > 0.99


def test_groups__hold_every_liver_once_and_alike_ones_together(liver):
    small = [resected(liver.annotated, RESECTIONS["II, III and IV resected"])]
    livers = [
        annotated_liver(number, replace(labels, codes=np.roll(labels.codes, number % 3, axis=0)))
        for number, labels in enumerate([liver.annotated] * 6 + small * 3)
    ]

    assert [[0, 1, 2, 3, 4, 5], [6, 7, 8]] == group_by_shape(livers, 2)


def test_loss__perfect_and_hopeless():
    codes = torch.ones(1, 4, 4, 4, dtype=torch.long)
    inside = torch.ones(1, 4, 4, 4)
    sure = torch.full((1, 8, 4, 4, 4), -30.0)
    sure[:, 0] = 30.0

    # seven segments that nobody has and nobody finds count as right
    assert pytest.approx(0.0, abs=1e-5) == float(training.loss_of(sure, codes, inside))
    # each voxel's cross-entropy is 60; segments I and II share nothing
    wrong = float(training.loss_of(sure, codes + 1, inside))
    assert pytest.approx(60.0 + 2 / 8, abs=0.02) == wrong


def test_loss__what_lies_outside_does_not_count():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(1, 8, 4, 4, 4, generator=generator)
    codes = torch.randint(1, 9, (1, 4, 4, 4), generator=generator)
    inside = torch.zeros(1, 4, 4, 4)
    inside[:, :2] = 1.0
    changed = logits.clone()
    changed[:, :, 2:] += 5.0 * torch.randn(1, 8, 2, 4, 4, generator=generator)

    assert torch.equal(
        training.loss_of(logits, codes, inside), training.loss_of(changed, codes, inside)
    )


def test_learning_rate__rises_and_falls_to_nothing(recipe):
    long = replace(recipe, iterations=1000, warm_up=50)
    rates = [training.learning_rate(i, long) for i in range(1000)]

    assert all(a < b for a, b in pairwise(rates[:49]))
    assert all(a > b for a, b in pairwise(rates[60:]))
    assert rates[-1] < 1e-4 * long.learning_rate


@given(count=st.integers(1, 9), batch=st.integers(1, 3))
def test_patients__every_liver_comes_once_a_round(count, batch):
    recipe = replace(read_recipe(default_recipe()), batch=batch)
    drawn = [p for i in range(count) for p in training.patients_of(i, count, recipe)]

    for start in range(0, count * batch, count):
        assert sorted(drawn[start : start + count]) == list(range(count))


def test_train__gone_on_with_gives_the_same_weights(livers, recipe, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "CHECK_EVERY", 2)
    straight = training.train(livers, livers[:1], recipe, folder=tmp_path / "straight")

    def stop(_stage, done, _total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training.train(livers, livers[:1], recipe, folder=tmp_path / "broken", progress=stop)
    resumed = training.train(livers, livers[:1], recipe, folder=tmp_path / "broken")

    for one, other in zip(straight.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)
    curves = [(tmp_path / n / training.CURVE).read_text("utf-8") for n in ("straight", "broken")]
    assert curves[0].splitlines()[0] + "\n" == training.CURVE_HEADER
    assert ["2", "4"] == [row.split(",")[0] for row in curves[1].splitlines()[1:]]
    with pytest.raises(InputError, match="other livers"):
        training.train(livers[::-1], livers[:1], recipe, folder=tmp_path / "broken")
    with pytest.raises(InputError, match="another recipe or from other livers"):
        training.train(livers, livers[:1], replace(recipe, seed=1), folder=tmp_path / "broken")


def test_train__learns(livers, recipe, tmp_path):
    before = training.mean_dice(training._fresh(recipe).network.eval(), livers[:1])
    longer = replace(recipe, iterations=12, warm_up=2, cut_probability=0.0, average=0.5)

    network = training.train(livers, livers[:1], longer, folder=tmp_path)

    assert training.mean_dice(network, livers[:1]) > before + 0.05


def test_blended__lies_between_start_and_trained(tmp_path):
    start, trained = (CouinaudShapeNetwork() for _ in range(2))
    rounded(start, tmp_path / "start.safetensors")

    found = blended(trained, tmp_path / "start.safetensors", 0.25)

    for one, other, mean in zip(
        start.parameters(), trained.parameters(), found.parameters(), strict=True
    ):
        assert torch.allclose(0.25 * one + 0.75 * other, mean, atol=1e-3)


def test_train__starts_from_given_weights(livers, recipe, tmp_path):
    start = CouinaudShapeNetwork()
    rounded(start, tmp_path / "start.safetensors")
    slow = replace(recipe, iterations=1, learning_rate=1e-9)

    folder = tmp_path / "out"
    found = training.train(
        livers, livers[:1], slow, folder=folder, start=tmp_path / "start.safetensors"
    )

    for one, other in zip(start.parameters(), found.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-3)
    with pytest.raises(InputError, match="another recipe"):
        training.train(livers, livers[:1], slow, folder=folder)


def test_produce__writes_weights_calibration_and_scores(tmp_path, recipe):
    data = tmp_path / "maps"
    data.mkdir()
    for number in range(12):
        couinaud = liver_phantom(metastases=0, scale=0.5 + 0.02 * number).couinaud
        write_labels(couinaud, data / f"liver_{number:03d}.nii.gz")
    text = default_recipe().read_text("utf-8")
    for name, value in (
        ("first_iterations", 1),
        ("iterations", 1),
        ("batch", 1),
        ("groups", 2),
        ("group_iterations", 1),
        ("validation_patients", 1),
        ("test_patients", 2),
    ):
        line = next(row for row in text.splitlines() if row.startswith(f"{name} ="))
        text = text.replace(line, f"{name} = {value}")
    (tmp_path / "recipe.toml").write_text(text, "utf-8")

    trained = produce(data, tmp_path / "out", recipe_file=tmp_path / "recipe.toml")

    assert {
        "model.safetensors", "calibration.json", "scores.csv", "checkpoint.pt",
        "learning_curve.csv", "first", "group-1", "group-2",
    } == {p.name for p in (tmp_path / "out").iterdir()}  # fmt: skip
    known = json.loads((tmp_path / "out" / "calibration.json").read_text("utf-8"))
    assert {plane.name.lower() for plane in SegmentPlane} == set(known["plane_scale"])
    with (tmp_path / "out" / "scores.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert ["validation"] + ["test"] * 2 == [row["split"] for row in rows]
    assert set(trained.split.test) == {int(row["patient"]) for row in rows[1:]}


def test_read_livers__other_codes_are_refused(tmp_path):
    from segmentation.training.livers import read_livers

    codes = np.full(GRID.shape, 9, np.uint8)
    labels = LabelMap(codes, GRID, replace(COUINAUD_SCHEME, open_ended=True))
    write_labels(labels, tmp_path / "x_001.nii.gz")
    with pytest.raises(UnknownLabelError):
        read_livers(find_livers(tmp_path))


def test_score__shares_and_dice_of_halves():
    found, true = halves(12), halves(10)

    scores = score(3, found, true)

    lengths = 11, 9, 18
    assert pytest.approx(2 * 9 / (11 + 9)) == scores.dice[CouinaudSegment.IV - 1]
    assert pytest.approx((lengths[0] - lengths[1]) / lengths[2]) == scores.share_errors[1]
    assert pytest.approx(-(lengths[0] - lengths[1]) / lengths[2]) == scores.share_errors[3]
    assert scores.dice[0] == 1.0
    dice, errors = mean_scores([scores, score(4, true, true)])
    assert pytest.approx((1 + 0.9) / 2) == dice[CouinaudSegment.IV - 1]
    assert pytest.approx(1 / 18) == errors[1]


@pytest.mark.parametrize(("at", "voxels"), [(12, 2), (7, -3), (10, 0)])
def test_plane_shift__is_how_far_the_plane_moved(at, voxels):
    found = plane_shift_mm(halves(at), halves(10), SegmentPlane.MAIN, 2.5)

    assert pytest.approx(2.5 * voxels) == found
    assert plane_shift_mm(halves(at), halves(10), SegmentPlane.UMBILICAL, 2.5) is None


def test_plane_shift__counts_what_the_outer_part_gives_to_segments_beyond_its_neighbour():
    annotated = halves(10)  # IV, then V
    annotated[1:4, 1:-1, 1:-1] = 3
    found = annotated.copy()
    found[2:4, 1:-1, 1:-1] = 4
    found[1:3, 1:3, 1:-1] = 1

    area_mm2 = 8 * 8 * 2.5**2  # III touches IV where I does not lie between them
    assert pytest.approx(area_mm2) == projected_area_mm2(
        found, CouinaudSegment.III, CouinaudSegment.IV, 2.5
    )
    lost = np.count_nonzero(annotated == 3) - np.count_nonzero(found == 3)
    assert pytest.approx(-lost * 2.5**3 / area_mm2) == plane_shift_mm(
        found, annotated, SegmentPlane.UMBILICAL, 2.5
    )


def errors(group, shift_mm, spread_mm, planes=tuple(SegmentPlane)):
    return PlaneErrors(1, group, dict.fromkeys(planes, shift_mm), dict.fromkeys(planes, spread_mm))


def test_elsewhere__adds_what_the_mean_of_groups_may_be_off_by_at_typical_spread():
    calm = [errors(1, 3.0, 10.0), errors(1, -3.0, 10.0)]
    # its shifts go with its spreads: 0.6 of 10 mm on the mean
    wild = [errors(2, 0.6 * spread, spread) for spread in (6.0, np.sqrt(164.0))]

    found = elsewhere_mm([*calm, *wild])

    squares = [3.0**2, 6.0**2]
    expected = np.sqrt(np.mean(squares) + np.std(squares, ddof=1) / np.sqrt(2))
    assert pytest.approx(dict.fromkeys(SegmentPlane, expected)) == found
    assert pytest.approx(dict.fromkeys(SegmentPlane, 3.0)) == elsewhere_mm(calm)
    scales = scales_of(found, typical_spreads_mm([errors(0, 1.0, 5.0)]))
    assert pytest.approx({plane.name.lower(): expected / 5.0 for plane in SegmentPlane}) == scales


def test_elsewhere__a_plane_that_nobody_has_is_named():
    most = [plane for plane in SegmentPlane if plane is not SegmentPlane.RIGHT]
    with pytest.raises(InputError, match="plane right;"):
        elsewhere_mm([errors(1, 1.0, 1.0, most)])
    with pytest.raises(InputError, match="plane right;"):
        scales_of(dict.fromkeys(SegmentPlane, 1.0), typical_spreads_mm([errors(1, 1.0, 1.0, most)]))


@pytest.mark.parametrize("plane", list(SegmentPlane))
def test_border_pairs__are_those_that_the_intervals_move(plane):
    pairs = {frozenset(pair) for pair in border_pairs(plane)}

    borders = (
        SegmentBorder(
            first=one, second=other, area_mm2=1.0, first_tumour_mm2=0.0, second_tumour_mm2=0.0
        )
        for one, other in combinations(CouinaudSegment, 2)
    )
    moved = {frozenset((b.first, b.second)) for b in borders if plane_of(b)[0] is plane}
    assert moved == pairs


def test_damage__takes_away_what_it_says(liver):
    found = damaged(liver)

    assert set(RESECTIONS) | set(SCAN_CUTS) == set(found)
    for name, gone in RESECTIONS.items():
        left = set(np.unique(found[name].annotated.codes)) - {0}
        assert set(CouinaudSegment) - set(gone) == left
    heights = {
        name: np.flatnonzero(found[name].annotated.codes.any(axis=(0, 1))) for name in SCAN_CUTS
    }
    whole = np.flatnonzero(liver.annotated.codes.any(axis=(0, 1)))
    top, bottom = (heights[name] for name in SCAN_CUTS)
    assert (top[0], bottom[-1]) == (whole[0], whole[-1])
    assert abs(len(top) - 0.75 * len(whole)) <= 1
    assert abs(len(bottom) - 0.75 * len(whole)) <= 1


def test_projected_area__of_an_oblique_border():
    codes = np.ones((30, 30, 8), np.uint8) * 5
    i, j, _ = np.indices(codes.shape)
    codes[i + j < 30] = 4

    area = projected_area_mm2(codes, CouinaudSegment.IV, CouinaudSegment.V, 2.0)

    # 29 steps each way, 8 high: the hypotenuse of both projections
    assert pytest.approx(np.hypot(29 * 8, 29 * 8) * 4.0) == area


def test_sides__every_pair_of_segments_is_parted_by_a_plane():
    parted = {
        frozenset((one, other))
        for first, second in SIDES.values()
        for one in first
        for other in second
    }

    assert {frozenset(pair) for pair in combinations(CouinaudSegment, 2)} == parted


def test_temperature__finds_that_of_overconfident_logits(liver):
    generator = torch.Generator().manual_seed(1)
    view = plain_view(liver)
    true = torch.nn.functional.one_hot(view.codes - 1, 8).movedim(-1, 0).float()
    # logits whose softmax at temperature 1 is right: noise of scale 1 decides
    gumbel = -torch.log(-torch.log(torch.rand(8, *FRAME_SHAPE, generator=generator)))
    logits = 2.0 * torch.randn(8, *FRAME_SHAPE, generator=generator)
    codes = (logits + gumbel).argmax(0) + 1
    assert true.shape == logits.shape

    found = best_temperature([3.0 * logits], [_with_codes(liver, codes)])

    assert pytest.approx(3.0, rel=0.05) == found


def _with_codes(liver, codes):
    """Return a liver whose plain view shows these codes: sampled back onto its own grid."""
    from models.networks.couinaud_shape import sampled

    i, j, k = np.indices(liver.codes.shape)
    points = liver.shape.grid.ras_from_index(np.stack((i, j, k), -1))
    framed = torch.from_numpy(liver.shape.frame_from_ras(points)).float()
    at = framed / 4.0 + (torch.tensor(FRAME_SHAPE) - 1) / 2
    on_grid = sampled(codes[None].float(), at, nearest=True)[0].numpy().astype(np.uint8)
    return replace(liver, codes=on_grid)
