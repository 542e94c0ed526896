"""``remnant evaluate`` as a user meets it."""

import json
import subprocess
import sys

import numpy as np
import pytest

from remnant.cli.app import run_command
from remnant.core.geometry import Geometry
from remnant.core.labels import INSTANCE_SCHEME
from remnant.core.volumes import LabelMap
from remnant.io.nifti import write_labels
from remnant.pipeline.evaluation import RESULT_FILES

GRID = Geometry((14, 12, 10), np.diag([1.5, 2.0, 2.5, 1.0]))


def write(path, *, shift=0, lesion=(5, 5, 5), geometry=GRID):
    codes = np.zeros(geometry.shape, dtype=np.uint8)
    codes[1 + shift : 11 + shift, 1:11, 1:9] = 1
    codes[tuple(slice(c, c + 3) for c in lesion)] = 2
    path.parent.mkdir(parents=True, exist_ok=True)
    write_labels(LabelMap(codes, geometry, INSTANCE_SCHEME), path)
    return path


@pytest.fixture(name="folders")
def folders_fixture(tmp_path):
    for n in range(4):
        write(tmp_path / "pred" / f"case-{n}.nii.gz", shift=n % 2, lesion=(5, 5, 4 + n % 2))
        write(tmp_path / "truth" / f"case-{n}.nii.gz")
    return tmp_path


def one_line(capsys):
    error = capsys.readouterr().err
    assert "Traceback" not in error
    assert 1 == len(error.splitlines()), error
    return error


def test_two_folders__table_files_and_exit_code(folders, capsys):
    command = ["evaluate", "pred", "truth", "-o", "out", "--preset", "lits"]
    paths = [str(folders / word) if word in ("pred", "truth", "out") else word for word in command]

    assert 0 == run_command(paths)
    shown = capsys.readouterr()
    assert "4 case(s), NSD at 2 mm" in shown.out
    for words in ("liver", "lesions", "Dice", "F1", "RMSE", "limits of agreement", "Research use"):
        assert words in shown.out
    assert "" == shown.err
    assert max(len(line) for line in shown.out.splitlines() if "Files are" not in line) <= 80
    assert set(RESULT_FILES) == {path.name for path in (folders / "out").iterdir()}
    document = json.loads((folders / "out" / "agreement.json").read_text(encoding="utf-8"))
    assert ["case-0", "case-1", "case-2", "case-3"] == [case["name"] for case in document["cases"]]


def test_two_files__options_reach_the_figures(folders, tmp_path):
    one, other = folders / "pred" / "case-0.nii.gz", folders / "truth" / "case-0.nii.gz"
    given = ["--preset", "lits", "--tolerance-mm", "0.5", "--match-iou", "0.6"]

    assert 0 == run_command(["evaluate", str(one), str(other), "-o", str(tmp_path / "o"), *given])
    document = json.loads((tmp_path / "o" / "agreement.json").read_text(encoding="utf-8"))
    assert {
        "tolerance_mm": 0.5,
        "match_iou": 0.6,
        "prediction_coding": "lits:liver",
        "truth_coding": "lits:liver",
    } == document["settings"]
    # 18 of 36 voxels in common, one voxel of 2.5 mm apart
    assert 0 == document["detection"]["true_positives"]
    assert document["cases"][0]["structures"][1]["nsd"]["value"] < 1.0


def test_without_preset__every_code_and_no_lesions(folders, tmp_path, capsys):
    arguments = [str(folders / "pred"), str(folders / "truth"), "-o", str(tmp_path / "o")]

    assert 0 == run_command(["evaluate", *arguments])
    shown = capsys.readouterr().out
    assert "label_2" in shown
    assert "burden" not in shown


def test_without_preset__many_codes_are_cut_short_on_the_terminal_only(tmp_path, capsys):
    codes = np.arange(14 * 12 * 10).reshape(14, 12, 10) % 31
    labels = LabelMap(codes.astype(np.uint8), GRID, INSTANCE_SCHEME)
    write_labels(labels, tmp_path / "a.nii.gz")
    file = str(tmp_path / "a.nii.gz")

    assert 0 == run_command(["evaluate", file, file, "-o", str(tmp_path / "o")])
    shown = capsys.readouterr().out
    assert "label_20" in shown
    assert "label_21" not in shown
    assert "and 10 more structures" in shown
    assert "label_30,dice" in (tmp_path / "o" / "summary.csv").read_text(encoding="utf-8")


def test_allow_missing__leaves_out_and_says_so(folders, tmp_path, capsys):
    (folders / "pred" / "case-2.nii.gz").unlink()
    arguments = [str(folders / "pred"), str(folders / "truth"), "-o", str(tmp_path / "o")]

    assert 2 == run_command(["evaluate", *arguments])
    assert "case-2 (no prediction)" in one_line(capsys)
    assert 0 == run_command(["evaluate", *arguments, "--allow-missing"])
    assert "1 case(s) had no partner" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{pred}/case-0.nii.gz", "missing.nii.gz"], "does not exist"),
        (["{pred}/case-0.nii.gz", "{truth}"], "one case"),
        (["{pred}/case-0.nii.gz", "{other}"], "resample"),
        (["{pred}/case-0.nii.gz", "{text}"], "text.nii.gz"),
        (["{pred}", "{empty}"], "holds no label map"),
        (["{pred}", "{truth}", "--preset", "binary"], "--preset"),
        (["{pred}", "{truth}", "--preset", "mine"], "preset"),
        (["{pred}", "{truth}", "--tolerance-mm", "-1"], "tolerance"),
        (["{pred}", "{truth}", "--match-iou", "2"], "IoU"),
        (["{pred}", "{truth}", "--truth-preset", "lits"], "--preset lits"),
    ],
)
def test_bad_input__is_one_line_code_2_and_nothing_written(arguments, words, folders, capsys):
    places = {name: folders / name for name in ("pred", "truth", "empty")}
    places["empty"].mkdir()
    places["text"] = folders / "text.nii.gz"
    places["text"].write_text("not an image", encoding="utf-8")
    grid = Geometry((14, 12, 11), GRID.affine_ras)
    places["other"] = write(folders / "other.nii.gz", geometry=grid)
    before = {path.name for path in folders.iterdir()}
    given = [argument.format(**places) for argument in arguments]

    assert 2 == run_command(["evaluate", *given, "-o", str(folders / "out")])
    assert words in one_line(capsys)
    assert before == {path.name for path in folders.iterdir()}


def test_output__that_holds_other_files_is_refused_before_the_work(folders, capsys):
    assert 2 == run_command(
        ["evaluate", str(folders / "pred"), str(folders / "truth"), "-o", str(folders / "pred")]
    )
    assert "holds other files" in one_line(capsys)


def test_evaluate__never_loads_torch(folders, tmp_path):
    arguments = [str(folders / "pred"), str(folders / "truth"), "-o", str(tmp_path / "o")]
    code = (
        "import sys; from remnant.cli.app import run_command\n"
        f"assert run_command(['evaluate', *{arguments!r}]) == 0\n"
        "print(sorted({'torch', 'monai', 'skimage', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.splitlines()[-1]


def test_help__loads_neither_network_nor_plot_library():
    code = (
        "import sys; from remnant.cli.app import run_command\n"
        "run_command(['evaluate', '--help'])\n"
        "print(sorted({'torch', 'monai', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.splitlines()[-1]
