"""Segments on the command line: estimated, corrected, confirmed, divided."""

import json
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from examples.files import document_of
from remnant.cli.app import run_command
from remnant.cli.run import repeated
from remnant.core.errors import ModelUnavailableError
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, COUINAUD_SCHEME
from remnant.core.volumes import LabelMap
from remnant.io.nifti import write_labels
from remnant.testing.fake_divider import FakeDivider
from remnant.testing.phantoms import body_grid, liver_phantom


class BrokenDivider:
    """Has no weights."""

    def divide(self, liver, *, stems=None, progress=None):
        raise ModelUnavailableError("the weights of couinaud-shape are not there")


@pytest.fixture(scope="module", name="phantom")
def phantom_fixture():
    grid = body_grid(spacing_mm=(5.0, 5.5, 6.0))
    return liver_phantom(Geometry(grid.shape, np.float32(grid.affine_ras)), metastases=2, seed=3)


@pytest.fixture(scope="module", name="places")
def places_fixture(phantom, tmp_path_factory):
    folder = tmp_path_factory.mktemp("maps")
    moved = np.array(phantom.geometry.affine_ras)
    moved[0, 3] += 2.3
    maps = {
        "liver": phantom.liver_mask,
        "lesions": phantom.lesions,
        "couinaud": phantom.couinaud,
        "moved": LabelMap(
            phantom.couinaud.codes, Geometry(phantom.geometry.shape, moved), COUINAUD_SCHEME
        ),
    }
    for name, labels in maps.items():
        write_labels(labels, folder / f"{name}.nii.gz")
    names = ("ivc", "gallbladder_fossa", "umbilical_fissure", "portal_bifurcation")
    points = {name: list(getattr(phantom.landmarks, name)) for name in names}
    (folder / "points.json").write_text(
        json.dumps({"frame": "RAS mm", "points": points}), encoding="utf-8"
    )
    files = {name: folder / f"{name}.nii.gz" for name in maps}
    return files | {"points": folder / "points.json"}


@pytest.fixture(autouse=True)
def _fake_divider(phantom, monkeypatch):
    use(monkeypatch, FakeDivider.knowing(phantom))


def use(monkeypatch, divider):
    module = SimpleNamespace(ShapeDivider=lambda *, device: divider)
    monkeypatch.setitem(sys.modules, "segmentation.couinaud.shape_model", module)


def run(*arguments):
    return run_command([str(argument) for argument in arguments])


@pytest.fixture(scope="module", name="stored")
def stored_fixture(places, phantom, tmp_path_factory):
    given = f"liver={places['liver']},lesions={places['lesions']}"
    output = tmp_path_factory.mktemp("stored") / "case"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("REMNANT_PSEUDONYM_KEY", "00" * 32)
        use(patched, FakeDivider.knowing(phantom))
        assert 0 == run("run", "--masks", given, "-o", output)
    return output


@pytest.fixture(name="case")
def case_fixture(stored, tmp_path):
    """A stored case whose segments were estimated."""
    return shutil.copytree(stored, tmp_path / "case")


def test_run__estimates_by_default_and_not_when_told_so(case, places, tmp_path, capsys):
    volumes = document_of(case)["volumetry"]
    assert "model" == volumes["segment_source"]
    assert volumes["segments_need_review"]
    assert {"fake-divider"} == {m["id"] for m in document_of(case)["provenance"]["models"]}
    capsys.readouterr()

    plain = tmp_path / "plain"
    arguments = ("run", "--masks", f"liver={places['liver']}", "-o", plain)
    assert 0 == run(*arguments, "--no-estimate-segments")
    assert document_of(plain)["volumetry"]["segment_source"] is None
    assert not (plain / "couinaud.nii.gz").exists()
    assert 0 == run("run", plain, "--no-estimate-segments")
    assert document_of(plain)["volumetry"]["segment_source"] is None
    assert 0 == run("run", plain)
    assert "model" == document_of(plain)["volumetry"]["segment_source"]
    printed = " ".join(capsys.readouterr().out.split())
    assert "Segments estimated from the liver's shape; measured and planned anew" in printed


def test_measure__never_estimates(places, tmp_path, monkeypatch, capsys):
    use(monkeypatch, BrokenDivider())
    output = tmp_path / "case"
    assert 0 == run("measure", "--masks", f"liver={places['liver']}", "-o", output)
    assert 0 == run("measure", output)
    assert document_of(output)["volumetry"]["segment_source"] is None
    state = json.loads((output / "segmentation.json").read_text(encoding="utf-8"))
    assert ["no_segments_given"] == [one["cause"] for one in state["segments_reasons"]]


def test_couinaud_from__replaces_the_segments_of_a_stored_case(case, places, capsys):
    assert 0 == run("run", case, "--couinaud-from", places["couinaud"])
    printed = " ".join(capsys.readouterr().out.split())
    file = "".join(str(places["couinaud"]).split())
    assert f"Segmentsreplacedby{file};measuredandplannedanew" in "".join(printed.split())
    volumes = document_of(case)["volumetry"]
    assert "given" == volumes["segment_source"]
    assert not volumes["segments_need_review"]
    assert [] == document_of(case)["provenance"]["models"]


def test_couinaud_from__given_a_second_time_replaces_nothing_and_says_so(case, places, capsys):
    again = ("run", case, "--couinaud-from", places["couinaud"])
    assert 0 == run(*again)
    assert "Segments replaced by" in capsys.readouterr().out
    assert 0 == run(*again)
    printed = "".join(capsys.readouterr().out.split())
    assert f"Themap{places['couinaud']}holdsjustthestoredsegments" in printed
    assert "Segmentsreplacedby" not in printed


def test_measure__takes_a_corrected_map_too_and_says_so(case, places, capsys):
    assert 0 == run("measure", case, "--couinaud-from", places["couinaud"])
    assert "Changed before measuring: segments replaced by" in capsys.readouterr().out
    assert "given" == document_of(case)["volumetry"]["segment_source"]
    assert document_of(case).get("planning") is None


def test_couinaud_from__is_the_couinaud_mask_of_a_new_study(places, tmp_path):
    liver = f"liver={places['liver']}"
    pairs = {
        "a": ("--masks", liver, "--couinaud-from", places["couinaud"]),
        "b": ("--masks", f"{liver},couinaud={places['couinaud']}"),
    }
    for name, given in pairs.items():
        assert 0 == run("measure", *given, "-o", tmp_path / name)
    first, second = (document_of(tmp_path / name) for name in pairs)
    assert first["volumetry"] == second["volumetry"]
    assert first["provenance"]["inputs_sha256"] == second["provenance"]["inputs_sha256"]


def test_confirm__is_stored_shown_and_dropped(case, places, capsys):
    assert 0 == run("run", case, "--confirm-segments", "Ada Lovelace")
    confirmation = document_of(case)["volumetry"]["segments_confirmation"]
    assert "Ada Lovelace" == confirmation["name"]
    assert not document_of(case)["volumetry"]["segments_need_review"]
    assert "Segments confirmed by Ada Lovelace" in " ".join(capsys.readouterr().out.split())

    again = ("run", case, "--couinaud-from", places["couinaud"])
    assert 2 == run(*again)
    assert "that Ada Lovelace confirmed on" in " ".join(capsys.readouterr().err.split())
    assert 0 == run(*again, "--overwrite")
    assert "segments_confirmation" not in document_of(case)["volumetry"]
    assert "confirmation by Ada Lovelace dropped" in " ".join(capsys.readouterr().out.split())


def edit_in_place(case, phantom):
    codes = phantom.couinaud.codes.copy()
    codes[codes == 4] = 2
    write_labels(LabelMap(codes, phantom.geometry, COUINAUD_SCHEME), case / "couinaud.nii.gz")


@pytest.mark.parametrize("command", ["report", "plan"])
def test_edited_map__is_not_mixed_with_the_figures_of_before(command, case, phantom, capsys):
    assert 0 == run(command, case)
    edit_in_place(case, phantom)
    before = {p.name: p.read_bytes() for p in case.iterdir()}
    capsys.readouterr()

    assert 2 == run(command, case)
    error = " ".join(capsys.readouterr().err.split())
    assert "couinaud.nii.gz changed after the case was measured" in error
    assert "remnant run" in error
    assert before == {p.name: p.read_bytes() for p in case.iterdir()}
    assert 0 == run("run", case)
    printed = " ".join(capsys.readouterr().out.split())
    assert "Map couinaud.nii.gz was edited where it lies" in printed
    assert 0 == run(command, case)


def test_own_map__given_back_is_no_review(case, capsys):
    assert 0 == run("run", case, "--couinaud-from", case / "couinaud.nii.gz")
    printed = " ".join(capsys.readouterr().out.split())
    assert "the same in every voxel" in printed
    volumes = document_of(case)["volumetry"]
    assert "model" == volumes["segment_source"]
    assert volumes["segments_need_review"]


def test_split_iv__writes_the_parts(case, places):
    assert 0 == run("run", case, "--landmarks", places["points"], "--split-iv")
    assert (case / "couinaud_iv.nii.gz").is_file()
    assert {"IVa", "IVb"} == set(document_of(case)["volumetry"]["segment_iv"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--couinaud-from", "missing.nii.gz"], "missing.nii.gz"),
        (["--couinaud-from", "{moved}"], "the Couinaud map lies on another grid"),
        (["--couinaud-from", "{points}"], "points.json"),
        (["--couinaud-from", "{liver}", "--masks", "couinaud={couinaud}"], "give one of them"),
        (["--masks", "lesions={lesions}"], "is a stored case"),
        (["--confirm-segments", ""], "1 to 80 printable characters"),
        (["--confirm-segments", "x" * 81], "1 to 80 printable characters"),
        (["--confirm-segments", "a\nb"], "1 to 80 printable characters"),
        (["--split-iv"], "--split-iv needs --landmarks"),
        (["--split-iv", "--couinaud-from", "{couinaud}"], "--split-iv needs --landmarks"),
        (["--masks", "branches={liver}", "--split-iv"], "--split-iv needs --landmarks"),
        (["--masks", "branches=missing.nii.gz"], "missing.nii.gz"),
    ],
)
def test_bad_input__is_one_line_code_2_and_the_case_is_untouched(
    arguments, words, case, places, capsys
):
    before = {p.name: p.read_bytes() for p in case.iterdir()}
    siblings = {p.name for p in case.parent.iterdir()}
    capsys.readouterr()

    assert 2 == run("run", case, *(a.format(**places) for a in arguments))
    lines = [x for x in capsys.readouterr().err.splitlines() if x.startswith("remnant: error:")]
    assert 1 == len(lines)
    assert words in lines[0]
    assert before == {p.name: p.read_bytes() for p in case.iterdir()}
    assert siblings == {p.name for p in case.parent.iterdir()}


def test_weights__that_are_missing_are_an_error_and_nothing_is_written(
    places, tmp_path, monkeypatch, capsys
):
    use(monkeypatch, BrokenDivider())
    output = tmp_path / "case"
    given = ("run", "--masks", f"liver={places['liver']}", "-o", output)
    assert 2 == run(*given)
    assert "--no-estimate-segments" in capsys.readouterr().err
    assert not output.exists()
    assert 0 == run(*given, "--no-estimate-segments")


def test_confirm__without_segments_is_bad_input(places, tmp_path, capsys):
    output = tmp_path / "case"
    given = ("run", "--masks", f"liver={places['liver']}", "-o", output, "--no-estimate-segments")
    assert 2 == run(*given, "--confirm-segments", "Ada")
    assert "no Couinaud segments to confirm" in capsys.readouterr().err
    assert not output.exists()


@pytest.mark.parametrize("command", ["run", "segment", "measure"])
def test_help__tells_of_the_options(command, capsys):
    assert 0 == run_command([command, "--help"])
    shown = capsys.readouterr().out
    for option in ("--couinaud-from", "--split-iv", "--confirm-segments"):
        assert option in shown
    assert (command != "measure") == ("estimate-segments" in shown)


def test_repeated__names_what_was_changed():
    assert "Maps as stored; measured and planned anew" == repeated(())
    expected = "Lesions reviewed, segments confirmed by A; measured and planned anew"
    assert expected == repeated(("lesions reviewed", "segments confirmed by A"))


def test_run__of_a_stored_case_with_segments_loads_no_network(case, tmp_path):
    code = (
        "import sys; from remnant.cli.app import run_command\n"
        f"assert run_command(['run', {str(case)!r}, '--confirm-segments', 'A']) == 0\n"
        "print(sorted({'torch', 'monai'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.splitlines()[-1]


def test_liver__of_no_voxel_is_refused_before_the_estimate(phantom, tmp_path, capsys):
    empty = LabelMap(np.zeros(phantom.geometry.shape, np.uint8), phantom.geometry, BINARY_SCHEME)
    write_labels(empty, tmp_path / "empty.nii.gz")
    assert 2 == run("run", "--masks", f"liver={tmp_path / 'empty.nii.gz'}", "-o", tmp_path / "c")
    assert "empty" in capsys.readouterr().err
