"""Options that every command takes, declared once."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Group, Parameter

from remnant.cli.help_page import GENERAL

GENERAL_GROUP: Final = Group(GENERAL, sort_key=1000)


@Parameter(name="*", group=GENERAL_GROUP)
@dataclass(frozen=True, kw_only=True)
class GeneralOptions:
    """What is printed where."""

    json: Annotated[bool, Parameter(negative="", show_default=False)] = False
    """Print one JSON document on standard output. It is the one that is stored, where one is. All
    else that would be printed goes to standard error."""
    quiet: Annotated[bool, Parameter(alias="-q", negative="", show_default=False)] = False
    """Print nothing but errors. No progress is shown; the document of --json is printed."""
    log_file: Path | None = None
    """Add JSON lines on what happened to a file. Times, stages, seconds and the exit code;
    no path, no name and no text of an error, since these may hold a patient's name."""
    debug: Annotated[bool, Parameter(negative="", show_default=False)] = False
    """Show the traceback of an error."""


NO_GENERAL: Final = GeneralOptions()
