"""Maps of plans, and what a case folder does with what is made when it is planned."""

import shutil
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from remnant.core.debulking import DebulkingPlan, PlanOrigin
from remnant.core.errors import InputError, UnreadableFileError
from remnant.core.findings import Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.patient import Patient
from remnant.core.plan_choice import PlanChoice
from remnant.core.reasons import Cause, reason
from remnant.core.recipe import Recipe
from remnant.core.volumes import LabelMap
from remnant.io.nifti import read_labels, write_labels
from remnant.page.html import render_html
from remnant.pipeline import case_files
from remnant.pipeline import folder as case_folder
from remnant.pipeline.edited_plans import edited_plans
from remnant.pipeline.facts import known_case
from remnant.pipeline.folder import read_measured
from remnant.pipeline.measuring_and_planning import measure_case, plan_case
from remnant.pipeline.plan_maps import (
    DRAWING,
    case_maps,
    drawn_plans,
    page_maps,
    pictured_plans,
    stored_maps,
    stored_page_maps,
)
from remnant.pipeline.plan_settings import PlanRequest
from remnant.pipeline.requests import MeasureRequest, SegmentRequest
from remnant.pipeline.run import (
    NOTHING_ASKED,
    finish_case,
    measure_study,
    plan_stored,
    rerun_case,
)
from remnant.pipeline.segment import case_from_masks
from remnant.pipeline.segmented import Division
from remnant.view.plan_view import pictured
from volumetry.virtual_resection.atoms import build_atoms, treated_zones
from volumetry.virtual_resection.resection import PLAN_SCHEME, virtual_resection

SIX, SEVEN = CouinaudSegment.VI, CouinaudSegment.VII
MEASURING = MeasureRequest(patient=Patient(height_cm=175.0, weight_kg=80.0))
CHOICE = PlanChoice()
RECIPES = (Recipe(segments=(SIX, SEVEN)), Recipe(wedges=(1,)), Recipe(ablations=(1, 2)))


@pytest.fixture(scope="module", name="segmented")
def segmented_fixture(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("masks")
    maps = {"liver": small.liver_mask, "lesions": small.lesions, "couinaud": small.couinaud}
    for role, labels in maps.items():
        write_labels(labels, folder / f"{role}.nii.gz")
    return case_from_masks(SegmentRequest(masks={role: folder / f"{role}.nii.gz" for role in maps}))


@pytest.fixture(scope="module", name="planned")
def planned_fixture(segmented):
    """A report with three plans of known recipes, whatever an optimiser would choose."""
    report = plan_case(measure_case(segmented, MEASURING))
    zones = build_atoms(case_maps(segmented), lesion_ids=(1, 2), choice=CHOICE)
    plans = tuple(
        DebulkingPlan(
            id=f"plan_{number}",
            origin=PlanOrigin.USER,
            targets=(),
            recipe=recipe,
            result=virtual_resection(
                report.volumetry, patient=MEASURING.patient, atoms=zones.atoms, recipe=recipe
            ),
            named=True,
            new_world="",
            rule_set="gepnetlm_review",
            feasible=Verdict.UNKNOWN,
            proven=None,
            gap_ml=None,
            on_front=False,
            flips=(),
        )
        for number, recipe in enumerate(RECIPES, start=1)
    )
    return replace(report, planning=replace(report.planning, plans=plans))


@pytest.fixture(scope="module", name="stored")
def stored_fixture(segmented, planned, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stored") / "case"
    with case_folder.published(folder) as staging:
        case_folder.write_segmented(segmented, staging)
        case_folder.write_measured(planned, staging)
    return folder


@pytest.fixture(name="folder")
def folder_fixture(stored, tmp_path):
    return shutil.copytree(stored, tmp_path / "case")


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_stored_maps__are_those_of_the_case(segmented, stored):
    there, here = stored_maps(stored), case_maps(segmented)
    for part in ("liver", "lesions", "segments", "structures"):
        np.testing.assert_array_equal(getattr(here, part), getattr(there, part))
    assert here.box == there.box
    np.testing.assert_array_equal(here.geometry.affine_ras, there.geometry.affine_ras)


def test_stored_maps__without_a_case_or_without_segments(segmented, tmp_path):
    assert stored_maps(tmp_path) is None
    bare = replace(
        segmented,
        division=Division(reasons=(reason(Cause.NO_SEGMENTS_GIVEN),)),
        maps=replace(segmented.maps, lesions=None),
    )
    case_folder.write_segmented(bare, tmp_path)
    maps = stored_maps(tmp_path)
    assert maps.segments is None
    assert 0 == maps.lesions.max()


def test_drawn__codes_say_what_each_plan_does(segmented, planned):
    drawn = dict(drawn_plans(planned, case_maps(segmented), CHOICE))
    assert ["plan_1", "plan_2", "plan_3"] == list(drawn)
    liver, lesions = segmented.maps.structures.mask(), segmented.maps.lesions.codes
    segments = segmented.division.couinaud.codes
    removed = liver & np.isin(segments, (SIX, SEVEN))
    assert (drawn["plan_1"].codes[removed & (lesions == 0)] == 2).all()
    assert (drawn["plan_2"].codes[lesions == 1] == 3).all()
    assert (drawn["plan_2"].codes[lesions == 2] == 5).all()
    assert (drawn["plan_3"].codes[lesions > 0] == 4).all()
    for labels in drawn.values():
        np.testing.assert_array_equal(liver, labels.codes > 0)
        assert segmented.maps.structures.geometry is labels.geometry


def test_drawn__nothing_without_plans_or_maps(segmented, planned):
    maps = case_maps(segmented)
    assert [] == list(drawn_plans(planned, None, CHOICE))
    assert [] == list(drawn_plans(replace(planned, planning=None), maps, CHOICE))
    none = replace(planned, planning=replace(planned.planning, plans=()))
    assert [] == list(drawn_plans(none, maps, CHOICE))


def test_pictured__the_first_plan_with_the_margins_that_the_report_keeps(segmented):
    choice = PlanChoice(resection_margin_mm=12.0, ablation_margin_mm=12.0)
    report = plan_case(
        measure_case(segmented, MEASURING), PlanRequest(choice=choice), maps=case_maps(segmented)
    )
    shown = pictured(report.planning)
    drawn = pictured_plans(segmented, report)
    assert [plan.id for plan in shown] == list(drawn)
    expected = dict(drawn_plans(report, case_maps(segmented), choice))
    default = dict(drawn_plans(report, case_maps(segmented), CHOICE))
    for name, labels in drawn.items():
        np.testing.assert_array_equal(expected[name].codes, labels.codes)
    assert any((default[name].codes != labels.codes).any() for name, labels in drawn.items())


def test_pictured__nothing_without_plans(segmented, planned):
    assert {} == pictured_plans(segmented, replace(planned, planning=None))
    none = replace(planned, planning=replace(planned.planning, plans=()))
    assert {} == pictured_plans(segmented, none)


def test_page__shows_three_pictures_of_each_pictured_plan(segmented, planned):
    page = render_html(planned, **page_maps(segmented, planned))
    assert 1 == len(pictured(planned.planning))
    assert 2 == page.count("picture of the plan. It shows:")
    assert 1 == page.count("coloured by the plan")


def test_pictured__every_plan_has_the_map_that_is_stored(segmented, planned, monkeypatch):
    """Zones of the treated lesions alone draw what all zones draw."""
    monkeypatch.setattr("remnant.view.plan_view.pictured", lambda planning: planning.plans)
    drawn = pictured_plans(segmented, planned)
    expected = dict(drawn_plans(planned, case_maps(segmented), CHOICE))
    assert list(expected) == list(drawn)
    for name, labels in drawn.items():
        np.testing.assert_array_equal(expected[name].codes, labels.codes)


def test_pictured__zones_are_built_once_and_of_treated_lesions_alone(
    segmented, planned, monkeypatch
):
    built = []

    def counted(maps, fates, *, choice):
        built.append(treated_zones(maps, fates, choice=choice))
        return built[-1]

    monkeypatch.setattr("volumetry.virtual_resection.atoms.treated_zones", counted)
    one = replace(planned, planning=replace(planned.planning, plans=planned.planning.plans[1:2]))
    assert ["plan_2"] == list(pictured_plans(segmented, one))
    (zones,) = built
    assert ([1], []) == (list(zones.resection), list(zones.ablation))


def test_stored_page_maps__are_those_of_the_case(segmented, planned, stored):
    there, here = stored_page_maps(stored, planned), page_maps(segmented, planned)
    for name in ("structures", "lesions", "couinaud"):
        np.testing.assert_array_equal(here[name].codes, there[name].codes)
        assert here[name].geometry.same_grid(there[name].geometry)
    whole = segmented.maps.structures.geometry
    assert np.prod(here["structures"].geometry.shape) < np.prod(whole.shape)
    assert list(here["plan_maps"]) == list(there["plan_maps"])
    for name, labels in here["plan_maps"].items():
        np.testing.assert_array_equal(labels.codes, there["plan_maps"][name].codes)
    assert there["preview"] is None
    assert render_html(planned, **here) == render_html(planned, **there)


def test_stored_page_maps__a_report_without_maps_is_refused(planned, tmp_path):
    with pytest.raises(UnreadableFileError, match="without the maps"):
        stored_page_maps(tmp_path, planned)


def test_replace__maps_and_page_of_the_old_plan_go(segmented, planned, folder):
    bare = names(folder)
    drawn = list(drawn_plans(planned, case_maps(segmented), CHOICE))
    case_folder.replace_measured(planned, folder, drawn=drawn)
    first = set(case_files.with_companions(["plan_1.nii.gz"]))
    maps = first | set(case_files.with_companions(["plan_2.nii.gz", "plan_3.nii.gz"]))
    assert bare | maps == names(folder)
    read = read_labels(folder / "plan_2.nii.gz", PLAN_SCHEME)
    np.testing.assert_array_equal(drawn[1][1].codes, read.codes)

    for name in (case_files.REPORT_HTML, case_files.REPORT_PDF):
        (folder / name).write_text("old", encoding="utf-8")
    case_folder.replace_measured(planned, folder, drawn=drawn[:1])
    assert bare | first == names(folder)
    with case_folder.published(folder) as staging:
        case_folder.write_segmented(segmented, staging)
    assert not maps & names(folder)


def test_replace__a_failure_leaves_the_folder_as_it_was(segmented, planned, folder):
    drawn = list(drawn_plans(planned, case_maps(segmented), CHOICE))
    case_folder.replace_measured(planned, folder, drawn=drawn)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def failing():
        yield drawn[0]
        raise InputError("cannot be drawn")

    with pytest.raises(InputError, match="cannot be drawn"):
        case_folder.replace_measured(planned, folder, drawn=failing())
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_output_folder__maps_of_plans_are_no_strangers(tmp_path):
    for name in ("plan_1.nii.gz", "plan_27.nii.gz", "plans.csv"):
        (tmp_path / name).write_bytes(b"")
    case_folder.require_output_folder(tmp_path)
    for name in ("plan_0.nii.gz", "plan_01.nii.gz", "plan_x.nii.gz"):
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(InputError, match="holds other files"):
            case_folder.require_output_folder(tmp_path)
        (tmp_path / name).unlink()


def assert_volumes_of_the_map(plan, folder, segmented):
    """What stays and what is left of the tumour, counted on the map that was written."""
    codes = read_labels(folder / f"{plan.id}.nii.gz", PLAN_SCHEME).codes
    voxel_ml = segmented.maps.structures.geometry.voxel_volume_ml
    inside = segmented.division.couinaud.codes > 0
    stays_ml = np.count_nonzero((codes == 1) & inside) * voxel_ml
    assert stays_ml == pytest.approx(plan.result.remnant.flr_ml.value)
    left_ml = np.count_nonzero(codes == 5) * voxel_ml
    assert left_ml == pytest.approx(plan.result.residual_tumour_ml.value)


def test_finish__draws_the_plans_when_asked(segmented, tmp_path):
    planning = PlanRequest(choice=PlanChoice(recipes=(Recipe(wedges=(1,)),)), draw_maps=True)
    steps = []
    report = finish_case(
        segmented,
        measuring=MEASURING,
        output=tmp_path / "case",
        planning=planning,
        progress=lambda *step: steps.append(step),
    )
    plans = report.planning.plans
    maps = set(case_files.with_companions(f"{plan.id}.nii.gz" for plan in plans))
    assert maps == {name for name in names(tmp_path / "case") if name.startswith("plan_")}
    assert [("planning", 0, 1), ("planning", 1, 1)] == [s for s in steps if s[0] == "planning"]
    total = len(plans)
    assert [(DRAWING, number, total) for number in range(total + 1)] == [
        step for step in steps if step[0] == DRAWING
    ]
    assert planning.choice == known_case(tmp_path / "case").planning.choice
    assert report.planning.plans
    for plan in report.planning.plans:
        assert_volumes_of_the_map(plan, tmp_path / "case", segmented)


@pytest.fixture(name="drawn")
def drawn_fixture(segmented, tmp_path):
    """A case with the map of its plan."""
    planning = PlanRequest(choice=PlanChoice(recipes=(Recipe(wedges=(1,)),)), draw_maps=True)
    output = tmp_path / "case"
    finish_case(segmented, measuring=MEASURING, output=output, planning=planning)
    return output


def edit_segmentation(file):
    """Paint over a voxel as 3D Slicer would."""
    image = sitk.ReadImage(str(file))
    codes = sitk.GetArrayFromImage(image)
    codes[tuple(np.argwhere(codes == 1)[0])] = 3
    saved = sitk.GetImageFromArray(codes)
    saved.CopyInformation(image)
    for key in image.GetMetaDataKeys():
        saved.SetMetaData(key, image.GetMetaData(key))
    sitk.WriteImage(saved, str(file), useCompression=True)


def edit_map(file, value=3):
    codes = read_labels(file, PLAN_SCHEME)
    painted = codes.codes.copy()
    painted[tuple(np.argwhere(painted == 1)[0])] = value
    write_labels(LabelMap(painted, codes.geometry, PLAN_SCHEME), file)


@pytest.mark.parametrize(("name", "edit"), [("seg.nrrd", edit_segmentation), ("nii.gz", edit_map)])
def test_edited__map_of_a_plan_is_not_thrown_away(name, edit, drawn):
    file = next(drawn.glob(f"plan_*.{name}"))
    edit(file)
    again = partial(plan_stored, drawn, read_measured(drawn), PlanRequest(), patient=Patient())
    for command in (
        again,
        partial(rerun_case, drawn, output=drawn, measuring=MEASURING),
        partial(measure_study, drawn, NOTHING_ASKED, output=drawn, measuring=MEASURING),
    ):
        with pytest.raises(InputError, match=rf"{file.name} was changed .*; move it to another"):
            command()
    assert (file.name,) == edited_plans(drawn)
    overwriting = SegmentRequest(overwrite=True)
    measure_study(drawn, overwriting, output=drawn, measuring=MEASURING)
    assert not file.exists()


def test_edited__map_that_was_saved_again_as_it_is_has_not_been(drawn):
    edit_map(next(drawn.glob("plan_*.nii.gz")), value=1)
    assert () == edited_plans(drawn)
    plan_stored(drawn, read_measured(drawn), PlanRequest(), patient=Patient())
    assert () == edited_plans(drawn)
    assert [] == list(drawn.glob("plan_*"))


def test_edited__map_of_a_plan_is_named_where_its_case_would_be_replaced(drawn, segmented):
    edit_segmentation(next(drawn.glob("plan_*.seg.nrrd")))
    with pytest.raises(InputError, match=r"would drop edits of plan_\d+\.seg\.nrrd"):
        finish_case(segmented, measuring=MEASURING, output=drawn, planning=PlanRequest())


def test_plan__recipe_of_a_rejected_lesion_is_refused(segmented):
    measured = measure_case(segmented, MEASURING)
    with pytest.raises(InputError, match="lesion 7, which does not count; those that count: 1, 2"):
        plan_case(measured, PlanRequest(choice=PlanChoice(recipes=(Recipe(ablations=(7,)),))))
