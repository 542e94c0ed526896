"""Frilling type, NETLM class and the stability of the former in words."""

from collections.abc import Iterable, Sequence
from typing import Final

from remnant.core.distribution import Frilling, Netlm, Stability
from remnant.core.findings import Finding
from remnant.core.reasons import Cause, Reason
from remnant.wording.language import say
from remnant.wording.numbers import percent, sentence
from remnant.wording.reasons import listed, words

IN_BRACKETS: Final = frozenset((Cause.LOBES_UNKNOWN,))
"""What stands behind these follows in brackets; behind the others after a colon."""
OPENING: Final = frozenset((Cause.LESIONS_NOT_KNOWN, Cause.LOBES_UNKNOWN))
WITH_LIMITS: Final = frozenset((Cause.CLEARANCE_NOT_PROVEN, Cause.SHARE_NOT_REACHED))


def frilling_reason(frilling: Frilling) -> str:
    """Return why a case has its Frilling type, as sentences."""
    return _frilling(frilling.reasons)


def netlm_reason(netlm: Netlm) -> str:
    """Return why a case has its NETLM class, as sentences."""
    return _netlm(netlm.reasons)


def stability_reason(stability: Stability) -> str:
    """Return what could not be perturbed, as a sentence; empty where all was."""
    return _sentence(listed(stability.reasons)) if stability.reasons else ""


def frilling_text(finding: Finding) -> str:
    """Return the finding on the Frilling type."""
    found, *reasons = finding.reasons
    return say(
        "Distribution after Frilling: {found}. {frilling} The published wording has no "
        "numbers; those used here are this project's.",
        found=words(found),
        frilling=_frilling(reasons),
    )


def netlm_text(finding: Finding) -> str:
    """Return the finding on the NETLM class."""
    found, *reasons = finding.reasons
    return say(
        "Surgical class of the metastases: {found}. {netlm}",
        found=words(found),
        netlm=_netlm(reasons),
    )


def stability_text(finding: Finding) -> str:
    """Return the finding on how stable the Frilling type is."""
    answers = [words(one) for one in finding.reasons if one.cause is Cause.SHARE_OF_ANSWER]
    shown = (Cause.PERTURBATIONS, Cause.SHARE_OF_ANSWER, Cause.LEAST_STABLE)
    rest = [one for one in _without_marks(finding.reasons) if one.cause not in shown]
    sentences = (
        _same_share(finding),
        say("Answers: {answers}.", answers=", ".join(answers)) if answers else "",
        *(
            say("Least with {cases}.", cases=words(o))
            for o in finding.reasons
            if o.cause is Cause.LEAST_STABLE
        ),
        _sentence(listed(rest)) if rest else "",
    )
    return " ".join(one for one in sentences if one)


def _same_share(finding: Finding) -> str:
    limits = () if finding.limit is None else (finding.limit,)
    same = percent(finding.value or 0.0, limits)
    cases = words(next(one for one in finding.reasons if one.cause is Cause.PERTURBATIONS))
    return say(
        "The answer on the Frilling type stays the same in {same} % of {cases}.",
        same=same,
        cases=cases,
    )


def _frilling(given: Iterable[Reason]) -> str:
    reasons = list(_without_marks(given))
    first, rest = reasons[0], reasons[1:]
    if first.cause in OPENING:
        behind = [one for one in rest if one.cause is not Cause.LESIONS_UNCONFIRMED]
        return " ".join((_opened(first, behind), *_sentences(rest[len(behind) :])))
    if first.cause is Cause.NO_LESION_TO_CLASSIFY:
        return _sentence(" ".join(words(one) for one in reasons))
    return " ".join(_sentences(reasons))


def _opened(first: Reason, behind: Sequence[Reason]) -> str:
    why = listed(behind) or say("no segment map")
    if first.cause in IN_BRACKETS:
        return _sentence(f"{words(first)} ({why})")
    return _sentence(f"{words(first)}: {why}")


def _netlm(given: Iterable[Reason]) -> str:
    first, *limits = _without_marks(given)
    if first.cause not in WITH_LIMITS:
        return _sentence(words(first))
    within = (
        say(" within the chosen limits ({limits})", limits=", ".join(map(words, limits)))
        if limits
        else ""
    )
    if first.cause is Cause.CLEARANCE_NOT_PROVEN:
        return _sentence(say("{first}{within}: type 1 or 2", first=words(first), within=within))
    if limits:
        return say("{first} Without them one may.", first=_sentence(words(first) + within))
    return _sentence(say("{first}, but it is not proven that none does", first=words(first)))


def _without_marks(given: Iterable[Reason]) -> list[Reason]:
    return [one for one in given if one.cause is not Cause.SEGMENTS_ESTIMATED]


def _sentences(reasons: Iterable[Reason]) -> tuple[str, ...]:
    return tuple(_sentence(words(one)) for one in reasons)


def _sentence(text: str) -> str:
    return f"{sentence(text)}."


WRITERS: Final = {
    "frilling.type": frilling_text,
    "frilling.stability": stability_text,
    "netlm.class": netlm_text,
}
