"""How long stages tell how far they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Progress(Protocol):
    """Receives progress: ``stage`` in words, ``done`` of ``total`` steps."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take one report; called often, must be cheap."""


def silent(stage: str, done: int, total: int) -> None:
    """Ignore progress."""


@contextmanager
def step(progress: Progress, stage: str) -> Iterator[None]:
    """Tell of a stage without steps when it begins, and when it is done."""
    progress(stage, 0, 1)
    yield
    progress(stage, 1, 1)
