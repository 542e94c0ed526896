"""Which study a report is about, without naming the person."""

from dataclasses import dataclass

from remnant.core.geometry import Shape3, Vector3
from remnant.core.volumes import Modality, Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What was measured.

    Parameters
    ----------
    pseudonym
        Keyed hash of the patient and study identifiers, or of the input's content where there are
        none. Never a name, a date or an identifier from the scan.
    source
        ``dicom``, ``nifti`` or ``masks``.
    modality
        ``None`` when only masks were given.
    phase
        Contrast phase, ``UNKNOWN`` unless the source says it.
    shape, spacing_mm, orientation
        The source grid.
    """

    pseudonym: str
    source: str
    modality: Modality | None
    phase: Phase
    shape: Shape3
    spacing_mm: Vector3
    orientation: str
