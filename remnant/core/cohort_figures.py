"""The figures of a cohort's cases, column by column: what its summary is made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

NO_NUMBERS: Final[Mapping[str, Numbers]] = MappingProxyType({})
NO_WORDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({})
NO_TEXTS: Final[Mapping[str, str]] = MappingProxyType({})
NO_COUNTS: Final[Mapping[str, int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReference:
    """One structure of a case that has a reference.

    Its figures are those of `remnant.core.reference_agreement.ReferenceAgreement`.
    """

    case: str
    structure: str
    measured_ml: float | None = None
    reference_ml: float | None = None
    measured_fraction: float | None = None
    reference_fraction: float | None = None
    dice: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictCounts:
    """How often a rule came to which verdict.

    Parameters
    ----------
    list
        The report's list that it stands in, see the table ``findings``.
    rule
        Id of the rule or check; of a verdict on a whole list, that list's id.
    whole
        Whether it is the verdict on a whole list.
    cases
        Cases in which it was judged; one may be judged for each plan or lesion of a case.
    counts
        By the values of `remnant.core.findings.Verdict`.
    """

    list: str
    rule: str
    whole: bool
    cases: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectAtTime:
    """One case of a subject's course.

    Parameters
    ----------
    subject, case
        Pseudonym and name of the case.
    order
        Its place among the subject's cases.
    baseline
        Whether it is the one that the later ones are held against.
    day
        Days since the subject's first case; ``None`` where nothing says when it was.
    burden_fraction, functional_tlv_ml
        ``None`` where absent.
    response
        Liver-only response, see `remnant.core.response`; empty at the baseline.
    provisional
        Whether a reader has still to speak on it.
    """

    subject: str
    case: str
    order: int
    baseline: bool
    day: float | None = None
    burden_fraction: float | None = None
    functional_tlv_ml: float | None = None
    response: str = ""
    provisional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CohortFigures:
    """The figures of all cases; every column has one entry for each case, in one order.

    Parameters
    ----------
    cases, statuses, stages, error_kinds, errors
        Name, how it ended (`remnant.cohort.outcomes.CaseStatus`), and of a case that failed where
        and why; empty texts where there was no error.
    numbers
        Columns of numbers by name, NaN where absent. 0 is a measurement.
    words
        Columns of words by name, empty where absent.
    verdicts
        How often each rule came to which verdict, in the cases that are done.
    versions, models
        Cases by version of the algorithms and by network.
    agreement
        One entry for each structure of each case that has a reference.
    not_compared
        Why the references of a case could not be compared, by its name.
    course
        Cases of subjects that were followed, in any order.
    events
        Lesions by what became of them between two cases of their subject.
    """

    cases: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    error_kinds: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    numbers: Mapping[str, Numbers] = field(default_factory=lambda: NO_NUMBERS)
    words: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: NO_WORDS)
    verdicts: tuple[VerdictCounts, ...] = ()
    versions: Mapping[str, int] = field(default_factory=lambda: NO_COUNTS)
    models: Mapping[str, int] = field(default_factory=lambda: NO_COUNTS)
    agreement: tuple[CaseReference, ...] = ()
    not_compared: Mapping[str, str] = field(default_factory=lambda: NO_TEXTS)
    course: tuple[SubjectAtTime, ...] = ()
    events: Mapping[str, int] = field(default_factory=lambda: NO_COUNTS)

    def number(self, name: str) -> Numbers:
        """Return a column of numbers; all absent where the cohort has no such column."""
        none = np.full(len(self.cases), np.nan)
        return self.numbers.get(name, none)

    def word(self, name: str) -> tuple[str, ...]:
        """Return a column of words; all empty where the cohort has no such column."""
        return self.words.get(name, ("",) * len(self.cases))

    def with_status(self, *statuses: str) -> NDArray[np.bool_]:
        """Return which cases ended in one of these ways, shape ``(cases,)``."""
        wanted = frozenset(statuses)
        return np.array([status in wanted for status in self.statuses], dtype=np.bool_)
