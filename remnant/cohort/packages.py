"""Packages that cohorts need and that not every installation has."""

from remnant.core.extras import require_extra


def require_packages(*names: str) -> None:
    """Raise unless packages of the extra ``cohort`` are installed.

    Raises
    ------
    InputError
        One is not.
    """
    require_extra("cohort", "cohorts need", *names)
