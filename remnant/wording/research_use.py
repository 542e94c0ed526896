"""The line under everything that remnant shows."""

from typing import Final

from remnant.wording.language import mark

RESEARCH_USE: Final = mark(
    "Research use only. Not a medical device; no output is an order to treat."
)
