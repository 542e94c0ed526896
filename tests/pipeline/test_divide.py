"""By what a liver is divided: precedence, provenance, and no voxel left out in silence."""

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.findings import names_of, noted
from remnant.core.errors import InputError, ModelIntegrityError, ModelUnavailableError
from remnant.core.findings import Verdict
from remnant.core.labels import (
    COUINAUD_SCHEME,
    INSTANCE_SCHEME,
    SEGMENT_IV_SCHEME,
    CouinaudSegment,
    Structure,
)
from remnant.core.patient import Patient
from remnant.core.reasons import Cause
from remnant.core.vessels import VesselName, VesselRoots
from remnant.core.volumes import LabelMap
from remnant.core.volumetry_report import SegmentSource
from remnant.io.nifti import write_labels
from remnant.io.reading import ReadingChoice
from remnant.pipeline.confirm import with_confirmation
from remnant.pipeline.coverage import SEGMENTS_EXTENDED, extended
from remnant.pipeline.divide import require_redivision, with_segments
from remnant.pipeline.measuring_and_planning import measure_case
from remnant.pipeline.requests import MeasureRequest, SegmentRequest
from remnant.pipeline.review import apply_review
from remnant.pipeline.reviewing import LesionReview
from remnant.pipeline.segment import case_from_masks
from remnant.pipeline.segment_sources import GivenSegments, read_given
from remnant.pipeline.segmented import SegmentedCase, maps_of
from remnant.testing.fake_divider import FAKE_MODEL, PLANES_MM, FakeDivider
from remnant.testing.strategies import geometries
from remnant.wording.findings import text_of
from segmentation.postprocess import reconcile

S = SegmentSource
FILES = {S.GIVEN: "couinaud", S.TERRITORIES: "branches", S.LANDMARKS: "landmarks"}
SUBSETS = [set(c) for n in range(5) for c in combinations(S, n)]


class NeverDivider:
    """Fails when it is asked."""

    def divide(self, liver, *, stems=None, progress=None):
        raise AssertionError("nothing was to be estimated")


@pytest.fixture(scope="module", name="divider")
def divider_fixture(small):
    return FakeDivider.knowing(small)


@pytest.fixture(scope="module", name="files")
def files_fixture(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    points = {
        name: list(getattr(small.landmarks, name))
        for name in ("ivc", "gallbladder_fossa", "umbilical_fissure", "portal_bifurcation",
                     "right_hepatic_vein", "middle_hepatic_vein")
    }  # fmt: skip
    (folder / "landmarks.json").write_text(
        '{"frame": "RAS mm", "points": ' + str(points).replace("'", '"') + "}", encoding="utf-8"
    )
    maps = {
        "liver": small.liver_mask,
        "lesions": small.lesions,
        "couinaud": small.couinaud,
        "branches": branches_of(small),
    }
    for name, labels in maps.items():
        write_labels(labels, folder / f"{name}.nii.gz")
    return {name: folder / f"{name}.nii.gz" for name in maps} | {
        "landmarks": folder / "landmarks.json"
    }


def branches_of(small):
    """Return one voxel of each segment, the one that is deepest in it along the first axis."""
    codes = np.zeros(small.geometry.shape, np.uint8)
    inside = small.couinaud.codes * small.structures.mask()
    for segment in CouinaudSegment:
        voxels = np.argwhere(inside == segment)
        codes[tuple(voxels[np.linalg.norm(voxels - voxels.mean(axis=0), axis=1).argmin()])] = (
            segment
        )
    return LabelMap(codes, small.geometry, COUINAUD_SCHEME)


@pytest.fixture(name="undivided")
def undivided_fixture(files) -> SegmentedCase:
    return case_from_masks(SegmentRequest(masks={r: files[r] for r in ("liver", "lesions")}))


def request_of(sources, files, **more):
    masks = {FILES[s]: files[FILES[s]] for s in (S.GIVEN, S.TERRITORIES) if s in sources}
    points = files["landmarks"] if S.LANDMARKS in sources else None
    return SegmentRequest(masks=masks, landmarks=points, **more)


def divided_by(case, sources, files, **more):
    divider = more.pop("divider", None)
    _, given_now = read_given(request_of(sources, files, **more), liver_known=True)
    return with_segments(case, given_now, divider=divider)


@pytest.mark.parametrize("sources", SUBSETS, ids=lambda s: "+".join(sorted(s)) or "none")
def test_precedence__the_best_is_used_and_the_others_are_named(
    sources, undivided, files, divider, small
):
    case = divided_by(undivided, sources, files, divider=divider if S.MODEL in sources else None)
    best = min(sources, key=list(S).index, default=None)

    assert best is case.division.source
    assert {"liver", "lesions", *(FILES[s] for s in sources if s in FILES)} == set(
        case.inputs_sha256
    )
    assert (best is S.MODEL) == (FAKE_MODEL in case.models) == ("fake-divider" in str(case.models))
    assert (PLANES_MM if best is S.MODEL else None) == case.division.plane_mm
    if best is None:
        assert case.division.couinaud is None
        assert case is undivided
        return
    liver = small.structures.mask()
    assert (case.division.couinaud.codes[liver] > 0).all()
    finding = noted(case)
    assert (Verdict.UNKNOWN if best is S.MODEL else Verdict.MET) is finding.verdict
    assert (best,) == names_of(finding, Cause.SEGMENTS_FROM)
    assert {s for s in sources if s in FILES and s is not best} == set(
        names_of(finding, Cause.SEGMENTS_PASSED_OVER)
    )
    assert (
        best
        is case.division.source
        is measure_case(case, MeasureRequest(patient=Patient())).volumetry.segment_source
    )


@pytest.mark.parametrize(
    ("stored", "replacing"), list(product(S, (S.GIVEN, S.TERRITORIES, S.LANDMARKS)))
)
def test_stored__what_is_given_now_replaces_it_whatever_its_rank(
    stored, replacing, undivided, files, divider
):
    first = divided_by(undivided, {stored} - {S.MODEL}, files, divider=divider)
    assert stored is first.division.source
    second = divided_by(first, {replacing}, files, divider=NeverDivider())

    assert replacing is second.division.source
    assert second.division.plane_mm is None
    assert () == second.models
    assert second.device is None
    assert {"liver", "lesions", FILES[replacing]} == set(second.inputs_sha256)
    finding = noted(second)
    worse = list(S).index(replacing) > list(S).index(stored)
    assert (Verdict.UNKNOWN if worse else Verdict.MET) is finding.verdict
    assert (() if replacing is stored else (stored,)) == names_of(finding, Cause.SEGMENTS_REPLACED)
    assert noted(second, "fake_divider") is None
    assert len(second.quality) == len({f.id for f in second.quality})


def test_model__leaves_segments_that_are_there_alone(undivided, files, divider):
    for source in S:
        stored = divided_by(undivided, {source} - {S.MODEL}, files, divider=divider)
        assert stored is with_segments(stored, GivenSegments(), divider=NeverDivider())


def test_model__weights_that_are_missing_or_changed_are_an_error_with_a_way_out(undivided):
    for kind in (ModelUnavailableError, ModelIntegrityError):

        class Broken:
            def divide(self, liver, *, stems=None, progress=None, kind=kind):
                raise kind("the weights of couinaud-shape are gone")

        with pytest.raises(kind, match=r"are gone; give .*--no-estimate-segments"):
            with_segments(undivided, GivenSegments(), divider=Broken())


def test_model__alone_does_not_make_given_maps_a_networks(undivided, divider):
    case = with_segments(undivided, GivenSegments(), divider=divider)
    plain = measure_case(undivided, MeasureRequest(patient=Patient())).volumetry.error_model
    model = measure_case(case, MeasureRequest(patient=Patient())).volumetry.error_model

    assert plain.liver_boundary_mm == model.liver_boundary_mm
    assert plain.lesion_boundary_mm == model.lesion_boundary_mm
    assert PLANES_MM == model.segment_plane_mm


def test_model__a_networks_liver_stays_one_when_the_segments_are_replaced(
    undivided, files, divider
):
    liver_model = replace(FAKE_MODEL, id="some-liver")
    case = replace(undivided, models=(liver_model,), device="cuda")
    estimated = with_segments(case, GivenSegments(), divider=divider)
    corrected = divided_by(estimated, {S.GIVEN}, files)

    assert (liver_model, FAKE_MODEL) == estimated.models
    assert "cuda" == estimated.device
    assert (liver_model,) == corrected.models
    assert "cuda" == corrected.device


@pytest.fixture(name="bulging")
def bulging_fixture(undivided, small):
    """The phantom's liver with a lesion that reaches beyond it, and one inside."""
    liver = small.structures.mask()
    lesions = np.zeros(liver.shape, dtype=bool)
    i, j, k = np.argwhere(liver)[np.argwhere(liver)[:, 0].argmax()]
    lesions[i - 3 : i + 2, j - 1 : j + 2, k - 1 : k + 2] = True
    found = reconcile(liver, lesions, small.geometry, whole_components=True)
    return replace(
        undivided,
        maps=maps_of(found),
    )


REJECT, CONFIRM = (
    LesionReview(rejected=frozenset({1})), LesionReview(confirmed=frozenset({1})),
)  # fmt: skip


@pytest.mark.parametrize("source", [S.TERRITORIES, S.LANDMARKS, S.MODEL])
def test_coverage__a_rejected_lesion_that_comes_back_has_its_segment(
    source, bulging, files, divider
):
    rejected = apply_review(bulging, REJECT)
    assert bulging.maps.structures.mask().sum() > rejected.maps.structures.mask().sum()
    case = divided_by(rejected, {source} - {S.MODEL}, files, divider=divider)
    back = with_segments(apply_review(case, CONFIRM), GivenSegments(), divider=NeverDivider())

    assert (back.division.couinaud.codes[back.maps.structures.mask()] > 0).all()
    assert noted(back, SEGMENTS_EXTENDED) is None
    assert 0.0 == measure_case(back, MeasureRequest(patient=Patient())).volumetry.unassigned_ml
    other_way = divided_by(bulging, {source} - {S.MODEL}, files, divider=divider)
    np.testing.assert_array_equal(other_way.division.couinaud.codes, back.division.couinaud.codes)


@pytest.fixture(name="grown")
def grown_fixture(bulging, tmp_path):
    """A review that draws the bulging lesion three voxels farther out."""
    codes = bulging.maps.lesions.codes.copy()
    i = np.argwhere(codes)[:, 0].max()
    codes[i + 1 : i + 4] = codes[i]
    path = tmp_path / "edited.nii.gz"
    write_labels(LabelMap(codes, bulging.maps.lesions.geometry, INSTANCE_SCHEME), path)
    return LesionReview(edited=path)


@pytest.mark.parametrize("source", [S.TERRITORIES, S.LANDMARKS, S.MODEL])
def test_coverage__liver_that_an_edit_adds_gets_the_nearest_segment_and_it_is_said(
    source, bulging, grown, files, divider
):
    divided = divided_by(bulging, {source} - {S.MODEL}, files, divider=divider)
    edited = apply_review(with_confirmation(divided, "A. Reader"), grown)
    added = edited.maps.structures.mask() & ~bulging.maps.structures.mask()
    assert added.any()
    case = with_segments(edited, GivenSegments())

    assert (case.division.couinaud.codes[case.maps.structures.mask()] > 0).all()
    old = bulging.maps.structures.mask()
    np.testing.assert_array_equal(
        divided.division.couinaud.codes[old], case.division.couinaud.codes[old]
    )
    finding = noted(case, SEGMENTS_EXTENDED)
    voxel_ml = case.maps.structures.geometry.voxel_volume_ml
    assert np.count_nonzero(added) * voxel_ml == pytest.approx(finding.value)
    assert Verdict.UNKNOWN is finding.verdict
    assert case.division.confirmation is None
    assert "confirmation" in names_of(finding, Cause.DROPPED_WITH_SEGMENTS)


def test_coverage__an_estimate_is_made_anew_for_a_liver_that_changed(
    bulging, grown, files, divider
):
    divided = with_segments(bulging, GivenSegments(), divider=divider)
    case = with_segments(apply_review(divided, grown), GivenSegments(), divider=divider)

    assert S.MODEL is case.division.source
    assert noted(case, SEGMENTS_EXTENDED) is None
    np.testing.assert_array_equal(case.maps.structures.mask(), case.division.couinaud.mask())
    assert (FAKE_MODEL,) == case.models


def test_coverage__a_given_map_stays_as_given_and_what_it_leaves_out_is_unassigned(
    bulging, grown, files
):
    divided = divided_by(bulging, {S.GIVEN}, files)
    case = with_segments(apply_review(divided, grown), GivenSegments(), divider=NeverDivider())

    assert divided.division.couinaud is case.division.couinaud
    left_out = case.maps.structures.mask() & (case.division.couinaud.codes == 0)
    healthy = left_out & (case.maps.structures.codes != Structure.LESION)
    voxel_ml = case.maps.structures.geometry.voxel_volume_ml
    report = measure_case(case, MeasureRequest(patient=Patient()))
    assert left_out.any()
    assert np.count_nonzero(healthy) * voxel_ml == pytest.approx(report.volumetry.unassigned_ml)


@given(grid=geometries(largest=8), seed=st.integers(0, 2**32 - 1), share=st.floats(0.05, 0.9))
def test_extended__takes_the_code_of_a_nearest_voxel(grid, seed, share):
    random = np.random.default_rng(seed)
    codes = random.integers(1, 9, grid.shape).astype(np.uint8)
    codes[random.random(grid.shape) < share] = 0
    codes[tuple(random.integers(0, grid.shape))] = 5
    missing = (codes == 0) & (random.random(grid.shape) < 0.5)

    found = extended(codes, missing, grid)

    np.testing.assert_array_equal(codes[~missing], found[~missing])
    known = np.argwhere(codes)
    places = grid.ras_from_index(known)
    for voxel in np.argwhere(missing)[:40]:
        away = np.linalg.norm(places - grid.ras_from_index(voxel), axis=1)
        nearest = known[away <= away.min() * (1 + 1e-9) + 1e-9]
        assert found[tuple(voxel)] in codes[tuple(nearest.T)]


@pytest.mark.parametrize("name", ["A", "Ada Lovelace, MD", "Łukasz 李", "x" * 80, "  padded  "])
def test_confirm__keeps_the_name_and_the_day(name, undivided, files, divider):
    case = divided_by(undivided, {S.GIVEN}, files, confirm_segments=name)
    day = np.datetime64("now").astype("datetime64[D]")

    assert name.strip() == case.division.confirmation.name
    assert np.datetime64(case.division.confirmation.date) in (day, day - 1)
    assert (
        case.division.confirmation
        == measure_case(case, MeasureRequest(patient=Patient())).volumetry.segments_confirmation
    )


@pytest.mark.parametrize(
    "name", ["", "   ", "x" * 81, "two\nlines", "tab\tbed", "\x1b[31m", "a\x00"]
)
def test_confirm__other_names_are_refused_before_anything_is_read(name, files):
    request = SegmentRequest(masks={"couinaud": files["liver"]}, confirm_segments=name)
    with pytest.raises(InputError, match=r"--confirm-segments got .* 1 to 80"):
        read_given(request)


def test_confirm__without_segments_is_refused(undivided, files):
    with pytest.raises(InputError, match="no Couinaud segments to confirm"):
        with_segments(undivided, GivenSegments(confirmed_by="A. Reader"))


def test_confirm__an_estimate_needs_no_review_until_it_changes(undivided, files, divider):
    estimated = with_segments(undivided, GivenSegments(), divider=divider)
    confirmed = with_segments(estimated, GivenSegments(confirmed_by="A"), divider=NeverDivider())
    facts = [
        measure_case(case, MeasureRequest(patient=Patient())).volumetry
        for case in (estimated, confirmed)
    ]

    assert [True, False] == [f.segments_need_review for f in facts]
    assert estimated.division.couinaud is confirmed.division.couinaud
    assert [Verdict.UNKNOWN, Verdict.MET] == [noted(c).verdict for c in (estimated, confirmed)]
    again = with_segments(confirmed, GivenSegments(confirmed_by="B"))
    assert noted(confirmed) == noted(again)
    assert "B" == again.division.confirmation.name


@pytest.mark.parametrize("first", S)
@pytest.mark.parametrize("second", [S.GIVEN, S.TERRITORIES, S.LANDMARKS])
def test_confirm__goes_when_the_segments_change_and_only_then(
    first, second, undivided, files, divider
):
    confirmed = divided_by(
        undivided, {first} - {S.MODEL}, files, divider=divider, confirm_segments="A"
    )
    changed = divided_by(confirmed, {second}, files)
    assert (confirmed.division.confirmation if first is second else None) == (
        changed.division.confirmation
    )
    dropped = names_of(noted(changed), Cause.DROPPED_WITH_SEGMENTS)
    assert (first is not second) == ("confirmation" in dropped)
    again = divided_by(confirmed, {second}, files, confirm_segments="B")
    assert "B" == again.division.confirmation.name


def test_confirm__one_changed_voxel_is_a_change(undivided, files, small, tmp_path):
    confirmed = divided_by(undivided, {S.GIVEN}, files, confirm_segments="A")
    codes = small.couinaud.codes.copy()
    voxel = tuple(np.argwhere(codes == 5)[0])
    codes[voxel] = 8
    write_labels(LabelMap(codes, small.geometry, COUINAUD_SCHEME), tmp_path / "new.nii.gz")
    changed = divided_by(confirmed, {S.GIVEN}, {"couinaud": tmp_path / "new.nii.gz"})

    assert changed.division.confirmation is None
    assert (S.GIVEN,) == names_of(noted(changed), Cause.SEGMENTS_REPLACED)


def test_split_iv__needs_landmarks_in_the_same_command(undivided, files):
    for request in (request_of({S.GIVEN}, files, split_iv=True), SegmentRequest(split_iv=True)):
        with pytest.raises(InputError, match="--split-iv needs --landmarks"):
            read_given(request)
    with pytest.raises(InputError, match="--split-iv needs --landmarks"):
        with_segments(undivided, GivenSegments(split_iv=True))


@pytest.mark.parametrize("sources", [{S.LANDMARKS}, {S.GIVEN, S.LANDMARKS}])
def test_split_iv__parts_add_up_to_segment_iv(sources, undivided, files, small):
    case = divided_by(undivided, sources, files, split_iv=True)
    volumes = measure_case(case, MeasureRequest(patient=Patient())).volumetry
    whole = volumes.segments[CouinaudSegment.IV]

    assert SEGMENT_IV_SCHEME == case.division.segment_iv.scheme
    assert min(part.total_ml for part in volumes.segment_iv.values()) > 0
    assert whole.total_ml == pytest.approx(sum(p.total_ml for p in volumes.segment_iv.values()))
    assert whole.functional_ml == pytest.approx(
        sum(p.functional_ml for p in volumes.segment_iv.values())
    )
    assert "landmarks" in case.inputs_sha256
    assert case.settings.split_iv is True


def test_split_iv__of_a_stored_given_map_leaves_the_map(undivided, files):
    stored = divided_by(undivided, {S.GIVEN}, files, confirm_segments="A")
    case = divided_by(stored, {S.LANDMARKS}, files, split_iv=True)

    assert stored.division.couinaud is case.division.couinaud
    assert S.GIVEN is case.division.source
    assert stored.division.confirmation == case.division.confirmation
    assert case.division.segment_iv is not None
    assert {"couinaud", "landmarks"} < set(case.inputs_sha256)


def test_split_iv__goes_with_the_segments(undivided, files):
    split = divided_by(undivided, {S.LANDMARKS}, files, split_iv=True)
    changed = divided_by(split, {S.GIVEN}, files)

    assert changed.division.segment_iv is None
    assert "segment_iv" in names_of(noted(changed), Cause.DROPPED_WITH_SEGMENTS)
    assert changed.settings.split_iv is False


@pytest.fixture(name="with_vessels")
def with_vessels_fixture(undivided, monkeypatch, small):
    """Return a case whose computed portal vein parts at the phantom's own bifurcation."""
    point = np.array(small.landmarks.portal_bifurcation)
    stems = {
        VesselName.LEFT_PORTAL_VEIN: np.stack((point, point - 20.0)),
        VesselName.RIGHT_PORTAL_VEIN: np.stack((point, point + 20.0)),
    }
    monkeypatch.setattr("remnant.pipeline.divide.stems_of", lambda _: stems)
    return replace(undivided, vessel_roots=VesselRoots(portal_mm=(), hepatic_mm=()))


def finding_of(case, name):
    return next((f for f in case.quality if f.id == name), None)


def test_split_iv__at_the_computed_bifurcation_without_landmarks(with_vessels, files, divider):
    seen = with_segments(with_vessels, GivenSegments(split_iv=True), divider=divider)
    given_now = read_given(request_of({S.LANDMARKS}, files, split_iv=True), liver_known=True)[1]
    known = with_segments(seen, given_now)

    assert np.array_equal(seen.division.segment_iv.codes, known.division.segment_iv.codes)
    assert "to be confirmed" in text_of(finding_of(seen, "segment_iv_parted"))
    assert "segment_iv_parted" in seen.division.findings
    assert seen.settings.split_iv is True
    assert finding_of(known, "segment_iv_parted") is None


def test_split_iv__of_a_scan_that_does_not_show_the_level_is_told(undivided, divider):
    asked = GivenSegments(split_iv=True, scanned=True)

    case = with_segments(undivided, asked, divider=divider)

    assert case.division.segment_iv is None
    assert "are not parted" in text_of(finding_of(case, "segment_iv_parted"))


def test_vessels__reach_the_divider_and_do_not_move_given_segments(with_vessels, files, divider):
    class Asked:
        def divide(self, liver, *, stems=None, progress=None):
            assert VesselName.LEFT_PORTAL_VEIN in stems
            return divider.divide(liver)

    assert with_segments(with_vessels, GivenSegments(), divider=Asked()).division.couinaud
    given_map = divided_by(with_vessels, {S.GIVEN}, files)
    told = finding_of(given_map, "segment_planes_moved")
    assert "only an estimate is moved" in text_of(told)
    assert finding_of(divided_by(given_map, {S.GIVEN}, files), "segment_planes_moved") is not None


def test_redivision__of_a_stored_case_takes_segments_only(files, tmp_path):
    require_redivision(tmp_path, request_of({S.GIVEN, S.TERRITORIES, S.LANDMARKS}, files))
    for request in (
        SegmentRequest(masks={"lesions": files["lesions"]}),
        SegmentRequest(reading=ReadingChoice(series="3")),
    ):
        with pytest.raises(InputError, match="--couinaud-from"):
            require_redivision(tmp_path, request)


def test_liver__implied_by_a_map_keeps_its_digest_when_it_is_divided_otherwise(files):
    case = case_from_masks(SegmentRequest(masks={"couinaud": files["couinaud"]}))
    digest = case.inputs_sha256["couinaud"]
    redivided = divided_by(case, {S.LANDMARKS}, files)

    assert digest == redivided.inputs_sha256["liver"]
    assert {"liver", "landmarks"} == set(redivided.inputs_sha256)
