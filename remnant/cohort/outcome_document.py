"""``outcome.json``: what became of a case, kept in its folder."""

from typing import Final

from remnant.cohort.outcomes import CaseOutcome
from remnant.documents.codec import Codec

OUTCOME: Final = Codec(
    CaseOutcome, name="outcome.json", version="1.0", advice="run the cohort again"
)
"""Reading and writing ``outcome.json``."""
