"""What a command says of an output folder that is in use."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from remnant.cli.app import run_command
from remnant.cli.exit_codes import ExitCode
from remnant.core.geometry import Geometry
from remnant.io.nifti import write_image, write_labels
from remnant.pipeline import case_files
from remnant.testing.fake_segmenter import KNOWN_LESIONS, SteppedSegmenter
from remnant.testing.phantoms import body_grid, liver_phantom
from segmentation.engines import registry

BODY = ("--height-cm", "175", "--weight-kg", "80")


@pytest.fixture(scope="module", name="phantom")
def phantom_fixture():
    grid = body_grid(spacing_mm=(6.0, 6.5, 7.0))
    return liver_phantom(Geometry(grid.shape, np.float32(grid.affine_ras)), metastases=2, seed=3)


@pytest.fixture(scope="module", name="places")
def places_fixture(phantom, tmp_path_factory):
    folder = tmp_path_factory.mktemp("places")
    for name, labels in (("liver", phantom.liver_mask), ("lesions", phantom.lesions)):
        write_labels(labels, folder / f"{name}.nii.gz")
    write_image(phantom.image, folder / "ct.nii.gz")
    return folder


@pytest.fixture(name="steps")
def steps_fixture(phantom, monkeypatch):
    """Run with a segmenter that knows the answer; the stages that it went through, as they come."""
    seen = []

    class Noting(SteppedSegmenter):
        def segment_lesions(self, image, liver, *, progress):
            seen.append(KNOWN_LESIONS)
            return super().segment_lesions(image, liver, progress=progress)

    engine = SimpleNamespace(segmenter=lambda **_: Noting.knowing(phantom))
    monkeypatch.setitem(registry.ENGINES, registry.DEFAULT_ENGINE, engine)
    return seen


def run(*arguments):
    return run_command([str(argument) for argument in arguments])


def told(capsys):
    captured = capsys.readouterr()
    return " ".join(captured.out.split()), captured.err


def test_run__again_takes_the_segmentation_up_and_says_so_in_one_line(
    places, steps, tmp_path, capsys
):
    command = ("run", places / "ct.nii.gz", "-o", tmp_path / "case", "--no-estimate-segments")
    assert 0 == run(*command, *BODY)
    assert [KNOWN_LESIONS] == steps
    (tmp_path / "case" / case_files.REPORT_JSON).unlink()
    (tmp_path / "case" / case_files.REPORT_HTML).unlink()
    capsys.readouterr()
    assert 0 == run(*command, *BODY)

    out, _ = told(capsys)
    assert [KNOWN_LESIONS] == steps
    assert out.startswith("Segmentation of case-")
    assert "".join(f"taken up from {tmp_path / 'case'}; measured".split()) in "".join(out.split())
    assert 2 == run(*command)
    assert "this would drop height cm, weight kg; go on from it" in told(capsys)[1]
    assert 0 == run(
        "segment", places / "ct.nii.gz", "-o", tmp_path / "case", "--no-estimate-segments"
    )
    assert "taken up from" in told(capsys)[0]
    assert (tmp_path / "case" / case_files.REPORT_HTML).exists()


def test_measure_and_plan__say_what_they_replace_and_what_they_would_drop(places, tmp_path, capsys):
    case = tmp_path / "case"
    given = ("--liver", places / "liver.nii.gz", "--lesions", places / "lesions.nii.gz")
    measure = ("measure", *given, "-o", case, *BODY)
    assert 0 == run(*measure)
    assert 0 == run("plan", case, "--named-only")
    assert "Replaced" not in told(capsys)[0]
    assert 0 == run("plan", case)
    assert "Replaced the earlier plan." in told(capsys)[0]
    assert 0 == run("measure", case, "--confirm-lesions", "1")
    assert f"Dropped the earlier plan; `remnant plan {case}`" in told(capsys)[0]
    assert 2 == run(*measure)
    error = told(capsys)[1]
    assert error.startswith(f"remnant: error: {case} holds case-")
    assert "this would drop 1 lesion(s) confirmed, named only; go on from it by" in error
    assert 0 == run(*measure, "--overwrite")
    assert told(capsys)[0].startswith("Replaced case-")
    assert 2 == run("measure", "--liver", places / "liver.nii.gz", "-o", case)
    assert "it was made from other inputs" in told(capsys)[1]


def test_plan_measure_and_run__name_what_was_told_otherwise_before(places, tmp_path, capsys):
    case = tmp_path / "case"
    assert 0 == run("measure", "--liver", places / "liver.nii.gz", "-o", case, *BODY)
    assert 0 == run("plan", case, "--ki67", "4", "--keep", "IV", "--resect", "V,VI")
    assert 0 == run("report", case)
    capsys.readouterr()
    assert 0 == run("plan", case, "--ki67", "9", "--resect", "II", "--keep", "none")
    out = told(capsys)[0]
    assert "Replaced the earlier plan and report.html." in out
    assert "Replaced what was told before: ki67 percent (4.0), keep (IV)." in out
    assert 0 == run("measure", case, "--height-cm", "180")
    assert "Replaced what was told before: height cm (175.0)" in told(capsys)[0]
    assert 0 == run("run", case, "--weight-kg", "90")
    assert "Replaced what was told before: weight kg (80.0)." in told(capsys)[0]
    assert 0 == run("plan", case)
    assert "told before" not in told(capsys)[0]
    assert 0 == run("plan", case, "--reset-choices")
    assert "Replaced what was told before: resect (V,VI; II)." in told(capsys)[0]


def test_compare_and_evaluate__replace_results_only_when_asked(places, tmp_path, capsys):
    case = tmp_path / "case"
    assert 0 == run("measure", "--liver", places / "liver.nii.gz", "-o", case)
    later = shutil.copytree(case, tmp_path / "later")
    for command in (
        ("compare", case, later, "-o", tmp_path / "compared"),
        ("evaluate", places / "liver.nii.gz", places / "liver.nii.gz", "-o", tmp_path / "agreed"),
    ):
        assert 0 == run(*command)
        assert "Replaced" not in told(capsys)[0]
        assert 2 == run(*command)
        assert "add --overwrite to replace it" in told(capsys)[1]
        assert 0 == run(*command, "--overwrite")
        assert "Replaced" in told(capsys)[0]


def test_state__carries_no_path_and_says_what_it_was_made_from(places, tmp_path):
    assert 0 == run("measure", "--liver", places / "liver.nii.gz", "-o", tmp_path / "case")
    text = (tmp_path / "case" / case_files.STATE).read_text(encoding="utf-8")
    made = json.loads(text)["made_from"]
    assert {"liver"} == set(made["inputs"])
    assert 1 <= made["algorithm"]
    assert str(places) not in text


def test_interrupted__says_that_what_was_finished_is_kept(places, monkeypatch, tmp_path, capsys):
    def interrupted(*_words, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr("remnant.pipeline.run.measure_case", interrupted)
    command = ("measure", "--liver", places / "liver.nii.gz", "-o", tmp_path / "case")
    assert ExitCode.INTERRUPTED == run(*command)
    assert (
        "what was finished is kept, and nothing half-written: run it again"
        in capsys.readouterr().err
    )
