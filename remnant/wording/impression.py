"""The impression: a planned case in at most six lines, the answer of each first."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from planning.distribution.frilling import lobes_involved
from planning.remnant.minima import PREFIX
from planning.remnant.required_flr import rule_set_named
from remnant.core.case import CaseReport
from remnant.core.debulking import DebulkingPlan, TargetOutcome
from remnant.core.distribution import FrillingType
from remnant.core.findings import Verdict
from remnant.core.lesions import Lesion, Lobe
from remnant.core.planning_report import PlanningReport
from remnant.core.volumetry_report import VolumetryReport
from remnant.wording.language import say
from remnant.wording.names import named
from remnant.wording.numbers import counted, interval, millimetres, sentence, shown
from remnant.wording.obstacles import ruled_out_by
from remnant.wording.plans import plan_title, target_heading
from remnant.wording.reasons import listed as listed_reasons
from remnant.wording.volumes import CLASS_WORDS
from remnant.wording.words import VERDICT_SIGNS, VERDICT_WORDS

MOST_LINES: Final = 6
MOST_MISSING: Final = 5
LOBES: Final = (Lobe.LEFT, Lobe.RIGHT)


def impression(case: CaseReport, missing: Sequence[str]) -> tuple[str, ...]:
    """Return the impression of a case; ``missing`` is what a person could tell, most useful first.

    Lesions; tumour load; lobes and type; the best named operation with what would remain and the
    chosen rule's verdict; what stops it; what is missing. A line without content is left out.
    """
    lines = (
        _lesions(case.volumetry),
        _burden(case.volumetry),
        *(() if case.planning is None else _planned(case.planning, case.volumetry)),
        _missing(missing),
    )
    return tuple(line for line in lines if line)


def _lesions(report: VolumetryReport) -> str:
    if report.tumour_ml.value is None:
        return say(
            "Lesions not known: {why}.",
            why=listed_reasons(report.tumour_ml.reasons),
        )
    lesions = report.counted_lesions
    if not lesions:
        return say("No lesion.")
    largest = max(lesion.longest_axial_mm for lesion in lesions)
    unread = sum(lesion.confirmation.is_open for lesion in lesions)
    read = say("; {unread} not confirmed by a reader", unread=unread) if unread else ""
    number = counted(len(lesions), "lesion")
    return say(
        "{number}, largest {millimetres} axial{read}.",
        number=sentence(number),
        millimetres=millimetres(largest),
        read=read,
    )


def _burden(report: VolumetryReport) -> str:
    load = report.burden_fraction
    if load.value is None:
        return ""
    spread = interval(load, fraction=True)
    between = f" ({spread})" if spread else ""
    known = report.burden_class
    named = "" if known is None else say(", class {burden_class}", burden_class=CLASS_WORDS[known])
    return say(
        "Tumour load {shown} %{between}{named}.",
        shown=shown(load, fraction=True),
        between=between,
        named=named,
    )


def _planned(planning: PlanningReport, report: VolumetryReport) -> Iterator[str]:
    yield _pattern(planning, report.counted_lesions)
    plan = next((plan for plan in planning.plans if plan.decides), None)
    if plan is None:
        why = listed_reasons(planning.plans_reasons)
        yield say("No named operation: {why}.", why=why) if why else ""
    else:
        yield _operation(plan)
    yield _stops(planning)


def _pattern(planning: PlanningReport, lesions: Sequence[Lesion]) -> str:
    if not lesions:
        return ""
    found = lobes_involved(lesions)
    lobes = [lobe.value for lobe in LOBES if lobe in found]
    where = {
        0: "",
        1: say("{lobe} lobe; ", lobe="".join(map(named, lobes))),
        2: say("Both lobes; "),
    }[len(lobes)]
    kind = planning.frilling.type
    if kind is None:
        return sentence(where.rstrip("; "))
    name = (
        say("no Frilling type")
        if kind is FrillingType.UNCLASSIFIABLE
        else say("Frilling type {kind}", kind=kind.value)
    )
    return sentence(f"{where}{name}.")


def _operation(plan: DebulkingPlan) -> str:
    """Name an operation, what it treats and leaves, and the chosen rule's verdict."""
    remnant, rule_set = plan.result.remnant, rule_set_named(plan.rule_set)
    ratio = remnant.sflr if remnant.sflr.value is not None else remnant.flr_measured_fraction
    basis = say("standardised") if ratio is remnant.sflr else say("measured functional")
    between = interval(remnant.flr_ml)
    spread = f" ({between})" if between else ""
    left = f"{shown(remnant.flr_ml)} mL{spread}"
    percent = (
        ""
        if ratio.value is None
        else say(", {shown} % of {basis}", shown=shown(ratio, fraction=True), basis=basis)
    )
    treated = plan.result.debulked_fraction
    reach = (
        ""
        if treated.value is None
        else say(" treats {share} %, leaves", share=shown(treated, fraction=True))
    )
    verdict = f"{VERDICT_SIGNS[plan.feasible]} {VERDICT_WORDS[plan.feasible]}"
    return say(
        "{plan_title}:{reach} {left}{percent}: {verdict}{chance} by {rule_set_title}.",
        plan_title=plan_title(plan),
        reach=reach,
        left=left,
        percent=percent,
        verdict=verdict,
        chance=_chance(plan),
        rule_set_title=say(rule_set.title),
    )


def _chance(plan: DebulkingPlan) -> str:
    """Say in how many draws an uncertain remnant is enough."""
    chosen = next((f for f in plan.findings if f.id == PREFIX + plan.rule_set), None)
    if plan.feasible is not Verdict.UNCERTAIN or chosen is None or chosen.probability is None:
        return ""
    return say(
        " (enough in {probability} of 100 draws)", probability=round(100 * chosen.probability)
    )


def _stops(planning: PlanningReport) -> str:
    """Say what rules an operation out, and which targets are not reached."""
    ruled_out = ruled_out_by(planning)
    against = f"{sentence(ruled_out)}." if ruled_out else ""
    missed = [t for t in planning.targets if t.verdict in (Verdict.NOT_MET, Verdict.UNCERTAIN)]
    return " ".join(part for part in (against, _first_missed(missed)) if part)


def _first_missed(missed: Sequence[TargetOutcome]) -> str:
    if not missed:
        return ""
    lowest = missed[0]
    words = say("Uncertain") if lowest.verdict is Verdict.UNCERTAIN else say("Out of reach")
    more = say(" and above") if len(missed) > 1 else ""
    return f"{words}: {target_heading(lowest)}{more}{_short(lowest)}."


def _short(outcome: TargetOutcome) -> str:
    least, largest = outcome.least_flr_ml.value, outcome.largest_flr_ml
    if least is None or largest is None or largest >= least:
        return ""
    return say(", the remnant is {least:.0f} mL short", least=least - largest)


def _missing(questions: Iterable[str]) -> str:
    asked = tuple(questions)
    if not asked:
        return ""
    rest = len(asked) - MOST_MISSING
    more = say("; and {rest} more", rest=rest) if rest > 0 else ""
    return say("Missing: {asked}{more}.", asked="; ".join(asked[:MOST_MISSING]), more=more)
