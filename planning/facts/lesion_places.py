"""What a person told of where lesions lie, which no map shows."""

from collections.abc import Iterator, Mapping
from itertools import groupby

from planning.inputs import (
    AT_HILUM,
    LESIONS_AT_HILUM,
    LESIONS_NEAR_BILE_DUCT,
    NEAR_BILE_DUCT,
    Input,
)
from remnant.core.clinical import ClinicalFacts
from remnant.core.errors import InputError
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.volumetry_report import VolumetryReport

PLACES: Mapping[Input, tuple[Input, Cause]] = {
    LESIONS_AT_HILUM: (AT_HILUM, Cause.AT_HILUM),
    LESIONS_NEAR_BILE_DUCT: (NEAR_BILE_DUCT, Cause.NEAR_BILE_DUCT),
}
"""What is told of all lesions, and what it is of one."""


def require_lesions(facts: ClinicalFacts, report: VolumetryReport) -> None:
    """Refuse places of lesions that the report does not have.

    Raises
    ------
    InputError
        A number is of no lesion; the message names those that are.
    """
    known = {lesion.id for lesion in report.lesions}
    for told in PLACES:
        strange = sorted(set(getattr(facts, told.name) or ()) - known)
        if strange:
            raise InputError(
                f"{told.name} names lesion {strange[0]}; allowed are {_numbers(known) or 'none'}: "
                f"correct it or leave it out, or write `unknown` in a facts file"
            )


def _numbers(found: set[int]) -> str:
    """Write numbers with what follows one another as a range, e.g. ``1 to 3, 7``."""
    runs = groupby(enumerate(sorted(found)), key=lambda pair: pair[1] - pair[0])
    ends = ([number for _, number in run] for _, run in runs)
    return ", ".join(str(e[0]) if len(e) == 1 else f"{e[0]} to {e[-1]}" for e in ends)


def places_of(lesion: int, facts: ClinicalFacts) -> Mapping[Input, bool | None]:
    """Return where a lesion lies by what was told; ``None`` where nobody told of any."""
    told = {place: getattr(facts, every.name) for every, (place, _) in PLACES.items()}
    return {place: None if ids is None else lesion in ids for place, ids in told.items()}


def against_ablation(lesion: int, facts: ClinicalFacts) -> tuple[Reason, ...]:
    """Say why a lesion is not ablated by where a person told that it lies."""
    return tuple(_against(lesion, facts))


def _against(lesion: int, facts: ClinicalFacts) -> Iterator[Reason]:
    where = places_of(lesion, facts)
    yield from (reason(cause) for place, cause in PLACES.values() if where[place])
