"""How the conditions of one source's list are written down: source and population once."""

from dataclasses import dataclass, field
from enum import StrEnum

from planning.criteria.conditions import AnyOf, Criterion, Limit
from planning.inputs import Input
from remnant.core.findings import Basis, Comparison, SourceStatus

Test = tuple[Comparison | None, Limit]
YES: Test = (None, True)
NO: Test = (None, False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What the conditions of one list share.

    Parameters
    ----------
    prefix
        Start of every condition's id.
    population, source, status
        See `Criterion`.
    """

    prefix: str
    population: str
    source: str
    status: SourceStatus = field(default=SourceStatus.VERIFIED)

    def condition(
        self,
        name: str,
        statement: str,
        *,
        of: Input,
        test: Test = YES,
        basis: Basis | None = None,
        needed: bool = True,
        obstacle: str = "",
    ) -> Criterion:
        """Return one condition on the input ``of``."""
        comparison, limit = test
        return Criterion(
            id=f"{self.prefix}.{name}",
            statement=statement,
            input=of,
            comparison=comparison,
            limit=limit,
            population=self.population,
            source=self.source,
            status=self.status,
            basis=basis,
            needed=needed,
            obstacle=obstacle,
        )

    def either(
        self, name: str, statement: str, *branches: tuple[Criterion, ...], obstacle: str = ""
    ) -> AnyOf:
        """Return conditions of which one branch is enough."""
        return AnyOf(
            id=f"{self.prefix}.{name}",
            statement=statement,
            branches=branches,
            population=self.population,
            source=self.source,
            status=self.status,
            obstacle=obstacle,
        )


def less(limit: float) -> Test:
    """Below a limit."""
    return Comparison.LESS, limit


def at_most(limit: float) -> Test:
    """At most a limit."""
    return Comparison.AT_MOST, limit


def at_least(limit: float) -> Test:
    """At least a limit."""
    return Comparison.AT_LEAST, limit


def more(limit: float) -> Test:
    """Above a limit."""
    return Comparison.MORE, limit


def is_(member: StrEnum) -> Test:
    """One member of an enumeration."""
    return None, member


def one_of(*members: StrEnum) -> Test:
    """Any of several members of an enumeration."""
    return None, members
