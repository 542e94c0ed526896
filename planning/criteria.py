"""Conditions as data: what a source asks, of which fact, and how it is compared.

A condition is held against *known facts*: a mapping from the name of an input to a number, a
`Quantity`, a truth value or an enumeration's member. An input that is missing or ``None`` makes the
verdict ``UNKNOWN``, never met; so does a quantity whose bound or indication cannot decide.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from remnant.core.criteria import CriteriaResult
from remnant.core.findings import Basis, Finding, SourceStatus, Verdict
from remnant.core.quantity import Bound, Quantity

Known = Mapping[str, "Quantity | float | bool | StrEnum | str | None"]

NEAR_SHARE = 0.01
NEAR_AMOUNT = 1.0
NEAR_TEXT = " The value lies within 1 of the limit."
DECIMALS = 9
MOST_NAMED = 3
"""So many missing facts are named in the text of a list; its ``missing`` names all."""
"""A value this near to its limit is flagged: a percentage point of a share, else one unit (C7)."""


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
        with what is missing.
    """
    findings = tuple(judge(condition, known) for condition in listed.conditions)
    needed = [f.verdict for c, f in zip(listed.conditions, findings, strict=True) if c.needed]
    verdict = all_of(needed)
    missing = tuple(
        dict.fromkeys(ask for c in listed.conditions if c.needed for ask in missing_of(c, known))
    )
    return CriteriaResult(
        id=listed.id,
        title=listed.title,
        source=listed.source,
        verdict=verdict,
        findings=findings,
        missing=missing,
        text=_summary(listed, verdict, findings, missing),
    )


def judge(condition: Condition, known: Known) -> Finding:
    """Hold one condition against known facts; values near their limit are flagged in the text."""
    if isinstance(condition, AnyOf):
        return _judge_any(condition, known)
    value = known.get(condition.input)
    verdict = _compare(condition, value)
    limit = condition.limit
    numeric = isinstance(limit, float | int) and not isinstance(limit, bool)
    return Finding(
        id=condition.id,
        verdict=verdict,
        text=_text(condition, value, verdict),
        value=_number(value) if numeric else None,
        threshold=float(limit) if isinstance(limit, float | int) and numeric else None,
        basis=condition.basis,
        inclusive=condition.comparison in (Comparison.AT_LEAST, Comparison.AT_MOST)
        if numeric
        else None,
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
    """Return what would have to be known to decide a condition that is undecided."""
    if isinstance(condition, AnyOf):
        if _any_verdict(condition, known) is not Verdict.UNKNOWN:
            return ()
        open_branches = (b for b in condition.branches if not _failed(b, known))
        asked = (a for branch in open_branches for c in branch for a in missing_of(c, known))
        return tuple(dict.fromkeys(asked))
    undecided = _compare(condition, known.get(condition.input)) is Verdict.UNKNOWN
    return (condition.ask,) if undecided else ()


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
    asked = "; ".join(missing_of(condition, known)) if verdict is Verdict.UNKNOWN else ""
    unknown = f" Not known: {asked}." if asked else ""
    return Finding(
        id=condition.id,
        verdict=verdict,
        text=f"{condition.statement}{near}{unknown}",
        source=condition.source,
        status=condition.status,
    )


def _compare(criterion: Criterion, value: object) -> Verdict:
    if isinstance(value, Quantity):
        return _compare_quantity(criterion, value)
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


def _number(value: object) -> float | None:
    if isinstance(value, Quantity):
        return value.value
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
    if not isinstance(value, Quantity):
        return f"Not known: {criterion.ask}"
    why = f" ({value.reason})" if value.reason else ""
    if value.value is None:
        return f"Not known: {criterion.ask}{why}"
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
        Verdict.UNKNOWN: f"undecided, missing: {_named(missing)}",
    }
    remark = f" {listed.remark}" if listed.remark else ""
    return f"{listed.title}: {words.get(verdict, verdict)}.{remark}"


def _named(missing: tuple[str, ...]) -> str:
    more = len(missing) - MOST_NAMED
    words = "; ".join(missing[:MOST_NAMED])
    return f"{words}; and {more} more" if more > 0 else words
