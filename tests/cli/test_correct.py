"""``remnant correct`` and ``--liver-box``: what is printed, refused and written."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from examples.files import bytes_of
from remnant.cli.app import run_command
from remnant.core.geometry import Geometry
from remnant.io.nifti import write_image, write_labels
from remnant.pipeline.case_files import REPORT_JSON
from remnant.testing.fake_prompter import BoxSegmenter
from remnant.testing.phantoms import body_grid, liver_phantom
from segmentation.engines.registry import DEFAULT_ENGINE, ENGINES, Engine


@pytest.fixture(scope="module", name="phantom")
def phantom_fixture():
    grid = body_grid(spacing_mm=(6.0, 6.5, 7.0))
    stored = Geometry(grid.shape, np.float32(grid.affine_ras))
    return liver_phantom(stored, metastases=2, seed=1, noise_hu=0.0)


@pytest.fixture(name="place")
def place_fixture(phantom, tmp_path, monkeypatch):
    """A scan, and a measured case of its liver alone, in the working folder."""
    module = SimpleNamespace(segmenter=lambda device: BoxSegmenter.knowing(phantom))
    monkeypatch.setitem(ENGINES, DEFAULT_ENGINE, Engine("engine_of_this_test", "for this test"))
    monkeypatch.setitem(sys.modules, "engine_of_this_test", module)
    monkeypatch.setattr("remnant.page.html.render_html", lambda *_, **__: "")
    monkeypatch.chdir(tmp_path)
    write_image(phantom.image, tmp_path / "ct.nii.gz")
    write_labels(phantom.liver_mask, tmp_path / "liver.nii.gz")
    assert 0 == run_command(["measure", "--liver", "liver.nii.gz", "-o", "case", "--quiet"])
    return tmp_path


@pytest.fixture(name="box")
def box_fixture(phantom):
    """The first lesion's rectangle, in RAS mm."""
    return text_of(phantom.lesions.codes == 1, phantom.geometry)


def text_of(mask, grid):
    k = int(mask.sum(axis=(0, 1)).argmax())
    hits = np.argwhere(mask[:, :, k])
    ends = [(*(hits.min(axis=0) - 0.5), k), (*(hits.max(axis=0) + 0.5), k)]
    return ",".join(f"{number:g}" for number in grid.ras_from_index(ends).ravel())


def correct(*words):
    return run_command(
        ["correct", "case", "--image", "ct.nii.gz", "--no-estimate-segments", *words]
    )


def test_correct__draws_a_lesion_and_says_so(place, box, capsys):
    assert 0 == correct("--lesion-box", box, "--by", "A. Reader")
    out = " ".join(capsys.readouterr().out.split())

    assert out.startswith("Lesion 1 drawn: ")
    assert "measured and planned anew" in out
    assert "The case as it was before is kept in case/earlier/1." in out
    (drawn,) = json.loads((place / "case" / REPORT_JSON).read_text())["settings"]["segmentation"][
        "boxes"
    ]
    assert ("lesion", 1, "A. Reader", "mm") == (
        drawn["structure"], drawn["lesion"], drawn["by"], drawn["box"].get("units", "mm"),
    )  # fmt: skip


def test_correct__takes_replace_and_a_box_that_starts_with_a_minus(place, box, capsys):
    assert 0 == correct("--lesion-box", box, "--replace", "none")
    assert 0 == correct("--lesion-box", box, "--replace", "1")
    assert 2 == correct("--lesion-box", "-900,-9,21,-890,-2,21")
    assert "-900,-9,21,-890,-2,21 (RAS mm) lies outside" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "nothing to correct"),
        (["--lesion-box", "1,2,3"], "--lesion-box got '1,2,3'; allowed are six numbers"),
        (["--lesion-box", "1,2,nan,4,5,6"], "six finite numbers"),
        (["--liver-box", "4,5,6,1,2,3"], "--liver-box: the corners of a box go from low to high"),
        (["--lesion-box", "1,2,3,1,5,6"], "a width along x and y"),
        (["--lesion-box", "900,2,3,910,5,6"], "outside the scan"),
        (["--lesion-box", "900,2,3,910,5,3", "--box-units", "voxels"], "outside the scan"),
        (
            ["--lesion-box", "BOX", "--replace", "one"],
            "--replace got 'one'; allowed are whole numbers",
        ),
        (["--lesion-box", "BOX", "--replace", ","], "--replace got ','; allowed are whole numbers"),
        (["--lesion-box", "BOX", "--lesion-box", "BOX", "--largest-slice", "3"], "one box, got 2"),
        (["--lesion-box", "BOX", "--lesion-box", "BOX", "--replace", "1"], "--replace is for one"),
    ],
)
def test_correct__refuses_in_one_line_and_writes_nothing(place, box, words, told, capsys):
    was = bytes_of(place / "case")
    capsys.readouterr()

    assert 2 == correct(*(box if word == "BOX" else word for word in words))
    said = capsys.readouterr().err.strip()
    assert told in said
    assert 1 == len(said.splitlines())
    assert bytes_of(place / "case") == was


def test_correct__of_no_case(place, box, capsys):
    words = ["correct", "nowhere", "--image", "ct.nii.gz", "--lesion-box", box]
    assert 2 == run_command(words)
    assert "nowhere holds no segmented case" in capsys.readouterr().err


def test_liver_box__makes_a_case_of_a_scan(place, phantom, capsys):
    liver = text_of(phantom.liver_mask.codes > 0, phantom.geometry)
    run = ["run", "ct.nii.gz", "-o", "new", "--no-estimate-segments", "--liver-box", liver]
    assert 0 == run_command(run)
    out = " ".join(capsys.readouterr().out.split())

    assert "in a box that a reader drew" in out
    assert 2 == run_command(["run", "new", "--liver-box", liver])
    assert "draw its liver anew by `remnant correct new --liver-box`" in capsys.readouterr().err
    segment = ["segment", "ct.nii.gz", "-o", "maps", "--no-estimate-segments"]
    assert 0 == run_command([*segment, "--liver-box", liver])
