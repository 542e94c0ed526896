"""The demo on a phantom: what it reports is what anybody gets who gives a scan alone."""

from types import SimpleNamespace

import numpy as np

from remnant.core.geometry import Geometry
from remnant.core.volumetry_report import SegmentSource
from remnant.io.nifti import write_image
from remnant.pipeline import demo
from remnant.pipeline.folder import read_case
from remnant.pipeline.requests import MeasureRequest
from remnant.pipeline.run import finish_case
from remnant.testing.fake_divider import FAKE_MODEL, FakeDivider
from remnant.testing.fake_segmenter import FakeSegmenter
from remnant.testing.phantoms import body_grid, liver_phantom


def test_demo__estimates_the_segments_of_both_cases(tmp_path, monkeypatch):
    grid = body_grid(spacing_mm=(3.0, 3.2, 3.4))
    phantom = liver_phantom(Geometry(grid.shape, np.float32(grid.affine_ras)), metastases=0)
    write_image(phantom.image, tmp_path / "ct.nii.gz")
    sample = SimpleNamespace(ct=tmp_path / "ct.nii.gz")
    monkeypatch.setattr(demo, "fetch_sample", lambda progress: sample)
    stages = []

    cases = demo.demo_cases(
        tmp_path / "out",
        segmenter=FakeSegmenter.knowing(phantom),
        divider=FakeDivider.knowing(phantom),
        progress=lambda stage, done, total: stages.append(stage),
    )

    measuring = MeasureRequest(patient=demo.ASSUMED_PATIENT)
    reports = {
        folder: finish_case(case, measuring=measuring, output=folder) for folder, case in cases
    }
    assert [demo.AS_IS, demo.PLANTED] == [folder.name for folder in reports]
    for folder, report in reports.items():
        case = read_case(folder)
        assert SegmentSource.MODEL is case.division.source is report.volumetry.segment_source
        assert report.volumetry.segments_need_review
        assert FAKE_MODEL in report.provenance.models
        assert {"segment", "divide", "measure", "plan"} == set(report.provenance.seconds)
        assert demo.SAMPLE == case.settings.sample
        np.testing.assert_array_equal(case.maps.structures.mask(), case.division.couinaud.mask())
    assert {"scan as it is: known planes", "with planted metastases: known planes"} < set(stages)
    as_is, planted = reports.values()
    assert planted.planted
    assert () == as_is.planted
