"""The maps of a case as DICOM segmentations of the series that it was made from."""

from dataclasses import replace

import highdicom as hd
import numpy as np
import pytest
from pydicom import dcmread

from examples.dicom_results import MEASURING, PATIENT_ID, dicom_case, result_source
from remnant.core.labels import STRUCTURE_SCHEME, CouinaudSegment, Structure
from remnant.core.lesions import Confirmation
from remnant.core.volumes import LabelMap
from remnant.io.dicom_results.heads import ResultKind
from remnant.pipeline.dicom_results.segmentations import segmentations
from remnant.pipeline.measuring_and_planning import measure_case
from remnant.pipeline.requests import SegmentRequest
from remnant.pipeline.review import apply_review
from remnant.pipeline.reviewing import LesionReview
from remnant.pipeline.segment import case_from_masks

ANATOMY, LESIONS, PLAN = ResultKind.SEG_ANATOMY, ResultKind.SEG_LESIONS, ResultKind.SEG_PLAN


@pytest.fixture(scope="module", name="source")
def source_fixture(tmp_path_factory):
    return result_source(dicom_case(tmp_path_factory.mktemp("dicom")))


@pytest.fixture(scope="module", name="files")
def files_fixture(source, tmp_path_factory):
    return saved(source, tmp_path_factory.mktemp("binary"))


@pytest.fixture(scope="module", name="flat_files")
def flat_files_fixture(source, tmp_path_factory):
    return saved(source, tmp_path_factory.mktemp("flat"), labelmap=True)


def saved(source, folder, *, labelmap=False):
    files = {}
    for kind, made in segmentations(source, labelmap=labelmap):
        files[kind] = folder / f"{kind}.dcm"
        made.save_as(files[kind])
    return files


def names(path):
    return [item.SegmentLabel for item in dcmread(path).SegmentSequence]


def voxels(path, source):
    """Return the mask of each segment by its name, on the case's grid, by highdicom."""
    uids = [plane.sop_instance_uid for plane in source.record.planes]
    made = hd.seg.segread(path)
    found = made.get_pixels_by_source_instance(uids, assert_missing_frames_are_empty=True)
    numbers = made.segment_numbers
    described = {n: made.get_segment_description(n).segment_label for n in numbers}
    return {described[n]: found[..., k].T > 0 for k, n in enumerate(numbers)}


def test_anatomy__liver_segments_and_vessels_voxel_by_voxel(files, source):
    maps, couinaud = source.case.maps, source.case.division.couinaud
    found = voxels(files[ANATOMY], source)
    inside = maps.structures.codes > 0
    np.testing.assert_array_equal(found.pop("liver"), inside)
    for code, name in ((Structure.PORTAL_VEIN, "portal vein"), (4, "hepatic veins")):
        np.testing.assert_array_equal(found.pop(name), maps.structures.codes == code)
    for segment in CouinaudSegment:
        mask = found.pop(f"Couinaud segment {segment.name}")
        np.testing.assert_array_equal(mask, inside & (couinaud.codes == segment))
    assert found == {}


def test_lesions__are_tracked_and_stay_unconfirmed(files, source):
    lesions = source.report.volumetry.counted_lesions
    assert names(files[LESIONS]) == [f"Lesion {x.id} (unconfirmed)" for x in lesions]
    for name, mask in voxels(files[LESIONS], source).items():
        number = int(name.split()[1])
        np.testing.assert_array_equal(mask, source.case.maps.lesions.codes == number)
    items = dcmread(files[LESIONS]).SegmentSequence
    assert [item.TrackingID for item in items] == [f"Lesion {x.id}" for x in lesions]
    assert len({item.TrackingUID for item in items}) == len(lesions)
    assert {item.SegmentAlgorithmType for item in items} == {"AUTOMATIC"}


def test_plan__what_stays_and_what_goes(files, source):
    found = voxels(files[PLAN], source)
    labels = {label.name: label.code for label in source.plan_map.scheme.labels}
    assert found
    for name, mask in found.items():
        np.testing.assert_array_equal(mask, source.plan_map.codes == labels[name])
    assert sum(map(np.count_nonzero, found.values())) == np.count_nonzero(source.plan_map.codes)


def test_rejected_lesion__is_left_out_and_the_others_keep_their_tracking(source, files, tmp_path):
    reviewed = apply_review(source.case, LesionReview(rejected=frozenset((2,)), confirm_all=True))
    measured = measure_case(reviewed, MEASURING)
    made = saved(replace(source, case=reviewed, report=measured), tmp_path)
    assert names(made[LESIONS]) == ["Lesion 1", "Lesion 3"]
    before = {x.TrackingID: x.TrackingUID for x in dcmread(files[LESIONS]).SegmentSequence}
    for item in dcmread(made[LESIONS]).SegmentSequence:
        assert item.TrackingUID == before[item.TrackingID]
        assert item.SegmentDescription == "Confirmed by a reader"


def test_lesions_of_another_map__are_others(source, files, tmp_path):
    made = replace(source.case.made_from, engines=("another network",))
    found = saved(replace(source, case=replace(source.case, made_from=made)), tmp_path)
    uids = [{x.TrackingUID for x in dcmread(f[LESIONS]).SegmentSequence} for f in (files, found)]
    assert uids[0].isdisjoint(uids[1])


def test_label_map__the_liver_is_the_union_of_its_segments(flat_files, source):
    found = voxels(flat_files[ANATOMY], source)
    assert "liver" not in found
    union = np.any([mask for name, mask in found.items() if name != "Background"], axis=0)
    np.testing.assert_array_equal(union, source.case.maps.structures.codes > 0)


def test_label_map__liver_in_no_segment_has_a_label_of_its_own(source, tmp_path):
    couinaud = source.case.division.couinaud
    holed = np.where(couinaud.codes == CouinaudSegment.III, 0, couinaud.codes)
    division = replace(
        source.case.division, couinaud=LabelMap(holed, couinaud.geometry, couinaud.scheme)
    )
    cut = replace(source, case=replace(source.case, division=division))
    found = voxels(saved(cut, tmp_path, labelmap=True)[ANATOMY], source)
    rest = (source.case.maps.structures.codes > 0) & (holed == 0)
    np.testing.assert_array_equal(found["liver outside the segments"], rest)


def test_without_segments_lesions_or_plan__the_liver_alone(source, tmp_path):
    structures = source.case.maps.structures
    plain = LabelMap(
        np.where(structures.codes > 0, np.uint8(1), np.uint8(0)),
        structures.geometry,
        STRUCTURE_SCHEME,
    )
    bare = replace(
        source,
        case=replace(
            source.case,
            maps=replace(source.case.maps, structures=plain, lesions=None),
            division=replace(source.case.division, couinaud=None),
        ),
        plan=None,
        plan_map=None,
    )
    for labelmap in (False, True):
        made = saved(bare, tmp_path, labelmap=labelmap)
        assert list(made) == [ANATOMY]
        assert names(made[ANATOMY])[-1] == "liver"


@pytest.mark.parametrize("flat", [False, True], ids=["binary", "labelmap"])
def test_measured_again__from_its_own_segmentations(source, files, flat_files, flat):
    """What comes back has the volumes that were sent, the liver of a label map among them."""
    made = flat_files if flat else files
    masks = {"couinaud": made[ANATOMY], "lesions": made[LESIONS]}
    if not flat:
        masks["liver"] = made[ANATOMY]
    again = measure_case(case_from_masks(SegmentRequest(masks=masks)), MEASURING).volumetry
    known = source.report.volumetry
    assert again.tumour_ml.value == pytest.approx(known.tumour_ml.value, rel=1e-6)
    assert again.tlv_ml.value == pytest.approx(known.tlv_ml.value, rel=1e-6)
    for segment, volumes in known.segments.items():
        assert again.segments[segment].total_ml == pytest.approx(volumes.total_ml, rel=1e-6)
    assert [x.volume_ml.value for x in again.lesions] == pytest.approx(
        [x.volume_ml.value for x in known.lesions], rel=1e-6
    )
    assert {x.confirmation for x in again.lesions} == {Confirmation.GIVEN}


def test_whose_it_is__stands_in_every_object(files, source):
    series = {dcmread(path).SeriesInstanceUID for path in files.values()}
    assert len(series) == 3
    for path in files.values():
        found = dcmread(path)
        assert found.PatientID == PATIENT_ID
        assert found.StudyInstanceUID == source.record.dataset.StudyInstanceUID
        assert found.FrameOfReferenceUID == source.record.dataset.FrameOfReferenceUID
        assert "research use only" in found.SeriesDescription
