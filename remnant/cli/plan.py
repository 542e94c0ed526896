"""``remnant plan``: volumes and maps to findings and plans."""

from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App

from remnant.cli.fact_options import NO_DISEASE, DiseaseOptions
from remnant.cli.help_page import page
from remnant.cli.options import ResectOption
from remnant.cli.outcome import Outcome, case_outcome
from remnant.cli.plan_options import NO_CHOICES, PlanOptions
from remnant.cli.progress import shown_progress
from remnant.core.patient import LiverBackground

if TYPE_CHECKING:
    from remnant.core.patient import Patient

app = App(
    name="plan",
    help="Hold a measured case against the rules of the literature, and plan its debulking.",
    help_formatter=page(
        "remnant plan CASE",
        "remnant plan --template facts.yaml",
        "remnant plan CASE --facts facts.yaml",
        "remnant plan CASE --background chemotherapy --ki67 4 --grade G2 --functional",
        "remnant plan CASE --target 70 --keep IV --most-ablations 2",
        "remnant plan CASE --recipe 'VI,VII; wedge 3; ablate 5,7' --plan-maps",
        "remnant plan CASE --resect V,VI --resect III,IV",
        common="--template --background --resect --facts --ki67 --grade --functional "
        "--target --rule-set --keep --most-ablations --most-wedges --recipe --plan-maps "
        "--reset-choices --seconds",
    ),
)


@app.default
def plan(
    case: Path | None = None,
    *,
    template: Path | None = None,
    background: LiverBackground | None = None,
    resect: ResectOption = (),
    disease: DiseaseOptions = NO_DISEASE,
    plans: PlanOptions = NO_CHOICES,
) -> Outcome | None:
    """Hold a measured case against the rules of the literature, and plan its debulking.

    Parameters
    ----------
    case
        Folder that `remnant measure` or `remnant run` wrote.
    template
        Write an empty facts file here. It explains every line; nothing else is done.
    background
        State of the liver that would remain. Default is what the case was measured with.
    """
    from remnant.pipeline.case_files import require_measured

    if template is not None:
        write_template(template, case)
        return None
    folder = _required(case)
    require_measured(folder)

    # the libraries that read and plan are loaded for a case that is there
    from dataclasses import replace

    from remnant.cli.plan_options import plan_request
    from remnant.cli.planning_notes import planning_notes
    from remnant.pipeline.facts import KnownCase, known_case
    from remnant.pipeline.folder import read_measured, require_as_measured
    from remnant.pipeline.held import earlier_plan
    from remnant.pipeline.run import plan_stored
    from remnant.terminal.case_summary import print_plan
    from remnant.terminal.consoles import say_all

    report = read_measured(folder)
    require_as_measured(folder, report)
    patient = planned_patient(report.patient, disease.facts, background, case=folder)
    known = known_case(folder)
    request = plan_request(disease, plans, resect, known=known.planning)
    earlier = earlier_plan(folder)
    with shown_progress() as progress:
        planned = plan_stored(folder, report, request, patient=patient, progress=progress)
    asked = KnownCase(measuring=replace(known.measuring, patient=patient), planning=request)
    notes = planning_notes(planned, asked, known)
    say_all(notes if earlier is None else (f"Replaced {earlier}.", *notes))
    print_plan(planned)
    print(f"The plan is in {folder}. Next: remnant report {folder}")
    return case_outcome(folder, planned)


def _required(case: Path | None) -> Path:
    from remnant.core.errors import InputError

    if case is None:
        raise InputError("nothing to plan: name the folder of a measured case")
    return case


def write_template(file: Path, case: Path | None) -> None:
    """Write an empty facts file.

    Raises
    ------
    InputError
        A case was named too, or the file is there already.
    """
    from remnant.core.errors import InputError
    from remnant.documents.facts_template import template
    from remnant.io.atomic import write_text

    if case is not None:
        raise InputError("--template plans nothing; leave the case out")
    if file.exists():
        raise InputError(f"{file} is there already; name a new file")
    write_text(file, template())
    print(f"An empty facts file is {file}. Next: remnant plan CASE --facts {file}")


def planned_patient(
    measured: "Patient", facts: Path | None, background: LiverBackground | None, *, case: Path
) -> "Patient":
    """Return the facts to plan with: only the background may differ from what was measured with.

    Raises
    ------
    InputError
        The facts file gives another body size, sex or age than the case was measured with.
    """
    from dataclasses import replace

    from remnant.cli.requests import file_patient
    from remnant.core.errors import InputError

    said = file_patient(facts, measured)
    for name in ("height_cm", "weight_kg", "sex", "age_years"):
        if getattr(said, name) != getattr(measured, name):
            raise InputError(
                f"{name} is {_value(said, name)} in the facts file, and {case} was measured with "
                f"{_value(measured, name)}; `remnant run {case} --facts {facts}` measures it anew"
            )
    chosen = background or said.background
    return replace(measured, background=chosen)


def _value(patient: "Patient", name: str) -> str:
    """Write a fact as a facts file does."""
    value = getattr(patient, name)
    return "unknown" if value is None else f"{value}"
