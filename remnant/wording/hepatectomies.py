"""Findings on what hepatectomies would take, in words."""

from collections.abc import Mapping
from typing import Final

from planning.hepatectomies.single_operation import REACH_RULES, VERDICT_CAUSES
from planning.rules.remnant import DEBULKING_RULES, DebulkingRule
from remnant.core.findings import Finding, Verdict
from remnant.core.labels import CouinaudSegment
from remnant.core.reasons import Cause, Reason, first
from remnant.wording import reasons
from remnant.wording.kinds import nothing
from remnant.wording.language import message, say
from remnant.wording.measures import because, judged_quantity, measured
from remnant.wording.numbers import counted, sentence
from remnant.wording.phrases import limit
from remnant.wording.remnant_causes import accepting
from remnant.wording.resection_titles import hepatectomy_title
from remnant.wording.vessel_cuts import COMPUTED, computed_sentence

RULES: Final[Mapping[str, DebulkingRule]] = {rule.id: rule for rule in DEBULKING_RULES}
SCOPE: Final = message(
    "Vessels and bile drainage were not judged. Single hepatectomies of the list only: no wedge "
    "resection, no ablation, nothing staged."
)
CLASSES: Final = message(
    "Classes of up to 10, 11 to 25, 26 to 50 and more than 50 % of the whole liver; which class a "
    "value between them falls into is this project's choice."
)
UNCONFIRMED: Final = message(
    "Shape alone does not tell a metastasis from a cyst, a haemangioma or a scar; load, type and "
    "debulked shares hold only as far as these are metastases."
)
NOT_NAMED: Final = message("No named operation: vessels not assessed.")


def debulking_words(finding: Finding) -> str:
    """Write which share of the tumour a source asks for, whatever the case."""
    rule = RULES[finding.id]
    return say(
        "{rule_title}: {limit} of the tumour load. {remark} By volume; studies often count "
        "lesions or estimate by eye.",
        rule_title=say(rule.title),
        limit=limit(rule.threshold),
        remark=say(rule.remark),
    )


def debulking_text(finding: Finding) -> str:
    """Write a verdict on the share of the tumour that would be removed."""
    rule, quantity = RULES[finding.id], judged_quantity(finding)
    demand = say(
        "{rule_title}: {limit} of the tumour load. {remark}",
        rule_title=say(rule.title),
        limit=limit(rule.threshold),
        remark=say(rule.remark),
    )
    if quantity.value is None:
        return say("{demand} It cannot be judged: {why}.", demand=demand, why=reasons.why(quantity))
    return say(
        "{demand} Estimated to be removed: {measured}, by volume; studies often count lesions "
        "or estimate by eye.{because}",
        demand=demand,
        measured=measured(quantity, beside=rule.threshold.value),
        because=because(quantity),
    )


def cut_lesions_text(finding: Finding) -> str:
    """Write which lesions lie across the transection, and of which that is not known."""
    if finding.verdict is Verdict.MET:
        return say("No lesion lies across the transection.")
    across = first(finding.reasons, Cause.LESIONS_ACROSS)
    parts = (
        "" if across is None else f"{sentence(reasons.words(across))}.",
        _part_counted(finding),
        _placing_doubt(finding),
    )
    return " ".join(part for part in parts if part)


def vessels_text(finding: Finding) -> str:
    """Write what kept segments lose, and whether a person found all intact."""
    beside = (Cause.STATED_INTACT, *COMPUTED)
    lost = reasons.listed(one for one in finding.reasons if one.cause not in beside)
    stated = first(finding.reasons, Cause.STATED_INTACT)
    if stated is not None:
        text = say("{stated}, although {lost}.", stated=sentence(reasons.words(stated)), lost=lost)
    else:
        text = say(
            "{not_named} {lost}: not counted as remnant.",
            not_named=say(NOT_NAMED),
            lost=sentence(lost),
        )
    return f"{text} {computed_sentence(finding.reasons)}".rstrip()


def reach_text(finding: Finding) -> str:
    """Write whether one hepatectomy reaches a share and leaves enough, with the best example."""
    rule, quantity = REACH_RULES[finding.id], judged_quantity(finding)
    found = _without_share(finding) if quantity.value is None else _with_share(finding)
    return say(
        "{rule_title}: {limit} of the tumour load, with enough liver left. {found}{because} "
        "{scope}",
        rule_title=say(rule.title),
        limit=limit(rule.threshold),
        found=found,
        because=because(quantity),
        scope=say(SCOPE),
    )


def burden_text(finding: Finding) -> str:
    """Write the hepatic tumour load and its class."""
    quantity = judged_quantity(finding)
    found = first(finding.reasons, Cause.BURDEN_CLASS)
    named = "" if found is None else f", {reasons.words(found)}"
    cut = first(finding.reasons, Cause.WITHIN_SCAN)
    within = "" if cut is None else f" {reasons.words(cut)}"
    load = say(
        "Hepatic tumour load: {measured}{named}{within}.",
        measured=measured(quantity),
        named=named,
        within=within,
    )
    return f"{load}{because(quantity)} {say(CLASSES)}"


def unconfirmed_text(finding: Finding) -> str:
    """Write how many of the lesions that count no reader has confirmed."""
    counting = first(finding.reasons, Cause.LESIONS_COUNTED)
    lesions = counted(int(counting.amounts[0]) if counting else 0, "lesion")
    return say(
        "{number:.0f} of {lesions} not confirmed by a reader. {unconfirmed}",
        number=finding.value or 0.0,
        lesions=lesions,
        unconfirmed=say(UNCONFIRMED),
    )


def _part_counted(finding: Finding) -> str:
    part = first(finding.reasons, Cause.PART_COUNTED)
    rest = say("the rest would stay unless the line of transection moves")
    return "" if part is None else f"{sentence(reasons.words(part))}; {rest}."


def _placing_doubt(finding: Finding) -> str:
    unplaced = first(finding.reasons, Cause.LESIONS_WITHOUT_SEGMENTS)
    if unplaced is not None:
        return f"{sentence(reasons.words(unplaced))}."
    doubts = (Cause.LESIONS_OUTSIDE_MAP, Cause.LESIONS_CUT_BY_SCAN)
    words = reasons.listed(one for one in finding.reasons if one.cause in doubts)
    return (
        say("Not decided whether they lie across the transection: {words}.", words=words)
        if words
        else ""
    )


def _with_share(finding: Finding) -> str:
    threshold, quantity = REACH_RULES[finding.id].threshold, judged_quantity(finding)
    estimated = "" if quantity.indicative else say("an estimated ")
    removed = measured(quantity, beside=threshold.value)
    would = say(
        "{example} would remove {estimated}{removed}",
        example=_example(finding),
        estimated=estimated,
        removed=removed,
    )
    if threshold.judge(quantity) is Verdict.NOT_MET:
        return say("None of them would: {would}, the most of all.", would=would)
    decompensated = first(finding.reasons, Cause.DECOMPENSATED)
    if decompensated is not None:
        return f"{would}; {reasons.words(decompensated)}."
    if finding.verdict is Verdict.MET:
        return say(
            "{would}, and every rule set with evidence accepts what would remain.", would=would
        )
    if finding.verdict is Verdict.NOT_MET:
        return say("{would}, but no rule set accepts what would remain.", would=would)
    return say("{would}; what would remain is {split}.", would=would, split=_split(finding))


def _without_share(finding: Finding) -> str:
    if finding.verdict is Verdict.NOT_MET:
        return say("None of them would reach it and leave a remnant that any rule set accepts.")
    return say("It cannot be judged: {why}.", why=reasons.why(judged_quantity(finding)))


def _example(finding: Finding) -> str:
    example = first(finding.reasons, Cause.EXAMPLE) or Reason(Cause.EXAMPLE, names=("",))
    return hepatectomy_title(CouinaudSegment[name] for name in example.names[1:])


def _split(finding: Finding) -> str:
    groups = (one for one in finding.reasons if one.cause in VERDICT_CAUSES.values())
    return "; ".join(map(accepting, groups))


WRITERS: Final = {
    **dict.fromkeys(RULES, debulking_text),
    "debulking.reach.": reach_text,
    "debulking.cut_lesions": cut_lesions_text,
    "vascular_feasibility": vessels_text,
    "burden.class": burden_text,
    "lesions.unconfirmed": unconfirmed_text,
}

PARTS: Final = dict.fromkeys(RULES, (debulking_words, nothing))
