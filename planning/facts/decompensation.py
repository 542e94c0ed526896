"""Whether the liver is decompensated: told, or by a sign that says so.

That each of the signs alone decides is this project's reading. Varices, few platelets or a large
spleen are signs of portal hypertension and decide nothing here.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from planning.inputs import (
    ASCITES,
    DECOMPENSATED,
    ENCEPHALOPATHY,
    HEPATIC_INSUFFICIENCY,
    JAUNDICE,
    VARICEAL_BLEEDING,
    Input,
)
from remnant.core.clinical import ClinicalFacts
from remnant.core.patient import LiverBackground, Patient
from remnant.core.reasons import Cause, Reason, reason

SIGNS: tuple[Input, ...] = (
    ASCITES,
    ENCEPHALOPATHY,
    VARICEAL_BLEEDING,
    JAUNDICE,
    HEPATIC_INSUFFICIENCY,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compensation:
    """What is known of the liver's compensation.

    Parameters
    ----------
    decompensated
        ``None`` where nobody told.
    by
        Names of the inputs that say that it is.
    """

    decompensated: bool | None = None
    by: tuple[str, ...] = ()

    @property
    def against_minima(self) -> tuple[Reason, ...]:
        """Why no minimum of any source applies; empty where the liver is not known as such."""
        return (reason(Cause.DECOMPENSATED, *self.by),) if self.decompensated else ()


NOT_TOLD = Compensation()


def told_signs(facts: ClinicalFacts) -> Iterator[str]:
    """Yield the names of the signs that were told."""
    yield from (one.name for one in SIGNS if getattr(facts, one.name))


def decompensated_by_facts(facts: ClinicalFacts) -> bool | None:
    """Tell whether a liver is decompensated: by word or sign; not where every sign was denied."""
    if facts.decompensated or any(told_signs(facts)):
        return True
    denied = all(getattr(facts, one.name) is False for one in SIGNS)
    return False if denied else facts.decompensated


def compensation(facts: ClinicalFacts, patient: Patient) -> Compensation:
    """Return what is known of the liver's compensation.

    A liver that was told to be normal is not decompensated unless a fact says so: this project's
    reading.
    """
    found = decompensated_by_facts(facts)
    if found:
        signs = tuple(told_signs(facts))
        return Compensation(decompensated=True, by=signs or (DECOMPENSATED.name,))
    normal = patient.background is LiverBackground.NORMAL
    return Compensation(decompensated=False if normal else found)
