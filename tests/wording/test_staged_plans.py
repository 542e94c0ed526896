"""Plans in two stages and their growth in words, letter by letter."""

from dataclasses import replace

import pytest

from examples.plans import example_staged
from planning.rules.growth import (
    GROWTH_PRESETS,
    GROWTH_REMARKS,
    PVE_CROOME,
    PVE_RESPONSE,
    RPVE,
    RPVE_FOUR,
)
from planning.staging.growth_curve import Forecast
from planning.staging.growth_findings import assumptions, no_source, preset_finding, remarks
from remnant.core.patient import LiverBackground, Patient
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, Reason, reason
from remnant.core.staged_plan import GrowthRange, Strategy
from remnant.wording.findings import text_of
from remnant.wording.reasons import words
from remnant.wording.staged_plans import (
    brief_range,
    left_behind,
    meanwhile,
    one_stage,
    preset_range,
    range_sentence,
    staged_text,
    two_stages,
)

(EXAMPLE,) = example_staged()
AT_MOST_A_WEEK = Quantity(1.0, bound=Bound.UPPER, reasons=reason(Cause.BEFORE_FIRST_LOOK, 1.0))
STAGED = replace(
    EXAMPLE,
    flr_before_ml=Quantity(312.0),
    flr_after_ml=Quantity(417.8),
    least_flr_ml=Quantity(354.0),
    weeks_to_threshold=AT_MOST_A_WEEK,
    probability=0.93,
    waiting_weeks=1.0,
    tumour_growth_fraction=0.176,
)


def test_text__the_verdict_first_in_a_few_short_sentences():
    assert staged_text(replace(STAGED, untreated=2)) == (
        "One stage: 312 mL, short by 42 mL. After portal vein embolisation an estimated 418 mL "
        "(+33.9 %, pve_pmc8306993), enough after at most 1.0 weeks (enough in 93 of 100). By the "
        "presets that fit: 605 mL (+26.0 %, segment IV left open) to 739 mL (+54.0 %, segment IV "
        "embolised). In 1.0 weeks the tumour would grow by 18 %. 2 lesions would stay untreated."
    )


def test_text__segments_to_be_reviewed_at_the_end():
    estimated = replace(STAGED, reasons=(Reason(Cause.SEGMENTS_ESTIMATED),))
    end = " Segments estimated from liver shape: review."
    assert staged_text(estimated) == staged_text(STAGED) + end


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"flr_before_ml": Quantity(400.0)}, "One stage: 400 mL, 46 mL above the minimum."),
        (
            {"flr_before_ml": Quantity.absent(Reason(Cause.SEGMENTS_UNKNOWN))},
            "One stage: remnant not known (the segments are unknown).",
        ),
        (
            {"least_flr_ml": Quantity.absent(Reason(Cause.BRIEF_BODY_SIZE))},
            "One stage: 312 mL; what is asked for is not known (height and weight not given).",
        ),
        (
            {"flr_before_ml": Quantity(312.0, bound=Bound.LOWER, reasons=Reason(Cause.LIVER_CUT))},
            "One stage: at least 312 mL, short by 42 mL.",
        ),
        (
            {"flr_before_ml": Quantity(312.0, indicative=True, reasons=Reason(Cause.LIVER_CUT))},
            "One stage: about 312 mL, short by 42 mL.",
        ),
    ],
)
def test_one_stage(changes, text):
    assert one_stage(replace(STAGED, **changes)) == text


CUT = Quantity.absent(Reason(Cause.REMNANT_CUT))
ENDS = Quantity.absent(reason(Cause.GROWTH_ENDS_BELOW, 417.8, 450.0))


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        ({"weeks_to_threshold": Quantity(2.46)}, ", enough after 2.5 weeks (enough in 93 of 100)."),
        ({"weeks_to_threshold": Quantity(0.0)}, "; it is not needed."),
        (
            {"weeks_to_threshold": ENDS, "least_flr_ml": Quantity(450.0), "probability": 0.3},
            ", still short by 32 mL (enough in 30 of 100).",
        ),
        (
            {"weeks_to_threshold": CUT},
            f"; whether that is enough is not known: {words(Reason(Cause.REMNANT_CUT))}.",
        ),
        ({"least_flr_ml": Quantity.absent(Reason(Cause.BRIEF_BODY_SIZE))}, "."),
        ({"probability": None}, ", enough after at most 1.0 weeks."),
        ({"probability": 0.004}, ", enough after at most 1.0 weeks (enough in under 1 of 100)."),
        ({"probability": 0.995}, ", enough after at most 1.0 weeks (enough in over 99 of 100)."),
        ({"probability": 1.0}, ", enough after at most 1.0 weeks (enough in 100 of 100)."),
        ({"probability": 0.0}, ", enough after at most 1.0 weeks (enough in 0 of 100)."),
    ],
)
def test_two_stages(changes, end):
    begin = "After portal vein embolisation an estimated 418 mL (+33.9 %, pve_pmc8306993)"
    assert two_stages(replace(STAGED, **changes)) == begin + end


RANGE = GrowthRange(low_ml=393.1, high_ml=480.5, low_preset=RPVE.id, high_preset=RPVE_FOUR.id)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"flr_after_range": RANGE},
            "393 mL (+26.0 %, segment IV left open) to 480 mL (+54.0 %, segment IV embolised)",
        ),
        (
            {"flr_after_range": RANGE, "least_flr_ml": Quantity(450.0)},
            (
                "393 mL (+26.0 %, segment IV left open) to 480 mL (+54.0 %, segment IV embolised); "
                "the minimum of 450 mL lies between"
            ),
        ),
        (
            {"flr_after_range": replace(RANGE, low_preset="own_preset", high_preset=PVE_CROOME.id)},
            "393 mL (own preset) to 480 mL (+36.0 %)",
        ),
        ({"flr_after_range": None}, ""),
    ],
)
def test_preset_range(changes, text):
    staged = replace(STAGED, **changes)
    assert preset_range(staged) == text
    assert bool(brief_range(staged)) is bool(text)
    assert range_sentence(staged) == (f"By the presets that fit: {text}." if text else "")


def test_preset_range__of_a_cut_liver_is_at_least():
    cut = Quantity(417.8, bound=Bound.LOWER, reasons=Reason(Cause.LIVER_CUT))
    staged = replace(STAGED, flr_after_range=RANGE, flr_after_ml=cut)
    assert preset_range(staged).startswith("at least 393 mL")
    assert brief_range(staged) == "at least 393 with IV open to 480 with IV embolised by preset"


def test_two_stages__without_a_source_or_a_remnant():
    ligation = replace(STAGED, strategy=Strategy.PVL, preset="none")
    assert two_stages(ligation) == (
        "Growth after portal vein ligation is not estimated: no source."
    )
    assert (
        two_stages(replace(STAGED, flr_after_ml=Quantity.absent(Reason(Cause.SEGMENTS_UNKNOWN))))
        == ""
    )


def test_meanwhile__only_where_growth_is_waited_for():
    assert meanwhile(STAGED) == "In 1.0 weeks the tumour would grow by 18 %."
    assert meanwhile(replace(STAGED, waiting_weeks=0.0)) == ""
    assert meanwhile(replace(STAGED, tumour_growth_fraction=None)) == ""
    assert left_behind(replace(STAGED, untreated=1)) == "1 lesion would stay untreated."
    assert left_behind(STAGED) == ""


def test_findings__of_the_default_preset():
    promised = Forecast(flr_ml=Quantity(417.8), weeks=Quantity(0.7), probability=0.9)
    assert text_of(preset_finding(PVE_RESPONSE, promised, Quantity(354.0))) == (
        "Portal vein embolisation: median growth 33.9 %. Measured in: 118 patients; their tumours "
        "were not recorded. The source's days to the second scan were not at hand."
    )
    curve, spread = assumptions(PVE_RESPONSE)
    assert text_of(curve).startswith(
        "The curve's form is this project's, its time constant 9.7 days: KGR of 5.4 in the first "
    )
    assert text_of(spread).startswith("Spread of growth among patients: from the median and the ")


def test_findings__every_one_has_words_that_fit_a_line():
    promised = Forecast(flr_ml=Quantity(417.8), weeks=Quantity(0.7), probability=0.9)
    cirrhotic = Patient(background=LiverBackground.CIRRHOSIS)
    found = [
        *(preset_finding(preset, promised, Quantity(354.0)) for preset in GROWTH_PRESETS),
        *(one for strategy in Strategy for one in remarks(strategy, cirrhotic)),
        no_source(Strategy.PVL),
    ]
    assert {remark.id for remark in GROWTH_REMARKS} <= {finding.id for finding in found}
    for finding in found:
        assert 0 < len(text_of(finding)) <= 250
    assert text_of(found[-1]).startswith(
        "Growth after portal vein ligation: no source of growth after portal vein ligation alone"
    )


@pytest.mark.parametrize(
    ("cause", "amounts", "text"),
    [
        (
            Cause.GROWTH_ENDS_BELOW,
            (417.8, 500.0),
            "the growth ends at 418 mL, 500 mL are asked for",
        ),
        (
            Cause.SLOWING_ENDS_BELOW,
            (0.2734, 0.3),
            "growth that slows ends at an sFLR of 27.3 %, 30 % were asked for",
        ),
        (
            Cause.INTERVAL_OPEN,
            (0.5,),
            "the interval has no end: in 50 % of the draws it is never reached",
        ),
        (
            Cause.BEFORE_FIRST_LOOK,
            (27.0 / 7.0,),
            "the source first looked 3.9 weeks after the start: nothing is said of the time before",
        ),
        (
            Cause.NO_SPREAD,
            (),
            "the source prints no spread among patients: the interval is too narrow",
        ),
    ],
)
def test_reasons__of_growth(cause, amounts, text):
    assert words(reason(cause, *amounts)) == text
