"""Functional groups of frames, encoded before the object is written.

All frames of one plane say the same of it, and all frames of one segment the same of that. pydicom
would encode it for each of some thousand frames anew, which takes longer than all else.
"""

import struct
from collections.abc import Hashable
from typing import Final

from pydicom import DataElement, Dataset
from pydicom.dataelem import RawDataElement
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import correct_ambiguous_vr, write_sequence
from pydicom.tag import BaseTag, Tag

GROUPS: Final = Tag("PerFrameFunctionalGroupsSequence")
SQ: Final = "SQ"
ASCII: Final = ["iso8859"]
ITEM: Final = struct.pack("<HH", 0xFFFE, 0xE000)
IS_IMPLICIT, IS_LITTLE = False, True


def encode_groups(image: Dataset) -> None:
    """Put the encoded bytes of all frames' functional groups in their place.

    What is read from the dataset afterwards, and what is written, is the same as before.

    Parameters
    ----------
    image
        With frames, complete, to be written as explicit little endian; texts in its groups are
        ASCII. Values set in it afterwards have to have a VR of their own.
    """
    groups = image[GROUPS].value
    # pydicom would take encoded groups apart again where it looks for VRs that are not settled
    del image[GROUPS]
    correct_ambiguous_vr(image, IS_LITTLE)
    known: dict[Hashable, bytes] = {}
    content = b"".join(_item(group, known) for group in groups)
    image[GROUPS] = _raw(GROUPS, content)
    image.set_original_encoding(IS_IMPLICIT, IS_LITTLE, image._character_set)  # noqa: SLF001


def _item(group: Dataset, known: dict[Hashable, bytes]) -> bytes:
    """Return one frame's groups; ``known`` are those that frames share."""
    parts = []
    for element in sorted(group.elements(), key=lambda one: one.tag):
        key = _key(element)
        if key not in known:
            known[key] = _encoded(element)
        parts.append(known[key])
    return _framed(ITEM, b"".join(parts))


def _key(element: DataElement) -> Hashable:
    """Return what sequences of the same bytes have in common, two levels deep."""
    return (int(element.tag), *map(_item_key, element.value))


def _item_key(item: Dataset) -> Hashable:
    """Return the values of an item, and of its own sequences which items they are."""
    return tuple(
        (int(one.tag), *(map(id, one.value) if one.VR == SQ else (str(one.value),)))
        for one in item.elements()
    )


def _encoded(element: DataElement) -> bytes:
    stream = DicomBytesIO()
    stream.is_little_endian, stream.is_implicit_VR = IS_LITTLE, IS_IMPLICIT
    write_sequence(stream, element, ASCII)
    tag = element.tag
    return _framed(struct.pack("<HH2sH", tag.group, tag.elem, SQ.encode(), 0), stream.getvalue())


def _framed(head: bytes, content: bytes) -> bytes:
    return head + struct.pack("<L", len(content)) + content


def _raw(tag: BaseTag, content: bytes) -> RawDataElement:
    return RawDataElement(tag, SQ, len(content), content, 0, IS_IMPLICIT, IS_LITTLE)
