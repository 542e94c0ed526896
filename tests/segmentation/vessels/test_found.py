"""Vessels of a painted portal-phase scan are found and parted; other scans are off, with why."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from examples.vessel_scan import vessel_scan
from remnant.core.errors import GeometryMismatchError
from remnant.core.findings import Verdict
from remnant.core.geometry import Geometry
from remnant.core.labels import Structure
from remnant.core.reasons import Cause
from remnant.core.volumes import ImageVolume, LabelMap, Modality, Phase
from segmentation.vessels.found import confidence_of, search_vessels

TREES = (Structure.PORTAL_VEIN, Structure.HEPATIC_VEINS)
AROUND = np.ones((3, 3, 3), dtype=bool)


@pytest.fixture(name="scan", scope="module")
def scan_fixture():
    return vessel_scan()


@pytest.fixture(name="search", scope="module")
def search_fixture(scan):
    return search_vessels(scan.image, scan.plain)


def why(search):
    (given,) = search.finding.reasons
    assert search.found is None
    assert search.finding.verdict is Verdict.UNKNOWN
    assert search.finding.quantity is None
    return given.cause


@pytest.mark.parametrize("tree", TREES)
def test_painted_trees__are_found_within_a_voxel(scan, search, tree):
    true, found = (labels.codes == tree for labels in (scan.true, search.found.structures))
    assert (true & ndimage.binary_dilation(found, AROUND)).sum() >= 0.85 * true.sum()
    either = scan.true.codes >= Structure.PORTAL_VEIN
    near = ndimage.binary_dilation(either, AROUND)
    assert (found & near).sum() >= 0.9 * found.sum()


def test_painted_trees__are_parted(scan, search):
    true, found = scan.true.codes, search.found.structures.codes
    both = np.isin(true, TREES) & np.isin(found, TREES)
    assert (true == found)[both].mean() >= 0.9


def test_fused_trees__what_is_disputed_stays_out_of_both():
    scan = vessel_scan(fused=True)
    search = search_vessels(scan.image, scan.plain)
    true, found = scan.true.codes, search.found.structures.codes
    both = np.isin(true, TREES) & np.isin(found, TREES)
    assert (true == found)[both].mean() >= 0.97
    unassigned_ml = search.finding.reasons[0].amounts[2]
    assert unassigned_ml > 1.0


def test_lesions__stay_and_hold_no_vessel(scan, search):
    lesion = scan.plain.codes == Structure.LESION
    np.testing.assert_array_equal(search.found.structures.codes == Structure.LESION, lesion)
    np.testing.assert_array_equal(search.found.structures.codes > 0, scan.plain.codes > 0)


def test_finding__says_how_much_and_is_not_met_by_itself(search):
    (given,) = search.finding.reasons
    assert given.cause is Cause.VESSELS_FOUND
    portal_ml, hepatic_ml, unassigned_ml, contrast_hu, noise_hu, confidence = given.amounts
    assert search.finding.quantity.value == pytest.approx(portal_ml + hepatic_ml)
    assert search.finding.verdict is Verdict.UNKNOWN
    assert 0 <= unassigned_ml < portal_ml
    assert contrast_hu > noise_hu > 0
    assert confidence == confidence_of(search.found.parted)
    assert 0 < confidence <= 1


def test_vena_cava__is_where_it_was_painted(search):
    cava = search.found.roots.cava_mm
    np.testing.assert_allclose([20.0, -42.0], cava[:, :2].mean(axis=0), atol=4.0)
    assert 5.0 <= np.median(cava[:, 3]) <= 13.0


@pytest.mark.parametrize("phase", [Phase.ARTERIAL, Phase.UNENHANCED, Phase.DELAYED])
def test_other_phase_told__is_off(scan, phase):
    search = search_vessels(replace(scan.image, phase=phase), scan.plain)
    assert why(search) is Cause.VESSELS_NEED_PORTAL_PHASE
    assert search.finding.reasons[0].names == (phase.value,)


def test_portal_phase_seen__is_enough(scan):
    search = search_vessels(replace(scan.image, phase=Phase.UNKNOWN), scan.plain)
    assert search.found is not None


@pytest.mark.parametrize("level_hu", [85.0, 105.0])
def test_vessels_no_brighter_than_liver__are_off(level_hu):
    """Noise alone, or vessels darker than the liver as without contrast, in a mislabelled scan."""
    scan = vessel_scan(portal_hu=level_hu, hepatic_hu=level_hu)
    assert why(search_vessels(scan.image, scan.plain)) is Cause.VESSELS_FAINT


def test_mr__is_off(scan):
    image = ImageVolume(scan.image.voxels, scan.image.geometry, Modality.MR)
    assert why(search_vessels(image, scan.plain)) is Cause.VESSELS_NEED_CT


def test_no_spine_no_vena_cava__nothing_is_parted(scan):
    low = 40
    grid = scan.image.geometry
    shape = (grid.shape[0], grid.shape[1] - low, grid.shape[2])
    cropped = Geometry(shape, grid.cropped((0, low, 0), shape).affine_ras)
    image = ImageVolume(scan.image.voxels[:, low:], cropped, Modality.CT, phase=Phase.PORTAL)
    plain = LabelMap(scan.plain.codes[:, low:], cropped, scan.plain.scheme)
    search = search_vessels(image, plain)
    assert why(search) is Cause.VESSEL_ROOTS_UNSEEN
    assert "hepatic_veins" in search.finding.reasons[0].names


def test_other_grid__is_refused(scan):
    other = scan.image.geometry.cropped((0, 0, 0), (150, 102, 64))
    image = ImageVolume(scan.image.voxels[:, :, :64], other, Modality.CT)
    with pytest.raises(GeometryMismatchError, match="structures map"):
        search_vessels(image, scan.plain)
