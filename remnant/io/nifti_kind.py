"""Whether a NIfTI file can be a scan, by how its voxels are stored."""

import struct
import zlib
from pathlib import Path
from typing import Final

from remnant.io.file_kinds import HEAD_BYTES, stored_beginning

TYPE_PLACES: Final = {348: 70, 540: 12}
"""Where the type of the voxels stands, by the size of the header."""
BYTE_TYPES: Final = frozenset((1, 2, 256))
"""Bits, unsigned and signed bytes."""


def stores_bytes(path: Path) -> bool:
    """Tell whether the voxels are bytes: too coarse for CT or MR, as label maps are stored.

    ``False`` also for what is no NIfTI file, or cannot be read.
    """
    try:
        head = stored_beginning(path, HEAD_BYTES)
    except (OSError, EOFError, zlib.error):
        return False
    for order in "<>":
        size = struct.unpack_from(f"{order}i", head.ljust(4, b"\0"))[0]
        place = TYPE_PLACES.get(size)
        if place is not None and len(head) >= size:
            return struct.unpack_from(f"{order}h", head, place)[0] in BYTE_TYPES
    return False
