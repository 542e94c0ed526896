"""Intensities of lesions from the scan to the report, through the case folder and a review."""

from dataclasses import replace

import numpy as np
import pytest

from remnant.core.findings import Verdict
from remnant.core.labels import INSTANCE_SCHEME
from remnant.core.patient import Patient
from remnant.core.volumes import LabelMap
from remnant.io.nifti import read_image, write_labels
from remnant.io.reading import ReadingChoice
from remnant.pipeline.folder import read_case, write_segmented
from remnant.pipeline.measuring_and_planning import measure_case
from remnant.pipeline.requests import MeasureRequest, SegmentRequest
from remnant.pipeline.review import apply_review, lesion_numbers
from remnant.pipeline.reviewing import LesionReview
from remnant.pipeline.segment import case_from_masks, segment_case


def test_intensities__are_those_of_the_scan(case, scan):
    voxels = read_image(scan, choice=ReadingChoice(modality=case.study.modality)).voxels
    assert lesion_numbers(case) == tuple(case.intensities)
    for number, known in case.intensities.items():
        inside = voxels[case.maps.lesions.codes == number]
        assert known.mean == pytest.approx(inside.mean(dtype=np.float64))
        assert (known.minimum, known.maximum) == (inside.min(), inside.max())


def test_intensities__reach_the_report(case):
    report = measure_case(case, MeasureRequest(patient=Patient()))
    assert dict(case.intensities) == {x.id: x.intensity for x in report.volumetry.lesions}


def test_intensities__given_masks_beside_a_scan_have_them(scan, mask_files, segmenter, case):
    request = SegmentRequest(
        source=scan, reading=ReadingChoice(modality=case.study.modality), masks=mask_files
    )
    given = segment_case(request, segmenter=segmenter)
    assert lesion_numbers(given) == tuple(given.intensities)


def test_intensities__masks_alone_have_none(mask_files):
    assert case_from_masks(SegmentRequest(source=None, masks=mask_files)).intensities == {}


def test_state__keeps_intensities(case, tmp_path):
    write_segmented(case, tmp_path)
    assert case.intensities == read_case(tmp_path).intensities


def edited(case, folder):
    """Return a review in which lesion 1 lost a voxel and lesion 3 became lesion 8."""
    codes = case.maps.lesions.codes.copy()
    codes[tuple(np.argwhere(codes == 1)[0])] = 0
    codes[codes == 3] = 8
    path = folder / "edited.nii.gz"
    write_labels(LabelMap(codes, case.maps.lesions.geometry, INSTANCE_SCHEME), path)
    return LesionReview(edited=path)


def test_review__edited_lesions_lose_their_intensities_and_it_is_said(case, tmp_path):
    reviewed = apply_review(case, edited(case, tmp_path))
    untouched = set(lesion_numbers(case)) - {1, 3}
    assert {n: case.intensities[n] for n in untouched} == reviewed.intensities
    (finding,) = (f for f in reviewed.quality if f.id == "lesion_intensities")
    assert (finding.verdict, finding.value) == (Verdict.UNKNOWN, 2.0)


def test_review__without_a_scan_nothing_is_said_of_intensities(case, tmp_path):
    reviewed = apply_review(replace(case, intensities={}), edited(case, tmp_path))
    assert reviewed.intensities == {}
    assert "lesion_intensities" not in {f.id for f in reviewed.quality}


def test_review__words_on_lesions_leave_their_intensities(case):
    assert apply_review(case, LesionReview(confirm_all=True)).intensities == case.intensities
