"""Segmentations of 3D Slicer: ``.seg.nrrd``, with one layer or with overlapping ones.

The form: slicer.readthedocs.io, developer guide, "Segmentation labelmap file format". Each segment
has an index N; ``SegmentN_Layer`` and ``SegmentN_LabelValue`` say where its voxels are, and its
names and terminology say what it is. The file holds only the box around what is not empty.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remnant.core.codes import present_codes
from remnant.core.errors import InputError, UnreadableFileError, UnsupportedSeriesError
from remnant.core.findings import Finding, quality_finding
from remnant.core.geometry import Geometry
from remnant.core.volumes import LARGEST_CODE
from remnant.io.file_kinds import FileKind, kind_of
from remnant.io.limits import LARGEST_VOXEL_COUNT
from remnant.io.named_segments import NamedSegments, Piece
from remnant.io.nrrd import LayeredNrrd, nrrd_texts, read_layered_nrrd
from remnant.io.seg_nrrd_writing import REFERENCE_GRID, TAG_OF_CODE, TAG_OF_MAP
from remnant.io.segment_terms import Code, OwnCode, SegmentLabel

_INDEX = re.compile(r"Segment(\d{1,5})_(?:ID|Name|LabelValue|Layer|Tags)")
_WHOLE_NUMBER = re.compile(r"\d{1,5}")
MOST_SEGMENTS = 2000
REPRESENTATIONS = ("Segmentation_SourceRepresentation", "Segmentation_MasterRepresentation")
"""Keys, now and before 2022, of how the segments are stored."""
TERMINOLOGY = "TerminologyEntry"
GRID_NUMBERS = 22
CATEGORY, KIND, MODIFIER, REGION, REGION_MODIFIER = 1, 2, 3, 5, 6
"""Places in a terminology entry; 0 and 4 name its contexts."""


def is_slicer_segmentation(path: Path) -> bool:
    """Tell whether a file is an NRRD that names its segments.

    Raises
    ------
    UnreadableFileError
        It is missing, empty, or named as NRRD and damaged.
    """
    return kind_of(path) is FileKind.NRRD and any(_INDEX.fullmatch(key) for key in nrrd_texts(path))


def read_slicer_segmentation(path: Path) -> NamedSegments:
    """Read a segmentation that 3D Slicer saved.

    Raises
    ------
    UnreadableFileError, UnsupportedSeriesError
        As for other NRRD files; a segment that points at a layer or value that cannot be, or voxels
        that are not a binary label map (3D Slicer can save fractional ones too).
    InputError
        A value is not a whole number.
    """
    image = read_layered_nrrd(path)
    if any("fractional" in image.texts.get(key, "").lower() for key in REPRESENTATIONS):
        raise UnsupportedSeriesError(f"{path} holds fractions; export it as a binary label map")
    indices = sorted({int(m[1]) for key in image.texts if (m := _INDEX.fullmatch(key))})
    if len(indices) > MOST_SEGMENTS:
        raise UnsupportedSeriesError(
            f"{path} names {len(indices)} segments; at most {MOST_SEGMENTS}"
        )
    places = {number: _place(image, number, path) for number in indices}
    if len(set(places.values())) < len(places):
        raise UnreadableFileError(
            f"{path} gives two of its segments the same voxels (one layer and one value); save it "
            f"again"
        )
    single = len(image.layers) == 1
    labels = (_label(image.texts, n, places[n][1] if single else None) for n in indices)

    def pieces(wanted: Collection[int]) -> Iterator[Piece]:
        for number in wanted:
            layer, value = places[number]
            for k in range(image.geometry.shape[2]):
                yield number, k, image.layers[layer][:, :, k] == value

    return NamedSegments(
        geometry=image.geometry,
        labels=tuple(labels),
        pieces=pieces,
        quality=_unnamed_values(image, frozenset(places.values())),
        leaves_out_empty=True,
        whole_grid=_whole_grid(image.texts),
    )


def _whole_grid(texts: Mapping[str, str]) -> Geometry | None:
    """Return the grid of the image that a segmentation was drawn on, where its file says so."""
    parameters = texts.get("Segmentation_ConversionParameters", "").split("&")
    found = (text.split("|") for text in parameters if text.startswith(f"{REFERENCE_GRID}|"))
    numbers = next((parts[1] for parts in found), "").strip(";").split(";")
    try:
        values = np.array(numbers, dtype=np.float64)
        first, sizes = values[16::2], values[17::2] + 1
        if values.size != GRID_NUMBERS or first.any() or not 0 < sizes.prod() < LARGEST_VOXEL_COUNT:
            return None
        i, j, k = map(int, sizes)
        return Geometry((i, j, k), values[:16].reshape(4, 4))
    except (ValueError, InputError):
        return None


def _unnamed_values(image: LayeredNrrd, named: frozenset[tuple[int, int]]) -> tuple[Finding, ...]:
    stored = {(n, value) for n, layer in enumerate(image.layers) for value in _values(layer)}
    count = len(stored - named)
    if not count:
        return ()
    return (quality_finding("seg_nrrd_unnamed", passed=None, value=float(count)),)


def _values(layer: NDArray[Any]) -> frozenset[int]:
    """Return the values of a layer but 0; all negative ones as -1, all too large ones as one."""
    clipped = np.clip(layer.astype(np.int32), -1, LARGEST_CODE + 1) + 1
    return frozenset(code - 1 for code in present_codes(clipped)) - {0}


def _place(image: LayeredNrrd, number: int, path: Path) -> tuple[int, int]:
    """Return the layer and the label value of a segment; files before 2020 had a layer for each."""
    layer_text = image.texts.get(f"Segment{number}_Layer")
    old = layer_text is None and len(image.layers) > 1
    layer = _whole(str(number) if old else layer_text or "0")
    value = _whole(image.texts.get(f"Segment{number}_LabelValue", "1"))
    if (
        layer is None
        or value is None
        or layer >= len(image.layers)
        or not 0 < value <= LARGEST_CODE
    ):
        raise UnreadableFileError(
            f"{path}: segment {number} points at a layer or a value that the file cannot hold; "
            f"save it again"
        )
    return layer, value


def _whole(text: str) -> int | None:
    return int(text) if _WHOLE_NUMBER.fullmatch(text.strip()) else None


def _label(texts: Mapping[str, str], number: int, stored_value: int | None) -> SegmentLabel:
    tags = _tags(texts.get(f"Segment{number}_Tags", ""))
    entry = tags[TERMINOLOGY].split("~") if TERMINOLOGY in tags else []
    codes = {place: _code(entry[place]) for place in range(len(entry))}
    kind = codes.get(KIND)
    elsewhere = [codes.get(place) for place in (MODIFIER, REGION, REGION_MODIFIER)]
    # an identifier stays what it was when the user gives the segment another name
    names = [texts.get(f"Segment{number}_{field}", "").strip() for field in ("Name", "ID")]
    return SegmentLabel(
        number=number,
        names=tuple(name for name in names if name)[:1],
        kinds=() if kind is None else (kind,),
        places=tuple(code for code in elsewhere if code is not None),
        category=codes.get(CATEGORY),
        stored_value=stored_value,
        own=_own_code(tags),
    )


def _tags(text: str) -> dict[str, str]:
    """Return a segment's tags by their keys, the first of each."""
    pairs = (tag.partition(":") for tag in reversed(text.split("|")))
    return {key.strip(): value for key, colon, value in pairs if colon}


def _own_code(tags: Mapping[str, str]) -> OwnCode | None:
    code = _whole(tags.get(TAG_OF_CODE, ""))
    if code is None or not 0 < code <= LARGEST_CODE or TAG_OF_MAP not in tags:
        return None
    return OwnCode(tags[TAG_OF_MAP], code)


def _code(triplet: str) -> Code | None:
    scheme, _, rest = triplet.partition("^")
    value = rest.partition("^")[0]
    return (scheme.strip(), value.strip()) if scheme.strip() and value.strip() else None
