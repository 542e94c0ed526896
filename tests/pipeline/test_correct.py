"""A stored case corrected by a reader's boxes: lesions drawn and replaced, the liver outlined."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from examples.files import bytes_of
from remnant.core.boxes import bounding_box
from remnant.core.drawn_boxes import BoxedStructure, BoxUnits, ReaderBox
from remnant.core.errors import InputError
from remnant.core.labels import INSTANCE_SCHEME, STRUCTURE_SCHEME, Structure
from remnant.core.lesions import Confirmation
from remnant.core.map_description import Origin
from remnant.core.patient import Patient
from remnant.core.phase_choice import PhaseChoice
from remnant.core.quality_light import QUALITY_LIGHT
from remnant.core.reasons import Cause, causes_of
from remnant.core.volumes import ImageVolume, LabelMap, Modality
from remnant.io.nifti import write_image, write_labels
from remnant.io.reading import ReadingChoice
from remnant.pipeline import correct
from remnant.pipeline.case_files import REPORT_HTML, REPORT_JSON, UNFINISHED
from remnant.pipeline.correct import corrected
from remnant.pipeline.correcting import CorrectRequest
from remnant.pipeline.folder import read_case, read_measured
from remnant.pipeline.held import held_by
from remnant.pipeline.origins import lesion_origin, origin_of_lesion, structure_origins
from remnant.pipeline.quality_light import with_light
from remnant.pipeline.requests import MeasureRequest, SegmentRequest
from remnant.pipeline.reviewing import LesionReview
from remnant.pipeline.run import measure_study, rerun_case, run_study
from remnant.pipeline.segment import case_from_masks, segment_case
from remnant.testing.fake_divider import FakeDivider
from remnant.testing.fake_prompter import FAKE_PROMPTER, BoxSegmenter
from remnant.testing.fake_segmenter import FakeSegmenter

pytestmark = pytest.mark.usefixtures("undrawn")
MEASURING = MeasureRequest(patient=Patient(height_cm=175.0, weight_kg=80.0))
ALIKE = 0.8
"""Dice of a lesion of five coarse slices that lacks its uppermost and lowest ones."""
CT = ReadingChoice(modality=Modality.CT)


def box_of(mask, grid, *, flat=True, units=BoxUnits.MM):
    """Return a reader's box around a structure, on an upright grid."""
    k = int(mask.sum(axis=(0, 1)).argmax())
    there = mask[:, :, k : k + 1] if flat else mask
    hits = np.argwhere(there) + np.array([0, 0, k if flat else 0])
    low, high = hits.min(axis=0), hits.max(axis=0)
    if units is BoxUnits.VOXELS:
        return ReaderBox(low=tuple(map(float, low)), high=tuple(map(float, high)), units=units)
    half = np.array([0.5, 0.5, 0.0 if flat else 0.5])
    ends = grid.ras_from_index([low - half, high + half])
    a, b = ends.min(axis=0), ends.max(axis=0)
    return ReaderBox(low=tuple(a.tolist()), high=tuple(b.tolist()))


@pytest.fixture(name="undrawn")
def undrawn_fixture(monkeypatch):
    """Reports without pictures: drawing takes most of the time."""
    monkeypatch.setattr("remnant.page.html.render_html", lambda *_, **__: "a page")


@pytest.fixture(scope="module", name="engine")
def engine_fixture(small):
    return BoxSegmenter.knowing(small)


@pytest.fixture(scope="module", name="ct")
def ct_fixture(small, tmp_path_factory):
    path = tmp_path_factory.mktemp("scan") / "ct.nii.gz"
    write_image(small.image, path)
    return path


@pytest.fixture(scope="module", name="missed")
def missed_fixture(small, ct, tmp_path_factory):
    """A planned case in which the networks found lesion 1 too small, and missed lesion 2."""
    codes = np.zeros_like(small.lesions.codes)
    inner = np.argwhere(small.lesions.codes == 1)
    codes[tuple(inner[: len(inner) // 2].T)] = 1
    structures = np.array(small.structures.codes)
    structures[(structures == Structure.LESION) & (codes == 0)] = Structure.PARENCHYMA
    found = FakeSegmenter(
        LabelMap(structures, small.geometry, STRUCTURE_SCHEME),
        LabelMap(codes, small.geometry, INSTANCE_SCHEME),
    )
    output = tmp_path_factory.mktemp("missed") / "case"
    run_study(
        SegmentRequest(source=ct, reading=CT),
        measuring=MEASURING,
        output=output,
        segmenter=found,
        divider=FakeDivider.knowing(small),
        page=False,
    )
    return output


@pytest.fixture(name="case")
def case_fixture(missed, tmp_path):
    return shutil.copytree(missed, tmp_path / "case")


@pytest.fixture(name="boxes")
def boxes_fixture(small):
    return {n: box_of(small.lesions.codes == n, small.geometry) for n in (1, 2)}


@pytest.fixture(name="draw")
def draw_fixture(case, ct, engine):
    def draw(*boxes, output=None, engine=engine, **more):
        request = CorrectRequest(image=ct, lesion_boxes=boxes, **more)
        return corrected(case, request, output=output, engine=engine)

    return draw


def dice(one, other):
    return 2 * np.count_nonzero(one & other) / (np.count_nonzero(one) + np.count_nonzero(other))


def test_corrected__a_box_adds_the_lesion_that_was_missed(case, draw, boxes, small):
    before = read_measured(case)
    done = draw(boxes[2], by="A. Reader")
    now = read_case(case)

    assert (2,) == done.lesions
    assert dice(now.maps.lesions.codes == 2, small.lesions.codes == 2) > ALIKE
    assert np.array_equal(
        now.maps.lesions.codes == 1, read_case(done.earlier).maps.lesions.codes == 1
    )
    assert Confirmation.CONFIRMED is now.confirmations[2]
    assert 1 not in now.confirmations
    lesions = {one.id: one for one in done.report.volumetry.lesions}
    assert Confirmation.CONFIRMED is lesions[2].confirmation
    assert lesions[2].intensity is not None
    assert done.report.volumetry.tumour_ml.value > before.volumetry.tumour_ml.value
    assert done.report.planning is not None
    assert done.report == read_measured(case)
    assert "a page" == (case / REPORT_HTML).read_text()
    assert any("lesion 2 drawn" in words for words in done.changed)


def test_corrected__keeps_facts_and_says_who_drew_what(case, draw, boxes):
    done = draw(boxes[2], by=" A. Reader ")
    now = read_case(case)
    (drawn,) = now.settings.boxes

    assert 175.0 == done.report.patient.height_cm
    assert (BoxedStructure.LESION, 2, boxes[2], (), "A. Reader") == (
        drawn.structure, drawn.lesion, drawn.box, drawn.replaced, drawn.by,
    )  # fmt: skip
    assert (drawn,) == read_measured(case).settings.segmentation.boxes
    assert FAKE_PROMPTER in now.models
    assert now.made_from.revised
    assert Origin.EDITED is origin_of_lesion(now, 2) is lesion_origin(now)
    assert Origin.AUTOMATIC is origin_of_lesion(now, 1)
    assert any("box around lesion 2 drawn" in said for said in held_by(case).corrections)
    (note,) = (f for f in now.quality if f.id == "lesions_in_boxes")
    assert 1.0 == note.value
    assert [Cause.OUTLINED_IN_BOX] == [why.cause for why in note.reasons]


def test_corrected__takes_the_place_of_the_lesion_that_lies_in_the_box(case, draw, boxes, small):
    done = draw(boxes[1])
    now = read_case(case)

    assert (1,) == done.lesions
    assert dice(now.maps.lesions.codes == 1, small.lesions.codes == 1) > ALIKE
    assert {0, 1} == now.maps.lesions.present()
    assert (1,) == now.settings.boxes[0].replaced
    assert "lesion 1 drawn in the place of lesion(s) 1" in done.changed[0]


def test_corrected__none_and_named_lesions_are_replaced_as_asked(case, draw, boxes):
    beside = draw(boxes[1], replace=frozenset())
    assert (2,) == beside.lesions
    assert {0, 2} <= read_case(case).maps.lesions.present()
    named = draw(boxes[1], replace=frozenset({2}))
    assert (2,) == named.lesions
    assert (2,) == read_case(case).settings.boxes[-1].replaced


def test_corrected__a_number_is_not_given_twice(case, draw, boxes):
    draw(boxes[2])
    draw(boxes[1], replace=frozenset({1, 2}))
    assert {0, 1} == read_case(case).maps.lesions.present()

    assert (3,) == draw(boxes[2]).lesions


def test_corrected__several_boxes_at_once_and_in_voxels(case, draw, small):
    boxes = [
        box_of(small.lesions.codes == n, small.geometry, flat=False, units=BoxUnits.VOXELS)
        for n in (2, 1)
    ]
    done = draw(*boxes)

    assert (2, 1) == done.lesions
    for n in (1, 2):
        assert dice(read_case(case).maps.lesions.codes == n, small.lesions.codes == n) > ALIKE


def test_corrected__what_was_there_before_is_kept_as_a_case(case, draw, boxes, tmp_path):
    before = read_case(case)
    first, second = draw(boxes[2]), draw(boxes[1])

    assert [case / "earlier" / n for n in "12"] == [first.earlier, second.earlier]
    kept = read_case(first.earlier)
    assert np.array_equal(before.maps.lesions.codes, kept.maps.lesions.codes)
    assert str(first.earlier) in first.notes[0]
    back = tmp_path / "back"
    rerun_case(first.earlier, output=back, measuring=MEASURING)
    assert np.array_equal(before.maps.lesions.codes, read_case(back).maps.lesions.codes)


def test_corrected__what_is_kept_of_the_scan_goes_when_every_lesion_was_reviewed(case, draw, boxes):
    kept = case / UNFINISHED / "embeddings"
    kept.mkdir(parents=True)
    draw(boxes[2])
    assert kept.is_dir()
    rerun_case(case, output=case, measuring=MEASURING)
    assert kept.is_dir()
    every = SegmentRequest(review=LesionReview(confirm_all=True))
    rerun_case(case, every, output=case, measuring=MEASURING)
    assert not kept.exists()


def test_corrected__into_another_folder_leaves_the_case(case, draw, boxes, tmp_path):
    was = bytes_of(case)
    done = draw(boxes[2], output=tmp_path / "new")

    assert bytes_of(case) == was
    assert done.earlier is None
    assert {0, 1, 2} == read_case(tmp_path / "new").maps.lesions.present()


def test_corrected__a_rejected_lesion_is_replaced_by_its_number_alone(case, draw, boxes):
    rejected = SegmentRequest(review=LesionReview(rejected=frozenset({1})))
    rerun_case(case, rejected, output=case, measuring=MEASURING)
    was = bytes_of(case)

    with pytest.raises(InputError, match=r"lesion\(s\) 1, rejected before, .* --replace 1 or"):
        draw(boxes[1])
    assert bytes_of(case) == was
    assert (1,) == draw(boxes[1], replace=frozenset({1})).lesions
    assert Confirmation.CONFIRMED is read_case(case).confirmations[1]


def test_corrected__confirmed_lesions_keep_their_voxels_and_are_not_merged(case, draw, small):
    draw(*(box_of(small.lesions.codes == n, small.geometry) for n in (1, 2)))
    known = read_case(case).maps.lesions.codes
    block = np.zeros(small.geometry.shape, dtype=np.uint8)
    block[bounding_box(known, what="the lesions")] = 1
    whole = BoxSegmenter(small.structures, LabelMap(block, small.geometry, INSTANCE_SCHEME))
    around = box_of(block > 0, small.geometry, flat=False)

    with pytest.raises(InputError, match=r"1, 2, confirmed one by one before.*--replace 1,2 or"):
        draw(around, engine=whole)
    beside = draw(around, engine=whole, replace=frozenset({2}))
    now = read_case(case).maps.lesions.codes
    assert (2,) == beside.lesions
    assert np.array_equal(now == 1, known == 1)


def test_corrected__a_box_beside_the_liver_in_lps_or_outside_is_told_apart(
    case, draw, boxes, small
):
    was = bytes_of(case)
    (x0, y0, z0), (x1, y1, z1) = boxes[2].low, boxes[2].high
    mirrored = ReaderBox(low=(-x1, -y1, z0), high=(-x0, -y0, z1))
    top = small.geometry.corners_ras().max(axis=0)
    corner = ReaderBox(low=tuple((top - 9).tolist()), high=tuple((top - 1).tolist()))
    far = ReaderBox(low=(900.0, 900.0, z0), high=(910.0, 910.0, z0))

    with pytest.raises(InputError, match="x and y of the other sign"):
        draw(mirrored)
    with pytest.raises(InputError, match="does not come within 10 mm of the liver; draw it around"):
        draw(corner)
    with pytest.raises(InputError, match="lies outside the scan, which spans x"):
        draw(far)
    assert bytes_of(case) == was


def test_corrected__nothing_in_the_box_changes_nothing(case, draw, boxes, small):
    was = bytes_of(case)
    none = LabelMap(np.zeros_like(small.lesions.codes), small.geometry, INSTANCE_SCHEME)
    blind = BoxSegmenter(replace(small.structures, codes=none.codes), none)

    with pytest.raises(InputError, match="the network outlines nothing in the box"):
        draw(boxes[2], engine=blind)
    assert bytes_of(case) == was


def test_corrected__what_looks_like_the_liver_is_drawn_and_doubted(case, draw, small, tmp_path):
    liver = small.structures.codes == Structure.PARENCHYMA
    spot = np.zeros(small.geometry.shape, dtype=np.uint8)
    i, j, k = (int(n) for n in np.argwhere(liver).mean(axis=0))
    spot[i - 2 : i + 3, j - 2 : j + 3, k - 1 : k + 2] = 1
    spot[~liver] = 0
    seeing = BoxSegmenter(small.structures, LabelMap(spot, small.geometry, INSTANCE_SCHEME))
    done = draw(box_of(spot > 0, small.geometry), engine=seeing)

    assert "looks like the liver around it" in done.changed[0]
    (note,) = (f for f in read_case(case).quality if f.id == "lesions_in_boxes")
    assert Cause.LIKE_SURROUNDINGS in causes_of(note.reasons)


def test_corrected__another_scan_is_refused(case, boxes, engine, small, tmp_path):
    other = ImageVolume(small.image.voxels + 1, small.geometry, Modality.CT)
    write_image(other, tmp_path / "other.nii.gz")
    request = CorrectRequest(image=tmp_path / "other.nii.gz", lesion_boxes=(boxes[2],))

    with pytest.raises(InputError, match="is not the scan that"):
        corrected(case, request, engine=engine)


def test_corrected__a_failure_while_publishing_leaves_all_as_it_was(case, draw, boxes, monkeypatch):
    def fail(*_, **__):
        raise InputError("the disk is full")

    was = bytes_of(case)
    monkeypatch.setattr(correct, "finish_case", fail)
    with pytest.raises(InputError, match="the disk is full"):
        draw(boxes[2])

    assert bytes_of(case) == was
    assert not (case / "earlier").exists() or not list((case / "earlier").iterdir())


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "nothing to correct"),
        ({"liver_box": ReaderBox(low=(0.0,) * 3, high=(1.0,) * 3), "replace": frozenset({1})},
         "--replace is for one --lesion-box, got 0"),
    ],
)  # fmt: skip
def test_corrected__what_makes_no_sense(case, draw, more, words):
    with pytest.raises(InputError, match=words):
        draw(**more)


def test_corrected__names_that_are_none_and_lesions_that_are_not_there(draw, boxes):
    with pytest.raises(InputError, match=r"--replace: there is no lesion \[7\]"):
        draw(boxes[1], replace=frozenset({7}))
    with pytest.raises(InputError, match="--by got"):
        draw(boxes[1], by="\n")


def test_corrected__an_engine_that_outlines_no_boxes(case, draw, boxes, small):
    with pytest.raises(InputError, match="this engine outlines no boxes"):
        draw(boxes[1], engine=FakeSegmenter.knowing(small))


def test_corrected__a_case_of_masks_gets_its_first_lesion(small, ct, boxes, engine, tmp_path):
    write_labels(small.liver_mask, tmp_path / "liver.nii.gz")
    masks = SegmentRequest(masks={"liver": tmp_path / "liver.nii.gz"})
    case = case_from_masks(masks)
    assert case.maps.lesions is None
    measure_study(None, masks, output=tmp_path / "case", measuring=MEASURING)
    request = CorrectRequest(image=ct, lesion_boxes=(boxes[1],), modality=Modality.CT)
    done = corrected(tmp_path / "case", request, engine=engine)

    assert (1,) == done.lesions
    assert (
        dice(read_case(tmp_path / "case").maps.lesions.codes == 1, small.lesions.codes == 1) > ALIKE
    )


# the liver


@pytest.fixture(name="liver_box")
def liver_box_fixture(small):
    return box_of(small.liver_mask.codes > 0, small.geometry)


def test_liver_box__outlines_the_liver_anew_and_keeps_its_lesions(case, draw, liver_box, small):
    cut = read_case(case)
    codes = np.array(cut.maps.structures.codes)
    codes[:, :, : codes.shape[2] // 2 - 2][
        cut.maps.lesions.codes[:, :, : codes.shape[2] // 2 - 2] == 0
    ] = 0
    write_labels(LabelMap(codes, small.geometry, STRUCTURE_SCHEME), case / "structures.nii.gz")
    done = draw(liver_box=liver_box)
    now = read_case(case)

    assert dice(now.maps.structures.codes > 0, small.liver_mask.codes > 0) > 0.95
    assert np.array_equal(cut.maps.lesions.codes, now.maps.lesions.codes)
    lights = [f for f in now.quality if f.id == QUALITY_LIGHT]
    anew = with_light(now, small.image).quality
    assert lights == [f for f in anew if f.id == QUALITY_LIGHT]
    assert lights != [f for f in cut.quality if f.id == QUALITY_LIGHT]
    assert Origin.EDITED is structure_origins(now)[Structure.PARENCHYMA]
    assert {"liver_in_box", "liver_volume_plausible"} <= {f.id for f in now.quality}
    assert "liver outlined in the box" in done.changed[0]
    assert any("box around liver" in said for said in held_by(case).corrections)


def test_liver_box__a_lesion_outside_of_it_goes_unless_somebody_reviewed_it(
    case, draw, liver_box, small
):
    lesion = small.lesions.codes == 1
    left = np.array(small.structures.codes)
    k = np.flatnonzero(lesion.any(axis=(0, 1)))
    left[:, :, max(0, k[0] - 2) :] = 0
    half = BoxSegmenter(LabelMap(left, small.geometry, STRUCTURE_SCHEME), small.lesions)
    if not left.any():
        pytest.skip("the lesion lies at the lower end of the liver")
    low = box_of(left > 0, small.geometry)
    reviewed = SegmentRequest(review=LesionReview(confirmed=frozenset({1})))
    rerun_case(case, reviewed, output=case, measuring=MEASURING)

    with pytest.raises(InputError, match=r"lesion\(s\) 1, reviewed before, lie outside"):
        draw(liver_box=low, engine=half)
    done = draw(liver_box=low, engine=half, overwrite=True)
    assert "lesion(s) 1 lay outside of it and are gone" in done.changed[0]
    assert {0} == read_case(case).maps.lesions.present()
    assert 1 not in read_case(case).confirmations


def test_liver_box__makes_a_case_of_a_scan_in_which_no_liver_is_found(small, ct, liver_box, engine):
    class Blind(BoxSegmenter):
        def segment(self, image, *, progress=None):
            raise AssertionError("the liver was not to be looked for")

        segment_liver = segment

    request = SegmentRequest(source=ct, reading=CT, liver_box=liver_box)
    case = segment_case(request, segmenter=Blind.knowing(small))

    assert dice(case.maps.structures.codes > 0, small.liver_mask.codes > 0) > 0.95
    assert np.array_equal(case.maps.lesions.codes, small.lesions.codes)
    assert {FAKE_PROMPTER.id} == {model.id for model in case.models}
    assert (BoxedStructure.LIVER, liver_box) == (
        case.settings.boxes[0].structure, case.settings.boxes[0].box,
    )  # fmt: skip
    assert "liver_in_box" in {f.id for f in case.quality}


def test_liver_box__the_same_command_again_takes_the_case_up_and_another_box_does_not(
    small, ct, liver_box, engine, tmp_path
):
    def run(box, **more):
        return run_study(
            SegmentRequest(source=ct, reading=CT, liver_box=box, **more),
            measuring=MEASURING,
            output=tmp_path / "case",
            segmenter=engine,
            page=False,
        )

    assert not run(liver_box).taken_up
    assert run(liver_box).taken_up
    with pytest.raises(InputError, match="other settings"):
        run(
            replace(liver_box, high=tuple(n + 1.0 for n in liver_box.high[:2]) + liver_box.high[2:])
        )


def test_liver_box__with_masks_and_phases(small, ct, liver_box, engine, mask_files, tmp_path):
    none = LabelMap(np.zeros_like(small.lesions.codes), small.geometry, INSTANCE_SCHEME)
    blind = BoxSegmenter(small.structures, none)
    files = {"lesions": small.lesions, "couinaud": small.couinaud}
    for role, labels in files.items():
        write_labels(labels, tmp_path / f"{role}.nii.gz")
    given = SegmentRequest(
        source=ct,
        reading=CT,
        liver_box=liver_box,
        masks={role: tmp_path / f"{role}.nii.gz" for role in files},
    )
    case = segment_case(given, segmenter=blind)
    assert np.array_equal(case.maps.lesions.codes, small.lesions.codes)

    both = replace(given, masks={"liver": mask_files["liver"]})
    phases = PhaseChoice(liver_from="portal", lesions_from=("arterial",))
    with pytest.raises(InputError, match="leave --liver-from out"):
        segment_case(replace(given, phases=phases, masks={}), segmenter=engine)
    with pytest.raises(InputError, match="--liver-box and a liver map"):
        segment_case(both, segmenter=engine)
    with pytest.raises(InputError, match="outlines no boxes"):
        segment_case(given, segmenter=FakeSegmenter.knowing(small))


def test_liver_box__a_stored_case_is_corrected_not_run(case, liver_box):
    with pytest.raises(InputError, match="draw its liver anew by `remnant correct"):
        rerun_case(case, SegmentRequest(liver_box=liver_box), output=case, measuring=MEASURING)
    assert (case / REPORT_JSON).is_file()
