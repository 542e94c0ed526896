"""When values prove a CT, when they exclude it, and when they decide nothing."""

import numpy as np
import pytest

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
