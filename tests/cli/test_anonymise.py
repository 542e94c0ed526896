"""``remnant anonymise``: what is printed, written and refused."""

import json

import pytest

from examples.dicom_trees import write_dicom
from remnant.cli.app import run_command


@pytest.fixture(name="place", autouse=True)
def place_fixture(tmp_path, monkeypatch):
    """A folder with a study of four images, one of them with text burned in."""
    monkeypatch.chdir(tmp_path)
    for number in range(3):
        write_dicom(tmp_path / "study" / f"Doe_{number}", study="1.2.3", patient="MRN-4711")
    write_dicom(tmp_path / "study" / "Doe_4", study="1.2.3", BurnedInAnnotation="YES")
    return tmp_path


def test_anonymise__says_what_is_there_and_what_was_left_out(place, capsys):
    assert 0 == run_command(["anonymise", "study", "-o", "out"])
    told = capsys.readouterr().out
    lines = told.splitlines()

    assert "3 files of 1 study are in out" == lines[0]
    assert lines[1].startswith("  patient-")
    assert lines[1].endswith("1 series, 3 files")
    assert "Left out:" in lines
    assert "  1 images that say that text is drawn in them" in told
    assert "Look at the images" in told
    assert not [word for word in ("Doe", "MRN", "1.2.3") if word in told]


def test_anonymise__document_is_the_list_in_the_folder(place, capsys):
    assert 0 == run_command(["anonymise", "study", "-o", "out", "--json"])
    told = json.loads(capsys.readouterr().out)
    listed = json.loads((place / "out" / "anonymised.json").read_text(encoding="utf-8"))

    assert told == {"folder": "out", **listed}


def test_anonymise__takes_captures_where_asked(place, capsys):
    assert 0 == run_command(["anonymise", "study", "-o", "out", "--with-captures"])
    told = capsys.readouterr().out

    assert told.startswith("4 files of")
    assert "  1 taken by --with-captures" in told


@pytest.mark.parametrize("output", ["study", "study/out"])
def test_anonymise__refuses_to_write_into_the_study(place, output, capsys):
    assert 2 == run_command(["anonymise", "study", "-o", output])
    told = capsys.readouterr().err.strip()

    assert 1 == len(told.splitlines())
    assert "lies in study, which is only read" in told
    assert 4 == len(list((place / "study").iterdir()))


def test_anonymise__needs_its_package(place, capsys, monkeypatch):
    from remnant.core import extras
    from remnant.io.anonymising import rules

    rules.table.cache_clear()
    found = extras.importlib.util.find_spec
    monkeypatch.setattr(
        extras.importlib.util,
        "find_spec",
        lambda name: None if name == "dicomanonymizer" else found(name),
    )

    assert 2 == run_command(["anonymise", "study", "-o", "out"])
    assert "pip install 'remnant[anonymise]'" in capsys.readouterr().err
    assert not (place / "out").exists()
