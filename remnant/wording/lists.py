"""Lists of conditions, ablation of lesions and pathways in words."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from planning.criteria.catalogue import CONDITIONS, CRITERIA, LISTS, REMARKS, ROWS, TREATMENTS
from planning.criteria.conditions import AnyOf
from planning.inputs import INPUTS, ValueSource
from planning.rules.pathways import ALTERNATIVE, LITTLE_EVIDENCE
from planning.rules.staging_checklist import GRADES_AGREE, STAGING_CHECKLIST
from planning.rules.trial_groups import GROUPS, TRIAL_STATEMENT
from remnant.core.criteria import CriteriaResult, LesionAblation, Pathway, TreatmentOption
from remnant.core.findings import Finding, Verdict
from remnant.core.reasons import Cause, Reason
from remnant.wording import reasons
from remnant.wording.language import say, spoken
from remnant.wording.names import named
from remnant.wording.numbers import millimetres, sentence, within_sentence
from remnant.wording.phrases import listed
from remnant.wording.vessel_cuts import computed_sentence
from remnant.wording.words import DONE_WORDS, OBSTACLE_WORDS, VERDICT_WORDS

STAGING: Final = "staging."
ABLATION: Final = "ablation."
CHECKLIST: Final = f"{STAGING_CHECKLIST.id}."
MOST_NAMED: Final = 3
"""So many missing facts are named in the answer of a list; its ``missing`` names all."""
BY_SOURCE: Final[Mapping[ValueSource, str]] = spoken(
    {
        ValueSource.PLAN: "the plans",
        ValueSource.SCAN: "the scan",
    }
)
MOST_OBSTACLES: Final = 3
"""So many obstacles are named where there is little room."""
ONLY_OF_LISTS: Final = frozenset(
    (Cause.SEGMENTS_ESTIMATED, Cause.TOO_LITTLE_IN_ONE_STAGE, Cause.NEAR_LIMIT)
)


def question(name: str) -> str:
    """Return what an input is called where it is missing; an unknown name as it stands."""
    known = INPUTS.get(name)
    return named(name.replace("_", " ")) if known is None else say(known.question)


def statement(identifier: str) -> str:
    """Return what a source says, in the words of the rule data, by the id of the rule."""
    if identifier in CONDITIONS:
        return say(CONDITIONS[identifier].statement)
    remark = REMARKS[identifier]
    whom = f" ({say(remark.population)})" if identifier.startswith(STAGING) else ""
    return f"{say(remark.statement)}{whom}"


def unended_statement(identifier: str) -> str:
    """Return the same without its full stop, for a list that runs on."""
    return statement(identifier).rstrip(".")


def has_obstacle(identifier: str) -> bool:
    """Tell whether the rule data have words for what stands in the way where a condition fails."""
    return identifier in CONDITIONS and bool(CONDITIONS[identifier].obstacle)


def obstacle(identifier: str) -> str:
    """Return what stands in the way where a condition fails, by the condition's id."""
    known = CONDITIONS[identifier]
    return (
        say(known.obstacle)
        if known.obstacle
        else say("not fulfilled: {statement}", statement=say(known.statement).rstrip("."))
    )


def obstacle_sentence(identifier: str) -> str:
    """Return the same as a sentence."""
    return f"{sentence(obstacle(identifier))}."


def obstacles(identifiers: Iterable[str], *, most: int | None = None) -> str:
    """List what stands in the way, each once; beyond ``most`` only how many more."""
    words = tuple(dict.fromkeys(map(obstacle, identifiers)))
    shown = words[:most]
    more = len(words) - len(shown)
    return "; ".join((*shown, say("and {more} more", more=more)) if more else shown)


def found_here(finding: Finding) -> str:
    """Return what a condition found in this case; empty where its verdict says all."""
    parts = (
        say("The value lies within 1 of the limit.") if _is_near(finding) else "",
        _undecided(finding),
        _measure(finding),
        _liver_size(finding),
        "" if finding.missing else computed_sentence(finding.reasons),
    )
    return " ".join(part for part in parts if part)


def condition_text(finding: Finding) -> str:
    """Return a condition or remark, and what it found in this case."""
    return f"{statement(finding.id)} {found_here(finding)}".rstrip()


def condition_row(finding: Finding) -> str:
    """Return a condition for where its verdict stands beside it: what fails as the obstacle."""
    if finding.verdict is not Verdict.NOT_MET or not has_obstacle(finding.id):
        return reasons.reviewed(condition_text(finding), finding.reasons)
    parts = (obstacle_sentence(finding.id), asked_for(finding.id), found_here(finding))
    return reasons.reviewed(" ".join(filter(None, parts)), finding.reasons)


def condition_words(finding: Finding) -> Mapping[Verdict, str]:
    """Return the words for a verdict on a condition: what can be an obstacle is called one."""
    if finding.id.startswith(CHECKLIST):
        return VERDICT_WORDS if finding.id == f"{CHECKLIST}{GRADES_AGREE}" else DONE_WORDS
    return OBSTACLE_WORDS if has_obstacle(finding.id) else VERDICT_WORDS


def asked_for(identifier: str) -> str:
    """Say what a source asks for, in its own words."""
    return say("Asked for: {statement}", statement=statement(identifier))


def _is_near(finding: Finding) -> bool:
    return any(one.cause is Cause.NEAR_LIMIT for one in finding.reasons)


def _undecided(finding: Finding) -> str:
    if not finding.missing:
        return ""
    if isinstance(CONDITIONS[finding.id], AnyOf):
        return say("Not known: {missing}.", missing="; ".join(map(question, finding.missing)))
    between = next((one for one in finding.reasons if one.cause in SHARES), None)
    if between is not None:
        because = _because(one for one in finding.reasons if one is not between)
        return say(
            "Not decided: {between} ({because}).", between=reasons.words(between), because=because
        )
    return f"{_open_criterion(finding)}."


def _open_criterion(finding: Finding) -> str:
    wanted = CRITERIA[finding.id].input
    by = BY_SOURCE.get(wanted.source)
    unknown = say("Not decided by {by}: ", by=by) if by else say("Not known: ")
    known = finding.quantity
    because = _because(finding.reasons if known is None else known.reasons)
    why = f" ({because})" if because else ""
    if known is None or known.value is None:
        return f"{unknown}{say(wanted.question)}{why}"
    loose = say("may be larger or smaller") if known.indicative else say("is only known as a bound")
    return say("Not decided: the value {loose}{why}", loose=loose, why=why)


def _because(given: Iterable[Reason]) -> str:
    """List reasons without the mark of segments to be reviewed, which stands at the text's end."""
    return reasons.listed(one for one in given if one.cause is not Cause.SEGMENTS_ESTIMATED)


def _measure(finding: Finding) -> str:
    """Return the length that a condition on a lesion was judged by."""
    if not finding.id.startswith(ABLATION) or finding.value is None:
        return ""
    if CRITERIA[finding.id].input.unit != "mm":
        return ""
    return say("Here: {millimetres}.", millimetres=millimetres(finding.value, beside=finding.limit))


def _liver_size(finding: Finding) -> str:
    """Say how the liver stands against the standardised volume, where its size was judged."""
    known = () if finding.quantity is None or finding.missing else finding.quantity.reasons
    by_standard = (one for one in known if one.cause is Cause.LIVER_BY_STANDARD)
    return " ".join(say("The liver is {one}.", one=reasons.words(one)) for one in by_standard)


SHARES: Final = frozenset((Cause.SHARE_UP_TO, Cause.SHARE_BELOW))


def list_answer(result: CriteriaResult) -> str:
    """Return what a list says as a whole, without its title."""
    return _joined((f"{sentence(_summary(result))}.", *_left_open(result), *_remarks(result)))


def list_summary(result: CriteriaResult) -> str:
    """Return what decides a list, for where its verdict stands: obstacles, or what is missing."""
    if result.verdict is Verdict.UNKNOWN:
        number = len(result.missing)
        missing = say("{number} facts missing.", number=number) if number > 1 else _missing(result)
        return missing or _joined(_left_open(result))
    return _decided(result)


def _decided(result: CriteriaResult) -> str:
    if result.verdict is Verdict.UNCERTAIN:
        return say(
            "The measurement error decides: {uncertain_ones}.",
            uncertain_ones=_uncertain_ones(result),
        )
    return f"{sentence(_summary(result))}."


def _missing(result: CriteriaResult) -> str:
    return say("Missing: {named}.", named=_named(result.missing)) if result.missing else ""


def _remarks(result: CriteriaResult) -> tuple[str, str]:
    remark = say(LISTS[result.id].remark) if result.id in LISTS else ""
    return remark, _too_little(result.reasons)


def _joined(sentences: Iterable[str]) -> str:
    return " ".join(one for one in sentences if one)


def reviewed_answer(result: CriteriaResult) -> str:
    """Return what decides a list, for where its verdict stands, and all that is said beside it."""
    unknown = result.verdict is Verdict.UNKNOWN
    first = _missing(result) if unknown else _decided(result)
    text = _joined((first, *_left_open(result), *_remarks(result)))
    return reasons.reviewed(text, result.reasons)


def list_text(result: CriteriaResult) -> str:
    """Return the title of a list and its answer."""
    answer = list_answer(result)
    return reasons.reviewed(f"{say(result.title)}: {within_sentence(answer)}", result.reasons)


def _summary(result: CriteriaResult) -> str:
    if result.verdict is Verdict.NO_EVIDENCE:
        return say("noted; it decides nothing")
    if result.verdict is Verdict.MET:
        return say("every condition is met")
    if result.verdict is Verdict.NOT_MET:
        failed = tuple(finding.id for finding in result.failed)
        return obstacles(failed, most=MOST_OBSTACLES)
    if result.verdict is Verdict.UNCERTAIN:
        return say(
            "uncertain, the measurement error decides: {uncertain_ones}",
            uncertain_ones=_uncertain_ones(result),
        )
    if not result.missing:
        return say("undecided")
    return say("undecided, missing: {named}", named=_named(result.missing))


def _uncertain_ones(result: CriteriaResult) -> str:
    found = (one for one in result.deciding if one.verdict is Verdict.UNCERTAIN)
    return "; ".join(unended_statement(one.id) for one in found)


def _left_open(result: CriteriaResult) -> Iterator[str]:
    """Name what plans and the scan leave undecided in a list that is."""
    if result.verdict is not Verdict.UNKNOWN:
        return
    left: dict[ValueSource, list[str]] = {}
    for name in dict.fromkeys(name for f in result.deciding for name in f.missing):
        left.setdefault(INPUTS[name].source, []).append(name)
    for source, names in left.items():
        if source in BY_SOURCE:
            yield say(
                "Not decided by {by_source}: {named}.",
                by_source=BY_SOURCE[source],
                named=_named(names),
            )


def _named(names: Iterable[str]) -> str:
    questions = list(dict.fromkeys(map(question, names)))
    more = len(questions) - MOST_NAMED
    words = "; ".join(questions[:MOST_NAMED])
    return say("{words}; and {more} more", words=words, more=more) if more > 0 else words


def _too_little(given: Iterable[Reason]) -> str:
    """Say for which targets one stage leaves too little liver."""
    known = list(given)
    for one in known:
        if one.cause is Cause.TOO_LITTLE_IN_ONE_STAGE:
            limits = within_limits(known)
            shares = listed(say("{share:g} %", share=100 * share) for share in one.amounts)
            return say(
                "In one stage{limits} too little liver would remain for {shares}.",
                limits=limits,
                shares=shares,
            )
    return ""


def within_limits(given: Iterable[Reason]) -> str:
    """Return the limits that the user chose in brackets, empty where there are none."""
    limits = ", ".join(reasons.words(one) for one in given if one.cause not in ONLY_OF_LISTS)
    return say(" within the chosen limits ({limits})", limits=limits) if limits else ""


def ablation_reasons(ablation: LesionAblation) -> tuple[str, ...]:
    """Return why a lesion is not ablated, else what to be careful about, one text each."""
    return tuple(map(reasons.words, ablation.reasons))


def option_text(option: TreatmentOption) -> str:
    """Return what a source says of a treatment, and why it is ruled out or open here."""
    rule = TREATMENTS[option.source, option.id]
    sentences = (
        _why(option),
        _cautions(option),
        say(rule.statement),
        *(say(rule.notes[place].text) for place in option.notes),
        say(ALTERNATIVE) if option.otherwise else "",
    )
    text = " ".join(one for one in sentences if one)
    return reasons.reviewed(text, option.reasons)


def _why(option: TreatmentOption) -> str:
    """Say which condition fails, is uncertain, else what is missing; empty where all are met."""
    if option.verdict is Verdict.NOT_MET:
        return say("Ruled out: {obstacles}.", obstacles=obstacles(option.failed))
    if option.verdict is Verdict.UNCERTAIN:
        return _by_error(option.uncertain)
    return _not_known(option.missing)


def _by_error(conditions: Iterable[str]) -> str:
    return say(
        "The measurement error decides: {conditions}",
        conditions=" ".join(map(statement, conditions)),
    )


def _cautions(option: TreatmentOption) -> str:
    return (
        say("Caution: {obstacles}.", obstacles=obstacles(option.cautions))
        if option.cautions
        else ""
    )


def _not_known(missing: Iterable[str]) -> str:
    questions = list(dict.fromkeys(map(question, missing)))
    more = len(questions) - MOST_NAMED
    if more > 0:
        return say(
            "Not known: {questions} and {more} more.",
            questions=", ".join(questions[:MOST_NAMED]),
            more=more,
        )
    return say("Not known: {questions}.", questions=listed(questions)) if questions else ""


def trial_notes(pathway: Pathway) -> tuple[str, ...]:
    """Return what is noted of ongoing trials beside a row, and which group has such a load."""
    trials = (one for one in pathway.notes if one.cause is Cause.ONGOING_TRIAL)
    return tuple(f"{say(TRIAL_STATEMENT)} {_trial_group(one)}".rstrip() for one in trials)


def _trial_group(note: Reason) -> str:
    for group in (GROUPS[name] for name in note.names):
        words = " ".join(say(condition.statement) for condition in group.conditions)
        return say(
            "It would allot such a load to {treatment}: {words}",
            treatment=say(group.treatment),
            words=words,
        )
    return ""


def pathway_text(pathway: Pathway) -> str:
    """Return what a row of a pathway says, and what leaves open whether the case belongs to it."""
    unsure = ""
    if pathway.verdict is Verdict.UNKNOWN:
        limits = ", ".join(
            reasons.words(one) for one in pathway.reasons if one.cause not in ONLY_OF_LISTS
        )
        within = (
            say(" The plans keep within the chosen limits: {limits}.", limits=limits)
            if limits
            else ""
        )
        unsure = say(
            "May apply. {not_known}{within} ", not_known=_not_known(pathway.missing), within=within
        )
    if pathway.verdict is Verdict.UNCERTAIN:
        unsure = say("May apply. {by_error} ", by_error=_by_error(pathway.uncertain))
    if pathway.failed:
        unsure = say("Ruled out here: {obstacles}. ", obstacles=obstacles(pathway.failed))
    text = f"{unsure}{say(ROWS[pathway.id].text)} {say(LITTLE_EVIDENCE)}"
    return reasons.reviewed(text, pathway.reasons)


def source_words(finding: Finding) -> str:
    """Return what the source of a condition or remark says, whatever the case."""
    return statement(finding.id)


WRITERS: Final = {
    "contraindication.": condition_text,
    "resectability.": condition_text,
    CHECKLIST: condition_text,
    "debulking.indication.": condition_text,
    "debulking.remark.": condition_text,
    "transplant.": condition_text,
    STAGING: condition_text,
    ABLATION: condition_text,
    "pathway.": condition_text,
}

PARTS: Final = dict.fromkeys(WRITERS, (source_words, found_here))
