"""How a case of a cohort agrees with the references that came with it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceAgreement:
    """How far one structure of a case agrees with its reference.

    Parameters
    ----------
    structure
        ``liver`` or ``lesions``, with volumes and overlap; ``burden``, with fractions alone; empty
        where the references could not be compared.
    measured_ml, reference_ml, difference_ml
        Volumes, and measured minus reference; 0 is an empty mask.
    measured_fraction, reference_fraction
        Tumour burdens in [0, 1].
    dice, nsd
        Overlap of the masks, and share of their surfaces within 2 mm of each other, in [0, 1];
        ``None`` where both are empty.
    hd95_mm, assd_mm
        Distances of the surfaces; ``None`` where one is empty.
    error
        Why the references could not be compared, in one line without paths; empty where they were.
    """

    structure: str
    measured_ml: float | None = None
    reference_ml: float | None = None
    difference_ml: float | None = None
    measured_fraction: float | None = None
    reference_fraction: float | None = None
    dice: float | None = None
    nsd: float | None = None
    hd95_mm: float | None = None
    assd_mm: float | None = None
    error: str = ""
