"""What is said of the segments stands as long as it is true: source, mark, confirmation, notes."""

import gzip
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from examples.findings import names_of, noted
from remnant.core.errors import InputError
from remnant.core.findings import Verdict, quality_finding
from remnant.core.geometry import Geometry
from remnant.core.labels import COUINAUD_SCHEME, INSTANCE_SCHEME
from remnant.core.patient import Patient
from remnant.core.reasons import Cause, reason
from remnant.core.volumes import LabelMap
from remnant.core.volumetry_report import SegmentSource
from remnant.io import masks
from remnant.io.atomic import digest_file
from remnant.io.masks import GivenMap
from remnant.io.nifti import write_labels
from remnant.pipeline.case_files import COUINAUD, LESIONS, STATE
from remnant.pipeline.comparison import CompareRequest, compare_cases
from remnant.pipeline.confirm import settled
from remnant.pipeline.coverage import SEGMENTS_EXTENDED
from remnant.pipeline.divide import with_segments
from remnant.pipeline.division import SEGMENTS_SOURCE
from remnant.pipeline.fingerprints import codes_digest
from remnant.pipeline.folder import (
    read_case,
    read_measured,
    read_stored,
    require_as_measured,
    write_measured,
    write_segmented,
)
from remnant.pipeline.measuring_and_planning import measure_case
from remnant.pipeline.requests import MeasureRequest, SegmentRequest
from remnant.pipeline.run import rerun_case, revised_case
from remnant.pipeline.segment import case_from_masks
from remnant.pipeline.segment_sources import GivenSegments, read_given
from remnant.testing.fake_divider import FAKE_MODEL, PLANES_MM, FakeDivider
from remnant.testing.phantoms import body_grid, liver_phantom

S = SegmentSource
MEASURING = MeasureRequest(patient=Patient(height_cm=175.0, weight_kg=80.0))
CONFIRM = GivenSegments(confirmed_by="A. Reader")
CONFIRMED = reason(Cause.SEGMENTS_CONFIRMED)


class Never:
    """Estimates nothing."""

    def divide(self, liver, *, stems=None, progress=None):
        raise AssertionError("nothing was to be estimated")


@pytest.fixture(scope="module", name="small")
def small_fixture():
    grid = body_grid(spacing_mm=(8.0, 8.5, 9.0))
    stored = Geometry(grid.shape, np.float32(grid.affine_ras))
    return liver_phantom(stored, metastases=1, seed=3)


@pytest.fixture(scope="module", name="divider")
def divider_fixture(small):
    return FakeDivider.knowing(small)


@pytest.fixture(scope="module", name="undivided")
def undivided_fixture(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("maps")
    maps = {"liver": small.liver_mask, "lesions": small.lesions}
    for role, labels in maps.items():
        write_labels(labels, folder / f"{role}.nii.gz")
    return case_from_masks(SegmentRequest(masks={r: folder / f"{r}.nii.gz" for r in maps}))


@pytest.fixture(scope="module", name="estimated")
def estimated_fixture(undivided, divider):
    return with_segments(undivided, GivenSegments(), divider=divider)


@pytest.fixture(scope="module", name="by_landmarks")
def landmarks_fixture(undivided, small):
    return with_segments(undivided, points(small, split_iv=True))


@pytest.fixture(scope="module", name="estimate_folder")
def estimate_folder_fixture(estimated, tmp_path_factory):
    folder = tmp_path_factory.mktemp("estimate")
    write_segmented(estimated, folder)
    write_measured(measure_case(estimated, MEASURING), folder)
    return folder


@pytest.fixture(name="output")
def output_fixture(estimate_folder, tmp_path):
    """A stored and measured case whose segments were estimated."""
    return shutil.copytree(estimate_folder, tmp_path / "case")


def points(small, **more):
    return GivenSegments(landmarks=small.landmarks, landmarks_sha256="a" * 64, **more)


def map_of(case, codes=None, noticed=()):
    codes = case.division.couinaud.codes if codes is None else codes
    labels = LabelMap(codes, case.division.couinaud.geometry, COUINAUD_SCHEME)
    return GivenMap(labels=labels, sha256="b" * 64, quality=noticed)


def grown(case):
    """Return the case with a liver of one voxel more."""
    codes = case.maps.structures.codes.copy()
    i, j, k = np.argwhere(codes > 0)[0]
    codes[i - 1, j, k] = 1
    structures = LabelMap(codes, case.maps.structures.geometry, case.maps.structures.scheme)
    return replace(case, maps=replace(case.maps, structures=structures))


def save_anew(folder, name=COUINAUD):
    """Compress a map's file again, as other programs do when they save it unchanged."""
    before = digest_file(folder / name)
    content = gzip.decompress((folder / name).read_bytes())
    (folder / name).write_bytes(gzip.compress(content, 1))
    assert before != digest_file(folder / name)


def edit(folder, small):
    codes = small.couinaud.codes.copy()
    codes[codes == 4] = 2
    write_labels(LabelMap(codes, small.geometry, COUINAUD_SCHEME), folder / COUINAUD)


@pytest.mark.parametrize("confirmed", [False, True])
def test_own_map__given_back_changes_neither_source_nor_confirmation(confirmed, estimated):
    case = with_segments(estimated, CONFIRM) if confirmed else estimated
    again = with_segments(case, GivenSegments(couinaud=map_of(case)), divider=Never())

    assert S.MODEL is again.division.source
    assert case.division.couinaud is again.division.couinaud
    assert PLANES_MM == again.division.plane_mm
    assert (FAKE_MODEL,) == again.models
    assert case.division.confirmation == again.division.confirmation
    assert case.inputs_sha256 == again.inputs_sha256
    finding = noted(again)
    assert (Verdict.MET if confirmed else Verdict.UNKNOWN) is finding.verdict
    assert reason(Cause.SAME_MAP_GIVEN) in finding.reasons
    assert confirmed == (CONFIRMED == finding.reasons[-1])
    assert measure_case(again, MEASURING).volumetry.segments_need_review is not confirmed
    assert finding == noted(with_segments(again, GivenSegments(couinaud=map_of(case))))


def test_own_map__others_given_with_it_are_named(estimated, small):
    both = replace(points(small), couinaud=map_of(estimated))
    finding = noted(with_segments(estimated, both, divider=Never()))
    assert (S.LANDMARKS,) == names_of(finding, Cause.SEGMENTS_PASSED_OVER)


def test_own_map__of_planes_keeps_the_planes(by_landmarks):
    again = with_segments(by_landmarks, GivenSegments(couinaud=map_of(by_landmarks)))
    assert S.LANDMARKS is again.division.source
    assert by_landmarks.division.segment_iv is again.division.segment_iv


def test_own_map__with_one_other_voxel_is_given(estimated):
    codes = estimated.division.couinaud.codes.copy()
    codes[tuple(np.argwhere(codes == 5)[0])] = 8
    again = with_segments(estimated, GivenSegments(couinaud=map_of(estimated, codes)))
    assert S.GIVEN is again.division.source
    assert () == again.models


@pytest.mark.parametrize("confirmed", [False, True])
def test_file__saved_anew_without_a_change_is_no_change(confirmed, output, divider):
    if confirmed:
        rerun(output, divider, confirm_segments="A. Reader")
    before = read_case(output)
    save_anew(output)
    again = rerun(output, divider)

    after = read_case(output)
    assert S.MODEL is again.report.volumetry.segment_source
    assert before.division.confirmation == after.division.confirmation
    assert confirmed == (after.division.confirmation is not None)
    assert before.quality == after.quality
    assert () == again.changed


def rerun(output, divider=None, **options):
    request = SegmentRequest(**options)
    return rerun_case(output, request, output=output, measuring=MEASURING, divider=divider)


def test_file__given_back_by_name_says_that_it_is_the_same(output):
    again = revised_case(output, SegmentRequest(masks={"couinaud": output / COUINAUD}))
    (words,) = again.changed(SegmentRequest(masks={"couinaud": output / COUINAUD}))
    assert "holds just the stored segments" in words
    assert S.MODEL is again.case.division.source


def test_file__edited_where_it_lies_is_told_with_what_it_costs(output, small):
    rerun(output, confirm_segments="A. Reader")
    edit(output, small)
    again = rerun(output)

    assert "couinaud.nii.gz was edited where it lies" in again.changed[0]
    assert "the confirmation by A. Reader dropped with the earlier segments" in again.changed
    case = read_case(output)
    assert S.GIVEN is case.division.source
    assert Verdict.UNKNOWN is noted(case).verdict
    assert CONFIRMED not in noted(case).reasons
    assert () == rerun(output).changed


def test_stored__lesions_edited_where_they_lie_are_told(output, small):
    codes = np.where(small.lesions.codes > 0, 1, 0).astype(np.uint8)
    codes[tuple(np.argwhere(codes > 0)[0])] = 0
    write_labels(LabelMap(codes, small.geometry, INSTANCE_SCHEME), output / LESIONS)
    stored = read_stored(output)

    assert (LESIONS,) == stored.edited
    assert LESIONS not in stored.fingerprints
    assert S.MODEL is stored.case.division.source


def test_report__of_maps_that_changed_since_is_refused(output, small, tmp_path):
    twin = shutil.copytree(output, tmp_path / "twin")
    require_as_measured(output)
    save_anew(output)
    require_as_measured(output)
    edit(output, small)
    for reading in (
        lambda: require_as_measured(output),
        lambda: compare_cases(CompareRequest(before=output, after=twin)),
    ):
        with pytest.raises(InputError, match=r"couinaud.nii.gz changed .* run `remnant run "):
            reading()
    rerun(output)
    require_as_measured(output)
    assert S.GIVEN is read_measured(output).volumetry.segment_source


def test_state__without_digests_is_taken_as_it_is(output, small):
    state = json.loads((output / STATE).read_text(encoding="utf-8"))
    del state["maps_sha256"]
    (output / STATE).write_text(json.dumps(state), encoding="utf-8")
    edit(output, small)
    assert S.MODEL is read_case(output).division.source
    require_as_measured(output)


@pytest.mark.parametrize("maps", [{"couinaud.nii.gz": "x"}, {"couinaud.nii.gz": {}}, "x"])
def test_state__with_damaged_digests_is_refused(maps, output):
    state = json.loads((output / STATE).read_text(encoding="utf-8"))
    (output / STATE).write_text(json.dumps(state | {"maps_sha256": maps}), encoding="utf-8")
    with pytest.raises(InputError, match="at maps_sha256"):
        read_case(output)


def test_codes_digest__hears_codes_and_places_alone():
    codes = np.zeros((7, 8, 9), np.uint8)
    codes[2:5, 3:6, 4:8] = 3
    grid = Geometry(codes.shape, np.diag([1.0, 2.0, 3.0, 1.0]))

    def digest(array):
        return codes_digest(LabelMap(array, grid, INSTANCE_SCHEME))

    moved, other = np.roll(codes, 1, axis=0), np.where(codes > 0, 4, 0).astype(np.uint8)
    same = (codes, codes.astype(np.uint16), np.asfortranarray(codes))
    assert 1 == len({digest(array) for array in same})
    assert 4 == len({digest(array) for array in (codes, moved, other, np.zeros_like(codes))})


@pytest.mark.parametrize("source", ["estimated", "by_landmarks"])
def test_extended__what_was_confirmed_and_split_is_so_no_longer(source, request):
    confirmed = with_segments(request.getfixturevalue(source), CONFIRM)
    assert CONFIRMED == noted(confirmed).reasons[-1]
    case = with_segments(grown(confirmed), GivenSegments())

    assert noted(case, SEGMENTS_EXTENDED) is not None
    assert case.division.confirmation is None
    assert case.division.segment_iv is None
    assert CONFIRMED not in noted(case).reasons
    assert Verdict.UNKNOWN is noted(case).verdict
    assert case.settings.split_iv is False
    assert case is settled(case)


def test_confirmed__by_the_same_landmarks_again_it_is_still_said(by_landmarks, small):
    confirmed = with_segments(by_landmarks, CONFIRM)
    again = with_segments(confirmed, points(small))

    assert confirmed.division.confirmation == again.division.confirmation
    assert CONFIRMED == noted(again).reasons[-1]
    assert Verdict.MET is noted(again).verdict
    assert again.division.segment_iv is not None
    assert again.settings.split_iv is True


def test_confirmed__estimate_replaced_to_split_iv_is_not_passed(estimated, small):
    confirmed = with_segments(estimated, CONFIRM)
    case = with_segments(confirmed, points(small, split_iv=True))

    assert S.LANDMARKS is case.division.source
    assert case.division.confirmation is None
    assert Verdict.UNKNOWN is noted(case).verdict
    assert ("confirmation",) == names_of(noted(case), Cause.DROPPED_WITH_SEGMENTS)
    unseen = with_segments(estimated, points(small, split_iv=True))
    assert Verdict.MET is noted(unseen).verdict


def test_settled__a_confirmation_that_the_case_has_lost_goes(estimated):
    source = reason(Cause.SEGMENTS_FROM, SegmentSource.MODEL)
    given = (source, reason(Cause.SEGMENTS_CONFIRMED))
    words = replace(noted(estimated), verdict=Verdict.MET, reasons=given)
    quality = (*(f for f in estimated.quality if f.id != SEGMENTS_SOURCE), words)
    wrong = replace(estimated, quality=quality, settings=replace(estimated.settings, split_iv=True))
    right = settled(wrong)
    assert (Verdict.UNKNOWN, (source,)) == (noted(right).verdict, noted(right).reasons)
    assert right.settings.split_iv is False


def test_estimate__extended_without_a_divider_is_made_anew_with_one(estimated, divider):
    extended = with_segments(grown(estimated), GivenSegments())
    assert noted(extended, SEGMENTS_EXTENDED) is not None
    anew = with_segments(extended, GivenSegments(), divider=divider)

    assert extended.division.couinaud is not anew.division.couinaud
    assert noted(anew, SEGMENTS_EXTENDED) is None


def test_estimate__extended_and_confirmed_stays_as_it_was_seen(estimated):
    extended = with_segments(grown(estimated), GivenSegments())
    confirmed = with_segments(extended, CONFIRM, divider=Never())
    again = with_segments(confirmed, GivenSegments(), divider=Never())

    assert extended.division.couinaud is confirmed.division.couinaud is again.division.couinaud
    assert confirmed.division.confirmation == again.division.confirmation


NOTICED = {
    part: tuple(
        quality_finding(f"{part}_{what}", passed=None, reasons=(reason(Cause.OF_FILE, part),))
        for what in ("by_number", "iv_merged", "overlap", "passed_over")
    )
    for part in ("couinaud", "branches")
}


def test_findings__of_a_replaced_map_go_with_it(undivided, small):
    codes = small.couinaud.codes
    first = GivenMap(labels=small.couinaud, sha256="c" * 64, quality=NOTICED["couinaud"])
    case = with_segments(undivided, GivenSegments(couinaud=first))
    assert {f.id for f in NOTICED["couinaud"]} <= {f.id for f in case.quality}
    good = GivenMap(labels=small.couinaud, sha256="d" * 64, quality=())
    again = with_segments(case, GivenSegments(couinaud=good))
    assert {f.id for f in NOTICED["couinaud"]}.isdisjoint(f.id for f in again.quality)
    assert codes is case.division.couinaud.codes


def test_findings__of_masks_are_those_of_their_role(small, tmp_path, monkeypatch):
    for role, labels in {"liver": small.liver_mask, "couinaud": small.couinaud}.items():
        write_labels(labels, tmp_path / f"{role}.nii.gz")
    request = SegmentRequest(masks={r: tmp_path / f"{r}.nii.gz" for r in ("liver", "couinaud")})
    other = quality_finding("liver_passed_over", passed=None)
    noticed = {"couinaud": NOTICED["couinaud"], "liver": (other,)}
    read = masks.read_role
    monkeypatch.setattr(
        masks, "read_role", lambda path, part, **_: replace(read(path, part), quality=noticed[part])
    )

    found, given = read_given(request)

    assert NOTICED["couinaud"] == given.couinaud.quality
    assert other in found.quality
    assert not {f.id for f in NOTICED["couinaud"]} & {f.id for f in found.quality}
    case = case_from_masks(request)
    assert {f.id for f in (*NOTICED["couinaud"], other)} <= {f.id for f in case.quality}


def test_settings__name_the_maps_that_are_used_now(undivided, small, divider, tmp_path):
    write_labels(small.couinaud, tmp_path / "couinaud.nii.gz")
    implied = case_from_masks(SegmentRequest(masks={"couinaud": tmp_path / "couinaud.nii.gz"}))
    given = GivenMap(labels=small.couinaud, sha256="d" * 64, quality=())
    corrected = with_segments(undivided, GivenSegments(couinaud=given))
    planes = with_segments(corrected, points(small))

    assert ("couinaud",) == implied.settings.masks
    assert ("liver",) == with_segments(implied, points(small)).settings.masks
    assert ("couinaud", "lesions", "liver") == corrected.settings.masks
    assert ("lesions", "liver") == planes.settings.masks
    assert planes.settings.landmarks is True
    assert corrected.settings.landmarks is False
