"""The whole way on a phantom, in one go and stage by stage."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from remnant.core.errors import InputError, UnreadableFileError
from remnant.core.labels import (
    BINARY_SCHEME,
    INSTANCE_SCHEME,
    STRUCTURE_SCHEME,
    CouinaudSegment,
    Structure,
)
from remnant.core.lesions import Confirmation
from remnant.core.patient import LiverBackground, Patient, Sex
from remnant.core.reasons import Cause, Reason
from remnant.core.volumes import LabelMap, Modality
from remnant.core.volumetry_report import SegmentSource
from remnant.io.nifti import write_labels
from remnant.io.reading import ReadingChoice
from remnant.pipeline import case_files
from remnant.pipeline import folder as case_folder
from remnant.pipeline.divide import with_segments
from remnant.pipeline.facts import known_case
from remnant.pipeline.measuring_and_planning import measure_case, plan_case
from remnant.pipeline.plan_maps import stored_maps
from remnant.pipeline.plan_settings import PlanRequest
from remnant.pipeline.requests import MeasureRequest, SegmentRequest
from remnant.pipeline.reviewing import LesionReview
from remnant.pipeline.run import rerun_case, run_study
from remnant.pipeline.segment import case_from_masks, segment_case
from remnant.pipeline.segment_sources import GivenSegments
from remnant.testing.fake_segmenter import FakeSegmenter
from remnant.testing.phantom_shapes import discretisation_bound_ml
from segmentation.port import Segmentation


def _parenchyma(phantom):
    codes = phantom.structures.mask().astype(np.uint8)
    return LabelMap(codes, phantom.geometry, STRUCTURE_SCHEME)


PATIENT = Patient(
    height_cm=175.0,
    weight_kg=80.0,
    sex=Sex.MALE,
    age_years=60.0,
    background=LiverBackground.NORMAL,
)
MEASURING = MeasureRequest(patient=PATIENT)


@pytest.fixture(scope="module", name="run")
def run_fixture(scan, mask_files, phantom, tmp_path_factory):
    """The report of one run, and the folder that it wrote."""
    output = tmp_path_factory.mktemp("run") / "case"
    report = run_study(
        SegmentRequest(
            source=scan,
            reading=ReadingChoice(modality=Modality.CT),
            masks={"couinaud": mask_files["couinaud"]},
        ),
        measuring=MEASURING,
        output=output,
        segmenter=FakeSegmenter.knowing(phantom),
    ).report
    return report, output


@pytest.fixture(name="output")
def output_fixture(run, tmp_path):
    """A copy of the run's folder, to be changed."""
    return shutil.copytree(run[1], tmp_path / "case")


def test_run__writes_the_contract_and_measures_the_phantom(run, phantom):
    report, output = run

    written = {p.name for p in output.iterdir()}
    unmade = (case_files.EXOPHYTIC, case_files.LESIONS_CORE, case_files.COUINAUD_IV)
    absent = case_files.with_companions(unmade)
    assert set(case_files.ALL_FILES) - set(absent) == written
    bound_ml = discretisation_bound_ml(phantom.liver.whole, phantom.geometry)
    assert abs(report.volumetry.tlv_ml.value - phantom.tlv_ml) <= bound_ml
    assert len(phantom.metastases) == len(report.volumetry.lesions)
    document = json.loads((output / "report.json").read_text(encoding="utf-8"))
    assert report.volumetry.tlv_ml.value == document["volumetry"]["tlv_ml"]["value"]
    assert "Research use only" in (output / "report.html").read_text(encoding="utf-8")


def test_run__debulking_and_remnant_partition_the_phantom(run, phantom):
    report, _ = run
    by_name = {r.name: r for r in report.planning.resections}
    right = by_name["right_hemihepatectomy"]

    removed = np.isin(phantom.couinaud.codes, [int(s) for s in right.segments])
    lesion = phantom.lesions.codes > 0
    liver = phantom.structures.codes > 0
    voxel_ml = phantom.geometry.voxel_volume_ml
    assert np.count_nonzero(liver & ~lesion & ~removed) * voxel_ml == pytest.approx(
        right.remnant.flr_ml.value, rel=1e-9
    )
    assert np.count_nonzero(lesion & removed) / np.count_nonzero(lesion) == pytest.approx(
        right.debulked_fraction.value, rel=1e-9
    )


def test_stages__one_by_one_equal_run(run, request_with_segments, segmenter, tmp_path):
    at_once, _ = run
    case = segment_case(request_with_segments, segmenter=segmenter)
    folder = tmp_path / "b"
    with case_folder.published(folder) as staging:
        case_folder.write_segmented(case, staging)
    measured = measure_case(case_folder.read_case(folder), MEASURING)
    case_folder.write_measured(measured, folder)
    planned = plan_case(case_folder.read_measured(folder), maps=stored_maps(folder))

    assert at_once.volumetry == planned.volumetry
    assert at_once.planning == planned.planning
    assert at_once.quality == planned.quality


def test_run__without_segments_the_remnant_is_absent_with_its_reason(scan, segmenter, tmp_path):
    report = run_study(
        SegmentRequest(source=scan), measuring=MEASURING, output=tmp_path / "c", segmenter=segmenter
    ).report
    for resection in report.planning.resections:
        assert resection.remnant.flr_ml.value is None
        assert (Reason(Cause.NO_SEGMENTS_GIVEN),) == resection.remnant.flr_ml.reasons
    assert not (tmp_path / "c" / "couinaud.nii.gz").exists()


def test_run__a_failing_stage_leaves_the_stages_before_it(scan, segmenter, tmp_path):
    with pytest.raises(InputError, match="formula"):
        run_study(
            SegmentRequest(source=scan),
            measuring=MeasureRequest(patient=PATIENT, formula="no_such_formula"),
            output=tmp_path / "case",
            segmenter=segmenter,
        )
    assert ["case"] == [path.name for path in tmp_path.iterdir()]
    case_folder.read_case(tmp_path / "case")
    assert not (tmp_path / "case" / case_files.REPORT_JSON).exists()


def test_run__a_failing_rerun_leaves_the_old_case(output):
    before = {p.name: p.read_bytes() for p in output.iterdir()}
    with pytest.raises(InputError):
        rerun_case(
            output,
            output=output,
            measuring=replace(MEASURING, formula="no_such_formula"),
        )
    assert before == {p.name: p.read_bytes() for p in output.iterdir()}


def test_rerun__rejected_lesion_leaves_the_burden_and_stays_listed(run, output):
    first, _ = run
    largest = first.volumetry.lesions[0]
    second = rerun_case(
        output,
        SegmentRequest(review=LesionReview(rejected=frozenset({largest.id}))),
        output=output,
        measuring=known_case(output).measuring,
    ).report

    assert first.volumetry.tumour_ml.value - largest.volume_ml.value == pytest.approx(
        second.volumetry.tumour_ml.value
    )
    assert first.volumetry.tlv_ml.value == second.volumetry.tlv_ml.value
    assert Confirmation.REJECTED is second.volumetry.lesions[0].confirmation
    assert first.patient == second.patient
    third = rerun_case(
        output,
        SegmentRequest(review=LesionReview(confirmed=frozenset({largest.id}))),
        output=output,
        measuring=known_case(output).measuring,
    ).report
    assert first.volumetry.tumour_ml == third.volumetry.tumour_ml
    assert Confirmation.CONFIRMED is third.volumetry.lesions[0].confirmation


def test_masks__alone_equal_the_masks_with_the_image(mask_files, phantom, request_with_segments,
                                                     segmenter):  # fmt: skip
    from_masks = measure_case(case_from_masks(SegmentRequest(masks=mask_files)), MEASURING)
    from_image = measure_case(segment_case(request_with_segments, segmenter=segmenter), MEASURING)

    assert from_image.volumetry.tlv_ml == from_masks.volumetry.tlv_ml
    assert from_image.volumetry.tumour_ml == from_masks.volumetry.tumour_ml
    assert from_image.volumetry.segments == from_masks.volumetry.segments
    assert from_masks.study.modality is None


def test_masks__couinaud_alone_leaves_the_tumour_unknown(mask_files):
    request = SegmentRequest(masks={"couinaud": mask_files["couinaud"]})
    report = plan_case(measure_case(case_from_masks(request), MEASURING))

    assert report.volumetry.tumour_ml.value is None
    assert (Reason(Cause.LESIONS_UNKNOWN),) == report.volumetry.tumour_ml.reasons
    assert report.volumetry.burden_fraction.value is None
    assert report.planning.frilling.type is None
    verdicts = {f.verdict for r in report.planning.resections for f in r.findings
                if f.id.startswith("flr.")}  # fmt: skip
    assert "met" not in verdicts
    assert all(r.remnant.flr_ml.bound == "upper" for r in report.planning.resections)


def test_masks__liver_with_the_scan_leaves_only_the_lesions_to_the_network(
    scan, mask_files, phantom
):
    class OnlyLesions:
        def segment(self, image, *, progress=None):
            raise AssertionError("the liver was given")

        def segment_lesions(self, image, liver, *, progress=None):
            np.testing.assert_array_equal(phantom.liver_mask.codes, liver.codes)
            return Segmentation(structures=phantom.structures, lesions=phantom.lesions)

    request = SegmentRequest(source=scan, masks={"liver": mask_files["liver"]})
    case = segment_case(request, segmenter=OnlyLesions())

    np.testing.assert_array_equal(phantom.lesions.codes, case.maps.lesions.codes)
    assert {"image", "liver"} == set(case.inputs_sha256)


def test_landmarks__divide_the_phantom_as_its_own_planes_do(scan, segmenter, phantom):
    case = segment_case(SegmentRequest(source=scan), segmenter=segmenter)
    divided = with_segments(case, GivenSegments(landmarks=phantom.landmarks))

    assert SegmentSource.LANDMARKS is divided.division.source
    liver = phantom.structures.codes > 0
    right = np.isin(phantom.couinaud.codes, (5, 6, 7, 8)) & liver
    found = np.isin(divided.division.couinaud.codes, (5, 6, 7, 8)) & liver
    agreement = np.count_nonzero(right == found) / right.size
    assert agreement > 0.97


def test_output__a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("precious", encoding="utf-8")
    with pytest.raises(InputError, match="other files"):
        case_folder.require_output_folder(tmp_path)


def test_output__a_file_is_refused(tmp_path):
    (tmp_path / "out").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="is a file"):
        case_folder.require_output_folder(tmp_path / "out")


def test_case__a_folder_without_maps_is_refused(tmp_path):
    with pytest.raises(UnreadableFileError, match="no segmented case"):
        case_folder.read_case(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"state_version": "1.0"}', "{" * 100_000])
def test_case__a_damaged_state_is_refused_in_one_line(text, case, tmp_path):
    with case_folder.published(tmp_path / "case") as staging:
        case_folder.write_segmented(case, staging)
    (tmp_path / "case" / case_files.STATE).write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        case_folder.read_case(tmp_path / "case")
    assert "\n" not in str(caught.value)


def test_case__round_trip_through_its_folder(case, tmp_path):
    with case_folder.published(tmp_path / "case") as staging:
        case_folder.write_segmented(case, staging)
    read = case_folder.read_case(tmp_path / "case")

    assert case.division.source is read.division.source
    assert case.division.reasons == read.division.reasons
    for name in ("study", "confirmations", "quality",
                 "models", "inputs_sha256", "settings", "seed", "planted"):  # fmt: skip
        assert getattr(case, name) == getattr(read, name)
    for name in (case_files.STRUCTURES, case_files.LESIONS, case_files.COUINAUD):
        written, stored = (case_folder.volumes_of(one)[name] for one in (case, read))
        np.testing.assert_array_equal(written.codes, stored.codes)
        assert written.geometry.same_grid(stored.geometry)
    np.testing.assert_array_equal(case.preview.voxels, read.preview.voxels)


def publish_new(case, output):
    with case_folder.published(output) as staging:
        case_folder.write_state(case, staging / case_files.STATE)
        for name in (case_files.STRUCTURES, case_files.LESIONS, case_files.REPORT_JSON):
            (staging / name).write_bytes(b"new")


@pytest.mark.parametrize("fails", [".remnant-pending", "case"])
def test_publish__a_rename_that_fails_before_it_is_published_leaves_the_old_case(
    fails, case, tmp_path, monkeypatch
):
    output = tmp_path / "case"
    if fails == ".remnant-pending":
        with case_folder.published(output) as staging:
            case_folder.write_segmented(case, staging)
    before = {p.name: p.read_bytes() for p in output.glob("*")}
    rename = Path.rename

    def failing(self, target):
        if target.name == fails:
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(InputError, match="No space left"):
        publish_new(case, output)

    assert before == {p.name: p.read_bytes() for p in output.glob("*")}
    assert ["case"] * bool(before) == [p.name for p in tmp_path.iterdir()]


def test_publish__what_was_published_and_has_no_place_yet_gets_it_from_the_next_command(
    case, tmp_path, monkeypatch
):
    output = tmp_path / "case"
    with case_folder.published(output) as staging:
        case_folder.write_segmented(case, staging)
    move = Path.replace

    def failing(self, target):
        if self.name == case_files.LESIONS and self.parent.name == ".remnant-pending":
            raise OSError(5, "Input/output error")
        return move(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(InputError, match="run the command again"):
        publish_new(case, output)
    monkeypatch.undo()
    assert case_files.is_case(output)
    case_folder.require_output_folder(output)

    new = {case_files.STRUCTURES, case_files.LESIONS, case_files.REPORT_JSON, case_files.STATE}
    assert new == {p.name for p in output.iterdir()}
    assert b"new" == (output / case_files.LESIONS).read_bytes()


def test_published__folder_obeys_the_umask(tmp_path):
    old = os.umask(0o077)
    try:
        with case_folder.published(tmp_path / "case") as staging:
            (staging / case_files.STATE).write_text("{}", encoding="utf-8")
    finally:
        os.umask(old)
    assert 0o700 == (tmp_path / "case").stat().st_mode & 0o777


def test_output__below_a_file_is_refused_before_the_work(tmp_path):
    (tmp_path / "scan").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be written"):
        case_folder.require_output_folder(tmp_path / "scan" / "out")


def test_masks__lesions_with_the_scan_are_used_on_the_networks_liver(
    scan, mask_files, segmenter, phantom
):
    given = {"lesions": mask_files["lesions"], "couinaud": mask_files["couinaud"]}
    knows_no_lesion = FakeSegmenter(
        _parenchyma(phantom), LabelMap(
            np.zeros(phantom.geometry.shape, np.uint16), phantom.geometry, INSTANCE_SCHEME
        ),
    )  # fmt: skip
    case = segment_case(SegmentRequest(source=scan, masks=given), segmenter=knows_no_lesion)

    np.testing.assert_array_equal(phantom.lesions.codes, case.maps.lesions.codes)
    assert {"image", "lesions", "couinaud"} == set(case.inputs_sha256)
    assert "liver_from_couinaud" not in {f.id for f in case.quality}


def test_masks__portal_vein_is_kept_beside_the_networks(scan, mask_files, phantom, tmp_path):
    vein = LabelMap(
        (phantom.structures.codes == Structure.PORTAL_VEIN).astype(np.uint8),
        phantom.geometry, BINARY_SCHEME,
    )  # fmt: skip
    write_labels(vein, tmp_path / "vein.nii.gz")
    plain = FakeSegmenter(_parenchyma(phantom), phantom.lesions)
    given = {"couinaud": mask_files["couinaud"], "portal_vein": tmp_path / "vein.nii.gz"}
    case = segment_case(SegmentRequest(source=scan, masks=given), segmenter=plain)

    assert (case.maps.structures.codes[vein.codes > 0] != Structure.PARENCHYMA).all()


def test_rerun__landmarks_leave_their_digest_and_setting(case, phantom, tmp_path):
    again = GivenSegments(landmarks=phantom.landmarks, landmarks_sha256="ab" * 32)
    divided = with_segments(case, again)

    assert {"image", "landmarks"} == set(divided.inputs_sha256)
    assert divided.settings.landmarks is True
    assert "couinaud" in case.inputs_sha256


def test_rerun__keeps_formula_and_resections(request_with_segments, segmenter, tmp_path):
    output = tmp_path / "case"
    measuring = MeasureRequest(patient=PATIENT, formula="chan2006", bsa_formula="dubois1916")
    removed = frozenset({CouinaudSegment.VI, CouinaudSegment.III})
    run_study(
        request_with_segments,
        measuring=measuring,
        output=output,
        segmenter=segmenter,
        planning=PlanRequest(custom=(removed,)),
    )
    known = known_case(output)

    assert measuring == known.measuring
    assert (removed,) == known.planning.custom


def test_whole_liver__cannot_be_said_of_a_scan(scan, segmenter, mask_files):
    request = SegmentRequest(source=scan, whole_liver=True)
    with pytest.raises(InputError, match="label maps alone"):
        segment_case(request, segmenter=segmenter)
    vouched = case_from_masks(SegmentRequest(masks=mask_files, whole_liver=True))
    withdrawn = with_segments(vouched, GivenSegments(landmarks=None, whole_liver=False))
    assert (True, False) == (
        vouched.settings.whole_liver, withdrawn.settings.whole_liver
    )  # fmt: skip
