"""Label maps that were given: nothing of them is filtered, and their order of axes is theirs."""

import numpy as np
import pytest

from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, COUINAUD_SCHEME, INSTANCE_SCHEME
from remnant.core.patient import Patient
from remnant.core.reasons import Cause
from remnant.core.volumes import LabelMap
from remnant.io.nifti import write_labels
from remnant.pipeline.divide import with_segments
from remnant.pipeline.measuring_and_planning import measure_case
from remnant.pipeline.requests import MeasureRequest, SegmentRequest
from remnant.pipeline.segment import case_from_masks
from remnant.pipeline.segment_sources import read_given

GRID = Geometry((17, 18, 19), np.diag([5.0, 5.5, 6.0, 1.0]))
LIVER = np.zeros(GRID.shape, np.uint8)
LIVER[2:-2, 2:-2, 2:-2] = 1


def stored(folder, name, codes, *, geometry=GRID, scheme=INSTANCE_SCHEME):
    path = folder / f"{name}.nii.gz"
    write_labels(LabelMap(codes, geometry, scheme), path)
    return path


@pytest.mark.parametrize(("voxels", "codes"), [(1, (1,)), (2, (1,)), (1, (3, 7)), (2, (3, 7))])
def test_given_lesions__of_one_or_two_voxels_are_measured(tmp_path, voxels, codes):
    lesions = np.zeros(GRID.shape, np.uint8)
    for number, code in enumerate(codes):
        lesions[5 : 5 + voxels, 6 + 4 * number, 7] = code
    masks = {
        "liver": stored(tmp_path, "liver", LIVER, scheme=BINARY_SCHEME),
        "lesions": stored(tmp_path, "lesions", lesions),
    }

    case = case_from_masks(SegmentRequest(source=None, masks=masks))
    report = measure_case(case, MeasureRequest(patient=Patient()))

    expected_ml = len(codes) * voxels * 5.0 * 5.5 * 6.0 / 1000
    assert expected_ml == pytest.approx(report.volumetry.tumour_ml.value)
    assert len(codes) == len(report.volumetry.lesions)
    dropped = next(f for f in case.quality if f.id == "small_lesions_dropped")
    assert (0, "met") == (dropped.value, dropped.verdict)


def test_given_segments__in_another_order_of_axes_divide_a_stored_case(tmp_path):
    liver = stored(tmp_path, "liver", LIVER, scheme=BINARY_SCHEME)
    case = case_from_masks(SegmentRequest(source=None, masks={"liver": liver}))
    halves = LIVER * np.where(np.arange(17) < 8, 2, 6).astype(np.uint8)[:, None, None]
    turned = np.array([[0, -5.0, 0, 16 * 5.0], [5.5, 0, 0, 0], [0, 0, 6.0, 0], [0, 0, 0, 1.0]])
    path = stored(
        tmp_path,
        "couinaud",
        np.ascontiguousarray(halves[::-1].transpose(1, 0, 2)),
        geometry=Geometry((18, 17, 19), turned),
        scheme=COUINAUD_SCHEME,
    )

    request = SegmentRequest(source=None, masks={"couinaud": path})
    divided = with_segments(case, read_given(request, liver_known=True)[1])

    assert np.array_equal(halves, divided.division.couinaud.codes)


@pytest.mark.parametrize(
    ("start", "cause", "within"),
    [
        (2, Cause.LIVER_AT_FILE_END, Cause.SHARE_WITHIN_FILE),  # cropped to the liver
        (0, None, None),
    ],
)
def test_file_end__is_not_said_to_be_the_scans(tmp_path, start, cause, within):
    box = (slice(start, GRID.shape[0] - start), slice(None), slice(None))
    codes = LIVER[box]
    files = {
        "liver": stored(tmp_path, "liver", codes, geometry=GRID.cropped((start, 0, 0), codes.shape))
    }
    files["lesions"] = stored(tmp_path, "lesions", np.zeros_like(LIVER))

    case = case_from_masks(SegmentRequest(masks=files))
    measured = measure_case(case, MeasureRequest(patient=Patient())).volumetry

    assert case.settings.file_may_end is (cause is not None)
    assert [cause] * (cause is not None) == [one.cause for one in measured.tlv_ml.reasons]
    assert (within is not None) is bool(measured.burden_fraction.reasons)
    vouched = case_from_masks(SegmentRequest(masks=files, whole_liver=True))
    assert measure_case(vouched, MeasureRequest(patient=Patient())).volumetry.tlv_ml.bound is None


def test_file_end__at_the_top_alone_is_the_scans(tmp_path):
    codes = LIVER.copy()
    codes[2:-2, 2:-2, -2:] = 1
    case = case_from_masks(SegmentRequest(masks={"liver": stored(tmp_path, "liver", codes)}))
    found = measure_case(case, MeasureRequest(patient=Patient())).volumetry.tlv_ml
    assert [Cause.LIVER_CUT] == [one.cause for one in found.reasons]
