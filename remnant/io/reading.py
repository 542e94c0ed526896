"""What a user says of files that are silent, ambiguous or contradict themselves."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from remnant.core.volumes import Modality, Phase


class GeometrySource(StrEnum):
    """Which of the statements in a NIfTI header says where its voxels are.

    ``PIXDIM`` takes the voxel sizes from there, and directions and origin from the matrix that the
    file has.
    """

    SFORM = "sform"
    QFORM = "qform"
    PIXDIM = "pixdim"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingChoice:
    """How files are to be read, as far as the user says so; ``None`` leaves it to the files.

    Parameters
    ----------
    modality
        How a NIfTI image was made. DICOM knows: a different one is refused.
    series
        Number in the list or UID of a DICOM series.
    phase
        Contrast phase: of the series to take, or of an image that does not say its own.
    geometry_from
        Which statement of a NIfTI header holds, where they contradict each other. Any of them says
        of a file of every format that its grid is meant, where it looks as if nobody had told one.
    intensity_offset_hu
        Added to every value of an image whose numbers are Hounsfield units but for that.
    threshold
        From which value on a voxel of a probability map or of a grey mask is inside.
    lesion_codes
        Codes of a lesion map that are lesions; empty for all of them.
    """

    modality: Modality | None = None
    series: str | None = None
    phase: Phase | None = None
    geometry_from: GeometrySource | None = None
    intensity_offset_hu: float | None = None
    threshold: float | None = None
    lesion_codes: frozenset[int] = frozenset()

    @property
    def is_about_scan(self) -> bool:
        """Whether anything was said that only a scan can answer to, and no label map."""
        return (
            replace(self, geometry_from=None, threshold=None, lesion_codes=frozenset())
            != AS_FILES_SAY
        )


AS_FILES_SAY: Final = ReadingChoice()

AS_WRITTEN: Final = ReadingChoice(geometry_from=GeometrySource.SFORM)
"""For the maps of a case: this program puts the grid into the sform, whatever it is."""
