"""A volume as the bytes of a ``.nii.gz``, piece by piece, for a reader that takes them at once."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from remnant.core.geometry import Geometry
from remnant.io.nifti import nifti_head

GZIP_LEVEL: Final = 1
GZIP_WINDOW: Final = 31
"""zlib's window of the largest size, with the frame of gzip."""
PIECE_BYTES: Final = 8 * 1024 * 1024


def packed_nifti(voxels: NDArray[Any], geometry: Geometry) -> Iterator[bytes]:
    """Yield a volume as gzipped NIfTI-1, whose sform holds the grid in RAS mm.

    Never more than a few planes are held beside the volume. The same volume gives the same bytes.
    """
    packer = isal_zlib.compressobj(GZIP_LEVEL, isal_zlib.DEFLATED, GZIP_WINDOW)
    yield packer.compress(nifti_head(voxels, geometry))
    planes = voxels.shape[2]
    at_once = max(1, PIECE_BYTES // max(1, voxels.nbytes // planes))
    for start in range(0, planes, at_once):
        piece = voxels[:, :, start : start + at_once]
        little = piece.astype(piece.dtype.newbyteorder("<"), copy=False)
        packed = packer.compress(little.tobytes(order="F"))
        if packed:
            yield packed
    yield packer.flush()


def packed_whole(voxels: NDArray[Any], geometry: Geometry) -> bytes:
    """Return the same in one piece."""
    found = BytesIO()
    for piece in packed_nifti(np.asarray(voxels), geometry):
        found.write(piece)
    return found.getvalue()
