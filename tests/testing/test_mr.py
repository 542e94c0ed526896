"""Images painted as MR: grey values in the order of real ones, noise and bias as asked for."""

import numpy as np
import pytest

from remnant.core.volumes import Modality, Phase
from remnant.testing.mr import PaintedMr, Tissue, bias_field, body_tissues, mr_image, signals
from remnant.testing.phantoms import liver_phantom


@pytest.fixture(name="body", scope="module")
def body_fixture():
    found = liver_phantom(metastases=2)
    return found, body_tissues(found.structures)


@pytest.mark.parametrize(
    ("kind", "rising"),
    [
        (PaintedMr.T1_UNENHANCED, ("FLUID", "MUSCLE", "LIVER")),
        (PaintedMr.T1_UNENHANCED, ("SPLEEN", "LIVER")),
        (PaintedMr.T1_PORTAL, ("FLUID", "TUMOUR", "LIVER", "BLOOD")),
        (PaintedMr.T1_PORTAL, ("MUSCLE", "LIVER", "SPLEEN")),
        (PaintedMr.T1_HEPATOBILIARY, ("TUMOUR", "SPLEEN", "LIVER")),
        (PaintedMr.T1_HEPATOBILIARY, ("BLOOD", "LIVER")),
        (PaintedMr.T1_IN_PHASE, ("LIVER", "FAT")),
        (PaintedMr.T2, ("BLOOD", "LIVER", "TUMOUR", "FLUID")),
        (PaintedMr.T2, ("MUSCLE", "LIVER", "SPLEEN", "FLUID")),
        (PaintedMr.DWI, ("FAT", "LIVER", "SPLEEN")),
        (PaintedMr.DWI, ("MUSCLE", "LIVER", "TUMOUR")),
        (PaintedMr.ADC, ("SPLEEN", "LIVER", "MUSCLE", "FLUID")),
    ],
)
def test_signals__have_the_order_of_real_ones(kind, rising):
    grey = signals(kind)
    values = [grey[Tissue[name]] for name in rising]
    assert values == sorted(values)
    assert grey[Tissue.AIR] == 0


def test_signals__fat_is_dark_only_where_it_is_suppressed():
    dark = signals(PaintedMr.T1_UNENHANCED)
    bright = signals(PaintedMr.T1_UNENHANCED, fat_saturated=False)
    assert dark[Tissue.FAT] < dark[Tissue.LIVER]
    assert bright[Tissue.FAT] > bright[Tissue.LIVER]


def test_signals__fat_and_water_cancel_in_opposed_phase():
    within, opposed = signals(PaintedMr.T1_IN_PHASE), signals(PaintedMr.T1_OPPOSED_PHASE)
    share = [grey[Tissue.MARROW] / grey[Tissue.FAT] for grey in (within, opposed)]
    assert share[1] < share[0] / 2


def test_body_tissues__liver_and_tumour_are_the_phantoms(body):
    found, tissues = body
    inside = np.isin(tissues, (Tissue.LIVER, Tissue.TUMOUR, Tissue.BLOOD))
    assert inside[found.structures.mask()].all()
    np.testing.assert_array_equal(tissues == Tissue.TUMOUR, found.lesions.mask())
    assert {Tissue.FAT, Tissue.MUSCLE, Tissue.FLUID, Tissue.SPLEEN} <= set(np.unique(tissues))


def test_mr_image__air_holds_rician_noise(body):
    found, tissues = body
    image = mr_image(tissues, found.geometry, PaintedMr.T1_PORTAL, noise=20.0)
    air = image.voxels[np.pad(tissues, 3)[3:-3, 3:-3, 3:-3] == Tissue.AIR]
    assert (image.modality, image.phase) == (Modality.MR, Phase.PORTAL)
    # The mean of a magnitude without signal is the deviation times the root of pi / 2.
    assert np.median(air) == pytest.approx(20.0 * np.sqrt(2 * np.log(2)), rel=0.05)
    assert (image.voxels >= 0).all()


def test_mr_image__is_drawn_from_its_seed(body):
    found, tissues = body
    images = [
        mr_image(tissues, found.geometry, PaintedMr.T2, bias=2.0, seed=seed).voxels
        for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(images[0], images[1])
    assert (images[0] != images[2]).any()


@pytest.mark.parametrize("ratio", [1.0, 3.0])
def test_bias_field__has_the_ratio_that_was_asked_for(ratio):
    field = bias_field((20, 21, 22), ratio, np.random.default_rng(3))
    assert field.max() / field.min() == pytest.approx(ratio, rel=1e-4)
    assert field.mean() == pytest.approx(1.0, rel=1e-4)
