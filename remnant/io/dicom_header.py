"""The header of one DICOM file, recognised by its content, and where its pixels lie.

Archives write the preamble, the mark ``DICM`` and the meta header, or none of them: pydicom reads
such files only when told to take anything for DICOM, so the start of the data is found here first.
"""

import os
import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final

from pydicom import Dataset
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import FileMetaDataset
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag, Tag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32, VR
from pydicom.values import convert_value

from remnant.core.errors import UnreadableFileError, UnsupportedSeriesError
from remnant.io.faults import quiet, reading
from remnant.io.limits import LARGEST_DICOM_HEADER_BYTES, LARGEST_INFLATED_BYTES
from remnant.io.stored_pixels import LAYOUT_TAGS, PIXEL_KEYWORDS, StoredPixels, stored_pixels

PREAMBLE_BYTES: Final = 128
MARK: Final = b"DICM"
HEAD_BYTES: Final = (1 << 15, 1 << 20)
FIRST_GROUPS: Final = (0x0002, 0x0008)
LONGEST_FIRST_VALUE_BYTES: Final = 1024
UNDEFINED_LENGTH: Final = 0xFFFFFFFF
SERIES_TAG: Final = 0x0020000E
AMBIGUOUS: Final = frozenset((b"OB or OW", b"US or SS", b"US or OW", b"US or SS or OW"))
PLAIN: Final = frozenset((VR.CS, VR.DS, VR.IS, VR.UI, VR.US, VR.SS, VR.DA, VR.TM, VR.LO, VR.SH))
"""Value types that do not depend on other elements."""

VALUE_TYPES: Final = frozenset(vr.value.encode("ascii") for vr in VR) - AMBIGUOUS
LONG_VALUE_TYPES: Final = frozenset(vr.encode("ascii") for vr in map(str, EXPLICIT_VR_LENGTH_32))


class HeaderDataset(Dataset):  # type: ignore[misc]  # pydicom has no types
    """The elements of one object that were asked for; most of what is looked up is absent."""

    def __init__(self, elements: Dataset) -> None:
        super().__init__(elements)
        self.set_original_encoding(*elements.original_encoding, elements.original_character_set)
        self._known: dict[str, Any] = {}
        encodings = elements.original_character_set
        self._texts = (encodings,) if isinstance(encodings, str) else tuple(encodings)

    def get(self, key: str | BaseTag, default: Any = None) -> Any:  # noqa: ANN401  (any value)
        """Return the value of an attribute by its keyword, as pydicom does, but faster."""
        if not isinstance(key, str):
            return super().get(key, default)
        if key not in self._known:
            self._known[key] = self._converted(_tag_of(key))
        value = self._known[key]
        return default if value is None else value

    def _converted(self, tag: BaseTag | None) -> Any:  # noqa: ANN401  (any value)
        element = self._dict.get(tag)
        if element is None:
            return None
        if isinstance(element, RawDataElement) and element.value and element.VR in PLAIN:
            return _plain_value(element.VR, element.value, element.is_little_endian, self._texts)
        return self[tag].value


@dataclass(frozen=True, slots=True, eq=False)
class Header:
    """What stands before the pixels of one object; ``pixels`` is ``None`` where it has none.

    ``size`` counts the bytes of the file, or of its content where that was deflated.
    """

    dataset: Dataset
    pixels: StoredPixels | None
    size: int


def is_dicom_file(path: Path) -> bool:
    """Tell by its content whether a file is DICOM, also without preamble, mark or meta header."""
    with path.open("rb") as file:
        return first_element(file.read(HEAD_BYTES[0])) is not None


def dicom_class(path: Path) -> str:
    """Return the class of a DICOM object, ``""`` where it does not say.

    Raises
    ------
    UnreadableFileError
        The header is damaged or too long.
    """
    with quiet(), reading(path, what="DICOM", quote=False):
        header = read_header(path, ("SOPClassUID",))
        if header is None:
            return ""
        meta = header.dataset.file_meta.get("MediaStorageSOPClassUID", "")
        return str(meta or header.dataset.get("SOPClassUID") or "")


def first_element(head: bytes) -> int | None:
    """Return where the first element of a DICOM file starts, ``None`` where it is no DICOM file.

    A file without the mark is DICOM when its first two elements make sense: groups 0002 or 0008,
    rising tags, known value types, short values.
    """
    if head[PREAMBLE_BYTES : PREAMBLE_BYTES + len(MARK)] == MARK:
        return PREAMBLE_BYTES + len(MARK)
    if head.startswith(MARK):
        return len(MARK) if _starts_a_dataset(head[len(MARK) :]) else None
    if _starts_a_dataset(head):
        return 0
    blank = head[:PREAMBLE_BYTES] == b"\0" * PREAMBLE_BYTES
    return PREAMBLE_BYTES if blank and _starts_a_dataset(head[PREAMBLE_BYTES:]) else None


def _starts_a_dataset(content: bytes) -> bool:
    for order in "<>":
        first = _element_at(content, 0, order)
        if first is None or first[0] >> 16 not in FIRST_GROUPS:
            continue
        second = _element_at(content, first[1], order)
        if second is not None and first[0] < second[0] and second[0] >> 16 in FIRST_GROUPS:
            return True
    return False


def _element_at(content: bytes, place: int, order: str) -> tuple[int, int] | None:
    """Return the tag at a place and the place after its value; ``None`` for no short element."""
    if len(content) < place + 8:
        return None
    group, element, kind, length = struct.unpack_from(f"{order}HH2sH", content, place)
    begin = place + 8
    if kind not in VALUE_TYPES:
        # implicit value types are little endian only
        length = struct.unpack_from("<L", content, place + 4)[0] if order == "<" else -1
    elif kind in LONG_VALUE_TYPES:
        begin += 4
        length = struct.unpack_from(f"{order}L", content.ljust(begin, b"\xff"), place + 8)[0]
    fits = 0 <= length <= LONGEST_FIRST_VALUE_BYTES
    return (group << 16 | element, begin + length) if fits else None


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a file, and how many bytes the file has."""

    content: bytes
    size: int


def read_head(path: Path) -> Head:
    """Read the beginning of a file.

    Raises
    ------
    OSError
        The file cannot be opened or read.
    """
    with path.open("rb") as file:
        return Head(file.read(HEAD_BYTES[0]), os.fstat(file.fileno()).st_size)


def read_header(path: Path, tags: tuple[str | int, ...], head: Head | None = None) -> Header | None:
    """Read the elements named by ``tags`` of one file; ``None`` where it is no DICOM file.

    Of a large file only as much is read as its header needs; ``head`` is its beginning where that
    was read already.

    Raises
    ------
    UnreadableFileError
        The header is longer than `LARGEST_DICOM_HEADER_BYTES`.
    UnsupportedSeriesError
        A deflated file is longer than `LARGEST_INFLATED_BYTES` when inflated.
    Exception
        What pydicom raises on damaged headers.
    """
    wanted = _tags((*tags, *LAYOUT_TAGS))
    head = head or read_head(path)
    start = first_element(head.content)
    if start is None:
        return None
    found = _header(path, head, start, wanted)
    for most in (HEAD_BYTES[1], LARGEST_DICOM_HEADER_BYTES):
        if found is None:
            with path.open("rb") as file:
                found = _header(path, Head(file.read(most), head.size), start, wanted)
    if found is not None:
        return found
    raise UnreadableFileError(
        f"{path.name} has a header of more than {LARGEST_DICOM_HEADER_BYTES} bytes"
    )


def read_identifiers(path: Path) -> tuple[str | None, str | None]:
    """Return the UIDs of series and object, as far as a damaged file still names them."""
    names = ("SeriesInstanceUID", "SOPInstanceUID")
    dataset = read_until_series(path, names)
    if dataset is None:
        return None, None
    series, sop = (str(dataset.get(name) or "") for name in names)
    return series or None, sop or None


def read_until_series(
    path: Path, names: tuple[str, ...], head: Head | None = None
) -> Dataset | None:
    """Return the elements named up to SeriesInstanceUID, as far as a file's beginning has them.

    No more than 32 KiB are read; ``head`` is the beginning of the file where that was read already.
    ``None`` where it is no DICOM file.

    Raises
    ------
    OSError
        The file cannot be opened or read.
    Exception
        What pydicom raises on damaged headers.
    """
    content = (head or read_head(path)).content
    start = first_element(content)
    if start is None:
        return None
    stream = BytesIO(content)
    stream.seek(start)
    meta = meta_header(stream)
    if str(meta.get("TransferSyntaxUID", "")) == DeflatedExplicitVRLittleEndian:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        stream = BytesIO(inflater.decompress(stream.read(), len(content)))
    return _dataset(stream, syntax_of(meta, stream), _tags(names), stop_after=SERIES_TAG)


def inflated(content: bytes, most_bytes: int, path: Path) -> bytes:
    """Return what the data after the meta header of a deflated file inflate to.

    Raises
    ------
    UnsupportedSeriesError
        It is more than ``most_bytes``.
    zlib.error
        The data are damaged.
    """
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    whole = inflater.decompress(content, most_bytes)
    if inflater.unconsumed_tail:
        raise UnsupportedSeriesError(
            f"{path} is deflated and holds more than {most_bytes} bytes; export it uncompressed"
        )
    return whole


def inflated_file(path: Path) -> bytes:
    """Return the inflated content of a deflated file, without its meta header."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES[1])
        stream = BytesIO(head)
        stream.seek(first_element(head) or 0)
        meta_header(stream)
        file.seek(stream.tell())
        return inflated(file.read(), LARGEST_INFLATED_BYTES, path)


def _header(path: Path, head: Head, start: int, wanted: list[BaseTag]) -> Header | None:
    stream = BytesIO(head.content)
    stream.seek(start)
    meta = meta_header(stream)
    if str(meta.get("TransferSyntaxUID", "")) == DeflatedExplicitVRLittleEndian:
        content = inflated_file(path)
        return _parsed(BytesIO(content), meta, wanted, size=len(content), is_whole=True)
    return _parsed(stream, meta, wanted, size=head.size, is_whole=len(head.content) == head.size)


def _parsed(
    stream: BytesIO, meta: FileMetaDataset, wanted: list[BaseTag], *, size: int, is_whole: bool
) -> Header | None:
    """Return the header, ``None`` where more of the file must be read to know it."""
    try:
        syntax = syntax_of(meta, stream)
        dataset = _dataset(stream, syntax, wanted)
        dataset.file_meta = meta
        if not meta.get("TransferSyntaxUID"):
            meta.TransferSyntaxUID = syntax
        found = _pixel_element(stream, dataset)
    except Exception:
        # half an element at the end of what was read so far
        if is_whole:
            raise
        return None
    if found is None:
        return Header(dataset, None, size) if is_whole else None
    tag, length = found
    offset = stream.tell()
    return Header(dataset, stored_pixels(dataset, tag=tag, offset=offset, length=length), size)


def meta_header(stream: BinaryIO) -> FileMetaDataset:
    """Read the meta header, empty where there is none; the data set follows in the stream."""
    begin = stream.tell()
    if struct.unpack("<H", stream.read(2).ljust(2, b"\xff"))[0] != FIRST_GROUPS[0]:
        stream.seek(begin)
        return FileMetaDataset()
    stream.seek(begin)
    elements = read_dataset(stream, False, True, stop_when=_is_past_meta)  # noqa: FBT003
    return FileMetaDataset(elements)


def _is_past_meta(tag: BaseTag, value_type: str | None, length: int) -> bool:  # noqa: ARG001
    return bool(tag >> 16 != FIRST_GROUPS[0])


def syntax_of(meta: FileMetaDataset, stream: BinaryIO) -> str:
    """Return the transfer syntax of what follows, by its first element where nothing says it."""
    stated = str(meta.get("TransferSyntaxUID") or "")
    if stated:
        return stated
    place = stream.tell()
    group, _, kind = struct.unpack("<HH2s", stream.read(6).ljust(6, b"\xff"))
    stream.seek(place)
    if kind not in VALUE_TYPES:
        return str(ImplicitVRLittleEndian)
    return str(ExplicitVRBigEndian if group & 0xFF == 0 else ExplicitVRLittleEndian)


def _dataset(
    stream: BytesIO, syntax: str, wanted: list[BaseTag], *, stop_after: int | None = None
) -> Dataset:
    def stop(tag: BaseTag, value_type: str | None, length: int) -> bool:  # noqa: ARG001
        return tag in PIXEL_KEYWORDS or (stop_after is not None and tag > stop_after)

    elements = read_dataset(
        stream,
        syntax == ImplicitVRLittleEndian,
        syntax != ExplicitVRBigEndian,
        stop_when=stop,
        specific_tags=wanted,
    )
    return HeaderDataset(elements)


def _pixel_element(stream: BytesIO, dataset: Dataset) -> tuple[int, int | None] | None:
    """Read tag and length of the element with the pixels, ``None`` where no element follows."""
    is_implicit, is_little_endian = dataset.original_encoding
    order = "<" if is_little_endian else ">"
    opening = stream.read(8)
    if not opening:
        return None
    group, element = struct.unpack_from(f"{order}HH", opening)
    tag = group << 16 | element
    if tag not in PIXEL_KEYWORDS:
        return None
    counted = opening[4:] if is_implicit else stream.read(4)
    length: Any = struct.unpack(f"{order}L", counted)[0]
    return tag, None if length == UNDEFINED_LENGTH else length


@lru_cache(maxsize=8)
def _tags(names: tuple[str | int, ...]) -> list[BaseTag]:
    return [Tag(name) for name in names]


@lru_cache(maxsize=4096)
def _plain_value(
    kind: str,
    value: bytes,
    is_little_endian: bool,  # noqa: FBT001
    encodings: tuple[str, ...],
) -> Any:  # noqa: ANN401  (any value)
    # most values of a series are those of the file before
    element = RawDataElement(BaseTag(0), kind, len(value), value, 0, False, is_little_endian)  # noqa: FBT003
    return convert_value(kind, element, list(encodings))


@lru_cache(maxsize=1024)
def _tag_of(keyword: str) -> BaseTag | None:
    tag = tag_for_keyword(keyword)
    return None if tag is None else BaseTag(tag)
