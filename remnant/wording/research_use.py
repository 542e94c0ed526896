"""The line under everything that remnant shows."""

from typing import Final

from remnant.wording.language import message

RESEARCH_USE: Final = message(
    "Research use only. Not a medical device; no output is an order to treat."
)
