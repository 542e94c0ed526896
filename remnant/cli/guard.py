"""Refuses to start in an environment where another package shadows one of ours.

Four of remnant's packages have plain names that other distributions use too, and pip overwrites
colliding files without a word.
"""

from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

import remnant
from remnant.core.errors import InputError

INTERNAL_PACKAGES = ("volumetry", "segmentation", "planning", "models")


def require_own_packages() -> None:
    """Raise when an internal package would be imported from somewhere else.

    Raises
    ------
    InputError
        Another installation shadows ``volumetry``, ``segmentation``, ``planning`` or ``models``.
    """
    home = Path(remnant.__file__).resolve().parent.parent
    for name in INTERNAL_PACKAGES:
        spec = find_spec(name)
        origin = Path(spec.origin).resolve() if spec and spec.origin else None
        if origin is None or origin.parent.parent != home:
            raise InputError(
                f"the package {name!r} that Python finds ({origin}) is not remnant's own; another "
                f"installation shadows it: install remnant into a fresh environment"
            )


def colliding_distributions() -> dict[str, list[str]]:
    """Return the other distributions that install one of the internal names, by name."""
    owners = packages_distributions()
    return {
        name: others
        for name in INTERNAL_PACKAGES
        if (others := sorted(set(owners.get(name, [])) - {"remnant"}))
    }
