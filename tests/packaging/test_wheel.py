"""What users install: the wheel, built for real and opened."""

import email
import importlib.util
import subprocess
import sys
import tomllib
import zipfile

import pytest

OFFLINE_SIGNS = ("No matching distribution", "Connection", "Retrying", "Could not fetch")

SHIPPED_WEIGHTS = "models/bundles/couinaud-shape/models/model.safetensors"
LARGEST_WEIGHTS_BYTES = 8_000_000


@pytest.fixture(scope="session", name="wheel")
def wheel_fixture(tmp_path_factory, repository):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", str(repository), "--no-deps", "-q", "-w",
               str(folder), "--disable-pip-version-check"]  # fmt: skip
    if importlib.util.find_spec("hatchling"):
        command.append("--no-build-isolation")
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    if done.returncode != 0 and any(sign in done.stderr for sign in OFFLINE_SIGNS):
        pytest.skip("the build backend is not installed and no package index answers")
    assert done.returncode == 0, done.stderr[-2000:]
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        yield archive


@pytest.fixture(scope="session", name="project")
def project_fixture(repository):
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_wheel__top_level_names_are_the_five_packages(wheel, packages, project):
    names = {name.split("/")[0] for name in wheel.namelist()}

    assert names == {*packages, f"remnant-{project['version']}.dist-info"}


def test_wheel__holds_every_committed_file_of_the_packages(wheel, packages, committed):
    wanted = {path.as_posix() for path in committed if path.parts[0] in packages}

    assert len(wanted) > 50
    assert wanted - set(wheel.namelist()) == set()


@pytest.mark.parametrize(
    "name",
    [
        "remnant/py.typed",
        "models/catalog.toml",
        "models/bundles/kul-liver/configs/metadata.json",
        "models/bundles/kul-liver/configs/inference.json",
        "models/bundles/kul-lesion/configs/metadata.json",
        "models/bundles/kul-lesion/configs/inference.json",
        "models/bundles/medsam-lite/configs/metadata.json",
        "models/bundles/medsam-lite/configs/inference.json",
        "planning/literature.bib",
    ],
)
def test_wheel__holds_the_data_that_the_code_reads(wheel, name):
    assert wheel.getinfo(name).file_size > 0 or name.endswith("py.typed")


@pytest.mark.parametrize(
    ("folder", "suffix"),
    [
        ("remnant/documents/", ".json"),
        ("remnant/page/", ".j2"),
        ("remnant/pipeline/", ".json"),
        ("segmentation/", ".json"),
    ],
)
def test_wheel__holds_schema_templates_and_sample_landmarks(wheel, folder, suffix):
    names = wheel.namelist()

    assert [name for name in names if name.startswith(folder) and name.endswith(suffix)]


def test_wheel__holds_one_models_weights_and_nothing_left_over(wheel):
    left_over = ("__pycache__", ".pyc", ".safetensors", ".h5", ".pt", ".whl", ".orig", ".nii.gz")

    others = [name for name in wheel.namelist() if name != SHIPPED_WEIGHTS]
    assert [name for name in others if any(sign in name for sign in left_over)] == []
    assert wheel.getinfo(SHIPPED_WEIGHTS).file_size <= LARGEST_WEIGHTS_BYTES


def test_wheel__carries_licence_and_notice(wheel):
    licences = {name.rsplit("/", 1)[1] for name in wheel.namelist() if "/licenses/" in name}

    assert {"LICENSE", "NOTICE"} <= licences


def test_wheel__metadata_says_who_it_is(wheel, project):
    name = next(n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))
    facts = email.message_from_bytes(wheel.read(name))
    entry_points = wheel.read(name.replace("METADATA", "entry_points.txt")).decode()

    assert facts["Name"] == "remnant"
    assert facts["License-Expression"] == "Apache-2.0"
    assert facts["Requires-Python"] == ">=3.11"
    assert "remnant = remnant.cli.app:main" in entry_points
    assert len(project["dependencies"]) <= len(facts.get_all("Requires-Dist"))


def test_versions__agree(repository, project):
    text = (repository / "remnant" / "__init__.py").read_text(encoding="utf-8")

    assert f'__version__ = "{project["version"]}"' in text


def test_constraints__pin_every_dependency_exactly(repository, project):
    lines = (repository / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.partition("#")[0].strip() for line in lines]
    pins = {pin.partition("==")[0].lower(): pin for pin in pins if pin}
    names = {d.split(">")[0].split("=")[0].lower() for d in project["dependencies"]}

    assert all("==" in pin for pin in pins.values())
    assert len(pins) == len([line for line in lines if line.partition("#")[0].strip()])
    assert names - set(pins) == set()
    assert pins["torch"].startswith("torch==2.13.0")
