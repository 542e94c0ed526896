"""A small cohort whose cases went through the pipeline, with its tables."""

from functools import cache
from pathlib import Path

import numpy as np

from remnant.cohort.agreement import reference_agreement
from remnant.cohort.collect import collect
from remnant.cohort.layout import OUTCOME_JSON, case_folder
from remnant.cohort.outcome_document import OUTCOME
from remnant.cohort.outcomes import CaseOutcome, CaseStatus
from remnant.core.geometry import Geometry
from remnant.core.patient import LiverBackground, Patient, Sex
from remnant.core.plan_choice import PlanChoice
from remnant.io.nifti import write_labels
from remnant.pipeline.folder import published, write_measured, write_segmented
from remnant.pipeline.measuring_and_planning import measure_case, plan_case
from remnant.pipeline.plan_maps import case_maps
from remnant.pipeline.plan_settings import PlanRequest
from remnant.pipeline.requests import MeasureRequest, SegmentRequest
from remnant.pipeline.segment import case_from_masks
from remnant.testing.phantoms import body_grid, liver_phantom

BODY = Patient(
    height_cm=175.0,
    weight_kg=80.0,
    sex=Sex.MALE,
    age_years=60.0,
    background=LiverBackground.NORMAL,
)
CELLS = {
    "one": {"patient": "Doe^J", "time_point": "2024-01-05", "x_site": "north"},
    "two": {"patient": "Doe^J", "time_point": "2024-04-01", "x_site": "north"},
    "three": {"patient": "Roe^A", "x_site": "=1+1"},
    "four": {"patient": "Poe^E"},
}
"""Rows of the manifest; ``broken`` and ``refused`` have no more than their names."""
ROLES = {
    "one": ("liver", "lesions", "couinaud"),
    "two": ("liver", "lesions", "couinaud"),
    "three": ("liver", "lesions"),
    "four": ("liver",),
}
REFERENCES, COMPARED = ("liver", "lesions"), ("one",)
"""Masks that a case is held against as if they were references, and which cases are."""
BODIES = {"one": BODY, "two": BODY}
REFUSED = CaseOutcome(
    case="refused",
    key="",
    status=CaseStatus.REFUSED,
    stage="read",
    error_kind="UnreadableFileError",
    error="<study> is empty",
    finished_utc="2026-11-29T12:00:00+01:00",
)


def masks(folder, name):
    """Write the maps of one case, and return them by role."""
    grid = body_grid(spacing_mm=(6.0, 6.5, 7.0))
    seed = 3 if name == "two" else 5
    phantom = liver_phantom(
        Geometry(grid.shape, np.float32(grid.affine_ras)), metastases=3, seed=seed
    )
    maps = {"liver": phantom.liver_mask, "lesions": phantom.lesions, "couinaud": phantom.couinaud}
    paths = {}
    for role in ROLES[name]:
        paths[role] = folder / f"{name}-{role}.nii.gz"
        write_labels(maps[role], paths[role])
    return paths


def make_case(folder, paths, patient):
    """Measure and plan masks into a folder, and return the report as it was made."""
    case = case_from_masks(SegmentRequest(masks=paths))
    measured = measure_case(case, MeasureRequest(patient=patient))
    request = PlanRequest(choice=PlanChoice(seconds=20.0))
    report = plan_case(measured, request, maps=case_maps(case))
    with published(folder) as staging:
        write_segmented(case, staging)
        write_measured(report, staging)
    return report


@cache
def made_cohort(base: Path):
    """Make the cohort once in a run of tests; return its folder and the reports by case."""
    cohort = base / "stored-cohort"
    (cohort / "cases").mkdir(parents=True)
    reports = {}
    for name in ROLES:
        folder = case_folder(cohort, name)
        paths = masks(base, name)
        reports[name] = make_case(folder, paths, BODIES.get(name, Patient()))
        references = {role: paths[role] for role in REFERENCES if name in COMPARED}
        outcome = CaseOutcome(
            case=name,
            key=f"key of {name}",
            status=CaseStatus.DONE,
            seconds={"read": 0.25, "plan": 1.5},
            finished_utc="2026-11-29T12:00:00+00:00",
            agreement=reference_agreement(folder, references),
        )
        OUTCOME.write(outcome, folder / OUTCOME_JSON)
    for name in ("refused", "broken"):
        case_folder(cohort, name).mkdir()
    OUTCOME.write(REFUSED, case_folder(cohort, "refused") / OUTCOME_JSON)
    (case_folder(cohort, "broken") / "report.json").write_text("{", encoding="utf-8")
    collect(cohort, cells=CELLS)
    return cohort, reports
