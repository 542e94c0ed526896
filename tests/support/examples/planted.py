"""DICOM objects with identifiers planted in every element that DICOM's dictionary has."""

from collections.abc import Iterator
from typing import Any

from pydicom import Dataset
from pydicom.datadict import DicomDictionary, dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.sequence import Sequence
from pydicom.tag import Tag

BINARY = {"OB", "OW", "UN", "OF", "OD", "OL", "OV"}
TEXTS = {"PN", "LO", "SH", "ST", "LT", "UT", "UC", "CS", "AE", "UR", "DA", "TM", "DT", "AS"}
NUMBERS = {"DS", "IS"}
NEEDED = {
    "SOPClassUID", "SOPInstanceUID", "PixelData", "Rows", "Columns", "BitsAllocated", "BitsStored",
    "HighBit", "PixelRepresentation", "SamplesPerPixel", "NumberOfFrames", "SpecificCharacterSet",
    "BurnedInAnnotation", "ImageType", "FloatPixelData", "DoubleFloatPixelData",
}  # fmt: skip
"""Without which the object would be another kind of thing, or none."""


def dictionary_tags() -> Iterator[tuple[int, str]]:
    """Every element of the dictionary that may be planted in, with its kind of value."""
    for tag in DicomDictionary:
        group, kind = tag >> 16, dictionary_VR(tag).split(" or ")[0]
        is_plain = 0x0004 < group < 0x7FE0 and not 0x6000 <= group < 0x6020
        planted_in = keyword_for_tag(tag) not in NEEDED and kind in {
            *TEXTS,
            *NUMBERS,
            *BINARY,
            "UI",
        }
        if is_plain and tag & 0xFFFF and planted_in:
            yield tag, kind


def value_of(kind: str, marker: str, digits: str) -> Any:
    """What is planted in an element: the marker as it would be written, or a number."""
    if kind == "UI":
        return f"1.2.3.{digits}"
    if kind in NUMBERS:
        return digits
    return (
        f"{marker}0".encode("ascii")[: 2 * ((len(marker) + 1) // 2)] if kind in BINARY else marker
    )


def planted(tags: list[tuple[int, str]], marker: str, digits: str) -> Dataset:
    """An item with the marker in every element of a list."""
    item = Dataset()
    for tag, kind in tags:
        item.add(DataElement(Tag(tag), kind, value_of(kind, marker, digits)))
    return item


def plant(dataset: Dataset, tags: list[tuple[int, str]], marker: str, digits: str) -> None:
    """Plant in an object itself, as far as it has no value there."""
    for element in planted(tags, marker, digits):
        if element.tag not in dataset or keyword_for_tag(element.tag).startswith("Patient"):
            dataset.add(element)


def nest(dataset: Dataset, item: Dataset, keywords: list[str]) -> None:
    """Put an item into sequences within each other, and those into an object."""
    for keyword in keywords:
        outer = Dataset()
        setattr(outer, keyword, Sequence([item]))
        item = outer
    for element in item:
        dataset.add(element)


def plant_private(dataset: Dataset, marker: str, digits: str) -> None:
    """Plant in private blocks, one within a sequence, and where no creator is named."""
    for group in (0x0009, 0x0029, 0x2005):
        block = dataset.private_block(group, f"MAKER {marker}", create=True)
        block.add_new(0x10, "LO", marker)
        block.add_new(0x11, "UN", f"{marker}0".encode("ascii"))
        block.add_new(0x12, "DS", digits)
        inner = Dataset()
        inner.PatientName = marker
        block.add_new(0x13, "SQ", Sequence([inner]))
    dataset.add(DataElement(Tag(0x0011, 0x0033), "LO", marker))
