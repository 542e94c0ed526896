"""The list of cases, and one case as the page gets it."""

import json
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest

from remnant.core.lesions import Confirmation
from remnant.core.volumes import LabelMap
from remnant.io.nifti import read_own_labels, write_labels
from remnant.pipeline.case_files import INSTANCE_SCHEME, LESIONS, REPORT_JSON, STATE
from remnant.pipeline.folder import read_measured
from remnant.web.library import Library, status_of


def test_cases__lists_status_figures_and_light(still, ran):
    (row,) = still.get("/api/cases").json()["cases"]
    report = read_measured(ran)

    assert (row["name"], row["status"], row["modality"]) == ("Mustermann", "to_confirm", "ct")
    assert len(report.volumetry.counted_lesions) == row["lesions"]
    assert report.volumetry.tlv_ml.value == row["tlv"]["value"]
    assert row["tlv"]["low"] < row["tlv"]["value"] < row["tlv"]["high"]
    assert row["burden"]["written"].endswith("%")
    assert {"light", "reason", "changed_at", "phase"} <= set(row)


@pytest.mark.parametrize(
    ("asked", "found"),
    [("search=muster", 1), ("search=MUSTERMANN", 1), ("search=nobody", 0), ("search=ct muster", 1),
     ("status=to_confirm", 1), ("status=confirmed", 0), ("search=to confirm", 1)],
)  # fmt: skip
def test_cases__are_searched(still, asked, found):
    assert len(still.get(f"/api/cases?{asked}").json()["cases"]) == found


def test_cases__ids_say_nothing_and_stay(root, serve):
    first, second = serve(root).case, serve(root).case

    assert first == second
    assert "muster" not in first.lower()


def test_cases__a_folder_of_a_case_serves_that_case(ran, serve):
    (row,) = serve(ran).get("/api/cases").json()["cases"]
    assert row["name"] == "Mustermann"


def test_cases__of_a_cohort_are_found_and_one_that_failed_says_so(root, serve, tmp_path):
    cohort = tmp_path / "cohort" / "cases"
    shutil.copytree(root / "Mustermann", cohort / "good")
    (cohort / "bad").mkdir()
    (cohort / "bad" / "outcome.json").write_text("{}")
    rows = {row["name"]: row for row in serve(cohort.parent).get("/api/cases").json()["cases"]}

    assert set(rows) == {"good", "bad"}
    assert rows["bad"]["status"] == "failed"
    assert "remnant measure" in rows["bad"]["reason"]
    assert f"{tmp_path}" not in json.dumps(rows)


def test_cases__damaged_is_listed_as_failed_and_answers_422(root, page):
    case = page.case
    (root / "Mustermann" / REPORT_JSON).write_text("{")
    (row,) = page.get("/api/cases").json()["cases"]
    answer = page.get(f"/api/cases/{case}")

    assert row["status"] == "failed"
    assert answer.status_code == 422
    assert f"{root}" not in answer.text + json.dumps(row)


def test_cases__a_map_that_another_program_changed_is_said(root, page):
    path = root / "Mustermann" / LESIONS
    labels = read_own_labels(path, INSTANCE_SCHEME)
    codes = np.array(labels.codes)
    codes[codes == 1] = 0
    write_labels(LabelMap(codes, labels.geometry, INSTANCE_SCHEME), path)
    (row,) = page.get("/api/cases").json()["cases"]

    assert row["status"] == "failed"
    assert "changed after the case was measured" in row["reason"]


def test_library__lists_anew_what_changed_alone(root, monkeypatch):
    library = Library(root)
    (before,) = library.rows()
    seen = []
    monkeypatch.setattr("remnant.web.library.listed", lambda folder: seen.append(folder) or before)
    library.rows()
    os.utime(root / "Mustermann" / STATE)
    library.rows()

    assert seen == [(root / "Mustermann").resolve()]


def test_case__has_all_that_the_page_shows(still, ran, phantom):
    case = still.get(still.base).json()
    report = read_measured(ran)

    assert set(case) >= {
        "id", "revision", "name", "status", "scan", "headline", "review", "figures", "lesions",
        "segments", "layers", "options", "patient", "plans", "downloads", "draft", "meshes",
    }  # fmt: skip
    assert case["scan"]["available"] is True
    assert "".join(phantom.image.geometry.axcodes) == case["scan"]["axes"] == "LPS"
    assert list(phantom.image.geometry.shape) == case["scan"]["grid"]["shape"]
    assert np.allclose(phantom.image.geometry.affine_ras, case["scan"]["grid"]["affine_ras"])
    assert [one["name"] for one in case["segments"]][:3] == ["I", "II", "III"]
    assert len(report.planning.plans) == len(case["plans"])
    assert case["layers"] == ["image", "structures", "lesions", "couinaud", "vessels"]
    assert case["patient"]["height_cm"] == 172
    assert case["draft"] is None


def test_case__lesions_are_where_they_lie(still, phantom):
    lesions = still.get(still.base).json()["lesions"]
    for lesion in lesions:
        places = np.argwhere(phantom.lesions.codes == lesion["id"])
        centre = phantom.lesions.geometry.ras_from_index(places.mean(axis=0))
        assert np.allclose(centre, lesion["centre_ras_mm"], atol=0.01)
        assert lesion["state"] == "automatic"
        assert lesion["counted"]


def test_case__options_are_those_of_the_facts_file(still):
    options = still.get(still.base).json()["options"]
    margin = options["choice"]["resection_margin_mm"]
    facts = {one["name"]: one for one in options["facts"]}

    assert (margin["least"], margin["most"], margin["default"], margin["value"]) == (0, 30, 5, 5)
    assert options["choice"]["targets_percent"]["value"] == [70]
    assert "recipes" not in options["choice"]
    assert facts["grade"]["choices"] == ["G1", "G2", "G3", "NEC"]
    assert facts["ki67_percent"]["unit"] == "%"
    assert {one["id"] for one in options["rule_sets"]} >= {"gepnetlm_review", "cloyd2020"}
    assert options["formula"] == "vauthey2002_bsa"


def test_case__revision_changes_with_the_case_alone(root, page):
    first = page.get(page.base).json()["revision"]
    os.utime(root / "Mustermann" / STATE)
    second = page.get(page.base).json()["revision"]
    report = root / "Mustermann" / REPORT_JSON
    report.write_text(report.read_text() + "\n")
    third = page.get(page.base).json()["revision"]

    assert first == second != third


def test_case__that_a_human_confirmed_is_listed_so(ran):
    report = read_measured(ran)
    read = tuple(
        replace(lesion, confirmation=Confirmation.CONFIRMED) for lesion in report.volumetry.lesions
    )
    confirmed = replace(report, volumetry=replace(report.volumetry, lesions=read))
    unread = replace(
        report,
        volumetry=replace(report.volumetry, lesions=(*read[1:], report.volumetry.lesions[0])),
    )

    assert status_of(report) == status_of(unread) == "to_confirm"
    assert status_of(confirmed) == "confirmed"


@pytest.mark.parametrize("name", ["report.json", "lesions.csv", "plans.csv", "couinaud.nii.gz"])
def test_downloads__are_the_files_themselves(still, ran, name):
    answer = still.get(f"{still.base}/downloads/{name}")

    assert answer.content == (ran / name).read_bytes()
    assert name in answer.headers["content-disposition"]
    assert name in [one["name"] for one in still.get(still.base).json()["downloads"]]


@pytest.mark.parametrize("name", ["segmentation.json", "source.json", "nothing.txt", ".hidden"])
def test_downloads__of_nothing_else(still, name):
    answer = still.get(f"{still.base}/downloads/{name}")
    assert answer.status_code == 404
    assert set(answer.json()) == {"error", "what_to_do"}


def test_downloads__a_report_that_is_not_there_is_made_and_not_stored(still, ran, monkeypatch):
    printed = []
    monkeypatch.setattr(
        "remnant.page.pdf.render_pdf", lambda page: printed.append(page) or b"%PDF-1.7"
    )
    assert not (ran / "report.html").exists()
    pdf = still.get(f"{still.base}/downloads/report.pdf")
    page = still.get(f"{still.base}/downloads/report.html")

    assert (pdf.content, pdf.headers["content-type"]) == (b"%PDF-1.7", "application/pdf")
    assert [page.text] == printed
    assert "Research use only" in page.text
    assert page.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert not {"report.html", "report.pdf"} & {file.name for file in ran.iterdir()}
    names = [one["name"] for one in still.get(still.base).json()["downloads"]]
    assert {"report.html", "report.pdf"} <= set(names)


def test_downloads__a_report_runs_nothing(root, page):
    (root / "Mustermann" / "report.html").write_text("<script>alert(1)</script>")
    answer = page.get(f"{page.base}/downloads/report.html")

    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")


def test_downloads__results_in_dicom_are_saved_and_their_record_never_leaves(root, page):
    place = root / "Mustermann" / "dicom"
    place.mkdir()
    for name in ("source.json", "seg_lesions.dcm", "captures_02.dcm"):
        (place / name).write_bytes(b"Doe^Jane")

    shown = page.get(page.base)
    listed = {one["name"]: one["title"] for one in shown.json()["downloads"]}
    assert "Doe" not in shown.text
    assert {"seg_lesions.dcm", "captures_02.dcm"} == {n for n in listed if n.endswith(".dcm")}
    assert "names the patient" in listed["seg_lesions.dcm"]
    answer = page.get(f"{page.base}/downloads/seg_lesions.dcm")
    assert answer.content == b"Doe^Jane"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-type"] == "application/dicom"
    assert page.get(f"{page.base}/downloads/source.json").status_code == 404


def test_downloads__a_link_out_of_the_folder_is_refused(root, page, tmp_path):
    (tmp_path / "secret.csv").write_text("secret")
    case = page.base
    (root / "Mustermann" / "lesions.csv").unlink()
    (root / "Mustermann" / "lesions.csv").symlink_to(tmp_path / "secret.csv")

    assert page.get(f"{case}/downloads/lesions.csv").status_code == 404
    assert page.get(case).status_code == 404
