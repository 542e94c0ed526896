"""Conditions as data: what a source asks, of which input, and how it is compared.

A condition is judged by `Facts`. An input that is missing or ``None`` makes the verdict
``UNKNOWN``, never met; so does a quantity whose bound or indication cannot decide.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from planning.inputs import Diameter, Doubt, Facts, Input, ShareRange, Value
from remnant.core.findings import (
    Basis,
    Comparison,
    Finding,
    SourceStatus,
    Threshold,
    Verdict,
    judged,
)
from remnant.core.quantity import CERTAINTY, Quantity
from remnant.core.reasons import Cause, Reason, joined, reason

NEAR_SHARE = 0.01
NEAR_AMOUNT = 1.0
"""A value this near to its limit is flagged: a percentage point of a share, else one unit (C7)."""
DECIMALS = 9
DECIDED = (Verdict.MET, Verdict.NOT_MET)

Limit = float | bool | StrEnum | tuple[StrEnum, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One condition of a source.

    Parameters
    ----------
    id
        Machine name, unique in the whole rule base, e.g. ``transplant.milan.age``.
    statement
        The condition in our own words.
    input
        What it asks for.
    comparison, limit
        How a number is compared with its limit, as printed: ``LESS`` is "<", ``AT_MOST`` is "≤".
        Without a comparison the fact has to be the limit, or one of several.
    basis
        Denominator of a share, ``None`` for everything else.
    population
        Whom the source speaks of.
    source, status
        Key in ``planning/literature.bib`` and whether it was read there.
    needed
        ``False`` for remarks that do not decide the list.
    against
        Words that the source speaks against, where it is silent on others: these have no evidence.
        Empty where every word that is not the limit fails.
    obstacle
        What stands in the way where it fails, e.g. "right heart failure" for "No right heart
        failure."; a phrase without a full stop, empty where nothing does.
    only_failure
        Whether it decides only where it fails: not known, it leaves nothing open.
    """

    id: str
    statement: str
    input: Input
    comparison: Comparison | None = None
    limit: Limit
    population: str
    source: str
    status: SourceStatus = SourceStatus.VERIFIED
    basis: Basis | None = None
    needed: bool = field(default=True)
    against: tuple[StrEnum, ...] = ()
    obstacle: str = ""
    only_failure: bool = False

    @property
    def threshold(self) -> Threshold | None:
        """The limit of a condition on a number, ``None`` for every other."""
        if self.comparison is None:
            return None
        assert isinstance(self.limit, float | int)  # noqa: S101  # a number has a number as limit
        return Threshold(
            value=float(self.limit),
            basis=self.basis or Basis.NO_RATIO,
            comparison=self.comparison,
            source=self.source,
            status=self.status,
        )

    def judge(self, value: Value, *, certainty: float = CERTAINTY) -> Verdict:
        """Compare a value with the limit; what bounds or a range leave open is ``UNKNOWN``."""
        if value is Doubt.UNCERTAIN:
            return Verdict.UNCERTAIN
        if value is None or (isinstance(value, Quantity) and value.value is None):
            return Verdict.UNKNOWN
        if self.threshold is None:
            return self._judge_word(value)
        return _compare(self.threshold, value, certainty)

    def _judge_word(self, value: Value) -> Verdict:
        members = self.limit if isinstance(self.limit, tuple) else (self.limit,)
        if value in members:
            return Verdict.MET
        silent = bool(self.against) and value not in self.against
        return Verdict.NO_EVIDENCE if silent else Verdict.NOT_MET


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """Conditions of which one is enough, see `any_of`; ``obstacle`` as that of a `Criterion`."""

    id: str
    statement: str
    branches: tuple[tuple[Criterion, ...], ...]
    population: str
    source: str
    status: SourceStatus = SourceStatus.VERIFIED
    needed: bool = field(default=True)
    obstacle: str = ""


Condition = Criterion | AnyOf


@dataclass(frozen=True, slots=True, kw_only=True)
class CriteriaList:
    """All conditions that one source lists for one decision."""

    id: str
    title: str
    source: str
    conditions: tuple[Condition, ...]
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Figures of a series or a statement of a source: nothing is compared with it."""

    id: str
    statement: str
    population: str
    source: str
    status: SourceStatus = field(default=SourceStatus.VERIFIED)


def judge_by(criterion: Criterion, facts: Facts) -> Verdict:
    """Return the verdict on one condition by what is known, as sure as the facts ask for."""
    return criterion.judge(facts[criterion.input], certainty=facts.certainty)


def judge(condition: Condition, facts: Facts) -> Finding:
    """Judge one condition by what is known; values near their limit have that as a reason."""
    if isinstance(condition, AnyOf):
        return _judge_any(condition, facts)
    value, threshold = facts[condition.input], condition.threshold
    verdict = judge_by(condition, facts)
    uncertain = verdict is Verdict.UNCERTAIN
    idle = condition.only_failure and verdict is Verdict.UNKNOWN
    return Finding(
        id=condition.id,
        verdict=verdict,
        decides=condition.needed and not idle,
        inputs=(condition.input.name,),
        missing=(condition.input.name,) if verdict is Verdict.UNKNOWN else (),
        quantity=None if threshold is None else _quantity(value),
        threshold=threshold,
        probability=_chance(threshold, value) if uncertain else None,
        reasons=_undecided(condition, value)
        if verdict is Verdict.UNKNOWN
        else _near(condition, value),
        source=condition.source,
        status=condition.status,
    )


def remark_finding(remark: Remark) -> Finding:
    """Return a remark as a finding: ``MET``, a statement that nothing is compared with."""
    return Finding(
        id=remark.id,
        verdict=Verdict.MET,
        decides=False,
        source=remark.source,
        status=remark.status,
    )


def with_reason(finding: Finding, *reasons: Reason) -> Finding:
    """Add reasons to a finding."""
    return replace(finding, reasons=joined(finding.reasons, reasons))


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Join with "and": one not met decides, else one uncertain, else one unknown.

    >>> all_of([Verdict.MET, Verdict.UNKNOWN, Verdict.UNCERTAIN]).value
    'uncertain'
    """
    found = set(verdicts)
    for deciding in (Verdict.NOT_MET, Verdict.UNCERTAIN):
        if deciding in found:
            return deciding
    return Verdict.UNKNOWN if found - {Verdict.MET} else Verdict.MET


def any_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Join with "or": one met decides, else one uncertain, else one unknown.

    >>> any_of([Verdict.NOT_MET, Verdict.UNKNOWN]).value
    'unknown'
    """
    found = set(verdicts)
    for deciding in (Verdict.MET, Verdict.UNCERTAIN):
        if deciding in found:
            return deciding
    return Verdict.UNKNOWN if found - {Verdict.NOT_MET} else Verdict.NOT_MET


def together(conditions: Iterable[Condition], facts: Facts) -> Verdict:
    """Join conditions with "and", those alone that decide, see `deciding`."""
    return all_of(judge(condition, facts).verdict for condition in deciding(conditions, facts))


def deciding(conditions: Iterable[Condition], facts: Facts) -> tuple[Condition, ...]:
    """Return the conditions that decide what they stand in.

    Remarks do not, nor do those that are not known and decide only where they fail.
    """
    return tuple(c for c in conditions if c.needed and not _leaves_nothing_open(c, facts))


def _leaves_nothing_open(condition: Condition, facts: Facts) -> bool:
    if isinstance(condition, AnyOf) or not condition.only_failure:
        return False
    return judge_by(condition, facts) is Verdict.UNKNOWN


def undecided_inputs(conditions: Iterable[Condition], facts: Facts) -> tuple[str, ...]:
    """Return the names of all inputs, told or computed, that leave conditions undecided."""
    still_open = (one for condition in conditions for one in open_criteria(condition, facts))
    return tuple(dict.fromkeys(one.input.name for one in still_open))


def inputs_of(condition: Condition) -> tuple[Input, ...]:
    """Return all inputs that a condition reads, each once."""
    if isinstance(condition, Criterion):
        return (condition.input,)
    return tuple(dict.fromkeys(c.input for branch in condition.branches for c in branch))


def rests_on_segments(conditions: Iterable[Condition]) -> bool:
    """Tell whether any of some conditions rests on Couinaud segments, also through the plans."""
    return any(one.rests_on_segments for c in conditions for one in inputs_of(c))


def open_criteria(condition: Condition, facts: Facts) -> Iterator[Criterion]:
    """Yield the conditions on one input whose facts leave a condition undecided."""
    if isinstance(condition, Criterion):
        if judge_by(condition, facts) is Verdict.UNKNOWN:
            yield condition
    elif _any_verdict(condition, facts) not in DECIDED:
        branches = (branch for branch in condition.branches if not _failed(branch, facts))
        yield from (one for branch in branches for c in branch for one in open_criteria(c, facts))


def _failed(branch: tuple[Criterion, ...], facts: Facts) -> bool:
    return any(judge_by(c, facts) is Verdict.NOT_MET for c in branch)


def _any_verdict(condition: AnyOf, facts: Facts) -> Verdict:
    return any_of(all_of(judge_by(c, facts) for c in branch) for branch in condition.branches)


def _judge_any(condition: AnyOf, facts: Facts) -> Finding:
    inner = [c for branch in condition.branches for c in branch]
    return Finding(
        id=condition.id,
        verdict=_any_verdict(condition, facts),
        decides=condition.needed,
        inputs=tuple(one.name for one in inputs_of(condition)),
        missing=undecided_inputs((condition,), facts),
        reasons=joined(*(_near(c, facts[c.input]) for c in inner)),
        source=condition.source,
        status=condition.status,
    )


def _chance(threshold: Threshold | None, value: Value) -> float | None:
    if threshold is None or not isinstance(value, Quantity):
        return None
    return threshold.probability(value)


def _compare(threshold: Threshold, value: Value, certainty: float) -> Verdict:
    if isinstance(value, Quantity):
        return threshold.judge(value, certainty=certainty)
    if isinstance(value, Diameter):
        return _of_diameter(threshold, value)
    if isinstance(value, ShareRange):
        holds = {threshold.holds(end) for end in value.ends}
        return Verdict.UNKNOWN if len(holds) > 1 else _verdict(holds=holds == {True})
    assert isinstance(value, float | int)  # noqa: S101  # a number is compared with a number
    return _verdict(holds=threshold.holds(value))


def _of_diameter(threshold: Threshold, diameter: Diameter) -> Verdict:
    """Judge by the axial diameter; uncertain where the 3-D one lies on the limit's other side."""
    verdict = threshold.judge(diameter.axial_mm)
    between = verdict is not Verdict.UNKNOWN and _lies_between(threshold, diameter)
    return Verdict.UNCERTAIN if between else verdict


def _lies_between(threshold: Threshold, diameter: Diameter) -> bool:
    """Tell whether a limit separates the axial diameter from the 3-D one."""
    ends = (diameter.axial_mm.value, diameter.corrected_3d_mm)
    return len({threshold.holds(end) for end in ends if end is not None}) > 1


def _verdict(*, holds: bool) -> Verdict:
    return Verdict.MET if holds else Verdict.NOT_MET


def _quantity(value: Value) -> Quantity | None:
    if isinstance(value, Quantity):
        return judged(value)
    if isinstance(value, Diameter):
        return judged(value.axial_mm)
    number = _number(value)
    return None if number is None else Quantity(number)


def _number(value: Value) -> float | None:
    if isinstance(value, Quantity):
        return value.value
    if isinstance(value, Diameter):
        return value.axial_mm.value
    if isinstance(value, ShareRange):
        return value.least or None
    return float(value) if isinstance(value, float | int) else None


def is_near(criterion: Criterion, value: Value) -> bool:
    """Tell whether a number lies so near to its limit that the printed sign decides."""
    number, threshold = _number(value), criterion.threshold
    if number is None or threshold is None or criterion.input.type is int:
        return False  # a count is exact: the printed sign decides it, whatever lies near
    near = NEAR_SHARE if criterion.basis is not None else NEAR_AMOUNT
    return round(abs(number - threshold.value), DECIMALS) <= near


def _near(criterion: Criterion, value: Value) -> tuple[Reason, ...]:
    near = (reason(Cause.NEAR_LIMIT),) if is_near(criterion, value) else ()
    return (*near, *_two_diameters(criterion.threshold, value))


def _two_diameters(threshold: Threshold | None, value: Value) -> tuple[Reason, ...]:
    """Give both diameters where a limit lies between them."""
    if threshold is None or not isinstance(value, Diameter) or not _lies_between(threshold, value):
        return ()
    axial_mm = value.axial_mm.value or 0.0
    return (reason(Cause.DIAMETERS_DISAGREE, axial_mm, value.corrected_3d_mm, threshold.value),)


def _undecided(criterion: Criterion, value: Value) -> tuple[Reason, ...]:
    """Return why a value decides nothing; the finding's quantity says it itself."""
    if isinstance(value, ShareRange):
        kind = Cause.SHARE_BELOW if value.below else Cause.SHARE_UP_TO
        return joined((reason(kind, value.least, value.most),), value.reasons)
    if isinstance(value, Quantity) and criterion.threshold is None:
        return value.reasons
    return ()
