"""Growth presets: what is printed, and what follows from it."""

from math import exp, log
from pathlib import Path
from statistics import NormalDist

import pytest

from planning.literature import load_literature
from planning.rules.growth import (
    ALPPS_CROOME,
    GROWTH_PRESETS,
    GROWTH_REMARKS,
    PVE_CROOME,
    PVE_RESPONSE,
    PVE_TIME,
    RPVE,
    RPVE_FOUR,
    Strategy,
    log_sd_from_mean,
    log_sd_from_share,
    tau_from_paces,
    tau_from_scan,
)
from remnant.core.findings import SourceStatus


def test_presets__figures_as_printed():
    printed = {preset.id: preset.response_fraction for preset in GROWTH_PRESETS}
    assert {
        "pve_pmc8306993": 0.339,
        "pve_croome2015": 0.360,
        "rpve_pmc5901738": 0.26,
        "rpve4_pmc5901738": 0.54,
        "alpps_croome2015": 0.843,
    } == printed


def test_presets__have_sources_populations_and_order():
    for preset in GROWTH_PRESETS:
        assert preset.source in load_literature()
        assert preset.population
        assert SourceStatus.VERIFIED is preset.status
        assert 0 < preset.time.low_days < preset.time.days < preset.time.high_days
    assert {Strategy.PVE, Strategy.ALPPS} == {preset.strategy for preset in GROWTH_PRESETS}


def test_remarks__have_sources():
    assert len({remark.id for remark in GROWTH_REMARKS}) == len(GROWTH_REMARKS)
    for remark in GROWTH_REMARKS:
        assert remark.source in load_literature()
        assert remark.strategies


def test_spread__36_percent_do_not_respond():
    """The log-normal has the printed median and 36.5 % below 25 %; its quartiles follow."""
    response = NormalDist(log(PVE_RESPONSE.median_fraction), PVE_RESPONSE.log_sd)

    assert 0.365 == pytest.approx(response.cdf(log(0.25)))
    assert 0.187 == pytest.approx(exp(response.inv_cdf(0.25)), abs=0.0005)
    assert 0.615 == pytest.approx(exp(response.inv_cdf(0.75)), abs=0.0005)


@pytest.mark.parametrize(("preset", "mean", "sd"), [(PVE_CROOME, 0.36, 0.272),
                                                    (ALPPS_CROOME, 0.843, 0.078)])  # fmt: skip
def test_spread__log_normal_has_the_printed_mean_and_sd(preset, mean, sd):
    """Its mean is m e^(s²/2), its variance (e^(s²) − 1) mean²."""
    variance = preset.log_sd**2
    assert mean == pytest.approx(preset.median_fraction * exp(variance / 2))
    assert sd == pytest.approx(mean * (exp(variance) - 1) ** 0.5)


def test_spread__none_where_none_is_printed():
    for preset in (RPVE, RPVE_FOUR):
        assert preset.log_sd is None
        assert preset.median_fraction == preset.response_fraction


def test_log_sd__inverse_of_what_it_is_computed_from():
    assert 1.0 == pytest.approx(log_sd_from_share(exp(1.0), 1.0, NormalDist().cdf(-1.0)))
    assert log(2.0) ** 0.5 == pytest.approx(log_sd_from_mean(3.0, 3.0))


@pytest.mark.parametrize("share", [0.5, 0.9, 0.95, 0.99])
def test_tau__of_a_scan_gives_back_its_share(share):
    assert share == pytest.approx(1 - exp(-27.0 / tau_from_scan(27.0, share)))


def test_tau__of_two_paces_in_closed_form():
    """Over one week later the ratio is exp(−7 / τ) itself; over two it solves x² + x = 2 r."""
    assert 7 / log(5.4 / 1.5) == pytest.approx(tau_from_paces(5.4, 1.5, 1))
    root = (-1 + (1 + 8 * 1.5 / 5.4) ** 0.5) / 2
    assert -7 / log(root) == pytest.approx(tau_from_paces(5.4, 1.5, 2))


@pytest.mark.parametrize("weeks", [1, 3, 7])
def test_tau__of_two_paces_gives_them_back(weeks):
    tau = tau_from_paces(5.4, 1.5, weeks)

    def there(week):
        return 1 - exp(-7 * week / tau)

    later = (there(1 + weeks) - there(1)) / weeks
    assert 1.5 / 5.4 == pytest.approx(later / there(1))


def test_tau__of_the_presets():
    """27 days / ln 20 = 9.0; 36.0 / 0.98 = 36.7 days; 84.3 / 10.8 = 7.8 days."""
    assert (5.46, 9.66, 17.81) == pytest.approx(
        (PVE_TIME.low_days, PVE_TIME.days, PVE_TIME.high_days), abs=0.005
    )
    assert 27 / log(20) == pytest.approx(RPVE.time.days)
    assert 36 / 0.98 / log(20) == pytest.approx(PVE_CROOME.time.days)
    assert 84.3 / 10.8 / log(20) == pytest.approx(ALPPS_CROOME.time.days)
    assert 27.0 == pytest.approx(RPVE.time.grown_days)


def test_page__shows_every_preset_as_it_is():
    """The table of docs/explanation/growth.md is written by hand; this holds it to the data."""
    page = Path(__file__).parents[2] / "docs" / "explanation" / "growth.md"
    rows = [line for line in page.read_text(encoding="utf-8").splitlines() if line[:3] == "| `"]
    for preset in GROWTH_PRESETS:
        (row,) = (line for line in rows if line.startswith(f"| `{preset.id}`"))
        time = preset.time
        assert f"{preset.centre} {100 * preset.response_fraction:g} %" in row
        assert f"| {time.days:.1f} ({time.low_days:.1f} to {time.high_days:.1f}) |" in row
        assert f"| {preset.population.split()[0]} " in row
        assert ("none recorded" in row) is (preset.log_sd is None)
