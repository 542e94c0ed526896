"""What DICOM says of how a plane was made: the tags by which stacks of one series differ."""

import struct
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Any, Final

import numpy as np
from pydicom import Dataset
from pydicom.dataset import PrivateBlock

from remnant.io.dicom_source import Source
from remnant.io.printing import printable

GE_B_VALUE_OFFSET: Final = 10**9


class Varies(StrEnum):
    """How a fact may vary among the planes of one volume.

    ``NEVER``: planes that differ in it belong to different volumes (kernel, echo time, b-value).
    ``SELDOM``: they do where they lie among each other. ``ORDER``: a count or a time, which may
    rise from plane to plane; it parts volumes that were taken one after the other.
    """

    NEVER = "never"
    SELDOM = "seldom"
    ORDER = "order"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: where it stands, how it is called, and how it may vary in a volume.

    Parameters
    ----------
    name
        DICOM keyword of a plane's own object.
    varies
        ``None`` for what parts nothing.
    noun, unit
        Words before and after a value.
    groups
        Functional groups of multi-frame objects and the keywords there.
    """

    name: str
    varies: Varies | None
    noun: str = ""
    unit: str = ""
    groups: tuple[tuple[str, str], ...] = ()


_CONTENT, _TIMING = "FrameContentSequence", "MRTimingAndRelatedParametersSequence"

FACTS: Final = (
    Fact("ConvolutionKernel", Varies.NEVER, "kernel",
         groups=(("CTReconstructionSequence", "ConvolutionKernel"),)),
    Fact("DiffusionBValue", Varies.NEVER, "b",
         groups=(("MRDiffusionSequence", "DiffusionBValue"),)),
    Fact("EchoTime", Varies.NEVER, "echo time", " ms",
         groups=(("MREchoSequence", "EffectiveEchoTime"),)),
    Fact("EchoNumbers", Varies.NEVER, "echo"),
    Fact("TemporalPositionIdentifier", Varies.NEVER, "time position"),
    Fact("TemporalPositionIndex", Varies.NEVER, "time position",
         groups=((_CONTENT, "TemporalPositionIndex"),)),
    Fact("StackID", Varies.NEVER, "stack", groups=((_CONTENT, "StackID"),)),
    Fact("InversionTime", Varies.NEVER, "inversion time", " ms",
         groups=(("MRModifierSequence", "InversionTimes"),)),
    Fact("KVP", Varies.SELDOM, "tube voltage", " kV",
         groups=(("CTXRayDetailsSequence", "KVP"),)),
    Fact("ImageType", Varies.SELDOM, "image type",
         groups=(("CTImageFrameTypeSequence", "FrameType"),
                 ("MRImageFrameTypeSequence", "FrameType"))),
    Fact("FlipAngle", Varies.SELDOM, "flip angle", "°", groups=((_TIMING, "FlipAngle"),)),
    Fact("SequenceName", Varies.SELDOM, "sequence"),
    Fact("PulseSequenceName", Varies.SELDOM, "sequence"),
    Fact("ScanningSequence", Varies.SELDOM, "scanning sequence"),
    Fact("ContrastBolusAgent", Varies.SELDOM, "contrast agent"),
    Fact("ContrastBolusAgentPhase", Varies.SELDOM, "contrast phase",
         groups=(("ContrastBolusUsageSequence", "ContrastBolusAgentPhase"),)),
    Fact("DiffusionGradientOrientation", Varies.SELDOM, "diffusion direction"),
    Fact("SliceThickness", Varies.SELDOM, "slice thickness", " mm",
         groups=(("PixelMeasuresSequence", "SliceThickness"),)),
    Fact("SeriesDescription", Varies.SELDOM, "description"),
    Fact("SeriesNumber", Varies.SELDOM, "series number"),
    Fact("DimensionIndexValues", Varies.SELDOM, "index"),
    Fact("AcquisitionNumber", Varies.ORDER, "acquisition",
         groups=((_CONTENT, "FrameAcquisitionNumber"),)),
    Fact("TriggerTime", Varies.ORDER, "trigger time", " ms",
         groups=(("CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime"),)),
    Fact("AcquisitionTime", Varies.ORDER, "acquired",
         groups=((_CONTENT, "FrameAcquisitionDateTime"),)),
    Fact("ContentTime", Varies.ORDER, "made", groups=((_CONTENT, "FrameReferenceDateTime"),)),
    Fact("SeriesTime", Varies.ORDER, "begun"),
    Fact("InstanceNumber", Varies.ORDER, "instance"),
    Fact("RepetitionTime", None, groups=((_TIMING, "RepetitionTime"),)),
    Fact("MagneticFieldStrength", None),
    Fact("ProtocolName", None),
)  # fmt: skip
"""In the order in which they are tried; the first ones say most."""

TIMES: Final = frozenset(("AcquisitionTime", "ContentTime", "SeriesTime"))
PLACES: Final = {fact.name: number for number, fact in enumerate(FACTS)}

PRIVATE_B_VALUES: Final = (
    ("SIEMENS MR HEADER", 0x0019, 0x0C),
    ("GEMS_PARM_01", 0x0043, 0x39),
    ("Philips Imaging DD 001", 0x2001, 0x03),
)
"""Private creator, group and element of the b-value, by the vendors' conformance statements."""

FACT_TAGS: Final[tuple[str | int, ...]] = (
    *PLACES,
    "DimensionIndexSequence",
    *chain.from_iterable(
        (group << 16 | block, group << 16 | block << 8 | element)
        for _, group, element in PRIVATE_B_VALUES
        for block in (0x10, 0x11)
    ),
)
"""What must be read of an object for `facts_of`."""


def facts_of(source: Source) -> tuple[str, ...]:
    """Return the values of `FACTS` in their order, as texts fit for a terminal; ``""`` if absent.

    Numbers are written alike however they were stored, so that texts can be compared.
    """
    return tuple(sys.intern(_special(source, fact) or _value(source, fact)) for fact in FACTS)


def _value(source: Source, fact: Fact) -> str:
    for group, name in fact.groups:
        found = source.get(group, name)
        if found is not None:
            return _text(found)
    return _text(source.get(None, fact.name))


def _special(source: Source, fact: Fact) -> str:
    finders: dict[str, Callable[[Source], str]] = {
        "DiffusionBValue": _private_b_value,
        "DimensionIndexValues": _other_dimensions,
    }
    find = finders.get(fact.name)
    if find is None or (fact.name == "DiffusionBValue" and _value(source, fact)):
        return ""
    return find(source)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str) or not isinstance(value, Iterable):
        return _one(value)
    return "\\".join(_one(part) for part in value)


def _one(value: object) -> str:
    # a b-value of 0 is a value
    text = printable("" if value is None else str(value))
    try:
        number = float(text)
    except ValueError:
        return text
    # digits of a time are no number; 1E3 as a kernel's name would be one, and stays alike
    return f"{number:.9g}" if np.isfinite(number) and not _looks_like_time(text) else text


def _looks_like_time(text: str) -> bool:
    return len(text.partition(".")[0]) >= len("HHMMSS")


def _private_b_value(source: Source) -> str:
    for place in source.places():
        for creator, group, element in PRIVATE_B_VALUES:
            number = _b_value(_private(place, creator, group, element))
            if number is not None:
                return f"{number:g}"
    return ""


def _private(place: Dataset, creator: str, group: int, element: int) -> Any:  # noqa: ANN401
    try:
        block: PrivateBlock = place.private_block(group, creator)
        return block[element].value if element in block else None
    except KeyError:
        return None


def _b_value(value: Any) -> float | None:  # noqa: ANN401  (any DICOM value)
    first = value
    if not isinstance(value, (str, bytes)) and isinstance(value, Iterable):
        first = next(iter(value), None)
    if isinstance(first, bytes):
        first = struct.unpack("<f", first)[0] if len(first) == struct.calcsize("<f") else None
    try:
        number = float(first) if first is not None else float("nan")
    except (TypeError, ValueError):
        return None
    # GE adds a thousand million to b-values of newer sequences
    return number % GE_B_VALUE_OFFSET if np.isfinite(number) and number >= 0 else None


_SPATIAL = frozenset((0x00209057, 0x00200032, 0x00209056, 0x00209171, 0x0020930F))
"""InStackPositionNumber, ImagePositionPatient, StackID and where else a plane lies."""


def _other_dimensions(source: Source) -> str:
    """Return the indices of a frame along what is no place: time, echo, b-value."""
    indices = source.get(_CONTENT, "DimensionIndexValues")
    dimensions = source.dataset.get("DimensionIndexSequence")
    if indices is None or not dimensions:
        return ""
    values = list(indices) if isinstance(indices, Iterable) else [indices]
    if len(values) != len(dimensions):
        return ""
    pointers = (int(item.get("DimensionIndexPointer") or 0) for item in dimensions)
    kept = (v for v, tag in zip(values, pointers, strict=True) if tag not in _SPATIAL)
    return "\\".join(str(value) for value in kept)


def seconds_of_day(text: str) -> float | None:
    """Return a DICOM time, or the time in a date and time, in seconds; ``None`` without one.

    >>> seconds_of_day("120130.5")
    43290.5
    """
    whole, _, rest = text.partition(".")
    digits = whole[-6:]
    if len(digits) < len("HHMMSS") or not digits.isdigit():
        return None
    parts = (int(digits[:2]) * 3600, int(digits[2:4]) * 60, int(digits[4:]))
    fraction = rest[:6] if rest[:6].isdigit() else "0"
    return sum(parts) + float(f"0.{fraction}")
