"""DICOM segmentations: written by highdicom or by hand, and the published objects of dcmqi."""

from contextlib import suppress

import highdicom as hd
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEGLSLossless, RLELossless
from scipy.spatial.transform import Rotation

from examples.files import segment_map
from remnant.core.errors import (
    InputError,
    UnknownLabelError,
    UnreadableFileError,
    UnsupportedSeriesError,
)
from remnant.core.labels import COUINAUD_SCHEME
from remnant.core.reasons import Cause, reason
from remnant.io.codings import MasksPreset
from remnant.io.dicom_object import read_object
from remnant.io.dicom_series import catalogue
from remnant.io.frames import lps_from_ras
from remnant.io.inspect import inspect_path
from remnant.io.left_out import A_SEGMENTATION
from remnant.io.masks import placed_on, read_masks, read_segment_map
from remnant.io.reading import ReadingChoice

KINDS = hd.seg.SegmentationTypeValues
BINARY, FRACTIONAL, LABELMAP = KINDS.BINARY, KINDS.FRACTIONAL, KINDS.LABELMAP
SHAPE = (12, 8, 9)  # slices, rows, columns
TURN = Rotation.from_euler("xyz", (20.0, -15.0, 30.0), degrees=True).as_matrix()
OBLIQUE = {
    "orientation": tuple(np.round(TURN[:, :2].T.ravel(), 12)),
    "step": tuple(np.round(TURN[:, 2] * 3.0, 12)),
}
THIN = {"extra": {"SpacingBetweenSlices": 3.0, "SliceThickness": 3.0}}
TISSUE = ("85756007", "SCT", "Tissue")


def couinaud(seed=0, top=8):
    codes = np.random.default_rng(seed).integers(1, top + 1, SHAPE).astype(np.uint8)
    codes[:2] = codes[-1:] = 0
    codes[:, :2] = 0
    return codes


def described(number, code=None, label="segment of unknown name"):
    if code is None:
        code = hd.sr.CodedConcept(*TISSUE)
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=label,
        segmented_property_category=hd.sr.CodedConcept("123037004", "SCT", "Anatomical Structure"),
        segmented_property_type=code,
        algorithm_type="MANUAL",
    )


def coded(order=range(8)):
    return [
        described(n, hd.sr.CodedConcept(COUINAUD_SCHEME.labels[k].snomed, "SCT", "a segment"))
        for n, k in enumerate(order, start=1)
    ]


def written(planes, pixels, kind, descriptions, path, **options):
    for plane in planes:
        for name in ("PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID",
                     "AccessionNumber", "ReferringPhysicianName", "Manufacturer"):  # fmt: skip
            setattr(plane, name, getattr(plane, name, ""))
    made = hd.seg.Segmentation(
        source_images=planes, pixel_array=pixels, segmentation_type=kind,
        segment_descriptions=descriptions, series_instance_uid="1.2.3.77", series_number=7,
        sop_instance_uid="1.2.3.77.1", instance_number=1, manufacturer="x",
        manufacturer_model_name="x", software_versions="1", device_serial_number="1", **options,
    )  # fmt: skip
    made.save_as(path)
    return path


@pytest.fixture(name="seg")
def seg_fixture(phantom, tmp_path):
    """Write a segmentation of (slices, rows, columns) on the phantom's slices."""

    def write(pixels, kind=BINARY, descriptions=None, *, facts=None, name="seg.dcm", **options):
        made = phantom(**(facts or {}))
        planes = [made.plane(k) for k in range(SHAPE[0])]
        path = tmp_path / name
        return written(planes, pixels, kind, descriptions or coded(), path, **options)

    return write


def assert_places(codes, labels, made):
    """Compare with codes of shape (slices, rows, columns) by DICOM's own formula."""
    row, column = np.reshape(made.orientation, (2, 3))
    where = np.argwhere(codes)
    places_lps = (
        np.array(made.origin)
        + where[:, :1] * np.array(made.step)
        + where[:, 1:2] * column * made.spacing[0]
        + where[:, 2:] * row * made.spacing[1]
    )
    index = np.rint(labels.geometry.index_from_ras(lps_from_ras(places_lps))).astype(int)
    back = labels.geometry.ras_from_index(index)
    np.testing.assert_allclose(back, lps_from_ras(places_lps), atol=1e-4)
    np.testing.assert_array_equal(codes[tuple(where.T)], labels.codes[tuple(index.T)])
    assert np.count_nonzero(codes) == np.count_nonzero(labels.codes)


@pytest.mark.parametrize("facts", [{}, OBLIQUE, {"step": (0.0, 0.0, -3.0)}])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (BINARY, {}),
        (BINARY, {"omit_empty_frames": False}),
        (LABELMAP, {}),
        (LABELMAP, {"transfer_syntax_uid": RLELossless}),
        (LABELMAP, {"transfer_syntax_uid": JPEGLSLossless}),
        (FRACTIONAL, {"transfer_syntax_uid": RLELossless}),
    ],
)
def test_round_trip__every_kind_and_orientation(seg, phantom, facts, kind, options):
    codes = couinaud()
    labels, quality = segment_map(seg(codes, kind, facts=facts, **options))
    assert_places(codes, labels, phantom(**facts))
    assert labels.geometry.frame_of_reference_uid == "1.2.9"
    assert set(quality) == ({"dicom_seg_fractions"} if kind is FRACTIONAL else set())


def test_round_trip__on_the_image_grid(seg, phantom, tmp_path):
    grid = catalogue(phantom(**OBLIQUE).write(tmp_path / "ct")).series[0].stack.geometry
    path = seg(couinaud(), facts=OBLIQUE)
    masks, divided = read_masks({"couinaud": path}, preset=MasksPreset.BINARY, reference=grid)
    assert masks.geometry is grid
    assert_places(couinaud(), divided["couinaud"].labels, phantom(**OBLIQUE))


@pytest.mark.parametrize("kind", [BINARY, LABELMAP])
def test_segments_in_another_order__codes_decide(seg, phantom, kind):
    order = np.random.default_rng(3).permutation(8)
    codes = couinaud()
    stored = np.argsort(np.concatenate(([-1], order)))[codes].astype(np.uint8)
    labels, _ = segment_map(seg(stored, kind, coded(order)))
    assert_places(codes, labels, phantom())


def test_segments__names_second_and_missing_ones_are_fine(seg, phantom):
    codes = couinaud(top=3)
    liver = hd.sr.CodedConcept("T-62000", "SRT", "Liver")
    descriptions = [
        described(1, label="Segment IVa"),
        described(2, liver, "liver_segment_8"),
        described(3, hd.sr.CodedConcept("78961009", "SCT", "Spleen"), "spleen"),
        described(4, hd.sr.CodedConcept("T-D0567", "SRT", "Couinaud hepatic segment III")),
    ]
    labels, quality = segment_map(seg(codes, BINARY, descriptions))
    assert_places(np.array([0, 4, 8, 0])[codes], labels, phantom())
    assert {"couinaud_iv_merged", "couinaud_passed_over", "couinaud_empty"} == set(quality)
    assert reason(Cause.NAMED_ONLY, "III") in quality["couinaud_empty"].reasons


def test_overlap__lower_number_holds_whatever_the_order_of_frames(seg, phantom):
    masks = np.zeros((*SHAPE, 2), np.uint8)
    masks[2:6, ..., 0] = 1
    masks[6:, ..., 1] = 1
    masks[4, 3, 3:8, 1] = 1
    labels, quality = segment_map(seg(masks, BINARY, coded((6, 1))))
    expected = np.zeros(SHAPE, int)
    expected[2:6], expected[6:], expected[4, 3, 3:8] = 7, 2, 2
    assert_places(expected, labels, phantom())
    assert quality["couinaud_overlap"].value == 5


def test_fractions__from_one_half_on(seg, phantom):
    shares = np.zeros((*SHAPE, 1))
    shares[3, 2, :6, 0] = (0.1, 0.49, 0.5, 0.51, 0.9, 1.0)
    kind = hd.seg.SegmentationFractionalTypeValues.OCCUPANCY
    options = {"fractional_type": kind, "max_fractional_value": 200}
    labels, _ = segment_map(seg(shares, FRACTIONAL, coded((4,)), facts=THIN, **options))
    expected = np.zeros(SHAPE, int)
    expected[3, 2, 2:6] = 5
    assert_places(expected, labels, phantom())


def edited(path, change):
    dataset = dcmread(path)
    change(dataset)
    dataset.save_as(path)
    return path


def shuffle_frames(dataset):
    frames = dataset.pixel_array
    order = np.random.default_rng(5).permutation(len(frames))
    items = list(dataset.PerFrameFunctionalGroupsSequence)
    dataset.PerFrameFunctionalGroupsSequence = [items[n] for n in order]
    bits = np.packbits(frames[order].ravel(), bitorder="little").tobytes()
    dataset.PixelData = bits + b"\0" * (len(bits) % 2)


def test_frames_in_any_order(seg, phantom):
    path = edited(seg(couinaud(), facts=OBLIQUE), shuffle_frames)
    labels, _ = segment_map(path)
    assert_places(couinaud(), labels, phantom(**OBLIQUE))


def test_planes_left_out__are_empty_and_counted(seg, phantom):
    codes = couinaud()
    codes[4] = codes[7:9] = 0
    labels, quality = segment_map(seg(codes))
    assert_places(codes, labels, phantom())
    assert quality["dicom_seg_gaps"].value == 3


@pytest.mark.parametrize(
    ("kept", "stated", "expected"),
    [
        ((2, 3, 4, 5), 2.0, 3.0),  # four even planes are trusted more than the header
        ((2, 4, 6, 8), 7.0, 6.0),
        ((2, 4), 3.0, 3.0),
        ((2, 4), 77.0, 6.0),
        ((2, 3, 5), 77.0, 3.0),
        ((2, 4, 7), 3.0, 3.0),
        ((2, 4, 7), 77.0, None),
    ],
)
def test_spacing__by_positions_and_header(seg, kept, stated, expected):
    codes = np.zeros(SHAPE, np.uint8)
    codes[list(kept), 3] = 1
    path = seg(codes, facts={"extra": {"SpacingBetweenSlices": stated}})
    if expected is None:
        with pytest.raises(UnsupportedSeriesError, match=r"6\.00 to 9\.00 mm apart"):
            segment_map(path)
        return
    labels, _ = segment_map(path)
    assert labels.geometry.spacing_mm[2] == pytest.approx(expected)
    assert labels.geometry.shape[2] == round((kept[-1] - kept[0]) * 3.0 / expected) + 1


def test_roles__one_object_for_several(seg, phantom):
    masks = np.zeros((*SHAPE, 4), np.uint8)
    masks[2:10, ..., 0] = 1
    masks[4, 3, 3, 1] = masks[6, 5, 5, 2] = 1
    masks[5:7, 4, :, 3] = 1
    descriptions = [
        described(n, hd.sr.CodedConcept(*code))
        for n, code in enumerate(
            (("10200004", "SCT", "Liver"), ("M-80006", "SRT", "Neoplasm, Secondary"),
             ("4147007", "SCT", "Mass"), ("32764006", "SCT", "Portal vein")), start=1)
    ]  # fmt: skip
    path = seg(masks, BINARY, descriptions)
    roles = ("liver", "lesions", "portal_vein")
    found = read_masks(dict.fromkeys(roles, path), preset=MasksPreset.LITS)[0]
    assert_places(masks[..., 0], found.liver, phantom())
    assert_places(masks[..., 1] + 2 * masks[..., 2], found.lesions, phantom())
    assert_places(masks[..., 3], found.portal_vein, phantom())
    with pytest.raises(UnknownLabelError, match="needed are Couinaud segments"):
        segment_map(path)


def test_folder__one_object_among_images(seg, phantom, tmp_path):
    folder = phantom().write(tmp_path / "study")
    written_at = seg(couinaud(), name="study/seg")
    labels, _ = segment_map(folder)
    assert_places(couinaud(), labels, phantom())
    assert read_segment_map(folder).sha256 == read_segment_map(written_at).sha256
    assert inspect_path(folder).skipped == {A_SEGMENTATION: 1}
    seg(couinaud(), name="study/another")
    with pytest.raises(UnsupportedSeriesError, match="2 DICOM segmentations"):
        segment_map(folder)
    with pytest.raises(UnsupportedSeriesError, match="as a scan does"):
        segment_map(phantom().write(tmp_path / "only_images"))
    (tmp_path / "nothing").mkdir()
    with pytest.raises(UnreadableFileError, match="liver_segment_1"):
        segment_map(tmp_path / "nothing")


def drop(*names):
    def change(dataset):
        for name in names:
            delattr(dataset, name)

    return change


def put(**facts):
    def change(dataset):
        for name, value in facts.items():
            setattr(dataset, name, value)

    return change


def shift_one_plane(offset):
    def change(dataset):
        place = dataset.PerFrameFunctionalGroupsSequence[3].PlanePositionSequence[0]
        at = place.ImagePositionPatient
        place.ImagePositionPatient = [float(a) + b for a, b in zip(at, offset, strict=True)]

    return change


def turn_one_plane(dataset):
    item = Dataset()
    item.ImageOrientationPatient = [0, 1, 0, 1, 0, 0]
    dataset.PerFrameFunctionalGroupsSequence[3].PlaneOrientationSequence = [item]


def without_positions(dataset):
    for item in dataset.PerFrameFunctionalGroupsSequence:
        del item.PlanePositionSequence


def without_numbers(dataset):
    for item in dataset.PerFrameFunctionalGroupsSequence:
        del item.SegmentIdentificationSequence


def without_codes(dataset):
    for item in dataset.SegmentSequence:
        del item.SegmentLabel
        del item.SegmentedPropertyTypeCodeSequence


def of_class(uid):
    def change(dataset):
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = uid

    return change


def huge_gap(dataset):
    place = dataset.PerFrameFunctionalGroupsSequence[-1].PlanePositionSequence[0]
    place.ImagePositionPatient = [-20.0, -30.0, 3e8 + 1.0]


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        (drop("PixelData"), UnreadableFileError, "no pixel data"),
        (drop("SegmentSequence"), UnreadableFileError, "describes 0 segments"),
        (drop("PerFrameFunctionalGroupsSequence"), UnreadableFileError, "describes 0"),
        (drop("SharedFunctionalGroupsSequence"), UnsupportedSeriesError, "no usable"),
        (put(NumberOfFrames=5), UnreadableFileError, "claims 5 frames"),
        (put(Rows=8000, Columns=8000), UnreadableFileError, "truncated"),
        (put(Rows=60000), UnreadableFileError, "60000 pixels"),
        (put(Rows=7), UnreadableFileError, "damaged"),
        (put(SamplesPerPixel=3), UnreadableFileError, "colours"),
        (put(SegmentationType="SURFACE"), UnsupportedSeriesError, "neither a BINARY"),
        (put(PixelData=b"\0" * 10), UnreadableFileError, "damaged|truncated"),
        (shift_one_plane((0, 0, 1.0)), UnsupportedSeriesError, "no multiples"),
        (shift_one_plane((2.0, 0, 0)), UnsupportedSeriesError, "sideways"),
        (shift_one_plane((0, 0, float("nan"))), UnsupportedSeriesError, "ImagePositionPatient"),
        (turn_one_plane, UnsupportedSeriesError, "several orientations"),
        (without_positions, UnsupportedSeriesError, "ImagePositionPatient"),
        (without_numbers, UnreadableFileError, "which segment"),
        (without_codes, UnknownLabelError, "without a name"),
        (huge_gap, UnsupportedSeriesError, "too large|multiples"),
        (of_class("1.2.840.10008.5.1.4.1.1.2"), UnreadableFileError, "but no segmentation"),
        (of_class("1.2.840.10008.5.1.4.1.1.66.5"), UnreadableFileError, "no segmentation"),
    ],
)
def test_refused__in_one_line_without_the_patient(seg, change, kind, message):
    path = edited(seg(couinaud()), change)
    with pytest.raises(kind, match=message) as caught:
        segment_map(path)
    assert "\n" not in str(caught.value)
    assert "Doe" not in str(caught.value)


def test_refused__labelmap_with_values_of_no_segment(seg):
    path = edited(seg(couinaud(), LABELMAP), lambda d: d.SegmentSequence.pop(5))
    with pytest.raises(UnknownLabelError, match=r"value\(s\) \[5\]"):
        segment_map(path)


def test_refused__frames_of_segments_that_are_not_described(seg):
    path = seg(couinaud(top=2), BINARY, coded((0, 1, 2)))
    numbers = {3}
    edited(path, lambda d: [d.SegmentSequence.pop(0) for _ in range(2)])
    assert numbers == {item.SegmentNumber for item in dcmread(path).SegmentSequence}
    with pytest.raises(UnknownLabelError, match=r"frames of segment\(s\) \[1, 2\]"):
        segment_map(path)


def test_single_plane__needs_a_thickness(seg):
    codes = np.zeros(SHAPE, np.uint8)
    codes[5, 2:6] = 1
    path = seg(codes, facts=THIN)
    labels, _ = segment_map(path)
    assert labels.geometry.shape == (9, 8, 1)
    assert labels.geometry.spacing_mm[2] == pytest.approx(3.0)

    def strip(dataset):
        item = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
        for name in ("SpacingBetweenSlices", "SliceThickness"):
            if name in item:
                delattr(item, name)

    with pytest.raises(UnsupportedSeriesError, match="how thick"):
        segment_map(edited(path, strip))


@pytest.fixture(name="content", scope="module")
def content_fixture(tmp_path_factory, make_phantom):
    """Bytes of one small object, to be damaged."""
    made = make_phantom()
    planes = [made.plane(k) for k in range(SHAPE[0])]
    path = tmp_path_factory.mktemp("c") / "c"
    return written(planes, couinaud(top=2), LABELMAP, coded((0, 1)), path).read_bytes()


@settings(max_examples=40)
@given(data=st.data())
def test_damaged__one_line_or_a_map(content, tmp_path_factory, data):
    content = bytearray(content)
    for _ in range(data.draw(st.integers(0, 6))):
        content[data.draw(st.integers(132, len(content) - 1))] = data.draw(st.integers(0, 255))
    keep = data.draw(st.sampled_from([1.0, 1.0, 0.99, 0.6, 0.1]))
    path = tmp_path_factory.mktemp("d") / "d"
    path.write_bytes(content[: int(len(content) * keep)])
    with suppress(InputError):
        assert read_segment_map(path).labels.codes.max() <= 8


def test_shared__published_objects(shared):
    folder = shared / "data" / "dcmqi"
    picture = sitk.ReadImage(str(folder / "liver_seg.nrrd"))
    expected = sitk.GetArrayFromImage(picture).transpose() > 0
    nrrd = read_masks({"liver": folder / "liver_seg.nrrd"}, preset=MasksPreset.BINARY)[0].liver
    found = read_masks({"liver": folder / "liver.dcm"}, preset=MasksPreset.LITS)[0].liver
    np.testing.assert_array_equal(expected, placed_on(nrrd.geometry, found).codes)
    for name in ("sparse-labelmap-noppv.dcm", "sparse-labelmap-ppv5.dcm"):
        sparse = read_masks({"liver": folder / name}, preset=MasksPreset.BINARY)[0]
        frames = dcmread(folder / name).pixel_array
        np.testing.assert_array_equal(frames[0].T, sparse.liver.codes[..., 0])
        np.testing.assert_array_equal(frames[1].T, sparse.liver.codes[..., 2])
        assert not sparse.liver.codes[..., 1].any()
        assert "dicom_seg_gaps" in {finding.id for finding in sparse.quality}
    with pytest.raises(UnknownLabelError, match="'GREEN'"):
        segment_map(folder / "partial_overlaps.dcm")


def test_pydicom__object_without_its_count_of_frames(pydicom_files):
    with pytest.raises(UnreadableFileError, match="claims 0 frames"):
        segment_map(pydicom_files / "liver_1frame.dcm")


def comb(codes, seg, **options):
    codes = codes.copy()
    codes[1::2] = 0
    return seg(codes, **options)


@pytest.mark.parametrize("kind", [BINARY, LABELMAP])
def test_every_second_slice__is_refused_with_advice(seg, kind):
    """Empty frames are there, or another segment fills the slices between."""
    codes = couinaud(top=1)
    codes[2:11] = 1
    path = comb(codes, seg, kind=kind, descriptions=coded((0,)), omit_empty_frames=False)
    with pytest.raises(UnsupportedSeriesError, match=r"every second slice only.*fill in between"):
        segment_map(path)
    both = codes.copy()
    both[1::2, 3:6] = 2
    both[0::2] = np.where(both[0::2] > 0, 1, 0)
    with pytest.raises(UnsupportedSeriesError, match="every second slice only"):
        segment_map(seg(both, kind, coded((0, 3))))


def test_every_second_slice__by_the_distance_of_slices_stated(seg):
    codes = np.zeros(SHAPE, np.uint8)
    codes[2::2, 3] = 1
    path = seg(codes, facts={"extra": {"SpacingBetweenSlices": 3.0}})
    with pytest.raises(UnsupportedSeriesError, match=r"3\.00 mm apart, and its planes lie 6\.00"):
        segment_map(path)


def test_every_second_slice__of_the_scan(seg, phantom, tmp_path):
    codes = np.zeros(SHAPE, np.uint8)
    codes[2::2, 3] = 1
    grid = catalogue(phantom().write(tmp_path / "ct")).series[0].stack.geometry
    with pytest.raises(UnsupportedSeriesError, match="every second slice of the image only"):
        read_masks({"couinaud": seg(codes)}, preset=MasksPreset.BINARY, reference=grid)


def fractions(seg, **options):
    shares = np.zeros((*SHAPE, 1))
    shares[3, 2, :6, 0] = (0.1, 0.25, 0.4, 0.6, 0.9, 1.0)
    kind = hd.seg.SegmentationFractionalTypeValues.PROBABILITY
    options = {"fractional_type": kind, "max_fractional_value": 20, **options}
    return seg(shares, FRACTIONAL, coded((4,)), facts=THIN, **options)


@pytest.mark.parametrize(
    ("threshold", "voxels"), [(None, 3), (0.5, 3), (0.25, 5), (0.4, 4), (0.401, 3), (1.0, 1)]
)
def test_fractions__from_the_threshold_given(seg, threshold, voxels):
    choice = ReadingChoice(threshold=threshold)
    found = read_segment_map(fractions(seg), choice=choice)
    assert voxels == np.count_nonzero(found.labels.codes)
    (how,) = (f for f in found.quality if f.id == "dicom_seg_fractions")
    assert how.reasons == (reason(Cause.FRACTIONS_FROM, threshold or 0.5, "probability"),)


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.5])
def test_fractions__no_threshold_that_is_no_share(seg, threshold):
    with pytest.raises(InputError, match="above 0 and at most 1"):
        read_segment_map(fractions(seg), choice=ReadingChoice(threshold=threshold))


def test_deflated__is_read_within_a_limit(seg, phantom, monkeypatch):
    def deflate(dataset):
        dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian

    path = edited(seg(couinaud()), deflate)
    labels, _ = segment_map(path)
    assert_places(couinaud(), labels, phantom())
    monkeypatch.setitem(read_object.__kwdefaults__, "most_inflated", 5000)
    with pytest.raises(UnsupportedSeriesError, match="holds more than 5000 bytes"):
        segment_map(path)


def without_series(dataset):
    del dataset.ReferencedSeriesSequence


@pytest.mark.parametrize("change", [None, without_series])
def test_references__of_series_or_frames(seg, change):
    path = seg(couinaud())
    found = read_segment_map(path if change is None else edited(path, change)).refers_to
    assert found.study_uid == "1.2.3"
    assert found.series_uids == (frozenset() if change else {"1.2.3.1"})
    assert {"1.2.3.1.4"} <= found.sop_uids
    assert "1.2.3" not in repr(found)


def move_a_frame(dataset):
    first, second = dataset.PerFrameFunctionalGroupsSequence[:2]
    second.PlanePositionSequence = first.PlanePositionSequence


def test_two_frames_of_one_segment_on_one_plane__are_joined_and_said(seg):
    codes = np.zeros(SHAPE, np.uint8)
    for k in range(3, 7):
        codes[k, k] = 1
    labels, quality = segment_map(edited(seg(codes, facts=THIN), move_a_frame))
    assert quality["dicom_seg_repeated"].value == 1
    assert [9, 9, 18] == sorted(np.count_nonzero(labels.codes, axis=(0, 1)).tolist())[-3:]


def test_read__an_element_of_no_type_is_damage(seg, tmp_path):
    """Elements are converted when they are looked up: whichever is damaged, one named error."""
    content = bytearray(seg(couinaud(), kind="FRACTIONAL").read_bytes())
    place = content.index(b"\x62\x00\x10\x00CS")
    content[place + 4 : place + 6] = b"CC"
    (tmp_path / "damaged").write_bytes(content)
    with pytest.raises(UnreadableFileError, match="truncated, damaged"):
        segment_map(tmp_path / "damaged")
