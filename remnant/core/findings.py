"""Verdicts on rules and quality checks, each with its source."""

from dataclasses import dataclass, field
from enum import StrEnum

from remnant.core.quantity import Bound, Quantity


class Verdict(StrEnum):
    """Outcome of holding a value against a rule."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"
    NO_EVIDENCE = "no_evidence"


class SourceStatus(StrEnum):
    """Whether a number was read in its source (verified) or only recalled (unverified)."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    PROJECT = "project"


class Basis(StrEnum):
    """What a fraction was divided by: a threshold binds only to its own basis."""

    STANDARDISED_TLV = "standardised_tlv"
    MEASURED_FUNCTIONAL_TLV = "measured_functional_tlv"
    BODY_WEIGHT = "body_weight"
    BODY_SURFACE_AREA = "body_surface_area"
    TUMOUR_VOLUME = "tumour_volume"
    TOTAL_LIVER_VOLUME = "total_liver_volume"
    UNSPECIFIED = "unspecified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A published minimum.

    Parameters
    ----------
    value
        The minimum, in the unit of ``basis``: a fraction for volumes, percent for body weight,
        mL/m² for body surface area.
    basis
        What the study divided by.
    inclusive
        ``True`` for "at least" (>=), ``False`` for "more than" (>), as the source prints it.
    source
        Key in ``planning/literature.bib``.
    status
        Whether the number was read in the source.
    """

    value: float
    basis: Basis
    inclusive: bool
    source: str
    status: SourceStatus

    def judge(self, quantity: Quantity) -> Verdict:
        """Hold a quantity of this threshold's basis against it.

        A lower bound can meet but never fail a minimum, an upper bound the reverse; what a bound
        cannot decide is ``UNKNOWN``, and so is an absent or indicative value.
        """
        if quantity.value is None or quantity.indicative:
            return Verdict.UNKNOWN
        reached = quantity.value >= self.value if self.inclusive else quantity.value > self.value
        undecided = Bound.UPPER if reached else Bound.LOWER
        if quantity.bound is undecided:
            return Verdict.UNKNOWN
        return Verdict.MET if reached else Verdict.NOT_MET

    def probability(self, quantity: Quantity) -> float | None:
        """Return the probability that a quantity of this threshold's basis reaches it.

        ``None`` where it cannot be said, see `Quantity.probability`.
        """
        return quantity.probability(self.value, inclusive=self.inclusive)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One statement of a report: a rule or a quality check, its verdict and its source.

    ``value``, ``threshold``, ``basis``, ``inclusive`` are ``None`` for checks without a number;
    ``source`` and ``status`` are ``None`` for quality checks, which rest on no publication.
    ``verdict`` of a quality check is ``MET`` when the check passed. ``probability`` is that of the
    true value reaching the threshold (or lying in the class that is named), within the error model
    of the report; ``None`` where it cannot be said.
    """

    id: str
    verdict: Verdict
    text: str
    value: float | None = None
    threshold: float | None = None
    basis: Basis | None = None
    inclusive: bool | None = None
    source: str | None = None
    status: SourceStatus | None = field(default=None)
    probability: float | None = None


def quality_finding(
    identifier: str, *, passed: bool | None, text: str, value: float | None = None
) -> Finding:
    """Make a quality finding; ``passed`` is ``None`` when the check could not be made."""
    verdicts = {None: Verdict.UNKNOWN, True: Verdict.MET, False: Verdict.NOT_MET}
    verdict = verdicts[passed]
    return Finding(id=identifier, verdict=verdict, text=text, value=value)
