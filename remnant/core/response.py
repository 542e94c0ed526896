"""How a liver's lesions responded between scans, by RECIST 1.1 as far as one organ can tell."""

from dataclasses import dataclass
from enum import StrEnum

from remnant.core.quantity import Quantity


class Response(StrEnum):
    """Class of a time point. Of the liver alone: never the overall response.

    ``NEITHER`` is of a liver whose lesions are all too small for targets: neither complete nor
    progressive. ``NOT_EVALUABLE`` comes with its notes.
    """

    COMPLETE = "complete"
    PARTIAL = "partial"
    STABLE = "stable"
    PROGRESSIVE = "progressive"
    NEITHER = "non_complete_non_progressive"
    NOT_EVALUABLE = "not_evaluable"


class ResponseNote(StrEnum):
    """Why a response is missing, provisional or uncertain, or how it came about: a closed set."""

    # Nothing can be said.
    NOT_MEASURED = "not_measured"
    """The case has no report, or a quality gate failed."""
    NO_TIME_POINT = "no_time_point"
    """The patient has several cases, and nothing says when this one was scanned."""
    LESIONS_UNKNOWN = "lesions_unknown"
    """No lesion map was given."""
    NOT_COMPARED = "not_compared"
    """The case could not be compared with an earlier one."""
    BEFORE_BASELINE = "before_baseline"
    """The scan lies before the first one that shows the whole liver and its lesions."""
    NO_BASELINE = "no_baseline"
    """No scan shows the whole liver and its lesions."""
    LIVER_NOT_WHOLE = "liver_not_whole"
    """The scan or file cuts the liver: new lesions may lie beyond."""
    NO_LESION_AT_BASELINE = "no_lesion_at_baseline"
    """There was no lesion that could respond."""
    TARGET_OUTSIDE = "target_outside"
    """A target lesion lies beyond the scan."""
    TARGET_REJECTED = "target_rejected"
    """A reader rejected in this scan what was a target lesion."""

    # Provisional: a reader has not spoken.
    UNCONFIRMED = "unconfirmed"
    """Nobody confirmed or rejected some lesions, of this scan or of the baseline."""
    NEW_UNCONFIRMED = "new_unconfirmed"
    """There are new lesions, and nobody confirmed one of them."""
    ABSENCE_UNCONFIRMED = "absence_unconfirmed"
    """A target lesion, or any lesion, was not found, and no reader has gone through the scan."""

    # Uncertain: it could be another class.
    WITHIN_ERROR = "within_error"
    """Measurement errors alone could turn the class round."""
    TARGET_CUT = "target_cut"
    """The scan cuts a target lesion, then, at the baseline or at the nadir."""
    TARGET_SMALL = "target_small"
    """A target lesion is so small that another length might stand for it, and the class rests on
    that."""
    TARGET_MIXED = "target_mixed"
    """A target lesion has merged with one that was none, or cannot be told from it."""
    LIVERS_MISALIGNED = "livers_misaligned"
    """The livers of the scans compared lie badly on each other."""
    OTHER_SCAN = "other_scan"
    """The scans compared differ in modality or contrast phase."""
    ORDERED_BY_NAME = "ordered_by_name"
    """The time points are neither all dates nor all numbers of days: their names order them."""
    REAPPEARED = "reappeared"
    """A target lesion that had not been found is there again."""

    # How it came about.
    NO_TARGET = "no_target"
    """No lesion of the baseline was large enough for a target."""
    TARGET_SPLIT = "target_split"
    """A target lesion has fallen into parts; their diameters are added."""
    TARGETS_MERGED = "targets_merged"
    """Target lesions have become one, which counts once."""
    NON_TARGETS_LEFT = "non_targets_left"
    """All target lesions are gone, others are not."""
    PARTIAL_GOES_ON = "partial_goes_on"
    """A partial response that was confirmed goes on until progression."""


PROVISIONAL_NOTES = frozenset(
    (ResponseNote.UNCONFIRMED, ResponseNote.NEW_UNCONFIRMED, ResponseNote.ABSENCE_UNCONFIRMED)
)
UNCERTAIN_NOTES = frozenset(
    (
        ResponseNote.WITHIN_ERROR,
        ResponseNote.TARGET_CUT,
        ResponseNote.TARGET_SMALL,
        ResponseNote.TARGET_MIXED,
        ResponseNote.LIVERS_MISALIGNED,
        ResponseNote.OTHER_SCAN,
        ResponseNote.ORDERED_BY_NAME,
        ResponseNote.REAPPEARED,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiverResponse:
    """How the liver's lesions stand at one scan.

    Parameters
    ----------
    response
        By target lesions, new lesions and whether others are left; ``None`` at the baseline.
    target_response
        By the sum of the target lesions alone; ``None`` at the baseline and without targets.
    sum_mm
        Of the longest axial diameters of the target lesions; a lower bound where some of them are
        not, or not wholly, in the scan. 0 says that all have gone; ``None`` that there were none.
    baseline_mm, nadir_mm
        The sum at the baseline, and the smallest one before this scan; ``None`` at the baseline.
    from_baseline_fraction, from_nadir_fraction, from_nadir_mm
        ``sum − baseline`` over the baseline, and ``sum − nadir``, over the nadir and in mm;
        ``None`` at the baseline and without targets.
    probability
        Of ``target_response`` under the measurement errors of all scans, in [0, 1]; ``None``
        where no sum decides it.
    new_lesions, new_confirmed
        Lesions that the baseline did not have, and those of them that a reader confirmed.
    notes
        Why it is missing, provisional or uncertain, and how it came about.
    """

    response: Response | None
    target_response: Response | None
    sum_mm: Quantity | None
    baseline_mm: float | None
    nadir_mm: float | None
    from_baseline_fraction: Quantity | None
    from_nadir_fraction: Quantity | None
    from_nadir_mm: Quantity | None
    probability: float | None
    new_lesions: int
    new_confirmed: int
    notes: tuple[ResponseNote, ...]

    @property
    def provisional(self) -> bool:
        """Whether a reader has still to speak."""
        return not PROVISIONAL_NOTES.isdisjoint(self.notes)

    @property
    def uncertain(self) -> bool:
        """Whether another class could hold as well."""
        return not UNCERTAIN_NOTES.isdisjoint(self.notes)
