"""What becomes of each element: DICOM's table of the Basic Profile, and what this program keeps.

PS3.15, Table E.1-1, is taken from `dicomanonymizer`, which keeps it up to date. An element in it is
kept only where an option covers it. One that it does not know is kept where its kind of value
cannot name a person, or where its words are known: see `remnant.io.anonymising.vocabulary`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from pydicom.datadict import tag_for_keyword
from pydicom.tag import BaseTag

from remnant.core.extras import require_extra

TABLE_EDITION: Final = "2026c"
EXTRA, PACKAGE = "anonymise", "dicomanonymizer"


class Treatment(StrEnum):
    """What is done with one element."""

    REMOVE = "remove"
    EMPTY = "empty"
    KEEP = "keep"
    NUMBER = "number"
    UID = "uid"
    DATE = "date"
    TIME = "time"
    DATE_TIME = "date_time"
    CODE = "code"
    DESCRIPTION = "description"
    AGENT = "agent"
    MAKER = "maker"
    KERNEL = "kernel"
    LABEL = "label"
    PLACEHOLDER = "placeholder"
    SEQUENCE = "sequence"
    AGE = "age"
    SEX = "sex"


NUMBERS: Final = frozenset(("DS", "IS", "US", "SS", "UL", "SL", "FL", "FD", "AT", "UV", "SV"))
BY_KIND: Final[Mapping[str, Treatment]] = MappingProxyType(
    {
        **dict.fromkeys(NUMBERS, Treatment.NUMBER),
        "UI": Treatment.UID,
        "CS": Treatment.CODE,
        "SQ": Treatment.SEQUENCE,
    }
)
"""Of elements that the table does not know, by their kind of value; others are removed."""
PIXELS: Final = ("PixelData", "ExtendedOffsetTable", "ExtendedOffsetTableLengths")
NAMED: Final[Mapping[str, Treatment]] = MappingProxyType(
    {
        **dict.fromkeys(PIXELS, Treatment.KEEP),
        **dict.fromkeys(
            ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate", "InstanceCreationDate"),
            Treatment.DATE,
        ),
        **dict.fromkeys(
            ("StudyTime", "SeriesTime", "AcquisitionTime", "ContentTime", "InstanceCreationTime",
             "ContrastBolusStartTime", "ContrastBolusStopTime"),
            Treatment.TIME,
        ),
        **dict.fromkeys(
            ("AcquisitionDateTime", "FrameAcquisitionDateTime", "FrameReferenceDateTime"),
            Treatment.DATE_TIME,
        ),
        **dict.fromkeys(
            ("SeriesDescription", "ProtocolName", "DimensionDescriptionLabel"),
            Treatment.DESCRIPTION,
        ),
        **dict.fromkeys(
            ("SequenceName", "StackID", "RescaleType", "FilterType", "TrackingID"), Treatment.CODE
        ),
        **dict.fromkeys(
            ("ManufacturerModelName", "DeviceSerialNumber", "SoftwareVersions",
             "SegmentAlgorithmName"),
            Treatment.PLACEHOLDER,
        ),
        **dict.fromkeys(("ContentDescription", "PositionReferenceIndicator"), Treatment.EMPTY),
        "SegmentLabel": Treatment.LABEL,
        "ConvolutionKernel": Treatment.KERNEL,
        "ContrastBolusAgent": Treatment.AGENT,
        "Manufacturer": Treatment.MAKER,
    }
)  # fmt: skip
"""Of single elements, whatever the table says: options of the profile cover those that it has."""
CHARACTERISTICS: Final[Mapping[str, Treatment]] = MappingProxyType(
    {
        "PatientSex": Treatment.SEX,
        "PatientAge": Treatment.AGE,
        "PatientSize": Treatment.NUMBER,
        "PatientWeight": Treatment.NUMBER,
    }
)
NEVER: Final = frozenset(
    ("BurnedInAnnotation", "PatientIdentityRemoved", "DeidentificationMethodCodeSequence",
     "LongitudinalTemporalInformationModified", "SpecificCharacterSet")
)  # fmt: skip
"""Written anew, or not needed: what is kept is plain ASCII."""
REFERENCES: Final = "delete_or_empty_or_replace_UID"
"""The table's action for sequences that refer to other objects."""
EMPTIED: Final = "empty"


@dataclass(frozen=True, slots=True)
class Rules:
    """What becomes of elements.

    Parameters
    ----------
    keep_characteristics
        Whether sex, age, size and weight stay.
    """

    keep_characteristics: bool = False

    def treatment(self, tag: BaseTag, kind: str) -> Treatment:
        """Return what is done with an element.

        Parameters
        ----------
        tag
            Its tag.
        kind
            Its value representation.
        """
        return _treatment(int(tag), kind, self.keep_characteristics)


@lru_cache(maxsize=1 << 14)
def _treatment(tag: int, kind: str, keep_characteristics: bool) -> Treatment:  # noqa: FBT001
    group, element = tag >> 16, tag & 0xFFFF
    if group % 2 or group in (0x0002, 0x0004) or _is_repeating(group) or tag in _never():
        return Treatment.REMOVE
    named = _named(keep_characteristics).get(tag)
    if named is not None:
        return named
    action = table().get((group, element))
    if action is None:
        return BY_KIND.get(kind, Treatment.REMOVE)
    if kind == "UI":
        return Treatment.UID
    if action == REFERENCES and kind == "SQ":
        return Treatment.SEQUENCE
    return Treatment.EMPTY if action == EMPTIED and kind != "SQ" else Treatment.REMOVE


def _is_repeating(group: int) -> bool:
    """Tell whether a group is one of curves or overlays."""
    return group >> 8 in (0x50, 0x60)


@lru_cache(maxsize=2)
def _named(keep_characteristics: bool) -> Mapping[int, Treatment]:  # noqa: FBT001
    names = {**NAMED, **(CHARACTERISTICS if keep_characteristics else {})}
    return {int(tag_for_keyword(name) or 0): treatment for name, treatment in names.items()}


@lru_cache(maxsize=1)
def _never() -> frozenset[int]:
    return frozenset(int(tag_for_keyword(name) or 0) for name in NEVER)


@lru_cache(maxsize=1)
def table() -> Mapping[tuple[int, ...], str]:
    """Return Table E.1-1: the name of the action by group and element.

    Raises
    ------
    InputError
        The package that has it is not installed.
    """
    require_extra(EXTRA, "anonymising needs", PACKAGE)
    from dicomanonymizer.simpledicomanonymizer import initialize_actions

    actions = initialize_actions(f"dicomfields_{TABLE_EDITION}")
    return {tuple(tag): action.__name__ for tag, action in actions.items()}
