"""The library's own names: one case and a cohort from values, tables and frames."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import remnant
from remnant.api import cells_of, manifest_rows
from remnant.cohort.clusters import ClusterChoice
from remnant.cohort.outcomes import CaseStatus
from remnant.cohort.runner import CohortOptions
from remnant.core.errors import InputError, UnreadableFileError
from remnant.io.nifti import write_labels
from remnant.pipeline.folder import read_measured
from remnant.testing.phantoms import body_grid, liver_phantom

ONE_WORKER = CohortOptions(cluster=ClusterChoice(workers=1))
ROLES = ("liver", "lesions", "couinaud")


@pytest.fixture(scope="module", name="masks")
def masks_fixture(tmp_path_factory):
    return made_masks(tmp_path_factory.mktemp("masks"), seed=3)


@pytest.fixture(scope="module", name="other_masks")
def other_masks_fixture(tmp_path_factory):
    return made_masks(tmp_path_factory.mktemp("others"), seed=4)


def made_masks(folder, *, seed):
    phantom = liver_phantom(body_grid(spacing_mm=(8.0, 8.5, 9.0)), metastases=2, seed=seed)
    maps = (phantom.liver_mask, phantom.lesions, phantom.couinaud)
    for role, labels in zip(ROLES, maps, strict=True):
        write_labels(labels, folder / f"{role}.nii.gz")
    return {role: folder / f"{role}.nii.gz" for role in ROLES}


def test_import__costs_nothing_until_a_name_is_asked_for():
    code = (
        "import sys, remnant\n"
        "assert 'remnant.api' not in sys.modules and 'numpy' not in sys.modules\n"
        "remnant.run_case\n"
        "assert 'torch' not in sys.modules and 'distributed' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_remnant__has_no_other_name():
    with pytest.raises(AttributeError, match="no attribute 'run_everything'"):
        remnant.run_everything  # noqa: B018


def test_run_case__is_that_of_the_command_line(masks, tmp_path):
    case = remnant.run_case(
        tmp_path / "p1", **masks, height_cm=171.5, weight_kg=73, sex="female", page=False
    )

    assert case.report == read_measured(tmp_path / "p1")
    assert case.report.patient.height_cm == 171.5
    assert not (tmp_path / "p1" / "report.html").exists()
    lesions = case.frame("lesions")
    assert list(lesions["volume_ml"]) == [
        one.volume_ml.value for one in case.report.volumetry.lesions
    ]
    assert len(case.frame("plans")) == len(case.report.planning.plans)


def test_run_case__refuses_as_the_command_does(masks, tmp_path):
    with pytest.raises(InputError, match="height_cm"):
        remnant.run_case(tmp_path / "p1", **masks, height_cm=17)
    with pytest.raises(InputError, match="stature"):
        remnant.run_case(tmp_path / "p1", **masks, stature=171)
    assert not (tmp_path / "p1").exists()


def test_run_case__other_values_need_overwrite(masks, tmp_path):
    remnant.run_case(tmp_path / "p1", **masks, height_cm=171, weight_kg=73, page=False)

    with pytest.raises(InputError, match="drop height cm"):
        remnant.run_case(tmp_path / "p1", **masks, page=False)
    again = remnant.run_case(tmp_path / "p1", **masks, page=False, overwrite=True)

    assert again.report.patient.height_cm is None
    assert any("replaced" in note for note in again.notes)


def test_case__has_no_other_table(masks, tmp_path):
    case = remnant.run_case(tmp_path / "p1", **masks, page=False)
    with pytest.raises(InputError, match="no table 'tumours'; there are: agreement, cases"):
        case.frame("tumours")


def test_run_cohort__from_a_frame_gives_frames(masks, other_masks, tmp_path):
    frame = pd.DataFrame(
        [
            {"case": "p1", **masks, "height_cm": 171.5, "weight_kg": 73, "x_site": "north"},
            {"case": "p2", **other_masks, "height_cm": np.nan, "weight_kg": np.nan},
        ]
    )

    cohort = remnant.run_cohort(frame, tmp_path / "cohort", options=ONE_WORKER)

    assert cohort.counts == {CaseStatus.DONE: 2}
    cases = cohort.frame("cases").set_index("case")
    report = cohort.report("p1")
    assert cases.loc["p1", "tlv_ml"] == report.volumetry.tlv_ml.value
    assert cases.loc["p1", "x_site"] == "north"
    assert report.patient.height_cm == 171.5
    assert cohort.report("p2").patient.height_cm is None
    opened = remnant.open_cohort(tmp_path / "cohort")
    assert dict(opened.reports()) == {"p1": report, "p2": cohort.report("p2")}
    with pytest.raises(UnreadableFileError):
        opened.report("p3")


def test_run_cohort__names_every_fault_of_every_row(masks, tmp_path):
    rows = [{"case": "p1", **masks, "height_cm": 17}, {"case": "p1", **masks, "sex": "yes"}]
    with pytest.raises(InputError) as caught:
        remnant.run_cohort(rows, tmp_path / "cohort", options=ONE_WORKER)
    told = str(caught.value)
    assert "height_cm" in told
    assert "sex" in told
    assert "line 3, case: is that of line 2" in told
    assert not (tmp_path / "cohort").exists()


def test_manifest_rows__relative_paths_are_from_here(masks, tmp_path, monkeypatch):
    monkeypatch.chdir(masks["liver"].parent)
    rows = manifest_rows([{"case": "p1", "liver": "liver.nii.gz"}])
    assert rows[0].cells == {"case": "p1", "liver": str(masks["liver"])}


def test_cells_of__numbers_keep_all_their_digits():
    cells = cells_of({"height_cm": np.float64(171.1), "weight_kg": np.int64(73), "x": np.True_})
    assert cells == {"height_cm": "171.1", "weight_kg": "73", "x": "yes"}


def test_open_cohort__another_folder_is_none(tmp_path):
    with pytest.raises(InputError, match="is no cohort"):
        remnant.open_cohort(tmp_path)
