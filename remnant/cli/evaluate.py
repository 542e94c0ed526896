"""``remnant evaluate``: segmentations against the truth."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from remnant.cli.help_page import page
from remnant.cli.options import Output, OverwriteOption
from remnant.cli.outcome import Outcome, stored_outcome
from remnant.cli.progress import shown_progress
from remnant.io.codings import MasksPreset
from remnant.io.roles import Part

app = App(
    name="evaluate",
    help="Compare segmentations with the truth: overlap, surfaces, lesions, burden, volumes.",
    help_formatter=page(
        "remnant evaluate PREDICTION.nii.gz TRUTH.nii.gz -o OUT",
        "remnant evaluate PREDICTIONS TRUTHS -o OUT --preset lits",
        "remnant evaluate PREDICTIONS TRUTHS -o OUT --preset binary --role lesions --match-iou 0.1",
        "remnant evaluate CASES TRUTHS -o OUT --preset lits --allow-missing",
    ),
)


@app.default
def evaluate(
    prediction: Path,
    truth: Path,
    *,
    output: Output,
    overwrite: OverwriteOption = False,
    preset: MasksPreset | None = None,
    role: Part = Part.LIVER,
    truth_preset: MasksPreset | None = None,
    tolerance_mm: float = 2.0,
    match_iou: float = 0.5,
    allow_missing: Annotated[bool, Parameter(negative="")] = False,
) -> Outcome:
    """Compare segmentations with the truth: overlap, surfaces, lesions, burden, volumes.

    Parameters
    ----------
    prediction
        Label map, case folder of remnant, folder with liver.nii.gz, lesions.nii.gz …, or a folder
        of such cases.
    truth
        The same kind of thing on the same grid; two folders of cases are paired by name.
    output
        Folder of the results: agreement.json, three tables, a Bland–Altman plot. Names of cases
        are those of the files.
    preset
        What the codes of lone label maps mean. Without it every code is compared as it is, and
        nothing is said about lesions and burden. Case folders need none.
    role
        Which of the preset's files a lone label map is.
    truth_preset
        Preset of the truth where it differs from that of the prediction.
    tolerance_mm
        Distance up to which a surface counts as found (normalised surface Dice).
    match_iou
        Least IoU of a true and a predicted lesion to be one; LiTS uses 0.5, others 0.1; 0 asks for
        any overlap.
    allow_missing
        Leave out cases that only one folder has, instead of refusing.
    """
    from remnant.pipeline.evaluation import AGREEMENT_JSON, RESULT_FILES, write_agreement
    from remnant.pipeline.evaluation import evaluate as evaluate_pairs
    from remnant.pipeline.evaluation_sources import SideCoding, pair_cases
    from remnant.pipeline.results import require_replaceable_results
    from remnant.terminal.agreement_summary import print_agreement
    from remnant.terminal.consoles import say_all

    replaced = require_replaceable_results(output, RESULT_FILES, overwrite=overwrite)
    pairs = pair_cases(prediction, truth, allow_missing=allow_missing)
    with shown_progress() as progress:
        agreement = evaluate_pairs(
            pairs,
            prediction=SideCoding(preset=preset, role=role),
            truth=SideCoding(preset=truth_preset or preset, role=role),
            tolerance_mm=tolerance_mm,
            match_iou=match_iou,
            progress=progress,
        )
    write_agreement(agreement, output)
    if replaced:
        say_all([replaced])
    print_agreement(agreement, output)
    return stored_outcome(output / AGREEMENT_JSON)
