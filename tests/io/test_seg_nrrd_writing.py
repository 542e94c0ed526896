"""Label maps written for 3D Slicer, read back by slicerio, by SimpleITK and by our own readers."""

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
import slicerio
from hypothesis import given
from hypothesis import strategies as st

from examples.files import segment_map
from remnant.core.errors import UnsupportedSeriesError
from remnant.core.geometry import Geometry
from remnant.core.labels import (
    COUINAUD_SCHEME,
    INSTANCE_SCHEME,
    SEGMENT_IV_SCHEME,
    STRUCTURE_SCHEME,
    Structure,
)
from remnant.core.lesions import Confirmation
from remnant.core.map_description import MapDescription, NamedLabel, Origin
from remnant.core.volumes import LabelMap
from remnant.io.codings import MasksPreset
from remnant.io.masks import Part, placed_on, read_masks
from remnant.io.own_segmentation import is_as_written, read_own_segmentation
from remnant.io.role_maps import read_role
from remnant.io.seg_nrrd_writing import filled_piece, write_seg_nrrd
from remnant.io.slice_gaps import regular_step
from remnant.testing.strategies import label_maps

SHAPE = (7, 8, 9)
# mirrored, oblique in one plane, anisotropic
MATRIX = np.array(
    ((-0.6, 0.32, 0.0, 11.0), (0.8, 0.24, 0.0, -22.0), (0.0, 0.0, 2.5, 33.0), (0, 0, 0, 1.0))
)
GRID = Geometry(SHAPE, MATRIX)


def described(scheme, codes=(), *, origin=Origin.GIVEN, name=None):
    known = scheme.labels or tuple(
        NamedLabel(
            code=n, name=f"lesion {n}", colour="#ffb02e", origin=origin, snomed="52988006",
            confirmation=Confirmation.GIVEN,
        )
        for n in codes
    )  # fmt: skip
    labels = (
        one
        if isinstance(one, NamedLabel)
        else NamedLabel(
            code=int(one.code), name=one.name, colour=f"#10{one.code:02x}ff", origin=origin,
            snomed=one.snomed,
        )
        for one in known
    )  # fmt: skip
    return MapDescription(
        map=name or scheme.name, title="A map", labels=tuple(labels), software={"remnant": "9.9"}
    )


def blocks(codes, shape=SHAPE):
    """Give each code a block of its own, away from the first voxels of the grid."""
    painted = np.zeros(shape, np.uint8 if max(codes) < 256 else np.uint16)
    for place, code in enumerate(codes):
        painted[2 + place % 4, 3 + place // 4, 2:7] = code
    return painted


def written(codes, scheme, folder, description=None, grid=GRID):
    labels = LabelMap(codes, grid, scheme)
    path = folder / f"{scheme.name}.seg.nrrd"
    there = sorted(set(np.unique(codes).tolist()) - {0})
    write_seg_nrrd(filled_piece(labels), description or described(scheme, there), path)
    return labels, path


def in_place(found, grid):
    """Put what slicerio read onto a grid, by the matrix that it read."""
    steps = np.linalg.inv(np.diag((-1.0, -1.0, 1.0, 1.0)) @ grid.affine_ras) @ found["ijkToLPS"]
    np.testing.assert_allclose(np.eye(3), steps[:3, :3], atol=1e-9)
    start = np.rint(steps[:3, 3]).astype(int)
    np.testing.assert_allclose(start, steps[:3, 3], atol=1e-6)
    whole = np.zeros(grid.shape, found["voxels"].dtype)
    box = tuple(slice(a, a + n) for a, n in zip(start, found["voxels"].shape, strict=True))
    whole[box] = found["voxels"]
    assert found["referenceImageExtentOffset"] == start.tolist()
    return whole


def test_slicerio__reads_the_same_voxels_names_colours_and_terms(tmp_path):
    labels, path = written(blocks(range(1, 9)), COUINAUD_SCHEME, tmp_path)
    found = slicerio.read_segmentation(str(path))

    np.testing.assert_array_equal(labels.codes, in_place(found, GRID))
    by_value = {segment["labelValue"]: segment for segment in found["segments"]}
    assert {int(one.code): one.name for one in COUINAUD_SCHEME.labels} == {
        value: segment["name"] for value, segment in by_value.items()
    }
    assert ["SCT", "277958008", "Couinaud hepatic segment IV"] == by_value[4]["terminology"]["type"]
    assert [16 / 255, 4 / 255, 1.0] == pytest.approx(by_value[4]["color"], abs=1e-5)
    i, j, k = np.nonzero(found["voxels"] == 4)
    assert [i.min(), i.max(), j.min(), j.max(), k.min(), k.max()] == by_value[4]["extent"]
    reference = found["conversionParameters"][0]
    assert "Reference image geometry" == reference["name"]
    numbers = [float(x) for x in reference["value"].strip(";").split(";")]
    np.testing.assert_array_equal(MATRIX.ravel(), numbers[:16])
    assert [0, 6, 0, 7, 0, 8] == numbers[16:]


def test_simpleitk__puts_the_same_codes_at_the_same_points(tmp_path):
    labels, path = written(blocks(range(1, 9)), COUINAUD_SCHEME, tmp_path)
    picture = sitk.ReadImage(str(path))

    for index in np.argwhere(labels.codes > 0):
        point_ras = GRID.ras_from_index(index)
        there = picture.TransformPhysicalPointToIndex((*-point_ras[:2], point_ras[2]))
        assert labels.codes[tuple(index)] == picture[there]
    assert np.count_nonzero(labels.codes) == np.count_nonzero(sitk.GetArrayViewFromImage(picture))


def test_file__is_cut_to_what_is_there_and_the_same_in_any_memory_order(tmp_path):
    codes = blocks([1, 2])
    _, path = written(np.asfortranarray(codes), COUINAUD_SCHEME, tmp_path)
    first = path.read_bytes()
    written(np.ascontiguousarray(codes), COUINAUD_SCHEME, tmp_path)
    assert first == path.read_bytes()
    written(codes.astype(np.uint16), COUINAUD_SCHEME, tmp_path)
    assert first == path.read_bytes()
    assert b"sizes: 2 1 5\n" in first


def slices_of(labels):
    """Slices along the last axis that hold each code: random maps may skip every second one."""
    return {
        code: np.flatnonzero((labels.codes == code).any(axis=(0, 1))).tolist()
        for code in labels.present() - {0}
    }


@given(labels=label_maps())
def test_own_reader__gives_the_same_map_on_any_grid(tmp_path_factory, labels):
    if not labels.codes.any():
        return
    path = tmp_path_factory.mktemp("m") / "couinaud.seg.nrrd"
    write_seg_nrrd(filled_piece(labels), described(COUINAUD_SCHEME), path)
    if any(map(regular_step, slices_of(labels).values())):
        with pytest.raises(UnsupportedSeriesError, match="slice only"):
            segment_map(path)
    else:
        found, quality = segment_map(path)
        np.testing.assert_array_equal(labels.codes, found.codes)
        np.testing.assert_allclose(
            labels.geometry.affine_ras, found.geometry.affine_ras, rtol=1e-9, atol=1e-9
        )
        assert {} == quality
    own = read_own_segmentation(path, COUINAUD_SCHEME)
    unframed = Geometry(labels.geometry.shape, labels.geometry.affine_ras)
    np.testing.assert_array_equal(labels.codes, placed_on(unframed, own).codes)
    assert is_as_written(path)


def test_lesions__keep_their_numbers(tmp_path):
    labels, path = written(
        blocks([2, 3, 7, 300]), INSTANCE_SCHEME, tmp_path,
        described(INSTANCE_SCHEME, [2, 3, 7, 300], name="lesions"),
    )  # fmt: skip
    found = read_role(path, Part.LESIONS)

    np.testing.assert_array_equal(labels.codes, found.labels.codes)
    assert not found.leaves_out_empty
    np.testing.assert_array_equal(
        labels.codes, placed_on(GRID, read_own_segmentation(path, INSTANCE_SCHEME)).codes
    )


def test_structures__the_liver_is_all_of_it(tmp_path):
    codes = blocks([1, 2, 3, 4])
    _, path = written(codes, STRUCTURE_SCHEME, tmp_path)
    files = {"liver": path, "portal_vein": path, "hepatic_veins": path, "lesions": path}
    masks, _ = read_masks(files, preset=MasksPreset.AUTO)

    assert SHAPE == masks.geometry.shape
    np.testing.assert_array_equal(codes > 0, masks.liver.mask())
    np.testing.assert_array_equal(codes == Structure.LESION, masks.lesions.mask())
    np.testing.assert_array_equal(codes == Structure.PORTAL_VEIN, masks.portal_vein.mask())
    np.testing.assert_array_equal(codes == Structure.HEPATIC_VEINS, masks.hepatic_veins.mask())


def test_halves_of_iv__are_read_as_iv(tmp_path):
    codes = blocks([1, 2])
    _, path = written(codes, SEGMENT_IV_SCHEME, tmp_path)
    labels, quality = segment_map(path)

    np.testing.assert_array_equal(4 * (codes > 0), labels.codes)
    assert ["couinaud_iv_merged"] == list(quality)


@pytest.mark.parametrize(
    ("origin", "kind"),
    [(Origin.GIVEN, None), (Origin.AUTOMATIC, "AUTOMATIC"), (Origin.EDITED, "SEMIAUTOMATIC"),
     (Origin.COMPUTED, "SEMIAUTOMATIC")],
)  # fmt: skip
def test_algorithm_type__of_a_given_map_is_not_told(tmp_path, origin, kind):
    codes = blocks([1])
    _, path = written(codes, COUINAUD_SCHEME, tmp_path, described(COUINAUD_SCHEME, origin=origin))
    (segment,) = slicerio.read_segmentation(str(path))["segments"]

    assert kind == segment["tags"].get("DICOM.SegmentAlgorithmType")
    assert origin.value == segment["tags"]["remnant.Origin"]
    assert (kind is not None) is ("DICOM.SegmentAlgorithmName" in segment["tags"])


@pytest.mark.parametrize(
    ("word", "status"),
    [(Confirmation.CONFIRMED, "completed"), (Confirmation.REJECTED, "flagged"),
     (Confirmation.AUTOMATIC, "notstarted"), (Confirmation.GIVEN, "notstarted")],
)  # fmt: skip
def test_status__says_what_was_reviewed(tmp_path, word, status):
    known = described(INSTANCE_SCHEME, [1])
    known = replace(known, labels=tuple(replace(x, confirmation=word) for x in known.labels))
    _, path = written(blocks([1]), INSTANCE_SCHEME, tmp_path, known)
    (segment,) = slicerio.read_segmentation(str(path))["segments"]

    assert status == segment["status"]
    assert ["SCT", "49755003"] == segment["terminology"]["category"][:2]
    assert ["SCT", "10200004", "Liver"] == segment["terminology"]["anatomicRegion"]


def test_empty_map__has_one_voxel_and_no_segment(tmp_path):
    _, path = written(np.zeros(SHAPE, np.uint8), INSTANCE_SCHEME, tmp_path)
    found = slicerio.read_segmentation(str(path))

    assert [] == found["segments"]
    assert (1, 1, 1) == found["voxels"].shape
    assert not read_own_segmentation(path, INSTANCE_SCHEME).codes.any()


@pytest.mark.parametrize(
    "geometry",
    ["", "1;2;3;", ";".join("1" * 22), "0;" * 16 + "0;1;0;1;0;1;", "nan;" * 22,
     "1;0;0;0;0;1;0;0;0;0;1;0;0;0;0;1;0;1e9;0;1e9;0;1e9;"],
)  # fmt: skip
def test_whole_grid__that_cannot_be_is_passed_over(tmp_path, geometry):
    codes = blocks([1, 2])
    _, path = written(codes, COUINAUD_SCHEME, tmp_path)
    head, mark, rest = path.read_bytes().partition(b"Reference image geometry|")
    path.write_bytes(head + mark + geometry.encode() + rest[rest.index(b"|") :])
    found = read_role(path, Part.COUINAUD)

    assert found.leaves_out_empty
    np.testing.assert_array_equal(codes[codes > 0], found.labels.codes[found.labels.codes > 0])
    assert (2, 1, 5) == found.labels.geometry.shape


@given(data=st.data())
def test_as_written__is_no_more_true_when_a_voxel_changes(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("m") / "a.seg.nrrd"
    labels = LabelMap(blocks([1, 2, 3]), GRID, COUINAUD_SCHEME)
    write_seg_nrrd(filled_piece(labels), described(COUINAUD_SCHEME), path)
    content = bytearray(path.read_bytes())
    start = content.index(b"\n\n") + 2
    place = data.draw(st.integers(start, len(content) - 1))
    content[place] ^= 1 + data.draw(st.integers(0, 254))
    path.write_bytes(content)

    assert not is_as_written(path)
