"""``remnant report``: the page, and its PDF beside it."""

import sys

import numpy as np
import pytest

from remnant.cli.app import run_command
from remnant.core.geometry import Geometry
from remnant.io.nifti import write_labels
from remnant.pipeline.case_files import REPORT_HTML, REPORT_PDF
from remnant.testing.phantoms import body_grid, liver_phantom


@pytest.fixture(scope="module", name="case")
def case_fixture(tmp_path_factory):
    grid = body_grid(spacing_mm=(8.0, 8.5, 9.0))
    phantom = liver_phantom(Geometry(grid.shape, np.float32(grid.affine_ras)), metastases=1, seed=3)
    folder = tmp_path_factory.mktemp("maps")
    write_labels(phantom.liver_mask, folder / "liver.nii.gz")
    write_labels(phantom.lesions, folder / "lesions.nii.gz")
    given = f"liver={folder / 'liver.nii.gz'},lesions={folder / 'lesions.nii.gz'}"
    assert 0 == run_command(["measure", "--masks", given, "-o", str(folder / "case")])
    return folder / "case"


def test_report__writes_the_page_alone_unless_asked(case, capsys):
    assert 0 == run_command(["report", str(case)])
    assert f"The report is {case / REPORT_HTML}\n" == capsys.readouterr().out
    assert not (case / REPORT_PDF).exists()


def test_report__as_pdf_is_the_same_page_printed(case, capsys):
    pypdf = pytest.importorskip("pypdf")
    pytest.importorskip("weasyprint", reason="the extra `pdf` is not installed")
    assert 0 == run_command(["report", str(case), "--pdf"])
    lines = [f"The report is {case / name}" for name in (REPORT_HTML, REPORT_PDF)]
    assert lines == capsys.readouterr().out.splitlines()
    reader = pypdf.PdfReader(case / REPORT_PDF)
    assert "Liver volumes and remnant: case-" in reader.metadata.title
    assert "Resections were not planned for this case." in reader.pages[0].extract_text()
    assert [] == [path.name for path in case.iterdir() if path.name.startswith(".")]


def test_report__without_weasyprint_is_refused_before_anything_is_drawn(case, monkeypatch, capsys):
    before = (case / REPORT_HTML).stat().st_mtime_ns if (case / REPORT_HTML).exists() else None
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    assert 2 == run_command(["report", str(case), "--pdf"])
    (line,) = capsys.readouterr().err.splitlines()
    assert "a PDF needs weasyprint, which is not installed; pip install 'remnant[pdf]'" in line
    after = (case / REPORT_HTML).stat().st_mtime_ns if (case / REPORT_HTML).exists() else None
    assert before == after
