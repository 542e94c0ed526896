"""The record of a case's images: what is kept of a series, as a file and back."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import RLELossless

from remnant.core.errors import GeometryMismatchError, InputError, UnreadableFileError
from remnant.core.geometry import Geometry
from remnant.io.dicom_results.record_file import decode_record, encode_record, require_of_case
from remnant.io.dicom_results.source_record import source_images
from remnant.io.frames import lps_from_ras
from remnant.io.source import load_study, source_records

TURNED = (0.8, 0.6, 0.0, -0.6, 0.8, 0.0)
SHAPES = {
    "upright": {},
    "feet first": {"step": (0.0, 0.0, -3.0)},
    "mirrored": {"orientation": (-1, 0, 0, 0, 1, 0)},
    "oblique": {"orientation": TURNED},
    "sagittal": {"orientation": (0, 1, 0, 0, 0, -1), "step": (3.0, 0.0, 0.0)},
    "tilted": {"step": (0.0, 0.8, 3.0)},
}


def require_agreement(loaded):
    """Raise unless record and image lie on one grid, told by nothing but the record."""
    require_of_case(loaded.record, loaded.input_sha256, loaded.image.geometry)


@pytest.mark.parametrize("facts", SHAPES.values(), ids=SHAPES)
def test_planes__are_those_of_the_image(phantom, tmp_path, facts):
    made = phantom(**facts)
    loaded = load_study(made.write(tmp_path / "ct"))
    require_agreement(loaded)

    stored = {f"1.2.3.1.{k + 1}": pixels.T for k, pixels in enumerate(made.pixels)}
    for k, plane in enumerate(loaded.record.planes):
        shown = loaded.image.voxels[:, :, k] + 1024
        np.testing.assert_array_equal(shown, stored[plane.sop_instance_uid])
        assert plane.frame is None


def test_planes__of_a_multi_frame_object_are_its_frames(enhanced, make_pixels, tmp_path):
    pixels = make_pixels()
    path = tmp_path / "enhanced"
    enhanced(pixels).save_as(path, enforce_file_format=True)
    loaded = load_study(path)
    require_agreement(loaded)

    for k, plane in enumerate(loaded.record.planes):
        np.testing.assert_array_equal(
            loaded.image.voxels[:, :, k] + 1024, pixels[plane.frame - 1].T
        )
    (image,) = source_images(loaded.record)
    assert image.NumberOfFrames == len(pixels)


def test_record__is_the_same_of_a_folder_a_zip_and_compressed_images(phantom, tmp_path):
    folder = phantom().write(tmp_path / "ct")
    packed = shutil.make_archive(f"{tmp_path}/packed", "zip", folder)
    (tmp_path / "rle").mkdir()
    made = phantom()
    for k in range(len(made.pixels)):
        plane = made.plane(k)
        plane.compress(RLELossless, generate_instance_uid=False)
        plane.save_as(tmp_path / "rle" / f"{k}", enforce_file_format=True)

    plain = load_study(folder).record
    assert plain == load_study(tmp_path / "packed.zip").record
    compressed = load_study(tmp_path / "rle")
    require_agreement(compressed)
    assert replace(compressed.record, image_sha256=plain.image_sha256) == plain
    assert packed.endswith("zip")


@pytest.mark.parametrize(
    ("charset", "name"),
    [("ISO_IR 100", "Jürgensen^Åse"), ("ISO_IR 192", "山田^太郎"), ("ISO_IR 144", "Люкceмбypг")],
)
def test_header__has_the_names_as_they_are_read(phantom, tmp_path, charset, name):
    facts = {"SpecificCharacterSet": charset, "PatientName": name, "AccessionNumber": "A-1"}
    record = load_study(phantom(extra=facts).write(tmp_path / "ct")).record

    again = decode_record(encode_record(record))
    assert again == record
    assert str(again.dataset.PatientName) == name
    header = again.dataset
    assert (header.AccessionNumber, header.PatientID) == ("A-1", "MRN-4711")
    assert name not in repr(record) + repr(again.planes)


def test_header__without_what_is_broken_in_it(phantom, tmp_path):
    made = phantom(extra={"StudyDescription": "Oncology"})
    folder = made.write(tmp_path / "ct")
    for path in folder.iterdir():
        # a text that says that it is an identifier
        content = path.read_bytes()
        path.write_bytes(content.replace(b"\x08\x00\x30\x10LO", b"\x08\x00\x30\x10UI"))
    loaded = load_study(folder)

    assert loaded.record.dataset.PatientName == "Doe^Jane"
    assert "StudyDescription" not in loaded.record.dataset
    decode_record(encode_record(loaded.record))


@pytest.mark.parametrize(
    "facts",
    [
        {"extra": {"StudyInstanceUID": ""}},
        {"extra": {"SOPInstanceUID": "1.2.3.1.7"}, "meta_sop": False},
    ],
    ids=["no study", "one identifier for all"],
)
def test_record__none_where_nothing_can_refer_to_the_images(phantom, tmp_path, facts):
    loaded = load_study(phantom(**facts).write(tmp_path / "ct"))

    assert loaded.record is None
    with pytest.raises(InputError, match=r"no result in DICOM can refer to the images"):
        source_records(tmp_path / "ct", loaded.input_sha256)


def test_record__none_of_images_of_two_classes(phantom, tmp_path):
    folder = phantom().write(tmp_path / "ct")
    plane = phantom().plane(3)
    plane.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2.2"
    plane.save_as(folder / "im021", enforce_file_format=True)

    assert load_study(folder).record is None


def test_record__none_of_many_objects_with_frames(enhanced, make_pixels, tmp_path):
    pixels = make_pixels()
    (tmp_path / "ct").mkdir()
    for k, plane in enumerate(pixels):
        one = enhanced(plane[np.newaxis])
        one.SOPInstanceUID = one.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.1.{k + 1}"
        (own,) = one.PerFrameFunctionalGroupsSequence
        own.PlanePositionSequence[0].ImagePositionPatient = [-20.0, -30.0, 40.0 + 3 * k]
        one.save_as(tmp_path / "ct" / f"{k}", enforce_file_format=True)
    loaded = load_study(tmp_path / "ct")

    assert loaded.image.geometry.shape[2] == len(pixels)
    assert loaded.record is None
    with pytest.raises(InputError, match="many objects with frames"):
        source_records(tmp_path / "ct", loaded.input_sha256)


def test_record__is_found_again_by_the_digest(phantom, tmp_path):
    loaded = load_study(phantom().write(tmp_path / "study" / "ct"))
    phantom(series="1.2.3.9", pixels=phantom().pixels + 1).write(tmp_path / "study" / "other")

    assert source_records(tmp_path / "study", loaded.input_sha256) == (loaded.record,)
    with pytest.raises(InputError, match="none of the 2 DICOM series"):
        source_records(tmp_path / "study", "0" * 64)


@pytest.fixture(name="record", scope="module")
def record_fixture(make_phantom, tmp_path_factory):
    return load_study(make_phantom().write(tmp_path_factory.mktemp("record") / "ct"))


DAMAGES = {
    "no JSON": lambda text: text[:-9],
    "another version": lambda text: text.replace('"version":1', '"version":2'),
    "a further key": lambda text: text.replace('"version":1', '"version":1,\n"more":1'),
    "a number as text": lambda text: text.replace('"rows":8', '"rows":"8"'),
    "not a number": lambda text: text.replace('"rows":8', '"rows":NaN'),
    "no rows": lambda text: text.replace('"rows":8', '"rows":0'),
    "a digest of nothing": lambda text: text.replace('"image_sha256":"', '"image_sha256":"x'),
    "no study": lambda text: text.replace('"0020000D":', '"00200010":'),
    "no planes": lambda text: text[: text.index('"planes":')] + '"planes":[]}',
    "one plane twice": lambda text: text.replace("1.2.3.1.12", "1.2.3.1.11"),
    "no element of DICOM": lambda text: text.replace('"00100010":', '"Doe^Jane":'),
    "no value of DICOM": lambda text: text.replace('{"vr":"PN"', '{"vr":"XX"'),
    "a position of two": lambda text: text.replace(",40.0]", "]"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_decode__refuses_damage_and_quotes_nobody(record, damage):
    text = encode_record(record.record).decode()
    damaged = damage(text)
    assert damaged != text
    with pytest.raises(UnreadableFileError, match="this is no record of a case's images") as caught:
        decode_record(damaged.encode())

    assert "Doe" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "keys", [("header",), ("planes",), ("planes", 0), ("image_sha256",), ("pixel_spacing_mm",)]
)
@given(junk=st.sampled_from([None, 7, "x", [], {}, [[]], {"a": 1}, True]))
def test_decode__refuses_junk_anywhere(record, keys, junk):
    document = json.loads(encode_record(record.record))
    place = document
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = junk
    with pytest.raises(UnreadableFileError):
        decode_record(json.dumps(document).encode())


def test_case__of_another_image_or_grid_is_refused(record):
    grid, digest = record.image.geometry, record.input_sha256
    require_of_case(record.record, digest, grid)
    with pytest.raises(InputError, match="another image"):
        require_of_case(record.record, "0" * 64, grid)
    with pytest.raises(InputError, match="another image"):
        require_of_case(record.record, None, grid)
    with pytest.raises(GeometryMismatchError, match="9 x 8 x 12 voxels, the maps 9 x 8 x 11"):
        require_of_case(record.record, digest, Geometry((9, 8, 11), grid.affine_ras))


@given(
    moved=st.tuples(*[st.floats(-2.0, 2.0)] * 3).filter(
        lambda v: abs(np.linalg.norm(v) - 0.35) > 0.02
    )
)
def test_case__is_refused_from_half_a_voxel_on(record, moved):
    grid = record.image.geometry
    affine = np.array(grid.affine_ras)
    affine[:3, 3] += moved
    other = Geometry(grid.shape, affine)
    if np.linalg.norm(moved) < min(grid.spacing_mm) / 2:
        require_of_case(record.record, record.input_sha256, other)
    else:
        with pytest.raises(GeometryMismatchError, match="off those of the maps"):
            require_of_case(record.record, record.input_sha256, other)


@pytest.mark.parametrize("axis", range(3))
def test_case__whose_maps_are_flipped_is_refused(record, axis):
    grid = record.image.geometry
    flip = np.eye(4)
    flip[axis, axis], flip[axis, 3] = -1, grid.shape[axis] - 1
    flipped = Geometry(grid.shape, grid.affine_ras @ flip)
    with pytest.raises(GeometryMismatchError):
        require_of_case(record.record, record.input_sha256, flipped)


def test_images__for_highdicom_lie_where_the_planes_do(record):
    images = source_images(record.record)
    grid = record.image.geometry

    for k, image in enumerate(images):
        place = lps_from_ras(grid.ras_from_index((0, 0, k)))
        np.testing.assert_allclose(image.ImagePositionPatient, place, atol=1e-6)
        assert image.PatientID == "MRN-4711"
        assert "PixelData" not in image
