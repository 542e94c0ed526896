"""A draft that becomes the next version of its case, and one that survives what happens."""

import json
import shutil
import subprocess
import sys
import textwrap
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from remnant.core.corrections import Correction, CorrectionKind, is_chained
from remnant.core.drawn_boxes import ReaderBox
from remnant.core.errors import InputError, UnreadableFileError
from remnant.core.labels import INSTANCE_SCHEME, Structure
from remnant.core.lesions import Confirmation
from remnant.core.map_description import Origin
from remnant.core.patient import Patient
from remnant.core.plan_choice import PlanChoice
from remnant.core.uncertainty import SegmentPlane
from remnant.core.volumes import LabelMap, Modality
from remnant.core.volumetry_report import SegmentSource
from remnant.io.nifti import write_image, write_labels
from remnant.io.reading import ReadingChoice
from remnant.pipeline import run
from remnant.pipeline.drafts.asked import Delete, Erase, MovePlane, OutlineBox, Paint, Say, Target
from remnant.pipeline.drafts.boxes import box_outliner
from remnant.pipeline.drafts.commit import Confirmed, committed, history
from remnant.pipeline.drafts.digests import case_digest
from remnant.pipeline.drafts.draft import Tools, begun, held_draft, require_draft
from remnant.pipeline.drafts.faults import CaseChangedError, DraftHeldError, NoDraftError
from remnant.pipeline.drafts.figures import quick_figures
from remnant.pipeline.drafts.scratch import SCRATCH
from remnant.pipeline.drawing import next_number
from remnant.pipeline.folder import read_case, read_measured
from remnant.pipeline.held import held_by
from remnant.pipeline.measuring_and_planning import keep_request
from remnant.pipeline.origins import origin_of_lesion, structure_origins
from remnant.pipeline.plan_settings import PlanRequest
from remnant.pipeline.requests import MeasureRequest, SegmentRequest
from remnant.pipeline.reviewing import LesionReview
from remnant.pipeline.run import measure_study, rerun_case, run_study
from remnant.testing.fake_divider import FakeDivider
from remnant.testing.fake_prompter import FAKE_PROMPTER, BoxSegmenter
from remnant.testing.fake_segmenter import FakeSegmenter
from segmentation.edits.patch import MapName
from segmentation.edits.planes import present_border
from segmentation.edits.strokes import BrushShape, Stroke

PLAN_CASE = run.plan_case
pytestmark = pytest.mark.usefixtures("undrawn")
MEASURING = MeasureRequest(patient=Patient(height_cm=175.0, weight_kg=80.0))
FILES = {
    MapName.STRUCTURES: "structures.nii.gz",
    MapName.LESIONS: "lesions.nii.gz",
    MapName.COUINAUD: "couinaud.nii.gz",
}


@pytest.fixture(name="undrawn")
def undrawn_fixture(monkeypatch):
    """Reports without pictures and plans, which take most of the time."""
    monkeypatch.setattr("remnant.page.html.render_html", lambda *_, **__: "a page")
    monkeypatch.setattr(run, "plan_case", lambda report, asked, **_: keep_request(report, asked))


@pytest.fixture(scope="module", name="made")
def made_fixture(small, tmp_path_factory):
    """A case that networks found, measured and planned."""
    folder = tmp_path_factory.mktemp("made")
    write_image(small.image, folder / "ct.nii.gz")
    run_study(
        SegmentRequest(source=folder / "ct.nii.gz", reading=ReadingChoice(modality=Modality.CT)),
        measuring=MEASURING,
        planning=PlanRequest(choice=PlanChoice(targets=(0.7,), seconds=5.0)),
        output=folder / "case",
        segmenter=FakeSegmenter.knowing(small),
        divider=FakeDivider.knowing(small),
        page=False,
    )
    return folder / "case"


@pytest.fixture(name="case")
def case_fixture(made, tmp_path):
    return shutil.copytree(made, tmp_path / "case")


def ball(point, radius=14.0):
    return Stroke(points_mm=(tuple(point),), radius_mm=radius, shape=BrushShape.BALL)


def deepest(folder):
    """RAS of the parenchyma voxel farthest from all else."""
    structures = read_case(folder).maps.structures
    away = ndimage.distance_transform_edt(structures.codes == Structure.PARENCHYMA)
    at = np.unravel_index(away.argmax(), away.shape)
    return tuple(structures.geometry.ras_from_index(at).tolist())


def codes_of(folder):
    case = read_case(folder)
    return {
        MapName.STRUCTURES: case.maps.structures.codes,
        MapName.LESIONS: case.maps.lesions.codes,
        MapName.COUINAUD: case.division.couinaud.codes,
    }


def centre_of(folder, number):
    lesions = read_case(folder).maps.lesions
    places = np.argwhere(lesions.codes == number)
    at = places[np.linalg.norm(places - places.mean(axis=0), axis=1).argmin()]
    return tuple(lesions.geometry.ras_from_index(at).tolist())


def painted(case, by="A. Reader"):
    draft = begun(case, by)
    draft.do(Paint(stroke=ball(deepest(case))))
    return draft


def test_committed__only_changed_voxels_are_written(case, small):
    before = codes_of(case)
    bytes_before = {name: (case / file).read_bytes() for name, file in FILES.items()}
    place = deepest(case)
    done = committed(painted(case))
    now = codes_of(case)
    marked = np.linalg.norm(
        small.geometry.ras_from_index(np.argwhere(np.ones(small.geometry.shape))) - place, axis=1
    ).reshape(small.geometry.shape) <= 14.0  # fmt: skip

    for name, codes in now.items():
        assert np.array_equal(codes[~marked], before[name][~marked])
    assert (now[MapName.LESIONS][marked & (before[MapName.LESIONS] == 0)] == 3).all()
    assert done.correction.changed_voxels == np.count_nonzero(
        now[MapName.LESIONS] != before[MapName.LESIONS]
    )
    assert bytes_before[MapName.COUINAUD] == (case / FILES[MapName.COUINAUD]).read_bytes()
    assert np.array_equal(before[MapName.LESIONS], codes_of(done.earlier)[MapName.LESIONS])
    assert not (case / SCRATCH).exists()
    assert "a page" == (case / "report.html").read_text()


def test_committed__measures_what_the_same_maps_give_as_masks(case, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "plan_case", PLAN_CASE)
    draft = painted(case)
    draft.do(Erase(stroke=ball(centre_of(case, 2), 7.0), lesion=2))
    liver = read_case(case).maps.structures
    rim = (liver.codes > 0) & ~ndimage.binary_erosion(liver.codes > 0)
    away = ndimage.distance_transform_edt(read_case(case).maps.lesions.codes == 0)
    at = np.unravel_index(np.where(rim, away, -1).argmax(), rim.shape)
    place = liver.geometry.ras_from_index(at)
    draft.do(Paint(stroke=ball(place)))
    quick = quick_figures(draft)
    report = committed(draft).report
    given = measured_as_masks(read_case(case), tmp_path)
    one, other = report.volumetry, given.volumetry

    assert report.planning.plans
    assert read_case(case).maps.exophytic is not None
    assert one.tlv_ml.value == pytest.approx(other.tlv_ml.value)
    assert quick.liver_ml == pytest.approx(one.tlv_ml.value)
    assert quick.burden_fraction == pytest.approx(one.burden_fraction.value)
    assert one.burden_fraction.value == pytest.approx(other.burden_fraction.value)
    assert [1, 2, 3, 4] == [x.id for x in one.lesions]
    for mine, theirs, told in zip(one.lesions, other.lesions, quick.lesions, strict=True):
        assert mine.volume_ml.value == pytest.approx(theirs.volume_ml.value)
        assert mine.longest_axial_mm == pytest.approx(theirs.longest_axial_mm)
        assert mine.segment_fractions == pytest.approx(theirs.segment_fractions)
        assert told.volume_ml == pytest.approx(mine.volume_ml.value)
        assert told.centroid_ras_mm == pytest.approx(mine.centroid_ras_mm)
    volumes = {s: v.total_ml for s, v in one.segments.items()}
    assert volumes == pytest.approx({s: v.total_ml for s, v in other.segments.items()})
    assert quick.segments_ml == pytest.approx(volumes)


def measured_as_masks(case, folder):
    """Measure the maps of a case as if another program had drawn them."""
    liver = case.maps.structures
    maps = {
        "liver": LabelMap(liver.mask().astype(np.uint8), liver.geometry, INSTANCE_SCHEME),
        "lesions": case.maps.lesions,
        "couinaud": case.division.couinaud,
    }
    for role, labels in maps.items():
        write_labels(labels, folder / f"{role}.nii.gz")
    request = SegmentRequest(masks={role: folder / f"{role}.nii.gz" for role in maps})
    return measure_study(None, request, output=folder / "given", measuring=MEASURING).report


def test_committed__keeps_who_did_what_when_to_how_much(case):
    first = painted(case, "A. Reader")
    first.do(Say(word=Confirmation.REJECTED, lesions=frozenset({2})))
    first.do(Delete(lesion=1))
    first.undo()
    one = committed(first, Confirmed(liver=True)).correction
    second = begun(case, "B. Surgeon")
    second.do(Delete(lesion=1))
    two = committed(second).correction

    assert (one, two) == history(case) == read_case(case).corrections
    assert (1, "A. Reader", ("liver",), None, "earlier/1") == (
        one.version, one.by, one.confirmed, one.previous_sha256, one.earlier,
    )  # fmt: skip
    assert [CorrectionKind.PAINT_LESION, CorrectionKind.REJECT] == [s.kind for s in one.steps]
    assert all(step.by == "A. Reader" and step.at.endswith("+00:00") for step in one.steps)
    assert one.digest == two.previous_sha256
    assert one.after_sha256 == two.before_sha256
    assert two.after_sha256 == case_digest(read_case(case))
    assert one.before_sha256 == case_digest(read_case(case / one.earlier))
    assert is_chained(history(case))
    assert not is_chained((replace(one, by="C."), two))
    assert not is_chained((two,))
    assert is_chained(())
    assert 0 < two.changed_voxels < one.changed_voxels + 5000
    said = held_by(case).corrections
    assert {"correction 1 by A. Reader", "correction 2 by B. Surgeon"} <= said
    assert Origin.EDITED is origin_of_lesion(read_case(case), 3)
    assert Origin.AUTOMATIC is origin_of_lesion(read_case(case), 2)


def test_committed__the_trail_and_numbers_survive_reruns(case, made, small):
    draft = painted(case)
    draft.do(Delete(lesion=3))
    draft.do(Delete(lesion=2))
    committed(draft)
    rerun_case(
        case,
        SegmentRequest(review=LesionReview(confirmed=frozenset({1}))),
        output=case,
        measuring=MEASURING,
    )
    assert 1 == len(history(case))
    assert 4 == next_number(read_case(case)) == begun(case, "B").fresh
    again = SegmentRequest(
        source=made.parent / "ct.nii.gz", reading=ReadingChoice(modality=Modality.CT)
    )
    with pytest.raises(InputError, match=r"correction 1 by A\. Reader"):
        run_study(again, measuring=MEASURING, output=case, segmenter=FakeSegmenter.knowing(small))


def test_committed__confirms_as_a_whole_what_its_author_says(case):
    draft = painted(case)
    draft.do(Say(word=Confirmation.REJECTED, lesions=frozenset({2})))
    (reading,) = committed(draft, Confirmed(segments=True, lesions=True)).report.readings
    assert ("A. Reader", (1, 3), (2,)) == (reading.by, reading.confirmed, reading.rejected)
    now = read_case(case)
    assert {
        1: Confirmation.CONFIRMED,
        2: Confirmation.REJECTED,
        3: Confirmation.CONFIRMED,
    } == now.confirmations
    assert "A. Reader" == now.division.confirmation.name
    assert ("segments", "lesions") == now.corrections[-1].confirmed
    with pytest.raises(InputError, match="nothing to commit"):
        committed(begun(case, "A. Reader"))


def test_committed__liver_that_was_painted_counts_as_edited(case, small):
    draft = begun(case, "A. Reader")
    liver = read_case(case).maps.structures
    places = np.argwhere(liver.codes > 0)
    corner = [side.start for side in liver.box()]
    at = places[np.linalg.norm(places - corner, axis=1).argmin()]
    place = liver.geometry.ras_from_index(at)
    draft.do(Paint(stroke=ball(place), target=Target.LIVER))
    report = committed(draft).report
    now = read_case(case)

    assert Origin.EDITED is structure_origins(now)[Structure.PARENCHYMA]
    assert report.volumetry.tlv_ml.value > 0
    assert now.division.source is SegmentSource.MODEL
    assert ((now.maps.structures.codes > 0) == (now.division.couinaud.codes > 0)).all()
    divider = FakeDivider.knowing(small)
    again = rerun_case(case, output=case, measuring=MEASURING, divider=divider)
    assert np.array_equal(now.division.couinaud.codes, read_case(case).division.couinaud.codes)
    assert again.report.volumetry.tlv_ml.value == report.volumetry.tlv_ml.value


def test_committed__a_moved_plane_makes_the_segments_given(case):
    before = read_case(case)
    draft = begun(case, "A. Reader")
    grid = before.maps.structures.geometry
    border = present_border(before.division.couinaud.codes, grid, SegmentPlane.MAIN)
    frame = border.frame
    points = tuple(
        tuple(frame.origin_mm + u * frame.axes[0] + v * frame.axes[1] + 10.0 * frame.axes[2])
        for u, v in ((-30, -30), (30, -30), (0, 40))
    )
    done = draft.do(MovePlane(plane=SegmentPlane.MAIN, points_mm=points))
    report = committed(draft, Confirmed(segments=True)).report
    now = read_case(case)

    assert done.changed_voxels > 0
    assert now.division.source is SegmentSource.GIVEN
    assert "A. Reader" == now.division.confirmation.name
    assert np.array_equal(before.maps.structures.codes, now.maps.structures.codes)
    assert (
        report.volumetry.tlv_ml.value
        == read_measured(case / "earlier" / "1").volumetry.tlv_ml.value
    )
    assert "main plane between segments moved" in history(case)[0].steps[0].what


def test_committed__a_case_that_changed_meanwhile_is_not_overwritten(case):
    draft = painted(case)
    rerun_case(
        case,
        SegmentRequest(review=LesionReview(rejected=frozenset({2}))),
        output=case,
        measuring=MEASURING,
    )
    with pytest.raises(CaseChangedError, match="changed by somebody else"):
        committed(draft)
    assert not (case / "earlier").exists()
    assert () == history(case)
    with pytest.raises(CaseChangedError):
        begun(case, "A. Reader")
    draft.drop()
    committed(painted(case))
    assert 1 == len(history(case))


def test_committed__two_at_once_do_not_overwrite_each_other(case, monkeypatch):
    """Another command that ends between reading and publishing keeps what it wrote."""
    draft = painted(case)
    drawn = run._page

    def meanwhile(*args):
        monkeypatch.setattr(run, "_page", drawn)
        rerun_case(case, SegmentRequest(review=LesionReview(rejected=frozenset({2}))),
                   output=case, measuring=MEASURING)  # fmt: skip
        return drawn(*args)

    monkeypatch.setattr(run, "_page", meanwhile)
    with pytest.raises(InputError, match="changed by another command meanwhile"):
        committed(draft)
    assert Confirmation.REJECTED is read_case(case).confirmations[2]
    assert () == history(case)
    assert 1 == held_draft(case).standing


def test_begun__one_draft_at_a_time_that_another_person_may_take_over(case):
    first = painted(case, "A. Reader")
    with pytest.raises(DraftHeldError, match=r"A\. Reader has been correcting"):
        begun(case, "B. Surgeon")
    second = begun(case, "B. Surgeon", take_over=True)
    assert first.head.draft != second.head.draft
    with pytest.raises(NoDraftError):
        require_draft(second, first.head.draft)
    second.do(Delete(lesion=1))
    correction = committed(second).correction

    assert "B. Surgeon" == correction.by
    assert ["A. Reader", "B. Surgeon"] == [step.by for step in correction.steps]


def test_begun__a_killed_process_loses_no_step(case):
    place = deepest(case)
    code = f"""
        import os
        from remnant.pipeline.drafts.asked import Delete, Paint
        from remnant.pipeline.drafts.draft import begun
        from segmentation.edits.strokes import BrushShape, Stroke
        from pathlib import Path
        draft = begun(Path({str(case)!r}), "A. Reader")
        stroke = Stroke(points_mm=({place!r},), radius_mm=14.0, shape=BrushShape.BALL)
        draft.do(Paint(stroke=stroke))
        draft.do(Delete(lesion=1))
        draft.do(Delete(lesion=2))
        draft.undo()
        os._exit(9)
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False)
    assert 9 == ended.returncode
    draft = begun(case, "A. Reader")

    assert (2, 3) == (draft.head.standing, draft.head.kept)
    assert {2, 3} == set(draft.sheet.tallies)
    draft.redo()
    assert {3} == set(draft.sheet.tallies)
    draft.undo()
    draft.undo()
    draft.undo()
    for name, codes in codes_of(case).items():
        assert np.array_equal(codes, draft.sheet.maps[name])


def test_begun__a_damaged_draft_is_told_and_never_unpickled(case):
    painted(case)
    step = next((case / SCRATCH).glob("step-*.npz"))
    np.savez(step, told=np.array([object()], dtype=object), allow_pickle=True)
    with pytest.raises(UnreadableFileError, match="damaged"):
        begun(case, "A. Reader")
    (case / SCRATCH / "draft.json").write_text(json.dumps({"by": "A. Reader"}))
    with pytest.raises(UnreadableFileError, match="damaged"):
        begun(case, "A. Reader")


def test_begun__a_full_disk_costs_the_step_alone(case, monkeypatch):
    draft = painted(case)
    draft.do(Delete(lesion=1))
    draft.undo()
    before = {name: codes.copy() for name, codes in draft.sheet.maps.items()}

    def full(*_):
        raise InputError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("remnant.pipeline.drafts.scratch.Scratch.write_step", full)
        with pytest.raises(InputError, match="no space left"):
            draft.do(Delete(lesion=2))
    for kept in (draft, begun(case, "A. Reader")):
        assert (1, 1) == (kept.head.standing, kept.head.kept)
        assert all(np.array_equal(before[name], kept.sheet.maps[name]) for name in before)


def test_begun__names_that_cannot_be_used_are_refused(case):
    with pytest.raises(InputError, match="your name"):
        begun(case, "  ")
    assert held_draft(case) is None


def test_committed__the_scan_gives_drawn_lesions_their_intensities(case, small):
    draft = painted(case)
    committed(draft, image=small.image)
    assert {1, 2, 3} == set(read_case(case).intensities)
    later = begun(case, "A. Reader")
    later.do(Erase(stroke=ball(centre_of(case, 1), 6.0), lesion=1))
    committed(later)
    assert {2, 3} == set(read_case(case).intensities)


def test_correction__is_of_the_state_document(case):
    committed(painted(case))
    stored = json.loads((case / "segmentation.json").read_text())["corrections"]
    assert isinstance(history(case)[0], Correction)
    assert "A. Reader" == stored[0]["by"]


def test_box__a_network_outlines_a_lesion_in_a_draft(case, small):
    draft = begun(case, "A. Reader")
    draft.do(Delete(lesion=2))
    truth = small.lesions.codes == 2
    k = int(truth.sum(axis=(0, 1)).argmax())
    hits = np.argwhere(truth[:, :, k])
    low, high = (
        small.geometry.ras_from_index((*end, k))
        for end in (hits.min(axis=0) - 0.5, hits.max(axis=0) + 0.5)
    )
    box = ReaderBox(low=tuple(np.minimum(low, high)), high=tuple(np.maximum(low, high)))
    boxes = box_outliner(case, lambda: small.image, BoxSegmenter.knowing(small))
    done = draft.do(OutlineBox(box=box), Tools(scan=lambda: small.image, boxes=boxes))
    found = draft.sheet.maps[MapName.LESIONS] == 3

    assert (3,) == done.told.lesions
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.8
    assert Confirmation.CONFIRMED is draft.words[3]
    committed(draft)
    now = read_case(case)
    (drawn,) = now.settings.boxes
    assert (3, "A. Reader") == (drawn.lesion, drawn.by)
    assert FAKE_PROMPTER in now.models
    assert np.array_equal(found, now.maps.lesions.codes == 3)
    far = ReaderBox(low=(-400.0, -400.0, 0.0), high=(-380.0, -380.0, 0.0))
    with pytest.raises(InputError):
        begun(case, "A. Reader").do(OutlineBox(box=far), Tools(boxes=boxes))
