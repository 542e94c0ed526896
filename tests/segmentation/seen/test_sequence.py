"""What an MR looks like, on images painted as each sequence."""

import numpy as np
import pytest

from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME
from remnant.core.volumes import ImageVolume, LabelMap, Modality
from remnant.testing.mr import PaintedMr, Tissue, body_tissues, mr_image
from remnant.testing.phantoms import body_grid, liver_phantom
from segmentation.seen.sequence import MrLevels, mr_levels, seen_sequences, sequences_of_levels


@pytest.fixture(name="body", scope="module")
def body_fixture():
    found = liver_phantom(body_grid(spacing_mm=(4.0, 4.0, 6.0)), metastases=1)
    tissues = body_tissues(found.structures)
    spleen = LabelMap((tissues == Tissue.SPLEEN).astype(np.uint8), found.geometry, BINARY_SCHEME)
    return found, tissues, spleen


def kinds(found):
    return [one.name for one in found]


@pytest.mark.parametrize(
    ("kind", "alone", "with_spleen"),
    [
        (PaintedMr.T1_UNENHANCED, ["T1"], ["T1 unenhanced", "T1 delayed"]),
        (PaintedMr.T1_PORTAL, ["T1"], ["T1 portal", "T1 arterial"]),
        (PaintedMr.T1_HEPATOBILIARY, ["T1"], ["T1 hepatobiliary"]),
        (PaintedMr.T1_IN_PHASE, ["T1"], ["T1 unenhanced", "T1 delayed"]),
        (PaintedMr.T2, ["T2"], ["T2"]),
        (PaintedMr.DWI, ["T1", "DWI"], ["DWI"]),
        (PaintedMr.ADC, ["ADC"], ["ADC"]),
    ],
)
def test_seen_sequences__of_phantoms(body, kind, alone, with_spleen):
    phantom, tissues, spleen = body
    uneven = mr_image(tissues, phantom.geometry, kind, bias=2.0)
    assert kinds(seen_sequences(uneven, phantom.structures)) == alone
    image = mr_image(tissues, phantom.geometry, kind)
    assert kinds(seen_sequences(image, phantom.structures)) == alone
    assert kinds(seen_sequences(image, phantom.structures, spleen)) == with_spleen


@pytest.mark.parametrize(
    ("levels", "found"),
    [
        # a bright spinal canal may be its fat
        (MrLevels(muscle=0.3, fat=5.0, fluid=3.3), []),
        (MrLevels(muscle=0.3, fluid=3.3), []),
        # bile, spleen and fluid are bright together
        (MrLevels(muscle=0.3, fat=1.0, fluid=3.3, spleen=0.3), []),
        (MrLevels(muscle=1.2, fat=0.4, fluid=1.0), []),
        (MrLevels(muscle=0.7, fluid=0.5, spleen=2.5), []),
        (MrLevels(muscle=0.3, fluid=0.5, spleen=0.5), ["T1 hepatobiliary"]),
        (MrLevels(fat=1.0), []),
    ],
)
def test_sequences_of_levels__what_fits_nothing_is_not_named(levels, found):
    assert kinds(sequences_of_levels(levels)) == found


def test_seen_sequences__of_ct_and_without_a_liver_nothing(body):
    phantom, tissues, _ = body
    assert seen_sequences(phantom.image, phantom.structures) == ()
    none = LabelMap(np.zeros(phantom.geometry.shape, np.uint8), phantom.geometry, BINARY_SCHEME)
    image = mr_image(tissues, phantom.geometry, PaintedMr.T2)
    assert seen_sequences(image, none) == ()


def test_mr_levels__nothing_around_a_liver_that_fills_the_scan():
    grid = Geometry((12, 12, 12), np.diag([3.0, 3.0, 3.0, 1.0]))
    liver = LabelMap(np.ones(grid.shape, np.uint8), grid, BINARY_SCHEME)
    image = ImageVolume(np.full(grid.shape, 100, np.int16), grid, Modality.MR)
    assert sequences_of_levels(mr_levels(image, liver)) == ()
    dark = ImageVolume(np.zeros(grid.shape, np.int16), grid, Modality.MR)
    assert mr_levels(dark, liver) == MrLevels()
