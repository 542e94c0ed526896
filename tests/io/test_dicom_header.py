"""Files without preamble, mark or meta header are recognised by their content, and nothing else."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.sequence import Sequence

from remnant.io.dicom_folder import scan
from remnant.io.dicom_header import first_element, is_dicom_file, read_header
from remnant.io.dicom_object import read_object
from remnant.io.dicom_series import catalogue, choose, read_series_voxels
from remnant.io.dicom_slices import HEADER_TAGS
from remnant.io.faults import FOREIGN_FAULTS, quiet

BLANK = b"\0" * 128


def bare(plane, *, implicit, little):
    """Return the elements of a plane alone: no preamble, no mark, no meta header."""
    stream = DicomBytesIO()
    stream.is_implicit_VR, stream.is_little_endian = implicit, little
    if not little:
        numbers = np.frombuffer(plane.PixelData, "<u2").astype(">u2")
        plane.PixelData = numbers.tobytes()
    write_dataset(stream, plane)
    return stream.getvalue()


def whole(plane):
    stream = DicomBytesIO()
    plane.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


WAYS = {
    "no preamble": lambda plane: whole(plane)[128:],
    "no preamble, no mark": lambda plane: whole(plane)[132:],
    "no mark": lambda plane: BLANK + whole(plane)[132:],
    "implicit": lambda plane: bare(plane, implicit=True, little=True),
    "explicit": lambda plane: bare(plane, implicit=False, little=True),
    "big endian": lambda plane: bare(plane, implicit=False, little=False),
    "mark, no meta header": lambda plane: BLANK + b"DICM"
    + bare(plane, implicit=True, little=True),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("stripped", [range(12), range(8, 12)], ids=["all", "some"])
def test_stripped_files__are_one_series_and_read(phantom, tmp_path, way, stripped):
    made = phantom()
    for k in range(12):
        strip = WAYS[way] if k in stripped else whole
        (tmp_path / str(k)).write_bytes(strip(made.plane(k)))
    listed = catalogue(tmp_path)
    assert (len(listed.series), listed.skipped) == (1, {})
    voxels = read_series_voxels(choose(listed, wanted=None, name="x"))
    np.testing.assert_array_equal(made.pixels.transpose(2, 1, 0).astype(int) - 1024, voxels)


@pytest.mark.parametrize("way", WAYS)
def test_stripped_files__a_file_alone_is_known_as_dicom(phantom, tmp_path, way):
    (tmp_path / "x").write_bytes(WAYS[way](phantom().plane(0)))
    assert is_dicom_file(tmp_path / "x")


@pytest.mark.parametrize("way", WAYS)
def test_stripped_files__cut_anywhere(phantom, tmp_path, way):
    content = WAYS[way](phantom().plane(0))
    for length in range(0, len(content), 13):
        (tmp_path / "x").write_bytes(content[:length])
        assert (len(scan(tmp_path).slices), len(scan(tmp_path).left_out)) == (0, 1)


def test_stripped_file__compressed_without_saying_how(phantom, tmp_path, pydicom_files):
    content = (pydicom_files / "MR_small_RLE.dcm").read_bytes()
    (tmp_path / "x").write_bytes(content[content.index(b"\x08\0\x08\0CS") :])
    assert scan(tmp_path).skipped == {
        "image whose pixels are laid out in a way that is not read": 1
    }


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"DICM",
        b"DICM" + b"x" * 200,
        BLANK + b"x" * 200,
        b"\x08\0\0\0" * 40,
        b"\x02\0\0\0UL\x04\0\xff\xff\xff\xff" + b"\0" * 40,
        b"\x08\0\x05\0CS\xff\xff" + b"x" * 80,
        b"\x5c\x01\0\0" + bytes(500),
        b"NRRD0005\ntype: uint8\n" * 20,
        b"PK\x03\x04" + bytes(200),
    ],
    ids=lambda content: repr(content[:12]),
)
def test_sniff__what_is_no_dicom(content, tmp_path):
    assert first_element(content) is None
    (tmp_path / "x").write_bytes(content)
    assert scan(tmp_path).skipped == {"not DICOM": 1}


@given(content=st.binary(max_size=200))
def test_sniff__random_bytes(content):
    found = first_element(content)
    assert found in (None, 0, 4, 128, 132)


@pytest.mark.parametrize(
    "name", ["ExplVR_BigEndNoMeta.dcm", "ExplVR_LitEndNoMeta.dcm", "image_dfl.dcm",
             "meta_missing_tsyntax.dcm", "no_meta_group_length.dcm", "rtstruct.dcm"],
)  # fmt: skip
def test_sniff__pydicoms_files_with_parts_missing(pydicom_files, name):
    assert is_dicom_file(pydicom_files / name)


def test_values__are_those_that_pydicom_gives(pydicom_files):
    compared = 0
    for path in sorted(pydicom_files.glob("*.dcm")):
        with quiet(), suppress(*FOREIGN_FAULTS):
            header = read_header(path, HEADER_TAGS)
            if header is None:
                continue
            whole = read_object(path, defer_size=4096)
            for name in HEADER_TAGS:
                expected = whole.get(name)
                if isinstance(name, str) and not isinstance(expected, Sequence):
                    assert header.dataset.get(name) == expected, (path.name, name)
                    compared += 1
    assert compared > 1000


@pytest.mark.parametrize("charset", ["ISO_IR 100", "ISO_IR 192", "\\ISO 2022 IR 87"])
def test_values__texts_of_other_alphabets(phantom, tmp_path, charset):
    words = "Léber" if charset != "\\ISO 2022 IR 87" else "肝臓"
    plane = phantom().plane(0, SpecificCharacterSet=charset.split("\\"), SeriesDescription=words)
    plane.save_as(tmp_path / "x", enforce_file_format=True)
    assert scan(tmp_path).slices[0].description == words
