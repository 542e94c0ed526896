"""What stands beside the maps of a case, and edits of it in 3D Slicer."""

import json
import shutil

import numpy as np
import pytest
import slicerio

from examples.files import bytes_of
from remnant.core.errors import InputError
from remnant.core.labels import COUINAUD_SCHEME, INSTANCE_SCHEME
from remnant.core.lesions import Confirmation
from remnant.core.map_description import Origin
from remnant.core.patient import Patient
from remnant.core.volumes import LabelMap
from remnant.core.volumetry_report import SegmentSource
from remnant.documents.map_document import MAP
from remnant.io.codings import MasksPreset
from remnant.io.nifti import read_own_labels, write_labels
from remnant.pipeline import map_files
from remnant.pipeline.case_files import COMPANIONS, COUINAUD, LESIONS, STRUCTURES, beside
from remnant.pipeline.export import export_case
from remnant.pipeline.exporting import ExportRequest, Target
from remnant.pipeline.folder import (
    read_case,
    read_measured,
    read_stored,
    require_as_measured,
    write_measured,
    write_segmented,
)
from remnant.pipeline.measuring_and_planning import measure_case
from remnant.pipeline.origins import lesion_origin, origin_of_lesion, structure_origins
from remnant.pipeline.requests import MeasureRequest, SegmentRequest
from remnant.pipeline.review import apply_review
from remnant.pipeline.reviewing import LesionReview
from remnant.pipeline.run import revised_case
from remnant.pipeline.segment import case_from_masks

MEASURING = MeasureRequest(patient=Patient(height_cm=175.0, weight_kg=80.0))


@pytest.fixture(scope="module", name="maps")
def maps_fixture(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("maps")
    for role, labels in (
        ("liver", small.liver_mask),
        ("lesions", small.lesions),
        ("couinaud", small.couinaud),
    ):
        write_labels(labels, folder / f"{role}.nii.gz")
    return {role: folder / f"{role}.nii.gz" for role in ("liver", "lesions", "couinaud")}


@pytest.fixture(scope="module", name="given")
def given_fixture(maps):
    return case_from_masks(SegmentRequest(masks=maps))


@pytest.fixture(scope="module", name="stored")
def stored_fixture(given, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stored") / "case"
    folder.mkdir()
    write_segmented(given, folder)
    write_measured(measure_case(given, MEASURING), folder)
    return folder


@pytest.fixture(name="folder")
def folder_fixture(stored, tmp_path):
    return shutil.copytree(stored, tmp_path / "case")


def segmentation(folder, name):
    return folder / beside(name, ".seg.nrrd")


def edited(folder, name, change=lambda codes: None):
    """Change a segmentation as 3D Slicer does."""
    path = segmentation(folder, name)
    found = slicerio.read_segmentation(str(path))
    found.pop("remnant_VoxelsSha256", None)
    found["voxels"] = found["voxels"].copy()
    change(found["voxels"])
    slicerio.write_segmentation(str(path), found)


def without(code):
    def change(voxels):
        voxels[voxels == code] = 0

    return change


def written_again(folder):
    """Write a stored case to a new folder, as every stage does."""
    stored = read_stored(folder)
    fresh = folder.with_name("fresh")
    fresh.mkdir()
    write_segmented(stored.case, fresh, stored=stored)
    return fresh


def test_case__has_all_companions_of_each_map(folder):
    for name in (STRUCTURES, LESIONS, COUINAUD):
        assert all((folder / beside(name, ending)).stat().st_size for ending in COMPANIONS)
    sidecar = MAP.decode((folder / "lesions.json").read_text("utf-8"))
    assert {"remnant"} == set(sidecar.software)
    lesions = read_own_labels(folder / LESIONS, INSTANCE_SCHEME)
    assert [n for n in np.unique(lesions.codes) if n] == [label.code for label in sidecar.labels]
    names = [
        s["name"] for s in slicerio.read_segmentation(str(folder / "lesions.seg.nrrd"))["segments"]
    ]
    assert [f"lesion {label.code}" for label in sidecar.labels] == names


def test_given__is_called_given_everywhere(folder, given):
    assert {Confirmation.GIVEN} == {
        one.confirmation for one in read_measured(folder).volumetry.lesions
    }
    for name in ("structures", "lesions", "couinaud"):
        for label in json.loads((folder / f"{name}.json").read_text("utf-8"))["labels"]:
            assert "given" == label["origin"]
        content = (folder / f"{name}.seg.nrrd").read_bytes().partition(b"\n\n")[0]
        assert b"remnant.Origin:given" in content
        assert b"AUTOMATIC" not in content
    for file in (folder / "lesions.csv", folder / "report.json"):
        assert '"automatic"' not in file.read_text("utf-8")
        assert "automatic" not in file.read_text("utf-8").replace("AUTOMATIC", "")


def test_found__is_automatic_until_someone_looks(case, phantom, tmp_path):
    assert {Origin.AUTOMATIC} == {structure_origins(case)[1], lesion_origin(case)}
    write_segmented(apply_review(case, LesionReview(rejected=frozenset((2,)))), tmp_path)
    labels = json.loads((tmp_path / "lesions.json").read_text("utf-8"))["labels"]
    assert ["automatic", "rejected"] == [label["confirmation"] for label in labels[:2]]
    assert "lesion 2 (rejected)" == labels[1]["name"]
    assert labels[0]["colour"] != labels[1]["colour"]
    head = (tmp_path / "lesions.seg.nrrd").read_bytes()
    assert len(labels) == head.count(b"DICOM.SegmentAlgorithmType:AUTOMATIC")
    measured = measure_case(case, MEASURING)
    assert {Confirmation.AUTOMATIC} == {one.confirmation for one in measured.volumetry.lesions}


def test_lesions_in_the_livers_file__are_given_too(small, tmp_path):
    both = np.where(small.lesions.mask(), 2, small.liver_mask.codes).astype(np.uint8)
    path = tmp_path / "lits.nii.gz"
    write_labels(LabelMap(both, small.geometry, INSTANCE_SCHEME), path)
    case = case_from_masks(SegmentRequest(masks={"liver": path}, preset=MasksPreset.LITS))
    assert Origin.GIVEN is lesion_origin(case)
    assert case.inputs_sha256["liver"] == case.inputs_sha256["lesions"]


def test_saved_anew_in_slicer__changes_nothing(folder):
    before = read_case(folder)
    for name in (STRUCTURES, LESIONS, COUINAUD):
        edited(folder, name)
    assert () == read_stored(folder).edited
    require_as_measured(folder)
    np.testing.assert_array_equal(before.maps.lesions.codes, read_case(folder).maps.lesions.codes)


def test_segments_edited_in_slicer__are_taken_up(folder, given):
    edited(folder, COUINAUD, without(3))
    with pytest.raises(InputError, match=r"couinaud.nii.gz changed .* run `remnant run "):
        require_as_measured(folder)
    stored = read_stored(folder)
    assert (COUINAUD,) == stored.edited
    assert 3 not in np.unique(stored.case.division.couinaud.codes)
    assert SegmentSource.GIVEN is stored.case.division.source
    told = revised_case(folder).changed(SegmentRequest())
    assert "couinaud.nii.gz was edited where it lies" in told[0]
    # both files hold the edit now
    fresh = written_again(folder)
    assert 3 not in np.unique(read_own_labels(fresh / COUINAUD, COUINAUD_SCHEME).codes)
    assert () == read_stored(fresh).edited


def test_lesions_edited_in_slicer__are_called_edited(folder):
    edited(folder, LESIONS, without(1))
    case = read_case(folder)
    assert 1 not in np.unique(case.maps.lesions.codes)
    assert Origin.EDITED is lesion_origin(case)
    assert "lesions_edited_in_place" in case.inputs_sha256
    fresh = written_again(folder)
    written = read_own_labels(fresh / LESIONS, INSTANCE_SCHEME)
    np.testing.assert_array_equal(case.maps.lesions.codes, written.codes)
    assert b"remnant.Origin:edited" in (fresh / "lesions.seg.nrrd").read_bytes()


def test_lesions_given_as_edited__only_those_that_changed_are(case, tmp_path):
    codes = case.maps.lesions.codes.copy()
    codes[tuple(np.argwhere(codes == 1)[0])] = 0
    path = tmp_path / "mine.nii.gz"
    write_labels(LabelMap(codes, case.maps.lesions.geometry, INSTANCE_SCHEME), path)
    reviewed = apply_review(case, LesionReview(edited=path))
    assert Origin.EDITED is origin_of_lesion(reviewed, 1)
    assert Origin.AUTOMATIC is origin_of_lesion(reviewed, 2)
    assert Origin.EDITED is lesion_origin(reviewed)


def test_lesions_given_as_edited__from_slicer_with_one_more(folder, tmp_path):
    def added(found):
        found["voxels"] = found["voxels"].copy()
        found["voxels"][0, 0, :3] = 77
        found["segments"].append({"id": "new", "name": "Segment_1", "labelValue": 77})

    path = shutil.copyfile(folder / "lesions.seg.nrrd", tmp_path / "mine.seg.nrrd")
    found = slicerio.read_segmentation(str(path))
    added(found)
    slicerio.write_segmentation(str(path), found)
    case = read_case(folder)
    last = int(case.maps.lesions.codes.max())
    reviewed = apply_review(case, LesionReview(edited=path))
    assert 3 == np.count_nonzero(reviewed.maps.lesions.codes == last + 1)
    assert reviewed.confirmations[last + 1] is Confirmation.CONFIRMED


def test_lesion_table__of_confirmations_edits_no_lesion(case, tmp_path):
    path = tmp_path / "lesions.csv"
    path.write_text("id,confirmation\n1,confirmed\n2,given\n", encoding="utf-8")
    reviewed = apply_review(case, LesionReview(edited=path))
    assert "confirmations" in reviewed.inputs_sha256
    assert Origin.AUTOMATIC is origin_of_lesion(reviewed, 1)
    lesions = measure_case(reviewed, MEASURING).volumetry.lesions
    assert ["confirmed", "automatic"] == [one.confirmation for one in lesions[:2]]


def test_structures_edited_in_slicer__are_called_edited(folder):
    def thinner(voxels):
        voxels[:2] = 0

    edited(folder, STRUCTURES, thinner)
    assert Origin.EDITED is structure_origins(read_case(folder))[1]


def test_too_many_lesions__have_no_segmentation(monkeypatch, given, folder, tmp_path):
    monkeypatch.setattr(map_files, "MOST_SEGMENTS", 1)
    write_segmented(given, tmp_path)
    assert not (tmp_path / "lesions.seg.nrrd").exists()
    assert (tmp_path / "lesions.label").exists()
    assert () == read_stored(tmp_path).edited
    request = ExportRequest(cases=(folder,), target=Target.SLICER, output=tmp_path / "out")
    with pytest.raises(InputError, match=r"labels; a segmentation of 3D Slicer is written for"):
        export_case(request)
    assert not (tmp_path / "out").exists()


def test_both_edited__is_refused_unless_alike(folder):
    labels = read_own_labels(folder / COUINAUD, COUINAUD_SCHEME)
    codes = np.where(labels.codes == 2, 0, labels.codes).astype(np.uint8)
    write_labels(LabelMap(codes, labels.geometry, COUINAUD_SCHEME), folder / COUINAUD)
    # the segmentation was only saved anew: the edited map holds
    edited(folder, COUINAUD)
    assert (COUINAUD,) == read_stored(folder).edited
    assert 2 not in np.unique(read_case(folder).division.couinaud.codes)
    edited(folder, COUINAUD, without(2))
    assert 2 not in np.unique(read_case(folder).division.couinaud.codes)
    edited(folder, COUINAUD, without(5))
    with pytest.raises(InputError, match=r"couinaud.nii.gz and couinaud.seg.nrrd were both chang"):
        read_case(folder)


def test_segmentation__missing_is_no_fault(folder):
    segmentation(folder, COUINAUD).unlink()
    assert () == read_stored(folder).edited
    assert segmentation(written_again(folder), COUINAUD).exists()


def test_companions__are_the_same_for_the_same_case(folder):
    before, after = bytes_of(folder), bytes_of(written_again(folder))
    companions = [name for name in before if name.endswith(COMPANIONS) and name in after]
    assert 12 < len(companions)
    assert [name for name in companions if before[name] != after[name]] == []
