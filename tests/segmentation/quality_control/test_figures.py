"""Figures of bodies whose answers are known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from remnant.core.geometry import Geometry
from segmentation.quality_control.coarse import STEP_MM, CoarseLiver
from segmentation.quality_control.image_figures import REACH_MM, image_figures
from segmentation.quality_control.shape_figures import shape_figures

LIVER_HU, FAT_HU = 100.0, -90.0
SHAPE = (62, 58, 54)
GRID = Geometry(SHAPE, np.diag((STEP_MM, STEP_MM, STEP_MM, 1.0)))
INDEX = np.indices(SHAPE, dtype=float) - (np.array(SHAPE)[:, None, None, None] - 1) / 2


def inside(half=(20.0, 16.0, 14.0), offset=(0.0, 0.0, 0.0)):
    moved = (INDEX - np.reshape(offset, (3, 1, 1, 1))) / np.reshape(half, (3, 1, 1, 1))
    return (moved**2).sum(axis=0) <= 1.0


def coarse(mask, hu=None, seen=None):
    return CoarseLiver(
        mask=mask,
        lesions=np.zeros(SHAPE, bool),
        seen=np.ones(SHAPE, bool) if seen is None else seen,
        hu=hu,
        body=None,
        grid=GRID,
    )


def painted(tissue, rng=None):
    noise = 0.0 if rng is None else rng.normal(0.0, 4.0, SHAPE)
    hu = np.where(tissue, LIVER_HU, FAT_HU) + noise
    return ndimage.gaussian_filter(hu.astype(np.float32), 0.6)


TRUE = inside()
HU = painted(TRUE, np.random.default_rng(5))


def test_shape__of_an_ellipsoid():
    found = shape_figures(coarse(TRUE))
    volume_ml = 4 / 3 * np.pi * 20 * 16 * 14 * STEP_MM**3 / 1000
    assert np.exp(found["log_volume"]) == pytest.approx(volume_ml, rel=0.02)
    assert found["middle_to_long"] == pytest.approx(16 / 20, rel=0.03)
    assert found["short_to_long"] == pytest.approx(14 / 20, rel=0.03)
    for axis in "ras":
        assert found[f"balance_{axis}"] == pytest.approx(0.5, abs=0.01)
    assert 0.0 == found["loose"] == found["cavities"]
    assert found["notches"] < 0.06


def test_shape__a_cut_has_a_flat_face():
    whole, cut = (shape_figures(coarse(m)) for m in (TRUE, TRUE & (INDEX[0] + INDEX[2] < 8)))
    assert cut["flat_face"] > 2.5 * whole["flat_face"]


def test_shape__a_face_at_the_end_of_the_scan_is_no_cut():
    seen = INDEX[2] < 4
    figures = shape_figures(coarse(TRUE & seen, seen=seen))
    elsewhere = shape_figures(coarse(TRUE & seen))
    assert figures["flat_face"] < elsewhere["flat_face"] / 2
    assert "log_volume" not in figures
    assert "log_volume" in elsewhere


def test_shape__loose_pieces_cavities_and_missing_slices():
    hole = inside((4.0, 4.0, 4.0))
    gap = (INDEX[2] > -2) & (INDEX[2] < 2)
    apart = inside((3.0, 3.0, 3.0), (26.0, 20.0, 18.0))
    assert shape_figures(coarse(TRUE & ~hole))["cavities"] == pytest.approx(
        hole.sum() / (TRUE.sum() - hole.sum()), rel=0.01
    )
    share = apart.sum() / (apart.sum() + TRUE.sum())
    assert shape_figures(coarse(TRUE | apart))["loose"] == pytest.approx(share, rel=0.01)
    assert shape_figures(coarse(TRUE & ~gap))["loose"] > 0.3


def test_image__a_right_outline_ends_where_the_liver_does():
    found = image_figures(coarse(TRUE, HU))
    assert abs(found["edge_mm"]) <= STEP_MM
    assert found["sharp_border"] == 1.0
    assert found["missed_patch"] == found["air"] == 0.0
    assert found["liver_hu"] == pytest.approx(LIVER_HU, abs=1.0)
    assert found["liver_sd_hu"] < 4.0
    assert found["like_beyond_largest"] == 0.0


@pytest.mark.parametrize(("steps", "sign"), [(2, 1), (3, 1), (2, -1), (3, -1)])
def test_image__an_outline_that_is_too_small_or_large_says_by_how_much(steps, sign):
    change = ndimage.binary_erosion if sign > 0 else ndimage.binary_dilation
    ball = ndimage.generate_binary_structure(3, 1)
    found = image_figures(coarse(change(TRUE, ball, iterations=steps), HU))
    right = image_figures(coarse(TRUE, HU))["edge_mm"]
    moved_mm = found["edge_mm"] - right
    assert np.sign(moved_mm) == sign
    # a cross moves a sloping face by 1/sqrt(3) of its steps, a straight one by all of them
    assert steps * STEP_MM / np.sqrt(3) - 1.5 <= abs(moved_mm) <= steps * STEP_MM + 1.5


def test_image__a_part_left_out_and_a_part_too_much():
    short = image_figures(coarse(TRUE & (INDEX[0] < 8), HU))
    assert short["missed_patch"] > 0.1
    assert short["like_beyond_largest"] > 0.04
    more = TRUE | inside((9.0, 9.0, 9.0), (0.0, 20.0, 0.0))
    long = image_figures(coarse(more, HU))
    assert long["leaked_patch"] > 0.1
    assert long["unlike_largest"] > 0.05
    assert long["missed_patch"] == 0.0


def test_image__known_lesions_are_no_fault():
    tumour = inside((6.0, 6.0, 6.0))
    hu = np.where(tumour, 20.0, HU).astype(np.float32)
    unknown = coarse(TRUE, hu)
    known = replace(unknown, lesions=tumour)
    assert image_figures(unknown)["unlike_largest"] > 0.02
    assert image_figures(known)["unlike_largest"] == 0.0


def test_image__the_end_of_the_scan_says_nothing():
    seen = INDEX[0] < 8
    found = image_figures(coarse(TRUE & seen, HU, seen=seen))
    assert found["missed_patch"] == 0.0
    assert REACH_MM > found["edge_mm"]


def test_image__none():
    assert {} == image_figures(coarse(TRUE))
