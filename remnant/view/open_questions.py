"""What a person could tell so that more can be decided, what decides most first."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from planning.known import INPUTS
from remnant.core.case import CaseReport
from remnant.core.planning_report import PlanningReport
from remnant.view.rule_facts import background_decides, facts_behind, lacks_body_size

OPTIONS: Final[Mapping[str, str]] = {
    "background": "--background",
    "ki67_percent": "--ki67",
    "differentiation": "--differentiation",
    "grade": "--grade",
    "primary_site": "--primary",
    "primary_status": "--primary-status",
    "extrahepatic_disease": "--extrahepatic",
    "functional": "--functional",
    "stable_months": "--stable-months",
    "age_years": "remnant run CASE --age",
}
"""Options of the command line by the fact that they tell; all others stand in a facts file."""
BACKGROUND: Final = "kind of liver"
BODY_SIZE: Final = "body size"
MEASURE_AGAIN: Final = "remnant run CASE --height-cm … --weight-kg …"


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing to tell.

    ``how`` is the option, or the key of a facts file; ``lists`` counts the lists that ask for it, 0
    where verdicts on the plans themselves rest on it.
    """

    words: str
    how: str
    lists: int

    @property
    def text(self) -> str:
        """The words with how to tell it."""
        return f"{self.words} ({self.how})" if self.how else self.words


def asked(case: CaseReport) -> tuple[Asked, ...]:
    """Return what a person could tell: what decides the plans first, then the most asked."""
    if case.planning is None:
        return ()
    first = tuple(deciding(case))
    named = {one.words for one in first}
    return (*first, *(one for one in _of_lists(case.planning) if one.words not in named))


def deciding(case: CaseReport) -> Iterator[Asked]:
    """Yield what is not known of the person and leaves verdicts on the plans open."""
    if lacks_body_size(case):
        yield Asked(BODY_SIZE, f"measure again: {MEASURE_AGAIN}", 0)
    if background_decides(case):
        yield Asked(BACKGROUND, OPTIONS["background"], 0)


def _of_lists(planning: PlanningReport) -> tuple[Asked, ...]:
    counts: Counter[str] = Counter()
    unheard: Counter[str] = Counter()
    for found in (*planning.resectability, *planning.staging, *planning.transplant):
        behind = {words: facts_behind(words) for words in found.missing}
        counts.update({fact for facts in behind.values() for fact in sorted(facts or ())})
        unheard.update(words for words, facts in behind.items() if facts is None)
    known = [Asked(_words(name), OPTIONS.get(name, name), n) for name, n in sorted(counts.items())]
    others = [Asked(words, "", number) for words, number in unheard.items()]
    return tuple(sorted((*known, *others), key=lambda one: -one.lists))


def _words(name: str) -> str:
    return BACKGROUND if name == "background" else INPUTS.get(name, name.replace("_", " "))
