"""Label maps as DICOM segmentations, read back by this reader, highdicom, dcmqi and dciodvfy."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.uid import CTImageStorage, RLELossless
from scipy.spatial.transform import Rotation

from remnant.core.errors import UnsupportedSeriesError
from remnant.core.labels import COUINAUD_SCHEME
from remnant.core.map_description import NamedLabel, Origin
from remnant.io.dicom_results.codes import MEANINGS, label_codes
from remnant.io.dicom_results.heads import ResultKind, ResultSet
from remnant.io.dicom_results.run_lengths import compress_runs
from remnant.io.dicom_results.segmentation import (
    Content,
    Layer,
    Segment,
    Tracking,
    segmentation,
)
from remnant.io.dicom_results.source_record import SourcePlane, SourceRecord, record_of
from remnant.io.dicom_series import catalogue
from remnant.io.masks import placed_on, read_segment_map
from remnant.io.roles import Part

TURN = Rotation.from_euler("xyz", (20.0, -15.0, 30.0), degrees=True).as_matrix()
SERIES = {
    "plain": {},
    "flipped": {"step": (0.0, 0.0, -3.0)},
    "LAS": {"orientation": (-1, 0, 0, 0, 1, 0)},
    "feet_up": {"orientation": (1, 0, 0, 0, -1, 0), "step": (0.0, 0.0, 3.0)},
    "sagittal": {"orientation": (0, 1, 0, 0, 0, -1), "step": (3.0, 0.0, 0.0)},
    "oblique": {
        "orientation": tuple(np.round(TURN[:, :2].T.ravel(), 12)),
        "step": tuple(np.round(TURN[:, 2] * 3.0, 12)),
    },
    "tilted": {"orientation": (1, 0, 0, 0, np.cos(0.2), np.sin(0.2))},
}
RESULTS = ResultSet(digest="d" * 64, made=datetime(2026, 3, 1, 12, 30, tzinfo=UTC), software="0.1")
ODD_SIZE = (9, 8, 12)
KINDS = pytest.mark.parametrize("labelmap", [False, True], ids=["binary", "labelmap"])


def described(number, *, origin=Origin.AUTOMATIC, tracked=False):
    known = COUINAUD_SCHEME.labels[number - 1]
    label = NamedLabel(
        code=number, name=known.name, colour="#77aadd", origin=origin, snomed=known.snomed
    )
    tracking = Tracking(id=f"s {number}", uid=f"2.25.{number}") if tracked else None
    return Segment(label=label, map="couinaud", name=known.name, tracking=tracking)


def content(*maps, count=8, **facts):
    """Describe maps of codes 1 to ``count``; each further map has further segments."""
    layers = tuple(
        Layer(codes=codes, numbers={c: n * count + c for c in range(1, count + 1)})
        for n, codes in enumerate(maps)
    )
    segments = tuple(described(1 + n % 8) for n in range(count * len(maps)))
    whole = {"segments": segments, "layers": layers, "parameters": {}, **facts}
    return Content(kind=ResultKind.SEG_ANATOMY, title="title", short_title="TITLE", **whole)


def random_codes(shape=ODD_SIZE, seed=0, top=8):
    codes = np.random.default_rng(seed).integers(0, top + 1, shape).astype(np.uint8, order="F")
    codes[:, :, :2] = codes[:, :, -1] = codes[:, :, 5] = 0
    codes.ravel(order="K")[1000 % codes.size] = top
    return codes


@pytest.fixture(name="stored")
def stored_fixture(phantom, tmp_path):
    """Write a series and a segmentation of it; returns the file, the grid and the record."""

    def store(codes, facts=None, *, labelmap=False, made=None):
        series = series_of(made or phantom(**(facts or {})), tmp_path / "ct")
        record = record_of(series, "0" * 64)
        described = codes if isinstance(codes, Content) else content(codes)
        found = segmentation(record, RESULTS, described, labelmap=labelmap)
        path = tmp_path / "seg.dcm"
        found.save_as(path)
        return path, series.stack.geometry, record

    return store


def series_of(made, folder):
    if isinstance(made, Dataset):
        folder.mkdir(exist_ok=True)
        made.save_as(folder / "multi.dcm", enforce_file_format=True)
    else:
        made.write(folder)
    return catalogue(folder).series[0]


def read_back(path, grid):
    labels = read_segment_map(path, Part.COUINAUD).labels
    return placed_on(grid, labels, what="the segmentation").codes


@KINDS
@pytest.mark.parametrize("facts", SERIES.values(), ids=SERIES)
def test_round_trip__voxel_by_voxel_in_every_orientation(stored, facts, labelmap):
    codes = random_codes()
    path, grid, _ = stored(codes, facts, labelmap=labelmap)
    np.testing.assert_array_equal(read_back(path, grid), codes)


@KINDS
@pytest.mark.parametrize("step", [3.0, -3.0])
def test_round_trip__of_an_image_with_frames(stored, enhanced, make_pixels, step, labelmap):
    codes = random_codes()
    made = enhanced(make_pixels(), step=step)
    path, grid, record = stored(codes, made=made, labelmap=labelmap)
    np.testing.assert_array_equal(read_back(path, grid), codes)
    sources = [source_of(group) for group in dcmread(path).PerFrameFunctionalGroupsSequence]
    by_frame = {plane.frame: plane for plane in record.planes}
    for group, source in zip(dcmread(path).PerFrameFunctionalGroupsSequence, sources, strict=True):
        plane = by_frame[source.ReferencedFrameNumber]
        place = group.PlanePositionSequence[0].ImagePositionPatient
        np.testing.assert_allclose(place, plane.position_lps_mm, atol=1e-6)


@pytest.mark.parametrize(("columns", "rows"), [(9, 7), (5, 5), (61, 41)])
def test_round_trip__planes_that_fill_no_whole_bytes(stored, phantom, make_pixels, columns, rows):
    codes = random_codes((columns, rows, 12))
    made = phantom(pixels=make_pixels(rows=rows, columns=columns))
    path, grid, _ = stored(codes, made=made)
    np.testing.assert_array_equal(read_back(path, grid), codes)


def source_of(group):
    return group.DerivationImageSequence[0].SourceImageSequence[0]


@given(
    codes=st.integers(0, 2**32 - 1),
    shape=st.tuples(*(st.integers(low, 9) for low in (3, 3, 1))),
    labelmap=st.booleans(),
    first=st.integers(0, 3),
)
def test_round_trip__of_any_size_and_any_planes(tmp_path_factory, codes, shape, labelmap, first):
    """Also where the pixels of a frame fill no whole bytes, and with empty planes anywhere.

    highdicom packs frames of less than 8 pixels wrongly; no scan has such.
    """
    random = np.random.default_rng(codes)
    wanted = random.integers(0, 4, shape).astype(np.uint8, order="F")
    wanted[:, :, : min(first, shape[2] - 1)] = 0
    wanted[0, 0, -1] = 3
    path = tmp_path_factory.mktemp("any") / "seg.dcm"
    segmentation(plain_record(shape), RESULTS, content(wanted, count=3), labelmap=labelmap).save_as(
        path
    )
    found = hd.seg.segread(path).get_pixels_by_source_instance(
        [f"1.2.3.{k}" for k in range(shape[2])],
        combine_segments=True,
        assert_missing_frames_are_empty=True,
    )
    np.testing.assert_array_equal(found.T, wanted)


def plain_record(shape, **header):
    """Describe the least that a series may say of itself."""
    columns, rows, count = shape
    head = Dataset()
    facts = {"StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.2.3", "FrameOfReferenceUID": "1.9"}
    for name, value in {**facts, **header}.items():
        setattr(head, name, value)
    return SourceRecord(
        version=1,
        image_sha256="0" * 64,
        header=head.to_json_dict(),
        sop_class_uid=CTImageStorage,
        columns=columns,
        rows=rows,
        row_direction_lps=(1.0, 0.0, 0.0),
        column_direction_lps=(0.0, 1.0, 0.0),
        pixel_spacing_mm=(0.9, 0.7),
        planes=tuple(
            SourcePlane(
                sop_instance_uid=f"1.2.3.{k}", frame=None, position_lps_mm=(-20.0, 5.0, 3.0 * k)
            )
            for k in range(count)
        ),
    )


def one_map(labelmap=False, record=None, whole=None, codes=None):
    codes = random_codes() if codes is None else codes
    return segmentation(
        record or plain_record(codes.shape), RESULTS, whole or content(codes), labelmap=labelmap
    )


def test_overlap__each_segment_keeps_all_of_its_voxels(stored):
    codes, over = random_codes(top=2), random_codes(seed=1, top=2)
    path, _, record = stored(content(codes, over, count=2))
    found = dcmread(path)
    assert found.SegmentsOverlap == "YES"
    masks = hd.seg.segread(path).get_pixels_by_source_instance(
        [plane.sop_instance_uid for plane in record.planes], assert_missing_frames_are_empty=True
    )
    wanted = [codes == 1, codes == 2, over == 1, over == 2]
    np.testing.assert_array_equal(np.moveaxis(masks, -1, 0), [mask.T for mask in wanted])


def test_overlap__in_a_label_map_the_last_layer_holds(stored):
    codes, over = random_codes(top=2), random_codes(seed=1, top=2)
    whole = content(codes, over, count=2)
    path, grid, _ = stored(whole, labelmap=True)
    wanted = np.where(over > 0, over + 2, codes)
    np.testing.assert_array_equal(read_back(path, grid), wanted)


def test_codes_that_are_no_segment__are_left_out(stored):
    codes = random_codes(top=3)
    layer = Layer(codes=codes, numbers={2: 1})
    path, grid, _ = stored(content(codes, segments=(described(2),), layers=(layer,)))
    np.testing.assert_array_equal(read_back(path, grid), np.where(codes == 2, 2, 0))


def test_nothing_marked__no_object():
    assert one_map(codes=np.zeros(ODD_SIZE, np.uint8)) is None


@KINDS
def test_same_case__same_bytes(tmp_path, labelmap):
    made = []
    for name in ("a", "b"):
        one_map(labelmap).save_as(tmp_path / name)
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]
    other = segmentation(
        plain_record(ODD_SIZE), replace(RESULTS, digest="e" * 64), content(random_codes())
    )
    first = one_map()
    for name in ("SOPInstanceUID", "SeriesInstanceUID"):
        assert other[name].value != first[name].value
    dimensions = [one.DimensionIndexSequence[0].DimensionOrganizationUID for one in (first, other)]
    assert dimensions[0] != dimensions[1]


def test_times__by_the_clock_of_the_images():
    made = one_map(record=plain_record(ODD_SIZE, TimezoneOffsetFromUTC="-0530"))
    assert f"{made.ContentDate} {made.ContentTime}" == "20260301 070000"
    assert made.TimezoneOffsetFromUTC == "-0530"
    assert {str(one_map()[name].value) for name in ("ContentTime", "SeriesTime")} == {"123000"}


def test_patient_and_study__as_the_images_have_them():
    made = one_map(
        record=plain_record(
            ODD_SIZE, PatientName="Müller^Jürgen", PatientSex="F", StudyDate="20260102",
            AccessionNumber="A1", StudyDescription="Oberbauch", PatientWeight="80",
        )
    )  # fmt: skip
    assert (made.PatientName, made.PatientSex, made.StudyDate) == ("Müller^Jürgen", "F", "20260102")
    assert (made.AccessionNumber, made.StudyDescription) == ("A1", "Oberbauch")
    assert (made.StudyInstanceUID, made.FrameOfReferenceUID) == ("1.2", "1.9")
    assert made.PatientID == ""


@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
@pytest.mark.parametrize(
    "odd",
    [
        {"PatientSex": "W"},
        {"PatientBirthDate": "1961"},
        {"StudyDate": "2026.01.02", "StudyTime": "noon"},
        {"PatientName": "Jane"},
        {"PatientID": "x" * 70},
        {"PatientAge": "eighty"},
    ],
    ids=lambda odd: next(iter(odd)),
)
def test_odd_headers__are_carried_over_as_they_are(tmp_path, odd):
    made = one_map(record=plain_record(ODD_SIZE, **odd))
    made.save_as(tmp_path / "seg.dcm")
    found = dcmread(tmp_path / "seg.dcm")
    assert {name: str(found[name].value) for name in odd} == odd


def test_no_frame_of_reference__one_is_made_of_the_series():
    without = plain_record(ODD_SIZE, FrameOfReferenceUID=None)
    made = one_map(record=without)
    assert made.FrameOfReferenceUID.startswith("2.25.")
    assert made.FrameOfReferenceUID == one_map(True, record=without).FrameOfReferenceUID


def test_unknown_kind_of_image__is_refused_without_identifiers():
    record = replace(plain_record(ODD_SIZE, PatientID="MRN-4711"), sop_class_uid="1.2.3.4")
    with pytest.raises(UnsupportedSeriesError, match="header of the source images") as caught:
        one_map(record=record)
    assert "MRN" not in str(caught.value)


def test_depth__is_the_distance_of_planes_along_their_normal(stored):
    path, grid, _ = stored(random_codes(), SERIES["tilted"])
    measures = dcmread(path).SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    assert measures.SpacingBetweenSlices == pytest.approx(3.0 * np.cos(0.2), abs=1e-6)
    assert measures.SliceThickness == measures.SpacingBetweenSlices
    assert grid.voxel_volume_ml * 1000 == pytest.approx(
        np.prod([*measures.PixelSpacing, measures.SpacingBetweenSlices]), rel=1e-6
    )


def test_one_plane__is_as_thick_as_its_image_says(tmp_path):
    codes = np.ones((4, 5, 1), np.uint8)
    made = one_map(record=plain_record(codes.shape, SliceThickness="2.5"), codes=codes)
    measures = made.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    assert measures.SliceThickness == 2.5


def test_segments__say_what_they_are_and_who_drew_them():
    segments = tuple(
        described(n, origin=origin, tracked=True) for n, origin in enumerate(Origin, start=1)
    )
    codes = random_codes(top=4)
    made = one_map(
        whole=content(codes, count=4, segments=segments, parameters={"net": "1.0"}), codes=codes
    )
    kinds = {Origin.AUTOMATIC: "AUTOMATIC", Origin.GIVEN: "MANUAL"}
    for item, segment in zip(made.SegmentSequence, segments, strict=True):
        origin = segment.label.origin
        assert item.SegmentAlgorithmType == kinds.get(origin, "SEMIAUTOMATIC")
        assert ("SegmentationAlgorithmIdentificationSequence" in item) is (origin != Origin.GIVEN)
        assert (item.TrackingID, item.TrackingUID) == (segment.tracking.id, segment.tracking.uid)
        assert item.SegmentedPropertyTypeCodeSequence[0].CodeValue == segment.label.snomed
        colour = hd.color.CIELabColor.from_dicom_value(item.RecommendedDisplayCIELabValue)
        np.testing.assert_allclose(colour.to_rgb(clip=True), segment.label.rgb, atol=1)
    by_network = made.SegmentSequence[0].SegmentationAlgorithmIdentificationSequence[0]
    assert (by_network.AlgorithmName, by_network.AlgorithmVersion) == ("remnant", "0.1")
    assert by_network.AlgorithmParameters == "net=1.0"


def test_meanings__are_those_of_dicom():
    """pydicom has DICOM's lists of codes; IVa and IVb are in none of them."""
    from pydicom.sr import codes

    concepts = codes.SCT
    told = {
        getattr(concepts, name).value: getattr(concepts, name).meaning
        for name in ("Liver", "Lesion", "PortalVein", "HepaticVein")
    }
    told |= {
        getattr(concepts, f"CouinaudHepaticSegment{label.name.split()[-1]}").value: meaning
        for label in COUINAUD_SCHEME.labels
        for meaning in [MEANINGS[label.snomed]]
    }
    assert {value: MEANINGS[value] for value in told} == told
    vein = NamedLabel(code=3, name="", colour="#000000", origin=Origin.GIVEN, snomed="32764006")
    assert label_codes(vein, "structures").region is None


@pytest.mark.parametrize("bits", [8, 16])
def test_runs__are_unpacked_by_pydicom(bits):
    image = one_map(True)
    values = np.random.default_rng(0).integers(0, 1 << bits, (3, 5, 7)).astype(f"<u{bits // 8}")
    values[1] = 7
    image.NumberOfFrames, image.Rows, image.Columns = values.shape
    image.BitsAllocated = image.BitsStored = bits
    image.HighBit = bits - 1
    image.PixelData = values.tobytes() + b"\0" * (values.nbytes % 2)
    compress_runs(image)
    assert image.file_meta.TransferSyntaxUID == RLELossless
    np.testing.assert_array_equal(hd.seg.Segmentation.from_dataset(image).pixel_array, values)


def test_more_than_255_segments__of_a_label_map(tmp_path):
    codes = np.arange(9 * 8 * 12, dtype=np.uint16).reshape(ODD_SIZE, order="F") % 300
    segments = tuple(described(1 + n % 8) for n in range(299))
    layers = (Layer(codes=codes, numbers={n: n for n in range(1, 300)}),)
    made = one_map(True, whole=content(codes, segments=segments, layers=layers), codes=codes)
    made.save_as(tmp_path / "seg.dcm")
    # highdicom has the planes of this series in falling order
    found = dcmread(tmp_path / "seg.dcm").pixel_array[::-1]
    np.testing.assert_array_equal(found.T, codes)


def program(name):
    path = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


@pytest.mark.parametrize("facts", SERIES.values(), ids=SERIES)
def test_dciodvfy__finds_no_error_in_a_binary_object(stored, facts):
    """The Debian dicom3tools; its edition of the standard knows no LABELMAP."""
    path, _, _ = stored(content(random_codes(top=2), random_codes(seed=1, top=2), count=2), facts)
    ran = subprocess.run(
        [program("dciodvfy"), "-new", path], capture_output=True, text=True, check=False
    )
    said = (ran.stdout + ran.stderr).splitlines()
    assert "Segmentation" in said
    assert [line for line in said if line.startswith("Error")] == []


UNTILTED = {name: facts for name, facts in SERIES.items() if name != "tilted"}


@pytest.mark.parametrize("facts", UNTILTED.values(), ids=UNTILTED)
def test_dcmqi__reads_the_same_voxels_and_volumes(stored, facts, tmp_path):
    codes, over = random_codes(top=2), random_codes(seed=1, top=2)
    path, grid, _ = stored(content(codes, over, count=2), facts)
    found = read_by_dcmqi(path, tmp_path)
    wanted = [codes == 1, codes == 2, over == 1, over == 2]
    for image, mask in zip(found, wanted, strict=True):
        assert_same_voxels(image, mask, grid)


def read_by_dcmqi(path, folder):
    out = folder / "dcmqi"
    out.mkdir()
    command = [program("segimage2itkimage"), "--inputDICOM", path, "--outputDirectory", out]
    ran = subprocess.run([*command, "--outputType", "nrrd"], check=True, capture_output=True)
    assert b"W: " not in ran.stderr
    count = len(json.loads((out / "meta.json").read_text())["segmentAttributes"])
    return [sitk.ReadImage(str(out / f"{n}.nrrd")) for n in range(1, count + 1)]


def assert_same_voxels(image, mask, grid):
    """Compare by place: dcmqi lays its planes in an order of its own, and leaves empty ones out."""
    values = sitk.GetArrayViewFromImage(image).T
    places = [
        image.TransformIndexToPhysicalPoint([int(n) for n in index])
        for index in np.argwhere(values)
    ]
    ras = np.array(places) * (-1.0, -1.0, 1.0)
    index = grid.index_from_ras(ras)
    np.testing.assert_allclose(index, np.rint(index), atol=1e-3)
    found = np.zeros_like(mask)
    found[tuple(np.rint(index).astype(int).T)] = True
    np.testing.assert_array_equal(found, mask)
    assert len(ras) == np.count_nonzero(mask)
    ml = np.count_nonzero(values) * np.prod(image.GetSpacing()) / 1000
    assert ml == pytest.approx(np.count_nonzero(mask) * grid.voxel_volume_ml, rel=1e-6)


@pytest.mark.parametrize("several", [True, False], ids=["slices", "frames"])
def test_ohif__hydrates_a_binary_object(stored, enhanced, make_pixels, several):
    """Conditions as its public source shows them, see docs/reference/dicom_objects.md."""
    made = None if several else enhanced(make_pixels())
    path, _, record = stored(random_codes(), made=made)
    found = dcmread(path)
    source = record.dataset
    # OHIF/Viewers, extensions/cornerstone-dicom-seg/src/getSopClassHandlerModule.ts
    assert found.SOPClassUID == "1.2.840.10008.5.1.4.1.1.66.4"
    assert found.ReferencedSeriesSequence[0].SeriesInstanceUID == source.SeriesInstanceUID
    assert found.StudyInstanceUID == source.StudyInstanceUID
    assert all(len(item.RecommendedDisplayCIELabValue) == 3 for item in found.SegmentSequence)
    # cornerstonejs/cornerstone3D, packages/adapters/src/adapters/helpers/checkOrientation.ts
    shared = found.SharedFunctionalGroupsSequence[0]
    turned = [*record.row_direction_lps, *record.column_direction_lps]
    np.testing.assert_allclose(
        shared.PlaneOrientationSequence[0].ImageOrientationPatient, turned, atol=1e-3
    )
    # …/adapters/Cornerstone/Segmentation_4X.js: numbers of segments, size, images by their UIDs
    assert [item.SegmentNumber for item in found.SegmentSequence] == list(range(1, 9))
    assert (found.Rows, found.Columns) == (record.rows, record.columns)
    stack = {(plane.sop_instance_uid, plane.frame): plane for plane in record.planes}
    for group in found.PerFrameFunctionalGroupsSequence:
        number = group.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        assert 1 <= number <= len(found.SegmentSequence)
        image = source_of(group)
        plane = stack[image.ReferencedSOPInstanceUID, image.get("ReferencedFrameNumber")]
        place = group.PlanePositionSequence[0].ImagePositionPatient
        np.testing.assert_allclose(place, plane.position_lps_mm, atol=1e-3)
    # …/adapters/Cornerstone3D/Segmentation/labelmapImagesFromBuffer.ts: bits, one after the other
    assert (found.SegmentationType, found.BitsStored) == ("BINARY", 1)
    assert len(found.PixelData) * 8 >= found.Rows * found.Columns * found.NumberOfFrames


def test_ohif__finds_the_number_of_a_single_segment(stored):
    """`getSegmentIndex` looks into each frame, then into what all share."""
    codes = random_codes(top=1)
    path, _, _ = stored(content(codes, count=1))
    found = dcmread(path)
    groups = (*found.PerFrameFunctionalGroupsSequence, *found.SharedFunctionalGroupsSequence)
    named = [g for g in groups if "SegmentIdentificationSequence" in g]
    assert {g.SegmentIdentificationSequence[0].ReferencedSegmentNumber for g in named} == {1}
