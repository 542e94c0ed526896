"""Who confirmed or rejected which lesions of a case, and on which day."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from remnant.core.corrections import LIVER_KINDS, Correction, CorrectionKind
from remnant.core.lesions import Confirmation, Lesion

ALL_LESIONS: Final = "lesions"
"""In `Correction.confirmed`: every lesion that was not rejected."""
DAY_DIGITS: Final = 10
SAYING_NOTHING: Final = LIVER_KINDS | {
    CorrectionKind.MOVE_PLANE,
    CorrectionKind.DELETE,
    CorrectionKind.UNSET,
}
"""What says nothing of a lesion; whoever draws a lesion confirms it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionReading:
    """What one person said of lesions on one day.

    Parameters
    ----------
    by
        Who, as typed.
    date
        Day in UTC as ``YYYY-MM-DD``.
    confirmed, rejected
        Numbers of the lesions that stand so by this person's word, ascending.
    """

    by: str
    date: str
    confirmed: tuple[int, ...] = ()
    rejected: tuple[int, ...] = ()


def lesion_readings(
    corrections: Sequence[Correction], lesions: Iterable[Lesion]
) -> tuple[LesionReading, ...]:
    """Return who said what the lesions of a case are called now, the first reading first.

    Parameters
    ----------
    corrections
        The audit trail, which alone knows names. A word that came otherwise, as from an option of
        a command, has none: its lesion is in no reading.
    lesions
        As they stand now; of several words on a lesion the last one that says so counts.
    """
    last: dict[tuple[int, Confirmation], tuple[str, str]] = {}
    stands = {lesion.id: lesion.confirmation for lesion in lesions}
    for correction in corrections:
        for number, word, reader in _words(correction, stands):
            last[number, word] = reader
    found: dict[tuple[str, str], dict[Confirmation, list[int]]] = {}
    for (number, word), (by, at) in sorted(last.items()):
        if stands.get(number) is word:
            said = found.setdefault((at[:DAY_DIGITS], by), {})
            said.setdefault(word, []).append(number)
    return tuple(
        LesionReading(
            by=by,
            date=date,
            confirmed=tuple(said.get(Confirmation.CONFIRMED, ())),
            rejected=tuple(said.get(Confirmation.REJECTED, ())),
        )
        for (date, by), said in sorted(found.items())
    )


def _words(
    correction: Correction, every: Iterable[int]
) -> Iterator[tuple[int, Confirmation, tuple[str, str]]]:
    """Yield each lesion with what a correction called it, by whom and when."""
    for step in correction.steps:
        if step.kind in SAYING_NOTHING:
            continue
        rejects = step.kind is CorrectionKind.REJECT
        word = Confirmation.REJECTED if rejects else Confirmation.CONFIRMED
        for number in step.lesions:
            yield number, word, (step.by, step.at)
    if ALL_LESIONS in correction.confirmed:
        for number in every:
            yield number, Confirmation.CONFIRMED, (correction.by, correction.at)
