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
from remnant.core.criteria import Pathway
from remnant.core.errors import InputError
from remnant.core.labels import CouinaudSegment
from remnant.core.lesions import Confirmation
from remnant.core.patient import LiverBackground, Patient
from remnant.core.plan_choice import PlanChoice
from remnant.core.planning_report import PlanningReport
from remnant.core.reasons import Cause
from remnant.core.volumetry_report import VolumetryReport
from remnant.testing.phantom_shapes import Ellipsoid
from remnant.testing.phantoms import body_grid, liver_phantom
from remnant.wording.words import VERDICT_SIGNS
from volumetry.liver_maps import LiverMaps, liver_maps
from volumetry.measure import measure

PAGE = Path(__file__).parents[3] / "docs/reference/worked_cases.md"
GAP_MM = 7.0
FACTS, ACCEPTED, REFUSED = "facts", "accepted", "refused"
"""Whether the facts can all be true."""
ABSENT, WARNED, NO_GROUP, NOT_TOLD = "absent", "warned", "noted", "not told"
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
    spacing_mm
        Voxels of the liver; fine ones where a diameter is near its limit.
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
    spacing_mm: tuple[float, float, float] = COARSE_MM
    expected: tuple[Expected, ...]


def told(facts: Mapping[str, Any]) -> ClinicalFacts:
    """Return facts from the words of a facts file."""
    return ClinicalFacts(**{name: _typed(name, value) for name, value in facts.items()})


def _typed(name: str, value: Any) -> Any:
    kind = inputs.INPUTS[name].type
    return kind(value) if issubclass(kind, StrEnum) else value


@cache
def _liver(
    balls: tuple[tuple[str, float], ...],
    background: LiverBackground,
    person: tuple[Any, ...],
    spacing_mm: tuple[float, float, float],
) -> tuple[VolumetryReport, LiverMaps, Patient]:
    bodies = tuple(_placed(balls))
    phantom = liver_phantom(body_grid(spacing_mm=spacing_mm), metastases=bodies, noise_hu=0.0)
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
    person = tuple(case.person.items())
    report, maps, patient = _liver(case.balls, case.background, person, case.spacing_mm)
    choice = replace(PlanChoice(seconds=20.0), **case.choice)
    return plan(
        Case(report=report, patient=patient, facts=told(case.facts), choice=choice, maps=maps)
    )


def verdicts(planning: PlanningReport) -> Mapping[str, str]:
    """Return every verdict of a plan by what was judged.

    Lists, conditions, contraindications and pathway rows by their ids, options as ``row/option``, a
    warning beside an option as ``row/option:condition``, the trial beside a row as ``row:trial``,
    findings on a named hepatectomy as ``name:rule``, targets as ``target.100``, ablation rules as
    ``rule@lesion``, classes by name; ``best`` is the verdict on the first plan that decides.
    """
    return dict(_verdicts(planning))


def _verdicts(planning: PlanningReport) -> Iterator[tuple[str, str]]:
    lists = (*planning.resectability, *planning.staging, *planning.transplant)
    ruled_out = planning.contraindications
    known = () if ruled_out is None else (ruled_out,)
    for one in (*lists, *known, *planning.staging_checklist):
        yield one.id, one.verdict.value
        yield from ((found.id, found.verdict.value) for found in one.findings)
    for row in planning.pathways:
        yield from _row_verdicts(row)
    yield from ((f"target.{100 * t.target:g}", t.verdict.value) for t in planning.targets)
    for ablated in planning.ablation:
        yield from ((f"{one.id}@{ablated.lesion}", one.verdict.value) for one in ablated.findings)
    for operation in planning.resections:
        found = operation.findings
        yield from ((f"{operation.name}:{one.id}", one.verdict.value) for one in found)
    first = next((plan for plan in planning.plans if plan.decides), None)
    yield "best", "none" if first is None else first.feasible.value
    yield "frilling", "none" if planning.frilling.type is None else planning.frilling.type.value
    netlm = planning.netlm.type if planning.netlm is not None else None
    yield "netlm", "none" if netlm is None else netlm.value


def _row_verdicts(row: Pathway) -> Iterator[tuple[str, str]]:
    yield row.id, row.verdict.value
    for one in row.options:
        yield f"{row.id}/{one.id}", one.verdict.value
        yield from ((f"{row.id}/{one.id}:{caution}", WARNED) for caution in one.cautions)
    for note in row.notes:
        if note.cause is Cause.ONGOING_TRIAL:
            yield f"{row.id}:trial", note.names[0] if note.names else NO_GROUP


@cache
def _found(case: "_Key") -> Mapping[str, str]:
    try:
        return {FACTS: ACCEPTED, **verdicts(planned(case.case))}
    except InputError:
        return {FACTS: REFUSED}


@dataclass(frozen=True, slots=True)
class _Key:
    """A case by its id, so that each is planned once in a process."""

    id: str
    case: WorkedCase = field(compare=False)


def result(case: WorkedCase) -> Mapping[str, str]:
    """Return what the program says of each expected item; ``absent`` where it lists none."""
    found = _found(_Key(case.id, case))
    return {one.item: found.get(one.item, ABSENT) for one in case.expected}


def page(cases: Sequence[WorkedCase], results: Mapping[str, Mapping[str, str]]) -> str:
    """Write the page of all cases with what was expected and what came out."""
    head = (
        "# Worked cases",
        "",
        "Made by `python -m examples.worked_cases`; a test runs every case and compares this page.",
        "Balls are metastases: segment and radius in mm, in the phantom liver of the tests.",
        "A fit person, where the facts say nothing else: "
        + ", ".join(f"{n} {_word(v)}" for n, v in FIT.items())
        + ".",
        "What is judged: lists, conditions and rows by their ids, options as `row/option`, a",
        "warning beside an option as `row/option:condition`, the trial beside a row as",
        "`row:trial`, a rule for one hepatectomy as `hepatectomy:rule`, one for a lesion as",
        "`rule@lesion`;",
        "`absent` is what is not listed at all. Targets in the facts are the only ones sought.",
        "M is `machairas2021`, C `cloyd2020`, G `gepnetlm_review`; ENETS stands in C or M.",
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
        mark = got if got == one.verdict else f"**{got}**"
        yield f"| {' | '.join((*opening, f'`{one.item}`', one.verdict, one.place, mark))} |"


def _facts(case: WorkedCase) -> str:
    facts = case.facts
    changed = {name: facts.get(name, NOT_TOLD) for name in FIT if facts.get(name) != FIT[name]}
    further = {name: value for name, value in facts.items() if name not in FIT}
    liver = {} if case.background is LiverBackground.NORMAL else {"liver": case.background}
    told = {**changed, **further, **liver, **case.person, **case.choice}
    if case.spacing_mm != COARSE_MM:
        told["voxels in mm"] = case.spacing_mm
    words = (f"{name}: {_word(value)}" for name, value in told.items())
    return ", ".join(("fit person", *words))


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return "; ".join(map(_word, value))
    if isinstance(value, frozenset):
        return "+".join(segment.name for segment in sorted(value))
    return str(value)


def main() -> None:
    """Write the page."""
    from examples.worked_case_table import CASES

    PAGE.write_text(page(CASES, {case.id: result(case) for case in CASES}), encoding="utf-8")


if __name__ == "__main__":
    main()
