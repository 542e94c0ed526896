"""The command ``remnant``."""

import os
import sys
from collections.abc import Sequence
from functools import partial
from io import BufferedWriter, RawIOBase, TextIOWrapper
from pathlib import Path
from typing import Annotated, TextIO

from cyclopts import App, Parameter

from remnant.cli.general_options import NO_GENERAL, GeneralOptions
from remnant.cli.guard import require_own_packages
from remnant.cli.help_page import asked_in_full, page
from remnant.cli.log_file import event_log
from remnant.cli.versions import versions
from remnant.cli.working import ended, send_nowhere, worked

COMMANDS = {
    "demo": "Fetch real scans, segment, measure, plan and report them: all in one command.",
    "run": "From a scan (or a stored case) to tumour load, remnant, plan and report.",
    "segment": "Find liver, lesions and segments in a scan and store their maps.",
    "correct": "Draw one box: add or replace a lesion of a case, or outline its liver anew.",
    "measure": "Measure existing maps: needs no image and no network.",
    "plan": "Hold a measured case against the rules of the literature, and plan its debulking.",
    "report": "Write a case's report.html anew.",
    "serve": "Show cases in a browser: images, plans to try, corrections; for this machine alone.",
    "evaluate": "Compare segmentations with the truth: overlap, surfaces, lesions, burden.",
    "compare": "Compare two measured cases of one liver: lesions, changes, growth of the remnant.",
    "cohort": "Many cases from one manifest: run them, and make tables and a summary of them.",
    "export": "Write a case for 3D Slicer, ITK-SNAP, nnU-Net, or as surfaces (STL, glTF).",
    "anonymise": "Write a DICOM study without identifiers, for research.",
    "pacs": "Studies from a PACS, results back to it: fetch, send, or listen for studies.",
    "models": "List, fetch, add and show the pretrained networks.",
    "inspect": "Say what is in a file or folder, and what speaks against using it.",
    "doctor": "Say what is installed, which device and models there are, and what is missing.",
}

app = App(
    name="remnant",
    help="Liver tumour burden, future liver remnant volumetry and surgical planning.",
    help_formatter=page(
        "remnant demo",
        "remnant run CT.nii.gz -o OUT --height-cm 175 --weight-kg 80 --sex male --age 60",
        "remnant measure --masks liver=liver.nii.gz,lesions=lesions.nii.gz -o OUT",
    ),
    help_format="plaintext",
    version=versions,
    version_format="plaintext",
    suppress_keyboard_interrupt=False,
    result_action="return_value",
)
for _place, (_name, _help) in enumerate(COMMANDS.items()):
    app.command(f"remnant.cli.{_name}:app", name=_name, help=_help, sort_key=_place)
app.register_install_completion_command(
    help="Let the shell complete commands and options (bash, zsh, fish)."
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with a number of `remnant.cli.exit_codes`."""
    sys.stdout, sys.stderr = whole(sys.stdout), whole(sys.stderr)
    code = run_command(arguments)
    try:
        sys.stdout.flush()
    except OSError:  # said already, where the command wrote
        send_nowhere()
    sys.exit(code)


def whole(stream: TextIO | None) -> TextIO:
    """Return a stream that takes texts whole, or fails; nothing where the shell closed it.

    An unbuffered one (`PYTHONUNBUFFERED`) drops the rest of a text of which a full disk or a
    closed pipe took a part, without a word.
    """
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")
    if not isinstance(stream, TextIOWrapper):
        return stream
    if isinstance(stream.buffer, RawIOBase):
        encoding, raw = stream.encoding, stream.buffer
        stream.detach()
        stream = TextIOWrapper(BufferedWriter(raw), encoding=encoding, line_buffering=True)
    stream.reconfigure(errors="replace")
    return stream


def run_command(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; what is refused is one line on standard error."""
    words = asked_in_full(sys.argv[1:] if arguments is None else arguments)
    return ended(partial(_started, words), debug=NO_GENERAL.debug)


def _started(words: Sequence[str]) -> int:
    require_own_packages()
    code = app.meta(words, exit_on_error=False, print_error=False)
    sys.stdout.flush()
    return code or 0


@app.meta.default
def launch(
    *words: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    general: GeneralOptions = NO_GENERAL,
) -> int:
    """Run a command as the options that every command takes say."""
    with event_log(general.log_file) as log:
        command = next((word for word in words if word in COMMANDS), "none")
        log.write("start", command=command)
        work = partial(app, words, exit_on_error=False, print_error=False)
        doing = partial(worked, work, general, log, title=f"remnant {command}")
        code = ended(doing, debug=general.debug, log=log)
        log.ended(code)
    return code
