"""Painted scans and corrupted livers are what they say they are."""

import numpy as np
import pytest

from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME
from remnant.core.volumes import LabelMap, Phase
from remnant.testing.corrupted_livers import KINDS, LIES, corrupted_liver, good_liver, thicker
from remnant.testing.painted_ct import TISSUES_HU, painted_scan
from remnant.testing.spoilt_scans import TrueScan, spoilers

SHAPE, STEP_MM = (50, 40, 42), 4.0


def ball(centre, half):
    index = np.indices(SHAPE, sparse=True)
    return sum(((i - c) / h) ** 2 for i, c, h in zip(index, centre, half, strict=True)) < 1


@pytest.fixture(scope="module")
def scan():
    """A right lobe that reaches down, a left one before it, and a notch between them."""
    mask = ball((33, 18, 18), (15, 16, 18)) | ball((17, 26, 27), (16, 9, 8))
    mask &= ~ball((21, 16, 17), (6, 7, 8))
    grid = Geometry(SHAPE, np.diag((STEP_MM, STEP_MM, STEP_MM, 1.0)))
    liver = LabelMap(mask.astype(np.uint8), grid, BINARY_SCHEME)
    return painted_scan(liver, phase=Phase.PORTAL, rng=np.random.default_rng(2))


def dice(first, second):
    return (
        2 * np.count_nonzero(first & second) / (np.count_nonzero(first) + np.count_nonzero(second))
    )


def test_painted_scan__holds_the_liver_at_its_own_number(scan):
    mask = scan.liver.mask() & ~scan.lesions
    low, high = TISSUES_HU[Phase.PORTAL]["liver"]
    assert low - 45 < np.median(scan.image.voxels[mask]) < high + 15
    assert not (scan.lesions & ~scan.liver.mask()).any()
    for name, organ in scan.organs.items():
        assert not (organ & scan.liver.mask()).any(), name


def test_painted_scan__lung_lies_above_and_air_around(scan):
    lung = scan.image.voxels[scan.organs["lung"]]
    assert np.median(lung) < -700
    places = np.argwhere(scan.organs["lung"])[:, 2]
    assert np.median(places) > np.median(np.argwhere(scan.liver.mask())[:, 2])
    assert np.median(scan.image.voxels[-1]) < -900


@pytest.mark.parametrize("kind", KINDS)
def test_corrupted_liver__its_dice_is_that_of_its_mask(scan, kind):
    found = corrupted_liver(scan, kind, rng=np.random.default_rng(7))
    true = scan.liver.mask()
    assert kind == found.kind
    if kind not in LIES:
        assert dice(found.liver.mask(), true) == pytest.approx(found.dice)
        assert found.image is scan.image
    assert found.dice < 1.0 or kind.startswith("leaked")  # where nothing is near
    assert not (found.lesions.mask() & ~found.liver.mask()).any()


def test_good_liver__is_near_the_true_one(scan):
    rng = np.random.default_rng(1)
    assert 1.0 == good_liver(scan, rng=rng, sd_mm=0.0).dice
    assert 0.9 < good_liver(scan, rng=rng, sd_mm=2.0).dice < 1.0


def test_thicker__keeps_volume_and_place(scan):
    thin = good_liver(scan, rng=np.random.default_rng(1), sd_mm=0.0)
    thick = thicker(thin, 2)
    centres = [
        one.liver.geometry.ras_from_index(np.argwhere(one.liver.mask()).mean(axis=0))
        for one in (thin, thick)
    ]
    assert centres[0] == pytest.approx(centres[1], abs=2.0)
    volumes = [np.count_nonzero(one.liver.codes) * one.liver.geometry.voxel_volume_ml
               for one in (thin, thick)]  # fmt: skip
    assert volumes[0] == pytest.approx(volumes[1], rel=0.08)


@pytest.mark.parametrize(("kind", "how", "spoil"), list(spoilers()))
def test_spoilt_scans__image_and_liver_stay_on_one_grid(scan, kind, how, spoil):
    true = TrueScan(scan.image, scan.liver)
    found = spoil(true, np.random.default_rng(1))
    assert found.image.geometry.same_grid(found.liver.geometry), how
    assert found.liver.codes.any()
    lies = {"mirrored", "wrong voxel size", "slices lost", "slices doubled"}
    assert (found.world_dice < 1.0) == (kind in lies)
