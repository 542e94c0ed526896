"""Frames that are compressed one by one, in the fragments that DICOM keeps them in."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydicom.encaps import generate_frames

from remnant.io.stored_pixels import StoredPixels

ITEM: Final = 0xFFFEE000
DELIMITER: Final = 0xFFFEE0DD


def fragments_end(path: Path, offset: int) -> bool:
    """Tell whether every fragment is whole and the last one is followed by the mark of the end.

    Parameters
    ----------
    path
        The file.
    offset
        Where the first item starts.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        place = offset
        while place + 8 <= size:
            file.seek(place)
            group, element, length = struct.unpack("<HHL", file.read(8).ljust(8, b"\0"))
            tag = group << 16 | element
            if tag == DELIMITER:
                return True
            if tag != ITEM:
                return False
            place += 8 + length
    return False


def encapsulated_frames(content: bytes, pixels: StoredPixels) -> Iterator[bytes]:
    """Return the compressed frames in order.

    Parameters
    ----------
    content
        The pixels' value, from the first item on.
    pixels
        How they are stored.

    Raises
    ------
    ValueError
        The fragments contradict the offset tables or the number of frames.
    """
    yield from generate_frames(
        content, number_of_frames=pixels.frames, extended_offsets=pixels.extended_offsets
    )
