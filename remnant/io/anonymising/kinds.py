"""Which objects an export takes, which it leaves out, and why."""

from collections.abc import Mapping
from enum import StrEnum
from math import prod
from types import MappingProxyType
from typing import Final

from pydicom import Dataset

from remnant.io.dicom_folder import IMAGE_CLASSES, SEGMENTATION_CLASSES
from remnant.io.dicom_slices import sop_class
from remnant.io.dicomdir import DICOMDIR_CLASS


class Refusal(StrEnum):
    """Why a file is not in an export."""

    NOT_DICOM = "not_dicom"
    DAMAGED = "damaged"
    TOO_LARGE = "too_large"
    INDEX = "index"
    LINK = "link"
    CAPTURE = "capture"
    BURNED_IN = "burned_in"
    LOCALISER = "localiser"
    COLOUR = "colour"
    EMBEDDED_OVERLAY = "embedded_overlay"
    DOCUMENT = "document"
    STRUCTURED_REPORT = "structured_report"
    PRESENTATION = "presentation"
    RADIOTHERAPY = "radiotherapy"
    OTHER_KIND = "other_kind"
    NO_PIXELS = "no_pixels"
    IDENTIFIER_LEFT = "identifier_left"


class Doubt(StrEnum):
    """What has to be looked at in what was taken."""

    DERIVED = "derived"
    HEAD = "head"
    CAPTURES = "captures"


ASKED_FOR: Final = frozenset(
    (Refusal.CAPTURE, Refusal.BURNED_IN, Refusal.LOCALISER, Refusal.COLOUR)
)
"""What is taken where captures are asked for."""
OTHERS: Final[Mapping[str, Refusal]] = MappingProxyType(
    {
        "1.2.840.10008.5.1.4.1.1.7": Refusal.CAPTURE,
        "1.2.840.10008.5.1.4.1.1.104": Refusal.DOCUMENT,
        "1.2.840.10008.5.1.4.1.1.88": Refusal.STRUCTURED_REPORT,
        "1.2.840.10008.5.1.4.1.1.11": Refusal.PRESENTATION,
        "1.2.840.10008.5.1.4.1.1.481": Refusal.RADIOTHERAPY,
        DICOMDIR_CLASS: Refusal.INDEX,
    }
)
"""By the class itself, or what its identifier begins with."""
HEADS: Final = frozenset(("HEAD", "BRAIN", "NECK", "HEADNECK", "WHOLEBODY", "FACE", "SKULL"))
OVERLAYS: Final = range(0x6000, 0x6020, 2)


def refusal(dataset: Dataset) -> Refusal | None:
    """Return why an object is not taken, ``None`` where it is.

    Parameters
    ----------
    dataset
        The object with its meta header.
    """
    kind = str(sop_class(dataset))
    if kind in SEGMENTATION_CLASSES:
        return _of_segmentation(dataset)
    if kind not in IMAGE_CLASSES:
        return next(
            (r for begin, r in OTHERS.items() if _is_below(kind, begin)), Refusal.OTHER_KIND
        )
    return _of_image(dataset)


def _is_below(kind: str, begin: str) -> bool:
    return kind == begin or kind.startswith(f"{begin}.")


def _of_segmentation(dataset: Dataset) -> Refusal | None:
    return None if "PixelData" in dataset else Refusal.NO_PIXELS


def _of_image(dataset: Dataset) -> Refusal | None:
    if "PixelData" not in dataset:
        return Refusal.NO_PIXELS
    if not is_whole(dataset):
        return Refusal.DAMAGED
    if has_embedded_overlay(dataset):
        return Refusal.EMBEDDED_OVERLAY
    if dataset.get("BurnedInAnnotation") not in (None, "", "NO"):
        return Refusal.BURNED_IN
    if dataset.get("SamplesPerPixel", 1) != 1:
        return Refusal.COLOUR
    return Refusal.LOCALISER if "LOCALIZER" in _image_type(dataset) else None


def has_embedded_overlay(dataset: Dataset) -> bool:
    """Tell whether an overlay lies in bits of the pixels that the image does not use."""
    return any((group, 0x0010) in dataset and (group, 0x3000) not in dataset for group in OVERLAYS)


def is_whole(dataset: Dataset) -> bool:
    """Tell whether uncompressed pixels are as many bytes as the header says."""
    if dataset.file_meta.TransferSyntaxUID.is_compressed:
        return True
    sizes = ("Rows", "Columns", "BitsAllocated")
    bits = prod(int(dataset.get(name) or 0) for name in sizes)
    several = (int(dataset.get(name) or 1) for name in ("NumberOfFrames", "SamplesPerPixel"))
    return len(dataset.PixelData) * 8 >= bits * prod(several)


def _image_type(dataset: Dataset) -> tuple[str, ...]:
    value = dataset.get("ImageType") or ()
    return (value,) if isinstance(value, str) else tuple(map(str, value))


def doubts(dataset: Dataset) -> frozenset[Doubt]:
    """Return what has to be looked at in an object that is taken."""
    found = set()
    if sop_class(dataset) not in SEGMENTATION_CLASSES:
        stated = dataset.get("BurnedInAnnotation") == "NO"
        if "SECONDARY" in _image_type(dataset) and not stated:
            found.add(Doubt.DERIVED)
        if str(dataset.get("BodyPartExamined") or "").upper() in HEADS:
            found.add(Doubt.HEAD)
    return frozenset(found)
