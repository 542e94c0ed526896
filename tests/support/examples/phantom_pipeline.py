"""``python -m examples.phantom_pipeline …`` is ``remnant …`` with an engine that needs no network.

What a listener starts is that, too. Pictures are drawn with few pixels and triangles.
"""

import sys
from importlib import import_module

from remnant.cli import pacs
from remnant.cli.app import main
from segmentation.engines.registry import DEFAULT_ENGINE, ENGINES, Engine

REAL = pacs.commands_of
COARSE = {
    "remnant.pictures.figures": {"PIXEL_MM": 4.0},
    "remnant.pictures.drawing": {"INCHES_PER_MM": 0.004},
    "remnant.pictures.surface_pictures": {
        "LIVER_SPACING_MM": 9.0,
        "LESION_SPACING_MM": 5.0,
        "WIDTH_INCHES": 0.8,
    },
}


def commands_of(run_options):
    """Return the real commands, run by this module."""
    own = {"remnant": "examples.phantom_pipeline"}
    return tuple(tuple(own.get(w, w) for w in command) for command in REAL(run_options))


def draw_coarsely():
    for name, figures in COARSE.items():
        module = import_module(name)
        for figure, value in figures.items():
            assert hasattr(module, figure)
            setattr(module, figure, value)


if __name__ == "__main__":
    ENGINES[DEFAULT_ENGINE] = Engine("examples.threshold_engine", "a phantom's numbers")
    pacs.commands_of = commands_of
    if {"run", "export"} & set(sys.argv[1:2]):
        draw_coarsely()
    main(sys.argv[1:])
