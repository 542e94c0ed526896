"""A tiny phantom's masks as rows of a manifest, and what a cohort's folder says."""

import json
import shutil
from pathlib import Path

import pytest

from examples.cohort_faults import LOG, TEMPLATE
from remnant.cohort.case_task import run_case_task
from remnant.cohort.layout import COHORT_JSON, case_folder
from remnant.cohort.manifest import ManifestRow
from remnant.cohort.outcome_file import read_outcome
from remnant.cohort.outcomes import CaseStatus, CaseTask
from remnant.io.nifti import write_labels
from remnant.testing.phantoms import body_grid, liver_phantom

ROLES = ("liver", "lesions", "couinaud")


@pytest.fixture(scope="session", name="masks")
def masks_fixture(tmp_path_factory):
    """Masks of a phantom, by role."""
    folder = tmp_path_factory.mktemp("masks")
    phantom = liver_phantom(body_grid(spacing_mm=(8.0, 8.5, 9.0)), metastases=2, seed=3)
    maps = (phantom.liver_mask, phantom.lesions, phantom.couinaud)
    for role, labels in zip(ROLES, maps, strict=True):
        write_labels(labels, folder / f"{role}.nii.gz")
    return {role: folder / f"{role}.nii.gz" for role in ROLES}


@pytest.fixture(name="rows_of_names")
def rows_fixture(masks):
    """Make rows of the same masks under other names."""

    def made(*names, **cells):
        paths = {role: str(path) for role, path in masks.items()}
        body = {"height_cm": "175", "weight_kg": "80"}
        each = ({"case": name, **paths, **body, **cells} for name in names)
        return [ManifestRow(case=row["case"], cells=row, line=2) for row in each]

    return made


@pytest.fixture(name="outcomes")
def outcomes_fixture():
    """Read what became of each case of a cohort."""

    def read(cohort):
        folders = sorted((cohort / "cases").iterdir())
        return {one.name: read_outcome(one) for one in folders}

    return read


@pytest.fixture(name="write_rows")
def write_rows_fixture():
    def write(rows, path):
        path.write_text(json.dumps([dict(row.cells) for row in rows]), encoding="utf-8")

    return write


@pytest.fixture(scope="session", name="made")
def made_fixture(tmp_path_factory, masks):
    """A case folder that the real work made; the quick cases are copies of it."""
    folder = tmp_path_factory.mktemp("made")
    (folder / COHORT_JSON).write_text("{}", encoding="utf-8")
    row = {"case": "a", **{role: str(path) for role, path in masks.items()}}
    task = CaseTask(case="a", row=row, folder=str(case_folder(folder, "a")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REMNANT_PSEUDONYM_KEY", "00" * 32)
        assert run_case_task(task).status is CaseStatus.DONE
    (Path(task.folder) / "outcome.json").unlink()
    return Path(task.folder)


@pytest.fixture(name="place")
def place_fixture(tmp_path, made):
    """A folder with what the cases of `examples.cohort_faults` need."""
    shutil.copytree(made, tmp_path / TEMPLATE)
    (tmp_path / LOG).touch()
    return tmp_path
