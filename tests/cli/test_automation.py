"""Commands as other programs run them: documents, exit codes, silence, and the log."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from io import FileIO, TextIOWrapper
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from remnant.cli import working
from remnant.cli.app import run_command, whole
from remnant.cli.exit_codes import ExitCode
from remnant.cli.outcome import cases_outcome
from remnant.core.errors import InconsistentPlanError, SegmentationFailedError
from remnant.core.findings import quality_finding
from remnant.core.labels import BINARY_SCHEME
from remnant.core.volumes import LabelMap
from remnant.documents.report_document import REPORT
from remnant.io.nifti import write_labels
from remnant.testing.fake_segmenter import ThresholdSegmenter
from remnant.testing.phantoms import body_grid, liver_phantom
from segmentation.engines.registry import ENGINES, Engine

NAME, NUMBER = "Doe^Jane", "MRN-4711"


@pytest.fixture(scope="module", name="phantom")
def phantom_fixture():
    return liver_phantom(body_grid(spacing_mm=(6.0, 6.5, 7.0)), metastases=2, seed=1, noise_hu=0.0)


@pytest.fixture(scope="module", name="maps")
def maps_fixture(phantom, tmp_path_factory):
    folder = tmp_path_factory.mktemp("maps")
    write_labels(phantom.liver_mask, folder / "liver.nii.gz")
    write_labels(phantom.lesions, folder / "lesions.nii.gz")
    write_labels(phantom.couinaud, folder / "couinaud.nii.gz")
    return folder


@pytest.fixture(scope="module", name="case")
def case_fixture(maps, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cases") / "case"
    assert 0 == run_command([*measuring(maps), "-o", str(folder), "--quiet"])
    return folder


@pytest.fixture(name="scan")
def scan_fixture(phantom, tmp_path):
    """Write the phantom as a DICOM series of a person, into a folder of her name."""
    folder = tmp_path / f"{NAME} {NUMBER}"
    folder.mkdir()
    stored = np.round(phantom.image.voxels + 1024).astype(np.uint16)
    spacing = [float(s) for s in phantom.geometry.spacing_mm]
    for k in range(stored.shape[2]):
        slice_of(stored[:, :, k].T, k, spacing).save_as(folder / f"{NUMBER}-{k}.dcm")
    return folder


def slice_of(pixels, k, spacing):
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, f"1.2.7.{k + 1}"
    meta.TransferSyntaxUID, meta.ImplementationClassUID = ExplicitVRLittleEndian, "1.2.3.4"
    made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    made.SOPClassUID, made.SOPInstanceUID = CTImageStorage, f"1.2.7.{k + 1}"
    made.StudyInstanceUID, made.SeriesInstanceUID = "1.2.3", "1.2.7"
    made.FrameOfReferenceUID, made.Modality = "1.2.9", "CT"
    made.PatientName, made.PatientID, made.InstanceNumber = NAME, NUMBER, k + 1
    made.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    made.ImagePositionPatient = [0.0, 0.0, k * spacing[2]]
    made.ImageOrientationPatient = [-1, 0, 0, 0, -1, 0]
    made.PixelSpacing, made.SliceThickness = [spacing[1], spacing[0]], spacing[2]
    made.RescaleSlope, made.RescaleIntercept = 1, -1024
    made.Rows, made.Columns = pixels.shape
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated = made.BitsStored = 16
    made.HighBit, made.PixelRepresentation = 15, 0
    made.PixelData = np.ascontiguousarray(pixels).tobytes()
    return made


def measuring(maps):
    roles = ("liver", "lesions", "couinaud")
    return ["measure", "--masks", ",".join(f"{role}={maps / role}.nii.gz" for role in roles)]


def engine_of(monkeypatch, segmenter):
    module = SimpleNamespace(segmenter=lambda device: segmenter)
    monkeypatch.setitem(ENGINES, "another", Engine("engine_of_this_test", "for this test"))
    monkeypatch.setitem(sys.modules, "engine_of_this_test", module)


def failing(monkeypatch, error):
    def fail(*words, **options):
        raise error

    monkeypatch.setattr(working, "watched", fail)


# documents


@pytest.mark.parametrize("command", ["measure", "run", "plan", "report"])
def test_json__prints_what_is_stored_and_nothing_else(command, case, maps, tmp_path, capsys):
    folder = case if command in ("plan", "report") else tmp_path / "case"
    words = [command, str(folder)]
    if folder is not case:
        words = [command, *measuring(maps)[1:], "-o", str(folder)]

    assert 0 == run_command([*words, "--json"])
    shown = capsys.readouterr()
    assert (folder / "report.json").read_text("utf-8") == shown.out
    assert str(folder) in " ".join(shown.err.split())


def test_json__of_a_comparison_and_of_an_evaluation_are_those_stored(case, maps, tmp_path, capsys):
    later = tmp_path / "later"
    assert 0 == run_command([*measuring(maps), "-o", str(later), "--height-cm", "170", "-q"])
    compare = ["compare", str(case), str(later), "-o", str(tmp_path / "c"), "--json", "--quiet"]
    assert 0 == run_command(compare)
    shown = capsys.readouterr()
    assert (tmp_path / "c" / "comparison.json").read_text("utf-8") == shown.out
    assert "" == shown.err

    both = [str(maps / "liver.nii.gz")] * 2
    assert 0 == run_command(["evaluate", *both, "-o", str(tmp_path / "e"), "--json"])
    assert (tmp_path / "e" / "agreement.json").read_text("utf-8") == capsys.readouterr().out


def test_json__of_inspect_models_and_doctor_are_plain_documents(case, maps, capsys):
    def document(*words):
        assert run_command([*words, "--json", "--quiet"]) in (0, 3)
        return json.loads(capsys.readouterr().out)

    found = document("inspect", str(maps))
    assert found["usable"] is True
    assert {"couinaud.nii.gz", "lesions.nii.gz", "liver.nii.gz"} == {
        m["name"] for m in found["maps"]
    }
    assert all(line.startswith("To use ") for line in found["use"])
    assert "case" == document("inspect", str(case))["kind"]
    assert "couinaud-shape" in {model["id"] for model in document("models", "list")}
    assert "# " in document("models", "show", "kul-liver")["card"]
    assert {"name", "found", "advice", "fails"} == set(document("doctor")["checks"][0])


def test_json__of_a_refusal_is_no_document(tmp_path, capsys):
    assert 2 == run_command(["inspect", str(tmp_path / "absent"), "--json"])
    shown = capsys.readouterr()
    assert "" == shown.out
    assert shown.err.startswith("remnant: error: ")


def test_quiet__prints_nothing_but_errors(case, maps, tmp_path, capsys):
    assert 0 == run_command(["--quiet", *measuring(maps), "-o", str(tmp_path / "case")])
    assert 0 == run_command(["inspect", str(case), "-q"])
    assert ("", "") == tuple(capsys.readouterr())
    assert 2 == run_command(["inspect", str(tmp_path / "absent"), "-q"])
    assert "does not exist" in capsys.readouterr().err


def test_text__in_a_pipe_or_file_is_plain(case, capsys):
    assert 0 == run_command(["plan", str(case)])
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert " \n" not in shown


# how commands end


def test_codes__of_a_failed_gate_with_the_case_written(phantom, tmp_path, capsys):
    everywhere = LabelMap(
        (phantom.structures.codes > 0).astype(np.uint8), phantom.geometry, BINARY_SCHEME
    )
    write_labels(phantom.liver_mask, tmp_path / "liver.nii.gz")
    write_labels(everywhere, tmp_path / "lesions.nii.gz")
    words = [
        "--liver",
        str(tmp_path / "liver.nii.gz"),
        "--lesions",
        str(tmp_path / "lesions.nii.gz"),
    ]
    preset = ["--masks-preset", "binary"]

    assert 3 == run_command(["measure", *words, *preset, "-o", str(tmp_path / "case")])
    assert (tmp_path / "case" / "report.json").is_file()
    assert "remnant: not to be used as it is: Lesions fill" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["report"], "CASE is missing; `remnant report --help` says what is allowed"),
        (["compare", "a", "b"], "--output is missing; `remnant compare --help`"),
        (["export", "a", "--to"], "--to needs a value; `remnant export --help`"),
        (["measure", "--bogus"], "Unknown option: --bogus; `remnant measure --help` says"),
        (["models", "pul"], "train; `remnant models --help` says what is allowed"),
        (["measur"], "`remnant --help` says what is allowed"),
    ],
)
def test_codes__of_words_that_a_command_does_not_take(words, expected, capsys):
    assert 2 == run_command(words)
    (line,) = capsys.readouterr().err.splitlines()
    assert expected in line


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_codes__of_a_full_disk_and_of_a_closed_output(unbuffered):
    def code(redirection):
        shell = f"exec {sys.executable} -m remnant --version {redirection}"
        environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
        done = subprocess.run(
            ["/bin/sh", "-c", shell], env=environment, capture_output=True, check=False
        )
        return done.returncode, done.stderr.decode()

    assert (0, "") == code(">&-")
    if Path("/dev/full").exists():
        number, said = code("> /dev/full")
        assert 2 == number
        assert said.startswith("remnant: error:")
        assert 1 == len(said.splitlines())


def test_codes__a_text_is_taken_whole_or_fails_on_an_unbuffered_stream_too():
    reading, writing = os.pipe()
    stream = whole(TextIOWrapper(FileIO(writing, "w"), encoding="utf-8", write_through=True))

    def read_a_little():
        os.read(reading, 10)
        os.close(reading)

    reader = Thread(target=read_a_little)
    reader.start()
    with pytest.raises(BrokenPipeError):
        print("x" * 300_000, file=stream, flush=True)
    reader.join()
    with suppress(BrokenPipeError):
        stream.close()


def test_codes__inspect_ends_with_3_where_nothing_can_be_used(tmp_path, capsys):
    (tmp_path / "letter.txt").write_text("no image", encoding="utf-8")
    assert 3 == run_command(["inspect", str(tmp_path)])
    assert "nothing here can be used" in capsys.readouterr().err


def test_codes__doctor_ends_with_3_where_a_model_is_missing(empty_cache, capsys):
    assert 3 == run_command(["doctor"])
    shown = capsys.readouterr()
    assert "model kul-liver not installed, fetch it with" in shown.err
    assert "model medsam-lite" not in shown.err
    assert "needed for boxes" in " ".join(shown.out.split())


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ZeroDivisionError("by Doe^Jane"), 1, "this is a bug, ZeroDivisionError at test_autom"),
        (InconsistentPlanError("counted twice"), 1, "this is a bug, InconsistentPlanError"),
        (SegmentationFailedError("no liver was found"), 3, "error: no liver was found"),
        (PermissionError(13, "Permission denied"), 2, "error: [Errno 13] Permission denied"),
        (MemoryError(), 2, "error: the memory does not suffice"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (BrokenPipeError(), 141, ""),
    ],
)
def test_codes__of_what_a_command_may_raise(error, code, words, case, monkeypatch, capsys):
    failing(monkeypatch, error)
    monkeypatch.setattr(working, "_nobody_reads", lambda: ExitCode.NOBODY_READS)

    assert code == run_command(["report", str(case)])
    said = capsys.readouterr().err
    assert words in said
    assert len(said.splitlines()) == bool(words)


def test_debug__shows_the_traceback_of_a_bug(case, monkeypatch, capsys):
    failing(monkeypatch, ZeroDivisionError("nothing"))
    assert 1 == run_command(["report", str(case), "--debug"])
    said = capsys.readouterr().err
    assert "Traceback (most recent call last)" in said
    assert "remnant: this is a bug" in said.splitlines()[-1]


# the log


def events(file):
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_log__says_what_happened_and_nothing_about_the_person(scan, tmp_path, monkeypatch, capsys):
    engine_of(monkeypatch, ThresholdSegmenter())
    log, case = tmp_path / "log.jsonl", tmp_path / f"case of {NAME}"
    segment = ["segment", str(scan), "-o", str(case), "--engine", "another"]

    assert 0 == run_command(["inspect", str(scan), "--log-file", str(log)])
    first = pydicom.dcmread(scan / f"{NUMBER}-0.dcm")
    assert (NAME, NUMBER) == (first.PatientName, first.PatientID)
    assert 0 == run_command([*segment, "--no-estimate-segments", "--log-file", str(log)])
    assert 2 == run_command(["inspect", str(scan / NAME), "--log-file", str(log)])
    failing(monkeypatch, ZeroDivisionError(f"in {scan}"))
    assert 1 == run_command(["report", str(case), "--log-file", str(log)])

    text = log.read_text("utf-8")
    assert [
        w for w in (*NAME.split("^"), NUMBER, "1.2.7", tmp_path.name, ".dcm") if w in text
    ] == []
    found = events(log)
    ends = [(one["outcome"], one["exit_code"]) for one in found if one["event"] == "end"]
    assert [("done", 0), ("done", 0), ("refused", 2), ("bug", 1)] == ends
    starts = [one["command"] for one in found if one["event"] == "start"]
    assert ["inspect", "segment", "inspect", "report"] == starts
    assert "thresholds" in {one["stage"] for one in found if one["event"] == "stage"}
    errors = [one for one in found if one["event"] == "error"]
    assert ["UnreadableFileError", "ZeroDivisionError"] == [one["error"] for one in errors]
    assert "remnant.cli.working:" in " ".join(errors[1]["traceback"])
    assert {"info", "error", "critical"} == {one["level"] for one in found}
    assert all(one["time"].endswith("+00:00") for one in found)


def test_log__names_the_stages_of_measuring_and_planning(maps, tmp_path):
    log, case = tmp_path / "log.jsonl", tmp_path / "case"
    assert 0 == run_command([*measuring(maps), "-o", str(case), "--log-file", str(log)])
    assert 0 == run_command(["plan", str(case), "--log-file", str(log)])
    stages = [one["stage"] for one in events(log) if one["event"] == "stage"]
    assert ["reading maps", "measuring", "writing"] == stages[:3]
    assert ["reading maps", "planning", "writing"] == stages[3:]


def test_log__that_cannot_be_written_is_refused_before_the_work(case, tmp_path, capsys):
    before = (case / "report.json").stat().st_mtime_ns
    assert 2 == run_command(["plan", str(case), "--log-file", str(tmp_path / "absent" / "log")])
    assert "--log-file" in capsys.readouterr().err
    assert before == (case / "report.json").stat().st_mtime_ns


def test_version__names_the_models_and_loads_no_network(capsys, empty_cache):
    assert 0 == run_command(["--version"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("remnant ")
    assert "model kul-liver 20201011: not installed" in lines
    assert "model couinaud-shape 2: installed" in lines


def test_json__of_several_cases_is_one_object_by_their_folders(case):
    report = REPORT.read(case / "report.json")
    made = cases_outcome({case: report})

    assert {case.name: json.loads((case / "report.json").read_text("utf-8"))} == json.loads(
        made.document()
    )
    assert "" == made.unusable
    failed = replace(report, quality=(quality_finding("body_orientation", passed=False),))
    assert cases_outcome({case: failed}).unusable.startswith("not to be used as it is: ")
