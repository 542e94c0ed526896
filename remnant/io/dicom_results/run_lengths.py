"""DICOM's RLE Lossless for label maps (PS3.5, annex G), its runs packed by imagecodecs.

pydicom packs them in Python, which takes longer than all else that a label map needs.
"""

from typing import Any, Final

import numpy as np
from imagecodecs import packbits_encode
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import RLELossless

MOST_SEGMENTS: Final = 15
HEADER_BYTES: Final = 64


def compress_runs(image: Dataset) -> None:
    """Compress the frames of an image of one sample a pixel in place.

    Parameters
    ----------
    image
        With native little-endian pixels of 8 or 16 bits.
    """
    kind = np.dtype(f"<u{image.BitsAllocated // 8}")
    size = (image.NumberOfFrames, image.Rows, image.Columns)
    count = int(np.prod(size))
    frames = np.frombuffer(image.PixelData, dtype=kind, count=count).reshape(size)
    image.PixelData = encapsulate([_packed(frame) for frame in frames])
    image["PixelData"].VR = "OB"
    image["PixelData"].is_undefined_length = True
    image.file_meta.TransferSyntaxUID = RLELossless


def _packed(frame: NDArray[Any]) -> bytes:
    """Pack each byte of the pixels apart, the highest first, row by row."""
    octets = frame.view(np.uint8).reshape(*frame.shape, frame.itemsize)[..., ::-1]
    parts = [
        _even(packbits_encode(np.ascontiguousarray(plane))) for plane in np.moveaxis(octets, -1, 0)
    ]
    starts = HEADER_BYTES + np.cumsum([0, *(len(part) for part in parts[:-1])])
    header = np.zeros(1 + MOST_SEGMENTS, dtype="<u4")
    header[0], header[1 : 1 + len(parts)] = len(parts), starts
    return header.tobytes() + b"".join(parts)


def _even(part: bytes | bytearray) -> bytes:
    return bytes(part) + b"\0" * (len(part) % 2)
