"""The command line as a user meets it."""

import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from remnant.cli.app import COMMANDS, run_command
from remnant.cli.options import parse_masks, parse_segments
from remnant.core.errors import InputError
from remnant.core.geometry import Geometry
from remnant.core.labels import BINARY_SCHEME, STRUCTURE_SCHEME, CouinaudSegment
from remnant.core.volumes import LabelMap
from remnant.io.nifti import read_labels, write_image, write_labels
from remnant.pipeline.option_texts import parse_numbers
from remnant.testing.fake_segmenter import FakeSegmenter
from remnant.testing.phantoms import body_grid, liver_phantom
from segmentation.engines.registry import ENGINES, Engine

BODY = ("--height-cm", "175", "--weight-kg", "80", "--sex", "male", "--age", "60")


@pytest.fixture(scope="module", name="masks")
def masks_fixture(tmp_path_factory):
    phantom = liver_phantom(metastases=3, seed=1)
    folder = tmp_path_factory.mktemp("masks")
    for role, labels in (
        ("liver", phantom.liver_mask),
        ("lesions", phantom.lesions),
        ("couinaud", phantom.couinaud),
    ):
        write_labels(labels, folder / f"{role}.nii.gz")
    return folder


def _masks(folder, *roles):
    return ",".join(f"{role}={folder / role}.nii.gz" for role in roles)


def _one_line(capsys):
    error = capsys.readouterr().err
    lines = [line for line in error.splitlines() if line.startswith("remnant: error:")]
    assert 1 == len(lines), error
    assert "Traceback" not in error
    return lines[0]


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help__says_what_it_does_and_shows_examples(command, capsys):
    assert 0 == run_command([*command.split(), "--help"])
    shown = capsys.readouterr().out
    assert "Usage" in shown
    assert "Examples" in shown
    assert "Research use only" in shown


def test_help__starts_without_torch():
    code = (
        "import sys; from remnant.cli.app import run_command\n"
        "for command in ([], ['measure'], ['plan'], ['report'], ['run']):\n"
        "    run_command([*command, '--help'])\n"
        "print(sorted({'torch', 'monai'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == done.stderr.strip()


def test_measure_plan_report__on_masks_alone(masks, tmp_path, capsys):
    output = tmp_path / "case"
    given = _masks(masks, "liver", "lesions", "couinaud")
    assert 0 == run_command(["measure", "--masks", given, "-o", str(output), *BODY])
    assert {"report.json", "lesions.csv"} < {p.name for p in output.iterdir()}
    assert "total liver volume" in capsys.readouterr().out
    assert 0 == run_command(["plan", str(output), "--background", "normal", "--resect", "6,7,V"])
    assert 0 == run_command(["report", str(output)])

    document = json.loads((output / "report.json").read_text(encoding="utf-8"))
    resections = document["planning"]["resections"]
    assert "normal" == document["patient"]["background"]
    assert ["V", "VI", "VII"] in [r["segments"] for r in resections]
    assert (output / "report.html").stat().st_size > 10_000


def test_measure__never_loads_torch(masks, tmp_path):
    arguments = ["measure", "--masks", _masks(masks, "liver"), "-o", str(tmp_path / "c")]
    code = (
        "import sys; from remnant.cli.app import run_command\n"
        f"assert run_command({arguments!r}) == 0\n"
        "print(sorted({'torch', 'monai', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.splitlines()[-1]


def test_measure__a_reader_that_goes_away_ends_it_quietly_with_the_case_written(masks, tmp_path):
    output = tmp_path / "case"
    arguments = ["measure", "--masks", _masks(masks, "liver"), "-o", str(output)]
    code = f"from remnant.cli.app import main; main({arguments!r})"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.close()
        error = process.stderr.read()
    assert "" == error
    assert 141 == process.returncode
    assert (output / "report.json").exists()


def test_run__stored_case_takes_a_review_in_place(masks, tmp_path, capsys):
    output = tmp_path / "case"
    given = _masks(masks, "liver", "lesions", "couinaud")
    assert 0 == run_command(["run", "--masks", given, "-o", str(output), *BODY])
    assert 0 == run_command(["run", str(output), "--reject-lesions", "1"])

    document = json.loads((output / "report.json").read_text(encoding="utf-8"))
    first = document["volumetry"]["lesions"][0]
    assert (1, "rejected") == (first["id"], first["confirmation"])
    assert 175.0 == document["patient"]["height_cm"]
    assert "rejected" in (output / "lesions.csv").read_text(encoding="utf-8")


def test_stored_case__of_an_earlier_schema_is_refused_with_what_to_do(masks, tmp_path, capsys):
    output = tmp_path / "case"
    given = _masks(masks, "liver", "lesions")
    assert 0 == run_command(["measure", "--masks", given, "-o", str(output), *BODY])
    report = output / "report.json"
    text = report.read_text(encoding="utf-8")
    report.write_text(text.replace('"schema_version":"2.0"', '"schema_version":"1.3"'), "utf-8")
    before = {path.name: path.read_bytes() for path in output.iterdir()}
    capsys.readouterr()
    for command in ("run", "measure", "plan", "report"):
        assert 2 == run_command([command, str(output)])
        line = " ".join(capsys.readouterr().err.split())
        assert "a report.json of schema version '1.3' was given; this program reads 2.0" in line
        assert "measure it again from its masks, to a new folder" in line
    assert before == {path.name: path.read_bytes() for path in output.iterdir()}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "missing.nii.gz", "-o", "{out}"], "does not exist"),
        (["run", "-o", "{out}"], "nothing to work on"),
        (["run", "{text}", "-o", "{out}"], ""),
        (["segment", "{text}", "-o", "{out}"], ""),
        (["measure", "-o", "{out}"], "nothing to work on"),
        (["measure", "--masks", "liver={empty}", "-o", "{out}"], "empty"),
        (["measure", "--masks", "liver={liver},lesions={other}", "-o", "{out}"], "another grid"),
        (["measure", "--masks", "spleen={liver}", "-o", "{out}"], "spleen"),
        (["measure", "--masks", "liver={liver}", "-o", "{out}", "--height-cm", "1.75"], "height"),
        (["measure", "--masks", "liver={liver}", "-o", "{out}", "--age", "12"], "adults"),
        (["measure", "--masks", "liver={liver}", "-o", "{out}", "--formula", "mine"], "formula"),
        (
            ["measure", "--masks", "liver={liver}", "-o", "{out}", "--interval-seed", "1.5"],
            "--interval-seed got '1.5'; allowed are whole numbers",
        ),
        (
            ["measure", "--masks", "liver={liver}", "-o", "{out}", "--interval-seed", "-3"],
            "--interval-seed is -3; allowed is 0 to 4294967295",
        ),
        (
            ["measure", "--masks", "liver={liver}", "-o", "{out}", "--liver-boundary-mm", "99"],
            "--liver-boundary-mm is 99; allowed is 0 to 10",
        ),
        (["measure", "--masks", "liver={liver}", "-o", "{text}"], "is a file"),
        (["measure", "--masks", "liver={liver}", "-o", "{out}", "--reject-lesions", "1"], "lesion"),
        (["plan", "{out}"], "remnant measure"),
        (["report", "{out}"], "remnant measure"),
        (["inspect", "missing"], "does not exist"),
        (["models", "show", "no-such-model"], "no-such-model"),
        (["models", "add", "{text}"], "sha256"),
        (["run", "--no-such-option"], "no-such-option"),
        (["nonsense"], "nonsense"),
    ],
)
def test_bad_input__is_one_line_code_2_and_nothing_written(
    arguments, words, masks, tmp_path, capsys, empty_cache
):
    places = {"out": tmp_path / "out", "liver": masks / "liver.nii.gz"}
    places["text"] = tmp_path / "scan.nii.gz"
    places["text"].write_text("not an image", encoding="utf-8")
    grid = liver_phantom(metastases=0).geometry
    places["empty"] = tmp_path / "empty.nii.gz"
    write_labels(LabelMap(np.zeros(grid.shape, np.uint8), grid, BINARY_SCHEME), places["empty"])
    places["other"] = tmp_path / "other.nii.gz"
    shape = (7, 8, 9)
    write_labels(
        LabelMap(
            np.ones(shape, np.uint8), Geometry(shape, np.diag((2.0, 2.0, 3.0, 1.0))), BINARY_SCHEME
        ),
        places["other"],
    )
    before = {p.name for p in tmp_path.iterdir()} - {"cache"}

    assert 2 == run_command([a.format(**places) for a in arguments])
    assert words in _one_line(capsys)
    assert before == {p.name for p in tmp_path.iterdir()} - {"cache"}


def test_doctor__lists_packages_and_formulas(capsys):
    assert 0 == run_command(["doctor"])
    shown = capsys.readouterr().out
    assert "vauthey2002_bsa" in shown
    assert "torch" in shown


def test_parse_masks__pairs_may_be_joined_or_repeated(tmp_path):
    joined = parse_masks(("liver=a.nii,lesions=b.nii", "couinaud=c.nii"))
    assert ["liver", "lesions", "couinaud"] == list(joined)
    with pytest.raises(InputError, match="twice"):
        parse_masks(("liver=a.nii", "liver=b.nii"))


def test_parse_masks__a_comma_within_a_path_parts_nothing():
    found = parse_masks(("liver=Doe, J/a.nii,lesions=Doe, J/b.nii,",))
    assert {role: str(file) for role, file in found.items()} == {
        "liver": "Doe, J/a.nii",
        "lesions": "Doe, J/b.nii",
    }
    with pytest.raises(InputError, match="allowed is role=FILE"):
        parse_masks(("liver=a.nii,spleen=b.nii",))


def test_parse_segments__numerals_and_digits_are_the_same():
    assert parse_segments(("vi,VII",)) == parse_segments(("6,7",))
    assert ({CouinaudSegment.VI, CouinaudSegment.VII},) == parse_segments(("6,7",))
    with pytest.raises(InputError, match="IX"):
        parse_segments(("IX",))
    with pytest.raises(InputError, match="one to seven"):
        parse_segments(("1,2,3,4,5,6,7,8",))


def test_parse_numbers__only_positive_whole_numbers():
    assert frozenset({3, 7}) == parse_numbers("3, 7", option="--x")
    assert frozenset() == parse_numbers(None, option="--x")
    for text in ("0", "-1", "1.5", "a"):
        with pytest.raises(InputError, match="--x"):
            parse_numbers(text, option="--x")


@pytest.mark.parametrize("command", ["segment", "run"])
def test_engine__another_one_segments_for_the_commands(command, tmp_path, monkeypatch):
    grid = body_grid(spacing_mm=(6.0, 6.5, 7.0))
    phantom = liver_phantom(Geometry(grid.shape, np.float32(grid.affine_ras)), metastases=1, seed=1)
    write_image(phantom.image, tmp_path / "ct.nii.gz")
    another = SimpleNamespace(segmenter=lambda device: FakeSegmenter.knowing(phantom))
    monkeypatch.setitem(ENGINES, "another", Engine("engine_of_this_test", "knows the answer"))
    monkeypatch.setitem(sys.modules, "engine_of_this_test", another)
    words = [command, str(tmp_path / "ct.nii.gz"), "-o", str(tmp_path / "case"), "--modality", "ct"]

    assert 0 == run_command([*words, "--engine", "another", "--no-estimate-segments"])

    found = read_labels(tmp_path / "case" / "structures.nii.gz", STRUCTURE_SCHEME)
    np.testing.assert_array_equal(phantom.structures.codes, found.codes)


def test_engine__unknown_is_refused_before_anything_is_read(tmp_path, capsys):
    words = ["run", str(tmp_path / "absent.nii.gz"), "-o", str(tmp_path / "case")]
    assert 2 == run_command([*words, "--engine", "nobody"])
    assert "no engine 'nobody'; known: kul" in _one_line(capsys)
