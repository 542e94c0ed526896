"""What speaks for a contrast phase, and which of it holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from remnant.core.findings import Finding, quality_finding
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.volumes import Phase


class PhaseBasis(StrEnum):
    """Who or what names a contrast phase, the one that holds first.

    The image is none of them: what an image looks like is offered, and never taken for known.
    """

    USER = "user"
    DESCRIPTION = "description"
    TIMING = "timing"


BASIS_CAUSES: Final[Mapping[PhaseBasis, Cause]] = MappingProxyType(
    {
        PhaseBasis.USER: Cause.PHASE_TOLD,
        PhaseBasis.DESCRIPTION: Cause.PHASE_DESCRIBED,
        PhaseBasis.TIMING: Cause.PHASE_TIMED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseEvidence:
    """The contrast phase by each of its sources; ``Phase.UNKNOWN`` where one says nothing.

    Parameters
    ----------
    told
        By the user.
    described
        By the series description.
    timed, delay_s
        By the time from the start of the injection to the acquisition, and that time in seconds;
        ``None`` where a header does not give both.
    seen
        Those that the image may be by its aorta and liver, empty where it was not looked at or
        shows none plainly: uncertain, and never taken for known.
    """

    told: Phase = Phase.UNKNOWN
    described: Phase = Phase.UNKNOWN
    timed: Phase = Phase.UNKNOWN
    delay_s: float | None = None
    seen: tuple[Phase, ...] = ()

    @property
    def known(self) -> Mapping[PhaseBasis, Phase]:
        """The sources that name a phase, the one that holds first."""
        every = {
            PhaseBasis.USER: self.told,
            PhaseBasis.DESCRIPTION: self.described,
            PhaseBasis.TIMING: self.timed,
        }
        return {basis: phase for basis, phase in every.items() if phase is not Phase.UNKNOWN}

    @property
    def phase(self) -> Phase:
        """The phase that holds: the user's word, then the description's, then that by timing."""
        return next(iter(self.known.values()), Phase.UNKNOWN)


NO_PHASE_EVIDENCE: Final = PhaseEvidence()


def phase_findings(evidence: PhaseEvidence) -> tuple[Finding, ...]:
    """Say which contrast phase a scan is taken to have, by what, and what contradicts it.

    ``contrast_phase`` is not met without contrast and unknown where no source but the image speaks;
    ``phase_contradicted`` is there, and not met, where the sources or the image disagree.
    """
    first = next(iter(_named(evidence)), None)
    hint = (_seen(evidence),) if evidence.seen else ()
    passed = {Phase.UNKNOWN: None, Phase.UNENHANCED: False}.get(evidence.phase, True)
    stated = quality_finding(
        "contrast_phase", passed=passed, reasons=hint if first is None else (first,)
    )
    return (stated, *_contradiction(evidence))


def _named(evidence: PhaseEvidence) -> tuple[Reason, ...]:
    delay = () if evidence.delay_s is None else (evidence.delay_s,)
    return tuple(
        reason(BASIS_CAUSES[basis], phase.value, *(delay if basis is PhaseBasis.TIMING else ()))
        for basis, phase in evidence.known.items()
    )


def _seen(evidence: PhaseEvidence) -> Reason:
    return reason(Cause.PHASE_SEEN, *(phase.value for phase in evidence.seen))


def _contradiction(evidence: PhaseEvidence) -> tuple[Finding, ...]:
    named = _named(evidence)
    disagree = len(set(evidence.known.values())) > 1
    odd = bool(named) and contradicts(evidence.phase, evidence.seen)
    if not disagree and not odd:
        return ()
    reasons = (*named, _seen(evidence)) if odd else named
    return (quality_finding("phase_contradicted", passed=False, reasons=reasons),)


def contradicts(named: Phase, seen: tuple[Phase, ...]) -> bool:
    """Tell whether what an image looks like leaves no room for the phase that is named."""
    return bool(seen) and named is not Phase.UNKNOWN and named not in seen
