"""The command ``remnant``."""

import os
import sys
from collections.abc import Sequence

import cyclopts
from cyclopts import App

import remnant
from remnant.cli.examples import epilogue
from remnant.cli.guard import require_own_packages
from remnant.core.errors import RemnantError

BAD_INPUT = 2
INTERRUPTED = 130
NOBODY_READS = 141
COMMANDS = {
    "demo": "Fetch real scans, segment, measure, plan and report them: all in one command.",
    "run": "From a scan (or a stored case) to tumour load, remnant, plan and report.",
    "segment": "Find liver, lesions and segments in a scan and store their maps.",
    "measure": "Measure existing maps: needs no image and no network.",
    "plan": "Hold a measured case against the rules of the literature, and plan its debulking.",
    "report": "Write a case's report.html anew.",
    "evaluate": "Compare segmentations with the truth: overlap, surfaces, lesions, burden.",
    "compare": "Compare two measured cases of one liver: lesions, changes, growth of the remnant.",
    "models": "List, fetch, add and show the pretrained networks.",
    "inspect": "Say what is in a file or folder, and what speaks against using it.",
    "doctor": "Say what is installed, which device and models there are, and what is missing.",
}

app = App(
    name="remnant",
    help="Liver tumour burden, future liver remnant volumetry and surgical planning.",
    help_epilogue=epilogue(
        "remnant demo",
        "remnant run CT.nii.gz -o OUT --height-cm 175 --weight-kg 80 --sex male --age 60",
        "remnant measure --masks liver=liver.nii.gz,lesions=lesions.nii.gz -o OUT",
    ),
    help_format="markdown",
    version=remnant.__version__,
    suppress_keyboard_interrupt=False,
    result_action="return_value",
)
for _name, _help in COMMANDS.items():
    app.command(f"remnant.cli.{_name}:app", name=_name, help=_help)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 2 bad input, 130 interrupted, 141 output not read."""
    sys.exit(run_command(arguments))


def run_command(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; bad input is one line on standard error.

    A reader that closes the pipe early, as ``head`` does, ends the command without a word.
    """
    try:
        require_own_packages()
        app(arguments, exit_on_error=False, print_error=False)
        sys.stdout.flush()
    except BrokenPipeError:
        return _nobody_reads()
    except SystemExit as stop:
        if isinstance(stop.__context__, BrokenPipeError):  # how rich ends on a closed pipe
            return _nobody_reads()
        raise
    except (RemnantError, cyclopts.CycloptsError, OSError) as error:
        line = " ".join(_in_words(error).split())
        print(f"remnant: error: {line}", file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("remnant: interrupted; the case at hand was not written", file=sys.stderr)
        return INTERRUPTED
    return 0


def _in_words(error: Exception) -> str:
    """Return what went wrong; of words that no command takes, what to do with them."""
    if isinstance(error, cyclopts.UnusedCliTokensError):
        words = ", ".join(error.unused_tokens or ())
        return f"too much is given: {words[:100]}; name one case, and put options before values"
    return str(error)


def _nobody_reads() -> int:
    """Send the rest of the output nowhere, so that nothing fails when Python flushes it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return NOBODY_READS
