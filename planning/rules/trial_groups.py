"""The ongoing trial in Machairas 2021 that allots treatments by number, size and load.

It is a pilot without randomisation (NCT03457948): noted beside the pathway, never an option.
"""

from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from planning import inputs
from planning.criteria.conditions import Criterion
from remnant.core.findings import Basis, Comparison

TRIAL_POPULATION = "G1 or G2 neuroendocrine neoplasms first treated with pembrolizumab"
TRIAL_STATEMENT = (
    "Ongoing trial, not a recommendation: NCT03457948, an open-label pilot with four arms, not "
    "randomised (Machairas 2021). It is for G1 or G2 neuroendocrine neoplasms first treated with "
    "pembrolizumab, and allots local treatment by number, size and load."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialGroup:
    """One group of the trial in ``machairas2021`` that allots by load; the first one applies."""

    id: str
    treatment: str
    conditions: tuple[Criterion, ...]


_trial = partial(Criterion, population=TRIAL_POPULATION, source="machairas2021")
_trial_size = partial(_trial, input=inputs.LARGEST_LESION)
_trial_load = partial(
    _trial,
    statement="Up to 75 % of the liver involved.",
    input=inputs.BURDEN,
    comparison=Comparison.AT_MOST,
    limit=0.75,
    basis=Basis.TOTAL_LIVER_VOLUME,
)

TRIAL_GROUPS = (
    TrialGroup(
        id="pathway.trial.ablation",
        treatment="radiofrequency ablation or cryoablation",
        conditions=(
            _trial(
                id="pathway.trial.ablation.number",
                statement="Up to 6 lesions.",
                input=inputs.LESION_COUNT,
                comparison=Comparison.AT_MOST,
                limit=6.0,
            ),
            _trial_size(
                id="pathway.trial.ablation.size",
                statement="Of at most 4 cm.",
                comparison=Comparison.AT_MOST,
                limit=40.0,
            ),
        ),
    ),
    TrialGroup(
        id="pathway.trial.embolisation",
        treatment="subsegmental embolisation",
        conditions=(
            _trial_load(id="pathway.trial.embolisation.load"),
            _trial_size(
                id="pathway.trial.embolisation.size",
                statement="Largest of at most 5 cm.",
                comparison=Comparison.AT_MOST,
                limit=50.0,
            ),
        ),
    ),
    TrialGroup(
        id="pathway.trial.y90",
        treatment="subsegmental radioembolisation with Y-90",
        conditions=(
            _trial_load(id="pathway.trial.y90.load"),
            _trial_size(
                id="pathway.trial.y90.size",
                statement="Largest over 5 cm.",
                comparison=Comparison.MORE,
                limit=50.0,
            ),
        ),
    ),
)
"""Groups of the trial in their printed order; more than 75 % belongs to none."""

GROUPS = MappingProxyType({group.id: group for group in TRIAL_GROUPS})
