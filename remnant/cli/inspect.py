"""``remnant inspect``: what is in a file or folder."""

import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from cyclopts import App
from rich.console import Console
from rich.table import Table

from remnant.cli.help_page import page
from remnant.cli.outcome import Outcome, told_outcome
from remnant.io.inspect import Inspection, MapFacts, SeriesFacts, inspect_path
from remnant.io.roles import Part

app = App(
    name="inspect",
    help="Say what is in a file or folder, what speaks against it, and what command takes it.",
    help_formatter=page(
        "remnant inspect CT.nii.gz",
        "remnant inspect DICOM_FOLDER",
        "remnant inspect study.zip",
        "remnant inspect lesions.seg.nrrd",
        "remnant inspect CASE",
    ),
)
UNKNOWN = "unknown"
MOST_CODES = 20


@app.default
def inspect(path: Path) -> Outcome:
    """Say what is in a file or folder, what speaks against it, and what command takes it.

    Ends with exit code 3 where nothing can be used.

    Parameters
    ----------
    path
        A scan or a map of structures: NIfTI, NRRD, MetaImage, DICOM, a 3D Slicer segmentation; a
        folder with such files, a zip file, a DICOMDIR; or the folder of a case.
    """
    from remnant.pipeline.case_files import is_case
    from remnant.terminal.consoles import plain_console

    console = plain_console()
    if is_case(path):
        facts = _facts_of_case(path)
        _print_case(facts, console)
        return told_outcome({"kind": "case", **facts})
    inspection = inspect_path(path)
    _print_inspection(inspection, console)
    commands = tuple(_commands(inspection, path)) if inspection.usable else ()
    if commands:
        console.print()
    for line in commands:
        console.print(line, markup=False, soft_wrap=True)
    unusable = "" if inspection.usable else "nothing here can be used as a scan or as a map"
    return told_outcome({**_document(inspection), "use": commands}, unusable=unusable)


def _print_inspection(inspection: Inspection, console: Console) -> None:
    for number, facts in enumerate(inspection.series):
        console.print()
        console.print(_heading(inspection, facts, number), style="bold", markup=False)
        console.print(_table(facts))
        _print_doubts(facts, console)
    for one in inspection.maps:
        _print_map(one, console)
    for reason, count in inspection.skipped.items():
        console.print(f"left out: {count} file(s), {reason}", markup=False)


def _document(inspection: Inspection) -> dict[str, object]:
    """Return an inspection as plain values, its doubts in words."""
    from pydantic_core import to_jsonable_python

    series = tuple(replace(one, against=_doubts(one)) for one in inspection.series)
    maps = tuple(replace(one, against=_doubts(one)) for one in inspection.maps)
    plain: dict[str, object] = to_jsonable_python(replace(inspection, series=series, maps=maps))
    return {**plain, "usable": inspection.usable}


def _facts_of_case(path: Path) -> dict[str, str]:
    from remnant.pipeline.case_files import REPORT_JSON
    from remnant.pipeline.folder import read_case

    case = read_case(path)
    lesions = case.maps.lesions
    count = 0 if lesions is None else len(set(lesions.codes.ravel()[lesions.codes.ravel() > 0]))
    source = case.division.source
    return {
        "made from": f"{case.study.source}, {case.study.phase.value} phase",
        "grid": case.maps.structures.geometry.describe(),
        "lesions": "not looked for" if lesions is None else str(count),
        "segments": "none" if source is None else source.value,
        "report": "there" if (path / REPORT_JSON).is_file() else "not yet",
        "again": f"remnant run {shlex.quote(str(path))}",
    }


def _print_case(facts: dict[str, str], console: Console) -> None:
    console.print("A case of remnant", style="bold")
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for name, words in facts.items():
        if name != "again":
            table.add_row(name, words)
    console.print(table)
    console.print(f"\nTo measure and plan it again: {facts['again']}", markup=False, soft_wrap=True)


def _doubts(facts: SeriesFacts | MapFacts) -> tuple[str, ...]:
    from remnant.wording.findings import text_of
    from remnant.wording.report_remedies import with_remedy

    return tuple(
        one if isinstance(one, str) else with_remedy(text_of(one), one) for one in facts.against
    )


def _print_doubts(facts: SeriesFacts | MapFacts, console: Console) -> None:
    from remnant.terminal.consoles import say

    for words in _doubts(facts):
        say(console, f"! {words}", style="yellow")


def _print_map(facts: MapFacts, console: Console) -> None:
    console.print()
    console.print(facts.name or "Map of structures", style="bold", markup=False)
    console.print(facts.kind, markup=False)
    for segment in facts.segments[:MOST_CODES]:
        console.print(f"  {segment}", markup=False)
    if len(facts.segments) > MOST_CODES:
        console.print(f"  and {len(facts.segments) - MOST_CODES} more")
    _print_doubts(facts, console)


def _heading(inspection: Inspection, facts: SeriesFacts, number: int) -> str:
    if inspection.names:
        return inspection.names[number]
    if inspection.kind != "dicom":
        return inspection.kind.upper()
    told = (facts.description or "no description", facts.sequence, facts.apart)
    return f"Series {facts.number}: {', '.join(text for text in told if text)}"


def _table(facts: SeriesFacts) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    modality = facts.modality.value.upper() if facts.modality else UNKNOWN
    table.add_row("modality", f"{modality}: {facts.modality_reason}")
    table.add_row("phase", facts.phase.value)
    if facts.shape and facts.spacing_mm:
        size = " x ".join(str(n) for n in facts.shape)
        spacing = " x ".join(f"{s:.3g}" for s in facts.spacing_mm)
        table.add_row("grid", f"{size} voxels of {spacing} mm, {facts.orientation}")
        table.add_row("coverage", f"{facts.coverage_mm:.0f} mm head to foot")
    else:
        table.add_row("slices", f"{facts.slices}, no usable grid")
    if facts.value_range:
        low, high = facts.value_range
        table.add_row("values", f"{low:g} to {high:g} ({facts.value_range_of})")
    if facts.label_codes:
        codes = ", ".join(str(code) for code in facts.label_codes[:MOST_CODES])
        table.add_row("label codes", codes)
    return table


def _commands(inspection: Inspection, path: Path) -> Iterator[str]:
    """Yield which series would be taken, and the commands that take what is here."""
    if inspection.automatic is not None and len(inspection.series) > 1:
        yield f"Series {inspection.automatic} would be taken."
    for number, facts in enumerate(inspection.series):
        if facts.usable:
            yield _use_of_series(inspection, facts, path, number)
    for one in inspection.maps:
        if one.usable:
            yield f"To use {one.name or 'it'}: {_use_of_map(one, path)}"


def _use_of_series(inspection: Inspection, facts: SeriesFacts, path: Path, number: int) -> str:
    if facts.label_codes:
        return f"Series {facts.number} is a mask: give its folder, e.g. --lesions FOLDER"
    file, what, series = path, "it", ""
    if inspection.names:
        file, what = path / inspection.names[number], inspection.names[number]
    elif facts.number != inspection.automatic:
        what, series = f"series {facts.number}", f" --series {facts.number}"
    needs = " --modality ct|mr" if facts.modality is None else ""
    if facts.offset_hu is not None:
        needs = f" --intensity-offset {facts.offset_hu:g}"
    return f"To use {what}: remnant run {shlex.quote(str(file))}{series}{needs} -o OUT"


def _use_of_map(facts: MapFacts, path: Path) -> str:
    file = shlex.quote(str(path / facts.name if facts.name else path))
    with_option = {Part.LIVER, Part.LESIONS, Part.COUINAUD}
    options = [
        f"--{role} {file}" if role in with_option else f"--masks {role}={file}"
        for role in facts.roles
    ] or [f"--liver|--lesions|--couinaud {file}"]
    if Part.LIVER not in facts.roles and Part.COUINAUD not in facts.roles and facts.roles:
        options.insert(0, "--liver LIVER")
    preset = "" if facts.preset is None else f" --masks-preset {facts.preset}"
    return f"remnant measure {' '.join(options)}{preset} -o OUT"
