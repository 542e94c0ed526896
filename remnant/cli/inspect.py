"""``remnant inspect``: what is in a file or folder."""

from pathlib import Path

from cyclopts import App
from rich.console import Console
from rich.table import Table

from remnant.cli.examples import epilogue
from remnant.io.inspect import Inspection, SeriesFacts, inspect_path

app = App(
    name="inspect",
    help="Say what is in a file or folder, and what speaks against using it.",
    help_epilogue=epilogue("remnant inspect CT.nii.gz", "remnant inspect DICOM_FOLDER"),
)
UNKNOWN = "unknown"


@app.default
def inspect(path: Path) -> None:
    """Say what is in a file or folder, and what speaks against using it.

    Parameters
    ----------
    path
        NIfTI, NRRD or DICOM file, or a folder with DICOM files.
    """
    from remnant.wording.findings import text_of

    inspection = inspect_path(path)
    console = Console()
    for facts in inspection.series:
        console.print()
        console.print(_heading(inspection, facts), style="bold", markup=False)
        console.print(_table(facts))
        for against in facts.against:
            words = against if isinstance(against, str) else text_of(against)
            console.print(f"! {words}", style="yellow", markup=False)
    for reason, count in inspection.skipped.items():
        console.print(f"left out: {count} file(s), {reason}", markup=False)
    console.print(f"\n{_conclusion(inspection)}")


def _heading(inspection: Inspection, facts: SeriesFacts) -> str:
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
        table.add_row("label codes", ", ".join(str(code) for code in facts.label_codes[:20]))
    return table


def _conclusion(inspection: Inspection) -> str:
    if inspection.automatic is not None and len(inspection.series) > 1:
        return f"Series {inspection.automatic} would be taken."
    if inspection.automatic is not None:
        only = inspection.series[0]
        needs = only.modality is None
        return "It can be used with --modality." if needs else "It can be used."
    if any(facts.usable and not facts.label_codes for facts in inspection.series):
        return "Choose one with --series NUMBER."
    return "Nothing here can be used as a scan."
