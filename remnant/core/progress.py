"""How long stages tell how far they are."""

from typing import Protocol


class Progress(Protocol):
    """Receives progress: ``stage`` in words, ``done`` of ``total`` steps."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take one report; called often, must be cheap."""


def silent(stage: str, done: int, total: int) -> None:
    """Ignore progress."""
