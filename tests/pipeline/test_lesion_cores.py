"""What the first network marked stays beside refined outlines, through every stage."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from remnant.core.labels import BINARY_SCHEME
from remnant.core.lesions import Confirmation
from remnant.core.patient import Patient
from remnant.core.volumes import LabelMap, Modality
from remnant.io.nifti import read_labels, write_labels
from remnant.io.reading import ReadingChoice
from remnant.pipeline.case_files import LESIONS_CORE
from remnant.pipeline.folder import read_case
from remnant.pipeline.requests import MeasureRequest, SegmentRequest
from remnant.pipeline.reviewing import LesionReview
from remnant.pipeline.run import rerun_case, run_study
from remnant.testing.fake_segmenter import FakeSegmenter

MEASURING = MeasureRequest(patient=Patient())


class CoreSegmenter(FakeSegmenter):
    """A segmenter that knows the answer, and says that it was refined from a smaller one."""

    def segment(self, image, **asked):
        found = super().segment(image, **asked)
        codes = ndimage.binary_erosion(found.lesions.mask()).astype(np.uint8)
        return replace(found, core=LabelMap(codes, found.lesions.geometry, BINARY_SCHEME))


@pytest.fixture(scope="module", name="refined")
def refined_fixture(scan, phantom, tmp_path_factory):
    output = tmp_path_factory.mktemp("refined") / "case"
    request = SegmentRequest(source=scan, reading=ReadingChoice(modality=Modality.CT))
    segmenter = CoreSegmenter.knowing(phantom)
    ran = run_study(request, measuring=MEASURING, output=output, segmenter=segmenter, page=False)
    return ran.report, output


def outlines(report):
    return [finding for finding in report.quality if finding.id == "lesion_outlines_agree"]


def test_core__is_written_read_and_measured(refined, phantom):
    report, folder = refined
    core = read_labels(folder / LESIONS_CORE, BINARY_SCHEME)
    assert np.array_equal(core.mask(), ndimage.binary_erosion(phantom.lesions.mask()))
    assert np.array_equal(read_case(folder).maps.lesions_core.codes, core.codes)
    assert sum(lesion.core_ml for lesion in report.volumetry.lesions) == pytest.approx(
        np.count_nonzero(core.codes) * phantom.geometry.voxel_volume_ml
    )
    for lesion in report.volumetry.lesions:
        assert lesion.volume_ml.interval.low <= lesion.core_ml
    assert outlines(report)


def test_core__of_confirmed_lesions_widens_nothing(refined, tmp_path):
    before, folder = refined
    again = rerun_case(
        folder,
        SegmentRequest(review=LesionReview(confirm_all=True)),
        output=tmp_path / "confirmed",
        measuring=MEASURING,
    ).report
    wide, narrow = (one.volumetry.tumour_ml.interval for one in (before, again))
    assert narrow.low > wide.low
    assert narrow.high < wide.high
    assert not outlines(again)
    assert (tmp_path / "confirmed" / LESIONS_CORE).is_file()


def test_core__stays_with_the_lesions_that_a_human_did_not_edit(refined, tmp_path):
    before, folder = refined
    case = read_case(folder)
    codes = case.maps.lesions.codes.copy()
    grown = ndimage.binary_dilation(codes == 1) & (codes == 0) & case.maps.structures.mask()
    codes[grown] = 1
    edited = tmp_path / "edited.nii.gz"
    write_labels(LabelMap(codes, case.maps.lesions.geometry, case.maps.lesions.scheme), edited)
    report = rerun_case(
        folder,
        SegmentRequest(review=LesionReview(edited=edited)),
        output=tmp_path / "edited",
        measuring=MEASURING,
    ).report
    first, *others = report.volumetry.lesions
    assert first.confirmation is Confirmation.CONFIRMED
    assert first.open_core_ml is None
    assert [one.open_core_ml for one in others] == [
        one.core_ml for one in before.volumetry.lesions[1:]
    ]
