"""Plans in two stages and growth in words, the verdict first."""

from collections.abc import Mapping
from typing import Final

from planning.rules.growth import (
    GROWTH_PRESETS,
    GROWTH_REMARKS,
    PRESETS,
    Centre,
    GrowthPreset,
    GrowthRemark,
)
from planning.staging.finding_ids import CURVE_ID, NO_SOURCE_ID, SPREAD_ID
from remnant.core.findings import Finding
from remnant.core.quantity import Quantity
from remnant.core.staged_plan import GrowthRange, StagedPlan, Strategy
from remnant.core.units import percent_from_fraction
from remnant.wording.kinds import Writer
from remnant.wording.language import say, spoken
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
        return say("One stage: remnant not known ({why}).", why=why(staged.flr_before_ml))
    begin = say("One stage: {millilitres}", millilitres=_millilitres(staged.flr_before_ml))
    if least is None:
        return say(
            "{begin}; what is asked for is not known ({why}).",
            begin=begin,
            why=why(staged.least_flr_ml),
        )
    if flr < least:
        return say("{begin}, short by {least:.0f} mL.", begin=begin, least=least - flr)
    return say("{begin}, {flr:.0f} mL above the minimum.", begin=begin, flr=flr - least)


def two_stages(staged: StagedPlan) -> str:
    """Say what the default preset promises; empty where the remnant is not known."""
    name, preset = STRATEGY_WORDS[staged.strategy], PRESETS.get(staged.preset)
    if preset is None:
        return say("Growth after {name} is not estimated: no source.", name=name)
    if staged.flr_after_ml.value is None:
        return ""
    share = percent(preset.response_fraction)
    after = f"{_millilitres(staged.flr_after_ml)} (+{share}, {preset.id})"
    return say(
        "After {name} an estimated {after}{enough}.", name=name, after=after, enough=_enough(staged)
    )


def _enough(staged: StagedPlan) -> str:
    weeks, grown = staged.weeks_to_threshold.value, staged.flr_after_ml.value
    least, chance = staged.least_flr_ml.value, _chance(staged.probability)
    if least is None or grown is None:
        return ""
    if weeks is None and grown < least:
        return say(", still short by {least:.0f} mL{chance}", least=least - grown, chance=chance)
    if weeks is None:
        return say(
            "; whether that is enough is not known: {why}", why=why(staged.weeks_to_threshold)
        )
    if weeks == 0.0:
        return say("; it is not needed")
    return say(
        ", enough after {roughly}{weeks:.1f} weeks{chance}",
        roughly=roughly(staged.weeks_to_threshold),
        weeks=weeks,
        chance=chance,
    )


def range_sentence(staged: StagedPlan) -> str:
    """Say how far apart the presets that fit lie, in mL; empty where fewer than two fit."""
    text = preset_range(staged)
    return say("By the presets that fit: {text}.", text=text) if text else ""


def preset_range(staged: StagedPlan) -> str:
    """Write the range of the presets that fit, e.g. ``393 mL (+26.0 %) to 480 mL (+54.0 %)``.

    Where segment IV may be embolised or left open, the ends say which; a minimum that only some of
    the presets reach is named.
    """
    known = staged.flr_after_range
    if known is None:
        return ""
    about = roughly(staged.flr_after_ml)
    text = say(
        "{about}{end} to {end_2}",
        about=about,
        end=_end(known.low_ml, known.low_preset),
        end_2=_end(known.high_ml, known.high_preset),
    )
    return f"{text}{_between(known, staged.least_flr_ml)}"


def brief_range(staged: StagedPlan) -> str:
    """Write the same in few words, e.g. ``393 with IV open to 480 with IV embolised``."""
    known = staged.flr_after_range
    if known is None:
        return ""
    low, high = (PRESETS.get(name) for name in (known.low_preset, known.high_preset))
    ends = ((known.low_ml, low), (known.high_ml, high))
    four = {True: say(" with IV embolised"), False: say(" with IV open"), None: ""}
    texts = (
        say("{flr:.0f}{four}", flr=flr, four=four[preset.with_four if preset else None])
        for flr, preset in ends
    )
    return say(
        "{roughly}{texts} by preset",
        roughly=roughly(staged.flr_after_ml),
        texts=say(" to ").join(texts),
    )


def _end(flr_ml: float, name: str) -> str:
    preset = PRESETS.get(name)
    if preset is None:
        return say("{flr_ml:.0f} mL ({name})", flr_ml=flr_ml, name=name.replace("_", " "))
    four = {True: say(", segment IV embolised"), False: say(", segment IV left open"), None: ""}
    return say(
        "{flr_ml:.0f} mL (+{percent}{four})",
        flr_ml=flr_ml,
        percent=percent(preset.response_fraction),
        four=four[preset.with_four],
    )


def _between(known: GrowthRange, least_flr_ml: Quantity) -> str:
    least = least_flr_ml.value
    if least is None or not known.low_ml < least <= known.high_ml:
        return ""
    return say("; the minimum of {least:.0f} mL lies between", least=least)


def _chance(probability: float | None) -> str:
    if probability is None:
        return ""
    least, most = 1.0 / ONE_IN, 1.0 - 1.0 / ONE_IN
    if 0.0 < probability < least:
        return say(" (enough in under 1 of 100)")
    if most < probability < 1.0:
        return say(" (enough in over 99 of 100)")
    return say(" (enough in {one_in:.0f} of 100)", one_in=ONE_IN * probability)


def meanwhile(staged: StagedPlan) -> str:
    """Say by how much the tumour would grow while the remnant does; empty where not known."""
    if not staged.waiting_weeks or staged.tumour_growth_fraction is None:
        return ""
    more = percent_from_fraction(staged.tumour_growth_fraction)
    return say(
        "In {waiting_weeks:.1f} weeks the tumour would grow by {more:.0f} %.",
        waiting_weeks=staged.waiting_weeks,
        more=more,
    )


def left_behind(staged: StagedPlan) -> str:
    """Say how many lesions would stay; empty where none would."""
    number = staged.untreated
    return (
        say("{lesions} would stay untreated.", lesions=counted(number, "lesion")) if number else ""
    )


def _millilitres(volume: Quantity) -> str:
    return say("{roughly}{volume:.0f} mL", roughly=roughly(volume), volume=volume.value)


def _preset_writer(preset: GrowthPreset) -> Writer:
    def write(_: Finding) -> str:
        text = say(
            "{title}: {centre} growth {share}. Measured in: {population}.",
            title=say(preset.title),
            centre=CENTRE_WORDS[preset.centre],
            share=percent(preset.response_fraction),
            population=measured_in(preset),
        )
        return f"{text} {say(preset.remark)}" if preset.remark else text

    return write


def measured_in(preset: GrowthPreset) -> str:
    """Write in whom a preset was measured."""
    patients = say(preset.patients)
    return f"{patients}; {say(preset.tumours)}" if preset.tumours else patients


def _remark_writer(remark: GrowthRemark) -> Writer:
    return lambda _: say(
        "{statement} Measured in: {population}.",
        statement=say(remark.statement),
        population=say(remark.population),
    )


def _preset_of(finding: Finding) -> GrowthPreset:
    return PRESETS[finding.reasons[0].names[0]]


def _curve(finding: Finding) -> str:
    time = _preset_of(finding).time
    form = say("The curve's form is this project's, its time constant")
    return say(
        "{form} {days:.1f} days: {derivation}.",
        form=form,
        days=time.days,
        derivation=say(time.derivation),
    )


def _spread(finding: Finding) -> str:
    return say("Spread of growth among patients: {spread}.", spread=say(_preset_of(finding).spread))


def _no_source(finding: Finding) -> str:
    strategy = Strategy(finding.reasons[0].names[0])
    return say(
        "Growth after {strategy_words}: {reason}.",
        strategy_words=STRATEGY_WORDS[strategy],
        reason=words(finding.reasons[0]),
    )


CENTRE_WORDS: Final[Mapping[Centre, str]] = spoken({Centre.MEDIAN: "median", Centre.MEAN: "mean"})
WRITERS: Final[Mapping[str, Writer]] = {
    **{preset.finding_id: _preset_writer(preset) for preset in GROWTH_PRESETS},
    **{remark.id: _remark_writer(remark) for remark in GROWTH_REMARKS},
    CURVE_ID: _curve,
    SPREAD_ID: _spread,
    NO_SOURCE_ID: _no_source,
}
