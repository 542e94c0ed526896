"""What many findings of a document have in common stands once: rules and reasons in tables.

A finding keeps what is of the case: verdict, quantity, probability, reasons. Which condition it is,
whether it decides, what it reads, its threshold and its source are those of its rule; a reason is
the same for every figure that it bears on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from itertools import chain, count
from typing import Any, Final

from remnant.core.errors import InputError
from remnant.core.findings import Basis, Finding, SourceStatus, Threshold, Verdict
from remnant.core.quantity import Quantity
from remnant.core.reasons import Cause, Reason
from remnant.documents.core_schemas import Stored
from remnant.wording.findings import found_here, statement_of
from remnant.wording.reasons import words

DEEPEST: Final = 20
"""So many reasons may stand behind one another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRule:
    """What is the same in every finding of one rule.

    Parameters
    ----------
    id
        Of the rule, where it is not the key: a rule may be judged by several thresholds.
    statement
        What the source says, in words; written, not read.
    """

    id: str | None = None
    decides: bool = True
    inputs: tuple[str, ...] = ()
    threshold: Threshold | None = None
    denominator: Basis | None = None
    source: str | None = None
    status: SourceStatus | None = None
    statement: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReason:
    """One reason; ``because`` are the numbers of further ones, which stand before it.

    ``words`` are written, not read.
    """

    cause: Cause
    amounts: tuple[float, ...] = ()
    names: tuple[str, ...] = ()
    because: tuple[int, ...] = ()
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFinding:
    """What of a finding is of the case.

    Parameters
    ----------
    rule
        Key in the table of rules.
    text
        What it found here, in words, beside the rule's statement; written, not read.
    """

    rule: str
    verdict: Verdict
    missing: tuple[str, ...] = ()
    quantity: Quantity | None = None
    quantities: tuple[Quantity, ...] = ()
    probability: float | None = None
    reasons: tuple[Reason, ...] = ()
    text: str = ""


OF_RULE: Final = tuple(f.name for f in fields(StoredRule) if f.name not in ("id", "statement"))
OF_CASE: Final = tuple(
    f.name for f in fields(StoredFinding) if f.name in {one.name for one in fields(Finding)}
)


@dataclass(slots=True)
class SharedParts:
    """The tables of one document while it is written or read.

    Parameters
    ----------
    rules
        By their keys.
    reasons
        By their numbers, from 1; what is behind a reason stands before it.
    """

    rules: dict[str, StoredRule] = field(default_factory=dict)
    reasons: dict[int, StoredReason] = field(default_factory=dict)
    _keys: dict[StoredRule, str] = field(default_factory=dict)
    _numbers: dict[Reason, int] = field(default_factory=dict)
    _read: dict[int, Reason] = field(default_factory=dict)

    def pack_finding(self, finding: Finding) -> StoredFinding:
        """Return what of a finding is of the case; its rule goes to the table."""
        return StoredFinding(
            rule=self._key(finding),
            text=found_here(finding),
            **{name: getattr(finding, name) for name in OF_CASE},
        )

    def unpack_finding(self, stored: StoredFinding) -> Finding:
        """Return the finding of a rule.

        Raises
        ------
        InputError
            The rule is not in the table.
        """
        rule = self.rules.get(stored.rule)
        if rule is None:
            raise InputError(f"the rule {stored.rule[:40]!r} is not in the table of rules")
        return Finding(
            id=stored.rule if rule.id is None else rule.id,
            **{name: getattr(rule, name) for name in OF_RULE},
            **{name: getattr(stored, name) for name in OF_CASE},
        )

    def pack_reason(self, reason: Reason) -> int:
        """Return the number of a reason; it goes to the table after those behind it."""
        if reason not in self._numbers:
            because = tuple(map(self.pack_reason, reason.because))
            number = len(self._numbers) + 1
            self._numbers[reason] = number
            self.reasons[number] = StoredReason(
                cause=reason.cause,
                amounts=reason.amounts,
                names=reason.names,
                because=because,
                words=words(reason),
            )
        return self._numbers[reason]

    def unpack_reason(self, number: int) -> Reason:
        """Return the reason of a number.

        Raises
        ------
        InputError
            It is not in the table.
        """
        if number not in self._read:
            raise InputError(f"the reason {number} is not in the table of reasons")
        return self._read[number]

    def take_rules(self, rules: dict[str, StoredRule]) -> None:
        """Take the table of rules of a document that is read."""
        self.rules = rules

    def take_reasons(self, reasons: dict[int, StoredReason]) -> None:
        """Take the table of reasons of a document that is read.

        Raises
        ------
        InputError
            What is behind a reason does not stand before it, or is behind too many others.
        """
        depths: dict[int, int] = {}
        for number, one in reasons.items():
            because = tuple(map(self.unpack_reason, one.because))
            depths[number] = 1 + max((depths[behind] for behind in one.because), default=0)
            if depths[number] > DEEPEST:
                raise InputError(f"the reason {number} has more than {DEEPEST} others behind it")
            self._read[number] = Reason(one.cause, one.amounts, one.names, because)

    def _key(self, finding: Finding) -> str:
        rule = StoredRule(
            id=finding.id,
            statement=statement_of(finding),
            **{name: getattr(finding, name) for name in OF_RULE},
        )
        if rule not in self._keys:
            numbered = (f"{finding.id}#{number}" for number in count(2))
            key = next(key for key in chain((finding.id,), numbered) if key not in self.rules)
            self._keys[rule] = key
            self.rules[key] = replace(rule, id=None) if key == finding.id else rule
        return self._keys[rule]


REASONS: Final[Mapping[str, Any]] = {"reasons": Mapping[int, StoredReason]}
TABLES: Final[Mapping[str, Any]] = {"rules": Mapping[str, StoredRule], **REASONS}
STORED: Final[Mapping[type, Stored]] = {
    Finding: Stored(StoredFinding, "finding"),
    Reason: Stored(int, "reason"),
}
