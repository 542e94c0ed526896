"""What ``remnant cohort collect`` and ``remnant cohort export`` say and write."""

import json
import shutil

import pytest
from cyclopts import App

from examples.stored_cohort import made_cohort
from remnant.cli.cohort_tables import collect, export
from remnant.core.errors import InputError


@pytest.fixture(scope="session", name="cohort")
def cohort_fixture(tmp_path_factory):
    return made_cohort(tmp_path_factory.getbasetemp())[0]


@pytest.fixture(name="app")
def app_fixture():
    app = App(name="cohort", result_action="return_value")
    for command in (collect, export):
        app.command(command)
    return app


def run(app, *words):
    return app(list(map(str, words)), exit_on_error=False, print_error=False)


def test_collect__counts_cases_by_how_they_ended(app, cohort, tmp_path, capsys):
    shutil.copytree(cohort / "cases", tmp_path / "loose")

    outcome = run(app, "collect", tmp_path / "loose", "-o", tmp_path / "out")

    assert capsys.readouterr().out.splitlines() == [
        f"6 cases are in {tmp_path / 'out' / 'tables'}",
        "  4 done",
        "  1 refused",
        "  1 failed",
    ]
    assert json.loads(outcome.document())["ended"] == {"done": 4, "failed": 1, "refused": 1}


@pytest.mark.parametrize(("to", "name"), [("csv", "out"), ("xlsx", "out.xlsx")])
def test_export__names_what_it_wrote(app, cohort, tmp_path, capsys, to, name):
    words = ("--to", to, "-o", tmp_path / name, "--table", "cases", "--table", "lesions")
    outcome = run(app, "export", cohort, *words)

    assert capsys.readouterr().out == f"cases, lesions are in {tmp_path / name}\n"
    assert json.loads(outcome.document())["tables"] == ["cases", "lesions"]
    assert (tmp_path / name).exists()


def test_package_missing__is_named_with_what_to_do(app, cohort, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == "openpyxl" else name
    )

    with pytest.raises(InputError, match=r"openpyxl, which is not installed; pip install 'remnant"):
        run(app, "export", cohort, "--to", "csv", "-o", tmp_path / "out")
