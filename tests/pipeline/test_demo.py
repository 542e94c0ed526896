"""The demo on a phantom: what it reports is what anybody gets who gives a scan alone."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from remnant.cli.demo import print_reports
from remnant.core.boxes import bounding_box, box_geometry
from remnant.core.findings import Verdict
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME
from remnant.core.reasons import Cause, first
from remnant.core.volumes import LabelMap
from remnant.core.volumetry_report import SegmentSource
from remnant.io.nifti import write_image, write_labels
from remnant.pipeline import demo
from remnant.pipeline.folder import read_case
from remnant.pipeline.requests import MeasureRequest
from remnant.pipeline.run import finish_case
from remnant.testing.fake_divider import FAKE_MODEL, FakeDivider
from remnant.testing.fake_segmenter import FakeSegmenter
from remnant.testing.phantoms import LiverPhantom, body_grid, liver_phantom
from segmentation.port import Segmentation


@dataclass(frozen=True)
class Files:
    """Stands for both samples: the files that the demo reads of them."""

    ct: Path
    liver: Path | None = None
    tumour: Path | None = None


@dataclass(frozen=True)
class KnowsBoth:
    """Knows the boxed liver's lesions, where its liver is given, and all of the scan's liver."""

    boxed: LiverPhantom
    scan: LiverPhantom

    def segment(self, image, *, progress):
        return FakeSegmenter.knowing(self.scan).segment(image, progress=progress)

    def segment_lesions(self, image, liver, *, progress):
        np.testing.assert_array_equal(self.boxed.liver_mask.codes, liver.codes)
        found = FakeSegmenter.knowing(self.boxed).segment(image, progress=progress)
        return Segmentation(structures=found.structures, lesions=found.lesions)


@dataclass(frozen=True)
class DividesBoth:
    boxed: LiverPhantom
    scan: LiverPhantom

    def divide(self, liver, *, stems=None, progress):
        known = self.boxed if liver.geometry.shape == self.boxed.geometry.shape else self.scan
        return FakeDivider.knowing(known).divide(liver, progress=progress)


def stored(grid, metastases):
    """A phantom on what NIfTI can hold, so that a case on disk equals the case in memory."""
    return liver_phantom(Geometry(grid.shape, np.float32(grid.affine_ras)), metastases=metastases)


@pytest.fixture(scope="module", name="boxed")
def boxed_fixture():
    """A liver with metastases whose grid ends where the liver does."""
    whole = stored(body_grid(spacing_mm=(4.0, 4.4, 4.2)), 3)
    box = bounding_box(whole.structures.mask(), what="the liver")
    return stored(box_geometry(whole.geometry, box), 3)


@pytest.fixture(scope="module", name="annotated")
def annotated_fixture(boxed):
    """The tumour as another reader might have drawn it: without its first lesion."""
    return (boxed.lesions.codes > 1).astype(np.uint8)


@pytest.fixture(scope="module", name="demo_run")
def demo_run_fixture(boxed, annotated, tmp_path_factory):
    """Reports by folder, and the stages that were told."""
    folder, stages = tmp_path_factory.mktemp("demo"), []
    scan = stored(body_grid(spacing_mm=(3.0, 3.2, 3.4)), 0)
    liver = Files(folder / "box.nii.gz", folder / "liver.nii.gz", folder / "tumour.nii.gz")
    write_image(boxed.image, liver.ct)
    write_labels(boxed.liver_mask, liver.liver)
    write_labels(LabelMap(annotated, boxed.geometry, BINARY_SCHEME), liver.tumour)
    write_image(scan.image, folder / "ct.nii.gz")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "fetch_liver", lambda progress: liver)
        patch.setattr(demo, "fetch_sample", lambda progress: Files(folder / "ct.nii.gz"))
        cases = demo.demo_cases(
            folder / "out",
            segmenter=KnowsBoth(boxed, scan),
            divider=DividesBoth(boxed, scan),
            progress=lambda stage, done, total: stages.append(stage),
        )
        reports = {
            one.folder: finish_case(
                one.case, measuring=MeasureRequest(patient=one.patient), output=one.folder
            )
            for one in cases
        }
    return reports, set(stages)


def test_demo__estimates_the_segments_of_all_cases(demo_run):
    reports, stages = demo_run
    samples = (demo.TUMOUR_SAMPLE, demo.SAMPLE, demo.SAMPLE)
    assert [demo.TUMOUR, demo.AS_IS, demo.PLANTED] == [folder.name for folder in reports]
    for (folder, report), sample in zip(reports.items(), samples, strict=True):
        case = read_case(folder)
        assert SegmentSource.MODEL is case.division.source is report.volumetry.segment_source
        assert report.volumetry.segments_need_review
        assert FAKE_MODEL in report.provenance.models
        assert {"segment", "divide", "measure", "plan"} <= set(report.provenance.seconds)
        assert sample == case.settings.sample
        assert report.patient.body_size_assumed
        np.testing.assert_array_equal(case.maps.structures.mask(), case.division.couinaud.mask())
    assert {f"{folder}: known planes" for folder in ("lits-117", "as-it-is", "planted")} < stages
    of_tumour, as_is, planted = reports.values()
    assert planted.planted
    assert () == as_is.planted == of_tumour.planted


def test_demo__the_liver_with_tumour_is_taken_as_whole_and_planned(demo_run, boxed):
    report = next(iter(demo_run[0].values()))
    assert report.settings.segmentation.whole_liver
    assert ("liver",) == report.settings.segmentation.masks
    liver_ml = np.count_nonzero(boxed.structures.codes) * boxed.geometry.voxel_volume_ml
    assert report.volumetry.tlv_ml.value == pytest.approx(liver_ml)
    assert report.volumetry.tlv_ml.bound is None
    assert {"image", "liver"} == set(report.provenance.inputs_sha256)
    targets = [target.verdict for target in report.planning.targets]
    assert targets
    assert Verdict.UNKNOWN not in targets


def test_demo__sets_the_annotated_tumour_beside_the_measured_one(demo_run, boxed, annotated):
    report = next(iter(demo_run[0].values()))
    named = {finding.id: finding for finding in report.quality}
    about = first(named["sample_tumour"].reasons, Cause.SAMPLE_TUMOUR)
    voxel_ml, found = boxed.geometry.voxel_volume_ml, boxed.lesions.mask()
    true_ml, found_ml = np.count_nonzero(annotated) * voxel_ml, found.sum() * voxel_ml
    tlv_ml = report.volumetry.tlv_ml.value
    dice = 2 * true_ml / (true_ml + found_ml)
    expected = (true_ml, true_ml / tlv_ml, found_ml, found_ml / tlv_ml, dice)
    assert about.amounts == pytest.approx(expected)
    assert 0 < true_ml < found_ml
    spacing = first(named["sample_spacing"].reasons, Cause.SAMPLE_SPACING)
    assert spacing.amounts == pytest.approx(boxed.geometry.spacing_mm)
    person = first(named["sample_person"].reasons, Cause.SAMPLE_PERSON)
    patient = report.patient
    assert (patient.age_years, patient.height_cm, patient.weight_kg) == person.amounts
    assert (patient.sex.value, patient.background.value) == person.names
    assert "sample_origin" not in {f.id for f in list(demo_run[0].values())[1].quality}


def test_demo__the_terminal_ends_with_what_to_open(demo_run, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    short = {Path("demo-output") / folder.name: report for folder, report in demo_run[0].items()}
    print_reports(short)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    start = lines.index("Open, the first one first:")
    opened = [line.split()[0] for line in lines[start + 1 : start + 4]]
    assert [f"{folder}/report.html" for folder in short] == opened
    assert "  remnant plan demo-output/lits-117 --background cirrhosis" in lines
    text = " ".join(" ".join(lines).split())
    assert "The demo's liver - A real, published scan" in text
    assert 1 == text.count("Impression")
    assert "planted metastasis 1: true" in text[text.index("with planted metastases") :]
