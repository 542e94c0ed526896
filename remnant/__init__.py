"""Liver tumour burden, future liver remnant volumetry and surgical planning.

Research use only. Nothing here is a medical device, and no output is an order to treat.

`run_case`, `open_case`, `run_cohort` and `open_cohort` are those of `remnant.api`, imported when
asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from remnant.api import Case, Cohort, open_case, open_cohort, run_case, run_cohort

__version__ = "0.1.0"
__all__ = ["Case", "Cohort", "__version__", "open_case", "open_cohort", "run_case", "run_cohort"]


def __getattr__(name: str) -> object:
    """Import the library's own names when they are first asked for."""
    if name in __all__:
        return getattr(import_module("remnant.api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
