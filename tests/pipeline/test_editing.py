"""A stored case and a corrected map: only what hangs on the segments is made anew."""

import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from examples.files import bytes_of
from examples.findings import names_of
from remnant.core.errors import GeometryMismatchError, InputError
from remnant.core.findings import Verdict
from remnant.core.geometry import Geometry
from remnant.core.labels import (
    COUINAUD_SCHEME,
    INSTANCE_SCHEME,
    SEGMENT_IV_SCHEME,
    CouinaudSegment,
)
from remnant.core.patient import Patient
from remnant.core.reasons import Cause, causes_of
from remnant.core.volumes import LabelMap, Modality
from remnant.core.volumetry_report import SegmentsConfirmation, SegmentSource
from remnant.io.atomic import digest_file
from remnant.io.nifti import write_image, write_labels
from remnant.io.reading import ReadingChoice
from remnant.pipeline import case_files
from remnant.pipeline import folder as case_folder
from remnant.pipeline.case_files import STATE
from remnant.pipeline.comparison import CompareRequest, compare_cases
from remnant.pipeline.facts import known_case
from remnant.pipeline.folder import read_case, read_measured, write_segmented
from remnant.pipeline.measuring_and_planning import measure_case
from remnant.pipeline.requests import MeasureRequest, SegmentRequest
from remnant.pipeline.reviewing import LesionReview
from remnant.pipeline.run import rerun_case, revised_case, run_study
from remnant.pipeline.segment import case_from_masks, segment_case
from remnant.testing.fake_divider import FAKE_MODEL, PLANES_MM, FakeDivider
from remnant.testing.fake_segmenter import FakeSegmenter

MEASURING = MeasureRequest(patient=Patient(height_cm=175.0, weight_kg=80.0))


class Never:
    """Neither segments nor divides."""

    def segment(self, image, *, progress=None):
        raise AssertionError("nothing was to be segmented")

    def divide(self, liver, *, stems=None, progress=None):
        raise AssertionError("nothing was to be estimated")


@pytest.fixture(scope="module", name="ct")
def ct_fixture(small, tmp_path_factory):
    path = tmp_path_factory.mktemp("scan") / "ct.nii.gz"
    write_image(small.image, path)
    return path


@pytest.fixture(scope="module", name="estimated")
def estimated_fixture(small, ct, tmp_path_factory):
    output = tmp_path_factory.mktemp("estimated") / "case"
    run_study(
        SegmentRequest(source=ct, reading=ReadingChoice(modality=Modality.CT)),
        measuring=MEASURING,
        output=output,
        segmenter=FakeSegmenter.knowing(small),
        divider=FakeDivider.knowing(small),
    )
    return output


@pytest.fixture(name="output")
def output_fixture(estimated, tmp_path):
    """A stored case whose segments were estimated."""
    return shutil.copytree(estimated, tmp_path / "case")


@pytest.fixture(scope="module", name="confirmed_once")
def confirmed_once_fixture(estimated, tmp_path_factory):
    output = shutil.copytree(estimated, tmp_path_factory.mktemp("confirmed") / "case")
    rerun(output, confirm_segments="A. Reader")
    return output


@pytest.fixture(name="confirmed")
def confirmed_fixture(confirmed_once, tmp_path):
    """A stored case whose estimated segments were confirmed."""
    return shutil.copytree(confirmed_once, tmp_path / "confirmed")


@pytest.fixture(scope="module", name="corrected")
def corrected_fixture(small):
    """The phantom's map with segments V and VIII exchanged for VI and VII below a level."""
    codes = small.couinaud.codes.copy()
    codes[:, :, : codes.shape[2] // 2][codes[:, :, : codes.shape[2] // 2] == 5] = 6
    return LabelMap(codes, small.geometry, COUINAUD_SCHEME)


def rerun(output, *, divider=None, **options):
    return rerun_case(
        output,
        SegmentRequest(source=output, **options),
        output=output,
        measuring=known_case(output).measuring,
        divider=divider or Never(),
    )


def with_map(output, labels, folder, **options):
    path = folder / "corrected.nii.gz"
    write_labels(labels, path)
    return rerun(output, masks={"couinaud": path}, **options)


def variants(labels):
    """Yield the same map in other orders of axes, mirrored, and without its empty margin."""
    grid = labels.geometry
    for axes, mirrored in (((0, 1, 2), (0,)), ((2, 0, 1), ()), ((1, 2, 0), (1, 2))):
        affine = np.eye(4)
        affine[:3, :3] = grid.affine_ras[:3, :3][:, axes]
        affine[:3, 3] = grid.affine_ras[:3, 3]
        codes = labels.codes.transpose(axes)
        for axis in mirrored:
            affine[:3, 3] += affine[:3, axis] * (codes.shape[axis] - 1)
            affine[:3, axis] *= -1
        turned = np.ascontiguousarray(np.flip(codes, mirrored))
        yield LabelMap(turned, Geometry(turned.shape, affine), COUINAUD_SCHEME)
    low, high = (f(np.argwhere(labels.codes), axis=0) for f in (np.min, np.max))
    start, size = tuple(map(int, low)), tuple(map(int, high - low + 1))
    box = tuple(slice(a, a + n) for a, n in zip(start, size, strict=True))
    yield LabelMap(labels.codes[box].copy(), grid.cropped(start, size), COUINAUD_SCHEME)


def test_run__estimates_the_segments_and_records_the_time(output):
    report = read_measured(output)

    assert SegmentSource.MODEL is report.volumetry.segment_source
    assert report.volumetry.segments_need_review
    assert (FAKE_MODEL,) == report.provenance.models
    assert {"read", "segment", "divide", "measure", "plan"} == set(report.provenance.seconds)
    assert PLANES_MM == report.volumetry.error_model.segment_plane_mm
    assert all(r.remnant.flr_ml.value is not None for r in report.planning.resections)


def test_run__tells_the_progress_of_the_estimate(small, ct):
    stages = []
    request = SegmentRequest(source=ct, reading=ReadingChoice(modality=Modality.CT))
    segment_case(
        request,
        segmenter=FakeSegmenter.knowing(small),
        divider=FakeDivider.knowing(small),
        progress=lambda stage, done, total: stages.append(stage),
    )
    assert stages.index("known answer") < stages.index("known planes")


def test_run__without_a_divider_the_segments_stay_unknown_and_the_reason_says_more(small, ct):
    request = SegmentRequest(source=ct, reading=ReadingChoice(modality=Modality.CT))
    case = segment_case(request, segmenter=FakeSegmenter.knowing(small))

    assert case.division.couinaud is None
    assert (Cause.NO_SEGMENTS_GIVEN,) == causes_of(case.division.reasons)


def test_masks_alone__get_an_estimate_too(small, tmp_path):
    write_labels(small.liver_mask, tmp_path / "liver.nii.gz")
    request = SegmentRequest(masks={"liver": tmp_path / "liver.nii.gz"})
    case = case_from_masks(request, divider=FakeDivider.knowing(small))

    assert SegmentSource.MODEL is case.division.source
    assert case_from_masks(request).division.couinaud is None


def test_corrected__map_replaces_the_estimate_and_nothing_is_segmented(
    output, corrected, small, tmp_path
):
    before, old = bytes_of(output), read_case(output)
    again = with_map(output, corrected, tmp_path)
    report = again.report

    liver = small.structures.mask()
    voxel_ml = small.geometry.voxel_volume_ml
    for segment in CouinaudSegment:
        count = np.count_nonzero(liver & (corrected.codes == segment))
        assert count * voxel_ml == pytest.approx(report.volumetry.segments[segment].total_ml)
    assert SegmentSource.GIVEN is report.volumetry.segment_source
    assert not report.volumetry.segments_need_review
    assert () == report.provenance.models
    assert {"image", "couinaud"} == set(report.provenance.inputs_sha256)
    assert report.volumetry.error_model.segment_plane_mm is None
    assert (f"segments replaced by {tmp_path / 'corrected.nii.gz'}",) == again.changed
    after = bytes_of(output)
    assert before.keys() == after.keys()
    unchanged = {case_files.STRUCTURES, case_files.LESIONS, case_files.PREVIEW}
    for name in unchanged:
        assert before[name] == after[name]
    assert before[case_files.COUINAUD] != after[case_files.COUINAUD]
    assert old.intensities == read_case(output).intensities


def test_corrected__maps_in_other_orders_and_cropped_give_the_same_volumes(
    output, corrected, tmp_path
):
    path = tmp_path / "corrected.nii.gz"
    found = []
    for variant in (corrected, *variants(corrected)):
        write_labels(variant, path)
        case = revised_case(output, SegmentRequest(masks={"couinaud": path})).case
        np.testing.assert_array_equal(corrected.codes, case.division.couinaud.codes)
        found.append(measure_case(case, MEASURING).volumetry)
    assert 5 == len(found)
    assert all(found[0].segments == volumes.segments for volumes in found)
    assert all(found[0].tlv_ml == volumes.tlv_ml for volumes in found)


def test_corrected__map_of_another_grid_is_refused_and_the_case_is_untouched(
    output, corrected, tmp_path
):
    before = bytes_of(output)
    shifted = np.array(corrected.geometry.affine_ras)
    shifted[0, 3] += 1.7
    for geometry in (
        Geometry(corrected.geometry.shape, shifted),
        Geometry(corrected.geometry.shape, corrected.geometry.affine_ras * [1.1, 1, 1, 1]),
    ):
        with pytest.raises(GeometryMismatchError, match="the Couinaud map lies on another grid"):
            with_map(output, LabelMap(corrected.codes, geometry, COUINAUD_SCHEME), tmp_path)
    foreign = LabelMap(corrected.codes + np.uint8(1), corrected.geometry, INSTANCE_SCHEME)
    with pytest.raises(InputError, match=r"\[9\]"):
        with_map(output, foreign, tmp_path)
    assert before == bytes_of(output)


def test_corrected__edited_lesions_in_another_order_of_axes_are_taken(output, small, tmp_path):
    codes = small.lesions.codes.copy()
    codes[codes == 2] = 0
    grid = small.geometry
    affine = np.array(grid.affine_ras)
    affine[:3, 3] += affine[:3, 1] * (grid.shape[1] - 1)
    affine[:3, 1] *= -1
    path = tmp_path / "lesions.nii.gz"
    mirrored = np.ascontiguousarray(codes[:, ::-1])
    write_labels(LabelMap(mirrored, Geometry(grid.shape, affine), INSTANCE_SCHEME), path)
    again = rerun(output, review=LesionReview(edited=path))

    assert [1] == [lesion.id for lesion in again.report.volumetry.lesions]
    np.testing.assert_array_equal(codes, read_case(output).maps.lesions.codes)
    assert ("lesions reviewed",) == again.changed


def test_scan__takes_masks_in_another_order_of_axes(ct, small, tmp_path):
    for number, variant in enumerate(variants(small.couinaud)):
        path = tmp_path / f"{number}.nii.gz"
        write_labels(variant, path)
        masks = {"couinaud": path}
        request = SegmentRequest(
            source=ct, reading=ReadingChoice(modality=Modality.CT), masks=masks
        )
        case = segment_case(request, segmenter=FakeSegmenter.knowing(small), divider=Never())
        np.testing.assert_array_equal(small.couinaud.codes, case.division.couinaud.codes)
        liver = tmp_path / "liver.nii.gz"
        write_labels(replace_codes(variant), liver)
        both = replace(request, masks={"couinaud": path, "liver": liver})
        given = segment_case(both, segmenter=FakeSegmenter.knowing(small), divider=Never())
        np.testing.assert_array_equal(small.liver_mask.codes, given.maps.structures.mask())
        np.testing.assert_array_equal(small.couinaud.codes, given.division.couinaud.codes)


def replace_codes(labels):
    return LabelMap((labels.codes > 0).astype(np.uint8), labels.geometry, INSTANCE_SCHEME)


def test_stored__without_segments_gets_them_estimated_when_it_is_run_again(small, ct, tmp_path):
    run_study(
        SegmentRequest(source=ct, reading=ReadingChoice(modality=Modality.CT)),
        measuring=MEASURING,
        output=tmp_path / "c",
        segmenter=FakeSegmenter.knowing(small),
    )
    none = rerun_case(tmp_path / "c", output=tmp_path / "c", measuring=MEASURING)
    assert none.report.volumetry.segments is None
    again = rerun(tmp_path / "c", divider=FakeDivider.knowing(small))

    assert SegmentSource.MODEL is again.report.volumetry.segment_source
    assert ("segments estimated from the liver's shape",) == again.changed


def test_confirm__writes_no_map_anew_and_keeps_every_figure(output, monkeypatch):
    before, first = bytes_of(output), read_measured(output)

    def refuse(*_, **__):
        raise AssertionError("a map was encoded again")

    monkeypatch.setattr(case_folder, "write_labels", refuse)
    monkeypatch.setattr(case_folder, "write_image", refuse)
    again = rerun(output, confirm_segments="A. Reader")
    after = bytes_of(output)

    assert first.volumetry.segments == again.report.volumetry.segments
    assert [r.remnant for r in first.planning.resections] == [
        r.remnant for r in again.report.planning.resections
    ]
    assert ("segments confirmed by A. Reader",) == again.changed
    assert not again.report.volumetry.segments_need_review
    tables = {case_files.LESION_TABLE, case_files.PLAN_TABLE}
    rewritten = {STATE, case_files.REPORT_JSON, case_files.REPORT_HTML, *tables}
    for name in before.keys() - rewritten:
        assert before[name] == after[name]
    marked = before[case_files.LESION_TABLE]
    plain = marked.replace(b'"model, to be reviewed"', b"model")
    assert marked != plain == after[case_files.LESION_TABLE]
    of_plans = before[case_files.PLAN_TABLE]
    unmarked = of_plans.replace(b" Segments estimated from liver shape: review.", b"")
    assert of_plans != unmarked == after[case_files.PLAN_TABLE]
    assert read_measured(output).volumetry.segments_confirmation.name == "A. Reader"


def test_confirm__then_corrected_the_confirmation_is_gone_and_it_is_said(
    confirmed, corrected, tmp_path
):
    with pytest.raises(InputError, match=r"that A\. Reader confirmed on .* --overwrite"):
        with_map(confirmed, corrected, tmp_path)
    assert read_case(confirmed).division.confirmation is not None
    again = with_map(confirmed, corrected, tmp_path, overwrite=True)

    assert again.report.volumetry.segments_confirmation is None
    assert read_case(confirmed).division.confirmation is None
    assert "the confirmation by A. Reader dropped with the earlier segments" in again.changed


def test_confirm__stays_through_another_run(confirmed):
    confirmation = read_measured(confirmed).volumetry.segments_confirmation
    again = rerun(confirmed, review=LesionReview(rejected=frozenset({1})))

    assert confirmation == again.report.volumetry.segments_confirmation
    assert ("lesions reviewed",) == again.changed


def test_state__keeps_what_is_known_of_the_segments(output, small, tmp_path):
    case = read_case(output)
    parts = np.where(small.couinaud.codes == 4, 1 + (np.indices(small.geometry.shape)[2] % 2), 0)
    known = replace(
        case,
        division=replace(
            case.division,
            confirmation=SegmentsConfirmation(name="Łukasz 李", date="2026-11-22"),
            segment_iv=replace_scheme(parts.astype(np.uint8), small.geometry),
        ),
    )
    (tmp_path / "again").mkdir()
    write_segmented(known, tmp_path / "again")
    read = read_case(tmp_path / "again")

    for name in ("confirmation", "plane_mm", "models", "findings", "source", "reasons"):
        assert getattr(known.division, name) == getattr(read.division, name)
    for name in ("models", "device", "quality"):
        assert getattr(known, name) == getattr(read, name)
    assert PLANES_MM == read.division.plane_mm
    assert ("fake-divider",) == read.division.models
    np.testing.assert_array_equal(known.division.segment_iv.codes, read.division.segment_iv.codes)


def replace_scheme(codes, geometry):

    return LabelMap(codes, geometry, SEGMENT_IV_SCHEME)


@pytest.mark.parametrize(
    "damage",
    [
        {"segments_confirmation": {"name": "A"}},
        {"segments_confirmation": "A"},
        {"segment_plane_mm": {"SAGITTAL": 1.0}},
        {"segment_plane_mm": {"MAIN": "far"}},
        {"strange": 1},
    ],
)
def test_state__that_is_damaged_is_refused(damage, output):
    state = json.loads((output / STATE).read_text(encoding="utf-8"))
    (output / STATE).write_text(json.dumps(state | damage), encoding="utf-8")
    with pytest.raises(InputError, match=f"not a valid segmentation.json: at {next(iter(damage))}"):
        read_case(output)


def test_state__of_an_earlier_version_is_refused_with_what_to_do(output):
    state = json.loads((output / STATE).read_text(encoding="utf-8"))
    old = {"state_version": "1.1", **{k: v for k, v in state.items() if k != "schema_version"}}
    (output / STATE).write_text(json.dumps(old), encoding="utf-8")
    with pytest.raises(InputError, match="run the case again from its scan"):
        read_case(output)


def test_split_iv__is_stored_measured_and_leaves_with_the_segments(
    output, small, corrected, tmp_path
):
    points = tmp_path / "points.json"
    names = ("ivc", "gallbladder_fossa", "umbilical_fissure", "portal_bifurcation")
    text = json.dumps(
        {"frame": "RAS mm", "points": {n: list(getattr(small.landmarks, n)) for n in names}}
    )
    Path(points).write_text(text, encoding="utf-8")
    again = rerun(output, landmarks=points, split_iv=True)

    assert (output / case_files.COUINAUD_IV).is_file()
    parts = read_measured(output).volumetry.segment_iv
    whole = again.report.volumetry.segments[CouinaudSegment.IV].total_ml
    assert whole == pytest.approx(sum(part.total_ml for part in parts.values()))
    assert "segment IV divided into IVa and IVb" in again.changed
    with_map(output, corrected, tmp_path)
    assert not (output / case_files.COUINAUD_IV).exists()
    assert read_measured(output).volumetry.segment_iv is None


@pytest.mark.parametrize("first", ["model", "given"])
def test_edited_in_place__the_map_counts_as_given_and_is_confirmed_by_nobody(
    first, confirmed, small, corrected, tmp_path
):
    output = confirmed
    if first == "given":
        with_map(output, small.couinaud, tmp_path, overwrite=True)
        rerun(output, confirm_segments="A. Reader")
    stored = read_case(output)
    assert first == stored.division.source
    assert stored.division.confirmation is not None
    write_labels(corrected, output / case_files.COUINAUD)
    again = rerun(output)

    volumes = again.report.volumetry
    assert SegmentSource.GIVEN is volumes.segment_source
    assert volumes.segments_confirmation is None
    assert volumes.error_model.segment_plane_mm is None
    assert () == again.report.provenance.models
    expected = digest_file(output / case_files.COUINAUD)
    assert expected == again.report.provenance.inputs_sha256["couinaud"]
    (finding,) = (f for f in again.report.quality if f.id == "segments_source")
    assert (first,) == names_of(finding, Cause.SEGMENTS_REPLACED)
    assert "confirmation" in names_of(finding, Cause.DROPPED_WITH_SEGMENTS)
    assert again.report.quality == rerun(output).report.quality


def test_rerun__into_another_folder_leaves_the_first_as_it_was(output, corrected, tmp_path):
    before = bytes_of(output)
    path = tmp_path / "corrected.nii.gz"
    write_labels(corrected, path)
    again = partial(rerun_case, output, SegmentRequest(masks={"couinaud": path}))
    again(output=tmp_path / "second", measuring=MEASURING)

    assert before == bytes_of(output)
    np.testing.assert_array_equal(
        corrected.codes, read_case(tmp_path / "second").division.couinaud.codes
    )
    assert (output / case_files.STRUCTURES).stat().st_nlink == 1


def test_compare__works_with_estimates_and_says_that_nobody_reviewed_them(
    output, confirmed, estimated
):
    right = frozenset(map(CouinaudSegment, (5, 6, 7, 8)))
    verdicts = []
    for after in (output, confirmed):
        request = CompareRequest(before=estimated, after=after, removed=right, weeks=3.0)
        report = compare_cases(request)
        (finding,) = (f for f in report.quality if f.id == "compared_segments")
        unreviewed = names_of(finding, Cause.SEGMENTS_UNREVIEWED)
        verdicts.append((finding.verdict, unreviewed))
        assert 0.0 == pytest.approx(report.growth.degree_of_hypertrophy_sflr_points.value, abs=1e-9)
    assert [
        (Verdict.NOT_MET, ("first", "second")),
        (Verdict.NOT_MET, ("first",)),
    ] == verdicts


def test_compare__confirmed_estimates_pass_and_other_sources_are_named(
    confirmed, corrected, tmp_path
):
    twin = shutil.copytree(confirmed, tmp_path / "twin")
    request = CompareRequest(before=confirmed, after=twin, removed=frozenset({CouinaudSegment.II}))
    (alike,) = (f for f in compare_cases(request).quality if f.id == "compared_segments")
    with_map(twin, corrected, tmp_path, overwrite=True)
    (other,) = (f for f in compare_cases(request).quality if f.id == "compared_segments")

    assert Verdict.MET is alike.verdict
    assert Verdict.UNKNOWN is other.verdict
    sources = (SegmentSource.MODEL, SegmentSource.GIVEN)
    assert sources == names_of(other, Cause.SEGMENTS_COMPARED)
    without = replace(request, removed=None)
    assert "compared_segments" not in {f.id for f in compare_cases(without).quality}
