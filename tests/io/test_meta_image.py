"""MetaImage files: written by SimpleITK or by hand, and hostile ones."""

import zlib

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from remnant.core.errors import (
    GeometryMismatchError,
    UnreadableFileError,
    UnsupportedSeriesError,
)
from remnant.core.labels import INSTANCE_SCHEME
from remnant.core.volumes import Modality
from remnant.io.frames import ras_from_lps
from remnant.io.inspect import inspect_path
from remnant.io.nifti import read_labels
from remnant.io.reading import GeometrySource, ReadingChoice
from remnant.io.role_maps import read_role
from remnant.io.roles import Part
from remnant.io.source import load_study
from remnant.io.volume_files import volume_digest

CODES = np.random.default_rng(0).integers(0, 300, (9, 8, 7)).astype(np.int16)
OBLIQUE = (0.8, 0.6, 0.0, -0.6, 0.8, 0.0, 0.0, 0.0, 1.0)


def picture(array=CODES, directions=OBLIQUE):
    made = sitk.GetImageFromArray(array)
    made.SetOrigin((10.0, -20.0, 30.0))
    made.SetSpacing((0.7, 0.8, 2.5))
    made.SetDirection(directions)
    return made


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("name", ["a.mha", "a.mhd", "a.nhdr"])
def test_read__codes_and_points_agree_with_simpleitk(tmp_path, name, packed):
    sitk.WriteImage(picture(), str(tmp_path / name), useCompression=packed)
    labels = read_labels(tmp_path / name, INSTANCE_SCHEME)
    np.testing.assert_array_equal(CODES.transpose(), labels.codes)
    for index in ((0, 0, 0), (6, 7, 8)):
        expected = ras_from_lps(picture().TransformIndexToPhysicalPoint(index))
        np.testing.assert_allclose(expected, labels.geometry.ras_from_index(index), atol=1e-9)


@pytest.mark.parametrize("kind", ["int8", "uint8", "uint16", "int32", "float32", "float64"])
def test_read__every_type_of_number(tmp_path, kind):
    array = (CODES % 100).astype(kind)
    sitk.WriteImage(picture(array), str(tmp_path / "a.mha"))
    codes = read_labels(tmp_path / "a.mha", INSTANCE_SCHEME).codes
    np.testing.assert_array_equal(array.transpose(), codes)


@pytest.fixture(name="header")
def header_fixture(tmp_path):
    """Write a small map by hand, header lines replaced or left out (``None``)."""

    def write(*, name="h.mha", data=None, **changes):
        fields = {
            "ObjectType": "Image", "NDims": "3", "BinaryData": "True", "DimSize": "3 4 5",
            "BinaryDataByteOrderMSB": "False", "TransformMatrix": "1 0 0 0 1 0 0 0 1",
            "Offset": "10 20 30", "ElementSpacing": "2 3 4", "ElementType": "MET_UCHAR",
        } | changes | {"ElementDataFile": changes.get("ElementDataFile", "LOCAL")}  # fmt: skip
        lines = [f"{field} = {text}\n" for field, text in fields.items() if text is not None]
        codes = np.arange(60, dtype=np.uint8)
        path = tmp_path / name
        path.write_bytes("".join(lines).encode() + (codes.tobytes() if data is None else data))
        return path

    return write


def codes_of(path):
    return read_labels(path, INSTANCE_SCHEME).codes.ravel(order="F").tolist()


def test_header__the_honest_one_reads(header):
    path = header()
    assert codes_of(path) == list(range(60))
    geometry = read_labels(path, INSTANCE_SCHEME).geometry
    np.testing.assert_allclose(geometry.ras_from_index((1, 1, 1)), (-12, -23, 34))


def test_header__old_names_byte_order_and_place_of_the_voxels(header, tmp_path):
    swapped = np.arange(60, dtype=">i2").tobytes()
    path = header(
        TransformMatrix=None, Rotation="1 0 0 0 1 0 0 0 1", Offset=None, Position="10 20 30",
        BinaryDataByteOrderMSB="True", ElementType="MET_SHORT", data=swapped,
    )  # fmt: skip
    assert codes_of(path) == list(range(60))
    (tmp_path / "voxels.raw").write_bytes(b"head" + bytes(range(60)))
    for size in ("4", "-1"):
        path = header(name="d.mhd", HeaderSize=size, ElementDataFile="voxels.raw", data=b"")
        assert codes_of(path) == list(range(60))


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"DimSize": "70000 70000 70000"}, UnsupportedSeriesError, "claims"),
        ({"DimSize": "0 4 5"}, UnsupportedSeriesError, "claims"),
        ({"DimSize": "3 4"}, UnsupportedSeriesError, "2 axes"),
        ({"NDims": "4"}, UnsupportedSeriesError, "axes"),
        ({"DimSize": "3 4 five"}, UnreadableFileError, "damaged"),
        ({"DimSize": "30 40 50"}, UnreadableFileError, "truncated"),
        ({"ElementNumberOfChannels": "3"}, UnsupportedSeriesError, "3 number"),
        ({"ElementType": "MET_FLOAT_MATRIX"}, UnsupportedSeriesError, "MET_FLOAT_MATRIX"),
        ({"BinaryData": "False"}, UnsupportedSeriesError, "text"),
        ({"TransformMatrix": None}, UnsupportedSeriesError, "left and right"),
        ({"TransformMatrix": "1 0 0 0 1 0"}, UnsupportedSeriesError, "left and right"),
        ({"TransformMatrix": "1 0 0 0 1 0 0 0 0"}, UnsupportedSeriesError, "singular"),
        ({"Offset": None}, UnsupportedSeriesError, "place"),
        ({"ElementSpacing": None}, UnsupportedSeriesError, "ElementSpacing"),
        ({"ElementSpacing": "nan 3 4"}, UnsupportedSeriesError, "finite"),
        ({"ElementSpacing": "0.02 0.03 0.04"}, UnsupportedSeriesError, "unit"),
        ({"DistanceUnits": "cm"}, UnsupportedSeriesError, "millimetres"),
        ({"HeaderSize": "100000"}, UnreadableFileError, "damaged"),
        ({"HeaderSize": "-7"}, UnreadableFileError, "damaged"),
        ({"AnatomicalOrientation": "LAI"}, GeometryMismatchError, "LAI.* RAI"),
        ({"ElementDataFile": "/etc/hostname"}, UnreadableFileError, "same folder"),
        ({"ElementDataFile": "../x.raw"}, UnreadableFileError, "same folder"),
        ({"ElementDataFile": "..\\x.raw"}, UnreadableFileError, "same folder"),
        ({"ElementDataFile": "x%03d.raw 1 9 1"}, UnreadableFileError, "same folder"),
        ({"ElementDataFile": "LIST"}, UnreadableFileError, "same folder"),
        ({"ElementDataFile": ""}, UnreadableFileError, "no file"),
        ({"ElementDataFile": "none.raw"}, UnreadableFileError, "does not exist"),
        ({"ElementDataFile": "h.mha"}, UnreadableFileError, "itself"),
        ({"ElementDataFile": ".."}, UnreadableFileError, "not a file"),
    ],
    ids=lambda value: str(value).replace(" ", "_") if isinstance(value, dict) else "",
)
def test_header__lies_are_refused_in_one_line(header, changes, kind, words):
    with pytest.raises(kind, match=words) as caught:
        read_labels(header(**changes), INSTANCE_SCHEME)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("letters", ["RAI", "LPS", "???"])
def test_header__letters_may_say_where_from_or_where_to(header, letters):
    assert codes_of(header(AnatomicalOrientation=letters)) == list(range(60))


def test_detached__links_out_of_the_folder_are_not_followed(header, tmp_path):
    inner, secret = tmp_path / "in", tmp_path / "secret.raw"
    inner.mkdir()
    secret.write_bytes(bytes(range(60)))
    (inner / "x.raw").symlink_to(secret)
    path = header(name="in/h.mhd", ElementDataFile="x.raw", data=b"")
    with pytest.raises(UnreadableFileError, match="out of its folder"):
        read_labels(path, INSTANCE_SCHEME)
    (inner / "x.raw").unlink()
    (inner / "y.raw").write_bytes(bytes(range(60)))
    (inner / "x.raw").symlink_to(inner / "y.raw")
    assert codes_of(path) == list(range(60))


def test_detached__nrrd_follows_the_same_rules(tmp_path):
    sitk.WriteImage(picture(), str(tmp_path / "a.nhdr"))
    text = (tmp_path / "a.nhdr").read_text()
    for name in ("/etc/hostname", "../a.raw", "LIST", "a%d.raw 1 9 1"):
        (tmp_path / "b.nhdr").write_text(text.replace("a.raw", name))
        with pytest.raises(UnreadableFileError, match="same folder"):
            read_labels(tmp_path / "b.nhdr", INSTANCE_SCHEME)


@pytest.mark.parametrize("name", ["a.mha", "a.mhd", "a.nhdr", "a.nrrd"])
def test_packed__damage_is_found_by_the_checksum(tmp_path, name):
    """ITK's own readers return other voxels for a part of such damage."""
    sitk.WriteImage(picture(), str(tmp_path / name), useCompression=True)
    (data,) = (f for f in tmp_path.iterdir() if f.suffix in {".mha", ".zraw", ".gz", ".nrrd"})
    whole = data.read_bytes()
    for place in (30, 60, 100, 200):
        damaged = bytearray(whole)
        damaged[-place] ^= 0x55
        data.write_bytes(damaged)
        with pytest.raises(UnreadableFileError):
            read_labels(tmp_path / name, INSTANCE_SCHEME)
    data.write_bytes(whole[:-20])
    with pytest.raises(UnreadableFileError):
        read_labels(tmp_path / name, INSTANCE_SCHEME)


def test_packed__more_than_promised_is_refused(header):
    packed = zlib.compress(bytes(10_000_000))
    path = header(CompressedData="True", data=packed)
    with pytest.raises(UnreadableFileError, match="more than its header promises"):
        read_labels(path, INSTANCE_SCHEME)


def test_no_meta_image(tmp_path):
    path = tmp_path / "x.mha"
    for text in ("hello", "ObjectType = Image\nNDims = 3\n", "a = b\n" * 100_000):
        path.write_text(text)
        with pytest.raises(UnreadableFileError, match="not a MetaImage"):
            read_labels(path, INSTANCE_SCHEME)


@pytest.mark.parametrize("name", ["a.mha", "a.mhd", "a.nhdr", "a.nrrd"])
def test_everywhere__as_scan_as_map_and_in_inspect(tmp_path, name):
    array = np.random.default_rng(1).integers(-1000, 900, (12, 8, 9)).astype(np.int16)
    sitk.WriteImage(picture(array), str(tmp_path / name))
    loaded = load_study(tmp_path / name, choice=ReadingChoice(modality=Modality.CT))
    np.testing.assert_array_equal(array.transpose(), loaded.image.voxels)
    assert loaded.input_sha256 == volume_digest(tmp_path / name)
    assert inspect_path(tmp_path / name).series[0].shape == (9, 8, 12)
    codes = np.zeros((9, 8, 7), np.uint8)
    codes[2:4, 3:6, 1:4] = 7
    sitk.WriteImage(picture(codes), str(tmp_path / name))
    read = read_role(tmp_path / name, Part.LESIONS).labels.codes
    np.testing.assert_array_equal(codes.transpose(), read)


@pytest.mark.parametrize("name", ["a.mhd", "a.nhdr"])
def test_digest__is_of_header_and_voxels(tmp_path, name):
    digests = set()
    for array in (CODES, CODES + 1):
        sitk.WriteImage(picture(array), str(tmp_path / name))
        digests.add(volume_digest(tmp_path / name))
    assert len(digests) == 2


@pytest.mark.parametrize("name", ["a.mha", "a.nrrd", "a.nii"])
def test_default_grid_of_itk__is_refused_until_vouched_for(tmp_path, name):
    sitk.WriteImage(sitk.GetImageFromArray(CODES), str(tmp_path / name))
    with pytest.raises(GeometryMismatchError, match="the spacing is lost"):
        read_labels(tmp_path / name, INSTANCE_SCHEME)
    vouched = ReadingChoice(geometry_from=GeometrySource.SFORM)
    assert read_labels(tmp_path / name, INSTANCE_SCHEME, choice=vouched).geometry.spacing_mm == (
        1.0, 1.0, 1.0,
    )  # fmt: skip
