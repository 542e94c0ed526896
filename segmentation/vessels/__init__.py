"""Vessels inside the liver on a portal-phase CT, without a network and without training."""

from typing import Final

VESSELS_COMPUTED: Final = "vessels_computed"
"""Id of the finding that says which vessels were computed, or why none were."""
