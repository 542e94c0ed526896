"""Lists of conditions and treatments of one source, held against a case."""

from dataclasses import dataclass

from remnant.core.findings import Finding, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class CriteriaResult:
    """A list of conditions of one source, and what they say together.

    Parameters
    ----------
    id, title, source
        Machine name, name for people, key in ``planning/literature.bib``.
    verdict
        ``MET`` when all needed are met, ``NOT_MET`` when one is not, else ``UNKNOWN``.
    findings
        One for each condition.
    missing
        What would have to be known, in words for people.
    text
        The answer in one or two sentences.
    """

    id: str
    title: str
    source: str
    verdict: Verdict
    findings: tuple[Finding, ...]
    missing: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionAblation:
    """What each source says about ablating one lesion."""

    lesion: int
    allowed: bool
    reason: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentOption:
    """One treatment that a pathway lists; listed as an option, never as an order.

    ``verdict`` is ``MET`` where the source lists it and no contraindication is known to hold,
    ``NOT_MET`` where one does, ``UNKNOWN`` where a fact that it depends on is missing.
    """

    name: str
    verdict: Verdict
    text: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pathway:
    """What one source's pathway lists for a case like this.

    ``branch`` is the row of the table, ``verdict`` is ``MET`` when the case is known to belong to
    it, ``UNKNOWN`` when it may.
    """

    id: str
    title: str
    branch: str
    verdict: Verdict
    text: str
    source: str
    options: tuple[TreatmentOption, ...]
