"""No identifier of a patient gets into any output but a case's folder of DICOM.

A CT series is written with an own word in each element that names a person or an examination, and
in the names of its files and folders. Whatever the program makes of it is searched for these words.
"""

import asyncio
import runpy

import httpx
import numpy as np
import pydicom
import pytest

from examples.spilled import leaks
from remnant.cli.app import run_command
from remnant.io.nifti import write_labels
from remnant.testing.fake_divider import FakeDivider
from remnant.testing.phantoms import body_grid, liver_phantom
from segmentation.engines.registry import DEFAULT_ENGINE, ENGINES, Engine

WORDS = {
    "PatientName": "QZNAME^QZFIRST",
    "PatientID": "QZPID77431",
    "OtherPatientIDs": "QZOTHER",
    "PatientBirthDate": "19470719",
    "PatientAddress": "QZSTREET",
    "AccessionNumber": "QZACC5512",
    "StudyID": "QZSTUDYID",
    "StudyDate": "20250817",
    "SeriesDate": "20250818",
    "AcquisitionDateTime": "20250819101112",
    "ReferringPhysicianName": "QZREFERRER",
    "OperatorsName": "QZOPERATOR",
    "InstitutionName": "QZHOSPITAL",
    "StationName": "QZSTATION",
    "StudyDescription": "QZSTUDYTEXT",
    "SeriesDescription": "QZSERIESTEXT portal venous",
    "ProtocolName": "QZPROTOCOL",
    "ImageComments": "QZCOMMENT",
    "DeviceSerialNumber": "QZSERIAL",
    "StudyInstanceUID": "1.2.826.0.77431.1",
    "SeriesInstanceUID": "1.2.826.0.77431.2",
    "FrameOfReferenceUID": "1.2.826.0.77431.3",
}
MARKERS = (
    "QZNAME", "QZFIRST", "QZPID77431", "QZOTHER", "19470719", "1947-07-19", "QZSTREET",
    "QZACC5512", "QZSTUDYID", "20250817", "2025-08-17", "20250818", "20250819", "QZREFERRER",
    "QZOPERATOR", "QZHOSPITAL", "QZSTATION", "QZSTUDYTEXT", "QZSERIESTEXT", "QZPROTOCOL",
    "QZCOMMENT", "QZSERIAL", "1.2.826.0.77431", "QZFILE", "QZFOLDER",
)  # fmt: skip
DICOM = frozenset(("dicom",))
"""The folder of a case that may hold identifiers."""
BODY = ("--height-cm", "175", "--weight-kg", "80", "--sex", "male", "--age", "60")


@pytest.fixture(scope="module", name="phantom")
def phantom_fixture():
    return liver_phantom(body_grid(spacing_mm=(8.0, 8.5, 9.0)), metastases=3, seed=7, noise_hu=0.0)


@pytest.fixture(scope="module", name="source")
def source_fixture(phantom, repository, tmp_path_factory):
    """A series that names a person wherever it can, one slice of it damaged."""
    write_series = runpy.run_path(str(repository / "docs/tutorials/phantom.py"))["write_series"]
    folder = tmp_path_factory.mktemp("scans") / "QZFOLDER Jane"
    folder.mkdir()
    write_series(phantom.image, folder)
    for number, path in enumerate(sorted(folder.iterdir()), start=1):
        dataset = pydicom.dcmread(path)
        for name, value in WORDS.items():
            setattr(dataset, name, value)
        dataset.SOPInstanceUID = f"1.2.826.0.77431.4.{number}"
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.file_meta.SourceApplicationEntityTitle = "QZSTATION"
        block = dataset.private_block(0x0009, "QZHOSPITAL", create=True)
        block.add_new(0x10, "LO", "QZNAME")
        dataset.save_as(folder / f"QZFILE_{path.name}", enforce_file_format=True)
        path.unlink()
    last = max(folder.iterdir())
    last.with_name(f"QZFILE_cut_{last.name}").write_bytes(last.read_bytes()[:-500])
    return folder


@pytest.fixture(scope="module", name="work", autouse=True)
def work_fixture(phantom, tmp_path_factory, coarse_pictures):
    """A folder to work in; engines need no network."""
    folder = tmp_path_factory.mktemp("work")
    divider = FakeDivider(phantom.landmarks)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("REMNANT_PSEUDONYM_KEY", "00" * 32)
        patch.setitem(ENGINES, DEFAULT_ENGINE, Engine("examples.threshold_engine", "numbers"))
        patch.setattr(
            "remnant.cli.dividing.divider_for",
            lambda device, *, estimate: divider if estimate else None,
        )
        yield folder


@pytest.fixture(name="command")
def command_fixture(capfd):
    """Run a command with a log, and give its exit code and what it printed."""

    def run(*words, expected=0):
        code = run_command([*map(str, words), "--log-file", "log.jsonl"])
        out, err = capfd.readouterr()
        assert expected == code, err
        return (out + err).lower()

    return run


@pytest.fixture(scope="module", name="case")
def case_fixture(source, work):
    """The series, run: liver, lesions and segments found, measured, planned, and a page of it."""
    log = ["--log-file", "log.jsonl"]
    assert 0 == run_command(["run", str(source), "-o", "CASE", *BODY, *log])
    return work / "CASE"


@pytest.fixture(scope="module", name="maps")
def maps_fixture(phantom, work):
    """Options that give the maps of liver and lesions."""
    write_labels(phantom.liver_mask, work / "liver.nii.gz")
    write_labels(phantom.lesions, work / "lesions.nii.gz")
    return ("--liver", "liver.nii.gz", "--lesions", "lesions.nii.gz")


def said(text):
    return [marker for marker in MARKERS if marker.lower() in text]


def test_source__holds_every_marker(source):
    found = "\n".join(leaks(source.parent, MARKERS)).upper()

    # dates with hyphens are a form that only outputs could have
    expected = [marker for marker in MARKERS if "-" not in marker]
    assert [] == [marker for marker in expected if f"{marker} IN" not in found]


def test_run__names_nobody(source, case, work, command):
    text = command("run", case, "--keep", "I")

    assert said(text) == []
    assert (case / "report.html").is_file()
    assert leaks(work, MARKERS, but=DICOM) == []


def test_measure_plan_and_report__name_nobody(source, case, work, command, maps):
    text = command("measure", case, "--reject-lesions", "2")
    text += command("plan", case, "--plan-maps")
    text += command("report", case, "--pdf")
    text += command("inspect", case)
    text += command("measure", *maps, "-o", "GIVEN", *BODY)

    assert said(text) == []
    assert (case / "report.pdf").is_file()
    assert leaks(work, MARKERS, but=DICOM) == []


@pytest.mark.parametrize("target", ["slicer", "itksnap", "stl", "glb", "nnunet"])
def test_export__names_nobody(source, case, work, command, target):
    more = {
        "itksnap": ["--image", source],
        "slicer": ["--image", source],
        "nnunet": ["--image", source, "--unconfirmed"],
    }
    output = "Dataset501_Liver" if target == "nnunet" else f"OUT-{target}"
    text = command("export", case, "--to", target, *more.get(target, []), "-o", output)

    assert said(text) == []
    assert len(list((work / output).rglob("*"))) > 1
    assert leaks(work / output, MARKERS) == []


def test_correct_and_compare__name_nobody(source, case, work, command, phantom):
    inside = phantom.geometry.ras_from_index(np.argwhere(phantom.liver_mask.codes > 0))
    box = ",".join(f"{end:.1f}" for end in (*inside.min(axis=0), *inside.max(axis=0)))
    text = command("correct", case, "--image", source, "--liver-box", box, "-o", "CORRECTED",
                   "--by", "reader")  # fmt: skip
    text += command("compare", case, "CORRECTED", "-o", "COMPARED")

    assert said(text) == []
    assert leaks(work, MARKERS, but=DICOM) == []


def test_errors__name_nobody(source, work, command, tmp_path):
    """What the user typed may be repeated; what stands in the files may not."""
    plain = tmp_path / "scan"
    plain.symlink_to(source)
    words = [
        command("run", plain, "-o", "FAILED", "--series", "9", expected=2),
        command("run", plain, "-o", "FAILED", "--modality", "mr", "--debug", expected=2),
        command("run", plain, "-o", "FAILED", "--phase", "arterial", expected=2),
        command("correct", "CASE", "--image", plain, "--lesion-box", "1,2", expected=2),
        command("run", next(plain.glob("*cut*")), "-o", "FAILED", expected=2),
    ]

    typed = {"QZFILE"}  # the name of the last file was given
    assert [marker for marker in said("\n".join(words)) if marker not in typed] == []
    assert leaks(work, MARKERS, but=DICOM) == []


def test_cohort__names_nobody(source, maps, work, command):
    rows = [
        "case,study,liver,lesions,height_cm,weight_kg,series",
        f"one,{source},liver.nii.gz,lesions.nii.gz,175,80,",
        f"two,{source},liver.nii.gz,lesions.nii.gz,175,80,9",
    ]
    manifest = work / "manifest.csv"
    manifest.write_text("\n".join(rows) + "\n", encoding="utf-8")
    text = command("cohort", "run", "manifest.csv", "-o", "COHORT", "--workers", "1",
                   "--no-estimate-segments", expected=3)  # fmt: skip
    text += command("cohort", "summary", "COHORT")
    text += command("cohort", "export", "COHORT", "--to", "xlsx", "-o", "TABLES.xlsx")

    assert said(text) == []
    assert len(list((work / "COHORT" / "tables").rglob("*.parquet"))) > 1
    assert [] == list((work / "COHORT").rglob("dicom"))
    manifest.unlink()  # it names the folder, as its writer did
    assert leaks(work, MARKERS, but=DICOM) == []


def test_cohort_scan__names_the_folder_and_no_more(source, work, command):
    text = command("cohort", "scan", source.parent, "-o", "scanned.csv")
    scanned = work / "scanned.csv"
    written = scanned.read_text(encoding="utf-8").lower().replace(str(source).lower(), "")
    scanned.unlink()

    assert "study" in written
    assert said(text + written) == []


def test_serve__answers_name_nobody(source, case):
    from remnant.web.app import create_app
    from remnant.web.settings import WebSettings

    app = create_app(WebSettings(root=case.parent, image=source))

    async def asked():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            cases = await client.get("/api/cases")
            own = next(row["id"] for row in cases.json()["cases"] if row["name"] == "CASE")
            base = f"/api/cases/{own}"
            paths = ("", "/plans", "/slices/axial/10", "/downloads/report.json",
                     "/volumes/lesions.nii.gz")  # fmt: skip
            return [cases, *[await client.get(f"{base}{path}") for path in paths]]

    answers = asyncio.run(asked())
    texts = [(answer.text + str(answer.headers)).lower() for answer in answers]

    assert {200} >= {answer.status_code for answer in answers[:3]}
    assert said("\n".join(texts)) == []


def test_anonymise__names_nobody(source, work, command):
    text = command("anonymise", source, "-o", "ANON", "--keep-characteristics")

    assert said(text.replace(str(source).lower(), "")) == []
    assert len(list((work / "ANON").rglob("*.dcm"))) > 20
    assert leaks(work / "ANON", MARKERS) == []
