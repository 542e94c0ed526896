"""Plans in two stages: what a growing remnant would add to a plan that leaves too little.

The first stage clears the liver that stays and closes the portal branches of what is to go; the
remnant grows; the second stage removes the segments. What grows is the functional liver that the
one-stage plan would leave: margins and ablation zones are taken off before, so that destroyed liver
does not grow, nor does liver that the second stage takes with a margin.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planning.rules.growth import (
    DAYS_PER_WEEK,
    GROWTH_PRESETS,
    GrowthPreset,
)
from planning.staging.growth_curve import (
    MINIMUM,
    Forecast,
    after_growth,
    drawn_of,
    forecast,
    tumour_growth_fraction,
)
from planning.staging.growth_findings import assumptions, no_source, preset_finding, remarks
from remnant.core.clinical import ClinicalFacts
from remnant.core.debulking import DebulkingPlan, Fate
from remnant.core.errors import ImplausibleValueError
from remnant.core.findings import Finding
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Lesion
from remnant.core.patient import Patient
from remnant.core.quantity import CERTAINTY, Quantity
from remnant.core.reasons import Cause, Reason, joined
from remnant.core.recipe import CORE_SHARE_MINIMUM, Recipe
from remnant.core.staged_plan import GrowthRange, StagedPlan, Strategy
from remnant.core.units import percent_from_fraction
from remnant.core.volumetry_report import VolumetryReport

NO_PRESET = "none"
WITHOUT_SOURCE = Quantity.absent(Reason(Cause.NO_GROWTH_SOURCE, names=(Strategy.PVL.value,)))
NO_FORECAST = Forecast(flr_ml=WITHOUT_SOURCE, weeks=WITHOUT_SOURCE, probability=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What is the same for every plan."""

    report: VolumetryReport
    patient: Patient
    facts: ClinicalFacts
    least_flr_ml: Quantity
    grounds: tuple[Reason, ...]


def staged_plans(
    plans: Sequence[DebulkingPlan],
    *,
    report: VolumetryReport,
    patient: Patient,
    facts: ClinicalFacts,
    least_flr_ml: Quantity,
    certainty: float = CERTAINTY,
) -> tuple[StagedPlan, ...]:
    """Hold plans that remove segments against the same plans in two stages.

    Parameters
    ----------
    plans
        In one stage. Staged are those that remove segments and whose remnant is not sure to
        suffice.
    report
        Where the lesions lie, and whether the segments need review.
    patient
        Its background decides which remarks bear on growth.
    facts
        The tumour's doubling time; without it nothing is said of its growth.
    least_flr_ml
        The remnant asked for; absent with the reason where it is not known: then there is no time.
    certainty
        A remnant that is enough with at least this probability needs no growth.

    Returns
    -------
    tuple
        For each plan one by portal vein embolisation, ligation and ALPPS, in the order of plans.
        Growth after ligation has no source: its figures are absent.
    """
    case = _Case(
        report=report,
        patient=patient,
        facts=facts,
        least_flr_ml=least_flr_ml,
        grounds=(Reason(Cause.SEGMENTS_ESTIMATED),) if report.segments_need_review else (),
    )
    return tuple(
        _staged(plan, strategy, case)
        for plan in plans
        if is_staged(plan, least_flr_ml, certainty=certainty)
        for strategy in Strategy
    )


def is_staged(plan: DebulkingPlan, least_flr_ml: Quantity, *, certainty: float = CERTAINTY) -> bool:
    """Tell whether a plan is held against two stages, see `staged_plans`."""
    sure = _is_sure(plan.result.remnant.flr_ml, least_flr_ml, certainty)
    return bool(plan.recipe.segments) and not sure


def two_stages(recipe: Recipe, lesions: Collection[Lesion]) -> tuple[Recipe, Recipe]:
    """Divide what is done between two operations.

    Lesions that lie in kept segments are excised or ablated first. Those that reach into removed
    segments with at least 1 % of their volume wait: the transection goes around them.
    """
    removed = frozenset(recipe.segments)
    later = {lesion.id for lesion in lesions if _core(lesion) & removed}
    first = Recipe(
        wedges=tuple(i for i in recipe.wedges if i not in later),
        ablations=tuple(i for i in recipe.ablations if i not in later),
    )
    second = Recipe(
        segments=recipe.segments,
        wedges=tuple(i for i in recipe.wedges if i in later),
        ablations=tuple(i for i in recipe.ablations if i in later),
    )
    return first, second


def presets_for(
    strategy: Strategy, removed: Collection[CouinaudSegment]
) -> tuple[GrowthPreset, ...]:
    """Return the presets of a strategy that speak of a remnant like this, the default first.

    Those measured in certain segments are for remnants of these, with or without segment I.
    """
    kept = frozenset(CouinaudSegment) - frozenset(removed) - {CouinaudSegment.I}
    return tuple(
        preset
        for preset in GROWTH_PRESETS
        if preset.strategy is strategy and (not preset.kept or kept == preset.kept)
    )


def growth_range(flr_ml: Quantity, presets: Sequence[GrowthPreset]) -> GrowthRange | None:
    """Return how far apart the printed responses of several presets lie for one remnant.

    Parameters
    ----------
    flr_ml
        Remnant before growth.
    presets
        Those that speak of a remnant like this.

    Returns
    -------
    GrowthRange or None
        By the printed mean or median of each, without its spread among patients; ``None`` where
        the remnant is absent or fewer than two presets fit.

    Examples
    --------
    Of II and III, 300 mL, with segment IV left open (+26 %) and embolised (+54 %):

    >>> from planning.rules.growth import RPVE, RPVE_FOUR
    >>> found = growth_range(Quantity(300.0), (RPVE_FOUR, RPVE))
    >>> round(found.low_ml, 6), round(found.high_ml, 6), found.low_preset
    (378.0, 462.0, 'rpve_pmc5901738')
    """
    if flr_ml.value is None or len(presets) < 2:  # noqa: PLR2004  # one has no range
        return None
    low, *_, high = sorted(presets, key=lambda preset: preset.response_fraction)
    return GrowthRange(
        low_ml=flr_ml.value * (1.0 + low.response_fraction),
        high_ml=flr_ml.value * (1.0 + high.response_fraction),
        low_preset=low.id,
        high_preset=high.id,
    )


def points_needed(flr_ml: float, least_flr_ml: float, stlv_ml: float) -> float:
    """Return the growth that a remnant needs, in percentage points of sFLR.

    Parameters
    ----------
    flr_ml, least_flr_ml
        The remnant and what is asked for.
    stlv_ml
        Standardised liver volume, the denominator of sFLR; above 0.

    Returns
    -------
    float
        ``100 (least − remnant) / standardised volume``; 0.0 where the remnant is enough.

    Raises
    ------
    ImplausibleValueError
        The standardised volume is not above 0.

    Examples
    --------
    >>> round(points_needed(312.0, 354.0, 1500.0), 6)
    2.8
    >>> points_needed(400.0, 354.0, 1500.0)
    0.0
    """
    if not stlv_ml > 0.0:
        raise ImplausibleValueError(
            f"a standardised liver volume of {stlv_ml:g} mL; allowed is above 0: give body height "
            f"and weight"
        )
    return percent_from_fraction(max(0.0, least_flr_ml - flr_ml) / stlv_ml)


def _core(lesion: Lesion) -> frozenset[CouinaudSegment]:
    shares = lesion.segment_fractions or {}
    return frozenset(s for s, share in shares.items() if share >= CORE_SHARE_MINIMUM)


def _is_sure(flr_ml: Quantity, least_flr_ml: Quantity, certainty: float) -> bool:
    volumes = (flr_ml, least_flr_ml)
    if any(q.value is None or q.bound is not None or q.indicative for q in volumes):
        return False
    enough = drawn_of(flr_ml) >= drawn_of(least_flr_ml, MINIMUM)
    return float(np.mean(enough)) >= certainty


def _staged(plan: DebulkingPlan, strategy: Strategy, case: _Case) -> StagedPlan:
    remnant = plan.result.remnant
    presets = presets_for(strategy, plan.recipe.segments)
    forecasts = {
        preset: forecast(remnant.flr_ml, least_flr_ml=case.least_flr_ml, preset=preset)
        for preset in presets
    }
    chosen = next(iter(forecasts.values()), NO_FORECAST)
    waiting_weeks = _waiting_weeks(forecasts)
    first, second = two_stages(plan.recipe, case.report.lesions)
    return StagedPlan(
        plan=plan.id,
        strategy=strategy,
        first_stage=first,
        second_stage=second,
        preset=presets[0].id if presets else NO_PRESET,
        least_flr_ml=case.least_flr_ml,
        flr_before_ml=remnant.flr_ml,
        flr_after_ml=chosen.flr_ml,
        flr_after_range=growth_range(remnant.flr_ml, presets),
        sflr_after=after_growth(remnant.sflr, presets[0]) if presets else NO_FORECAST.flr_ml,
        weeks_to_threshold=chosen.weeks,
        probability=chosen.probability,
        waiting_weeks=waiting_weeks,
        tumour_growth_fraction=_tumour_growth(waiting_weeks, case.facts),
        untreated=sum(fate is Fate.STAYS for fate in plan.result.fates.values()),
        findings=tuple(_findings(strategy, forecasts, case)),
        reasons=case.grounds,
        vessel_cuts=plan.vessel_cuts,
    )


def _findings(
    strategy: Strategy, forecasts: Mapping[GrowthPreset, Forecast], case: _Case
) -> Iterator[Finding]:
    """Yield what each preset promises, what the curve rests on, and what bears on waiting."""
    for preset, promised in forecasts.items():
        finding = preset_finding(preset, promised, case.least_flr_ml)
        rests = case.grounds if finding.value is not None else ()
        yield replace(finding, reasons=joined(finding.reasons, rests))
    if forecasts:
        yield from assumptions(next(iter(forecasts)))
    else:
        yield no_source(strategy)
    yield from remarks(strategy, case.patient)


def _waiting_weeks(forecasts: Mapping[GrowthPreset, Forecast]) -> float | None:
    """Weeks to the minimum by the default preset, or to nearly all of its growth."""
    for preset, promised in forecasts.items():
        until = promised.weeks.value
        return preset.time.grown_days / DAYS_PER_WEEK if until is None else until
    return None


def _tumour_growth(waiting_weeks: float | None, facts: ClinicalFacts) -> float | None:
    if waiting_weeks is None or facts.doubling_days is None:
        return None
    return tumour_growth_fraction(DAYS_PER_WEEK * waiting_weeks, doubling_days=facts.doubling_days)
