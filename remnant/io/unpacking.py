"""Unpacking what zlib packed, no more of it than was promised, and not without its checksum."""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from remnant.core.errors import UnreadableFileError

CHUNK_BYTES: Final = 1 << 20
ZLIB_OR_GZIP: Final = 32 + zlib.MAX_WBITS


def unpacked(stream: IO[bytes], *, most_bytes: int, path: Path) -> Iterator[bytes]:
    """Yield what a zlib or gzip stream holds, which must end by itself within ``most_bytes``.

    Raises
    ------
    UnreadableFileError
        It is cut short, damaged (its checksum does not fit), or holds more.
    """
    unpacker, count = zlib.decompressobj(ZLIB_OR_GZIP), 0
    try:
        while not unpacker.eof:
            packed = unpacker.unconsumed_tail or stream.read(CHUNK_BYTES)
            if not packed:
                raise UnreadableFileError(f"{path} is truncated: its packed voxels end early")
            piece = unpacker.decompress(packed, CHUNK_BYTES)
            count += len(piece)
            if count > most_bytes:
                raise UnreadableFileError(f"{path} holds more than its header promises: damaged")
            yield piece
    except zlib.error as fault:
        raise UnreadableFileError(f"{path} is damaged: its packed voxels do not unpack") from fault
