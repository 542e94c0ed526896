"""Growth that slows: closed forms, properties, probabilities against the normal distribution."""

from dataclasses import replace
from math import exp, log
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planning.rules.growth import (
    ALPPS_CROOME,
    GROWTH_PRESETS,
    PVE_CROOME,
    PVE_RESPONSE,
    RPVE,
    RPVE_FOUR,
)
from planning.staging.growth_curve import (
    DRAWS,
    MINIMUM,
    NOT_SURE,
    RESPONSE,
    after_growth,
    drawn_of,
    forecast,
    grown,
    normal_scores,
    probability_of_reaching,
    slowing,
    time_to_threshold,
    tumour_growth_fraction,
    weeks_until,
)
from remnant.core.errors import ImplausibleValueError
from remnant.core.quantity import Bound, Interval, Quantity
from remnant.core.reasons import Cause, Reason, reason
from volumetry.growth.remnant_growth import weeks_to_reach

NO_SPREAD = (Reason(Cause.NO_SPREAD),)
NO_SEGMENTS, NO_SIZE = Reason(Cause.SEGMENTS_UNKNOWN), Reason(Cause.BRIEF_BODY_SIZE)
TAU = PVE_RESPONSE.time.days
LEVELS = np.linspace(0.0, 1.0, 201)


def normal(value, sd):
    """A normally distributed quantity; its ends lie at 0.1 and 99.9 %."""
    inverse = NormalDist(value, sd).inv_cdf
    quantiles = tuple(inverse(min(max(level, 0.001), 0.999)) for level in LEVELS)
    return Quantity(value, interval=Interval(inverse(0.05), inverse(0.95), quantiles=quantiles))


def test_grown__a_share_that_slows():
    """After τ 1 − 1/e of the growth is there, after τ ln 2 half of it."""
    assert 300.0 == grown(300.0, 0.5, days=0.0, tau_days=9.0)
    half = grown(300.0, 0.5, days=9.0 * log(2), tau_days=9.0)
    assert 375.0 == pytest.approx(half)
    assert 300 + 150 * (1 - exp(-1)) == pytest.approx(grown(300.0, 0.5, days=9.0, tau_days=9.0))


@given(
    response=st.floats(0.0, 3.0),
    more=st.floats(0.0, 1.0),
    days=st.floats(0.0, 200.0),
    later=st.floats(0.0, 100.0),
)
def test_grown__rises_with_response_and_time_up_to_its_end(response, more, days, later):
    now = grown(300.0, response, days=days, tau_days=TAU)

    assert now <= grown(300.0, response + more, days=days, tau_days=TAU) + 1e-9
    assert now <= grown(300.0, response, days=days + later, tau_days=TAU) + 1e-9
    assert 300.0 <= now <= 300.0 * (1.0 + response) + 1e-9


@given(missing=st.floats(0.1, 99.0), growth=st.floats(100.0, 500.0), tau=st.floats(1.0, 30.0))
def test_weeks_until__is_the_curve_turned_round(missing, growth, tau):
    weeks = float(weeks_until(missing, growth, tau))

    there = grown(1000.0, growth / 1000.0, days=7 * weeks, tau_days=tau)
    assert 1000.0 + missing == pytest.approx(there)


@pytest.mark.parametrize("missing", [0.0, -50.0])
@pytest.mark.parametrize("growth", [0.0, 100.0])
def test_weeks_until__none_where_nothing_is_missing(missing, growth):
    assert float(weeks_until(missing, growth, 9.0)) == 0.0


@pytest.mark.parametrize("growth", [100.0, 99.0, 0.0, -5.0])
def test_weeks_until__endless_where_as_much_is_missing_as_will_come(growth):
    assert np.isinf(float(weeks_until(100.0, growth, 9.0)))


def test_weeks_until__draw_by_draw():
    weeks = weeks_until(np.array([0.0, 50.0, 100.0]), np.array([100.0, 100.0, 100.0]), 7.0)
    assert [0.0, log(2), np.inf] == pytest.approx(weeks.tolist())


def test_time__in_closed_form():
    """78 of 105.768 mL: −τ ln(1 − 78 / 105.768) / 7 = 1.85 weeks."""
    found = time_to_threshold(Quantity(312.0), least_flr_ml=Quantity(390.0), preset=PVE_RESPONSE)

    assert -TAU / 7 * log(1 - 78 / 105.768) == pytest.approx(found.value)
    assert found.bound is None


@pytest.mark.parametrize("preset", GROWTH_PRESETS, ids=lambda preset: preset.id)
def test_time__none_before_the_first_observation(preset):
    """A tenth of all growth is there after τ ln(10 / 9), before any source looked."""
    least = Quantity(300.0 * (1.0 + 0.1 * preset.response_fraction))
    found = time_to_threshold(Quantity(300.0), least_flr_ml=least, preset=preset)

    first = preset.time.first_days / 7
    assert preset.time.days * log(10 / 9) / 7 < first
    assert (first, Bound.UPPER) == (found.value, found.bound)
    assert reason(Cause.BEFORE_FIRST_LOOK, first) == found.reasons[-1]
    assert first <= found.interval.low


@pytest.mark.parametrize(
    ("preset", "days"),
    [
        (PVE_RESPONSE, 7.0),
        (PVE_CROOME, 36.0 / 0.98),
        (RPVE, 27.0),
        (RPVE_FOUR, 27.0),
        (ALPPS_CROOME, 84.3 / 10.8),
    ],
    ids=lambda given: getattr(given, "id", ""),
)
def test_first_observation__as_the_sources_print_it(preset, days):
    """PMC6414468 looked after a week; PMC5901738 after 27 days; Croome: growth over pace."""
    assert days == pytest.approx(preset.time.first_days)


@given(
    flr=st.floats(100.0, 900.0),
    share=st.floats(0.0, 1.2),
    preset=st.sampled_from(GROWTH_PRESETS),
    spread_ml=st.sampled_from([0.0, 15.0]),
)
def test_time__is_none_or_not_before_the_first_observation(flr, share, preset, spread_ml):
    remnant = normal(flr, spread_ml) if spread_ml else Quantity(flr)
    least = Quantity(flr * (1.0 + share * preset.response_fraction))
    found = time_to_threshold(remnant, least_flr_ml=least, preset=preset)

    first = preset.time.first_weeks
    assert found.value in (None, 0.0) or found.value >= first
    ends = () if found.interval is None else (found.interval.low, found.interval.high)
    assert all(end == 0.0 or end >= first for end in ends)


def test_time__zero_where_it_is_reached_already():
    for least in (312.0, 200.0):
        found = time_to_threshold(
            Quantity(312.0), least_flr_ml=Quantity(least), preset=PVE_RESPONSE
        )
        assert found.value == 0.0
        assert (0.0, 0.0) == (found.interval.low, found.interval.high)


def test_time__absent_where_growth_ends_below():
    found = time_to_threshold(Quantity(312.0), least_flr_ml=Quantity(500.0), preset=PVE_RESPONSE)

    assert found.value is None
    (below,) = found.reasons
    assert (Cause.GROWTH_ENDS_BELOW, (pytest.approx(417.768), 500.0)) == (
        below.cause,
        below.amounts,
    )


@pytest.mark.parametrize(
    ("flr", "least", "reasons"),
    [
        (Quantity.absent(NO_SEGMENTS), Quantity(300.0), (NO_SEGMENTS,)),
        (Quantity(300.0), Quantity.absent(NO_SIZE), (NO_SIZE,)),
        (
            Quantity.absent(NO_SEGMENTS),
            Quantity.absent(NO_SEGMENTS),
            (NO_SEGMENTS,),
        ),
        (
            Quantity.absent(NO_SEGMENTS),
            Quantity.absent(NO_SIZE),
            (NO_SEGMENTS, NO_SIZE),
        ),
    ],
)
def test_time__absent_with_the_reason(flr, least, reasons):
    promised = forecast(flr, least_flr_ml=least, preset=PVE_RESPONSE)

    assert promised.weeks.value is None
    assert reasons == promised.weeks.reasons
    assert promised.probability is None
    assert (promised.flr_ml.value is None) is (flr.value is None)


@pytest.mark.parametrize(
    ("flr", "least", "bound", "time"),
    [
        (312.0, 354.0, Bound.LOWER, Bound.UPPER),
        (312.0, 354.0, Bound.UPPER, Cause.BEFORE_FIRST_LOOK),
        (312.0, 390.0, Bound.LOWER, Bound.UPPER),
        (312.0, 390.0, Bound.UPPER, Bound.LOWER),
        (400.0, 354.0, Bound.LOWER, None),
        (400.0, 354.0, Bound.UPPER, Cause.REMNANT_CUT),
        (312.0, 500.0, Bound.LOWER, Cause.REMNANT_CUT),
        (312.0, 500.0, Bound.UPPER, Cause.GROWTH_ENDS_BELOW),
    ],
)
def test_time__of_a_remnant_that_the_scan_cuts(flr, least, bound, time):
    """More liver than measured is enough sooner; what is not sure is not said."""
    cut = Quantity(flr, bound=bound, reasons=Reason(Cause.LIVER_CUT))
    found = time_to_threshold(cut, least_flr_ml=Quantity(least), preset=PVE_RESPONSE)

    if isinstance(time, Cause):
        assert found.value is None
        assert time is found.reasons[-1].cause
    else:
        assert time == found.bound
        assert Reason(Cause.LIVER_CUT) == found.reasons[0]


def test_time__of_an_indicative_remnant_is_not_said():
    about = Quantity(312.0, indicative=True, reasons=Reason(Cause.LIVER_CUT))
    promised = forecast(about, least_flr_ml=Quantity(354.0), preset=PVE_RESPONSE)

    assert (NOT_SURE,) == promised.weeks.reasons
    assert promised.probability is None
    assert promised.flr_ml.indicative


def test_time__interval_of_the_response_alone():
    """Median response, certain volumes, one time constant: ends are times of its 5 and 95 %."""
    steady = replace(PVE_RESPONSE.time, low_days=TAU, high_days=TAU)
    preset = replace(PVE_RESPONSE, time=steady, log_sd=0.1)
    found = time_to_threshold(Quantity(300.0), least_flr_ml=Quantity(375.0), preset=preset)

    def weeks(level):
        response = 0.339 * exp(0.1 * NormalDist().inv_cdf(level))
        return -TAU / 7 * log(1 - 75 / (300 * response))

    assert weeks(0.95) == pytest.approx(found.interval.low, rel=0.01)
    assert weeks(0.05) == pytest.approx(found.interval.high, rel=0.01)
    assert found.value == pytest.approx(found.interval.median, rel=0.01)
    assert () == found.reasons


def test_time__interval_is_open_where_many_never_reach_it():
    """All of the median response is nearly needed: half of the patients never get there."""
    found = time_to_threshold(Quantity(300.0), least_flr_ml=Quantity(401.0), preset=PVE_RESPONSE)

    assert found.value is not None
    assert found.interval is None
    (never,) = found.reasons
    assert Cause.INTERVAL_OPEN is never.cause
    assert (0.5,) == pytest.approx(never.amounts, abs=0.005)


def test_time__interval_keeps_its_ends_where_few_never_reach_it():
    """Responses of 25 % and less are rare here: ln(0.25 / 0.339) / 0.12 = −2.5 SD, 0.6 %."""
    narrow = replace(PVE_RESPONSE, log_sd=0.12)
    found = time_to_threshold(Quantity(300.0), least_flr_ml=Quantity(375.0), preset=narrow)

    assert found.interval.low < found.value < found.interval.high
    assert () == found.interval.quantiles


@given(more=st.floats(0.0, 0.5), least=st.floats(310.0, 400.0))
def test_time__a_better_response_is_never_later(more, least):
    better = replace(PVE_RESPONSE, response_fraction=PVE_RESPONSE.response_fraction + more)
    one, two = (
        time_to_threshold(Quantity(300.0), least_flr_ml=Quantity(least), preset=preset)
        for preset in (PVE_RESPONSE, better)
    )

    assert two.value <= one.value + 1e-9


def test_probability__of_non_response():
    """25 % more is asked for: the source's 36.5 % do not reach it."""
    found = probability_of_reaching(
        Quantity(300.0), least_flr_ml=Quantity(375.0), preset=PVE_RESPONSE
    )
    assert 0.635 == pytest.approx(found, abs=0.002)


def test_probability__of_the_volumes_alone_in_closed_form():
    """Both normal, independent: P(1.54 F ≥ L) with F ~ (300, 20), L ~ (450, 30)."""
    alike = replace(RPVE_FOUR, log_sd=0.0)
    found = probability_of_reaching(
        normal(300.0, 20.0), least_flr_ml=normal(450.0, 30.0), preset=alike
    )
    expected = NormalDist().cdf((1.54 * 300 - 450) / np.hypot(1.54 * 20, 30))
    assert expected == pytest.approx(found, abs=0.005)


def test_probability__of_response_and_volume_together():
    """Against as many random draws as it takes to see a difference of half a percent."""
    rng = np.random.default_rng(7)
    flr = rng.normal(300.0, 25.0, 400_000)
    response = 0.339 * np.exp(PVE_RESPONSE.log_sd * rng.standard_normal(400_000))
    expected = np.mean(flr * (1 + response) >= 400.0)

    found = probability_of_reaching(
        normal(300.0, 25.0), least_flr_ml=Quantity(400.0), preset=PVE_RESPONSE
    )
    assert expected == pytest.approx(found, abs=0.006)


def test_probability__none_where_the_source_prints_no_spread():
    promised = forecast(normal(300.0, 20.0), least_flr_ml=Quantity(400.0), preset=RPVE_FOUR)

    assert promised.probability is None
    assert promised.flr_ml.reasons == promised.weeks.reasons[:1] == NO_SPREAD


@given(least=st.floats(250.0, 700.0), more=st.floats(0.0, 200.0))
def test_probability__falls_with_what_is_asked_for(least, more):
    easy, hard = (
        probability_of_reaching(
            normal(300.0, 20.0), least_flr_ml=Quantity(minimum_ml), preset=PVE_RESPONSE
        )
        for minimum_ml in (least, least + more)
    )
    assert 0.0 <= hard <= easy <= 1.0


def test_after_growth__holds_the_spread_of_the_response():
    found = after_growth(Quantity(300.0), PVE_RESPONSE)

    assert 401.7 == pytest.approx(found.value)
    high = 300 * (1 + 0.339 * exp(PVE_RESPONSE.log_sd * 1.6449))
    assert high == pytest.approx(found.interval.high, rel=0.01)
    assert 0.635 == pytest.approx(found.probability(375.0, inclusive=True), abs=0.005)


def test_after_growth__keeps_what_is_known_of_the_volume():
    cut = Quantity(300.0, bound=Bound.LOWER, reasons=Reason(Cause.LIVER_CUT))

    assert Bound.LOWER is after_growth(cut, RPVE_FOUR).bound
    assert (*cut.reasons, *NO_SPREAD) == after_growth(cut, RPVE_FOUR).reasons
    assert after_growth(cut, RPVE_FOUR).interval is None
    grown_ml = after_growth(normal(300.0, 20.0), RPVE_FOUR)
    assert 1.54 * (300 - 1.6449 * 20) == pytest.approx(grown_ml.interval.low, rel=0.002)
    absent = Quantity.absent(NO_SEGMENTS)
    assert absent is after_growth(absent, PVE_RESPONSE)


def test_draws__are_even_and_independent():
    scores = [normal_scores(dimension) for dimension in (RESPONSE, MINIMUM)]
    first = drawn_of(normal(0.0, 1.0))
    for score in scores:
        assert 0.0 == pytest.approx(score.mean(), abs=0.005)
        assert 1.0 == pytest.approx(score.std(), abs=0.01)
        assert 0.0 == pytest.approx(np.corrcoef(score, first)[0, 1], abs=0.02)
    assert 0.0 == pytest.approx(np.corrcoef(*scores)[0, 1], abs=0.02)
    tau = slowing(PVE_RESPONSE.time)
    assert 0.5 == pytest.approx(np.mean(tau < TAU), abs=0.002)
    assert (DRAWS,) == tau.shape


def test_draws__of_a_certain_volume_are_its_value():
    assert {300.0} == set(drawn_of(Quantity(300.0, interval=Interval(290.0, 310.0))).tolist())


@pytest.mark.parametrize(("factor", "times"), [(1.5, 2.64), (2.0, 3.65)])
def test_tumour__worked_examples_of_faster_growth(factor, times):
    """A doubling time of 30 days, 28 days, 1.5 and 2 times as fast: 2^1.4 and 2^1.867."""
    found = tumour_growth_fraction(28.0, doubling_days=30.0, factor=factor)
    assert times == pytest.approx(1 + found, abs=0.005)


def test_tumour__doubles_in_its_doubling_time():
    assert tumour_growth_fraction(0.0, doubling_days=45.0) == 0.0
    assert 1.0 == pytest.approx(tumour_growth_fraction(45.0, doubling_days=45.0))


@pytest.mark.parametrize(("days", "factor"), [(0.0, 1.0), (-3.0, 1.0), (30.0, 0.0)])
def test_tumour__refuses_what_is_no_time(days, factor):
    with pytest.raises(ImplausibleValueError, match="above 0 for both"):
        tumour_growth_fraction(28.0, doubling_days=days, factor=factor)


@pytest.mark.parametrize(
    ("sflr", "pace", "weeks"), [(0.22, 0.025, 3.2), (0.22, 0.020, 4.0), (0.22, 0.03, 8 / 3)]
)
def test_straight_line__worked_examples(sflr, pace, weeks):
    assert weeks == pytest.approx(float(weeks_to_reach(sflr, pace, 0.30)))


def test_alpps__is_quick():
    """Nearly twice the remnant in under two weeks: 84.3 % more, by the scan after 7.8 days.

    The curve has 79 % of the growth after 4 days; nobody looked then.
    """
    found = time_to_threshold(Quantity(300.0), least_flr_ml=Quantity(500.0), preset=ALPPS_CROOME)
    assert -ALPPS_CROOME.time.days / 7 * log(1 - 200 / 252.9) < 0.6
    assert (84.3 / 10.8 / 7, Bound.UPPER) == (pytest.approx(found.value), found.bound)
