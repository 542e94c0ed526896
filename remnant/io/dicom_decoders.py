"""Compressed frames into numbers, by transfer syntax.

imagecodecs decodes the JPEG kinds, pydicom run lengths. GDCM, which SimpleITK holds too, and other
decoders of run lengths are not used: damaged data end the whole process there. What a frame says of
its own size is read before it is decoded, so that nothing large is allocated for a lie.
"""

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels import get_decoder, iter_pixels
from pydicom.uid import UID, RLELossless

from remnant.core.errors import UnreadableFileError, UnsupportedSeriesError
from remnant.io.encapsulated import encapsulated_frames
from remnant.io.printing import printable
from remnant.io.stored_pixels import NATIVE, PIXEL_DATA, StoredPixels, stored_pixels

JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"
JPEG2000_START: Final = b"\xff\x4f\xff\x51"
LONGEST_BOXES_BYTES: Final = 4096
MOST_TILES: Final = 4096
# start of frame of every process; C4, C8 and CC among them mean other things
FRAME_MARKERS: Final = frozenset((*range(0xC0, 0xD0), 0xF7)) - {0xC4, 0xC8, 0xCC}
MARKER_START: Final = 0xFF
BARE_MARKERS: Final = frozenset((0x01, *range(0xD0, 0xD9)))
START_OF_SCAN: Final = 0xDA

Numbers = NDArray[np.generic]


def _jpeg(frame: bytes, pixels: StoredPixels) -> Numbers:
    from imagecodecs import jpeg8_decode

    _require_size(_jpeg_size(frame), pixels)
    return np.asarray(jpeg8_decode(frame))


def _jpeg_ls(frame: bytes, pixels: StoredPixels) -> Numbers:
    from imagecodecs import jpegls_decode

    _require_size(_jpeg_size(frame), pixels)
    return np.asarray(jpegls_decode(frame))


def _jpeg_2000(frame: bytes, pixels: StoredPixels) -> Numbers:
    from imagecodecs import jpeg2k_decode

    codestream = _codestream(frame)
    _require_size(_jpeg_2000_size(codestream), pixels)
    return np.asarray(jpeg2k_decode(codestream))


def _rle(frame: bytes, pixels: StoredPixels) -> Numbers:
    numbers, _ = get_decoder(RLELossless).as_array(
        encapsulate([frame], has_bot=False),
        index=0,
        raw=True,
        decoding_plugin="pydicom",
        rows=pixels.rows,
        columns=pixels.columns,
        number_of_frames=1,
        samples_per_pixel=1,
        photometric_interpretation="MONOCHROME2",
        bits_allocated=pixels.bits_allocated,
        bits_stored=pixels.bits_stored,
        pixel_representation=int(pixels.is_signed),
        pixel_keyword="PixelData",
    )
    return np.asarray(numbers)


def _uncompressed(frame: bytes, pixels: StoredPixels) -> Numbers:
    count = pixels.rows * pixels.columns
    return np.frombuffer(frame, pixels.dtype, count=count).reshape(pixels.rows, -1)


def _deflated_frame(frame: bytes, pixels: StoredPixels) -> Numbers:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    return _uncompressed(inflater.decompress(frame, pixels.frame_bytes), pixels)


DECODERS: Final[Mapping[str, Callable[[bytes, StoredPixels], Numbers]]] = {
    "1.2.840.10008.1.2.1.98": _uncompressed,
    "1.2.840.10008.1.2.8.1": _deflated_frame,
    "1.2.840.10008.1.2.4.50": _jpeg,  # baseline
    "1.2.840.10008.1.2.4.51": _jpeg,  # extended, 8 and 12 bits
    "1.2.840.10008.1.2.4.57": _jpeg,  # lossless, process 14
    "1.2.840.10008.1.2.4.70": _jpeg,  # lossless, process 14, first-order prediction
    "1.2.840.10008.1.2.4.80": _jpeg_ls,  # lossless
    "1.2.840.10008.1.2.4.81": _jpeg_ls,  # near-lossless
    "1.2.840.10008.1.2.4.90": _jpeg_2000,  # lossless
    "1.2.840.10008.1.2.4.91": _jpeg_2000,
    "1.2.840.10008.1.2.4.201": _jpeg_2000,  # high throughput, lossless
    "1.2.840.10008.1.2.4.202": _jpeg_2000,  # the same, by resolutions
    "1.2.840.10008.1.2.4.203": _jpeg_2000,  # high throughput
    "1.2.840.10008.1.2.5": _rle,
}
"""For each transfer syntax of encapsulated pixels what decodes one frame."""


def require_decoder(syntax: str) -> None:
    """Raise unless pixels of a transfer syntax can be decoded here.

    Raises
    ------
    UnsupportedSeriesError
        There is no decoder; the syntax is named in the message.
    """
    if syntax not in NATIVE and syntax not in DECODERS:
        raise UnsupportedSeriesError(
            f"the pixels are stored as {printable(UID(syntax).name) or 'nothing named'}, for which "
            f"there is no decoder here; export the series uncompressed or as JPEG 2000"
        )


def decoded(frame: bytes, pixels: StoredPixels) -> Numbers:
    """Return one compressed frame as numbers of shape ``(rows, columns)``.

    Raises
    ------
    UnsupportedSeriesError
        No decoder.
    UnreadableFileError
        The frame has another size than the header says, is cut off, or damaged.
    Exception
        What the decoder raises on damaged data.
    """
    require_decoder(pixels.syntax)
    numbers = DECODERS[pixels.syntax](frame, pixels)
    if numbers.shape != (pixels.rows, pixels.columns):
        raise UnreadableFileError("the pixels have another size than the header says")
    return numbers


def decoded_frames(dataset: Dataset, indices: Sequence[int]) -> Iterator[Numbers]:
    """Return frames of an object that was read with its pixels, in the order of ``indices``.

    Raises
    ------
    UnsupportedSeriesError, UnreadableFileError, Exception
        As `decoded`.
    """
    syntax = UID(str(dataset.file_meta.get("TransferSyntaxUID", "")))
    if dataset.get("BitsAllocated") == 1 and syntax in NATIVE and syntax.is_little_endian:
        yield from _frames_of_bits(dataset, indices)
        return
    if syntax not in DECODERS:
        yield from iter_pixels(dataset, indices=list(indices))
        return
    pixels = stored_pixels(dataset, tag=PIXEL_DATA, offset=0, length=None)
    frames = list(encapsulated_frames(dataset.PixelData, pixels))
    for index in indices:
        yield decoded(frames[index], pixels)


def _frames_of_bits(dataset: Dataset, indices: Sequence[int]) -> Iterator[Numbers]:
    """Return frames of one bit a pixel, which follow each other without a gap.

    pydicom 3.0.2 reads a byte too few where a frame starts within one and ends in one more.
    """
    shape = (int(dataset.Rows), int(dataset.Columns))
    size = shape[0] * shape[1]
    held = np.frombuffer(dataset.PixelData, dtype=np.uint8)
    needed = (size * int(dataset.NumberOfFrames) + 7) // 8
    # shifted bits look like a mask, too: frames of another size, or each padded to whole bytes
    if held.size not in (needed, needed + needed % 2):
        raise ValueError(f"{held.size} bytes instead of {needed}")
    for index in indices:
        first, start = divmod(index * size, 8)
        octets = held[first : first + (start + size + 7) // 8]
        bits = np.unpackbits(octets, bitorder="little")
        yield bits[start : start + size].reshape(shape)


def _require_size(size: tuple[int, int, int], pixels: StoredPixels) -> None:
    if size != (pixels.rows, pixels.columns, 1):
        raise UnreadableFileError("the pixels have another size than the header says")


def _require_end(frame: bytes) -> None:
    # a decoder makes up what is missing at the end; frames are padded with either byte
    if not frame.rstrip(b"\0\xff").endswith(JPEG_END):
        raise UnreadableFileError("the compressed pixels are cut off")


def _jpeg_size(frame: bytes) -> tuple[int, int, int]:
    """Return rows, columns and components of a JPEG or JPEG-LS frame."""
    _require_end(frame)
    place = len(JPEG_START) if frame.startswith(JPEG_START) else len(frame)
    while place + 4 <= len(frame):
        if frame[place] != MARKER_START:
            break
        marker = frame[place + 1]
        if marker == MARKER_START:
            place += 1
        elif marker in BARE_MARKERS:
            place += 2
        elif marker in FRAME_MARKERS:
            _, rows, columns, components = struct.unpack_from(">BHHB", frame, place + 4)
            return rows, columns, components
        elif marker == START_OF_SCAN:
            break
        else:
            place += 2 + struct.unpack_from(">H", frame, place + 2)[0]
    raise UnreadableFileError("the compressed pixels have no header of their own")


def _codestream(frame: bytes) -> bytes:
    """Return the JPEG 2000 codestream; some writers leave it in the boxes of a ``.jp2`` file."""
    _require_end(frame)
    start = frame[:LONGEST_BOXES_BYTES].find(JPEG2000_START)
    if start < 0:
        raise UnreadableFileError("the compressed pixels have no header of their own")
    return frame[start:]


def _jpeg_2000_size(codestream: bytes) -> tuple[int, int, int]:
    """Return rows, columns and components of a JPEG 2000 codestream."""
    right, bottom, left, top, width, height, _, _, components = struct.unpack_from(
        ">8LH", codestream, 8
    )
    rows, columns = bottom - top, right - left
    tiles = -(-right // max(width, 1)) * -(-bottom // max(height, 1))
    if tiles > MOST_TILES:
        raise UnreadableFileError(f"the compressed pixels have more than {MOST_TILES} tiles")
    return rows, columns, components
