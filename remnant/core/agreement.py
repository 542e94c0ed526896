"""How far a segmentation agrees with the truth it is held against."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from remnant.core.errors import InputError
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason, reason

SMALL_BELOW_MM = 10.0
LARGE_ABOVE_MM = 20.0


class SizeClass(StrEnum):
    """Class of a lesion by its longest axial diameter: below 10, 10 to 20, above 20 mm.

    Both limits belong to the middle class.
    """

    SMALL = "<10"
    MEDIUM = "10-20"
    LARGE = ">20"

    @classmethod
    def of(cls, diameter_mm: float) -> "SizeClass":
        """Return the class of a diameter."""
        if diameter_mm < SMALL_BELOW_MM:
            return cls.SMALL
        return cls.LARGE if diameter_mm > LARGE_ABOVE_MM else cls.MEDIUM


class Outcome(StrEnum):
    """What became of a lesion: found, missed, or found where none is."""

    TRUE_POSITIVE = "true_positive"
    FALSE_NEGATIVE = "false_negative"
    FALSE_POSITIVE = "false_positive"


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskAgreement:
    """Agreement of one structure in one case. An absent figure says why it is absent.

    Parameters
    ----------
    structure
        ``liver``, ``lesions``, ``couinaud_IV``, ``portal_vein``, ``label_7`` …
    prediction_ml, truth_ml
        Voxel volumes; 0 is an empty mask, absent a map that was not given.
    volume_difference_ml, volume_difference_percent
        Prediction minus truth, and that in percent of the truth.
    dice, iou
        Overlap in [0, 1]: twice the intersection over the sum of sizes; intersection over union.
        0 where one mask is empty, absent where both are.
    sensitivity, precision
        Share of the truth's voxels that were found; share of the predicted voxels that are true.
    nsd
        Normalised surface Dice in [0, 1]: the share of both surfaces, by area, that lies within
        the tolerance of the other surface.
    hd95_mm, hd_mm
        Hausdorff distances: the larger of the two directed 95 % quantiles (by area) and maxima of
        the distance from one surface to the other. Absent where a mask is empty.
    assd_mm
        Mean distance of both surfaces, by area, from the other one.
    """

    structure: str
    prediction_ml: Quantity
    truth_ml: Quantity
    volume_difference_ml: Quantity
    volume_difference_percent: Quantity
    dice: Quantity
    iou: Quantity
    sensitivity: Quantity
    precision: Quantity
    nsd: Quantity
    hd95_mm: Quantity
    hd_mm: Quantity
    assd_mm: Quantity


METRICS = (
    "prediction_ml", "truth_ml", "volume_difference_ml", "volume_difference_percent", "dice", "iou",
    "sensitivity", "precision", "nsd", "hd95_mm", "hd_mm", "assd_mm",
)  # fmt: skip
"""The figures of a `MaskAgreement`, in the order of every table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionMatch:
    """One lesion of either map, with its partner if it has one.

    Parameters
    ----------
    outcome
        Found, missed or false.
    truth_id, prediction_id
        Number of the lesion in each map; ``None`` on the side that has none.
    truth_ml, prediction_ml
        Volumes; ``None`` likewise.
    diameter_mm
        Longest axial diameter of the true lesion, of the predicted one when there is no true one.
    iou
        Of the two lesions; ``None`` without a partner.
    """

    outcome: Outcome
    truth_id: int | None
    prediction_id: int | None
    truth_ml: float | None
    prediction_ml: float | None
    diameter_mm: float
    iou: float | None

    @property
    def size_class(self) -> SizeClass:
        """Class of the diameter."""
        return SizeClass.of(self.diameter_mm)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionScore:
    """Lesions found, missed and false, of one case or of many.

    A ratio whose divisor is 0 is absent with the reason.
    """

    true_positives: int
    false_negatives: int
    false_positives: int

    @property
    def recall(self) -> Quantity:
        """Share of the true lesions that were found."""
        true = self.true_positives + self.false_negatives
        return ratio_of(self.true_positives, true, Cause.NO_TRUE_LESION)

    @property
    def precision(self) -> Quantity:
        """Share of the predicted lesions that are true."""
        predicted = self.true_positives + self.false_positives
        return ratio_of(self.true_positives, predicted, Cause.NO_PREDICTED_LESION)

    @property
    def f1(self) -> Quantity:
        """2 TP / (2 TP + FP + FN), the harmonic mean of precision and recall."""
        twice = 2 * self.true_positives
        both = twice + self.false_positives + self.false_negatives
        return ratio_of(twice, both, Cause.NO_LESION_IN_EITHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class BurdenAgreement:
    """Tumour burden of one case: lesion voxels / liver voxels, the lesions being liver.

    ``error_fraction`` is prediction minus truth.
    """

    prediction_fraction: Quantity
    truth_fraction: Quantity
    error_fraction: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAgreement:
    """Agreement of one case.

    Parameters
    ----------
    name
        Name of the case: that of the files without their ending.
    prediction_sha256, truth_sha256
        Digest of the label maps that were read.
    structures
        One entry for each structure.
    lesions
        Every lesion of either map, ``None`` where a map of lesions was not given.
    burden
        ``None`` where liver and lesions are not both given.
    grid_offset_mm
        How far voxels that count as the same lie apart, at most, because their files round their
        grids; 0 where the grids are the same.
    """

    name: str
    prediction_sha256: str
    truth_sha256: str
    structures: tuple[MaskAgreement, ...]
    lesions: tuple[LesionMatch, ...] | None
    burden: BurdenAgreement | None
    grid_offset_mm: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSummary:
    """One figure of one structure over the cases in which it is not absent.

    ``sd`` is that of a sample (n − 1). ``absent`` counts the cases left out.
    """

    structure: str
    metric: str
    n: int
    absent: int
    mean: Quantity
    sd: Quantity
    median: Quantity
    minimum: Quantity
    maximum: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class BurdenErrors:
    """Errors of the tumour burden over cases, as fractions: mean, RMSE, largest absolute one.

    Source: Bilic et al. 2023, doi:10.1016/j.media.2022.102680 (LiTS), which ranks RMSE and maximum.
    """

    n: int
    mean_fraction: Quantity
    rmse_fraction: Quantity
    max_fraction: Quantity


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its two-sided 95 % confidence limits.

    Raises
    ------
    InputError
        The value does not lie between the limits.
    """

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high:
            raise InputError(f"{self.value} does not lie between {self.low} and {self.high}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One case of a Bland–Altman plot; ``difference`` is prediction minus truth."""

    case: str
    mean: float
    difference: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BlandAltman:
    """Bias and 95 % limits of agreement of one measurement over cases.

    Parameters
    ----------
    measure, unit
        What was measured, e.g. ``liver`` in ``mL`` or ``burden`` in ``%``.
    points
        The cases that have both values.
    bias, sd, lower_limit, upper_limit
        Mean difference, its sample standard deviation, bias ∓ 1.96 SD; ``None`` with
        ``reasons`` for fewer than two cases.
    reasons
        Why there are no limits.
    """

    measure: str
    unit: str
    points: tuple[Point, ...]
    bias: Estimate | None
    sd: float | None
    lower_limit: Estimate | None
    upper_limit: Estimate | None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSettings:
    """What decides the figures.

    Parameters
    ----------
    tolerance_mm
        Of the normalised surface Dice.
    match_iou
        Least IoU of a lesion pair; 0 asks for any overlap.
    prediction_coding, truth_coding
        Preset and role of the label maps, or ``labels``.

    Raises
    ------
    InputError
        The tolerance is negative, not finite or over 100 mm, or the IoU is not in [0, 1].
    """

    tolerance_mm: float
    match_iou: float
    prediction_coding: str
    truth_coding: str

    def __post_init__(self) -> None:
        if not 0.0 <= self.tolerance_mm <= LARGEST_TOLERANCE_MM:
            raise InputError(
                f"the tolerance is {self.tolerance_mm:g} mm; allowed are 0 to "
                f"{LARGEST_TOLERANCE_MM:g} mm"
            )
        if not 0.0 <= self.match_iou <= 1.0:
            raise InputError(f"the IoU of a match is {self.match_iou:g}; allowed are 0 to 1")


LARGEST_TOLERANCE_MM = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Agreement of one case or of many.

    Parameters
    ----------
    settings
        What decides the figures.
    cases
        In the order of their names.
    summary
        Every figure of every structure over the cases.
    detection, detection_by_size
        Lesions of all cases together; ``None`` without maps of lesions. A false lesion counts in
        the class of its own diameter.
    burden
        ``None`` without liver and lesions.
    bland_altman
        Volumes and burden.
    without_truth, without_prediction
        Names of cases that had no partner and were left out.
    """

    settings: EvaluationSettings
    cases: tuple[CaseAgreement, ...]
    summary: tuple[MetricSummary, ...]
    detection: DetectionScore | None
    detection_by_size: Mapping[SizeClass, DetectionScore] | None
    burden: BurdenErrors | None
    bland_altman: tuple[BlandAltman, ...]
    without_truth: tuple[str, ...] = ()
    without_prediction: tuple[str, ...] = ()


def ratio_of(part: float, whole: float, none: Cause) -> Quantity:
    """Return a part of a whole; absent for the cause ``none`` where the whole is zero."""
    return Quantity(part / whole) if whole else Quantity.absent(reason(none))
