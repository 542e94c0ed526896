"""``remnant correct --history``: who corrected a case by hand."""

import json

import numpy as np
import pytest

from remnant.cli.app import run_command
from remnant.core.geometry import Geometry
from remnant.io.nifti import write_labels
from remnant.pipeline.case_files import STATE
from remnant.pipeline.drafts.asked import Paint
from remnant.pipeline.drafts.commit import committed
from remnant.pipeline.drafts.draft import begun
from remnant.testing.phantoms import body_grid, liver_phantom
from segmentation.edits.strokes import BrushShape, Stroke


@pytest.fixture(name="case")
def case_fixture(tmp_path, monkeypatch):
    """A measured case of a liver whose lesions are not known, in the working folder."""
    grid = body_grid(spacing_mm=(6.0, 6.5, 7.0))
    phantom = liver_phantom(Geometry(grid.shape, np.float32(grid.affine_ras)), metastases=1)
    monkeypatch.setattr("remnant.page.html.render_html", lambda *_, **__: "")
    monkeypatch.chdir(tmp_path)
    write_labels(phantom.liver_mask, tmp_path / "liver.nii.gz")
    assert 0 == run_command(["measure", "--liver", "liver.nii.gz", "-o", "case", "--quiet"])
    return tmp_path / "case", tuple(phantom.metastases[0].centre_mm)


def test_correct__its_history_names_who_did_what(case, capsys):
    folder, place = case
    draft = begun(folder, "A. Reader")
    draft.do(Paint(stroke=Stroke(points_mm=(place,), radius_mm=9.0, shape=BrushShape.BALL)))
    report = committed(draft).report
    assert report.volumetry.tumour_ml.value > 0
    capsys.readouterr()

    assert 0 == run_command(["correct", "case", "--history"])
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("1  ")
    assert first.endswith("A. Reader")
    assert "lesion 1 painted" in second

    state = json.loads((folder / STATE).read_text())
    state["corrections"].append({**state["corrections"][0], "version": 2})
    (folder / STATE).write_text(json.dumps(state))
    assert 2 == run_command(["correct", "case", "--history"])
    assert "not whole" in capsys.readouterr().err


def test_correct__without_corrections_or_scan_it_says_so(case, capsys):
    assert 0 == run_command(["correct", "case", "--history"])
    assert "Nobody corrected this case" in capsys.readouterr().out
    assert 2 == run_command(["correct", "case", "--lesion-box", "0,0,0,9,9,0"])
    assert "--image" in capsys.readouterr().err
