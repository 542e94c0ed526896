"""Growth of a future liver remnant as data: what each source measured, and when.

Three families of figures are in print and never mixed here: relative hypertrophy in percent of the
first remnant (what a preset holds), mL or percent of the first remnant a day, and points of the
standardised volume a week. No source studied neuroendocrine metastases alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import exp, log, sqrt
from statistics import NormalDist

from remnant.core.findings import SourceStatus
from remnant.core.labels import CouinaudSegment
from remnant.core.patient import LiverBackground
from remnant.core.staged_plan import Strategy

DAYS_PER_WEEK = 7.0
GROWN_AT_SCAN = (0.90, 0.95, 0.99)
"""Share of all growth that a source's second scan shows (least, assumed, most): this project's."""
FIRST_WEEK_POINTS, LATER_POINTS = 5.4, 1.5
"""KGR in the first week and between the first and the second CT (``pmc6414468``)."""
LATER_WEEKS = (1, 3, 7)
"""Weeks from the first to the second CT (least, assumed, most): this project's reading; the
source speaks of waits of up to 8 weeks."""


class Centre(StrEnum):
    """Which average a source prints."""

    MEAN = "mean"
    MEDIAN = "median"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeConstant:
    """How fast growth slows: after so many days 63 % of it is there.

    Parameters
    ----------
    days
        Above 0.
    low_days, high_days
        Between these it is taken to lie.
    first_days
        When the growth that it rests on was first looked at, in days after the start: nothing is
        read from the curve between 0 and this.
    derivation
        Where it comes from, in words.
    """

    days: float
    low_days: float
    high_days: float
    first_days: float
    derivation: str

    @property
    def first_weeks(self) -> float:
        """First observation in weeks."""
        return self.first_days / DAYS_PER_WEEK

    @property
    def grown_days(self) -> float:
        """Days until 95 % of the growth is there."""
        return -self.days * log(1.0 - GROWN_AT_SCAN[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthPreset:
    """What one source measured after one way of making the remnant grow.

    Parameters
    ----------
    id, title, strategy
        Machine name, name for people, and what was done.
    response_fraction, centre
        Relative hypertrophy as printed: (FLR after − FLR before) / FLR before; its mean or median.
        Taken as all the growth there will be: nothing is counted beyond what was measured.
    log_sd
        Standard deviation of its logarithm among patients (log-normal, never negative); ``None``
        where the source prints no spread.
    spread
        What that rests on, in words.
    time
        Time constant of the curve; this project's derivation from the source's own times.
    patients, tumours, source, status
        Whom it was measured in, what is known of their tumours, key in
        ``planning/literature.bib``, and whether it was read there.
    kept
        Segments whose growth was measured; empty where the source names none.
    with_four
        Whether the branches of segment IV were embolised too; ``None`` where it is not recorded.
    remark
        What a reader must know of it.
    """

    id: str
    title: str
    strategy: Strategy
    response_fraction: float
    centre: Centre
    log_sd: float | None
    spread: str
    time: TimeConstant
    patients: str
    source: str
    status: SourceStatus = SourceStatus.VERIFIED
    kept: frozenset[CouinaudSegment] = frozenset()
    with_four: bool | None = None
    remark: str = field(default="")
    tumours: str = ""

    @property
    def finding_id(self) -> str:
        """Id of the finding on what it promises a remnant, which is judged in mL."""
        return f"growth.{self.id}"

    @property
    def population(self) -> str:
        """Whom it was measured in, with what is known of their tumours."""
        return f"{self.patients}; {self.tumours}" if self.tumours else self.patients

    @property
    def median_fraction(self) -> float:
        """Median of the response: of a log-normal mean ``m`` it is ``m exp(−s² / 2)``."""
        if self.centre is Centre.MEDIAN or self.log_sd is None:
            return self.response_fraction
        return self.response_fraction * exp(-(self.log_sd**2) / 2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthRemark:
    """A published fact that bears on waiting for growth and is no rule.

    ``strategies`` names the ways of growing that it speaks of; ``backgrounds`` the livers, empty
    for all.
    """

    id: str
    statement: str
    strategies: tuple[Strategy, ...]
    population: str
    source: str
    status: SourceStatus = SourceStatus.VERIFIED
    backgrounds: frozenset[LiverBackground] = frozenset()


def log_sd_from_mean(mean: float, sd: float) -> float:
    """Return the standard deviation of the logarithm of a log-normal with this mean and SD."""
    return sqrt(log(1.0 + (sd / mean) ** 2))


def log_sd_from_share(median: float, limit: float, share_below: float) -> float:
    """Return it from the median and the share of patients below one limit under the median."""
    return log(limit / median) / NormalDist().inv_cdf(share_below)


def tau_from_scan(days: float, grown_share: float) -> float:
    """Return the time constant in days of growth that has reached a share of its end by a scan.

    ``1 − exp(−days / τ) = share``.
    """
    return -days / log(1.0 - grown_share)


def tau_from_paces(first_week: float, later: float, later_weeks: int) -> float:
    """Return the time constant in days at which mean growth slows from one pace to another.

    Parameters
    ----------
    first_week
        Gain in the first week.
    later
        Mean gain a week in the ``later_weeks`` after it; above 0 and below ``first_week``.

    Returns
    -------
    float
        With ``x = exp(−7 / τ)`` it solves ``(x + x² + … + xⁿ) / n = later / first_week``.
    """
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2.0
        pace = sum(middle**week for week in range(1, later_weeks + 1)) / later_weeks
        low, high = (middle, high) if pace < later / first_week else (low, middle)
    return -DAYS_PER_WEEK / log(low)


def _from_scan(days: float, how: str) -> TimeConstant:
    low, middle, high = (tau_from_scan(days, share) for share in reversed(GROWN_AT_SCAN))
    return TimeConstant(
        days=middle,
        low_days=low,
        high_days=high,
        first_days=days,
        derivation=f"second scan after {days:.3g} days ({how}), taken to show 95 % of the growth "
        f"(90 to 99 %)",
    )


def _from_paces() -> TimeConstant:
    low, middle, high = (
        tau_from_paces(FIRST_WEEK_POINTS, LATER_POINTS, weeks) for weeks in LATER_WEEKS
    )
    return TimeConstant(
        days=middle,
        low_days=low,
        high_days=high,
        first_days=DAYS_PER_WEEK,
        derivation="KGR of 5.4 in the first week and 1.5 between the first and the second CT "
        "(PMC6414468), taken to lie 3 weeks apart (1 to 7)",
    )


TWO_THREE = frozenset((CouinaudSegment.II, CouinaudSegment.III))

PVE_TIME = _from_paces()

PVE_RESPONSE = GrowthPreset(
    id="pve_pmc8306993",
    title="Portal vein embolisation",
    strategy=Strategy.PVE,
    response_fraction=0.339,
    centre=Centre.MEDIAN,
    log_sd=log_sd_from_share(0.339, 0.25, 0.365),
    spread="from the median and the 36.5 % below 25 % (non-response); it gives quartiles of 18.7 "
    "and 61.5 %, the source prints 16.5 to 60.4 % without saying what they are",
    time=PVE_TIME,
    patients="118 patients",
    tumours="their tumours were not recorded",
    source="pmc8306993",
    remark="The source's days to the second scan were not at hand.",
)
PVE_CROOME = GrowthPreset(
    id="pve_croome2015",
    title="Portal vein embolisation (Croome 2015)",
    strategy=Strategy.PVE,
    response_fraction=0.360,
    centre=Centre.MEAN,
    log_sd=log_sd_from_mean(0.360, 0.272),
    spread="from the mean and ± 27.2 %, read as a standard deviation",
    time=_from_scan(0.360 / 0.0098, "36.0 % at 0.98 % a day"),
    patients="53 patients",
    tumours="their tumours were not recorded",
    source="croome2015",
    remark="The same growth is printed as 4.4 ± 3.2 mL and 0.98 ± 0.75 % a day.",
)
RPVE = GrowthPreset(
    id="rpve_pmc5901738",
    title="Right portal vein embolisation, II and III kept",
    strategy=Strategy.PVE,
    response_fraction=0.26,
    centre=Centre.MEDIAN,
    log_sd=None,
    spread="none recorded",
    time=_from_scan(27.0, "median"),
    patients="15 patients with an uninjured liver",
    source="pmc5901738",
    kept=TWO_THREE,
    with_four=False,
    remark="Median gain 106 mL; segment IV, left open, grew too (52 mL).",
)
RPVE_FOUR = GrowthPreset(
    id="rpve4_pmc5901738",
    title="Right portal vein embolisation with segment IV, II and III kept",
    strategy=Strategy.PVE,
    response_fraction=0.54,
    centre=Centre.MEDIAN,
    log_sd=None,
    spread="none recorded",
    time=_from_scan(27.0, "median"),
    patients="58 patients with an uninjured liver",
    source="pmc5901738",
    kept=TWO_THREE,
    with_four=True,
    remark="Median gain 141 mL.",
)
ALPPS_CROOME = GrowthPreset(
    id="alpps_croome2015",
    title="ALPPS (Croome 2015)",
    strategy=Strategy.ALPPS,
    response_fraction=0.843,
    centre=Centre.MEAN,
    log_sd=log_sd_from_mean(0.843, 0.078),
    spread="from the mean and ± 7.8 %, read as a standard deviation; narrow beside that of the "
    "daily rate (4.5 of 10.8 %), so that it may be a standard error",
    time=_from_scan(0.843 / 0.108, "84.3 % at 10.8 % a day"),
    patients="15 patients",
    tumours="their tumours were not recorded",
    source="croome2015",
    remark="The same growth is printed as 32.7 ± 13.6 mL and 10.8 ± 4.5 % a day.",
)

GROWTH_PRESETS: tuple[GrowthPreset, ...] = (
    PVE_RESPONSE,
    PVE_CROOME,
    RPVE,
    RPVE_FOUR,
    ALPPS_CROOME,
)
"""Every preset; the first one of a strategy is its default. Portal vein ligation has none."""

PRESETS: Mapping[str, GrowthPreset] = {preset.id: preset for preset in GROWTH_PRESETS}

PVL_REASON = (
    "no source of growth after portal vein ligation alone was recorded; PMC6414468 counts it "
    "together with embolisation, as a pace only"
)

GROWTH_REMARKS: tuple[GrowthRemark, ...] = (
    GrowthRemark(
        id="growth.slowing",
        statement="Growth slows: mean KGR 5.4 in the first week, 1.5 between the first and the "
        "second CT (unit not printed, presumably points of sFLR a week).",
        strategies=(Strategy.PVE, Strategy.PVL),
        population="48 patients with colorectal metastases and an sFLR below 30 %, portal vein "
        "embolised or ligated",
        source="pmc6414468",
    ),
    GrowthRemark(
        id="growth.drop_out",
        statement="20 to 40 % do not reach the second stage after portal vein embolisation or "
        "ligation, most of them by tumour progression.",
        strategies=(Strategy.PVE, Strategy.PVL),
        population="patients before major liver resection",
        source="pmc8370912",
    ),
    GrowthRemark(
        id="growth.two_stage_series",
        statement="In a two-stage series of neuroendocrine metastases (Clichy), two months of "
        "observation lay between the stages and 4 % dropped out by progression.",
        strategies=(Strategy.PVE, Strategy.PVL),
        population="highly selected patients with neuroendocrine liver metastases",
        source="machairas2021",
    ),
    GrowthRemark(
        id="growth.cirrhosis",
        statement="Cirrhosis lessens growth; no preset here was measured in cirrhotic livers "
        "alone.",
        strategies=(Strategy.PVE, Strategy.PVL, Strategy.ALPPS),
        population="44 articles, 1791 patients with portal vein embolisation",
        source="pmc3549243",
        backgrounds=frozenset((LiverBackground.FIBROSIS, LiverBackground.CIRRHOSIS)),
    ),
)
"""Facts beside the presets; none of them decides anything."""
