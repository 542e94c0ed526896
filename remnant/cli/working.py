"""How a command is worked off: where its texts go, and how it ends."""

import io
import os
import shutil
import sys
import textwrap
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from inspect import Parameter
from pathlib import Path

import cyclopts

from remnant.cli.exit_codes import ExitCode, code_of_error
from remnant.cli.general_options import GeneralOptions
from remnant.cli.log_file import EventLog
from remnant.cli.outcome import Outcome
from remnant.cli.progress import watched
from remnant.core.errors import ManifestError, RemnantError

NOWHERE = EventLog()


class _Texts(io.StringIO):
    """What a command prints, kept until its progress has left the terminal."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        """Tell whether it is for a terminal, which may be given colours."""
        return self._terminal

    def lines(self) -> str:
        """Return what was printed, without the spaces that fill tables up to their width."""
        return "".join(line.rstrip(" \n") + "\n" for line in self.getvalue().splitlines())


def worked(
    work: Callable[[], object], general: GeneralOptions, log: EventLog, *, title: str
) -> ExitCode:
    """Do a command's work; print its texts, and its document where it was asked for."""
    target = sys.stderr if general.json else sys.stdout
    texts = _Texts(terminal=target.isatty())
    try:
        with watched(log.progress, title=title, quiet=general.quiet), redirect_stdout(texts):
            outcome = work()
    finally:
        if not general.quiet:
            target.write(texts.lines())
            target.flush()
    if general.json:
        print(outcome.document() if isinstance(outcome, Outcome) else "{}\n", end="", flush=True)
    if isinstance(outcome, Outcome) and outcome.unusable:
        _say(outcome.unusable)
        return ExitCode.UNUSABLE
    return ExitCode.DONE


def ended(work: Callable[[], int], *, debug: bool = False, log: EventLog = NOWHERE) -> ExitCode:
    """Do some work and return how it ended; an error is one line on standard error.

    A reader that closes the pipe early, as ``head`` does, ends it without a word.
    """
    try:
        return ExitCode(work())
    except BrokenPipeError:
        return _nobody_reads()
    except SystemExit as stop:
        if isinstance(stop.__context__, BrokenPipeError):  # how rich ends on a closed pipe
            return _nobody_reads()
        raise
    except KeyboardInterrupt:
        _say("interrupted; what was finished is kept, and nothing half-written: run it again")
        return ExitCode.INTERRUPTED
    except (RemnantError, cyclopts.CycloptsError, OSError, MemoryError) as error:
        code = code_of_error(error)
        said = f"error: {_in_words(error)}" if code is not ExitCode.BUG else _bug(error)
        return _failed(error, said, code, debug=debug, log=log)
    except Exception as error:  # noqa: BLE001  (whatever else comes is a fault of this program)
        return _failed(error, _bug(error), ExitCode.BUG, debug=debug, log=log)


def _failed(error: Exception, said: str, code: ExitCode, *, debug: bool, log: EventLog) -> ExitCode:
    log.raised(error)
    if debug:
        traceback.print_exception(error)
    _say(said)
    for line in error.faults if isinstance(error, ManifestError) else ():
        print(f"  {' '.join(line.split())}", file=sys.stderr)
    return code


def _say(text: str) -> None:
    """Write one line on standard error, wrapped at words where a person reads it."""
    line = " ".join(("remnant:", *text.split()))
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns
        lines = textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)
        line = "\n".join(lines)
    print(line, file=sys.stderr)


def _bug(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    return (
        f"this is a bug, {type(error).__name__} at {place}: {error}. Please report it with what "
        f"`remnant --version` says and what this command writes with --debug"
    )


def _in_words(error: Exception) -> str:
    """Return what went wrong, and of words that a command does not take what it takes.

    The faults of a manifest follow in lines of their own.
    """
    if isinstance(error, cyclopts.UnusedCliTokensError):
        words = ", ".join(error.unused_tokens or ())
        return f"too much is given: {words[:100]}; name one case, and put options before values"
    if isinstance(error, cyclopts.CycloptsError):
        return f"{_of_words(error)} `{_help_of(error)}` says what is allowed"
    if isinstance(error, ManifestError):
        return error.heading
    if isinstance(error, MemoryError):
        return "the memory does not suffice for this case; use a machine that has more"
    return str(error)


def _of_words(error: cyclopts.CycloptsError) -> str:
    argument, text = error.argument, f"{error}"
    if not isinstance(error, cyclopts.MissingArgumentError) or argument is None:
        return text if text.endswith(("...", "?")) else f"{text.removesuffix('.')};"
    if error.keyword is not None or argument.tokens:
        return f"{error.keyword or argument.name} needs a value;"
    by_place = argument.field_info.kind is not Parameter.KEYWORD_ONLY
    return f"{argument.name.lstrip('-').upper() if by_place else argument.name} is missing;"


def _help_of(error: cyclopts.CycloptsError) -> str:
    return " ".join(("remnant", *(error.command_chain or ()), "--help"))


def _nobody_reads() -> ExitCode:
    send_nowhere()
    return ExitCode.NOBODY_READS


def send_nowhere() -> None:
    """Send the rest of the output nowhere, so that nothing fails when Python flushes it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
