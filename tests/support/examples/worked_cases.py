"""Worked cases: lesions, facts, and the verdicts that the sources would give, each with its place.

``python -m examples.worked_cases`` (with ``tests/support`` on the path) writes the page
``docs/reference/worked_cases.md``; a test runs every case and compares the page.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from examples.debulking import COARSE_MM
from examples.reports import EXAMPLE_ERRORS
from planning import inputs
from planning.case import Case
from planning.planner import plan
from remnant.core.clinical import ClinicalFacts
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation
from remnant.core.patient import LiverBackground, Patient
from remnant.core.plan_choice import PlanChoice
from remnant.core.planning_report import PlanningReport
from remnant.core.volumetry_report import VolumetryReport
from remnant.testing.phantom_shapes import Ellipsoid
from remnant.testing.phantoms import body_grid, liver_phantom
from remnant.wording.words import VERDICT_SIGNS
from volumetry.liver_maps import LiverMaps, liver_maps
from volumetry.measure import measure

PAGE = Path("docs/reference/worked_cases.md")
GAP_MM = 7.0
PERSON = {"height_cm": 175.0, "weight_kg": 75.0, "age_years": 50.0}
FIT: Mapping[str, Any] = {
    "grade": "G2",
    "ki67_percent": 5,
    "extrahepatic_disease": "none",
    "primary_status": "resected",
    "ecog": 0,
    "fit_for_major_hepatectomy": True,
    "comorbidity_prohibitive": False,
    "right_heart_failure": False,
    "severe_valve_disease": False,
    "judged_unresectable": False,
    "hepatic_insufficiency": False,
    "ascites": False,
}
"""A person whom nothing keeps from an operation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One verdict that a case must get: of which rule or answer, and where its source says so."""

    item: str
    verdict: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkedCase:
    """One case.

    Parameters
    ----------
    id, about
        Machine name, and the case in a few words.
    balls
        Segment and radius in mm of each metastasis, at the deepest place of its segment.
    facts
        What is told, by the names of a facts file.
    background
        State of the liver.
    person
        Body size and age where they differ from the usual.
    choice
        What differs from the planner's defaults.
    expected
        Verdicts.
    """

    id: str
    about: str
    balls: tuple[tuple[str, float], ...]
    facts: Mapping[str, Any]
    background: LiverBackground = LiverBackground.NORMAL
    person: Mapping[str, Any] = field(default_factory=dict)
    choice: Mapping[str, Any] = field(default_factory=dict)
    expected: tuple[Expected, ...]


def told(facts: Mapping[str, Any]) -> ClinicalFacts:
    """Return facts from the words of a facts file."""
    return ClinicalFacts(**{name: _typed(name, value) for name, value in facts.items()})


def _typed(name: str, value: Any) -> Any:
    kind = inputs.INPUTS[name].type
    return kind(value) if issubclass(kind, StrEnum) else value


@cache
def _liver(
    balls: tuple[tuple[str, float], ...], background: LiverBackground, person: tuple[Any, ...]
) -> tuple[VolumetryReport, LiverMaps, Patient]:
    bodies = tuple(_placed(balls))
    phantom = liver_phantom(body_grid(spacing_mm=COARSE_MM), metastases=bodies, noise_hu=0.0)
    patient = Patient(**{**PERSON, **dict(person)}, background=background)
    ids = range(1, len(bodies) + 1)
    report = measure(
        phantom.structures,
        phantom.lesions,
        couinaud=phantom.couinaud,
        patient=patient,
        confirmations=dict.fromkeys(ids, Confirmation.CONFIRMED),
        error_model=EXAMPLE_ERRORS,
    )
    return report, liver_maps(phantom.structures, phantom.lesions, phantom.couinaud), patient


def _placed(balls: Sequence[tuple[str, float]]) -> Iterator[Ellipsoid]:
    """Place each ball where its segment has most room, the largest first."""
    phantom = liver_phantom(body_grid(spacing_mm=COARSE_MM), metastases=0, noise_hu=0.0)
    grid, codes = phantom.couinaud.geometry, phantom.couinaud.codes
    free = codes > 0
    for segment, radius_mm in sorted(balls, key=lambda ball: -ball[1]):
        room = ndimage.distance_transform_edt(free, sampling=COARSE_MM)
        room[codes != CouinaudSegment[segment]] = -1.0
        voxel = np.unravel_index(int(room.argmax()), room.shape)
        centre = grid.affine_ras @ np.array([*voxel, 1.0])
        yield Ellipsoid(tuple(centre[:3]), (radius_mm, radius_mm, radius_mm))
        taken = np.ones(codes.shape, dtype=bool)
        taken[voxel] = False
        free &= ndimage.distance_transform_edt(taken, sampling=COARSE_MM) > radius_mm + GAP_MM


def planned(case: WorkedCase) -> PlanningReport:
    """Measure and plan one case."""
    report, maps, patient = _liver(case.balls, case.background, tuple(case.person.items()))
    choice = replace(PlanChoice(seconds=20.0), **case.choice)
    return plan(
        Case(report=report, patient=patient, facts=told(case.facts), choice=choice, maps=maps)
    )


def verdicts(planning: PlanningReport) -> Mapping[str, str]:
    """Return every verdict of a plan by what was judged.

    Lists, conditions and pathway rows by their ids, options as ``row/option``, targets as
    ``target.100``, contraindications and findings by their ids, classes by name; ``best`` is the
    verdict on the first plan that decides.
    """
    return dict(_verdicts(planning))


def _verdicts(planning: PlanningReport) -> Iterator[tuple[str, str]]:
    lists = (*planning.resectability, *planning.staging, *planning.transplant)
    contraindications = getattr(planning, "contraindications", None)
    for one in (*lists, *(() if contraindications is None else (contraindications,))):
        yield one.id, one.verdict.value
        yield from ((found.id, found.verdict.value) for found in one.findings)
    for row in planning.pathways:
        yield row.id, row.verdict.value
        yield from ((f"{row.id}/{one.id}", one.verdict.value) for one in row.options)
    yield from ((f"target.{100 * t.target:g}", t.verdict.value) for t in planning.targets)
    for ablated in planning.ablation:
        yield from ((f"{one.id}@{ablated.lesion}", one.verdict.value) for one in ablated.findings)
    first = next((plan for plan in planning.plans if plan.decides), None)
    yield "best", "none" if first is None else first.feasible.value
    yield "frilling", "none" if planning.frilling.type is None else planning.frilling.type.value
    netlm = planning.netlm.type if planning.netlm is not None else None
    yield "netlm", "none" if netlm is None else netlm.value


def result(case: WorkedCase) -> Mapping[str, str]:
    """Return what the program says of each expected item; ``absent`` where it lists none."""
    found = verdicts(planned(case))
    return {one.item: found.get(one.item, "absent") for one in case.expected}


def page(cases: Sequence[WorkedCase], results: Mapping[str, Mapping[str, str]]) -> str:
    """Write the page of all cases with what was expected and what came out."""
    head = (
        "# Worked cases",
        "",
        "Made by `python -m examples.worked_cases`; a test runs every case and compares this page.",
        "Balls are metastases: segment and radius in mm, in the phantom liver of the tests.",
        "Verdicts: " + ", ".join(f"{sign} {v.value}" for v, sign in VERDICT_SIGNS.items()) + ".",
        "",
        "| case | lesions | facts | judged | expected | place in the source | result |",
        "|---|---|---|---|---|---|---|",
    )
    rows = (row for case in cases for row in _rows(case, results[case.id]))
    return "\n".join((*head, *rows)) + "\n"


def _rows(case: WorkedCase, found: Mapping[str, str]) -> Iterator[str]:
    lesions = ", ".join(f"{segment}/{radius:g}" for segment, radius in case.balls)
    facts = _facts(case)
    for number, one in enumerate(case.expected):
        opening = (case.about, lesions, facts) if number == 0 else ("", "", "")
        got = found[one.item]
        mark = "as expected" if got == one.verdict else f"**{got}**"
        yield f"| {' | '.join((*opening, f'`{one.item}`', one.verdict, one.place, mark))} |"


def _facts(case: WorkedCase) -> str:
    usual = {name: value for name, value in FIT.items() if case.facts.get(name) == value}
    fit = len(usual) == len(FIT)
    shown = {n: v for n, v in case.facts.items() if not (fit and n in FIT)}
    words = [f"{name}: {_word(value)}" for name, value in shown.items()]
    extras = (f"{name}: {value}" for name, value in (*case.person.items(), *case.choice.items()))
    liver = () if case.background is LiverBackground.NORMAL else (f"liver: {case.background}",)
    return ", ".join((*(("fit person",) if fit else ()), *words, *liver, *extras)) or "none"


def _word(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def main() -> None:
    """Write the page."""
    from examples.worked_case_table import CASES

    PAGE.write_text(page(CASES, {case.id: result(case) for case in CASES}), encoding="utf-8")


if __name__ == "__main__":
    main()
