"""Label maps as segmentations of 3D Slicer: names, colours, terminology and origins of each label.

The form: slicer.readthedocs.io, developer guide, "Segmentation labelmap file format". As 3D Slicer
does, only the box around what is not empty is stored; the whole grid stands in the header.
"""

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from remnant.core.boxes import box_geometry, box_start, filled_box
from remnant.core.geometry import Geometry, Shape3
from remnant.core.lesions import Confirmation
from remnant.core.map_description import MapDescription, NamedLabel
from remnant.core.volumes import LabelMap
from remnant.io.atomic import atomic_path
from remnant.io.dicom_results.codes import ALGORITHM_TYPES, CodedTerm, label_codes
from remnant.io.frames import lps_from_ras

GZIP_LEVEL: Final = 1
LARGEST_BYTE: Final = np.iinfo(np.uint8).max
TYPES: Final = {np.dtype(np.uint8): "unsigned char", np.dtype(np.uint16): "unsigned short"}
VOXELS_SHA256: Final = "remnant_VoxelsSha256"
"""Header key: digest of the stored voxels. Other programs leave it out when they save the file."""
REFERENCE_GRID: Final = "Reference image geometry"
"""Conversion parameter: the whole grid, as 16 numbers of its RAS matrix and 6 of its extent."""
TAG_OF_MAP, TAG_OF_CODE, TAG_OF_ORIGIN = "remnant.Map", "remnant.Code", "remnant.Origin"
"""Tags of a segment, which 3D Slicer keeps through every edit."""
STATUS: Final = {Confirmation.CONFIRMED: "completed", Confirmation.REJECTED: "flagged"}
TYPE_LIST: Final = "Segmentation category and type - DICOM master list"
REGION_LIST: Final = "Anatomic codes - DICOM master list"


@dataclass(frozen=True, slots=True, eq=False)
class FilledPiece:
    """The box of a map that is not empty, one voxel where nothing is there.

    ``start`` is the index of its first voxel in ``whole``, the map's own grid.
    """

    codes: NDArray[Any]
    geometry: Geometry
    start: Shape3
    whole: Geometry


def filled_piece(labels: LabelMap) -> FilledPiece:
    """Cut the box around what is not empty out of a map, in bytes where its codes fit."""
    box = filled_box(labels.codes) or (slice(0, 1), slice(0, 1), slice(0, 1))
    codes = labels.codes[box]
    kind = np.uint8 if codes.max() <= LARGEST_BYTE else np.uint16
    geometry = box_geometry(labels.geometry, box)
    return FilledPiece(codes.astype(kind, copy=False), geometry, box_start(box), labels.geometry)


def write_seg_nrrd(piece: FilledPiece, description: MapDescription, path: Path) -> None:
    """Write a map as ``.seg.nrrd``, whole or not at all; the same map gives the same bytes.

    Labels without a voxel are left out.

    Raises
    ------
    InputError
        The folder cannot be written.
    """
    packed = gzip.compress(piece.codes.tobytes(order="F"), GZIP_LEVEL, mtime=0)
    lines = (*_fields(piece), *_facts(piece, packed), *_segments(piece, description))
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        stream.write("\n".join((*lines, "", "")).encode())
        stream.write(packed)


def _fields(piece: FilledPiece) -> tuple[str, ...]:
    matrix = piece.geometry.affine_ras
    steps = " ".join(_vector(column) for column in lps_from_ras(matrix[:3, :3].T))
    return (
        "NRRD0004",
        "# Complete NRRD file format specification at:",
        "# http://teem.sourceforge.net/nrrd/format.html",
        f"type: {TYPES[piece.codes.dtype]}",
        "dimension: 3",
        "space: left-posterior-superior",
        f"sizes: {' '.join(map(str, piece.codes.shape))}",
        f"space directions: {steps}",
        "kinds: domain domain domain",
        "endian: little",
        "encoding: gzip",
        f"space origin: {_vector(lps_from_ras(matrix[:3, 3]))}",
    )


def _vector(numbers: NDArray[np.float64]) -> str:
    return f"({','.join(map(_number, numbers))})"


def _number(number: float) -> str:
    """Return a number with every digit that it has; zero without a sign."""
    return repr(float(number) + 0.0)


def _facts(piece: FilledPiece, packed: bytes) -> tuple[str, ...]:
    grid = piece.whole
    extent = " ".join(f"0;{size - 1};" for size in grid.shape).replace(" ", "")
    matrix = "".join(f"{_number(x)};" for x in grid.affine_ras.ravel())
    words = "Image geometry description string determining the geometry of the labelmap."
    return (
        "Segmentation_ContainedRepresentationNames:=Binary labelmap|",
        f"Segmentation_ConversionParameters:={REFERENCE_GRID}|{matrix}{extent}|{words}&",
        # the key that is read now, and the one before 2022
        "Segmentation_SourceRepresentation:=Binary labelmap",
        "Segmentation_MasterRepresentation:=Binary labelmap",
        f"Segmentation_ReferenceImageExtentOffset:={' '.join(map(str, piece.start))}",
        f"{VOXELS_SHA256}:={hashlib.sha256(packed).hexdigest()}",
    )


def _segments(piece: FilledPiece, description: MapDescription) -> Iterator[str]:
    from scipy.ndimage import find_objects

    boxes = dict(enumerate(find_objects(piece.codes), start=1))
    there = [label for label in description.labels if boxes.get(label.code) is not None]
    for number, label in enumerate(there):
        extent = " ".join(f"{side.start} {side.stop - 1}" for side in boxes[label.code])
        for field, text in _segment(label, description, extent).items():
            yield f"Segment{number}_{field}:={text}"


def _segment(label: NamedLabel, description: MapDescription, extent: str) -> dict[str, str]:
    return {
        "Color": " ".join(f"{part / 255:.6f}" for part in label.rgb),
        "ColorAutoGenerated": "0",
        "Extent": extent,
        "ID": f"{description.map}_{label.code}",
        "LabelValue": str(label.code),
        "Layer": "0",
        "Name": label.name,
        "NameAutoGenerated": "0",
        "Tags": "".join(f"{key}:{text}|" for key, text in _tags(label, description).items()),
    }


def _tags(label: NamedLabel, description: MapDescription) -> dict[str, str]:
    known = label.confirmation
    status = "notstarted" if known is None else STATUS.get(known, "notstarted")
    algorithm = ALGORITHM_TYPES.get(label.origin)
    name = " ".join(f"{name} {version}" for name, version in description.software.items())
    return {
        "Segmentation.Status": status,
        "TerminologyEntry": terminology(label, description.map),
        **({"DICOM.SegmentAlgorithmType": algorithm} if algorithm else {}),
        **({"DICOM.SegmentAlgorithmName": name} if algorithm and name else {}),
        TAG_OF_MAP: description.map,
        TAG_OF_CODE: str(label.code),
        TAG_OF_ORIGIN: label.origin.value,
    }


def terminology(label: NamedLabel, map_name: str) -> str:
    """Return what a label is as 3D Slicer codes it: category, type, region and their modifiers.

    Examples
    --------
    >>> from remnant.core.map_description import NamedLabel, Origin
    >>> vein = NamedLabel(code=3, name="portal vein", colour="#0000ff", origin=Origin.GIVEN,
    ...                   snomed="32764006")
    >>> terminology(vein, "structures").split("~")[1:3]
    ['SCT^123037004^Anatomical Structure', 'SCT^32764006^Portal vein']
    """
    codes = label_codes(label, map_name)
    category, kind, region = map(_term, (codes.category, codes.kind, codes.region))
    return f"{TYPE_LIST}~{category}~{kind}~^^~{REGION_LIST}~{region}~^^"


def _term(code: CodedTerm | None) -> str:
    return "^^" if code is None else f"{code.scheme}^{code.value}^{code.meaning}"
