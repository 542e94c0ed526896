"""Segmentations as 3D Slicer writes them, header and bytes made by hand."""

import gzip
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.files import segment_map
from remnant.core.errors import (
    EmptyStructureError,
    InputError,
    UnknownLabelError,
    UnreadableFileError,
    UnsupportedSeriesError,
)
from remnant.io.codings import MasksPreset
from remnant.io.masks import Part, read_masks, read_segment_map
from remnant.io.nifti import read_labels

SHAPE = (7, 8, 9)
ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII")
TYPES = {np.dtype(np.uint8): "unsigned char", np.dtype(np.int16): "short"}


def couinaud(seed=0, top=8):
    return np.random.default_rng(seed).integers(0, top + 1, SHAPE).astype(np.uint8)


def entry(kind="", region=""):
    return (
        "TerminologyEntry:Segmentation category and type - 3D Slicer General Anatomy list"
        f"~SCT^123037004^Anatomical Structure~{kind}~^^~Anatomic codes - DICOM master list~{region}"
        "~^^|"
    )


def segment(name="", value=1, layer=0, tags="", key=None):
    return {
        "ID": key or "Segment_x",
        "Name": name,
        "LabelValue": value,
        "Layer": layer,
        "Tags": tags,
    }


@pytest.fixture(name="slicer")
def slicer_fixture(tmp_path):
    """Write ``.seg.nrrd``: ``array`` of shape (i, j, k), or (layers, i, j, k)."""

    def write(array, segments, *, origin=(-10.0, 20.0, 30.0), extra=(), name="s.seg.nrrd"):
        layered = array.ndim == 4
        lines = [
            "NRRD0004",
            "# Complete NRRD file format specification at:",
            f"type: {TYPES[array.dtype]}",
            f"dimension: {array.ndim}",
            "space: left-posterior-superior",
            f"sizes: {' '.join(map(str, array.shape))}",
            f"space directions: {'none ' * layered}(0.7,0,0) (0,0.8,0) (0,0,2.5)",
            f"kinds: {'list ' * layered}domain domain domain",
            "endian: little",
            "encoding: gzip",
            f"space origin: ({','.join(map(str, origin))})",
            *extra,
        ]
        for n, facts in enumerate(segments):
            lines += [f"Segment{n}_{field}:={text}" for field, text in facts.items() if text != ""]
        head = "\n".join([*lines, "", ""]).encode()
        (tmp_path / name).write_bytes(head + gzip.compress(array.tobytes(order="F"), 1))
        return tmp_path / name

    return write


@pytest.mark.parametrize(
    "names", [ROMAN, [f"Segment {r}" for r in ROMAN], [f"liver_segment_{n}" for n in range(1, 9)]]
)
def test_names__whatever_the_values_and_the_order(slicer, names):
    codes = couinaud()
    order = np.random.default_rng(1).permutation(8)
    values = np.array([0, 31, 2, 77, 8, 1, 200, 4, 5], np.uint8)
    segments = [segment(names[n], value=values[n + 1]) for n in order]
    labels, quality = segment_map(slicer(values[codes], segments))
    np.testing.assert_array_equal(codes, labels.codes)
    assert not quality
    # LPS (-10, 20, 30) is RAS (10, -20, 30)
    np.testing.assert_allclose((10.0, -20.0, 30.0), labels.geometry.ras_from_index((0, 0, 0)))


def test_terminology__type_or_region_goes_before_the_name(slicer):
    codes = couinaud(top=3)
    liver, two = "SCT^10200004^Liver", "SCT^277956007^Couinaud hepatic segment II"
    segments = [
        segment("mine", 1, tags=entry("SRT^T-D056E^Segment VIII")),
        segment("other", 2, tags=entry(liver, two)),
        segment("Segment V", 3, tags=f"Segmentation.Status:done|{entry(liver)}"),
    ]
    labels, quality = segment_map(slicer(codes, segments))
    np.testing.assert_array_equal(np.array([0, 8, 2, 5])[codes], labels.codes)
    assert not quality


def test_terminology__a_coded_lesion_is_no_segment(slicer):
    codes = couinaud(top=2)
    four = "SCT^277958008^Couinaud hepatic segment IV"
    segments = [segment("Segment I", 1), segment("m", 2, tags=entry("SCT^4147007^Mass", four))]
    labels, quality = segment_map(slicer(codes, segments))
    np.testing.assert_array_equal(codes == 1, labels.codes)
    assert quality["couinaud_passed_over"].value == 1


def test_iv__halves_are_merged_and_that_is_said(slicer):
    codes = couinaud(top=3)
    segments = [segment("IVa", 1), segment("IVb", 2), segment("V", 3)]
    labels, quality = segment_map(slicer(codes, segments))
    np.testing.assert_array_equal(np.array([0, 4, 4, 5])[codes], labels.codes)
    assert {"couinaud_iv_merged"} == set(quality)


@pytest.mark.parametrize("named", [True, False])
def test_numbers_alone__label_values_are_taken_and_that_is_said(slicer, named):
    segments = [
        segment(f"Segment_{n}" if named else "", n, key=f"Segment_{n}") for n in range(1, 9)
    ]
    labels, quality = segment_map(slicer(couinaud(), segments))
    np.testing.assert_array_equal(couinaud(), labels.codes)
    assert {"couinaud_by_number"} == set(quality)


def test_numbers_alone__go_before_a_type_that_only_says_liver(slicer):
    liver = entry("SCT^10200004^Liver")
    segments = [segment(f"Segment {n}", n, tags=liver) for n in range(1, 9)]
    labels, quality = segment_map(slicer(couinaud(), segments))
    np.testing.assert_array_equal(couinaud(), labels.codes)
    assert {"couinaud_by_number"} == set(quality)

    named = [segment("Segment_1", 1, tags=liver), segment("Segment V", 2)]
    labels, quality = segment_map(slicer(couinaud(top=2), named))
    np.testing.assert_array_equal(np.array([0, 0, 5])[couinaud(top=2)], labels.codes)
    assert {"couinaud_passed_over"} == set(quality)


def test_layers__overlap_of_two_segments_is_counted_and_the_lower_number_holds(slicer):
    layers = np.zeros((2, *SHAPE), np.uint8)
    layers[0, :, :, :4], layers[0, :, :, 4:6] = 1, 2
    layers[1, :, :, 6:] = 1
    layers[1, 2, 3, 5] = layers[1, 2, 4, 5] = 1
    segments = [segment("VI", 1), segment("VII", 2), segment("II", 1, layer=1)]
    labels, quality = segment_map(slicer(layers, segments))
    expected = np.repeat([6, 7, 2], (4, 2, 3)) * np.ones(SHAPE, int)
    expected[2, 3:5, 5] = 2
    np.testing.assert_array_equal(expected, labels.codes)
    assert quality["couinaud_overlap"].value == 2
    assert quality["couinaud_overlap"].verdict == "not_met"

    layers[1, :, :, 5] = 1
    with pytest.raises(InputError, match=r"overlap in 56 of 504 voxels, most of all II and VII"):
        segment_map(slicer(layers, segments))


def test_layers__without_a_layer_field_each_segment_has_its_own(slicer):
    layers = np.zeros((2, *SHAPE), np.uint8)
    layers[0, 0], layers[1, 3:5] = 1, 1
    segments = [segment("V", "", ""), segment("VIII", "", "")]
    labels, _ = segment_map(slicer(layers, segments))
    assert {0: 5, 3: 8, 4: 8} == {
        int(i): int(labels.codes[i].max()) for i in range(7) if labels.codes[i].any()
    }


def test_one_file_for_every_role(slicer):
    layers = np.zeros((2, *SHAPE), np.uint8)
    layers[0, :, :, :4], layers[0, :, :, 4:] = 1, 2
    layers[1, 1:6, 1:7] = 9
    layers[1, 2, 2, 2], layers[1, 4, 4, 4], layers[1, 3, 3] = 4, 5, 6
    segments = [
        segment("Segment V", 1), segment("Segment VIII", 2), segment("Liver", 9, 1),
        segment("tumor a", 4, 1), segment("tumor b", 5, 1), segment("portal vein", 6, 1),
    ]  # fmt: skip
    path = slicer(layers, segments)
    roles = ("couinaud", "liver", "lesions", "portal_vein", "vessels")
    masks, divided = read_masks(dict.fromkeys(roles, path), preset=MasksPreset.LITS)
    np.testing.assert_array_equal(layers[1] == 9, masks.liver.codes)
    np.testing.assert_array_equal(layers[1] == 6, masks.portal_vein.codes)
    np.testing.assert_array_equal(layers[1] == 6, masks.vessels.codes)
    assert {0, 1, 2} == set(np.unique(masks.lesions.codes))
    assert masks.lesions.codes[4, 4, 4] == 2
    assert {5, 8} == set(np.unique(divided["couinaud"].labels.codes))
    assert "branches" not in divided


def test_crop__a_file_cut_to_its_content_is_put_on_the_liver_grid(slicer):
    codes = np.zeros(SHAPE, np.uint8)
    codes[2:5, 3:7, 4:8] = couinaud()[2:5, 3:7, 4:8]
    whole = [segment("Liver", 1)]
    liver = slicer(np.ones(SHAPE, np.uint8), whole, name="liver.seg.nrrd")
    cut = slicer(
        codes[2:5, 3:7, 4:8],
        [segment(name, n) for n, name in enumerate(ROMAN, start=1)],
        origin=(-10.0 + 2 * 0.7, 20.0 + 3 * 0.8, 30.0 + 4 * 2.5),
    )
    masks, divided = read_masks({"liver": liver, "couinaud": cut}, preset=MasksPreset.BINARY)
    np.testing.assert_array_equal(codes, divided["couinaud"].labels.codes)
    reference = read_labels(liver, masks.liver.scheme).geometry
    alone = read_masks({"couinaud": cut}, preset=MasksPreset.BINARY, reference=reference)[0]
    np.testing.assert_array_equal(codes > 0, alone.liver.codes)


def test_branches__by_name(slicer):
    codes = couinaud(top=2)
    segments = [segment("portal branch 4", 1), segment("P8", 2)]
    labels, _ = segment_map(slicer(codes, segments), Part.BRANCHES)
    np.testing.assert_array_equal(np.array([0, 4, 8])[codes], labels.codes)


def test_one_nameless_segment_is_taken_at_its_role(slicer):
    path = slicer(couinaud(top=1), [segment("Segment_1", 1)])
    masks = read_masks({"liver": path}, preset=MasksPreset.TOTALSEGMENTATOR)[0]
    np.testing.assert_array_equal(couinaud(top=1), masks.liver.codes)
    assert "liver_by_role" in {finding.id for finding in masks.quality}


def test_one_segment_of_something_else_is_not_taken_at_its_role(slicer):
    for name, kind in (("spleen", ""), ("liver cyst", ""), ("mine", "SCT^78961009^Spleen")):
        path = slicer(couinaud(top=1), [segment(name, 1, tags=entry(kind))])
        with pytest.raises(UnknownLabelError, match="none of which is known to be liver"):
            read_masks({"liver": path}, preset=MasksPreset.BINARY)


def test_foreign_tumours_are_passed_over_and_never_painted_as_segments(slicer):
    layers = np.zeros((2, *SHAPE), np.uint8)
    layers[0] = couinaud()
    layers[1, :2], layers[1, 5:] = 1, 2
    segments = [segment(name, n) for n, name in enumerate(ROMAN, start=1)]
    segments += [segment("肿瘤1", 1, 1), segment("Опухоль 2", 2, 1)]
    labels, quality = segment_map(slicer(layers, segments))
    np.testing.assert_array_equal(couinaud(), labels.codes)
    assert quality["couinaud_passed_over"].value == 2


def lesions(path, liver):
    roles = {"liver": liver, "lesions": path}
    return read_masks(roles, preset=MasksPreset.INSTANCES)[0].lesions.codes


def test_coded_tumours_are_all_lesions_wherever_they_lie(slicer):
    codes = couinaud(top=3)
    eight = "SCT^277962002^Couinaud hepatic segment VIII"
    liver = slicer(np.ones(SHAPE, np.uint8), [segment("Liver")], name="l.seg.nrrd")
    path = slicer(
        codes,
        [
            segment("metastasis 1", 1),
            segment("HCC 2", 2, tags=entry("SCT^25370001^HCC", eight)),
            segment("Cyst", 3, tags=entry("SCT^367643001^Cyst", eight)),
        ],
    )
    np.testing.assert_array_equal(np.array([0, 1, 2, 0])[codes], lesions(path, liver))
    with pytest.raises(UnknownLabelError, match="'metastasis 1', 'HCC 2' "):
        segment_map(path)
    abnormal = entry("SCT^1^x", eight).replace(
        "123037004^Anatomical Structure", "49755003^Abnormal"
    )
    path = slicer(
        codes, [segment("HCC", 1), segment("mine", 2, tags=abnormal), segment("stent", 3)]
    )
    with pytest.raises(UnknownLabelError, match="'mine'"):
        lesions(path, liver)


def test_branches__roman_numbers_of_the_portal_branches(slicer):
    numbers = (1, 2, 3, 4, 6, 7, 8)
    codes = couinaud(top=7)
    segments = [segment(f"P{ROMAN[n - 1]}", value) for value, n in enumerate(numbers, start=1)]
    labels, quality = segment_map(slicer(codes, segments), Part.BRANCHES)
    np.testing.assert_array_equal(np.array([0, *numbers])[codes], labels.codes)
    assert not quality
    for wrong in ("PV", "RPV 2", "right posterior 6"):
        with pytest.raises(UnknownLabelError, match=wrong) as caught:
            segment_map(slicer(codes, [*segments[:6], segment(wrong, 7)]), Part.BRANCHES)
        assert "\n" not in str(caught.value)


def test_branches__several_of_one_segment_are_one_code(slicer):
    codes = couinaud(top=2)
    segments = [segment("P8", 1), segment("P8", 2)]
    labels, _ = segment_map(slicer(codes, segments), Part.BRANCHES)
    np.testing.assert_array_equal(8 * (codes > 0), labels.codes)


def test_values_without_a_segment_are_not_used_and_counted(slicer):
    codes = couinaud(top=3).astype(np.int16)
    codes[codes == 3] = -4
    labels, quality = segment_map(slicer(codes, [segment("V", 1)]))
    np.testing.assert_array_equal(5 * (codes == 1), labels.codes)
    assert quality["seg_nrrd_unnamed"].value == 2


def test_names_without_identifiers_are_heeded(slicer):
    segments = [segment("Segment V", 1), segment("Segment II", 2)]
    path = slicer(couinaud(top=2), segments)
    path.write_bytes(path.read_bytes().replace(b"_ID:=", b"_Id:="))
    labels, _ = segment_map(path)
    np.testing.assert_array_equal(np.array([0, 5, 2])[couinaud(top=2)], labels.codes)


@pytest.mark.parametrize(
    ("segments", "kind", "message"),
    [
        ([segment("spleen"), segment("aorta", 2)], UnknownLabelError, "'spleen', 'aorta'"),
        ([segment("Segment IV"), segment("II+III", 2)], UnknownLabelError, r"'II\+III'"),
        ([segment("Segment IV"), segment("Segment 9", 2)], UnknownLabelError, "'Segment 9'"),
        ([segment("IV", tags=entry("SCT^277959000^V"))], UnknownLabelError, "coded as Couinaud V"),
        ([segment("Segment_4", 3)], UnknownLabelError, "value 3"),
        ([segment("IV"), segment("Segment_2", 2)], UnknownLabelError, "'Segment_2'"),
        ([segment("IV", layer=1)], UnreadableFileError, "layer"),
        ([segment("IV", value=-1)], UnreadableFileError, "value"),
        ([segment("IV", value="9" * 30)], UnreadableFileError, "value"),
        ([segment("VIII", value=77)], EmptyStructureError, "empty"),
        ([segment("IV"), segment("V", 0)], UnreadableFileError, "value"),
        ([segment("IV"), segment("V", 1)], UnreadableFileError, "same voxels"),
        ([segment("IV"), segment("S4", 2)], UnknownLabelError, "'IV', 'S4', which all mean"),
        ([segment("IVa"), segment("IV a", 2), segment("IVb", 3)], UnknownLabelError, "all mean"),
        ([segment("肿瘤1"), segment("肿瘤2", 2)], UnknownLabelError, "'肿瘤1', '肿瘤2'"),
        ([segment("IV"), segment("肝段5", 2)], UnknownLabelError, "'肝段5'"),
        ([segment("IV"), segment("right lobe", 2)], UnknownLabelError, "'right lobe'"),
        ([segment("background")], UnknownLabelError, "no segments"),
        ([segment("4", 4, tags=entry("SCT^78961009^Spleen"))], UnknownLabelError, "'4'"),
    ],
)  # fmt: skip
def test_refused(slicer, segments, kind, message):
    with pytest.raises(kind, match=message) as caught:
        segment_map(slicer(couinaud(top=2), segments))
    assert "\n" not in str(caught.value)


def test_refused__fractions_axes_and_nameless_layers(slicer):
    named = [segment("IV")]
    for key in ("SourceRepresentation", "MasterRepresentation"):
        fractions = (f"Segmentation_{key}:=Fractional labelmap",)
        with pytest.raises(UnsupportedSeriesError, match="fractions"):
            segment_map(slicer(couinaud(), named, extra=fractions))
    layers = np.zeros((2, *SHAPE), np.uint8)
    with pytest.raises(UnsupportedSeriesError, match="4 axes"):
        segment_map(slicer(layers, []))
    broken = slicer(layers, named)
    broken.write_bytes(broken.read_bytes().replace(b"kinds: list", b"kinds: time"))
    with pytest.raises(UnsupportedSeriesError, match="4 axes"):
        segment_map(broken)


def test_plain_codes__unknown_ones_are_named(slicer, nifti):
    for path in (slicer(couinaud(top=9), []), nifti(couinaud(top=9))):
        with pytest.raises(UnknownLabelError, match=r"code\(s\) \[9\]; allowed are 1 to 8"):
            segment_map(path)
    labels, quality = segment_map(slicer(couinaud(), []))
    np.testing.assert_array_equal(couinaud(), labels.codes)
    assert not quality


def test_read_segment_map__other_roles_are_refused(slicer):
    with pytest.raises(InputError, match="no Couinaud codes"):
        segment_map(slicer(couinaud(), []), Part.LIVER)


@settings(max_examples=60)
@given(data=st.data(), layered=st.booleans())
def test_damaged__one_line_or_a_map(tmp_path_factory, data, layered):
    array = np.zeros((2, *SHAPE), np.uint8) if layered else couinaud(top=2)
    if layered:
        array[0, 1], array[1, 4] = 1, 2
    lines = [
        "NRRD0004", "type: unsigned char", f"dimension: {array.ndim}",
        "space: left-posterior-superior", f"sizes: {' '.join(map(str, array.shape))}",
        f"space directions: {'none ' * layered}(0.7,0,0) (0,0.8,0) (0,0,2.5)",
        f"kinds: {'list ' * layered}domain domain domain", "encoding: gzip",
        "space origin: (1,2,3)", "Segment0_ID:=a", "Segment0_Name:=IV", "Segment0_LabelValue:=1",
        "Segment1_ID:=b", "Segment1_Name:=V", "Segment1_LabelValue:=2",
        f"Segment1_Layer:={int(layered)}", "", "",
    ]  # fmt: skip
    content = bytearray("\n".join(lines).encode() + gzip.compress(array.tobytes(order="F"), 1))
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    keep = data.draw(st.sampled_from([1.0, 1.0, 0.98, 0.7, 0.2]))
    path = tmp_path_factory.mktemp("d") / "d.seg.nrrd"
    path.write_bytes(content[: int(len(content) * keep)])
    with suppress(InputError):
        labels = read_segment_map(path).labels
        assert labels.codes.max() <= 8
