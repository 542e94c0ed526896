"""Verdicts on rules and quality checks, each with its source."""

from dataclasses import dataclass, replace
from enum import StrEnum

from remnant.core.quantity import CERTAINTY, Bound, Quantity
from remnant.core.reasons import Reason


class Verdict(StrEnum):
    """Outcome of holding a value against a rule.

    ``UNKNOWN`` where a fact or a figure is missing, ``UNCERTAIN`` where all is there and the
    measurement error alone could turn the verdict round, see :data:`CERTAINTY`.
    """

    MET = "met"
    NOT_MET = "not_met"
    UNCERTAIN = "uncertain"
    UNKNOWN = "unknown"
    NO_EVIDENCE = "no_evidence"


BEST_FIRST = (
    Verdict.MET,
    Verdict.UNCERTAIN,
    Verdict.UNKNOWN,
    Verdict.NO_EVIDENCE,
    Verdict.NOT_MET,
)


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
    NO_RATIO = "no_ratio"


class Comparison(StrEnum):
    """How a quantity is compared with a limit, as its source prints it."""

    LESS = "<"
    AT_MOST = "<="
    AT_LEAST = ">="
    MORE = ">"


UPWARD = frozenset((Comparison.AT_LEAST, Comparison.MORE))
INCLUSIVE = frozenset((Comparison.AT_LEAST, Comparison.AT_MOST))
MEASUREMENT_DECIMALS = 9
"""Values are compared rounded to so many decimals: 0.1 + 0.6 must not miss "at least 0.7"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A published limit.

    Parameters
    ----------
    value
        The limit, in the unit of ``basis``: a fraction for volumes, percent for body weight, mL/m²
        for body surface area; of what is no ratio in its own unit.
    basis
        What the study divided by.
    comparison
        "At least", "more than", "at most" or "less than", as the source prints it.
    source
        Key in ``planning/literature.bib``.
    status
        Whether the number was read in the source.
    """

    value: float
    basis: Basis = Basis.NO_RATIO
    comparison: Comparison = Comparison.AT_LEAST
    source: str
    status: SourceStatus

    @property
    def inclusive(self) -> bool:
        """Whether a quantity that equals the limit reaches it."""
        return self.comparison in INCLUSIVE

    def judge(self, quantity: Quantity, *, certainty: float = CERTAINTY) -> Verdict:
        """Compare a quantity of this threshold's basis with it.

        A lower bound can reach but never miss a minimum, an upper bound the reverse, and for a
        maximum the other way round; what a bound cannot decide is ``UNKNOWN``, and so is an absent
        or indicative value. Where the distribution of the true value is known, ``UNCERTAIN`` if
        less than ``certainty`` of it lies on either side of the limit; without one the value alone
        decides. Of a bound the distribution is that of the part that was measured.
        """
        if quantity.value is None or quantity.indicative:
            return Verdict.UNKNOWN
        chance = self.probability(replace(quantity, bound=None))
        if chance is None:
            verdict = Verdict.MET if self.holds(quantity.value) else Verdict.NOT_MET
        else:
            verdict = verdict_of_chance(chance, certainty=certainty)
        if quantity.bound is None or verdict is Verdict.UNCERTAIN:
            return verdict
        upward = (quantity.bound is Bound.LOWER) == (self.comparison in UPWARD)
        decided = Verdict.MET if upward else Verdict.NOT_MET
        return verdict if verdict is decided else Verdict.UNKNOWN

    def holds(self, value: float) -> bool:
        """Compare a number; the noise of adding up floats decides nothing."""
        number, limit = round(value, MEASUREMENT_DECIMALS), self.value
        return {
            Comparison.LESS: number < limit,
            Comparison.AT_MOST: number <= limit,
            Comparison.AT_LEAST: number >= limit,
            Comparison.MORE: number > limit,
        }[self.comparison]

    def probability(self, quantity: Quantity) -> float | None:
        """Return the probability that the true value of a quantity of this basis holds.

        ``None`` where it cannot be said, see `Quantity.probability`.
        """
        if self.comparison in UPWARD:
            return quantity.probability(self.value, inclusive=self.inclusive)
        beyond = quantity.probability(self.value, inclusive=not self.inclusive)
        return None if beyond is None else 1.0 - beyond


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule or a quality check: its verdict, and what it rests on. Data, no sentence.

    `remnant.wording.findings` puts it into words, by its id and the rule data.

    Parameters
    ----------
    id
        Which condition, rule or check.
    verdict
        Of a quality check ``MET`` when it passed.
    decides
        Whether it decides the list that it stands in; remarks do not.
    inputs, missing
        Names of the inputs that it read (`planning.inputs`), and of those whose want leaves it
        undecided.
    quantity
        What was judged, without its interval, which stands where the quantity does in the report;
        ``None`` for checks without a number. Of several the most cautious.
    quantities
        The same on each denominator, where the source does not say which it means; else empty.
    denominator
        What ``quantity`` was divided by, where no threshold says so.
    threshold
        The limit, ``None`` where nothing is compared.
    probability
        Of the true value reaching the threshold (or lying in the class that is named), within the
        error model of the report; ``None`` where it cannot be said.
    reasons
        Why the verdict is as it is, and what it rests on.
    source, status
        ``None`` for quality checks, which rest on no publication.
    """

    id: str
    verdict: Verdict
    decides: bool = True
    inputs: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    quantity: Quantity | None = None
    quantities: tuple[Quantity, ...] = ()
    denominator: Basis | None = None
    threshold: Threshold | None = None
    probability: float | None = None
    reasons: tuple[Reason, ...] = ()
    source: str | None = None
    status: SourceStatus | None = None

    @property
    def value(self) -> float | None:
        """The number that was judged; ``None`` where it is absent or there is none."""
        return None if self.quantity is None else self.quantity.value

    @property
    def limit(self) -> float | None:
        """The number that it was compared with; ``None`` where there is none."""
        return None if self.threshold is None else self.threshold.value

    @property
    def basis(self) -> Basis | None:
        """What the quantity, and the limit's study, divided by; ``None`` for what is no ratio."""
        if self.threshold is None:
            return self.denominator
        return None if self.threshold.basis is Basis.NO_RATIO else self.threshold.basis

    @property
    def inclusive(self) -> bool | None:
        """Whether a value that equals the limit reaches it; ``None`` without one."""
        return None if self.threshold is None else self.threshold.inclusive


def verdict_of_chance(chance: float, *, certainty: float = CERTAINTY) -> Verdict:
    """Return the verdict on a limit that the true value reaches with a probability.

    >>> [verdict_of_chance(chance).value for chance in (0.95, 0.57, 0.10)]
    ['met', 'uncertain', 'not_met']
    """
    chance = round(chance, MEASUREMENT_DECIMALS)
    if chance >= certainty:
        return Verdict.MET
    return Verdict.NOT_MET if chance <= round(1.0 - certainty, 9) else Verdict.UNCERTAIN


def judged(quantity: Quantity) -> Quantity:
    """Return a quantity as a finding keeps it: without its interval."""
    return replace(quantity, interval=None)


def quality_finding(
    identifier: str,
    *,
    passed: bool | None,
    value: float | None = None,
    reasons: tuple[Reason, ...] = (),
) -> Finding:
    """Make a quality finding; ``passed`` is ``None`` when the check could not be made."""
    verdicts = {None: Verdict.UNKNOWN, True: Verdict.MET, False: Verdict.NOT_MET}
    return Finding(
        id=identifier,
        verdict=verdicts[passed],
        quantity=None if value is None else Quantity(float(value)),
        reasons=reasons,
    )
