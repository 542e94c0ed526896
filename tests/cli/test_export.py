"""``remnant export`` as a user meets it."""

import pytest

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
