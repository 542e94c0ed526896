"""Every transfer syntax gives the numbers that another program compressed, bit for bit."""

import dataclasses
import struct
import zlib
from io import BytesIO

import imagecodecs
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk  # noqa: N813
from hypothesis import event, given
from hypothesis import strategies as st
from pydicom.encaps import encapsulate, encapsulate_extended, generate_frames
from pydicom.pixels import get_encoder, pixel_array
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    JPEG2000MC,
    MPEG2MPML,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from remnant.core.errors import InputError, UnreadableFileError, UnsupportedSeriesError
from remnant.io.dicom_decoders import DECODERS, decoded, require_decoder
from remnant.io.dicom_folder import scan
from remnant.io.dicom_pixels import read_voxels
from remnant.io.dicom_series import catalogue, choose, read_series_voxels
from remnant.io.faults import FOREIGN_FAULTS
from remnant.io.stored_pixels import StoredPixels

ENCAPSULATED, DEFLATED_FRAME = "1.2.840.10008.1.2.1.98", "1.2.840.10008.1.2.8.1"
ROWS, COLUMNS = 40, 33


def described(syntax, bits=16, *, is_signed=False):
    return StoredPixels(
        offset=0,
        length=None,
        keyword="PixelData",
        syntax=syntax,
        rows=ROWS,
        columns=COLUMNS,
        frames=1,
        bits_allocated=8 if bits <= 8 else 16,
        bits_stored=bits,
        high_bit=bits - 1,
        is_signed=is_signed,
    )


def smooth(bits):
    """Numbers of all sizes that a scan of so many bits may hold, with noise in the low ones."""
    rows, columns = np.mgrid[:ROWS, :COLUMNS]
    numbers = (rows * 37 + columns * 11) * (1 << bits) // 2000
    numbers += np.random.default_rng(bits).integers(0, 5, numbers.shape)
    numbers[0, :2] = 0, (1 << bits) - 1
    return (numbers % (1 << bits)).astype(np.uint8 if bits <= 8 else np.uint16)


def written_by_itk(numbers, compressor, folder):
    image = sitk.GetImageFromArray(numbers[None])
    writer = sitk.ImageFileWriter()
    writer.SetImageIO("GDCMImageIO")
    writer.UseCompressionOn()
    writer.SetCompressor(compressor)
    writer.SetFileName(str(folder / "itk.dcm"))
    writer.Execute(image)
    written = pydicom.dcmread(folder / "itk.dcm")
    frame = next(generate_frames(written.PixelData, number_of_frames=1))
    return written.file_meta.TransferSyntaxUID, frame


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize(
    ("compressor", "syntax"),
    [("JPEG", JPEGLosslessSV1), ("JPEG2000", JPEG2000Lossless)],
)
def test_lossless__as_itk_compressed_it(tmp_path, compressor, syntax, bits):
    numbers = smooth(bits)
    written, frame = written_by_itk(numbers, compressor, tmp_path)
    assert written == syntax
    np.testing.assert_array_equal(numbers, decoded(frame, described(syntax, bits)))


@pytest.mark.parametrize("predictor", range(1, 8))
def test_jpeg_lossless__every_predictor_of_process_14(predictor):
    numbers = smooth(12)
    frame = imagecodecs.jpeg8_encode(numbers, lossless=True, bitspersample=12, predictor=predictor)
    np.testing.assert_array_equal(numbers, decoded(frame, described(JPEGLossless, 12)))


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless])
def test_lossless__as_pydicom_compressed_it(syntax, bits):
    numbers = smooth(bits)
    pixels = described(syntax, bits)
    frame = get_encoder(syntax).encode(
        numbers, rows=ROWS, columns=COLUMNS, samples_per_pixel=1, number_of_frames=1,
        bits_allocated=pixels.bits_allocated, bits_stored=bits, pixel_representation=0,
        photometric_interpretation="MONOCHROME2",
    )  # fmt: skip
    np.testing.assert_array_equal(numbers, decoded(frame, pixels))


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("syntax", [HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K])
def test_htj2k__openjph_compresses_and_openjpeg_reads(syntax, bits):
    numbers = smooth(bits)
    frame = imagecodecs.htj2k_encode(numbers, reversible=True)
    np.testing.assert_array_equal(numbers, decoded(frame, described(syntax, bits)))


def test_jpeg_ls__within_the_error_that_was_allowed():
    numbers = smooth(12)
    near = imagecodecs.jpegls_encode(numbers, level=3)
    off = decoded(near, described(JPEGLSNearLossless, 12)).astype(int) - numbers
    assert 0 < np.abs(off).max() <= 3


def test_jpeg_2000__lossy_as_pillow_reads_it():
    from PIL import Image

    frame = imagecodecs.jpeg2k_encode(smooth(12), level=60, codecformat="j2k", reversible=False)
    expected = np.asarray(Image.open(BytesIO(bytes(frame))))
    np.testing.assert_array_equal(expected, decoded(frame, described(JPEG2000, 12)))


def test_jpeg_baseline__as_pillow_reads_it(tmp_path):
    from PIL import Image

    Image.fromarray(smooth(8)).save(tmp_path / "x.jpg", quality=95)
    numbers = decoded((tmp_path / "x.jpg").read_bytes(), described(JPEGBaseline8Bit, 8))
    off = numbers.astype(int) - np.asarray(Image.open(tmp_path / "x.jpg"))
    assert np.abs(off).max() <= 1


def test_jpeg_extended__twelve_bits_as_pydicom_knows_them(pydicom_files):
    dataset = pydicom.dcmread(pydicom_files / "JPGExtended.dcm")
    pixels = dataclasses.replace(
        described(JPEGExtended12Bit, 12), rows=dataset.Rows, columns=dataset.Columns
    )
    numbers = decoded(next(generate_frames(dataset.PixelData, number_of_frames=1)), pixels)
    assert (numbers[420, 140], numbers[230, 120]) == (244, 95)
    itk = sitk.GetArrayFromImage(sitk.ReadImage(str(pydicom_files / "JPGExtended.dcm")))[0]
    np.testing.assert_array_equal(itk, numbers)


def test_frames__not_compressed_but_encapsulated():
    numbers = smooth(16)
    np.testing.assert_array_equal(numbers, decoded(numbers.tobytes(), described(ENCAPSULATED)))
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    frame = deflater.compress(numbers.tobytes()) + deflater.flush()
    np.testing.assert_array_equal(numbers, decoded(frame, described(DEFLATED_FRAME)))
    with pytest.raises(ValueError, match="buffer"):
        decoded(frame[:50], described(DEFLATED_FRAME))


@pytest.mark.parametrize(
    "name",
    ["693_J2KI.dcm", "J2K_pixelrep_mismatch.dcm", "MR_small_jpeg_ls_lossless.dcm",
     "MR_small_jp2klossless.dcm", "MR_small_RLE.dcm", "MR_small_expb.dcm"],
)  # fmt: skip
def test_pydicom_files__as_pydicoms_own_decoders_read_them(pydicom_files, name):
    dataset = pydicom.dcmread(pydicom_files / name)
    plane = scan(pydicom_files / name).slices[0]
    plane = dataclasses.replace(plane, slope=1.0, intercept=0.0, padding=None)
    np.testing.assert_array_equal(pixel_array(dataset, raw=True).T, read_voxels([plane])[..., 0])


SIGNED = {
    "raw": lambda numbers: (ENCAPSULATED, numbers.tobytes()),
    "jpeg": lambda numbers: (
        JPEGLosslessSV1,
        imagecodecs.jpeg8_encode(numbers.view(np.uint16) & 0xFFF, lossless=True, bitspersample=12),
    ),
    "jpeg-ls": lambda numbers: (
        JPEGLSLossless,
        imagecodecs.jpegls_encode(numbers.view(np.uint16) & 0xFFF),
    ),
    "j2k": lambda numbers: (
        JPEG2000Lossless,
        imagecodecs.jpeg2k_encode(numbers, level=0, codecformat="j2k", bitspersample=12),
    ),
    "htj2k": lambda numbers: (HTJ2KLossless, imagecodecs.htj2k_encode(numbers, reversible=True)),
}


@pytest.mark.parametrize("way", SIGNED)
def test_series__compressed_signed_numbers_of_twelve_bits(phantom, tmp_path, way):
    pixels = (phantom().pixels.astype(int) - 1024).astype(np.int16)
    made = phantom(pixels=pixels, intercept=0, extra={"BitsStored": 12, "HighBit": 11})
    for k in range(12):
        plane = made.plane(k)
        syntax, frame = SIGNED[way](pixels[k])
        plane.file_meta.TransferSyntaxUID = syntax
        plane.PixelData = encapsulate([bytes(frame)])
        plane["PixelData"].is_undefined_length = True
        plane.save_as(tmp_path / str(k))
    np.testing.assert_array_equal(pixels.transpose(2, 1, 0), read(tmp_path))


def read(folder):
    return read_series_voxels(choose(catalogue(folder), wanted=None, name="folder"))


@pytest.mark.parametrize("fragments", [1, 3])
@pytest.mark.parametrize("table", ["none", "basic", "extended"])
def test_multi_frame__fragments_and_offset_tables(
    enhanced, make_pixels, tmp_path, fragments, table
):
    pixels = make_pixels(12)
    dataset = enhanced(pixels)
    frames = [bytes(imagecodecs.jpegls_encode(plane)) for plane in pixels]
    if table == "extended":
        if fragments > 1:
            pytest.skip("such a table allows one fragment a frame")
        dataset.PixelData, offsets, lengths = encapsulate_extended(frames)
        dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths = offsets, lengths
    else:
        dataset.PixelData = encapsulate(
            frames, fragments_per_frame=fragments, has_bot=table == "basic"
        )
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = JPEGLSLossless
    dataset.save_as(tmp_path / "x")
    expected = pixels[::-1].astype(int).transpose(2, 1, 0) - 1024
    np.testing.assert_array_equal(expected, read(tmp_path / "x"))


def test_multi_frame__slope_of_each_frame(enhanced, make_pixels, tmp_path):
    pixels = make_pixels(12)
    dataset = enhanced(pixels)
    del dataset.SharedFunctionalGroupsSequence[0].PixelValueTransformationSequence
    for k, frame in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        item = pydicom.Dataset()
        item.RescaleSlope, item.RescaleIntercept = k + 1, -k
        frame.PixelValueTransformationSequence = [item]
    dataset.save_as(tmp_path / "x")
    numbers = np.arange(12)[:, None, None]
    expected = (pixels.astype(int) * (numbers + 1) - numbers)[::-1].transpose(2, 1, 0)
    np.testing.assert_array_equal(expected, read(tmp_path / "x"))


def layout(pixels, **facts):
    """Write stored numbers with other facts of their layout."""

    def changed(plane, k):
        plane.PixelData = pixels[k].tobytes()
        for name, value in facts.items():
            setattr(plane, name, value)
        return plane

    return changed


def test_layout__overlay_in_the_high_bits(phantom, tmp_path):
    made = phantom()
    marked = made.pixels | 0x1000
    marked[:, ::2] |= 0x8000
    change = layout(marked, BitsStored=12, HighBit=11)
    for k in range(12):
        change(made.plane(k), k).save_as(tmp_path / str(k))
    np.testing.assert_array_equal(made.pixels.transpose(2, 1, 0).astype(int) - 1024, read(tmp_path))


def test_layout__numbers_in_the_high_bits(phantom, tmp_path):
    made = phantom()
    change = layout(made.pixels << 4 | 5, BitsStored=12, HighBit=15)
    for k in range(12):
        change(made.plane(k), k).save_as(tmp_path / str(k))
    np.testing.assert_array_equal(made.pixels.transpose(2, 1, 0).astype(int) - 1024, read(tmp_path))


def test_layout__signed_twelve_bits_with_rubbish_above(phantom, tmp_path):
    true = phantom().pixels.astype(int) - 1024
    made = phantom(intercept=0)
    change = layout(
        (true & 0xFFF | 0x6000).astype(np.uint16),
        BitsStored=12, HighBit=11, PixelRepresentation=1,
    )  # fmt: skip
    for k in range(12):
        change(made.plane(k), k).save_as(tmp_path / str(k))
    np.testing.assert_array_equal(true.transpose(2, 1, 0), read(tmp_path))


@pytest.mark.parametrize(
    ("dtype", "facts"),
    [
        (np.uint8, {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}),
        (np.int8, {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelRepresentation": 1}),
        (np.uint32, {"BitsAllocated": 32, "BitsStored": 32, "HighBit": 31}),
        (np.int32, {"BitsAllocated": 32, "BitsStored": 32, "HighBit": 31,
                    "PixelRepresentation": 1}),
    ],
)  # fmt: skip
def test_layout__numbers_of_other_sizes(phantom, tmp_path, dtype, facts):
    pixels = (phantom().pixels % 101).astype(dtype)
    if pixels.itemsize == 4:
        pixels[0, 0, 0] = 3_000_017
    made = phantom(modality="MR", intercept=0)
    change = layout(pixels, **facts)
    for k in range(12):
        change(made.plane(k), k).save_as(tmp_path / str(k))
    voxels = read(tmp_path)
    np.testing.assert_array_equal(pixels.transpose(2, 1, 0), voxels)
    assert voxels.dtype == (np.int32 if pixels.itemsize == 4 else np.int16)


@pytest.mark.parametrize(
    ("keyword", "dtype"), [("FloatPixelData", np.float32), ("DoubleFloatPixelData", np.float64)]
)
def test_layout__real_numbers(phantom, tmp_path, keyword, dtype):
    made = phantom(modality="MR", intercept=0)
    pixels = (made.pixels / 7).astype(dtype)
    for k in range(12):
        plane = made.plane(k)
        del plane.PixelData
        plane.BitsAllocated = dtype().itemsize * 8
        for name in ("BitsStored", "HighBit", "PixelRepresentation"):
            delattr(plane, name)
        setattr(plane, keyword, pixels[k].tobytes())
        plane.save_as(tmp_path / str(k))
    voxels = read(tmp_path)
    np.testing.assert_allclose(pixels.transpose(2, 1, 0), voxels, rtol=1e-6)
    assert voxels.dtype == np.float32
    pixels[3, 2, 1] = np.nan
    plane.SOPInstanceUID, plane[keyword].value = "1.9", pixels[3].tobytes()
    plane.save_as(tmp_path / "11")
    with pytest.raises(UnreadableFileError, match="not finite"):
        read(tmp_path)


@pytest.mark.parametrize("syntax", [MPEG2MPML, JPEG2000MC, "1.2.840.10008.1.2.4.110", "1.2.3"])
def test_refused__no_decoder(syntax):
    with pytest.raises(UnsupportedSeriesError, match="no decoder here"):
        require_decoder(syntax)


FRAMES = {
    JPEGLosslessSV1: lambda: imagecodecs.jpeg8_encode(smooth(12), lossless=True, bitspersample=12),
    JPEGExtended12Bit: lambda: imagecodecs.jpeg8_encode(smooth(12), bitspersample=12, level=95),
    JPEGBaseline8Bit: lambda: imagecodecs.jpeg8_encode(smooth(8), level=95),
    JPEGLSLossless: lambda: imagecodecs.jpegls_encode(smooth(12)),
    JPEG2000Lossless: lambda: imagecodecs.jpeg2k_encode(smooth(12), level=0, codecformat="j2k"),
    HTJ2KLossless: lambda: imagecodecs.htj2k_encode(smooth(12), reversible=True),
}


@pytest.mark.parametrize("syntax", FRAMES)
def test_refused__another_size_or_cut_off(syntax):
    frame = bytes(FRAMES[syntax]())
    pixels = described(syntax, 12)
    assert decoded(frame, pixels).shape == (ROWS, COLUMNS)
    with pytest.raises(UnreadableFileError, match="another size"):
        decoded(frame, dataclasses.replace(pixels, rows=ROWS + 1))
    with pytest.raises(UnreadableFileError, match="cut off"):
        decoded(frame[:-40], pixels)
    with pytest.raises(UnreadableFileError, match="header of their own"):
        decoded(b"\xff\xd8\xff\xda" + b"\xff\xd9", pixels)


@pytest.mark.parametrize("syntax", FRAMES)
@given(data=st.data())
def test_damaged__ends_in_an_error_that_is_named(syntax, data):
    frame = bytearray(FRAMES[syntax]())
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert decoded(bytes(frame), described(syntax, 12)).shape == (ROWS, COLUMNS)
    except (InputError, *FOREIGN_FAULTS):
        event("refused")


def test_bomb__size_of_a_jpeg_2000_frame_is_read_before_it_is_believed():
    frame = bytearray(FRAMES[JPEG2000Lossless]())
    struct.pack_into(">2L", frame, 8, 1 << 30, 1 << 30)
    with pytest.raises(UnreadableFileError, match="tiles"):
        decoded(bytes(frame), described(JPEG2000Lossless, 12))
    struct.pack_into(">2L", frame, 24, 1 << 30, 1 << 30)
    with pytest.raises(UnreadableFileError, match="another size"):
        decoded(bytes(frame), described(JPEG2000Lossless, 12))


def test_decoders__are_all_known_by_pydicom_by_name():
    assert [uid for uid in DECODERS if pydicom.uid.UID(uid).is_private] == []
