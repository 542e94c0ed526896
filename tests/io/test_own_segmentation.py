"""A case's segmentation after 3D Slicer changed it: written back by slicerio, as Slicer would."""

import numpy as np
import pytest
import slicerio

from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.core.labels import COUINAUD_SCHEME, INSTANCE_SCHEME
from remnant.core.map_description import MapDescription, NamedLabel, Origin
from remnant.core.volumes import LabelMap
from remnant.io.own_segmentation import holds_own_lesions, is_as_written, read_own_segmentation
from remnant.io.role_maps import read_role
from remnant.io.roles import Part
from remnant.io.seg_nrrd_writing import filled_piece, write_seg_nrrd

GRID = Geometry((7, 8, 9), np.diag((0.8, 0.9, 2.5, 1.0)))


@pytest.fixture(name="lesions")
def lesions_fixture(tmp_path):
    """Lesions 2 and 5."""
    codes = np.zeros(GRID.shape, np.uint8)
    codes[1:4, 1:4, 1:4], codes[5:7, 5:7, 5:8] = 2, 5
    path = tmp_path / "lesions.seg.nrrd"
    labels = tuple(
        NamedLabel(code=n, name=f"lesion {n}", colour="#ffb02e", origin=Origin.AUTOMATIC)
        for n in (2, 5)
    )
    description = MapDescription(map="lesions", title="Lesions", labels=labels)
    write_seg_nrrd(filled_piece(LabelMap(codes, GRID, INSTANCE_SCHEME)), description, path)
    return path


def saved(path, change):
    """Save a segmentation anew as another program does, after a change."""
    found = slicerio.read_segmentation(str(path))
    # 3D Slicer keeps no key of the header that it does not know
    found.pop("remnant_VoxelsSha256", None)
    change(found)
    slicerio.write_segmentation(str(path), found)


def test_saved_anew__is_the_same_map(lesions):
    before = read_own_segmentation(lesions, INSTANCE_SCHEME)
    assert is_as_written(lesions)
    saved(lesions, lambda found: None)

    assert not is_as_written(lesions)
    after = read_own_segmentation(lesions, INSTANCE_SCHEME)
    np.testing.assert_array_equal(before.codes, after.codes)
    np.testing.assert_allclose(before.geometry.affine_ras, after.geometry.affine_ras, atol=1e-9)


def test_new_segment__is_the_next_lesion(lesions):
    def add(found):
        found["voxels"] = found["voxels"].copy()
        found["voxels"][0, -1, 0] = 1
        found["segments"].append({"id": "Segment_1", "name": "Segment_1", "labelValue": 1})

    saved(lesions, add)
    codes = read_own_segmentation(lesions, INSTANCE_SCHEME).codes
    assert 6 == codes[0, -1, 0]
    assert {0, 2, 5, 6} == set(np.unique(codes))
    # given as masks it is the same
    given = read_role(lesions, Part.LESIONS).labels.codes
    assert {0, 2, 5, 6} == set(np.unique(given))
    assert np.count_nonzero(codes == 6) == np.count_nonzero(given == 6)


def test_copied_segment__has_a_number_of_its_own(lesions):
    def copy(found):
        found["voxels"] = found["voxels"].copy()
        found["voxels"][0, -1, 0] = 9
        twin = {**found["segments"][0], "id": "copy", "labelValue": 9}
        found["segments"].append(twin)

    saved(lesions, copy)
    codes = read_own_segmentation(lesions, INSTANCE_SCHEME).codes
    assert 6 == codes[0, -1, 0]
    assert 27 == np.count_nonzero(codes == 2)


def test_own_lesions__are_known_by_their_tags(lesions, tmp_path):
    assert holds_own_lesions(lesions)
    saved(lesions, lambda found: [one.pop("tags") for one in found["segments"]])
    assert not holds_own_lesions(lesions)
    (tmp_path / "x.csv").write_text("id\n", encoding="utf-8")
    assert not holds_own_lesions(tmp_path / "x.csv")


@pytest.mark.parametrize(
    ("tags", "codes"),
    [(["65535", None], {0, 65535, 1}), (["70000", "3"], {0, 3, 4}), (["0", "x"], {0, 1, 2})],
)
def test_codes__that_cannot_be_are_passed_over(lesions, tags, codes):
    def change(found):
        for segment, code in zip(found["segments"], tags, strict=True):
            segment["tags"] = {"remnant.Map": "lesions"}
            if code is not None:
                segment["tags"]["remnant.Code"] = code

    saved(lesions, change)
    assert codes == set(np.unique(read_own_segmentation(lesions, INSTANCE_SCHEME).codes))


def test_removed_segment__is_gone(lesions):
    saved(lesions, lambda found: found["segments"].pop(0))
    assert {0, 5} == set(np.unique(read_own_segmentation(lesions, INSTANCE_SCHEME).codes))


def test_layers__the_higher_code_holds_where_segments_overlap(lesions):
    def overlap(found):
        first = np.where(found["voxels"] == 2, 2, 0).astype(np.uint8)
        second = np.where(found["voxels"] == 5, 5, 0).astype(np.uint8)
        second[0, 0, 0] = 5
        found["voxels"] = np.stack((first, second))
        found["segments"][1]["layer"] = 1

    saved(lesions, overlap)
    codes = read_own_segmentation(lesions, INSTANCE_SCHEME).codes
    assert 5 == codes[0, 0, 0]
    assert 26 == np.count_nonzero(codes == 2)


def test_fixed_scheme__a_stranger_is_refused_and_a_name_of_it_is_taken(tmp_path):
    codes = np.zeros(GRID.shape, np.uint8)
    codes[1, 1, 1:5], codes[2, 2, 1:5] = 1, 2
    path = tmp_path / "couinaud.seg.nrrd"
    labels = tuple(
        NamedLabel(code=int(x.code), name=x.name, colour="#ffffff", origin=Origin.GIVEN)
        for x in COUINAUD_SCHEME.labels
    )
    description = MapDescription(map="couinaud", title="Segments", labels=labels)
    write_seg_nrrd(filled_piece(LabelMap(codes, GRID, COUINAUD_SCHEME)), description, path)

    def named(name):
        def change(found):
            found["segments"][1] = {"id": "new", "name": name, "labelValue": 2}

        return change

    saved(path, named("Couinaud segment VIII"))
    assert {0, 1, 8} == set(np.unique(read_own_segmentation(path, COUINAUD_SCHEME).codes))
    saved(path, named("spleen"))
    with pytest.raises(InputError, match=r"segment 'spleen', which is none of Couinaud segment I"):
        read_own_segmentation(path, COUINAUD_SCHEME)
