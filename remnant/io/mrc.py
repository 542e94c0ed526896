"""Voxels of an MRC file, the plain format of electron microscopy: a header, then the voxels.

Only what the demo's liver is stored as is read: little-endian, axes in the order x, y, z.
"""

import struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.errors import UnreadableFileError, UnsupportedSeriesError

HEADER_BYTES: Final = 1024
MODE_AT: Final = 12
AXES_AT: Final = 64
EXTENDED_AT: Final = 92
STAMPS_AT: Final = 208
STAMP: Final = b"MAP "
LITTLE_ENDIAN: Final = (b"DD", b"DA")
TYPES: Final = {0: "i1", 1: "<i2", 2: "<f4", 6: "<u2"}
LONGEST_AXIS: Final = 2048
MOST_VOXELS: Final = 2**27


def read_mrc(content: bytes, *, name: str) -> NDArray[Any]:
    """Return the voxels, slowest axis first: of axes x, y, z shape ``(z, y, x)``.

    Parameters
    ----------
    content
        The whole file.
    name
        What to call it in errors.

    Raises
    ------
    UnreadableFileError
        It is no MRC file, or does not end where its header says.
    UnsupportedSeriesError
        Its byte order, order of axes, kind of numbers or size is none that is read.
    """
    if len(content) < HEADER_BYTES or content[STAMPS_AT : STAMPS_AT + len(STAMP)] != STAMP:
        raise UnreadableFileError(f"{name} is no MRC file: its header has no stamp 'MAP '")
    fast, middle, slow, mode = struct.unpack_from("<4i", content)
    axes = struct.unpack_from("<3i", content, AXES_AT)
    (extended,) = struct.unpack_from("<i", content, EXTENDED_AT)
    shape = (slow, middle, fast)
    _require_kind(content[STAMPS_AT + 4 : STAMPS_AT + 6], axes, mode, name)
    _require_size(shape, name)
    kind = np.dtype(TYPES[mode])
    whole = HEADER_BYTES + extended + slow * middle * fast * kind.itemsize
    if extended < 0 or len(content) != whole:
        raise UnreadableFileError(
            f"{name} has {len(content)} bytes where its header promises {whole}; fetch it again"
        )
    return np.frombuffer(content, kind, offset=HEADER_BYTES + extended).reshape(shape)


def _require_kind(order: bytes, axes: tuple[int, ...], mode: int, name: str) -> None:
    if order not in LITTLE_ENDIAN or axes != (1, 2, 3) or mode not in TYPES:
        raise UnsupportedSeriesError(
            f"{name} is an MRC file of byte order {order!r}, axes {axes} and mode {mode}; read are "
            f"little-endian ones, axes (1, 2, 3), modes {', '.join(map(str, TYPES))}"
        )


def _require_size(shape: tuple[int, int, int], name: str) -> None:
    slow, middle, fast = shape
    fits = all(1 <= size <= LONGEST_AXIS for size in shape)
    if not fits or slow * middle * fast > MOST_VOXELS:
        raise UnsupportedSeriesError(
            f"{name} has {slow} × {middle} × {fast} voxels; allowed are 1 to {LONGEST_AXIS} on an "
            f"axis and {MOST_VOXELS} in all"
        )
