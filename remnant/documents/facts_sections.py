"""The sections of a facts file with all their fields, in the order in which they are listed.

The person's facts are those of `planning.inputs`; nothing of them is declared here.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from planning.inputs import CLINICAL_INPUTS, PATIENT_INPUTS, Input
from remnant.core.clinical import LONGEST_NOTE
from remnant.core.plan_choice import RANGES as LIMITS
from remnant.core.plan_choice import AblationShape
from remnant.documents.facts_fields import (
    NO_LIMIT,
    UNKNOWN,
    Field,
    any_word,
    lesion_numbers,
    note,
    number,
    one_of,
    percentages,
    recipes,
    segment_set,
    segment_sets,
    whole_number,
    yes_no,
)


def _told(known: Input) -> Field:
    """Return the field of an input that a person tells, as the vocabulary declares it."""
    if known.type is tuple:
        return lesion_numbers(known.name, known.meaning, blank=UNKNOWN)
    if known.type is str:
        return note(known.name, known.meaning, longest=LONGEST_NOTE, blank=UNKNOWN)
    if known.type is bool:
        return yes_no(known.name, known.meaning, blank=UNKNOWN)
    if issubclass(known.type, StrEnum):
        return one_of(known.name, known.type, known.meaning, blank=UNKNOWN)
    if known.range is None:
        raise TypeError(f"the input {known.name} is a number without a range")
    if known.type is int:
        return whole_number(known.name, known.range, known.meaning, blank=UNKNOWN)
    return number(known.name, known.range, known.unit, known.meaning, blank=UNKNOWN)


def _limit(name: str, meaning: str, *, blank: str | None = None) -> Field:
    return number(name, LIMITS[name], "mm", meaning, blank=blank)


CHOICES: Final = (
    any_word("rule_set", "FLR rule set whose minimum decides.", "the id of an FLR rule set"),
    percentages("targets_percent", "Shares of the tumour volume to reach."),
    segment_set("keep", "Segments that are never removed as a whole."),
    whole_number(
        "most_ablations", LIMITS["most_ablations"], "Most ablation zones; 0 forbids them.",
        blank=NO_LIMIT,
    ),
    whole_number(
        "most_wedges", LIMITS["most_wedges"], "Most wedges; 0 forbids them.", blank=NO_LIMIT
    ),
    _limit("resection_margin_mm", "Liver taken around a resected lesion."),
    _limit("ablation_margin_mm", "Liver destroyed around an ablated lesion."),
    _limit("ablation_limit_mm", "Largest diameter of a lesion that is ablated."),
    one_of("ablation_shape", AblationShape, "Form of an ablation zone."),
    _limit("largest_zone_mm", "Largest diameter of one zone; larger needs take several."),
    _limit("central_distance_mm", "Nearer to the portal vein no lesion is ablated."),
    _limit("wedge_limit_mm", "Largest diameter of a lesion excised alone.", blank=NO_LIMIT),
    _limit("wedge_depth_mm", "Deepest near side of a lesion excised alone.", blank=NO_LIMIT),
    whole_number(
        "contiguous_segments", LIMITS["contiguous_segments"], "Kept segments that must adjoin."
    ),
    yes_no("named_only", "Look for no operation beyond the named ones."),
    segment_sets(
        "vessels_intact",
        "Sets of removed segments for which a person found inflow, outflow and bile drainage of "
        "all that stays intact.",
    ),
    recipes("recipes", "The user's own plans, judged beside the optimiser's."),
    number(
        "certainty", LIMITS["certainty"], "", "Share of the draws from which on a limit is met.",
    ),
    number("seconds", LIMITS["seconds"], "seconds", "Time that the optimiser may take."),
)  # fmt: skip
SECTIONS: Final[Mapping[str, tuple[Field, ...]]] = {
    "patient": tuple(map(_told, PATIENT_INPUTS)),
    "clinical": tuple(map(_told, CLINICAL_INPUTS)),
    "choices": CHOICES,
}
