"""The line under everything that remnant shows."""

from typing import Final

RESEARCH_USE: Final = "Research use only. Not a medical device; no output is an order to treat."
