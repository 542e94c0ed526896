"""The head of a page: which case, which scan, which patient."""

from dataclasses import dataclass
from typing import Final

from remnant.core.case import CaseReport
from remnant.core.patient import LiverBackground, Patient
from remnant.view.check_view import Alert, Checks, alerts, view_checks
from remnant.view.segment_state import TO_REVIEW
from remnant.wording.language import message, say
from remnant.wording.names import named
from remnant.wording.numbers import sentence
from remnant.wording.report_sheet import NO_DATE

NOT_GIVEN = message("not given")
DAY: Final = len("2026-01-02")


@dataclass(frozen=True, slots=True)
class Header:
    """The facts at the head; ``modality`` is empty where only masks were given.

    ``date`` is that of the scan, ``made`` the day on which the figures were made.
    """

    pseudonym: str
    version: str
    modality: str
    phase: str
    body_size: str
    assumed: bool
    sex: str
    age: str
    background: str
    date: str
    made: str
    alerts: tuple[Alert, ...]


def view_header(case: CaseReport, checks: Checks, review: str) -> Header:
    """Return the head of a case's page."""
    study, patient = case.study, case.patient
    background = patient.background
    return Header(
        pseudonym=study.pseudonym,
        version=case.provenance.software.get("remnant", ""),
        modality="" if study.modality is None else study.modality.value.upper(),
        phase=named(study.phase.value),
        body_size=_body_size(patient),
        assumed=patient.body_size_assumed,
        sex=named(patient.sex.value) if patient.sex else say(NOT_GIVEN),
        age=say(NOT_GIVEN)
        if patient.age_years is None
        else say("{age_years:g} years", age_years=patient.age_years),
        background=say("not known")
        if background is LiverBackground.UNKNOWN
        else named(background.value),
        date=say(NO_DATE),
        made=case.provenance.created_utc[:DAY],
        alerts=alerts(checks, review),
    )


def alerts_of(case: CaseReport) -> tuple[Alert, ...]:
    """Return the lines at the head of a case's page, for media that have no such head."""
    checks = view_checks(case)
    return alerts(checks, sentence(say(TO_REVIEW)) if checks.review else "")


def _body_size(patient: Patient) -> str:
    sizes = ((say("height"), patient.height_cm, "cm"), (say("weight"), patient.weight_kg, "kg"))
    if all(value is None for _, value, _ in sizes):
        return say(NOT_GIVEN)
    words = (
        f"{n} {say(NOT_GIVEN)}" if value is None else say("{value:g} {unit}", value=value, unit=u)
        for n, value, u in sizes
    )
    return ", ".join(words)
