"""A case's own ``.seg.nrrd``, as it was written or after 3D Slicer changed it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from remnant.core.errors import InputError
from remnant.core.labels import LabelScheme
from remnant.core.volumes import LabelMap
from remnant.io.file_kinds import FileKind, kind_of
from remnant.io.named_segments import LESION_MAP, own_numbers
from remnant.io.nrrd import nrrd_texts, voxels_digest
from remnant.io.seg_nrrd import read_slicer_segmentation
from remnant.io.seg_nrrd_writing import LARGEST_BYTE, TAG_OF_MAP, VOXELS_SHA256
from remnant.io.segment_terms import SegmentLabel


def is_as_written(path: Path) -> bool:
    """Tell whether the voxels of a segmentation are still those that were written here.

    Raises
    ------
    UnreadableFileError
        It is missing, empty or no NRRD file.
    """
    return nrrd_texts(path).get(VOXELS_SHA256) == voxels_digest(path)


def holds_own_lesions(path: Path) -> bool:
    """Tell whether a file is a segmentation that was written for a case's map of lesions.

    Raises
    ------
    UnreadableFileError
        It is missing, empty, or named as NRRD and damaged.
    """
    if kind_of(path) is not FileKind.NRRD:
        return False
    tag = f"{TAG_OF_MAP}:{LESION_MAP}|"
    return any(key.endswith("_Tags") and tag in text for key, text in nrrd_texts(path).items())


def read_own_segmentation(path: Path, scheme: LabelScheme) -> LabelMap:
    """Read a segmentation that was written for a map of a case, and perhaps edited since.

    Parameters
    ----------
    path
        The file. Segments keep the code that they were written with; what was added to an open
        scheme (another lesion) has the next free one.
    scheme
        What the codes mean.

    Returns
    -------
    LabelMap
        On the file's own grid, which is cut to what is not empty. Where segments overlap the
        higher code holds: lesions and vessels lie in the liver.

    Raises
    ------
    UnreadableFileError, UnsupportedSeriesError
        As for other segmentations of 3D Slicer.
    InputError
        A segment is none of the map's.
    """
    found = read_slicer_segmentation(path)
    codes = _codes(found.labels, scheme, path)
    kind = np.uint8 if max(codes.values(), default=0) <= LARGEST_BYTE else np.uint16
    painted = np.zeros(found.geometry.shape, dtype=kind, order="F")
    for number, k, where in found.pieces(codes.keys()):
        plane = painted[:, :, k]
        plane[where & (plane < codes[number])] = codes[number]
    return LabelMap(painted, found.geometry, scheme)


def _codes(labels: Sequence[SegmentLabel], scheme: LabelScheme, path: Path) -> dict[int, int]:
    """Return the code of each segment by its number in the file."""
    if scheme.open_ended:
        return own_numbers(labels)
    return {label.number: _code(label, scheme, path) for label in labels}


def _code(label: SegmentLabel, scheme: LabelScheme, path: Path) -> int:
    """Return the code of a segment: its own, or by its name where another program added it."""
    if label.own is not None and label.own.map == scheme.name and scheme.defines(label.own.code):
        return label.own.code
    named = {one.name: int(one.code) for one in scheme.labels}
    code = next((named[name] for name in label.names if name in named), None)
    if code is None:
        raise InputError(
            f"{path} holds the segment {label.describe()}, which is none of {', '.join(named)}; "
            f"name it after one of these, or remove it"
        )
    return code
