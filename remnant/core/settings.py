"""What a user chose for a case: kept in its report, and taken up again by later runs."""

from dataclasses import dataclass, field

from remnant.core.drawn_boxes import DrawnBox
from remnant.core.labels import CouinaudSegment
from remnant.core.plan_choice import PlanChoice
from remnant.core.uncertainty import NO_CHOICE, ErrorChoice

Custom = tuple[frozenset[CouinaudSegment], ...]
"""Sets of segments that a user named, to be judged beside the hepatectomies with a name."""

DEFAULT_FORMULA = "vauthey2002_bsa"


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentationSettings:
    """What a case was made of, and how its lesions and segments were divided.

    Parameters
    ----------
    masks
        Roles of the maps that were given, sorted.
    masks_preset
        How these are coded; ``None`` without maps.
    landmarks, split_iv
        Whether the segments are planes through points, and whether IV was split.
    split_confluent
        Whether bulky masses were divided into lesions.
    whole_liver
        Whether a human, or the demo, said that the scan shows the whole liver.
    file_may_end
        Whether the maps, given without a scan, may end before the scan did, as cropped ones do.
    threshold
        From which value on a voxel of a probability map or of a grey mask was taken to be inside;
        ``None`` where none was given.
    lesion_codes
        Codes of the lesions file that the user said are lesions; empty where nothing was said.
    geometry_from
        Which statement of a NIfTI header the user said holds; ``None`` where nothing was said.
    intensity_offset_hu
        What was added to every value of the scan; ``None`` where nothing was said.
    bias_correction
        How the bias field of an MR was evened out; ``None`` where it was not.
    liver_from, lesions_from, alignment
        Contrast phases or series numbers that the liver and the lesions were taken from, and how
        the others were laid on the liver's; ``None`` and empty where one image shows all.
    boxes
        Boxes that a reader drew, and what was outlined in them, in that order.
    sample
        Name of the demo's scan; ``None`` for every real case.
    """

    masks: tuple[str, ...] = ()
    masks_preset: str | None = None
    landmarks: bool = False
    split_iv: bool = False
    split_confluent: bool = False
    whole_liver: bool = False
    file_may_end: bool = False
    threshold: float | None = None
    lesion_codes: tuple[int, ...] = ()
    geometry_from: str | None = None
    intensity_offset_hu: float | None = None
    bias_correction: str | None = None
    liver_from: str | None = None
    lesions_from: tuple[str, ...] = ()
    alignment: str | None = None
    boxes: tuple[DrawnBox, ...] = ()
    sample: str | None = None


DEFAULT_SEGMENTATION = SegmentationSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuringSettings:
    """Formulas of body size, and figures of the error model.

    ``bsa_formula`` is ``None`` for the one that the volume formula was made with.
    """

    formula: str = DEFAULT_FORMULA
    bsa_formula: str | None = None
    errors: ErrorChoice = NO_CHOICE


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanningSettings:
    """Margins, limits and locks of the plans, and the sets of segments that were asked for."""

    choice: PlanChoice
    custom: Custom = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What was chosen; ``planning`` is ``None`` until a case was planned."""

    segmentation: SegmentationSettings = DEFAULT_SEGMENTATION
    measuring: MeasuringSettings = MeasuringSettings()
    planning: PlanningSettings | None = field(default=None)


DEFAULT_SETTINGS = Settings()
