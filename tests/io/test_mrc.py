"""MRC files made by hand, as their published layout says."""

import struct

import numpy as np
import pytest

from remnant.core.errors import UnreadableFileError, UnsupportedSeriesError
from remnant.io.mrc import MOST_VOXELS, read_mrc

VOXELS = np.arange(2 * 3 * 4, dtype="<i2").reshape(2, 3, 4) - 5


def mrc(voxels=VOXELS, mode=1, extended=b"", **changed):
    """Bytes of a file; ``changed`` puts ``(format, value...)`` at byte ``atN``."""
    header = bytearray(1024)
    struct.pack_into("<4i", header, 0, *voxels.shape[::-1], mode)
    struct.pack_into("<3i", header, 64, 1, 2, 3)
    struct.pack_into("<i", header, 92, len(extended))
    header[208:212], header[212:214] = b"MAP ", b"DD"
    for place, (form, *values) in changed.items():
        struct.pack_into(form, header, int(place.removeprefix("at")), *values)
    return bytes(header) + extended + voxels.tobytes()


@pytest.mark.parametrize(("mode", "kind"), [(0, "i1"), (1, "<i2"), (2, "<f4"), (6, "<u2")], ids=str)
def test_read_mrc__gives_every_kind_of_number_slowest_axis_first(mode, kind):
    voxels = (VOXELS + 5).astype(kind)
    found = read_mrc(mrc(voxels, mode), name="a.mrc")
    assert voxels.dtype == found.dtype
    np.testing.assert_array_equal(voxels, found)


def test_read_mrc__passes_over_an_extended_header():
    np.testing.assert_array_equal(VOXELS, read_mrc(mrc(extended=b"x" * 80), name="a.mrc"))


@pytest.mark.parametrize(
    ("content", "fault", "words"),
    [
        (b"", UnreadableFileError, "is no MRC file"),
        (mrc(at208=("4s", b"PAM ")), UnreadableFileError, "is no MRC file"),
        (mrc()[:-1], UnreadableFileError, "1071 bytes where its header promises 1072"),
        (mrc() + b"x", UnreadableFileError, "1073 bytes where its header promises 1072"),
        (mrc(at92=("<i", -8)), UnreadableFileError, "fetch it again"),
        (mrc(at212=("2s", b"\x11\x11")), UnsupportedSeriesError, "byte order"),
        (mrc(at64=("<3i", 3, 2, 1)), UnsupportedSeriesError, r"axes \(3, 2, 1\)"),
        (mrc(mode=4), UnsupportedSeriesError, "mode 4; read are"),
        (mrc(at0=("<i", 0)), UnsupportedSeriesError, "2 × 3 × 0 voxels"),
        (mrc(at0=("<3i", 2048, 2048, 2048)), UnsupportedSeriesError, f"{MOST_VOXELS} in all"),
    ],
)
def test_read_mrc__refuses_what_it_does_not_read(content, fault, words):
    with pytest.raises(fault, match=words) as refused:
        read_mrc(content, name="a.mrc")
    assert str(refused.value).startswith("a.mrc ")
