"""A body that lies otherwise than its header says is found, and nothing is said of a crop."""

from itertools import permutations, product

import numpy as np
import pytest

from remnant.core.findings import Verdict
from remnant.core.geometry import Geometry
from remnant.core.reasons import Cause
from remnant.core.volumes import ImageVolume, Modality
from remnant.io.body_orientation import body_evidence, body_findings
from remnant.testing.phantoms import body_grid, liver_phantom
from remnant.wording.findings import text_of


@pytest.fixture(name="trunk", scope="module")
def trunk_fixture():
    """A body on a grid of 6 x 6 x 4 mm, axes to the right, the front and the head."""
    return liver_phantom(body_grid(spacing_mm=(6.0, 6.0, 4.0)), metastases=0).image


def image(voxels, affine_ras, modality=Modality.CT):
    voxels = np.ascontiguousarray(voxels)
    return ImageVolume(voxels, Geometry(voxels.shape, affine_ras), modality)


def causes(scan):
    return {one.cause for one in body_evidence(scan)}


FLIPS = list(product((1, -1), repeat=3))


@pytest.mark.parametrize("flip", FLIPS)
def test_flipped_array__under_an_ordinary_header(trunk, flip):
    i, j, k = flip
    turned = image(trunk.voxels[::i, ::j, ::k], trunk.geometry.affine_ras)
    assert (Cause.SPINE_IN_FRONT in causes(turned)) == (j < 0)
    assert (Cause.LUNGS_BELOW in causes(turned)) == (k < 0)
    (finding,) = body_findings(turned)
    assert (finding.verdict is Verdict.NOT_MET) == (j < 0 or k < 0)


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("flip", FLIPS)
def test_header_that_says_so__is_right_in_any_order_of_axes(trunk, flip, order):
    affine = trunk.geometry.affine_ras @ np.diag((*flip, 1.0))
    affine[:3, 3] = 0.0
    i, j, k = flip
    voxels = trunk.voxels[::i, ::j, ::k].transpose(order)
    assert causes(image(voxels, affine[:, (*order, 3)])) >= {Cause.SPINE_BEHIND, Cause.LUNGS_ABOVE}


def test_findings__say_what_is_wrong(trunk):
    (right,) = body_findings(trunk)
    assert right.verdict is Verdict.MET
    assert text_of(right).endswith("the spine is behind and the lungs above.")
    (turned,) = body_findings(image(trunk.voxels[:, ::-1], trunk.geometry.affine_ras))
    assert text_of(turned).startswith("The spine lies in front: the image is turned front to back")
    assert "Left and right cannot be trusted" in text_of(turned)


@pytest.mark.parametrize("side", [slice(0, 21), slice(20, None)])
def test_half_a_body__is_never_wrong(trunk, side):
    for half in (trunk.voxels[side], trunk.voxels[:, side]):
        for flip in (1, -1):
            cut = causes(image(half[:, :, ::flip], trunk.geometry.affine_ras))
            assert Cause.SPINE_IN_FRONT not in cut


def test_crop__says_nothing(trunk):
    (finding,) = body_findings(image(trunk.voxels[15:40, 12:30], trunk.geometry.affine_ras))
    assert (finding.verdict, finding.reasons) == (Verdict.UNKNOWN, ())


def test_no_body__says_nothing():
    air = np.full((20, 20, 20), -1000, np.int16)
    assert body_evidence(image(air, np.diag((5.0, 5.0, 5.0, 1.0)))) == ()


def test_mr__has_no_finding(trunk):
    assert body_findings(image(trunk.voxels, trunk.geometry.affine_ras, Modality.MR)) == ()


def test_padding__is_no_body(trunk):
    voxels = trunk.voxels.copy()
    voxels[:9], voxels[-9:] = 0, 0
    voxels[:, :6], voxels[:, -6:] = 0, 0
    assert Cause.SPINE_IN_FRONT not in causes(image(voxels, trunk.geometry.affine_ras))


def test_table__is_no_evidence(trunk):
    """A table in front, as under a prone patient whose header is right."""
    voxels = trunk.voxels.copy()
    voxels[8:-8, -2] = 100
    assert Cause.SPINE_BEHIND in causes(image(voxels, trunk.geometry.affine_ras))


def test_published_sample__all_flips(published):
    import nibabel

    file = nibabel.load(published.ct)
    voxels = np.asarray(file.dataobj).astype(np.int16)
    for i, j, k in FLIPS:
        found = causes(image(voxels[::i, ::j, ::k], file.affine))
        assert (Cause.SPINE_IN_FRONT in found, Cause.SPINE_BEHIND in found) == (j < 0, j > 0)
        assert (Cause.LUNGS_BELOW in found, Cause.LUNGS_ABOVE in found) == (k < 0, k > 0)
