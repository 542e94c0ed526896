"""Bodies of requests: JSON objects of known fields, and what of a case they ask for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from planning.case import Case
from planning.one_recipe import WarmCase, for_body
from remnant.core.labels import CouinaudSegment
from remnant.core.patient import Patient
from remnant.core.recipe import Recipe
from remnant.documents.clinical_facts import FIELDS, FactsFile, facts_said
from remnant.documents.facts_fields import NO_LIMIT, UNKNOWN, Field
from remnant.pipeline.facts import KnownCase
from remnant.pipeline.plan_settings import PlanRequest, require_possible
from remnant.pipeline.requests import MeasureRequest
from remnant.web.open_cases import OpenCase
from remnant.web.refusals import refused

MOST_TREATED: Final = 1000
LONGEST_TEXT: Final = 200
Json = dict[str, Any]


def json_object(body: bytes) -> Json:
    """Read the body of a request.

    Raises
    ------
    RefusedError
        It is no JSON object in UTF-8, or holds numbers that JSON has not.
    """
    try:
        found = json.loads(body.decode("utf-8"), parse_constant=_no_number)
    except (UnicodeDecodeError, ValueError, RecursionError) as fault:
        raise refused(400, "the request is no JSON", "send one JSON object in UTF-8") from fault
    if not isinstance(found, dict):
        raise refused(400, "the request is no JSON object", "send {…}")
    return found


def _no_number(word: str) -> None:
    raise ValueError(word)


def require_fields(given: Mapping[str, Any], *allowed: str) -> None:
    """Raise unless all fields of a request are known.

    Raises
    ------
    RefusedError
        One is not.
    """
    unknown = sorted(set(given) - set(allowed))
    if unknown:
        raise refused(
            400, f"the field {unknown[0][:40]!r} is not known", f"allowed are {', '.join(allowed)}"
        )


def text(given: Mapping[str, Any], name: str, *, most: int = LONGEST_TEXT) -> str:
    """Return a text of a request, without blanks around it and in one line.

    Raises
    ------
    RefusedError
        It is missing, empty, too long or no text.
    """
    value = given.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > most:
        raise refused(400, f"{name} is missing or too long", f"give a text of at most {most} signs")
    return " ".join("".join(sign if sign.isprintable() else " " for sign in value).split())


def section(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object in a request, empty where it is not there.

    Raises
    ------
    RefusedError
        It is something else.
    """
    found = given.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise refused(400, f"{name} is no object", "send {…}")
    return found


def recipe_of(given: object) -> Recipe:
    """Read a recipe.

    Raises
    ------
    RefusedError
        It is none, or names what is no segment or lesion number.
    """
    if not isinstance(given, dict):
        raise refused(400, "the recipe is missing", 'give {"segments": ["V"], "wedges": [3]}')
    require_fields(given, "segments", "wedges", "ablations")
    names, wedges, ablations = (_list(given, key) for key in ("segments", "wedges", "ablations"))
    try:
        segments = tuple(sorted({CouinaudSegment[name] for name in names}))
    except (KeyError, TypeError) as fault:
        raise refused(400, "a segment is not known", "allowed are I to VIII") from fault
    for number in (*wedges, *ablations):
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise refused(400, "a lesion is no number", "give the numbers of lesions")
    both = sorted(set(wedges) & set(ablations))
    if both:
        raise refused(400, f"lesion {both[0]} is both excised and ablated", "keep one of them")
    return Recipe(
        segments=segments,
        wedges=tuple(sorted(set(wedges))),
        ablations=tuple(sorted(set(ablations))),
    )


def _list(given: Mapping[str, Any], key: str) -> list[Any]:
    found = given.get(key, [])
    if not isinstance(found, list) or len(found) > MOST_TREATED:
        raise refused(400, f"{key} is no list, or too long", f"at most {MOST_TREATED}")
    return found


def recipe_document(recipe: Recipe) -> Json:
    """Return a recipe as the page writes it."""
    return {
        "segments": [segment.name for segment in recipe.segments],
        "wedges": list(recipe.wedges),
        "ablations": list(recipe.ablations),
    }


ASKED: Final = ("choice", "patient", "formula", "bsa_formula", "facts")
"""Fields of a request beside its recipe: only what differs from the case."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A case as a request would have it.

    ``case`` holds the report with the volume expected of the body asked for, the patient, the facts
    and the choice; ``measuring`` and ``planning`` the same as a run takes them.
    """

    case: Case
    measuring: MeasureRequest
    planning: PlanRequest


def asked_of(case: OpenCase, warm: WarmCase, given: Mapping[str, Any]) -> Asked:
    """Return a case with what a request changes.

    Raises
    ------
    InputError
        A value is not what its field may hold.
    RefusedError
        A field is not known.
    """
    known, said = known_of(case), _said(given)
    patient = said.patient_facts(known.measuring.patient)
    planning = replace(
        known.planning,
        facts=said.facts(known.planning.facts),
        choice=replace(said.choice(known.planning.choice), recipes=()),
    )
    require_possible(planning)
    measuring = _measuring(known.measuring, patient, given)
    report = for_body(warm, patient, formula=measuring.formula, bsa_formula=measuring.bsa_formula)
    case_ = Case(
        report=report,
        patient=patient,
        facts=planning.facts,
        choice=planning.choice,
        maps=warm.maps,
    )
    return Asked(case_, measuring, planning)


def known_of(case: OpenCase) -> KnownCase:
    """Return what a case was measured and planned with."""
    report = case.report
    measuring, planning = report.settings.measuring, report.settings.planning
    plain = PlanRequest(facts=report.clinical)
    return KnownCase(
        measuring=MeasureRequest(
            patient=report.patient,
            formula=measuring.formula,
            bsa_formula=measuring.bsa_formula,
            errors=measuring.errors,
        ),
        planning=plain
        if planning is None
        else replace(plain, choice=planning.choice, custom=planning.custom),
    )


def _measuring(known: MeasureRequest, patient: Patient, given: Mapping[str, Any]) -> MeasureRequest:
    from remnant.pipeline.asked import measuring_asked

    formula, bsa_formula = (_name(given, field) for field in ("formula", "bsa_formula"))
    return measuring_asked(
        known, patient=patient, formula=formula, bsa_formula=bsa_formula, errors=known.errors
    )


def _name(given: Mapping[str, Any], field: str) -> str | None:
    value = given.get(field)
    if value is not None and not isinstance(value, str):
        raise refused(400, f"{field} is no text", "give the name of a formula")
    return value


def _said(given: Mapping[str, Any]) -> FactsFile:
    return facts_said(
        clinical=_named("clinical", section(given, "facts"), "facts"),
        choices=_named("choices", section(given, "choice"), "choice"),
        patient=_named("patient", section(given, "patient"), "patient"),
    )


def _named(kind: str, given: Mapping[str, Any], place: str) -> dict[str, tuple[str, Any]]:
    """Return fields with what they are called; null takes back what was said before."""
    known = FIELDS[kind]
    require_fields(given, *(name for name in known if name != "recipes"))
    return {
        name: (f"{place}.{name}", _taken_back(known[name]) if value is None else value)
        for name, value in given.items()
    }


def _taken_back(field: Field) -> str:
    """Return the word by which a field takes back what was said before."""
    return field.blank or (UNKNOWN if UNKNOWN in field.allowed else NO_LIMIT)
