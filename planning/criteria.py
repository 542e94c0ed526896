"""Conditions as data: what a source asks, of which fact, and how it is compared.

A condition is held against *known facts*: a mapping from the name of an input to a number, a
`Quantity`, a truth value or an enumeration's member. An input that is missing or ``None`` makes the
verdict ``UNKNOWN``, never met; so does a quantity whose bound or indication cannot decide.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from planning import wording
from planning.computed import COMPUTED
from remnant.core import findings as core
from remnant.core.criteria import CriteriaResult
from remnant.core.findings import Basis, Finding, SourceStatus, Threshold, Verdict, judged
from remnant.core.quantity import Bound, Quantity

NEAR_SHARE = 0.01
NEAR_AMOUNT = 1.0
"""A value this near to its limit is flagged: a percentage point of a share, else one unit (C7)."""
NEAR_TEXT = " The value lies within 1 of the limit."
DECIMALS = 9
JUST_BELOW = 1e-8
"""Subtracted from an end that a range does not reach; more than rounding to ``DECIMALS`` hides."""
MOST_NAMED = 3
"""So many missing facts are named in the text of a list; its ``missing`` names all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareRange:
    """A share of which both ends are known.

    Parameters
    ----------
    least
        At least so much, in [0, 1].
    most
        At most so much, in [0, 1]; less than this where ``below``.
    reason
        Why the share itself is not known.
    """

    least: float
    most: float
    below: bool = False
    reason: str

    @property
    def ends(self) -> tuple[float, float]:
        """Return the smallest and the largest share that it may be."""
        return self.least, self.most - JUST_BELOW if self.below else self.most


Known = Mapping[str, "Quantity | ShareRange | float | bool | StrEnum | str | None"]


class Comparison(StrEnum):
    """How a fact is held against a limit, as its source prints it."""

    LESS = "<"
    AT_MOST = "<="
    AT_LEAST = ">="
    MORE = ">"
    IS = "is"
    ONE_OF = "one of"


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
        Name of the fact, and what it is called when it is missing: ``ask``.
    comparison, limit
        Inclusivity as printed: ``LESS`` is "<", ``AT_MOST`` is "≤". For ``IS`` a truth value or a
        member, for ``ONE_OF`` several members.
    basis
        Denominator of a share, ``None`` for everything else.
    population
        Whom the source speaks of.
    source, status
        Key in ``planning/literature.bib`` and whether it was read there.
    needed
        ``False`` for remarks that do not decide the list.
    """

    id: str
    statement: str
    input: str
    ask: str
    comparison: Comparison
    limit: float | bool | str | tuple[str, ...]
    population: str
    source: str
    status: SourceStatus = SourceStatus.VERIFIED
    basis: Basis | None = None
    needed: bool = field(default=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """Conditions of which one is enough; judged with three values (Kleene)."""

    id: str
    statement: str
    branches: tuple[tuple[Criterion, ...], ...]
    population: str
    source: str
    status: SourceStatus = SourceStatus.VERIFIED
    needed: bool = field(default=True)


Condition = Criterion | AnyOf


@dataclass(frozen=True, slots=True, kw_only=True)
class CriteriaList:
    """All conditions that one source lists for one decision."""

    id: str
    title: str
    source: str
    conditions: tuple[Condition, ...]
    remark: str = ""


def judge_list(listed: CriteriaList, known: Known) -> CriteriaResult:
    """Hold a list against known facts.

    Returns
    -------
    CriteriaResult
        ``MET`` when every needed condition is met, ``NOT_MET`` when one is not, else ``UNKNOWN``
        with what is missing. What only plans or the scan decide is not missing; the text names it.
    """
    findings = tuple(judge(condition, known) for condition in listed.conditions)
    needed = [f.verdict for c, f in zip(listed.conditions, findings, strict=True) if c.needed]
    verdict = all_of(needed)
    asked = (ask for c in listed.conditions if c.needed for ask in missing_of(c, known))
    missing = tuple(dict.fromkeys(asked))
    return CriteriaResult(
        id=listed.id,
        title=listed.title,
        source=listed.source,
        verdict=verdict,
        findings=findings,
        missing=missing,
        text=f"{_summary(listed, verdict, findings, missing)}{_computed(listed, verdict, known)}"
        + (f" {listed.remark}" if listed.remark else ""),
    )


def judge(condition: Condition, known: Known) -> Finding:
    """Hold one condition against known facts; values near their limit are flagged in the text."""
    if isinstance(condition, AnyOf):
        return _judge_any(condition, known)
    value = known.get(condition.input)
    verdict = _compare(condition, value)
    numeric = _threshold(condition) is not None
    return Finding(
        id=condition.id,
        verdict=verdict,
        prose=_text(condition, value, verdict),
        decides=condition.needed,
        inputs=(condition.input,),
        missing=(condition.input,) if verdict is Verdict.UNKNOWN else (),
        quantity=_quantity(value) if numeric else None,
        threshold=_threshold(condition),
        source=condition.source,
        status=condition.status,
    )


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Join with "and" in three values: one not met decides, else one unknown."""
    found = set(verdicts)
    if Verdict.NOT_MET in found:
        return Verdict.NOT_MET
    return Verdict.UNKNOWN if found - {Verdict.MET} else Verdict.MET


def any_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Join with "or" in three values: one met decides, else one unknown."""
    found = set(verdicts)
    if Verdict.MET in found:
        return Verdict.MET
    return Verdict.UNKNOWN if found - {Verdict.NOT_MET} else Verdict.NOT_MET


def missing_of(condition: Condition, known: Known) -> tuple[str, ...]:
    """Return what would have to be told to decide a condition that is undecided."""
    told = (c.ask for c in _open(condition, known) if c.input not in COMPUTED)
    return tuple(dict.fromkeys(told))


def undecided_of(condition: Condition, known: Known) -> tuple[str, ...]:
    """Return all that would decide a condition that is undecided, told or computed."""
    return tuple(dict.fromkeys(c.ask for c in _open(condition, known)))


def inputs_of(condition: Condition) -> frozenset[str]:
    """Return the names of all facts that a condition asks for."""
    if isinstance(condition, AnyOf):
        return frozenset(c.input for branch in condition.branches for c in branch)
    return frozenset((condition.input,))


def _open(condition: Condition, known: Known) -> Iterator[Criterion]:
    """Yield the conditions whose facts leave a condition undecided."""
    if isinstance(condition, AnyOf):
        if _any_verdict(condition, known) is Verdict.UNKNOWN:
            branches = (b for b in condition.branches if not _failed(b, known))
            yield from (one for branch in branches for c in branch for one in _open(c, known))
    elif _compare(condition, known.get(condition.input)) is Verdict.UNKNOWN:
        yield condition


def _failed(branch: tuple[Criterion, ...], known: Known) -> bool:
    return any(_compare(c, known.get(c.input)) is Verdict.NOT_MET for c in branch)


def _any_verdict(condition: AnyOf, known: Known) -> Verdict:
    return any_of(
        all_of(_compare(c, known.get(c.input)) for c in branch) for branch in condition.branches
    )


def _judge_any(condition: AnyOf, known: Known) -> Finding:
    verdict = _any_verdict(condition, known)
    inner = [(c, known.get(c.input)) for branch in condition.branches for c in branch]
    near = NEAR_TEXT if any(is_near(c, value) for c, value in inner) else ""
    asked = "; ".join(undecided_of(condition, known))
    unknown = f" Not known: {asked}." if asked else ""
    return Finding(
        id=condition.id,
        verdict=verdict,
        prose=f"{condition.statement}{near}{unknown}",
        decides=condition.needed,
        inputs=tuple(sorted(inputs_of(condition))),
        missing=tuple(dict.fromkeys(c.input for c in _open(condition, known))),
        source=condition.source,
        status=condition.status,
    )


def _compare(criterion: Criterion, value: object) -> Verdict:
    if isinstance(value, Quantity):
        return _compare_quantity(criterion, value)
    if isinstance(value, ShareRange):
        return _compare_range(criterion, value)
    if value is None:
        return Verdict.UNKNOWN
    return Verdict.MET if _holds(criterion, value) else Verdict.NOT_MET


def _compare_quantity(criterion: Criterion, quantity: Quantity) -> Verdict:
    if quantity.value is None or quantity.indicative:
        return Verdict.UNKNOWN
    holds = _holds(criterion, quantity.value)
    upward = criterion.comparison in (Comparison.AT_LEAST, Comparison.MORE)
    sure = None if quantity.bound is None else (quantity.bound is Bound.LOWER) == upward
    if sure is not None and sure is not holds:
        return Verdict.UNKNOWN
    return Verdict.MET if holds else Verdict.NOT_MET


def _compare_range(criterion: Criterion, share: ShareRange) -> Verdict:
    held = {_holds(criterion, end) for end in share.ends}
    if len(held) > 1:
        return Verdict.UNKNOWN
    return Verdict.MET if True in held else Verdict.NOT_MET


def _holds(criterion: Criterion, value: object) -> bool:
    limit, comparison = criterion.limit, criterion.comparison
    if comparison is Comparison.IS:
        return value == limit
    if isinstance(limit, tuple):
        return value in limit
    assert isinstance(value, float | int)  # noqa: S101  # a number is compared with a number
    assert isinstance(limit, float | int)  # noqa: S101
    number = round(value, DECIMALS)
    return {
        Comparison.LESS: number < limit,
        Comparison.AT_MOST: number <= limit,
        Comparison.AT_LEAST: number >= limit,
        Comparison.MORE: number > limit,
    }[comparison]


def _threshold(criterion: Criterion) -> Threshold | None:
    """Return the limit of a condition on a number, ``None`` for every other."""
    limit = criterion.limit
    if isinstance(limit, bool) or not isinstance(limit, float | int):
        return None
    return Threshold(
        value=float(limit),
        basis=criterion.basis or Basis.NO_RATIO,
        comparison=core.Comparison(criterion.comparison.value),
        source=criterion.source,
        status=criterion.status,
    )


def _quantity(value: object) -> Quantity | None:
    if isinstance(value, Quantity):
        return judged(value)
    number = _number(value)
    return None if number is None else Quantity(number)


def _number(value: object) -> float | None:
    if isinstance(value, Quantity):
        return value.value
    if isinstance(value, ShareRange):
        return value.least or None
    return float(value) if isinstance(value, float | int) else None


def is_near(criterion: Criterion, value: object) -> bool:
    """Tell whether a number lies so near to its limit that the printed sign decides."""
    number, limit = _number(value), criterion.limit
    if number is None or isinstance(limit, bool | str | tuple):
        return False
    near = NEAR_SHARE if criterion.basis is not None else NEAR_AMOUNT
    return round(abs(number - limit), 9) <= near


def _text(criterion: Criterion, value: object, verdict: Verdict) -> str:
    if verdict is Verdict.UNKNOWN:
        return f"{criterion.statement} {_undecided(criterion, value)}."
    near = NEAR_TEXT if is_near(criterion, value) else ""
    return f"{criterion.statement}{near}"


def _undecided(criterion: Criterion, value: object) -> str:
    if isinstance(value, ShareRange):
        most = f"{'below' if value.below else 'at most'} {wording.percent(value.most)}"
        return f"Not decided: at least {wording.percent(value.least)}, {most} ({value.reason})"
    by = COMPUTED.get(criterion.input)
    unknown = f"Not decided by {by}: {criterion.ask}" if by else f"Not known: {criterion.ask}"
    if not isinstance(value, Quantity):
        return unknown
    why = f" ({value.reason})" if value.reason else ""
    if value.value is None:
        return f"{unknown}{why}"
    loose = "may be larger or smaller" if value.indicative else "is only known as a bound"
    return f"Not decided: the value {loose}{why}"


def _summary(
    listed: CriteriaList, verdict: Verdict, findings: tuple[Finding, ...], missing: tuple[str, ...]
) -> str:
    needed = [f for c, f in zip(listed.conditions, findings, strict=True) if c.needed]
    failed = sum(f.verdict is Verdict.NOT_MET for f in needed)
    words = {
        Verdict.MET: "every condition is met",
        Verdict.NOT_MET: f"{failed} of {len(needed)} conditions not met",
        Verdict.UNKNOWN: f"undecided, missing: {_named(missing)}" if missing else "undecided",
    }
    return f"{listed.title}: {words.get(verdict, verdict)}."


def _computed(listed: CriteriaList, verdict: Verdict, known: Known) -> str:
    """Name what plans and the scan leave undecided in a list that is."""
    if verdict is not Verdict.UNKNOWN:
        return ""
    left: dict[str, dict[str, None]] = {}
    for condition in (one for c in listed.conditions if c.needed for one in _open(c, known)):
        if condition.input in COMPUTED:
            left.setdefault(COMPUTED[condition.input], {})[condition.ask] = None
    return "".join(f" Not decided by {by}: {_named(tuple(asks))}." for by, asks in left.items())


def _named(missing: tuple[str, ...]) -> str:
    more = len(missing) - MOST_NAMED
    words = "; ".join(missing[:MOST_NAMED])
    return f"{words}; and {more} more" if more > 0 else words
