"""Figures against their limits, and the light that comes of it."""

import json
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest

from remnant.core.findings import Verdict, quality_finding
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, COUINAUD_SCHEME
from remnant.core.quality_light import Light, light_among
from remnant.core.reasons import Cause, first
from remnant.core.volumes import LabelMap, Modality, Phase
from remnant.io.nifti import read_labels
from remnant.testing.corrupted_livers import corrupted_liver
from remnant.testing.painted_ct import painted_scan
from segmentation.engines.findings import LOWEST_AGREEMENT, windows_finding
from segmentation.overlap import dice
from segmentation.quality_control.decision import (
    MOST_UNUSUAL,
    SHAPE_DISTANCE,
    Limit,
    Limits,
    decide,
    known_limits,
)
from segmentation.quality_control.light import NETWORK_FIGURES, figures_of, light_finding

LIMITS = Limits(
    figures={
        "thin": Limit(None, 0.2, 0.1),
        "notches": Limit(None, 0.2, 0.1, only_asks=True),
        "edge_mm": Limit(-3.0, 3.0, 2.0),
    },
    shape_names=("long", "wide"),
    shape_mean=np.array((1.0, 2.0)),
    shape_inverse_covariance=np.eye(2),
    amber=1.0,
    red=3.0,
)


@pytest.mark.parametrize(
    ("value", "excess"), [(0.0, 0.0), (3.0, 0.0), (5.0, 1.0), (-4.0, 0.5), (1e9, MOST_UNUSUAL)]
)
def test_limit__excess(value, excess):
    assert excess == LIMITS.figures["edge_mm"].excess(value)


@pytest.mark.parametrize(
    ("figures", "light"),
    [
        ({"thin": 0.25, "edge_mm": 3.1}, Light.GREEN),
        ({"thin": 0.31, "edge_mm": 0.0}, Light.AMBER),
        ({"thin": 0.0, "edge_mm": -9.1}, Light.RED),
        ({"nobody_knows": 5.0}, Light.GREEN),
        ({"notches": 50.0}, Light.AMBER),
    ],
)
def test_decide__by_the_most_unusual_figure(figures, light):
    assert light is decide(figures, LIMITS).light


def test_decide__names_what_is_unusual_most_so_first():
    decided = decide({"thin": 0.4, "edge_mm": -5.5}, LIMITS)
    assert ["thin", "edge_mm"] == [one.name for one in decided.unusual]
    assert [2.0, 1.25] == pytest.approx([one.excess for one in decided.unusual])
    assert [0.2, -3.0] == [one.limit for one in decided.unusual]


def test_limits__distance_of_whole_livers_only():
    found = LIMITS.with_distance({"long": 4.0, "wide": 6.0})
    assert 5.0 == pytest.approx(found[SHAPE_DISTANCE])
    assert SHAPE_DISTANCE not in LIMITS.with_distance({"long": 4.0})


@pytest.mark.parametrize(
    ("thin", "given", "light"),
    [(0.1, False, Light.GREEN), (0.4, False, Light.AMBER), (0.9, False, Light.RED),
     (0.9, True, Light.AMBER)],
)  # fmt: skip
def test_light_finding(thin, given, light):
    finding = light_finding({"thin": thin}, given=given, limits=LIMITS)
    assert light is light_among((finding,))
    unusual = first(finding.reasons, Cause.UNUSUAL_FIGURE)
    assert (unusual is None) == (light is Light.GREEN)
    assert (first(finding.reasons, Cause.LIGHT_OF_GIVEN) is not None) == (given and thin > 0.5)


def test_light_finding__says_what_was_not_looked_at():
    everything = {"liver_hu": 100.0, "volume_ml": 1500.0, "right_of_middle_mm": 60.0}
    missing = first(light_finding({}, given=False, limits=LIMITS).reasons, Cause.NOT_LOOKED_AT)
    assert missing is not None
    assert {"image", "whole_liver", "body", "networks"} == set(missing.names)
    whole = light_finding({**everything, "confidence": 0.9}, given=False, limits=LIMITS)
    assert () == whole.reasons
    assert () == light_finding(everything, given=True, limits=LIMITS).reasons


def test_known_limits__are_whole_and_say_where_they_are_from():
    text = (files("segmentation.quality_control") / "limits.json").read_text("utf-8")
    document = json.loads(text)
    assert "benchmarks/quality_control.py" in document["made_by"]
    assert 0.0 < document["amber"] < document["red"]
    limits = known_limits()
    assert set(NETWORK_FIGURES.values()) <= limits.figures.keys()
    assert len(limits.shape_names) == len(limits.shape_mean)
    assert all(one.scale > 0 for one in limits.figures.values())


@pytest.fixture(scope="module")
def scan(shared):
    labels = read_labels(shared / "data" / "couinaud" / "lits_080.nii.gz", COUINAUD_SCHEME)
    return painted_scan(labels, phase=Phase.PORTAL, rng=np.random.default_rng(3))


def light_for(liver, image, *, lesions=None, given=False, known=()):
    figures = figures_of(liver, image, lesions=lesions, known=known)
    return light_among((light_finding(figures, given=given),))


def test_light__green_for_the_true_liver_and_red_for_wrong_ones(scan):
    rng = np.random.default_rng(4)
    lesions = LabelMap(scan.lesions.astype(np.uint8), scan.liver.geometry, BINARY_SCHEME)
    assert Light.GREEN is light_for(scan.liver, scan.image, lesions=lesions)
    for kind in ("mask mirrored", "file mirrored", "another organ"):
        wrong = corrupted_liver(scan, kind, rng=rng)
        assert Light.RED is light_for(wrong.liver, wrong.image), kind


def test_light__networks_that_disagree(scan):
    unsure = quality_finding("network_windows_agree", passed=False, value=0.2)
    assert Light.RED is light_for(scan.liver, scan.image, known=(unsure,))


def test_light__of_a_few_voxels_is_that_of_their_volume():
    speck = np.zeros((30, 28, 26), np.uint8)
    speck[14:16, 13:15, 12:14] = 1
    labels = LabelMap(speck, Geometry(speck.shape, np.eye(4)), BINARY_SCHEME)
    assert {"volume_ml"} == figures_of(labels).keys()
    assert Light.AMBER is light_for(labels, None)


def test_light__an_mr_is_judged_by_shape_alone(scan):
    image = replace(scan.image, modality=Modality.MR)
    figures = figures_of(scan.liver, image)
    assert figures_of(scan.liver) == figures
    missing = first(light_finding(figures, given=False).reasons, Cause.NOT_LOOKED_AT)
    assert missing is not None
    assert "image" in missing.names


def test_verdicts__of_lights():
    assert {Verdict.MET, Verdict.UNCERTAIN, Verdict.NOT_MET} == {
        light_finding({"thin": thin}, given=False, limits=LIMITS).verdict
        for thin in (0.0, 0.4, 0.9)
    }


def test_windows_finding__by_the_dice_of_two_masks():
    first, second = np.zeros((2, 4, 5, 6), bool)
    first[:2], second[1:3] = True, True
    assert 0.5 == dice(first, second)
    assert 1.0 == dice(first & False, second & False)
    found = [windows_finding(value).verdict for value in (LOWEST_AGREEMENT, 0.79)]
    assert [Verdict.MET, Verdict.NOT_MET] == found


def test_figures__a_file_cropped_to_the_liver_is_whole_at_the_users_word(shared):
    labels = read_labels(shared / "data" / "couinaud" / "lits_080.nii.gz", COUINAUD_SCHEME)
    size = labels.geometry.shape
    halved = LabelMap(
        labels.codes[: size[0] // 2], labels.geometry.cropped((0, 0, 0), (size[0] // 2, *size[1:])),
        COUINAUD_SCHEME,
    )  # fmt: skip
    assert "volume_ml" not in figures_of(halved)
    vouched = figures_of(halved, whole=True)
    expected = np.count_nonzero(halved.codes) * halved.geometry.voxel_volume_ml
    assert expected == pytest.approx(vouched["volume_ml"], rel=0.02)
    # the cut face is one of the liver's own then
    assert vouched["flat_face"] > figures_of(halved)["flat_face"]
