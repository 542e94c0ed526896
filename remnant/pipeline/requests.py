"""What the segment and measure stages are asked to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from remnant.core.drawn_boxes import ReaderBox
from remnant.core.errors import InputError
from remnant.core.mr import BiasCorrection
from remnant.core.patient import Patient
from remnant.core.phase_choice import PhaseChoice
from remnant.core.settings import DEFAULT_FORMULA, MeasuringSettings
from remnant.core.uncertainty import NO_CHOICE, ErrorChoice
from remnant.io.codings import MasksPreset
from remnant.io.reading import AS_FILES_SAY, ReadingChoice
from remnant.pipeline.reviewing import NO_REVIEW, LesionReview


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRequest:
    """What to segment.

    Parameters
    ----------
    source
        NIfTI file or DICOM folder; ``None`` when only masks are given.
    reading
        How the files are to be read, as far as the user says so.
    bias_correction
        How the bias field of an MR is evened out before anything is segmented.
    phases
        Phases of the study that the liver and the lesions are taken from; ``None`` for one image.
    liver_box
        Box around the liver, which is outlined in it and not looked for; ``None`` without.
    masks, preset
        Existing label maps by role, and how they are coded.
    landmarks
        File with the points that divide the liver; ``None`` without.
    whole_liver
        Whether the user says that the maps, cropped to the liver, hold all of it; ``None`` when
        nothing is said. The edge of a scan cannot be talked away: for masks alone.
    split_confluent
        Whether bulky confluent lesions are split at their necks.
    split_iv
        Whether segment IV is divided into IVa and IVb; needs ``landmarks``.
    confirm_segments
        Name of who confirms the segments; ``None`` when nobody does.
    review
        What a human says about lesions.
    overwrite
        Whether the user asked for what a folder holds, and what humans said of it, to be replaced.
    keep_record
        Whether the case keeps what results in DICOM need to know of its images: identifiers.
    """

    source: Path | None = None
    reading: ReadingChoice = AS_FILES_SAY
    bias_correction: BiasCorrection = BiasCorrection.NONE
    phases: PhaseChoice | None = None
    liver_box: ReaderBox | None = None
    masks: Mapping[str, Path] = field(default_factory=dict)
    preset: MasksPreset = MasksPreset.AUTO
    landmarks: Path | None = None
    whole_liver: bool | None = None
    split_confluent: bool = False
    split_iv: bool = False
    confirm_segments: str | None = None
    review: LesionReview = NO_REVIEW
    overwrite: bool = False
    keep_record: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureRequest:
    """Facts and choices of the measure stage; see `volumetry.measure.measure`."""

    patient: Patient
    formula: str = DEFAULT_FORMULA
    bsa_formula: str | None = None
    errors: ErrorChoice = NO_CHOICE

    @property
    def settings(self) -> MeasuringSettings:
        """What a report keeps of it."""
        return MeasuringSettings(
            formula=self.formula, bsa_formula=self.bsa_formula, errors=self.errors
        )


def require_source(source: Path) -> None:
    """Raise unless there is something at the path of a scan.

    Raises
    ------
    InputError
        There is nothing.
    """
    if not source.exists():
        raise InputError(f"{source} does not exist; give a NIfTI file or a DICOM folder")
