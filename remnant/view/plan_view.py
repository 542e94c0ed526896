"""What the page and the terminal show of plans: which ones, in which words, with which marks."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from itertools import groupby
from typing import Final

from planning.rules.remnant import REMNANT_RULE_SETS
from planning.wording import counted, listed, segment_names
from remnant.core.clinical import ClinicalFacts
from remnant.core.criteria import CriteriaResult, LesionAblation
from remnant.core.debulking import (
    DebulkingPlan,
    Fate,
    PlanOrigin,
    Recipe,
    StagedPlan,
    TargetOutcome,
)
from remnant.core.findings import Finding, Verdict
from remnant.core.lesions import Confirmation, Lesion
from remnant.core.planning_report import PlanningReport
from remnant.core.units import percent_from_fraction
from remnant.view.certainty import Judged, PlanOutcome, debulking_minima
from remnant.wording import lists
from remnant.wording.numbers import plain, sentence
from remnant.wording.words import FATE_WORDS, REJECTED_WORDS

MOST_PICTURED: Final = 3
LOWER_TARGET: Final = "lower_target"
SHORT: Final = "larger_remnant"
HEADING: Final = re.compile(
    r"^\d+(?:\.\d+)? % of the tumour: (?:within reach by |undecided\. )?(?=\S)"
)
FACT_WORDS: Final[Mapping[str, str]] = {
    "ki67_percent": "Ki-67",
    "ecog": "ECOG",
    "sstr_positive": "somatostatin receptors",
    "fit_for_major_hepatectomy": "fit for a major hepatectomy",
    "pancreatoduodenectomy": "pancreatoduodenectomy done",
    "recurrence": "recurrence after an earlier liver resection",
}
UNIT_WORDS: Final[Mapping[str, str]] = {
    "_percent": "%", "_months": "months", "_weeks": "weeks", "_days": "days", "_per_nl": "/nL",
}  # fmt: skip
UNIT_PART: Final = re.compile("(?:" + "|".join(UNIT_WORDS) + ")$")
RULE_SETS: Final[Mapping[str, str]] = {f"flr.{s.id}": s.title for s in REMNANT_RULE_SETS}


@dataclass(frozen=True, slots=True)
class LesionFate:
    """What a plan does with one lesion, in words; a rejected lesion is never treated."""

    lesion: Lesion
    words: str
    treated: bool

    @property
    def unconfirmed(self) -> bool:
        """Whether nobody has confirmed that it is a metastasis."""
        return self.lesion.confirmation is Confirmation.AUTOMATIC


@dataclass(frozen=True, slots=True)
class FateGroup:
    """Lesions that share a fate: words, their numbers, and their volume together."""

    words: str
    lesions: str
    volume_ml: float


def pictured(planning: PlanningReport) -> tuple[DebulkingPlan, ...]:
    """Return the plans that are drawn: the first one and the best at each target, at most three."""
    known = {plan.id: plan for plan in planning.plans}
    first = [plan.id for plan in planning.plans[:1]]
    best = [target.plans[0] for target in planning.targets if target.plans]
    chosen = [identifier for identifier in dict.fromkeys((*first, *best)) if identifier in known]
    return tuple(known[identifier] for identifier in chosen[:MOST_PICTURED])


def share(target: float) -> str:
    """Write a debulking target, e.g. ``at least 70 %``; all of it is ``all``."""
    return "all" if target >= 1.0 else f"at least {percent_from_fraction(target):g} %"


def needed(target: TargetOutcome) -> str:
    """Say what bounds an answer: most share, largest remnant, and what the rule set asks for."""
    parts = [f"whatever remains: up to {_percent_down(target.most_debulked_fraction)} %"]
    if target.largest_flr_ml is not None:
        parts.append(f"largest remnant that reaches this target: {plain(target.largest_flr_ml)} mL")
    if target.least_flr_ml is not None:
        parts.append(f"asked for by the chosen rule: {plain(target.least_flr_ml)} mL")
    return "; ".join(parts)


def answer(target: TargetOutcome) -> str:
    """Write the answer to a target without what its heading says already."""
    return sentence(HEADING.sub("", target.text, count=1))


def other_changes(target: TargetOutcome) -> tuple[str, ...]:
    """Return the changes that would bring a target within reach and that its text leaves out."""
    changes = (c for c in target.relaxations if c.kind not in (LOWER_TARGET, SHORT))
    return tuple(c.text for c in changes if c.text not in target.text)


def instead(target: TargetOutcome) -> tuple[str, ...]:
    """Return how much liver is short, and what is reached where this target is not.

    No limit that is changed brings these about; what the answer says is left out.
    """
    others = (c for c in target.relaxations if c.kind in (LOWER_TARGET, SHORT))
    return tuple(c.text for c in others if c.text not in target.text)


def reached_shares(plan: DebulkingPlan) -> tuple[Judged, ...]:
    """Return the shares that a plan is the best for or may miss, with how sure each is."""
    asked = sorted(debulking_minima(PlanOutcome.of(plan)), key=_is_inclusive)
    by_share = {judged.finding.limit or 0.0: judged for judged in asked}
    return tuple(
        judged
        for share_, judged in sorted(by_share.items())
        if judged.sureness and (judged.doubtful or share_ in plan.targets)
    )


def _is_inclusive(judged: Judged) -> bool:
    """Tell whether a share is asked for as targets are, "at least": of two, that one is shown."""
    return bool(judged.finding.inclusive)


def _percent_down(fraction: float) -> str:
    """Write a share so that what is less than all never reads as all."""
    text = f"{percent_from_fraction(fraction):.1f}"
    return "more than 99.9" if fraction < 1.0 and text == "100.0" else text


def recipe_words(recipe: Recipe, *, zones: int | None = None) -> tuple[str, ...]:
    """Write what a recipe holds, one text for segments, wedges and ablations each."""
    return tuple(_recipe_words(recipe, zones)) or ("nothing",)


def _recipe_words(recipe: Recipe, zones: int | None) -> Iterator[str]:
    if recipe.segments:
        noun = "segment" if len(recipe.segments) == 1 else "segments"
        yield f"{noun} {segment_names(recipe.segments)} removed"
    if recipe.wedges:
        yield f"excised with a margin: {_lesions(recipe.wedges)}"
    if recipe.ablations:
        more = f" in {zones} zones" if zones and zones != len(recipe.ablations) else ""
        yield f"ablated: {_lesions(recipe.ablations)}{more}"


def short_recipe(recipe: Recipe) -> str:
    """Write a recipe shortly, e.g. ``VI, VII; wedge 1, 4; ablate 2``; lesions by their numbers."""
    segments = [", ".join(segment.name for segment in recipe.segments)]
    lesions = (("wedge", recipe.wedges), ("ablate", recipe.ablations))
    named = [f"{kind} {runs(numbers)}" for kind, numbers in lesions if numbers]
    return "; ".join([part for part in segments if part] + named) or "nothing"


def _lesions(identifiers: Iterable[int]) -> str:
    known = sorted(identifiers)
    return f"{'lesion' if len(known) == 1 else 'lesions'} {runs(known)}"


def runs(numbers: Iterable[int]) -> str:
    """Write numbers with runs of three and more drawn together: ``1, 2, 5–9``."""
    ordered = enumerate(sorted(set(numbers)))
    blocks = ([n for _, n in g] for _, g in groupby(ordered, key=lambda item: item[1] - item[0]))
    return ", ".join(
        f"{block[0]}–{block[-1]}" if len(block) > 2 else ", ".join(map(str, block))  # noqa: PLR2004
        for block in blocks
    )


def fates(plan: DebulkingPlan, lesions: Iterable[Lesion]) -> tuple[LesionFate, ...]:
    """Return what becomes of every lesion of the case, those that the plan does not name too."""
    return tuple(_fate(plan, lesion) for lesion in lesions)


def _fate(plan: DebulkingPlan, lesion: Lesion) -> LesionFate:
    if not lesion.counts:
        return LesionFate(lesion, REJECTED_WORDS, treated=False)
    fate = plan.result.fates.get(lesion.id, Fate.STAYS)
    return LesionFate(lesion, FATE_WORDS[fate], treated=fate is not Fate.STAYS)


def fate_groups(plan: DebulkingPlan, lesions: Iterable[Lesion]) -> tuple[FateGroup, ...]:
    """Return the lesions by what becomes of them; empty groups are left out."""
    found: dict[str, list[Lesion]] = {}
    for item in fates(plan, lesions):
        found.setdefault(item.words, []).append(item.lesion)
    order = (words for words in (*FATE_WORDS.values(), REJECTED_WORDS) if words in found)
    return tuple(
        FateGroup(
            words,
            runs(lesion.id for lesion in found[words]),
            sum(lesion.volume_ml.value or 0.0 for lesion in found[words]),
        )
        for words in order
    )


def flags(plan: DebulkingPlan, lesions: Iterable[Lesion]) -> tuple[str, ...]:
    """Return what has to be known beside a plan's figures."""
    return tuple(_flags(plan, tuple(lesions)))


def _flags(plan: DebulkingPlan, lesions: tuple[Lesion, ...]) -> Iterator[str]:
    if plan.origin is PlanOrigin.USER:
        yield "your own recipe"
    if not plan.named:
        yield "vascular feasibility not assessed"
    if plan.flips:
        yield f"{counted(len(plan.flips), 'verdict')} may flip"
    if plan.proven is False:
        yield proof(plan)
    cut = [n for n, fate in plan.result.fates.items() if fate is Fate.CUT]
    if cut:
        yield f"cuts {_lesions(cut)}"
    unsure = sum(item.treated and item.unconfirmed for item in fates(plan, lesions))
    if unsure:
        yield f"treats {counted(unsure, 'unconfirmed lesion')}"


def proof(plan: DebulkingPlan) -> str:
    """Say whether it is proven that no plan of its kind leaves more liver."""
    if plan.proven is None:
        return "–"
    if plan.proven:
        return "proven"
    return f"not proven: at most {plain(plan.gap_ml)} mL more" if plan.gap_ml else "not proven"


def accepted(plan: DebulkingPlan) -> tuple[tuple[Verdict, str], ...]:
    """Return the FLR rule sets by their verdict on what a plan leaves, in words."""
    found = [f for f in plan.findings if f.id in RULE_SETS]
    groups = ((v, [RULE_SETS[f.id] for f in found if f.verdict is v]) for v in Verdict)
    return tuple((verdict, listed(titles)) for verdict, titles in groups if titles)


def flipping(plan: DebulkingPlan) -> tuple[Finding, ...]:
    """Return the findings of a plan whose verdict may change within the interval."""
    return tuple(finding for finding in plan.findings if finding.id in plan.flips)


def title_of(planning: PlanningReport, identifier: str) -> str:
    """Return the title of a plan, its id where the plan is not in the report."""
    return next((p.title for p in planning.plans if p.id == identifier), identifier)


def findings_by_id(ablation: LesionAblation) -> Mapping[str, Finding]:
    """Return what was found on ablating one lesion, by the condition's id."""
    return {finding.id: finding for finding in ablation.findings}


def statement(finding: Finding) -> str:
    """Return a condition without what it says of one lesion."""
    return lists.statement(finding.id)


def said(found: CriteriaResult) -> str:
    """Write the answer of a list without its title and with the number of missing facts only.

    What is missing is listed once for all lists, see `missing`; a single fact is named.
    """
    return lists.reviewed_answer(found)


def failed(found: CriteriaResult) -> tuple[Finding, ...]:
    """Return the conditions for which a list is not met, as many as its answer counts.

    Remarks that speak against the case but do not decide the list are left out.
    """
    return found.failed if found.verdict is Verdict.NOT_MET else ()


def needed_stages(planning: PlanningReport) -> tuple[StagedPlan, ...]:
    """Return the staged plans that do not reach the minimum in one stage already."""
    enough = _enough(planning)
    return tuple(stage for stage in planning.staged if stage.plan not in enough)


def unstaged(planning: PlanningReport) -> tuple[str, ...]:
    """Return the titles of the plans that leave enough in one stage, by their staged plans."""
    return tuple(title_of(planning, identifier) for identifier in _enough(planning))


def _enough(planning: PlanningReport) -> Mapping[str, None]:
    reached = (s.plan for s in planning.staged if s.weeks_to_threshold.value == 0.0)
    return dict.fromkeys(reached)


def told(facts: ClinicalFacts) -> tuple[str, ...]:
    """Write every fact that was given beside the scan, e.g. ``Ki-67 4 %``, ``functional: yes``."""
    known = ((field.name, getattr(facts, field.name)) for field in fields(facts))
    return tuple(_told(name, value=value) for name, value in known if value is not None)


def _told(name: str, *, value: bool | float | StrEnum) -> str:
    words = FACT_WORDS.get(name, name.replace("_", " "))
    if isinstance(value, bool):
        return f"{words}: {'yes' if value else 'no'}"
    if isinstance(value, StrEnum):
        return f"{words}: {value.value.replace('_', ' ')}"
    found = UNIT_PART.search(name)
    if found is None:
        return f"{words} {value:g}"
    part = found.group(0)
    return f"{words.removesuffix(part.replace('_', ' '))} {value:g} {UNIT_WORDS[part]}"
