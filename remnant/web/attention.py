"""Who waits for an answer goes first, and work in the background when nobody does.

Threads share the interpreter, so that a distance that is measured ahead would make a click wait.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

CALM_S: Final = 0.15
"""As long as nobody was answered the background goes on; a person's next click comes later."""


@dataclass(slots=True, eq=False)
class Attention:
    """Counts who waits for an answer."""

    _changed: threading.Condition = field(default_factory=threading.Condition)
    _waiting: int = 0
    _answered_s: float = -CALM_S

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Hold back the background while an answer is made, and a moment longer."""
        with self._changed:
            self._waiting += 1
        try:
            yield
        finally:
            with self._changed:
                self._waiting -= 1
                self._answered_s = time.monotonic()
                self._changed.notify_all()

    def give_way(self) -> bool:
        """Return, and always true, once nobody waits and nobody was answered just now."""
        with self._changed:
            while self._waiting or self._calm_in_s() > 0.0:
                self._changed.wait(None if self._waiting else self._calm_in_s())
        return True

    def _calm_in_s(self) -> float:
        return self._answered_s + CALM_S - time.monotonic()
