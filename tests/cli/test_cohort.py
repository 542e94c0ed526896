"""``remnant cohort run``: what it prints, hands back and refuses."""

import json
import shutil

import pytest

from remnant.cli.app import run_command
from remnant.cli.cohort import bytes_of
from remnant.core.errors import InputError
from remnant.io.nifti import write_labels
from remnant.testing.phantoms import body_grid, liver_phantom

HEAD = "case,liver,lesions,couinaud,height_cm,weight_kg\n"


@pytest.fixture(name="manifest")
def manifest_fixture(tmp_path):
    phantom = liver_phantom(body_grid(spacing_mm=(8.0, 8.5, 9.0)), metastases=2, seed=3)
    maps = {"v": phantom.liver_mask, "t": phantom.lesions, "s": phantom.couinaud}
    for name, labels in maps.items():
        write_labels(labels, tmp_path / f"{name}.nii.gz")
    (tmp_path / "bad.nii.gz").write_bytes(b"nothing")
    rows = (f"{case},{liver}.nii.gz,{lesions},s.nii.gz,175,80\n" for case, liver, lesions in (
        ("one", "v", "t.nii.gz"), ("two", "v", ""), ("bad", "bad", "t.nii.gz")
    ))  # fmt: skip
    path = tmp_path / "manifest.csv"
    path.write_text(HEAD + "".join(rows), encoding="utf-8")
    return path


def test_run__tells_how_cases_ended_and_goes_on(manifest, tmp_path, capsys):
    words = ["cohort", "run", str(manifest), "-o", str(tmp_path / "out"), "--workers", "1"]
    first = run_command(words)
    told = capsys.readouterr()
    shutil.rmtree(tmp_path / "out" / "cases" / "two")
    second = run_command([*words, "--json"])
    again = capsys.readouterr()

    assert (3, 3) == (first, second)
    assert "3 case(s): 2 done, 1 refused; 3 of them worked off now." in told.out
    assert "bad: refused in read: <liver>" in told.out
    assert "1 case(s) have no usable result" in told.err
    assert {"done": 2, "refused": 1} == json.loads(again.out)["cases"]
    assert 1 == json.loads(again.out)["worked_off_now"]
    assert {"one", "two", "bad"} == {one.name for one in (tmp_path / "out" / "cases").iterdir()}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--workers", "0"], "--workers got 0; allowed is 1 or more"),
        (["--time-limit", "0"], "--time-limit got 0; allowed are minutes above 0"),
        (["--time-limit", "inf"], "--time-limit got inf"),
        (["--recycle-after", "-1"], "--recycle-after got -1; allowed is 0 or more"),
        (["--memory-per-worker", "much"], "--memory-per-worker got 'much'"),
        (["--most-attempts", "0"], "--most-attempts got 0"),
        (["--engine", "none"], "there is no engine 'none'"),
    ],
)
def test_run__refuses_what_cannot_be(manifest, tmp_path, capsys, words, said):
    code = run_command(["cohort", "run", str(manifest), "-o", str(tmp_path / "out"), *words])

    assert 2 == code
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_run__refuses_a_folder_of_something_else(manifest, tmp_path, capsys):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine", encoding="utf-8")
    code = run_command(["cohort", "run", str(manifest), "-o", str(tmp_path / "other")])

    assert 2 == code
    assert "holds other files (notes.txt, …)" in capsys.readouterr().err


def test_run__without_the_extra_says_how_to_install_it(manifest, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    code = run_command(["cohort", "run", str(manifest), "-o", str(tmp_path / "out")])

    assert 2 == code
    assert "pip install 'remnant[cohort]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "expected"), [("4GB", 4e9), (" 1500 mb", 1.5e9), ("2.5", 2.5e9), (None, None)]
)
def test_memory__is_read_with_its_unit(text, expected):
    assert expected == bytes_of(text)


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "0", "infGB", "4TB"])
def test_memory__that_cannot_be_read_is_refused(text):
    with pytest.raises(InputError, match="such as 4GB"):
        bytes_of(text)
