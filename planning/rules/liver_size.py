"""How large a liver is called: its volume by body surface, against two published cut-offs."""

from functools import partial

from planning import inputs
from planning.criteria.conditions import Criterion
from remnant.core.findings import Basis, Comparison

MILD_ML_PER_M2 = 920.0
MASSIVE_ML_PER_M2 = 1080.0

_cut_off = partial(
    Criterion,
    input=inputs.LIVER_PER_BSA,
    comparison=Comparison.AT_MOST,
    basis=Basis.BODY_SURFACE_AREA,
    population="148 contrast-enhanced abdominal CT scans, 77 of normal livers",
    source="linguraru2012",
    needed=False,
)
NO_MILD_HEPATOMEGALY = _cut_off(
    id="transplant.predictor.size_mild",
    statement="No mild hepatomegaly: at most 0.92 L of liver per m² of body (Linguraru 2012).",
    limit=MILD_ML_PER_M2,
)
NO_MASSIVE_HEPATOMEGALY = _cut_off(
    id="transplant.predictor.size_massive",
    statement="No massive hepatomegaly: at most 1.08 L of liver per m² of body (Linguraru 2012).",
    limit=MASSIVE_ML_PER_M2,
)
LIVER_SIZE = (NO_MILD_HEPATOMEGALY, NO_MASSIVE_HEPATOMEGALY)
"""The printed cut-offs; what other sources call hepatomegaly without a number starts at the mild
one here."""
