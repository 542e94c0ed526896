"""Cases written for other programs, read back by other libraries."""

import json
import re
import shutil
from dataclasses import replace

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
import slicerio
import trimesh

from examples.files import bytes_of
from remnant.core.errors import GeometryMismatchError, InputError, UnreadableFileError
from remnant.core.geometry import Geometry
from remnant.core.patient import Patient
from remnant.core.plan_choice import PlanChoice
from remnant.core.recipe import Recipe
from remnant.core.volumes import ImageVolume, Modality
from remnant.io.nifti import write_image
from remnant.pipeline.case_files import STATE, STRUCTURES
from remnant.pipeline.export import export_case
from remnant.pipeline.exporting import ExportRequest, Target, TrainingLabels
from remnant.pipeline.folder import read_stored, write_measured, write_segmented
from remnant.pipeline.measuring_and_planning import measure_case, plan_case
from remnant.pipeline.plan_maps import case_maps
from remnant.pipeline.plan_settings import PlanRequest
from remnant.pipeline.requests import MeasureRequest, SegmentRequest
from remnant.pipeline.review import apply_review
from remnant.pipeline.reviewing import LesionReview
from remnant.pipeline.segment import segment_case
from remnant.pipeline.training_set import export_training_set
from remnant.testing.fake_segmenter import FakeSegmenter

MEASURING = MeasureRequest(patient=Patient(height_cm=175.0, weight_kg=80.0))
PLANNING = PlanRequest(choice=PlanChoice(recipes=(Recipe(wedges=(1,)),)))


@pytest.fixture(scope="module", name="image")
def image_fixture(small, tmp_path_factory):
    path = tmp_path_factory.mktemp("scan") / "ct.nii.gz"
    write_image(small.image, path)
    return path


@pytest.fixture(scope="module", name="segmented")
def segmented_fixture(small, image, tmp_path_factory):
    from remnant.io.nifti import write_labels

    couinaud = tmp_path_factory.mktemp("maps") / "couinaud.nii.gz"
    write_labels(small.couinaud, couinaud)
    request = SegmentRequest(source=image, masks={"couinaud": couinaud})
    return segment_case(request, segmenter=FakeSegmenter.knowing(small))


def store(case, folder):
    folder.mkdir()
    write_segmented(case, folder)
    measured = measure_case(case, MEASURING)
    write_measured(plan_case(measured, PLANNING, maps=case_maps(case)), folder)
    return folder


@pytest.fixture(scope="module", name="case")
def case_fixture(segmented, tmp_path_factory):
    return store(segmented, tmp_path_factory.mktemp("cases") / "case")


@pytest.fixture(scope="module", name="confirmed")
def confirmed_fixture(segmented, tmp_path_factory):
    reviewed = apply_review(segmented, LesionReview(confirm_all=True))
    return store(reviewed, tmp_path_factory.mktemp("cases") / "confirmed")


def exported(case, target, output, **more):
    done = export_case(ExportRequest(cases=(case,), target=target, output=output, **more))
    files = {path.name for path in output.iterdir()}
    assert set(done.files) | {"export.json"} == files
    manifest = json.loads((output / "export.json").read_text("utf-8"))
    assert files - {"export.json"} == set(manifest["files"])
    assert "case-" in manifest["study"]
    assert "Research use only" in (output / "README.txt").read_text("utf-8")
    return files


def test_slicer__every_map_opens_with_its_names(case, segmented, tmp_path):
    files = exported(case, Target.SLICER, tmp_path / "out")
    assert {"structures.seg.nrrd", "lesions.seg.nrrd", "couinaud.seg.nrrd"} < files
    assert {"plan_1.seg.nrrd", "plan_1.ctbl"} < files
    assert not [name for name in files if name.endswith((".nii.gz", ".label"))]
    for name in ("structures", "couinaud", "lesions"):
        assert (case / f"{name}.seg.nrrd").read_bytes() == (
            tmp_path / "out" / f"{name}.seg.nrrd"
        ).read_bytes()
    plan = slicerio.read_segmentation(str(tmp_path / "out" / "plan_1.seg.nrrd"))
    assert "liver that would remain" == plan["segments"][0]["name"]
    assert "99REMNANT" == plan["segments"][0]["terminology"]["type"][0]


def test_itksnap__each_map_has_its_labels_and_the_scan_lies_beside_them(case, image, tmp_path):
    files = exported(case, Target.ITKSNAP, tmp_path / "out", images=(image,))
    maps = {name for name in files if name.endswith(".nii.gz")} - {"scan.nii.gz"}
    assert {name.replace(".nii.gz", ".label") for name in maps} < files
    scan = nibabel.load(tmp_path / "out" / "scan.nii.gz")
    np.testing.assert_array_equal(nibabel.load(image).get_fdata(), scan.get_fdata())
    for name in maps:
        here = nibabel.load(tmp_path / "out" / name)
        np.testing.assert_array_equal(scan.affine, here.affine)
        if (case / name).exists():
            np.testing.assert_array_equal(nibabel.load(case / name).get_fdata(), here.get_fdata())


def test_stl__a_lesion_lies_where_its_voxels_are(case, segmented, tmp_path):
    files = exported(case, Target.STL, tmp_path / "out")
    assert {"liver.stl", "lesion_1.stl", "Couinaud_segment_IV.stl"} < files
    assert [name for name in files if re.fullmatch(r"plan_1_\w+\.stl", name)]
    lesions = segmented.maps.lesions
    mesh = trimesh.load(tmp_path / "out" / "lesion_1.stl")
    voxels_ras = lesions.geometry.ras_from_index(np.argwhere(lesions.codes == 1))
    centre_lps = voxels_ras.mean(axis=0) * (-1, -1, 1)
    step = max(lesions.geometry.spacing_mm)
    assert mesh.is_watertight
    assert np.abs(mesh.center_mass - centre_lps).max() < 0.5 * step
    assert mesh.bounds[0] == pytest.approx((voxels_ras * (-1, -1, 1)).min(axis=0), abs=step)
    manifest = json.loads((tmp_path / "out" / "export.json").read_text("utf-8"))
    assert ("LPS", "mm") == (manifest["frame"], manifest["unit"])
    assert "not for measurement" in manifest["use"]
    named = {one["file"]: one["origin"] for one in manifest["surfaces"]}
    assert ("automatic", "given") == (named["lesion_1.stl"], named["Couinaud_segment_IV.stl"])


def test_glb__views_of_liver_segments_and_plans(case, segmented, tmp_path):
    files = exported(case, Target.GLB, tmp_path / "out")
    assert {"liver.glb", "couinaud.glb", "plan_1.glb"} < files
    scene = trimesh.load(tmp_path / "out" / "liver.glb")
    inside = {"lesion 1", "lesion 2", "portal vein", "hepatic veins"}
    assert {"liver"} | inside == set(scene.geometry)
    whole = segmented.maps.structures
    points = whole.geometry.ras_from_index(np.argwhere(whole.codes > 0))
    low, high = points.min(axis=0), points.max(axis=0)
    step = max(whole.geometry.spacing_mm)
    # +x left, +y head, +z front, in metres
    expected = np.array(((-high[0], low[2], low[1]), (-low[0], high[2], high[1])))
    np.testing.assert_allclose(expected, 1000.0 * scene.bounds, atol=step)
    assert len(trimesh.load(tmp_path / "out" / "couinaud.glb").geometry) == 8 + 2


@pytest.mark.parametrize("target", [Target.SLICER, Target.GLB])
def test_again__replaces_its_own_files_and_no_others(case, target, tmp_path):
    out = tmp_path / "out"
    exported(case, target, out)
    before = bytes_of(out)
    exported(case, target, out)
    assert before == bytes_of(out)
    (out / "README.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=r"README.txt was added or changed since the export"):
        exported(case, target, out)
    assert "mine" == (out / "README.txt").read_text("utf-8")
    assert ["out"] == [path.name for path in tmp_path.iterdir()]


def test_again__of_another_case_or_for_another_program_is_refused(case, tmp_path):
    out = tmp_path / "out"
    request = ExportRequest(cases=(case,), target=Target.SLICER, output=out)
    assert export_case(request).replaced is None
    name = read_stored(case).case.study.pseudonym
    assert export_case(request).replaced == f"the earlier export, slicer of {name}"
    before = bytes_of(out)
    with pytest.raises(InputError, match=rf"holds another export, slicer of {name}; name another"):
        exported(case, Target.ITKSNAP, out)
    manifest = out / "export.json"
    manifest.write_text(manifest.read_text("utf-8").replace(name, "case-0"), encoding="utf-8")
    with pytest.raises(InputError, match=r"holds another export, slicer of case-0"):
        exported(case, Target.SLICER, out)
    del before["export.json"]
    assert before == {file: held for file, held in bytes_of(out).items() if file != "export.json"}


def test_folder__of_something_else_is_left_alone(case, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("x", encoding="utf-8")
    for manifest in (None, "{", "[]", '{"files": 3}', '{"files": {}}'):
        if manifest is not None:
            (out / "export.json").write_text(manifest, encoding="utf-8")
        with pytest.raises((InputError, UnreadableFileError)):
            exported(case, Target.SLICER, out)
        assert "x" == (out / "thesis.tex").read_text("utf-8")
    assert ["out"] == [path.name for path in tmp_path.iterdir()]


def test_scan__of_another_patient_or_grid_is_refused(case, small, tmp_path):
    other = replace(small.image, voxels=small.image.voxels + 1)
    write_image(other, tmp_path / "other.nii.gz")
    with pytest.raises(InputError, match=r"other.nii.gz is not the scan that .* was made from"):
        exported(case, Target.ITKSNAP, tmp_path / "out", images=(tmp_path / "other.nii.gz",))
    with pytest.raises(InputError, match=r"missing.nii.gz does not exist; give the scan"):
        exported(case, Target.ITKSNAP, tmp_path / "out", images=(tmp_path / "missing.nii.gz",))
    assert not (tmp_path / "out").exists()


def test_case__none_several_or_changed(case, tmp_path):
    with pytest.raises(UnreadableFileError, match="holds no segmented case"):
        exported(tmp_path, Target.STL, tmp_path / "out")
    request = ExportRequest(cases=(case, case), target=Target.STL, output=tmp_path / "out")
    with pytest.raises(InputError, match="takes one case and at most one --image, got 2 and 0"):
        export_case(request)
    changed = shutil.copytree(case, tmp_path / "changed")
    file = changed / STRUCTURES
    stored = nibabel.load(file)
    codes = np.asarray(stored.dataobj).copy()
    codes[codes == 2] = 1
    nibabel.save(nibabel.Nifti1Image(codes, stored.affine, stored.header), file)
    with pytest.raises(InputError, match="changed after the case was measured"):
        exported(changed, Target.STL, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def training(cases, images, output, **more):
    return export_training_set(
        ExportRequest(cases=cases, target=Target.NNUNET, output=output, images=images, **more)
    )


def test_nnunet__images_labels_and_their_description(confirmed, segmented, image, tmp_path):
    out = tmp_path / "Dataset501_Liver"
    training((confirmed,), (image,), out)
    dataset = json.loads((out / "dataset.json").read_text("utf-8"))
    name = segmented.study.pseudonym

    assert {"0": "CT"} == dataset["channel_names"]
    assert {"background": 0, "liver": 1, "lesion": 2} == dataset["labels"]
    assert (1, ".nii.gz") == (dataset["numTraining"], dataset["file_ending"])
    scan = sitk.ReadImage(str(out / "imagesTr" / f"{name}_0000.nii.gz"))
    labels = sitk.ReadImage(str(out / "labelsTr" / f"{name}.nii.gz"))
    for fact in ("GetSize", "GetSpacing", "GetOrigin", "GetDirection"):
        assert getattr(scan, fact)() == getattr(labels, fact)()
    codes = sitk.GetArrayFromImage(labels).T
    structures = segmented.maps.structures.codes
    np.testing.assert_array_equal(structures > 0, codes > 0)
    np.testing.assert_array_equal(structures == 2, codes == 2)
    np.testing.assert_array_equal(
        sitk.GetArrayFromImage(sitk.ReadImage(str(image))), sitk.GetArrayFromImage(scan)
    )
    known = dataset["remnant"]["cases"][name]
    assert {"liver": "automatic", "lesions": "automatic"} == known["origins"]


def test_nnunet__segments(confirmed, segmented, image, tmp_path):
    out = tmp_path / "Dataset502_Segments"
    training((confirmed,), (image,), out, labels=TrainingLabels.COUINAUD)
    (file,) = (out / "labelsTr").iterdir()
    np.testing.assert_array_equal(
        segmented.division.couinaud.codes, np.asarray(nibabel.load(file).dataobj)
    )
    dataset = json.loads((out / "dataset.json").read_text("utf-8"))
    assert 8 == dataset["labels"]["Couinaud_segment_VIII"]


def test_nnunet__a_second_time_only_over_itself(confirmed, image, tmp_path):
    out = tmp_path / "Dataset501_Liver"
    training((confirmed,), (image,), out)
    training((confirmed,), (image,), out)
    (out / "labelsTr" / "mine.nii.gz").write_bytes(b"x")
    with pytest.raises(InputError, match=r"mine.nii.gz was added or changed"):
        training((confirmed,), (image,), out)
    assert b"x" == (out / "labelsTr" / "mine.nii.gz").read_bytes()


def test_nnunet__what_is_refused(case, confirmed, segmented, image, small, tmp_path):
    out = tmp_path / "Dataset501_Liver"
    with pytest.raises(InputError, match=r"nobody has confirmed or rejected lesion\(s\) 1, 2"):
        training((case,), (image,), out)
    with pytest.raises(InputError, match="cases of one study"):
        training((confirmed, case), (image, image), out, unconfirmed=True)
    with pytest.raises(InputError, match="Dataset501_Liver, as nnU-Net asks for"):
        training((confirmed,), (image,), tmp_path / "out")
    with pytest.raises(InputError, match=r"got 1 case\(s\) and 0 scan\(s\)"):
        training((confirmed,), (), out)
    bare = tmp_path / "bare"
    bare.mkdir()
    write_segmented(replace(segmented, maps=replace(segmented.maps, lesions=None)), bare)
    with pytest.raises(InputError, match="has no lesion map, so that its liver may hold lesions"):
        training((bare,), (image,), out)
    estimated = tmp_path / "estimated"
    estimated.mkdir()
    model = replace(segmented.division, source="model", couinaud=None, reasons=())
    write_segmented(replace(segmented, division=replace(model, source=None)), estimated)
    with pytest.raises(InputError, match="nobody has confirmed the segments"):
        training((estimated,), (image,), out, labels=TrainingLabels.COUINAUD)
    with pytest.raises(InputError, match="has no Couinaud segments"):
        training((estimated,), (image,), out, labels=TrainingLabels.COUINAUD, unconfirmed=True)
    assert not out.exists()


def test_nnunet__a_case_without_a_known_scan_is_held_against_its_grid(
    confirmed, small, image, tmp_path
):
    given = shutil.copytree(confirmed, tmp_path / "given")
    state = json.loads((given / STATE).read_text("utf-8"))
    del state["inputs_sha256"]["image"]
    (given / STATE).write_text(json.dumps(state), encoding="utf-8")
    assert "image" not in read_stored(given).case.inputs_sha256
    training((given,), (image,), tmp_path / "Dataset501_Liver")
    grid = small.geometry
    moved = Geometry(grid.shape, grid.affine_ras + np.eye(4, k=3) * 5.0)
    write_image(ImageVolume(small.image.voxels, moved, Modality.CT), tmp_path / "moved.nii.gz")
    with pytest.raises(GeometryMismatchError, match=r"moved.nii.gz lies on another grid than the"):
        training((given,), (tmp_path / "moved.nii.gz",), tmp_path / "Dataset502_Moved")
