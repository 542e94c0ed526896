"""The tutorial notebook runs from its top to its foot, and shows what it speaks of."""

import os
import shutil

import nbformat
import pytest
from nbclient import NotebookClient

NAME = "docs/tutorials/notebook.ipynb"


@pytest.fixture(scope="module", name="ran")
def ran_fixture(tmp_path_factory, repository):
    folder = tmp_path_factory.mktemp("notebook")
    shutil.copy(repository / "docs" / "tutorials" / "phantom.py", folder)
    notebook = nbformat.read(repository / NAME, as_version=4)
    # a kernel asks which coverage is measured, and writes it beside; it is not the tests' matter
    left = {name: value for name, value in os.environ.items() if not name.startswith("COV_")}
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    return client.execute(env=left)


def outputs(notebook):
    """Return what each code cell shows, by its first line."""
    return {
        cell.source.splitlines()[-1]: [one.get("data", {}) for one in cell.outputs]
        for cell in notebook.cells
        if cell.cell_type == "code"
    }


def test_notebook__is_stored_without_output(repository):
    cells = nbformat.read(repository / NAME, as_version=4).cells

    assert [] == [cell.outputs for cell in cells if cell.cell_type == "code" and cell.outputs]


def test_notebook__results_show_themselves_as_tables(ran):
    shown = outputs(ran)
    for last, expected in {
        "case": "Total liver volume",
        "case.report.volumetry.lesion_table": "To the portal vein mm",
        "case.report.planning": "Plans in the order of rank",
        "best": "plan_1",
    }.items():
        html = shown[last][-1]["text/html"]
        assert expected in html
        assert "Research use only" in html


def test_notebook__its_figures_are_ordered(ran):
    (told,) = outputs(ran)["burden.value, burden.interval.low, burden.interval.high"]
    value, low, high = (float(part) for part in told["text/plain"].strip("()").split(","))

    assert low < value < high


def test_notebook__viewer_shows_scan_segments_and_lesions(ran):
    (told,) = outputs(ran)['case.viewer("study/CT.nii.gz")']

    assert "application/vnd.jupyter.widget-view+json" in told
