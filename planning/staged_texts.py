"""What a plan in two stages says in words, verdict first."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from planning import wording
from planning.hypertrophy import Forecast
from planning.rules.growth import (
    FIRST_LOOK_WEEKS,
    GROWTH_REMARKS,
    PVL_REASON,
    GrowthPreset,
    GrowthRemark,
    Strategy,
)
from planning.rules.remnant import PROJECT_SOURCE
from remnant.core.debulking import DebulkingPlan, Fate
from remnant.core.findings import Finding, SourceStatus, Threshold, Verdict, judged
from remnant.core.patient import Patient
from remnant.core.quantity import Bound, Quantity
from remnant.core.units import percent_from_fraction

NAMES: Mapping[Strategy, str] = {
    Strategy.PVE: "portal vein embolisation",
    Strategy.PVL: "portal vein ligation",
    Strategy.ALPPS: "ALPPS",
}
ONE_IN = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """One plan by one strategy, with what every preset promises.

    Parameters
    ----------
    plan, strategy
        The plan in one stage, and how its remnant would grow.
    least_flr_ml, rule_set
        The remnant asked for, and the rule set that asks.
    forecasts
        By preset, the default first; empty where no source was recorded.
    waiting_weeks, tumour_growth_fraction
        How long growth is waited for, and the tumour's growth meanwhile; ``None`` where unknown.
    """

    plan: DebulkingPlan
    strategy: Strategy
    least_flr_ml: Quantity
    rule_set: str
    forecasts: Mapping[GrowthPreset, Forecast]
    waiting_weeks: float | None
    tumour_growth_fraction: float | None


def staged_text(staged: Staged, *, to_review: bool) -> str:
    """Compare the plan in one stage with the same in two, in a few short sentences."""
    sentences = (
        _one_stage(staged.plan.result.remnant.flr_ml, staged.least_flr_ml),
        _two_stages(staged),
        _meanwhile(staged),
        _left_behind(staged.plan),
        wording.REVIEW_SENTENCE if to_review else "",
    )
    return " ".join(sentence for sentence in sentences if sentence)


def staged_findings(staged: Staged, *, patient: Patient, to_review: bool) -> tuple[Finding, ...]:
    """List what each preset promises, what the curve rests on, and what else bears on waiting."""
    promised = (
        wording.to_review(finding) if to_review and finding.value is not None else finding
        for finding in _presets(staged)
    )
    remarks = (_remark(r) for r in GROWTH_REMARKS if _bears(r, staged.strategy, patient))
    return (*promised, *remarks)


def _one_stage(flr_ml: Quantity, least_flr_ml: Quantity) -> str:
    flr, least = flr_ml.value, least_flr_ml.value
    if flr is None:
        return f"One stage: remnant not known ({flr_ml.reason})."
    begin = f"One stage: {_millilitres(flr_ml)}"
    if least is None:
        return f"{begin}; what is asked for is not known ({least_flr_ml.reason})."
    if flr < least:
        return f"{begin}, short by {least - flr:.0f} mL."
    return f"{begin}, {flr - least:.0f} mL above the minimum."


def _two_stages(staged: Staged) -> str:
    name = NAMES[staged.strategy]
    for preset, promised in staged.forecasts.items():
        if promised.flr_ml.value is None:
            return ""
        after = _millilitres(promised.flr_ml)
        share = wording.percent(preset.response_fraction)
        begin = f"After {name} an estimated {after} (+{share}, {preset.id})"
        return f"{begin}{_enough(promised, staged.least_flr_ml)}."
    return f"Growth after {name} is not estimated: no source."


def _enough(promised: Forecast, least_flr_ml: Quantity) -> str:
    weeks, grown = promised.weeks.value, promised.flr_ml.value
    least = least_flr_ml.value
    chance = _chance(promised.probability)
    if least is None or grown is None:
        return ""
    if weeks is None and grown < least:
        return f", still short by {least - grown:.0f} mL{chance}"
    if weeks is None:
        return f"; whether that is enough is not known: {promised.weeks.reason}"
    if weeks == 0.0:
        return "; it is not needed"
    when = "within a week" if weeks < FIRST_LOOK_WEEKS else f"after {weeks:.1f} weeks"
    return f", enough {when}{chance}"


def _chance(probability: float | None) -> str:
    if probability is None:
        return ""
    least, most = 1.0 / ONE_IN, 1.0 - 1.0 / ONE_IN
    if 0.0 < probability < least:
        return " (enough in under 1 of 100)"
    if most < probability < 1.0:
        return " (enough in over 99 of 100)"
    return f" (enough in {ONE_IN * probability:.0f} of 100)"


def _meanwhile(staged: Staged) -> str:
    if not staged.waiting_weeks or staged.tumour_growth_fraction is None:
        return ""
    more = percent_from_fraction(staged.tumour_growth_fraction)
    return f"In {staged.waiting_weeks:.1f} weeks the tumour would grow by {more:.0f} %."


def _left_behind(plan: DebulkingPlan) -> str:
    stay = sum(fate is Fate.STAYS for fate in plan.result.fates.values())
    return f"{wording.counted(stay, 'lesion')} would stay untreated." if stay else ""


def _millilitres(volume: Quantity) -> str:
    words = "about " if volume.indicative else wording.BOUND_WORDS[volume.bound]
    return f"{words}{volume.value:.0f} mL"


def _presets(staged: Staged) -> Iterator[Finding]:
    for preset, promised in staged.forecasts.items():
        yield _preset(preset, promised, staged.least_flr_ml)
    for preset in list(staged.forecasts)[:1]:
        yield from _assumptions(preset)
    if not staged.forecasts:
        yield Finding(
            id="growth.no_source",
            verdict=Verdict.NO_EVIDENCE,
            prose=f"Growth after {NAMES[staged.strategy]}: {PVL_REASON}.",
            source="pmc6414468",
            status=SourceStatus.VERIFIED,
        )


def _preset(preset: GrowthPreset, promised: Forecast, least_flr_ml: Quantity) -> Finding:
    share = wording.percent(preset.response_fraction)
    remark = f" {preset.remark}" if preset.remark else ""
    return Finding(
        id=f"growth.{preset.id}",
        verdict=_verdict(promised, least_flr_ml),
        prose=f"{preset.title}: {preset.centre} growth {share}. Measured in: "
        f"{preset.population}.{remark}",
        quantity=judged(promised.flr_ml),
        threshold=_threshold(preset, least_flr_ml),
        probability=promised.probability,
        source=preset.source,
        status=preset.status,
    )


def _threshold(preset: GrowthPreset, least_flr_ml: Quantity) -> Threshold | None:
    if least_flr_ml.value is None:
        return None
    return Threshold(value=least_flr_ml.value, source=preset.source, status=preset.status)


def _verdict(promised: Forecast, least_flr_ml: Quantity) -> Verdict:
    grown, least = promised.flr_ml, least_flr_ml
    if promised.weeks.value is not None:
        return Verdict.MET
    loose = grown.indicative or least.indicative
    open_ended = grown.bound is Bound.LOWER or least.bound is Bound.UPPER
    if grown.value is None or least.value is None or loose or open_ended:
        return Verdict.UNKNOWN
    return Verdict.NOT_MET if grown.value < least.value else Verdict.UNKNOWN


def _assumptions(preset: GrowthPreset) -> Iterator[Finding]:
    texts = {
        "growth.curve": f"The curve's form is this project's, its time constant "
        f"{preset.time.days:.1f} days: {preset.time.derivation}.",
        "growth.spread": f"Spread of growth among patients: {preset.spread}.",
    }
    for name, text in texts.items():
        yield Finding(
            id=name,
            verdict=Verdict.NO_EVIDENCE,
            prose=text,
            source=PROJECT_SOURCE,
            status=SourceStatus.PROJECT,
        )


def _bears(remark: GrowthRemark, strategy: Strategy, patient: Patient) -> bool:
    livers = remark.backgrounds
    return strategy in remark.strategies and (not livers or patient.background in livers)


def _remark(remark: GrowthRemark) -> Finding:
    return Finding(
        id=remark.id,
        verdict=Verdict.UNKNOWN,
        prose=f"{remark.text} Measured in: {remark.population}.",
        source=remark.source,
        status=remark.status,
    )
