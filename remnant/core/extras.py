"""Packages that not every installation has."""

import importlib.util

from remnant.core.errors import InputError


def require_extra(extra: str, needs: str, *names: str) -> None:
    """Raise unless packages of an extra are installed.

    Parameters
    ----------
    extra
        What installs them.
    needs
        Who needs them, with the verb: ``cohorts need``.
    names
        The packages.

    Raises
    ------
    InputError
        One is not installed.
    """
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(
            f"{needs} {missing[0]}, which is not installed; pip install 'remnant[{extra}]'"
        )
