"""What a command prints when it is done: key figures, each with what limits it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from planning.rules.remnant import REMNANT_RULE_SETS
from remnant.core.case import CaseReport
from remnant.core.findings import Basis, Finding, Verdict
from remnant.core.lesions import Confirmation
from remnant.core.plan import Resection
from remnant.core.planning_report import PlanningReport
from remnant.core.quantity import Quantity
from remnant.terminal.plan_summary import print_plans
from remnant.view.absences import no_lesion, shortened
from remnant.view.certainty import (
    FRACTIONS,
    Judged,
    burden_classes,
    formula_span,
    in_hundred,
    minima,
    spread,
)
from remnant.view.segment_state import segments_state
from remnant.view.verdict_tables import no_remnant
from remnant.wording.numbers import ABSENT, interval, sentence, shown
from remnant.wording.numbers import percent as fraction_percent
from remnant.wording.words import (
    BASIS_MARKS,
    CLASS_WORDS,
    RESEARCH_USE,
    VERDICT_SIGNS,
    VERDICT_WORDS,
)

INTERVALS = "In brackets: 90 % intervals, as far as measurement errors are modelled."
BELOW = (
    "Below a figure: its 90 % interval, beside ≥, ≤ or ≈ that of what was measured. Below the "
    "verdicts “20 %: 25”: in 25 of 100 draws of the measurement error the true value reaches the "
    "minimum of 20 % of the standardised volume"
)
REST: Final = "Every hepatectomy by itself: in report.html."
MINIMUM_MARKS: Final = {
    Basis.STANDARDISED_TLV: ("", ""),
    Basis.MEASURED_FUNCTIONAL_TLV: ("m", "m: of the measured functional volume"),
    Basis.UNSPECIFIED: ("*", "*: its source does not say of which volume"),
}


def print_case(
    report: CaseReport, folder: Path, *, heading: str | None = None, notes: Sequence[str] = ()
) -> None:
    """Print volumes, what was taken over from an earlier run, plan and where the report lies."""
    console = Console()
    if heading:
        console.print()
        console.print(heading, style="bold", markup=False)
    print_volumes(report, console=console)
    for note in notes:
        console.print(note, markup=False)
    print_plan(report, console=console, caution=False)
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
    load = percent(volumes.burden_fraction) + spread_note(volumes.burden_fraction, fraction=True)
    table.add_row("tumour load", f"{load}{_burden_class(report)}")
    assumed = ", body size assumed" if report.patient.body_size_assumed else ""
    formula = f" by {volumes.standardised.formula}{assumed}"
    stlv = volumes.standardised.stlv_ml
    table.add_row("standardised liver volume", amount(stlv, "mL") + formula)
    console.print(table)
    print_caution(report, console=console)
    console.print(INTERVALS, style="dim")
    for lesion in report.planted:
        console.print(
            f"  planted metastasis {lesion.id}: true {lesion.true_volume_ml:.1f} mL, "
            f"measured {lesion.measured_ml:.1f} mL"
        )
    for finding in failed_checks(report):
        console.print(f"! {finding.text}", style="yellow", markup=False)


def print_caution(report: CaseReport, *, console: Console) -> None:
    """Print what has to be read with care in the standardised volume, if anything has to."""
    standardised = report.volumetry.standardised
    stlv = standardised.stlv_ml
    if stlv.value is not None and stlv.reason:
        text = f"! standardised liver volume by {standardised.formula}: {stlv.reason}"
        console.print(text, style="yellow", markup=False)


def print_plan(report: CaseReport, *, console: Console | None = None, caution: bool = True) -> None:
    """Print where the segments are from, the Frilling type, each resection, and then the plans.

    ``caution`` repeats what has to be read with care in the standardised volume, and that all is
    for research use.
    """
    console = console or Console()
    planning = report.planning
    if planning is None:
        return
    print_segments(report, console=console)
    print_distribution(report, planning, console=console)
    print_hepatectomies(report, planning, console=console, caution=caution)
    print_plans(report, console=console, research_use=caution)


def print_distribution(report: CaseReport, planning: PlanningReport, *, console: Console) -> None:
    """Print the Frilling type, the NETLM class and how stable the former is, where known."""
    frilling, netlm = planning.frilling, planning.netlm
    if frilling.type is None:
        console.print(f"Frilling type and NETLM class: none. {frilling.reason}", markup=False)
        return
    reason = shortened(frilling.reason, report)
    console.print(f"Frilling type {frilling.type.value}: {reason}", markup=False)
    if netlm is not None:
        kind = netlm.type.value if netlm.type else ABSENT
        console.print(f"NETLM class {kind}: {shortened(netlm.reason, report)}", markup=False)
    if planning.stability is not None:
        same = in_hundred(planning.stability.same_share).replace("in 100", "of 100")
        console.print(f"Same Frilling type in {same} perturbed copies of the case.", markup=False)


def print_hepatectomies(
    report: CaseReport, planning: PlanningReport, *, console: Console, caution: bool
) -> None:
    """Print each resection with what would remain, its intervals and verdicts.

    Beside plans only those without a name are printed: the user asked for them.
    """
    if reason := no_remnant(report):
        console.print(f"No remnant: {reason}", markup=False)  # the long reason, here once
        return
    shown = tuple(r for r in planning.resections if not (planning.plans and r.named))
    if shown:
        console.print(_plan_table(shown))
    if caution:
        print_caution(report, console=console)
    if shown:
        console.print(_legend(shown), style="dim")
    if planning.plans:
        console.print(REST, style="dim", markup=False)
    else:
        _print_reach(report, planning, console=console)


def _print_reach(report: CaseReport, planning: PlanningReport, *, console: Console) -> None:
    if crossings := _crossings(report):
        console.print(f"sFLR by the choice of formula alone: {crossings}.", markup=False)
    if absent := no_lesion(report):
        console.print(f"Debulking cannot be judged. {absent}", markup=False)
        return
    for finding in planning.findings:
        if finding.id.startswith("debulking.reach."):
            console.print(f"{VERDICT_SIGNS[finding.verdict]} {finding.text}", markup=False)


def print_segments(report: CaseReport, *, console: Console) -> None:
    """Print where the segments came from, what they replace, and that they are to be reviewed."""
    state = sentence(segments_state(report.volumetry))
    if report.volumetry.segments_need_review:
        console.print(f"! {state}", style="yellow", markup=False)
    elif state:
        console.print(state, markup=False)
    for finding in (*report.quality, *report.volumetry.quality):
        _, _, more = finding.text.partition(". ")
        if finding.id == "segments_source" and finding.verdict is Verdict.UNKNOWN and more:
            console.print(f"! {more}", style="yellow", markup=False)


def _plan_table(resections: Sequence[Resection]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("\nresection")
    for title in ("remnant\nFLR", "of\nmeasured", "of stan-\ndardised", "tumour\nremoved"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("FLR\nrules", no_wrap=True)
    for resection in resections:
        table.add_row(*_resection_row(resection))
    return table


def _legend(resections: Sequence[Resection]) -> str:
    signs = ", ".join(f"{VERDICT_SIGNS[v]} {words}" for v, words in VERDICT_WORDS.items())
    order = ", ".join(rule_set.id for rule_set in REMNANT_RULE_SETS)
    judged = (judged for resection in resections for judged in minima(resection))
    bases = {j.finding.basis for j in judged if j.sureness}
    marks = (words for basis, (_, words) in MINIMUM_MARKS.items() if words and basis in bases)
    below = "; ".join((BELOW, *marks))
    return f"FLR rules, in this order: {order}. {signs}. {below}."


def failed_checks(report: CaseReport) -> tuple[Finding, ...]:
    """Return the quality checks that did not pass, in the report's order."""
    return tuple(f for f in report.quality if f.verdict is Verdict.NOT_MET)


def amount(quantity: Quantity, unit: str) -> str:
    """Format a quantity with its unit, bound and interval; absent ones with their reason."""
    if quantity.value is None:
        return f"{ABSENT} ({quantity.reason})"
    return f"{shown(quantity)} {unit}{spread_note(quantity)}"


def spread_note(quantity: Quantity, *, fraction: bool = False) -> str:
    """Format an interval as `` (379–447)``, the empty text where there is none."""
    known = spread(quantity, fraction=fraction)
    return f" ({known})" if known else ""


def percent(quantity: Quantity) -> str:
    """Format a fraction as percent; absent ones as a dash."""
    if quantity.value is None:
        return ABSENT
    return f"{shown(quantity, fraction=True)} %"


def _burden_class(report: CaseReport) -> str:
    volumes = report.volumetry
    if volumes.burden_class is None:
        return ""
    within = ", within the scan" if volumes.burden_fraction.indicative else ""
    classes = burden_classes(volumes)
    several = ", ".join(f"{count} {words}" for words, count in classes)
    doubt = f"; of 100 draws {several}" if len(classes) > 1 else ""
    return f", class {CLASS_WORDS[volumes.burden_class]}{within}{doubt}"


def _crossings(report: CaseReport) -> str:
    """Name the remnants whose sFLR another body-size formula would carry across a minimum."""
    chosen = report.volumetry.standardised.formula
    resections = report.planning.resections if report.planning else ()
    spans = ((resection, formula_span(resection, chosen)) for resection in resections)
    named = (
        f"{resection.title} {fraction_percent(span.low)}–{fraction_percent(span.high)} % across "
        f"{', '.join(f'{100 * limit:g}' for limit in span.crossed)} %"
        for resection, span in spans
        if span is not None and span.crossed
    )
    return "; ".join(named)


def _lesion_note(report: CaseReport) -> str:
    counted = report.volumetry.counted_lesions
    if not counted:
        return ""
    automatic = sum(lesion.confirmation is Confirmation.AUTOMATIC for lesion in counted)
    note = f" in {len(counted)} lesion(s)"
    return f"{note}, {automatic} of them unconfirmed" if automatic else note


def _resection_row(resection: Resection) -> tuple[str, ...]:
    remnant = resection.remnant
    flr = ABSENT if remnant.flr_ml.value is None else f"{shown(remnant.flr_ml)} mL"
    return (
        resection.title.removesuffix(" (mesohepatectomy)"),
        _over(flr, interval(remnant.flr_ml)),
        _over(percent(remnant.flr_measured_fraction), _ends(remnant.flr_measured_fraction)),
        _over(percent(remnant.sflr), _ends(remnant.sflr)),
        _over(percent(resection.debulked_fraction), _ends(resection.debulked_fraction)),
        _rules(resection),
    )


def _ends(quantity: Quantity) -> str:
    return interval(quantity, fraction=True)


def _over(upper: str, lower: str) -> str:
    return f"{upper}\n{lower}" if lower else upper


def _rules(resection: Resection) -> str:
    """Write the verdicts side by side and under them each minimum with the draws that reach it."""
    found = {finding.id: finding for finding in resection.findings}
    known = (found.get(f"flr.{rule_set.id}") for rule_set in REMNANT_RULE_SETS)
    signs = " ".join(VERDICT_SIGNS[f.verdict] if f else " " for f in known)
    draws = dict.fromkeys(_reached(judged) for judged in minima(resection) if judged.sureness)
    return "\n".join((signs, *draws))


def _reached(judged: Judged) -> str:
    """Write a minimum and in how many of 100 draws it is reached, as ``20 %: 25``."""
    finding = judged.finding
    count = judged.sureness.removesuffix(" in 100").replace(" ", "")
    threshold, basis = finding.limit or 0.0, finding.basis or Basis.UNSPECIFIED
    share = f"{100 * threshold:g}" if basis in FRACTIONS else f"{threshold:g}"
    unit = " mL/m²" if basis is Basis.BODY_SURFACE_AREA else " %"
    mark = MINIMUM_MARKS[basis][0] if basis in MINIMUM_MARKS else f" {BASIS_MARKS[basis]}"
    return f"{share}{unit}{mark}: {count}"
