"""When values prove a CT, when they exclude it, and when they decide nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remnant.core.errors import InputError
from remnant.core.volumes import Modality
from remnant.io.intensities import decide_modality, hounsfield_evidence


def body(air=-1000, seed=0):
    """Air around a body of soft tissue and fat, as a CT has it."""
    voxels = np.full((20, 21, 22), air, dtype=np.int16)
    inner = voxels[4:16, 4:16, 2:20]
    rng = np.random.default_rng(seed)
    inner[:] = rng.choice([40, 60, -100], p=[0.5, 0.2, 0.3], size=inner.shape)
    return voxels


@pytest.mark.parametrize(
    ("voxels", "expected"),
    [
        (body(), True),
        (body() + 1024, False),  # stored numbers, never rescaled
        ((body() / 1000.0).astype(np.float32), False),  # normalised
        (np.full((3, 4, 5), -1000, np.int16), False),
        (body(air=-500), None),  # no air
        (body()[5:15, 5:15, 5:15], None),  # cropped inside the body
        (np.where(body() > -900, body() * 7, body()), None),  # not tissue's numbers
    ],
)
def test_hounsfield_evidence__cases(voxels, expected):
    assert expected is hounsfield_evidence(voxels).hounsfield


def test_hounsfield_evidence__large_image_is_thinned():
    large = np.kron(body(), np.ones((7, 7, 7), np.int16))
    assert hounsfield_evidence(large).hounsfield is True


@pytest.mark.parametrize(
    ("voxels", "stated", "expected"),
    [
        (body(), None, Modality.CT),
        (body(), Modality.CT, Modality.CT),
        (body()[5:15, 5:15, 5:15], Modality.CT, Modality.CT),
        (body()[5:15, 5:15, 5:15], Modality.MR, Modality.MR),
        (body() + 1024, Modality.MR, Modality.MR),
    ],
)
def test_decide_modality__accepted(voxels, stated, expected):
    assert expected is decide_modality(voxels, stated=stated, name="x.nii")


@pytest.mark.parametrize(
    ("voxels", "stated", "message"),
    [
        (body() + 1024, None, "give --modality"),
        (body()[5:15, 5:15, 5:15], None, "give --modality"),
        (body() + 1024, Modality.CT, "not a CT in Hounsfield"),
        (body(), Modality.MR, "values are a CT's"),
        (np.zeros((3, 4, 5), np.int16), Modality.MR, "same value"),
    ],
)
def test_decide_modality__refused(voxels, stated, message):
    with pytest.raises(InputError, match=message):
        decide_modality(voxels, stated=stated, name="x.nii")


def test_evidence__an_image_without_fat_is_no_ct():
    mr = np.linspace(-47, 833, 9 * 8 * 7).reshape(9, 8, 7).astype(np.int16)
    assert hounsfield_evidence(mr).hounsfield is False
    with pytest.raises(InputError, match="fat and air"):
        decide_modality(mr, stated=Modality.CT, name="mr.nii.gz")


def scan(noise=12.0, seed=0):
    """A trunk of fat, muscle, lung and bone in air within a circle, with noise, in whole HU."""
    x, y, _ = np.mgrid[-40:41, -40:41, 0:16]
    hu = np.full(x.shape, -1000.0)
    hu[(x / 36) ** 2 + (y / 28) ** 2 <= 1] = -100
    hu[(x / 30) ** 2 + (y / 22) ** 2 <= 1] = 55
    hu[(x / 12 - 1) ** 2 + (y / 10) ** 2 <= 1] = -850
    hu[(x / 5) ** 2 + (y / 5 + 3) ** 2 <= 1] = 400
    noisy = hu + np.random.default_rng(seed).normal(scale=noise, size=hu.shape)
    return np.clip(np.rint(noisy), -1024, 3071).astype(np.int32)


def padded(hu, value):
    """Put one value outside the circle of reconstruction."""
    x, y, _ = np.mgrid[-40:41, -40:41, 0:16]
    return np.where(x**2 + y**2 > 40**2, value, hu)


PADDINGS = (None, -2000, -3024, 0, 32767)


@pytest.mark.parametrize("padding", PADDINGS)
def test_evidence__padding_proves_nothing_and_hides_nothing(padding):
    def image(offset):
        hu = scan() + offset
        return hu if padding is None else padded(hu, padding)

    assert hounsfield_evidence(image(0)).hounsfield is True
    for offset in (1024, 1000, -1024, -1000, 300):
        found = hounsfield_evidence(image(offset))
        assert (found.hounsfield, found.offset_hu) == (False, pytest.approx(-offset, abs=8))


@given(offset=st.integers(100, 2400), sign=st.sampled_from((-1, 1)), seed=st.integers(0, 99))
def test_evidence__any_large_offset_is_named(offset, sign, seed):
    found = hounsfield_evidence(scan(seed=seed) + sign * offset)
    assert found.hounsfield is not True
    if sign * offset in range(-200, -100):
        # air and lung differ by as much: what is a little too low may be a scan of other parts
        return
    assert found.hounsfield is False
    # a usual intercept within 40 of what was measured is named instead
    assert found.offset_hu == pytest.approx(-sign * offset, abs=48)


@given(noise=st.floats(0.5, 60.0), seed=st.integers(0, 99))
def test_evidence__noise_decides_nothing_else(noise, seed):
    assert hounsfield_evidence(scan(noise, seed)).hounsfield is True


@pytest.mark.parametrize(
    ("voxels", "words"),
    [
        (scan() * 0.5, "multiplied by about 0.5"),
        (scan() * 2, "multiplied by about 2"),
        ((scan() + 1024) / 4095.0, "only: they were scaled"),
        (scan() / 500.0 - 0.2, "only: they were scaled"),
        (np.rint(np.clip((scan() + 160) / 400 * 255, 0, 255)), "one byte"),
    ],
)
def test_evidence__scaled_values_are_named(voxels, words):
    found = hounsfield_evidence(voxels)
    assert (found.hounsfield, found.offset_hu) == (False, None)
    assert words in found.reason


@pytest.mark.parametrize(
    "voxels",
    [
        np.clip(scan(), -200, 300),  # a display window, not scaled
        scan()[30:52, 26:34],  # inside the trunk
        np.rint(np.random.default_rng(0).normal(95, 20, (20, 20, 20))),  # liver alone
        np.where(scan() > -300, scan(), 0),  # all but the body is 0
    ],
)
def test_evidence__crops_and_windows_decide_nothing(voxels):
    assert hounsfield_evidence(voxels).hounsfield is None
    assert decide_modality(voxels, stated=Modality.CT, name="x.nii") is Modality.CT


def test_evidence__metal_and_contrast_change_nothing():
    hu = scan()
    hu[38:42, 30:34] = 3071
    hu[hu > 30] += 80
    assert hounsfield_evidence(hu).hounsfield is True


def test_evidence__liver_alone_without_its_intercept():
    liver = np.random.default_rng(0).normal(95, 20, (20, 20, 20))
    assert hounsfield_evidence(np.rint(liver) + 1024).offset_hu == -1024


@pytest.mark.parametrize("factor", [0.5, 1, 3])
@pytest.mark.parametrize("shift", [-1000, -100, 0, 1024])
def test_evidence__mr_is_never_proven_to_be_ct(factor, shift):
    """Background near 0, tissue spread wide: no shift and no factor makes it a CT."""
    rng = np.random.default_rng(0)
    mr = np.abs(rng.normal(scale=8, size=(40, 40, 20)))
    mr[8:32, 8:32] += rng.choice([90, 180, 330, 520], size=(24, 24, 20))
    assert hounsfield_evidence(np.rint(mr * factor) + shift).hounsfield is not True


def test_published_sample__ct_is_proven_and_mr_is_not(published):
    import nibabel

    ct = np.asarray(nibabel.load(published.ct).dataobj)
    assert hounsfield_evidence(ct).hounsfield is True
    assert hounsfield_evidence(ct + 1024).offset_hu == -1024
    for mr in published.ct.parent.glob("*mr*.nii.gz"):
        assert hounsfield_evidence(np.asarray(nibabel.load(mr).dataobj)).hounsfield is False
