"""What a command prints when it is done: key figures, each with what limits it."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from planning.rules import REMNANT_RULE_SETS
from remnant.cli.examples import RESEARCH_USE
from remnant.core.case import CaseReport
from remnant.core.findings import Finding, Verdict
from remnant.core.lesions import Confirmation
from remnant.core.plan import Resection
from remnant.core.quantity import Quantity
from remnant.reporting.text import ABSENT, CLASS_WORDS, VERDICT_SIGNS, VERDICT_WORDS, shown


def print_case(report: CaseReport, folder: Path, *, heading: str | None = None) -> None:
    """Print volumes, plan and where the report lies."""
    console = Console()
    if heading:
        console.print()
        console.print(heading, style="bold", markup=False)
    print_volumes(report, console=console)
    print_plan(report, console=console)
    console.print()
    console.print(f"Report: {folder / 'report.html'}", soft_wrap=True, markup=False)
    console.print(RESEARCH_USE, style="dim")


def print_volumes(report: CaseReport, *, console: Console | None = None) -> None:
    """Print the key volumes, the lesions that count, and the failed checks."""
    console = console or Console()
    volumes = report.volumetry
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_row("total liver volume", amount(volumes.tlv_ml, "mL"))
    table.add_row("functional liver volume", amount(volumes.functional_tlv_ml, "mL"))
    table.add_row("tumour volume", f"{amount(volumes.tumour_ml, 'mL')}{_lesion_note(report)}")
    within = ", within the scan" if volumes.burden_fraction.indicative else ""
    words = CLASS_WORDS[volumes.burden_class] if volumes.burden_class else ""
    burden_class = f" (class {words}{within})" if words else ""
    table.add_row("tumour load", f"{percent(volumes.burden_fraction)}{burden_class}")
    assumed = ", body size assumed" if report.patient.body_size_assumed else ""
    formula = f" ({volumes.standardised.formula}{assumed})"
    stlv = volumes.standardised.stlv_ml
    table.add_row("standardised liver volume", amount(stlv, "mL") + formula)
    console.print(table)
    for lesion in report.planted:
        console.print(
            f"  planted metastasis {lesion.id}: true {lesion.true_volume_ml:.1f} mL, "
            f"measured {lesion.measured_ml:.1f} mL"
        )
    for finding in failed_checks(report):
        console.print(f"! {finding.text}", style="yellow", markup=False)


def print_plan(report: CaseReport, *, console: Console | None = None) -> None:
    """Print the Frilling type and one line for each resection."""
    console = console or Console()
    planning = report.planning
    if planning is None:
        return
    kind = planning.frilling.type
    console.print(
        f"Frilling type {kind.value if kind else ABSENT}: {planning.frilling.reason}", markup=False
    )
    if all(r.remnant.flr_ml.value is None for r in planning.resections):
        reason = planning.resections[0].remnant.flr_ml.reason if planning.resections else ""
        console.print(f"No remnant: {reason}", markup=False)
        return
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("\nresection")
    for title in ("remnant\nFLR", "of\nmeasured", "of stan-\ndardised", "tumour\nremoved"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("FLR\nrules", no_wrap=True)
    for resection in planning.resections:
        table.add_row(*_resection_row(resection))
    console.print(table)
    legend = ", ".join(f"{VERDICT_SIGNS[v]} {words}" for v, words in VERDICT_WORDS.items())
    order = ", ".join(rule_set.id for rule_set in REMNANT_RULE_SETS)
    console.print(f"FLR rules, in this order: {order}. {legend}.", style="dim")
    for finding in planning.findings:
        if finding.id.startswith("debulking.reach."):
            console.print(f"{VERDICT_SIGNS[finding.verdict]} {finding.text}", markup=False)


def failed_checks(report: CaseReport) -> tuple[Finding, ...]:
    """Return the quality checks that did not pass, in the report's order."""
    return tuple(f for f in report.quality if f.verdict is Verdict.NOT_MET)


def amount(quantity: Quantity, unit: str) -> str:
    """Format a quantity with its unit and bound; absent ones with their reason."""
    if quantity.value is None:
        return f"{ABSENT} ({quantity.reason})"
    return f"{shown(quantity)} {unit}"


def percent(quantity: Quantity) -> str:
    """Format a fraction as percent; absent ones as a dash."""
    if quantity.value is None:
        return ABSENT
    return f"{shown(quantity, fraction=True)} %"


def _lesion_note(report: CaseReport) -> str:
    counted = [lesion for lesion in report.volumetry.lesions if lesion.counts]
    if not counted:
        return ""
    automatic = sum(lesion.confirmation is Confirmation.AUTOMATIC for lesion in counted)
    note = f" in {len(counted)} lesion(s)"
    return f"{note}, {automatic} of them unconfirmed" if automatic else note


def _resection_row(resection: Resection) -> tuple[str, ...]:
    remnant = resection.remnant
    verdicts = {finding.id: VERDICT_SIGNS[finding.verdict] for finding in resection.findings}
    flr = ABSENT if remnant.flr_ml.value is None else amount(remnant.flr_ml, "mL")
    return (
        resection.title.removesuffix(" (mesohepatectomy)"),
        flr,
        percent(remnant.flr_measured_fraction),
        percent(remnant.sflr),
        percent(resection.debulked_fraction),
        " ".join(verdicts.get(f"flr.{rule_set.id}", " ") for rule_set in REMNANT_RULE_SETS),
    )
