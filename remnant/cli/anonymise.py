"""``remnant anonymise``: a study without identifiers, for research."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from remnant.cli.help_page import page
from remnant.cli.options import Output
from remnant.cli.outcome import Outcome, told_outcome
from remnant.cli.progress import shown_progress

app = App(
    name="anonymise",
    help="Write a DICOM study without identifiers, for research.",
    help_formatter=page(
        "remnant anonymise STUDY -o OUT",
        "remnant anonymise STUDY -o OUT --keep-characteristics",
    ),
)


@app.default
def anonymise(
    study: Path,
    /,
    *,
    output: Output,
    keep_characteristics: Annotated[bool, Parameter(negative="")] = False,
    with_captures: Annotated[bool, Parameter(negative="")] = False,
) -> Outcome:
    """Write a DICOM study without identifiers, for research.

    CT, MR and segmentations by DICOM's Basic Profile. Names and identifiers become pseudonyms under
    the key that cases have, so that a later export of the same patient fits. Dates are put back by
    a number of days for each patient; times stay. Private elements, reports and documents are left
    out. Nothing of the source is changed.

    Parameters
    ----------
    study
        Folder, DICOMDIR or zip file.
    output
        New folder. It may not lie in the study.
    keep_characteristics
        Keep sex, age (90 for all older than 89), size and weight.
    with_captures
        Take secondary captures, localisers, colour images and images with burned-in text, too. Look
        at each: text in pictures is not removed.
    """
    from remnant.io.anonymising.objects import ExportChoice
    from remnant.pipeline.anonymising import anonymise_study
    from remnant.terminal.consoles import plain_console, say
    from remnant.wording.anonymising import DOUBTS, LEFT_OUT, LOOK, counted_lines

    choice = ExportChoice(keep_characteristics=keep_characteristics, with_captures=with_captures)
    with shown_progress() as progress:
        done = anonymise_study(study, output, choice=choice, progress=progress)
    print(f"{_counted(done.count, 'file')} of {_counted(len(done.studies), 'study')} "
          f"{'is' if done.count == 1 else 'are'} in {done.folder}")  # fmt: skip
    for one in done.studies:
        counts = f"{len(one.images)} series, {_counted(sum(one.images.values()), 'file')}"
        print(f"  {one.patient}/{one.case}: {counts}")
    console = plain_console()
    for line in (
        *counted_lines("Left out:", done.left_out, LEFT_OUT),
        *counted_lines("To be looked at:", done.doubts, DOUBTS),
        LOOK,
    ):
        say(console, line)
    return told_outcome({"folder": str(done.folder), **done.document})


def _counted(count: int, noun: str) -> str:
    several = "studies" if noun == "study" else f"{noun}s"
    return f"{count} {noun if count == 1 else several}"
