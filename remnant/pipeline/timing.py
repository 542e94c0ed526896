"""Wall time of stages, for provenance."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter


class Stopwatch:
    """Collects the seconds of named stages."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Add the time that the context takes to ``stage``."""
        start = perf_counter()
        try:
            yield
        finally:
            taken = perf_counter() - start
            self.seconds[stage] = round(self.seconds.get(stage, 0.0) + taken, 2)
