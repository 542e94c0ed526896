"""How the metastases are distributed: Frilling type, NETLM class, and how stable the former is."""

from dataclasses import dataclass

from remnant.core.distribution import Frilling, FrillingType, Netlm, Stability
from remnant.view.certainty import of_hundred
from remnant.view.subject import Subject
from remnant.wording.classes import frilling_reason, netlm_reason, stability_reason
from remnant.wording.names import named
from remnant.wording.numbers import ABSENT, sentence
from remnant.wording.words import PERTURBATION_WORDS


@dataclass(frozen=True, slots=True)
class Kind:
    """The answer of a classification and why; ``classified`` where it is one."""

    name: str
    reason: str
    classified: bool
    nameless: bool


@dataclass(frozen=True, slots=True)
class Stableness:
    """In how many of 100 perturbed copies the answer is the same, by answer and by cause."""

    same: str
    copies: int
    answers: tuple[tuple[str, str], ...]
    causes: tuple[tuple[str, str], ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Distribution:
    """The classifications of a case; ``netlm`` and ``stability`` where they were made."""

    frilling: Kind
    netlm: Kind | None
    stability: Stableness | None


def view_distribution(subject: Subject) -> Distribution:
    """Return the classifications of a planned case."""
    planning = subject.planning
    return Distribution(
        frilling=_kind(planning.frilling, subject),
        netlm=None if planning.netlm is None else _kind(planning.netlm, subject),
        stability=None if planning.stability is None else _stableness(planning.stability),
    )


def _kind(found: Frilling | Netlm, subject: Subject) -> Kind:
    short = subject.brief(found)
    reason = frilling_reason(short) if isinstance(short, Frilling) else netlm_reason(short)
    return Kind(
        name=named(found.type.value) if found.type else ABSENT,
        reason=reason,
        classified=found.type is not None,
        nameless=found.type is FrillingType.UNCLASSIFIABLE,
    )


def _stableness(stability: Stability) -> Stableness:
    same = of_hundred(stability.same_share)
    answers = sorted(stability.type_shares.items(), key=lambda item: -item[1])
    return Stableness(
        same=same,
        copies=stability.perturbations,
        answers=()
        if same == of_hundred(1.0)
        else tuple((named(kind.value), of_hundred(share)) for kind, share in answers),
        causes=tuple(
            (sentence(PERTURBATION_WORDS[cause]), of_hundred(share))
            for cause, share in stability.by_cause.items()
        ),
        reason=sentence(stability_reason(stability)),
    )
