"""Ablation of each lesion as a table: what every row would repeat is said once above it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from remnant.core.criteria import LesionAblation
from remnant.core.findings import Finding, Verdict
from remnant.view.parts import Mark, mark
from remnant.view.subject import Statement, Subject, status_words
from remnant.wording.findings import text_of
from remnant.wording.language import spoken
from remnant.wording.lists import ablation_reasons, statement, unended_statement
from remnant.wording.numbers import ABSENT, sentence

BETWEEN: Final = "; "
FEWEST_ROWS: Final = 2
FEW: Final = 8
LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ALLOWED_WORDS: Final[Mapping[Verdict, str]] = spoken(
    {Verdict.MET: "within", Verdict.NOT_MET: "beyond"}, "limits"
)


@dataclass(frozen=True, slots=True)
class AblationCell:
    """What one condition says of one lesion."""

    mark: Mark
    text: str


@dataclass(frozen=True, slots=True)
class AblationRow:
    """One lesion: whether it lies within the limits, why, and a cell for each condition."""

    lesion: int
    mark: Mark
    why: str
    cells: tuple[AblationCell | None, ...]


@dataclass(frozen=True, slots=True)
class AblationTable:
    """What the table shows.

    ``columns`` are letters and conditions, ``open`` conditions that are undecided for every
    lesion, ``cautions`` what is said of every lesion within the limits.
    """

    allowed: int
    columns: tuple[tuple[str, Statement], ...]
    open: tuple[Statement, ...]
    cautions: tuple[str, ...]
    rows: tuple[AblationRow, ...]

    @property
    def few(self) -> bool:
        """Whether there are few enough lesions to show at once."""
        return len(self.rows) <= FEW


def view_ablation(subject: Subject) -> AblationTable:
    """Return the conditions in the order of first use, and each lesion's own reasons."""
    ablation = subject.planning.ablation
    distinct: dict[str, Finding] = {}
    verdicts: dict[str, set[Verdict]] = {}
    for finding in (finding for each in ablation for finding in each.findings):
        distinct.setdefault(finding.id, finding)
        verdicts.setdefault(finding.id, set()).add(finding.verdict)
    undecided = {name for name, found in verdicts.items() if found == {Verdict.UNKNOWN}}
    decided = [finding for name, finding in distinct.items() if name not in undecided]
    cautions = _common(ablation)
    return AblationTable(
        allowed=sum(each.allowed for each in ablation),
        columns=tuple((_letter(n), _condition(f, subject)) for n, f in enumerate(decided)),
        open=tuple(
            _condition(distinct[n], subject, unended_statement) for n in distinct if n in undecided
        ),
        cautions=tuple(map(sentence, cautions)),
        rows=tuple(_row(each, cautions, decided) for each in ablation),
    )


def _row(each: LesionAblation, cautions: tuple[str, ...], decided: list[Finding]) -> AblationRow:
    why = BETWEEN.join(p for p in _parts(each) if not (each.allowed and p in cautions))
    known: Mapping[str, Finding] = {finding.id: finding for finding in each.findings}
    return AblationRow(
        lesion=each.lesion,
        mark=mark(Verdict.MET if each.allowed else Verdict.NOT_MET, ALLOWED_WORDS),
        why=sentence(why or ABSENT),
        cells=tuple(_cell(known.get(condition.id)) for condition in decided),
    )


def _cell(finding: Finding | None) -> AblationCell | None:
    return None if finding is None else AblationCell(mark(finding.verdict), text_of(finding))


def _condition(
    finding: Finding, subject: Subject, write: Callable[[str], str] = statement
) -> Statement:
    source = subject.cite(finding.source)
    return Statement(finding.id, None, write(finding.id), source, status_words(finding))


def _letter(number: int) -> str:
    return LETTERS[number] if number < len(LETTERS) else str(number + 1)


def _common(ablation: tuple[LesionAblation, ...]) -> tuple[str, ...]:
    """Return the parts of a reason that all lesions within the limits share, if several are."""
    within = [_parts(each) for each in ablation if each.allowed]
    if len(within) < FEWEST_ROWS:
        return ()
    first, *others = within
    return tuple(part for part in first if part and all(part in other for other in others))


def _parts(each: LesionAblation) -> tuple[str, ...]:
    return ablation_reasons(each)
