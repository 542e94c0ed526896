"""Maps that cannot be of this liver, and estimates that must not be used."""

from dataclasses import replace

import numpy as np
import pytest

from remnant.core.errors import GeometryMismatchError, InputError
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, COUINAUD_SCHEME
from remnant.core.patient import Patient
from remnant.core.reasons import Cause, reason
from remnant.core.volumes import LabelMap
from remnant.io.masks import GivenMap
from remnant.io.nifti import write_labels
from remnant.pipeline.divide import with_segments
from remnant.pipeline.fit import require_fit, require_placeable
from remnant.pipeline.measuring_and_planning import measure_case, plan_case
from remnant.pipeline.requests import MeasureRequest, SegmentRequest
from remnant.pipeline.segment import case_from_masks
from remnant.pipeline.segment_sources import GivenSegments
from remnant.testing.fake_divider import FakeDivider
from remnant.testing.phantoms import body_grid, liver_phantom

GRID = Geometry((20, 12, 10), np.diag((2.0, 2.0, 3.0, 1.0)))


def couinaud(where, codes=(4, 5)):
    array = np.zeros(GRID.shape, np.uint8)
    array[where] = codes[0]
    array[where][:, ::2] = codes[-1]
    return LabelMap(array, GRID, COUINAUD_SCHEME)


def liver(where):
    array = np.zeros(GRID.shape, np.uint8)
    array[where] = 1
    return LabelMap(array, GRID, BINARY_SCHEME)


@pytest.fixture(scope="module")
def phantom():
    grid = body_grid(spacing_mm=(5.0, 6.0, 7.0))
    return liver_phantom(grid, metastases=0)


@pytest.fixture
def case(phantom, tmp_path):
    write_labels(phantom.liver_mask, tmp_path / "liver.nii.gz")
    return case_from_masks(SegmentRequest(masks={"liver": tmp_path / "liver.nii.gz"}))


def test_fit__a_tumour_in_a_liver_is_no_segment_in_another():
    whole = liver(np.s_[2:18, 2:10, 1:9])
    codes = np.array(whole.codes)
    codes[6:10, 4:7, 3:6] = 2
    with pytest.raises(InputError, match=r"code 2 of the Couinaud map lies within code 1"):
        require_fit(LabelMap(codes, GRID, COUINAUD_SCHEME), whole)


def test_fit__a_mask_of_the_liver_is_no_couinaud_map():
    with pytest.raises(InputError, match=r"only code 1 \(segment I\).*mask of the liver"):
        require_fit(couinaud(np.s_[2:10], (1, 1)), liver(np.s_[2:10]))


@pytest.mark.parametrize(
    ("start", "fits"), [(2, True), (3, True), (4, True), (5, False), (9, False)]
)
def test_fit__more_than_a_quarter_beside_the_liver_is_refused(start, fits):
    marked, whole = couinaud(np.s_[start : start + 8]), liver(np.s_[2:10])
    if fits:
        require_fit(marked, whole)
    else:
        with pytest.raises(InputError, match=r"does not fit the liver.*mirrored"):
            require_fit(marked, whole)


def test_fit__a_map_of_a_part_of_the_liver_is_left_to_the_checks():
    require_fit(couinaud(np.s_[2:4]), liver(np.s_[2:10]))
    require_fit(couinaud(np.s_[2:18]), liver(np.s_[2:6]))


def test_placeable__another_grid_is_told_before_any_network_runs():
    other = Geometry(GRID.shape, np.diag((2.5, 2.0, 3.0, 1.0)))
    given = GivenMap(labels=couinaud(np.s_[2:10]), sha256="0" * 64, quality=())
    require_placeable(GivenSegments(couinaud=given), GRID)
    with pytest.raises(GeometryMismatchError, match="the image"):
        require_placeable(GivenSegments(couinaud=given), other)
    with pytest.raises(GeometryMismatchError, match="map of branches"):
        require_placeable(GivenSegments(branches=given), other)


ODD = reason(Cause.LIVER_UNFAMILIAR)


def test_unusable__segments_stay_unknown_with_the_reason(case, phantom):
    divider = replace(FakeDivider.knowing(phantom), unusable=ODD)

    left = with_segments(case, GivenSegments(), divider=divider)

    assert left.division.couinaud is None
    assert left.division.source is None
    assert left.division.reasons == (ODD,)
    assert "fake_divider" in {finding.id for finding in left.quality}
    report = plan_case(measure_case(left, MeasureRequest(patient=Patient())))
    assert report.volumetry.segments is None
    remnants = [r.remnant.flr_ml for r in report.planning.resections]
    assert all((flr.value, flr.reasons) == (None, left.division.reasons) for flr in remnants)


def test_unusable__takes_an_earlier_estimate_away_and_a_source_mends_it(case, phantom):
    good, bad = FakeDivider.knowing(phantom), replace(FakeDivider.knowing(phantom), unusable=ODD)
    unknown = with_segments(case, GivenSegments(), divider=bad)

    mended = with_segments(unknown, GivenSegments(), divider=good)

    assert mended.division.couinaud is not None
    assert not mended.division.reasons
    assert len(mended.models) == 1
