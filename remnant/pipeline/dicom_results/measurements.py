"""What the structured report of a case says: figures and verdicts of its report, each coded."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from planning.debulking.finding_ids import TARGET_PREFIX
from planning.remnant.minima import PREFIX
from remnant.core.case import CaseReport
from remnant.core.debulking import DebulkingPlan
from remnant.core.findings import Finding
from remnant.core.lesions import Lesion
from remnant.core.planning_report import PlanningReport
from remnant.core.quality_light import light_among
from remnant.core.quantity import Quantity
from remnant.core.units import percent_from_fraction
from remnant.core.volumetry_report import VolumetryReport
from remnant.io.dicom_results.heads import ResultKind, minted_uid
from remnant.io.dicom_results.measurement_codes import (
    CLASSES,
    CONFIRMATIONS,
    CONFIRMED,
    FRILLING_TYPES,
    LESION_FINDING,
    LIGHTS,
    LIVER,
    LIVER_FINDING,
    MEASURES,
    NETLM_TYPES,
    ORIGINS,
    PLAN_FINDING,
    QUESTIONS,
    SEGMENTS,
    UNCONFIRMED,
    VERDICTS,
    Measure,
    Question,
    Term,
    formula_term,
    share_term,
)
from remnant.io.dicom_results.measurements import (
    Answer,
    Group,
    Number,
    Origin,
    Verification,
    measurement_report,
)
from remnant.io.dicom_results.references import (
    DicomObject,
    SegmentReference,
    lesion_references,
    tracking_id,
    tracking_uid,
)
from remnant.pipeline.dicom_results.result_source import ResultSource
from remnant.pipeline.segmented import SegmentedCase
from remnant.view.check_view import view_checks
from remnant.view.header_view import alerts_of
from remnant.view.resection_view import chosen_rule
from remnant.view.subject import Subject
from remnant.wording.classes import frilling_reason, netlm_reason
from remnant.wording.dicom import (
    OUTSIDE_SEGMENTS,
    RANGES,
    RESEARCH_USE,
    absent_words,
    care_words,
    no_plan_words,
    rejected_words,
    shares_words,
    verdict_words,
)
from remnant.wording.language import english
from remnant.wording.plans import plan_headline, plan_title

LIVER_NAME: Final = "Liver"
EVERYTHING: Final = frozenset(("liver", "segments", "lesions"))
"""What a person confirms as a whole with a correction."""


@english
def measurements(
    source: ResultSource, *, labelmap: bool = False
) -> tuple[tuple[ResultKind, int, DicomObject], ...]:
    """Return the structured report of a case.

    Parameters
    ----------
    source
        The measured case.
    labelmap
        Whether the segmentation of lesions that it refers to is a label map.

    Returns
    -------
    tuple
        The kind, the number in its series, and the object; in English.
    """
    document = measurement_report(
        tuple(_groups(source, labelmap=labelmap)),
        origin=origin_of(source.case, source.report),
        record=source.record,
        results=source.results,
    )
    return ((ResultKind.MEASUREMENTS, 1, document),)


def origin_of(case: SegmentedCase, report: CaseReport) -> Origin:
    """Return who and what made a case: persons by its audit trail, and the networks."""
    confirmed = report.volumetry.segments_confirmation
    names = [step.by for one in case.corrections for step in one.steps]
    names += [one.by for one in case.corrections]
    names += [] if confirmed is None else [confirmed.name]
    made = report.provenance
    return Origin(
        persons=tuple(dict.fromkeys(name for name in names if name.strip())),
        verification=verification_of(case, report.volumetry),
        parameters=(
            *(f"{m.id} {m.version}, weights sha256 {m.weights_sha256}" for m in made.models),
            f"configuration sha256 {made.configuration_sha256}",
        ),
        networks=bool(made.models),
    )


def verification_of(case: SegmentedCase, volumetry: VolumetryReport) -> Verification | None:
    """Return the person who confirmed all that a report rests on; ``None`` without one.

    That is one who confirmed liver, lesions and segments as a whole with the latest correction,
    where no lesion is open and no estimated segments wait for review.
    """
    if not case.corrections or volumetry.segments_need_review:
        return None
    latest = case.corrections[-1]
    wanted = EVERYTHING if volumetry.segments is not None else EVERYTHING - {"segments"}
    is_open = any(lesion.confirmation.is_open for lesion in volumetry.lesions)
    if is_open or not wanted <= set(latest.confirmed):
        return None
    at = datetime.fromisoformat(latest.at)
    return Verification(name=latest.by, at=at if at.tzinfo else at.replace(tzinfo=UTC))


def _groups(source: ResultSource, *, labelmap: bool) -> Iterator[Group]:
    volumetry = source.report.volumetry
    yield _liver(source)
    if source.plan is not None:
        yield _plan(source, source.plan)
    lesions = volumetry.counted_lesions
    places = lesion_references(source.results, (one.id for one in lesions), labelmap=labelmap)
    for lesion in sorted(lesions, key=lambda one: one.id):
        yield _lesion(source, lesion, places[lesion.id])


def _lesion(source: ResultSource, lesion: Lesion, segment: SegmentReference) -> Group:
    shares = lesion.segment_fractions or {}
    largest = sorted(shares.items(), key=lambda item: -item[1])
    numbers = (
        Number(measure=Measure.VOLUME, quantity=lesion.volume_ml),
        Number(measure=Measure.LONGEST_AXIAL, quantity=Quantity(lesion.longest_axial_mm)),
        Number(
            measure=Measure.PERPENDICULAR_AXIAL, quantity=Quantity(lesion.perpendicular_axial_mm)
        ),
    )
    outside = "" if lesion.segment_fractions is None else OUTSIDE_SEGMENTS
    return Group(
        name=tracking_id(lesion.id),
        uid=tracking_uid(source.record, source.origin, lesion.id),
        finding=LESION_FINDING,
        sites=tuple(SEGMENTS[one] for one, _ in largest) or (LIVER,),
        segment=segment,
        numbers=numbers,
        answers=(_answer(Question.CONFIRMATION, CONFIRMATIONS[lesion.confirmation]),),
        comments=_comments(numbers, shares_words(shares) if shares else outside),
    )


def _liver(source: ResultSource) -> Group:
    report = source.report
    volumetry, standardised = report.volumetry, report.volumetry.standardised
    by = standardised.bsa_formula
    equation = None if by is None else formula_term(by)
    numbers = (
        Number(measure=Measure.TOTAL_LIVER, quantity=volumetry.tlv_ml),
        Number(measure=Measure.FUNCTIONAL_LIVER, quantity=volumetry.functional_tlv_ml),
        Number(measure=Measure.TUMOUR, quantity=volumetry.tumour_ml),
        Number(measure=Measure.BURDEN, quantity=in_percent(volumetry.burden_fraction)),
        Number(
            measure=Measure.STANDARDISED_LIVER,
            quantity=standardised.stlv_ml,
            method=formula_term(standardised.formula),
            equation=equation,
        ),
        Number(measure=Measure.BODY_SURFACE, quantity=standardised.bsa_m2, method=equation),
    )
    answers, said = _classes(report)
    rejected = len(volumetry.lesions) - len(volumetry.counted_lesions)
    return Group(
        name=LIVER_NAME,
        uid=minted_uid(str(source.record.dataset.SeriesInstanceUID), "liver"),
        finding=LIVER_FINDING,
        sites=(LIVER,),
        numbers=numbers,
        answers=answers,
        comments=_comments(
            numbers,
            RESEARCH_USE,
            *_care(report),
            RANGES,
            rejected_words(rejected),
            _without_plan(source),
            *said,
        ),
    )


def _care(report: CaseReport) -> Iterator[str]:
    """Give what stands at the head of the report as to be read with care, and why."""
    checks = view_checks(report)
    yield _care_in_brief(report)
    why = [checks.light.text] if checks.light is not None and checks.light.look else []
    yield from dict.fromkeys((*why, *checks.failed, *checks.not_made, *checks.sample))


def _care_in_brief(report: CaseReport) -> str:
    return care_words(alert.words for alert in alerts_of(report))


def _without_plan(source: ResultSource) -> str:
    """Say why no plan is sent; empty where one is or planning did not run."""
    planning = source.report.planning
    if planning is None or source.plan is not None:
        return ""
    return no_plan_words(planning.plans_reasons)


def _classes(report: CaseReport) -> tuple[tuple[Answer, ...], tuple[str, ...]]:
    """Return the classifications of a case, and what is said of them with their sources."""
    volumetry, planning = report.volumetry, report.planning
    answers = [*_light(report), *_segments(volumetry)]
    if volumetry.burden_class is not None:
        answers.append(_answer(Question.BURDEN_CLASS, CLASSES[volumetry.burden_class]))
    if planning is None:
        return tuple(answers), ()
    if planning.frilling.type is not None:
        answers.append(_answer(Question.FRILLING, FRILLING_TYPES[planning.frilling.type]))
    if planning.netlm is not None and planning.netlm.type is not None:
        answers.append(_answer(Question.NETLM, NETLM_TYPES[planning.netlm.type]))
    return tuple(answers), tuple(_class_words(planning))


def _light(report: CaseReport) -> Iterator[Answer]:
    light = light_among((*report.quality, *report.volumetry.quality))
    if light is not None:
        yield _answer(Question.QUALITY_LIGHT, LIGHTS[light])


def _segments(volumetry: VolumetryReport) -> Iterator[Answer]:
    if volumetry.segment_source is None:
        return
    yield _answer(Question.SEGMENTS_FROM, ORIGINS[volumetry.segment_source])
    known = UNCONFIRMED if volumetry.segments_confirmation is None else CONFIRMED
    yield _answer(Question.SEGMENTS_CONFIRMED, known)


def _class_words(planning: PlanningReport) -> Iterator[str]:
    """Give what planning found of the whole liver; where it has no finding, why it has none."""
    told = {finding.id for finding in planning.findings}
    yield from (verdict_words(finding) for finding in planning.findings)
    if not told:
        yield frilling_reason(planning.frilling)
        if planning.netlm is not None:
            yield netlm_reason(planning.netlm)


def _plan(source: ResultSource, plan: DebulkingPlan) -> Group:
    standardised = source.report.volumetry.standardised
    remnant = plan.result.remnant
    by = standardised.bsa_formula
    numbers = (
        Number(measure=Measure.REMNANT, quantity=remnant.flr_ml),
        Number(
            measure=Measure.REMNANT_OF_MEASURED,
            quantity=in_percent(remnant.flr_measured_fraction),
        ),
        Number(
            measure=Measure.STANDARDISED_REMNANT,
            quantity=in_percent(remnant.sflr),
            method=formula_term(standardised.formula),
            equation=None if by is None else formula_term(by),
        ),
        Number(measure=Measure.REMNANT_OF_WEIGHT, quantity=remnant.flr_body_weight_percent),
        Number(measure=Measure.REMNANT_OF_SURFACE, quantity=remnant.flr_ml_per_m2),
        Number(measure=Measure.DEBULKED, quantity=in_percent(plan.result.debulked_fraction)),
    )
    judged = _judged(source.report, plan)
    return Group(
        name=f"{plan.id}: {plan_title(plan)}",
        uid=minted_uid(source.results.digest, "plan", plan.id),
        finding=PLAN_FINDING,
        sites=(LIVER,),
        numbers=numbers,
        answers=(
            _answer(Question.PLAN_FEASIBLE, VERDICTS[plan.feasible]),
            *(Answer(question, VERDICTS[one.verdict]) for question, one in judged),
        ),
        comments=_comments(
            numbers,
            plan_headline(plan),
            _care_in_brief(source.report),
            *(verdict_words(one) for _, one in judged),
        ),
    )


def _judged(report: CaseReport, plan: DebulkingPlan) -> tuple[tuple[Term, Finding], ...]:
    """Return the chosen minimum and the shares of tumour that the plan was held against."""
    chosen = PREFIX + chosen_rule(Subject.of(report))
    rules = [(QUESTIONS[Question.REMNANT_RULE], one) for one in plan.findings if one.id == chosen]
    shares = [
        (share_term(one.limit), one)
        for one in plan.findings
        if one.id.startswith(TARGET_PREFIX) and one.limit is not None
    ]
    return (*rules, *shares)


def in_percent(fraction: Quantity) -> Quantity:
    """Return a share as percent, with its interval.

    >>> in_percent(Quantity(0.25)).value
    25.0
    """
    if fraction.value is None:
        return fraction
    known = fraction.interval
    return replace(
        fraction,
        value=percent_from_fraction(fraction.value),
        interval=None if known is None else known.scaled(percent_from_fraction(1.0)),
    )


def _answer(question: Question, answer: Term) -> Answer:
    return Answer(QUESTIONS[question], answer)


def _comments(numbers: tuple[Number, ...], *further: str) -> tuple[str, ...]:
    """Return why figures are absent or loose, then the rest; nothing that is empty."""
    loose = (absent_words(MEASURES[one.measure].name.meaning, one.quantity) for one in numbers)
    return tuple(text for text in (*loose, *further) if text)
