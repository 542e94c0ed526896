"""The version of all that turns a scan into maps, and these into figures."""

from typing import Final

ALGORITHM_VERSION: Final = 4
"""Rises whenever the same inputs, models and settings give another result: maps of an earlier
version are not taken up. A stored baseline that changes is such a case, and a test holds them
together."""
