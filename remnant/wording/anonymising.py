"""What an anonymised export says of files that it left out, or that have to be looked at."""

from collections.abc import Mapping
from typing import Final, TypeVar

ReasonName = TypeVar("ReasonName", bound=str)

LEFT_OUT: Final[Mapping[str, str]] = {
    "not_dicom": "not DICOM",
    "damaged": "damaged, or not to be written as DICOM",
    "too_large": "too large",
    "index": "index of a disc (DICOMDIR): it names files and patients",
    "link": "links and files that are no ordinary ones, or missing",
    "capture": "secondary captures: text may be drawn in the picture (--with-captures takes them)",
    "burned_in": "images that say that text is drawn in them (--with-captures takes them)",
    "localiser": "localisers: text and lines may be drawn in them (--with-captures takes them)",
    "colour": "colour images: text may be drawn in them (--with-captures takes them)",
    "embedded_overlay": "images with an overlay in unused bits of their pixels",
    "document": "documents (PDF, CDA and the like): their content is not cleaned",
    "structured_report": "structured reports: their text is not cleaned",
    "presentation": "presentation states: their text is not cleaned",
    "radiotherapy": "radiotherapy objects: their labels are not cleaned",
    "other_kind": "other kinds of objects than CT, MR and segmentations",
    "no_pixels": "images without pixels",
    "identifier_left": "files where an identifier also stands in what would be kept",
}
"""By the value of `remnant.io.anonymising.kinds.Refusal`."""
DOUBTS: Final[Mapping[str, str]] = {
    "derived": "made from other images and silent on burned-in text: look for text in them",
    "head": "of the head or neck: a face can be drawn from them",
    "captures": "taken by --with-captures: look at each, text in pictures is not removed",
}
"""By the value of `remnant.io.anonymising.kinds.Doubt`."""
LOOK: Final = (
    "Look at the images before you hand them on: no program finds every name that is drawn in a "
    "picture. Whoever has the key for pseudonyms can find out whose they are."
)


def counted_lines(
    heading: str, counts: Mapping[ReasonName, int], words: Mapping[str, str]
) -> tuple[str, ...]:
    """Return a heading and one line for each count; nothing where there is none.

    >>> counted_lines("Left out:", {"damaged": 2}, {"damaged": "not to be read"})
    ('Left out:', '  2 not to be read')
    """
    lines = (f"  {count} {words[name]}" for name, count in counts.items())
    return (heading, *lines) if counts else ()
