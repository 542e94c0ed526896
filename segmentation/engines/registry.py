"""The segmentation engines by name.

A second engine is one module here and one entry in ``ENGINES``. The module offers
``segmenter(*, device)``, which returns a `segmentation.port.Segmenter`; it is imported when its
engine is chosen, so that no command loads the libraries of another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Final

from remnant.core.errors import InputError
from segmentation.port import Segmenter


class Quality(StrEnum):
    """How much work segmenting may be.

    ``FAST``: what the engine's own networks find. ``BEST``: a second network then outlines liver
    and lesions anew, slice by slice.
    """

    FAST = "fast"
    BEST = "best"


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that finds liver and lesions.

    Parameters
    ----------
    module
        Full name of the module that offers ``segmenter(*, device)``.
    summary
        What it is, for a list of engines.
    usual
        The quality that it segments with unless another one is asked for.
    """

    module: str
    summary: str
    usual: Quality = Quality.FAST

    def segmenter(self, *, device: str = "auto", quality: Quality | None = None) -> Segmenter:
        """Return the engine's segmenter for ``auto``, ``cpu``, ``cuda`` or ``mps``.

        ``None`` for the quality is its usual one.

        Raises
        ------
        InputError
            The device is not one of these or is not there, or the engine has not this quality.
        """
        made: Segmenter = import_module(self.module).segmenter(device=device)
        if (quality or self.usual) is Quality.FAST:
            return made
        from segmentation.refining import RefinableEngine, RefiningSegmenter

        if not isinstance(made, RefinableEngine):
            raise InputError("this engine cannot refine outlines; choose --quality fast")
        return RefiningSegmenter(made)


DEFAULT_ENGINE: Final = "kul"
SHAPE_MODEL: Final = "couinaud-shape"
"""The network that estimates segments, whichever engine found the liver."""
ENGINES: Final[Mapping[str, Engine]] = {
    DEFAULT_ENGINE: Engine(
        "segmentation.engines.kul", "KU Leuven networks, CT and MR", Quality.BEST
    ),
}


def quality_named(name: str) -> Quality:
    """Return a quality by its name.

    Raises
    ------
    InputError
        There is no such quality.
    """
    try:
        return Quality(name)
    except ValueError as fault:
        raise InputError(f"there is no quality {name!r}; known: {', '.join(Quality)}") from fault


def engine_named(name: str) -> Engine:
    """Return an engine by its name.

    Raises
    ------
    InputError
        There is no such engine.
    """
    if name not in ENGINES:
        raise InputError(f"there is no engine {name!r}; known: {', '.join(ENGINES)}")
    return ENGINES[name]
