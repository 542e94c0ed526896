"""The segmentation engines by name.

A second engine is one module here and one entry in ``ENGINES``. The module offers
``segmenter(*, device)``, which returns a `segmentation.port.Segmenter`; it is imported when its
engine is chosen, so that no command loads the libraries of another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from remnant.core.errors import InputError
from segmentation.port import Segmenter


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that finds liver and lesions.

    Parameters
    ----------
    module
        Full name of the module that offers ``segmenter(*, device)``.
    summary
        What it is, for a list of engines.
    """

    module: str
    summary: str

    def segmenter(self, *, device: str = "auto") -> Segmenter:
        """Return the engine's segmenter for ``auto``, ``cpu``, ``cuda`` or ``mps``.

        Raises
        ------
        InputError
            The device is not one of these or is not there.
        """
        made: Segmenter = import_module(self.module).segmenter(device=device)
        return made


DEFAULT_ENGINE: Final = "kul"
SHAPE_MODEL: Final = "couinaud-shape"
"""The network that estimates segments, whichever engine found the liver."""
ENGINES: Final[Mapping[str, Engine]] = {
    DEFAULT_ENGINE: Engine("segmentation.engines.kul", "KU Leuven networks, CT and MR"),
}


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
