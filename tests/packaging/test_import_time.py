"""What does not run a network starts without one: importing torch takes seconds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from remnant.io.nifti import write_labels
from remnant.testing.phantoms import body_grid, liver_phantom

NETWORK_LIBRARIES = {"torch", "monai", "tensorflow"}
LATE = {"bibtexparser", "matplotlib", "jsonschema"}
READERS = {"pydicom", "nibabel", "SimpleITK", "pandas", "highdicom"}
TORCH_FREE = (
    "volumetry.measure",
    "planning.planner",
    "segmentation",
    "segmentation.port",
    "segmentation.couinaud.landmark_planes",
    "segmentation.postprocess",
    "segmentation.synthetic",
    "segmentation.quality",
    "segmentation.alignment.surfaces",
    "segmentation.lesions.split",
    "remnant.pipeline.comparison",
    "remnant.pipeline.evaluation",
    "models.registry",
    "remnant.io",
    "remnant.io.source",
    "remnant.io.masks",
    "remnant.view",
    "remnant.pictures",
    "remnant.page.html",
    "remnant.documents.report_document",
    "remnant.pipeline",
    "remnant.cohort.manifest",
    "remnant.cohort.scanning",
    "remnant.api",
    "remnant.cli.app",
    "remnant.testing.phantoms",
)
COMMANDS = {
    "demo", "run", "segment", "measure", "plan", "report", "compare", "evaluate", "models",
    "inspect", "doctor", "export", "cohort", "correct", "serve", "anonymise", "pacs",
}  # fmt: skip
PURE = (
    "remnant.core.case",
    "volumetry.measure",
    "volumetry.remnant",
    "volumetry.agreement.of_regions",
    "volumetry.growth.remnant_growth",
    "planning.planner",
)


def loaded_by(statement):
    """Top-level names of the modules that a fresh interpreter holds after a statement."""
    script = f"{statement}\nimport sys\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("module", TORCH_FREE)
def test_import__loads_no_network_library(module):
    assert loaded_by(f"import {module}") & NETWORK_LIBRARIES == set()


@pytest.mark.parametrize("module", PURE)
def test_import__pure_packages_load_no_reader_and_no_engine(module):
    loaded = loaded_by(f"import {module}")

    assert loaded & (NETWORK_LIBRARIES | READERS | LATE | {"segmentation", "models"}) == set()


SLOW = {"scipy/signal", "scipy/stats", "matplotlib", "jsonschema", "yaml", "torch", "pandas"}


def modules_of(*commands, code):
    """Modules, with a slash for the dot, that the program holds after some commands."""
    statement = f"""
from remnant.cli.app import run_command
for arguments in {commands!r}:
    assert run_command(arguments) == {code}, arguments
import sys
print(*(name.replace(".", "/") for name in sys.modules))
"""
    return loaded_by(statement)


def test_error__is_said_before_readers_and_solvers_are_loaded(tmp_path):
    none, out = str(tmp_path / "none"), ["-o", str(tmp_path / "out")]
    loaded = modules_of(
        ["measure", "--liver", f"{none}.nii.gz", *out],
        ["measure", none],
        ["plan", none],
        ["report", none],
        ["run", none, *out],
        ["segment", none, *out],
        ["compare", none, none, *out],
        code=2,
    )

    assert "remnant/cli/compare" in loaded
    assert loaded & {"scipy", "nibabel", "SimpleITK", "pydicom", "skimage", "torch"} == set()


def test_measure_and_plan__load_nothing_slow_that_they_do_not_need(tmp_path):
    phantom = liver_phantom(body_grid(spacing_mm=(8.0, 9.0, 10.0)), metastases=1, seed=1)
    case, liver, lesions = (str(tmp_path / name) for name in ("case", "v.nii.gz", "t.nii.gz"))
    write_labels(phantom.liver_mask, Path(liver))
    write_labels(phantom.lesions, Path(lesions))
    measure = ["measure", "--liver", liver, "--lesions", lesions, "-o", case]

    measuring = modules_of(measure, code=0)
    planning = modules_of(["plan", case], code=0)

    assert "volumetry/measure" in measuring
    assert measuring & (SLOW | {"planning/planner", "scipy/optimize"}) == set()
    assert "planning/planner" in planning
    assert planning & (SLOW - {"yaml"}) == set()


def test_measure__of_nifti_masks_loads_no_reader_of_other_formats(tmp_path):
    statement = f"""
from pathlib import Path
from remnant.cli.app import run_command
from remnant.io.nifti import write_labels
from remnant.testing.phantoms import body_grid, liver_phantom
phantom = liver_phantom(body_grid(spacing_mm=(8.0, 9.0, 10.0)), metastases=1, seed=1)
folder = Path({str(tmp_path)!r})
write_labels(phantom.liver_mask, folder / "liver.nii.gz")
write_labels(phantom.lesions, folder / "lesions.nii.gz")
maps = f"liver={{folder}}/liver.nii.gz,lesions={{folder}}/lesions.nii.gz"
assert run_command(["measure", "--masks", maps, "-o", str(folder / "case")]) == 0
import sys
ours = {{name for name in sys.modules if name.startswith("remnant.io.")}}
print(*(name.replace(".", "/") for name in ours))
"""
    loaded = loaded_by(statement)

    assert (tmp_path / "case" / "report.json").exists()
    assert "remnant/io/nrrd" in loaded
    # nibabel itself loads pydicom where it is installed; nothing of ours may
    assert loaded & {"SimpleITK", "highdicom", "pandas"} == set()
    # the tables of codes are shared with the files for 3D Slicer; they read nothing
    tables = {
        f"remnant/io/dicom_results{name}" for name in ("", "/codes", "/heads", "/measurement_codes")
    }
    assert not [name for name in loaded - tables if name.startswith("remnant/io/dicom")]


def test_help__of_the_command_loads_no_network_library():
    command = Path(sys.executable).with_name("remnant")
    environment = os.environ | {"PYTHONPROFILEIMPORTTIME": "1"}
    done = subprocess.run(
        [str(command), "--help"], capture_output=True, text=True, env=environment, check=False
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    modules = {line.rpartition("|")[2].strip().split(".")[0] for line in lines}

    assert done.returncode == 0, done.stderr[-500:]
    assert "remnant" in modules
    assert modules & NETWORK_LIBRARIES == set()
    assert set(done.stdout.split()) >= COMMANDS


@pytest.mark.parametrize(("told", "expected"), [(None, "1"), ("3", "3")])
def test_cli__starts_one_thread_of_linear_algebra_unless_told_otherwise(told, expected):
    environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_NUM_THREADS"}
    environment |= {} if told is None else {"OPENBLAS_NUM_THREADS": told}
    # numpy reads it once, when it is loaded: it must not be there yet
    code = (
        "import os, sys, remnant.cli\n"
        "print(os.environ['OPENBLAS_NUM_THREADS'], 'numpy' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"{expected} False" == done.stdout.strip()
