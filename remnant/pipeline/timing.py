"""Wall time of stages, for provenance, and which stage is at work."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter
from typing import Final

READ: Final = "read"
SEGMENT: Final = "segment"
DIVIDE: Final = "divide"
MEASURE: Final = "measure"
PLAN: Final = "plan"
PUBLISH: Final = "publish"
STAGES: Final = (READ, SEGMENT, DIVIDE, MEASURE, PLAN, PUBLISH)
"""Stages of a case, in their order; publishing comes after each."""


def _unheard(stage: str) -> None:
    """Tell nobody."""


STAGE_HEARD: Final[ContextVar[Callable[[str], None]]] = ContextVar("STAGE_HEARD", default=_unheard)
"""Is told the name of each stage as it begins: of this thread, or of this task."""


class Stopwatch:
    """Collects the seconds of named stages."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Add the time that the context takes to ``stage``."""
        STAGE_HEARD.get()(stage)
        start = perf_counter()
        try:
            yield
        finally:
            taken = perf_counter() - start
            self.seconds[stage] = round(self.seconds.get(stage, 0.0) + taken, 2)
