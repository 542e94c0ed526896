"""Treatments that two published pathways list for a case like this; options, never orders."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from planning import wording
from planning.criteria import Condition, Known, ShareRange, all_of, inputs_of, judge, undecided_of
from planning.locks import without_proofs
from planning.pathways_distribution import distribution_rows
from planning.review import rests_on_segments, reviewed_text
from planning.rules.pathways import (
    ALTERNATIVE,
    DEBULKABLE,
    LITTLE_EVIDENCE,
    OVER_70,
    PATHWAY_TABLES,
    TRIAL_GROUPS,
    PathwayRow,
    PathwayTable,
)
from planning.rules.pathways_conditions import (
    LARGEST_LESION,
    TEAM_OBJECTS,
    TRANSPLANT_SELECTED,
)
from planning.rules.pathways_options import OptionRule
from planning.rules.staging import LESION_COUNT
from planning.staging import CHOSEN_LIMITS, flr_insufficient, with_derived
from remnant.core.criteria import Pathway, TreatmentOption
from remnant.core.debulking import TargetOutcome
from remnant.core.findings import Verdict
from remnant.core.plan import Frilling
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import reasons_of
from remnant.core.volumetry_report import VolumetryReport

TRIAL_NAME = "Trial that allots by load"
TRIAL_SOURCE = "machairas2021"
CUT = "the scan cuts the liver or a lesion"
STAGES = "one stage leaves too little liver; stages might leave enough"


def pathways(
    known: Known,
    *,
    frilling: Frilling,
    targets: Sequence[TargetOutcome],
    report: VolumetryReport | None = None,
    review: bool = False,
) -> tuple[Pathway, ...]:
    """List what each pathway holds for a case.

    Parameters
    ----------
    known
        Facts by name.
    frilling
        Distribution of the lesions.
    targets
        What one operation reaches; empty leaves open what is resectable.
    report
        For the diameter of the largest lesion, where ``known`` does not hold it.
    review
        Whether the segments need review: what rests on them says so.

    Returns
    -------
    tuple
        Every row of the tables that the case is known to belong to (``MET``) or may belong to
        (``UNKNOWN``, the text says what is missing). Empty where there is known to be no lesion.
    """
    facts = _facts(known, frilling, targets, report)
    if _no_lesion(facts):
        return ()
    return tuple(
        _reviewed(_pathway(table, row, verdict, facts), row, review=review)
        for table in PATHWAY_TABLES
        for row in table.rows
        if (verdict := _together(row.conditions, facts)) is not Verdict.NOT_MET
    )


def largest_lesion_mm(report: VolumetryReport) -> Quantity:
    """Return the longest 3-D diameter of any lesion that counts.

    A lower bound where the scan cuts a lesion or the liver; absent where lesions are not known or
    there is none.
    """
    lesions = [lesion for lesion in report.lesions if lesion.counts]
    if report.tumour_ml.value is None or not lesions:
        return Quantity.absent(report.tumour_ml.reason or "there is no lesion")
    largest = max(lesion.feret_3d_mm for lesion in lesions)
    cut = report.tlv_ml.bound is not None or any(x.volume_ml.bound is not None for x in lesions)
    return (
        Quantity(largest, bound=Bound.LOWER, reasons=reasons_of(CUT)) if cut else Quantity(largest)
    )


def trial_option(known: Known) -> TreatmentOption:
    """Say which group of the trial that allots by load this load belongs to.

    ``NOT_MET`` where it belongs to none, ``UNKNOWN`` where a measure is missing.
    """
    for group in TRIAL_GROUPS:
        verdict = _together(group.conditions, known)
        if verdict is Verdict.MET:
            words = " ".join(condition.statement for condition in group.conditions)
            return _trial(verdict, f"By this load: {group.treatment}. {words}")
        if verdict is Verdict.UNKNOWN:
            return _trial(verdict, f"Not known: {_missing(group.conditions, known)}.")
    return _trial(Verdict.NOT_MET, "This load belongs to none of its groups.")


def _trial(verdict: Verdict, text: str) -> TreatmentOption:
    described = "Described by Machairas 2021: ablation, embolisation or Y-90 by number, size, load."
    return TreatmentOption(
        name=TRIAL_NAME, verdict=verdict, text=f"{text} {described}", source=TRIAL_SOURCE
    )


def _facts(
    known: Known,
    frilling: Frilling,
    targets: Sequence[TargetOutcome],
    report: VolumetryReport | None,
) -> Known:
    measured = {} if report is None else {LARGEST_LESION: largest_lesion_mm(report)}
    if known.get(CHOSEN_LIMITS):
        targets = without_proofs(targets)
    return {
        **measured,
        **with_derived(known, plans=(), targets=targets),
        **distribution_rows(known, frilling),
        TEAM_OBJECTS: known.get("judged_unresectable"),
        TRANSPLANT_SELECTED: True if known.get("on_transplant_list") is True else None,
        DEBULKABLE: _debulkable(known, targets),
    }


def _debulkable(known: Known, targets: Sequence[TargetOutcome]) -> Quantity | ShareRange | None:
    """Return what is known of the share that a plan debulks, in one stage or perhaps in stages.

    From the facts, else from the targets: the highest one met bounds it from below, the lowest one
    that none reaches from above. Absent where it would miss the limit for want of liver alone.
    """
    share = _in_one_stage(known, targets)
    missed = judge(OVER_70, {DEBULKABLE: share}).verdict is Verdict.NOT_MET
    return Quantity.absent(STAGES) if missed and flr_insufficient(targets) else share


def _in_one_stage(known: Known, targets: Sequence[TargetOutcome]) -> Quantity | ShareRange | None:
    said = known.get(DEBULKABLE)
    if isinstance(said, ShareRange) or (isinstance(said, Quantity) and said.value is not None):
        return said
    met = [t.target for t in targets if t.verdict is Verdict.MET]
    if met:
        return Quantity(
            max(met), bound=Bound.LOWER, reasons=reasons_of("the highest target that is met")
        )
    missed = [t.target for t in targets if t.verdict is Verdict.NOT_MET]
    if missed:
        return Quantity(
            min(missed), bound=Bound.UPPER, reasons=reasons_of("no plan reaches this target")
        )
    return None


def _no_lesion(facts: Known) -> bool:
    count = facts.get(LESION_COUNT)
    if isinstance(count, Quantity):
        return count.value == 0.0 and count.bound is None
    return count is not None and count == 0


def _pathway(table: PathwayTable, row: PathwayRow, verdict: Verdict, facts: Known) -> Pathway:
    unsure = ""
    if verdict is Verdict.UNKNOWN:
        limits = _limits_words(row.conditions, facts)
        unsure = f"May apply. Not known: {_missing(row.conditions, facts)}.{limits} "
    return Pathway(
        id=f"{table.id}.{row.id}",
        title=table.title,
        branch=row.branch,
        verdict=verdict,
        text=f"{unsure}{row.text} {LITTLE_EVIDENCE}",
        source=table.source,
        options=tuple(_options(row, facts)),
    )


def _limits_words(conditions: Sequence[Condition], facts: Known) -> str:
    """Name limits that the user chose, where they leave a condition on the plans open."""
    limits = facts.get(CHOSEN_LIMITS)
    rests = any(DEBULKABLE in inputs_of(condition) for condition in conditions)
    if not (limits and rests and judge(OVER_70, facts).verdict is Verdict.UNKNOWN):
        return ""
    return f" The plans keep within the chosen limits: {limits}."


def _reviewed(pathway: Pathway, row: PathwayRow, *, review: bool) -> Pathway:
    """Say on a row, and on each treatment, whose conditions rest on segments to review them."""
    if not review:
        return pathway
    rules = (*row.first, *row.otherwise)
    rest = (rests_on_segments(rule.conditions) for rule in rules)
    options = (
        replace(option, text=reviewed_text(option.text, review=marked))
        for option, marked in zip(pathway.options, (*rest, False), strict=False)
    )
    text = reviewed_text(pathway.text, review=rests_on_segments(row.conditions))
    return replace(pathway, text=text, options=tuple(options))


def _options(row: PathwayRow, facts: Known) -> Iterator[TreatmentOption]:
    for rule in row.first:
        yield _option(rule, facts)
    for rule in row.otherwise:
        listed = _option(rule, facts)
        yield replace(listed, text=f"{listed.text} {ALTERNATIVE}")
    if row.trial:
        yield trial_option(facts)


def _option(rule: OptionRule, facts: Known) -> TreatmentOption:
    verdict = _together(rule.conditions, facts)
    notes = (note.text for note in rule.notes if facts.get(note.unless_no) is not False)
    sentences = (_why(rule.conditions, verdict, facts), rule.statement, *notes)
    return TreatmentOption(
        name=rule.name,
        verdict=verdict,
        text=" ".join(sentence for sentence in sentences if sentence),
        source=rule.source,
    )


def _why(conditions: Sequence[Condition], verdict: Verdict, facts: Known) -> str:
    """Say which condition fails, else what is missing; empty where all are met."""
    if verdict is Verdict.NOT_MET:
        failed = (c for c in conditions if judge(c, facts).verdict is Verdict.NOT_MET)
        return f"Not met: {' '.join(condition.statement for condition in failed)}"
    return f"Not known: {_missing(conditions, facts)}." if verdict is Verdict.UNKNOWN else ""


def _together(conditions: Sequence[Condition], facts: Known) -> Verdict:
    return all_of(judge(condition, facts).verdict for condition in conditions)


def _missing(conditions: Sequence[Condition], facts: Known) -> str:
    return wording.listed(
        dict.fromkeys(ask for condition in conditions for ask in undecided_of(condition, facts))
    )
