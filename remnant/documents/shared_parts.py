"""What many parts of a document have in common stands once: rules and reasons in tables.

Which condition a finding is of, whether it decides, what it reads, its threshold and its source are
those of its rule. What the rule found stands with it, by numbers: verdict, quantity, probability,
reasons. A list of findings holds those numbers, the same one where two plans or lesions have the
same finding. A reason is the same for every figure that it bears on.
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
from remnant.wording.language import english
from remnant.wording.reasons import words

DEEPEST: Final = 20
"""So many reasons may stand behind one another."""


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
    """What of a finding is of the case; the rest is its rule's.

    Parameters
    ----------
    text
        What it found here, in words, beside the rule's statement; written, not read.
    """

    verdict: Verdict
    missing: tuple[str, ...] = ()
    quantity: Quantity | None = None
    quantities: tuple[Quantity, ...] = ()
    probability: float | None = None
    reasons: tuple[Reason, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRule:
    """What is the same in every finding of one rule.

    Parameters
    ----------
    id
        Of the rule, where it is not the key: a rule may be judged by several thresholds.
    statement
        What the source says, in words; written, not read.
    found
        What it found, by the numbers of the findings.
    """

    id: str | None = None
    decides: bool = True
    inputs: tuple[str, ...] = ()
    threshold: Threshold | None = None
    denominator: Basis | None = None
    source: str | None = None
    status: SourceStatus | None = None
    statement: str = ""
    found: dict[int, StoredFinding] = field(default_factory=dict, hash=False)


FIELDS: Final = tuple(one.name for one in fields(Finding) if one.name != "id")
OF_CASE: Final = tuple(one.name for one in fields(StoredFinding) if one.name in FIELDS)
OF_RULE: Final = tuple(name for name in FIELDS if name not in OF_CASE)


@dataclass(slots=True)
class SharedParts:
    """The tables of one document while it is written or read.

    Parameters
    ----------
    rules
        By their keys, each with what it found; the findings of a document are numbered from 1.
    reasons
        By their numbers, from 1; what is behind a reason stands before it.
    """

    rules: dict[str, StoredRule] = field(default_factory=dict)
    reasons: dict[int, StoredReason] = field(default_factory=dict)
    _keys: dict[StoredRule, str] = field(default_factory=dict)
    _findings: dict[Finding, int] = field(default_factory=dict)
    _numbers: dict[Reason, int] = field(default_factory=dict)
    _found: dict[int, Finding] = field(default_factory=dict)
    _read: dict[int, Reason] = field(default_factory=dict)

    @english
    def pack_finding(self, finding: Finding) -> int:
        """Return the number of a finding; it goes to the table with its rule."""
        if finding not in self._findings:
            number = len(self._findings) + 1
            self._findings[finding] = number
            self.rules[self._key(finding)].found[number] = StoredFinding(
                text=found_here(finding), **{name: getattr(finding, name) for name in OF_CASE}
            )
        return self._findings[finding]

    def unpack_finding(self, number: int) -> Finding:
        """Return the finding of a number.

        Raises
        ------
        InputError
            No rule has it.
        """
        if number not in self._found:
            raise InputError(f"the finding {number} is not in the table of rules")
        return self._found[number]

    @english
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
        """Take the table of rules of a document that is read, with what they found.

        Raises
        ------
        InputError
            Two findings have the same number.
        """
        for key, rule in rules.items():
            for number, stored in rule.found.items():
                if number in self._found:
                    raise InputError(f"the finding {number} is there twice")
                self._found[number] = Finding(
                    id=key if rule.id is None else rule.id,
                    **{name: getattr(rule, name) for name in OF_RULE},
                    **{name: getattr(stored, name) for name in OF_CASE},
                )

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
            self.rules[key] = replace(rule, id=None if key == finding.id else rule.id, found={})
        return self._keys[rule]


REASONS: Final[Mapping[str, Any]] = {"reasons": Mapping[int, StoredReason]}
TABLES: Final[Mapping[str, Any]] = {**REASONS, "rules": Mapping[str, StoredRule]}
STORED: Final[Mapping[type, Stored]] = {
    Finding: Stored(int, "finding"),
    Reason: Stored(int, "reason"),
}
