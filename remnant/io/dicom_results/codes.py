"""Codes by which other programs know a label: what it is, where it lies, how it was made."""

from dataclasses import dataclass
from typing import Final

from remnant.core.labels import COUINAUD_SCHEME, SEGMENT_IV_SCHEME, CouinaudSegment
from remnant.core.map_description import NamedLabel, Origin
from remnant.io.dicom_results.measurement_codes import SCHEME

SNOMED: Final = "SCT"
DICOM: Final = "DCM"
LESION_CODE: Final = "52988006"
MEANINGS: Final = {
    "10200004": "Liver",
    LESION_CODE: "Lesion",
    "32764006": "Portal vein",
    "8993003": "Hepatic vein",
    **{
        str(label.snomed): f"Couinaud hepatic segment {CouinaudSegment(label.code).name}"
        for label in COUINAUD_SCHEME.labels
    },
    **{str(label.snomed): label.name for label in SEGMENT_IV_SCHEME.labels},
}
"""Meanings of the codes, as DICOM (PS3.16) gives them; it has none for IVa and IVb."""
ALGORITHM_TYPES: Final = {
    Origin.AUTOMATIC: "AUTOMATIC",
    Origin.EDITED: "SEMIAUTOMATIC",
    Origin.COMPUTED: "SEMIAUTOMATIC",
}
"""DICOM's SegmentAlgorithmType; how a given map was made is not known, so that it has none."""


@dataclass(frozen=True, slots=True)
class CodedTerm:
    """A code with its scheme's designator and its meaning, as DICOM writes the three."""

    scheme: str
    value: str
    meaning: str


ANATOMY: Final = CodedTerm(SNOMED, "123037004", "Anatomical Structure")
ALTERED: Final = CodedTerm(SNOMED, "49755003", "Morphologically Altered Structure")
LIVER: Final = CodedTerm(SNOMED, "10200004", MEANINGS["10200004"])
FAMILIES: Final = {
    Origin.AUTOMATIC: CodedTerm(DICOM, "123110", "Artificial Intelligence"),
    Origin.EDITED: CodedTerm(DICOM, "123109", "Manual Processing"),
    Origin.COMPUTED: CodedTerm(SCHEME, "computed", "Computed from given points or maps"),
}
"""Kind of algorithm (CID 7162, which may be extended) behind what was not given."""


@dataclass(frozen=True, slots=True)
class LabelCodes:
    """What a label is: its category, the thing itself, and the region where the thing lies.

    ``region`` is ``None`` where the thing says it.
    """

    category: CodedTerm
    kind: CodedTerm
    region: CodedTerm | None


def label_codes(label: NamedLabel, map_name: str) -> LabelCodes:
    """Return the codes of a label of a map.

    Parameters
    ----------
    label
        The label; one without a SNOMED CT concept gets a private code of its map and its code.
    map_name
        Name of the map, as its description has it.

    Examples
    --------
    >>> from remnant.core.map_description import NamedLabel, Origin
    from remnant.io.dicom_results.measurement_codes import SCHEME
    >>> vein = NamedLabel(code=3, name="portal vein", colour="#0000ff", origin=Origin.GIVEN,
    ...                   snomed="32764006")
    >>> label_codes(vein, "structures").kind
    CodedTerm(scheme='SCT', value='32764006', meaning='Portal vein')
    """
    lesion = label.snomed == LESION_CODE
    kind = (
        CodedTerm(SNOMED, label.snomed, MEANINGS[label.snomed])
        if label.snomed
        else CodedTerm(SCHEME, f"{map_name}-{label.code}", label.name)
    )
    region = LIVER if lesion or label.snomed is None else None
    return LabelCodes(ALTERED if lesion else ANATOMY, kind, region)
