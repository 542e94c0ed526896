"""``remnant export`` as a user meets it."""

import json
import shutil

import pytest

from examples.dicom_results import NAME, FakeMakers, dicom_case, example_phantom
from remnant.cli.app import run_command
from remnant.core.geometry import Geometry
from remnant.io.nifti import write_labels
from remnant.testing.phantoms import body_grid, liver_phantom


@pytest.fixture(scope="module", name="case")
def case_fixture(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    grid = body_grid(spacing_mm=(8.0, 8.5, 9.0))
    phantom = liver_phantom(Geometry(grid.shape, grid.affine_ras), metastases=1, seed=3)
    write_labels(phantom.liver_mask, folder / "liver.nii.gz")
    write_labels(phantom.lesions, folder / "lesions.nii.gz")
    maps = f"liver={folder}/liver.nii.gz,lesions={folder}/lesions.nii.gz"
    assert 0 == run_command(["measure", "--masks", maps, "-o", str(folder / "case")])
    return folder / "case"


def test_export__into_a_folder_beside_the_case(case, capsys):
    assert 0 == run_command(["export", str(case), "--to", "slicer"])
    out = case.with_name("case-slicer")
    shown = capsys.readouterr().out
    assert f"{len(list(out.iterdir())) - 1} files are in {out}" in shown
    assert max(map(len, shown.splitlines()[1:])) <= 80
    assert 0 == run_command(["export", str(case), "--to", "slicer"])
    assert capsys.readouterr().out.startswith("Replaced the earlier export, slicer of case-")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{case}", "--to", "word"], "word"),
        (["{case}", "--to", "nnunet"], "-o Dataset501_Liver"),
        (["{case}", "--to", "nnunet", "-o", "{out}/Dataset501_X"], "give --image SCAN once for"),
        (["{case}", "--to", "stl", "-o", "{case}"], "holds other files"),
        (["{out}", "--to", "glb"], "holds no segmented case"),
        (["{case}"], "to"),
    ],
)  # fmt: skip
def test_refusals__are_one_line_with_code_2(case, arguments, words, tmp_path, capsys):
    places = {"case": str(case), "out": str(tmp_path)}
    assert 2 == run_command(["export", *(text.format(**places) for text in arguments)])
    error = capsys.readouterr().err
    (line,) = [line for line in error.splitlines() if line.startswith("remnant: error:")]
    assert words in line
    assert [] == list(tmp_path.iterdir())


@pytest.fixture(scope="module", name="imaged")
def imaged_fixture(tmp_path_factory):
    """A case of a DICOM series."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REMNANT_PSEUDONYM_KEY", "00" * 32)
        return dicom_case(tmp_path_factory.mktemp("imaged"), example_phantom(metastases=1))


@pytest.fixture(name="makers")
def makers_fixture(monkeypatch):
    monkeypatch.setattr("remnant.pipeline.dicom_results.making.import_module", FakeMakers())


def test_dicom__goes_into_the_case_and_each_file_is_named(imaged, makers, tmp_path, capsys):
    case = tmp_path / "case"
    shutil.copytree(imaged, case)
    words = ["export", str(case), "--to", "dicom"]
    assert 0 == run_command(words)
    shown = capsys.readouterr().out
    assert f"4 files are in {case / 'dicom'}\n  seg_anatomy.dcm\n  measurements.dcm\n" in shown
    assert "They name the patient" in " ".join(shown.split())
    assert "There is no PDF" in shown
    assert 0 == run_command([*words, "--json"])
    document = json.loads(capsys.readouterr().out)
    assert document["files"][-1] == "captures_02.dcm"
    assert 0 == run_command([*words, "--plan", "plan_1", "--labelmap", "-o", f"{tmp_path}/out"])
    assert (tmp_path / "out" / "measurements.dcm").read_text() == "plan_1 True"
    assert NAME not in shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{case}", "--to", "dicom"], "was made from label maps alone"),
        (["{imaged}", "--to", "dicom", "--plan", "plan_99"], "has no such plan; it has plan_1"),
        (["{imaged}", "--to", "dicom", "--source", "{out}"], "none of the 0 DICOM series in"),
        (["{imaged}", "--to", "dicom", "--source", "{out}/x"], "does not exist"),
        (["{imaged}", "--to", "dicom", "--image", "{out}"], "--image is not for --to dicom"),
        (["{imaged}", "--to", "glb", "--labelmap"], "--labelmap is for --to dicom alone"),
        (["{imaged}", "{case}", "--to", "dicom"], "takes one case, got 2"),
        (["{imaged}", "--to", "dicom", "-o", "{imaged}"], "holds other files"),
        (["{out}", "--to", "dicom"], "holds no segmented case"),
    ],
)  # fmt: skip
def test_dicom__refusals_are_one_line_with_code_2(
    case, imaged, makers, arguments, words, tmp_path, capsys
):
    places = {"case": str(case), "imaged": str(imaged), "out": str(tmp_path)}
    assert 2 == run_command(["export", *(text.format(**places) for text in arguments)])
    error = capsys.readouterr().err
    (line,) = [line for line in error.splitlines() if line.startswith("remnant: error:")]
    assert words in line
    assert [] == list(tmp_path.iterdir())
    assert {"source.json"} == {path.name for path in (imaged / "dicom").iterdir()}
