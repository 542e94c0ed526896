"""Damaged and malicious files end in one of our errors, in one line, without large allocations."""

import gzip
import tracemalloc

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remnant.core.errors import InputError, UnreadableFileError, UnsupportedSeriesError
from remnant.core.labels import INSTANCE_SCHEME
from remnant.core.volumes import Modality
from remnant.io.nifti import read_image, read_labels
from remnant.io.reading import ReadingChoice

ARRAY = np.random.default_rng(0).integers(-1000, 1000, (7, 8, 9)).astype(np.int16)
MEGABYTE = 1 << 20


def header_bytes(**fields):
    header = nibabel.Nifti1Header()
    header.set_data_dtype(np.int16)
    header.set_data_shape((7, 8, 9))
    header.set_sform(np.diag((2.0, 2.5, 3.0, 1.0)), code=1)
    header.set_zooms((2.0, 2.5, 3.0))
    header["vox_offset"], header["magic"] = 352, b"n+1"
    for name, value in fields.items():
        header[name] = value
    return header.binaryblock + b"\0" * 4


def expect_refusal(path, kind=UnreadableFileError):
    with pytest.raises(kind) as caught:
        read_image(path, choice=ReadingChoice(modality=Modality.MR))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_truncated__every_length(nifti, tmp_path, share, suffix):
    whole = nifti(ARRAY, name=f"w{suffix}").read_bytes()
    path = tmp_path / f"t{suffix}"
    path.write_bytes(whole[: max(1, int(len(whole) * share))])
    expect_refusal(path)


def test_damaged_compression(nifti, tmp_path):
    whole = bytearray(nifti(ARRAY).read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    path = tmp_path / "d.nii.gz"
    path.write_bytes(whole)
    expect_refusal(path)


@pytest.mark.parametrize("name", ["t.nii", "t.nii.gz", "t.nrrd"])
def test_text_file_renamed(tmp_path, name):
    (tmp_path / name).write_text("patient: Doe, Jane\n" * 40)
    with pytest.raises(UnreadableFileError) as caught:
        read_labels(tmp_path / name, INSTANCE_SCHEME)
    assert "Doe" not in str(caught.value)


@pytest.mark.parametrize("name", ["t.nii", "t.nii.gz", "t.nrrd"])
def test_missing_empty_or_folder(tmp_path, name):
    path = tmp_path / name
    for make in (lambda: None, path.touch, lambda: (path.unlink(), path.mkdir())):
        make()
        with pytest.raises(UnreadableFileError):
            read_labels(path, INSTANCE_SCHEME)


@settings(max_examples=60)
@given(content=st.binary(max_size=900), packed=st.booleans(), honest=st.booleans())
def test_random_bytes(tmp_path_factory, content, packed, honest):
    path = tmp_path_factory.mktemp("r") / ("r.nii.gz" if packed else "r.nii")
    content = header_bytes()[:40] + content if honest else content
    path.write_bytes(gzip.compress(content) if packed else content + b"x")
    expect_refusal(path, InputError)


@settings(max_examples=120)
@given(place=st.integers(0, 347), value=st.integers(0, 255))
def test_any_header_byte_changed(tmp_path_factory, place, value):
    block = bytearray(header_bytes() + ARRAY.tobytes(order="F"))
    block[place] = value
    path = tmp_path_factory.mktemp("h") / "h.nii"
    path.write_bytes(block)
    image = read_image_or_none(path)
    assert image is None or image.voxels.shape == image.geometry.shape


@pytest.mark.parametrize(
    "fields",
    [
        {"dim": [3, 32767, 32767, 32767, 1, 1, 1, 1]},
        {"dim": [3, 7, -8, 9, 1, 1, 1, 1]},
        {"dim": [3, 0, 8, 9, 1, 1, 1, 1]},
        {"dim": [99, 7, 8, 9, 1, 1, 1, 1]},
        {"dim": [3, 900, 900, 900, 1, 1, 1, 1]},
        {"vox_offset": 3e9},
        {"vox_offset": np.nan},
        {"vox_offset": -5},
        {"datatype": 4242},
        {"scl_inter": np.inf, "scl_slope": 1.0},
        {"srow_x": [np.nan, 0, 0, 0]},
        {"srow_x": [0, 0, 0, 0]},
    ],
    ids=lambda fields: ",".join(f"{k}={v}" for k, v in fields.items()).replace(" ", ""),
)
@pytest.mark.parametrize("packed", [True, False])
def test_lying_headers__refused_before_allocation(tmp_path, fields, packed):
    content = header_bytes(**fields) + ARRAY.tobytes(order="F")
    path = tmp_path / ("l.nii.gz" if packed else "l.nii")
    path.write_bytes(gzip.compress(content) if packed else content)
    tracemalloc.start()
    expect_refusal(path, InputError)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * MEGABYTE


def test_gzip_bomb__refused_after_the_promised_voxels(tmp_path):
    path = tmp_path / "bomb.nii.gz"
    path.write_bytes(gzip.compress(header_bytes() + ARRAY.tobytes() + b"\0" * (300 * MEGABYTE), 1))
    tracemalloc.start()
    assert "goes on after" in expect_refusal(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * MEGABYTE


def test_gzip_bomb__huge_extension_is_not_read(tmp_path):
    extension = b"\1\0\0\0" + (300 * MEGABYTE).to_bytes(4, "little") + (0).to_bytes(4, "little")
    content = header_bytes()[:348] + extension + b"\0" * (64 * MEGABYTE)
    path = tmp_path / "bomb.nii.gz"
    path.write_bytes(gzip.compress(content, 1))
    tracemalloc.start()
    read_image_or_none(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * MEGABYTE


def read_image_or_none(path):
    try:
        return read_image(path, choice=ReadingChoice(modality=Modality.MR))
    except InputError:
        return None


def nrrd(**fields):
    base = {
        "type": "uint8", "dimension": "3", "space": "left-posterior-superior", "sizes": "7 8 9",
        "space directions": "(2,0,0) (0,2.5,0) (0,0,3)", "space origin": "(10,20,30)",
        "encoding": "raw", "endian": "little",
    }  # fmt: skip
    lines = [f"{name}: {value}" for name, value in {**base, **fields}.items() if value is not None]
    return ("NRRD0005\n" + "\n".join(lines) + "\n\n").encode()


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"sizes": "70000 70000 70000"}, UnsupportedSeriesError),
        ({"sizes": "7 8"}, UnsupportedSeriesError),
        ({"sizes": "2 7 8 9", "dimension": "4"}, UnsupportedSeriesError),
        ({"sizes": "7 8 nine"}, UnreadableFileError),
        ({"sizes": "700 800 900"}, UnreadableFileError),
        ({"sizes": "7 8 19"}, UnreadableFileError),
        ({"data file": "/etc/hostname"}, UnreadableFileError),
        ({"space": None}, UnsupportedSeriesError),
        ({"space directions": None}, UnsupportedSeriesError),
        ({"space directions": "(0.001,0,0) (0,2.5,0) (0,0,3)"}, UnsupportedSeriesError),
        ({"type": "block"}, UnreadableFileError),
    ],
    ids=lambda value: str(value).replace(" ", "_"),
)
def test_nrrd__lying_headers(tmp_path, fields, kind):
    (tmp_path / "n.nrrd").write_bytes(nrrd(**fields) + bytes(504))
    with pytest.raises(kind) as caught:
        read_labels(tmp_path / "n.nrrd", INSTANCE_SCHEME)
    assert "\n" not in str(caught.value)


def test_nrrd__the_honest_one_reads(tmp_path):
    (tmp_path / "n.nrrd").write_bytes(nrrd() + bytes(range(252)) * 2)
    labels = read_labels(tmp_path / "n.nrrd", INSTANCE_SCHEME)
    assert labels.codes[1, 0, 0] == 1
    np.testing.assert_allclose((-10, -20, 30), labels.geometry.affine_ras[:3, 3])
