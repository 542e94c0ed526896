"""What each source of growth promises a remnant, and what bears on waiting for it, as findings."""

from collections.abc import Iterator

from planning.rules.growth import GROWTH_REMARKS, GrowthPreset, GrowthRemark
from planning.rules.remnant import PROJECT_SOURCE
from planning.staging.finding_ids import CURVE_ID, NO_SOURCE_ID, SPREAD_ID
from planning.staging.growth_curve import Forecast
from remnant.core.findings import Finding, SourceStatus, Threshold, Verdict, judged
from remnant.core.patient import Patient
from remnant.core.quantity import Bound, Quantity
from remnant.core.reasons import Cause, reason
from remnant.core.staged_plan import Strategy

PVL_SOURCE = "pmc6414468"
"""It counts ligation together with embolisation, so that it is no source of growth after either."""


def preset_finding(preset: GrowthPreset, promised: Forecast, least_flr_ml: Quantity) -> Finding:
    """Judge the remnant that a preset promises against the one that is asked for.

    ``MET`` where it is reached in some time, ``UNKNOWN`` also where bounds leave that open: "at
    least so many weeks" may be never.
    """
    return Finding(
        id=preset.finding_id,
        verdict=_verdict(promised, least_flr_ml),
        quantity=judged(promised.flr_ml),
        threshold=_threshold(preset, least_flr_ml),
        probability=promised.probability,
        source=preset.source,
        status=preset.status,
    )


def assumptions(preset: GrowthPreset) -> Iterator[Finding]:
    """Yield what the curve of a preset and its spread rest on."""
    for identifier in (CURVE_ID, SPREAD_ID):
        yield Finding(
            id=identifier,
            verdict=Verdict.NO_EVIDENCE,
            reasons=(reason(Cause.GROWTH_PRESET, preset.id),),
            source=PROJECT_SOURCE,
            status=SourceStatus.PROJECT,
        )


def no_source(strategy: Strategy) -> Finding:
    """Return that no source measured growth after a strategy."""
    return Finding(
        id=NO_SOURCE_ID,
        verdict=Verdict.NO_EVIDENCE,
        reasons=(reason(Cause.NO_GROWTH_SOURCE, strategy.value),),
        source=PVL_SOURCE,
        status=SourceStatus.VERIFIED,
    )


def remarks(strategy: Strategy, patient: Patient) -> Iterator[Finding]:
    """Yield the published facts that bear on a strategy in a liver like this."""
    for remark in GROWTH_REMARKS:
        if _bears(remark, strategy, patient):
            yield Finding(
                id=remark.id,
                verdict=Verdict.UNKNOWN,
                source=remark.source,
                status=remark.status,
            )


def _threshold(preset: GrowthPreset, least_flr_ml: Quantity) -> Threshold | None:
    if least_flr_ml.value is None:
        return None
    return Threshold(value=least_flr_ml.value, source=preset.source, status=preset.status)


def _verdict(promised: Forecast, least_flr_ml: Quantity) -> Verdict:
    grown, least = promised.flr_ml, least_flr_ml
    if promised.weeks.value is not None and promised.weeks.bound is not Bound.LOWER:
        return Verdict.MET
    loose = grown.indicative or least.indicative
    open_ended = grown.bound is Bound.LOWER or least.bound is Bound.UPPER
    if grown.value is None or least.value is None or loose or open_ended:
        return Verdict.UNKNOWN
    return Verdict.NOT_MET if grown.value < least.value else Verdict.UNKNOWN


def _bears(remark: GrowthRemark, strategy: Strategy, patient: Patient) -> bool:
    livers = remark.backgrounds
    return strategy in remark.strategies and (not livers or patient.background in livers)
