"""``python -m examples.phantom_pipeline …`` is ``remnant …`` with an engine that needs no network.

What a listener starts is that, too.
"""

import sys

from remnant.cli import pacs
from remnant.cli.app import main
from segmentation.engines.registry import DEFAULT_ENGINE, ENGINES, Engine

REAL = pacs.commands_of


def commands_of(run_options):
    """Return the real commands, run by this module."""
    own = {"remnant": "examples.phantom_pipeline"}
    return tuple(tuple(own.get(w, w) for w in command) for command in REAL(run_options))


if __name__ == "__main__":
    ENGINES[DEFAULT_ENGINE] = Engine("examples.threshold_engine", "a phantom's numbers")
    pacs.commands_of = commands_of
    main(sys.argv[1:])
