"""Plans in two stages and growth in words, the verdict first."""

from collections.abc import Mapping
from typing import Final

from planning.rules.growth import (
    GROWTH_PRESETS,
    GROWTH_REMARKS,
    PRESETS,
    GrowthPreset,
    GrowthRemark,
)
from planning.staging.finding_ids import CURVE_ID, NO_SOURCE_ID, SPREAD_ID
from remnant.core.findings import Finding
from remnant.core.quantity import Quantity
from remnant.core.staged_plan import GrowthRange, StagedPlan, Strategy
from remnant.core.units import percent_from_fraction
from remnant.wording.kinds import Writer
from remnant.wording.numbers import counted
from remnant.wording.phrases import roughly
from remnant.wording.phrases import share as percent
from remnant.wording.reasons import reviewed, why, words
from remnant.wording.words import STRATEGY_WORDS

ONE_IN: Final = 100.0


def staged_text(staged: StagedPlan) -> str:
    """Compare the plan in one stage with the same in two, in a few short sentences."""
    says = (one_stage, two_stages, range_sentence, meanwhile, left_behind)
    sentences = (say(staged) for say in says)
    return reviewed(" ".join(text for text in sentences if text), staged.reasons)


def one_stage(staged: StagedPlan) -> str:
    """Say what would remain without growth, and by how much it is short."""
    flr, least = staged.flr_before_ml.value, staged.least_flr_ml.value
    if flr is None:
        return f"One stage: remnant not known ({why(staged.flr_before_ml)})."
    begin = f"One stage: {_millilitres(staged.flr_before_ml)}"
    if least is None:
        return f"{begin}; what is asked for is not known ({why(staged.least_flr_ml)})."
    if flr < least:
        return f"{begin}, short by {least - flr:.0f} mL."
    return f"{begin}, {flr - least:.0f} mL above the minimum."


def two_stages(staged: StagedPlan) -> str:
    """Say what the default preset promises; empty where the remnant is not known."""
    name, preset = STRATEGY_WORDS[staged.strategy], PRESETS.get(staged.preset)
    if preset is None:
        return f"Growth after {name} is not estimated: no source."
    if staged.flr_after_ml.value is None:
        return ""
    share = percent(preset.response_fraction)
    after = f"{_millilitres(staged.flr_after_ml)} (+{share}, {preset.id})"
    return f"After {name} an estimated {after}{_enough(staged)}."


def _enough(staged: StagedPlan) -> str:
    weeks, grown = staged.weeks_to_threshold.value, staged.flr_after_ml.value
    least, chance = staged.least_flr_ml.value, _chance(staged.probability)
    if least is None or grown is None:
        return ""
    if weeks is None and grown < least:
        return f", still short by {least - grown:.0f} mL{chance}"
    if weeks is None:
        return f"; whether that is enough is not known: {why(staged.weeks_to_threshold)}"
    if weeks == 0.0:
        return "; it is not needed"
    return f", enough after {roughly(staged.weeks_to_threshold)}{weeks:.1f} weeks{chance}"


def range_sentence(staged: StagedPlan) -> str:
    """Say how far apart the presets that fit lie, in mL; empty where fewer than two fit."""
    text = preset_range(staged)
    return f"By the presets that fit: {text}." if text else ""


def preset_range(staged: StagedPlan) -> str:
    """Write the range of the presets that fit, e.g. ``393 mL (+26.0 %) to 480 mL (+54.0 %)``.

    Where segment IV may be embolised or left open, the ends say which; a minimum that only some of
    the presets reach is named.
    """
    known = staged.flr_after_range
    if known is None:
        return ""
    about = roughly(staged.flr_after_ml)
    text = (
        f"{about}{_end(known.low_ml, known.low_preset)} to {_end(known.high_ml, known.high_preset)}"
    )
    return f"{text}{_between(known, staged.least_flr_ml)}"


def brief_range(staged: StagedPlan) -> str:
    """Write the same in few words, e.g. ``393 with IV open to 480 with IV embolised``."""
    known = staged.flr_after_range
    if known is None:
        return ""
    low, high = (PRESETS.get(name) for name in (known.low_preset, known.high_preset))
    ends = ((known.low_ml, low), (known.high_ml, high))
    four = {True: " with IV embolised", False: " with IV open", None: ""}
    texts = (f"{flr:.0f}{four[preset.with_four if preset else None]}" for flr, preset in ends)
    return f"{roughly(staged.flr_after_ml)}{' to '.join(texts)} by preset"


def _end(flr_ml: float, name: str) -> str:
    preset = PRESETS.get(name)
    if preset is None:
        return f"{flr_ml:.0f} mL ({name.replace('_', ' ')})"
    four = {True: ", segment IV embolised", False: ", segment IV left open", None: ""}
    return f"{flr_ml:.0f} mL (+{percent(preset.response_fraction)}{four[preset.with_four]})"


def _between(known: GrowthRange, least_flr_ml: Quantity) -> str:
    least = least_flr_ml.value
    if least is None or not known.low_ml < least <= known.high_ml:
        return ""
    return f"; the minimum of {least:.0f} mL lies between"


def _chance(probability: float | None) -> str:
    if probability is None:
        return ""
    least, most = 1.0 / ONE_IN, 1.0 - 1.0 / ONE_IN
    if 0.0 < probability < least:
        return " (enough in under 1 of 100)"
    if most < probability < 1.0:
        return " (enough in over 99 of 100)"
    return f" (enough in {ONE_IN * probability:.0f} of 100)"


def meanwhile(staged: StagedPlan) -> str:
    """Say by how much the tumour would grow while the remnant does; empty where not known."""
    if not staged.waiting_weeks or staged.tumour_growth_fraction is None:
        return ""
    more = percent_from_fraction(staged.tumour_growth_fraction)
    return f"In {staged.waiting_weeks:.1f} weeks the tumour would grow by {more:.0f} %."


def left_behind(staged: StagedPlan) -> str:
    """Say how many lesions would stay; empty where none would."""
    number = staged.untreated
    return f"{counted(number, 'lesion')} would stay untreated." if number else ""


def _millilitres(volume: Quantity) -> str:
    return f"{roughly(volume)}{volume.value:.0f} mL"


def _preset_writer(preset: GrowthPreset) -> Writer:
    share = percent(preset.response_fraction)
    remark = f" {preset.remark}" if preset.remark else ""
    text = f"{preset.title}: {preset.centre} growth {share}. Measured in: {preset.population}."
    return lambda _: text + remark


def _remark_writer(remark: GrowthRemark) -> Writer:
    return lambda _: f"{remark.statement} Measured in: {remark.population}."


def _preset_of(finding: Finding) -> GrowthPreset:
    return PRESETS[finding.reasons[0].names[0]]


def _curve(finding: Finding) -> str:
    time = _preset_of(finding).time
    form = "The curve's form is this project's, its time constant"
    return f"{form} {time.days:.1f} days: {time.derivation}."


def _spread(finding: Finding) -> str:
    return f"Spread of growth among patients: {_preset_of(finding).spread}."


def _no_source(finding: Finding) -> str:
    strategy = Strategy(finding.reasons[0].names[0])
    return f"Growth after {STRATEGY_WORDS[strategy]}: {words(finding.reasons[0])}."


WRITERS: Final[Mapping[str, Writer]] = {
    **{preset.finding_id: _preset_writer(preset) for preset in GROWTH_PRESETS},
    **{remark.id: _remark_writer(remark) for remark in GROWTH_REMARKS},
    CURVE_ID: _curve,
    SPREAD_ID: _spread,
    NO_SOURCE_ID: _no_source,
}
