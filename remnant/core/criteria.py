"""What lists of conditions, ablation and pathways of the sources say of a case: data."""

from dataclasses import dataclass

from remnant.core.findings import Finding, Verdict
from remnant.core.reasons import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class CriteriaResult:
    """A list of conditions of one source, and what they say together.

    Parameters
    ----------
    id, title, source
        Machine name, name for people, key in ``planning/literature.bib``.
    verdict
        ``MET`` when all that decide are met, ``NOT_MET`` when one is not, else ``UNKNOWN``.
    findings
        One for each condition, then those that decide nothing.
    missing
        Names of the inputs that a person could tell to decide it.
    reasons
        What the list as a whole rests on, and what bears on it.
    """

    id: str
    title: str
    source: str
    verdict: Verdict
    findings: tuple[Finding, ...]
    missing: tuple[str, ...]
    reasons: tuple[Reason, ...] = ()

    @property
    def deciding(self) -> tuple[Finding, ...]:
        """The findings that decide the list."""
        return tuple(finding for finding in self.findings if finding.decides)

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The findings for which the list is not met."""
        return tuple(f for f in self.deciding if f.verdict is Verdict.NOT_MET)


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionAblation:
    """What each source says about ablating one lesion.

    ``allowed`` tells whether the planner may ablate it; ``reasons`` say why not, else what to be
    careful about.
    """

    lesion: int
    allowed: bool
    reasons: tuple[Reason, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentOption:
    """One treatment that a pathway lists; listed as an option, never as an order.

    Parameters
    ----------
    id, name
        Of the treatment in its source's rule.
    verdict
        ``MET`` where the source lists it and no contraindication is known to hold, ``NOT_MET``
        where one does, ``UNKNOWN`` where a fact that it depends on is missing.
    source
        Key in ``planning/literature.bib``.
    failed
        Ids of the conditions that are not met.
    uncertain
        Ids of those that the measurement error decides.
    cautions
        Ids of those that are not met and warn only.
    missing
        Names of the inputs that leave it undecided.
    otherwise
        Whether it is listed for where resection is contraindicated.
    notes
        Which of the rule's notes apply, by their place.
    reasons
        What it rests on.
    """

    id: str
    name: str
    verdict: Verdict
    source: str
    failed: tuple[str, ...] = ()
    uncertain: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    otherwise: bool = False
    notes: tuple[int, ...] = ()
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pathway:
    """What one source's pathway lists for a case like this.

    ``branch`` is the row of the table, ``verdict`` is ``MET`` when the case is known to belong to
    it, ``UNKNOWN`` or ``UNCERTAIN`` when it may: ``missing`` are the names of the inputs that leave
    that open, ``uncertain`` the ids of the conditions that the measurement error decides;
    ``NOT_MET`` when it would but for contraindications: ``failed`` are their ids.
    ``notes`` tell of ongoing trials beside it, which are no options.
    """

    id: str
    title: str
    branch: str
    verdict: Verdict
    source: str
    options: tuple[TreatmentOption, ...]
    failed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    notes: tuple[Reason, ...] = ()
    uncertain: tuple[str, ...] = ()
