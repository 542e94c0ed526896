"""Packages that cohorts need and that not every installation has."""

from importlib.util import find_spec

from remnant.core.errors import InputError


def require_packages(*names: str) -> None:
    """Raise unless packages of the extra ``cohort`` are installed.

    Raises
    ------
    InputError
        One is not.
    """
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise InputError(
            f"cohorts need {missing[0]}, which is not installed; pip install 'remnant[cohort]'"
        )
