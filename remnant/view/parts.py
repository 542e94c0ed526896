"""The smallest parts of a view: a figure, the mark of a verdict, a footnote, a share of draws."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from string import ascii_lowercase
from typing import Final

from remnant.core.findings import Verdict
from remnant.core.quantity import Quantity
from remnant.core.reasons import Reason
from remnant.view.certainty import AS_MEASURED, is_partial
from remnant.wording.brief import Short, brief_reasons
from remnant.wording.language import say
from remnant.wording.numbers import ABSENT, interval, sentence, shown
from remnant.wording.reasons import listed, why
from remnant.wording.words import VERDICT_SIGNS, VERDICT_WORDS


@dataclass(frozen=True, slots=True)
class Mark:
    """A verdict as it is shown: machine name, sign and words."""

    kind: str
    sign: str
    words: str


def mark(verdict: Verdict, words: Mapping[Verdict, str] = VERDICT_WORDS) -> Mark:
    """Return the mark of a verdict, in the words of what it is a verdict on."""
    return Mark(verdict.value, VERDICT_SIGNS[verdict], words[verdict])


def note() -> Mark:
    """Return what stands in the place of a verdict: a remark or caution, held against nothing."""
    return Mark("note", "·", say("note"))


@dataclass(frozen=True, slots=True)
class Figure:
    """A quantity as it is shown.

    ``number`` is a dash where it is absent (``known`` is false); ``interval`` is empty where there
    is none, ``partial`` where it is that of what was measured only; ``note`` is the letter of the
    footnote with the ``reason``.
    """

    number: str
    unit: str = ""
    known: bool = True
    interval: str = ""
    partial: bool = False
    reason: str = ""
    note: str = ""

    @property
    def written(self) -> str:
        """The number with its unit; a dash stands without."""
        return f"{self.number} {self.unit}" if self.known and self.unit else self.number

    @property
    def spread(self) -> str:
        """The interval, labelled where it is that of a bound as measured."""
        return (
            f"{self.interval} {say(AS_MEASURED)}"
            if self.interval and self.partial
            else self.interval
        )


@dataclass(slots=True)
class Footnotes:
    """Footnotes of one table while it is made: each distinct text gets one letter.

    ``short`` are the short reasons in the place of long ones that the report gives once.
    """

    short: Short = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)

    def letter(self, reasons: Iterable[Reason]) -> str:
        """Return the letter of reasons, the empty text for none."""
        text = listed(brief_reasons(reasons, self.short))
        if not text:
            return ""
        if text not in self.texts:
            self.texts.append(text)
        return _letter(self.texts.index(text))

    def listed(self) -> tuple[tuple[str, str], ...]:
        """Return letters and texts in the order of their first use."""
        return tuple((_letter(n), sentence(text)) for n, text in enumerate(self.texts))


def figure(
    quantity: Quantity,
    unit: str = "",
    *,
    fraction: bool = False,
    limits: Iterable[float] = (),
    notes: Footnotes | None = None,
) -> Figure:
    """Return a quantity as it is shown; a fraction in percent, on its side of every limit."""
    return Figure(
        number=shown(quantity, fraction=fraction, limits=tuple(limits)),
        unit=unit,
        known=quantity.value is not None,
        interval=interval(quantity, fraction=fraction),
        partial=is_partial(quantity),
        reason=why(quantity),
        note="" if notes is None else notes.letter(quantity.reasons),
    )


def plural(number: int, noun: str, several: str | None = None) -> str:
    """Return a noun as it stands beside a number.

    >>> plural(1, "check"), plural(3, "check"), plural(2, "metastasis", "metastases")
    ('check', 'checks', 'metastases')
    """
    return noun if number == 1 else several or f"{noun}s"


def _letter(number: int) -> str:
    high, low = divmod(number, len(ascii_lowercase))
    return (ascii_lowercase[high - 1] if high else "") + ascii_lowercase[low]


DASH: Final = Figure(ABSENT, known=False)
